"""Marks of a user's phone number, which suggest whom the user might be; never the number."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import Column, String, inspect

from connecteam_sync.store.migrations import tables

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column where it is not there: a table made from nothing has it."""
    if context.is_offline_mode():
        return
    table = tables().users
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name, schema=table.schema)}
    if "phone" not in there:
        op.add_column(table.name, Column("phone", String(191)), schema=table.schema)
