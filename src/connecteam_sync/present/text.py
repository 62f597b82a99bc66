"""Text for people: hours and people first, times in the business zone, unchanged rows only as a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.adopt import Offset
from connecteam_sync.core.change import Change, Counts, Hold, Refusal, SlicePlan
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.compare import Comparison
from connecteam_sync.core.guards import accept_command
from connecteam_sync.core.holds import lacks_employee, moves_no_hours
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.run import Check, Entry, Person, Plan, Run, Trigger
from connecteam_sync.core.text import called, clock, day_name, hours, many, one_line, span, stamp
from connecteam_sync.core.window import MAX_WINDOW_DAYS, Window, later, local_day
from connecteam_sync.present.holds_text import hold_lines

SHOWN = 40
"""Lines of changes that are shown; the rest becomes a count."""
_SIGNS = {"create": "+", "update": "~", "delete": "-", "link": "="}
_MINUTE = 60
_STOPPED = 10
"""Lines of stopped rows that are shown; the rest becomes a count."""
IF_RIGHT = "(if all that was stopped is right)"
GO_ON = "what was done stays; the same command again goes on from there, and leaves what is done unchanged"
"""Each slice is a transaction, so an interrupted run leaves nothing to tidy up."""


def progress_line(progress: Progress, left: float) -> str:
    """`145/366 days, 15,812 shifts, 15,812 changes, 0:42 left, 8,912 API calls left`; `left` in seconds.

    Short enough for a terminal of 80 columns.
    """
    parts = [f"{progress.days_done}/{many(progress.days, 'day')}"]
    parts += [many(progress.shifts, "shift"), many(progress.changes, "change")]
    if progress.failed:
        parts.append(f"{many(progress.failed, 'slice')} failed")
    if progress.done < progress.total:
        minutes, seconds = divmod(round(left), _MINUTE)
        parts.append(f"{hours(minutes)}:{seconds:02} left" if minutes >= _MINUTE else f"{minutes}:{seconds:02} left")
    if progress.calls_left is not None:
        parts.append(f"{progress.calls_left:,} API calls left")
    return ", ".join(parts)


_WAYS: dict[Trigger, str] = {
    "schedule": "as scheduled",
    "bell": "for a doorbell",
    "person": "in the console",
    "command": "by command",
}
"""How a run was asked for."""


def employee(number: RowId, names: Mapping[RowId, str]) -> str:
    """An employee's name, safe within a line; the id if there is no name."""
    return called(names.get(number) or "") or f"employee {number}"


def times(row: ClockTime, zone: ZoneInfo, day: date) -> str:
    """`08:00-16:30`, `08:00-…` while open."""
    return span(row.clock_in, row.clock_out, zone, day)


def change_line(change: Change, zone: ZoneInfo, names: Mapping[RowId, str], day: date) -> str:
    """`~ Ana Álvarez   08:00 -> 08:15 -16:30   8:30 -> 8:15   clock-in corrected`."""
    name = employee(change.image.employee_id, names)
    before, after = change.before, change.after
    shown = times(change.image, zone, day)
    worked = hours(change.minutes, signed=True) if change.minutes else ""
    if change.kind == "update" and before and after:
        start = _moved(before.clock_in, after.clock_in, zone, day)
        end = _moved(before.clock_out, after.clock_out, zone, day)
        shown = f"{start} - {end}" if "->" in start + end else shown
        if before.employee_id != after.employee_id:
            name = f"{employee(before.employee_id, names)} -> {name}"
    return f"  {_SIGNS[change.kind]} {name:<24} {shown:<32} {worked:>9}  {one_line(change.why)}".rstrip()


def _moved(before: int | None, after: int | None, zone: ZoneInfo, day: date) -> str:
    """`08:00 -> 08:15`, with seconds if the minute is the same; one time if nothing moved."""
    both = before is not None and after is not None
    seconds = both and before != after and clock(before or 0, zone, day) == clock(after or 0, zone, day)
    shown = ["…" if at is None else clock(at, zone, day, seconds=seconds) for at in (before, after)]
    return shown[1] if before == after else " -> ".join(shown)


