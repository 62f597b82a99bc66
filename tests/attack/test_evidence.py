"""No delete without evidence, whoever asks for it: the adoption how-to on a table like those of real sites."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
import time_machine

from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Activity, Company
from connecteam_sync.sandbox.settings import SandboxSettings
from support.scenario import World

DAYS = range(2, 7)


class Site:
    """A table that another program has filled, row by row as Connecteam has the shifts, and knows no shift ids."""

    def __init__(self, sandbox: Sandbox, database: str, **settings: object) -> None:
        self.world = World(sandbox, database, **{"employees": "match", "max_deletes": 50, **settings})
        self.company = sandbox.company
        self.people = sorted(self.company.people)[:6]

    def person(self, number: int, *, mapped: bool = True) -> int:
        """An employee of the host; whether their Connecteam user stands in the host's column."""
        user = self.company.people[self.people[number]]
        self.world.execute(
            "INSERT INTO employees (id, name, connecteam_user_id) VALUES (:id, :name, :user)",
            id=100 + number,
            name=f"{user.first_name} {user.last_name}",
            user=str(user.id) if mapped else None,
        )
        return user.id

    def shifts(self, number: int, *, clock: int = WAREHOUSE) -> list[Activity]:
        """Shifts of five days, and the rows that the old program made of them."""
        user = self.people[number]
        self.company.people[user].clocks |= {clock}
        made = [self.world.work(day, "08:00", "12:00", user=user, clock=clock) for day in DAYS]
        for day in DAYS:
            self.row(number, day)
        return made

    def row(self, number: int, day: int, hour: int = 14, source: str = "connecteam") -> None:
        """A row of four hours, of a shift or of none."""
        self.world.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            f" VALUES (:who, '2025-12-{day:02} {hour}:00:00', '2025-12-{day:02} {hour + 4}:00:00', 240,"
            f" {self.no}, :source)",
            who=100 + number,
            source=source,
        )

    @property
    def no(self) -> str:
        """False, as the database writes it."""
        return "false" if self.world.mirror.settings.database_url.startswith("postgresql") else "0"

    def rows(self, number: int) -> list[dict[str, object]]:
        """The rows of a person, but for when they were touched."""
        return [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in self.world.table()
            if row["employee_id"] == 100 + number
        ]

    def reasons(self, number: int) -> set[str]:
        """Why rows and shifts of a person are held."""
        who = {self.people[number], None}
        return {
            standing.hold.reason
            for standing in self.world.mirror.holds()
            if standing.hold.employee_id == 100 + number or (standing.hold.user_id in who and standing.hold.user_id)
        }


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A company without shifts."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000, lists_unassigned=False)) as served:
        for person in served.company.people.values():
            person.clocks = {WAREHOUSE}
        yield served


@pytest.fixture
def site(sandbox: Sandbox, database: str) -> Iterator[Site]:
    """Its table, kept by another program until now."""
    made = Site(sandbox, database)
    yield made
    made.world.mirror.close()


def test_adopt_then_resync_on_a_table_like_those_of_real_sites(site: Site) -> None:
    """Nothing of a person whose evidence is missing is lost; all of it is held; once mapped, it is exact."""
    mirror, window = site.world.mirror, site.world.window
    site.person(0)
    site.shifts(0)
    site.person(1, mapped=False)
    site.shifts(1)
    site.person(2)
    site.shifts(2)
    site.person(3)
    invalid = site.shifts(3)
    site.person(4)
    site.shifts(4, clock=CLOSED)
    site.row(0, 9)
    site.row(0, 10, source="manual")
    site.company.people[site.people[2]].clocks = set()
    site.company.spoil(invalid[0].id, start={"timestamp": invalid[0].start * 1000, "timezone": "America/Chicago"})
    before = {number: site.rows(number) for number in range(5)}
    mirror.adopt()
    run = mirror.resync(window)
    assert run.exit_code == 3
    assert {number: site.rows(number) for number in range(1, 5)} == {n: before[n] for n in range(1, 5)}
    assert [row["clock_in"] for row in site.rows(0)] != [row["clock_in"] for row in before[0]]
    assert len(site.rows(0)) == len(before[0]) - 1, "the row of no shift went; the one by hand stays"
    assert site.reasons(1) == {"unmapped_user", "no_connecteam_user"}
    assert site.reasons(2) == {"user_not_listed"}
    assert site.reasons(3) == {"impossible_record"}
    assert site.reasons(4) == set()
    for standing in mirror.holds():
        assert "Expected" not in standing.hold.detail
    mirror.map_employee(site.people[1], 101)
    run = mirror.resync(window)
    assert [row["id"] for row in site.rows(1)] == [row["id"] for row in before[1]]
    assert site.reasons(1) == set()
    assert mirror.verify(window, totals=False).differences == 0


