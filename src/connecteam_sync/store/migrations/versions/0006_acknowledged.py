"""What a person says of a hold that may stay: who, when and why."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Column, String, Text, inspect

from connecteam_sync.store.migrations import tables

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is not there. A table made from nothing has the columns; an interrupted attempt leaves some of them."""
    if context.is_offline_mode():
        return
    table = tables().holds
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name, schema=table.schema)}
    for name, kind in (
        ("acknowledged_at", BigInteger()),
        ("acknowledged_by", String(191)),
        ("acknowledged_reason", Text()),
    ):
        if name not in there:
            op.add_column(table.name, Column(name, kind), schema=table.schema)
