"""New rows of people whose old rows without a shift go, or stay: hours never stand there twice (decision 16)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CLOCK, EMPLOYEES, WINDOW, at, said, shift

from connecteam_sync.core.absences import ORPHAN, Absences
from connecteam_sync.core.change import Change, Policy
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.evidence import RunEvidence, Stage
from connecteam_sync.core.replacing import hold_doubles, note_replaced, take_replaced
from connecteam_sync.core.shift import Shift

NEW = shift("n", "4 08:00", "4 12:00")
OLD = clock_time_of(1, at("4 07:00"), at("4 11:00"), id=4)


def old(key: int, day: str, hours: int = 4, employee: int = 1) -> ClockTime:
    """A row without a shift."""
    begin = at(f"{day} 07:00")
    return clock_time_of(employee, begin, begin + hours * 3600, id=key)


def drafted(
    *rows: ClockTime,
    shifts: tuple[Shift, ...] = (NEW,),
    stage: Stage = "end",
    mirrors: tuple[TrackedShift, ...] = (),
    **policy: Any,  # noqa: ANN401 - any policy
) -> Absences:
    """A draft that makes new rows for these shifts, in a run that may delete rows without one."""
    run = RunEvidence([(CLOCK, WINDOW)], account={CLOCK: "Main"})
    run.stage = stage
    run.add_snapshot(WINDOW, said(*shifts))
    stored = StoredState(rows=rows or (OLD,), employees=EMPLOYEES, names={1: "Ana"}, mirrors=mirrors)
    found = Absences(WINDOW, said(*shifts), stored, Policy(**policy), run)
    for item in shifts:
        image = clock_time_of(EMPLOYEES[item.user_id], item.start, item.end)
        found.changes.append(found.change("create", None, image, item, "new shift"))
    return found


def goes(found: Absences, *rows: ClockTime) -> Absences:
    """The look that decides on these rows would delete them."""
    found.evidence.going = {1: {row.id or 0: row.clock_in for row in rows}}
    return found


def kinds(found: Absences) -> list[tuple[str, Any]]:
    """What is left of the plan: kind, and the shift or the row."""
    return [(change.kind, change.shift_id or change.image.id) for change in found.changes]


def held(found: Absences) -> list[tuple[str, str, str]]:
    """Reason, subject and sentence of each hold."""
    return [(hold.reason, hold.subject, hold.detail) for hold in found.holds.values()]


STAYS = "1 row of Ana without a shift stay (row 4): beside them the hours would stand there twice"


# -- rows that go in this look's transaction ---------------------------------------------------------------------------


def test_old_rows_of_people_with_new_ones_go_with_them() -> None:
    """At the end of the run, if the look at their day would delete them; both in one transaction."""
    found = goes(drafted(), OLD)
    take_replaced(found, frozenset())
    assert kinds(found) == [("create", "n"), ("delete", 4)]
    assert (found.changes[1].why, found.changes[1].shift_id) == (ORPHAN, None)
    assert found.deleted_for_others == {4}


def test_rows_that_stay_keep_no_other_from_going() -> None:
    """Whichever comes first: a colleague's, one of another day, and the one that goes."""
    first, second = old(2, "4", employee=2), old(3, "27")
    found = goes(drafted(first, second, OLD), second, OLD)
    take_replaced(found, frozenset())
    assert kinds(found) == [("create", "n"), ("delete", 4)]


@pytest.mark.parametrize(
    ("changed", "policy"),
    [
        ({"employee_id": 2}, {}),
        ({"source": "manual"}, {}),
        ({"clock_in": WINDOW.end_utc}, {}),
        ({}, {"orphans": "delete"}),
    ],
    ids=["of a colleague", "by hand", "another day", "the look decides itself"],
)
def test_no_other_row_goes_with_them(changed: dict[str, Any], policy: dict[str, Any]) -> None:
    """Nor one that nobody would delete, that a shift has, or that one has taken."""
    row = msgspec.structs.replace(OLD, **changed)
    found = goes(drafted(row, **policy), row)
    take_replaced(found, frozenset())
    assert kinds(found) == [("create", "n")]


def test_a_row_that_is_somebodys_or_that_nobody_deletes_does_not_go() -> None:
    """Before the end nothing is known; and without a new row of the person there is no reason."""
    for found, taken in (
        (drafted(), frozenset[int]()),
        (goes(drafted(), OLD), frozenset({4})),
        (
            goes(drafted(mirrors=(TrackedShift(shift("m", "4 07:00", "4 11:00"), clock_time_id=4),)), OLD),
            frozenset[int](),
        ),
        (goes(drafted(stage="part"), OLD), frozenset[int]()),
        (goes(drafted(stage="whole"), OLD), frozenset[int]()),
    ):
        take_replaced(found, taken)
        assert kinds(found) == [("create", "n")]
    of_ben = goes(drafted(shifts=(shift("b", "4 08:00", "4 12:00", user=BEN),)), OLD)
    take_replaced(of_ben, frozenset())
    assert kinds(of_ben) == [("create", "b")]
    unlisted = goes(drafted(), OLD)
    unlisted.snapshot = msgspec.structs.replace(unlisted.snapshot, listed=frozenset({BEN}))
    unlisted.evidence.add_snapshot(WINDOW, unlisted.snapshot)
    take_replaced(unlisted, frozenset())
    assert kinds(unlisted) == [("create", "n")]


