"""The tables that mirroring needs."""

from __future__ import annotations

from connecteam_sync.store.migrations import make_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    make_tables("breaks", "shifts", "users", "locked_days", "changes", "guard", "holds", "runs", "slices")
