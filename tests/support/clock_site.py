"""A company, its sandbox and one clock over a database, in a time that goes as fast as a test likes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import time_machine

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.proofs import night_of
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.sandbox.company import Clock as TimeClock
from connecteam_sync.service.clock import Clock
from connecteam_sync.service.stopping import until
from connecteam_sync.store.service.due import Due, DueClock
from connecteam_sync.store.service.proofs import nightly_proof
from support import databases

MORNING = datetime(2030, 1, 11, 6, tzinfo=UTC)
"""Midnight in Chicago, ahead of the clock of any database."""


class Site:
    """A company, its sandbox, and one clock over a database, in a time that goes as fast as we like."""

    def __init__(self, database: str, sandbox: Sandbox, travel: time_machine.Traveller, **settings: Any) -> None:  # noqa: ANN401 - any setting
        chosen: dict[str, Any] = {"employees": "create", "total_seconds": 30, "max_deletes": 20, **settings}
        self.settings = Settings(
            timezone=sandbox.company.timezone, database_url=database, base_url=sandbox.url, **chosen
        )
        self.sandbox, self.company, self.travel = sandbox, sandbox.company, travel
        self.stop = threading.Event()
        self.said: list[str] = []
        self.mirror = self.client()
        if not databases.is_initialised(database):
            self.mirror.init()
        self.clock = self.clock_of(self.mirror)

    def client(self) -> ConnecteamSync:
        """One more client, whose lists grow old with the time of this site."""
        made = ConnecteamSync(self.sandbox.key, settings=self.settings, remember_lists=3600, on_event=until(self.stop))
        made._lists.memory.clock = time.time
        return made

    def clock_of(self, client: ConnecteamSync) -> Clock:
        """A clock that waits for nothing."""
        return Clock(
            client, stop=self.stop, tell=self.said.append, ahead=self.ahead, clock=time.time, chance=lambda: 0.5
        )

    @staticmethod
    def ahead() -> int:
        """By how much our time is ahead of the database's."""
        return int(time.time() - time_machine.escape_hatch.time.time())

    def live(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ends = time.time() + seconds
        while time.time() < ends:
            wait = self.clock.turn()
            if wait:
                self.travel.shift(max(0.1, min(max(wait, self.idle()), ends - time.time())))

    def break_off(self) -> None:
        """Have the service end in the middle of the next look that is begun, and wait for that."""

        def ends(body: bytes) -> bytes:
            self.stop.set()
            return body

        self.sandbox.faults.rewrite(ends, path="/time-activities", times=1)
        for _ in range(10):
            if self.stop.is_set():
                return
            self.clock.turn()
        raise AssertionError

    def skip_the_night(self) -> None:
        """The nights up to now count as proven: nothing is verified until the next one begins."""
        night, _ = night_of(int(time.time()), self.settings.timezone)
        store = self.mirror.store
        row = nightly_proof(store.dialect, store.own, ahead=self.ahead())
        with store.own_rows("a test") as connection:
            held = row.claim(connection, seconds=1)
            assert held is not None
            row.finish(connection, held, msgspec.structs.replace(held, done=night), waits=0)

    def idle(self) -> float:
        """Seconds until the next time clock is due, or a doorbell, and ten minutes at most: nothing happens before."""
        due = [one.next_due for one in self.rows().values() if one.state == "active"]
        due += [bell.look_at for bell in self.mirror.doorbells(limit=1000) if bell.look_at is not None]
        return min([600.0, *(at - time.time() for at in due)])

    def rows(self) -> dict[int, DueClock]:
        """The time clocks as the database has them."""
        with self.mirror.store.own_rows("reading") as connection:
            return {one.time_clock_id: one for one in self.due().all(connection)}

    def due(self) -> Due:
        """The rows of this time."""
        return Due(self.mirror.store.dialect, self.mirror.store.own, ahead=self.ahead())


@contextmanager
def site_of(
    database: str,
    *,
    clocks: int = 2,
    proves: bool = True,
    **settings: Any,  # noqa: ANN401 - any setting
) -> Iterator[Site]:
    """A site at midnight, with so many time clocks; the night before is still to be proven, if it `proves`."""
    company = Company(0, people=20)
    company.clocks = {WAREHOUSE + number: TimeClock(WAREHOUSE + number, f"Place {number}") for number in range(clocks)}
    with (
        time_machine.travel(MORNING, tick=True) as travel,
        Sandbox(company, SandboxSettings(minute_limit=10**6)) as sandbox,
    ):
        site = Site(database, sandbox, travel, **settings)
        if not proves:
            site.skip_the_night()
        try:
            yield site
        finally:
            site.mirror.close()
