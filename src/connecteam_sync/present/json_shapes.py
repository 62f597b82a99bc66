"""JSON for programs: objects with a schema number. Instants are ISO 8601 in UTC, minutes are whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connecteam_sync.core.adopt import Offset
from connecteam_sync.core.change import Change, Counts, Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.columns import ROW
from connecteam_sync.core.compare import Comparison
from connecteam_sync.core.history import History, ShiftHistory
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import (
    Check,
    Difference,
    Entry,
    Move,
    Person,
    Plan,
    Run,
    StandingHold,
    Suggestion,
    Verification,
)
from connecteam_sync.core.text import one_line
from connecteam_sync.core.window import Window

if TYPE_CHECKING:
    from connecteam_sync.core.anomalies import Anomaly

SCHEMA = 1
Json = dict[str, Any]
_AS_IT_IS = {"sql", "source"}
"""Members whose value a program runs or compares: only escaped as JSON requires, never altered."""


def encoded(members: Json) -> str:
    """An object as one line of JSON that is safe to show on a terminal.

    Texts from outside are made one line each (`one_line`), except those that a program compares or runs.
    """
    try:
        text = msgspec.json.encode(members).decode()
        if text.isprintable() and "\\" not in text:
            return text
    except UnicodeEncodeError:  # half of a surrogate pair, perhaps in a file name
        pass
    text = msgspec.json.encode(_tidy(members)).decode()
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _tidy(value: object) -> object:
    if isinstance(value, str):
        return value if value.isprintable() else one_line(value)
    if isinstance(value, dict):
        return {name: member if name in _AS_IT_IS else _tidy(member) for name, member in value.items()}
    return [_tidy(item) for item in value] if isinstance(value, (list, tuple)) else value


def _escaped(character: str) -> str:
    """A character in UTF-16 as JSON escapes it; a surrogate pair beyond the first plane."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def instant(at: int | None) -> str | None:
    """`2025-12-02T14:00:00Z`."""
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")


def window(window: Window) -> Json:
    """First and last local day, and their zone."""
    return {"first": window.first.isoformat(), "last": window.last.isoformat(), "timezone": window.timezone}


def ranges(looked_at: Iterable[tuple[int, Window]]) -> list[Json]:
    """The time clocks and days that were looked at, without padding."""
    return [
        {"first": days.first.isoformat(), "last": days.last.isoformat(), "time_clock_id": clock}
        for clock, days in looked_at
    ]


def stopped(deletes: Iterable[Change]) -> list[Json]:
    """The deletes that a guard stopped."""
    return [
        {
            "clock_time_id": item.image.id,
            "employee_id": item.image.employee_id,
            "day": item.days[0].isoformat(),
            "clock_in": instant(item.image.clock_in),
            "clock_out": instant(item.image.clock_out),
            "minutes": -item.minutes,
            "why": item.why,
        }
        for item in deletes
    ]


def counts(counts: Counts, errors: int) -> Json:
    """The counts of a run or plan."""
    return {
        "total_shifts": counts.total_shifts,
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "deleted": counts.deleted,
        "held": counts.held,
        "errors": errors,
    }


def hold(hold: Hold) -> Json:
    """One hold."""
    return {
        "reason": hold.reason,
        "shift_id": hold.shift_id,
        "user_id": hold.user_id,
        "detail": hold.detail,
        "clock_time_id": hold.clock_time_id,
        "employee_id": hold.employee_id,
        "at": instant(hold.instant),
        "minutes": hold.minutes,
        "acknowledged": hold.acknowledged,
    }


def standing(standing: StandingHold) -> Json:
    """One standing hold; `acknowledged` says by whom, when and why, or is null."""
    known = standing.acknowledged
    return {
        "id": standing.id,
        **hold(standing.hold),
        "acknowledged": known and {"by": known.by, "at": instant(known.at), "reason": known.reason},
        "time_clock_id": standing.time_clock_id,
        "first_seen": instant(standing.first_seen),
        "first_run": standing.first_run,
        "employee": standing.employee_name,
        "user": standing.user_name,
    }


def row(row: ClockTime | None) -> Json | None:
    """One row of `clock_times`; a negative employee is one the plan creates (the user id, negated)."""
    if row is None:
        return None
    values = ((column, getattr(row, column.field)) for column in ROW)
    return {column.field: instant(value) if column.kind == "moment" else value for column, value in values}


