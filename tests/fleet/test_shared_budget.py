"""The account's budget as a client of Connecteam asks it: what is refused is never sent."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2
import pytest
import time_machine
from sqlalchemy import event, select

from connecteam_sync import BudgetSpent, ConnecteamSync, Unavailable
from connecteam_sync.api.limits import Limits
from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.service.budget import AccountBudget
from connecteam_sync.store.control.budgets import Budgets, Known, Said
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.schema import BUDGETS


def client(sandbox: Sandbox, control: ControlDatabase, folder: Path, *, at: str | None = None) -> ConnecteamSync:
    """One of several that share the account's calls; it asks the sandbox, or whoever is `at` that address."""
    settings = Settings(
        timezone=sandbox.company.timezone, database_url=f"sqlite:///{folder}/mirror.db", base_url=at or sandbox.url
    )
    made = ConnecteamSync("sandbox-key", settings=settings)
    made.budget = AccountBudget(control, "north")
    return made


@pytest.fixture
def control(tmp_path: Path) -> ControlDatabase:
    """A control database."""
    made = ControlDatabase(f"sqlite:///{tmp_path}/control.db")
    made.init()
    return made


def note(control: ControlDatabase, said: Said) -> None:
    """What another worker heard."""
    with control.writing("noting") as connection:
        budgets = Budgets(control.dialect)
        assert budgets.reserve(connection, "north", reserve_share=0.0) is None
        budgets.note(connection, "north", said)


def test_what_another_worker_has_used_up_is_not_asked(tmp_path: Path, control: ControlDatabase) -> None:
    """Neither the day's nor the minute's calls; the refusal says for how long."""
    with Sandbox(Company(4)) as sandbox, client(sandbox, control, tmp_path) as mirror:
        note(control, Said(day_left=10, day_limit=100))
        with pytest.raises(BudgetSpent, match="10 of the account's 100 calls"):
            mirror.mirrored_clocks()
        assert sandbox.calls == 0
        assert isinstance(mirror.budget, AccountBudget)
        assert mirror.budget.refused_for > 0


def test_connecteams_wish_to_slow_down_holds_for_all(tmp_path: Path, control: ControlDatabase, few_tries: None) -> None:
    """One worker was told to wait: no other asks meanwhile."""
    del few_tries
    with Sandbox(Company(4)) as sandbox, client(sandbox, control, tmp_path) as mirror:
        note(control, Said(stays_away=50))
        with pytest.raises(Unavailable, match="slow down"):
            mirror.mirrored_clocks()
        assert sandbox.calls == 0


def test_what_an_answer_says_is_known_to_all(tmp_path: Path, control: ControlDatabase) -> None:
    """The calls that are left, after each answer."""
    with Sandbox(Company(4)) as sandbox, client(sandbox, control, tmp_path) as mirror:
        mirror.mirrored_clocks()
        assert sandbox.calls >= 1
        with control.writing("looking") as connection:
            left, limit = Budgets(control.dialect).left(connection)["north"]
        assert 0 < left < limit


def test_an_answer_is_noted_only_if_it_is_news(tmp_path: Path, control: ControlDatabase) -> None:
    """What taking a call has written already is not written again; what others asked for besides is."""

    def written() -> int:
        said.clear()
        mirror.forget_time_clocks()
        mirror.mirrored_clocks()
        return len(said)

    def left() -> int:
        with control.writing("looking") as connection:
            return Budgets(control.dialect).left(connection)["north"][0]

    said: list[str] = []
    with (
        Sandbox(Company(4)) as sandbox,
        client(sandbox, control, tmp_path) as mirror,
        client(sandbox, control, tmp_path) as other,
    ):
        other.budget = None
        mirror.mirrored_clocks()
        event.listen(control._engine, "before_cursor_execute", lambda _c, _k, text, *_: said.append(text))
        calls = sandbox.calls
        assert written()
        assert sandbox.calls == calls + 1
        assert [text.split()[0] for text in said if "_budgets" in text] == ["UPDATE", "SELECT"]
        before = left()
        for _ in range(3):
            other.forget_time_clocks()
            other.mirrored_clocks()
        assert left() == before
        assert written()
        assert [text.split()[0] for text in said if "_budgets" in text] == ["UPDATE", "SELECT", "UPDATE"]
        assert left() == before - 4


