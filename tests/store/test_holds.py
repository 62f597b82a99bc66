"""Holds that a person has acknowledged: listed on, no longer in the way, and void as soon as anything moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from test_store import NOW, WINDOW, look, mirror, shift, table

from connecteam_sync.core.change import Hold, Policy, SlicePlan, waiting
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Acknowledgement, Run, StandingHold
from connecteam_sync.core.shift import Shift
from connecteam_sync.errors import NotFound
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.holds import (
    acknowledge,
    require_standing,
    standing_holds,
    unacknowledge,
    with_acknowledged,
    write_holds,
)
from connecteam_sync.store.store import Store

SAID = Acknowledgement(by="Zoë", at=NOW + 5, reason='left in May; "case 7" ☃')


def standing(store: Store) -> tuple[StandingHold, ...]:
    """What waits, in the order it is shown."""
    with store.reading() as session:
        return standing_holds(session)


def say(store: Store) -> None:
    """Acknowledge all that waits."""
    with store.writing() as session:
        acknowledge(session, standing_holds(session), SAID)


def planned(store: Store, *shifts: Shift, **policy: Any) -> SlicePlan:  # noqa: ANN401 - any policy
    """What a run would decide, its holds marked."""
    choice = msgspec.structs.replace(Policy(employees="match"), **policy)
    with store.reading() as session:
        snapshot = look(*shifts)
        decision = plan(WINDOW, snapshot, session.stored(WINDOW, snapshot), choice)
        return with_acknowledged(decision, session.holds)


def test_an_acknowledged_hold_stays_listed_and_waits_for_nobody(store: Store) -> None:
    """Who, when and why are kept; the same hold in the next plan is marked, and written nothing for."""
    mirror(store, shift("a", 0, 60), shift("b", 100, 160, user=102), employees="match")
    first, second = standing(store)
    with store.writing() as session:
        (told,) = acknowledge(session, [first], SAID)
    assert (told.acknowledged, told.hold.acknowledged) == (SAID, True)
    assert standing(store) == (told, second)
    found = planned(store, shift("a", 0, 60), shift("b", 100, 160, user=102))
    assert [(hold.shift_id, hold.acknowledged) for hold in found.holds] == [("a", True), ("b", False)]
    assert waiting(found.holds)
    assert not waiting(found.holds[:1])
    before = table(store, "connecteam_sync_holds")
    mirror(store, shift("a", 0, 60), shift("b", 100, 160, user=102), employees="match")
    assert table(store, "connecteam_sync_holds") == before


def test_a_second_word_does_not_replace_the_first(store: Store) -> None:
    """Who said it first stays on record; it can be taken back, and said again."""
    mirror(store, shift("a", 0, 60), employees="match")
    say(store)
    other = Acknowledgement(by="somebody else", at=NOW + 90, reason="no")
    with store.writing() as session:
        (kept,) = acknowledge(session, standing_holds(session), other)
    assert kept.acknowledged == SAID
    with store.writing() as session:
        (free,) = unacknowledge(session, standing_holds(session))
    assert standing(store) == (free,)
    assert free.acknowledged is None
    assert waiting(planned(store, shift("a", 0, 60)).holds)
    with store.writing() as session:
        acknowledge(session, standing_holds(session), other)
    assert standing(store)[0].acknowledged == other


def lock_the_day(store: Store) -> None:
    """Payroll closes the first day."""
    with store.writing() as session:
        session.connection.execute(
            text("INSERT INTO connecteam_sync_locked_days (day, timezone, locked_at) VALUES ('2025-12-01', '', 1)")
        )


MOVES: dict[str, Callable[[], Shift]] = {
    "its minutes": lambda: shift("a", 0, 62),
    "its instant": lambda: shift("a", 1, 61),
    "its user": lambda: shift("a", 0, 60, user=102),
}


@pytest.mark.parametrize("what", MOVES)
def test_it_comes_back_if_anything_about_it_changes(store: Store, what: str) -> None:
    """A plan says so before anything is written, and the run takes the word off the hold."""
    mirror(store, shift("a", 0, 60), employees="match")
    say(store)
    moved = MOVES[what]()
    assert waiting(planned(store, moved).holds)
    mirror(store, moved, employees="match")
    (found,) = standing(store)
    assert found.acknowledged is None
    mirror(store, shift("a", 0, 60), employees="match")
    assert standing(store)[0].acknowledged is None, "as it was before, but the word was void by then"


def test_it_comes_back_if_only_its_sentence_changes(store: Store) -> None:
    """The detail is what the person read."""
    mirror(store, shift("a", 0, 60), employees="match")
    say(store)
    with store.writing() as session:
        session.connection.execute(text("UPDATE connecteam_sync_holds SET detail = 'something else'"))
    assert waiting(planned(store, shift("a", 0, 60)).holds)
    mirror(store, shift("a", 0, 60), employees="match")
    assert standing(store)[0].acknowledged is None


def test_one_that_was_resolved_and_opens_anew_is_a_new_hold(store: Store) -> None:
    """The word was about the old one."""
    mirror(store, shift("a", 0, 60), employees="match")
    say(store)
    mirror(store, employees="match")
    assert standing(store) == ()
    assert waiting(planned(store, shift("a", 0, 60)).holds)
    mirror(store, shift("a", 0, 60), employees="match")
    assert standing(store)[0].acknowledged is None


def test_the_person_of_a_hold_created_by_the_plan_makes_it_another_hold(store: Store) -> None:
    """An employee's id that the hold did not have: the plan knows before the run writes it."""
    mirror(store, shift("a", 0, 60), shift("b", 0, 60), employees="create")
    lone = [h for h in standing(store) if h.hold.reason == "duplicate_clock_in"]
    assert len(lone) == 1
    say(store)
    with store.writing() as session:
        session.connection.execute(text("DELETE FROM clock_times"))
        session.connection.execute(text("DELETE FROM employees"))
        session.connection.execute(text("UPDATE connecteam_sync_holds SET employee_id = NULL"))
    found = planned(store, shift("a", 0, 60), shift("b", 0, 60), employees="create")
    assert waiting(found.holds)
    mirror(store, shift("a", 0, 60), shift("b", 0, 60))
    assert standing(store)[0].acknowledged is None


