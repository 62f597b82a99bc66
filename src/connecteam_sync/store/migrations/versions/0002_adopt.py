"""The tables that taking over an existing table needs."""

from __future__ import annotations

from connecteam_sync.store.migrations import make_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
    make_tables("adoptions", "references")
