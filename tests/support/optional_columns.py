"""A table in which columns are named for the job and for the minutes that breaks leave of a shift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import LUNCH, WAREHOUSE, Activity, Job
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from support.scenario import World

COLUMNS = {"job": "Job name", "break_minutes": "unpaid", "net_minutes": "net"}
"""The names of the columns, by key."""
P = "2025-12-01..2025-12-11"
Values = tuple[str | None, int | None, int | None]
"""Job, break minutes and net minutes of a row."""


def values(world: World) -> dict[Any, Values]:
    """What the columns of each row of ours hold, by its id."""
    rows = (row for row in world.table() if row["source"] == "connecteam")
    return {row["id"]: (row[COLUMNS["job"]], row["unpaid"], row["net"]) for row in rows}


def on_timesheets(world: World) -> dict[Any, Values]:
    """The same as timesheets have it: they are empty of jobs whose names are not known, and of open shifts."""
    names = {job["id"] for job in world.table("connecteam_sync_jobs") if job["name"]}
    return {
        shift.clock_time_id: (
            shift.job_name if shift.job in names else None,
            None if shift.is_open else shift.break_minutes,
            None if shift.is_open else shift.net_minutes,
        )
        for sheet in world.mirror.payroll.timesheets(P)
        for shift in sheet.shifts
        if shift.is_ours
    }


def require_equal(world: World, looks: int = 3) -> None:
    """Each row says what timesheets say of its shift, and the next run has nothing to do."""
    assert values(world) == on_timesheets(world)
    for _ in range(looks):
        again = world.sync()
        assert (again.counts.created, again.counts.updated, again.counts.deleted) == (0, 0, 0), again
    assert values(world) == on_timesheets(world)


PACKING, NIGHT, OLD, NOWHERE = "job-packing", "job-packing-night", "job-old", "job-nowhere"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An empty company with a job, one with a sub job, and one that was deleted."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as made:
        for job in (Job(PACKING, "Packing"), Job(NIGHT, "Night", "", PACKING), Job(OLD, "Old Ü", is_deleted=True)):
            made.company.jobs[job.id] = job
        yield made


class Mirrors:
    """Mirrors of one company in one database, each closed at the end."""

    def __init__(self, sandbox: Sandbox, database: str) -> None:
        self.sandbox, self.database = sandbox, database
        self.made: list[World] = []

    def of(self, **names: Any) -> World:  # noqa: ANN401 - names of columns
        """One whose configuration has these names of columns; `init` makes what is absent."""
        tables = {"tables": HostTables(clock_times=ClockTimesNames(**names))} if names else {}
        self.made.append(World(self.sandbox, self.database, **tables))
        return self.made[-1]


@pytest.fixture
def mirrors(sandbox: Sandbox, database: str) -> Iterator[Mirrors]:
    """Mirrors of the company in an empty database."""
    found = Mirrors(sandbox, database)
    yield found
    for one in found.made:
        one.mirror.close()


@pytest.fixture
def world(mirrors: Mirrors) -> World:
    """Its mirror, in a table that `init` made with the three columns."""
    return mirrors.of(**COLUMNS)


def of_job(shift: Activity, job: str | None, sub_job: str | None = None) -> Activity:
    """The shift, in a job, or in none."""
    shift.job_id, shift.sub_job_id = job, sub_job
    shift.spoiled = {} if job else {"jobId": None}
    return shift


def lunch(world: World, day: int, begin: str = "12:00", end: str = "12:30", kind: str = LUNCH) -> Activity:
    """A break of the one person; unpaid, unless its type is another."""
    start = world.at(day, begin)
    return world.company.take_break(world.user, start, world.at(day, end), clock=WAREHOUSE, break_type=kind)


def one(world: World) -> tuple[str | None, int | None, int | None]:
    """The columns of the only row."""
    (found,) = values(world).values()
    return found


def whys(world: World) -> list[str]:
    """What the journal says of the newest run."""
    newest = world.mirror.runs()[0].id or 0
    return [entry.change.why for entry in world.mirror.show(newest)[1]]


def renamed(world: World, name: str) -> None:
    """Packing has another name, and a verification has read the list since."""
    world.company.jobs[PACKING].title = name
    world.execute("UPDATE connecteam_sync_jobs SET seen_at = seen_at - 86400")
    assert world.mirror.verify(world.window).exit_code in {0, 3, 5}
