"""`/periods`, `/periods/P`: which pay periods are closed, what keeps one from it, three counts; closing, opening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.exports import EXPORT_FORMATS
from connecteam_sync.core.periods import Period, PeriodReport, spelled
from connecteam_sync.core.text import many
from connecteam_sync.core.three_counts import PersonTotal
from connecteam_sync.errors import ExportRefused, PeriodRefused
from connecteam_sync.present.exports_text import layout_notes, of_before_text
from connecteam_sync.present.periods_text import VERDICTS, period_json, report_json
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.background import AT_ONCE, begun
from connecteam_sync.web.page import Ask, Moved, Page, Place
from connecteam_sync.web.work import Ended

_SHOWN, _PEOPLE, _EVENTS = 50, 100, 20
"""Days that nobody can explain, people at once, and newest events that a page shows; the JSON has all that are kept."""


def periods(ask: Ask) -> Page:
    """The pay periods, newest first."""
    found = ask.client.payroll.periods()
    closed = sum(one.state == "closed" for one in found)
    return Page(
        template="periods.html",
        members={
            "sentence": f"{many(closed, 'pay period')} {'is' if closed == 1 else 'are'} closed"
            if closed
            else "No pay period is closed",
            "periods": [(one, _address(one)) for one in found],
        },
        json={"periods": [period_json(one) for one in found]},
    )


def period(ask: Ask) -> Page:
    """A pay period with its newest checklist. Raises WindowError."""
    return period_page(ask, ask.params["period"])


def period_page(ask: Ask, name: str, refusal: PeriodRefused | ExportRefused | None = None) -> Page:
    """The page of a period; with what was refused there. Raises WindowError."""
    payroll = ask.client.payroll
    one, newest = payroll.period(name), payroll.newest_check(name)
    checked = newest.checked if newest is not None else None
    if isinstance(refusal, PeriodRefused) and refusal.report is not None and refusal.report.checked is not None:
        checked = refusal.report.checked
    report = PeriodReport(period=one, checked=checked)
    answer: dict[str, object] = report_json(report)
    if refusal is not None:
        answer = {**refusal.members, **answer, "exit_code": refusal.exit_code}
    different = [day for day in checked.days if day.verdict == "different"] if checked is not None else []
    # Who needs a person comes first; the checklist is kept, so its lines are where they were on the page before.
    totals = sorted(checked.totals, key=_calm) if checked is not None else []
    start = min(ask.number("after", least=0) or 0, len(totals))
    events = payroll.history(name)
    return Page(
        template="period.html",
        members={
            "period": one,
            "days": spelled(one.window),
            "sentence": f"{spelled(one.window)} is {'in review' if one.state == 'review' else one.state}",
            "checked": checked,
            "verdicts": VERDICTS,
            "different": different[:_SHOWN],
            "left": len(different) - _SHOWN,
            "totals": totals[start : start + _PEOPLE],
            "start": start,
            "more": f"{_address(one)}?after={start + _PEOPLE}" if start + _PEOPLE < len(totals) else None,
            "events": events[:_EVENTS],
            "older_events": len(events) - _EVENTS,
            "certificates": [found for found in payroll.certificates() if found.period == _key(one)],
            "exports": [
                (found, of_before_text(found) if found.is_of_before else "")
                for found in reversed(payroll.exports(period=one.window))
            ],
            "formats": EXPORT_FORMATS,
            "notes": layout_notes(ask.client.settings.layouts),
            "is_over": one.window.last < ask.client.today(),
            "refusal": refusal,
            "blocked": refusal.blocked[:_SHOWN] if isinstance(refusal, ExportRefused) else (),
            "others": ", ".join(map(spelled, one.overlaps)),
            "address": _address(one),
        },
        json=answer,
        status=200 if refusal is None else 409,
    )


def _calm(total: PersonTotal) -> int:
    """Where a person stands in the list: 0 for what nobody can explain, then what is held, then all others."""
    return 0 if total.verdict == "different" else 1 if total.minutes_held else 2


def _key(one: Period) -> tuple[str, str, str]:
    """How a certificate names a period."""
    return one.window.first.isoformat(), one.window.last.isoformat(), one.window.timezone


def _address(one: Period) -> str:
    return f"/periods/{spelled(one.window)}"


# -- actions -----------------------------------------------------------------------------------------------------------


def check(ask: Ask) -> Page | Moved:
    """Make the checklist of a period. Raises WindowError, UpstreamError."""
    name = ask.params["period"]
    return _done(ask, "check of a pay period", name, "", lambda client: client.payroll.check(name, by=who(ask)))


def review(ask: Ask) -> Page | Moved:
    """Note that a person has looked at a period. Raises WindowError, UpstreamError."""
    name = ask.params["period"]
    return _done(ask, "review of a pay period", name, "", lambda client: client.payroll.review(name, by=who(ask)))


def close(ask: Ask) -> Page | Moved:
    """Close a period after its checklist; with `anyway` and a reason also with obstacles. Raises WindowError,
    UpstreamError, ConfigurationError for obstacles without a reason.
    """
    name = ask.params["period"]
    reason = ask.required("reason") if ask.form.agrees("anyway") else None

    def closing(client: ConnecteamSync) -> PeriodReport:
        return client.payroll.close(name, by=who(ask), anyway=reason)

    return _done(ask, "close a pay period", name, reason or "", closing)


def reopen(ask: Ask) -> Page | Moved:
    """Open a period again. Raises WindowError, ConfigurationError without a reason."""
    name, reason = ask.params["period"], ask.required("reason")

    def opening(client: ConnecteamSync) -> PeriodReport:
        return client.payroll.reopen(name, reason=reason, by=who(ask))

    return _done(ask, "open a pay period", name, reason, opening, is_quick=True)


def _done(
    ask: Ask,
    action: str,
    name: str,
    detail: str,
    act: Callable[[ConnecteamSync], PeriodReport],
    *,
    is_quick: bool = False,
) -> Page | Moved:
    """What was done to a period, and where that is seen; what looks at many days is done in the background."""
    window = ask.client.payroll.period(name).window
    if not is_quick and _days(window.first, window.last) > AT_ONCE:

        def unit(client: ConnecteamSync) -> Ended:
            done = act(client)
            found = len(done.checked.obstacles) if done.checked is not None else 0
            message = f"{spelled(window)}: {done.period.state}, {many(found, 'obstacle')}"
            return Ended(message=message, to=f"/periods/{spelled(window)}")

        return begun(ask, unit, action=action, subject=spelled(window), detail=detail)
    try:
        with acting(ask, action, spelled(window), detail) as client:
            done = act(client)
    except PeriodRefused as error:
        return period_page(ask, name, error)
    return Moved(to=f"/periods/{spelled(window)}", json=report_json(done))


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


PLACES = (
    Place(path="/periods", handler=periods, forms=("json",)),
    Place(path="/periods/{period}/check", handler=check, ability="pay", is_action=True),
    Place(path="/periods/{period}/review", handler=review, ability="pay", is_action=True),
    Place(path="/periods/{period}/close", handler=close, ability="pay", is_action=True),
    Place(path="/periods/{period}/reopen", handler=reopen, ability="pay", is_action=True),
    Place(path="/periods/{period}", handler=period, forms=("json",)),
)
