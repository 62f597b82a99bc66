"""MySQL and MariaDB keep a digest of each remembered shift, in a column and in the index by which shifts are found.

Only they need it: there, putting a row together as text costs more than reading it, so that a digest of many rows would
be dearer than the rows (decision 10). The server computes the column, so no write can leave it behind.
"""

from __future__ import annotations

from alembic import op

from connecteam_sync.store.migrations.frozen import columns, index, is_mysql, quoted

revision = "0004"
down_revision = "0003"

_ROW = (
    "coalesce(user_id, 'n'), coalesce(time_clock_id, 'n'), coalesce(start_at, 'n'), coalesce(end_at, 'n'),"
    " coalesce(is_auto_clock_out, 'n'), coalesce(upstream_created_at, 'n'), coalesce(upstream_modified_at, 'n'),"
    " coalesce(clock_time_id, 'n'), coalesce(applied_employee_id, 'n'), coalesce(applied_clock_in, 'n'),"
    " coalesce(applied_clock_out, 'n'), coalesce(is_gone, 'n'), quote(id), quote(start_timezone), quote(end_timezone),"
    " quote(job_id), quote(sub_job_id), quote(scheduler_shift_id)"
)
"""Texts are quoted, so that no two rows read alike."""


def upgrade() -> None:
    """Add the column and put it into the index, in one statement: an attempt that broke off leaves both or neither."""
    if not is_mysql() or columns("shifts") & {"row_digest", "touched_at"}:
        return
    start = index("shifts", "start")
    op.execute(
        f"ALTER TABLE {quoted('shifts')}"
        f" ADD COLUMN row_digest BINARY(32) GENERATED ALWAYS AS (unhex(sha2(concat_ws(',', {_ROW}), 256))) STORED,"
        f" DROP INDEX {start}, ADD INDEX {start} (start_at, row_digest)"
    )
    columns("shifts").add("row_digest")
