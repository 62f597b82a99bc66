"""What a slice with nothing to do was decided on, so that an equal one need not be decided again."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String

from connecteam_sync.store.migrations.frozen import make

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    make(
        "inputs",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("first_day", String(10), primary_key=True),
        Column("last_day", String(10), primary_key=True),
        Column("slice_id", BigInteger, nullable=False),
        Column("inputs", String(64), nullable=False),
        Column("first_instant", BigInteger, nullable=False),
        Column("last_instant", BigInteger, nullable=False),
        Column("digest", String(64), nullable=False),
    )
