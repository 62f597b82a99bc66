"""Our own tables. Instants are whole epoch seconds, days ISO text, flags 0 or 1; migrations make and change them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, SmallInteger, String, Table, Text


class _LongText(Text):
    """MySQL's LONGTEXT, by the name its compiler knows: the dialect would bring every driver of MySQL along."""

    __visit_name__ = "LONGTEXT"


Key = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite grows a key by itself only where it is declared INTEGER."""
Name = String(191)
Long = Text().with_variant(_LongText(), "mysql", "mariadb")

VERSION = "0005"
"""The newest migration: what this program needs."""
VERSION_TABLE = "connecteam_sync_version"
"""Where Alembic notes which migration the tables are at."""

metadata = MetaData()


def _table(name: str, *columns: Column[Any] | Index) -> Table:
    """A table of ours. What only its making needs to know, per database, is said in `migrations`."""
    return Table(name, metadata, *columns)


connecteam_users = _table(
    "connecteam_users",
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_name", Name, nullable=False),
    Column("last_name", Name, nullable=False),
    Column("email", Name),
    Column("is_archived", SmallInteger, nullable=False),
    Column("is_listed", SmallInteger, nullable=False),
    Column("employee_id", BigInteger),
)

connecteam_shifts = _table(
    "connecteam_shifts",
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
    Column("changed_in_run", BigInteger, nullable=False),
    Index("ix_connecteam_shifts_start", "start_at"),
    Index("ix_connecteam_shifts_row", "clock_time_id"),
)

connecteam_breaks = _table(
    "connecteam_breaks",
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
    Index("ix_connecteam_breaks_start", "start_at"),
)

sync_runs = _table(
    "sync_runs",
    Column("id", Key, primary_key=True),
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
)

sync_slices = _table(
    "sync_slices",
    Column("id", Key, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("time_clock_id", BigInteger),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("status", String(16), nullable=False),
    Column("receipt", Long, nullable=False),
    Column("employees", Long),
    Index("ix_sync_slices_run", "run_id"),
)

sync_inputs = _table(
    "sync_inputs",
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

sync_changes = _table(
    "sync_changes",
    Column("id", Key, primary_key=True),
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
    Index("ix_sync_changes_run", "run_id"),
    Index("ix_sync_changes_row", "clock_time_id"),
    Index("ix_sync_changes_employee", "employee_id"),
)

sync_holds = _table(
    "sync_holds",
    Column("id", Key, primary_key=True),
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
    Index("ix_sync_holds_open", "resolved_run", "time_clock_id"),
)

locked_days = _table(
    "locked_days",
    Column("day", String(10), primary_key=True),
    Column("locked_at", BigInteger, nullable=False),
)

sync_adoptions = _table(
    "sync_adoptions",
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("had_key", SmallInteger, nullable=False),
    Column("indexes", Long, nullable=False),
    Column("backup_table", Name),
    Column("backup_rows", BigInteger, nullable=False),
    Column("backup_checksum", String(64), nullable=False),
)

sync_references = _table(
    "sync_references",
    Column("id", Key, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("table_name", Name, nullable=False),
    Column("column_name", Name, nullable=False),
    Column("row_key", Text, nullable=False),
    Column("from_id", BigInteger, nullable=False),
    Column("to_id", BigInteger, nullable=False),
    Index("ix_sync_references_run", "run_id"),
)

sync_guard = _table(
    "sync_guard",
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("made_employees", SmallInteger, nullable=False),
)
