"""One company and two mirrors of it that must never differ: one skips people of its looks, the other reads all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import make_url

from conftest import SERVERS
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Sandbox
from support import databases
from support.scenario import World

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
