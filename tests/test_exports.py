"""Exports of closed pay periods, by the library: the long CSV, the ledger, and what stops one."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.core.exports import Exported
from connecteam_sync.errors import ConfigurationError, DatabaseError, ExportRefused
from connecteam_sync.present.exports_text import export_json, exported_lines, ledger_lines
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import REST, WAREHOUSE
from support.full_disk import files_of_at_most
from support.scenario import World

CLOSED, NEXT = "2025-12-01..2025-12-04", "2025-12-05..2025-12-07"
HEADING = (
    "employee_id,name,shift_id,first_day,clock_in_utc,clock_out_utc,clock_in_local,clock_out_local,zone,minutes,"
    "break_minutes,net_minutes,job,source,correction_of"
)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files go: an empty folder."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


def closed(world: World) -> str:
    """A shift of Tuesday from 8 to 16, in a closed period; returns its id."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(CLOSED, by="Pia")
    return shift.id


def lengthened(world: World, shift: str, minutes: int) -> None:
    """Somebody moves the end of the shift to so many minutes after 16:00, and a run sees it."""
    start = next(one.start for one in world.sandbox.company.shifts() if one.id == shift)
    world.sandbox.company.edit(shift, end=start + 8 * 3600 + minutes * 60)
    world.sync()


def records(done: Exported) -> list[dict[str, str]]:
    """The records of a file that was written."""
    with Path(done.path).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def counted(world: World) -> list[int]:
    """The corrections that the ledger counts: those of the exports that nothing replaces."""
    ledger = world.mirror.payroll.exports()
    return [number for entry in ledger if entry.replaced_by is None for number in entry.corrections]


def test_a_closed_period_as_csv(world: World, folder: Path) -> None:
    """Every column; a manifest beside it; an entry of the ledger with the hash of the file."""
    shift = closed(world)
    done = world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv", by="Pia")
    content = (folder / "hours.csv").read_bytes()
    assert content.decode().splitlines()[0] == HEADING
    [record] = records(done)
    row = world.table()[0]
    assert record == {
        "employee_id": str(row["employee_id"]),
        "name": world.mirror.names()[row["employee_id"]],
        "shift_id": shift,
        "first_day": "2025-12-02",
        "clock_in_utc": "2025-12-02T14:00:00Z",
        "clock_out_utc": "2025-12-02T22:00:00Z",
        "clock_in_local": "2025-12-02T08:00:00-06:00",
        "clock_out_local": "2025-12-02T16:00:00-06:00",
        "zone": "America/Chicago",
        "minutes": "480",
        "break_minutes": "0",
        "net_minutes": "480",
        "job": record["job"],
        "source": "connecteam",
        "correction_of": "",
    }
    [entry] = world.mirror.payroll.exports()
    assert (entry, entry.number, entry.by, entry.minutes, entry.lines) == (done.export, 1, "Pia", 480, 1)
    assert entry.file_hash == hashlib.sha256(content).hexdigest()
    said = json.loads((folder / "hours.csv.manifest.json").read_text(encoding="utf-8"))
    assert (said["export"], said["sha256"], said["minutes"], said["draft"]) == (1, entry.file_hash, 480, False)
    assert sorted(one.name for one in folder.iterdir()) == ["hours.csv", "hours.csv.manifest.json"]


def test_only_of_a_closed_period(world: World, folder: Path) -> None:
    """The next step closes it, or makes a draft."""
    with pytest.raises(ExportRefused, match="is not closed") as caught:
        world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    assert "periods close" in caught.value.next_step
    assert "--draft" in caught.value.next_step
    assert list(folder.iterdir()) == []


