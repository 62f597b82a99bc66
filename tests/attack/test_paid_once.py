"""Hours that slip out of every pay period, or into two, while each checklist is well; and certificates of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.payroll_settings import PaySchedule, TimeStampSettings
from connecteam_sync.core.period_check import Obstacle
from connecteam_sync.errors import ExportRefused, PeriodRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.certified import key_in
from support.scenario import World
from support.stamp_authority import stamp_authority

FIRST, SECOND, THIRD = "2025-12-01..2025-12-03", "2025-12-04..2025-12-06", "2025-12-07..2025-12-09"
THREE_DAYS = PaySchedule(schedule="days", period_days=3, anchor=date(2025, 12, 1))


@pytest.fixture
def world(initialised: str, tmp_path: Path) -> Iterator[World]:
    """An empty company, an initialised database, and a key."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, certificate_key=str(key_in(tmp_path)))
        yield made
        made.mirror.close()


def obstacles(world: World, period: str) -> dict[str, Obstacle]:
    """What stands in the way of closing a period."""
    checked = world.mirror.payroll.check(period).checked
    assert checked is not None
    return {one.name: one for one in checked.obstacles}


def exported(world: World, period: str, file: Path) -> list[tuple[str, int]]:
    """Day and minutes of each line of a period's file."""
    world.mirror.payroll.export(period, "csv", file, again="once more" if file.stem.startswith("again") else None)
    with file.open(encoding="utf-8", newline="") as opened:
        return [(line["first_day"], int(line["minutes"])) for line in csv.DictReader(opened)]


