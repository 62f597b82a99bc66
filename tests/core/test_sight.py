"""What a look sees outside its own days, and what a hold explains: each as a sentence."""

from __future__ import annotations

from datetime import date

import msgspec
from test_plan import ANA, BEN, CHICAGO, EMPLOYEES, MORNING, WINDOW, after_sync, at, decide, kinds, reasons, said, shift

from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.verify import differing_days, held_by
from connecteam_sync.core.window import Window, locked_day

EARLIER = Window(date(2025, 11, 20), date(2025, 11, 30), CHICAGO)
LATER = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
AWAY, BEYOND = shift("m", "14 08:00", "14 12:00"), shift("m", "13 08:00", "13 12:00")


def run_of(*windows: Window) -> RunEvidence:
    """A run of one time clock over these windows."""
    return RunEvidence((7, window) for window in windows)


def test_a_shift_in_the_padding_is_left_to_the_look_of_its_day() -> None:
    """Its row is on a day of the run, and so is it now: the look at that day moves it."""
    decision = decide(said(BEYOND), after_sync(AWAY), evidence=run_of(WINDOW, LATER))
    assert not decision.changes
    assert not decision.holds
    assert decision.leans


def test_a_shift_in_the_padding_that_left_all_days_of_the_run_takes_its_row_along() -> None:
    """Nobody else would see it."""
    was = msgspec.structs.replace(BEYOND, start=at("1 08:00") - 5 * 86_400, end=at("1 12:00") - 5 * 86_400)
    decision = decide(said(BEYOND), after_sync(was), evidence=run_of(EARLIER, WINDOW))
    assert [(c.kind, c.image.id, c.image.clock_in) for c in decision.changes] == [("update", 1, BEYOND.start)]


def test_a_shift_in_the_padding_whose_row_is_on_no_day_of_the_run_is_others_business() -> None:
    """Nor is one that is as it was."""
    assert kinds(decide(said(BEYOND), after_sync(AWAY), evidence=run_of(EARLIER, WINDOW))) == []
    still = decide(said(BEYOND), after_sync(BEYOND), evidence=run_of(EARLIER, WINDOW))
    assert (kinds(still), still.leans) == ([], False)


def test_whether_a_row_is_left_behind_is_told_at_the_end() -> None:
    """Remembered on another day, the row on this one: another look's padding may show the shift yet."""
    stored = after_sync(MORNING)
    away = msgspec.structs.replace(stored.mirrors[0], shift=msgspec.structs.replace(BEYOND, id="a"))
    stored = msgspec.structs.replace(stored, mirrors=(away,))
    evidence = run_of(WINDOW, EARLIER)
    part = decide(said(), stored, evidence=evidence)
    assert (kinds(part), reasons(part), sorted(part.undecided)) == ([], [], ["shift:a"])
    evidence.stage = "end"
    assert reasons(decide(said(), stored, evidence=evidence)) == ["window_edge"]
    evidence.add_snapshot(EARLIER, said(away.shift))
    assert reasons(decide(said(), stored, evidence=evidence)) == []


def test_a_kept_row_on_a_day_that_nobody_decides_on_is_held() -> None:
    """Where a look of the run decides on its day, that one holds it."""
    stored = after_sync(MORNING)
    row = msgspec.structs.replace(stored.rows[0], clock_in=at("14 08:00"), clock_out=at("14 12:00"))
    stored = msgspec.structs.replace(stored, rows=(row,))
    (hold,) = decide(said(listed={BEN}), stored, evidence=run_of(WINDOW)).holds
    assert (hold.reason, hold.clock_time_id, hold.instant, hold.minutes) == ("user_not_listed", 1, MORNING.start, 0)
    assert hold.detail.startswith("row 1 stands on another day, and not in the answer: ")
    assert reasons(decide(said(listed={BEN}), stored, evidence=run_of(WINDOW, LATER))) == []
    assert reasons(decide(said(listed={ANA, BEN}), stored, evidence=run_of(WINDOW))) == []


def test_a_hold_explains_its_shift_its_row_and_nothing_else() -> None:
    """Held on a closed day: not counted. What is wrong next to it is."""
    corrected = msgspec.structs.replace(MORNING, end=at("2 13:00"))
    stored = after_sync(MORNING, shift("e", "2 16:00", "2 20:00"))
    closed = msgspec.structs.replace(stored, locked=(locked_day(date(2025, 12, 2), CHICAGO),))
    decision = decide(said(corrected), closed)
    assert reasons(decision) == ["locked_day", "locked_day"]
    held = held_by([(decision, closed)])
    assert held == (frozenset({"a", "e"}), frozenset({1, 2}))
    stray = msgspec.structs.replace(stored.rows[0], id=9, clock_in=at("2 22:00"), clock_out=at("2 23:00"))
    day = {"employees": EMPLOYEES, "names": {}, "held": held}
    assert differing_days(WINDOW, [corrected], stored.rows, **day) == ()  # type: ignore[arg-type]
    (found,) = differing_days(WINDOW, [corrected], [*stored.rows, stray], **day)  # type: ignore[arg-type]
    assert (found.day, found.shifts_upstream, found.rows) == (date(2025, 12, 2), 0, 1)


def test_a_row_that_another_shift_gets_is_not_its_old_shifts_any_more() -> None:
    """The first of two doubles takes the row over; the other is held, and explains none of it."""
    late = msgspec.structs.replace(MORNING, created_at=2)
    first = msgspec.structs.replace(MORNING, id="f", created_at=1)
    stored = after_sync(late)
    decision = decide(said(late, first), stored)
    assert (kinds(decision), reasons(decision)) == (["link"], ["duplicate_clock_in"])
    held = held_by([(decision, stored)])
    assert sorted(map(str, held.shifts)) == ["a"]
    assert list(held.rows) == [None]
    assert differing_days(WINDOW, [late, first], stored.rows, employees=EMPLOYEES, names={}, held=held) == ()


def test_who_stands_aside_may_be_seen_in_the_padding() -> None:
    """A chain over two looks: its last link shows in this one's padding, and is the other one's to decide on."""
    mine, next_one, last = (
        shift(name, f"{day} 08:00", f"{day} 12:00") for name, day in (("x", 2), ("p", 3), ("q", 15))
    )
    stored = after_sync(mine, next_one, last)
    places = (next_one, last, BEYOND)
    mine, next_one, last = (
        msgspec.structs.replace(one, start=to.start, end=to.end)
        for one, to in zip((mine, next_one, last), places, strict=True)
    )
    known = [msgspec.structs.replace(m, shift=now) for m, now in zip(stored.mirrors[1:], (next_one, last), strict=True)]
    stored = msgspec.structs.replace(stored, mirrors=(stored.mirrors[0], *known))
    evidence = run_of(WINDOW, LATER)
    evidence.add_snapshot(LATER, said(next_one, last))
    decision = decide(said(mine, last), stored, evidence=evidence)
    assert {(c.shift_id, c.image.id, c.image.clock_in) for c in decision.changes} == {
        ("x", 1, mine.start),
        ("p", 2, next_one.start),
        ("q", 3, BEYOND.start),
    }
    assert not decision.holds
