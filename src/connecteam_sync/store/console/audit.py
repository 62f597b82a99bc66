"""Who did what: a row for each act of a person, in the transaction of what was done. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import Connection

from connecteam_sync.core.console import AuditEntry
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

_SHOWN = "id, at, by_whom, trigger_kind, action, subject, detail, run_id"


class Act:
    """What a person does now (`at` in epoch seconds). The first transaction that writes takes the note of it along.

    A transaction that is rolled back takes the note back with it: the next one notes it again.
    """

    def __init__(self, *, at: int, by: str, action: str, subject: str, detail: str) -> None:
        self._at, self._by, self._action, self._subject, self._detail = at, by, action, subject, detail
        self._noted_in: Connection | None = None
        self._is_kept = False

    def note(self, connection: Connection, own: OwnTables, number: int | None) -> None:
        """Add the row before the end of a transaction, unless there is one; `number` is the run that it begins."""
        if self._is_kept or self._noted_in is not None:
            return
        run(
            connection,
            f"INSERT INTO {own.audit} (at, by_whom, trigger_kind, action, subject, detail, run_id)"
            " VALUES (:at, :by, 'person', :action, :subject, :detail, :run)",
            {
                "at": self._at, "by": self._by, "action": self._action, "subject": self._subject,
                "detail": self._detail, "run": number,
            },
        )  # fmt: skip
        self._noted_in = connection

    def ended(self, connection: Connection, *, is_committed: bool) -> None:
        """The transaction of this connection is over."""
        if self._noted_in is connection:
            self._noted_in, self._is_kept = None, is_committed


def entries(connection: Connection, own: OwnTables, *, before: int | None, limit: int) -> tuple[AuditEntry, ...]:
    """The newest entries, or those with a smaller number than `before`; newest first."""
    older = "" if before is None else " WHERE id < :before"
    values = {"limit": limit} | ({} if before is None else {"before": before})
    found = run(connection, f"SELECT {_SHOWN} FROM {own.audit}{older} ORDER BY id DESC LIMIT :limit", values)
    return tuple(
        AuditEntry(
            number=row.id,
            at=row.at,
            by=row.by_whom,
            trigger=row.trigger_kind,
            action=row.action,
            subject=row.subject,
            detail=row.detail,
            run=row.run_id,
        )
        for row in found
    )
