"""One shift for a row, one row for a shift; and the row that a shift had before it was deleted."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import BigInteger, Column, inspect, text

from connecteam_sync.store.migrations import tables
from connecteam_sync.store.mirror.links import give_up_doubles
from connecteam_sync.store.tables.create import row_digest

revision = "0009"
down_revision = "0008"

_FORMER = "former_clock_time_id"


def upgrade() -> None:
    """Add what is not there. A table made from nothing has all of it; an interrupted attempt goes on."""
    if context.is_offline_mode():
        return
    bind, table = op.get_bind(), tables().shifts
    look = inspect(bind)
    if _FORMER not in {column["name"] for column in look.get_columns(table.name, schema=table.schema)}:
        op.add_column(table.name, Column(_FORMER, BigInteger), schema=table.schema)
    given = context.config.attributes
    if bind.dialect.name in {"mysql", "mariadb"} and (of := _digest_of()) and _FORMER not in of:
        op.execute(row_digest(bind.dialect, given["names"], again=True))
    name = given["names"].index("shifts", "row")
    present = {index["name"]: index["unique"] for index in look.get_indexes(table.name, schema=table.schema)}
    if present.get(name):
        return
    give_up_doubles(bind, given["names"], given["host"])
    quoted = bind.dialect.identifier_preparer.format_table(table)
    if bind.dialect.name in {"mysql", "mariadb"}:
        gone = f" DROP INDEX {name}," if name in present else ""
        op.execute(f"ALTER TABLE {quoted}{gone} ADD UNIQUE INDEX {name} (clock_time_id)")
        return
    if name in present:
        op.drop_index(name, table_name=table.name, schema=table.schema)
    op.create_index(name, table.name, ["clock_time_id"], schema=table.schema, unique=True)


def _digest_of() -> str:
    """What MySQL and MariaDB make the digest of; nothing where they keep none."""
    table = tables().shifts
    found = op.get_bind().execute(
        text(
            "SELECT generation_expression FROM information_schema.columns WHERE table_name = :name"
            " AND table_schema = coalesce(:schema, database()) AND column_name = 'row_digest'"
        ),
        {"name": table.name, "schema": table.schema},
    )
    said = found.scalar() or ""
    return said.decode() if isinstance(said, bytes) else str(said)