def change(change: Change) -> Json:
    """One change, planned or done."""
    return {
        "kind": change.kind,
        "clock_time_id": change.image.id,
        "employee_id": change.image.employee_id,
        "shift_id": change.shift_id,
        "user_id": change.user_id,
        "first_day": change.days[0].isoformat(),
        "last_day": change.days[1].isoformat(),
        "before": row(change.before),
        "after": row(change.after),
        "minutes": change.minutes,
        "why": change.why,
    }


def person(person: Person) -> Json:
    """A user and the employee they count for."""
    shown: Json = msgspec.to_builtins(person)
    shown["ambiguous"] = [{"employee_id": key, "name": name} for key, name in person.ambiguous]
    return shown


def move(move: Move) -> Json:
    """What mapping a user to an employee does to hours and rows."""
    before = None if move.from_id is None else {"employee_id": move.from_id, "name": move.from_name}
    return {
        "from": before,
        "names_differ": move.names_differ,
        "shifts": move.shifts,
        "minutes": move.minutes,
        "linked": move.linked,
        "linked_minutes": move.linked_minutes,
        "kept_out": move.kept_out,
        "left": [{"employee_id": key, "name": name} for key, name in move.left_with],
        "left_rows": move.left,
        "left_minutes": move.left_minutes,
        "rows": move.rows,
        "row_minutes": move.row_minutes,
    }


def suggestion(suggestion: Suggestion) -> Json:
    """Who a user might be, and why."""
    return {
        "user_id": suggestion.move.user_id,
        "name": suggestion.move.user_name,
        "employee_id": suggestion.move.employee_id,
        "employee_name": suggestion.move.employee_name,
        "evidence": suggestion.evidence,
        "is_certain": suggestion.is_certain,
        **move(suggestion.move),
    }


def check(check: Check) -> Json:
    """One finding of `doctor`."""
    shown: Json = msgspec.to_builtins(check)
    return shown


def entry(entry: Entry) -> Json:
    """One line of the journal."""
    return {
        "entry": entry.number,
        "cursor": entry.cursor,
        "run": entry.run,
        "at": instant(entry.at),
        **change(entry.change),
        "employee": entry.employee_name,
    }


def history(history: History) -> Json:
    """An employee's rows with the changes, holds and shifts that explain them."""
    return {
        "employee": {"employee_id": history.employee.id, "name": history.employee.name},
        "rows": [row(item) for item in history.rows],
        "changes": [entry(item) for item in history.changes],
        "holds": [standing(item) for item in history.holds],
        "shifts": [tracked(item) for item in history.shifts],
        "last": history.changes[-1].cursor if history.changes else None,
        "has_more": history.has_more,
        "purged": [purged(item) for item in history.purged],
    }


def purged(item: Window) -> Json:
    """Days of which nothing is on record any more."""
    return {"first": item.first.isoformat(), "last": item.last.isoformat()}


def tracked(tracked: ShiftHistory) -> Json:
    """A shift as Connecteam showed it last."""
    shift = tracked.shift
    return {
        "shift_id": shift.id,
        "user_id": shift.user_id,
        "time_clock_id": shift.time_clock_id,
        "start": instant(shift.start),
        "end": instant(shift.end),
        "is_auto_clock_out": shift.is_auto_clock_out,
        "is_gone": tracked.is_gone,
        "clock_time_id": tracked.clock_time_id,
        "modified_at": instant(shift.modified_at),
        "changed_in_run": tracked.changed_in_run,
        "changed_at": instant(tracked.changed_at),
    }


def anomaly(anomaly: Anomaly, shifts: Mapping[RowId, tuple[str, int]], names: Mapping[RowId, str]) -> Json:
    """One anomaly."""
    return {
        "kind": anomaly.kind,
        "employee_id": anomaly.employee_id,
        "employee": names.get(anomaly.employee_id),
        "day": anomaly.day.isoformat(),
        "minutes": anomaly.minutes,
        "rows": [
            {**(row(item) or {}), "shift_id": shift, "time_clock_id": clock}
            for item in anomaly.rows
            for shift, clock in (shifts.get(item.id or 0, (None, None)),)
        ],
    }