def corrected(world: World) -> None:
    """A shift of a closed period is half an hour longer than its row."""
    shift = world.work(2, "08:00", "16:00")
    world.work(5, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(FIRST, by="Pia")
    world.company.edit(shift.id, end=(shift.end or 0) + 1800)
    world.sync()


def test_a_correction_of_the_wrong_year_is_named_until_it_is_paid(world: World, tmp_path: Path) -> None:
    """It was accepted into a period that nobody will close; in the right one it is no obstacle, and is paid."""
    corrected(world)
    payroll, wrong = world.mirror.payroll, "2024-12-04..2024-12-06"
    payroll.accept_corrections([1], into=wrong, by="Pia")
    found = obstacles(world, SECOND)
    assert found.keys() == {"correction_unpaid"}
    assert f"(+0:30 hours) accepted into a period before this one that is not closed ({wrong})" in (
        found["correction_unpaid"].message
    )
    assert f"periods close {wrong}" in found["correction_unpaid"].next_step
    with pytest.raises(PeriodRefused):
        payroll.close(SECOND, by="Pia")
    payroll.accept_corrections([1], into=SECOND, by="Pia")
    assert obstacles(world, SECOND) == {}
    payroll.close(SECOND, by="Pia")
    assert exported(world, SECOND, tmp_path / "second.csv") == [("2025-12-05", 480), ("2025-12-02", 30)]
    payroll.reopen(SECOND, reason="a look", by="Pia")
    assert obstacles(world, THIRD) == {}, "an export has carried it"


def test_a_correction_of_a_closed_period_is_no_obstacle(world: World) -> None:
    """Whoever pays by certificates exports nothing."""
    corrected(world)
    world.mirror.payroll.accept_corrections([1], into=SECOND, by="Pia")
    assert obstacles(world, THIRD).keys() == {"correction_unpaid"}
    world.mirror.payroll.close(SECOND, by="Pia")
    assert obstacles(world, THIRD) == {}


def test_a_day_that_a_mistyped_period_leaves_behind_is_named(world: World) -> None:
    """`--into` makes a period of two days of which the schedule has three: its first day names the short one then."""
    world.mirror.settings = msgspec.structs.replace(world.mirror.settings, pay_schedule=THREE_DAYS)
    corrected(world)
    world.work(6, "08:00", "15:00")
    world.sync()
    payroll = world.mirror.payroll
    payroll.accept_corrections([1], into="2025-12-04..2025-12-05", by="Pia")
    payroll.close("2025-12-04", by="Pia")
    found = obstacles(world, "2025-12-07")
    assert found.keys() == {"hours_between_periods"}
    assert "1 row (7:00 hours) of Sat 6 Dec 2025 lie in no period" in (found["hours_between_periods"].message)
    payroll.close("2025-12-06..2025-12-06", by="Pia")
    assert obstacles(world, "2025-12-07") == {}


def moved(world: World, timezone: str) -> None:
    """The business's days are those of another time zone from now on."""
    world.mirror.close()
    settings = msgspec.structs.replace(world.mirror.settings, timezone=timezone)
    world.mirror = ConnecteamSync(world.sandbox.key, settings=settings)
    world.mirror.accept_account(world.mirror.proposed_account(["timezone"]), by="Pia")
    world.window = world.mirror.window(world.window.first, world.window.last)
    world.sync()


def test_hours_at_the_border_of_two_zones_are_exported_once(world: World, tmp_path: Path) -> None:
    """To the east a new day begins before the old one ends: what one file has, the other has not, also once more."""
    world.work(3, "19:00", "23:00")
    world.work(6, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(FIRST, by="Pia")
    assert exported(world, FIRST, tmp_path / "first.csv") == [("2025-12-03", 240)]
    moved(world, "Europe/Paris")
    found = obstacles(world, SECOND)
    assert found.keys() == {"hours_between_periods"}
    assert "1 row (4:00 hours) of Thu 4 Dec 2025, 00:00 to 07:00 lie in 2025-12-01..2025-12-03" in (
        found["hours_between_periods"].message
    )
    world.mirror.payroll.close(SECOND, by="Pia", anyway="the file of the first has them")
    assert exported(world, SECOND, tmp_path / "second.csv") == [("2025-12-06", 480)]
    assert exported(world, SECOND, tmp_path / "again2.csv") == [("2025-12-06", 480)]
    assert exported(world, FIRST, tmp_path / "again1.csv") == [("2025-12-03", 240)]


def test_hours_between_two_zones_are_named(world: World) -> None:
    """To the west the new day begins after the old one has ended: what lies between them is in no period."""
    world.work(5, "08:00", "16:00")
    between = world.work(3, "22:30", "23:30")
    world.sync()
    world.mirror.payroll.close(FIRST, by="Pia")
    moved(world, "America/Los_Angeles")
    assert obstacles(world, SECOND) == {}
    world.company.add(world.user, between.start + 7200, between.start + 9000, created_at=between.start)
    world.sync()
    found = obstacles(world, SECOND)
    assert found.keys() == {"hours_between_periods"}
    assert "1 row (0:30 hours) of Wed 3 Dec 2025, 22:00 to 00:00 (Thu 4 Dec) lie in no period" in (
        found["hours_between_periods"].message
    )


def test_a_certificate_gives_no_verdict_on_minutes_that_the_closing_did_not_see(world: World, tmp_path: Path) -> None:
    """Somebody writes other minutes into the table between closing and certifying: they were equal to nothing."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(FIRST, by="Pia")
    world.execute("UPDATE clock_times SET total_minutes = 600")
    world.mirror.payroll.certify(FIRST, out=tmp_path / "proof", by="Pia")
    [person] = json.loads((tmp_path / "proof" / "certificate.json").read_text())["people"]
    assert (person["minutes"], person["minutes_activities"]) == (600, 480)
    assert person["verdict"] == "changed since closing"


def test_an_open_shift_of_a_closed_period_says_how_its_person_is_exported(world: World, tmp_path: Path) -> None:
    """A correction has its clock-out, the row stays open: unless the period is opened the rest is never exported."""
    world.work(1, "08:00", "16:00")
    forgotten = world.work(2, "08:00", None)
    world.sync()
    payroll = world.mirror.payroll
    payroll.close(FIRST, by="Pia", anyway="the bank waits")
    payroll.export(FIRST, "csv", tmp_path / "first.csv", without_blocked=True)
    world.company.edit(forgotten.id, end=forgotten.start + 4 * 3600)
    world.sync()
    with pytest.raises(ExportRefused) as refused:
        payroll.export(FIRST, "csv", tmp_path / "again.csv", again="she was left out")
    assert "periods reopen 2025-12-01 --reason R, sync, periods close 2025-12-01" in refused.value.next_step
    payroll.reopen(FIRST, reason="she was left out")
    world.sync()
    payroll.close(FIRST, by="Pia")
    assert exported(world, FIRST, tmp_path / "again.csv") == [("2025-12-01", 480), ("2025-12-02", 240)]
    assert [one.state for one in payroll.corrections()] == ["cancelled"]


class Interrupting(list[bytes]):
    """The requests that an authority was asked; with the first something else happens before it answers."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def append(self, request: bytes) -> None:
        """As ever, and with the first request what is to happen."""
        super().append(request)
        if len(self) == 1:
            self._act()


def test_a_period_closed_again_while_it_is_certified_is_read_again(world: World, tmp_path: Path) -> None:
    """Between the look at it and the note of its certificate it was opened, written and closed: that is what counts."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(FIRST, by="Pia")

    def meanwhile() -> None:
        with ConnecteamSync(world.sandbox.key, settings=world.mirror.settings) as other:
            other.payroll.reopen(FIRST, reason="a mistake", by="Ana")
            world.company.edit(shift.id, end=(shift.end or 0) + 1800)
            other.sync(world.window)
            other.payroll.close(FIRST, by="Ana")

    with stamp_authority(tmp_path / "authority") as authority:
        stamps = TimeStampSettings(time_stamp_url=authority.url, time_stamp_ca=str(authority.root))
        world.mirror.close()
        world.mirror = ConnecteamSync(
            world.sandbox.key, settings=msgspec.structs.replace(world.mirror.settings, time_stamps=stamps)
        )
        authority.asked = Interrupting(meanwhile)
        world.mirror.payroll.certify(FIRST, out=tmp_path / "proof", by="Pia")
        assert len(authority.asked) == 2
    certificate = tmp_path / "proof" / "certificate.json"
    assert json.loads(certificate.read_text())["totals"]["minutes"] == 510
    assert world.mirror.payroll.verify_certificate(certificate, table=True).differences == ()
