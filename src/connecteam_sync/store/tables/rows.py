"""Rows of the database to and from the types of the core, and the expressions that read the host's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from math import floor, isfinite
from operator import attrgetter
from sys import intern
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import astuple

from connecteam_sync.core.clocktime import CONNECTEAM, AppliedValues, ClockTime, TrackedShift
from connecteam_sync.core.columns import MAY_LACK, ROW, ColumnKind, of_kind
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.errors import RecordRefused
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import Form, is_text
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from connecteam_sync.store.tables.keys import row_id

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
    "clock_time_id": "link",
    "applied_employee_id": "who",
    "applied_clock_in": "int",
    "applied_clock_out": "int",
    "is_gone": "int",
    "former_clock_time_id": "link",
    "changed_in_run": "int",
}
MIRROR_SHARED = frozenset(
    {
        "time_clock_id",
        "start_timezone",
        "end_timezone",
        "job_id",
        "sub_job_id",
        "scheduler_shift_id",
        "is_auto_clock_out",
        "is_gone",
        "former_clock_time_id",
        "changed_in_run",
    }
)
"""Columns of MIRROR in which many shifts have the same."""
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
BREAK_TYPE: dict[str, Kind] = {
    "time_clock_id": "int",
    "id": "text",
    "name": "text",
    "is_paid": "int",
    "minutes": "int",
    "is_listed": "int",
    "seen_at": "int",
}
JOB: dict[str, Kind] = {
    "id": "text",
    "parent_id": "text",
    "name": "text",
    "code": "text",
    "is_deleted": "int",
    "is_listed": "int",
    "seen_at": "int",
}
USER: dict[str, Kind] = {
    "user_id": "int",
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "is_archived": "int",
    "is_listed": "int",
    "employee_id": "who",
    "phone": "text",
}
HOLD: dict[str, Kind] = {
    "time_clock_id": "int",
    "reason": "text",
    "subject": "text",
    "detail": "text",
    "shift_id": "text",
    "user_id": "int",
    "clock_time_id": "link",
    "employee_id": "who",
    "instant": "int",
    "minutes": "int",
    "first_day": "text",
    "last_day": "text",
    "first_run": "int",
    "first_seen": "int",
}
_LINK = len(Shift.__struct_fields__)
"""The position in MIRROR behind the fields of the shift, at which those of its link begin."""
Image = tuple[ClockTime, str]
"""A row in canonical form, and whole as JSON text."""
Written = tuple[ClockTime, str | None]
"""The same; None if the whole row was not read from the table."""


def json_rows(rows: Iterable[Mapping[str, object]]) -> str:
    """A rowset parameter."""
    return msgspec.json.encode(list(rows)).decode()


def canonical(dialect: Dialect, names: ClockTimesNames, flag: Flag, types: Mapping[str, str]) -> dict[str, str]:
    """Expressions that read a row `t` of `clock_times` in canonical form, by field of ClockTime; `types` are the types
    of the present columns.
    """

    def column(field: str) -> str:
        return f"t.{dialect.name(getattr(names, field))}"

    def text(field: str) -> str:
        return dialect.as_text(column(field), types[getattr(names, field)])

    reading: dict[ColumnKind, Callable[[str], str]] = {
        "key": lambda field: dialect.keys.row.read.format(column(field)),
        "person": lambda field: dialect.keys.person.read.format(column(field)),
        "moment": lambda field: dialect.epoch(column(field)),
        "minutes": column,
        "flag": lambda field: flag.read(column(field), column("clock_out")),
        "word": text,
        "text": text,
    }
    there = (one.field not in MAY_LACK or getattr(names, one.field) in types for one in ROW)
    return {
        one.field: reading[one.kind](one.field) if is_there else "NULL"
        for one, is_there in zip(ROW, there, strict=True)
    }


def as_people_spell(dialect: Dialect, host: HostTables, employee: str) -> str:
    """The employee of a row `t` as spelled in the table of people, which is the spelling that we remember.

    A collation may treat `e-7` and `E-7 ` as one key, and so does every join of the host's own programs. If it matches
    exactly one person, the row is theirs; `employee` is the spelling of the row.
    """
    person, people = dialect.keys.person, dialect.keys.employee
    if not person.is_text or person.is_uuid or people.is_uuid:
        return employee
    key = f"p.{dialect.name(host.employees.id)}"
    own = f"t.{dialect.name(host.clock_times.employee_id)}"
    if person.order == people.order:
        theirs, read = key, people.read.format(key)
    else:
        # The columns compare differently: that of the rows decides, as in the unique key. No index is used then.
        theirs, read, employee = person.host.format(key), people.cast.format(key), person.cast.format(own)
    alone = f"SELECT CASE WHEN count(*) = 1 THEN min({read}) END"
    return f"coalesce(({alone} FROM {dialect.table(host.employees.table)} p WHERE {own} = {theirs}), {employee})"


def instants(dialect: Dialect, names: ClockTimesNames) -> dict[str, str]:
    """Expressions that read the times of a row `t`, by field of ClockTime."""
    return {field: dialect.epoch(f"t.{dialect.name(getattr(names, field))}") for field in of_kind("moment")}


def _clock_time(row: Sequence[Any]) -> ClockTime:
    """The columns of every row: unrolled, since there are many."""
    key, employee_id, clock_in, clock_out, total_minutes, is_active, source = row
    return ClockTime(
        key if type(key) is int else row_id(key),
        employee_id if type(employee_id) is int else row_id(employee_id),
        int(clock_in),
        None if clock_out is None else int(clock_out),
        total_minutes if type(total_minutes) is int else _minutes(total_minutes),
        bool(is_active),
        CONNECTEAM if source == CONNECTEAM else "" if source is None else str(source),
    )


def clock_time(row: Sequence[Any]) -> ClockTime:
    """One row of `clock_times`, its columns those of `canonical`, in that order."""
    made, more = _clock_time(row[:_PLAIN]), row[_PLAIN:]
    if tuple(more) == _NOTHING_MORE:
        return made
    values = zip(_MORE, more, strict=True)
    return msgspec.structs.replace(made, **{column.field: _field_value(column.kind, value) for column, value in values})


def _field_value(kind: ColumnKind, value: Any) -> object:  # noqa: ANN401 - a driver's value
    """A value as a field of ClockTime."""
    if kind == "minutes":
        return _minutes(value)
    if kind == "word":
        return "" if value is None else str(value)
    made: dict[ColumnKind, Callable[[Any], object]] = {"moment": int, "flag": bool, "text": str}
    return None if value is None else made[kind](value)


_MORE = tuple(column for column in ROW if column.of_shift is not None)
_NOTHING_MORE = (None,) * len(_MORE)
_PLAIN = len(ROW) - len(_MORE)
"""How many columns are person and times, and what goes with them: those come first."""
_MANY = 1e15
"""More minutes than are plausible; up to there, a DOUBLE distinguishes whole numbers."""


def _minutes(value: Any) -> float | None:  # noqa: ANN401 - whatever type the host's column has
    """Minutes, as an int if they are whole; -1 if the value is not a number."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return -1
    if not isfinite(number) or abs(number) >= _MANY:
        return -1
    return int(number) if number.is_integer() else number


