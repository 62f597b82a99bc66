"""`/corrections`: what closed days keep from being written, those that wait first; accepting and dismissing them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.corrections import CORRECTION_STATES, Correction, CorrectionsPage, CorrectionState
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.text import hours, many
from connecteam_sync.errors import ConfigurationError, CorrectionRefused
from connecteam_sync.present.corrections_text import correction_json, period_name, span
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.addresses import person_address
from connecteam_sync.web.page import Ask, Moved, Page, Place, number_of

MOST_AT_ONCE = 100
"""How many are decided by one form; a page shows fewer."""
_MOST_LISTED = 1000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A correction as it is shown: `address` of the person's day (empty where they are no employee any more), the
    times before and after, the zone of these if it is not that of the page, the period that it was accepted into.
    """

    item: Correction
    who: str
    address: str
    before: str
    after: str
    zone: str
    into: str
    may_decide: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which corrections are asked for."""

    period: str | None
    state: CorrectionState | None

    def address(self, form: str = "", *, after: int | None = None, before: int | None = None) -> str:
        """The page of these, from a cursor on; `form` is what comes behind its path."""
        chosen = {"period": self.period, "state": self.state, "after": after, "before": before}
        words = urlencode({name: value for name, value in chosen.items() if value is not None})
        return f"/corrections{form}{f'?{words}' if words else ''}"


def corrections(ask: Ask) -> Page:
    """The corrections, or those of a state, or of a period; as JSON a thousand from a cursor on, as by command.

    Raises ConfigurationError for an unknown state, WindowError for what names no period.
    """
    if ask.wanted == "json":
        asked = _asked(ask)
        after = ask.number("after", least=0) or 0
        found = ask.client.payroll.corrections(
            period=asked.period, state=asked.state, after=after, limit=_MOST_LISTED + 1
        )
        left, found = found[_MOST_LISTED:], found[:_MOST_LISTED]
        return Page(template="corrections.html", json=_listed(found, found[-1].number if left else None))
    return _page(ask)


def _asked(ask: Ask) -> Asked:
    state = ask.query.get("state") or None
    known = next((one for one in CORRECTION_STATES if one == state), None)
    if state is not None and known is None:
        raise ConfigurationError(
            f"there is no state {state[:60]!r}", next_step=f"use one of: {', '.join(CORRECTION_STATES)}"
        )
    return Asked(period=ask.query.get("period", "").strip() or None, state=known)


def _page(ask: Ask, refusal: CorrectionRefused | None = None) -> Page:
    """The corrections as HTML; with the refusal of a decision, and what was ticked for it."""
    asked, before = _asked(ask), ask.number("before")
    if refusal is not None and ask.wanted == "json":
        return Page(template="corrections.html", json=refusal.members, status=409)
    found = ask.client.payroll.corrections_page(
        period=asked.period, state=asked.state, after=ask.number("after", least=0) or 0, before=before
    )
    names = ask.client.names()
    waiting, decided = ([_line(one, ask.zone, names) for one in part] for part in (found.waiting, found.decided))
    # The rest of those that wait is a page of its own, so that nothing stands on two.
    waits = msgspec.structs.replace(asked, state="pending")
    more = {
        "after": waits.address(after=found.next_after) if found.next_after is not None else "",
        "before": asked.address(before=found.next_before) if found.next_before is not None else "",
    }
    return Page(
        template="corrections.html",
        members={
            "sentence": _sentence(found),
            "found": found,
            "waiting": waiting,
            "decided": decided,
            "more": more,
            "asked": asked,
            "states": CORRECTION_STATES,
            "is_older": before is not None,
            "refusal": refusal,
            "may_decide": any(line.may_decide for line in (*waiting, *decided)),
            "into": ask.form.get("into", "") or found.into or "",
            "ticked": frozenset(ask.form.every("id")),
            "reason": ask.form.get("reason", ""),
        },
        status=200 if refusal is None else 409,
    )


def _sentence(found: CorrectionsPage) -> str:
    """`2 corrections wait: +0:30 h`."""
    if not found.count:
        return "No correction waits"
    verb = "waits" if found.count == 1 else "wait"
    return f"{many(found.count, 'correction')} {verb}: {hours(found.minutes, signed=True)} h"


def _line(item: Correction, zone: ZoneInfo, names: Mapping[RowId, str]) -> Line:
    is_known = item.employee_id in names
    own = ZoneInfo(item.timezone)
    return Line(
        item=item,
        who=names.get(item.employee_id, f"employee {item.employee_id}"),
        address=person_address(item.employee_id, item.day) if is_known else "",
        before=span(item.before, own) if item.before is not None else "",
        after=span(item.after, own) if item.after is not None else "",
        zone="" if own.key == zone.key else own.key,
        into=period_name(item.effective) or "",
        may_decide=not item.is_final and item.state != "cancelled",
    )


# -- actions -----------------------------------------------------------------------------------------------------------


def accept(ask: Ask) -> Page | Moved:
    """Accept the corrections that are ticked into a pay period. Raises NotFound, WindowError, ConfigurationError."""
    numbers, into = _chosen(ask), ask.required("into")
    try:
        with acting(ask, "accept corrections", _subject(numbers), f"into {into}") as client:
            done = client.payroll.accept_corrections(numbers, into=into, by=who(ask), seen=_seen(ask, numbers))
    except CorrectionRefused as error:
        return _page(ask, error)
    return _answer(ask, done)


def dismiss(ask: Ask) -> Page | Moved:
    """Dismiss the corrections that are ticked. Raises NotFound, ConfigurationError without a reason."""
    numbers, reason = _chosen(ask), ask.required("reason")
    try:
        with acting(ask, "dismiss corrections", _subject(numbers), reason) as client:
            done = client.payroll.dismiss_corrections(numbers, reason=reason, by=who(ask), seen=_seen(ask, numbers))
    except CorrectionRefused as error:
        return _page(ask, error)
    return _answer(ask, done)


def _chosen(ask: Ask) -> tuple[int, ...]:
    """The numbers that are ticked. Raises ConfigurationError for none, and for more than are decided at once."""
    texts = ask.form.every("id")
    if not texts:
        raise ConfigurationError("no correction is chosen, so nothing was decided", next_step="tick one, or name 'id'")
    if len(texts) > MOST_AT_ONCE:
        raise ConfigurationError(
            f"{len(texts):,} corrections at once", next_step=f"name at most {MOST_AT_ONCE} by 'id'"
        )
    return tuple(dict.fromkeys(number_of(text, "id") for text in texts))


def _seen(ask: Ask, numbers: tuple[int, ...]) -> dict[int, str]:
    """What was decided of each when the page was made; a program need not say it."""
    fields = {number: ask.form.get(f"seen-{number}") for number in numbers}
    return {number: told for number, told in fields.items() if told is not None}


def _subject(numbers: tuple[int, ...]) -> str:
    one_or_more = "correction" if len(numbers) == 1 else "corrections"
    return f"{one_or_more} {', '.join(map(str, numbers))}"


def _answer(ask: Ask, done: tuple[Correction, ...]) -> Moved:
    return Moved(to=_asked(ask).address(), json=_listed(done))


def _listed(found: tuple[Correction, ...], next_after: int | None = None) -> dict[str, object]:
    return {"corrections": [correction_json(one) for one in found], "next_after": next_after}


PLACES = (
    Place(path="/corrections", handler=corrections, forms=("json",)),
    Place(path="/corrections/accept", handler=accept, ability="pay", is_action=True),
    Place(path="/corrections/dismiss", handler=dismiss, ability="pay", is_action=True),
)
