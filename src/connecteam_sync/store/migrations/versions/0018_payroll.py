"""Payroll: periods, locks of single people, corrections after a close, exports, certificates."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, SmallInteger, String, Text, inspect
from sqlalchemy.types import TypeEngine

from connecteam_sync.store.migrations.frozen import KEY, LONG, NAME, add, make, quoted, reading, standing

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create the tables, add the columns."""
    make(
        "periods",
        Column("first_day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("last_day", String(10), nullable=False),
        Column("state", String(16), nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("event_id", BigInteger, nullable=False),
    )
    make(
        "period_events",
        Column("id", KEY, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("reason", Text, nullable=False),
        Column("anyway", SmallInteger, nullable=False),
        Column("checked", LONG),
        counted=True,
        period=("first_day",),
    )
    make(
        "person_locks",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("source", String(24), primary_key=True),
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("locked_at", BigInteger, nullable=False),
        Column("event_id", BigInteger, nullable=False),
    )
    make(
        "corrections",
        Column("id", KEY, primary_key=True),
        Column("employee_id", _type("applied_employee_id"), nullable=False),
        Column("user_id", BigInteger),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("subject", NAME, nullable=False),
        Column("shift_id", NAME),
        Column("clock_time_id", _type("clock_time_id")),
        Column("day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("minutes_before", BigInteger, nullable=False),
        Column("minutes_after", BigInteger, nullable=False),
        Column("delta_minutes", BigInteger, nullable=False),
        Column("content", LONG, nullable=False),
        Column("edited_at", BigInteger),
        Column("seen_at", BigInteger, nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("cause", Text, nullable=False),
        Column("state", String(16), nullable=False),
        Column("effective_first_day", String(10)),
        Column("effective_last_day", String(10)),
        Column("export_id", BigInteger),
        Column("counter_of", BigInteger),
        Column("decided_at", BigInteger),
        Column("decided_by", NAME),
        Column("reason", Text),
        counted=True,
        subject=("subject",),
        day=("day",),
        period=("effective_first_day",),
        state=("state",),
    )
    make(
        "exports",
        Column("id", KEY, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("format", String(24), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("file_name", NAME, nullable=False),
        Column("file_hash", String(64), nullable=False),
        Column("file_lines", BigInteger, nullable=False),
        Column("minutes", BigInteger, nullable=False),
        Column("corrections", LONG, nullable=False),
        Column("replaces", BigInteger),
        Column("reason", Text, nullable=False),
        counted=True,
        period=("first_day",),
    )
    make(
        "certificates",
        Column("id", KEY, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("payload", LONG, nullable=False),
        Column("payload_hash", String(64), nullable=False),
        Column("signature", Text, nullable=False),
        Column("public_key", Text, nullable=False),
        Column("previous_hash", String(64)),
        Column("mismatch", Text),
        counted=True,
        period=("first_day",),
    )
    add("lock_events", Column("source", String(24)), Column("people", LONG))
    # The next look at its day says it again, and makes the correction that goes with it.
    op.execute(
        f"UPDATE {quoted('holds')} SET detail = 'payroll has closed its day; the next look at it says what is not"
        " written' WHERE reason = 'locked_day' AND resolved_run IS NULL"
    )


def _type(column: str) -> TypeEngine[Any]:
    """The type in which our shifts hold the keys of the host's rows: it may be text or UUID by now (0005)."""
    table, schema = standing("shifts")
    for found in inspect(reading()).get_columns(table, schema=schema):
        if found["name"] == column:
            return found["type"]
    return BigInteger()
