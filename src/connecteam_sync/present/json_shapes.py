"""What a program reads: JSON objects with a schema number. Instants are ISO 8601 in UTC, minutes whole."""

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
"""Members whose value a program runs or compares: it stands as it is, escaped as JSON has it."""


def encoded(said: Json) -> str:
    """An object as one line of JSON that steers no terminal it is shown on.

    Texts from outside are made one line each (`one_line`), but for those that a program compares or runs.
    """
    try:
        text = msgspec.json.encode(said).decode()
        if text.isprintable() and "\\" not in text:
            return text
    except UnicodeEncodeError:  # a half of a character, of a file's name perhaps
        pass
    text = msgspec.json.encode(_tidy(said)).decode()
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _tidy(said: object) -> object:
    if isinstance(said, str):
        return said if said.isprintable() else one_line(said)
    if isinstance(said, dict):
        return {name: value if name in _AS_IT_IS else _tidy(value) for name, value in said.items()}
    return [_tidy(item) for item in said] if isinstance(said, (list, tuple)) else said


def _escaped(character: str) -> str:
    """A character as JSON writes it with digits only; one beyond the first plane as two."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def instant(at: int | None) -> str | None:
    """`2025-12-02T14:00:00Z`."""
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")


def window(found: Window) -> Json:
    """First and last local day, and their zone."""
    return {"first": found.first.isoformat(), "last": found.last.isoformat(), "timezone": found.timezone}


def ranges(found: Iterable[tuple[int, Window]]) -> list[Json]:
    """What was really looked at, without padding."""
    return [
        {"first": days.first.isoformat(), "last": days.last.isoformat(), "time_clock_id": clock}
        for clock, days in found
    ]


def stopped(found: Iterable[Change]) -> list[Json]:
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
        for item in found
    ]


def counts(found: Counts, errors: int) -> Json:
    """The counts of the contract."""
    return {
        "total_shifts": found.total_shifts,
        "created": found.created,
        "updated": found.updated,
        "unchanged": found.unchanged,
        "deleted": found.deleted,
        "held": found.held,
        "errors": errors,
    }


def hold(found: Hold) -> Json:
    """One hold."""
    return {
        "reason": found.reason,
        "shift_id": found.shift_id,
        "user_id": found.user_id,
        "detail": found.detail,
        "clock_time_id": found.clock_time_id,
        "employee_id": found.employee_id,
        "at": instant(found.instant),
        "minutes": found.minutes,
        "acknowledged": found.acknowledged,
    }


def standing(found: StandingHold) -> Json:
    """One standing hold; `acknowledged` says who knows of it, or null."""
    said = found.acknowledged
    return {
        "id": found.id,
        **hold(found.hold),
        "acknowledged": {"by": said.by, "at": instant(said.at), "reason": said.reason} if said else None,
        "time_clock_id": found.time_clock_id,
        "first_seen": instant(found.first_seen),
        "first_run": found.first_run,
        "employee": found.employee_name,
        "user": found.user_name,
    }


def row(found: ClockTime | None) -> Json | None:
    """One row of `clock_times`; a negative employee is one the plan creates (the user id, negated)."""
    if found is None:
        return None
    said = ((column, getattr(found, column.field)) for column in ROW)
    return {column.field: instant(value) if column.kind == "moment" else value for column, value in said}


def change(found: Change) -> Json:
    """One change, planned or done."""
    return {
        "kind": found.kind,
        "clock_time_id": found.image.id,
        "employee_id": found.image.employee_id,
        "shift_id": found.shift_id,
        "user_id": found.user_id,
        "first_day": found.days[0].isoformat(),
        "last_day": found.days[1].isoformat(),
        "before": row(found.before),
        "after": row(found.after),
        "minutes": found.minutes,
        "why": found.why,
    }


def person(found: Person) -> Json:
    """A user and the employee they count for."""
    shown: Json = msgspec.to_builtins(found)
    shown["ambiguous"] = [{"employee_id": key, "name": name} for key, name in found.ambiguous]
    return shown


def move(found: Move) -> Json:
    """What mapping a user to an employee does, next to the two."""
    before = None if found.from_id is None else {"employee_id": found.from_id, "name": found.from_name}
    return {
        "from": before,
        "names_differ": found.names_differ,
        "shifts": found.shifts,
        "minutes": found.minutes,
        "linked": found.linked,
        "linked_minutes": found.linked_minutes,
        "kept_out": found.kept_out,
        "left": [{"employee_id": key, "name": name} for key, name in found.left_with],
        "left_rows": found.left,
        "left_minutes": found.left_minutes,
        "rows": found.rows,
        "row_minutes": found.row_minutes,
    }


def suggestion(found: Suggestion) -> Json:
    """Who a user might be, and why."""
    return {
        "user_id": found.move.user_id,
        "name": found.move.user_name,
        "employee_id": found.move.employee_id,
        "employee_name": found.move.employee_name,
        "evidence": found.evidence,
        "is_certain": found.is_certain,
        **move(found.move),
    }


def check(found: Check) -> Json:
    """One finding of `doctor`."""
    shown: Json = msgspec.to_builtins(found)
    return shown


def entry(found: Entry) -> Json:
    """One line of the journal."""
    return {
        "entry": found.number,
        "cursor": found.cursor,
        "run": found.run,
        "at": instant(found.at),
        **change(found.change),
        "employee": found.employee_name,
    }


def history(found: History) -> Json:
    """An employee's rows and all that explains them."""
    return {
        "employee": {"employee_id": found.employee.id, "name": found.employee.name},
        "rows": [row(item) for item in found.rows],
        "changes": [entry(item) for item in found.changes],
        "holds": [standing(item) for item in found.holds],
        "shifts": [tracked(item) for item in found.shifts],
    }


