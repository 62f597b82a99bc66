"""What is made of an answer that is there: decoded once, with the people known now; and days joined into looks."""

from __future__ import annotations

from datetime import date

import msgspec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import ApiKey
from connecteam_sync.core.window import Window
from connecteam_sync.engine.snapshot import FetchedSlice
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.service.visits import days_looked_at, joined

ZONE = "America/Chicago"


def days(first: int, last: int) -> Window:
    """Days of December."""
    return Window(date(2025, 12, first), date(2025, 12, last), ZONE)


def test_an_answer_is_read_with_the_people_of_now() -> None:
    """The same object for the same people; for a list that was fetched again the shifts as they were, and its users."""
    with (
        Sandbox(Company(20), SandboxSettings(minute_limit=10**9)) as sandbox,
        Connecteam(ApiKey(sandbox.key), base_url=sandbox.url) as client,
    ):
        people = client.users()
        fetched = FetchedSlice(client.fetch_activities(WAREHOUSE, days(1, 11)), None, None)
    first = fetched.snapshot(people)
    assert first.shifts
    assert fetched.snapshot(people) is first
    fewer = msgspec.structs.replace(people, users=people.users[1:])
    again = fetched.snapshot(fewer)
    assert (again.users, again.shifts) == (people.users[1:], first.shifts)
    assert fetched.snapshot(people).users == people.users


def test_days_next_to_each_other_are_one_look() -> None:
    """In any order, overlapping or not; a day between them keeps them apart."""
    assert joined([days(5, 6), days(1, 2), days(3, 3)]) == (days(1, 3), days(5, 6))
    assert joined([days(1, 9), days(2, 3)]) == (days(1, 9),)
    assert joined([]) == ()


def test_each_day_has_the_time_of_its_newest_look() -> None:
    """Whatever the order of the looks."""
    found = days_looked_at([(date(2025, 12, 1), date(2025, 12, 2), 7), (date(2025, 12, 2), date(2025, 12, 3), 5)])
    assert found == {date(2025, 12, 1): 7, date(2025, 12, 2): 7, date(2025, 12, 3): 5}