def test_a_second_export_wants_a_reason(world: World, folder: Path) -> None:
    """The refusal names the first; with a reason the second one takes its place, and has the same lines."""
    closed(world)
    first = world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    with pytest.raises(ExportRefused, match=r"exported already: hours\.csv by .* \(export 1\)"):
        world.mirror.payroll.export(CLOSED, "csv", folder / "other.csv")
    again = world.mirror.payroll.export(CLOSED, "csv", folder / "other.csv", again="the file was lost")
    assert records(again) == records(first)
    one, two = world.mirror.payroll.exports()
    assert (one.replaced_by, two.replaces, two.reason, two.replaced_by) == (2, 1, "the file was lost", None)
    world.mirror.payroll.close(NEXT, anyway="x")
    with pytest.raises(ExportRefused, match="never exported"):
        world.mirror.payroll.export(NEXT, "csv", folder / "next.csv", again="x")


def test_a_correction_is_exported_once(world: World, folder: Path) -> None:
    """With the period that it was accepted into, whatever is exported again; then it is final."""
    shift = closed(world)
    world.mirror.payroll.export(CLOSED, "csv", folder / "first.csv")
    lengthened(world, shift, -15)
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.work(5, "08:00", "12:00")
    world.sync()
    checked = world.mirror.payroll.close(NEXT).checked
    assert checked is not None
    done = world.mirror.payroll.export(NEXT, "csv", folder / "next.csv")
    hours, correction = records(done)
    assert (hours["minutes"], hours["correction_of"]) == ("240", "")
    assert (correction["minutes"], correction["net_minutes"], correction["correction_of"]) == ("-15", "-15", "1")
    assert (correction["shift_id"], correction["first_day"]) == (shift, "2025-12-02")
    assert correction["clock_out_utc"] == "2025-12-02T21:45:00Z"
    assert done.export.minutes == sum(total.minutes_table for total in checked.totals) - 15
    world.mirror.payroll.export(NEXT, "csv", folder / "again.csv", again="once more")
    world.mirror.payroll.export(CLOSED, "csv", folder / "again-first.csv", again="once more")
    assert counted(world) == [1]
    assert [one.export for one in world.mirror.payroll.corrections()] == [2]
    lengthened(world, shift, 0)
    assert [(one.state, one.counter_of) for one in world.mirror.payroll.corrections()] == [
        ("accepted", None),
        ("pending", 1),
    ]


def test_a_draft_is_in_no_ledger(world: World, folder: Path) -> None:
    """Of an open period; each line says so; no correction is marked."""
    shift = closed(world)
    lengthened(world, shift, 30)
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    done = world.mirror.payroll.export(NEXT, "csv", folder / "draft.csv", draft=True)
    assert [(record["minutes"], record["source"]) for record in records(done)] == [("30", "draft connecteam")]
    assert done.export.is_draft
    assert world.mirror.payroll.exports() == ()
    assert world.mirror.payroll.corrections()[0].export is None
    assert json.loads((folder / "draft.csv.manifest.json").read_text(encoding="utf-8"))["draft"] is True


def test_people_whose_hours_are_not_settled(world: World, folder: Path) -> None:
    """They stop it, or are left out and listed; their corrections wait with them."""
    other = sorted(world.company.people)[1]
    world.work(2, "08:00", "16:00")
    world.work(3, "08:00", None, user=other)
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="Friday")
    with pytest.raises(ExportRefused, match="nobody clocked out on Wed 3 Dec 2025") as caught:
        world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    [blocked] = caught.value.blocked
    assert blocked.reasons == ("open_shift",)
    assert list(folder.iterdir()) == []
    done = world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv", without_blocked=True)
    assert (len(records(done)), done.blocked, done.export.left_out) == (1, (blocked,), (blocked.employee_id,))
    draft = world.mirror.payroll.export(CLOSED, "csv", folder / "draft.csv", draft=True)
    why = f"{blocked.name}: open_shift: {blocked.detail}"
    assert f"  in it, not settled: {why}" in exported_lines(draft)
    assert f"  not in it, not settled: {why}" in exported_lines(msgspec.structs.replace(draft, totals=()))
    assert f"  left out: {why}" in exported_lines(done)


