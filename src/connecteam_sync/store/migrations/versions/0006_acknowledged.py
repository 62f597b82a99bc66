"""What a person says of a hold that may stay: who, when and why."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text

from connecteam_sync.store.migrations.frozen import NAME, add

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    add(
        "holds",
        Column("acknowledged_at", BigInteger),
        Column("acknowledged_by", NAME),
        Column("acknowledged_reason", Text),
    )
