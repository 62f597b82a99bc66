"""Our own tables. Instants are whole epoch seconds, days ISO text, flags 0 or 1; migrations make and change them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, SmallInteger, String, Table, Text, Uuid
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.sql.schema import RETAIN_SCHEMA

from connecteam_sync.store.tables import console_schema, payroll_schema, service_schema
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.templates import CountedKey, Long, Name, template, templates

VERSION = "0020"
"""The newest migration, which this program needs."""
TOUCHED = "touched_at"
"""The time when the server last wrote a shift, if it `notes_writes`."""

template(
    "users",
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_name", Name, nullable=False),
    Column("last_name", Name, nullable=False),
    Column("email", Name),
    Column("is_archived", SmallInteger, nullable=False),
    Column("is_listed", SmallInteger, nullable=False),
    Column("employee_id", BigInteger),
    Column("phone", Name),
)

template(
    "shifts",
    Column("id", Name, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("time_clock_id", BigInteger, nullable=False),
    Column("start_at", BigInteger, nullable=False),
    Column("start_timezone", Name),
    Column("end_at", BigInteger),
    Column("end_timezone", Name),
    Column("job_id", Name),
    Column("sub_job_id", Name),
    Column("scheduler_shift_id", Name),
    Column("is_auto_clock_out", SmallInteger, nullable=False),
    Column("upstream_created_at", BigInteger),
    Column("upstream_modified_at", BigInteger),
    Column("clock_time_id", BigInteger),
    Column("applied_employee_id", BigInteger),
    Column("applied_clock_in", BigInteger),
    Column("applied_clock_out", BigInteger),
    Column("is_gone", SmallInteger, nullable=False),
    Column("former_clock_time_id", BigInteger),
    Column("changed_in_run", BigInteger, nullable=False),
    Index("start", "start_at"),
    Index("person", "user_id", "start_at"),
    Index("row", "clock_time_id", unique=True),
)

template(
    "breaks",
    Column("id", Name, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("time_clock_id", BigInteger, nullable=False),
    Column("break_type_id", Name, nullable=False),
    Column("start_at", BigInteger, nullable=False),
    Column("start_timezone", Name),
    Column("end_at", BigInteger),
    Column("end_timezone", Name),
    Column("is_auto_clock_out", SmallInteger, nullable=False),
    Column("upstream_created_at", BigInteger),
    Column("upstream_modified_at", BigInteger),
    Column("is_gone", SmallInteger, nullable=False),
    Index("start", "start_at"),
    Index("person", "user_id", "time_clock_id", "start_at"),
)

template(
    "runs",
    Column("id", CountedKey, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("host", Name, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("undoes", BigInteger),
    Column("statements", Integer, nullable=False),
    Column("http_calls", Integer, nullable=False),
    Column("asked_by", Name),
    Column("trigger_kind", String(16)),
)

template(
    "slices",
    Column("id", CountedKey, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("time_clock_id", BigInteger),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("status", String(16), nullable=False),
    Column("receipt", Long, nullable=False),
    Column("employees", Long),
    Index("run", "run_id"),
)

template(
    "inputs",
    Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_day", String(10), primary_key=True),
    Column("last_day", String(10), primary_key=True),
    Column("slice_id", BigInteger, nullable=False),
    Column("inputs", String(64), nullable=False),
    Column("first_instant", BigInteger, nullable=False),
    Column("last_instant", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("first_key", BigInteger),
    Column("last_key", BigInteger),
)

template(
    "changes",
    Column("id", CountedKey, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("clock_time_id", BigInteger, nullable=False),
    Column("shift_id", Name),
    Column("employee_id", BigInteger, nullable=False),
    Column("previous_employee_id", BigInteger),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("why", Text, nullable=False),
    Column("change_json", Long, nullable=False),
    Column("row_before", Long),
    Column("row_after", Long),
    Column("memory_before", Long, nullable=False),
    Index("run", "run_id"),
    Index("row", "clock_time_id"),
    Index("employee", "employee_id"),
    Index("day", "first_day", "employee_id"),
)

template(
    "holds",
    Column("id", CountedKey, primary_key=True),
    Column("time_clock_id", BigInteger, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("subject", Name, nullable=False),
    Column("detail", Text, nullable=False),
    Column("shift_id", Name),
    Column("user_id", BigInteger),
    Column("clock_time_id", BigInteger),
    Column("employee_id", BigInteger),
    Column("instant", BigInteger),
    Column("minutes", BigInteger, nullable=False),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("first_run", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("resolved_run", BigInteger),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", Name),
    Column("acknowledged_reason", Text),
    Index("open", "resolved_run", "time_clock_id"),
)

template(
    "locked_days",
    Column("day", String(10), primary_key=True),
    Column("timezone", String(64), primary_key=True),
    Column("locked_at", BigInteger, nullable=False),
    Column("event_id", BigInteger),
)

template(
    "lock_events",
    Column("id", CountedKey, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("days", Long, nullable=False),
    Column("anyway", SmallInteger, nullable=False),
    Column("verified", Long),
    Column("source", String(24)),
    Column("people", Long),
)

template(
    "adoptions",
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("had_key", SmallInteger, nullable=False),
    Column("indexes", Long, nullable=False),
    Column("backup_table", Name),
    Column("backup_rows", BigInteger, nullable=False),
    Column("backup_checksum", String(64), nullable=False),
)

template(
    "references",
    Column("id", CountedKey, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("table_name", Name, nullable=False),
    Column("column_name", Name, nullable=False),
    Column("row_key", Text, nullable=False),
    Column("from_id", BigInteger, nullable=False),
    Column("to_id", BigInteger, nullable=False),
    Index("run", "run_id"),
)

template(
    "account",
    Column("id", CountedKey, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("run_id", BigInteger),
    Column("actor", Name),
    Column("what", Name, nullable=False),
    Column("company_id", Name),
    Column("company_name", Name),
    Column("region", String(16)),
    Column("timezone", String(64)),
    Column("time_clocks", Long, nullable=False),
    Column("known_by", String(16)),
    Column("key_salt", String(32)),
    Column("key_digest", String(64)),
)

template(
    "vouches",
    Column("id", CountedKey, primary_key=True),
    Column("time_clock_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("withdrawn_by", Name),
)

template(
    "guard",
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("made_employees", SmallInteger, nullable=False),
    Column("probed", String(64)),
    Column("place", String(255)),
)

service_schema.define()
console_schema.define()
payroll_schema.define()


class Tables(NamedTuple):
    """Our tables for SQLAlchemy, by kind, without the table in which Alembic keeps their version."""

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
    metadata = MetaData()
    tables = {kind: _named(table, names, metadata) for kind, table in templates.tables.items()}
    for columns, spelled in ((LINKS, link), (PERSONS, who)):
        if spelled.upper().startswith("BIGINT"):
            continue
        for kind, several in columns.items():
            for column in several:
                tables[kind].c[column].type = Uuid(as_uuid=False) if spelled == "uuid" else Text()
    return Tables(**tables)


def indexes_of(table: Table) -> list[Index]:
    """The indexes of a table, by name: SQLAlchemy keeps a set of them, in another order in each process."""
    return sorted(table.indexes, key=lambda index: str(index.name))


def _named(template: Table, names: OwnNames, metadata: MetaData) -> Table:
    table = template.to_metadata(metadata, name=names.name(template.name), schema=names.schema or RETAIN_SCHEMA)
    for index in table.indexes:
        index.name = quoted_name(names.index(template.name, str(index.name)), None)
    return table
