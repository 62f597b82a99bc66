"""`/attention`: what needs a person? Holds by reason and person, each with its cure; what is odd; acknowledging."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.anomalies import Anomaly
from connecteam_sync.core.attention import SHOWN, WAIT_FOR_A_MAPPING, Attention, HeldGroup, HeldReason
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.core.holds import REASON_TEXTS
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.text import many
from connecteam_sync.core.window import MAX_WINDOW_DAYS, Window, later
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import json_shapes
from connecteam_sync.present.history_text import anomaly_words
from connecteam_sync.present.holds_text import worked_minutes
from connecteam_sync.web.addresses import person_address
from connecteam_sync.web.page import Ask, Moved, Page, Place, number_of

DAYS = 14
"""The days before today in which `anomalies` looks for oddities."""
SHOWN_DAYS = 1
"""Those that the page looks through unless it is asked for more: each costs time."""
_SHOWN_ODDITIES = 40


class Cure(msgspec.Struct, frozen=True, kw_only=True):
    """What helps: a page of ours, if there is one, and the command that does the same."""

    address: str = ""
    label: str = ""
    command: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A group of holds as it is shown: `who` with the `address` of their page, what it `blocks`, and the cure."""

    held: HeldGroup
    who: str
    address: str
    blocks: str
    detail: str
    days: str
    cure: Cure


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of a reason, in the words of the reason."""

    reason: HeldReason
    text: str
    sums: str
    lines: tuple[Line, ...]
    more: str


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """An oddity as it is shown."""

    anomaly: Anomaly
    who: str
    address: str
    words: str


def attention(ask: Ask) -> Page:
    """What waits for a person, by reason and person, and what is odd in the rows of the last days.

    Raises ConfigurationError for an unknown reason.
    """
    kind = _kind(ask.query.get("kind") or None)
    if ask.wanted == "json":
        return Page(template="attention.html", json=_json(ask, kind))
    found, names = ask.client.attention(kind, after=ask.number("after", least=0) or 0)
    window = _days(ask, SHOWN_DAYS)
    odd, shifts = ((), {}) if kind else ask.client.anomalies(window, open_since=later(window.last, -DAYS))
    return Page(
        template="attention.html",
        members={
            "found": found,
            "sentence": _sentence(found),
            "kind": kind,
            "waiting": [_section(one, ask.zone, names) for one in found.waiting],
            "acknowledged": [_section(one, ask.zone, names) for one in found.acknowledged],
            "window": window,
            "odd": [_odd(one, ask.zone, names, shifts) for one in odd[:_SHOWN_ODDITIES]],
            "odd_count": len(odd),
            "days": DAYS,
            "is_short": window.days <= DAYS,
            "same_hours": {one.reason for one in found.waiting} >= {"unmapped_user", "no_connecteam_user"},
        },
    )


def _kind(kind: str | None) -> str | None:
    if kind is not None and kind not in HOLD_REASONS:
        raise ConfigurationError(
            f"there is no hold reason {kind[:60]!r}", next_step=f"use one of: {', '.join(HOLD_REASONS)}"
        )
    return kind


def _days(ask: Ask, usual: int) -> Window:
    days = min(ask.number("days") or usual, DAYS)
    today = ask.client.today()
    return ask.client.window(later(today, -days), today)


def _json(ask: Ask, kind: str | None) -> dict[str, object]:
    """What `holds --json` and `anomalies --json` answer."""
    window = _days(ask, DAYS)
    odd, shifts = ask.client.anomalies(window)
    names = ask.client.names()
    return {
        "holds": [json_shapes.standing(one) for one in ask.client.holds(kind)],
        "window": json_shapes.window(window),
        "anomalies": [json_shapes.anomaly(one, shifts, names) for one in odd],
        "unreadable_times": [msgspec.to_builtins(one) for one in ask.client.unread_times()],
    }


def _sentence(found: Attention) -> str:
    """`13 records of 2 people wait: +101:30 h`."""
    if not found.count:
        return "Nothing needs a person"
    sums = worked_minutes(found.added, found.kept)
    verb = "waits" if found.count == 1 else "wait"
    of = f"{many(found.count, 'record')} of {many(found.people, 'person', 'people')} {verb}"
    return f"{of}: {sums}" if sums else of


def _section(one: HeldReason, zone: ZoneInfo, names: Mapping[RowId, str]) -> Section:
    more = {"kind": one.reason, **({"after": one.next_after} if len(one.groups) >= SHOWN else {})}
    return Section(
        reason=one,
        text=REASON_TEXTS[one.reason],
        sums=worked_minutes(one.added, one.kept),
        lines=tuple(_line(held, zone, names) for held in one.groups),
        more=f"/attention?{urlencode(more)}" if one.next_after is not None else "",
    )


def _line(held: HeldGroup, zone: ZoneInfo, names: Mapping[RowId, str]) -> Line:
    group, days = held.group, held.group.days(zone)
    noun = "shift" if held.shifts == held.count else "record"
    sums = worked_minutes(held.added, held.kept)
    return Line(
        held=held,
        who=who_of(held),
        address=_person(held, days, names),
        blocks=f"{many(held.count, noun)}{f': {sums}' if sums else ''}",
        detail=group.detail,
        days="day not known" if days is None else f"{days[0]}" if days[0] == days[1] else f"{days[0]} to {days[1]}",
        cure=cure_of(held, zone),
    )


def who_of(held: HeldGroup) -> str:
    """The person a group is about, by name if it is known, else by id."""
    if held.name:
        return held.name
    if held.group.employee_id is not None:
        return f"employee {held.group.employee_id}"
    return f"Connecteam user {held.group.user_id}" if held.group.user_id is not None else "nobody known"


def _person(held: HeldGroup, days: tuple[date, date] | None, names: Mapping[RowId, str]) -> str:
    """The page of the person, or of their day if all of it is on one; empty if they are no employee."""
    employee = held.group.employee_id
    if employee is None or employee not in names:
        return ""
    return person_address(employee, days[0] if days is not None and days[0] == days[1] else None)


def cure_of(held: HeldGroup, zone: ZoneInfo) -> Cure:
    """What helps against holds of a reason: the same step as in the command's list."""
    group, days = held.group, held.group.days(zone)
    command = group.next_step(zone) or ""
    if group.reason == "no_connecteam_user":
        return Cure(address="/map", label="Choose a Connecteam user", command=command)
    if command.startswith("connecteam-sync sync ") and days is not None:
        # The next look cures it, also where the user of a hold is mapped by now.
        last = min(days[1], later(days[0], MAX_WINDOW_DAYS - 1))
        return Cure(address=f"/plan?{urlencode({'from': days[0], 'to': last})}", label="Plan", command=command)
    if (group.reason in WAIT_FOR_A_MAPPING or group.lacks_employee) and group.user_id is not None:
        return Cure(address=f"/map?user={group.user_id}", label="Map this user", command=command)
    if group.reason == "locked_day" and group.employee_id is None:
        return Cure(address="/locks", label="See the lock", command=command)
    if group.reason == "locked_day":
        # As with a plan, of so many days as a period may have; the corrections of the others are on the same page.
        query = ""
        if days is not None:
            last = min(days[1], later(days[0], MAX_WINDOW_DAYS - 1))
            query = f"?{urlencode({'period': f'{days[0]}..{last}'})}"
        return Cure(address=f"/corrections{query}", label="Decide its corrections", command=command)
    return Cure(command=command)


