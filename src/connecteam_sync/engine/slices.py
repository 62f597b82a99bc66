"""The rules for a run's looks: time clocks and slices of days, in the order in which they are done.

A run of chosen days looks at every time clock, archived ones too. A default run looks at the last days, at older days
with an open row, and at one further slice of the past, so that late corrections are found in time. If a shift is absent
from its time clock, the others are looked at too before it counts as gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connecteam_sync.api.wire import TimeClock
from connecteam_sync.core.window import EARLIEST, LATEST, MAX_WINDOW_DAYS, Window, local_day, windows_of_days
from connecteam_sync.errors import WindowError

HOUR, DAY = 3600, 86_400
LONG_OPEN_DAYS = 31
"""The days of a row that is open for longer are looked at once a day; of other older open rows, once an hour."""


def checked_window(first: date, last: date, timezone: str) -> Window:
    """The window of a command. Raises WindowError if it is reversed, too long or out of reach; nothing is contacted."""
    if last < first:
        raise WindowError(
            f"the window ends ({last}) before it begins ({first})", next_step="exchange the two days of --from and --to"
        )
    for day in (first, last):
        if not EARLIEST <= day <= LATEST:
            raise WindowError(f"{day} is out of reach", next_step=f"use days from {EARLIEST} to {LATEST}")
    window = Window(first, last, timezone)
    if window.days > MAX_WINDOW_DAYS:
        raise WindowError(
            f"the window has {window.days} days; at most {MAX_WINDOW_DAYS} are taken at once",
            next_step="run it for a year at a time",
        )
    return window


class Past(NamedTuple):
    """What the database knows of older days.

    `opened`: open rows as (clock-in, time clock); `remembered`: time clocks with tracked shifts in the last days;
    `looked`: the last look of each (time clock, first day, last day) as (receipt, epoch seconds).
    """

    opened: Sequence[tuple[int, int]]
    remembered: frozenset[int]
    looked: Mapping[tuple[int, str, str], tuple[int, int]]


class RequestedWindow(NamedTuple):
    """A window and the time clocks to look at; `whole` if these are all that are in use."""

    window: Window
    clocks: tuple[int, ...]
    whole: bool = True


def recent(today: date, timezone: str, lookback: int) -> Window:
    """The last days, today included."""
    return Window(today - timedelta(days=lookback), today, timezone)


def of_chosen_days(
    windows: Iterable[Window],
    clocks: Sequence[TimeClock],
    *,
    slice_days: int,
    vanished: Container[int] = (),
    remembered: Callable[[Window], Container[int]] = lambda _: (),
) -> list[RequestedWindow]:
    """The looks of chosen days: every time clock; an unlisted one (`vanished`) only if it has tracked shifts there."""
    wanted = []
    for slice_ in (slice_ for window in windows for slice_ in window.slices(slice_days)):
        ids = [c.id for c in clocks if c.id not in vanished or c.id in remembered(slice_)]
        wanted.append(RequestedWindow(slice_, tuple(ids)))
    return wanted


def by_default(  # each argument is another input of the rules
    last: Window,
    clocks: Sequence[TimeClock],
    past: Past,
    *,
    now: int,
    slice_days: int,
    longest: int,
    older_days: int,
    remembered: Callable[[Window], Container[int]],
) -> list[RequestedWindow]:
    """The last days, the days of older open rows by the time clock they are of, and one further slice of the past.

    Archived time clocks are looked at if they have tracked shifts: in the last days according to `past`, in a further
    slice according to `remembered`. `longest` is the most days of a slice without its padding; `older_days` how far
    back the further slice goes, 0 for none.
    """
    zone = last.zone
    in_use = tuple(clock.id for clock in clocks if not clock.is_archived)
    known = {clock.id for clock in clocks}
    archived = tuple(clock.id for clock in clocks if clock.is_archived and clock.id in past.remembered)
    wanted = [RequestedWindow(slice_, (*in_use, *archived)) for slice_ in last.slices(slice_days)]
    wanted += [
        RequestedWindow(window, (clock,), whole=False)
        for clock, window in _of_open_rows(last, past, zone, now, longest)
        if clock in known
    ]
    further: dict[Window, list[int]] = defaultdict(list)
    for clock in in_use:
        window = _further(last, past, clock, longest=longest, older_days=older_days)
        if window is not None:
            further[window].append(clock)
    for window, of in further.items():
        old = [clock.id for clock in clocks if clock.is_archived and clock.id in remembered(window)]
        wanted.append(RequestedWindow(window, (*of, *old), whole=len(of) == len(in_use)))
    return wanted


def left_out(
    absent: Iterable[tuple[int, Window]], looked: Sequence[tuple[int, Window]], clocks: Iterable[TimeClock]
) -> list[RequestedWindow]:
    """The looks still needed before absent shifts count as gone. `absent`: (place of the look, window) of each.

    A shift may have moved to a time clock that the run did not look at on those days, or had looked at before.
    """
    last: dict[Window, int] = {}
    for place, window in absent:
        last[window] = max(place, last.get(window, 0))
    ids = [clock.id for clock in clocks]
    wanted = []
    for window, place in sorted(last.items()):
        later = looked[place:]
        seen = {clock for clock, other in later if other.covers(window)}
        if missing := tuple(clock for clock in ids if clock not in seen):
            wanted.append(RequestedWindow(window, missing, whole=False))
    return wanted


def _of_open_rows(last: Window, past: Past, zone: ZoneInfo, now: int, longest: int) -> list[tuple[int, Window]]:
    """The ranges of older days with open rows that are due for a look, by time clock."""
    days: dict[int, set[date]] = defaultdict(set)
    for clock_in, clock in past.opened:
        day = local_day(clock_in, zone)
        if day < last.first:
            days[clock].add(day)
    due = []
    for clock, of in sorted(days.items()):
        for window in windows_of_days(of, last.timezone, longest):
            newest = max(day for day in of if window.first <= day <= window.last)
            every = HOUR if (last.last - newest).days <= LONG_OPEN_DAYS else DAY
            looked = past.looked.get((clock, window.first.isoformat(), window.last.isoformat()))
            if looked is None or now - looked[1] >= every:
                due.append((clock, window))
    return due


def _further(last: Window, past: Past, clock: int, *, longest: int, older_days: int) -> Window | None:
    """The slice before the older one that was looked at last; after the oldest, the newest again."""
    oldest, newest = last.last - timedelta(days=older_days), last.first - timedelta(days=1)
    if newest < oldest:
        return None
    opened = {key for key in past.looked if key[0] == clock}
    before = max((past.looked[key][0], key[1]) for key in opened) if opened else None
    end = newest if before is None else date.fromisoformat(before[1]) - timedelta(days=1)
    if not oldest <= end <= newest:
        end = newest
    return Window(max(oldest, end - timedelta(days=longest - 1)), end, last.timezone)


def hull_of(windows: Iterable[Window]) -> Window:
    """From the first to the last day of several windows."""
    every = tuple(windows)
    return Window(min(w.first for w in every), max(w.last for w in every), every[0].timezone)


def named(clock: TimeClock) -> str:
    """A time clock in a message: its id, its name, and whether it is archived."""
    return f"time clock {clock.id} ({clock.name}{', archived' if clock.is_archived else ''})"