def test_only_holds_that_stand_can_be_named(store: Store) -> None:
    """Not one that never was, nor one that is resolved, however large the number."""
    mirror(store, shift("a", 0, 60), shift("b", 100, 160, user=102), employees="match")
    first, second = standing(store)
    mirror(store, shift("b", 100, 160, user=102), employees="match")
    with store.reading() as session:
        assert require_standing(session, [second.id]) == (second,)
        for ids in ([first.id], [second.id, 10**30]):
            with pytest.raises(NotFound, match=str(ids[-1])):
                require_standing(session, ids)


def test_holds_of_an_employee_are_those_of_the_users_who_count_for_them_too(store: Store) -> None:
    """By the hold's own employee, by our mapping, by the host's column; nobody else's."""
    lock_the_day(store)
    mirror(store, shift("a", 0, 60), shift("b", 100, 160, user=102), employees="match")
    with store.writing() as session:
        session.connection.execute(text("INSERT INTO employees (name, connecteam_user_id) VALUES ('Ana', '101')"))
        session.connection.execute(text("INSERT INTO employees (name) VALUES ('Ben')"))
        ana, ben = (row["id"] for row in session.read("SELECT id FROM employees ORDER BY id"))
    with store.reading() as session:
        assert [h.hold.shift_id for h in standing_holds(session, employee=ana)] == ["a"]
        assert standing_holds(session, employee=ben) == ()
    with store.writing() as session:
        session.connection.execute(
            text("UPDATE connecteam_sync_users SET employee_id = :b WHERE user_id = 102"), {"b": ben}
        )
        session.connection.execute(
            text("UPDATE connecteam_sync_holds SET employee_id = :b WHERE user_id = 101"), {"b": ben}
        )
    with store.reading() as session:
        assert [h.hold.shift_id for h in standing_holds(session, employee=ben)] == ["a", "b"]
        assert standing_holds(session, "locked_day", employee=ben) == ()


def test_a_hold_of_another_clock_is_opened_once_and_resolved_by_its_own(store: Store) -> None:
    """It is found by a look at a clock that took its row over: again and again it is the same hold."""
    hold = Hold(
        reason="local_edit", subject="shift:a", detail="x", shift_id="a", instant=WINDOW.start_utc, time_clock_id=8
    )
    another = msgspec.structs.replace(hold, subject="shift:b", shift_id="b")
    written = []
    for holds in ((hold,), (hold,), (), (another,)):
        with store.writing() as session:
            snapshot = look()
            decision = plan(WINDOW, snapshot, session.stored(WINDOW, snapshot), Policy())
            run = Run(id=None, kind="sync", window=WINDOW, slices=(), version="0", host="test", started_at=NOW)
            number = runs.begin_run(session, run).value
            found = msgspec.structs.replace(decision, holds=holds)
            written.append(write_holds(session, found, {}, run=number, now=NOW))
    assert [one.is_any for one in written] == [True, False, False, True]
    assert [(one.hold.subject, one.time_clock_id) for one in standing(store)] == [("shift:a", 8), ("shift:b", 8)]
