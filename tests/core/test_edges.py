"""What is left over: people mapped to nobody, rows of others, deletes, where each part of the core meets them."""

from __future__ import annotations

import msgspec
from test_plan import EMPLOYEES, MORNING, WINDOW, after_sync, at, decide, kinds, reasons, said, shift

from connecteam_sync.core.adopt import offset_rows
from connecteam_sync.core.change import Policy
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.compare import Comparison, legacy_damages
from connecteam_sync.core.legacy import legacy_plan
from connecteam_sync.core.tracking import as_if_applied
from connecteam_sync.core.verify import Held, differing_days
from connecteam_sync.present.text import compare_text, offset_line

STRANGER = shift("s", "4 08:00", "4 12:00", user=999)
BEFORE = shift("b", "25 08:00", "25 12:00")
EVENING = shift("e", "2 16:00", "2 20:00")


def test_what_a_plan_would_leave_wrong_is_named() -> None:
    """A doubled row is one harm; corrected and deleted rows, and strangers, are none."""
    stored = after_sync(MORNING, EVENING, shift("gone", "6 08:00", "6 09:00"))
    double = msgspec.structs.replace(stored.rows[0], id=8)
    corrected = msgspec.structs.replace(EVENING, end=at("2 21:00"))
    decision = decide(said(MORNING, corrected, STRANGER, shift("new", "7 08:00", "7 09:00")), stored)
    assert sorted(kinds(decision)) == ["create", "delete", "update"]
    with_double = msgspec.structs.replace(stored, rows=(*stored.rows, double))
    assert [(damage.kind, damage.minutes) for damage in legacy_damages(decision, with_double)] == [("doubled", -240)]
    assert legacy_damages(decision, stored) == ()


def test_a_row_that_stays_open_is_not_counted_up_to_now() -> None:
    """The old code adds to open rows at every run: what it would say of days long ago is no hour anybody worked."""
    still_open = shift("o", "2 08:00")
    stored = after_sync(still_open)
    closed = msgspec.structs.replace(still_open, end=at("2 16:00"))
    counted = msgspec.structs.replace(stored.rows[0], total_minutes=500_000)
    decision = decide(said(still_open, EVENING), stored)
    for upstream, minutes in ((still_open, 0), (closed, 480)):
        legacy = msgspec.structs.replace(decision, snapshot=said(upstream), changes=())
        found = legacy_damages(legacy, msgspec.structs.replace(stored, rows=(counted,)))
        assert [(damage.kind, damage.minutes) for damage in found] == [("wrong", minutes)]
    found = tuple(msgspec.structs.replace(found[0], minutes=minutes) for minutes in (480, -60, 0))
    whole = Comparison(window=WINDOW, shifts=3, legacy_damages=found)
    assert (whole.missing, whole.surplus, whole.minutes) == (480, 60, 420)
    assert "8:00 hours missing and 1:00 too many, of 1 person" in "\n".join(compare_text(whole))


def test_the_old_planner_holds_strangers_too() -> None:
    """The rollback flag does not bring back the silence about people mapped to nobody."""
    decision = legacy_plan(
        WINDOW, said(STRANGER), StoredState(employees=EMPLOYEES), Policy(planner="legacy"), now=at("9 08:00")
    )
    assert (kinds(decision), reasons(decision)) == ([], ["unmapped_user"])


def test_the_old_planner_moves_no_row_onto_a_manual_one() -> None:
    """Its six-hour rule would have moved the morning onto the afternoon, where a row entered by hand stands."""
    afternoon = shift("p", "2 14:00", "2 18:00")
    stored = after_sync(MORNING)
    by_hand = msgspec.structs.replace(stored.rows[0], id=5, clock_in=afternoon.start, source="manual")
    both = msgspec.structs.replace(stored, rows=(*stored.rows, by_hand))
    decision = legacy_plan(WINDOW, said(afternoon), both, Policy(planner="legacy"), now=at("9 08:00"))
    assert kinds(decision) == []


def test_the_old_planner_leaves_an_open_row_for_an_open_shift() -> None:
    """One open row of a day stood for all that was open."""
    still_open = shift("o", "2 08:00")
    decision = legacy_plan(
        WINDOW, said(shift("p", "2 10:00")), after_sync(still_open), Policy(planner="legacy"), now=at("9 08:00")
    )
    assert kinds(decision) == []


def test_a_plan_as_if_applied_takes_its_deletes_away() -> None:
    """The next clock's plan does not see the row."""
    stored = after_sync(MORNING, EVENING)
    decision = decide(said(MORNING), stored)
    assert [row.id for row in as_if_applied(stored, [decision], WINDOW).rows] == [1]


def test_a_linked_row_that_became_manual_and_says_the_same_is_left_alone() -> None:
    """Nothing to hold, and nothing to write."""
    stored = after_sync(MORNING)
    seized = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], source="manual"),))
    decision = decide(said(MORNING), seized)
    assert (decision.changes, decision.holds) == ((), ())


def test_a_rival_of_another_clock_without_a_row_is_its_own_clocks_affair() -> None:
    """This clock's shift has its row; the other was held under its own clock."""
    rival = msgspec.structs.replace(MORNING, id="r", time_clock_id=8, created_at=9)
    stored = after_sync(msgspec.structs.replace(MORNING, created_at=1))
    other = msgspec.structs.replace(stored.mirrors[0], shift=rival, clock_time_id=None, applied=None)
    decision = decide(
        said(msgspec.structs.replace(MORNING, created_at=1)),
        msgspec.structs.replace(stored, mirrors=(*stored.mirrors, other)),
    )
    assert (decision.changes, decision.holds) == ((), ())


def test_counting_leaves_out_strangers_and_other_days() -> None:
    """The independent check counts what can be written in the window."""
    rows = list(after_sync(MORNING).rows)
    rows.append(msgspec.structs.replace(rows[0], id=5, clock_in=at("4 08:00"), source="manual"))
    found = differing_days(WINDOW, [MORNING, STRANGER, BEFORE], rows, employees=EMPLOYEES, names={}, held=Held())
    assert found == ()


def test_strangers_are_at_no_offset() -> None:
    """Only shifts of mapped people are compared with rows."""
    rows = after_sync(MORNING).rows
    assert offset_rows(rows, [STRANGER, MORNING], EMPLOYEES, WINDOW.zone) == ()


def test_a_row_at_an_offset_names_the_row_of_its_shift() -> None:
    """Where other tables point at the wrong one it stays: this says what they should point at."""
    [right] = after_sync(MORNING).rows
    wrong = msgspec.structs.replace(right, id=36, clock_in=right.clock_in + 6 * 3600)
    for rows, beside in (((wrong,), None), ((right, wrong), right.id)):
        [found] = offset_rows(rows, [MORNING], EMPLOYEES, WINDOW.zone)
        assert (found.row.id, found.beside) == (36, beside)
        told = f"the shift has row {right.id}: what points at row 36 belongs there"
        assert (told in offset_line(found, WINDOW.zone, {})) is (beside is not None)
