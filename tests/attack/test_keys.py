"""Keys of the host's tables that are text or UUIDs: everything that is done with numbers is done with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_host_tables import kind_of

from connecteam_sync.cli.main import main
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.errors import NotFound, NotInitialised, NotServed, UndoRefused
from connecteam_sync.present import json_shapes
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.keyed_host import PEOPLE, TEXT, TIMES_KEY, UUID, Host, ddl, person_key
from support.scenario import FIRST, LAST, World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with three people and no shift yet."""
    with Sandbox(Company(0, people=PEOPLE), SandboxSettings(minute_limit=1_000_000)) as served:
        yield served


@pytest.fixture(params=[UUID, TEXT], ids=["uuid", "text"])
def host(request: pytest.FixtureRequest, database: str, sandbox: Sandbox) -> Iterator[Host]:
    """A host with keys of either kind."""
    name = request.node.callspec.params["database"]
    made = Host.of(sandbox, database, name, request.param)
    yield made
    made.mirror.close()


def test_a_life(host: Host) -> None:
    """Created, closed, swapped, moved to somebody else, deleted, back under its old key; and all of it taken back."""
    users = sorted(host.company.people)
    shifts = [
        host.work(2, "08:00", "12:00"),
        host.work(2, "13:00", "17:00"),
        host.work(3, "08:00", None, user=users[1]),
    ]
    first = host.sync()
    assert (first.status, first.counts.created) == ("applied", 3)
    assert host.sync().status == "nothing"
    assert host.sync().status == "nothing"
    keys = [host.row_at(shift.start) for shift in shifts]
    before = host.table()
    host.company.edit(shifts[0].id, start=shifts[1].start, end=shifts[1].end)
    host.company.edit(shifts[1].id, start=host.at(2, "08:00"), end=host.at(2, "12:00"))
    host.company.edit(shifts[2].id, end=shifts[2].start + 3600)
    second = host.sync()
    assert second.counts.updated == 3
    assert host.mirror.verify(host.window).exit_code == 0
    swapped = host.table()
    host.company.delete(shifts[0].id)
    third = host.sync()
    assert third.counts.deleted == 1
    host.company.activities[shifts[0].id] = shifts[0]
    assert host.sync().counts.created == 1
    assert host.row_at(shifts[0].start) == keys[0]
    assert host.table() == swapped
    assert third.id
    assert second.id
    runs = [run.id for run in host.mirror.runs() if run.status == "applied"]
    undone = host.mirror.undo(runs[0] or 0)
    assert undone.counts.deleted == 1
    host.mirror.undo(third.id)
    assert host.table() == swapped
    again = host.mirror.undo(host.mirror.runs(limit=1)[0].id or 0)
    assert again.counts.deleted == 1
    host.mirror.undo(again.id or 0)
    assert host.table() == swapped
    host.mirror.undo(second.id)
    assert host.table() == before


def test_people_and_holds(host: Host) -> None:
    """A user without an employee is held; mapped by the text of a key, they get their rows; history finds them."""
    last = max(host.company.people)
    host.work(2, "08:00", "12:00")
    shift = host.work(2, "09:00", "12:00", user=last)
    first = host.sync()
    assert first.exit_code == 3, [slice_.error for slice_ in first.slices]
    assert host.reasons() == ["unmapped_user"]
    assert host.mirror.holds()[0].hold.employee_id is None
    mine = host.staff[-1]
    with pytest.raises(NotFound):
        host.mirror.map_employee(last, 17)
    move = host.mirror.mapping(last, mine.upper())
    assert (move.employee_id, move.shifts) == (mine, 1)
    assert host.mirror.map_employee(last, mine.upper()).employee_id == mine
    run = host.sync()
    assert (run.exit_code, run.counts.created) == (0, 1)
    assert host.reasons() == []
    found = host.mirror.history(mine)
    assert [row.id for row in found.rows] == [host.row_at(shift.start)]
    assert [entry.change.kind for entry in found.changes] == ["create"]
    said = json.loads(json.dumps(json_shapes.row(found.rows[0])))
    assert said["id"] == host.row_at(shift.start)
    assert said["employee_id"] == mine
    assert host.mirror.unmap_employee(last)[0].employee_id is None
    assert host.mirror.holds(employee=mine) == ()


