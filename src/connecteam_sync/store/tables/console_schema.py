"""The tables of the console: who may sign in, who did what, plans that are kept, and Connecteam's own totals."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, Text

from connecteam_sync.store.tables.templates import CountedKey, Long, Name, column, index, template


def define() -> None:
    """Make their templates."""
    template(
        "console_users",
        column("name_key", Name, primary_key=True),
        column("name", Name, nullable=False),
        column("role", String(16), nullable=False),
        column("secret_hash", Text, nullable=False),
        column("made_at", BigInteger, nullable=False),
        column("changed_at", BigInteger, nullable=False),
        column("generation", BigInteger, nullable=False),
    )

    template(
        "audit",
        column("id", CountedKey, primary_key=True),
        column("at", BigInteger, nullable=False),
        column("by_whom", Name, nullable=False),
        column("trigger_kind", String(16), nullable=False),
        column("action", String(64), nullable=False),
        column("subject", Text, nullable=False),
        column("detail", Text, nullable=False),
        column("run_id", BigInteger),
        index("run", "run_id"),
    )

    template(
        "kept_plans",
        column("fingerprint", String(64), primary_key=True),
        column("made_at", BigInteger, nullable=False),
        column("made_by", Name, nullable=False),
        column("state", String(16), nullable=False),
        column("run_id", BigInteger),
        column("plan", Long, nullable=False),
        index("made", "made_at"),
    )

    template(
        "timesheets",
        column("user_id", BigInteger, primary_key=True, autoincrement=False),
        column("day", String(10), primary_key=True),
        column("timezone", String(64), primary_key=True),
        column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        column("minutes", BigInteger, nullable=False),
        column("run_id", BigInteger, nullable=False),
        column("seen_at", BigInteger, nullable=False),
        index("clock", "time_clock_id", "day"),
    )
