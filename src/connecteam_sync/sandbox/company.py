"""The company behind the sandbox: people, clocks, shifts and breaks, and the changes that can happen to them.

All names and numbers are invented. Instants are epoch seconds; `truth` has the rows of a perfect mirror.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connecteam_sync.sandbox.moments import CompanyTime

FIRST = date(2025, 12, 1)
PER_DAY = (58, 52, 60, 61, 60, 40, 34, 57, 54, 55, 54)
"""Shifts that start on each of the seeded days: 585 in all."""
_FIRST_NAMES = [
    "Ana",
    "Ben",
    "Chloé",
    "Dmitri",
    "Elena",
    "Farid",
    "Grace",
    "Hugo",
    "Ines",
    "José",
    "Kavya",
    "Liam",
    "Mei",
    "Noor",
    "Olga",
    "Pavel",
    "Quinn",
    "Rosa",
]
_LAST_NAMES = [
    "Álvarez",
    "Brandt",
    "Castillo",
    "Diaz",
    "Eriksen",
    "Fuentes",
    "García",
    "Haddad",
    "Ito",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Müller",
]
COMPANY_ID = "9000001"
WAREHOUSE, OFFICE, CLOSED = 4_100_001, 4_100_002, 4_100_003
HOLIDAY, SICK = "d4e5f6a7-holiday", "d4e5f6a7-sick"
JOB = "b7f0c1de-0000-4000-8000-000000000001"
"""The job of every shift that has no other."""
LUNCH, REST = "a1b2c3d4-lunch", "a1b2c3d4-rest"
_HOUR = 3600
_NIGHT = 4
"""The kind of day that begins at ten in the evening."""
_OFFICE_WORKER = 10
"""Every eleventh person works in the office."""


@dataclass
class Person:
    """A Connecteam account; `clocks` are the time clocks it is assigned to."""

    id: int
    first_name: str
    last_name: str
    email: str | None
    phone: str
    clocks: set[int]
    created_at: int
    is_archived: bool = False
    archived_at: int | None = None


@dataclass
class Clock:
    """A time clock."""

    id: int
    name: str
    is_archived: bool = False


@dataclass
class Job:
    """A job that shifts may be of; `parent_id` makes it a sub job of another one."""

    id: str
    title: str
    code: str = ""
    parent_id: str | None = None
    is_deleted: bool = False


@dataclass
class Activity:
    """A shift, a manual break or time off. `spoiled` overrides members of its JSON, to make an invalid record."""

    id: str
    kind: Literal["shift", "manual_break", "time_off"]
    user_id: int
    clock_id: int
    start: int
    end: int | None
    timezone: str
    created_at: int
    modified_at: int | None = None
    job_id: str | None = None
    sub_job_id: str | None = None
    scheduler_shift_id: str | None = None
    employee_note: str | None = None
    manager_note: str | None = None
    break_type: str | None = None
    policy_type: str | None = None
    days_off: int = 0
    is_auto_clock_out: bool = False
    source: str = "mobile"
    spoiled: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CompanyEvent:
    """Something that happened, of which webhooks tell: an event and the activity, person or day it is about."""

    feature: Literal["time_activity", "users"]
    event: str
    kind: str
    user_id: int
    clock_id: int | None = None
    activity: Activity | None = None
    day: date | None = None


class Company:
    """People and their time clocks. `shifts` is the number on the eleven seeded days; 0 gives people without shifts.

    `clocks` is the number of time clocks that people are spread over evenly; by default most are at the first of two.
    An archived one comes on top.
    """

    def __init__(
        self,
        shifts: int = sum(PER_DAY),
        *,
        people: int | None = None,
        seed: int = 7,
        clocks: int | None = None,
        company_id: str = COMPANY_ID,
    ) -> None:
        self.name = "Invented Logistics"
        self.id = company_id
        self.timezone = "America/Chicago"
        self.time = CompanyTime()
        self._random = random.Random(seed)  # noqa: S311 - repeatable inventions, no secrets
        self._made = 0
        self._spread = clocks
        named = [Clock(WAREHOUSE, "Warehouse"), Clock(OFFICE, "Front office")][:clocks]
        named.append(Clock(CLOSED, "Old depot", is_archived=True))
        named += [Clock(CLOSED + number - 2, f"Site {number}") for number in range(3, (clocks or 0) + 1)]
        self.clocks = {clock.id: clock for clock in named}
        self.people: dict[int, Person] = {}
        self.jobs: dict[str, Job] = {JOB: Job(JOB, "Picking", "PICK")}
        self.activities: dict[str, Activity] = {}
        self.listeners: list[Callable[[CompanyEvent], None]] = []
        """Are told of everything that webhooks tell of, once it has happened."""
        self.locked: set[tuple[int, int, date]] = set()
        self.submitted: set[tuple[int, int, date]] = set()
        self.approved: set[tuple[int, int, date]] = set()
        for number in range(people or max(45, shifts // 13)):
            self._hire(number)
        if shifts:
            self._work(shifts)

    def at(self, day: date, clock: str) -> int:
        """The instant of a local time of day, e.g. `08:15`; `24:30` and later belong to the next day."""
        hours, minutes = map(int, clock.split(":"))
        day += timedelta(days=hours // 24)
        return int(datetime.combine(day, time(hours % 24, minutes), tzinfo=ZoneInfo(self.timezone)).timestamp())

    # -- the seed ------------------------------------------------------------------------------------------------------

    def _hire(self, number: int) -> None:
        user_id = 8_000_000 + number * 37
        open_clocks = [clock.id for clock in self.clocks.values() if not clock.is_archived]
        usual = OFFICE if number % 11 == _OFFICE_WORKER else WAREHOUSE
        first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
        last = _LAST_NAMES[(number + number // len(_FIRST_NAMES)) % len(_LAST_NAMES)]
        self.people[user_id] = Person(
            id=user_id,
            first_name=first,
            last_name=last,
            email=None if number % 9 == 0 else f"person{number}@invented.example",
            phone=f"+1555{number:07}",
            clocks={usual if self._spread is None else open_clocks[number % len(open_clocks)]},
            created_at=self.at(FIRST, "08:00") - (400 - number % 300) * 24 * _HOUR,
        )

    def _work(self, shifts: int) -> None:
        days = [n * shifts // sum(PER_DAY) for n in PER_DAY]
        days[0] += shifts - sum(days)
        staff = sorted(self.people)
        for offset, count in enumerate(days):
            day = FIRST + timedelta(days=offset)
            workers = self._random.sample(staff, min(len(staff) - 2, max(1, count - count // 5)))
            # Every worker has one shift; the first workers get a second one until the number is reached.
            for number in range(count):
                self._day(
                    day, workers[number % len(workers)], part=number // len(workers), last=offset == len(days) - 1
                )

    def _day(self, day: date, user_id: int, *, part: int, last: bool) -> None:
        kind = user_id // 37 % 5
        jitter = user_id * 31 % 1080 - 540
        # Shifts of one person on one day begin exactly six hours apart: the legacy planner took them for one shift.
        later = -6 if kind == _NIGHT else 6
        begin = self.at(day, ("06:00", "08:00", "07:30", "08:00", "22:00")[kind]) + part * later * _HOUR
        begin += (jitter // 60) * 60
        hours = (4.0, 5.25, 5.5, 4.75, 5.0)[kind]
        end: int | None = begin + int(hours * _HOUR) + self._random.randrange(900)
        if last and part == 0 and kind == _NIGHT:
            end = None
        clock = min(self.people[user_id].clocks)
        shift = self.add(user_id, begin, end, clock=clock, created_at=begin)
        shift.is_auto_clock_out = end is not None and self._random.randrange(40) == 0
        if end is not None and self._random.randrange(12) == 0:
            middle = begin + 2 * _HOUR
            self.take_break(user_id, middle, middle + 1800, clock=clock, break_type=LUNCH)

    # -- changes -------------------------------------------------------------------------------------------------------

    def new_id(self, created_at: int) -> str:
        """24 hex digits like a real id; the first eight are the moment of creation."""
        self._made += 1
        return f"{created_at & 0xFFFFFFFF:08x}{self._random.getrandbits(40):010x}{self._made:06x}"

    def add(
        self,
        user_id: int,
        start: int,
        end: int | None = None,
        *,
        clock: int | None = None,
        created_at: int | None = None,
        timezone: str | None = None,
        event: str | None = None,
    ) -> Activity:
        """Add a shift, open if `end` is None."""
        shift = self.put(user_id, start, end, clock=clock, created_at=created_at, timezone=timezone)
        self.tell(event or ("clock_in" if end is None else "admin_add"), shift)
        return shift

    def put(
        self,
        user_id: int,
        start: int,
        end: int | None,
        *,
        clock: int | None = None,
        created_at: int | None = None,
        timezone: str | None = None,
    ) -> Activity:
        """Add a shift of which nobody is told yet: `tell` follows, once it is complete."""
        created = start if created_at is None else created_at
        shift = Activity(
            id=self.new_id(created),
            kind="shift",
            user_id=user_id,
            clock_id=clock or min(self.people[user_id].clocks),
            start=start,
            end=end,
            timezone=timezone or self.timezone,
            created_at=created,
            job_id="b7f0c1de-0000-4000-8000-000000000001",
        )
        self.activities[shift.id] = shift
        return shift

    def tell(self, event: str, item: Activity) -> None:
        """Tell the listeners of an event of an activity."""
        self._announce(CompanyEvent("time_activity", event, item.kind, item.user_id, item.clock_id, activity=item))

    def tell_of_person(self, event: str, user_id: int) -> None:
        """Tell the listeners of an event of a person."""
        self._announce(CompanyEvent("users", event, "User", user_id))

    def mark(self, name: str, day: tuple[int, int, date], *, on: bool = True) -> None:
        """Set or take back a mark of a person's day on a time clock: `locked`, `submitted` or `approved`."""
        marks, set_, taken = {
            "locked": (self.locked, "admin_day_locked", "admin_day_unlocked"),
            "submitted": (self.submitted, "user_timesheet_submitted", "user_timesheet_unsubmitted"),
            "approved": (self.approved, "user_timesheet_approved", "user_timesheet_reopened"),
        }[name]
        if (day in marks) != on:
            (marks.add if on else marks.discard)(day)
            event = set_ if on else taken
            self._announce(CompanyEvent("time_activity", event, "timesheet_period", day[1], day[0], day=day[2]))

    def _announce(self, happening: CompanyEvent) -> None:
        for listener in self.listeners:
            listener(happening)

    def take_break(
        self, user_id: int, start: int, end: int | None, *, clock: int | None = None, break_type: str = LUNCH
    ) -> Activity:
        """Add a manual break; the shift around it stays whole (the overlap layout)."""
        pause = self.put(user_id, start, end, clock=clock)
        pause.kind, pause.break_type, pause.job_id = "manual_break", break_type, None
        self.tell("clock_in" if end is None else "admin_add", pause)
        return pause

    def take_time_off(
        self, user_id: int, first: date, last: date, *, clock: int | None = None, policy_type: str = HOLIDAY
    ) -> Activity:
        """Approve whole days off; no worked time."""
        end = self.at(last + timedelta(days=1), "00:00")
        off = self.put(user_id, self.at(first, "00:00"), end, clock=clock)
        off.kind, off.policy_type, off.job_id = "time_off", policy_type, None
        off.days_off = (last - first).days + 1
        self.tell("admin_add", off)
        return off

    def clock_out(self, shift_id: str, end: int, *, auto: bool = False, event: str | None = None) -> None:
        """End an open shift; `modifiedAt` does not change."""
        shift = self.activities[shift_id]
        shift.end, shift.is_auto_clock_out = end, auto
        self.tell(event or ("auto_clock_out" if auto else "clock_out"), shift)

    def edit(
        self,
        shift_id: str,
        *,
        start: int | None = None,
        end: int | None = None,
        at: int | None = None,
        event: str = "admin_edit",
    ) -> None:
        """Correct a shift as an admin does; its id stays."""
        shift = self.activities[shift_id]
        shift.start = shift.start if start is None else start
        shift.end = shift.end if end is None else end
        shift.modified_at = max(shift.created_at, shift.end or shift.start) + 600 if at is None else at
        self.tell(event, shift)

    def reopen(self, shift_id: str, *, event: str = "admin_edit") -> None:
        """Make a closed shift open again."""
        self.activities[shift_id].end = None
        self.tell(event, self.activities[shift_id])

    def delete(self, activity_id: str, *, event: str = "admin_delete") -> None:
        """Delete an activity; the API shows no trace of it."""
        self.tell(event, self.activities.pop(activity_id))

    def duplicate(self, shift_id: str, *, times: int = 1) -> list[Activity]:
        """Add identical shifts with other ids, as a repeated POST does: Connecteam accepts it."""
        old = self.activities[shift_id]
        return [
            self.add(old.user_id, old.start, old.end, clock=old.clock_id, created_at=old.created_at + number)
            for number in range(1, times + 1)
        ]

    def replace_id(
        self,
        shift_id: str,
        *,
        end: int | None = None,
        event: str = "admin_approved_clock_out_outside_geo_fence_request",
    ) -> Activity:
        """Delete a shift and make it again under another id, as the approval of a geofence exception does."""
        old = self.activities.pop(shift_id)
        new = self.put(old.user_id, old.start, end or old.end, clock=old.clock_id, created_at=old.created_at + 7200)
        new.job_id = old.job_id
        self.tell(event, new)
        return new

    def unassign(self, user_id: int) -> None:
        """Take a person off every clock; their shifts stay."""
        self.people[user_id].clocks = set()

    def archive(self, user_id: int, *, at: int | None = None) -> None:
        """Archive a person who leaves the company."""
        person = self.people[user_id]
        person.is_archived, person.archived_at = True, at or person.created_at + 1
        self.tell_of_person("user_archived", user_id)

    def spoil(self, activity_id: str, **members: Any) -> None:  # noqa: ANN401 - any JSON
        """Override members of a record's JSON with impossible values; a member given as `...` is left out."""
        self.activities[activity_id].spoiled |= members

    # -- queries ------------------------------------------------------------------------------------------------------

    def shifts(
        self, first: date | None = None, last: date | None = None, *, clock: int | None = None
    ) -> list[Activity]:
        """Shifts that start on the local days `first..last`, by start and id."""
        low = self.at(first, "00:00") if first else None
        high = self.at(last + timedelta(days=1), "00:00") if last else None
        selected: Iterable[Activity] = (
            a
            for a in self.activities.values()
            if a.kind == "shift"
            and (clock is None or a.clock_id == clock)
            and (low is None or a.start >= low)
            and (high is None or a.start < high)
        )
        return sorted(selected, key=lambda a: (a.start, a.id))

    def truth(self, first: date, last: date) -> set[tuple[int, int, int | None, int | None]]:
        """The rows of a perfect mirror for the days: (user, start, end, whole minutes) of every shift."""
        return {
            (a.user_id, a.start, a.end, None if a.end is None else (a.end - a.start) // 60)
            for a in self.shifts(first, last)
        }
