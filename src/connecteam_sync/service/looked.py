"""The looks of the service, counted like those of every other run: once for each visit."""

from __future__ import annotations

from collections.abc import Collection

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.looks import LooksOf, bad_look
from connecteam_sync.store.service.due import LookError
from connecteam_sync.store.service.looks import Looks
from connecteam_sync.store.sql.pipeline import send
from connecteam_sync.store.store import Transaction


class Counted:
    """The looks of one client. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given.
    """

    def __init__(self, client: ConnecteamSync, *, ahead: int) -> None:
        self._client = client
        self._looks = Looks(client.store.dialect, client.store.own, ahead=ahead)

    def visit(self, connection: Transaction, clock: int, error: LookError | None) -> None:
        """Count one visit, and remember what Connecteam said of the day's calls, and of things unknown."""
        if error is None:
            seen = frozenset({clock})
            self._looks.note(connection, LooksOf(good=seen, fresh=seen))
        else:
            self._looks.note(connection, LooksOf(bad={clock: bad_look(error.name, error.message)}))
        calls, limit = self._client.day_calls, self._client.day_calls_limit
        said = self._looks.noting_new(self._client.take_unknown_members())
        if calls is not None:
            left, reserved = calls
            said += self._looks.noting_calls(left=left, limit=limit, reserved=reserved)
        if said:
            send(connection, said)

    def failed(self, connection: Transaction, error: LookError, *, stops: bool) -> None:
        """Count a look at all of them that failed; `stops`: none is visited any more."""
        self._looks.note(connection, LooksOf(failed=bad_look(error.name, error.message), stops=stops))

    def mirrored(self, connection: Transaction, clocks: Collection[int]) -> None:
        """These time clocks are visited, and no others."""
        self._looks.keep(connection, clocks)