def run(run: Run) -> Json:
    """A receipt: the object of `sync --json`."""
    errors = [
        {
            "error": slice_.error_name,
            "message": slice_.error,
            "next_step": slice_.next_step,
            "retryable": slice_.retryable,
            "time_clock_id": slice_.time_clock_id,
            "window": window(slice_.window),
            "fingerprint": slice_.fingerprint,
            "stopped": stopped(slice_.stopped),
            "rows": list(slice_.rows),
        }
        for slice_ in run.slices
        if slice_.error
    ]
    return {
        "run": run.id,
        "kind": run.kind,
        "status": run.status,
        "window": window(run.window),
        "ranges": ranges(run.ranges),
        "counts": counts(run.counts, run.errors),
        "minutes": {"before": run.minutes.before, "after": run.minutes.after},
        "holds": [hold(item) for item in run.holds],
        "errors": errors,
        "notes": [slice_.note for slice_ in run.slices if slice_.note],
        "statements": run.statements,
        "http_calls": run.http_calls,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
        "result": msgspec.to_builtins(run.result),
        "undoes": run.undoes,
        "undone_by": run.undone_by,
        "version": run.version,
        "host": run.host,
        "asked_by": run.asked_by,
        "trigger": run.trigger,
        "exit_code": run.exit_code,
        "retryable": run.retryable,
        "next_step": run.next_step,
    }


def plan(plan: Plan) -> Json:
    """A plan: what a sync would do."""
    return {
        "window": window(plan.window),
        "ranges": ranges(plan.ranges),
        "counts": counts(plan.counts, len(plan.failures)),
        "minutes": {"before": plan.minutes.before, "after": plan.minutes.after},
        "changes": [change(item) for item in plan.changes],
        "holds": [hold(item) for item in plan.holds],
        "refusals": [
            {
                "time_clock_id": slice_plan.time_clock_id,
                "window": window(slice_plan.window),
                "guard": refusal.guard,
                "message": refusal.message,
                "fingerprint": refusal.fingerprint,
                "stopped": stopped(refusal.stopped),
            }
            for slice_plan in plan.plans
            for refusal in slice_plan.refusals
        ],
        "fingerprints": [slice_plan.fingerprint for slice_plan in plan.plans],
        "notes": list(dict.fromkeys(str(rename) for slice_plan in plan.plans for rename in slice_plan.renames)),
        "errors": failures(plan),
    }


def comparison(comparison: Comparison) -> Json:
    """What the legacy planner would damage."""
    return {
        "window": window(comparison.window),
        "shifts": comparison.shifts,
        "people": comparison.people,
        "minutes": comparison.minutes,
        "harms": [
            {**msgspec.to_builtins(damage), "start": instant(damage.start), "end": instant(damage.end)}
            for damage in comparison.legacy_damages
        ],
        "errors": failures(comparison),
    }


def offset(offset: Offset) -> Json:
    """A row at a time zone's offset from a shift."""
    return {
        "row": row(offset.row),
        "shift_id": offset.shift.id,
        "shift_start": instant(offset.shift.start),
        "shift_end": instant(offset.shift.end),
        "minutes": offset.minutes,
        "shift_row": offset.beside,
    }


def failures(outcome: Plan | Comparison) -> list[Json]:
    """The looks that failed."""
    return [
        {
            "error": failure.error_name,
            "message": failure.error,
            "next_step": failure.next_step,
            "retryable": failure.retryable,
            "time_clock_id": failure.time_clock_id,
            "window": window(failure.window),
        }
        for failure in outcome.failures
    ]


def verification(verification: Verification) -> Json:
    """The result of `verify`."""

    def days(lines: tuple[Difference, ...]) -> list[Json]:
        return [msgspec.to_builtins(line) for line in lines]

    return {
        "run": verification.run,
        "not_recorded": verification.not_recorded,
        "window": window(verification.window),
        "ranges": ranges(verification.plan.ranges),
        "differences": verification.differences,
        "shifts": verification.shifts,
        "minutes": verification.minutes,
        "days": days(verification.days),
        "timesheet": days(verification.totals),
        "offsets": [offset(item) for item in verification.offsets],
        "changes": [change(item) for item in verification.plan.changes if item.kind != "link"],
        "holds": [hold(item) for item in verification.plan.holds],
        "purged": [day.isoformat() for day in verification.purged],
        "errors": failures(verification.plan),
        "exit_code": verification.exit_code,
    }
