"""The calls of an account, shared by many workers: never more than Connecteam allows, on every database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connecteam_sync.errors import LockHeld, RowMoved
from connecteam_sync.store.control.budgets import Budgets, Refusal, Said
from connecteam_sync.store.control.database import ControlDatabase


@pytest.fixture
def control(database: str) -> Iterator[ControlDatabase]:
    """A control database of each kind."""
    opened = ControlDatabase(database)
    opened.init()
    yield opened
    opened.close()


def reserve(control: ControlDatabase, account: str = "north", *, share: float = 0.1, ahead: int = 0) -> Refusal | None:
    """Ask for one call."""
    with control.writing("reserving a call") as connection:
        return Budgets(control.dialect, ahead=ahead).reserve(connection, account, reserve_share=share)


def note(control: ControlDatabase, said: Said, account: str = "north", *, ahead: int = 0) -> None:
    """Take over headers."""
    with control.writing("noting limits") as connection:
        Budgets(control.dialect, ahead=ahead).note(connection, account, said)


def test_an_account_of_which_nothing_is_known_may_ask(control: ControlDatabase) -> None:
    """What it may is known from the first answer on."""
    assert [reserve(control) for _ in range(3)] == [None] * 3


def test_the_reserve_of_the_day_is_left_alone(control: ControlDatabase) -> None:
    """Of 100 calls with a tenth in reserve 90 are made, and the refusal says when there are more."""
    assert reserve(control) is None
    note(control, Said(day_left=99, day_limit=100))
    made = 0
    while (refusal := reserve(control)) is None:
        made += 1
    assert made == 89
    assert (refusal.why, refusal.left, refusal.limit) == ("day", 10, 100)
    assert 0 < refusal.seconds <= 86_400
    assert reserve(control, "south") is None


def test_midnight_brings_new_calls(control: ControlDatabase) -> None:
    """Without anybody saying so; days that nobody asked anything are skipped."""
    reserve(control)
    note(control, Said(day_left=5, day_limit=100))
    refusal = reserve(control)
    assert refusal is not None
    assert reserve(control, ahead=refusal.seconds + 1) is None
    with control.writing("looking") as connection:
        later = Budgets(control.dialect, ahead=refusal.seconds + 1)
        assert later.left(connection) == {"north": (99, 100)}
    assert reserve(control, ahead=refusal.seconds + 86_400 * 5 + 10) is None
    with control.writing("looking") as connection:
        much_later = Budgets(control.dialect, ahead=refusal.seconds + 86_400 * 5 + 10)
        assert much_later.left(connection) == {"north": (99, 100)}


def test_of_two_sayings_of_one_day_the_fewer_calls_count(control: ControlDatabase) -> None:
    """An answer that comes late knows less than what was taken since; another program's calls are heard of."""
    reserve(control)
    note(control, Said(day_left=50, day_limit=100))
    for _ in range(5):
        assert reserve(control) is None
    note(control, Said(day_left=49, day_limit=100))
    with control.writing("looking") as connection:
        assert Budgets(control.dialect).left(connection) == {"north": (45, 100)}
    note(control, Said(day_left=12, day_limit=100))
    assert [reserve(control) is None for _ in range(4)] == [True, True, False, False]


def test_a_late_answer_says_nothing_of_the_new_day(control: ControlDatabase) -> None:
    """It speaks of the day before, of which much was left; and the first answer of a new day counts, however few the
    old day had left, also where Connecteam's day begins a little before ours.
    """
    reserve(control)
    note(control, Said(day_left=20, day_limit=100, day_ends_in=50))
    note(control, Said(day_left=95, day_limit=100, day_ends_in=-10))
    with control.writing("looking") as connection:
        assert Budgets(control.dialect).left(connection) == {"north": (20, 100)}
    note(control, Said(day_left=99, day_limit=100, day_ends_in=50 + 86_400))
    with control.writing("looking") as connection:
        assert Budgets(control.dialect).left(connection) == {"north": (99, 100)}
    note(control, Said(day_left=19, day_limit=100, day_ends_in=50))
    with control.writing("looking") as connection:
        assert Budgets(control.dialect).left(connection) == {"north": (99, 100)}


def test_a_minute_takes_no_more_than_its_limit(control: ControlDatabase) -> None:
    """Then as many as become free, one by one; the refusal says when the next does."""
    reserve(control)
    note(control, Said(minute_limit=30))
    made = 0
    while (refusal := reserve(control)) is None:
        made += 1
    assert 28 <= made <= 31
    assert refusal.why == "minute"
    assert 1 <= refusal.seconds <= 2
    assert reserve(control, ahead=refusal.seconds + 1) is None
    freed = 0
    while reserve(control, ahead=30) is None:
        freed += 1
    assert 13 <= freed <= 15


def test_connecteam_is_left_alone_for_as_long_as_it_asks(control: ControlDatabase) -> None:
    """The longest of several wishes counts."""
    reserve(control)
    note(control, Said(stays_away=40))
    note(control, Said(stays_away=5))
    refusal = reserve(control)
    assert refusal is not None
    assert refusal.why == "asked"
    assert 35 <= refusal.seconds <= 40
    assert reserve(control, ahead=41) is None


def test_a_call_that_was_not_made_is_given_back(control: ControlDatabase) -> None:
    """And can be made by somebody else."""
    reserve(control)
    note(control, Said(day_left=11, day_limit=100))
    assert reserve(control) is None
    assert reserve(control) is not None
    with control.writing("giving back") as connection:
        Budgets(control.dialect).give_back(connection, "north")
    assert reserve(control) is None
    assert reserve(control) is not None


def test_eight_workers_never_go_over_the_reserve(control: ControlDatabase) -> None:
    """Each with a connection of its own, all at once, and headers noted in between as answers bring them."""
    reserve(control)
    note(control, Said(day_left=200, day_limit=200))
    made: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        mine = ControlDatabase(control.url.render_as_string(hide_password=False))
        while True:
            try:
                if reserve(mine, share=0.25) is not None:
                    break
                with lock:
                    made.append(1)
                    left = 200 - len(made)
                note(mine, Said(day_left=left, day_limit=200))
            except (LockHeld, RowMoved):
                continue
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 145 <= len(made) <= 150
