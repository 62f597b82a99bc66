"""The tables of a service: when it looks, what was delivered, what is proven, who was told. `schema` has the rest."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, SmallInteger, String, Text

from connecteam_sync.store.tables.templates import Long, Name, column, index, template


def define() -> None:
    """Make their templates."""
    template(
        "clocks",
        column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        column("name", Name, nullable=False),
        column("state", String(16), nullable=False),
        column("cadence", Integer, nullable=False),
        column("next_due", BigInteger, nullable=False),
        column("days_wanted", Long, nullable=False),
        column("lease_token", String(36)),
        column("lease_until", BigInteger, nullable=False),
        column("last_look", BigInteger),
        column("last_good", BigInteger),
        column("last_change", BigInteger),
        column("failures", Integer, nullable=False),
        column("successes", Integer, nullable=False),
        column("last_error", Long),
        column("paused_at", BigInteger),
        column("paused_by", Name),
        column("paused_reason", Text),
        column("cadence_why", String(16)),
    )

    template(
        "days",
        column("day", String(10), primary_key=True),
        column("timezone", String(64), primary_key=True),
        column("first_instant", BigInteger, nullable=False),
        column("last_instant", BigInteger, nullable=False),
        index("instants", "first_instant"),
    )

    template(
        "break_types",
        column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        column("id", Name, primary_key=True),
        column("name", Name, nullable=False),
        column("is_paid", SmallInteger),
        column("minutes", Integer),
        column("is_listed", SmallInteger, nullable=False),
        column("seen_at", BigInteger, nullable=False),
    )

    template(
        "jobs",
        column("id", Name, primary_key=True),
        column("parent_id", Name),
        column("name", Name, nullable=False),
        column("code", Name, nullable=False),
        column("is_deleted", SmallInteger, nullable=False),
        column("is_listed", SmallInteger, nullable=False),
        column("seen_at", BigInteger, nullable=False),
    )

    template(
        "proofs",
        column("day", String(10), primary_key=True),
        column("timezone", String(64), primary_key=True),
        column("proven_at", BigInteger, nullable=False),
        column("run_id", BigInteger, nullable=False),
        column("exit_code", SmallInteger, nullable=False),
        column("seen_change", BigInteger, nullable=False),
    )

    template(
        "quiet_looks",
        column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        column("day", String(10), primary_key=True),
        column("timezone", String(64), primary_key=True),
        column("first_at", BigInteger, nullable=False),
        column("last_at", BigInteger, nullable=False),
        column("looks", Integer, nullable=False),
        column("http_calls", Integer, nullable=False),
        column("newest_run", BigInteger, nullable=False),
        column("newest_receipt", Long, nullable=False),
    )

    template(
        "assignments",
        column("user_id", BigInteger, primary_key=True, autoincrement=False),
        column("asked_at", BigInteger, nullable=False),
        column("time_clocks", Long),
    )

    template(
        "service",
        column("name", String(64), primary_key=True),
        column("value", Long, nullable=False),
        column("at", BigInteger, nullable=False),
    )

    template(
        "doorbells",
        column("bell_key", Name, primary_key=True),
        column("number", BigInteger, nullable=False),
        column("state", String(16), nullable=False),
        column("kind", String(64)),
        column("event_type", String(64)),
        column("time_clock_id", BigInteger),
        column("activity_id", Name),
        column("user_id", BigInteger),
        column("event_at", BigInteger),
        column("starts_at", BigInteger),
        column("ends_at", BigInteger),
        column("received_at", BigInteger, nullable=False),
        column("deliveries", Integer, nullable=False),
        column("fitted", String(32), nullable=False),
        column("look_at", BigInteger),
        column("look_token", String(36)),
        column("looks", SmallInteger, nullable=False),
        column("heard_at", BigInteger),
        column("run_id", BigInteger),
        column("found", String(16)),
        index("number", "number"),
        index("look", "look_at"),
        index("clock", "time_clock_id"),
        index("activity", "activity_id"),
    )

    template(
        "announced",
        column("change_id", BigInteger, primary_key=True, autoincrement=False),
        column("time_clock_id", BigInteger, nullable=False),
        column("shift_id", Name, nullable=False),
        column("kind", String(16), nullable=False),
        column("at", BigInteger, nullable=False),
        column("is_announced", SmallInteger, nullable=False),
        index("clock", "time_clock_id", "kind"),
        index("shift", "shift_id"),
    )

    template(
        "looks",
        column("time_clock_id", BigInteger, primary_key=True, autoincrement=False),
        column("first_look", BigInteger, nullable=False),
        column("last_look", BigInteger, nullable=False),
        column("last_good", BigInteger),
        column("fresh", BigInteger),
        column("looks", BigInteger, nullable=False),
        column("bad", Integer, nullable=False),
        column("good", Integer, nullable=False),
        column("bad_since", BigInteger),
        column("trouble_since", BigInteger),
        column("error", Long),
    )

    template(
        "alerts",
        column("name", String(32), primary_key=True),
        column("state", String(16), nullable=False),
        column("number", Integer, nullable=False),
        column("began_at", BigInteger, nullable=False),
        column("changed_at", BigInteger, nullable=False),
        column("is_counted", SmallInteger, nullable=False),
        column("good", Integer, nullable=False),
        column("looks", BigInteger, nullable=False),
        column("message", Text, nullable=False),
        column("next_step", Text, nullable=False),
        column("told", Long, nullable=False),
    )