def _odd(one: Anomaly, zone: ZoneInfo, names: Mapping[RowId, str], shifts: Mapping[RowId, tuple[str, int]]) -> Odd:
    return Odd(
        anomaly=one,
        who=names.get(one.employee_id) or f"employee {one.employee_id}",
        address=person_address(one.employee_id, one.day),
        words=anomaly_words(one, zone, shifts),
    )


# -- one hold ----------------------------------------------------------------------------------------------------------


def one_hold(ask: Ask) -> Page:
    """A hold with those of the same person for the same reason: what it blocks, its cure, and acknowledging it."""
    number = number_of(ask.params["id"], "id")
    page = ask.client.hold(number)
    names = {page.group.group.employee_id: page.group.name} if page.group.group.employee_id is not None else {}
    return Page(
        template="hold.html",
        members={
            "hold": page.hold,
            "beside": page.beside,
            "held": page.group,
            "line": _line(page.group, ask.zone, names),
            "text": REASON_TEXTS[page.hold.hold.reason],
            "ids": ",".join(str(one.id) for one in page.beside),
            "sums": worked_minutes(
                sum(max(one.hold.minutes, 0) for one in page.beside),
                sum(max(-one.hold.minutes, 0) for one in page.beside),
            ),
            "command": f"connecteam-sync holds {'unack' if page.group.is_acknowledged else 'ack'} {number}"
            + ("" if page.group.is_acknowledged else " --reason WHY"),
        },
        json={"holds": [json_shapes.standing(page.hold)]},
    )


def acknowledge(ask: Ask) -> Moved:
    """Acknowledge a hold, or all that the form names: who, when and why are kept.

    Raises ConfigurationError for more holds than are shown at once.
    """
    number, ids = _chosen(ask)
    reason, by = ask.required("reason"), ask.visitor.name or ""
    with ask.client.acting(by=by, action="acknowledge", subject=_subject(ids), detail=reason):
        return _answer(number, ask.client.acknowledge_holds(ids, by=by, reason=reason))


def unacknowledge(ask: Ask) -> Moved:
    """Take the acknowledgement of a hold back, or of all that the form names: they wait for a person again.

    Raises ConfigurationError for more holds than are shown at once.
    """
    number, ids = _chosen(ask)
    with ask.client.acting(by=ask.visitor.name or "", action="unacknowledge", subject=_subject(ids), detail=""):
        return _answer(number, ask.client.unacknowledge_holds(ids))


def _chosen(ask: Ask) -> tuple[int, tuple[int, ...]]:
    """The hold of the address, and all that are meant: with `all`, those that were shown beside it (`ids`).

    Raises ConfigurationError.
    """
    number = number_of(ask.params["id"], "id")
    if not ask.form.agrees("all"):
        return number, (number,)
    texts = ask.required("ids").split(",")
    if len(texts) > SHOWN:
        raise ConfigurationError(f"{len(texts):,} holds at once", next_step=f"name at most {SHOWN} in 'ids'")
    ids = tuple(number_of(text.strip(), "ids") for text in texts)
    return number, tuple(dict.fromkeys((number, *ids)))


def _subject(ids: tuple[int, ...]) -> str:
    return f"hold {ids[0]}" if len(ids) == 1 else f"holds {', '.join(map(str, ids))}"


def _answer(number: int, holds: tuple[StandingHold, ...]) -> Moved:
    return Moved(to=f"/attention/{number}", json={"holds": [json_shapes.standing(one) for one in holds]})


PLACES = (
    Place(path="/attention", handler=attention, forms=("json",)),
    Place(path="/attention/{id}", handler=one_hold, forms=("json",)),
    Place(path="/attention/{id}", handler=acknowledge, ability="operate", is_action=True),
    Place(path="/attention/{id}/unack", handler=unacknowledge, ability="operate", is_action=True),
)
