"""A service of several accounts and a worker of it, told to the page of the JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.schema import TURNS
from connecteam_sync.store.sql.quoting import run as execute
from support.fleet_accounts import announced, fleet, until, virtual_host


class Seen(Protocol):
    """What checks answers."""

    commands: set[str]

    def check(self, shape: str, value: object, at: str) -> None:
        """An object has the fields of its shape."""


class Folder(Protocol):
    """A folder, and what is seen in it."""

    folder: Path
    seen: Any


def fleeted(run: Folder) -> None:
    """Both say that they are there; the worker is listed, an account put aside and one that fails.

    Skips loudly without the broker.
    """
    seen: Seen = run.seen
    with (
        virtual_host() as broker,
        fleet(
            run.folder, "north", "south", CONNECTEAM_SYNC_EXECUTOR="celery", CONNECTEAM_SYNC_BROKER_URL=broker
        ) as two,
        two.process("serve", "--json", "--port", "0", "--metrics-port", "0") as serve,
        two.process("worker", "--json") as worker,
    ):
        for shape, process in (("service", serve), ("started-worker", worker)):
            found = announced(process)
            del found["schema"]
            seen.check(shape, found, shape)
        until(lambda: two.command("workers")["workers"], two)
        control = ControlDatabase(f"sqlite:///{run.folder}/connecteam-sync-control.db")
        with control.writing("putting aside") as connection:
            sql = f"UPDATE {TURNS.name} SET lease_token = NULL, lease_until = {control.dialect.epoch_now} + 3600"
            execute(connection, f"{sql} WHERE account = 'south'")
            sql = f"UPDATE {TURNS.name} SET lease_token = NULL, lease_until = 0, failures = 2, error = 'revoked'"
            later = f"next_due = {control.dialect.epoch_now} + 3600"
            execute(connection, f"{sql}, {later} WHERE account = 'north'")
        control.close()
        listed = two.command("workers")
        del listed["schema"]
        seen.check("fleet", listed, "workers")
        seen.commands |= {"worker", "workers"}
