"""Beside the digest of a slice: the longest stretch of keys that its rows have in `clock_times`."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Column, inspect

from connecteam_sync.store.migrations import tables

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what is not there. A table made from nothing has the columns; an interrupted attempt leaves one of them."""
    if context.is_offline_mode():
        return
    table = tables().inputs
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name, schema=table.schema)}
    for name in ("first_key", "last_key"):
        if name not in there:
            op.add_column(table.name, Column(name, BigInteger), schema=table.schema)
