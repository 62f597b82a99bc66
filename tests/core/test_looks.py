"""What the looks of a run prove, and what they leave for its end."""

from __future__ import annotations

import msgspec
from test_plan import ANA, MORNING, WINDOW, after_sync, decide, said, shift

from connecteam_sync.core.change import Pending, SlicePlan, Wait
from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.end_of_run import left_for_the_end
from connecteam_sync.core.evidence import Looks

OTHER = 8
KNOWN = TrackedShift(MORNING, clock_time_id=1)


def quiet() -> Looks:
    """A look of clock 7 that was not read, since all was as it was."""
    looks = Looks([(7, WINDOW)])
    looks.was_quiet(7, WINDOW)
    return looks


def test_a_look_that_was_not_read_shows_what_is_remembered_there() -> None:
    """On its days and its clock, and of shifts that are not gone."""
    looks = quiet()
    assert looks.shows(KNOWN)
    assert looks.shows(KNOWN, clock=7)
    assert not looks.shows(KNOWN, clock=OTHER)
    assert not looks.shows(msgspec.structs.replace(KNOWN, is_gone=True))
    assert not looks.shows(TrackedShift(shift("l", "14 08:00", "14 12:00")))
    assert not looks.shows(TrackedShift(msgspec.structs.replace(MORNING, time_clock_id=OTHER)))
    assert not looks.has_shown(MORNING.id)


def test_a_look_that_was_not_read_was_made() -> None:
    """Its days are covered: nobody needs to look at them again."""
    assert quiet().covers(7, MORNING.start)
    assert not quiet().covers(OTHER, MORNING.start)
    assert quiet().read_clocks(WINDOW) == {7}
    assert quiet().listings(WINDOW) == {}


def test_what_is_read_after_all_shows_what_it_shows() -> None:
    """What is remembered there counts no longer; and a look that was read is not taken for one that was not."""
    looks = quiet()
    looks.saw(WINDOW, said())
    assert not looks.shows(KNOWN)
    looks.was_quiet(7, WINDOW)
    assert not looks.shows(KNOWN)
    looks.saw(WINDOW, said(MORNING))
    assert looks.shows(KNOWN)


def test_a_shift_is_gone_at_the_end_where_a_look_missed_it_and_none_has_it() -> None:
    """Not before the end, not unless a look found it gone, not where any look has shown it."""
    looks = Looks([(7, WINDOW), (OTHER, WINDOW)])
    looks.absent.add(MORNING.id)
    assert not looks.is_gone(KNOWN)
    looks.stage = "end"
    assert looks.is_gone(KNOWN)
    assert not looks.is_gone(TrackedShift(shift("n", "2 08:00", "2 12:00")))
    looks.saw(WINDOW, msgspec.structs.replace(said(MORNING), time_clock_id=OTHER))
    assert not looks.is_gone(KNOWN)


def waiting(*, has_row: bool = False, because: str | None = None, writes: bool = False) -> SlicePlan:
    """A plan with a shift that waits for the end."""
    wait = Wait(shift_id="a", user_id=ANA, start=MORNING.start, because=because, has_row=has_row)
    decision = decide(said(MORNING), after_sync() if writes else after_sync(MORNING))
    assert bool(decision.changes) is writes
    return msgspec.structs.replace(decision, pending=Pending(waits=(wait,)))


def test_only_who_has_no_row_waits_for_one() -> None:
    """A shift with a row of its own inherits none from one that is gone."""
    for has_row, awaited in ((False, {(ANA, MORNING.start)}), (True, set())):
        looks = Looks([(7, WINDOW), (OTHER, WINDOW)])
        left_for_the_end([waiting(has_row=has_row)], looks)
        assert looks.awaited == awaited


def test_a_shift_that_waits_for_another_is_decided_again_where_a_later_look_wrote() -> None:
    """What its own look wrote was known to it."""
    mine, other = waiting(because="b", writes=True), decide(said(MORNING), after_sync())
    for plans, left in (([mine], []), ([other, mine], []), ([mine, None], []), ([mine, other], [0])):
        assert left_for_the_end(plans, Looks([(7, WINDOW), (OTHER, WINDOW)])) == left
