"""Who is who: no hour ever stands under the wrong name, whatever the host's table of people says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connecteam_sync.present import people_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.people_site import Make, Site
from support.scenario import FIRST, LAST, World


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


# -- one user on several rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["plain", "blanks", "number"])
def test_nobody_gets_the_hours_of_a_user_on_two_rows(site: Make, spelling: str) -> None:
    """They are held with both rows named, by `doctor` too; once a person decides, they are written."""
    world = site(number=spelling == "number")
    user: Any = world.user if spelling == "number" else str(world.user)
    one, two = world.hire("Ana Álvarez", user), world.hire("A. Alvarez", f" {user} " if spelling == "blanks" else user)
    world.work(2, "08:00", "16:00")
    run = world.sync()
    assert (run.exit_code, [hold.reason for hold in run.holds]) == (3, ["ambiguous_employee"])
    assert f"{one} Ana Álvarez, {two} A. Alvarez" in run.holds[0].detail
    assert world.table() == []
    failed = [c for c in world.mirror.doctor() if c.name == "people" and c.state == "failed"]
    assert len(failed) == 1
    assert f"{one} Ana Álvarez, {two} A. Alvarez" in failed[0].detail
    shown = world.mirror.employees()[0]
    assert (shown.employee_id, [key for key, _ in shown.ambiguous]) == (None, [one, two])
    assert world.sync().status == "nothing"
    world.mirror.map_employee(world.user, one)
    assert world.sync().exit_code == 0
    assert (world.hours(one), world.hours(two)) == (480, 0)
    assert not [c for c in world.mirror.doctor() if c.name == "people" and c.state == "failed"]


def test_rows_from_before_a_user_stood_on_two_rows_stay_as_they_are(site: Make) -> None:
    """Nothing of theirs is moved, corrected, deleted or relinked while it cannot be told whose they are."""
    world = site()
    employee = world.everybody()[world.user]
    shifts = [world.work(day, "08:00", "16:00") for day in (2, 3, 4, 5)]
    assert world.sync().exit_code == 0
    before, memory = world.table(), world.table("connecteam_sync_shifts")
    again = world.hire("Ana again", world.user)
    assert {hold.clock_time_id for hold in world.sync().holds} == {row["id"] for row in before}
    assert world.sync().status == "nothing"
    world.company.edit(shifts[0].id, end=shifts[0].end + 1800)  # type: ignore[operator]
    world.company.delete(shifts[1].id)
    world.company.replace_id(shifts[2].id)
    run = world.sync()
    assert {hold.reason for hold in run.holds} == {"ambiguous_employee"}
    assert (run.exit_code, world.table()) == (3, before)
    links = {row["id"]: row["clock_time_id"] for row in world.table("connecteam_sync_shifts")}
    assert {row["id"]: row["clock_time_id"] for row in memory}.items() <= links.items()
    assert world.mirror.verify(world.window).differences == 0
    world.execute("DELETE FROM employees WHERE id = :id", id=again)
    assert world.sync().exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    kept = {row["id"] for row in world.table()}
    assert kept == {row["id"] for row in before} - {links[shifts[1].id]}
    assert world.hours(employee) == 480 * 3 + 30


def test_doctor_names_what_is_no_user_id(site: Make) -> None:
    """Counted, a few of them named: rows of these people are held, and nothing else would say why."""
    world = site()
    employees = [world.hire(f"Nick {number}", f"CT-{number}") for number in range(6)]
    huge = world.hire("Huge", "9" * 20)
    put_in(world, huge, 2, "16:00")
    [check] = [
        check for check in world.mirror.doctor() if check.name == "people" and "no Connecteam user id" in check.detail
    ]
    assert (check.state, "in 7 rows" in check.detail, "and 2 more" in check.detail) == ("warning", True, True)
    assert f"{employees[0]} Nick 0: 'CT-0'" in check.detail
    assert [hold.reason for hold in world.sync().holds] == ["no_connecteam_user"]


def test_our_mapping_decides_between_two_rows(site: Make) -> None:
    """As documented: the host's column is honoured, ours wins."""
    world = site()
    people = world.everybody()
    world.work(2, "08:00", "16:00")
    world.sync()
    other = world.hire("Somebody else")
    world.mirror.map_employee(world.user, other)
    run = world.sync()
    assert (run.exit_code, world.hours(other), world.hours(people[world.user])) == (0, 480, 0)


def test_several_users_of_one_employee_stay_legal(site: Make) -> None:
    """A person with two Connecteam accounts has all their hours."""
    world = site()
    people = world.everybody()
    first, second = sorted(people)[:2]
    world.work(2, "08:00", "12:00", user=first)
    world.work(2, "13:00", "16:00", user=second)
    world.sync()
    world.mirror.map_employee(second, people[first])
    assert world.sync().exit_code == 0
    assert world.hours(people[first]) == 420
    with world.mirror.store.reading() as session:
        found = session.stored(world.window, sandbox_snapshot(world))
    assert found.users_of[people[first]] == {first, second}
    assert people[second] not in found.users_of
    assert found.ambiguous == {}


