"""Rows of the database to and from the words of the core, and the expressions that read the host's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from sys import intern
from typing import Any

import msgspec
from msgspec.structs import astuple

from connecteam_sync.core.clocktime import CONNECTEAM, Applied, ClockTime, Mirror
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
HOLD: dict[str, Kind] = {
    "time_clock_id": "int",
    "reason": "text",
    "subject": "text",
    "detail": "text",
    "shift_id": "text",
    "user_id": "int",
    "clock_time_id": "int",
    "employee_id": "int",
    "instant": "int",
    "minutes": "int",
    "first_day": "text",
    "last_day": "text",
    "first_run": "int",
    "first_seen": "int",
}
_LINK = len(Shift.__struct_fields__)
"""Where a row of MIRROR goes on from the shift, field by field, to what was made of it."""
Image = tuple[ClockTime, str]
"""A row in canonical form, and whole as JSON text."""
Written = tuple[ClockTime, str | None]
"""The same; None where the row as a whole was left in the table."""
CANONICAL = ("employee_id", "clock_in", "clock_out", "total_minutes", "is_active", "source")


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
        "total_minutes": dialect.whole(column(names.total_minutes)),
        "is_active": f"CASE WHEN {column(names.is_active)} THEN 1 ELSE 0 END",
        "source": column(names.source),
    }


def clock_time(row: Sequence[Any]) -> ClockTime:
    """One row of `clock_times`, its columns those of `canonical`, in that order."""
    key, employee_id, clock_in, clock_out, total_minutes, is_active, source = row
    return ClockTime(
        int(key),
        int(employee_id),
        int(clock_in),
        None if clock_out is None else int(clock_out),
        None if total_minutes is None else int(total_minutes),
        bool(is_active),
        CONNECTEAM if source == CONNECTEAM else str(source),
    )


def image(row: Sequence[Any]) -> tuple[int, Image]:
    """A row's id; and the row in canonical form, and whole as JSON text, which stands behind the canonical columns."""
    found = clock_time(row[:-1])
    return int(row[0]), (found, row[-1])


def canonical_alone(row: Sequence[Any]) -> tuple[int, Written]:
    """As `image`, of a row that is not read whole: SELECT of `canonical` and nothing else."""
    return int(row[0]), (clock_time(row), None)


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


def mirror_columns(alias: str) -> str:
    """What `mirror` reads, as the columns of a SELECT."""
    return ", ".join(f"{alias}.{column}" for column in MIRROR)


def mirror_beside(shown: Mapping[str, Shift]) -> Callable[[Sequence[Any]], Mirror]:
    """As `mirror`; a shift that equals the one `shown` under its id is that very object: there may be very many."""

    def read(row: Sequence[Any]) -> Mirror:
        same = shown.get(row[0])
        if same is None or astuple(same) != row[:_LINK]:
            return mirror(row)
        link, employee, clock_in, clock_out, is_gone, _ = row[_LINK:]
        return Mirror(same, link, None if employee is None else Applied(employee, clock_in, clock_out), bool(is_gone))

    return read


def mirror(row: Sequence[Any]) -> Mirror:
    """One row of `connecteam_shifts`, its columns those of MIRROR, in that order."""
    key, user, clock, start, start_zone, end, end_zone, job, sub_job, scheduled, auto, created, modified = row[:13]
    link, employee, clock_in, clock_out, is_gone, _ = row[13:]
    return Mirror(
        Shift(
            key,
            user,
            clock,
            start,
            _shared(start_zone),
            end,
            _shared(end_zone),
            _shared(job),
            _shared(sub_job),
            scheduled,
            bool(auto),
            created,
            modified,
        ),
        link,
        None if employee is None else Applied(employee, clock_in, clock_out),
        bool(is_gone),
    )


def _shared(text: str | None) -> str | None:
    """One object for equal text: zones and jobs are few, and stand in every row."""
    return None if text is None else intern(text)


def mirror_values(item: Mirror, run: int) -> tuple[object, ...]:
    """A memory as a row of `connecteam_shifts`, in the order of MIRROR."""
    shift, applied = item.shift, item.applied
    return (
        shift.id,
        shift.user_id,
        shift.time_clock_id,
        shift.start,
        shift.start_timezone,
        shift.end,
        shift.end_timezone,
        shift.job_id,
        shift.sub_job_id,
        shift.scheduler_shift_id,
        int(shift.is_auto_clock_out),
        shift.created_at,
        shift.modified_at,
        item.clock_time_id,
        applied.employee_id if applied else None,
        applied.clock_in if applied else None,
        applied.clock_out if applied else None,
        int(item.is_gone),
        run,
    )


def pause(row: Sequence[Any]) -> Break:
    """One row of `connecteam_breaks`, its columns those of BREAK, in that order."""
    key, user, clock, kind, start, start_zone, end, end_zone, auto, created, modified, _ = row
    return Break(key, user, clock, kind, start, start_zone, end, end_zone, bool(auto), created, modified)


def pause_values(item: Break) -> tuple[object, ...]:
    """A break as a row of `connecteam_breaks`, in the order of BREAK."""
    return (
        item.id,
        item.user_id,
        item.time_clock_id,
        item.break_type_id,
        item.start,
        item.start_timezone,
        item.end,
        item.end_timezone,
        int(item.is_auto_clock_out),
        item.created_at,
        item.modified_at,
        0,
    )