def test_each_further_answer_of_one_call_is_noted(control: ControlDatabase) -> None:
    """Connecteam hands out a token first, and says something else there: what it says last counts, as always."""

    def interval() -> int:
        with control.writing("looking") as connection:
            return int(connection.execute(select(BUDGETS.c.interval_ms)).scalar_one())

    def say(limit: int) -> None:
        headers = {"x-ratelimit-minute-limit": str(limit), "x-ratelimit-minute-remaining": "9"}
        limits.note(httpx2.Headers(headers))
        budget.note(limits, None)

    note(control, Said(day_left=50, day_limit=100, minute_limit=100))
    budget, limits = AccountBudget(control, "north"), Limits()
    budget.reserve(0.0)
    say(10)
    assert interval() == 6000
    say(100)
    assert interval() == 600


KNOWN = Known(day_left=50, day_limit=100, day_ends_in=4000, interval_ms=600)


@pytest.mark.parametrize(
    ("said", "is_news"),
    [
        (Said(), False),
        (Said(day_left=50, day_limit=100, day_ends_in=4000, minute_limit=100), False),
        (Said(day_left=60, day_ends_in=3990), False),
        (Said(day_left=60, day_ends_in=4060), False),
        (Said(day_left=60, day_ends_in=3939), True),
        (Said(day_left=60, day_ends_in=4061), True),
        (Said(day_left=49, day_ends_in=4000), True),
        (Said(day_left=60, day_ends_in=4000 + 86_400), True),
        (Said(day_left=60, day_ends_in=4000 - 86_400), True),
        (Said(day_left=50), True),
        (Said(day_limit=99), True),
        (Said(minute_limit=99), True),
        (Said(stays_away=1), True),
    ],
)
def test_what_is_news(said: Said, *, is_news: bool) -> None:
    """Fewer calls, another day or limit, a wish to wait; more calls of the same day are none."""
    assert said.is_news(KNOWN) is is_news
    assert said.is_news(KNOWN._replace(day_left=None)) is (is_news or said.day_left is not None)


@pytest.mark.parametrize("wrong", [7200, -7200])
def test_a_worker_whose_clock_is_off_does_not_move_the_end_of_the_day(
    wrong: int, tmp_path: Path, control: ControlDatabase
) -> None:
    """Connecteam's day ends for all workers when it ends by the control database's clock."""
    midnight = -(-int(time.time()) // 86_400) * 86_400
    with (
        time_machine.travel(time.time() + wrong, tick=True),
        Sandbox(Company(4), SandboxSettings(clock_ahead=-wrong)) as sandbox,
        client(sandbox, control, tmp_path) as mirror,
    ):
        mirror.mirrored_clocks()
        with control.writing("looking") as connection:
            ends = connection.execute(select(BUDGETS.c.day_ends)).scalar_one()
    assert abs(ends - midnight) <= 5


def left(control: ControlDatabase) -> int:
    """What the account may still ask today, as all workers see it."""
    with control.writing("looking") as connection:
        return Budgets(control.dialect).left(connection)["north"][0]


def test_a_call_that_never_left_is_given_back(tmp_path: Path, control: ControlDatabase, few_tries: None) -> None:
    """Nobody listens there: an hour without a network costs the account none of the day's calls."""
    del few_tries
    nowhere = "http://127.0.0.1:9"
    with Sandbox(Company(4)) as sandbox, client(sandbox, control, tmp_path, at=nowhere) as mirror:
        note(control, Said(day_left=5000, day_limit=10_000))
        with pytest.raises(Unavailable, match="cannot be reached"):
            mirror.mirrored_clocks()
        assert left(control) == 5000


@pytest.mark.parametrize("fault", ["dropped", "unavailable"])
def test_a_call_that_may_have_arrived_counts(
    tmp_path: Path, control: ControlDatabase, few_tries: None, fault: str
) -> None:
    """Connecteam broke off, or said that it has trouble: each try is one call fewer, as it is there."""
    del few_tries
    with Sandbox(Company(4)) as sandbox, client(sandbox, control, tmp_path) as mirror:
        note(control, Said(day_left=5000, day_limit=10_000))
        sandbox.faults.add(fault, times=2)
        with pytest.raises(Unavailable):
            mirror.mirrored_clocks()
        assert sandbox.calls == 2
        assert left(control) == 4998
