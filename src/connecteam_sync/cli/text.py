"""What a person reads: hours and people first, times in the business zone, unchanged rows only as a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connecteam_sync.core.adopt import Offset
from connecteam_sync.core.change import Change, Counts, Hold, Plan
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.compare import Comparison
from connecteam_sync.core.run import Check, Difference, Entry, Person, Proposal, Run, StandingHold, Verification
from connecteam_sync.core.window import days_touched, local_day
from connecteam_sync.progress import Progress

SHOWN = 40
"""Lines of changes that are shown before the rest becomes a count."""
_SIGNS = {"create": "+", "update": "~", "delete": "-", "link": "="}
_HOUR = 60
_MINUTE = 60
GO_ON = "what was done stays; the same command again goes on from there, and leaves what is done unchanged"
"""A long run is a transaction for each slice, so there is nothing to tidy up after one that broke off."""


def hours(minutes: int, *, signed: bool = False) -> str:
    """Minutes as hours, e.g. `7:45`, `1,234:05`, with a sign `+0:15`."""
    sign = "-" if minutes < 0 else "+" if signed else ""
    return f"{sign}{abs(minutes) // _HOUR:,}:{abs(minutes) % _HOUR:02}"


def many(count: int, one: str, more: str | None = None) -> str:
    """`1 shift`, `2 shifts`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def progress_line(said: Progress, left: float) -> str:
    """`145/366 days, 15,812 shifts, 15,812 changes, 0:42 left, 8,912 API calls left`; `left` in seconds.

    Short enough for a terminal of 80 columns.
    """
    parts = [f"{said.days_done}/{many(said.days, 'day')}", many(said.shifts, "shift"), many(said.changes, "change")]
    if said.failed:
        parts.append(f"{many(said.failed, 'slice')} failed")
    if said.done < said.total:
        minutes, seconds = divmod(round(left), _MINUTE)
        parts.append(f"{hours(minutes)}:{seconds:02} left" if minutes >= _HOUR else f"{minutes}:{seconds:02} left")
    if said.calls_left is not None:
        parts.append(f"{said.calls_left:,} API calls left")
    return ", ".join(parts)


def clock(instant: int, zone: ZoneInfo, day: date, *, seconds: bool = False) -> str:
    """A time of day; with its date where it is another day than the line's."""
    moment = datetime.fromtimestamp(instant, zone)
    shown = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    return shown if moment.date() == day else f"{shown} ({moment:%d %b})"


def times(row: ClockTime, zone: ZoneInfo, day: date) -> str:
    """`08:00-16:30`, `08:00-…` while open."""
    return f"{clock(row.clock_in, zone, day)}-{clock(row.clock_out, zone, day) if row.clock_out is not None else '…'}"


def change_line(change: Change, zone: ZoneInfo, names: Mapping[int, str], day: date) -> str:
    """`~ Ana Álvarez   08:00 -> 08:15 -16:30   8:30 -> 8:15   clock-in corrected`."""
    name = names.get(change.image.employee_id, f"employee {change.image.employee_id}")
    before, after = change.before, change.after
    said = times(change.image, zone, day)
    worked = hours(change.minutes, signed=True) if change.minutes else ""
    if change.kind == "update" and before and after:
        start = _moved(before.clock_in, after.clock_in, zone, day)
        end = _moved(before.clock_out, after.clock_out, zone, day)
        said = f"{start} - {end}" if "->" in start + end else said
        if before.employee_id != after.employee_id:
            name = f"{names.get(before.employee_id, before.employee_id)} -> {name}"
    return f"  {_SIGNS[change.kind]} {name:<24} {said:<32} {worked:>9}  {change.why}".rstrip()


def _moved(before: int | None, after: int | None, zone: ZoneInfo, day: date) -> str:
    """`08:00 -> 08:15`, with seconds where the minute is the same; one time where nothing moved."""
    both = before is not None and after is not None
    seconds = both and before != after and clock(before or 0, zone, day) == clock(after or 0, zone, day)
    shown = ["…" if at is None else clock(at, zone, day, seconds=seconds) for at in (before, after)]
    return shown[1] if before == after else " -> ".join(shown)


