"""A sandbox that lives: the same for the same seed, in real or fast time, and a mirror of it is right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import CLOSED, Activity
from connecteam_sync.sandbox.life import Life, go_on, living

FIRST, LAST = date(2025, 10, 20), date(2025, 11, 9)
"""Three weeks with the end of summer time in them."""


def lived(*, steps: int = 1) -> Company:
    """A company after three weeks, in so many steps."""
    company = Company(0, people=40, clocks=3)
    life = Life(company, FIRST)
    begin = company.at(FIRST, "00:00")
    end = company.at(LAST, "23:59")
    for step in range(1, steps + 1):
        life.advance(begin + (end - begin) * step // steps)
    return company


def fields(company: Company) -> dict[str, Activity]:
    """All activities by id."""
    return company.activities


def test_the_same_seed_is_the_same_company() -> None:
    """Whatever the steps in which time passes; another seed is another company."""
    whole = lived()
    assert len(whole.shifts()) > 400
    assert fields(lived(steps=997)) == fields(whole)
    other = Company(0, people=40, clocks=3)
    Life(other, FIRST, seed=8).advance(other.at(LAST, "23:59"))
    assert {a.start for a in other.shifts()} != {a.start for a in whole.shifts()}


def test_all_that_happens_in_companies_happens() -> None:
    """Breaks of both layouts, additions by hand, automatic and late clock-outs, corrections, deletions, new ids."""
    company = Company(0, people=150, clocks=3)
    life = Life(company, FIRST)
    seen: dict[str, Activity] = {}
    open_for: Counter[str] = Counter()
    gone: set[str] = set()
    for hour in range(21 * 24):
        life.advance(company.at(FIRST, "00:00") + hour * 3600)
        gone |= seen.keys() - company.activities.keys()
        seen |= company.activities
        open_for.update(a.id for a in company.activities.values() if a.end is None)
    shifts = [a for a in seen.values() if a.kind == "shift"]
    assert any(a.kind == "manual_break" for a in seen.values())
    assert any(a.is_auto_clock_out for a in shifts)
    assert any(a.created_at > (a.end or a.start) for a in shifts), "added by hand"
    assert any(a.modified_at for a in shifts), "corrected"
    assert any(
        open_for[a.id] * 3600 > a.end - a.start + 2 * 3600 for a in shifts if a.end and not a.is_auto_clock_out
    ), "clocked out late"
    assert gone
    ended = {(a.user_id, a.end) for a in shifts}
    pauses = [a for a in seen.values() if a.kind == "manual_break"]
    split = [(a.user_id, a.start) in ended for a in pauses]
    assert any(split)
    assert not all(split)
    assert {a.clock_id for a in shifts} == {c.id for c in company.clocks.values() if c.id != CLOSED}


def test_what_was_deleted_from_outside_stays_so() -> None:
    """Life goes on around it."""
    company = Company(0, people=40)
    life = Life(company, FIRST)
    life.advance(company.at(FIRST, "09:00"))
    begun = [a.id for a in company.shifts()]
    assert begun
    for shift_id in begun:
        company.delete(shift_id)
    company.unassign(8_000_000)
    company.archive(8_000_037)
    life.advance(company.at(FIRST + timedelta(days=9), "00:00"))
    assert not company.activities.keys() & set(begun)
    later = {a.user_id for a in company.shifts(FIRST + timedelta(days=1))}
    assert later
    assert not later & {8_000_000, 8_000_037}


def test_time_that_is_set_is_lived_at_once() -> None:
    """At speed 0 the company stands still until it is told what time it is."""
    company = Company(0, people=20)
    life = living(company, FIRST, FIRST)
    go_on(company, FIRST, 0)
    with Sandbox(company, life=life) as sandbox:
        before = len(company.activities)
        headers = {"x-api-key": sandbox.key}
        url = f"{sandbox.url}/sandbox/time"
        httpx2.post(url, json={"now": "2025-10-24"}, headers=headers, trust_env=False).raise_for_status()
        assert len(company.activities) > before
    assert fields(company) == fields(_steady(20, "2025-10-24"))


def _steady(people: int, day: str) -> Company:
    company = Company(0, people=people)
    Life(company, FIRST).advance(company.at(date.fromisoformat(day), "00:00"))
    return company


@contextmanager
def command(*options: str) -> Iterator[dict[str, Any]]:
    """The command, served until the end of the block; what it said."""
    line = [sys.executable, "-m", "connecteam_sync", "sandbox", "--port", "0", "--json", *options]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def state(said: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """What the control address says of the company."""
    headers = {"x-api-key": said["key"]}
    return httpx2.get(f"{said['url']}/sandbox", headers=headers, trust_env=False).json()


def test_the_command_serves_a_company_that_goes_on() -> None:
    """In fast time from the end of `--to`; of as many people and time clocks as asked for, with its own id."""
    options = "--from 2025-10-20 --to 2025-10-24 --people 30 --clocks 4 --seed 3 --live --speed 50000 --company-id 77"
    with command(*options.split()) as said:
        first, calls = state(said), 0
        while (found := state(said))["activities"] <= first["activities"]:
            calls += 1
            assert calls < 3000
        assert found["now"] > first["now"] > 1761300000
        assert len(found["people"]) == 30
        assert len({clock for person in found["people"] for clock in person["clocks"]}) == 4
        me = httpx2.get(f"{said['url']}/me", headers={"x-api-key": said["key"]}, trust_env=False).json()
        assert me["data"]["companyId"] == "77"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--speed 2", "add --live"),
        ("--shifts 5 --live", "instead"),
        ("--from 2025-10-20 --to 2025-10-19", "other days"),
    ],
)
def test_options_that_do_not_go_together(options: str, says: str) -> None:
    """Are refused before anything is served."""
    line = [sys.executable, "-m", "connecteam_sync", "sandbox", "--port", "0", *options.split()]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own command
    assert done.returncode == 2
    assert re.search(says, done.stderr + done.stdout)