# -- rows that are replaced --------------------------------------------------------------------------------------------


def orphan_delete(found: Absences, row: ClockTime) -> Change:
    """The delete of a row without a shift."""
    return found.change("delete", row, None, None, ORPHAN)


@pytest.mark.parametrize(
    ("news", "olds", "is_replaced"), [(1, 1, True), (1, 2, True), (1, 3, False), (2, 4, True), (2, 5, False)]
)
def test_old_rows_are_replaced_by_at_least_half_as_many_new_ones(news: int, olds: int, *, is_replaced: bool) -> None:
    """Then all of them wait for one word, instead of each person's."""
    shifts = tuple(shift(f"n{day}", f"{day} 08:00", f"{day} 12:00") for day in range(2, 2 + news))
    rows = tuple(old(10 + day, str(day)) for day in range(2, 2 + olds))
    found = drafted(*rows, shifts=shifts, stage="part")
    for row in rows[:1]:
        found.changes.append(orphan_delete(found, row))
    found.pending = {row.id or 0: orphan_delete(found, row) for row in rows[1:]}
    note_replaced(found)
    assert found.replaced == ({row.id for row in rows} if is_replaced else set())


def test_deletes_of_shifts_and_of_other_people_replace_nothing() -> None:
    """Nor do new rows at the end, where they were counted before, as the evidence says."""
    found = drafted(stage="part")
    found.changes.append(found.change("delete", OLD, None, NEW, "gone"))
    note_replaced(found)
    assert found.replaced == set()
    of_ben = drafted(old(9, "4", employee=2), stage="part")
    of_ben.changes.append(orphan_delete(of_ben, old(9, "4", employee=2)))
    note_replaced(of_ben)
    assert of_ben.replaced == set()
    end = drafted()
    end.changes.append(orphan_delete(end, OLD))
    note_replaced(end)
    assert end.replaced == set()
    end.evidence.coming[end.start, end.end].update({1: 1})
    note_replaced(end)
    assert end.replaced == {4}
    rows = tuple(old(10 + day, str(day)) for day in range(2, 6))
    both = drafted(*rows, stage="part")
    both.evidence.coming[both.start, both.end].update({1: 1})
    both.pending = {row.id or 0: orphan_delete(both, row) for row in rows}
    note_replaced(both)
    assert both.replaced == {row.id for row in rows}
    no_account = drafted(stage="part")
    no_account.evidence.account = {}
    no_account.changes.append(orphan_delete(no_account, OLD))
    note_replaced(no_account)
    assert no_account.replaced == set()


# -- new rows beside old ones that stay --------------------------------------------------------------------------------


def test_new_rows_beside_old_ones_of_as_many_hours_are_held() -> None:
    """The hold says whose rows stay, the first of them, and how they may go."""
    found = drafted()
    hold_doubles(found, frozenset())
    assert held(found) == [("old_rows_stay", "shift:n", STAYS)]
    assert (found.changes, next(iter(found.holds.values())).minutes) == ([], 240)
    two = drafted(OLD, old(3, "3"))
    hold_doubles(two, frozenset())
    assert held(two)[0][2].startswith("2 rows of Ana without a shift stay (row 3, …): beside them")
    word = drafted(OLD, old(3, "3"), old(5, "5"))
    word.accept_names[1] = "abc"
    hold_doubles(word, frozenset())
    assert held(word)[0][2] == (
        "3 rows of Ana without a shift stay (row 3, …): beside them the hours would stand there twice;"
        " if those are to go: --accept abc"
    )
    nameless = drafted()
    nameless.stored.names.clear()
    hold_doubles(nameless, frozenset())
    assert held(nameless)[0][2].startswith("1 row of employee 1 without a shift stay")


@pytest.mark.parametrize(
    ("hours", "is_held"), [(4, True), (3, False), (0, False)], ids=["as many", "less than four fifths", "none"]
)
def test_old_rows_of_much_fewer_hours_hold_nothing(hours: int, *, is_held: bool) -> None:
    """Four fifths of the person's hours are the bound: those with a shift, and the new ones."""
    found = drafted(old(4, "4", hours))
    hold_doubles(found, frozenset())
    assert bool(found.holds) is is_held
    assert kinds(found) == ([] if is_held else [("create", "n")])


