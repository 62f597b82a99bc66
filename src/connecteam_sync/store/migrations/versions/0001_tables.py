"""The tables that mirroring needs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, String, Text

from connecteam_sync.store.migrations.frozen import KEY, LONG, NAME, make

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    _mirrored()
    make("locked_days", Column("day", String(10), primary_key=True), Column("locked_at", BigInteger, nullable=False))
    _history()
    make(
        "guard",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("made_employees", SmallInteger, nullable=False),
    )


def _mirrored() -> None:
    make(
        "breaks",
        Column("id", NAME, primary_key=True),
        Column("user_id", BigInteger, nullable=False),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("break_type_id", NAME, nullable=False),
        Column("start_at", BigInteger, nullable=False),
        Column("start_timezone", NAME),
        Column("end_at", BigInteger),
        Column("end_timezone", NAME),
        Column("is_auto_clock_out", SmallInteger, nullable=False),
        Column("upstream_created_at", BigInteger),
        Column("upstream_modified_at", BigInteger),
        Column("is_gone", SmallInteger, nullable=False),
        start=["start_at"],
    )
    make(
        "shifts",
        Column("id", NAME, primary_key=True),
        Column("user_id", BigInteger, nullable=False),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("start_at", BigInteger, nullable=False),
        Column("start_timezone", NAME),
        Column("end_at", BigInteger),
        Column("end_timezone", NAME),
        Column("job_id", NAME),
        Column("sub_job_id", NAME),
        Column("scheduler_shift_id", NAME),
        Column("is_auto_clock_out", SmallInteger, nullable=False),
        Column("upstream_created_at", BigInteger),
        Column("upstream_modified_at", BigInteger),
        Column("clock_time_id", BigInteger),
        Column("applied_employee_id", BigInteger),
        Column("applied_clock_in", BigInteger),
        Column("applied_clock_out", BigInteger),
        Column("is_gone", SmallInteger, nullable=False),
        Column("changed_in_run", BigInteger, nullable=False),
        start=["start_at"],
        row=["clock_time_id"],
    )
    make(
        "users",
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("first_name", NAME, nullable=False),
        Column("last_name", NAME, nullable=False),
        Column("email", NAME),
        Column("is_archived", SmallInteger, nullable=False),
        Column("is_listed", SmallInteger, nullable=False),
        Column("employee_id", BigInteger),
    )


def _history() -> None:
    make(
        "changes",
        Column("id", KEY, primary_key=True),
        Column("run_id", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("clock_time_id", BigInteger, nullable=False),
        Column("shift_id", NAME),
        Column("employee_id", BigInteger, nullable=False),
        Column("previous_employee_id", BigInteger),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("why", Text, nullable=False),
        Column("change_json", LONG, nullable=False),
        Column("row_before", LONG),
        Column("row_after", LONG),
        Column("memory_before", LONG, nullable=False),
        counted=True,
        run=["run_id"],
        row=["clock_time_id"],
        employee=["employee_id"],
    )
    make(
        "holds",
        Column("id", KEY, primary_key=True),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("reason", String(32), nullable=False),
        Column("subject", NAME, nullable=False),
        Column("detail", Text, nullable=False),
        Column("shift_id", NAME),
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
        counted=True,
        open=["resolved_run", "time_clock_id"],
    )
    make(
        "runs",
        Column("id", KEY, primary_key=True),
        Column("kind", String(16), nullable=False),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("version", String(32), nullable=False),
        Column("host", NAME, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger),
        Column("undoes", BigInteger),
        Column("statements", Integer, nullable=False),
        Column("http_calls", Integer, nullable=False),
        counted=True,
    )
    make(
        "slices",
        Column("id", KEY, primary_key=True),
        Column("run_id", BigInteger, nullable=False),
        Column("time_clock_id", BigInteger),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("status", String(16), nullable=False),
        Column("receipt", LONG, nullable=False),
        Column("employees", LONG),
        counted=True,
        run=["run_id"],
    )
