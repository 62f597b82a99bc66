"""Whether the rows of the host's table fit the configuration: checked once per state of the table, before any write.

Types do not show whose ids a column holds, nor which word means that a shift is over. If most rows contradict the
configuration, the configuration is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.columns import of_kind
from connecteam_sync.core.text import many
from connecteam_sync.errors import NotServed
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.causes import codes_of
from connecteam_sync.store.sql.errors import DENIED
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.support import TableFault, rewritten, shape

_SHOWN = 4
"""The most words that are named in one line."""


def require_contents(session: Session) -> None:
    """Raises NotServed if the rows contradict the configuration."""
    for fault in faults(session):
        raise NotServed(f"{fault.message}; nothing was written", next_step=fault.cure)


def faults(session: Session) -> tuple[TableFault, ...]:
    """Contradictions between the rows of the table and the configuration, a sentence each."""
    return (
        *_time_formats(session),
        *_duplicate_ids(session),
        *_unknown_employees(session),
        *(fault for target in _other_targets(session) if (fault := target.fault)),
        *_flag_words(session),
    )


class _OtherTarget(NamedTuple):
    """A foreign key of the employee that does not point at the id of the people, and how far the values agree."""

    message: str
    people: int
    known: int
    """The number of `people` whose id is in the target, too (if that is the table of people: in the same row)."""
    cure: str
    is_people: bool

    @property
    def fault(self) -> TableFault | None:
        """The fault if no row could be written: none of the ids is in the target, or other people's ids are."""
        if not self.people or (self.known == self.people if self.is_people else self.known):
            return None
        what = "not the id of that row" if self.is_people else "where none of them stands: every row would be refused"
        return TableFault(f"{self.message}, {what}", self.cure)


def elsewhere(session: Session) -> Iterator[str]:
    """Remarks on foreign keys that point at another table, and still let rows be written."""
    for target in _other_targets(session):
        if not target.fault and not target.is_people and "view" not in session.columns.definition.employees.kind:
            lost = target.people - target.known
            yield f"{target.message}" + (
                f"; {lost:,} of {target.people:,} ids are not there: their hours are held" if lost else ""
            )


def _other_targets(session: Session) -> Iterator[_OtherTarget]:
    """The foreign keys that do not point at the id of the people, with a comparison of the values."""
    d, host, columns = session.dialect, session.host, session.columns
    own = d.as_text(f"e.{d.name(host.employees.id)}", "")
    for target in columns.definition.targets:
        place = f"{target.table}.{target.column}"
        if target.is_people and target.column.lower() == host.employees.id.lower():
            continue
        theirs = d.as_text(d.exact(target.column), "")
        if target.is_people:
            known = f"{d.as_text(f'e.{d.exact(target.column)}', '')} = {own}"
        else:
            known = f"{own} IN (SELECT {theirs} FROM {d.exact(*filter(None, (target.schema, target.table)))})"
        query = Query(
            f"SELECT count(*), coalesce(sum(CASE WHEN {known} THEN 1 ELSE 0 END), 0)"
            f" FROM {d.table(host.employees.table)} e"
        )
        try:
            with session.connection.begin_nested():
                people, there = session.fetch(query)[0][0]
        except DBAPIError as error:
            if not codes_of(error) & DENIED:
                raise
            continue  # A table that may not be read is not compared: a row that the key refuses is held.
        names, key = host.clock_times, f" ({target.key})" if d.names_foreign_keys else ""
        yield _OtherTarget(
            f"a foreign key{key} has {names.employee_id} of {names.table} point at {place}, and the"
            f" configured people are {host.employees.table}.{host.employees.id}",
            int(people),
            int(there),
            f'say where the people are under [tables.employees]: id = "{target.column}"'
            if target.is_people
            else f'say where the people are under [tables.employees]: table = "{target.table}" (and its columns), or'
            " have the key point at them; then connecteam-sync doctor",
            target.is_people,
        )


_GOOD = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]"


