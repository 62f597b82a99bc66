"""Which shifts a look is about, which of several gets the row, and which row it is: rules 1 to 5, one by one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, MORNING, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.match import (
    HOW,
    DuplicateGroup,
    Match,
    absent,
    adoptable,
    duplicate_groups,
    in_scope,
    match,
    precedence,
    successions,
)
from connecteam_sync.core.shift import InvalidRecord, Shift

EVENING = shift("e", "2 16:00", "2 20:00")
BEFORE = msgspec.structs.replace(MORNING, id="p", start=WINDOW.start_utc - 1)
AFTER = msgspec.structs.replace(MORNING, id="q", start=WINDOW.end_utc)


def row(key: RowId, item: Shift = MORNING, **changed: Any) -> ClockTime:  # noqa: ANN401
    """A row of the shift's times."""
    return msgspec.structs.replace(clock_time_of(1, item.start, item.end, id=key), **changed)


def tracked(item: Shift, key: RowId | None, **changed: Any) -> TrackedShift:  # noqa: ANN401
    """A shift as remembered, with its row."""
    return msgspec.structs.replace(TrackedShift(shift=item, clock_time_id=key), **changed)


# -- which shifts ------------------------------------------------------------------------------------------------------


def scope(
    *shifts: Shift, rows: tuple[ClockTime, ...] = (), mirrors: tuple[TrackedShift, ...] = (), left: bool = False
) -> list[str]:
    """The ids of the shifts that a plan is about."""
    found = in_scope(
        WINDOW,
        said(*shifts),
        rows={one.id: one for one in rows},
        mirrors={one.shift.id: one for one in mirrors},
        has_left=lambda _mirror, _at, _shift: left,
    )
    return [one.id for one in found]


def test_a_look_is_about_the_shifts_that_begin_on_its_days() -> None:
    """From the first second to before the last midnight, by id; the padding belongs to others."""
    first, last = (
        msgspec.structs.replace(MORNING, id=name, start=start)
        for name, start in (("z", WINDOW.start_utc), ("b", WINDOW.end_utc - 1))
    )
    assert scope(first, BEFORE, AFTER, last, EVENING) == ["b", "e", "z"]


def test_a_shift_that_moved_off_these_days_is_still_theirs() -> None:
    """By its row, else by the clock-in that is remembered; not one that was gone without a row."""
    was_here = msgspec.structs.replace(AFTER, start=MORNING.start)
    assert scope(AFTER, mirrors=(tracked(was_here, None),)) == ["q"]
    assert scope(AFTER, mirrors=(tracked(AFTER, 5),), rows=(row(5),)) == ["q"]
    assert scope(AFTER, mirrors=(tracked(was_here, 5),), rows=(row(5, AFTER),)) == []
    assert scope(AFTER, mirrors=(tracked(was_here, 5),)) == ["q"]
    assert scope(AFTER, mirrors=(tracked(AFTER, None),)) == []
    assert scope(AFTER, mirrors=(tracked(was_here, None, is_gone=True),)) == []
    assert scope(AFTER, mirrors=(tracked(AFTER, 5, is_gone=True),), rows=(row(5),)) == ["q"]
    at_edges = [msgspec.structs.replace(AFTER, start=start) for start in (WINDOW.start_utc, WINDOW.end_utc)]
    assert [scope(AFTER, mirrors=(tracked(one, None),)) for one in at_edges] == [["q"], []]


def test_a_shift_that_left_the_days_of_every_look_is_taken_by_the_one_that_shows_it() -> None:
    """If it has another clock-in than its row, or than is remembered."""
    elsewhere = msgspec.structs.replace(AFTER, start=AFTER.start + 600)
    assert scope(AFTER, mirrors=(tracked(elsewhere, None),), left=True) == ["q"]
    assert scope(AFTER, mirrors=(tracked(elsewhere, None),), left=False) == []
    assert scope(AFTER, mirrors=(tracked(AFTER, None),), left=True) == []
    assert scope(AFTER, mirrors=(tracked(AFTER, 5),), rows=(row(5, elsewhere),), left=True) == ["q"]


def test_what_is_not_in_the_answer_is_absent_from_its_own_time_clock_only() -> None:
    """Shifts of other time clocks are in other answers."""
    stored = after_sync(MORNING, EVENING, msgspec.structs.replace(EVENING, id="o", time_clock_id=8))
    assert [one.shift.id for one in absent(said(MORNING), stored)] == ["e"]
    assert absent(said(MORNING, EVENING), stored) == []


