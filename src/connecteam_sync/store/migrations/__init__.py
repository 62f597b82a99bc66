"""How our tables came to be what they are, a file for each step."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import context, op
from sqlalchemy import Table
from sqlalchemy.schema import CreateIndex, CreateTable

from connecteam_sync.store.schema import Key

# Binary collation: activity ids are opaque and case-sensitive. Said here and not in `schema`, since it makes SQLAlchemy
# load every dialect that is named.
_OPTIONS = {
    f"{family}_{option}": value
    for family in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def make_tables(tables: Iterable[Table]) -> None:
    """Create tables. MySQL commits each statement: what an interrupted attempt left is kept and completed."""
    for table in tables:
        table.dialect_kwargs.update({**_OPTIONS, "sqlite_autoincrement": any(c.type is Key for c in table.columns)})
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        if context.is_offline_mode():
            op.execute(CreateTable(table))
            for index in indexes:
                op.execute(CreateIndex(index))
            continue
        table.create(op.get_bind(), checkfirst=True)
        for index in indexes:
            index.create(op.get_bind(), checkfirst=True)
