"""Beside the digest of a slice: the longest stretch of keys that its rows have in `clock_times`."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Column, inspect

revision = "0005"
down_revision = "0004"

_TABLE = "sync_inputs"


def upgrade() -> None:
    """Add what is not there. A table made from nothing has the columns; an interrupted attempt leaves one of them."""
    if context.is_offline_mode():
        return
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(_TABLE)}
    for name in ("first_key", "last_key"):
        if name not in there:
            op.add_column(_TABLE, Column(name, BigInteger))
