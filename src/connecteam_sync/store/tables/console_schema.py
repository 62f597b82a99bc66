"""The tables of the console: who may sign in, who did what, plans that are kept, and Connecteam's own totals."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Text

from connecteam_sync.store.tables.templates import CountedKey, Long, Name, template


def define() -> None:
    """Make their templates."""
    template(
        "console_users",
        Column("name_key", Name, primary_key=True),
        Column("name", Name, nullable=False),
        Column("role", String(16), nullable=False),
        Column("secret_hash", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("generation", BigInteger, nullable=False),
    )

    template(
        "audit",
        Column("id", CountedKey, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("by_whom", Name, nullable=False),
        Column("trigger_kind", String(16), nullable=False),
        Column("action", String(64), nullable=False),
        Column("subject", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("run_id", BigInteger),
        Index("run", "run_id"),
    )

    template(
        "kept_plans",
        Column("fingerprint", String(64), primary_key=True),
        Column("made_at", BigInteger, nullable=False),
        Column("made_by", Name, nullable=False),
        Column("state", String(16), nullable=False),
        Column("run_id", BigInteger),
        Column("plan", Long, nullable=False),
        Index("made", "made_at"),
    )

    template(
        "timesheets",
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("minutes", BigInteger, nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Index("clock", "time_clock_id", "day"),
    )
