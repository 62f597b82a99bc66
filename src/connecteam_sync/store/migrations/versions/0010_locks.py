"""A lock keeps the zone it was made in, and who locked or unlocked which days, when and why is kept for ever."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, SmallInteger, String, Text, inspect

from connecteam_sync.store.migrations.frozen import (
    KEY,
    LONG,
    NAME,
    columns,
    is_mysql,
    make,
    name,
    quoted,
    reading,
    standing,
)

revision = "0010"
down_revision = "0009"

_COLUMNS = "day VARCHAR(10) NOT NULL, timezone VARCHAR(64) NOT NULL, locked_at BIGINT NOT NULL, event_id BIGINT"


def upgrade() -> None:
    """Add what is not there."""
    make(
        "lock_events",
        Column("id", KEY, primary_key=True),
        Column("kind", String(16), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("reason", Text, nullable=False),
        Column("days", LONG, nullable=False),
        Column("anyway", SmallInteger, nullable=False),
        Column("verified", LONG),
        counted=True,
    )
    if not columns("locked_days"):
        return  # its old name was somebody else's table; `init` makes ours, whole, when all steps are taken
    days, runs = quoted("locked_days"), quoted("runs")
    if "timezone" not in columns("locked_days"):
        if is_mysql():
            _on_mysql(days)
        elif op.get_context().dialect.name == "postgresql":
            _on_postgresql(days)
        else:
            _on_sqlite(days, quoted("locked_days", "_0009"))
        columns("locked_days").update({"timezone", "event_id"})
    # The zone a day was closed in is that of the runs of its time: of the last before it, else of the first after it.
    for then, order in (("<=", "DESC"), (">", "ASC")):
        op.execute(
            f"UPDATE {days} SET timezone = coalesce((SELECT r.timezone FROM {runs} r"
            f" WHERE r.started_at {then} {days}.locked_at ORDER BY r.id {order} LIMIT 1), '') WHERE timezone = ''"
        )


def _on_sqlite(days: str, before: str) -> None:
    """A key cannot be changed there; all of it is one transaction."""
    op.execute(f"ALTER TABLE {days} RENAME TO {before}")
    op.execute(f"CREATE TABLE {days} ({_COLUMNS}, PRIMARY KEY (day, timezone))")
    op.execute(f"INSERT INTO {days} (day, timezone, locked_at) SELECT day, '', locked_at FROM {before}")
    op.execute(f"DROP TABLE {before}")


def _on_mysql(days: str) -> None:
    """One statement: an attempt that broke off leaves all of it or nothing."""
    op.execute(
        f"ALTER TABLE {days} ADD COLUMN timezone VARCHAR(64) NOT NULL DEFAULT '' AFTER day,"
        " ADD COLUMN event_id BIGINT, DROP PRIMARY KEY, ADD PRIMARY KEY (day, timezone)"
    )


def _on_postgresql(days: str) -> None:
    """In the transaction of the migration."""
    table, schema = standing("locked_days")
    key = str(inspect(reading()).get_pk_constraint(table, schema=schema)["name"])
    if key == f"{table}_pkey":
        key = f"{name('locked_days')}_pkey"  # by then, where the table is still to be renamed
    key = op.get_context().dialect.identifier_preparer.quote(key)
    op.execute(
        f"ALTER TABLE {days} ADD COLUMN timezone VARCHAR(64) NOT NULL DEFAULT '', ADD COLUMN event_id BIGINT,"
        f" DROP CONSTRAINT {key}, ADD PRIMARY KEY (day, timezone)"
    )
    op.execute(f"ALTER TABLE {days} ALTER COLUMN timezone DROP DEFAULT")
