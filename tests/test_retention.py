"""Purges of old days: what goes and what stays, that nothing of it ever comes back, and who may not be purged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from connecteam_sync.config import load_settings
from connecteam_sync.core.retention import Purge, PurgeCounts, floor_of, parts_of
from connecteam_sync.core.window import Window, each_day
from connecteam_sync.errors import (
    ConfigurationError,
    DatabaseError,
    FeedReset,
    LockHeld,
    NotConfirmed,
    NotFound,
    RetentionRefused,
    UndoRefused,
    WindowError,
)
from connecteam_sync.present.verify_text import verify_text
from connecteam_sync.sandbox.company import WAREHOUSE
from support.host_with_children import Host
from support.long_ago import DAYS, FIRST, LAST, LongAgo, long_ago

SECOND, TENTH = date(2021, 3, 2), date(2021, 3, 10)
WEEK = "2021-03-01..2021-03-07"


@pytest.fixture
def world(initialised: str) -> Iterator[LongAgo]:
    """Two people who worked years ago, and one who still does."""
    with long_ago(initialised) as made:
        yield made


def test_what_is_foreseen_is_what_goes(world: LongAgo) -> None:
    """Journal, tracked shifts and receipts of the days; the rows stay, and so does all of other days."""
    before, table = world.counts(), world.table()
    foreseen = world.mirror.retention.foreseen(DAYS)
    assert foreseen.counts == PurgeCounts(entries=4, shifts=4, receipts=before["slices"] - world_slices(world))
    assert world.counts() == before
    done = world.purged()
    assert (done.state, done.counts, done.by, done.number) == ("done", foreseen.counts, "Pia", 1)
    after = world.counts()
    gone = {kind: before[kind] - after[kind] for kind in before}
    assert gone == {
        "changes": 4,
        "shifts": 4,
        "breaks": 0,
        "timesheets": 0,
        "holds": 0,
        "slices": foreseen.counts.receipts,
    }
    assert world.table() == table
    assert world.mirror.retention.foreseen(DAYS).counts == PurgeCounts()


def world_slices(world: LongAgo) -> int:
    """The receipts of other days."""
    return sum(row["first_day"] >= "2025" for row in world.table("connecteam_sync_slices"))


def test_nothing_is_ever_written_to_purged_days_again(world: LongAgo) -> None:
    """Not what was there, nor what is edited, added or removed there now; nothing is held or becomes a correction."""
    world.purged()
    before, table = world.counts(), world.table()
    edited, *_, removed = [one for one in world.company.shifts() if one.start < world.old.end_utc]
    world.company.edit(edited.id, end=(edited.end or 0) + 1800)
    world.company.delete(removed.id)
    world.worked(date(2021, 3, 5), "08:00", "12:00")
    for run in (world.looked(), world.mirror.sync(world.old), world.mirror.resync(world.old)):
        assert (run.status, run.counts.held, run.exit_code) == ("nothing", 0, 0)
        assert {one.note for one in run.slices} == {"14 days purged, and left as they are"}
    assert world.table() == table
    after = world.counts()
    assert {kind: after[kind] for kind in ("changes", "shifts", "holds")} == {
        kind: before[kind] for kind in ("changes", "shifts", "holds")
    }
    assert world.mirror.payroll.corrections() == ()
    found = world.mirror.verify(world.old)
    assert (found.exit_code, found.differences, found.totals, len(found.purged)) == (0, 0, (), 14)
    assert world.counts()["timesheets"] == 0
    assert any("14 days of them purged" in line for line in verify_text(found, {}))


def test_days_around_the_border_are_written_as_ever(world: LongAgo) -> None:
    """The first day after a purge is no part of it, in the business's own time zone."""
    world.purged(WEEK)
    new = world.worked(date(2021, 3, 8), "00:00", "04:00")
    world.worked(date(2021, 3, 7), "23:59", "28:00")
    world.looked()
    assert [row["total_minutes"] for row in world.table() if row["employee_id"] == world.employee(world.user)] == [
        480, 480, 480, 240
    ]  # fmt: skip
    with world.mirror.store.reading() as session:
        starts = [row["start_at"] for row in session.read("SELECT start_at FROM connecteam_sync_shifts")]
    assert new.start in starts
    assert min(starts) == new.start


