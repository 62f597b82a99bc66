"""The tables that mirroring needs."""

from __future__ import annotations

from connecteam_sync.store.migrations import make_tables
from connecteam_sync.store.schema import metadata

revision = "0001"
down_revision = None
TABLES = (
    "connecteam_breaks",
    "connecteam_shifts",
    "connecteam_users",
    "locked_days",
    "sync_changes",
    "sync_guard",
    "sync_holds",
    "sync_runs",
    "sync_slices",
)


def upgrade() -> None:
    """Create them."""
    make_tables(metadata.tables[name] for name in TABLES)
