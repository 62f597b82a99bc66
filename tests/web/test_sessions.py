"""Sessions and failed attempts, in a time that goes as fast as a test likes."""

from __future__ import annotations

import pytest

from connecteam_sync.web.sessions import IDLE, LONGEST, BackOff, Sessions
from support.console_site import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


def test_a_session_is_its_token(clock: Clock) -> None:
    """Nobody finds it by anything else."""
    sessions = Sessions(clock)
    token = sessions.begin("Maria", {"": 3})
    found = sessions.find(token)
    assert found is not None
    assert (found.name, found.generations) == ("Maria", {"": 3})
    assert len(token) >= 43, "256 bits"
    assert sessions.find(token[:-1]) is None
    assert sessions.find("") is None
    assert sessions.find(None) is None
    assert sessions.find("\ud800") is None


def test_it_ends_when_it_is_not_used(clock: Clock) -> None:
    """Half an hour after the last use."""
    sessions = Sessions(clock)
    token = sessions.begin("Maria", {"": 1})
    clock.now += IDLE
    assert sessions.find(token) is not None
    clock.now += IDLE
    assert sessions.find(token) is not None
    clock.now += IDLE + 1
    assert sessions.find(token) is None
    clock.now -= IDLE
    assert sessions.find(token) is None, "what has ended does not begin again"


def test_what_nobody_does_is_no_use(clock: Clock) -> None:
    """A page that loads itself again is shown, and does not keep the session."""
    sessions = Sessions(clock)
    token = sessions.begin("Maria", {"": 1})
    clock.now += IDLE
    assert sessions.find(token, is_used=False) is not None
    clock.now += 1
    assert sessions.find(token) is None


def test_an_attempt_counts_before_it_has_failed(clock: Clock) -> None:
    """So of many at once no more are tried than one after the other."""
    back_off = BackOff(clock)
    assert [back_off.attempt("maria") for _ in range(8)] == [0, 0, 0, 0, 0, 2, 2, 2]
    clock.now += 2
    assert back_off.attempt("maria") == 0
    assert back_off.wait("maria") == 4
    back_off.succeeded("maria")
    assert back_off.wait("maria") == 0


def test_it_ends_after_half_a_day(clock: Clock) -> None:
    """However often it is used."""
    sessions = Sessions(clock)
    token, began = sessions.begin("Maria", {"": 1}), clock.now
    while clock.now + IDLE <= began + LONGEST:
        clock.now += IDLE
        assert sessions.find(token) is not None
    clock.now = began + LONGEST + 1
    assert sessions.find(token) is None


def test_signing_in_again_ends_the_session_before(clock: Clock) -> None:
    """A token that somebody else has put into the browser is worth nothing afterwards."""
    sessions = Sessions(clock)
    before = sessions.begin("Maria", {"": 1})
    other = sessions.begin("Jo", {"": 1})
    after = sessions.begin("Maria", {"": 1}, instead_of=before)
    assert sessions.find(before) is None
    assert sessions.find(after) is not None
    assert sessions.find(other) is not None
    sessions.end(after)
    assert sessions.find(after) is None


def test_there_are_not_endlessly_many(clock: Clock) -> None:
    """The one that was used longest ago ends."""
    sessions = Sessions(clock)
    first, second = sessions.begin("Maria", {"": 1}), sessions.begin("Jo", {"": 1})
    assert sessions.find(first) is not None
    for number in range(1999):
        sessions.begin(f"guest {number}", {"": 1})
    assert sessions.find(second) is None
    assert sessions.find(first) is not None


def test_failures_cost_waiting(clock: Clock) -> None:
    """Four are free; then 2, 4, 8 seconds, at most a quarter of an hour."""
    back_off = BackOff(clock)
    for _ in range(4):
        back_off.failed("maria")
        assert back_off.wait("maria") == 0
    waits = []
    for _ in range(12):
        back_off.failed("maria")
        waits.append(back_off.wait("maria"))
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == 900
    assert back_off.wait("jo") == 0
    clock.now += 899
    assert back_off.wait("maria") == 1
    clock.now += 1
    assert back_off.wait("maria") == 0


def test_success_and_time_forgive(clock: Clock) -> None:
    """Whoever signs in has no failures left; an hour later nobody has."""
    back_off = BackOff(clock)
    for _ in range(6):
        back_off.failed("maria")
    back_off.succeeded("maria")
    back_off.failed("maria")
    assert back_off.wait("maria") == 0
    for _ in range(6):
        back_off.failed("jo")
    clock.now += 3601
    back_off.failed("jo")
    assert back_off.wait("jo") == 0