# -- which of several --------------------------------------------------------------------------------------------------


def test_the_first_that_was_created_comes_first() -> None:
    """Then the lower id; one of which that is not known comes last."""
    shifts = [
        msgspec.structs.replace(MORNING, id=name, created_at=created)
        for name, created in (("a", None), ("d", 5), ("c", 5), ("b", 9), ("e", 0))
    ]
    assert [one.id for one in sorted(shifts, key=precedence)] == ["e", "c", "d", "b", "a"]


def test_one_clock_in_of_a_person_has_one_winner() -> None:
    """Shifts of other time clocks compete only where one of this has the same; other people and times never do."""
    late, rival = (msgspec.structs.replace(MORNING, id=name, created_at=made) for name, made in (("l", 9), ("r", 1)))
    found = duplicate_groups([(1, late), (1, EVENING), (2, late)], [(1, rival), (3, rival)])
    assert [(group.winner.id, [one.id for one in group.losers]) for group in found] == [
        ("r", ["l"]),
        ("e", []),
        ("l", []),
    ]
    three = [msgspec.structs.replace(MORNING, id=name, created_at=4) for name in "cab"]
    [group] = duplicate_groups([(1, one) for one in three], ())
    assert (group.winner.id, [one.id for one in group.losers]) == ("a", ["b", "c"])


# -- which row ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mirror", "is_left"),
    [
        (tracked(MORNING, 1), True),
        (tracked(MORNING, None), False),
        (tracked(msgspec.structs.replace(MORNING, user_id=BEN), 1), False),
        (tracked(msgspec.structs.replace(MORNING, id="bad"), 1), False),
        (tracked(msgspec.structs.replace(MORNING, start=WINDOW.surely_covered[0]), 1), True),
        (tracked(msgspec.structs.replace(MORNING, start=WINDOW.surely_covered[0] - 1), 1), False),
        (tracked(msgspec.structs.replace(MORNING, start=WINDOW.surely_covered[1]), 1), False),
        (tracked(msgspec.structs.replace(MORNING, start=WINDOW.surely_covered[1] - 1), 1), True),
    ],
    ids=["plain", "no row", "not listed", "not believed", "first", "before", "after", "last"],
)
def test_a_row_may_be_inherited_of_a_shift_that_had_to_be_in_the_answer(mirror: TrackedShift, *, is_left: bool) -> None:
    """By its user and clock-in."""
    bad = InvalidRecord(kind="shift", problem="p", value="v", activity_id="bad", user_id=ANA)
    answer = said(listed={ANA}, invalid_records=(bad,))
    key = (mirror.shift.user_id, mirror.shift.start)
    assert dict(successions([mirror], WINDOW, answer)) == ({key: [mirror]} if is_left else {})


def test_rows_of_ours_without_a_shift_may_be_adopted_the_lowest_first() -> None:
    """By person and clock-in; neither rows by hand nor those that have a shift."""
    rows = [row(10), row(9), row(2, EVENING), row(3, source="manual"), row(4), row(5, employee_id=2)]
    found = adoptable(rows, {4})
    assert {key: [one.id for one in some] for key, some in found.items()} == {
        (1, MORNING.start): [9, 10],
        (1, EVENING.start): [2],
        (2, MORNING.start): [5],
    }


def matched(
    winner: Shift,
    *losers: Shift,
    rows: tuple[ClockTime, ...] = (),
    mirrors: tuple[TrackedShift, ...] = (),
    gone: tuple[TrackedShift, ...] = (),
    unlinked: tuple[ClockTime, ...] = (),
) -> Match:
    """What the winner gets."""
    inherited: dict[tuple[int, int], list[TrackedShift]] = {}
    for mirror in gone:
        inherited.setdefault((mirror.shift.user_id, mirror.shift.start), []).append(mirror)
    [found] = match(
        [(1, DuplicateGroup(winner=winner, losers=losers))],
        inherited,
        adoptable(unlinked, ()),
        rows={one.id: one for one in (*rows, *unlinked)},
        mirrors={one.shift.id: one for one in (*mirrors, *gone)},
    )
    return found