@pytest.mark.parametrize("mirrored", [(WAREHOUSE,), (WAREHOUSE, CLOSED)])
def test_rows_of_a_clock_that_is_not_mirrored_are_kept(
    sandbox: Sandbox, database: str, mirrored: tuple[int, ...]
) -> None:
    """Left out of `time_clocks`: it is looked at as evidence only; nothing of it is written; what nobody has goes."""
    site = Site(sandbox, database, time_clocks=mirrored)
    site.person(0)
    site.shifts(0)
    site.person(1)
    site.company.people[site.people[1]].clocks |= {OFFICE}
    site.shifts(1, clock=OFFICE)
    site.row(0, 9)
    before = site.rows(1)
    run = site.world.mirror.resync(site.world.window)
    assert (site.rows(1), run.counts.deleted) == (before, 1)
    assert {(hold.reason, "not mirrored" in hold.detail) for hold in run.holds} == {("orphan", True)}
    assert {clock for clock, _ in run.ranges} == {*mirrored}
    site.world.mirror.close()


def test_a_clock_that_cannot_be_looked_at_as_evidence_leaves_rows_undecided(sandbox: Sandbox, database: str) -> None:
    """It is not mirrored, and might have the shift: held, naming it and what Connecteam said."""
    site = Site(sandbox, database, time_clocks=(WAREHOUSE,))
    site.person(0)
    site.shifts(0)
    site.row(0, 9)
    sandbox.faults.add("scope", path=f"{OFFICE}/time-activities", times=20)
    run = site.world.mirror.resync(site.world.window)
    assert (run.counts.deleted, {hold.reason for hold in run.holds}) == (0, {"clock_not_looked_at"})
    assert "scope" in sandbox.faults.served
    assert all(f"time clock {OFFICE} (Front office)" in hold.detail for hold in run.holds)
    assert all("required scope" in hold.detail for hold in run.holds)
    site.world.mirror.close()


def test_a_clock_that_cannot_be_read_leaves_rows_without_a_shift_undecided(site: Site) -> None:
    """Held, naming the clock; the other's creates and updates go on; looked at again, the row goes."""
    site.person(0)
    site.shifts(0)
    site.row(0, 9)
    site.world.work(10, "08:00", "12:00", user=site.people[0])
    site.world.sandbox.faults.add("scope", path=f"{CLOSED}/time-activities", times=20)
    run = site.world.mirror.resync(site.world.window)
    assert (run.counts.created, run.counts.deleted) == (1, 0)
    assert "scope" in site.world.sandbox.faults.served
    assert {hold.reason for hold in run.holds} == {"clock_not_looked_at"}
    site.world.sandbox.faults.clear()
    assert site.world.mirror.resync(site.world.window).counts.deleted == 1


def test_what_is_said_of_rows_without_a_shift_stands_where_a_look_leaves_them_alone(site: Site) -> None:
    """A look failed, so nobody decides on such rows in this run: nor is a hold about one taken for unchanged."""
    mirror, world = site.world.mirror, site.world
    users = [site.person(number, mapped=number != 1) for number in range(4)]
    for number in range(4):
        site.row(number, 9)
    invalid = site.world.work(5, "08:00", "12:00", user=users[3])
    site.company.spoil(invalid.id, start={"timestamp": invalid.start * 1000, "timezone": "America/Chicago"})
    site.company.people[users[2]].clocks = set()

    def standing() -> dict[str, int]:
        return {s.hold.reason: s.id for s in mirror.holds() if s.hold.shift_id is None and s.hold.clock_time_id}

    world.sandbox.faults.add("scope", path=f"{CLOSED}/time-activities", times=20)
    mirror.resync(world.window)
    world.sandbox.faults.clear()
    first = standing()
    assert first.keys() == {
        "clock_not_looked_at",
        "no_connecteam_user",
        "user_not_listed",
        "impossible_record",
    }
    world.sandbox.faults.add("scope", path=f"{WAREHOUSE}/time-activities", times=20)
    assert world.sync().exit_code
    assert standing() == first


