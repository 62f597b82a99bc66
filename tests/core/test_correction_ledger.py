"""Corrections of closed days: what a blocked change means for each person and day, and what later edits make of it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.corrections import (
    Correction,
    CorrectionState,
    Part,
    Source,
    parts_of,
    reconciled,
)
from connecteam_sync.core.keys import provisional_employee
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.shift import Times
from connecteam_sync.core.window import locked_day, start_of_day

ZONE = ZoneInfo("America/Chicago")
MONDAY, TUESDAY = date(2025, 12, 1), date(2025, 12, 2)
MARIA, JOHN = 7, 8
SOURCE = Source(
    subject="shift:s1",
    shift_id="s1",
    clock_time_id=11,
    user_id=70,
    time_clock_id=1,
    edited_at=5,
    seen_at=9,
    run=3,
    cause="clock-out corrected",
)
HOUR = 3600


def at(day: date, hour: float) -> int:
    """The instant of an hour of a local day."""
    return start_of_day(day, ZONE) + int(hour * HOUR)


def row(employee: int, day: date, begin: float, end: float | None) -> ClockTime:
    """A row of ours."""
    made = clock_time_of(employee, at(day, begin), None if end is None else at(day, end))
    return msgspec.structs.replace(made, id=11)


def change(before: ClockTime | None, after: ClockTime | None) -> Change:
    """A change that is not written."""
    kind: ChangeKind = "create" if before is None else "delete" if after is None else "update"
    return Change(kind=kind, before=before, after=after, shift_id="s1", user_id=70, days=(MONDAY, MONDAY), why="edited")


def parts(before: ClockTime | None, after: ClockTime | None, closed: date = MONDAY) -> tuple[Part, ...]:
    """Its parts where Monday is closed."""
    return parts_of(change(before, after), Locks([locked_day(closed, ZONE.key)]), ZONE)


def stored(made: tuple[Correction, ...], live: list[Correction]) -> list[Correction]:
    """These corrections, numbered, after those that are there."""
    first = max((one.number for one in live), default=0) + 1
    return [*live, *(msgspec.structs.replace(one, number=first + place) for place, one in enumerate(made))]


class Ledger:
    """The corrections of one subject, as runs and people make them."""

    def __init__(self) -> None:
        self.all: list[Correction] = []

    @property
    def live(self) -> list[Correction]:
        """Those that are not cancelled."""
        return [one for one in self.all if one.state != "cancelled"]

    def look(self, *found: Part) -> None:
        """A run has seen the shift: these parts are not written."""
        result = reconciled(self.live, found, SOURCE)
        assert not {one.number for one in self.all if one.is_final} & set(result.cancelled)
        self.all = [
            msgspec.structs.replace(one, state="cancelled") if one.number in result.cancelled else one
            for one in self.all
        ]
        self.all = stored(result.made, self.all)

    def decide(self, state: CorrectionState) -> None:
        """A person decides on all that wait."""
        self.all = [msgspec.structs.replace(one, state=state) if one.state == "pending" else one for one in self.all]

    def export(self) -> None:
        """What is accepted is exported."""
        self.all = [msgspec.structs.replace(one, export=1) if one.state == "accepted" else one for one in self.all]

    def total(self) -> int:
        """The minutes of all live ones."""
        return sum(one.delta for one in self.live)

    def states(self) -> list[tuple[str, int]]:
        """State and minutes of each, in order."""
        return [(one.state, one.delta) for one in self.all]


def test_a_change_within_a_day_is_one_part() -> None:
    """The hours before and after, of one person and one day."""
    [part] = parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5))
    assert part.key == (MARIA, MONDAY, ZONE.key)
    assert (part.minutes_before, part.minutes_after) == (480, 510)


def test_a_shift_that_moves_away_is_removed_there_and_added_here() -> None:
    """Also over the border of a closed period: the row stays with the closed day."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, TUESDAY, 9, 16)))
    assert [(c.day, c.kind, c.minutes_before, c.minutes_after) for c in ledger.live] == [
        (MONDAY, "removed", 480, 0),
        (TUESDAY, "added", 0, 420),
    ]