def test_an_edit_by_hand_is_told_and_restored_or_kept(host: Host) -> None:
    """A hold about a row names it by its key, and can be acknowledged by its employee."""
    shift = host.work(2, "08:00", "12:00")
    host.sync()
    key = host.row_at(shift.start)
    host.theirs(person_key(host.kinds is UUID, 5), 0, host.at(3, "08:00"), host.at(3, "09:00"), source="manual")
    blocked = host.work(3, "08:00", "10:00")
    assert host.sync().exit_code == 3
    [standing] = host.mirror.holds()
    assert standing.hold.reason == "manual_row"
    assert f"row {person_key(host.kinds is UUID, 5)} " in standing.hold.detail
    assert host.mirror.holds(employee=host.staff[0]) == (standing,)
    host.mirror.acknowledge_holds(employee=host.staff[0], by="me", reason="known")
    assert host.sync().exit_code == 0
    host.company.delete(blocked.id)
    host.execute(f"UPDATE clock_times SET total_minutes = 1 WHERE id = '{key}'")
    assert host.sync().counts.updated == 1
    feed = host.mirror.changes()
    assert [entry.change.image.id for entry in feed] == [key, key]
    assert [entry.cursor for entry in host.mirror.changes(feed[0].cursor)] == [feed[1].cursor]


def test_rows_that_others_point_at_stay(host: Host) -> None:
    """A payslip points at a row whose shift is gone: the row is held, and undo of its making is refused."""
    shift = host.work(2, "08:00", "12:00")
    host.work(3, "08:00", "12:00")
    run = host.sync()
    key = host.row_at(shift.start)
    host.execute(f"INSERT INTO payslips (line, clock_time_id) VALUES ('1', '{key}')")
    before = host.table()
    host.company.delete(shift.id)
    assert host.sync().exit_code == 3
    assert host.reasons() == ["child_row"]
    assert host.table() == before
    with pytest.raises(UndoRefused, match="payslips"):
        host.mirror.undo(run.id or 0)
    host.execute("DELETE FROM payslips")
    assert host.sync().counts.deleted == 1


def test_a_saved_plan_and_a_closed_day(host: Host, tmp_path: Path) -> None:
    """A plan by way of a file is applied as it was shown; a closed day holds its rows."""
    shift = host.work(2, "08:00", "12:00")
    file = tmp_path / "plan.json"
    host.mirror.save_plan(host.mirror.plan(host.window), file)
    assert host.mirror.apply(host.mirror.read_plan(file)).counts.created == 1
    host.company.edit(shift.id, end=shift.start + 17 * 3600)
    host.mirror.save_plan(host.mirror.plan(host.window), file)
    assert host.mirror.apply(host.mirror.read_plan(file)).counts.updated == 1
    host.lock(FIRST, LAST)
    host.company.edit(shift.id, end=shift.start + 600)
    assert host.sync().exit_code == 3
    assert host.reasons() == ["locked_day"]
    assert [one.kind for one in host.mirror.anomalies(host.window)[0]] == ["long_shift"]


def test_adopt_and_back(host: Host) -> None:
    """Doubles go, with the pointers of others moved; the key is made; and all of it is taken back."""
    shift = host.work(2, "08:00", "12:00")
    is_uuid = host.kinds is UUID
    low, high = (f"00000000-0000-4000-9000-00000000000{n}" if is_uuid else f"R-00{n}" for n in (1, 2))
    host.theirs(low, 0, shift.start, None)
    host.theirs(high, 0, shift.start, shift.end)
    host.execute(f"INSERT INTO payslips (line, clock_time_id) VALUES ('1', '{low}')")
    before, lines = host.table(), host.lines()
    survey = host.mirror.survey()
    assert survey.groups == 1
    run = host.mirror.adopt()
    assert (run.exit_code, run.counts.deleted) == (0, 1), run.holds
    [row] = host.table()
    assert str(row["id"]) == high
    assert [str(one["clock_time_id"]) for one in host.lines()] == [high]
    assert host.sync().counts.linked == 1
    assert host.sync().status == "nothing"
    host.mirror.undo(host.mirror.runs(limit=2)[1].id or 0)
    host.mirror.undo_adopt()
    assert host.table() == before
    assert host.lines() == lines


