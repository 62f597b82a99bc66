"""What a program reads: JSON objects with a schema number. Instants are ISO 8601 in UTC, minutes whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from connecteam_sync.core.adopt import Offset, Survey
from connecteam_sync.core.change import Change, Counts, Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.compare import Comparison
from connecteam_sync.core.run import Check, Difference, Entry, Person, Proposal, Run, StandingHold, Verification
from connecteam_sync.core.window import Window

SCHEMA = 1
Json = dict[str, Any]


def instant(at: int | None) -> str | None:
    """`2025-12-02T14:00:00Z`."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def window(found: Window) -> Json:
    """First and last local day, and their zone."""
    return {"first": found.first.isoformat(), "last": found.last.isoformat(), "timezone": found.timezone}


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
    }


def standing(found: StandingHold) -> Json:
    """One standing hold."""
    return {
        **hold(found.hold),
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
    return {
        "id": found.id,
        "employee_id": found.employee_id,
        "clock_in": instant(found.clock_in),
        "clock_out": instant(found.clock_out),
        "total_minutes": found.total_minutes,
        "is_active": found.is_active,
        "source": found.source,
    }


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
    shown["suggestions"] = [{"employee_id": key, "name": name} for key, name in found.suggestions]
    return shown


def check(found: Check) -> Json:
    """One finding of `doctor`."""
    shown: Json = msgspec.to_builtins(found)
    return shown


def entry(found: Entry) -> Json:
    """One line of the journal."""
    return {
        "entry": found.number,
        "run": found.run,
        "at": instant(found.at),
        **change(found.change),
        "employee": found.employee_name,
    }


def run(found: Run) -> Json:
    """A receipt: the object of `sync --json`."""
    errors = [
        {
            "error": piece.error_name,
            "message": piece.error,
            "next_step": piece.next_step,
            "time_clock_id": piece.time_clock_id,
            "window": window(piece.window),
            "fingerprint": piece.fingerprint,
        }
        for piece in found.slices
        if piece.error
    ]
    return {
        "run": found.id,
        "kind": found.kind,
        "status": found.status,
        "window": window(found.window),
        "counts": counts(found.counts, found.errors),
        "minutes": {"before": found.minutes.before, "after": found.minutes.after},
        "holds": [hold(item) for item in found.holds],
        "errors": errors,
        "notes": [piece.note for piece in found.slices if piece.note],
        "statements": found.statements,
        "http_calls": found.http_calls,
        "started_at": instant(found.started_at),
        "finished_at": instant(found.finished_at),
        "undoes": found.undoes,
        "undone_by": found.undone_by,
        "version": found.version,
        "host": found.host,
        "exit_code": found.exit_code,
    }


def proposal(found: Proposal, total: Counts) -> Json:
    """What a sync would do."""
    plans = found.plans
    return {
        "window": window(found.window),
        "counts": counts(total, len(found.failures)),
        "minutes": {"before": sum(p.minutes.before for p in plans), "after": sum(p.minutes.after for p in plans)},
        "changes": [change(item) for item in found.changes],
        "holds": [hold(item) for item in found.holds],
        "refusals": [
            {
                "time_clock_id": plan.time_clock_id,
                "window": window(plan.window),
                "guard": refusal.guard,
                "message": refusal.message,
                "fingerprint": plan.fingerprint,
            }
            for plan in plans
            for refusal in plan.refusals
        ],
        "fingerprints": [plan.fingerprint for plan in plans],
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
            {**msgspec.to_builtins(harm), "start": instant(harm.start), "end": instant(harm.end)}
            for harm in found.harms
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
    }


def survey(found: Survey) -> Json:
    """What a look at the table found before it is taken over."""
    days = found.offsets_days
    return {
        "table": found.table,
        "database": found.database,
        "rows": found.rows,
        "sources": found.sources,
        "first_clock_in": instant(found.first_clock_in),
        "last_clock_in": instant(found.last_clock_in),
        "unique_key": found.unique_key,
        "doubles": {
            "groups": found.groups,
            "shapes": found.shapes,
            "rows_removed": len(found.dedupe.survivors),
            "changes": [change(item) for item in found.dedupe.changes],
            "holds": [hold(item) for item in found.dedupe.holds],
        },
        "findings": {
            name: {"rows": count, "examples": found.examples.get(name, ())} for name, count in found.findings.items()
        },
        "offsets": {
            "first": days[0].isoformat() if days else None,
            "last": days[1].isoformat() if days else None,
            "rows": [offset(item) for item in found.offsets],
            "error": found.offsets_error,
        },
        "foreign_keys": [msgspec.to_builtins(key) for key in found.references],
        "triggers": found.triggers,
        "disk": {"table": found.table_bytes, "needed": found.needed_bytes, "free": found.free_bytes},
        "obstacles": found.obstacles,
    }


def failures(found: Proposal | Comparison) -> list[Json]:
    """The looks that failed."""
    return [
        {
            "error": failure.error_name,
            "message": failure.error,
            "next_step": failure.next_step,
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
        "window": window(found.window),
        "differences": found.differences,
        "shifts": found.shifts,
        "minutes": found.minutes,
        "days": days(found.days),
        "timesheet": days(found.totals),
        "offsets": [offset(item) for item in found.offsets],
        "changes": [change(item) for item in found.proposal.changes if item.kind != "link"],
        "holds": [hold(item) for item in found.proposal.holds],
        "errors": failures(found.proposal),
    }
