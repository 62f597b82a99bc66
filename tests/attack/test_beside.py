"""What triggers and rules of the host do next to our writes, or instead of them: seen, named, and nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_host_tables import kind_of
from test_named import raw
from test_understood import checks

from connecteam_sync.core.change import Change
from connecteam_sync.errors import NotServed, RowMoved, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.mirror.other_rows import Neighbours, PersonRowCounts
from support.scenario import World

MARK = 123
"""Minutes of the shifts that the triggers here wait for."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(10, people=3), SandboxSettings(minute_limit=1_000_000)) as served:
        yield served


def meddler(kind: str, when: str, does: str, *, table: str = "clock_times", returns: str = "NULL") -> tuple[str, ...]:
    """A trigger for each row; `when` is like `AFTER INSERT`, `does` a statement."""
    if kind == "postgresql":
        body = f"BEGIN {does}; RETURN {returns}; END"
        return (
            f"CREATE OR REPLACE FUNCTION meddle() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql",
            f"CREATE TRIGGER meddler {when} ON {table} FOR EACH ROW EXECUTE FUNCTION meddle()",
        )
    does = f"BEGIN {does}; END" if kind == "sqlite" else does
    return (f"CREATE TRIGGER meddler {when} ON {table} {'' if kind == 'sqlite' else 'FOR EACH ROW'} {does}",)


def dropped(database: str, table: str = "clock_times") -> None:
    """The trigger is gone again."""
    raw(database, f"DROP TRIGGER meddler{f' ON {table}' if kind_of(database) == 'postgresql' else ''}")


def by_hand(world: World) -> None:
    """A row of each person that somebody entered, and that an import could take along."""
    raw(
        world.mirror.store.url.render_as_string(hide_password=False),
        "CREATE TABLE imports (id INT PRIMARY KEY)",
        "INSERT INTO imports VALUES (1)",
        "ALTER TABLE clock_times ADD COLUMN import_id INT",
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source, import_id)"
        " SELECT id, '2025-12-03 03:00:00', '2025-12-03 04:00:00', 60, FALSE, 'manual', 1 FROM employees",
    )


def removing(database: str, when: str, row: str = "NEW") -> tuple[str, ...]:
    """A trigger that removes what was entered by hand where a row of MARK minutes comes or goes."""
    kind, mark = kind_of(database), f"{row}.total_minutes = {MARK}"
    if kind == "mysql":
        # No trigger may write the table it is on; what hangs on another one goes with it.
        key = "ALTER TABLE clock_times ADD FOREIGN KEY (import_id) REFERENCES imports (id) ON DELETE CASCADE"
        return (key, *meddler(kind, when, f"DELETE FROM imports WHERE {mark}"))
    return meddler(kind, when, f"DELETE FROM clock_times WHERE source = 'manual' AND {mark}")


def lasting(world: World, day: int, minutes: int) -> None:
    """A shift of so many minutes, of somebody who has rows."""
    user = min(shift.user_id for shift in world.company.shifts())
    world.work(day, "01:00", f"{1 + minutes // 60:02}:{minutes % 60:02}", user=user)


@pytest.mark.usefixtures("initialised")
def test_a_trigger_that_fires_for_later_rows_only(database: str, sandbox: Sandbox) -> None:
    """The probe does not see it; the run whose rows it fires for does, in round trips that it makes anyway."""
    world = World(sandbox, database)
    world.sync()
    by_hand(world)
    raw(database, *removing(database, "AFTER INSERT"))
    world.mirror.store._columns = None
    lasting(world, 2, 60)
    probed = world.sync()
    assert probed.exit_code == 0
    assert any("probed with its first row" in (slice_.note or "") for slice_ in probed.slices)
    lasting(world, 4, MARK)
    before = world.table()
    with pytest.raises(NotServed, match=r"1 row went.*meddler") as caught:
        world.sync()
    assert caught.value.exit_code == 2
    assert world.table() == before
    dropped(database)
    world.mirror.store._columns = None
    assert world.sync().counts.created == 1
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_trigger_that_fires_for_an_undo(database: str, sandbox: Sandbox) -> None:
    """The same where a row goes: the undo is refused, and takes nothing along."""
    world = World(sandbox, database)
    world.sync()
    by_hand(world)
    lasting(world, 4, MARK)
    number = world.sync().id or 0
    raw(database, *removing(database, "AFTER DELETE", "OLD"))
    world.mirror.store._columns = None
    before = world.table()
    with pytest.raises(UndoRefused, match="meddler") as refused:
        world.mirror.undo(number)
    assert "1 row went" in refused.value.message
    assert world.table() == before
    dropped(database)
    world.mirror.undo(number)
    assert len(world.table()) == len(before) - 1
    world.mirror.close()


