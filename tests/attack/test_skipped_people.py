"""People are skipped of a look only while nothing of theirs changed: a mirror that reads everybody is the judge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.version import PLANNER_VERSION
from support.random_life import Life
from support.scenario import FIRST, LAST
from support.twins import PLENTY, Decoded, Twins, another, two_of


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


def test_the_same_id_of_somebody_who_is_skipped_is_not_believed(twins: Twins) -> None:
    """Two shifts of one id in one answer: neither of them is right, whoever of the two has changed."""
    one, other = two_of(twins)
    twins.company.spoil(other.id, id=one.id)
    for _ in range(2):
        twins.sync()
    assert "impossible_record" in twins.reasons()


def test_the_same_id_on_a_day_that_nobody_mirrors_is_not_believed(twins: Twins) -> None:
    """A shift of the padding, which is not remembered, and one of somebody else under its id."""
    one, other = two_of(twins)
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
    one, other = two_of(twins)
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


def test_a_rule_that_changed_has_everybody_decided(
    twins: Twins, decoded: Decoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was unchanged under another PLANNER_VERSION is not skipped."""
    one, _ = two_of(twins)
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
