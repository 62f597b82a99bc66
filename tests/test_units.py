"""Which looks a default run makes: the last days, days of open rows that are due, one further slice of the past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from connecteam_sync.api.wire import TimeClock
from connecteam_sync.core.window import Window, start_of_day
from connecteam_sync.engine.slices import DAY, HOUR, Past, RequestedWindow, by_default, recent

CHICAGO = "America/Chicago"
TODAY = date(2026, 3, 2)
LAST = recent(TODAY, CHICAGO, 14)
NOW = start_of_day(TODAY, LAST.zone) + 12 * HOUR
IN_USE, ARCHIVED = (
    (TimeClock(id=1, name="one"), TimeClock(id=2, name="two")),
    TimeClock(id=3, name="x", is_archived=True),
)
Looked = dict[tuple[int, str, str], tuple[int, int]]


def wanted(
    *opened: tuple[date, int],
    looked: Looked | None = None,
    remembered: Iterable[int] = (),
    older_days: int = 92,
) -> list[RequestedWindow]:
    """What a run of now looks at, next to open rows of these (day, time clock)."""
    past = Past(
        opened=[(start_of_day(day, LAST.zone) + 8 * HOUR, clock) for day, clock in opened],
        remembered=frozenset(remembered),
        looked=looked or {},
    )
    return by_default(
        LAST,
        (*IN_USE, ARCHIVED),
        past,
        now=NOW,
        slice_days=34,
        longest=30,
        older_days=older_days,
        remembered=lambda _: (),
    )


def ago(days: int) -> date:
    """A day before today."""
    return TODAY - timedelta(days=days)


def window(first: int, last: int) -> Window:
    """From so many days ago to so many."""
    return Window(ago(first), ago(last), CHICAGO)


def seen(clock: int, of: Window, *, receipt: int, before: int = 10 * DAY) -> Looked:
    """That a window was looked at, so many seconds ago."""
    return {(clock, of.first.isoformat(), of.last.isoformat()): (receipt, NOW - before)}


def test_an_archived_clock_is_looked_at_where_it_is_remembered() -> None:
    """In the last days only."""
    assert wanted(older_days=0) == [RequestedWindow(LAST, (1, 2))]
    assert wanted(older_days=0, remembered={3}) == [RequestedWindow(LAST, (1, 2, 3))]


def test_open_rows_of_older_days_are_asked_of_their_own_clock() -> None:
    """The first of the last days is none of the older ones; rows that lie together are one range; no orphan goes."""
    assert wanted((ago(14), 1), older_days=0) == [RequestedWindow(LAST, (1, 2))]
    assert wanted((ago(15), 1), (ago(17), 1), (ago(16), 2), (ago(16), 9), older_days=0)[1:] == [
        RequestedWindow(window(17, 15), (1,), whole=False),
        RequestedWindow(window(16, 16), (2,), whole=False),
    ]


@pytest.mark.parametrize(
    ("days", "before", "due"),
    [(31, HOUR, True), (31, HOUR - 1, False), (32, HOUR, False), (32, DAY, True), (32, DAY - 1, False)],
)
def test_a_row_that_is_open_for_long_is_asked_about_less_often(days: int, before: int, due: bool) -> None:  # noqa: FBT001
    """Hourly up to a month, then daily; another clock's look does not count, nor another range's newer row."""
    of = window(days, days)
    looked = seen(1, of, receipt=5, before=before) | seen(2, of, receipt=6, before=0)
    found = wanted((of.first, 1), (ago(100), 1), looked=looked, older_days=0)
    assert [one.window for one in found[1:]] == [window(100, 100), *([of] if due else [])]


def test_a_newer_open_row_does_not_make_an_old_one_due() -> None:
    """Each range of days is as old as the newest open row in it."""
    old, new = window(60, 60), window(20, 20)
    looked = seen(1, old, receipt=5, before=2 * HOUR) | seen(1, new, receipt=6, before=2 * HOUR)
    found = wanted((old.first, 1), (new.first, 1), looked=looked, older_days=0)
    assert [one.window for one in found[1:]] == [new]


def test_one_further_slice_goes_back_day_by_day_and_begins_again() -> None:
    """Each ends on the day before the last one; the oldest is cut off at its bound; then the newest again."""
    looked: Looked = {}
    found = []
    for receipt in range(4):
        (one,) = wanted(looked=looked)[1:]
        assert (one.clocks, one.whole) == ((1, 2), True)
        found.append(one.window)
        looked |= seen(1, one.window, receipt=receipt) | seen(2, one.window, receipt=receipt)
    assert found == [window(44, 15), window(74, 45), window(92, 75), window(44, 15)]


def test_each_clock_goes_back_by_itself() -> None:
    """A clock that is behind is looked at where it is; no look of one of several clocks decides on orphans."""
    found = wanted(looked=seen(1, window(44, 15), receipt=1))[1:]
    assert found == [
        RequestedWindow(window(74, 45), (1,), whole=False),
        RequestedWindow(window(44, 15), (2,), whole=False),
    ]


@pytest.mark.parametrize(("older_days", "first"), [(14, None), (15, 15), (44, 44), (45, 44)])
def test_the_past_has_a_bound(older_days: int, first: int | None) -> None:
    """Nothing beyond it, nothing where it lies within the last days."""
    assert [one.window for one in wanted(older_days=older_days)[1:]] == ([] if first is None else [window(first, 15)])
