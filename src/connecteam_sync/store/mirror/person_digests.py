"""Digests by person, computed by the database: who has changed since nothing had to be decided about them.

Rows are grouped by employee, tracked shifts and breaks by user; the tables of people and of closed days have one digest
for all. As in `digest`, a digest may be too strict, but never too lax: it is of every mirrored column, and one that
cannot be computed equals no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connecteam_sync.core.columns import STAMPS
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.unchanged_people import PersonSums
from connecteam_sync.core.window import Window
from connecteam_sync.store.mirror.digest import (
    WRITTEN_AT,
    SliceFingerprint,
    absent_columns,
    combined,
    host_columns,
    is_text_kind,
)
from connecteam_sync.store.payroll.day_locks import day_locks, days_around
from connecteam_sync.store.session import Persons, Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id

_DIGEST = 12
"""Bytes that are kept of a digest: of SHA-256, enough that nobody finds two inputs with the same."""
_CUT = b""
"""In the place of a digest that could not be computed."""


class PersonDigests:
    """The digests of a span of days. `tables` is that of the tables that concern everybody; None if it is not known."""

    def __init__(self, results: Iterable[Iterable[Sequence[Any]]]) -> None:
        found = iter(results)
        self.tables = combined([next(found)])
        self._shifts, self._breaks = (_by_person(next(found)) for _ in range(2))
        self._rows: dict[Any, bytes] = {}
        for part in found:
            for who, digest in _by_person(part).items():
                key = row_id(who)
                self._rows[key] = _joined(self._rows[key], digest) if key in self._rows else digest

    def equals(self, other: PersonDigests) -> bool:
        """Whether all of it is known, and the same."""
        parts = (self._shifts, self._breaks, self._rows)
        is_known = self.tables is not None and all(_CUT not in part.values() for part in parts)
        return is_known and (self.tables, *parts) == (other.tables, other._shifts, other._breaks, other._rows)

    @property
    def employees(self) -> Iterable[RowId]:
        """Everybody with a row on these days."""
        return self._rows.keys()

    @property
    def users(self) -> frozenset[int]:
        """Everybody with a tracked shift or break on these days."""
        return frozenset((*self._shifts, *self._breaks))

    def of(self, user: int, employee: RowId | None) -> bytes:
        """The digest of a person; empty if it is not known."""
        parts = (self._rows.get(employee, b"-"), self._shifts.get(user, b"-"), self._breaks.get(user, b"-"))
        return _joined(*parts)


def _joined(*parts: bytes) -> bytes:
    if _CUT in parts:
        return _CUT
    return hashlib.sha256(b"".join(len(part).to_bytes(2) + part for part in parts)).digest()[:_DIGEST]


def _by_person(result: Iterable[Sequence[Any]]) -> dict[Any, bytes]:
    return {who: _one(count, values) for who, count, *values in result}


def _one(count: int, values: Sequence[Any]) -> bytes:
    if None in values:
        return _CUT
    return hashlib.sha256(";".join(map(str, (count, *values))).encode()).digest()[:_DIGEST]


def person_queries(
    session: Session, window: Window, fingerprint: SliceFingerprint | None = None, only: Persons | None = None
) -> tuple[Query, ...]:
    """Queries for `PersonDigests` of the days of a window, with its padding; `only` of some people.

    Rows within the key range of a fingerprint are read by key, where that is quicker (decision 11).
    """
    d, people = session.dialect, session.host.employees
    padded = window.padded()
    span = (padded.start_utc, padded.end_utc)
    users = {name: is_text_kind(d, kind) for name, kind in rows.USER.items()}
    employees = host_columns(session, session.columns.employees, people, without=absent_columns(session))
    closed = dict.fromkeys(("first_day", "last_day", "timezone", "source"), True)
    closed |= {"time_clock_id": False, "user_id": False}
    small = ((employees, d.table(people.table)), (users, session.own.users), (closed, day_locks(session.own)))
    digests = (d.digest(lambda: session.connection, columns, [table]) for columns, table in small)
    users_of = json_keys(only.users) if only is not None else None
    return (
        Query(" UNION ALL ".join(digests), days_around(*span)),
        _shifts(session, span, users_of),
        _breaks(session, span, users_of),
        *_clock_times(session, span, fingerprint.keys if fingerprint is not None else range(0), only),
    )


def json_keys(keys: Iterable[RowId]) -> str:
    """A rowset of keys, each under the name `who`."""
    return rows.json_rows({"who": key} for key in keys)


def _query(
    session: Session, columns: Mapping[str, bool], part: str, by: str = "", values: Mapping[str, object] | None = None
) -> Query:
    return Query(session.dialect.digest(lambda: session.connection, columns, [part], by), values or {})


def _shifts(session: Session, span: tuple[int, int], users: str | None) -> Query:
    """Of the tracked shifts, by user; where the server notes when each was written, that stands for its columns."""
    d = session.dialect
    table = session.shifts_by_start if users is None else session.by_user(session.own.shifts, "s")
    part, values = _of_ours(table, span, users)
    if d.notes_writes:
        return Query(f"SELECT s.user_id, count(*), {WRITTEN_AT} FROM {part} GROUP BY s.user_id", values)
    columns = {f"s.{name}": is_text_kind(d, kind) for name, kind in rows.MIRROR.items() if name != "changed_in_run"}
    return _query(session, columns, part, "s.user_id", values)


def _breaks(session: Session, span: tuple[int, int], users: str | None) -> Query:
    """Of the remembered breaks, by user."""
    d = session.dialect
    by_start = d.by_index(session.own.names.index("breaks", "start"))
    table = f"{session.own.breaks} s{by_start}" if users is None else session.by_user(session.own.breaks, "s")
    part, values = _of_ours(table, span, users)
    columns = {f"s.{name}": is_text_kind(d, kind) for name, kind in rows.BREAK.items()}
    return _query(session, columns, part, "s.user_id", values)


def _of_ours(table: str, span: tuple[int, int], users: str | None) -> tuple[str, dict[str, object]]:
    """FROM and WHERE of a table of ours `s`, and their values."""
    values: dict[str, object] = {"start": span[0], "end": span[1]}
    if users is not None:
        values["rows"] = users
    return f"{table} WHERE s.start_at >= :start AND s.start_at < :end", values


def _clock_times(session: Session, span: tuple[int, int], keys: range, only: Persons | None) -> Iterator[Query]:
    """Of the rows with an employee, by employee, in one query or two."""
    d, names = session.dialect, session.host.clock_times
    columns = host_columns(session, session.columns.clock_times, names, without={*STAMPS, *session.lacks}, alias="t.")
    who, key = session.canonical["employee_id"], f"t.{d.name(names.id)}"
    inside = d.between(f"t.{d.name(names.clock_in)}")
    values: dict[str, object] = {"start": span[0], "end": span[1]}
    has_one = f"t.{d.name(names.employee_id)} IS NOT NULL"
    by_clock_in, by_key = session.rows_by_clock_in, f"{session.clock_times} t"
    if only is not None:
        by_clock_in = by_key = session.rows_by_person
        values["rows"] = json_keys(only.employees)
    if not keys or not d.reads_by_key:
        yield _query(session, columns, f"{by_clock_in} WHERE {inside} AND {has_one}", who, values)
        return
    # In the same two parts for some people as for all: a person's digest is of both.
    values |= {"low": keys.start, "high": keys.stop}
    others = f"{inside} AND {has_one} AND ({key} < :low OR {key} >= :high)"
    yield _query(session, columns, f"{by_clock_in} WHERE {others}", who, values)
    these = f"{key} >= :low AND {key} < :high AND {inside} AND {has_one}"
    yield _query(session, columns, f"{by_key} WHERE {these}", who, values)


# -- what is kept ------------------------------------------------------------------------------------------------------


class UnchangedPerson(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A person about whom nothing was decided: their part of the answer and of the database, as digests."""

    user_id: int
    employee_id: RowId | None
    shifts: int
    minutes: int
    answer: bytes
    stored: bytes
    unremembered: tuple[int, ...] = ()

    @property
    def sums(self) -> PersonSums:
        """What they add to a plan."""
        return PersonSums(self.employee_id, self.shifts, self.minutes, self.unremembered)


class UnchangedPeople(msgspec.Struct, frozen=True, array_like=True):
    """The unchanged people of a slice. `base` is the digest of all inputs that concern everybody, `tables` that of the
    tables that do.
    """

    base: str
    tables: str
    people: tuple[UnchangedPerson, ...]

    @property
    def text(self) -> str:
        """As it is stored."""
        return msgspec.json.encode(self).decode()


def unchanged_people_of(text: str | None) -> UnchangedPeople | None:
    """What was stored; None if nothing was, or an other version of the program wrote it."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=UnchangedPeople)
    except msgspec.ValidationError:
        return None