def change_lines(
    changes: Iterable[Change], zone: ZoneInfo, names: Mapping[RowId, str], more: str, *, limit: int | None = SHOWN
) -> list[str]:
    """Changes by day, all time clocks of a day together; `more` is the command that shows those beyond `limit`."""
    lines: list[str] = []
    last = None
    by_day = ((local_day(change.image.clock_in, zone), change) for change in changes if change.kind != "link")
    ordered = sorted(by_day, key=lambda pair: (pair[0], pair[1].image.clock_in))
    for shown, (day, change) in enumerate(ordered):
        if shown == limit:
            lines.append(f"  … and {many(len(ordered) - shown, 'more change')}: {more}")
            break
        if day != last:
            lines.append(day_name(day))
            last = day
        lines.append(change_line(change, zone, names, day))
    return lines


def offset_line(item: Offset, zone: ZoneInfo, names: Mapping[RowId, str]) -> str:
    """`  row 17  Ana  02:00-06:00, 6:00 h before shift … 08:00-12:00`."""
    day = local_day(item.shift.start, zone)
    who = employee(item.row.employee_id, names)
    gap = abs(item.minutes)
    side = "before" if item.minutes > 0 else "after"
    shift = f"{day} {span(item.shift.start, item.shift.end, zone, day)}"
    twin = f"; the shift has row {item.beside}: what points at row {item.row.id} belongs there" if item.beside else ""
    return (
        f"  row {item.row.id}  {who:<24} {times(item.row, zone, day)}, {hours(gap)} h {side} the shift"
        f" {shift} ({item.shift.id}){twin}"
    )


def sum_line(counts: Counts) -> str:
    """The counts of a window's shifts, in one line."""
    parts = [
        f"{counts.created:,} new",
        f"{counts.updated:,} corrected",
        f"{counts.deleted:,} deleted",
        f"{counts.unchanged:,} unchanged",
    ]
    if counts.held:
        parts.append(f"{counts.held:,} held")
    return f"{many(counts.total_shifts, 'shift')} in Connecteam: {', '.join(parts)}"


def hours_line(before: int, after: int, people: int, of: str = "", holds: Iterable[Hold] = ()) -> str:
    """The headline: hours (`of` which rows), and how many people have rows that are new, corrected or deleted.

    The hours are those of shifts. Held rows without a shift (`holds`) are not among them and are counted separately.
    """
    kept = {hold.clock_time_id: -hold.minutes for hold in holds if hold.shift_id is None and hold.minutes <= 0}
    kept.pop(None, None)
    left_out = f", without {many(len(kept), 'held row')}, {hours(sum(kept.values()))}" if kept else ""
    moved = (
        f"{hours(before)} -> {hours(after)} ({hours(after - before, signed=True)})" if before != after else hours(after)
    )
    return f"Hours{of}: {moved}{left_out}; {_affected(people)}"


def _affected(people: int) -> str:
    return f"{many(people, 'person', 'people')} affected" if people else "nobody's rows change"