GONE = tracked(msgspec.structs.replace(MORNING, id="g"), 7, is_gone=True)
RIVAL = msgspec.structs.replace(MORNING, id="r")


def test_its_own_row_comes_before_any_other() -> None:
    """Wherever that is; one that is not there any more is no row."""
    own = row(1, EVENING)
    everything: dict[str, Any] = {"gone": (GONE,), "unlinked": (row(3),)}
    found = matched(
        MORNING, RIVAL, rows=(own, row(7), row(8)), mirrors=(tracked(MORNING, 1), tracked(RIVAL, 8)), **everything
    )
    assert found == Match(shift=MORNING, employee_id=1, row=own, how="id")
    lost = matched(MORNING, rows=(row(7),), mirrors=(tracked(MORNING, 1),), gone=(GONE,))
    assert (lost.how, lost.replaces) == ("succession", "g")


def test_then_one_that_a_gone_shift_of_its_clock_in_left() -> None:
    """Of several the one on the right key, else of the first by id; before a rival's and one without a shift."""
    other = tracked(msgspec.structs.replace(MORNING, id="f"), 6, is_gone=True)
    away, on_key = row(6, EVENING), row(7)
    found = matched(
        MORNING,
        RIVAL,
        rows=(away, on_key, row(8)),
        gone=(other, GONE),
        mirrors=(tracked(RIVAL, 8),),
        unlinked=(row(3),),
    )
    assert found == Match(shift=MORNING, employee_id=1, row=on_key, how="succession", replaces="g")
    both_away = matched(MORNING, rows=(away, row(7, EVENING)), gone=(GONE, other))
    assert (both_away.row, both_away.replaces) == (away, "f")
    assert matched(MORNING, gone=(GONE,)).how == "create"
    moved = msgspec.structs.replace(MORNING, start=MORNING.start + 60)
    assert matched(moved, rows=(on_key,), gone=(GONE,)).how == "create"


def test_then_a_rivals_row_on_the_clock_in() -> None:
    """Which it loses, since it was created later; not one that is elsewhere by now, nor one of another person."""
    found = matched(MORNING, RIVAL, rows=(row(8),), mirrors=(tracked(RIVAL, 8),), unlinked=(row(3),))
    assert found == Match(shift=MORNING, employee_id=1, row=row(8), how="takeover", replaces="r")
    for elsewhere in (row(8, EVENING), row(8, employee_id=2)):
        found = matched(MORNING, RIVAL, rows=(elsewhere,), mirrors=(tracked(RIVAL, 8),), unlinked=(row(3),))
        assert (found.how, found.row) == ("adoption", row(3))
    two = (msgspec.structs.replace(RIVAL, id="q"), RIVAL)
    assert matched(MORNING, *two, rows=(row(8),), mirrors=(tracked(RIVAL, 8),)).replaces == "r"


def test_then_one_without_a_shift_with_the_right_end_if_there_is_one() -> None:
    """Else the lowest id."""
    longer = row(2, clock_out=at("2 13:00"))
    assert matched(MORNING, unlinked=(longer, row(3))).row == row(3)
    assert matched(MORNING, unlinked=(row(9, clock_out=None), longer)).row == longer
    assert matched(MORNING, unlinked=(row(3),)) == Match(shift=MORNING, employee_id=1, row=row(3), how="adoption")
    assert matched(EVENING, unlinked=(row(3),)).how == "create"


def test_else_it_gets_a_new_one_with_the_id_that_it_had() -> None:
    """If that is free."""
    had = tracked(MORNING, None, former_clock_time_id=9)
    assert matched(MORNING) == Match(shift=MORNING, employee_id=1, row=None, how="create")
    assert matched(MORNING, mirrors=(had,)) == Match(shift=MORNING, employee_id=1, row=None, how="create", former=9)
    assert matched(MORNING, mirrors=(had,), rows=(row(9, EVENING),)).former is None
    assert matched(MORNING, mirrors=(tracked(MORNING, 9),)).former is None


def test_the_journal_has_a_sentence_for_each_row_that_became_a_shifts() -> None:
    """With the id of the shift that had it."""
    assert HOW["succession"].format("g") == "Connecteam replaced shift g by this one"
    assert HOW["takeover"].format("r") == "the row was shift r's, which has the same clock-in and was created later"
    assert HOW["adoption"] == "the row had no shift yet; employee and clock-in are exactly its own"
    assert StoredState().rows == ()
