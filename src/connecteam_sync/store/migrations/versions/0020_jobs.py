"""The names of jobs, sub jobs and deleted ones among them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, SmallInteger

from connecteam_sync.store.migrations.frozen import NAME, make

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the table."""
    make(
        "jobs",
        Column("id", NAME, primary_key=True),
        Column("parent_id", NAME),
        Column("name", NAME, nullable=False),
        Column("code", NAME, nullable=False),
        Column("is_deleted", SmallInteger, nullable=False),
        Column("is_listed", SmallInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )
