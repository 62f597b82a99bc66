"""How our tables came to be what they are, a file for each step."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy.schema import CreateIndex, CreateTable

from connecteam_sync.store.tables.create import prepared
from connecteam_sync.store.tables.schema import Tables, indexes_of, tables_of


def tables() -> Tables:
    """Our tables, under the names of this installation."""
    return tables_of(context.config.attributes["names"])


def make_tables(*kinds: str) -> None:
    """Create tables. MySQL commits each statement: what an interrupted attempt left is kept and completed."""
    for table in map(tables()._asdict().__getitem__, kinds):
        prepared(table)
        indexes = indexes_of(table)
        if context.is_offline_mode():
            op.execute(CreateTable(table))
            for index in indexes:
                op.execute(CreateIndex(index))
            continue
        table.create(op.get_bind(), checkfirst=True)
        for index in indexes:
            index.create(op.get_bind(), checkfirst=True)
