"""The zone in which the API reads its dates may be any: a shift of the window is always inside what is asked."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest

from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.assertion_counts import tell
from support.scenario import World

ZONES = (
    "Etc/GMT+12",
    "Pacific/Pago_Pago",
    "America/Chicago",
    "UTC",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
"""From UTC-12 to UTC+14; three of them change their clocks."""
NIGHTS = (
    date(2025, 3, 9),
    date(2025, 4, 6),
    date(2025, 9, 28),
    date(2025, 10, 5),
    date(2025, 11, 2),
    date(2025, 12, 2),
)
"""The nights on which one of them does, and one on which none does."""


@pytest.mark.parametrize("business", ZONES)
def test_no_zone_of_the_account_costs_a_shift(tmp_path: Path, business: str) -> None:
    """Shifts at both ends of a day and in its middle, in whichever zone the account reads the dates, by whichever end.

    Three days at once show each day's shifts from its neighbours, too; then each day alone must leave them as they are.
    """
    company, counted = Company(0), Counter[str]()
    company.timezone = business
    user = min(company.people)
    with Sandbox(company, SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/{len(business)}.db", max_deletes=10**6)
        whole = [Window(night - timedelta(days=1), night + timedelta(days=1), business) for night in NIGHTS]
        for day in (Window(night, night, business) for night in NIGHTS):
            for start, length in ((day.start_utc, 600), (day.start_utc + 36_000, 29_000), (day.end_utc - 1, 43_200)):
                company.add(user, start, start + length, created_at=start)
        for account, selects_by in product(ZONES, ("start", "overlap", "end")):
            sandbox.settings.timezone, sandbox.settings.selects_by = account, selects_by  # type: ignore[assignment]
            for night, around in zip(NIGHTS, whole, strict=True):
                assert world.sync(around).status in {"applied", "nothing"}
                run = world.sync(Window(night, night, business))
                assert (run.status, run.exit_code) == ("nothing", 0), (account, selects_by, night)
                assert not world.mirror.holds()
                counted["a day alone takes nothing away"] += 1
        assert world.rows() == company.truth(NIGHTS[0], NIGHTS[-1])
        assert len(world.rows()) == 3 * len(NIGHTS)
        # A database that never saw the neighbours gets every shift from the day's own look.
        for number, account in enumerate(ZONES):
            sandbox.settings.timezone, sandbox.settings.selects_by = account, "start"
            fresh = World(sandbox, f"sqlite:///{tmp_path}/fresh-{number}.db")
            night = NIGHTS[number % len(NIGHTS)]
            assert fresh.sync(Window(night, night, business)).counts.created == 3, (account, night)
            fresh.mirror.close()
        world.mirror.close()
    tell(business, counted)
    assert counted["a day alone takes nothing away"] == len(ZONES) * 3 * len(NIGHTS)


def test_what_may_end_outside_in_some_zone_proves_nothing(tmp_path: Path) -> None:
    """Where the API selects by the end, a shift of a day and a half may be in no answer of its first day: held."""
    company = Company(0)
    company.timezone = "Etc/GMT+12"
    settings = SandboxSettings(minute_limit=10**9, timezone="Pacific/Kiritimati", selects_by="end")
    with Sandbox(company, settings) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/long.db")
        night = Window(NIGHTS[-1], NIGHTS[-1], company.timezone)
        company.add(min(company.people), night.start_utc, night.start_utc + 600)
        long = company.add(min(company.people), night.end_utc - 1, night.end_utc + 34 * 3600)
        world.sync(Window(night.first, night.first + timedelta(days=2), company.timezone))
        before = world.table()
        run = world.sync(night)
        assert (run.status, [hold.reason for hold in run.holds]) == ("nothing", ["window_edge"])
        assert run.holds[0].shift_id == long.id
        assert world.table() == before
        world.mirror.close()
