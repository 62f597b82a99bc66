"""The console: who may sign in, who did what, plans that are kept, Connecteam's totals, and indexes of its pages."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Text

from connecteam_sync.store.migrations.frozen import KEY, LONG, NAME, add, make

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the tables and the indexes, add the columns."""
    make(
        "console_users",
        Column("name_key", NAME, primary_key=True),
        Column("name", NAME, nullable=False),
        Column("role", String(16), nullable=False),
        Column("secret_hash", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("generation", BigInteger, nullable=False),
    )
    make(
        "audit",
        Column("id", KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("by_whom", NAME, nullable=False),
        Column("trigger_kind", String(16), nullable=False),
        Column("action", String(64), nullable=False),
        Column("subject", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("run_id", BigInteger),
        counted=True,
        run=("run_id",),
    )
    make(
        "kept_plans",
        Column("fingerprint", String(64), primary_key=True),
        Column("made_at", BigInteger, nullable=False),
        Column("made_by", NAME, nullable=False),
        Column("state", String(16), nullable=False),
        Column("run_id", BigInteger),
        Column("plan", LONG, nullable=False),
        made=("made_at",),
    )
    make(
        "timesheets",
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("minutes", BigInteger, nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        clock=("time_clock_id", "day"),
    )
    add("runs", Column("asked_by", NAME), Column("trigger_kind", String(16)))
    # These tables are there: of their columns only the indexes are made.
    make(
        "shifts",
        Column("id", NAME, primary_key=True),
        Column("user_id", BigInteger, nullable=False),
        Column("start_at", BigInteger, nullable=False),
        person=("user_id", "start_at"),
    )
    make(
        "changes",
        Column("id", KEY, primary_key=True),
        Column("employee_id", BigInteger, nullable=False),
        Column("first_day", String(10), nullable=False),
        day=("first_day", "employee_id"),
    )
