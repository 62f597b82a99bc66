"""The nightly proof, in the idle part of the clock: yesterday, and the days that changed since they were proven; then
the certificates of the last periods, compared with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.proofs import days_to_prove, next_look, night_of, wanted
from connecteam_sync.core.run import Verification
from connecteam_sync.core.window import PADDING_DAYS, Window
from connecteam_sync.engine.decide import now
from connecteam_sync.errors import UpstreamError
from connecteam_sync.service.older import CALLS_A_MINUTE, OlderLooks
from connecteam_sync.service.stopping import Stopped
from connecteam_sync.store.service.due import Due
from connecteam_sync.store.service.leased import LeasedRow
from connecteam_sync.store.service.proofs import Night, nightly_proof, proven_days
from connecteam_sync.store.store import Transaction

AFTER_FAILURE = 900
"""Seconds until a proof is tried again after a look failed, or its receipt could not be written."""
IN_HAND = 60
"""Seconds that the visits have to mend what a proof found, before it goes on."""


class NightlyProof:
    """The proofs of one client, which begin once the looks at `older` days have nothing left to do.

    `ahead` is by how many seconds a simulation is ahead of the database.
    """

    def __init__(self, client: ConnecteamSync, older: OlderLooks, *, lease: int, ahead: Callable[[], int]) -> None:
        self._client, self._store, self._lease, self._ahead = client, client.store, lease, ahead
        self._older = older
        self.held: Night | None = None
        """The night that it is at."""

    def work(self, clocks: Sequence[int]) -> bool:
        """Verify the newest days of this night that are left; False if none are, or somebody is at it.

        Where they differ, all the `clocks` are asked to look at those days at once. A look that fails is on record
        and tried again later. Raises DatabaseError, LockHeld.
        """
        night, began = night_of(now(), self._client.settings.timezone)
        with self._store.own_rows("claiming the nightly proof") as connection:
            held = self.held = self._row.claim(connection, seconds=self._lease)
        if held is None:
            return False
        done = held
        waits: int | None = AFTER_FAILURE
        try:
            if held.done == night:
                return False
            if self._older.has_left():
                waits = IN_HAND
                return False
            window = self._left(began)
            if window is None:
                self._client.payroll.compare_certificates()
                done = msgspec.structs.replace(held, done=night)
                return False
            spent = self._client.http_calls
            with suppress(UpstreamError):
                proof = self._client.verify(window, totals=False)
                waits = self._after(proof, window, clocks, self._client.http_calls - spent)
        except Stopped:
            waits = None
            raise
        finally:
            with self._store.own_rows("noting a proof") as connection:
                self._row.finish(connection, held, done, waits=waits)
            self.held = None
        return True

    def give_back(self, connection: Transaction) -> None:
        """Let others have what is in hand: the proof was broken off."""
        if (held := self.held) is not None:
            self._row.finish(connection, held, held, waits=None)

    def _left(self, began: int) -> Window | None:
        """The next days to verify in the night that began then (epoch seconds)."""
        today, s = self._client.today(), self._client.settings
        with self._store.own_rows("reading what is proven") as connection:
            known = proven_days(connection, self._store.own, s.timezone, *days_to_prove(today))
        return next_look(
            wanted(known, today, since=began, now=now()), s.timezone, longest=s.slice_days - 2 * PADDING_DAYS
        )

    def _after(self, proof: Verification, window: Window, clocks: Sequence[int], calls: int) -> int:
        """Have what differs looked at; the seconds until the proof goes on."""
        if proof.plan.failures or proof.not_recorded is not None:
            return AFTER_FAILURE
        waits = calls * 60 // CALLS_A_MINUTE
        if not proof.differences:
            return waits
        due = Due(self._store.dialect, self._store.own, ahead=self._ahead())
        with self._store.own_rows("asking for days that differ") as connection:
            for clock in clocks:
                due.want(connection, clock, [window], seconds=0)
        return max(waits, IN_HAND)

    @property
    def _row(self) -> LeasedRow[Night]:
        return nightly_proof(self._store.dialect, self._store.own, ahead=self._ahead())
