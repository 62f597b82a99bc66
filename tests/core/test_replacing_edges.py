"""New rows near the edge of a window, and old ones without a shift beyond it: both belong to other transactions."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from test_plan import CHICAGO, CLOCK, EMPLOYEES, WINDOW, at, said

from connecteam_sync.core.absences import Absences
from connecteam_sync.core.change import Policy
from connecteam_sync.core.clocktime import StoredState, clock_time_of
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.replacing import hold_doubles
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window

EARLIER = Window(date(2025, 11, 20), date(2025, 11, 30), CHICAGO)
LATER = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
HOUR, DAY = 3600, 86_400
MARGIN = 2 * DAY


def drafted(
    old_at: int,
    new_at: int,
    *,
    minutes: int = 240,
    looks: tuple[Window, ...] = (EARLIER, LATER),
    goes: bool = False,
    is_stopped: bool = False,
) -> Absences:
    """A draft at the end of a run, with an old row of Ana beyond the edge and a new one of four hours."""
    run = RunEvidence([(CLOCK, WINDOW), *((CLOCK, look) for look in looks)], account={CLOCK: "Main"})
    run.stage, run.is_stopped = "end", is_stopped
    old = msgspec.structs.replace(clock_time_of(1, old_at, old_at + 4 * HOUR, id=4), total_minutes=minutes)
    if goes:
        run.going = {1: {4: old_at}}
    new = Shift("n", 101, CLOCK, new_at, end=new_at + 4 * HOUR)
    stored = StoredState(rows=(old,), employees=EMPLOYEES, names={1: "Ana"})
    found = Absences(WINDOW, said(new), stored, Policy(), run)
    found.changes.append(found.change("create", None, clock_time_of(1, new.start, new.end), new, "new shift"))
    hold_doubles(found, frozenset())
    return found


START, END = WINDOW.start_utc, WINDOW.end_utc


@pytest.mark.parametrize(
    ("old_at", "new_at", "is_held"),
    [
        (START - 8 * HOUR, START, True),
        (START - 8 * HOUR, START + MARGIN - 1, True),
        (START - 8 * HOUR, START + MARGIN, False),
        (START - 1, START, True),
        (EARLIER.start_utc, START, True),
        (END, END - 4 * HOUR, True),
        (END, END - MARGIN, True),
        (END, END - MARGIN - 1, False),
        (LATER.end_utc - 1, END - 4 * HOUR, True),
        (EARLIER.start_utc - 1, START, False),
        (LATER.end_utc, END - 4 * HOUR, False),
    ],
)
def test_new_rows_within_two_days_of_the_edge_wait_for_old_ones_beyond_it(
    old_at: int, new_at: int, *, is_held: bool
) -> None:
    """On days that this run looks at: of others nobody knows whether the rows stay."""
    found = drafted(old_at, new_at)
    assert [hold.reason for hold in found.holds.values()] == (["old_rows_stay"] if is_held else [])
    assert [change.shift_id for change in found.changes] == ([] if is_held else ["n"])
    assert found.waits == {}


@pytest.mark.parametrize("old_at", [START - 8 * HOUR, END + 8 * HOUR])
def test_old_rows_that_go_first_let_the_new_ones_come_after_them(old_at: int) -> None:
    """By the other slice's own commit, however few hours they have: the new rows wait for that."""
    new_at = START if old_at < START else END - 4 * HOUR
    found = drafted(old_at, new_at, minutes=1, goes=True)
    assert [hold.reason for hold in found.holds.values()] == ["old_rows_stay"]
    assert [(wait.shift_id, wait.because) for wait in found.waits.values()] == [("n", None)]
    assert found.changes == []
    assert drafted(old_at, new_at, minutes=1).holds == {}


def test_a_row_that_goes_on_days_of_no_look_is_nobodys_business_here() -> None:
    """Nor are hours there."""
    assert drafted(START - 8 * HOUR, START, looks=(LATER,), goes=True).holds == {}
    assert drafted(END, END - 4 * HOUR, looks=(EARLIER,)).holds == {}


@pytest.mark.parametrize(("minutes", "is_held"), [(192, True), (191, False), (0, False)])
def test_four_fifths_of_the_new_hours_near_the_edge_are_the_bound(minutes: int, *, is_held: bool) -> None:
    """As within the window; where a guard has stopped an answer any hour is enough."""
    assert bool(drafted(START - 8 * HOUR, START, minutes=minutes).holds) is is_held
    assert drafted(START - 8 * HOUR, START, minutes=minutes, is_stopped=True).holds
    assert at("1 00:00") == START


def test_new_rows_at_both_edges_wait_each_for_its_side() -> None:
    """None of them is made."""
    found = drafted(START - 8 * HOUR, START)
    late = Shift("late", 101, CLOCK, END - 4 * HOUR, end=END)
    old = clock_time_of(1, END + HOUR, END + 5 * HOUR, id=5)
    stored = msgspec.structs.replace(found.stored, rows=(*found.stored.rows, old))
    both = Absences(WINDOW, said(late), stored, Policy(), found.evidence)
    for item in (late, Shift("n", 101, CLOCK, START, end=START + 4 * HOUR)):
        image = clock_time_of(1, item.start, item.end)
        both.changes.append(both.change("create", None, image, item, "new shift"))
    hold_doubles(both, frozenset())
    assert both.changes == []
    assert sorted(hold.subject for hold in both.holds.values()) == ["shift:late", "shift:n"]
