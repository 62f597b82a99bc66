"""`verify` as text: exact, or what differs by person and day, by row, and on Connecteam's own timesheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Difference, Verdict, Verification
from connecteam_sync.core.text import called, hours, many
from connecteam_sync.present.holds_text import hold_lines
from connecteam_sync.present.text import SHOWN, change_lines, offset_line, options_of, plan_names


def verify_text(verification: Verification, names: Mapping[RowId, str]) -> list[str]:
    """The result of `verify`: exact, or the differences by person and day, then by row."""
    zone = ZoneInfo(verification.window.timezone)
    written = f"nothing was written but its receipt, run {verification.run}"
    if verification.run is None:
        written = f"nothing was written, not even its receipt: {verification.not_recorded or 'it was not asked for'}"
    lines = [f"verify {verification.window} ({verification.window.timezone}); {written}"]
    lines.append(
        f"Connecteam has {many(verification.shifts, 'shift')}, {hours(verification.minutes)} hours of closed ones"
    )
    if verification.purged:
        lines.append(f"{many(len(verification.purged), 'day')} of them purged, and not compared: retention check")
    exact = "the table is exact" if not verification.plan.holds else "but for what is held below"
    lines.append(f"{many(verification.differences, 'difference')}" + ("" if verification.differences else f": {exact}"))
    lines += [
        f"{_of_day(line)} Connecteam has {hours(line.minutes_upstream)} h in {many(line.shifts_upstream, 'shift')},"
        f" the table {hours(line.minutes)} h in {many(line.rows, 'row')}{_approved(line)}"
        for line in verification.days[:SHOWN]
    ]
    more = f"connecteam-sync verify {options_of(verification.window)} --json"
    changes = [change for change in verification.plan.changes if change.kind != "link"]
    lines += change_lines(changes, zone, plan_names(verification.plan, names), more)
    users = {user.id: user.name for plan in verification.plan.plans for user in plan.snapshot.users}
    lines += hold_lines(verification.plan.holds, zone, names, users, elsewhere=more)
    if verification.offsets:
        lines.append(
            "Rows at exactly a time zone's offset from a shift of the same person (local time stored as UTC?):"
        )
        lines += [offset_line(item, zone, names) for item in verification.offsets[:SHOWN]]
    lines += _timesheet_lines(verification.totals)
    for failure in verification.plan.failures:
        lines += [f"  x time clock {failure.time_clock_id}: {failure.error}", f"    next: {failure.next_step}"]
    return lines


_EXPLAINED: dict[Verdict | None, str] = {
    "manual_break": "has the hours less the breaks",
    "automatic_break": "has the hours less an automatic break",
    "overnight": "lists a shift of the night on the day next to it",
    "not_on_timesheet": "has nothing, since the weekday is on no timesheet",
}


def _timesheet_lines(totals: Sequence[Difference]) -> list[str]:
    """Connecteam's own timesheet: how many days it explains, and each day on which it says otherwise."""
    found = Counter(line.verdict for line in totals)
    lines = [
        f"Connecteam's own timesheet {text} on {many(found[verdict], 'day')} of a person"
        for verdict, text in _EXPLAINED.items()
        if found[verdict]
    ]
    others = [line for line in totals if line.verdict not in _EXPLAINED]
    if others:
        lines.append("Connecteam's own timesheet says otherwise:")
        lines += [
            f"{_of_day(line)} the timesheet has {hours(line.minutes_upstream)} h, {_punches(line)}{_approved(line)}"
            for line in others[:SHOWN]
        ]
    return lines


def _punches(line: Difference) -> str:
    if not line.rows:
        return "but no shift of theirs is shown"
    return f"the punches {hours(line.minutes)} h in {many(line.rows, 'shift')}"


def _approved(line: Difference) -> str:
    return "; it is approved in Connecteam" if line.is_approved else ""


def _of_day(line: Difference) -> str:
    return f"  {line.day}  {called(line.name):<24}"
