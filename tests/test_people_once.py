"""Nobody is made twice, and a name that changed is told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.people_site import Make, Site
from support.scenario import World
from test_people import person_of


@pytest.fixture
def site(database: str) -> Iterator[Make]:
    """Makes a site of three people and no shifts on each kind of database."""
    made: list[Site] = []
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as served:

        def make(**settings: Any) -> Site:  # noqa: ANN401 - any setting
            made.append(Site(served, database, **settings))
            return made[-1]

        yield make
        for one in made:
            one.mirror.close()


# -- nobody is made twice ----------------------------------------------------------------------------------------------


def test_a_person_entered_by_hand_is_not_made_twice(site: Make) -> None:
    """Held with the candidate, the evidence and the command; once mapped, written."""
    world = site(employees="create")
    ana = person_of(world)
    employee = world.hire(f"{ana.first_name.lower()}  {ana.last_name.upper()}")
    world.work(2, "08:00", "16:00")
    run = world.sync()
    assert [hold.reason for hold in run.holds] == ["possible_double"]
    assert f"connecteam-sync employees map {ana.id} {employee}" in run.holds[0].detail
    assert f"connecteam-sync employees create {ana.id}" in run.holds[0].detail
    assert "(name)" in run.holds[0].detail
    assert (run.exit_code, len(world.table("employees")), world.table()) == (3, 1, [])
    assert world.sync().status == "nothing"
    world.mirror.map_employee(ana.id, employee)
    assert world.sync().exit_code == 0
    assert (world.hours(employee), len(world.table("employees"))) == (480, 1)


@pytest.mark.parametrize("evidence", ["email", "phone", "name"])
def test_a_rehired_person_is_suggested_not_doubled(site: Make, evidence: str) -> None:
    """Their old user is archived: the new one is held until a person says who it is."""
    world = site(employees="create")
    old, new = person_of(world), person_of(world, 1)
    old.email, new.email = "old@invented.example", None
    world.work(2, "08:00", "16:00", user=old.id)
    assert world.sync().exit_code == 0
    made = world.table("employees")[0]["id"]
    world.company.archive(old.id)
    if evidence == "email":
        new.email = "OLD@invented.example"
    elif evidence == "phone":
        world.execute("UPDATE employees SET phone = '0555 000-0000' WHERE id = :id", id=made)
        new.phone = "+1 5550000000"
    else:
        new.first_name, new.last_name = old.last_name, old.first_name
    world.work(9, "08:00", "16:00", user=new.id)
    run = world.sync()
    assert [hold.reason for hold in run.holds] == ["possible_double"]
    assert len(world.table("employees")) == 1
    world.mirror.map_employee(new.id, made)
    assert world.sync().exit_code == 0
    assert world.hours(made) == 960


def test_somebody_of_the_same_name_who_works_here_is_another_person(site: Make) -> None:
    """Two users in use with one name are two people; the second does not get the first one's e-mail address."""
    world = site(employees="create")
    one, two = person_of(world), person_of(world, 1)
    two.first_name, two.last_name = one.first_name, one.last_name
    one.email = two.email = "shared@invented.example"
    world.work(2, "08:00", "16:00", user=one.id)
    assert world.sync().exit_code == 0
    world.work(3, "08:00", "16:00", user=two.id)
    assert world.sync().exit_code == 0
    assert [row["email"] for row in world.table("employees")] == ["shared@invented.example", None]
    assert {(row["employee_id"], row["total_minutes"]) for row in world.table()} == {
        (row["id"], 480) for row in world.table("employees")
    }


def test_new_people_who_share_an_address_are_made_at_once(site: Make) -> None:
    """The UNIQUE e-mail of the host's table fails nobody: the first one has the address."""
    world = site(employees="create")
    one, two = person_of(world), person_of(world, 1)
    one.email, two.email = "josé@invented.example", "JOSE@invented.example"
    world.work(2, "08:00", "16:00", user=one.id)
    world.work(2, "08:00", "16:00", user=two.id)
    assert world.sync().exit_code == 0
    assert [row["email"] for row in world.table("employees")] == ["josé@invented.example", None]