def change_lines(
    changes: Iterable[Change], zone: ZoneInfo, names: Mapping[int, str], more: str, *, limit: int | None = SHOWN
) -> list[str]:
    """Changes by day; `more` is where those beyond `limit` can be read."""
    lines: list[str] = []
    last = None
    found = [change for change in changes if change.kind != "link"]
    for shown, change in enumerate(found):
        if shown == limit:
            lines.append(f"  … and {many(len(found) - shown, 'more change')}: {more}")
            break
        day = local_day((change.after or change.image).clock_in, zone)
        if day != last:
            lines.append(f"{day:%a %d %b %Y}")
            last = day
        lines.append(change_line(change, zone, names, day))
    return lines


def hold_line(hold: Hold, zone: ZoneInfo, who: str) -> str:
    """`! 2025-12-02 08:00  Ana  unmapped_user  …`."""
    at = f"{datetime.fromtimestamp(hold.instant, zone):%Y-%m-%d %H:%M}" if hold.instant is not None else "no time"
    worked = f" ({hours(hold.minutes, signed=True)} h)" if hold.minutes else ""
    return f"  ! {at:<16}  {who:<24} {hold.reason}: {hold.detail}{worked}"


def hold_lines(holds: Iterable[Hold], zone: ZoneInfo, names: Mapping[int, str], users: Mapping[int, str]) -> list[str]:
    """Holds under a headline; nothing where there are none."""
    found = list(holds)
    if not found:
        return []

    def who(hold: Hold) -> str:
        return names.get(hold.employee_id or 0) or users.get(hold.user_id or 0) or f"user {hold.user_id}"

    lines = [f"Held, waiting for a person or for its cause to go ({many(len(found), 'record')}):"]
    lines += [hold_line(hold, zone, who(hold)) for hold in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"  … and {many(len(found) - SHOWN, 'more hold')}: connecteam-sync holds")
    return lines


def offset_line(item: Offset, zone: ZoneInfo, names: Mapping[int, str]) -> str:
    """`  row 17  Ana  02:00-06:00, 6:00 h before shift … 08:00-12:00`."""
    day = local_day(item.shift.start, zone)
    who = names.get(item.row.employee_id, f"employee {item.row.employee_id}")
    end = "…" if item.shift.end is None else clock(item.shift.end, zone, day)
    gap = abs(item.minutes)
    side = "before" if item.minutes > 0 else "after"
    shift = f"{day} {clock(item.shift.start, zone, day)}-{end}"
    return (
        f"  row {item.row.id}  {who:<24} {times(item.row, zone, day)}, {gap // 60}:{gap % 60:02} h {side} the shift"
        f" {shift} ({item.shift.id})"
    )


def sum_line(counts: Counts) -> str:
    """What happens to the shifts of a window, in one line."""
    parts = [
        f"{counts.created:,} new",
        f"{counts.updated:,} corrected",
        f"{counts.deleted:,} deleted",
        f"{counts.unchanged:,} unchanged",
    ]
    if counts.held:
        parts.append(f"{counts.held:,} held")
    return f"{many(counts.total_shifts, 'shift')} in Connecteam: {', '.join(parts)}"


def hours_line(before: int, after: int, people: int) -> str:
    """The headline: hours and people."""
    moved = (
        f"{hours(before)} -> {hours(after)} ({hours(after - before, signed=True)})" if before != after else hours(after)
    )
    return f"Hours: {moved}; {many(people, 'person', 'people')} affected"


