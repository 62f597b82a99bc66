"""People, one person's month and one person's day: what explains the hours of the table. Pure.

Instants are epoch seconds, days are local ones of the business time zone, minutes are whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.clocktime import ClockTime, Employee, elapsed_minutes
from connecteam_sync.core.history import History, ShiftHistory
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.name_search import folded
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import each_day, later, local_day, local_time, start_of_day

_LONG_MONTH = 31


class WorkedMonth(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The shifts of a person that have a row and began in a month: how many, how many are open, and the minutes of the
    closed ones.
    """

    shifts: int = 0
    open_shifts: int = 0
    minutes: int = 0


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """An employee in the list: the Connecteam users that count for them, this month, and how many holds wait."""

    employee: Employee
    users: tuple[int, ...]
    month: WorkedMonth
    holds: int


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the employees that match: `matches` of `total`; `next_after` is the id after which the next one begins.

    `unmapped` are Connecteam users without an employee that match, too: (id, name).
    """

    lines: tuple[PersonLine, ...]
    matches: int
    total: int
    first: date
    next_after: RowId | None = None
    unmapped: tuple[tuple[int, str], ...] = ()


def by_name(people: Iterable[Employee], query: str) -> list[Employee]:
    """The people that match, by name, then by id: all of them for an empty query; else those with this id or Connecteam
    user, and those whose name has every word of it, ignoring case and accents.
    """
    text = query.strip()
    words = folded(text).split()
    keyed = sorted(((folded(one.name or ""), ordered(one.id), one) for one in people), key=lambda item: item[:2])
    return [
        one
        for name, _, one in keyed
        if not text or text in {str(one.id), one.connecteam_user_id} or (words and all(word in name for word in words))
    ]


def after(people: list[Employee], key: str | None) -> list[Employee]:
    """Those behind the one with this id; all of them if there is none, or it is gone."""
    place = next((number for number, one in enumerate(people, 1) if str(one.id) == key), 0) if key else 0
    return people[place:]


# -- a month -----------------------------------------------------------------------------------------------------------


class MonthDay(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A day of the calendar. `minutes` are of all closed rows that begin on it, `other_minutes` those of them without a
    shift of Connecteam's; `waiting` are shifts without a row, with their minutes.
    """

    day: date
    rows: int = 0
    open_rows: int = 0
    minutes: int = 0
    other_minutes: int = 0
    waiting: int = 0
    waiting_minutes: int = 0
    is_locked: bool = False


class Tracked(msgspec.Struct, frozen=True, gc=False):
    """A tracked shift of a month, as far as the calendar needs it."""

    start: int
    end: int | None
    clock_time_id: RowId | None


class PersonMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A month of an employee, with the Connecteam users that count for them (names by id) and how many holds wait."""

    employee: Employee
    users: Mapping[int, str]
    first: date
    days: tuple[MonthDay, ...]
    holds: int

    @property
    def minutes(self) -> int:
        """The minutes of the closed rows of the month."""
        return sum(day.minutes for day in self.days)

    @property
    def other_minutes(self) -> int:
        """Those of them without a shift of Connecteam's."""
        return sum(day.other_minutes for day in self.days)

    @property
    def waiting_minutes(self) -> int:
        """The minutes of shifts that have no row."""
        return sum(day.waiting_minutes for day in self.days)


def first_of_month(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def next_month(first: date) -> date:
    """The first day of the month after."""
    return first_of_month(later(first, _LONG_MONTH))


def month_days(
    first: date, rows: Iterable[ClockTime], shifts: Iterable[Tracked], locked: Container[date], zone: ZoneInfo
) -> tuple[MonthDay, ...]:
    """The days of the month that begins with `first`, from the rows of an employee and the shifts of their users.

    Both may be of more days than the month has; `locked` are the days that payroll has closed.
    """
    shifts = list(shifts)
    linked = {shift.clock_time_id for shift in shifts}
    rows_of: dict[date, list[ClockTime]] = defaultdict(list)
    waiting: dict[date, list[Tracked]] = defaultdict(list)
    for row in rows:
        rows_of[local_day(row.clock_in, zone)].append(row)
    for shift in shifts:
        if shift.clock_time_id is None:
            waiting[local_day(shift.start, zone)].append(shift)
    return tuple(
        MonthDay(
            day=day,
            rows=len(rows_of[day]),
            open_rows=sum(row.clock_out is None for row in rows_of[day]),
            minutes=sum(row.minutes for row in rows_of[day]),
            other_minutes=sum(row.minutes for row in rows_of[day] if row.id not in linked),
            waiting=len(waiting[day]),
            waiting_minutes=sum(elapsed_minutes(shift.start, shift.end) or 0 for shift in waiting[day]),
            is_locked=day in locked,
        )
        for day in each_day(first, later(next_month(first), -1))
    )


# -- a day -------------------------------------------------------------------------------------------------------------


class DayBreak(msgspec.Struct, frozen=True, kw_only=True):
    """A manual break; `is_paid` is None if Connecteam did not list its type."""

    time_clock_id: int
    name: str
    start: int
    end: int | None
    is_paid: bool | None


class SheetTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Connecteam's own total of the day on a time clock, as the verification `run` read it at `seen_at`."""

    time_clock_id: int
    minutes: int
    run: int
    seen_at: int


class DayLock(msgspec.Struct, frozen=True, kw_only=True):
    """Payroll has closed the day, in this zone; `by` and `reason` are empty of locks made before these were kept."""

    timezone: str
    at: int
    by: str
    reason: str


class PersonDay(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that explains an employee's local day, which is the half-open span `start` to `end`.

    `history` is of the rows that begin on it; `rows_before` and `shifts_before` began earlier and reach into it.
    `timesheet` is empty if no verification has read it.
    """

    day: date
    start: int
    end: int
    history: History
    users: Mapping[int, str]
    rows_before: tuple[ClockTime, ...]
    shifts_before: tuple[ShiftHistory, ...]
    breaks: tuple[DayBreak, ...]
    timesheet: tuple[SheetTotal, ...]
    locks: tuple[DayLock, ...]
    names: Mapping[RowId, str]

    @property
    def minutes(self) -> int:
        """The minutes of the closed rows that begin on the day."""
        return sum(row.minutes for row in self.history.rows)

    @property
    def upstream_minutes(self) -> int:
        """The minutes of the closed shifts that begin on the day and that Connecteam still shows."""
        return sum(elapsed_minutes(shift.start, shift.end) or 0 for shift in self.upstream)

    @property
    def upstream(self) -> tuple[Shift, ...]:
        """The shifts that begin on the day and that Connecteam still shows."""
        return tuple(
            one.shift
            for one in self.history.shifts
            if not one.is_gone and self.start <= one.shift.start < self.end and one.shift.user_id in self.users
        )


def hours_of_day(day: date, zone: ZoneInfo) -> list[tuple[float, str]]:
    """A scale of every third hour: its share of the day, and its name. A day of 23 or 25 hours has that many."""
    start, end = start_of_day(day, zone), start_of_day(later(day, 1), zone)
    marks = []
    for at in range(start, end, 3600):
        local = local_time(at, zone)
        if local.hour % 3 == 0 and local.minute == 0:
            marks.append(((at - start) / (end - start), f"{local:%H}"))
    return [*marks, (1.0, "24")]