def test_somebody_back_under_a_new_user_is_not_made_twice_by_one_backfill(site: Make) -> None:
    """The archived user gets the employee; the next run suggests them for the new one."""
    world = site(employees="create")
    old, new = person_of(world), person_of(world, 1)
    new.first_name, new.last_name = old.first_name, old.last_name
    world.company.archive(old.id)
    world.work(2, "08:00", "16:00", user=old.id)
    world.work(9, "08:00", "16:00", user=new.id)
    run = world.sync()
    assert [(hold.reason, hold.user_id) for hold in run.holds] == [("possible_double", new.id)]
    made = [row["id"] for row in world.table("employees")]
    assert len(made) == 1
    held = world.sync().holds[0]
    assert f"employees map {new.id} {made[0]}" in held.detail


def test_a_new_person_who_only_looks_alike_is_made_on_a_word(site: Make) -> None:
    """`employees create`: an employee, mapped, recorded as a run; once only; taken back while nothing was written."""
    world = site(employees="create")
    ana = person_of(world)
    ana.email = "ana@invented.example"
    world.hire(f"{ana.first_name} {ana.last_name}", email="ana@invented.example")
    world.work(2, "08:00", "16:00")
    world.sync()
    person, run = world.mirror.create_employee(ana.id)
    assert run is not None
    assert world.table("employees")[-1]["email"] is None
    assert world.mirror.create_employee(ana.id) == (person, None)
    assert len(world.table("employees")) == 2
    assert world.mirror.show(run)[0].slices[0].note is not None
    assert world.mirror.undo(run).slices[0].status == "applied"
    assert (len(world.table("employees")), next(p.employee_id for p in world.mirror.employees())) == (1, None)
    person, run = world.mirror.create_employee(ana.id)
    assert world.sync().exit_code == 0
    assert world.hours(person.employee_id or 0) == 480
    with pytest.raises(UndoRefused):
        world.mirror.undo(run or 0)
    assert len(world.table("employees")) == 2


# -- who changed -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("initialised")
def test_a_new_name_is_told_once_and_written_only_to_our_own_table(database: str) -> None:
    """In the receipt and in the plan; other columns and edited names stay; undo gives the old name back."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database)
        ana, ben = person_of(world), person_of(world, 1)
        world.work(2, "08:00", "16:00", user=ana.id)
        world.work(2, "08:00", "16:00", user=ben.id)
        world.sync()
        world.execute("UPDATE employees SET name = 'Benny' WHERE connecteam_user_id = :u", u=str(ben.id))
        before = {row["id"]: row for row in world.table("employees")}
        old = f"{ana.first_name} {ana.last_name}"
        ana.last_name, ben.last_name, ana.email = "García", "Nuevo", "new@invented.example"
        said = f"renamed in Connecteam: {old} -> {ana.first_name} García, with another e-mail address"
        assert said in [str(rename) for plan in world.mirror.plan(world.window).plans for rename in plan.renames]
        run = world.sync()
        assert said in str(run.slices[0].note)
        after = world.table("employees")
        changed = {row["name"]: row["email"] for row in after}
        assert changed == {f"{ana.first_name} García": "new@invented.example", "Benny": ben.email}
        assert all(row["connecteam_user_id"] == before[row["id"]]["connecteam_user_id"] for row in after)
        again = world.sync()
        assert (again.status, [slice_.note for slice_ in again.slices if slice_.note]) == ("nothing", [])
        undone = world.mirror.undo(run.id or 0)
        assert old in str(undone.slices[0].note)
        assert world.table("employees") == list(before.values())
        world.mirror.close()


def test_a_new_name_is_told_once_and_a_table_of_the_host_stays(site: Make) -> None:
    """The host's people are the host's: the receipt says it, the table is not touched."""
    world = site()
    world.everybody()
    world.work(2, "08:00", "16:00")
    world.sync()
    before = world.table("employees")
    person_of(world).last_name = "García"
    assert "García" in str(world.sync().slices[0].note)
    assert world.table("employees") == before
    assert not any(slice_.note for slice_ in world.sync().slices)