def image(row: Sequence[Any]) -> tuple[RowId, Image]:
    """A row's id; and the row in canonical form, and whole as JSON text, which is the last column.

    Raises RecordRefused if the text is larger than the database can send.
    """
    found = clock_time(row[:-1])
    if row[-1] is None:
        # MySQL and MariaDB return NULL for a text that is too long.
        raise RecordRefused(
            f"row {row[0]} is larger than the database lets travel at once (max_allowed_packet)",
            words="it is larger than the database lets travel at once (max_allowed_packet)",
            next_step="raise max_allowed_packet of the server above the size of the row; nothing was written",
        )
    return row_id(row[0]), (found, row[-1])


def canonical_alone(row: Sequence[Any]) -> tuple[RowId, Written]:
    """As `image`, for a row that is not read whole: only the columns of `canonical`."""
    return row_id(row[0]), (clock_time(row), None)


def image_values(image: ClockTime, prefix: str = "", *, lacks: frozenset[str] = frozenset()) -> dict[str, object]:
    """A canonical row as members of a rowset, without the fields that the table `lacks`."""
    names, values_of, sent = _sending(prefix, lacks)
    values: dict[str, object] = dict(zip(names, values_of(image), strict=True))
    for name, convert in sent:
        values[name] = convert(values[name])
    return values


def _whole(minutes: float | None) -> int | None:
    """The whole minutes: no row is made with a fraction, and a guard compares whole minutes."""
    return None if minutes is None else floor(minutes)


_SENDING: dict[ColumnKind, Callable[[Any], object]] = {"minutes": _whole, "flag": int}


@cache
def _sending(
    prefix: str, lacks: frozenset[str]
) -> tuple[tuple[str, ...], Callable[[ClockTime], tuple[Any, ...]], tuple[tuple[str, Callable[[Any], object]], ...]]:
    """The names of the members, how their values are read, and how some of them are converted."""
    columns = [column for column in ROW if column.kind != "key" and column.field not in lacks]
    return (
        tuple(prefix + column.field for column in columns),
        attrgetter(*(column.field for column in columns)),
        tuple((prefix + column.field, _SENDING[column.kind]) for column in columns if column.kind in _SENDING),
    )