def sandbox_snapshot(world: World) -> Any:  # noqa: ANN401 - a Snapshot
    """A look at the one clock with shifts."""
    client = world.mirror._client()
    return client.fetch_snapshot(min(world.company.clocks), world.window, client.users())


def test_who_was_created_keeps_their_hours_beside_a_row_by_hand(site: Make) -> None:
    """The employee that a run made is mapped by us: a second row with the same user changes nothing."""
    world = site(employees="create")
    world.work(2, "08:00", "16:00")
    assert world.sync().exit_code == 0
    made = world.table("employees")
    world.hire("Ana by hand", world.user)
    world.work(3, "08:00", "16:00")
    assert world.sync().exit_code == 0
    assert {row["employee_id"] for row in world.table()} == {made[0]["id"]}


def test_a_second_row_made_at_the_same_moment_is_nobodys(site: Make) -> None:
    """Where the table makes two rows of one, the highest id is not taken for the person: nothing is written."""
    world = site(employees="create")
    if world.mirror.store.dialect.family != "sqlite":
        pytest.skip("a trigger of SQLite stands for another program")
    world.execute(
        "CREATE TRIGGER twice AFTER INSERT ON employees WHEN NEW.badge IS NULL BEGIN"
        " INSERT INTO employees (name, connecteam_user_id, badge) VALUES (NEW.name, NEW.connecteam_user_id, 'x'); END"
    )
    world.work(2, "08:00", "16:00")
    run = world.sync()
    assert [slice_.error_name for slice_ in run.slices if slice_.error] == ["row_moved"]
    assert str(world.user) in str(run.slices[0].error)
    assert (world.table(), world.table("employees")) == ([], [])


# -- who might be who --------------------------------------------------------------------------------------------------


def person_of(world: World, number: int = 0) -> Any:  # noqa: ANN401 - a Person of the sandbox
    """One of the company's people."""
    return world.company.people[sorted(world.company.people)[number]]


def test_a_suggestion_names_its_evidence_in_lists_and_holds(site: Make) -> None:
    """E-mail, phone, name: which of them agree is told, never a number; a user in use is told too."""
    world = site()
    ana = person_of(world)
    ana.email = "Ana@Invented.Example"
    named = world.hire(f"{ana.last_name.upper()}, {ana.first_name}")
    mailed = world.hire("Front desk", email="ana@invented.example")
    phoned = world.hire("A. A.", phone="(555) 000-0000 ")
    ana.phone = "+1 555 000 0001"
    world.hire("Somebody", phone="555 000 0009")
    world.work(2, "08:00", "16:00")
    run = world.sync()
    assert [hold.reason for hold in run.holds] == ["unmapped_user"]
    assert "phone" not in run.holds[0].detail
    ana.phone = "+1 (555) 000-0000"
    held = world.sync().holds[0]
    shown = next(p for p in world.mirror.employees(unmapped=True) if p.user_id == ana.id).suggestions
    assert {one.employee_id: one.evidence for one in shown} == {
        mailed: ("email",),
        phoned: ("phone",),
        named: ("name",),
    }
    assert [one.is_certain for one in shown] == [True, False, False]
    for one in shown:
        assert str(one) in held.detail
    assert f"{phoned} A. A. (phone)" in held.detail
    said = str(world.table("connecteam_sync_users")) + str(world.table("connecteam_sync_holds")) + held.detail
    assert "5550000000" not in "".join(c for c in said if c.isdigit() or c.isalpha())


def test_mapping_shows_the_hours_that_move(site: Make) -> None:
    """Both names, what waits and what changes hands, before anybody agrees; nothing is written by looking."""
    world = site()
    ana, ben = person_of(world), person_of(world, 1)
    first = world.hire(f"{ana.last_name} {ana.first_name}")
    other = world.hire("Zoë Ōta", ben.id)
    for day in (2, 3, 4):
        world.work(day, "08:00", "16:30", user=ana.id)
    world.sync()
    move = world.mirror.mapping(ana.id, first)
    assert (move.names_differ, move.from_id, move.needs_consent) == (False, None, False)
    assert (move.shifts, move.minutes, move.rows) == (3, 1530, 0)
    world.mirror.map_employee(ana.id, first)
    assert world.sync().exit_code == 0
    again = world.mirror.mapping(ana.id, first)
    assert (again.is_done, again.rows, again.shifts) == (True, 0, 0)
    move = world.mirror.mapping(ana.id, other)
    assert (move.names_differ, move.from_id, move.rows, move.row_minutes) == (True, first, 3, 1530)
    assert (move.shifts, move.other_users, move.needs_consent) == (0, (ben.id,), True)
    assert world.sync().status == "nothing"


def put_in(world: World, employee: int, day: int, end: str, *, source: str = "connecteam") -> None:
    """A row that another program wrote: from 08:00."""
    begin, finish = world.at(day, "08:00"), world.at(day, end)
    d = world.mirror.store.dialect
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        f" VALUES (:e, {d.moment(str(begin))}, {d.moment(str(finish))}, :m, {d.flag('0')}, :s)",
        e=employee,
        m=(finish - begin) // 60,
        s=source,
    )


