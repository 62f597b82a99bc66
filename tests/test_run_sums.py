"""The sums of a run whose looks have days in common: what two looks saw counts once."""

from __future__ import annotations

from datetime import date

from connecteam_sync.core.change import Counts, Hold, Minutes
from connecteam_sync.core.run import Run, Slice, Status
from connecteam_sync.core.window import Window

FIRST, SECOND = 4100001, 4100002


def _days(first: int, last: int) -> Window:
    return Window(date(2025, 12, first), date(2025, 12, last), "America/Chicago")


def _look(
    window: Window,
    counts: Counts,
    *,
    clock: int | None = FIRST,
    minutes: tuple[int, int] = (0, 0),
    held: tuple[tuple[str, int], ...] = (),
    status: Status = "nothing",
) -> Slice:
    holds = tuple(
        Hold(
            reason="unmapped_user",
            subject=f"shift:{name}",
            shift_id=name,
            user_id=8000001,
            employee_id=None,
            clock_time_id=None,
            instant=_days(day, day).start_utc + 3600,
            detail="-",
        )
        for name, day in held
    )
    before, after = minutes
    return Slice(
        time_clock_id=clock,
        window=window,
        status=status,
        counts=counts,
        holds=holds,
        minutes=Minutes(before=before, after=after),
    )


def _run(*slices: Slice) -> Run:
    return Run(id=1, kind="sync", window=_days(1, 9), slices=slices, version="0", host="h", started_at=0)


def _seen(total: int, *, unchanged: int, created: int = 0, updated: int = 0, held: int = 0) -> Counts:
    return Counts(total_shifts=total, unchanged=unchanged, created=created, updated=updated, held=held)


def test_a_day_within_other_days_counts_once() -> None:
    """Whichever of them came first, and at each time clock by itself."""
    day, days = _look(_days(4, 5), _seen(3, unchanged=3)), _look(_days(3, 7), _seen(6, unchanged=6))
    for slices in ((day, days), (days, day), (day, days, day)):
        counts = _run(*slices).counts
        assert (counts.total_shifts, counts.unchanged) == (6, 6), slices
    other = _look(_days(4, 5), _seen(3, unchanged=3), clock=SECOND)
    assert _run(days, other).counts.total_shifts == 9
    assert _run(_look(_days(3, 5), _seen(2, unchanged=2)), _look(_days(5, 7), _seen(4, unchanged=4))).counts == _seen(
        6, unchanged=6
    )


def test_a_look_that_failed_does_not_stand_for_days_within_it() -> None:
    """What was seen is said, although more days could not be looked at."""
    day = _look(_days(4, 5), _seen(3, unchanged=3))
    assert _run(day, _look(_days(3, 7), Counts(), status="failed")).counts.total_shifts == 3


def test_what_one_look_wrote_the_others_did_not_find_unchanged() -> None:
    """A repeated look finds right what was written before; and one with more days does, before it or after it."""
    days = _look(_days(3, 7), _seen(6, unchanged=3, created=1, updated=2), minutes=(100, 130))
    again = _look(_days(3, 7), _seen(6, unchanged=6), minutes=(130, 130))
    assert _run(days, again).counts == _seen(6, unchanged=3, created=1, updated=2)
    day = _look(_days(4, 5), _seen(3, unchanged=2, updated=1), minutes=(50, 40))
    for slices, minutes in (
        ((day, _look(_days(3, 7), _seen(6, unchanged=6), minutes=(90, 90))), (100, 90)),
        ((_look(_days(3, 7), _seen(6, unchanged=6), minutes=(100, 100)), day), (100, 90)),
    ):
        assert _run(*slices).counts == _seen(6, unchanged=5, updated=1)
        assert _run(*slices).minutes == Minutes(before=minutes[0], after=minutes[1])


def test_a_shift_that_was_moved_off_the_days_was_not_unchanged_and_takes_nothing_away() -> None:
    """The first look wrote it, as its row was on these days; the second does not see it any more."""
    first = _look(_days(3, 7), _seen(6, unchanged=5, updated=1))
    second = _look(_days(3, 7), _seen(5, unchanged=5))
    assert _run(first, second).counts == _seen(5, unchanged=5, updated=1)


def test_holds_of_a_day_are_those_of_its_last_look() -> None:
    """They are listed once, and one that a later look did not find any more is not listed."""
    days = _look(_days(3, 7), _seen(6, unchanged=4, held=2), held=(("a", 4), ("b", 6)))
    day = _look(_days(4, 5), _seen(3, unchanged=2, held=1), held=(("a", 4),))
    clean = _look(_days(4, 5), _seen(3, unchanged=3))
    for slices, names in (
        ((days, day), ["a", "b"]),
        ((day, days), ["a", "b"]),
        ((days, clean), ["b"]),
        ((days, day, clean), ["b"]),
        ((days, clean, day), ["a", "b"]),
        ((clean, days), ["a", "b"]),
        ((days, _look(_days(3, 7), _seen(6, unchanged=6))), []),
    ):
        run = _run(*slices)
        assert [hold.shift_id for hold in run.holds] == names
        assert run.counts.held == len(names)
    other = _look(_days(4, 5), _seen(1, unchanged=0, held=1), held=(("a", 4),), clock=SECOND)
    assert len(_run(days, other).holds) == 3
