"""The tables of payroll: periods, locks of single people, corrections, exports, certificates, retention."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, SmallInteger, String, Text

from connecteam_sync.store.tables.templates import CountedKey, Long, Name, template


def define() -> None:
    """Make their templates."""
    template(
        "periods",
        Column("first_day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("last_day", String(10), nullable=False),
        Column("state", String(16), nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("event_id", BigInteger, nullable=False),
    )

    template(
        "period_events",
        Column("id", CountedKey, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Name, nullable=False),
        Column("reason", Text, nullable=False),
        Column("anyway", SmallInteger, nullable=False),
        Column("checked", Long),
        Index("period", "first_day"),
    )

    # One person, one time clock, or both: 0 stands for all of them.
    template(
        "person_locks",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("source", String(24), primary_key=True),
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("locked_at", BigInteger, nullable=False),
        Column("event_id", BigInteger, nullable=False),
    )

    template(
        "corrections",
        Column("id", CountedKey, primary_key=True),
        Column("employee_id", BigInteger, nullable=False),
        Column("user_id", BigInteger),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("subject", Name, nullable=False),
        Column("shift_id", Name),
        Column("clock_time_id", BigInteger),
        Column("day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("minutes_before", BigInteger, nullable=False),
        Column("minutes_after", BigInteger, nullable=False),
        Column("delta_minutes", BigInteger, nullable=False),
        Column("content", Long, nullable=False),
        Column("edited_at", BigInteger),
        Column("seen_at", BigInteger, nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("cause", Text, nullable=False),
        Column("state", String(16), nullable=False),
        Column("effective_first_day", String(10)),
        Column("effective_last_day", String(10)),
        Column("export_id", BigInteger),
        Column("counter_of", BigInteger),
        Column("decided_at", BigInteger),
        Column("decided_by", Name),
        Column("reason", Text),
        Index("subject", "subject"),
        Index("day", "day"),
        Index("period", "effective_first_day"),
        Index("state", "state"),
    )

    template(
        "exports",
        Column("id", CountedKey, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("format", String(24), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Name, nullable=False),
        Column("file_name", Name, nullable=False),
        Column("file_hash", String(64), nullable=False),
        Column("file_lines", BigInteger, nullable=False),
        Column("minutes", BigInteger, nullable=False),
        Column("corrections", Long, nullable=False),
        Column("replaces", BigInteger),
        Column("reason", Text, nullable=False),
        Index("period", "first_day"),
    )

    template(
        "certificates",
        Column("id", CountedKey, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Name, nullable=False),
        Column("payload", Long, nullable=False),
        Column("payload_hash", String(64), nullable=False),
        Column("signature", Text, nullable=False),
        Column("public_key", Text, nullable=False),
        Column("previous_hash", String(64)),
        Column("mismatch", Text),
        Index("period", "first_day"),
    )

    template(
        "purges",
        Column("id", CountedKey, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("with_rows", SmallInteger, nullable=False),
        Column("state", String(16), nullable=False),
        Column("begun_at", BigInteger, nullable=False),
        Column("done_at", BigInteger),
        Column("actor", Name, nullable=False),
        Column("counts", Long, nullable=False),
        Column("first_entry", BigInteger),
        Column("last_entry", BigInteger),
    )

    template(
        "legal_holds",
        Column("id", CountedKey, primary_key=True),
        Column("employee_id", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Name, nullable=False),
        Column("reason", Text, nullable=False),
        Column("released_at", BigInteger),
        Column("released_by", Name),
        Column("released_reason", Text),
    )

    template(
        "erasures",
        Column("id", CountedKey, primary_key=True),
        Column("employee_id", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Name, nullable=False),
        Column("counts", Long, nullable=False),
    )