def test_rows_that_stand_there_already_are_linked_not_added(site: Make) -> None:
    """The hours that mapping promises are the hours that move: a table that was taken over has most of the rows."""
    world = site()
    ana = person_of(world)
    employee = world.hire("Sunny Al.")
    for day in (2, 3, 4, 5):
        world.work(day, "08:00", "16:00")
    put_in(world, employee, 2, "16:00")
    put_in(world, employee, 3, "18:00")
    put_in(world, employee, 4, "16:00", source="manual")
    world.sync()
    move = world.mirror.mapping(ana.id, employee)
    assert (move.shifts, move.minutes, move.linked, move.linked_minutes) == (1, 480, 2, -120)
    assert (move.kept_out, move.left, move.left_with) == (1, 0, ())
    said = "\n".join(people_text.move_text(move))
    assert "1 shift without a row: 8:00 h will be added" in said
    assert "2 rows stand there already and will be linked: corrected by -2:00 h in all" in said
    assert "1 shift held: a row by hand" in said
    before = world.hours(employee)
    world.mirror.map_employee(ana.id, employee)
    world.sync()
    assert world.hours(employee) - before == move.minutes + move.linked_minutes
    assert world.mirror.mapping(ana.id, employee).linked == 0


def test_a_suggestion_tells_rows_to_link_from_hours_to_add(site: Make) -> None:
    """The list of `employees map --suggested` promises no more than the map of one."""
    world = site()
    ana = person_of(world)
    employee = world.hire(f"{ana.first_name} {ana.last_name}")
    world.work(2, "08:00", "16:00")
    put_in(world, employee, 2, "16:00")
    world.sync()
    [one] = world.mirror.suggestions()
    assert (one.move.shifts, one.move.minutes, one.move.linked) == (0, 0, 1)
    assert people_text.suggestion_line(one).endswith("(name)  1 row to link")


def test_rows_that_stay_with_a_twin_would_count_twice(site: Make) -> None:
    """Two rows of people carry one user: whoever is chosen, the rows of the other on the same clock-ins are told."""
    world = site()
    ana = person_of(world)
    one, twin = world.hire(f"{ana.first_name} {ana.last_name}", world.user), world.hire("Ines (2)", world.user)
    for day in (2, 3, 4):
        world.work(day, "08:00", "16:00")
    put_in(world, one, 2, "16:00")
    put_in(world, twin, 3, "16:00")
    put_in(world, twin, 4, "15:00")
    put_in(world, twin, 9, "15:00")
    world.sync()
    move = world.mirror.mapping(world.user, one)
    assert (move.shifts, move.minutes, move.linked, move.linked_minutes) == (2, 960, 1, 0)
    assert (move.left, move.left_minutes, move.left_with) == (2, 900, ((twin, "Ines (2)"),))
    assert (move.names_differ, move.rows, move.needs_consent) == (False, 0, True)
    said = "\n".join(people_text.move_text(move))
    assert f"2 rows of {twin} Ines (2) on the same clock-ins stay: 15:00 h would count twice" in said
    world.execute("UPDATE clock_times SET employee_id = :to WHERE employee_id = :twin", to=one, twin=twin)
    move = world.mirror.mapping(world.user, one)
    assert (move.shifts, move.linked, move.linked_minutes, move.left) == (0, 3, 60, 0)


def test_forty_five_people_take_one_command(site: Make) -> None:
    """What is certain is mapped at one stroke; what is contradicted or not unique waits for a person."""
    world = site()
    for number in range(42):
        world.company._hire(number + 3)
    everybody = sorted(world.company.people.values(), key=lambda person: person.id)
    expected = {}
    for number, person in enumerate(everybody):
        name, email = f"{person.first_name} {person.last_name}", None
        if number == 7:
            email = "another@invented.example"  # the name agrees, the address does not
        employee = world.hire(name, email=email)
        if number not in {7, 9}:
            expected[person.id] = employee
    everybody[7].email = "person7@invented.example"
    world.hire(f"{everybody[9].first_name} {everybody[9].last_name}")  # two of one name
    for person in everybody:
        world.work(3, "08:00", "16:00", user=person.id)
    world.sync()
    found = world.mirror.suggestions()
    assert len(found) == 46
    assert {one.move.user_id: one.move.employee_id for one in found if one.is_certain} == expected
    assert {one.move.minutes for one in found} == {480}


def test_an_employee_whom_two_users_might_be_is_in_doubt(site: Make) -> None:
    """Two accounts of one name: a person decides which is who."""
    world = site()
    ana, ben = person_of(world), person_of(world, 1)
    ben.first_name, ben.last_name = ana.first_name, ana.last_name
    world.hire(f"{ana.first_name} {ana.last_name}")
    world.work(2, "08:00", "16:00")
    world.sync()
    assert [one.is_certain for one in world.mirror.suggestions()] == [False, False]
