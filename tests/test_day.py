"""The benchmark of a day: an hour of it, whose table is the company's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def lived(*words: str) -> dict[str, Any]:
    """The figures of some hours of twelve people."""
    command = [sys.executable, "benchmarks/day.py", "--people", "12", "--dry", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_hour_of_the_day_is_right_and_an_ordinary_visit_is_one_call() -> None:
    """Twelve visits of each of two time clocks; the lists are asked for once."""
    found = lived("--hours", "0-1", "--cadence", "300")
    # On a busy machine one more of each falls into the hour: the service's own time goes on while it is served.
    assert found["visits"] in {24, 25, 26}
    assert (found["rows_unequal"], found["hours_compared"]) == (0, 1)
    # Besides, the lists and the first looks at older days, and their proof.
    assert 24 <= found["calls"] <= 26 + 3 * 2 + 15


def test_a_day_with_kills_and_faults_loses_nothing() -> None:
    """The service is killed a dozen times, and answers are wrong; the table is the company's in the end."""
    command = [sys.executable, "benchmarks/month.py", "--people", "6", "--days", "1", "--kills", "12", "--dry"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert (found["rows_unequal"], found["webhooks_lost"], found["kills"]) == (0, 0, 12)
    assert found["faults"] > 10
    assert found["rows_compared"] > 30
    assert found["webhooks"] > 5


def test_with_webhooks_a_change_has_its_row_within_seconds() -> None:
    """Those that come are heard by the service's own address, in the time of the day."""
    found = lived("--hours", "7-9", "--bells", "--loss", "0")
    assert (found["rows_unequal"], found["hours_compared"], found["lost"]) == (0, 2, 0)
    assert found["webhooks"] > 0
    assert 11 <= found["lag_p50_seconds"] <= found["lag_p95_seconds"] <= 30