def run_text(
    run: Run,
    entries: Sequence[Entry],
    *,
    people: Sequence[Person] = (),
    employees: Mapping[int, str] | None = None,
    everything: bool = False,
) -> list[str]:
    """A receipt, with each of its changes where `everything` is wanted. `people` and `employees` name who is held."""
    zone = ZoneInfo(run.window.timezone)
    changes = [entry.change for entry in entries]
    names = dict(employees or {})
    names |= {e.change.image.employee_id: e.employee_name for e in entries if e.employee_name}
    touched = len({change.image.employee_id for change in changes})
    word = {"applied": "done", "nothing": "nothing to do", "refused": "refused", "failed": "failed"}[run.status]
    if run.kind == "adopt" and run.id is None and not run.slices:
        return ["the table is adopted already: no double, and the unique key is there"]
    number = f"run {run.id}" if run.id else "run not recorded"
    what = f"undo of run {run.undoes}" if run.undoes else run.kind
    lines = [f"{number}: {what} {run.window} ({run.window.timezone}): {word}"]
    if run.status in {"applied", "nothing"} or changes:
        if run.kind == "adopt":
            closed = many(run.counts.updated, "clock-out")
            lines.append(hours_line(run.minutes.before, run.minutes.after, touched))
            lines.append(f"{many(run.counts.deleted, 'double')} removed, {closed} taken over from them")
        elif run.undoes is None:
            lines += [hours_line(run.minutes.before, run.minutes.after, touched), sum_line(run.counts)]
        else:
            moved = hours(run.minutes.after - run.minutes.before, signed=True)
            lines.append(f"Hours: {moved}; {many(touched, 'person', 'people')} affected")
    lines += [piece.note for piece in run.slices if piece.note]
    lines += change_lines(changes, zone, names, f"connecteam-sync show {run.id}", limit=None if everything else SHOWN)
    lines += hold_lines(run.holds, zone, names, {person.user_id: person.name for person in people})
    for piece in run.slices:
        if piece.error:
            where = f"time clock {piece.time_clock_id}, {piece.window}" if piece.time_clock_id else f"{piece.window}"
            lines += [f"  x {where}: {piece.error}", f"    next: {piece.next_step}"]
    return lines


def next_step(run: Run) -> str:
    """The one obvious next step after a run."""
    window = f"--from {run.window.first} --to {run.window.last}"
    reasons = Counter(hold.reason for hold in run.holds)
    if run.status in {"failed", "refused"}:
        return ""
    if run.kind == "adopt":
        again = f"connecteam-sync resync {window}   (take it back: connecteam-sync adopt --undo)"
        return "" if run.holds else again if run.id else "connecteam-sync plan"
    if reasons:
        return "connecteam-sync employees --unmapped" if reasons["unmapped_user"] else "connecteam-sync holds"
    if run.status == "applied" and run.undoes is None:
        return f"connecteam-sync verify {window}   (take it back: connecteam-sync undo {run.id})"
    return ""


def how_to_go_on(run: Run) -> str:
    """What to do about a long run that broke off; nothing to say where no slice failed, or all of them did."""
    failed = sum(piece.status == "failed" for piece in run.slices)
    if not failed or failed == len(run.slices) or run.kind not in {"sync", "resync"}:
        return ""
    return f"{many(failed, 'slice')} of {len(run.slices):,} failed; {GO_ON}"


def plan_names(proposal: Proposal, names: Mapping[int, str]) -> dict[int, str]:
    """Employee names, those about to be created among them."""
    new = {-n.user_id: f"{n.name} (new)" for plan in proposal.plans for n in plan.new_employees}
    return {**names, **new}


