"""With the digest of a slice: the longest stretch of keys that its rows have in `clock_times`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column

from connecteam_sync.store.migrations.frozen import add

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns."""
    add("inputs", Column("first_key", BigInteger), Column("last_key", BigInteger))
