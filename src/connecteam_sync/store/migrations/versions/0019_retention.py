"""Retention: purges of days, legal holds on people, erasures of people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, SmallInteger, String, Text, inspect
from sqlalchemy.types import TypeEngine

from connecteam_sync.store.migrations.frozen import KEY, LONG, NAME, make, reading, standing

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the tables."""
    make(
        "purges",
        Column("id", KEY, primary_key=True),
        Column("first_day", String(10), nullable=False),
        Column("last_day", String(10), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("with_rows", SmallInteger, nullable=False),
        Column("state", String(16), nullable=False),
        Column("begun_at", BigInteger, nullable=False),
        Column("done_at", BigInteger),
        Column("actor", NAME, nullable=False),
        Column("counts", LONG, nullable=False),
        Column("first_entry", BigInteger),
        Column("last_entry", BigInteger),
        counted=True,
    )
    make(
        "legal_holds",
        Column("id", KEY, primary_key=True),
        Column("employee_id", _type("applied_employee_id"), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("reason", Text, nullable=False),
        Column("released_at", BigInteger),
        Column("released_by", NAME),
        Column("released_reason", Text),
        counted=True,
    )
    make(
        "erasures",
        Column("id", KEY, primary_key=True),
        Column("employee_id", _type("applied_employee_id"), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", NAME, nullable=False),
        Column("counts", LONG, nullable=False),
        counted=True,
    )


def _type(column: str) -> TypeEngine[Any]:
    """The type in which our shifts hold the keys of the host's rows: it may be text or UUID by now (0005)."""
    table, schema = standing("shifts")
    for found in inspect(reading()).get_columns(table, schema=schema):
        if found["name"] == column:
            return found["type"]
    return BigInteger()
