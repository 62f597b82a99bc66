"""MySQL and MariaDB note when each remembered shift was last written, instead of a digest of it that no write may name.

A generated column cannot be restored on MySQL from a dump of MariaDB's program, which is what Debian calls `mysqldump`:
it names a value for it, MySQL refuses the row, and the rest of the dump is lost (decision 14).
"""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import inspect

from connecteam_sync.store.migrations import tables
from connecteam_sync.store.tables.create import ROW_DIGEST, touched
from connecteam_sync.store.tables.schema import TOUCHED

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """One column for the other."""
    dialect, table = op.get_context().dialect, tables().shifts
    if dialect.name not in {"mysql", "mariadb"}:
        return
    there = {ROW_DIGEST}
    if not context.is_offline_mode():
        there = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name, schema=table.schema)}
    if TOUCHED not in there:
        names = context.config.attributes["names"]
        op.execute(touched(dialect, names, without=ROW_DIGEST if ROW_DIGEST in there else None))
