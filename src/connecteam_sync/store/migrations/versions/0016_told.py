"""Doorbells, looks that are counted, alerts, days that are proven, receipts that are folded, and assignments."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, String, Text

from connecteam_sync.store.migrations.frozen import LONG, NAME, add, make

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables and the index, add the column."""
    make(
        "doorbells",
        Column("bell_key", NAME, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("state", String(16), nullable=False),
        Column("kind", String(64)),
        Column("event_type", String(64)),
        Column("time_clock_id", BigInteger),
        Column("activity_id", NAME),
        Column("user_id", BigInteger),
        Column("event_at", BigInteger),
        Column("starts_at", BigInteger),
        Column("ends_at", BigInteger),
        Column("received_at", BigInteger, nullable=False),
        Column("deliveries", Integer, nullable=False),
        Column("fitted", String(32), nullable=False),
        Column("look_at", BigInteger),
        Column("look_token", String(36)),
        Column("looks", SmallInteger, nullable=False),
        Column("heard_at", BigInteger),
        Column("run_id", BigInteger),
        Column("found", String(16)),
        number=("number",),
        look=("look_at",),
        clock=("time_clock_id",),
        activity=("activity_id",),
    )
    make(
        "announced",
        Column("change_id", BigInteger, primary_key=True, autoincrement=False),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("shift_id", NAME, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("is_announced", SmallInteger, nullable=False),
        clock=("time_clock_id", "kind"),
        shift=("shift_id",),
    )
    make(
        "looks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("first_look", BigInteger, nullable=False),
        Column("last_look", BigInteger, nullable=False),
        Column("last_good", BigInteger),
        Column("fresh", BigInteger),
        Column("looks", BigInteger, nullable=False),
        Column("bad", Integer, nullable=False),
        Column("good", Integer, nullable=False),
        Column("bad_since", BigInteger),
        Column("trouble_since", BigInteger),
        Column("error", LONG),
    )
    make(
        "alerts",
        Column("name", String(32), primary_key=True),
        Column("state", String(16), nullable=False),
        Column("number", Integer, nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("is_counted", SmallInteger, nullable=False),
        Column("good", Integer, nullable=False),
        Column("looks", BigInteger, nullable=False),
        Column("message", Text, nullable=False),
        Column("next_step", Text, nullable=False),
        Column("told", LONG, nullable=False),
    )
    make(
        "proofs",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("proven_at", BigInteger, nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("exit_code", SmallInteger, nullable=False),
        Column("seen_change", BigInteger, nullable=False),
    )
    make(
        "quiet_looks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("first_at", BigInteger, nullable=False),
        Column("last_at", BigInteger, nullable=False),
        Column("looks", Integer, nullable=False),
        Column("http_calls", Integer, nullable=False),
        Column("newest_run", BigInteger, nullable=False),
        Column("newest_receipt", LONG, nullable=False),
    )
    make(
        "assignments",
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("asked_at", BigInteger, nullable=False),
        Column("time_clocks", LONG),
    )
    add("clocks", Column("cadence_why", String(16)))
    # The table is there: of these columns only the index is made, which joins a shift with its breaks.
    make(
        "breaks",
        Column("id", NAME, primary_key=True),
        Column("user_id", BigInteger, nullable=False),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("start_at", BigInteger, nullable=False),
        person=("user_id", "time_clock_id", "start_at"),
    )
