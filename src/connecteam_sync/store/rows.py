"""Rows of the database to and from the words of the core, and the expressions that read the host's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from connecteam_sync.core.clocktime import Applied, ClockTime, Mirror
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.store.dialect import Dialect, Kind
from connecteam_sync.store.host import ClockTimesNames

MIRROR: dict[str, Kind] = {
    "id": "text",
    "user_id": "int",
    "time_clock_id": "int",
    "start_at": "int",
    "start_timezone": "text",
    "end_at": "int",
    "end_timezone": "text",
    "job_id": "text",
    "sub_job_id": "text",
    "scheduler_shift_id": "text",
    "is_auto_clock_out": "int",
    "upstream_created_at": "int",
    "upstream_modified_at": "int",
    "clock_time_id": "int",
    "applied_employee_id": "int",
    "applied_clock_in": "int",
    "applied_clock_out": "int",
    "is_gone": "int",
    "changed_in_run": "int",
}
BREAK: dict[str, Kind] = {
    "id": "text",
    "user_id": "int",
    "time_clock_id": "int",
    "break_type_id": "text",
    "start_at": "int",
    "start_timezone": "text",
    "end_at": "int",
    "end_timezone": "text",
    "is_auto_clock_out": "int",
    "upstream_created_at": "int",
    "upstream_modified_at": "int",
    "is_gone": "int",
}
USER: dict[str, Kind] = {
    "user_id": "int",
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "is_archived": "int",
    "is_listed": "int",
    "employee_id": "int",
}
CANONICAL = ("employee_id", "clock_in", "clock_out", "total_minutes", "is_active", "source")

Record = Mapping[str, Any]


def json_rows(rows: Iterable[Mapping[str, object]]) -> str:
    """A rowset parameter."""
    return msgspec.json.encode(list(rows)).decode()


def canonical(dialect: Dialect, names: ClockTimesNames, alias: str = "t") -> dict[str, str]:
    """Expressions that read a row of `clock_times` in canonical form, by field of ClockTime."""

    def column(name: str) -> str:
        return f"{alias}.{dialect.name(name)}"

    return {
        "id": column(names.id),
        "employee_id": column(names.employee_id),
        "clock_in": dialect.epoch(column(names.clock_in)),
        "clock_out": dialect.epoch(column(names.clock_out)),
        "total_minutes": f"floor({column(names.total_minutes)})"
        if dialect.family != "sqlite"
        else f"CAST({column(names.total_minutes)} AS INTEGER)",
        "is_active": f"CASE WHEN {column(names.is_active)} THEN 1 ELSE 0 END",
        "source": column(names.source),
    }


def clock_time(row: Record) -> ClockTime:
    """One row of `clock_times`."""
    return ClockTime(
        id=int(row["id"]),
        employee_id=int(row["employee_id"]),
        clock_in=int(row["clock_in"]),
        clock_out=None if row["clock_out"] is None else int(row["clock_out"]),
        total_minutes=None if row["total_minutes"] is None else int(row["total_minutes"]),
        is_active=bool(row["is_active"]),
        source=str(row["source"]),
    )


def image_values(image: ClockTime, prefix: str = "") -> dict[str, object]:
    """A canonical row as members of a rowset."""
    return {
        f"{prefix}employee_id": image.employee_id,
        f"{prefix}clock_in": image.clock_in,
        f"{prefix}clock_out": image.clock_out,
        f"{prefix}total_minutes": image.total_minutes,
        f"{prefix}is_active": int(image.is_active),
        f"{prefix}source": image.source,
    }


def image_kinds(prefix: str = "") -> dict[str, Kind]:
    """The columns of `image_values`."""
    return {f"{prefix}{name}": ("text" if name == "source" else "int") for name in CANONICAL}


def mirror(row: Record) -> Mirror:
    """One row of `connecteam_shifts`."""
    applied = None
    if row["applied_employee_id"] is not None:
        applied = Applied(
            employee_id=row["applied_employee_id"],
            clock_in=row["applied_clock_in"],
            clock_out=row["applied_clock_out"],
        )
    return Mirror(
        shift=Shift(
            id=row["id"],
            user_id=row["user_id"],
            time_clock_id=row["time_clock_id"],
            start=row["start_at"],
            start_timezone=row["start_timezone"],
            end=row["end_at"],
            end_timezone=row["end_timezone"],
            job_id=row["job_id"],
            sub_job_id=row["sub_job_id"],
            scheduler_shift_id=row["scheduler_shift_id"],
            is_auto_clock_out=bool(row["is_auto_clock_out"]),
            created_at=row["upstream_created_at"],
            modified_at=row["upstream_modified_at"],
        ),
        clock_time_id=row["clock_time_id"],
        applied=applied,
        is_gone=bool(row["is_gone"]),
    )


def mirror_values(item: Mirror, run: int) -> dict[str, object]:
    """A memory as a row of `connecteam_shifts`."""
    shift, applied = item.shift, item.applied
    return {
        "id": shift.id,
        "user_id": shift.user_id,
        "time_clock_id": shift.time_clock_id,
        "start_at": shift.start,
        "start_timezone": shift.start_timezone,
        "end_at": shift.end,
        "end_timezone": shift.end_timezone,
        "job_id": shift.job_id,
        "sub_job_id": shift.sub_job_id,
        "scheduler_shift_id": shift.scheduler_shift_id,
        "is_auto_clock_out": int(shift.is_auto_clock_out),
        "upstream_created_at": shift.created_at,
        "upstream_modified_at": shift.modified_at,
        "clock_time_id": item.clock_time_id,
        "applied_employee_id": applied.employee_id if applied else None,
        "applied_clock_in": applied.clock_in if applied else None,
        "applied_clock_out": applied.clock_out if applied else None,
        "is_gone": int(item.is_gone),
        "changed_in_run": run,
    }


def pause(row: Record) -> Break:
    """One row of `connecteam_breaks`."""
    return Break(
        id=row["id"],
        user_id=row["user_id"],
        time_clock_id=row["time_clock_id"],
        break_type_id=row["break_type_id"],
        start=row["start_at"],
        start_timezone=row["start_timezone"],
        end=row["end_at"],
        end_timezone=row["end_timezone"],
        is_auto_clock_out=bool(row["is_auto_clock_out"]),
        created_at=row["upstream_created_at"],
        modified_at=row["upstream_modified_at"],
    )


def pause_values(item: Break) -> dict[str, object]:
    """A break as a row of `connecteam_breaks`."""
    return {
        "id": item.id,
        "user_id": item.user_id,
        "time_clock_id": item.time_clock_id,
        "break_type_id": item.break_type_id,
        "start_at": item.start,
        "start_timezone": item.start_timezone,
        "end_at": item.end,
        "end_timezone": item.end_timezone,
        "is_auto_clock_out": int(item.is_auto_clock_out),
        "upstream_created_at": item.created_at,
        "upstream_modified_at": item.modified_at,
        "is_gone": 0,
    }
