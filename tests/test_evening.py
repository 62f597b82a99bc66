"""The evening of payroll, from the first check to the certificate and a year later, as the how-to has it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connecteam_sync.core.run import Run
from connecteam_sync.errors import CorrectionRefused, ExportRefused, PeriodRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import Activity
from support.certified import key_in, stock
from support.scenario import World

FIRST, SECOND, THIRD = "2025-12-01..2025-12-03", "2025-12-04..2025-12-06", "2025-12-07..2025-12-09"
HALF_AN_HOUR = 1800


@pytest.fixture
def world(initialised: str, tmp_path: Path) -> Iterator[World]:
    """An empty company, an initialised database, and a key."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, employees="match", certificate_key=str(key_in(tmp_path)))
        yield made
        made.mirror.close()


def longer(world: World, shift: Activity, seconds: int) -> Run:
    """A manager moves the end of a shift; a run sees it."""
    now = next(one for one in world.company.shifts() if one.id == shift.id)
    world.company.edit(shift.id, end=(now.end or 0) + seconds)
    return world.sync()


def lines(path: Path) -> list[tuple[str, int, str]]:
    """Day, minutes and what is corrected, of each line of a file."""
    with path.open(encoding="utf-8", newline="") as opened:
        return [(line["first_day"], int(line["minutes"]), line["correction_of"]) for line in csv.DictReader(opened)]


def hired(world: World, name: str, user: int) -> None:
    """The company enters somebody into its table of people."""
    world.execute(
        "INSERT INTO employees (name, email, connecteam_user_id) VALUES (:name, NULL, :user)", name=name, user=str(user)
    )


def checked_and_closed(world: World) -> Activity:
    """What stands in the way is named, each with its cure, and cured; then the period is closed. Tuesday's shift."""
    payroll = world.mirror.payroll
    stranger = sorted(world.company.people)[1]
    tuesday, forgotten = world.work(2, "08:00", "16:00"), world.work(3, "08:00", None)
    world.work(2, "09:00", "12:00", user=stranger)
    world.work(5, "08:00", "16:00")
    world.sync()
    with pytest.raises(PeriodRefused) as refused:
        payroll.close(FIRST, by="Pia")
    report = payroll.check(FIRST)
    assert refused.value.exit_code == report.exit_code == 4
    assert report.checked is not None
    obstacles = {one.name: one for one in report.checked.obstacles}
    assert {"unmapped_user", "open_shift"} <= obstacles.keys()
    assert "connecteam-sync employees" in obstacles["unmapped_user"].next_step
    hired(world, "Ben Okoro", stranger)
    world.company.edit(forgotten.id, end=forgotten.start + 4 * 3600)
    world.sync()
    done = payroll.close(FIRST, by="Pia")
    assert (done.period.state, done.exit_code) == ("closed", 0)
    assert done.checked is not None
    assert sum(total.minutes_table for total in done.checked.totals) == 480 + 240 + 180
    return tuesday


def corrected(world: World, tuesday: Activity) -> None:
    """A manager corrects the clock-out and takes that back, and the table does not move; then it is accepted."""
    payroll, before = world.mirror.payroll, world.table()
    longer(world, tuesday, HALF_AN_HOUR)
    assert world.table() == before
    [found] = payroll.corrections(state="pending")
    assert (found.day, found.delta) == (date(2025, 12, 2), 30)
    with pytest.raises(CorrectionRefused, match="is closed"):
        payroll.accept_corrections([found.number], into=FIRST, by="Pia")
    payroll.accept_corrections([found.number], into=SECOND, by="Pia")
    longer(world, tuesday, -HALF_AN_HOUR)
    assert [one.state for one in payroll.corrections()] == ["cancelled"]
    longer(world, tuesday, HALF_AN_HOUR)
    [again] = payroll.corrections(state="pending")
    payroll.accept_corrections([again.number], into=SECOND, by="Pia")


def exported(world: World, tuesday: Activity, folder: Path) -> None:
    """The next period carries it once, whatever is exported again; the way back is the third period's."""
    payroll = world.mirror.payroll
    files = [folder / name for name in ("first.csv", "second.csv", "third.csv")]
    payroll.export(FIRST, "csv", files[0], by="Pia")
    payroll.close(SECOND, by="Pia")
    payroll.export(SECOND, "csv", files[1], by="Pia")
    [carried] = [one for one in payroll.corrections() if one.export is not None]
    assert lines(files[1]) == [("2025-12-05", 480, ""), ("2025-12-02", 30, str(carried.number))]
    with pytest.raises(ExportRefused, match="exported"):
        payroll.export(SECOND, "csv", folder / "twice.csv")
    payroll.export(SECOND, "csv", folder / "again.csv", again="the file was lost")
    assert lines(folder / "again.csv") == lines(files[1])
    longer(world, tuesday, -HALF_AN_HOUR)
    [counter] = payroll.corrections(state="pending")
    assert (counter.delta, counter.counter_of) == (-30, carried.number)
    payroll.accept_corrections([counter.number], into=THIRD, by="Pia")
    payroll.close(THIRD, by="Pia")
    payroll.export(THIRD, "csv", files[2], by="Pia")
    assert lines(files[2]) == [("2025-12-02", -30, str(counter.number))]
    paid = [minutes for file in files for _, minutes, _ in lines(file)]
    assert sum(paid) == sum(int(row["total_minutes"]) for row in world.table())


def test_the_evening(world: World, tmp_path: Path) -> None:
    """Open, check, cure, close, correct, accept, export, certify; and what a changed row is a year later."""
    hired(world, "Maria Vega", world.user)
    tuesday = checked_and_closed(world)
    corrected(world, tuesday)
    exported(world, tuesday, tmp_path)
    folder = tmp_path / "proof"
    world.mirror.payroll.certify(FIRST, out=folder, by="Pia")
    assert stock(folder) is None
    certificate, row = folder / "certificate.json", world.table()[0]["id"]
    assert world.mirror.payroll.verify_certificate(certificate, table=True).differences == ()
    world.execute("UPDATE clock_times SET total_minutes = total_minutes + 15 WHERE id = :id", id=row)
    assert world.mirror.payroll.verify_certificate(certificate).exit_code == 0
    checked = world.mirror.payroll.verify_certificate(certificate, table=True)
    assert checked.exit_code == 5
    assert [one.clock_time_id for one in checked.differences] == [row]