def test_a_shift_of_another_person_is_theirs() -> None:
    """A shift that was given to somebody else."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(JOHN, MONDAY, 8, 16)))
    assert [(c.employee_id, c.kind, c.delta) for c in ledger.live] == [(MARIA, "removed", -480), (JOHN, "added", 480)]


def test_new_and_gone_shifts() -> None:
    """Nothing before, or nothing after."""
    new, gone = Ledger(), Ledger()
    new.look(*parts(None, row(MARIA, MONDAY, 8, 16)))
    gone.look(*parts(row(MARIA, MONDAY, 8, 16), None))
    assert [(c.kind, c.delta) for c in (*new.live, *gone.live)] == [("added", 480), ("removed", -480)]


def test_open_shifts_count_nothing() -> None:
    """As in the table."""
    [part] = parts(row(MARIA, MONDAY, 8, None), row(MARIA, MONDAY, 8, 16))
    assert (part.minutes_before, part.minutes_after) == (0, 480)


def test_a_person_without_an_employee_has_no_part() -> None:
    """Their hours are held until they are mapped."""
    assert parts(None, row(provisional_employee(70), MONDAY, 8, 16)) == ()


def test_a_closed_day_keeps_its_zone() -> None:
    """23:30 on Monday in Chicago is Tuesday in New York, where the day was closed before the business moved."""
    late = row(MARIA, MONDAY, 23.5, 23.75)
    east = locked_day(TUESDAY, "America/New_York")
    [part] = parts_of(change(None, late), Locks([east]), ZONE)
    assert (part.day, part.timezone) == (TUESDAY, "America/New_York")


def test_the_same_look_again_makes_nothing() -> None:
    """A look at the same shift says nothing new."""
    ledger, edit = Ledger(), parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5))
    ledger.look(*edit)
    ledger.look(*edit)
    assert ledger.states() == [("pending", 30)]


def test_an_edit_taken_back_cancels_what_no_export_has_carried() -> None:
    """Whatever was decided on it."""
    edit = parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5))
    for state in ("pending", "accepted", "dismissed"):
        ledger = Ledger()
        ledger.look(*edit)
        ledger.decide(state)
        ledger.look()
        assert ledger.states() == [("cancelled", 30)], state


def test_what_was_exported_stays_and_the_way_back_is_a_counter_entry() -> None:
    """Once, however often it is looked at."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
    ledger.decide("accepted")
    ledger.export()
    ledger.look()
    assert ledger.states() == [("accepted", 30), ("pending", -30)]
    counter = ledger.live[-1]
    assert (counter.counter_of, counter.minutes_before, counter.minutes_after) == (1, 510, 480)
    ledger.look()
    assert ledger.states() == [("accepted", 30), ("pending", -30)]


def test_the_way_back_taken_back_leaves_the_export_alone() -> None:
    """Nobody is paid twice for one edit."""
    ledger, edit = Ledger(), parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5))
    ledger.look(*edit)
    ledger.decide("accepted")
    ledger.export()
    for state in ("pending", "dismissed"):
        ledger.look()
        ledger.decide(state)
        ledger.look(*edit)
        assert [(one.state, one.delta) for one in ledger.live] == [("accepted", 30)], state


def test_a_further_edit_is_told_against_what_was_exported() -> None:
    """And the way back takes back both."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
    ledger.decide("accepted")
    ledger.export()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 17)))
    assert [(c.minutes_before, c.minutes_after) for c in ledger.live] == [(480, 510), (510, 540)]
    ledger.decide("accepted")
    ledger.export()
    ledger.look()
    assert (ledger.live[-1].delta, ledger.live[-1].counter_of, ledger.total()) == (-60, 2, 0)


def test_a_further_edit_after_a_dismissal_is_told_against_it() -> None:
    """What was dismissed is not asked again."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
    ledger.decide("dismissed")
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.75)))
    assert ledger.states() == [("dismissed", 30), ("pending", 15)]


def test_a_further_edit_replaces_what_waits() -> None:
    """One correction for a day, with all that changed."""
    for state in ("pending", "accepted"):
        ledger = Ledger()
        ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
        ledger.decide(state)
        ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 17)))
        assert ledger.states() == [("cancelled", 30), ("pending", 60)], state


def test_other_times_of_the_same_length_are_a_correction_too() -> None:
    """Of no minutes."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 9, 17)))
    assert [(c.kind, c.delta, c.after) for c in ledger.live] == [
        ("changed", 0, Times(clock_in=at(MONDAY, 9), clock_out=at(MONDAY, 17)))
    ]
    ledger.look()
    assert ledger.states() == [("cancelled", 0)]


def test_a_correction_says_where_it_comes_from() -> None:
    """Shift, row, person, time clock, run and reason."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
    [found] = ledger.live
    assert (found.subject, found.shift_id, found.clock_time_id, found.user_id) == ("shift:s1", "s1", 11, 70)
    assert (found.time_clock_id, found.edited_at, found.seen_at, found.run) == (1, 5, 9, 3)
    assert found.cause == "clock-out corrected"


