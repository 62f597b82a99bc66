"""The second independent check: Connecteam's own totals against the punches."""

from __future__ import annotations

from datetime import date

from test_plan import ANA, MORNING, WINDOW

from connecteam_sync.core.verify import differing_totals


def test_totals_may_be_off_by_a_minute_a_shift_and_no_more() -> None:
    """Hours with two decimals round; an automatic break does not."""
    day = date(2025, 12, 2)
    for minutes, differs in ((240, False), (241, False), (239, False), (242, True), (210, True)):
        found = differing_totals(WINDOW, [MORNING], [(ANA, day, minutes)], names={ANA: "Ana"})
        assert [(d.name, d.minutes, d.minutes_upstream) for d in found] == ([("Ana", 240, minutes)] if differs else [])


def test_totals_of_other_days_are_of_no_concern() -> None:
    """Nor are people without a shift and without a total."""
    assert differing_totals(WINDOW, [], [(ANA, date(2025, 12, 30), 60)], names={}) == ()
