"""A quarter of six pay periods with late edits: the exports add up to what Connecteam says, to the minute."""

from __future__ import annotations

import pytest
from quarter import PERIODS, measured


@pytest.mark.parametrize("seed", [1, 2])
def test_the_exports_of_a_quarter_are_what_connecteam_says(database: str, seed: int) -> None:
    """Six periods of eight people, closed, exported and edited late, and one that takes the last corrections."""
    found = measured(database, people=8, share=0.08, seed=seed)
    assert found.people_unequal == {}
    assert found.exported_minutes == found.connecteam_minutes > 100_000
    assert found.people_compared == 8
    assert len(found.periods) == PERIODS + 1
    assert all(period.corrections for period in found.periods[1:])
    assert found.corrections["accepted"] > found.late_edits > 20
    assert found.corrections.keys() <= {"accepted", "cancelled"}
    assert found.counter_entries > 0


def test_nor_is_a_minute_lost_where_periods_are_opened_and_exported_again(database: str) -> None:
    """After each payday a third of the exported periods is opened, written, closed and exported again."""
    found = measured(database, people=6, share=0.15, seed=3, reopens=0.35)
    assert found.people_unequal == {}
    assert found.exported_minutes == found.connecteam_minutes > 100_000
    assert found.counter_entries > 0