def tracked(found: ShiftHistory) -> Json:
    """A shift as Connecteam showed it last."""
    shift = found.shift
    return {
        "shift_id": shift.id,
        "user_id": shift.user_id,
        "time_clock_id": shift.time_clock_id,
        "start": instant(shift.start),
        "end": instant(shift.end),
        "is_auto_clock_out": shift.is_auto_clock_out,
        "is_gone": found.is_gone,
        "clock_time_id": found.clock_time_id,
        "modified_at": instant(shift.modified_at),
        "changed_in_run": found.changed_in_run,
        "changed_at": instant(found.changed_at),
    }


def anomaly(found: Anomaly, shifts: Mapping[RowId, tuple[str, int]], names: Mapping[RowId, str]) -> Json:
    """One thing to look at."""
    return {
        "kind": found.kind,
        "employee_id": found.employee_id,
        "employee": names.get(found.employee_id),
        "day": found.day.isoformat(),
        "minutes": found.minutes,
        "rows": [
            {**(row(item) or {}), "shift_id": shift, "time_clock_id": clock}
            for item in found.rows
            for shift, clock in (shifts.get(item.id or 0, (None, None)),)
        ],
    }


def run(found: Run) -> Json:
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
        }
        for slice_ in found.slices
        if slice_.error
    ]
    return {
        "run": found.id,
        "kind": found.kind,
        "status": found.status,
        "window": window(found.window),
        "ranges": ranges(found.ranges),
        "counts": counts(found.counts, found.errors),
        "minutes": {"before": found.minutes.before, "after": found.minutes.after},
        "holds": [hold(item) for item in found.holds],
        "errors": errors,
        "notes": [slice_.note for slice_ in found.slices if slice_.note],
        "statements": found.statements,
        "http_calls": found.http_calls,
        "started_at": instant(found.started_at),
        "finished_at": instant(found.finished_at),
        "result": msgspec.to_builtins(found.result),
        "undoes": found.undoes,
        "undone_by": found.undone_by,
        "version": found.version,
        "host": found.host,
        "exit_code": found.exit_code,
        "retryable": found.retryable,
        "next_step": found.next_step,
    }


def plan(found: Plan) -> Json:
    """What a sync would do."""
    plans = found.plans
    return {
        "window": window(found.window),
        "ranges": ranges(found.ranges),
        "counts": counts(found.counts, len(found.failures)),
        "minutes": {"before": found.minutes.before, "after": found.minutes.after},
        "changes": [change(item) for item in found.changes],
        "holds": [hold(item) for item in found.holds],
        "refusals": [
            {
                "time_clock_id": plan.time_clock_id,
                "window": window(plan.window),
                "guard": refusal.guard,
                "message": refusal.message,
                "fingerprint": refusal.fingerprint,
                "stopped": stopped(refusal.stopped),
            }
            for plan in plans
            for refusal in plan.refusals
        ],
        "fingerprints": [plan.fingerprint for plan in plans],
        "notes": list(dict.fromkeys(str(rename) for plan in plans for rename in plan.renames)),
        "errors": failures(found),
    }


def comparison(found: Comparison) -> Json:
    """What the old algorithm would do."""
    return {
        "window": window(found.window),
        "shifts": found.shifts,
        "people": found.people,
        "minutes": found.minutes,
        "harms": [
            {**msgspec.to_builtins(damage), "start": instant(damage.start), "end": instant(damage.end)}
            for damage in found.legacy_damages
        ],
        "errors": failures(found),
    }


def offset(found: Offset) -> Json:
    """A row at a zone's offset from a shift."""
    return {
        "row": row(found.row),
        "shift_id": found.shift.id,
        "shift_start": instant(found.shift.start),
        "shift_end": instant(found.shift.end),
        "minutes": found.minutes,
        "shift_row": found.beside,
    }


def failures(found: Plan | Comparison) -> list[Json]:
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
        for failure in found.failures
    ]


def verification(found: Verification) -> Json:
    """The outcome of a proof."""

    def days(lines: tuple[Difference, ...]) -> list[Json]:
        return [msgspec.to_builtins(line) for line in lines]

    return {
        "run": found.run,
        "not_recorded": found.not_recorded,
        "window": window(found.window),
        "ranges": ranges(found.plan.ranges),
        "differences": found.differences,
        "shifts": found.shifts,
        "minutes": found.minutes,
        "days": days(found.days),
        "timesheet": days(found.totals),
        "offsets": [offset(item) for item in found.offsets],
        "changes": [change(item) for item in found.plan.changes if item.kind != "link"],
        "holds": [hold(item) for item in found.plan.holds],
        "errors": failures(found.plan),
        "exit_code": found.exit_code,
    }