def image_kinds(prefix: str = "", *, lacks: frozenset[str] = frozenset()) -> dict[str, Kind]:
    """The columns of `image_values`; those with a prefix are compared with rows as they are read."""
    kinds: dict[ColumnKind, Kind] = {"word": "text", "text": "text", "person": "who" if prefix else "person"}
    columns = (column for column in ROW if column.kind != "key" and column.field not in lacks)
    return {f"{prefix}{column.field}": kinds.get(column.kind, "int") for column in columns}


def mirror_columns(alias: str) -> str:
    """The columns of a SELECT for `mirror`."""
    return ", ".join(f"{alias}.{column}" for column in MIRROR)


def tracked_columns(shown: Mapping[str, Shift]) -> Callable[[Sequence[Any]], TrackedShift]:
    """As `mirror`; a shift that equals the one in `shown` is that same object, to save memory."""

    def read(row: Sequence[Any]) -> TrackedShift:
        same = shown.get(row[0])
        if same is None or astuple(same) != row[:_LINK]:
            return mirror(row)
        link, employee, clock_in, clock_out, is_gone, former, _ = row[_LINK:]
        applied = None if employee is None else AppliedValues(employee, clock_in, clock_out)
        return TrackedShift(same, link, applied, bool(is_gone), former)

    return read


def mirror(row: Sequence[Any]) -> TrackedShift:
    """One row of our `shifts`, its columns those of MIRROR, in that order."""
    key, user, clock, start, start_zone, end, end_zone, job, sub_job, scheduled, auto, created, modified = row[:13]
    link, employee, clock_in, clock_out, is_gone, former, _ = row[13:]
    return TrackedShift(
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
        None if employee is None else AppliedValues(employee, clock_in, clock_out),
        bool(is_gone),
        former,
    )


def _shared(text: str | None) -> str | None:
    """One object for equal texts: zones and jobs are few, and every row has them."""
    return None if text is None else intern(text)


def mirror_values(item: TrackedShift, run: int) -> tuple[object, ...]:
    """A tracked shift as a row of our `shifts`, in the order of MIRROR."""
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
        item.former_clock_time_id,
        run,
    )


def manual_break(row: Sequence[Any]) -> Break:
    """One row of our `breaks`, its columns those of BREAK, in that order."""
    key, user, clock, kind, start, start_zone, end, end_zone, auto, created, modified, _ = row
    return Break(key, user, clock, kind, start, start_zone, end, end_zone, bool(auto), created, modified)


def break_values(item: Break) -> tuple[object, ...]:
    """A break as a row of our `breaks`, in the order of BREAK."""
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


# -- truth values in the host's columns: as such, as numbers, bits or words --------------------------------------------


def form_of(kind: str, words: tuple[str, str] | None, dialect: Dialect, *, is_enum: bool = False) -> Form | None:
    """How a column of this type represents true and false; None if that cannot be known."""
    if words is not None:
        return "words"
    return None if is_enum or is_text(kind) else dialect.truth_form(kind)


class Flag(NamedTuple):
    """How `is_active` is read from its column and written to it. `words` are those for a shift that is over, and for
    one that is not.
    """

    dialect: Dialect
    kind: str
    form: Form
    words: tuple[str, str] = ("", "")

    def read(self, column: str, clock_out: str) -> str:
        """1 or 0. An unknown word reads as the opposite of the times, so that it always counts as wrong."""
        if self.form == "words":
            over, active = (self.dialect.literal(word) for word in self.words)
            word = self.dialect.as_text(column, self.kind)
            odd = f"CASE WHEN {clock_out} IS NULL THEN 0 ELSE 1 END"
            return f"CASE {word} WHEN {active} THEN 1 WHEN {over} THEN 0 ELSE {odd} END"
        if self.form == "number":
            return f"CASE WHEN {column} <> 0 THEN 1 ELSE 0 END"
        if self.form == "bit":
            return f"CASE WHEN {column} = B'1' THEN 1 ELSE 0 END"
        return f"CASE WHEN {column} THEN 1 ELSE 0 END"

    def write(self, number: str) -> str:
        """The value of the column for 1 or 0."""
        if self.form == "words":
            over, active = (self.dialect.literal(word) for word in self.words)
            return self.dialect.as_type(f"CASE WHEN {number} = 1 THEN {active} ELSE {over} END", self.kind)
        if self.form == "number":
            return number
        return f"CAST(CAST({number} AS int) AS bit(1))" if self.form == "bit" else self.dialect.flag(number)

    def value(self, *, is_active: bool) -> object:
        """The value for a row that is inserted in bulk."""
        if self.form == "words":
            return self.words[is_active]
        return self.dialect.truth(value=is_active) if self.form == "truth" else int(is_active)