def stopped_lines(stopped: Sequence[Change], zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """The rows whose deletion a guard stopped: employee, day and row; the rest as a count."""
    lines = [
        f"    - {employee(item.image.employee_id, names):<24} {item.days[0]} {times(item.image, zone, item.days[0])}"
        f"  {hours(-item.minutes)} h kept, row {item.image.id}: {one_line(item.why)}"
        for item in stopped[:_STOPPED]
    ]
    left = stopped[_STOPPED:]
    if left:
        people = len({item.image.employee_id for item in left})
        lines.append(f"    … and {many(len(left), 'more row')} of {many(people, 'person', 'people')}: see --json")
    return lines


def days_of(run: Run) -> str:
    """The days of a run without those in between: `2025-12-03, 2026-11-11..2026-11-25`."""
    return _joined(run.window, (slice_.window for slice_ in run.slices if slice_.time_clock_id is not None))


def asked_text(run: Run) -> str:
    """Who asked for a run, and how: `by Ana, in the console`; empty where neither is known."""
    way = _WAYS[run.trigger] if run.trigger else ""
    return ", ".join(filter(None, (f"by {called(run.asked_by)}" if run.asked_by else "", way)))


def _joined(whole: Window, windows: Iterable[Window]) -> str:
    return ", ".join(map(str, joined_windows(windows) or [whole]))


def joined_windows(windows: Iterable[Window]) -> list[Window]:
    """The windows in order; those that touch or overlap are joined."""
    joined: list[Window] = []
    for window in sorted(windows):
        if joined and window.first <= later(joined[-1].last, 1):
            joined[-1] = msgspec.structs.replace(joined[-1], last=max(joined[-1].last, window.last))
        else:
            joined.append(window)
    return joined


def run_text(
    run: Run,
    entries: Sequence[Entry],
    *,
    people: Sequence[Person] = (),
    employees: Mapping[RowId, str] | None = None,
    everything: bool = False,
) -> list[str]:
    """A receipt; with `everything` each of its changes. `people` and `employees` give the names in holds."""
    zone = ZoneInfo(run.window.timezone)
    changes = [entry.change for entry in entries]
    names = dict(employees or {})
    names |= {e.change.image.employee_id: e.employee_name for e in entries if e.employee_name}
    touched = len({change.image.employee_id for change in changes if change.kind != "link"})
    if run.kind == "adopt" and run.id is None and not run.slices:
        return ["the table is adopted already: no double, and the unique key is there"]
    lines = [_title(run), *(_begun(run, zone) if everything else ())]
    if (result := run.result) is not None:
        counted = f"{many(result.shifts, 'shift')}, {hours(result.minutes)} hours of closed ones"
        lines.append(f"Connecteam had {counted}; {many(result.differences, 'difference')}, {result.held:,} held")
    if run.status in {"applied", "nothing"} or changes:
        if run.kind == "adopt":
            lines += _doubles_removed(run, touched)
        elif run.undoes is None and run.kind != "people":
            lines += [hours_line(run.minutes.before, run.minutes.after, touched, holds=run.holds), sum_line(run.counts)]
        elif run.kind != "people":
            moved = hours(run.minutes.after - run.minutes.before, signed=True)
            lines.append(f"Hours: {moved}; {_affected(touched)}")
    if run.counts.linked and run.kind != "adopt":
        lines.append(_linked(run.counts.linked))
    lines += [one_line(slice_.note) for slice_ in run.slices if slice_.note]
    lines += change_lines(changes, zone, names, f"connecteam-sync show {run.id}", limit=None if everything else SHOWN)
    users = {person.user_id: person.name for person in people}
    # Holds of an adoption are not recorded: each `adopt` finds them again. Those of other runs are on record.
    elsewhere = {"adopt": "connecteam-sync adopt --json", "undo": f"connecteam-sync show {run.id} --json"}
    lines += hold_lines(run.holds, zone, names, users, elsewhere=elsewhere.get(run.kind))
    for slice_ in run.slices:
        if slice_.error:
            place = (
                f"time clock {slice_.time_clock_id}, {slice_.window}" if slice_.time_clock_id else f"{slice_.window}"
            )
            lines.append(f"  x {place}: {slice_.error}")
            lines += stopped_lines(slice_.stopped, zone, names)
            lines.append(f"    next: {slice_.next_step}")
    return lines


def _title(run: Run) -> str:
    """`run 12: sync 2025-12-01..2025-12-11 (America/Chicago): done`."""
    words = {"applied": "done", "nothing": "nothing to do", "differs": "not exact"}
    number, word = f"run {run.id}" if run.id else "run not recorded", words.get(run.status, run.status)
    if run.kind == "adopt" and run.id is None:
        number, word = "no run", "a person decides first"
    kind = f"undo of run {run.undoes}" if run.undoes else run.kind
    return f"{number}: {kind} {days_of(run)} ({run.window.timezone}): {word}"


def _begun(run: Run, zone: ZoneInfo) -> list[str]:
    asked = asked_text(run)
    return [f"begun {asked}, {stamp(run.started_at, zone)}"] if asked else []


def _doubles_removed(run: Run, people: int) -> list[str]:
    """What an adoption did to rows. The hours are those of clock-ins that had several rows."""
    counts = run.counts
    if not counts.deleted + counts.updated:
        return ["no double was removed"]
    closed = many(counts.updated, "clock-out")
    return [
        hours_line(run.minutes.before, run.minutes.after, people, of=" of doubled clock-ins"),
        f"{many(counts.deleted, 'double')} removed, {closed} taken over from them",
    ]


def _linked(count: int) -> str:
    return f"{many(count, 'row')} of the table linked to the shift in Connecteam: no hours move"


def next_step(run: Run) -> str:
    """The one obvious next step after a run."""
    looked_at = joined_windows(slice_.window for slice_ in run.slices if slice_.time_clock_id is not None)
    window = options_of(looked_at[-1] if looked_at else run.window)
    reasons = Counter(hold.reason for hold in run.holds if not hold.acknowledged)
    if run.status in {"failed", "refused"}:
        return f"{run.next_step}   {IF_RIGHT}" if run.next_step else ""
    if run.kind == "adopt":
        first = max(run.window.first, later(run.window.last, 1 - MAX_WINDOW_DAYS))
        window = options_of(msgspec.structs.replace(run.window, first=first))
        further = f", then the days before it, back to {run.window.first}" if first > run.window.first else ""
        again = f"connecteam-sync resync {window}{further}   (take it back: connecteam-sync adopt --undo)"
        return "" if run.holds else again if run.id else "connecteam-sync plan"
    if reasons:
        if reasons["unmapped_user"] + reasons["possible_double"] or any(map(lacks_employee, run.holds)):
            return "connecteam-sync employees --unmapped"
        are_corrections = reasons.keys() == {"locked_day"} and not all(map(moves_no_hours, run.holds))
        return "connecteam-sync corrections" if are_corrections else "connecteam-sync holds"
    if run.status == "applied" and run.undoes is None:
        return f"connecteam-sync verify {window}   (take it back: connecteam-sync undo {run.id})"
    return ""


def how_to_go_on(run: Run) -> str:
    """How to continue a run of which some slices failed; empty if none or all of them did."""
    failed = sum(slice_.status == "failed" for slice_ in run.slices)
    if not failed or failed == len(run.slices) or run.kind not in {"sync", "resync"}:
        return ""
    return f"{many(failed, 'slice')} of {len(run.slices):,} failed; {GO_ON}"


def plan_names(proposal: Plan, names: Mapping[RowId, str]) -> dict[RowId, str]:
    """Employee names, including those of employees that the plan would create."""
    new: dict[RowId, str] = {-n.user_id: f"{n.name} (new)" for plan in proposal.plans for n in plan.new_employees}
    return {**names, **new}


def options_of(window: Window) -> str:
    """A window as options of a command."""
    return f"--from {window.first} --to {window.last}"


def plan_text(proposal: Plan, names: Mapping[RowId, str], *, is_default: bool = False) -> list[str]:
    """What a sync would do. `is_default`: the plan is of the days that a command takes by itself."""
    zone = ZoneInfo(proposal.window.timezone)
    known = plan_names(proposal, names)
    users = {user.id: user.name for plan in proposal.plans for user in plan.snapshot.users}
    total, minutes = proposal.counts, proposal.minutes
    changes = [change for change in proposal.changes if change.kind != "link"]
    people = len({change.image.employee_id for change in changes})
    days = _joined(proposal.window, (plan.window for plan in proposal.plans))
    lines = [f"plan for {days} ({proposal.window.timezone}); nothing was written"]
    lines += [hours_line(minutes.before, minutes.after, people, holds=proposal.holds), sum_line(total)]
    lines += [_linked(total.linked)] * bool(total.linked)
    ordered = sorted(changes, key=lambda c: (c.days, c.image.employee_id, c.image.clock_in))
    more = " ".join(
        ("connecteam-sync plan", *([] if is_default else [options_of(proposal.window)]))
        + ("--resync",) * proposal.is_resync
        + ("--json",)
    )
    lines += change_lines(ordered, zone, known, more)
    lines += dict.fromkeys(str(rename) for plan in proposal.plans for rename in plan.renames)
    lines += hold_lines(proposal.holds, zone, known, users, elsewhere=more)
    shown: set[str] = set()
    for plan in proposal.plans:
        new = [refusal for refusal in plan.refusals if refusal.fingerprint not in shown]
        shown |= {refusal.fingerprint for refusal in new}
        lines += _refusal_lines(plan, new, zone, known, resync=proposal.is_resync)
    for failure in proposal.failures:
        lines += [f"  x time clock {failure.time_clock_id}, {failure.window}: {failure.error}"]
        lines += [f"    next: {failure.next_step}"]
    return lines


def _refusal_lines(
    plan: SlicePlan, refusals: Sequence[Refusal], zone: ZoneInfo, names: Mapping[RowId, str], *, resync: bool
) -> list[str]:
    """What guards would refuse in a sync: why, which rows, and the command that lets them through."""
    lines: list[str] = []
    for refusal in refusals:
        lines.append(f"  x time clock {plan.time_clock_id}, {plan.window}: would be refused: {refusal.message}")
        lines += stopped_lines(refusal.stopped, zone, names)
    return [*lines, f"    if it is right: {accept_command(plan.window, plan.refusals, resync=resync)}"] if lines else []


def compare_text(comparison: Comparison) -> list[str]:
    """The damage of the legacy planner: hours and people first, then a line for each shift."""
    zone = ZoneInfo(comparison.window.timezone)
    damages = comparison.legacy_damages
    kinds = Counter(damage.kind for damage in damages)
    lines = [f"the legacy planner on {comparison.window} ({comparison.window.timezone}); nothing was written"]
    people = many(comparison.people, "person", "people")
    lines.append(
        f"Of the {many(comparison.shifts, 'shift')} of mapped people {len(damages):,} would be wrong: "
        f"{hours(comparison.missing)} hours missing and {hours(comparison.surplus)} too many, of {people}"
    )
    if kinds:
        lines.append(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    for damage in damages[:SHOWN]:
        day = local_day(damage.start, zone)
        shown, name = span(damage.start, damage.end, zone, day), called(damage.name)
        lines.append(
            f"  - {day}  {name:<24} {shown:<20} {hours(damage.minutes):>7}  {damage.kind}: {one_line(damage.detail)}"
        )
    if len(damages) > SHOWN:
        lines.append(
            f"  … and {many(len(damages) - SHOWN, 'more shift')}:"
            f" connecteam-sync compare {options_of(comparison.window)} --json"
        )
    for failure in comparison.failures:
        lines += [f"  x time clock {failure.time_clock_id}: {failure.error}", f"    next: {failure.next_step}"]
    return lines


def checks_text(checks: Iterable[Check]) -> list[str]:
    """Doctor's findings, each failure with its cure."""
    marks = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}
    lines = []
    for check in checks:
        lines.append(f"{marks[check.state]}  {check.name:<14} {check.detail}")
        if check.state != "ok":
            lines.append(f"         {'':<14} cure: {check.cure}")
    return lines