def plan_text(proposal: Proposal, names: Mapping[int, str]) -> list[str]:
    """What a sync would do."""
    zone = ZoneInfo(proposal.window.timezone)
    known = plan_names(proposal, names)
    users = {user.id: user.name for plan in proposal.plans for user in plan.snapshot.users}
    total = counts_of_plans(proposal.plans)
    changes = [change for change in proposal.changes if change.kind != "link"]
    people = len({change.image.employee_id for change in changes})
    before = sum(plan.minutes.before for plan in proposal.plans)
    after = sum(plan.minutes.after for plan in proposal.plans)
    lines = [f"plan for {proposal.window} ({proposal.window.timezone}); nothing was written"]
    lines += [hours_line(before, after, people), sum_line(total)]
    ordered = sorted(changes, key=lambda c: (c.days, c.image.employee_id, c.image.clock_in))
    lines += change_lines(ordered, zone, known, "connecteam-sync plan --json")
    lines += hold_lines(proposal.holds, zone, known, users)
    for plan in proposal.plans:
        for refusal in plan.refusals:
            lines.append(f"  x time clock {plan.time_clock_id}, {plan.window}: would be refused: {refusal.message}")
            lines.append(f"    if it is right: add --accept {plan.fingerprint} to the sync of these days")
    for failure in proposal.failures:
        lines += [f"  x time clock {failure.time_clock_id}, {failure.window}: {failure.error}"]
        lines += [f"    next: {failure.next_step}"]
    return lines


def counts_of_plans(plans: Iterable[Plan]) -> Counts:
    """The sum over plans."""
    found = [plan.counts for plan in plans]
    return Counts(**{f: sum(getattr(c, f) for c in found) for f in Counts.__struct_fields__})


def verify_text(found: Verification, names: Mapping[int, str]) -> list[str]:
    """Equal, or what differs: by person and day, then row by row."""
    zone = ZoneInfo(found.window.timezone)
    lines = [f"verify {found.window} ({found.window.timezone}); nothing was written"]
    lines.append(f"Connecteam has {many(found.shifts, 'shift')}, {hours(found.minutes)} hours of closed ones")
    exact = "the table is exact" if not found.proposal.holds else "but for what is held below"
    lines.append(f"{many(found.differences, 'difference')}" + ("" if found.differences else f": {exact}"))
    lines += [_difference(line, "the table has", line.minutes, f"{line.rows} rows") for line in found.days[:SHOWN]]
    changes = [change for change in found.proposal.changes if change.kind != "link"]
    lines += change_lines(changes, zone, plan_names(found.proposal, names), "connecteam-sync verify --json")
    lines += hold_lines(found.proposal.holds, zone, names, {})
    if found.offsets:
        lines.append(
            "Rows at exactly a time zone's offset from a shift of the same person (local time stored as UTC?):"
        )
        lines += [offset_line(item, zone, names) for item in found.offsets[:SHOWN]]
    if found.totals:
        lines.append("Connecteam's own timesheet says otherwise (it rounds, and deducts automatic breaks):")
        lines += [
            _difference(line, "the punches say", line.minutes, f"{line.rows} shifts") for line in found.totals[:SHOWN]
        ]
    for failure in found.proposal.failures:
        lines += [f"  x time clock {failure.time_clock_id}: {failure.error}", f"    next: {failure.next_step}"]
    return lines


def _difference(line: Difference, other: str, minutes: int, count: str) -> str:
    said = f"{hours(line.minutes_upstream)} in {many(line.shifts_upstream, 'shift')}"
    return f"  {line.day}  {line.name:<24} Connecteam {said}; {other} {hours(minutes)} in {count}"