def test_a_break_of_a_type_that_nobody_knows(world: World, folder: Path) -> None:
    """Whether it is paid is not guessed."""
    world.work(2, "08:00", "16:00")
    world.company.take_break(
        world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE, break_type="removed"
    )
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    with pytest.raises(ExportRefused, match="does not say whether it is paid") as caught:
        world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    assert caught.value.blocked[0].reasons == ("break_type_unknown",)


def test_whose_correction_was_exported_is_not_left_out(world: World, folder: Path) -> None:
    """A correction that counts is in every file of its period."""
    shift = closed(world)
    lengthened(world, shift, 30)
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.mirror.payroll.close(NEXT)
    world.mirror.payroll.export(NEXT, "csv", folder / "next.csv")
    world.mirror.payroll.reopen(NEXT, reason="a late shift")
    world.work(5, "08:00", None)
    world.sync()
    world.mirror.payroll.close(NEXT, anyway="open")
    with pytest.raises(ExportRefused, match=r"cannot be left out: correction 1 was carried by export 1"):
        world.mirror.payroll.export(NEXT, "csv", folder / "b.csv", without_blocked=True, again="a late shift")
    assert counted(world) == [1]


def test_a_file_that_is_there_is_not_overwritten(world: World, folder: Path) -> None:
    """With another content; the ledger gets no entry."""
    closed(world)
    (folder / "hours.csv").write_text("precious", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="it is there already"):
        world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    assert (folder / "hours.csv").read_text(encoding="utf-8") == "precious"
    assert [one.name for one in folder.iterdir()] == ["hours.csv"]
    assert world.mirror.payroll.exports() == ()


def test_a_file_without_an_entry_gets_one(world: World, folder: Path) -> None:
    """What a process left that was killed before its commit."""
    closed(world)
    done = world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    world.execute("DELETE FROM connecteam_sync_exports")
    retried = world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    assert retried.export.file_hash == done.export.file_hash
    assert len(world.mirror.payroll.exports()) == 1


def test_a_file_that_cannot_be_written_is_no_entry(world: World, folder: Path) -> None:
    """The system's reason is told, and nothing is left behind."""
    closed(world)
    for out, why in (
        (folder / "absent" / "hours.csv", "there is no folder"),
        (folder, "it is a folder"),
        (folder / ("x" * 300), "name too long"),
        (Path("/dev/null"), "no ordinary file"),
    ):
        with pytest.raises(ConfigurationError, match=f"(?i){why}"):
            world.mirror.payroll.export(CLOSED, "csv", out)
    with files_of_at_most(100), pytest.raises(ConfigurationError, match="File too large"):
        world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    assert list(folder.iterdir()) == []
    assert world.mirror.payroll.exports() == ()


def test_a_commit_that_fails_takes_the_file_back(world: World, folder: Path) -> None:
    """The file has its name by then; without an entry it goes."""
    closed(world)
    with world.mirror.store.reading() as session:
        kind = session.connection.dialect.name
    if kind == "postgresql":
        world.execute(
            "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
        )
        world.execute(
            "CREATE CONSTRAINT TRIGGER refusing AFTER INSERT ON connecteam_sync_exports"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refused()"
        )
    else:
        pytest.skip("only PostgreSQL can be told to refuse a commit")
    with pytest.raises(DatabaseError):
        world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    assert list(folder.iterdir()) == []
    assert world.mirror.payroll.exports() == ()


def test_breaks_and_what_was_paid_of_them(world: World, folder: Path) -> None:
    """Unpaid ones are taken off, and a correction is told against what the first file took."""
    shift = world.work(2, "08:00", "16:00")
    world.work(3, "08:00", "09:00")
    pause = world.company.take_break(world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE)
    world.company.take_break(world.user, world.at(2, "14:00"), world.at(2, "14:10"), clock=WAREHOUSE, break_type=REST)
    gone = world.company.take_break(world.user, world.at(2, "10:00"), world.at(2, "10:15"), clock=WAREHOUSE)
    world.sync()
    world.company.delete(gone.id)
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    record, _ = records(world.mirror.payroll.export(CLOSED, "csv", folder / "first.csv"))
    assert (record["minutes"], record["break_minutes"], record["net_minutes"]) == ("480", "30", "450")
    world.company.delete(pause.id)
    world.company.delete(shift.id)
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.mirror.payroll.close(NEXT)
    [record] = records(world.mirror.payroll.export(NEXT, "csv", folder / "next.csv"))
    assert (record["minutes"], record["break_minutes"], record["net_minutes"]) == ("-480", "-30", "-450")


