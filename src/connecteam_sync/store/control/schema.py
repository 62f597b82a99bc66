"""The tables of the control database. They may be lost: each mirror knows what is due."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, SmallInteger, String, Table, Text

from connecteam_sync.store.tables.templates import Name

VERSION = 1
"""Of these tables, and of the messages that name their rows: programs of another version leave both alone. It goes up
with every change of either. A column that is added later has a default or may be empty: `serve` adds it.
"""
tables = MetaData()

TURNS = Table(
    "connecteam_fleet_turns",
    tables,
    Column("account", String(40), primary_key=True),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("next_due", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("lease_token", String(36)),
    Column("lease_until", BigInteger, nullable=False),
    Column("taken_at", BigInteger),
    Column("holder", Name),
    Column("failures", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("lost_ever", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("error", Text),
)
BUDGETS = Table(
    "connecteam_fleet_budgets",
    tables,
    Column("account", String(40), primary_key=True),
    Column("day_limit", BigInteger),
    Column("day_left", BigInteger),
    Column("day_ends", BigInteger, nullable=False),
    Column("interval_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("stays_until", BigInteger, nullable=False),
)
WORKERS = Table(
    "connecteam_fleet_workers",
    tables,
    Column("id", Name, primary_key=True),
    Column("host", Name, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("version", String(64), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("beat_at", BigInteger, nullable=False),
)
LAYOUT = Table("connecteam_fleet_version", tables, Column("version", Integer, primary_key=True, autoincrement=False))
