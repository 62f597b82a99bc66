"""Where the host's table of clock times was when it was first written, in the row of the guard."""

from __future__ import annotations

from sqlalchemy import Column, String

from connecteam_sync.store.migrations.frozen import add

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column."""
    add("guard", Column("place", String(255)))