def test_new_people_get_keys(host: Host) -> None:
    """Where rows of people are made, a random UUID is their key; undo takes them away, and the undo of it back."""
    host.mirror.close()
    made = Host(host.sandbox, str(host.mirror.settings.database_url), employees="create")
    last = max(made.company.people)
    made.work(2, "08:00", "12:00", user=last)
    made.work(2, "08:00", "12:00")
    before = made.table("employees")
    run = made.sync()
    assert (run.exit_code, run.counts.created) == (0, 2)
    people = made.table("employees")
    assert len(people) == len(before) + 1
    assert made.sync().status == "nothing"
    undone = made.mirror.undo(run.id or 0)
    assert made.table("employees") == before
    assert made.table() == []
    made.mirror.undo(undone.id or 0)
    assert made.table("employees") == people
    made.mirror.close()


def test_doctor_and_stale_links(host: Host) -> None:
    """What `doctor` says of our tables, of children and of links holds with such keys."""
    shift = host.work(2, "08:00", "12:00")
    host.work(3, "08:00", "12:00")
    host.sync()
    found = {check.name: check for check in host.mirror.doctor()}
    assert {name: c.detail for name, c in found.items() if c.state == "failed"} == {}
    assert found["links"].state == "ok"
    host.execute(f"DELETE FROM clock_times WHERE id = '{host.row_at(shift.start)}'")
    found = {check.name: check for check in host.mirror.doctor()}
    assert found["links"].state == "warning"


@pytest.mark.parametrize("was", ["number", "text"])
def test_keys_that_become_others_are_refused(
    was: str, database: str, sandbox: Sandbox, request: pytest.FixtureRequest
) -> None:
    """Our tables hold keys of the former kind: a table with keys of another kind is refused by name."""
    name = request.node.callspec.params["database"]
    kind = kind_of(database)
    number = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY"}.get(
        kind, "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    )
    key = {"number": number, "text": f"{UUID[name]} PRIMARY KEY"}
    when = "TIMESTAMP(0)" if kind == "postgresql" else "DATETIME"
    flag = "BOOLEAN" if kind == "postgresql" else "SMALLINT"

    def made(one: str) -> str:
        return (
            f"CREATE TABLE clock_times (id {key[one]}, employee_id BIGINT NOT NULL, clock_in {when} NOT NULL,"
            f" clock_out {when}, total_minutes INTEGER, is_active {flag} NOT NULL, source VARCHAR(32) NOT NULL)"
        )

    ddl(database, made(was))
    world = World(sandbox, database)
    world.work(2, "08:00", "12:00")
    assert world.sync().counts.created == 1
    world.mirror.close()
    ddl(database, "DROP TABLE clock_times", made("text" if was == "number" else "number"))
    fresh = ConnecteamSync(sandbox.key, settings=world.mirror.settings)
    with pytest.raises(NotServed, match=r"clock_times\.id"):
        fresh.init()
    with pytest.raises(NotInitialised, match="of another kind"):
        fresh.sync(world.window)
    fresh.close()


def test_a_uuid_that_becomes_text_is_refused_until_told(database: str, sandbox: Sandbox) -> None:
    """PostgreSQL compares no uuid with a text: our tables keep the one or the other."""
    if kind_of(database) != "postgresql":
        return
    host = Host.of(sandbox, database, "postgresql", UUID)
    host.work(2, "08:00", "12:00")
    assert host.sync().counts.created == 1
    ddl(
        database,
        "DROP TABLE payslips",
        "ALTER TABLE clock_times ALTER id TYPE TEXT, ALTER employee_id TYPE TEXT",
        "ALTER TABLE employees ALTER id TYPE TEXT",
    )
    before = host.table()
    fresh = ConnecteamSync(sandbox.key, settings=host.mirror.settings)
    with pytest.raises(NotInitialised, match="of another kind"):
        fresh.sync(host.window)
    assert host.table() == before
    fresh.close()
    host.mirror.close()


