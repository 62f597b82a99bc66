"""A trigger of the host that alters some rows: those are held, for as many runs as it takes; nothing waits for them."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.core.keys import RowId
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from support.refusing_tables import kind_of, run
from support.scenario import World

LAST = date(2025, 12, 20)


def altering(kind: str, employee: RowId) -> tuple[str, ...]:
    """A trigger that sets the minutes of one person's new rows to nought."""
    if kind == "sqlite":
        return (
            (
                f"CREATE TRIGGER guard AFTER INSERT ON clock_times WHEN NEW.employee_id = {employee} BEGIN"
                " UPDATE clock_times SET total_minutes = 0 WHERE id = NEW.id; END"
            ),
        )
    if kind == "mysql":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW"
                f" SET NEW.total_minutes = if(NEW.employee_id = {employee}, 0, NEW.total_minutes)"
            ),
        )
    return (
        (
            f"CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN IF NEW.employee_id = {employee} THEN"
            " NEW.total_minutes = 0; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


@pytest.mark.usefixtures("initialised")
def test_known_culprits_alone_in_a_slice_stay_held_and_nothing_waits_for_them(database: str) -> None:
    """From the second run on nothing but them is left to write: no run fails for it, and deletes and links go on; what
    is new and altered too is held with them.
    """
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database)
        altered, other = sorted(world.company.people)[:2]
        window = world.mirror.window(date(2025, 12, 1), LAST)
        kept = [world.work(day, "14:00", "16:00", user=other) for day in range(1, 6)]
        world.work(7, "14:00", "16:00", user=altered)
        assert world.sync(window).exit_code == 0
        with world.mirror.store.reading() as session:
            employee = next(e.id for e in session.employees() if e.connecteam_user_id == str(altered))
        run(database, *altering(kind_of(database), employee))
        held = {world.work(day, "08:00", "12:10", user=altered).id for day in range(1, 6)}
        for day in range(1, 6):
            world.work(day, "08:00", "12:10", user=other)

        def looked(count: int) -> None:
            """A run that writes all but what is altered."""
            run_ = world.sync(window)
            assert run_.exit_code == 3, run_
            assert {hold.shift_id for hold in run_.holds if hold.reason == "refused_by_database"} == held
            assert len(world.table()) == count
            assert len(world.rows()) == len(world.company.truth(date(2025, 12, 1), LAST)) - len(held)

        for _ in range(3):
            looked(11)
        world.company.delete(kept[0].id)
        world.company.replace_id(kept[1].id)
        looked(10)
        held |= {world.work(day, "18:00", "19:00", user=altered, clock=WAREHOUSE).id for day in (8, 9)}
        looked(10)
        run(
            database,
            "DROP TRIGGER guard ON clock_times" if kind_of(database) == "postgresql" else "DROP TRIGGER guard",
        )
        cured = world.sync(window)
        assert (cured.exit_code, cured.counts.created) == (0, 7)
        assert world.rows() == world.company.truth(date(2025, 12, 1), LAST)
        world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_trigger_that_alters_everything_there_is_to_write_ends_the_run(database: str) -> None:
    """No record is at fault, so none is held: the run says what the database does, and writes nothing."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database)
        altered = min(world.company.people)
        window = world.mirror.window(date(2025, 12, 1), LAST)
        world.work(7, "14:00", "16:00", user=altered)
        assert world.sync(window).exit_code == 0
        [row] = world.table()
        run(database, *altering(kind_of(database), row["employee_id"]))
        for day in (1, 2, 3):
            world.work(day, "08:00", "12:10", user=altered)
        before = world.everything()
        failed = world.sync(window)
        assert (failed.exit_code, failed.holds) == (1, ())
        [message] = {part.error for part in failed.slices if part.error}
        assert "guard" in message or "trigger" in message
        assert world.everything() == before
        run(
            database,
            "DROP TRIGGER guard ON clock_times" if kind_of(database) == "postgresql" else "DROP TRIGGER guard",
        )
        assert world.sync(window).exit_code == 0
        assert world.rows() == world.company.truth(date(2025, 12, 1), LAST)
        world.mirror.close()
