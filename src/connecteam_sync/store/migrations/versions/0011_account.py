"""Whose data this is, and the time clocks that a person vouched for."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import insert, select

from connecteam_sync.store.migrations import make_tables, tables
from connecteam_sync.store.mirror.account import first_account

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables. A database that runs have written to says what it can: the zone of the newest, its clocks."""
    make_tables("account", "vouches")
    if context.is_offline_mode():
        return
    account, runs, slices = tables().account, tables().runs, tables().slices
    connection = op.get_bind()
    if connection.execute(select(account.c.id)).first() is not None:
        return
    newest = connection.execute(
        select(runs.c.id, runs.c.started_at, runs.c.timezone)
        .where(runs.c.kind.in_(("sync", "resync", "apply")))
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    looked = slices.c.status.in_(("applied", "nothing"))
    clocks = connection.execute(select(slices.c.time_clock_id).where(looked).distinct())
    first = first_account([tuple(run) for run in newest], [clock for (clock,) in clocks if clock is not None])
    if first is not None:
        connection.execute(insert(account).values(**first))
