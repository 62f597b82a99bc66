"""Marks of a user's phone number, which suggest whom the user might be; never the number."""

from __future__ import annotations

from sqlalchemy import Column

from connecteam_sync.store.migrations.frozen import NAME, add

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column."""
    add("users", Column("phone", NAME))