def test_a_shift_that_moves_to_a_purged_day_keeps_its_row(world: LongAgo) -> None:
    """It is held with the reason, and no correction is made of it."""
    world.purged(WEEK)
    moved = next(one for one in world.company.shifts() if one.start == world.company.at(TENTH, "22:00"))
    world.company.edit(moved.id, start=world.company.at(SECOND, "22:00"), end=world.company.at(SECOND, "30:00"))
    run = world.mirror.sync(world.old)
    assert run.exit_code == 3
    [held] = world.mirror.holds()
    assert "Tue 2 Mar 2021 was purged" in held.hold.detail
    assert world.mirror.payroll.corrections() == ()
    world.company.edit(moved.id, start=world.company.at(TENTH, "22:00"), end=world.company.at(TENTH, "30:00"))
    assert (world.mirror.sync(world.old).exit_code, world.mirror.holds()) == (0, ())


def test_a_shift_whose_row_stayed_on_a_closed_day_is_remembered(world: LongAgo) -> None:
    """Connecteam has it on a purged day, the table on one that is not: else nobody would know whose row that is."""
    moved = next(one for one in world.company.shifts() if one.start == world.company.at(TENTH, "22:00"))
    world.lock(TENTH)
    world.company.edit(moved.id, start=world.company.at(SECOND, "22:00"), end=world.company.at(SECOND, "30:00"))
    world.looked()
    world.mirror.payroll.dismiss_corrections(
        [one.number for one in world.mirror.payroll.corrections()], reason="too late"
    )
    stays = world.mirror.retention.foreseen(WEEK).stays
    assert stays is not None
    assert stays.across == 1
    world.purged(WEEK)
    assert moved.id in {row["id"] for row in world.table("connecteam_sync_shifts")}


def test_a_night_at_the_border_goes_and_a_move_across_it_stays(world: LongAgo) -> None:
    """An entry belongs to the days on which its row begins, not to the one on which the night ends."""
    night = world.worked(date(2021, 3, 7), "22:00", "30:00")
    moved = world.worked(date(2021, 3, 6), "08:00", "12:00")
    world.looked()
    world.company.edit(moved.id, start=world.company.at(TENTH, "08:00"), end=world.company.at(TENTH, "12:00"))
    world.looked()
    world.worked(date(2021, 3, 11), "08:00", "12:00")
    world.looked()  # the newest entry of all stays anyway
    world.purged(WEEK)
    left = {row["shift_id"] for row in world.table("connecteam_sync_changes") if row["first_day"] <= "2021-03-07"}
    assert (night.id in left, moved.id in left) == (False, True)


def test_rows_go_only_if_asked_for_and_only_of_whole_closed_periods(world: LongAgo) -> None:
    """A row by hand, one that others point at, and one of a day that no period closed stay, each counted."""
    world.mirror.payroll.close(WEEK, anyway="long ago")
    world.execute("UPDATE clock_times SET source = 'manual' WHERE id = 1")
    foreseen = world.mirror.retention.foreseen(DAYS, with_rows=True)
    assert foreseen.stays is not None
    assert (foreseen.counts.rows, foreseen.stays.manual, foreseen.stays.not_closed) == (1, 1, 2)
    done = world.purged(with_rows=True)
    assert done.counts == foreseen.counts
    old = [row for row in world.table() if str(row["clock_in"]) < "2022"]
    assert (old[0]["source"], old[0]["id"]) == ("manual", 1)
    assert len(old) == 3
    assert (world.looked().status, world.mirror.verify(world.old).exit_code) == ("nothing", 0)
    assert len(world.table()) == 4


def test_a_part_of_a_closed_period_gives_no_rows(world: LongAgo) -> None:
    """The period has to lie wholly in the days."""
    world.mirror.payroll.close(DAYS, anyway="long ago")
    foreseen = world.mirror.retention.foreseen("2021-03-01..2021-03-13", with_rows=True)
    assert foreseen.stays is not None
    assert (foreseen.counts.rows, foreseen.stays.not_closed) == (0, 4)
    assert world.mirror.retention.foreseen(DAYS, with_rows=True).counts.rows == 4


