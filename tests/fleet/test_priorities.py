"""Who comes first: the turn of an account whose hours somebody may be paying by now."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connecteam_sync.config import load_settings
from connecteam_sync.core.fleet import Priority
from connecteam_sync.core.periods import Period, PeriodState, is_being_paid
from connecteam_sync.core.window import Window
from connecteam_sync.service.turns import TurnRunner
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from support.fleet_accounts import fleet

TODAY = date(2025, 12, 15)


@pytest.mark.parametrize(
    ("last", "state", "expected"),
    [
        (TODAY, "open", False),
        (TODAY - timedelta(days=1), "open", True),
        (TODAY - timedelta(days=1), "review", True),
        (TODAY - timedelta(days=1), "closed", False),
        (TODAY - timedelta(days=7), "open", True),
        (TODAY - timedelta(days=8), "review", False),
    ],
)
def test_a_period_is_settled_in_the_week_after_it(last: date, state: PeriodState, expected: bool) -> None:  # noqa: FBT001
    """Until it is closed; the present one is nobody's yet."""
    period = Period(window=Window(last - timedelta(days=13), last, "UTC"), state=state)
    long_ago = Period(window=Window(date(2025, 1, 1), date(2025, 1, 14), "UTC"))
    assert is_being_paid([long_ago, period], TODAY) is expected


@pytest.mark.parametrize(("ended", "expected"), [(2, Priority.PERIOD), (12, Priority.CADENCE)])
def test_the_next_turn_of_an_account_has_its_priority(tmp_path: Path, ended: int, expected: Priority) -> None:
    """By the pay periods that the account is configured by."""
    anchor = datetime.now(UTC).date() - timedelta(days=ended - 1)
    with fleet(tmp_path, "north") as one:
        text = f'[accounts.north.payroll]\nschedule = "days"\nperiod_days = 28\nanchor = {anchor}\n'
        one.config.write_text(one.config.read_text() + text)
        control = ControlDatabase(f"sqlite:///{tmp_path}/control.db")
        control.init()
        stop = threading.Event()
        runner = TurnRunner(
            control,
            lambda name: load_settings(one.config, one.environment, account=name),
            stop=stop,
            tell=lambda _: None,
            holder="here",
        )
        with control.writing("giving out") as connection:
            turns = Turns(control.dialect)
            turns.enrol(connection, {"north": 1})
            (turn,) = turns.claim(connection, 1, seconds=60)
        assert runner.run(turn.account, turn.slot, str(turn.lease_token))
        with control.writing("looking") as connection:
            (noted,) = turns.all(connection)
        runner.close()
        control.close()
    assert (noted.done, noted.error, Priority(noted.priority)) == (1, None, expected)