def _time_formats(session: Session) -> Iterator[TableFault]:
    """Times in another format. If columns are loosely typed (SQLite), each value is checked, not only the ends."""
    names, d = session.host.clock_times, session.dialect
    if not d.is_loosely_typed or names.clock_in_unit is not None:
        return
    for name in (getattr(names, field) for field in of_kind("moment")):
        column, key = f"t.{d.name(name)}", session.canonical["id"]
        odd = Query(
            f"SELECT {column}, count(*), min({key}) FROM {session.clock_times} t WHERE {column} IS NOT NULL"
            f" AND {column} <> ''"
            f" AND (typeof({column}) <> 'text' OR NOT ({column} GLOB '{_GOOD}' OR {column} GLOB '{_GOOD}.*'))"
        )
        value, count, first = session.fetch(odd)[0][0]
        if count:
            yield TableFault(
                f"column {name!r} of table {names.table!r} holds {many(count, 'value')} written like"
                f" {shape(str(value))!r} (the first in row {first}), to be read as another time or as none",
                f"write them as YYYY-MM-DD HH:MM:SS, in UTC ({rewritten(names.table, name, str(value))}), then"
                " connecteam-sync doctor",
            )


def _duplicate_ids(session: Session) -> Iterator[TableFault]:
    """Duplicate ids: they do not identify a row."""
    names, key = session.host.clock_times, session.canonical["id"]
    doubles = Query(f"SELECT {key} FROM {session.clock_times} t GROUP BY {key} HAVING count(*) > 1 LIMIT 1")
    if session.fetch(doubles)[0]:
        yield TableFault(
            f"column {names.id!r} of table {names.table!r} has some value twice: a row cannot be told by it",
            f"name the column that is unique under [tables.clock_times] id, or make {names.id} the primary key",
        )


class UnknownEmployees(NamedTuple):
    """How many rows (`lost`, of `every`) are of employees whom the table of people does not have, and who these are."""

    lost: int
    every: int
    ids: tuple[str, ...]

    @property
    def are_most(self) -> bool:
        """Whether it is another table, or another column, that has the people."""
        return self.lost * 2 > self.every


def unknown_employees(session: Session) -> UnknownEmployees:
    """Read from all rows."""
    names = session.host.clock_times
    employee = session.canonical["employee_id"]
    counted = Query(
        f"SELECT who, count(*) FROM (SELECT {employee} AS who FROM {session.clock_times} t"
        f" WHERE t.{session.dialect.name(names.employee_id)} IS NOT NULL"
        f" AND {session.canonical['clock_in']} IS NOT NULL) AS q GROUP BY who"
    )
    rows, known = session.fetch(counted)[0], {str(one.id) for one in session.employees()}
    lost = {str(key): int(count) for key, count in rows if str(key) not in known}
    return UnknownEmployees(sum(lost.values()), sum(int(count) for _, count in rows), tuple(sorted(lost)))


def _unknown_employees(session: Session) -> Iterator[TableFault]:
    """Most rows are of employees whom the table of people does not have: it is another table, or another column."""
    names, people, found = session.host.clock_times, session.host.employees, unknown_employees(session)
    if found.are_most:
        yield TableFault(
            f"{found.lost:,} of {found.every:,} rows of {names.table} have an {names.employee_id} that is in no row of"
            f" {people.table}: that is not the table of their people",
            "name it in connecteam-sync.toml, [tables.employees] table (and its columns), then connecteam-sync doctor",
        )


def _flag_words(session: Session) -> Iterator[TableFault]:
    """The words of the flag: others than the configured ones, or the configured ones in the wrong order."""
    names, words = session.host.clock_times, session.host.clock_times.is_active_words
    if words is None:
        return
    d = session.dialect
    flag = d.as_text(f"t.{d.name(names.is_active)}", session.columns.kind_of(names.is_active))
    is_open = f"CASE WHEN t.{d.name(names.clock_out)} IS NULL THEN 1 ELSE 0 END"
    counted = Query(f"SELECT {flag}, {is_open}, count(*) FROM {session.clock_times} t GROUP BY {flag}, {is_open}")
    found = [(str(word), bool(is_open), int(count)) for word, is_open, count in session.fetch(counted)[0] if word]
    where = f"column {names.is_active!r} of table {names.table!r}"
    others = sorted({word for word, *_ in found} - {*words})
    if others:
        shown = ", ".join(map(repr, others[:_SHOWN])) + (" and more" if len(others) > _SHOWN else "")
        yield TableFault(
            f"{where} also holds {shown}, and is_active_words names {words[0]!r} and {words[1]!r}",
            "name the two words that stand there, that of a shift that is over first; then connecteam-sync doctor",
        )
    closed = {word: count for word, is_open, count in found if not is_open}
    if closed.get(words[1], 0) > closed.get(words[0], 0):
        yield TableFault(
            f"{where} says {words[1]!r} in {closed[words[1]]:,} rows with a {names.clock_out}, which is the word of a"
            " shift that is not over",
            f'turn the words round: is_active_words = ["{words[1]}", "{words[0]}"]; then connecteam-sync doctor',
        )
