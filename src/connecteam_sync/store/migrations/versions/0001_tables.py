"""The tables of the first release.

They are those of `schema` until that release; whoever changes `schema` after it writes a second migration and freezes
this one.
"""

from __future__ import annotations

from alembic import context, op
from sqlalchemy.schema import CreateIndex, CreateTable

from connecteam_sync.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table. MySQL commits each statement: what an interrupted attempt left is kept and completed."""
    for table in metadata.sorted_tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        if context.is_offline_mode():
            op.execute(CreateTable(table))
            for index in indexes:
                op.execute(CreateIndex(index))
            continue
        table.create(op.get_bind(), checkfirst=True)
        for index in indexes:
            index.create(op.get_bind(), checkfirst=True)