@pytest.mark.parametrize("is_older", [False, True], ids=["by row", "an entry by shift"])
def test_the_break_of_a_shift_that_was_replaced_is_taken_off_once(
    world: World, folder: Path, *, is_older: bool
) -> None:
    """Its row is the same one: the first file took its break off. Entries of before have breaks by shift."""
    shift = world.work(2, "08:00", "16:00")
    world.company.take_break(world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE)
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    [record] = records(world.mirror.payroll.export(CLOSED, "csv", folder / "first.csv"))
    assert record["net_minutes"] == "450"
    if is_older:
        carried = json.dumps({"people": 1, "shift_breaks": {shift.id: [30, int(record["employee_id"]), "2025-12-02"]}})
        world.execute("UPDATE connecteam_sync_exports SET corrections = :carried", carried=carried)
        world.company.edit(shift.id, end=world.at(2, "16:30"))
    else:
        world.company.delete(shift.id)
        world.work(2, "08:00", "16:30")
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.mirror.payroll.close(NEXT)
    [record] = records(world.mirror.payroll.export(NEXT, "csv", folder / "next.csv"))
    assert (record["minutes"], record["break_minutes"], record["net_minutes"]) == ("30", "0", "30")


def test_a_break_that_a_correction_has_paid_is_not_in_the_file_that_repeats_its_day(world: World, folder: Path) -> None:
    """The correction took it off already; of a row without a correction the repeated file has the breaks of now."""
    shift, other = world.work(2, "08:00", "16:00"), world.work(3, "08:00", "16:00")
    pauses = [
        world.company.take_break(world.user, world.at(day, "12:00"), world.at(day, "12:30"), clock=WAREHOUSE)
        for day in (2, 3)
    ]
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    world.mirror.payroll.export(CLOSED, "csv", folder / "first.csv")
    for pause, day in zip(pauses, (2, 3), strict=True):
        world.company.edit(pause.id, end=world.at(day, "13:00"))
    world.company.edit(shift.id, end=world.at(2, "16:30"))
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.mirror.payroll.close(NEXT, anyway="breaks")
    [late] = records(world.mirror.payroll.export(NEXT, "csv", folder / "next.csv"))
    assert (late["minutes"], late["break_minutes"]) == ("30", "30")
    again = world.mirror.payroll.export(CLOSED, "csv", folder / "again.csv", again="the file was lost")
    assert [(one["shift_id"], one["break_minutes"]) for one in records(again)] == [(shift.id, "30"), (other.id, "60")]


def test_the_break_of_somebody_who_was_left_out_is_taken_off_once(world: World, folder: Path) -> None:
    """By the file that has their hours at last; a correction that was paid before it takes off no more than its own."""
    shift = world.work(2, "08:00", "16:00")
    world.company.take_break(world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE)
    world.work(3, "08:00", "12:00")
    rest = (world.at(3, "09:00"), world.at(3, "09:15"))
    world.company.take_break(world.user, *rest, clock=WAREHOUSE, break_type="nobody lists it")
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    first = world.mirror.payroll.export(CLOSED, "csv", folder / "first.csv", without_blocked=True)
    assert (records(first), len(first.export.left_out)) == ([], 1)
    world.company.edit(shift.id, end=world.at(2, "16:30"))
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.mirror.payroll.close(NEXT, anyway="breaks")
    late = records(world.mirror.payroll.export(NEXT, "csv", folder / "next.csv"))
    world.execute("UPDATE connecteam_sync_break_types SET is_paid = 1 WHERE is_paid IS NULL")
    again = world.mirror.payroll.export(CLOSED, "csv", folder / "again.csv", again="they are settled")
    found = [(one["minutes"], one["break_minutes"]) for one in (*late, *records(again))]
    assert found == [("30", "0"), ("480", "30"), ("240", "0")]


