"""What a service keeps: when to look, doorbells, alerts, proofs; days as instants, break types, assignments."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, SmallInteger, String, Text

from connecteam_sync.store.migrations.frozen import KEY, LONG, NAME, columns, given, index, indexes, make, name

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the tables."""
    make(
        "clocks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("name", NAME, nullable=False),
        Column("state", String(16), nullable=False),
        Column("cadence", Integer, nullable=False),
        Column("next_due", BigInteger, nullable=False),
        Column("days_wanted", LONG, nullable=False),
        Column("lease_token", String(36)),
        Column("lease_until", BigInteger, nullable=False),
        Column("last_look", BigInteger),
        Column("last_good", BigInteger),
        Column("last_change", BigInteger),
        Column("failures", Integer, nullable=False),
        Column("successes", Integer, nullable=False),
        Column("last_error", LONG),
        Column("paused_at", BigInteger),
        Column("paused_by", NAME),
        Column("paused_reason", Text),
    )
    is_there = bool(columns("doorbells"))
    make(
        "doorbells",
        Column("id", KEY, primary_key=True),
        Column("bell_key", NAME, nullable=False),
        Column("state", String(16), nullable=False),
        Column("time_clock_id", BigInteger),
        Column("kind", String(32)),
        Column("event_type", String(64)),
        Column("activity_id", NAME),
        Column("user_id", BigInteger),
        Column("event_at", BigInteger),
        Column("received_at", BigInteger, nullable=False),
        Column("deliveries", Integer, nullable=False),
        Column("signed_by", String(16)),
        Column("run_id", BigInteger),
        Column("finding", String(16)),
        Column("looks", Integer, nullable=False),
        Column("due_at", BigInteger),
        Column("heard_at", BigInteger),
        counted=True,
        state=("state", "time_clock_id"),
    )
    if not any(unique for _, of, unique in (indexes("doorbells") if is_there else ()) if of == ["bell_key"]):
        op.create_index(
            index("doorbells", "key"), name("doorbells"), ["bell_key"], schema=given()["schema"], unique=True
        )
    make(
        "alerts",
        Column("name", String(64), primary_key=True),
        Column("subject", NAME, primary_key=True),
        Column("state", String(16), nullable=False),
        Column("bad", Integer, nullable=False),
        Column("good", Integer, nullable=False),
        Column("since", BigInteger),
        Column("told_at", BigInteger),
        Column("message", Text, nullable=False),
    )
    make(
        "proofs",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("run_id", BigInteger),
        Column("proven_at", BigInteger, nullable=False),
        Column("newest_change", BigInteger, nullable=False),
        Column("exit_code", Integer, nullable=False),
    )
    make(
        "quiet_looks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", String(10), primary_key=True),
        Column("first_at", BigInteger, nullable=False),
        Column("last_at", BigInteger, nullable=False),
        Column("looks", Integer, nullable=False),
        Column("http_calls", Integer, nullable=False),
        Column("newest_run", BigInteger, nullable=False),
    )
    make(
        "days",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("first_instant", BigInteger, nullable=False),
        Column("last_instant", BigInteger, nullable=False),
        instants=("first_instant",),
    )
    make(
        "break_types",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("id", NAME, primary_key=True),
        Column("name", NAME, nullable=False),
        Column("is_paid", SmallInteger),
        Column("minutes", Integer),
        Column("is_listed", SmallInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )
    make(
        "assignments",
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("is_assigned", SmallInteger, nullable=False),
        Column("asked_at", BigInteger, nullable=False),
    )
    make(
        "service",
        Column("name", String(64), primary_key=True),
        Column("value", LONG, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