def compare_text(found: Comparison) -> list[str]:
    """The harm of the old algorithm: hours and people first, then a line for each shift."""
    zone = ZoneInfo(found.window.timezone)
    kinds = Counter(harm.kind for harm in found.harms)
    lines = [f"the legacy planner on {found.window} ({found.window.timezone}); nothing was written"]
    people = many(found.people, "person", "people")
    lines.append(
        f"Of the {many(found.shifts, 'shift')} of mapped people {len(found.harms):,} would be wrong: "
        f"{hours(found.minutes)} hours of {people} missing"
    )
    if kinds:
        lines.append(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    for harm in found.harms[:SHOWN]:
        day = local_day(harm.start, zone)
        end = "…" if harm.end is None else clock(harm.end, zone, day)
        said = f"{clock(harm.start, zone, day)}-{end}"
        lines.append(f"  - {day}  {harm.name:<24} {said:<20} {hours(harm.minutes):>7}  {harm.kind}: {harm.detail}")
    if len(found.harms) > SHOWN:
        lines.append(f"  … and {many(len(found.harms) - SHOWN, 'more shift')}: connecteam-sync compare --json")
    for failure in found.failures:
        lines += [f"  x time clock {failure.time_clock_id}: {failure.error}", f"    next: {failure.next_step}"]
    return lines


def runs_text(found: Iterable[Run], zone: ZoneInfo) -> list[str]:
    """Runs as a table, newest first."""
    columns = ("new", "corr", "del", "held")
    head = f"{'run':>5}  {'started':<16}  {'kind':<7} {'status':<8} {'window':<24} "
    lines = [head + " ".join(f"{name:>5}" for name in columns)]
    for run in found:
        started = f"{datetime.fromtimestamp(run.started_at, zone):%Y-%m-%d %H:%M}"
        c = run.counts
        end = "" if run.finished_at is not None else "  (not finished)"
        undone = f"  undone by {run.undone_by}" if run.undone_by else ""
        lines.append(
            f"{run.id or 0:>5}  {started:<16}  {run.kind:<7} {run.status:<8} {run.window!s:<24}"
            f" {c.created:>5} {c.updated:>5} {c.deleted:>5} {c.held:>5}{end}{undone}"
        )
    return lines if len(lines) > 1 else ["no run yet: connecteam-sync sync"]


def history_text(
    rows: Iterable[ClockTime], entries: Iterable[Entry], zone: ZoneInfo, names: Mapping[int, str]
) -> list[str]:
    """What an employee's rows say now, and how they came to say it."""
    lines: list[str] = []
    for row in rows:
        day = days_touched(row.clock_in, row.clock_out, zone)[0]
        worked = hours(row.total_minutes) if row.total_minutes is not None else "open"
        lines.append(f"row {row.id}: {day:%a %d %b %Y} {times(row, zone, day)}  {worked}  source {row.source}")
    lines = lines or ["no row now"]
    for entry in entries:
        day = local_day(entry.change.image.clock_in, zone)
        at = f"{datetime.fromtimestamp(entry.at, zone):%Y-%m-%d %H:%M}"
        line = change_line(entry.change, zone, names, day).strip()
        lines.append(f"  {at}  run {entry.run:<5} row {entry.change.image.id}  {day}  {line}")
    return lines


def holds_text(found: Iterable[StandingHold], zone: ZoneInfo) -> list[str]:
    """Standing holds, oldest shift first."""
    lines = []
    for item in found:
        who = item.employee_name or item.user_name or f"user {item.hold.user_id}"
        since = f"{datetime.fromtimestamp(item.first_seen, zone):%Y-%m-%d}"
        lines.append(f"{hold_line(item.hold, zone, who)}  since {since}, run {item.first_run}")
    return lines or ["nothing is held"]


def people_text(found: Iterable[Person]) -> list[str]:
    """Users and their employees; for the unmapped, who they might be."""
    lines = []
    for person in found:
        who = f"{person.user_id:>10}  {person.name:<28}{' (archived)' if person.is_archived else ''}"
        if person.employee_id is not None:
            lines.append(f"{who} counts for employee {person.employee_id} {person.employee_name or ''}".rstrip())
            continue
        guess = "; ".join(f"{key} {name}" for key, name in person.suggestions) or "no suggestion"
        lines.append(f"{who} counts for nobody; might be: {guess}")
    return lines or ["nobody"]


def checks_text(found: Iterable[Check]) -> list[str]:
    """Doctor's findings, each failure with its cure."""
    marks = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}
    lines = []
    for check in found:
        lines.append(f"{marks[check.state]}  {check.name:<14} {check.detail}")
        if check.state != "ok":
            lines.append(f"         {'':<14} cure: {check.cure}")
    return lines