def test_the_bound_is_four_fifths_of_all_that_the_person_will_have() -> None:
    """To the minute; rows that have a shift count, also as they will be."""
    row = msgspec.structs.replace(OLD, total_minutes=192)
    just = drafted(row)
    hold_doubles(just, frozenset())
    assert just.holds
    less = drafted(msgspec.structs.replace(row, total_minutes=191))
    hold_doubles(less, frozenset())
    assert not less.holds
    linked = old(8, "6", 1)
    mirror = TrackedShift(shift("l", "6 07:00", "6 08:00"), clock_time_id=8)
    beside = drafted(msgspec.structs.replace(row, total_minutes=239), linked, mirrors=(mirror,))
    hold_doubles(beside, frozenset())
    assert not beside.holds
    enough = drafted(msgspec.structs.replace(row, total_minutes=240), linked, mirrors=(mirror,))
    hold_doubles(enough, frozenset())
    assert enough.holds
    longer = drafted(msgspec.structs.replace(row, total_minutes=240), linked, mirrors=(mirror,))
    longer.changes.append(longer.change("update", linked, old(8, "6", 2), mirror.shift, ""))
    hold_doubles(longer, frozenset())
    assert not longer.holds


def test_beside_an_open_shift_any_minute_is_a_double() -> None:
    """It has no hours yet that old ones could be few of; none at all are no double."""
    still_open = msgspec.structs.replace(NEW, end=None)
    for minutes, is_held in ((1, True), (0, False)):
        found = drafted(msgspec.structs.replace(OLD, total_minutes=minutes), shifts=(still_open,))
        hold_doubles(found, frozenset())
        assert bool(found.holds) is is_held


@pytest.mark.parametrize("changed", [{"employee_id": 2}, {"source": "manual"}], ids=["of a colleague", "by hand"])
def test_rows_of_others_hold_nothing(changed: dict[str, Any]) -> None:
    """Nor does one that a shift has, that one has taken, or that goes by this plan."""
    found = drafted(msgspec.structs.replace(OLD, **changed))
    hold_doubles(found, frozenset())
    assert not found.holds


def test_rows_that_are_somebodys_or_go_hold_nothing() -> None:
    """In a run that deletes no such rows, nothing is held either."""
    linked = drafted(mirrors=(TrackedShift(shift("m", "4 07:00", "4 11:00"), clock_time_id=4),))
    taken, going, reporting = drafted(), drafted(), drafted()
    going.changes.append(orphan_delete(going, OLD))
    reporting.evidence.account = {}
    for found, rows in ((linked, set[int]()), (taken, {4}), (going, set[int]()), (reporting, set[int]())):
        hold_doubles(found, rows)
        assert not found.holds
        assert ("create", "n") in kinds(found)


def test_while_the_old_rows_wait_the_new_ones_do() -> None:
    """In a part of a run, or where a delete is noted for its end: nothing is held, and nothing is made."""
    part, noted = drafted(stage="part"), drafted(stage="whole")
    noted.pending[4] = orphan_delete(noted, OLD)
    for found in (part, noted):
        hold_doubles(found, frozenset())
        assert (found.changes, found.holds) == ([], {})
        assert [change.shift_id for change in found.deferred] == ["n"]
        assert (dict(found.coming), found.undecided) == ({1: 1}, {"shift:n"})
        assert [(wait.shift_id, wait.because) for wait in found.waits.values()] == [("n", None)]
    far = drafted(msgspec.structs.replace(OLD, clock_in=at("27 07:00"), clock_out=at("27 11:00")), stage="part")
    hold_doubles(far, frozenset())
    assert (kinds(far), far.deferred) == ([("create", "n")], [])


def test_several_people_wait_each_for_their_own_rows() -> None:
    """Held at the end, or left for it; what waited before is kept."""
    both = (NEW, shift("b", "4 08:00", "4 12:00", user=BEN))
    end = drafted(OLD, old(5, "4", employee=2), shifts=both)
    hold_doubles(end, frozenset())
    assert ([hold.employee_id for hold in end.holds.values()], end.changes) == ([1, 2], [])
    part = drafted(OLD, old(5, "4", employee=2), shifts=both, stage="part")
    part.coming[1] = 3
    hold_doubles(part, frozenset())
    assert [change.shift_id for change in part.deferred] == ["n", "b"]
    assert dict(part.coming) == {1: 4, 2: 1}
    noted = drafted()
    noted.pending[4] = orphan_delete(noted, OLD)
    hold_doubles(noted, frozenset())
    assert (len(noted.holds), noted.deferred) == (1, [])


def test_where_a_word_is_waited_for_every_new_row_of_the_person_waits() -> None:
    """However few hours the old ones have; a guard that stopped an answer is such a wait, too."""
    few = old(4, "4", 1)
    named, stopped, plain = drafted(few), drafted(few), drafted(few)
    named.accept_names[1] = "abc"
    stopped.evidence.is_stopped = True
    for found, is_held in ((named, True), (stopped, True), (plain, False)):
        hold_doubles(found, frozenset())
        assert bool(found.holds) is is_held


def test_only_the_person_of_the_old_rows_waits() -> None:
    """Others get theirs."""
    found = drafted(shifts=(NEW, shift("b", "4 08:00", "4 12:00", user=BEN)))
    hold_doubles(found, frozenset())
    assert (kinds(found), [hold.employee_id for hold in found.holds.values()]) == ([("create", "b")], [1])
    assert EMPLOYEES[ANA] == 1