def test_a_row_that_others_point_at_stays(initialised: str) -> None:
    """Whatever their foreign key would do."""
    with long_ago(initialised) as world:
        host = Host(world.sandbox, initialised)
        host.child("CASCADE")
        host.point(2)
        world.mirror.payroll.close(DAYS, anyway="long ago")
        done = host.mirror.retention.purge(DAYS, confirm=DAYS, with_rows=True)
        assert done.counts.rows == 3
        assert 2 in [row["id"] for row in world.table()]
        assert len(host.lines()) == 1
        host.mirror.close()


def users_in(world: LongAgo, kind: str) -> set[int]:
    """Whose records a table of ours has of these days."""
    end = world.old.end_utc if kind == "breaks" else LAST.isoformat()
    day = "start_at" if kind == "breaks" else "day"
    with world.mirror.store.reading() as session:
        found = session.read(f"SELECT user_id, {day} AS at FROM connecteam_sync_{kind}")
    return {int(row["user_id"]) for row in found if row["at"] <= end}


def test_whoever_is_on_a_legal_hold_keeps_everything(world: LongAgo) -> None:
    """Rows, shifts and entries, and every receipt; once it is released, the same days can be purged again."""
    someone = world.employee(world.other)
    noon = world.company.at(SECOND, "12:00")
    for user in (world.user, world.other):
        world.company.take_break(user, noon, noon + 1800, clock=WAREHOUSE)
    world.looked()
    world.mirror.verify(world.old)  # which remembers Connecteam's totals
    made = world.mirror.retention.hold(someone, reason="a lawsuit", by="Ana")
    assert (made.employee_id, made.reason, made.by, made.released_at) == (someone, "a lawsuit", "Ana", None)
    world.mirror.payroll.close(DAYS, anyway="long ago")
    done = world.purged(with_rows=True)
    assert (done.counts.entries, done.counts.shifts, done.counts.rows, done.counts.receipts) == (2, 2, 2, 0)
    for kind in ("breaks", "timesheets"):
        assert users_in(world, kind) == {world.other}, kind
    assert {row["employee_id"] for row in world.table() if str(row["clock_in"]) < "2022"} == {someone}
    assert world.looked().status == "nothing"
    released = world.mirror.retention.release(someone, reason="settled", by="Ben")
    assert [(one.released_by, one.released_reason) for one in released] == [("Ben", "settled")]
    again = world.purged(with_rows=True)
    assert (again.counts.entries, again.counts.shifts, again.counts.rows) == (2, 2, 2)
    assert again.counts.receipts > 0
    assert [one.number for one in world.mirror.retention.check().purges] == [2, 1]
    assert [one.reason for one in world.mirror.retention.legal_holds()] == ["a lawsuit"]
    assert world.mirror.retention.check().legal_holds == ()


def test_an_entry_that_takes_hours_from_somebody_on_a_legal_hold_stays(world: LongAgo) -> None:
    """It is theirs, too: by it the table once had these hours as theirs."""
    someone = world.employee(world.other)
    world.mirror.retention.hold(someone, reason="a lawsuit")
    world.worked(date(2021, 3, 5), "08:00", "12:00")
    world.looked()
    world.execute(
        "UPDATE clock_times SET employee_id = :e WHERE clock_in > '2021-03-05' AND clock_in < '2021-03-06'", e=someone
    )
    world.looked()
    [entry] = [row for row in world.table("connecteam_sync_changes") if row["previous_employee_id"] == someone]
    assert entry["employee_id"] == world.employee(world.user)
    world.work(3, "08:00", "12:00")
    world.sync()  # the newest entry of all stays anyway
    world.purged()
    assert entry in world.table("connecteam_sync_changes")


