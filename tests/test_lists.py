"""Lists that a service remembers: how long, when they are fetched again, and what makes them forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import ApiKey
from connecteam_sync.engine.lists import HOUR, ListMemory, Lists
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE

STRANGER, ANOTHER = 77, 78
"""Users whom nobody lists."""


class Remembered:
    """Lists of a company, and a clock that a test sets."""

    def __init__(self, client: Connecteam, seconds: float) -> None:
        self.client, self.now = client, 1000.0
        self.lists = Lists(lambda: client, ListMemory(seconds=seconds, clock=lambda: self.now))

    @property
    def calls(self) -> int:
        """Requests so far."""
        return self.client.http_calls


@pytest.fixture
def client() -> Iterator[Connecteam]:
    """A client of a small company."""
    with (
        Sandbox(Company(0), SandboxSettings(minute_limit=10**9)) as sandbox,
        Connecteam(ApiKey(sandbox.key), base_url=sandbox.url) as made,
    ):
        yield made


def test_lists_are_remembered_for_their_time_and_no_longer(client: Connecteam) -> None:
    """People, time clocks and types of breaks, each for itself; a command remembers nothing."""
    for seconds, expected in ((HOUR, [3, 3, 3, 6]), (0, [3, 6, 9, 12])):
        kept = Remembered(client, seconds)
        before, calls = kept.calls, []
        for now in (1000, 1001, 1000 + HOUR - 1, 1000 + HOUR):
            kept.now = now
            assert kept.lists.users().users
            assert kept.lists.time_clocks()
            kept.lists.break_types(WAREHOUSE)
            calls.append(kept.calls - before)
        assert calls == expected


def test_an_unknown_user_is_looked_for_once_an_hour(client: Connecteam) -> None:
    """At once, then not for an hour; another one at once; a known one never; a command does not."""
    kept = Remembered(client, HOUR)
    people = kept.lists.users()
    before = kept.calls
    known = people.users[0].id
    for now, wanted, calls in (
        (1001, [known], 0),
        (1001, [known, STRANGER], 1),
        (1001, [STRANGER], 1),
        (1000 + HOUR, [STRANGER], 1),
        (1001 + HOUR, [STRANGER], 2),
        (1002 + HOUR, [STRANGER, ANOTHER], 3),
        (1002 + HOUR, [ANOTHER], 3),
    ):
        kept.now = now
        kept.lists.users_with(wanted, people)
        assert kept.calls - before == calls, (now, wanted)
    alone = Remembered(client, 0)
    before = alone.calls
    assert alone.lists.users_with([STRANGER], people) is people
    assert alone.calls == before


def test_lists_older_than_another_run_are_forgotten(client: Connecteam) -> None:
    """Where the newest receipt is not one of theirs, and where another run wrote meanwhile; of types of breaks none."""
    kept = Remembered(client, HOUR)

    def asked(receipt: int) -> int:
        before = kept.calls
        kept.lists.begin(receipt)
        kept.lists.users()
        kept.lists.time_clocks()
        kept.lists.break_types(WAREHOUSE)
        return kept.calls - before

    assert asked(1) == 3
    assert asked(1) == 0
    kept.lists.wrote(2)
    assert (asked(2), asked(1)) == (0, 0)
    assert asked(3) == 2
    assert asked(2) == 2  # what was theirs before another run came is theirs no more
    kept.lists.overtaken(99)
    kept.lists.wrote(4)
    assert (asked(4), asked(4)) == (2, 0)
