"""One company and two mirrors of it that must never differ: one skips people of its looks, the other reads all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import make_url

from conftest import SERVERS
from connecteam_sync.api.by_person import AnswerByPerson
from connecteam_sync.api.wire import People
from connecteam_sync.core.run import Run
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support import databases
from support.scenario import FIRST, LAST, World

PLENTY = SandboxSettings(minute_limit=10**9, day_limit=10**9)
_MOMENTS = ("at", "first_seen", "acknowledged_at", "seen_at", "touched_at", "created_at", "updated_at")
"""Columns that say when something was written."""


class Twins(World):
    """A world with a twin in another database of the same kind. What is done to its table is done to both."""

    def __init__(self, sandbox: Sandbox, database: str, other: str, *, read: str = "read", **settings: Any) -> None:  # noqa: ANN401 - any setting
        super().__init__(sandbox, database, **settings)
        self.other = World(sandbox, other, unchanged=read, **settings)

    def sync(self, window: Window | None = None, **options: Any) -> Run:  # noqa: ANN401 - any option
        """A run of both, which say the same and leave the same."""
        run = super().sync(window, **options)
        twin = self.other.sync(window, **options)
        assert said(run) == said(twin)
        self.compare()
        return run

    def compare(self) -> None:
        """Both databases have the same rows in every table, but for the moments of writing."""
        for one, other in zip(self.everything(), self.other.everything(), strict=True):
            assert [timeless(row) for row in one] == [timeless(row) for row in other]

    def execute(self, statement: str, **values: object) -> None:
        """A statement of another program, in both."""
        super().execute(statement, **values)
        self.other.execute(statement, **values)

    def close(self) -> None:
        """Close both mirrors."""
        self.mirror.close()
        self.other.mirror.close()


def said(run: Run) -> object:
    """What a run says, but for its number and its times."""
    slices = [(s.time_clock_id, s.window, s.status, s.counts, s.minutes, s.holds, s.fingerprint) for s in run.slices]
    return run.status, run.exit_code, slices


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the moments of writing, those of the whole rows in the journal included."""
    plain = {name: value for name, value in row.items() if name not in _MOMENTS}
    for name in ("row_before", "row_after"):
        if plain.get(name) is not None:
            plain[name] = timeless(msgspec.json.decode(plain[name]))
    return plain


@contextmanager
def another(database: str, folder: Path) -> Iterator[str]:
    """A second initialised database of the same kind as this one."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        yield databases.initialised_file(folder / "twin.db")
        return
    server = next(one for one in SERVERS.values() if make_url(one).port == url.port)
    with databases.initialised(make_url(server)) as other:
        yield databases.plain(other)


def row_of(twins: Twins, *, user: int | None = None, without: int | None = None) -> dict[str, object]:
    """A row of the warehouse with both ends, of this user or of another one than `without`."""
    known = next(
        one
        for one in twins.table("connecteam_sync_shifts")
        if one["clock_time_id"]
        and one["end_at"]
        and one["time_clock_id"] == WAREHOUSE
        and one["user_id"] != without
        and user in {None, one["user_id"]}
    )
    return next(row for row in twins.table() if row["id"] == known["clock_time_id"])


def two_of(twins: Twins) -> tuple[Activity, Activity]:
    """Shifts of two people of the warehouse, none of whom is changed by the other."""
    shifts = [s for s in twins.company.shifts(FIRST, LAST) if s.end is not None and s.clock_id == WAREHOUSE]
    return shifts[0], next(s for s in shifts if s.user_id != shifts[0].user_id)


class Decoded:
    """How many people each partial look has decoded."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.people: list[int] = []
        read = AnswerByPerson.snapshot

        def reading(parts: AnswerByPerson, people: People, users: frozenset[int]) -> Snapshot | None:
            self.people.append(len(users))
            return read(parts, people, users)

        patch.setattr(AnswerByPerson, "snapshot", reading)
