"""The tables that taking over an existing table needs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, SmallInteger, String, Text

from connecteam_sync.store.migrations.frozen import KEY, LONG, NAME, make

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
    make(
        "adoptions",
        Column("run_id", BigInteger, primary_key=True, autoincrement=False),
        Column("had_key", SmallInteger, nullable=False),
        Column("indexes", LONG, nullable=False),
        Column("backup_table", NAME),
        Column("backup_rows", BigInteger, nullable=False),
        Column("backup_checksum", String(64), nullable=False),
    )
    make(
        "references",
        Column("id", KEY, primary_key=True),
        Column("run_id", BigInteger, nullable=False),
        Column("table_name", NAME, nullable=False),
        Column("column_name", NAME, nullable=False),
        Column("row_key", Text, nullable=False),
        Column("from_id", BigInteger, nullable=False),
        Column("to_id", BigInteger, nullable=False),
        counted=True,
        run=["run_id"],
    )
