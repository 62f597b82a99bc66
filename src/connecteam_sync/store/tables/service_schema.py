"""The tables of a service: when it looks, what was delivered, what is proven, who was told. `schema` has the rest."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Text

from connecteam_sync.store.tables.templates import Long, Name, template


def define() -> None:
    """Make their templates."""
    template(
        "clocks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("name", Name, nullable=False),
        Column("state", String(16), nullable=False),
        Column("cadence", Integer, nullable=False),
        Column("next_due", BigInteger, nullable=False),
        Column("days_wanted", Long, nullable=False),
        Column("lease_token", String(36)),
        Column("lease_until", BigInteger, nullable=False),
        Column("last_look", BigInteger),
        Column("last_good", BigInteger),
        Column("last_change", BigInteger),
        Column("failures", Integer, nullable=False),
        Column("successes", Integer, nullable=False),
        Column("last_error", Long),
        Column("paused_at", BigInteger),
        Column("paused_by", Name),
        Column("paused_reason", Text),
        Column("cadence_why", String(16)),
    )

    template(
        "days",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("first_instant", BigInteger, nullable=False),
        Column("last_instant", BigInteger, nullable=False),
        Index("instants", "first_instant"),
    )

    template(
        "break_types",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("id", Name, primary_key=True),
        Column("name", Name, nullable=False),
        Column("is_paid", SmallInteger),
        Column("minutes", Integer),
        Column("is_listed", SmallInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )

    template(
        "jobs",
        Column("id", Name, primary_key=True),
        Column("parent_id", Name),
        Column("name", Name, nullable=False),
        Column("code", Name, nullable=False),
        Column("is_deleted", SmallInteger, nullable=False),
        Column("is_listed", SmallInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )

    template(
        "proofs",
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("proven_at", BigInteger, nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("exit_code", SmallInteger, nullable=False),
        Column("seen_change", BigInteger, nullable=False),
    )

    template(
        "quiet_looks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", String(10), primary_key=True),
        Column("timezone", String(64), primary_key=True),
        Column("first_at", BigInteger, nullable=False),
        Column("last_at", BigInteger, nullable=False),
        Column("looks", Integer, nullable=False),
        Column("http_calls", Integer, nullable=False),
        Column("newest_run", BigInteger, nullable=False),
        Column("newest_receipt", Long, nullable=False),
    )

    template(
        "assignments",
        Column("user_id", BigInteger, primary_key=True, autoincrement=False),
        Column("asked_at", BigInteger, nullable=False),
        Column("time_clocks", Long),
    )

    template(
        "service",
        Column("name", String(64), primary_key=True),
        Column("value", Long, nullable=False),
        Column("at", BigInteger, nullable=False),
    )

    template(
        "doorbells",
        Column("bell_key", Name, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("state", String(16), nullable=False),
        Column("kind", String(64)),
        Column("event_type", String(64)),
        Column("time_clock_id", BigInteger),
        Column("activity_id", Name),
        Column("user_id", BigInteger),
        Column("event_at", BigInteger),
        Column("starts_at", BigInteger),
        Column("ends_at", BigInteger),
        Column("received_at", BigInteger, nullable=False),
        Column("deliveries", Integer, nullable=False),
        Column("fitted", String(32), nullable=False),
        Column("look_at", BigInteger),
        Column("look_token", String(36)),
        Column("looks", SmallInteger, nullable=False),
        Column("heard_at", BigInteger),
        Column("run_id", BigInteger),
        Column("found", String(16)),
        Index("number", "number"),
        Index("look", "look_at"),
        Index("clock", "time_clock_id"),
        Index("activity", "activity_id"),
    )

    template(
        "announced",
        Column("change_id", BigInteger, primary_key=True, autoincrement=False),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("shift_id", Name, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("is_announced", SmallInteger, nullable=False),
        Index("clock", "time_clock_id", "kind"),
        Index("shift", "shift_id"),
    )

    template(
        "looks",
        Column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        Column("first_look", BigInteger, nullable=False),
        Column("last_look", BigInteger, nullable=False),
        Column("last_good", BigInteger),
        Column("fresh", BigInteger),
        Column("looks", BigInteger, nullable=False),
        Column("bad", Integer, nullable=False),
        Column("good", Integer, nullable=False),
        Column("bad_since", BigInteger),
        Column("trouble_since", BigInteger),
        Column("error", Long),
    )

    template(
        "alerts",
        Column("name", String(32), primary_key=True),
        Column("state", String(16), nullable=False),
        Column("number", Integer, nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("is_counted", SmallInteger, nullable=False),
        Column("good", Integer, nullable=False),
        Column("looks", BigInteger, nullable=False),
        Column("message", Text, nullable=False),
        Column("next_step", Text, nullable=False),
        Column("told", Long, nullable=False),
    )
