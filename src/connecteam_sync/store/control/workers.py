"""The workers of a fleet, as they say so themselves every few seconds."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.fleet import Worker
from connecteam_sync.store.control.schema import TURNS, WORKERS
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run

SILENT = 45
"""Seconds without a sign after which nothing new is given to a worker."""
_GONE = 86_400
"""Seconds after which it is no longer listed."""
_TABLE = WORKERS.name


class Workers:
    """The table of workers. Every method works in the transaction it is given."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self._now = dialect, dialect.epoch_now

    def beat(self, connection: Connection, worker: Worker) -> None:
        """Say that a worker is there; those that were silent for a day are forgotten."""
        values: dict[str, object] = {
            "id": worker.id[:191],
            "host": worker.host[:191],
            "pid": worker.pid,
            "version": worker.version[:64],
            "slots": worker.slots,
        }
        done = run(
            connection,
            f"UPDATE {_TABLE} SET host = :host, pid = :pid, version = :version, slots = :slots, beat_at = {self._now}"
            " WHERE id = :id",
            values,
        )
        if not done.rowcount:
            run(
                connection,
                f"INSERT INTO {_TABLE} (id, host, pid, version, slots, began_at, beat_at) VALUES (:id, :host, :pid,"
                f" :version, :slots, {self._now}, {self._now}) {self._dialect.unless_there('id')}",
                values,
            )
            run(connection, f"DELETE FROM {_TABLE} WHERE beat_at < {self._now} - {_GONE}")

    def leave(self, connection: Connection, worker: str) -> None:
        """Forget a worker that ends."""
        run(connection, f"DELETE FROM {_TABLE} WHERE id = :id", {"id": worker[:191]})

    def all(self, connection: Connection) -> tuple[Worker, ...]:
        """Every worker, by host and process, with the turns it has in hand."""
        running: dict[str, list[str]] = {}
        held = run(
            connection,
            f"SELECT holder, account, slot FROM {TURNS.name} WHERE lease_token IS NOT NULL AND taken_at IS NOT NULL"
            f" AND lease_until > {self._now} ORDER BY account, slot",
        )
        for holder, account, slot in held:
            running.setdefault(holder, []).append(f"{account}/{slot}")
        rows = run(
            connection,
            f"SELECT id, host, pid, version, slots, began_at, beat_at, CASE WHEN beat_at >= {self._now} - {SILENT} THEN"
            f" 1 ELSE 0 END AS is_alive FROM {_TABLE} ORDER BY host, pid, id",
        ).mappings()
        return tuple(
            msgspec.convert(
                {**row, "is_alive": bool(row["is_alive"]), "running": tuple(running.get(row["id"], ()))}, Worker
            )
            for row in rows
        )

    def slots(self, connection: Connection) -> int:
        """How many turns all workers that give signs can do at a time."""
        found = run(connection, f"SELECT coalesce(sum(slots), 0) FROM {_TABLE} WHERE beat_at >= {self._now} - {SILENT}")
        return int(found.scalar_one())