def test_what_has_to_be_kept_is_refused(world: LongAgo) -> None:
    """Days inside the floor, days that are not repeated, corrections that wait, and what is no days at all."""
    retention, floor = world.mirror.retention, world.mirror.retention.check().floor
    with pytest.raises(RetentionRefused, match="kept for 3 years") as found:
        retention.foreseen(f"{floor.year}-{floor.month:02}-01..{floor}")
    assert "retention check" in found.value.next_step
    with pytest.raises(NotConfirmed, match="does not repeat the days"):
        retention.purge(DAYS, confirm=WEEK)
    with pytest.raises(WindowError, match="one day alone"):
        retention.purge("2021-03-01", confirm="2021-03-01")
    world.mirror.payroll.close(DAYS, anyway="long ago")
    shift = world.company.shifts()[0]
    world.company.edit(shift.id, end=(shift.end or 0) + 1800)
    world.looked()
    with pytest.raises(RetentionRefused, match="1 correction of"):
        world.purged()
    world.mirror.payroll.dismiss_corrections([1], reason="too late")
    assert world.purged().state == "done"
    for refused in (lambda: retention.hold("Nobody", reason="x"), lambda: retention.release(1, reason="x")):
        with pytest.raises(NotFound):
            refused()


@pytest.mark.parametrize("years", [3, 7])
def test_a_company_may_keep_records_longer(initialised: str, years: int) -> None:
    """The years count back from today; the last day that may go is the one before."""
    with long_ago(initialised, retention_years=years) as world:
        found = world.mirror.retention.check()
        assert found.floor == floor_of(world.mirror.today(), years)
        assert (found.foreseen is None) == (found.floor <= FIRST)
        assert found.oldest == SECOND


def test_the_days_that_are_due_may_go(world: LongAgo, initialised: str) -> None:
    """Up to the day before the floor, where that is less than a year away: a purge of just these is not refused."""
    today = world.mirror.today()
    years = today.year - FIRST.year - ((today.month, today.day) < (3, 4))
    with world.mirror_of(world.sandbox, initialised, retention_years=years) as mirror:
        found = mirror.retention.check()
        assert found.due is not None
        assert found.due.last == found.floor - timedelta(days=1)
        assert mirror.retention.foreseen(f"{found.due.first}..{found.due.last}") == found.foreseen


def test_a_purge_that_is_broken_off_goes_on(world: LongAgo) -> None:
    """The week that was done stays done, no other days are purged before, and a sync sees none of it."""
    [entry] = [row["id"] for row in world.table("connecteam_sync_changes") if row["first_day"] == "2021-03-10"][:1]
    number = "INTEGER" if world.mirror.store.dialect.is_file else "BIGINT"
    with world.mirror.store.locked("by hand") as lock, lock.changing_tables("by hand") as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE keeps (id {number} NOT NULL PRIMARY KEY, entry {number},"
            " FOREIGN KEY (entry) REFERENCES connecteam_sync_changes (id))"
        )
        connection.exec_driver_sql(f"INSERT INTO keeps (id, entry) VALUES (1, {entry})")
    foreseen = world.mirror.retention.foreseen(DAYS)
    with pytest.raises(DatabaseError):
        world.purged()
    [begun] = world.mirror.retention.check().purges
    assert (begun.state, begun.counts.entries, begun.counts.shifts) == ("begun", 2, 2)
    assert (world.looked().status, world.mirror.verify(world.old).exit_code) == ("nothing", 0)
    with pytest.raises(RetentionRefused, match="was broken off") as found:
        world.mirror.retention.foreseen("2021-04-01..2021-04-30")
    assert found.value.next_step == f"connecteam-sync retention purge {DAYS} --confirm {DAYS}"
    world.execute("DELETE FROM keeps")
    done = world.purged()
    assert (done.number, done.state) == (begun.number, "done")
    assert (done.counts.entries, done.counts.shifts) == (foreseen.counts.entries, foreseen.counts.shifts)
    world.execute("DROP TABLE keeps")


def test_another_writer_is_waited_for(initialised: str) -> None:
    """And nothing goes while it writes."""
    with long_ago(initialised, lock_wait=1) as world:
        other = world.mirror_of(world.sandbox, initialised, lock_wait=1)
        before = world.counts()
        with other.store.writing("writing"), pytest.raises(LockHeld):
            world.purged()
        assert world.counts() == before
        other.close()


