"""A lock keeps the zone it was made in, and who locked or unlocked which days, when and why is kept for ever."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import inspect, text

from connecteam_sync.store.migrations import make_tables, tables

revision = "0010"
down_revision = "0009"

_COLUMNS = "day VARCHAR(10) NOT NULL, timezone VARCHAR(64) NOT NULL, locked_at BIGINT NOT NULL, event_id BIGINT"


def upgrade() -> None:
    """Add what is not there. A table made from nothing is complete; so is one of an attempt that was interrupted."""
    make_tables("lock_events")
    if context.is_offline_mode():
        return
    connection, ours = op.get_bind(), tables()
    quote = connection.dialect.identifier_preparer.format_table
    days, runs = quote(ours.locked_days), quote(ours.runs)
    look = inspect(connection)
    if not look.has_table(ours.locked_days.name, schema=ours.locked_days.schema):
        return  # its old name was somebody else's table; `init` makes ours, whole, when all steps are taken
    if "timezone" not in {c["name"] for c in look.get_columns(ours.locked_days.name, schema=ours.locked_days.schema)}:
        if connection.dialect.name == "sqlite":
            _on_sqlite(days, quote(ours.locked_days, name=f"{ours.locked_days.name}_0009"))
        elif connection.dialect.name == "postgresql":
            key = look.get_pk_constraint(ours.locked_days.name, schema=ours.locked_days.schema)["name"]
            _on_postgresql(days, connection.dialect.identifier_preparer.quote(str(key)))
        else:
            _on_mysql(days)
    # The zone a day was closed in is that of the runs of its time: of the last before it, else of the first after it.
    for then, order in (("<=", "DESC"), (">", "ASC")):
        connection.execute(
            text(
                f"UPDATE {days} SET timezone = coalesce((SELECT r.timezone FROM {runs} r"
                f" WHERE r.started_at {then} {days}.locked_at ORDER BY r.id {order} LIMIT 1), '') WHERE timezone = ''"
            )
        )


def _on_sqlite(days: str, before: str) -> None:
    """A key cannot be changed there; all of it is one transaction."""
    op.execute(f"ALTER TABLE {days} RENAME TO {before}")
    op.execute(f"CREATE TABLE {days} ({_COLUMNS}, PRIMARY KEY (day, timezone))")
    op.execute(f"INSERT INTO {days} (day, timezone, locked_at) SELECT day, '', locked_at FROM {before}")
    op.execute(f"DROP TABLE {before}")


def _on_mysql(days: str) -> None:
    """One statement: an interrupted attempt leaves all of it or nothing."""
    op.execute(
        f"ALTER TABLE {days} ADD COLUMN timezone VARCHAR(64) NOT NULL DEFAULT '' AFTER day,"
        " ADD COLUMN event_id BIGINT, DROP PRIMARY KEY, ADD PRIMARY KEY (day, timezone)"
    )


def _on_postgresql(days: str, key: str) -> None:
    """In the transaction of the migration."""
    op.execute(
        f"ALTER TABLE {days} ADD COLUMN timezone VARCHAR(64) NOT NULL DEFAULT '', ADD COLUMN event_id BIGINT,"
        f" DROP CONSTRAINT {key}, ADD PRIMARY KEY (day, timezone)"
    )
    op.execute(f"ALTER TABLE {days} ALTER COLUMN timezone DROP DEFAULT")
