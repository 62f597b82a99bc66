"""MySQL and MariaDB keep a digest of each remembered shift beside it, in the index by which shifts are found.

Only they need it: there, putting a row together as text costs more than reading it, so that a digest of many rows would
be dearer than the rows (decision 10). The server computes the column, so no write can leave it behind.
"""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import inspect

revision = "0004"
down_revision = "0003"

_COLUMN = "row_digest"
_NUMBERS = (
    "user_id",
    "time_clock_id",
    "start_at",
    "end_at",
    "is_auto_clock_out",
    "upstream_created_at",
    "upstream_modified_at",
    "clock_time_id",
    "applied_employee_id",
    "applied_clock_in",
    "applied_clock_out",
    "is_gone",
)
_TEXTS = ("id", "start_timezone", "end_timezone", "job_id", "sub_job_id", "scheduler_shift_id")
"""Quoted, so that no two rows read alike."""


def upgrade() -> None:
    """Add the column and put it into the index, in one statement: an interrupted attempt leaves both or neither."""
    if op.get_context().dialect.name not in {"mysql", "mariadb"}:
        return
    if not context.is_offline_mode() and _COLUMN in {c["name"] for c in inspect(op.get_bind()).get_columns(_TABLE)}:
        return
    row = ", ".join([*(f"coalesce({name}, 'n')" for name in _NUMBERS), *(f"quote({name})" for name in _TEXTS)])
    op.execute(
        f"ALTER TABLE {_TABLE}"
        f" ADD COLUMN {_COLUMN} BINARY(32) GENERATED ALWAYS AS (unhex(sha2(concat_ws(',', {row}), 256))) STORED,"
        f" DROP INDEX {_INDEX}, ADD INDEX {_INDEX} (start_at, {_COLUMN})"
    )


_TABLE, _INDEX = "connecteam_shifts", "ix_connecteam_shifts_start"
