"""Times as texts, found by stretches: each is what the calendar itself says of that instant."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from connecteam_sync.core.time_texts import TimeTexts
from connecteam_sync.core.window import local_time

CHANGES = {
    "America/Chicago": datetime(2025, 11, 2, 7, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2025, 4, 5, 15, tzinfo=UTC),
    "Africa/Monrovia": datetime(1972, 1, 7, 0, 44, 30, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
    "Asia/Kathmandu": datetime(1985, 12, 31, 18, 30, tzinfo=UTC),
    "Europe/Amsterdam": datetime(1937, 6, 30, 22, 40, 28, tzinfo=UTC),
    "UTC": datetime(2025, 12, 1, tzinfo=UTC),
}
"""A moment at which each clock changes, some of them by less than an hour or at an odd second."""
ENDS = (-62_135_596_800, 253_402_300_799)


def as_it_is(instant: int, zone: ZoneInfo) -> str:
    """What the calendar says."""
    return local_time(instant, zone).isoformat(timespec="seconds")


@pytest.mark.parametrize("name", CHANGES)
def test_around_a_change_of_the_clock(name: str) -> None:
    """Each second of the hour before and after."""
    zone, change = ZoneInfo(name), int(CHANGES[name].timestamp())
    texts = TimeTexts(zone)
    hours = range(change - 3600, change + 3600)
    assert [texts.of(instant) for instant in hours] == [as_it_is(instant, zone) for instant in hours]


def test_in_every_zone_at_any_time() -> None:
    """Also beyond the ends of the calendar, where a time is that of the end."""
    chance = random.Random(7)  # noqa: S311 - any instants
    wrong = []
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        texts = TimeTexts(zone)
        instants = [chance.randrange(-(2**32), 2**33) for _ in range(30)]
        instants += [end + off for end in ENDS for off in (-90_000, -1, 0, 1, 90_000)]
        wrong += [(name, one) for one in instants if texts.of(one) != as_it_is(one, zone)]
    assert wrong == []
