"""People are skipped of a look only while nothing of theirs changed: a mirror that reads everybody is the judge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.api.by_person import AnswerByPerson
from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE, Activity
from connecteam_sync.store.session import Persons, Session
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.version import PLANNER_VERSION
from support.random_life import Life
from support.scenario import FIRST, LAST
from support.twins import Twins, another

PLENTY = SandboxSettings(minute_limit=10**9, day_limit=10**9)


class Decoded:
    """How many people each partial look has decoded."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.people: list[int] = []
        read = AnswerByPerson.snapshot

        def reading(parts: AnswerByPerson, people: People, users: frozenset[int]) -> Snapshot | None:
            self.people.append(len(users))
            return read(parts, people, users)

        patch.setattr(AnswerByPerson, "snapshot", reading)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Decoded:
    """What partial looks decode, counted on the way through."""
    return Decoded(monkeypatch)


@pytest.fixture
def twins(initialised: str, tmp_path: Path) -> Iterator[Twins]:
    """A company of forty shifts, mirrored and unchanged in two databases."""
    with another(initialised, tmp_path) as other, Sandbox(Company(40), PLENTY) as sandbox:
        both = Twins(sandbox, initialised, other, max_deletes=99)
        for _ in range(2):
            both.sync()
        yield both
        both.close()


def test_who_has_not_changed_is_not_decoded(twins: Twins, decoded: Decoded) -> None:
    """A shift of one person changes: nobody else is decoded, and nobody at all on other time clocks."""
    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None)
    for number in range(3):
        twins.company.edit(shift.id, end=shift.start + 3600 + number * 60)
        decoded.people.clear()
        assert twins.sync().status == "applied"
        assert decoded.people
        assert set(decoded.people) <= {0, 1}
    twins.sync()
    assert twins.sync().status == "nothing"


def test_statements_do_not_grow_with_the_people_who_changed(twins: Twins) -> None:
    """One, and a third of all: the same statements."""
    counts = []
    people = sorted({s.user_id for s in twins.company.shifts(FIRST, LAST) if s.clock_id == WAREHOUSE})
    for some in (people[:1], people[: len(people) // 3]):
        for user in some:
            shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.user_id == user and s.end is not None)
            twins.company.edit(shift.id, end=(shift.end or 0) + 60)
        counts.append(twins.sync().statements)
    assert counts[0] == counts[1]


EDITS = {
    "minutes": "UPDATE clock_times SET total_minutes = 7 WHERE id = :row",
    "clock-out": "UPDATE clock_times SET clock_out = '2025-12-03 03:04:05' WHERE id = :row",
    "flag": "UPDATE clock_times SET is_active = NOT is_active WHERE id = :row",
    "source": "UPDATE clock_times SET source = 'manual' WHERE id = :row",
    "another person": "UPDATE clock_times SET employee_id = (SELECT max(id) FROM employees) WHERE id = :row",
    "gone": "DELETE FROM clock_times WHERE id = :row",
    "unlinked": "UPDATE connecteam_sync_shifts SET clock_time_id = NULL WHERE clock_time_id = :row",
    "memory": "UPDATE connecteam_sync_shifts SET end_at = end_at + 1 WHERE clock_time_id = :row",
    "owner": "UPDATE connecteam_sync_shifts SET user_id = user_id + 1 WHERE clock_time_id = :row",
    "mapping": "UPDATE employees SET connecteam_user_id = NULL"
    " WHERE id = (SELECT employee_id FROM clock_times WHERE id = :row)",
    "user": "UPDATE connecteam_sync_users SET employee_id = (SELECT min(id) FROM employees)",
    "breaks": "DELETE FROM connecteam_sync_breaks",
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_others_write_about_who_is_left_out_is_noticed(twins: Twins, edit: str) -> None:
    """Whatever of theirs is edited, with and without a change of somebody else in the answer."""
    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None)
    row = next(r["id"] for r in reversed(twins.table()) if r["source"] == "connecteam")
    for number in range(2):
        if number:
            twins.company.edit(shift.id, end=shift.start + 3660)
        twins.execute(EDITS[edit].replace("is_active = NOT is_active", _turned(twins)), row=row)
        for _ in range(3):
            twins.sync()


def _turned(twins: Twins) -> str:
    family = twins.mirror.store.dialect.family
    return "is_active = NOT is_active" if family == "postgresql" else "is_active = 1 - is_active"


def test_a_closed_day_a_new_person_and_a_new_name_concern_everybody(twins: Twins) -> None:
    """What is said of days and people is not said person by person."""
    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None)
    new = max(twins.company.people)
    twins.work(3, "08:00", "09:00", user=new)

    def close() -> None:
        for world in (twins, twins.other):
            world.lock(date(2025, 12, 3))

    def open_again() -> None:
        for world in (twins, twins.other):
            world.mirror.unlock(date(2025, 12, 3), date(2025, 12, 3))

    def rename() -> None:
        twins.company.people[new].last_name = "Other"

    for act in (close, rename, open_again):
        act()
        twins.company.edit(shift.id, end=shift.start + 3600 + len(twins.table("connecteam_sync_changes")))
        for _ in range(2):
            twins.sync()