def test_one_person_who_would_lose_everything_is_held_and_the_rest_goes_on(site: Site) -> None:
    """More than three rows: held with the command that lets just them through, whatever else happens meanwhile."""
    mirror = site.world.mirror
    site.person(0)
    site.person(1)
    mine = site.shifts(0)
    site.shifts(1)
    mirror.resync(site.world.window)
    for shift in mine:
        site.company.delete(shift.id)
    site.world.work(9, "08:00", "12:00", user=site.people[1])
    run = mirror.sync(site.world.window)
    assert (run.exit_code, run.counts.deleted, run.counts.created) == (3, 0, 1)
    (reason,) = {hold.reason for hold in run.holds}
    assert (reason, len(run.holds)) == ("deletes_guarded", 5)
    word = run.holds[0].detail.split("--accept ")[1].split()[0]
    site.world.work(10, "08:00", "12:00", user=site.people[1])
    run = mirror.sync(site.world.window, accept=[word])
    assert (run.exit_code, run.counts.deleted, run.counts.created) == (0, 5, 1)


def test_accept_wins_while_people_punch(sandbox: Sandbox, database: str) -> None:
    """The fingerprint covers what the guard stopped, and the refusal names the people, the days and the commands."""
    site = Site(sandbox, database, max_deletes=1, max_deletes_share=0.0)
    mirror = site.world.mirror
    site.person(0)
    site.person(1)
    mine, other = site.shifts(0), site.shifts(1)
    mirror.resync(site.world.window)
    for shift in (mine[0], other[1]):
        site.company.delete(shift.id)
    before = site.world.table()
    run = mirror.sync(site.world.window)
    refused = run.slices[0]
    assert (run.exit_code, refused.error_name, site.world.table()) == (4, "guard_refused", before)
    assert "2 people from 2025-12-02 to 2025-12-03" in (refused.error or "")
    assert "--from 2025-12-02 --to 2025-12-03" in (refused.next_step or "")
    assert [change.image.clock_in for change in refused.stopped] == [mine[0].start, other[1].start]
    site.world.work(2, "13:00", "17:00", user=site.people[0])
    site.world.work(3, "13:00", None, user=site.people[1])
    narrow = Window(date(2025, 12, 2), date(2025, 12, 3), "America/Chicago")
    run = mirror.sync(narrow, accept=[str(refused.fingerprint)])
    assert (run.exit_code, run.counts.deleted, run.counts.created) == (0, 2, 2)
    mirror.close()


def test_plan_resync_shows_what_a_resync_would_delete(site: Site) -> None:
    """Beforehand, row by row; and the saved plan deletes just that."""
    site.person(0)
    site.shifts(0)
    site.row(0, 9)
    mirror = site.world.mirror
    assert "delete" not in {change.kind for change in mirror.plan(site.world.window).changes}
    proposal = mirror.plan(site.world.window, resync=True)
    assert [change.why for change in proposal.changes if change.kind == "delete"]
    run = mirror.apply(proposal)
    assert (run.exit_code, run.counts.deleted) == (0, 1)


