"""A company that goes on working: punches, breaks, corrections and deletions day by day, the same for the same seed."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connecteam_sync.sandbox.company import LUNCH, Activity, Company, Person

_HOUR = 3600
_BEGINS = ("06:00", "08:00", "07:30", "13:00", "22:00")
"""When the shifts of the five kinds of workers begin."""
_SATURDAY = 5
_AUTOMATIC = 14 * _HOUR
"""After so long Connecteam itself ends a shift."""
_WORKS, _WORKS_AT_WEEKENDS = 0.85, 0.35
_FORGOTTEN = 0.02
"""The part of shifts that nobody clocked in for: they are added by hand hours later."""
_WITH_BREAK, _SPLIT = 0.15, 0.5
"""The part of shifts with a break, and of those the part that a break splits."""
_AUTOMATIC_UP_TO, _LATE_UP_TO = 0.02, 0.05
"""Of shifts: Connecteam ends them and a manager corrects that; the clock-out is known hours after it was."""
_CORRECTED_UP_TO, _DELETED_UP_TO, _REPEATED_UP_TO, _REPLACED_UP_TO = 0.05, 0.06, 0.064, 0.068
"""Of ended shifts: corrected, deleted, made twice by a repeated request, made again under another id."""


class Worked:
    """The shift a person is on; a break that splits it puts another one in its place."""

    def __init__(self, shift: Activity) -> None:
        self.shift = shift


class Life:
    """What happens in a company from a day on. `advance` makes it happen up to an instant."""

    def __init__(self, company: Company, first: date, *, seed: int = 7) -> None:
        self.company, self.seed = company, seed
        self._planned = first
        """The next day that nothing is planned for yet."""
        self._ahead: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0

    def advance(self, until: int) -> int:
        """Make happen whatever happens up to `until`, in order; the number of happenings."""
        happened = 0
        while self.company.at(self._planned, "00:00") <= until:
            self._plan_day(self._planned)
            self._planned += timedelta(days=1)
            # What the day brings is mixed with what earlier days left, before the next day is planned.
            happened += self._happen(min(until, self.company.at(self._planned, "00:00") - 1))
        return happened + self._happen(until)

    def _happen(self, until: int) -> int:
        happened = 0
        while self._ahead and self._ahead[0][0] <= until:
            at, _, act = heapq.heappop(self._ahead)
            act(at)
            happened += 1
        return happened

    def _at(self, instant: int, act: Callable[[int], None]) -> None:
        self._number += 1
        heapq.heappush(self._ahead, (instant, self._number, act))

    # -- a day ---------------------------------------------------------------------------------------------------------

    def _plan_day(self, day: date) -> None:
        for person in sorted(self.company.people.values(), key=lambda person: person.id):
            # A source for each person and day: what is done from outside does not change what others do.
            chance = random.Random(f"{self.seed}:{day}:{person.id}")  # noqa: S311 - repeatable inventions
            works = _WORKS_AT_WEEKENDS if day.weekday() >= _SATURDAY else _WORKS
            if person.clocks and not person.is_archived and chance.random() < works:
                self._plan_shift(person, day, chance)

    def _plan_shift(self, person: Person, day: date, chance: random.Random) -> None:
        begin = self.company.at(day, _BEGINS[person.id // 37 % 5]) + chance.randrange(-540, 540)
        end = begin + int(chance.uniform(4, 9) * _HOUR)
        clock = min(person.clocks)
        if chance.random() < _FORGOTTEN:
            self._at(end + chance.randrange(2 * _HOUR, 40 * _HOUR), lambda at: self._by_hand(person, begin, end, at))
            return

        def clock_in(at: int) -> None:
            worked = Worked(self.company.add(person.id, at, clock=clock))
            self._plan_rest(worked, begin, end, chance)

        self._at(begin, clock_in)

    def _plan_rest(self, worked: Worked, begin: int, end: int, chance: random.Random) -> None:
        """What happens to a shift after its beginning."""
        kind, later = chance.random(), chance.randrange(_HOUR, 60 * _HOUR)
        if chance.random() < _WITH_BREAK:
            self._plan_break(worked, (begin + end) // 2, split=chance.random() < _SPLIT)
        if kind < _AUTOMATIC_UP_TO:
            self._at(begin + _AUTOMATIC, lambda at: self._end(worked, at, auto=True))
            self._at(begin + _AUTOMATIC + later, lambda at: self._correct(worked, at, end=end))
        elif kind < _LATE_UP_TO:
            self._at(end + later // 4, lambda _at: self._end(worked, end))
        else:
            self._at(end, lambda at: self._end(worked, at))
            self._plan_change(worked, end, later, chance)

    def _plan_change(self, worked: Worked, end: int, later: int, chance: random.Random) -> None:
        """What happens to some shifts after they have ended."""
        kind, moved = chance.random(), chance.randrange(-25, 26) * 60
        if kind < _CORRECTED_UP_TO:
            self._at(end + later, lambda at: self._correct(worked, at, end=end + moved))
        elif kind < _DELETED_UP_TO:
            self._at(end + later, lambda _at: self._delete(worked))
        elif kind < _REPEATED_UP_TO:
            self._at(end + later, lambda _at: self._repeat(worked))
        elif kind < _REPLACED_UP_TO:
            self._at(end + later, lambda _at: self._replace(worked))

    def _plan_break(self, worked: Worked, middle: int, *, split: bool) -> None:
        def begin(at: int) -> None:
            if not self._is_open(worked):
                return
            shift = worked.shift
            if split:
                self.company.clock_out(shift.id, at)
            pause = self.company.take_break(shift.user_id, at, None, clock=shift.clock_id, break_type=LUNCH)
            self._at(at + 1800, lambda instant: finish(pause, instant))

        def finish(pause: Activity, at: int) -> None:
            if pause.id in self.company.activities and pause.end is None:
                self.company.clock_out(pause.id, at)
                if split:
                    worked.shift = self.company.add(pause.user_id, at, clock=pause.clock_id)

        self._at(middle, begin)

    # -- happenings; what somebody else has deleted or ended meanwhile is left alone ---------------------------------

    def _is_open(self, worked: Worked) -> bool:
        return worked.shift.id in self.company.activities and worked.shift.end is None

    def _end(self, worked: Worked, at: int, *, auto: bool = False) -> None:
        if self._is_open(worked):
            self.company.clock_out(worked.shift.id, max(at, worked.shift.start), auto=auto)

    def _by_hand(self, person: Person, begin: int, end: int, at: int) -> None:
        if person.clocks:
            self.company.add(person.id, begin, end, clock=min(person.clocks), created_at=at)

    def _correct(self, worked: Worked, at: int, *, end: int) -> None:
        if worked.shift.id in self.company.activities:
            self.company.edit(worked.shift.id, end=max(end, worked.shift.start), at=at)

    def _delete(self, worked: Worked) -> None:
        if worked.shift.id in self.company.activities:
            self.company.delete(worked.shift.id)

    def _repeat(self, worked: Worked) -> None:
        if worked.shift.id in self.company.activities:
            self.company.duplicate(worked.shift.id)

    def _replace(self, worked: Worked) -> None:
        if worked.shift.id in self.company.activities:
            self.company.replace_id(worked.shift.id)


def living(company: Company, first: date, last: date, *, seed: int = 7) -> Life:
    """The life of a company that has worked from `first` to the end of `last`, or until now if that is earlier."""
    life = Life(company, first, seed=seed)
    end = company.at(last + timedelta(days=1), "00:00") - 1
    life.advance(min(end, company.time.now()))
    return life


def go_on(company: Company, last: date, speed: float) -> None:
    """Let the company's time go on from the end of `last`, or from now if that is earlier, as fast as `speed` says."""
    end = company.at(last + timedelta(days=1), "00:00")
    company.time.set(min(end, company.time.now()), speed)


def today(company: Company) -> date:
    """The company's local day."""
    return datetime.fromtimestamp(company.time.now(), ZoneInfo(company.timezone)).date()