@st.composite
def _edits(draw: st.DrawFn) -> list[tuple[str, tuple[Part, ...]]]:
    """Looks at a shift whose row stays, and what people do between them."""
    before = row(MARIA, MONDAY, 8, 16) if draw(st.booleans()) else None
    steps: list[tuple[str, tuple[Part, ...]]] = []
    for _ in range(draw(st.integers(1, 12))):
        step = draw(st.sampled_from(["look", "look", "look", "accepted", "dismissed", "export"]))
        after = draw(
            st.one_of(
                st.none(),
                st.builds(
                    row,
                    st.sampled_from([MARIA, JOHN]),
                    st.sampled_from([MONDAY, TUESDAY]),
                    st.sampled_from([8, 9]),
                    st.sampled_from([16, 16.5, 17, None]),
                ),
            )
        )
        steps.append((step, parts(before, after) if before != after and step == "look" else ()))
    return steps


@settings(max_examples=500, deadline=None)
@given(_edits())
def test_corrections_always_say_what_connecteam_says_now(steps: list[tuple[str, tuple[Part, ...]]]) -> None:
    """Whatever is edited, decided and exported in between: person by person and day by day."""
    ledger = Ledger()
    for step, found in steps:
        if step == "look":
            ledger.look(*found)
            wanted = {part.key: part.minutes_after - part.minutes_before for part in found}
            for key in {one.key for one in ledger.all} | wanted.keys():
                live = [one for one in ledger.live if one.key == key]
                assert sum(one.delta for one in live) == wanted.get(key, 0)
                assert sum(one.state == "pending" for one in live) <= 1
            counters = [one for one in ledger.all if one.counter_of is not None]
            assert all(ledger.all[(one.counter_of or 0) - 1].is_final for one in counters)
        elif step == "export":
            ledger.export()
        elif step == "accepted":
            ledger.decide("accepted")
        else:
            ledger.decide("dismissed")


@pytest.mark.parametrize("state", ["accepted", "dismissed"])
def test_a_decision_stands_while_the_shift_is_as_it_was(state: CorrectionState) -> None:
    """A look alone asks nobody again."""
    ledger, edit = Ledger(), parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5))
    ledger.look(*edit)
    ledger.decide(state)
    ledger.look(*edit)
    assert ledger.states() == [(state, 30)]


def test_a_flag_alone_is_no_correction() -> None:
    """The minutes and the times are right."""
    there = row(MARIA, MONDAY, 8, 16)
    assert parts(msgspec.structs.replace(there, is_active=True), there) == ()


def test_minutes_that_contradict_the_times_are_one() -> None:
    """What the table says was paid."""
    there = row(MARIA, MONDAY, 8, 16)
    [part] = parts(msgspec.structs.replace(there, total_minutes=400), there)
    assert (part.minutes_before, part.minutes_after) == (400, 480)


def test_an_edit_back_to_what_was_dismissed_leaves_the_dismissal() -> None:
    """Nobody is asked again."""
    ledger, first = Ledger(), parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5))
    ledger.look(*first)
    ledger.decide("dismissed")
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.75)))
    ledger.look(*first)
    assert ledger.states() == [("dismissed", 30), ("cancelled", 15)]


def test_the_way_back_takes_back_what_was_exported_and_no_more() -> None:
    """What was dismissed after it was never paid."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
    ledger.decide("accepted")
    ledger.export()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.75)))
    ledger.decide("dismissed")
    ledger.look()
    assert ledger.states() == [("accepted", 30), ("cancelled", 15), ("pending", -30)]


def test_the_way_back_of_several_exports_leads_to_what_was_there_before_the_first() -> None:
    """From what the last one said to what the row has."""
    ledger = Ledger()
    for end in (16.5, 17):
        ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, end)))
        ledger.decide("accepted")
        ledger.export()
    ledger.look()
    assert ledger.states() == [("accepted", 30), ("accepted", 30), ("pending", -60)]
    first, last, back = ledger.live
    assert (back.minutes_before, back.minutes_after) == (540, 480)
    assert (back.before, back.after, back.counter_of) == (last.after, first.before, last.number)


def test_other_times_with_the_same_minutes_are_told_again() -> None:
    """A person who accepted the one has not seen the other."""
    ledger = Ledger()
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 8, 16.5)))
    ledger.look(*parts(row(MARIA, MONDAY, 8, 16), row(MARIA, MONDAY, 7.5, 16)))
    assert ledger.states() == [("cancelled", 30), ("pending", 30)]
