"""The definition of the host's tables that was probed last, in the row of the guard."""

from __future__ import annotations

from sqlalchemy import Column, String

from connecteam_sync.store.migrations.frozen import add

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column."""
    add("guard", Column("probed", String(64)))