def test_nothing_opens_purged_days(world: LongAgo) -> None:
    """Neither unlock nor reopen; nor can they be checked, exported, or what is gone be undone; each says why."""
    payroll = world.mirror.payroll
    payroll.close(DAYS, anyway="long ago")
    world.lock(SECOND)
    world.purged()
    opened = world.mirror.unlock(FIRST, LAST, reason="x")
    assert {day.source for day in opened.still} == {"period", "purged"}
    for refused in (
        lambda: payroll.reopen(DAYS, reason="x"),
        lambda: payroll.check(DAYS),
        lambda: payroll.export(DAYS, "csv", Path("never.csv"), draft=True),
        lambda: payroll.export(DAYS, "csv", Path("never.csv")),
    ):
        with pytest.raises(RetentionRefused, match="was purged on"):
            refused()
    assert not Path("never.csv").exists()
    assert sorted(one.source for one in world.mirror.locks() if one.source != "own") == ["period", "purged"]
    world.worked(date(2021, 3, 20), "08:00", "12:00")
    run = world.mirror.sync(world.mirror.window(date(2021, 3, 12), date(2021, 3, 20)))
    assert run.counts.created == 1
    assert world.mirror.undo(run.id or 0).counts.deleted == 1, "the journal has all of what it did"
    with pytest.raises(UndoRefused, match="was purged on"):
        world.mirror.undo(1)


def test_followers_of_the_journal_go_on(world: LongAgo) -> None:
    """Behind an entry that went; only a cursor that no purge explains begins again."""
    entries = world.mirror.changes()
    old = [entry for entry in entries if entry.change.days[0].year == 2021]
    assert world.looked().id == 3
    world.sync()
    world.purged()
    assert [entry.number for entry in world.mirror.changes(old[1].cursor)] == [entries[-1].number]
    with pytest.raises(FeedReset):
        world.mirror.changes(f"{entries[-1].number}-000000")
    with pytest.raises(NotFound, match="there is no run 3") as found:
        world.mirror.show(3)
    assert "retention check" in found.value.next_step


def test_a_section_with_too_few_years_is_refused(tmp_path: Path) -> None:
    """The law's three years are the least; so is what is no number."""
    file = tmp_path / "mirror.toml"
    for said, why in (("years = 2", "3 years at least"), ('years = "x"', "3 years at least"), ("year = 4", "years")):
        file.write_text(f'timezone = "America/Chicago"\n[retention]\n{said}\n')
        with pytest.raises(ConfigurationError) as found:
            load_settings(file, {})
        assert why in f"{found.value.message} {found.value.next_step}"
    file.write_text('timezone = "America/Chicago"\n[retention]\nyears = 7\n')
    assert load_settings(file, {}).retention_years == 7


@pytest.mark.parametrize(
    ("today", "floor"), [(date(2024, 2, 29), date(2021, 2, 28)), (date(2026, 11, 27), date(2023, 11, 27))]
)
def test_the_floor_is_so_many_years_before_today(today: date, floor: date) -> None:
    """A day that the year does not have counts as the one before: kept rather than not."""
    assert floor_of(today, 3) == floor


@pytest.mark.parametrize(
    ("first", "last", "has_any"),
    [("02-27", "02-28", False), ("02-27", "03-01", True), ("03-14", "03-20", True), ("03-15", "03-20", False)],
)
def test_a_purge_has_any_of_these_days(first: str, last: str, *, has_any: bool) -> None:
    """Its first and its last day are days of it."""
    window = Window(FIRST, LAST, "America/Chicago")
    purge = Purge(window=window, with_rows=False, state="done", counts=PurgeCounts())
    assert purge.overlaps(*(date.fromisoformat(f"2021-{day}") for day in (first, last))) is has_any


@pytest.mark.parametrize(
    ("shifts", "parts"), [(0, 53), (10_000, 53), (521_428, 53), (608_333, 61), (1_000_000, 122), (10**9, 365)]
)
def test_a_transaction_has_some_ten_thousand_shifts(shifts: int, parts: int) -> None:
    """A week of a small company, a day at least of the largest one; together they are all days, each once."""
    year = Window(date(2021, 1, 1), date(2021, 12, 31), "America/Chicago")
    found = parts_of(year, shifts)
    assert len(found) == parts
    assert [day for part in found for day in each_day(part.first, part.last)] == list(each_day(year.first, year.last))
