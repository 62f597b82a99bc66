"""The tables of payroll: periods, locks of single people, corrections, exports, certificates, retention."""

from __future__ import annotations

from sqlalchemy import BigInteger, SmallInteger, String, Text

from connecteam_sync.store.tables.templates import CountedKey, Long, Name, column, index, template


def define() -> None:
    """Make their templates."""
    template(
        "periods",
        column("first_day", String(10), primary_key=True),
        column("timezone", String(64), primary_key=True),
        column("last_day", String(10), nullable=False),
        column("state", String(16), nullable=False),
        column("changed_at", BigInteger, nullable=False),
        column("event_id", BigInteger, nullable=False),
    )

    template(
        "period_events",
        column("id", CountedKey, primary_key=True),
        column("first_day", String(10), nullable=False),
        column("last_day", String(10), nullable=False),
        column("timezone", String(64), nullable=False),
        column("kind", String(16), nullable=False),
        column("at", BigInteger, nullable=False),
        column("actor", Name, nullable=False),
        column("reason", Text, nullable=False),
        column("anyway", SmallInteger, nullable=False),
        column("checked", Long),
        index("period", "first_day"),
    )

    # One person, one time clock, or both: 0 stands for all of them.
    template(
        "person_locks",
        column("day", String(10), primary_key=True),
        column("timezone", String(64), primary_key=True),
        column("source", String(24), primary_key=True),
        column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        column("user_id", BigInteger, primary_key=True, autoincrement=False),
        column("locked_at", BigInteger, nullable=False),
        column("event_id", BigInteger, nullable=False),
    )

    template(
        "corrections",
        column("id", CountedKey, primary_key=True),
        column("employee_id", BigInteger, nullable=False),
        column("user_id", BigInteger),
        column("time_clock_id", BigInteger, nullable=False),
        column("subject", Name, nullable=False),
        column("shift_id", Name),
        column("clock_time_id", BigInteger),
        column("day", String(10), nullable=False),
        column("timezone", String(64), nullable=False),
        column("kind", String(16), nullable=False),
        column("minutes_before", BigInteger, nullable=False),
        column("minutes_after", BigInteger, nullable=False),
        column("delta_minutes", BigInteger, nullable=False),
        column("content", Long, nullable=False),
        column("edited_at", BigInteger),
        column("seen_at", BigInteger, nullable=False),
        column("run_id", BigInteger, nullable=False),
        column("cause", Text, nullable=False),
        column("state", String(16), nullable=False),
        column("effective_first_day", String(10)),
        column("effective_last_day", String(10)),
        column("export_id", BigInteger),
        column("counter_of", BigInteger),
        column("decided_at", BigInteger),
        column("decided_by", Name),
        column("reason", Text),
        index("subject", "subject"),
        index("day", "day"),
        index("period", "effective_first_day"),
        index("state", "state"),
    )

    template(
        "exports",
        column("id", CountedKey, primary_key=True),
        column("first_day", String(10), nullable=False),
        column("last_day", String(10), nullable=False),
        column("timezone", String(64), nullable=False),
        column("format", String(24), nullable=False),
        column("at", BigInteger, nullable=False),
        column("actor", Name, nullable=False),
        column("file_name", Name, nullable=False),
        column("file_hash", String(64), nullable=False),
        column("file_lines", BigInteger, nullable=False),
        column("minutes", BigInteger, nullable=False),
        column("corrections", Long, nullable=False),
        column("replaces", BigInteger),
        column("reason", Text, nullable=False),
        index("period", "first_day"),
    )

    template(
        "certificates",
        column("id", CountedKey, primary_key=True),
        column("first_day", String(10), nullable=False),
        column("last_day", String(10), nullable=False),
        column("timezone", String(64), nullable=False),
        column("at", BigInteger, nullable=False),
        column("actor", Name, nullable=False),
        column("payload", Long, nullable=False),
        column("payload_hash", String(64), nullable=False),
        column("signature", Text, nullable=False),
        column("public_key", Text, nullable=False),
        column("previous_hash", String(64)),
        column("mismatch", Text),
        index("period", "first_day"),
    )

    template(
        "purges",
        column("id", CountedKey, primary_key=True),
        column("first_day", String(10), nullable=False),
        column("last_day", String(10), nullable=False),
        column("timezone", String(64), nullable=False),
        column("with_rows", SmallInteger, nullable=False),
        column("state", String(16), nullable=False),
        column("begun_at", BigInteger, nullable=False),
        column("done_at", BigInteger),
        column("actor", Name, nullable=False),
        column("counts", Long, nullable=False),
        column("first_entry", BigInteger),
        column("last_entry", BigInteger),
    )

    template(
        "legal_holds",
        column("id", CountedKey, primary_key=True),
        column("employee_id", BigInteger, nullable=False),
        column("at", BigInteger, nullable=False),
        column("actor", Name, nullable=False),
        column("reason", Text, nullable=False),
        column("released_at", BigInteger),
        column("released_by", Name),
        column("released_reason", Text),
    )

    template(
        "erasures",
        column("id", CountedKey, primary_key=True),
        column("employee_id", BigInteger, nullable=False),
        column("at", BigInteger, nullable=False),
        column("actor", Name, nullable=False),
        column("counts", Long, nullable=False),
    )
