"""What a checklist reads of the days of a period: which of them count, and by whose days."""

from __future__ import annotations

from datetime import date

from connecteam_sync.core.window import Window
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.store.payroll import period_facts
from support.scenario import World
from test_periods import P, obstacle, world

__all__ = ["world"]


def test_a_timesheet_that_was_read_in_another_zone_is_none(world: World) -> None:
    """Its days are others: what a verification read of Chicago's is no count of Tokyo's."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.verify(world.window)
    with world.mirror.store.reading() as session:
        here, there = (
            period_facts.seen(session, Window(date(2025, 12, 1), date(2025, 12, 7), zone)).totals
            for zone in ("America/Chicago", "Asia/Tokyo")
        )
    assert [total.minutes for total in here[WAREHOUSE] if total.minutes] == [480]
    assert there == {}


def test_corrections_of_the_first_and_the_last_day_are_in_the_way(world: World) -> None:
    """Of the days of a period and of all before it; those of later days are not."""
    for day in (1, 7):
        world.work(day, "08:00", "16:00")
    world.sync()
    for day in (1, 7):
        world.lock(date(2025, 12, day))
    for shift in world.company.shifts():
        world.company.edit(shift.id, end=(shift.end or 0) + 1800)
    world.sync()

    def undecided(days: str) -> str:
        return obstacle(world.mirror.payroll.check(days), "correction_undecided").message

    assert undecided(P).startswith("2 corrections of this period (+1:00 hours)")
    assert undecided("2025-12-01..2025-12-06").startswith("1 correction of this period (+0:30 hours)")
    apart = "1 correction of earlier days and 1 correction of this period (+1:00 hours)"
    assert undecided("2025-12-07..2025-12-07").startswith(apart)
    assert undecided("2025-12-08..2025-12-08").startswith("2 corrections of earlier days (+1:00 hours)")
