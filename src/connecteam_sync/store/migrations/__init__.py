"""How our tables came to be what they are, a file for each step."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import context, op
from sqlalchemy import Table
from sqlalchemy.schema import CreateIndex, CreateTable


def make_tables(tables: Iterable[Table]) -> None:
    """Create tables. MySQL commits each statement: what an interrupted attempt left is kept and completed."""
    for table in tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        if context.is_offline_mode():
            op.execute(CreateTable(table))
            for index in indexes:
                op.execute(CreateIndex(index))
            continue
        table.create(op.get_bind(), checkfirst=True)
        for index in indexes:
            index.create(op.get_bind(), checkfirst=True)