def test_a_shift_that_passes_to_somebody_else_takes_its_row_along(twins: Twins, decoded: Decoded) -> None:
    """Between people, and under an id that a person who is skipped has: both are looked at."""
    shifts = [s for s in twins.company.shifts(FIRST, LAST) if s.end is not None]
    one = shifts[0]
    two = next(s for s in shifts if s.user_id != one.user_id and s.clock_id == one.clock_id)
    one.user_id, two.user_id = two.user_id, one.user_id
    twins.sync()
    twins.sync()
    assert decoded.people


@pytest.mark.parametrize("seed", range(4))
def test_lives_with_people_left_out_and_with_everybody_are_the_same(
    initialised: str, tmp_path: Path, decoded: Decoded, seed: int
) -> None:
    """Days of a company, people at the table, breaks and closed days: after each run both databases are the same."""
    with another(initialised, tmp_path) as other, Sandbox(Company(0), PLENTY) as sandbox:
        sandbox.settings.selects_by = ("start", "overlap", "end")[seed % 3]
        policy = {"local_edits": "keep"} if seed % 2 else {}
        both = Twins(sandbox, initialised, other, max_deletes=100_000, max_users_gone_share=1.0, **policy)
        life = Life(both, seed)
        for round_ in range(24):
            for _ in range(life.chance.randrange(1, 3)):
                life.step()
            if life.chance.random() < 0.3:
                life.meddle()
            if life.chance.random() < 0.3:
                both.company.take_break(life.chance.choice(life.staff), life.instant(), None, clock=WAREHOUSE)
            if round_ in {7, 15}:
                day = FIRST + timedelta(days=life.chance.randrange(11))
                for world in (both, both.other):
                    world.lock(day)
            both.sync()
            if round_ % 5 == 4:
                both.sync()
        assert len(decoded.people) >= 10
        both.close()


EDITED = "UPDATE clock_times SET total_minutes = 7 WHERE id = :row"


def _row_of(twins: Twins, *, user: int | None = None, without: int | None = None) -> dict[str, object]:
    """A row of the warehouse with both ends, of this user or of another one than `without`."""
    known = next(
        one
        for one in twins.table("connecteam_sync_shifts")
        if one["clock_time_id"]
        and one["end_at"]
        and one["time_clock_id"] == WAREHOUSE
        and one["user_id"] != without
        and user in {None, one["user_id"]}
    )
    return next(row for row in twins.table() if row["id"] == known["clock_time_id"])


@pytest.mark.parametrize("who", ["decoded", "skipped"])
@pytest.mark.parametrize("is_written", [True, False])
def test_an_edit_while_people_are_left_out_is_put_right(
    twins: Twins, database: str, monkeypatch: pytest.MonkeyPatch, who: str, *, is_written: bool
) -> None:
    """Another program edits a row once the digests were taken, in a run that writes and in one that does not: whoever's
    it is, the next run puts it right.
    """
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None and s.clock_id == WAREHOUSE)
    row = _row_of(twins, user=shift.user_id) if who == "decoded" else _row_of(twins, without=shift.user_id)
    twins.company.edit(shift.id, end=shift.start + 3660)
    if not is_written:
        twins.sync()
        row = next(one for one in twins.table() if one["id"] == row["id"])
    elif who == "decoded":
        twins.work(4, "23:00", "23:30", user=shift.user_id)
    host = create_engine(database_url(database))

    def meanwhile(
        window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence
    ) -> SlicePlan:
        decision = plan(window, snapshot, stored, policy, evidence)
        if snapshot.time_clock_id == WAREHOUSE:
            with host.begin() as connection:
                connection.execute(text(EDITED), {"row": row["id"]})
        return decision

    with monkeypatch.context() as patch:
        patch.setattr("connecteam_sync.engine.decide.plan", meanwhile)
        twins.mirror.sync(twins.window)
    host.dispose()
    twins.mirror.sync(twins.window)
    kept = next(one for one in twins.table() if one["id"] == row["id"])
    truth = {(user, start): minutes for user, start, _, minutes in twins.company.truth(FIRST, LAST)}
    assert kept["total_minutes"] in truth.values()
    assert twins.rows() == twins.company.truth(FIRST, LAST)