def test_what_another_program_writes_meanwhile_is_no_trigger(database: str, sandbox: Sandbox) -> None:
    """It stays when ours is taken back: the run is tried again, and the probe looks again."""
    if kind_of(database) == "sqlite":
        pytest.skip("nobody else writes while we do")
    world = World(sandbox, database)
    world.sync()
    [row, *_] = world.table()
    raw(
        database,
        *meddler(kind_of(database), "AFTER DELETE", "SET @x = 1" if kind_of(database) == "mysql" else "PERFORM 1"),
    )
    world.mirror.store._columns = None

    def entered(at: str) -> None:
        raw(
            database,
            "INSERT INTO clock_times (employee_id, clock_in, is_active, source)"
            f" VALUES ({row['employee_id']}, '2025-12-05 {at}', TRUE, 'manual')",
        )

    with world.mirror.store.writing() as session:
        [image, *_] = [one for one in session.rows_of_all() if one.id == row["id"]]
        change = Change(
            kind="update",
            before=image,
            after=image,
            shift_id=None,
            user_id=None,
            days=(world.window.first,) * 2,
            why="",
        )
        others = PersonRowCounts(session, [change])
        others.begin(session.fetch(*others.queries))
        entered("02:00:00")
        others.count()
        with pytest.raises(RowMoved, match="1 row came beside"):
            others.require_same()
    with world.mirror.store.writing() as session:
        beside = Neighbours(session, image, counts=True)
        assert not beside.side_effects(0, more=0)
        assert beside.is_as_before()
        entered("02:00:01")
        assert "would come" in beside.side_effects(0, more=0)
        assert not beside.is_as_before()
    world.mirror.close()


VETOES = {
    "sqlite": {"silent": "SELECT RAISE(IGNORE)", "said": "SELECT RAISE(ABORT, 'not so')"},
    "mysql": {"said": "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not so'"},
    "postgresql": {"silent": "", "said": "RAISE EXCEPTION 'not so'"},
}


@pytest.mark.parametrize("event", ["INSERT", "UPDATE", "DELETE"])
@pytest.mark.parametrize("how", ["silent", "said"])
def test_an_undo_that_a_trigger_does_not_let_happen(database: str, sandbox: Sandbox, event: str, how: str) -> None:
    """Exit 4, by the name of the trigger and the database's words; nothing was written, and without it undo goes on."""
    kind = kind_of(database)
    if how not in VETOES[kind]:
        pytest.skip("a trigger of MySQL can only refuse aloud")
    world = World(sandbox, database)
    world.sync()
    before = world.table()
    shift = next(shift for shift in world.company.shifts() if shift.end is not None)
    if event == "INSERT":
        world.company.delete(shift.id)
    elif event == "UPDATE":
        world.company.edit(shift.id, end=(shift.end or 0) + 600)
    else:
        lasting(world, 4, 60)
    number = world.sync().id or 0
    after = world.table()
    does = VETOES[kind][how]
    raw(database, *meddler(kind, f"BEFORE {event}", does or "PERFORM 1"))
    with pytest.raises(UndoRefused, match="meddler") as refused:
        world.mirror.undo(number)
    assert refused.value.exit_code == 4
    assert how == "silent" or "not so" in refused.value.message
    assert f"undo {number}" in refused.value.next_step
    assert world.table() == after
    assert len(world.mirror.runs()) == 2
    dropped(database)
    world.mirror.undo(number)
    assert world.table() == before
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_row_that_a_trigger_drops_is_held_by_its_name(database: str, sandbox: Sandbox) -> None:
    """Where only some rows are not let in: those are held, with the trigger, and the rest is written."""
    world = World(sandbox, database)
    world.sync()
    kind = kind_of(database)
    if kind == "sqlite":
        raw(database, *meddler(kind, "BEFORE INSERT", f"SELECT RAISE(IGNORE) WHERE NEW.total_minutes = {MARK}"))
    else:
        does = f"IF NEW.total_minutes = {MARK} THEN RETURN NULL; END IF"
        raw(database, *meddler(kind, "BEFORE INSERT", does, returns="NEW"))
    world.mirror.store._columns = None
    lasting(world, 2, 60)
    lasting(world, 4, MARK)
    run = world.sync()
    assert (run.exit_code, run.counts.created) == (3, 1)
    assert ["meddler" in hold.detail for hold in run.holds if hold.reason == "refused_by_database"] == [True]
    world.mirror.close()


