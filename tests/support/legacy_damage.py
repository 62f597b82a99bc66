"""Tables as damaged as real ones: days of a company's life replayed through the legacy planner."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.legacy import LegacyTable
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import local_day
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support.scenario import FIRST, World

DAYS = 11
PEOPLE = 5
_HOUR = 3600


def live(world: World, chance: random.Random) -> None:
    """Shifts of a few people: whole days, split days six hours or minutes apart, nights, a forgotten clock-out."""
    for user in sorted(world.company.people)[:PEOPLE]:
        for offset in range(DAYS):
            start = world.company.at(FIRST + timedelta(days=offset), "06:00") + chance.randrange(12) * 900
            kind = chance.choice(["whole", "whole", "split", "split", "close", "night", "free", "forgotten"])
            if kind == "free":
                continue
            first = world.company.add(user, start, start + 4 * _HOUR, clock=WAREHOUSE)
            if kind == "split":
                world.company.add(user, start + 6 * _HOUR, start + 10 * _HOUR, clock=WAREHOUSE)
            elif kind == "close":
                world.company.add(user, start + 4 * _HOUR + 240, start + 8 * _HOUR, clock=WAREHOUSE)
            elif kind == "night":
                first.start, first.end = start + 15 * _HOUR, start + 23 * _HOUR
            elif kind == "forgotten":
                first.end = None


def seen(shift: Activity, now: int) -> Shift | None:
    """A shift as Connecteam showed it at a moment: absent, open, or closed."""
    if shift.start > now:
        return None
    end = shift.end if shift.end is not None and shift.end <= now else None
    return Shift(id=shift.id, user_id=shift.user_id, time_clock_id=shift.clock_id, start=shift.start, end=end)


def replay(world: World, employees: dict[int, int], chance: random.Random) -> list[ClockTime]:
    """The table that the legacy planner leaves after these days, at times without zone tables or with wrong offsets."""
    zone = world.window.zone
    table = LegacyTable([], zone, now=0, has_key=False)
    without_zones = chance.random() < 0.4
    for offset in range(DAYS):
        day = FIRST + timedelta(days=offset)
        table.knows_zones = not (without_zones and offset in {2, 3})
        for hour in ("10:00", "15:00", "20:00", "24:30"):
            now = world.company.at(day, hour)
            table.now = now
            said = [s for a in world.company.shifts(clock=WAREHOUSE) if (s := seen(a, now)) is not None]
            today = [s for s in said if local_day(s.start, zone) == day]
            chance.shuffle(today)
            for shift in today:
                table.sync_one(employees[shift.user_id], shift)
        if chance.random() < 0.2:
            # A night whose local times were stored as if they were UTC.
            for row in table.rows:
                if local_day(row.clock_in, zone) == day:
                    row.clock_in -= 6 * _HOUR
                    row.clock_out = None if row.clock_out is None else row.clock_out - 6 * _HOUR
    return [row.image() for row in table.rows]


def corrected(world: World, chance: random.Random) -> None:
    """Corrections and deletions in Connecteam after the last look of the legacy planner, which never sees them."""
    for shift in chance.sample(world.company.shifts(clock=WAREHOUSE), 6):
        if shift.end is not None and chance.random() < 0.5:
            world.company.edit(shift.id, end=shift.end + 900)
        else:
            world.company.delete(shift.id)


def last_day() -> date:
    """The last damaged day."""
    return FIRST + timedelta(days=DAYS - 1)


def moment(instant: int | None) -> str | None:
    """A naive UTC datetime as text."""
    return None if instant is None else datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M:%S")