@pytest.mark.parametrize("seed", range(4))
def test_each_correction_is_counted_once(world: World, folder: Path, seed: int) -> None:
    """Whatever is edited, accepted, dismissed and exported again: the files that count have each correction once, and
    are the rows and the accepted corrections, as the checklists have them.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    periods = [CLOSED, NEXT, "2025-12-08..2025-12-09", "2025-12-10..2025-12-11"]
    shifts = [
        world.work(day, "08:00", "16:00", user=user)
        for day in range(1, 12)
        for user in sorted(world.company.people)[:3]
    ]
    world.sync()
    rows = {}
    for number, period in enumerate(periods):
        for shift in chance.sample(shifts[: number * 9 + 9], 3):
            end = shift.start + (8 * 60 + chance.randrange(-90, 90)) * 60
            world.company.edit(shift.id, end=end)
        world.sync()
        for one in world.mirror.payroll.corrections(state="pending"):
            if chance.random() < 0.8:
                world.mirror.payroll.accept_corrections([one.number], into=period)
            else:
                world.mirror.payroll.dismiss_corrections([one.number], reason="chance")
        checked = world.mirror.payroll.close(period).checked
        assert checked is not None
        rows[period] = sum(total.minutes_table for total in checked.totals)
        for times in range(chance.randrange(1, 4)):
            again = chance.choice(periods[: number + 1]) if times else period
            why = f"time {times}" if times else None
            world.mirror.payroll.export(again, "csv", folder / f"{number}-{times}.csv", again=why)
    accepted = [one for one in world.mirror.payroll.corrections() if one.export is not None]
    assert accepted
    assert sorted(counted(world)) == [one.number for one in accepted]
    assert all(one.state == "accepted" for one in accepted)
    for entry in world.mirror.payroll.exports():
        name = f"{entry.window.first}..{entry.window.last}"
        own = [one.delta for one in accepted if one.effective == (entry.window.first, entry.window.last)]
        assert entry.minutes == rows[name] + sum(own)
        with (folder / entry.file_name).open(encoding="utf-8", newline="") as opened:
            assert sum(int(record["minutes"]) for record in csv.DictReader(opened)) == entry.minutes


def test_an_export_of_before_its_period_was_opened_says_so(world: World, folder: Path) -> None:
    """Until another takes its place; an export of another period, and one after the opening, say nothing."""
    closed(world)
    payroll = world.mirror.payroll
    payroll.close(NEXT, by="Pia")
    payroll.export(CLOSED, "csv", folder / "a.csv", by="Pia")
    payroll.export(NEXT, "csv", folder / "b.csv", by="Pia")
    assert not any(one.is_of_before for one in payroll.exports())
    world.execute("UPDATE connecteam_sync_exports SET at = at - 60")
    payroll.reopen(CLOSED, reason="a mistake", by="Ana")
    payroll.close(CLOSED, by="Pia")
    first, other = payroll.exports()
    assert (first.is_of_before, first.reopened_by, other.is_of_before) == (True, "Ana", False)
    assert first.reopened_at is not None
    assert first.reopened_at > first.at
    assert (export_json(first)["reopened_by"], export_json(other)["reopened_at"]) == ("Ana", None)
    said, quiet = ledger_lines((first, other))
    assert "of before its period was opened again on" in said
    assert "by Ana: hours may have changed since" in said
    assert "opened again" not in quiet
    assert payroll.exports(period=CLOSED)[0].is_of_before
    world.execute("UPDATE connecteam_sync_period_events SET at = at - 5")
    payroll.export(CLOSED, "csv", folder / "c.csv", again="opened", by="Pia")
    first, _, last = payroll.exports()
    assert [first.is_of_before, last.is_of_before] == [False, False]
    assert "opened again" not in "".join(ledger_lines((first, last)))
