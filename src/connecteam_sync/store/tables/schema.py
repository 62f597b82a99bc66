"""Our own tables. Instants are whole epoch seconds, days ISO text, flags 0 or 1; migrations make and change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, String, Table, Text, Uuid
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

from connecteam_sync.store.tables import console_schema, payroll_schema, service_schema
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.templates import CountedKey, Long, Name, column, index, made, template

VERSION = "0021"
"""The newest migration, which this program needs."""
TOUCHED = "touched_at"
"""The time when the server last wrote a shift, if it `notes_writes`."""

template(
    "users",
    column("user_id", BigInteger, primary_key=True, autoincrement=False),
    column("first_name", Name, nullable=False),
    column("last_name", Name, nullable=False),
    column("email", Name),
    column("is_archived", SmallInteger, nullable=False),
    column("is_listed", SmallInteger, nullable=False),
    column("employee_id", BigInteger),
    column("phone", Name),
)

template(
    "shifts",
    column("id", Name, primary_key=True),
    column("user_id", BigInteger, nullable=False),
    column("time_clock_id", BigInteger, nullable=False),
    column("start_at", BigInteger, nullable=False),
    column("start_timezone", Name),
    column("end_at", BigInteger),
    column("end_timezone", Name),
    column("job_id", Name),
    column("sub_job_id", Name),
    column("scheduler_shift_id", Name),
    column("is_auto_clock_out", SmallInteger, nullable=False),
    column("upstream_created_at", BigInteger),
    column("upstream_modified_at", BigInteger),
    column("clock_time_id", BigInteger),
    column("applied_employee_id", BigInteger),
    column("applied_clock_in", BigInteger),
    column("applied_clock_out", BigInteger),
    column("is_gone", SmallInteger, nullable=False),
    column("former_clock_time_id", BigInteger),
    column("changed_in_run", BigInteger, nullable=False),
    index("start", "start_at"),
    index("person", "user_id", "start_at"),
    index("row", "clock_time_id", unique=True),
)

template(
    "breaks",
    column("id", Name, primary_key=True),
    column("user_id", BigInteger, nullable=False),
    column("time_clock_id", BigInteger, nullable=False),
    column("break_type_id", Name, nullable=False),
    column("start_at", BigInteger, nullable=False),
    column("start_timezone", Name),
    column("end_at", BigInteger),
    column("end_timezone", Name),
    column("is_auto_clock_out", SmallInteger, nullable=False),
    column("upstream_created_at", BigInteger),
    column("upstream_modified_at", BigInteger),
    column("is_gone", SmallInteger, nullable=False),
    index("start", "start_at"),
    index("person", "user_id", "time_clock_id", "start_at"),
)

template(
    "runs",
    column("id", CountedKey, primary_key=True),
    column("kind", String(16), nullable=False),
    column("first_day", String(10), nullable=False),
    column("last_day", String(10), nullable=False),
    column("timezone", String(64), nullable=False),
    column("version", String(32), nullable=False),
    column("host", Name, nullable=False),
    column("started_at", BigInteger, nullable=False),
    column("finished_at", BigInteger),
    column("undoes", BigInteger),
    column("statements", Integer, nullable=False),
    column("http_calls", Integer, nullable=False),
    column("asked_by", Name),
    column("trigger_kind", String(16)),
)

template(
    "slices",
    column("id", CountedKey, primary_key=True),
    column("run_id", BigInteger, nullable=False),
    column("time_clock_id", BigInteger),
    column("first_day", String(10), nullable=False),
    column("last_day", String(10), nullable=False),
    column("status", String(16), nullable=False),
    column("receipt", Long, nullable=False),
    column("employees", Long),
    index("run", "run_id"),
)

template(
    "inputs",
    column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
    column("first_day", String(10), primary_key=True),
    column("last_day", String(10), primary_key=True),
    column("slice_id", BigInteger, nullable=False),
    column("inputs", String(64), nullable=False),
    column("first_instant", BigInteger, nullable=False),
    column("last_instant", BigInteger, nullable=False),
    column("digest", String(64), nullable=False),
    column("first_key", BigInteger),
    column("last_key", BigInteger),
    column("people", Long),
)

template(
    "changes",
    column("id", CountedKey, primary_key=True),
    column("run_id", BigInteger, nullable=False),
    column("at", BigInteger, nullable=False),
    column("kind", String(16), nullable=False),
    column("clock_time_id", BigInteger, nullable=False),
    column("shift_id", Name),
    column("employee_id", BigInteger, nullable=False),
    column("previous_employee_id", BigInteger),
    column("first_day", String(10), nullable=False),
    column("last_day", String(10), nullable=False),
    column("why", Text, nullable=False),
    column("change_json", Long, nullable=False),
    column("row_before", Long),
    column("row_after", Long),
    column("memory_before", Long, nullable=False),
    index("run", "run_id"),
    index("row", "clock_time_id"),
    index("employee", "employee_id"),
    index("day", "first_day", "employee_id"),
)

template(
    "holds",
    column("id", CountedKey, primary_key=True),
    column("time_clock_id", BigInteger, nullable=False),
    column("reason", String(32), nullable=False),
    column("subject", Name, nullable=False),
    column("detail", Text, nullable=False),
    column("shift_id", Name),
    column("user_id", BigInteger),
    column("clock_time_id", BigInteger),
    column("employee_id", BigInteger),
    column("instant", BigInteger),
    column("minutes", BigInteger, nullable=False),
    column("first_day", String(10), nullable=False),
    column("last_day", String(10), nullable=False),
    column("first_run", BigInteger, nullable=False),
    column("first_seen", BigInteger, nullable=False),
    column("resolved_run", BigInteger),
    column("acknowledged_at", BigInteger),
    column("acknowledged_by", Name),
    column("acknowledged_reason", Text),
    index("open", "resolved_run", "time_clock_id"),
)

template(
    "locked_days",
    column("day", String(10), primary_key=True),
    column("timezone", String(64), primary_key=True),
    column("locked_at", BigInteger, nullable=False),
    column("event_id", BigInteger),
)

template(
    "lock_events",
    column("id", CountedKey, primary_key=True),
    column("kind", String(16), nullable=False),
    column("at", BigInteger, nullable=False),
    column("actor", Name, nullable=False),
    column("reason", Text, nullable=False),
    column("days", Long, nullable=False),
    column("anyway", SmallInteger, nullable=False),
    column("verified", Long),
    column("source", String(24)),
    column("people", Long),
)

template(
    "adoptions",
    column("run_id", BigInteger, primary_key=True, autoincrement=False),
    column("had_key", SmallInteger, nullable=False),
    column("indexes", Long, nullable=False),
    column("backup_table", Name),
    column("backup_rows", BigInteger, nullable=False),
    column("backup_checksum", String(64), nullable=False),
)

template(
    "references",
    column("id", CountedKey, primary_key=True),
    column("run_id", BigInteger, nullable=False),
    column("table_name", Name, nullable=False),
    column("column_name", Name, nullable=False),
    column("row_key", Text, nullable=False),
    column("from_id", BigInteger, nullable=False),
    column("to_id", BigInteger, nullable=False),
    index("run", "run_id"),
)

template(
    "account",
    column("id", CountedKey, primary_key=True),
    column("at", BigInteger, nullable=False),
    column("run_id", BigInteger),
    column("actor", Name),
    column("what", Name, nullable=False),
    column("company_id", Name),
    column("company_name", Name),
    column("region", String(16)),
    column("timezone", String(64)),
    column("time_clocks", Long, nullable=False),
    column("known_by", String(16)),
    column("key_salt", String(32)),
    column("key_digest", String(64)),
)

template(
    "vouches",
    column("id", CountedKey, primary_key=True),
    column("time_clock_id", BigInteger, nullable=False),
    column("at", BigInteger, nullable=False),
    column("actor", Name, nullable=False),
    column("reason", Text, nullable=False),
    column("withdrawn_at", BigInteger),
    column("withdrawn_by", Name),
)

template(
    "guard",
    column("id", Integer, primary_key=True, autoincrement=False),
    column("made_employees", SmallInteger, nullable=False),
    column("probed", String(64)),
    column("place", String(255)),
)

service_schema.define()
console_schema.define()
payroll_schema.define()


class Tables:
    """Our tables for SQLAlchemy, by kind, without the table in which Alembic keeps their version.

    Each is made when it is asked for first, and is the same one from then on.
    """

    users: Table
    shifts: Table
    breaks: Table
    runs: Table
    slices: Table
    inputs: Table
    changes: Table
    holds: Table
    locked_days: Table
    lock_events: Table
    adoptions: Table
    references: Table
    account: Table
    vouches: Table
    clocks: Table
    days: Table
    break_types: Table
    jobs: Table
    proofs: Table
    quiet_looks: Table
    assignments: Table
    service: Table
    doorbells: Table
    announced: Table
    looks: Table
    alerts: Table
    console_users: Table
    audit: Table
    kept_plans: Table
    timesheets: Table
    periods: Table
    period_events: Table
    person_locks: Table
    corrections: Table
    exports: Table
    certificates: Table
    purges: Table
    legal_holds: Table
    erasures: Table
    guard: Table

    def __init__(self, names: OwnNames, types: Mapping[tuple[str, str], TypeEngine[str]]) -> None:
        self._names, self._types = names, types

    if not TYPE_CHECKING:  # checkers know the tables by their annotations, and no other

        def __getattr__(self, kind: str) -> Table:
            if kind not in _KINDS:
                raise AttributeError(kind)
            # Of two threads that make it at once, both get the first one's.
            return self.__dict__.setdefault(kind, _named(kind, self._names, self._types))

    def __getitem__(self, kind: str) -> Table:
        found: Table = getattr(self, kind)
        return found

    def __iter__(self) -> Iterator[Table]:
        return iter(self.by_kind().values())

    def by_kind(self) -> dict[str, Table]:
        """All of them."""
        return {kind: self[kind] for kind in _KINDS}


_KINDS = tuple(Tables.__annotations__)
"""The kinds of our tables, in the order in which they are made."""

LINKS = {
    "shifts": ("clock_time_id", "former_clock_time_id"),
    "changes": ("clock_time_id",),
    "holds": ("clock_time_id",),
    "references": ("from_id", "to_id"),
    "corrections": ("clock_time_id",),
}
"""Columns of ours that hold the key of a row of `clock_times`."""
PERSONS = {
    "users": ("employee_id",),
    "shifts": ("applied_employee_id",),
    "changes": ("employee_id", "previous_employee_id"),
    "holds": ("employee_id",),
    "corrections": ("employee_id",),
    "legal_holds": ("employee_id",),
    "erasures": ("employee_id",),
}
"""Columns of ours that hold the key of an employee."""


@lru_cache
def tables_of(names: OwnNames, link: str = "bigint", who: str = "bigint") -> Tables:
    """Our tables and indexes under the configured names.

    `link` and `who` are the types of the columns that hold keys of the host's (`dialect.own_type`).
    """
    types: dict[tuple[str, str], TypeEngine[str]] = {}
    for columns, spelled in ((LINKS, link), (PERSONS, who)):
        if not spelled.upper().startswith("BIGINT"):
            keys = ((kind, name) for kind, several in columns.items() for name in several)
            types |= dict.fromkeys(keys, Uuid(as_uuid=False) if spelled == "uuid" else Text())
    return Tables(names, types)


def indexes_of(table: Table) -> list[Index]:
    """The indexes of a table, by name: SQLAlchemy keeps a set of them, in another order in each process."""
    return sorted(table.indexes, key=lambda index: str(index.name))


def _named(kind: str, names: OwnNames, types: Mapping[tuple[str, str], TypeEngine[str]]) -> Table:
    table = made(kind, names.name(kind), names.schema)
    for (of, name), key_type in types.items():
        if of == kind:
            table.c[name].type = key_type
    for each in table.indexes:
        each.name = quoted_name(names.index(kind, str(each.name)), None)
    return table
