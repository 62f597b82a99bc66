"""Whose data this is, and the time clocks that a person vouched for."""

from __future__ import annotations

import json
from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, String, Text, column, insert, table, text

from connecteam_sync.store.migrations.frozen import (
    KEY,
    LONG,
    NAME,
    columns,
    given,
    make,
    name,
    reading,
    standing_quoted,
)

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables. A database that runs have written to says what it can: the zone of the newest, its clocks."""
    is_new = not columns("account")
    make(
        "account",
        Column("id", KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("run_id", BigInteger),
        Column("actor", NAME),
        Column("what", NAME, nullable=False),
        Column("company_id", NAME),
        Column("company_name", NAME),
        Column("region", String(16)),
        Column("timezone", String(64)),
        Column("time_clocks", LONG, nullable=False),
        Column("known_by", String(16)),
        Column("key_salt", String(32)),
        Column("key_digest", String(64)),
        counted=True,
    )
    make(
        "vouches",
        Column("id", KEY, primary_key=True),
        Column("time_clock_id", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("reason", Text, nullable=False),
        Column("withdrawn_at", BigInteger),
        Column("withdrawn_by", NAME),
        counted=True,
    )
    if is_new or reading().execute(text(f"SELECT 1 FROM {standing_quoted('account')} LIMIT 1")).first() is None:
        _first_account()


def _first_account() -> None:
    run = _all(
        f"SELECT id, started_at, timezone FROM {standing_quoted('runs')} WHERE kind IN ('sync', 'resync', 'apply')"
        " ORDER BY id DESC LIMIT 1"
    )
    if not run:
        return
    [(number, at, timezone)] = run
    looked = _all(
        f"SELECT DISTINCT time_clock_id FROM {standing_quoted('slices')} WHERE status IN ('applied', 'nothing')"
        " AND time_clock_id IS NOT NULL"
    )
    account = table(
        name("account"),
        *(column(one, BigInteger()) for one in ("at", "run_id")),
        *(column(one, Text()) for one in ("what", "timezone", "time_clocks")),
        schema=given()["schema"],
    )
    clocks = json.dumps(sorted(clock for (clock,) in looked), separators=(",", ":"))
    values: dict[str, str | int] = {"at": at, "run_id": number, "what": "upgrade", "timezone": timezone}
    values["time_clocks"] = clocks
    op.execute(insert(account).values({field: op.inline_literal(value) for field, value in values.items()}))


def _all(asked: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in reading().execute(text(asked))]
