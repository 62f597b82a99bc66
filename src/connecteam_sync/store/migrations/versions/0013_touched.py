"""MySQL and MariaDB note when each remembered shift was last written, instead of a digest of it that no write may name.

A generated column cannot be restored on MySQL from a dump of MariaDB's program, which is what Debian calls `mysqldump`:
it names a value for it, MySQL refuses the row, and the rest of the dump is lost (decision 14).
"""

from __future__ import annotations

from alembic import op

from connecteam_sync.store.migrations.frozen import columns, index, is_mysql, quoted

revision = "0013"
down_revision = "0012"

_TOUCHED = "touched_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"


def upgrade() -> None:
    """One column for the other, in one statement; nobody sees the new one who does not ask for it."""
    there = columns("shifts")
    if not is_mysql() or "touched_at" in there:
        return
    start = index("shifts", "start")
    gone = " DROP COLUMN row_digest," if "row_digest" in there else ""
    hidden = "INVISIBLE" if getattr(op.get_context().dialect, "is_mariadb", False) else "/*!80023 INVISIBLE */"
    op.execute(
        f"ALTER TABLE {quoted('shifts')}{gone} ADD COLUMN {_TOUCHED} {hidden},"
        f" DROP INDEX {start}, ADD INDEX {start} (start_at, touched_at)"
    )
    there.add("touched_at")
    there.discard("row_digest")
