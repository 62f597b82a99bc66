"""When a service looks at each time clock; days as instants, for views; types of breaks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, String, Text

from connecteam_sync.store.migrations.frozen import LONG, NAME, make

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
        "service",
        Column("name", String(64), primary_key=True),
        Column("value", LONG, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