def test_people_whose_table_gives_them_no_key_are_not_made(database: str, sandbox: Sandbox) -> None:
    """Named before anything is written, and by `doctor`; where nobody is to be made it is no obstacle."""
    kind = kind_of(database)
    ddl(
        database,
        "CREATE TABLE employees (id VARCHAR(8) PRIMARY KEY, name VARCHAR(191) NOT NULL, email VARCHAR(191),"
        " connecteam_user_id VARCHAR(32))",
        f"INSERT INTO employees (id, name, connecteam_user_id) VALUES ('E-1', 'One', '{min(sandbox.company.people)}')",
        f"CREATE TABLE clock_times (id {TIMES_KEY[kind]}, employee_id VARCHAR(8) NOT NULL,"
        f" clock_in {'TIMESTAMP(0)' if kind == 'postgresql' else 'DATETIME'} NOT NULL,"
        f" clock_out {'TIMESTAMP(0)' if kind == 'postgresql' else 'DATETIME'}, total_minutes INTEGER,"
        " is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL, UNIQUE (employee_id, clock_in))",
    )
    host = World(sandbox, database, employees="create")
    host.work(2, "08:00", "12:00")
    host.work(2, "08:00", "12:00", user=max(sandbox.company.people))
    with pytest.raises(NotServed, match=r"employees\.id"):
        host.sync()
    assert host.table() == []
    assert len(host.table("employees")) == 1
    assert any("employees.id" in check.detail for check in host.mirror.doctor() if check.state == "failed")
    host.mirror.close()
    host = World(sandbox, database, employees="match")
    assert [check.detail for check in host.mirror.doctor() if check.state == "failed"] == []
    assert host.sync().counts.created == 1
    host.mirror.close()


def test_the_old_planner_and_a_resync(host: Host) -> None:
    """The rollback flag, the comparison with it and a resync know such keys."""
    shifts = [host.work(2, "08:00", "12:00"), host.work(3, "08:00", "12:00")]
    host.work(2, "14:00", "18:00", user=sorted(host.company.people)[1])
    assert host.mirror.compare(host.window).legacy_damages == ()
    host.sync()
    before = host.table()
    host.company.edit(shifts[0].id, start=host.at(2, "14:00"), end=host.at(2, "18:00"))
    assert host.mirror.compare(host.window).failures == ()
    host.company.edit(shifts[0].id, start=host.at(2, "08:00"), end=host.at(2, "12:00"))
    host.theirs(person_key(host.kinds is UUID, 6), 0, host.at(5, "08:00"), host.at(5, "09:00"))
    run = host.mirror.resync(host.window)
    assert (run.exit_code, run.counts.deleted) == (0, 1), run.holds
    assert host.table() == before
    old = World(host.sandbox, str(host.mirror.settings.database_url), employees="match", planner="legacy")
    later = host.work(6, "08:00", "12:00")
    assert old.sync().counts.created == 1
    old.mirror.close()
    assert host.row_at(later.start)
    assert host.sync().exit_code == 0
    assert host.mirror.verify(host.window).exit_code == 0


def test_commands(host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On the command line an employee is named by the text of a key; in JSON keys are strings."""
    last = max(host.company.people)
    shift = host.work(2, "08:00", "12:00", user=last)
    host.sync()
    settings = host.mirror.settings
    for key, value in {
        "API_KEY": host.sandbox.key,
        "BASE_URL": host.sandbox.url,
        "TIMEZONE": settings.timezone,
        "DATABASE_URL": str(settings.database_url),
        "EMPLOYEES": "match",
    }.items():
        monkeypatch.setenv(f"CONNECTEAM_SYNC_{key}", value)

    def said(*words: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["connecteam-sync", *words, "--json"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in {None, 0}
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    mine = host.staff[-1]
    assert said("employees", "map", str(last), mine, "--yes")["employee"]["employee_id"] == mine
    days = ("--from", str(FIRST), "--to", str(LAST))
    [planned] = said("plan", *days)["changes"]
    assert (planned["employee_id"], planned["clock_time_id"]) == (mine, None)
    said("sync", *days)
    key = host.row_at(shift.start)
    [entry] = said("changes")["changes"]
    assert (entry["employee_id"], entry["clock_time_id"], entry["after"]["id"]) == (mine, key, key)
    assert [row["id"] for row in said("history", mine)["rows"]] == [key]
    assert said("holds", "--employee", mine)["holds"] == []
    assert {"employee_id": mine, "name": "Person nobody"} not in said("employees", "--without-user")["without_user"]
