"""What a slice with nothing to do was decided on, so that an equal one need not be decided again."""

from __future__ import annotations

from connecteam_sync.store.migrations import make_tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    make_tables("inputs")
