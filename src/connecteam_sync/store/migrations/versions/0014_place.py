"""Where the host's table of clock times was when it was first written, beside the guard row."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import Column, String, inspect

from connecteam_sync.store.migrations import tables

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column where it is not there: a table made from nothing has it."""
    if context.is_offline_mode():
        return
    table = tables().guard
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name, schema=table.schema)}
    if "place" not in there:
        op.add_column(table.name, Column("place", String(255)), schema=table.schema)
