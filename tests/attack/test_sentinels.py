"""Rows of ours whose times are no times of anybody's work: 9999-12-31 for "open", 1900-01-01 for "unknown"."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_host_tables import run
from test_understood import checks

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import FIRST, LAST, World

SENTINELS = ("9999-12-31 23:59:59", "1900-01-01 00:00:00")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(10, people=3), SandboxSettings(minute_limit=1_000_000)) as served:
        yield served


def altered(world: World, database: str) -> None:
    """The table is another one than was probed."""
    run(database, "ALTER TABLE clock_times ADD COLUMN cost_centre VARCHAR(9)")
    world.mirror.store._columns = None


def sentinels(database: str, employee: int) -> None:
    """Rows of ours that begin, or end, at no time of anybody's."""
    for at in SENTINELS:
        run(
            database,
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            f" VALUES ({employee}, '{at}', NULL, NULL, TRUE, 'connecteam')",
        )
    run(
        database,
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        f" VALUES ({employee}, '2031-01-01 08:00:00', '{SENTINELS[0]}', NULL, FALSE, 'connecteam')",
    )


@pytest.mark.usefixtures("initialised")
def test_doctor_says_why_it_has_no_row_to_copy(database: str, sandbox: Sandbox) -> None:
    """There are rows of ours, and none lies where a copy could be tried: that is said, not that there are none."""
    world = World(sandbox, database)
    altered(world, database)
    run(database, "INSERT INTO employees (name) VALUES ('Ida')")
    assert "no row of ours yet" in checks(world, "probe", "warning")
    sentinels(database, 1)
    said = checks(world, "probe", "warning")
    assert "no row of ours lies between 1970 and 2100" in said
    assert "no row of ours yet" not in said
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_good_row_is_copied_where_others_stand_at_no_time(database: str, sandbox: Sandbox) -> None:
    """The latest closed row within bounds is taken, whatever stands beyond them; nothing of it is left."""
    world = World(sandbox, database)
    world.sync()
    sentinels(database, world.table()[0]["employee_id"])
    altered(world, database)
    before = world.table()
    assert "brought back to the byte" in checks(world, "probe", "ok")
    assert world.table() == before
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("at", SENTINELS)
@pytest.mark.parametrize("column", ["clock_in", "clock_out"])
def test_a_run_that_corrects_such_a_row_first(database: str, sandbox: Sandbox, at: str, column: str) -> None:
    """A row that another program set to such a time is corrected: the probe takes another row, or waits for one."""
    world = World(sandbox, database)
    world.sync()
    truth = world.rows()
    [row, *_] = (one for one in world.table() if one["clock_out"] is not None)
    run(database, f"UPDATE clock_times SET {column} = '{at}' WHERE id = {row['id']}")
    altered(world, database)
    corrected = world.sync()
    assert (corrected.exit_code, corrected.counts.updated) == (0, 1)
    assert not any("probed" in (slice_.note or "") for slice_ in corrected.slices)
    assert world.rows() == truth == world.company.truth(FIRST, LAST)
    # The next one has a row to try.
    world.work(4, "01:00", "02:00", user=min(shift.user_id for shift in world.company.shifts()))
    assert any("probed with its first row" in (slice_.note or "") for slice_ in world.sync().slices)
    world.mirror.close()
