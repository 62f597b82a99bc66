"""Two persons for a pay period, opening one again, and what happens while one is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from connecteam_sync.engine import period_check
from connecteam_sync.engine.period_check import PeriodChecker
from connecteam_sync.engine.verify import verification_of
from connecteam_sync.errors import ConfigurationError, PeriodRefused
from support.scenario import World
from test_periods import WEEKLY, P, names, obstacle, refused, scheduled, world

__all__ = ["world"]


def test_where_two_persons_are_wanted_one_reviews_and_another_closes(world: World) -> None:
    """No reason puts that aside; rows that were written since have to be seen, too."""
    scheduled(world, msgspec.structs.replace(WEEKLY, two_persons=True))
    payroll, week = world.mirror.payroll, "2025-12-01"
    assert names(payroll.check(week, by="Pia")) == ["not_reviewed"]
    error = refused(world, week, by="Pia", anyway="alone today")
    assert "--anyway" not in error.next_step
    reviewed = payroll.review(week, by="Pia")
    assert (reviewed.period.state, reviewed.newly, reviewed.exit_code) == ("review", True, 0)
    missing = obstacle(payroll.check(week, by="pia"), "not_reviewed")
    assert "somebody else has to close it" in missing.message
    assert missing.next_step == f"another person runs: connecteam-sync periods close {P}"
    refused(world, week, by="PIA")
    world.work(2, "08:00", "16:00")
    world.sync()
    assert "rows of its days were written since Pia" in obstacle(payroll.check(week, by="Olaf"), "not_reviewed").message
    payroll.review(week, by="Pia")
    assert payroll.close(week, by="Olaf").period.state == "closed"
    assert [event.kind for event in payroll.history(week)] == ["close", "review", "review"]


def test_reviewing_shows_the_obstacles_and_does_not_mind_them(world: World) -> None:
    """Who closes decides about them."""
    world.work(2, "08:00", None)
    world.sync()
    report = world.mirror.payroll.review(P, by="Pia")
    assert (names(report), report.exit_code) == (["open_shift"], 0)
    assert world.mirror.payroll.check(P).exit_code == 4
    assert world.mirror.payroll.period(P).state == "review"


def test_a_closed_period_is_opened_with_a_reason(world: World) -> None:
    """Nothing of the closing is forgotten; an open one cannot be opened, nor a closed one reviewed."""
    world.mirror.payroll.close(P, by="Pia")
    with pytest.raises(ConfigurationError, match="the reason is missing"):
        world.mirror.payroll.reopen(P, reason="")
    with pytest.raises(PeriodRefused, match="is closed, and cannot be reviewed"):
        world.mirror.payroll.review(P)
    done = world.mirror.payroll.reopen(P, reason="Ana's night", by="Olaf")
    assert (done.period.state, done.newly) == ("open", True)
    assert [(e.kind, e.by, e.reason) for e in world.mirror.payroll.history(P)] == [
        ("reopen", "Olaf", "Ana's night"),
        ("close", "Pia", ""),
    ]
    kept = world.mirror.payroll.newest_check(P)
    assert kept is not None
    assert kept.kind == "close"
    with pytest.raises(PeriodRefused, match="is not closed") as error:
        world.mirror.payroll.reopen(P, reason="again")
    assert error.value.exit_code == 4
    assert world.mirror.payroll.close(P).newly


def test_what_a_run_writes_while_a_period_is_looked_at_is_looked_at_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the checklist and the closing another run writes a row: the checklist is made again."""
    world.work(2, "08:00", "16:00")
    world.sync()
    looks: list[int] = []
    verify = verification_of

    def verifying(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on as they came
        found = verify(*args, **more)
        looks.append(found.shifts)
        if len(looks) == 1:
            world.work(3, "08:00", "12:00")
            world.sync()
        return found

    monkeypatch.setattr(period_check, "verification_of", verifying)
    done = world.mirror.payroll.close(P)
    assert looks == [1, 2]
    assert done.checked is not None
    assert done.checked.totals[0].minutes_table == 720


def after_the_first_checklist(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[str]:
    """Others act once a checklist is made, before anything is noted; the list has a word for each checklist."""
    made: list[str] = []
    check = PeriodChecker.check

    def checking(self: PeriodChecker, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on as they came
        found = check(self, *args, **more)
        made.append("checked")
        if len(made) == 1:
            act()
        return found

    monkeypatch.setattr(PeriodChecker, "check", checking)
    return made


def test_what_is_written_after_the_checklist_makes_another_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Just before the closing is noted: nobody closes what no checklist has seen."""
    world.work(2, "08:00", "16:00")
    world.sync()

    def a_run() -> None:
        world.work(3, "08:00", "12:00")
        world.sync()

    made = after_the_first_checklist(monkeypatch, a_run)
    done = world.mirror.payroll.close(P)
    assert made == ["checked"] * 2
    assert done.checked is not None
    assert [total.minutes_table for total in done.checked.totals] == [720]


def test_another_hold_after_the_checklist_makes_another_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One goes and one comes, and no row is written: there are as many as before, and other ones."""
    first, second = world.work(2, "08:00", "16:00"), world.work(3, "08:00", "16:00")
    [twice] = world.company.duplicate(first.id)
    world.sync()

    def a_run() -> None:
        world.company.delete(twice.id)
        world.company.duplicate(second.id)
        world.sync()
        assert len(world.mirror.holds()) == 1

    made = after_the_first_checklist(monkeypatch, a_run)
    done = world.mirror.payroll.close(P, anyway="known")
    assert made == ["checked"] * 2
    assert done.period.state == "closed"


def test_a_period_that_comes_to_share_days_after_the_checklist_is_in_the_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else reviews other days meanwhile: two periods on record never share one."""
    other = "2025-12-07..2025-12-09"
    after_the_first_checklist(monkeypatch, lambda: world.mirror.payroll.review(other, by="Olaf"))
    with pytest.raises(PeriodRefused, match=f"overlaps 1 period on record: {other}"):
        world.mirror.payroll.close(P)
    on_record = [one for one in world.mirror.payroll.periods() if one.event is not None]
    assert [(str(one.window), one.state) for one in on_record] == [(other, "review")]


def test_a_checklist_is_kept_for_whoever_looks_later(world: World) -> None:
    """With its counts; of the table nothing is written."""
    world.work(2, "08:00", "16:00")
    world.sync()
    before = world.everything()
    assert world.mirror.payroll.newest_check(P) is None
    report = world.mirror.payroll.check(P, by="Pia")
    assert world.everything() == before
    kept = world.mirror.payroll.newest_check(P)
    assert kept is not None
    assert (kept.kind, kept.by, kept.checked) == ("check", "Pia", report.checked)
    assert world.mirror.payroll.period(P).state == "open"
    assert world.mirror.payroll.history(P) == ()