def test_a_saved_plan_brings_no_policy_and_is_believed_only_as_it_was_saved(site: Site, tmp_path: Path) -> None:
    """Edited guards, windows, zones, images: refused before anybody is asked; guards are those of today."""
    site.person(0)
    for shift in site.shifts(0)[1:]:
        site.company.delete(shift.id)
    mirror = site.world.mirror
    mirror.resync(site.world.window)
    file = tmp_path / "plan.json"
    mirror.save_plan(mirror.plan(site.world.window), file)
    text = file.read_bytes()
    good = json.loads(text)
    calls = site.world.sandbox.calls

    def edited(*path: str | int, to: object) -> None:
        saved = json.loads(json.dumps(good))
        place = saved["plan"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to
        file.write_text(json.dumps(saved))
        with pytest.raises(ConfigurationError):
            mirror.read_plan(file)

    edited("plans", 0, "policy", "max_deletes", to=999)
    edited("window", "last", to="2026-12-11")
    edited("window", "timezone", to="Mars/Base")
    edited("window", "first", to="0001-01-01")
    edited("plans", to=[])
    file.write_bytes(text)
    assert mirror.read_plan(file).plans
    assert site.world.sandbox.calls == calls
    careless = msgspec.structs.replace(
        mirror.read_plan(file),
        plans=tuple(
            msgspec.structs.replace(plan, policy=msgspec.structs.replace(plan.policy, max_deletes=10**6))
            for plan in mirror.read_plan(file).plans
        ),
    )
    assert mirror.apply(careless).exit_code in {0, 3}


def test_every_field_of_a_saved_plan_is_checked_whoever_made_its_checksum(site: Site, tmp_path: Path) -> None:
    """A plan that no plan of ours would be is refused in a sentence, though its checksum fits."""
    site.person(0)
    mine = site.shifts(0)
    mirror = site.world.mirror
    mirror.resync(site.world.window)
    site.company.edit(mine[0].id, end=mine[0].start + 3600)
    site.company.delete(mine[1].id)
    site.world.work(9, "08:00", "12:00", user=site.people[0])
    file = tmp_path / "plan.json"
    proposal = mirror.plan(site.world.window)
    mirror.save_plan(proposal, file)
    assert mirror.read_plan(file).plans
    places: dict[str, tuple[int, int]] = {
        change.kind: (number, place)
        for number, plan in enumerate(proposal.plans)
        for place, change in enumerate(plan.changes)
    }
    assert places.keys() == {"create", "update", "delete"}
    before = site.world.everything()

    def refused(said: str, *path: str | int, to: object) -> None:
        saved = msgspec.json.decode(msgspec.json.encode(proposal))
        place = saved
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to
        text = msgspec.json.encode(saved)
        raw = {"plan": msgspec.Raw(text), "sha256": hashlib.sha256(text).hexdigest()}
        file.write_bytes(msgspec.json.encode(raw))
        with pytest.raises(ConfigurationError, match=said) as error:
            mirror.read_plan(file)
        assert "nothing was written" in error.value.message

    def changed(said: str, kind: str, *path: str, to: object) -> None:
        number, place = places[kind]
        refused(said, "plans", number, "changes", place, *path, to=to)

    refused("holds no plan", "plans", to=[])
    refused("no time clock 0", "plans", 0, "time_clock_id", to=0)
    for where in ((), ("plans", 0)):
        refused("time zone 'Mars/Base'", *where, "window", "timezone", to="Mars/Base")
        refused("time zone 'Europe/Paris'", *where, "window", "timezone", to="Europe/Paris")
        refused("days of this age", *where, "window", "last", to="2026-12-11")
        refused("days of this age", *where, "window", "first", to="0001-01-01")
    for kind, image in (("create", "after"), ("update", "before"), ("update", "after"), ("delete", "before")):
        changed("without its row", kind, image, to=None)
        changed("not ours: its source is 'manual'", kind, image, "source", to="manual")
        changed("times that no shift has", kind, image, "clock_in", to=0)
        changed("times that no shift has", kind, image, "clock_out", to=10**10)
        changed("numbers that no column takes", kind, image, "employee_id", to=2**64)
        changed("numbers that no column takes", kind, image, "total_minutes", to=-(2**63))
    changed("without its row", "create", "kind", to="delete")
    changed("no row None", "delete", "before", "id", to=None)
    changed("no row 0", "update", "after", "id", to=0)
    assert site.world.everything() == before


def test_a_hold_of_a_row_goes_with_its_cause_whichever_time_clock_decided_on_it(site: Site) -> None:
    """Another time clock's look decides where the last one's failed, or where only those in use are looked at."""
    site.person(0)
    site.shifts(0)
    site.row(0, 9)
    site.world.sandbox.faults.add("scope", path=f"{CLOSED}/time-activities", times=20)
    assert [hold.reason for hold in site.world.mirror.resync(site.world.window).holds] == ["clock_not_looked_at"]
    site.world.sandbox.faults.clear()
    assert site.world.mirror.sync(site.world.window).exit_code == 3
    [held] = site.world.mirror.holds()
    assert held.hold.reason == "orphan"
    site.world.mirror.acknowledge_holds([held.id], by="Pia", reason="known")
    with time_machine.travel(site.world.at(11, "12:00"), tick=True):
        assert site.world.mirror.sync().exit_code == 0
        assert [standing.id for standing in site.world.mirror.holds()] == [held.id]
    assert site.world.mirror.resync(site.world.window).counts.deleted == 1
    assert site.world.mirror.holds() == ()
