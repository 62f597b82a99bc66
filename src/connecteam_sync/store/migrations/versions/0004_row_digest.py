"""MySQL and MariaDB keep a digest of each remembered shift beside it, in the index by which shifts are found.

Only they need it: there, putting a row together as text costs more than reading it, so that a digest of many rows would
be dearer than the rows (decision 10). The server computes the column, so no write can leave it behind.
"""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import inspect

from connecteam_sync.store.migrations import tables
from connecteam_sync.store.tables.create import ROW_DIGEST, row_digest
from connecteam_sync.store.tables.schema import TOUCHED

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column and put it into the index."""
    dialect, table = op.get_context().dialect, tables().shifts
    if dialect.name not in {"mysql", "mariadb"}:
        return
    there = None
    if not context.is_offline_mode():
        there = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name, schema=table.schema)}
        if there & {ROW_DIGEST, TOUCHED}:
            return
    op.execute(row_digest(dialect, context.config.attributes["names"], there))