# -- people ------------------------------------------------------------------------------------------------------------

PEOPLE = {
    "connecteam_user_id": ("concat('CT-', NEW.connecteam_user_id)", "'CT-' || connecteam_user_id"),
    "name": ("upper(NEW.name)", "upper(name)"),
}


def renaming(kind: str, column: str) -> tuple[str, ...]:
    """A trigger that alters a column of each new row of people."""
    says, said = PEOPLE[column]
    if kind == "sqlite":
        return meddler(
            kind, "AFTER INSERT", f"UPDATE employees SET {column} = {said} WHERE id = NEW.id", table="employees"
        )
    does = f"SET NEW.{column} = {says}" if kind == "mysql" else f"NEW.{column} = {says}"
    return meddler(kind, "BEFORE INSERT", does, table="employees", returns="NEW")


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("column", PEOPLE)
def test_a_trigger_that_alters_new_people(database: str, sandbox: Sandbox, column: str) -> None:
    """Not another program's doing: not served, by table, column and trigger; `doctor` says so before any run."""
    world = World(sandbox, database)
    raw(database, *renaming(kind_of(database), column))
    world.mirror.store._columns = None
    found = checks(world, "probe", "failed")
    assert all(word in found for word in ("employees", column, "meddler")), found
    with pytest.raises(NotServed) as caught:
        world.sync()
    assert all(word in caught.value.message for word in ("'employees'", f"'{column}'", "meddler"))
    assert world.table("employees") == world.table() == []
    dropped(database, "employees")
    world.mirror.store._columns = None
    assert world.sync().exit_code == 0
    assert "employees" not in checks(world, "probe", "failed")
    world.mirror.close()


def test_people_whom_a_trigger_keeps(database: str, sandbox: Sandbox) -> None:
    """An undo does not say of somebody that they are gone who are not."""
    kind = kind_of(database)
    if kind == "mysql":
        pytest.skip("a trigger of MySQL can only refuse aloud")
    world = World(sandbox, database)
    number = world.sync().id or 0
    does = "SELECT RAISE(IGNORE)" if kind == "sqlite" else "PERFORM 1"
    raw(database, *meddler(kind, "BEFORE DELETE", does, table="employees"))
    before = world.table(), world.table("employees")
    with pytest.raises(UndoRefused, match=r"'employees'.*meddler"):
        world.mirror.undo(number)
    assert (world.table(), world.table("employees")) == before
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("event", ["INSERT", "UPDATE", "DELETE"])
def test_a_rule_instead_of_writing_people(database: str, sandbox: Sandbox, event: str) -> None:
    """Refused by its name where rows of people are made, and no concern of a mirror that makes none."""
    world = World(sandbox, database)
    world.sync()
    raw(database, f"CREATE RULE meddler AS ON {event} TO employees DO INSTEAD NOTHING")
    world.mirror.store._columns = None
    with pytest.raises(NotServed, match=r"'employees'.*meddler"):
        world.sync()
    assert "meddler" in checks(world, "table", "failed")
    world.mirror.close()
    matching = World(sandbox, database, employees="match")
    lasting(matching, 4, 60)
    assert matching.sync().counts.created == 1
    matching.mirror.close()
