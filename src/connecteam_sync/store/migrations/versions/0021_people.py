"""Whose hours of a slice are unchanged, so that they are neither decoded nor read while nothing of theirs changes."""

from __future__ import annotations

from sqlalchemy import Column

from connecteam_sync.store.migrations.frozen import LONG, add

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the column; nobody is unchanged yet."""
    add("inputs", Column("people", LONG))
