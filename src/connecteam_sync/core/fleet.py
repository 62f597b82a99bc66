"""The fleet, as data: whose turn it is, what waits, and which workers there are. Instants are epoch seconds."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from connecteam_sync.core.text import many


class Priority(IntEnum):
    """Why a turn is due, the most urgent first. `PERIOD`: a pay period has ended lately, and is not closed yet."""

    BELL = 0
    PERIOD = 1
    CADENCE = 2
    BACKFILL = 3


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A row; instants are epoch seconds. `due_at` is since when a claimed turn has been due.

    `failures` are turns in a row that failed, `error` is what the last of them said, `lost` are those in a row whose
    lease ran out in somebody's hands; `done` counts all that were finished.
    """

    account: str
    slot: int
    next_due: int
    due_at: int
    priority: int
    lease_until: int
    lease_token: str | None = None
    taken_at: int | None = None
    holder: str | None = None
    failures: int = 0
    lost: int = 0
    lost_ever: int = 0
    done: int = 0
    done_at: int | None = None
    error: str | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits: for how long the longest, how many turns are due, given out, and lost since the tables were made."""

    seconds: int
    due: int
    given_out: int
    lost: int


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A process that does turns, `slots` at a time; instants are epoch seconds. `running` are accounts and slots."""

    id: str
    host: str
    pid: int
    version: str
    slots: int
    began_at: int
    beat_at: int
    is_alive: bool = True
    running: tuple[str, ...] = ()


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is left alone for another `seconds`, whatever calls: why, and since when (epoch seconds) it has
    been due.
    """

    account: str
    seconds: int
    since: int
    error: str

    next_step = "connecteam-sync resume"

    @property
    def message(self) -> str:
        """That it is so, for how long, and why."""
        return f"the account is put aside for another {many(-(-self.seconds // 60), 'minute')}: {self.error}"


class FleetState(msgspec.Struct, frozen=True, kw_only=True):
    """The workers that gave a sign today, the turns of every account, and the accounts that are put aside."""

    workers: tuple[Worker, ...]
    waiting: Waiting
    turns: tuple[Turn, ...]
    aside: tuple[Aside, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of the workers that give signs, each once."""
        return tuple(sorted({one.version for one in self.workers if one.is_alive}))

    @property
    def failing(self) -> tuple[Turn, ...]:
        """The turn that failed last of each account whose turns fail, by name, but for those that are put aside."""
        aside = {one.account for one in self.aside}
        found = {turn.account: turn for turn in self.turns if turn.failures and turn.account not in aside}
        return tuple(found[name] for name in sorted(found))