def _two(twins: Twins) -> tuple[Activity, Activity]:
    """Shifts of two people of the warehouse, none of whom is changed by the other."""
    shifts = [s for s in twins.company.shifts(FIRST, LAST) if s.end is not None and s.clock_id == WAREHOUSE]
    return shifts[0], next(s for s in shifts if s.user_id != shifts[0].user_id)


def test_the_same_id_of_somebody_who_is_skipped_is_not_believed(twins: Twins) -> None:
    """Two shifts of one id in one answer: neither of them is right, whoever of the two has changed."""
    one, other = _two(twins)
    twins.company.spoil(other.id, id=one.id)
    for _ in range(2):
        twins.sync()
    assert "impossible_record" in twins.reasons()


def test_the_same_id_on_a_day_that_nobody_mirrors_is_not_believed(twins: Twins) -> None:
    """A shift of the padding, which is not remembered, and one of somebody else under its id."""
    one, other = _two(twins)
    before = twins.company.add(
        one.user_id, twins.window.start_utc - 7200, twins.window.start_utc - 3600, clock=WAREHOUSE
    )
    for _ in range(2):
        twins.sync()
    new = twins.work(5, "03:00", "04:00", user=other.user_id)
    twins.company.spoil(new.id, id=before.id)
    twins.sync()
    assert "impossible_record" in twins.reasons()


def test_the_same_id_on_another_time_clock_takes_no_row(twins: Twins) -> None:
    """The shift of somebody who is skipped on one time clock counts as shown there."""
    one, other = _two(twins)
    twins.company.people[one.user_id].clocks = {WAREHOUSE, OFFICE}
    for _ in range(2):
        twins.sync()
    new = twins.work(5, "03:00", "04:00", user=one.user_id, clock=OFFICE)
    twins.company.spoil(new.id, id=one.id)
    twins.company.edit(other.id, end=other.start + 3660)  # else the whole look would be as it was
    twins.sync()
    assert "impossible_record" in twins.reasons()


def test_a_guard_counts_everybody(initialised: str, tmp_path: Path, decoded: Decoded) -> None:
    """More deletes than a guard allows of the rows that were read, and fewer than of all: they are made."""
    with another(initialised, tmp_path) as other, Sandbox(Company(80), PLENTY) as sandbox:
        both = Twins(sandbox, initialised, other, time_clocks=(WAREHOUSE,), max_deletes=1, max_deletes_share=0.1)
        for _ in range(2):
            both.sync()
        shifts = [s for s in both.company.shifts(FIRST, LAST) if s.clock_id == WAREHOUSE]
        people = sorted({s.user_id for s in shifts})[:3]
        for user in people:
            both.company.delete(next(s.id for s in shifts if s.user_id == user))
        decoded.people.clear()
        assert both.sync().counts.deleted == 3
        assert decoded.people == [3]
        both.close()


