"""Our own tables as they should be: what somebody changed is named, and put back where nothing can be lost by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.core.run import Check
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.settings import SandboxSettings as Behaviour
from support.scenario import FIRST, LAST, World


@pytest.fixture
def life(initialised: str) -> Iterator[World]:
    """A mirrored company."""
    with Sandbox(Company(40), Behaviour(minute_limit=1_000_000)) as sandbox:
        made = World(sandbox, initialised)
        made.sync()
        yield made
        made.mirror.close()


def check(world: World, name: str) -> Check:
    """One check of `doctor`."""
    world.mirror.store.close()
    return next(check for check in world.mirror.doctor() if check.name == name)


def on_mysql(world: World, table: str) -> str:
    """What a DROP INDEX needs there."""
    return f" ON {table}" if world.mirror.store.dialect.family == "mysql" else ""


def test_a_healthy_database_passes(life: World) -> None:
    """Nothing to mend, no link that does not fit."""
    assert check(life, "our tables").state == "ok"
    assert check(life, "links").state == "ok"


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DROP INDEX ix_connecteam_sync_changes_row{changes}", "ix_connecteam_sync_changes_row"),
        ("DROP INDEX ix_connecteam_sync_shifts_row{shifts}", "ix_connecteam_sync_shifts_row"),
        ("DROP INDEX ix_connecteam_sync_shifts_start{shifts}", "ix_connecteam_sync_shifts_start"),
        ("ALTER TABLE connecteam_sync_inputs DROP COLUMN last_key", "connecteam_sync_inputs has no column last_key"),
        ("ALTER TABLE connecteam_sync_runs DROP COLUMN undoes", "connecteam_sync_runs has no column undoes"),
        ("DROP TABLE connecteam_sync_holds", "table connecteam_sync_holds is missing"),
        ("DROP TABLE connecteam_sync_shifts", "table connecteam_sync_shifts is missing"),
    ],
)
def test_what_is_missing_is_named_and_put_back(life: World, damage: str, named: str) -> None:
    """Dropped by somebody: `doctor` says what, `init` puts it back, and the next run is as any."""
    shifts, changes = (on_mysql(life, f"connecteam_sync_{table}") for table in ("shifts", "changes"))
    life.execute(damage.format(shifts=shifts, changes=changes))
    failed = check(life, "our tables")
    assert (failed.state, failed.cure.startswith("connecteam-sync init")) == ("failed", True)
    assert named in failed.detail
    done = life.mirror.init()
    assert any(named in said for said in done)
    assert life.mirror.init() == ()
    assert check(life, "our tables").state == "ok"
    assert not life.sync().errors
    assert not life.mirror.verify(life.window).differences


def test_the_time_of_the_last_write_is_put_back(life: World) -> None:
    """MySQL and MariaDB keep it; elsewhere there is none."""
    if life.mirror.store.dialect.family != "mysql":
        return
    life.execute("ALTER TABLE connecteam_sync_shifts DROP COLUMN touched_at")
    assert "touched_at" in check(life, "our tables").detail
    life.mirror.init()
    assert check(life, "our tables").state == "ok"
    assert life.sync().status == "nothing"


def test_an_altered_column_is_a_matter_for_a_person(life: World) -> None:
    """Whatever stood in it, nobody can say: named with the table, and not touched."""
    life.execute("ALTER TABLE connecteam_sync_users DROP COLUMN first_name")
    failed = check(life, "our tables")
    assert failed.state == "failed"
    assert "connecteam_sync_users has no column first_name" in failed.detail
    assert "dump" in failed.cure
    assert not life.mirror.init()
    if life.mirror.store.dialect.family != "sqlite":
        kind = "ALTER COLUMN day TYPE date USING CAST(day AS date)"
        if life.mirror.store.dialect.family == "mysql":
            kind = "MODIFY COLUMN day DATE NOT NULL"
        life.execute(f"ALTER TABLE connecteam_sync_locked_days {kind}")
        assert "column day of connecteam_sync_locked_days is not text" in check(life, "our tables").detail


def test_links_that_do_not_fit_are_counted(life: World) -> None:
    """A row deleted and a row changed behind our back: a warning with the days, and a run over them cures it."""
    ids = [row["id"] for row in life.table()]
    life.execute("DELETE FROM clock_times WHERE id = :k", k=ids[0])
    life.execute("UPDATE clock_times SET clock_out = '2025-12-30 00:00:00' WHERE id = :k", k=ids[1])
    warned = check(life, "links")
    assert warned.state == "warning"
    assert "gone: 1" in warned.detail
    assert "says: 1" in warned.detail
    assert "connecteam-sync sync --from 2025-12-" in warned.cure
    assert not life.sync(life.mirror.window(FIRST, LAST)).errors
    assert check(life, "links").state == "ok"


def test_a_row_that_waits_for_its_correction_fits_its_shift(life: World) -> None:
    """Payroll has closed the day: the row says what was written, the shift says something else, and both are right."""
    shift = next(s for s in life.company.shifts(FIRST, FIRST) if s.end is not None)
    life.lock(FIRST)
    life.company.edit(shift.id, start=shift.start + 60)
    assert life.sync().exit_code == 3
    assert check(life, "links").state == "ok"


def test_a_key_sequence_behind_its_rows_is_named_with_its_cure(life: World) -> None:
    """PostgreSQL: rows copied in with their keys leave it behind; the statement that is named puts it right."""
    assert "key sequence" not in {check.name for check in life.mirror.doctor()}
    if life.mirror.store.dialect.family != "postgresql":
        return
    newest = max(row["id"] for row in life.table())
    for number in (3, newest):
        life.execute("SELECT setval('clock_times_id_seq', :number, false)", number=number)
        found = check(life, "key sequence")
        assert found.state == "failed"
        assert f"clock_times_id_seq gives {number} " in found.detail
        assert f"newest row has {newest}:" in found.detail
    life.execute("DELETE FROM clock_times WHERE id = 3")
    life.execute("SELECT setval('clock_times_id_seq', 2)")
    assert check(life, "key sequence").state == "warning"
    life.execute("SELECT setval('employees_id_seq', 1, false)")
    named = [check for check in life.mirror.doctor() if check.name == "key sequence"]
    assert ["clock_times_id_seq" in named[0].detail, "employees_id_seq" in named[1].detail] == [True, True]
    for one in named:
        life.execute(one.cure.removesuffix("; then connecteam-sync doctor"))
    assert "key sequence" not in {check.name for check in life.mirror.doctor()}


def test_a_sequence_that_a_default_draws_from_is_found_too(life: World) -> None:
    """Made by hand, and owned by no column, as older programs made them."""
    if life.mirror.store.dialect.family != "postgresql":
        return
    life.execute("ALTER TABLE clock_times ALTER COLUMN id DROP IDENTITY IF EXISTS")
    life.execute('CREATE SEQUENCE "Own Keys"')
    life.execute("""ALTER TABLE clock_times ALTER COLUMN id SET DEFAULT nextval('"Own Keys"')""")
    found = check(life, "key sequence")
    assert '"Own Keys" gives 1 ' in found.detail
    life.execute(found.cure.removesuffix("; then connecteam-sync doctor"))
    assert "key sequence" not in {check.name for check in life.mirror.doctor()}
