"""After a restore of any table, ours or the host's, one run over the days gives the truth; people never get older."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import ActivitiesResponse
from connecteam_sync.core.window import Window
from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE, Company
from connecteam_sync.sandbox.settings import SandboxSettings
from support.scenario import World

OURS = ("shifts", "breaks", "users", "slices", "runs", "inputs", "changes", "holds")
TABLES = ("clock_times", *(f"connecteam_sync_{name}" for name in OURS))


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts whose first person is on two time clocks, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, max_deletes_of_person=20)
        made.company.people[made.user].clocks = {WAREHOUSE, OFFICE}
        yield made
        made.mirror.close()


def dump(world: World, table: str) -> list[dict[str, Any]]:
    """Every row, without what the server computes."""
    with world.mirror.store.reading() as session:
        return [
            {name: value for name, value in row.items() if name not in {"row_digest", "touched_at"}}
            for row in session.read(f"SELECT * FROM {table}")
        ]


def restore(world: World, table: str, rows: list[dict[str, Any]]) -> None:
    """The table as it was dumped."""
    world.execute(f"DELETE FROM {table}")
    for row in rows:
        places = ", ".join(f":{name}" for name in row)
        world.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", **row)


@pytest.mark.parametrize("table", TABLES)
def test_an_older_dump_of_one_table(world: World, table: str) -> None:
    """Corrected, deleted, new and moved shifts since the dump: all right again after one run, and at rest after two."""
    shifts = [world.work(day, "08:00", "12:00", clock=WAREHOUSE if day % 2 else OFFICE) for day in range(2, 10)]
    world.sync()
    old = dump(world, table)
    world.company.edit(shifts[0].id, start=shifts[0].start + 900)
    world.company.edit(shifts[1].id, end=shifts[1].start + 3600)
    world.company.delete(shifts[2].id)
    world.company.replace_id(shifts[3].id)
    shifts[4].clock_id = OFFICE
    world.work(10, "08:00", "12:00")
    world.sync()
    restore(world, table, old)
    assert world.sync().exit_code == 0
    assert world.rows() == world.company.truth(world.window.first, world.window.last)
    links = [s["clock_time_id"] for s in world.table("connecteam_sync_shifts") if s["clock_time_id"]]
    assert len(links) == len(set(links))
    assert world.sync().status == "nothing"


def count_again(world: World, *tables: str) -> None:
    """The numbers of these tables go on after the highest that is left, as after a restore of the whole table."""
    with world.mirror.store.writing() as session:
        for table in tables:
            newest = session.read(f"SELECT coalesce(max(id), 0) AS number FROM {table}")[0]["number"]
            again = {
                "sqlite": f"UPDATE sqlite_sequence SET seq = {newest} WHERE name = '{table}'",
                "mysql": f"ALTER TABLE {table} AUTO_INCREMENT = {newest + 1}",
                "postgresql": f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {newest})",
            }
            session.connection.execute(text(again[session.dialect.family]))


def test_a_run_never_gets_the_number_of_another(world: World) -> None:
    """Where the receipts alone are older than the journal: its undo takes back what it did and nothing else."""
    tables = ("connecteam_sync_runs", "connecteam_sync_slices")
    world.work(2, "08:00", "12:00")
    world.sync()
    old = [dump(world, table) for table in tables]
    world.work(3, "08:00", "12:00")
    lost = world.sync()
    before = world.table()
    for table, rows in zip(tables, old, strict=True):
        restore(world, table, rows)
    count_again(world, *tables)
    world.work(4, "08:00", "12:00")
    for number in (1, 2):
        run = world.sync()
        assert run.id == (lost.id or 0) + number
    run = world.mirror.undo((lost.id or 0) + 1)
    assert (run.id, run.counts.deleted) == ((lost.id or 0) + 3, 1)
    assert world.table() == before
    runs = [row["id"] for row in world.table("connecteam_sync_runs")]
    assert len(runs) == len({*runs})


@pytest.mark.parametrize("others", [0, 2])
def test_a_receipt_that_is_lost_is_not_repeated(world: World, others: int) -> None:
    """Nothing changed since, but what was said of it is gone, and looks at other days have receipts since: the slice is
    decided again, and says what is so.
    """
    table = "connecteam_sync_slices"
    world.sync()
    old = dump(world, table)
    world.work(2, "08:00", "12:00")
    world.sync()
    known = world.sync()
    restore(world, table, old)
    count_again(world, table)
    for _ in range(others):
        world.sync(world.mirror.window(date(2025, 11, 1), date(2025, 11, 3)))
    for _ in range(2):
        run = world.sync()
        assert (run.status, run.exit_code, run.counts) == ("nothing", 0, known.counts)
        assert {slice_.window for slice_ in run.slices} == {world.window}


def test_what_the_journal_has_lost_is_not_undone_in_silence(world: World) -> None:
    """The journal alone is older: the newer run is named, and nothing is written; later runs are undone as ever."""
    world.work(2, "08:00", "12:00")
    world.sync()
    old = dump(world, "connecteam_sync_changes")
    world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    lost = world.sync()
    restore(world, "connecteam_sync_changes", old)
    count_again(world, "connecteam_sync_changes")
    before = world.table()
    with pytest.raises(UndoRefused, match=f"0 of the 2 changes that run {lost.id} made"):
        world.mirror.undo(lost.id or 0)
    assert world.table() == before
    world.work(5, "08:00", "12:00")
    run = world.sync()
    assert run.id == (lost.id or 0) + 1
    world.mirror.undo(run.id or 0)
    assert world.table() == before


def test_an_overtaken_run_does_not_bring_back_older_people(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename and a new user that another run has written meanwhile stay as they are."""
    world.work(2, "08:00", "12:00")
    other = World(world.sandbox, world.mirror.settings.database_url)
    person = world.company.people[world.user]
    newcomer = sorted(world.company.people)[7]
    hired = world.company.people.pop(newcomer)
    first, ask = [True], Connecteam.fetch_activities

    def overtaken(self: Connecteam, clock: int, window: Window) -> ActivitiesResponse:
        """Between this run's list of people and its first transaction, another run comes and goes."""
        if first:
            first.clear()
            person.last_name = "Renamed"
            world.company.people[newcomer] = hired
            assert other.sync().exit_code == 0
        return ask(self, clock, window)

    with monkeypatch.context() as patch:
        patch.setattr(Connecteam, "fetch_activities", overtaken)
        assert world.sync().exit_code == 0
    users = {row["user_id"]: row for row in world.table("connecteam_sync_users")}
    assert users[world.user]["last_name"] == "Renamed"
    assert users[newcomer]["is_listed"]
    other.mirror.close()