@pytest.mark.parametrize("what", ["a row", "a mapping"])
def test_what_was_taken_back_for_a_moment_does_not_count(
    twins: Twins, database: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """There when the digests are taken, not when rows are read, and there again: nobody was decided on like that."""
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    shift, other = _two(twins)
    row = _row_of(twins, user=other.user_id)
    host = create_engine(database_url(database))

    def set_right(*, right: bool) -> None:
        with host.begin() as connection:
            if what == "a row":
                minutes = row["total_minutes"] if right else 7
                connection.execute(
                    text("UPDATE clock_times SET total_minutes = :m WHERE id = :row"), {"m": minutes, "row": row["id"]}
                )
                return
            for statement, value in (
                ("UPDATE employees SET connecteam_user_id = :v WHERE id = :employee", str(other.user_id)),
                ("UPDATE connecteam_sync_users SET employee_id = :v WHERE user_id = :user", row["employee_id"]),
            ):
                connection.execute(
                    text(statement),
                    {"v": value if right else None, "employee": row["employee_id"], "user": other.user_id},
                )

    reading = Session.stored_queries

    def queries(session: Session, window: Window, snapshot: Snapshot, only: Persons | None = None) -> list[Query]:
        if snapshot.time_clock_id == WAREHOUSE:
            set_right(right=True)
        return reading(session, window, snapshot, only)

    set_right(right=False)
    twins.company.edit(shift.id, end=shift.start + 3660)
    with monkeypatch.context() as patch:
        patch.setattr(Session, "stored_queries", queries)
        twins.mirror.sync(twins.window)
    set_right(right=False)
    host.dispose()
    twins.mirror.sync(twins.window)
    kept = next(one for one in twins.table() if one["id"] == row["id"])
    if what == "a row":
        assert kept["total_minutes"] == row["total_minutes"]
    else:
        assert "possible_double" in twins.reasons()


def test_a_new_row_of_somebody_with_old_ones_is_compared(twins: Twins) -> None:
    """MySQL and MariaDB read old rows by their keys and new ones by their clock-in: a person has both."""
    one, other = _two(twins)
    twins.work(5, "03:00", "04:00", user=one.user_id)
    for _ in range(2):
        twins.sync()
    new = max(row["id"] for row in twins.table())
    old = _row_of(twins, user=one.user_id)["id"]
    assert old != new
    for number, row in enumerate((new, old)):
        twins.execute(EDITED, row=row)
        twins.company.edit(other.id, end=other.start + 3660 + number * 60)
        assert twins.sync().counts.updated == 2


def test_a_rule_that_changed_has_everybody_decided(
    twins: Twins, decoded: Decoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was unchanged under another PLANNER_VERSION is not skipped."""
    one, _ = _two(twins)
    monkeypatch.setattr("connecteam_sync.engine.inputs.PLANNER_VERSION", PLANNER_VERSION + 1)
    twins.company.edit(one.id, end=one.start + 3660)
    assert twins.sync().status == "applied"
    assert decoded.people == []
    twins.company.edit(one.id, end=one.start + 3720)
    assert twins.sync().status == "applied"
    assert decoded.people


def test_the_end_of_a_run_skips_people_too(twins: Twins, decoded: Decoded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row goes once every look is done, when its time clock is looked at again: nobody else is decoded for that."""
    whole: list[int] = []
    read = ActivitiesResponse.read

    def reading(response: ActivitiesResponse, people: People) -> Snapshot:
        whole.append(response.time_clock_id)
        return read(response, people)

    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None and s.clock_id == WAREHOUSE)
    twins.company.delete(shift.id)
    with monkeypatch.context() as patch:
        patch.setattr(ActivitiesResponse, "read", reading)
        assert twins.mirror.sync(twins.window).counts.deleted == 1
    assert whole == []
    assert decoded.people.count(1) == 2
    twins.other.sync()
    twins.compare()


def test_a_slice_is_quiet_after_two_runs(twins: Twins, decoded: Decoded) -> None:
    """One that writes, and one that finds nothing to do about those who were written; the third decodes nobody."""
    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None)
    twins.company.edit(shift.id, end=shift.start + 3660)
    assert [twins.sync().status for _ in range(2)] == ["applied", "nothing"]
    decoded.people.clear()
    assert twins.sync().status == "nothing"
    assert decoded.people == []


def test_a_row_outside_of_the_days_that_goes_meanwhile_is_noticed(
    twins: Twins, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests of people are of the padded days: a slice with a row elsewhere is not quiet by them alone.

    Another program deletes the row once it was read: the next run holds its shift for that.
    """
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    keeping = Twins.mirror_of(twins.sandbox, database, max_deletes=99, local_edits="keep")
    shift, other = _two(twins)
    row = _row_of(twins, user=other.user_id)
    host = create_engine(database_url(database))

    def act(statement: str) -> None:
        with host.begin() as connection:
            connection.execute(text(statement), {"row": row["id"]})

    def meanwhile(
        window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence
    ) -> SlicePlan:
        decision = plan(window, snapshot, stored, policy, evidence)
        if snapshot.time_clock_id == WAREHOUSE:
            act("DELETE FROM clock_times WHERE id = :row")
        return decision

    for _ in range(2):
        keeping.sync(twins.window)
    act("UPDATE clock_times SET clock_in = '2025-11-22 03:02:01' WHERE id = :row")
    twins.company.edit(shift.id, end=shift.start + 3660)
    keeping.sync(twins.window)
    assert row["id"] in {one.hold.clock_time_id for one in keeping.holds()}
    twins.company.take_time_off(other.user_id, FIRST, FIRST, clock=WAREHOUSE)  # another answer, and nothing to do
    with monkeypatch.context() as patch:
        patch.setattr("connecteam_sync.engine.decide.plan", meanwhile)
        keeping.sync(twins.window)
    host.dispose()
    for _ in range(2):
        keeping.sync(twins.window)
    assert row["id"] not in {one.hold.clock_time_id for one in keeping.holds()}
    keeping.close()
