"""Closing days for payroll: looked at before, refused where not right, recorded, kept in the zone of their time."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
import time_machine

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.lock_check import summary
from connecteam_sync.errors import ConfigurationError, LockRefused, Unavailable, WindowError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from support.scenario import World
from test_command import Answer, Terminal, terminal

__all__ = ["terminal"]
TUESDAY, WEDNESDAY, SUNDAY = date(2025, 12, 2), date(2025, 12, 3), date(2025, 12, 7)
RECORDS = ("connecteam_sync_locked_days", "connecteam_sync_lock_events")


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def recorded(world: World) -> list[list[dict[str, Any]]]:
    """All that locking ever writes."""
    with world.mirror.store.reading() as session:
        return [[dict(row) for row in session.read(f"SELECT * FROM {name}")] for name in RECORDS]


def refused(world: World, first: date = TUESDAY, last: date = WEDNESDAY, **options: Any) -> LockRefused:  # noqa: ANN401
    """A lock that is refused, and that wrote nothing."""
    before = (world.everything(), recorded(world))
    with pytest.raises(LockRefused) as error:
        world.mirror.lock(first, last, **{"reason": "payroll", **options})
    assert (world.everything(), recorded(world)) == before
    assert error.value.exit_code == 4
    return error.value


# -- it looks first ----------------------------------------------------------------------------------------------------


def test_days_that_are_right_are_closed_and_say_so(world: World) -> None:
    """Each proven by a fresh look; who, why and what was found stand next to them."""
    world.work(2, "08:00", "16:00")
    world.sync()
    done = world.mirror.lock(TUESDAY, WEDNESDAY, reason="payroll of the first half", by="Pia")
    assert (done.newly, done.already, done.by) == ((TUESDAY, WEDNESDAY), (), "Pia")
    assert done.verified is not None
    assert (done.verified.is_right, done.verified.shifts, done.verified.minutes) == (True, 1, 480)
    [standing] = world.mirror.locks()
    assert (standing.first, standing.last, standing.timezone) == (TUESDAY, WEDNESDAY, "America/Chicago")
    assert standing.event is not None
    assert (standing.event.by, standing.event.reason, standing.event.anyway) == (
        "Pia",
        "payroll of the first half",
        False,
    )
    assert world.mirror.locked_days() == (TUESDAY, WEDNESDAY)


def test_a_row_that_nobody_clocked_out_is_in_the_way(world: World) -> None:
    """Of any source: its hours would be missing."""
    world.work(2, "08:00", None)
    world.sync()
    error = refused(world)
    assert (error.verified.open, error.verified.differences, error.verified.holds) == (1, 0, 0)
    assert error.message == "2025-12-02..2025-12-03 is not right yet, so nothing was locked: 1 open row"
    [line] = error.verified.wrong
    assert line.startswith("Tue 2 Dec 2025 08:00, ")
    assert "nobody clocked out" in line
    by_hand = "INSERT INTO clock_times (employee_id, clock_in, is_active, source) VALUES (1, :i, :a, 'manual')"
    world.execute(by_hand, i="2025-12-03 15:00:00", a=True)
    assert refused(world).verified.open == 2


def test_a_row_that_differs_is_in_the_way_with_old_and_new_times(world: World) -> None:
    """A clock-out corrected since, a shift that is missing, a row that is too many."""
    corrected, gone = world.work(2, "08:00", "16:00"), world.work(3, "08:00", "12:00")
    world.sync()
    world.company.edit(corrected.id, end=world.at(2, "16:30"))
    world.company.delete(gone.id)
    world.work(3, "13:00", "17:00")
    error = refused(world)
    assert error.verified.differences == 3
    said = "\n".join(error.verified.wrong)
    assert "differs from Connecteam: clock-out 16:00 -> 16:30 (+0:30 h)" in said
    assert "differs from Connecteam: the deletion of 08:00-12:00 (-4:00 h)" in said
    assert "differs from Connecteam: a new row 13:00-17:00 (+4:00 h)" in said
    world.sync()
    assert world.mirror.lock(TUESDAY, WEDNESDAY, reason="payroll").newly == (TUESDAY, WEDNESDAY)


def test_what_is_held_is_in_the_way(world: World) -> None:
    """A second shift on one clock-in is not written: somebody has to decide before payroll counts."""
    shift = world.work(2, "08:00", "16:00")
    world.company.duplicate(shift.id)
    world.sync()
    error = refused(world)
    assert (error.verified.holds, error.verified.differences) == (1, 0)
    assert "held, duplicate_clock_in" in error.verified.wrong[0]


def test_what_somebody_has_acknowledged_is_not_in_the_way(world: World) -> None:
    """Payroll knows of it: the hold stays listed, and the day can be closed."""
    shift = world.work(2, "08:00", "16:00")
    world.company.duplicate(shift.id)
    world.sync()
    world.mirror.acknowledge_holds([world.mirror.holds()[0].id], by="Pia", reason="a slip")
    assert world.mirror.lock(TUESDAY, TUESDAY, reason="payroll").newly == (TUESDAY,)


def test_what_lies_on_other_days_is_not_in_the_way(world: World) -> None:
    """Neither an open row of the day after, nor a difference on a day that is closed already."""
    shift = world.work(2, "08:00", "16:00")
    world.work(4, "08:00", None)
    world.sync()
    world.mirror.lock(TUESDAY, TUESDAY, reason="payroll")
    world.company.edit(shift.id, end=world.at(2, "16:30"))
    world.sync()
    assert world.reasons() == ["locked_day"]
    done = world.mirror.lock(TUESDAY, WEDNESDAY, reason="payroll")
    assert (done.newly, done.already) == ((WEDNESDAY,), (TUESDAY,))


def test_what_a_guard_would_refuse_is_in_the_way(world: World) -> None:
    """Most of the known people are missing from Connecteam's list: it may be the list that is wrong, on any day."""
    people = sorted(world.company.people)
    for user in people[:4]:
        world.work(9, "08:00", "16:00", user=user)
    world.sync()
    for user in people[1:]:
        world.company.people.pop(user)
    error = refused(world)
    assert (error.verified.differences, error.verified.holds) == (0, 0)
    assert error.verified.failed == len(error.verified.wrong) > 0
    assert all("a guard would refuse a sync: " in line for line in error.verified.wrong)
    assert "known people are missing from Connecteam's list of users" in error.verified.wrong[0]


def test_a_row_whose_shift_has_left_the_days_is_in_the_way(world: World) -> None:
    """It still stands on one of them; and one that is to come is as well."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.company.edit(shift.id, start=world.at(4, "08:00"), end=world.at(4, "16:00"))
    for day in (TUESDAY, date(2025, 12, 4)):
        found = refused(world, day, day).verified
        assert (found.differences, len(found.wrong)) == (1, 1)
        assert "differs from Connecteam: clock-in " in found.wrong[0]
    assert world.mirror.lock(WEDNESDAY, WEDNESDAY, reason="payroll").newly == (WEDNESDAY,)


def test_a_row_that_is_right_and_only_lacks_its_link_is_not_in_the_way(world: World) -> None:
    """Taken over from another program: its hours are what payroll counts."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.execute("DELETE FROM connecteam_sync_shifts")
    assert [change.kind for change in world.mirror.plan(world.window).changes] == ["link"]
    done = world.mirror.lock(TUESDAY, TUESDAY, reason="payroll")
    assert done.verified is not None
    assert (done.verified.is_right, done.verified.wrong) == (True, ())


def test_the_refusal_names_the_very_command_that_locks_it_nevertheless(world: World) -> None:
    """With the reason and the name as they were given, quoted for a shell."""
    world.work(2, "08:00", None)
    error = refused(world, reason="Ana's week; rm -rf", by="Pia O'Hara")
    command = error.next_step.partition("to lock it as it is: ")[2]
    words = shlex.split(command)
    assert words[:6] == ["connecteam-sync", "lock", "--from", "2025-12-02", "--to", "2025-12-03"]
    assert words[6:] == ["--reason", "Ana's week; rm -rf", "--as", "Pia O'Hara", "--anyway"]


def test_anyway_locks_what_is_wrong_and_records_what_it_was(world: World) -> None:
    """Counts and sentences stay with the lock, and `locks` shows them."""
    world.work(2, "08:00", None)
    world.work(3, "08:00", "12:00")
    world.sync()
    world.execute("DELETE FROM clock_times WHERE clock_out IS NOT NULL")
    done = world.mirror.lock(TUESDAY, WEDNESDAY, reason="the auditor waits", anyway=True)
    assert done.newly == (TUESDAY, WEDNESDAY)
    [event] = world.mirror.lock_history()
    assert event.anyway
    assert event.verified == done.verified
    assert event.verified is not None
    assert summary(event.verified) == "1 open row, 1 difference"
    assert len(event.verified.wrong) == 2
    # Closed it is: what was missing is held now.
    assert world.sync().exit_code == 3
    assert len(world.table()) == 1


@pytest.mark.usefixtures("few_tries")
def test_where_connecteam_cannot_be_reached_nothing_is_locked(world: World) -> None:
    """Exit 75, try again; or lock without a look, which is recorded."""
    world.work(2, "08:00", "16:00")
    world.sync()
    for path, day in (("", TUESDAY), ("time-activities", WEDNESDAY)):
        before = recorded(world)
        world.sandbox.faults.clear()
        world.sandbox.faults.add("unavailable", path=path, times=1000)
        with pytest.raises(Unavailable) as error:
            world.mirror.lock(day, day, reason="payroll")
        assert error.value.exit_code == 75
        assert "nothing was locked" in error.value.message
        assert "--reason payroll --anyway" in error.value.next_step
        assert recorded(world) == before
        done = world.mirror.lock(day, day, reason="payroll", anyway=True)
        assert done.newly == (day,)
        assert done.verified is not None
        assert (done.verified.is_right, done.verified.failed > 0) == (False, True)
        assert "could not be looked at" in done.verified.wrong[0]


def test_what_a_run_writes_while_days_are_looked_at_is_looked_at_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the lock another run writes a row of these days: they are looked at once more."""
    world.work(2, "08:00", "16:00")
    world.sync()
    looks: list[int] = []
    verify = world.mirror._verify

    def verifying(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on as they came
        found = verify(*args, **more)
        looks.append(found.shifts)
        if len(looks) == 1:
            world.work(3, "08:00", "12:00")
            world.sync()
        return found

    monkeypatch.setattr(world.mirror, "_verify", verifying)
    done = world.mirror.lock(TUESDAY, WEDNESDAY, reason="payroll")
    assert looks == [1, 2]
    assert done.verified is not None
    assert done.verified.shifts == 2


# -- which days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anyway", [False, True])
def test_a_day_that_is_not_over_cannot_be_locked(world: World, *, anyway: bool) -> None:
    """Today and any later one, `--anyway` or not; the day before can. Nobody is asked, nothing is written."""
    with time_machine.travel(
        datetime(2025, 12, 4, 5, 59, tzinfo=UTC), tick=True
    ):  # Chicago: the last minute of Wednesday
        calls = world.sandbox.calls
        for first, last in ((TUESDAY, WEDNESDAY), (WEDNESDAY, WEDNESDAY), (SUNDAY, SUNDAY)):
            with pytest.raises(WindowError, match="not over yet") as error:
                world.mirror.lock(first, last, reason="payroll", anyway=anyway)
            assert error.value.exit_code == 2
            assert ("lock up to 2025-12-02" in error.value.next_step) == (first == TUESDAY)
        assert (world.sandbox.calls, recorded(world)) == (calls, [[], []])
        assert world.mirror.lock(TUESDAY, TUESDAY, reason="payroll").newly == (TUESDAY,)
    with time_machine.travel(datetime(2025, 12, 4, 6, 0, 1, tzinfo=UTC), tick=True):
        assert world.mirror.lock(WEDNESDAY, WEDNESDAY, reason="payroll").newly == (WEDNESDAY,)


def test_a_lock_keeps_the_zone_it_was_made_in(world: World, database: str) -> None:
    """The business moves its zone: the hours closed before stay closed, those of new locks are of the new zone."""
    early, late = world.work(2, "07:00", "08:00"), world.work(2, "23:00", "23:30")
    world.sync()
    world.lock(TUESDAY)
    world.mirror.close()
    moved = World(world.sandbox, database)
    moved.mirror.close()
    moved.mirror = ConnecteamSync(
        world.sandbox.key,
        settings=msgspec.structs.replace(moved.mirror.settings, timezone="Asia/Tokyo"),
    )
    moved.mirror.accept_account(moved.mirror.proposed_account(["timezone"]), by="Pia")
    before = moved.table()
    # In Tokyo both shifts are of other days: the second, 22:00, and the third, 14:00.
    for shift in (early, late):
        moved.company.edit(shift.id, end=(shift.end or 0) + 60)
    window = moved.mirror.window(date(2025, 12, 1), date(2025, 12, 5))
    assert moved.mirror.sync(window).exit_code == 3
    assert moved.table() == before
    assert moved.mirror.locked_days() == (TUESDAY,)
    [one, two] = [standing.hold.detail for standing in moved.mirror.holds("locked_day")]
    assert one.startswith("Tue 2 Dec 2025 (America/Chicago) is locked for payroll: clock-out ")
    assert two.startswith("Tue 2 Dec 2025 (America/Chicago) is locked for payroll: clock-out ")
    # A lock of now holds the hours of now; unlocking goes by the name of the day, whatever its zone.
    moved.lock(date(2025, 12, 4))
    assert [(closed.first, closed.timezone) for closed in moved.mirror.locks()] == [
        (date(2025, 12, 4), "Asia/Tokyo"),
        (TUESDAY, "America/Chicago"),
    ]
    done = moved.mirror.unlock(WEDNESDAY, WEDNESDAY)
    assert done.opened == ()
    assert [closed.timezone for closed in done.still] == ["America/Chicago"]
    assert len(moved.mirror.unlock(TUESDAY, TUESDAY).opened) == 1
    assert moved.mirror.sync(window).counts.updated == 2
    moved.mirror.close()


def test_a_night_of_25_hours_is_closed_whole(world: World) -> None:
    """Both hours that the clock shows as half past one, and neither midnight next to them."""
    company = world.company
    day = date(2025, 11, 2)
    midnight = company.at(day, "00:00")
    starts = [midnight - 60, midnight + 5400, midnight + 9000, midnight + 25 * 3600 - 60, midnight + 25 * 3600]
    people = sorted(company.people)
    shifts = [company.add(user, at, at + 600, clock=WAREHOUSE) for user, at in zip(people, starts, strict=False)]
    window = world.mirror.window(day - timedelta(days=1), day + timedelta(days=1))
    world.sync(window)
    world.lock(day)
    for shift in shifts:
        company.edit(shift.id, end=(shift.end or 0) + 60)
    run = world.sync(window)
    assert (run.counts.updated, run.counts.held) == (2, 3)
    said = [hold.detail for hold in run.holds]
    assert [detail.split("clock-out ")[1].split(" ->")[0] for detail in said] == [
        "01:40 CDT",
        "01:40 CST",
        "00:09 (Mon 3 Nov)",
    ]


# -- who and why -------------------------------------------------------------------------------------------------------


def test_it_is_recorded_who_and_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As told, else the user of the system; a reason there must be; what steers a terminal is taken out."""
    assert world.lock(TUESDAY).by == getpass.getuser()
    sneaky = world.lock(WEDNESDAY, by="Pia\x1b[31m\nok  clock", reason="first\r\nsecond \u202egnp\x00 half \ud83d")
    assert (sneaky.by, sneaky.reason) == ("Pia [31m ok clock", "first second gnp half")
    for reason in ("", "  \n", "\u202e", "x" * 1001):
        with pytest.raises(ConfigurationError, match="the reason is"):
            world.mirror.lock(SUNDAY, SUNDAY, reason=reason)
    for by in (" \n", "x" * 192):
        with pytest.raises(ConfigurationError, match="who says so is"):
            world.mirror.lock(SUNDAY, SUNDAY, reason="x", by=by)

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert world.lock(SUNDAY).by == "somebody"
    assert len(world.lock(date(2025, 12, 8), by="é" * 191, reason="🧑" * 1000).reason) == 1000


def test_unlocking_is_recorded_too(world: World) -> None:
    """Nothing of a lock is forgotten: who closed, who opened, when and why."""
    world.lock(TUESDAY, WEDNESDAY, by="Pia")
    done = world.mirror.unlock(WEDNESDAY, SUNDAY, reason="Ana's night", by="Olaf")
    assert [closed.day for closed in done.opened] == [WEDNESDAY]
    assert world.mirror.locked_days() == (TUESDAY,)
    history = world.mirror.lock_history()
    assert [(event.kind, event.by, event.reason) for event in history] == [
        ("unlock", "Olaf", "Ana's night"),
        ("lock", "Pia", "payroll"),
    ]
    assert history[0].ranges == ((WEDNESDAY, WEDNESDAY, "America/Chicago"),)


# -- the command -------------------------------------------------------------------------------------------------------

DAYS = ("--from", "2025-12-01", "--to", "2025-12-02")


def test_lock_wants_a_reason(terminal: Terminal) -> None:
    """Exit 2, and nobody is asked."""
    answer = terminal("lock", *DAYS)
    assert (answer.code, answer.out) == (2, "")
    assert "--reason" in answer.err
    blank = terminal("lock", *DAYS, "--reason", " ")
    assert (blank.code, terminal.sandbox.calls) == (2, 0)
    future = terminal("lock", "--from", "today", "--to", "today", "--reason", "x", "--anyway")
    assert (future.code, terminal.sandbox.calls) == (2, 0)
    assert "not over yet" in future.err


def locks(terminal: Terminal, *words: str) -> Answer:
    """What `locks` says."""
    return terminal("locks", *words)


def test_a_lock_is_told_to_people_and_to_programs(terminal: Terminal) -> None:
    """Refused with what is wrong and the command; locked anyway; listed; unlocked; and all of it in the history."""
    assert locks(terminal).out == "no day is locked\n"
    refusal = terminal("lock", *DAYS, "--reason", "payroll", "--json")
    assert (refusal.code, refusal.json["status"], refusal.json["error"]) == (4, "refused", "lock_refused")
    assert refusal.json["verified"]["differences"] == len(refusal.json["verified"]["wrong"]) > 5
    assert (refusal.json["locked"], terminal("locks", "--json").json["locks"]) == (0, [])
    told = terminal("lock", *DAYS, "--reason", "payroll")
    assert told.code == 4
    assert "differs from Connecteam: a new row" in told.out
    assert "--reason payroll --anyway" in told.err
    terminal("sync", *DAYS)
    done = terminal("lock", *DAYS, "--reason", "payroll", "--as", "Pia", "--json")
    assert (done.code, done.json["locked"], done.json["already"]) == (0, 2, 0)
    assert done.json["window"] == {"first": "2025-12-01", "last": "2025-12-02", "timezone": "America/Chicago"}
    assert {name: done.json[name] for name in ("reason", "by", "anyway")} == {
        "reason": "payroll",
        "by": "Pia",
        "anyway": False,
    }
    assert {name: done.json["verified"][name] for name in ("differences", "holds", "open", "failed")} == {
        "differences": 0,
        "holds": 0,
        "open": 0,
        "failed": 0,
    }
    again = terminal("lock", *DAYS, "--reason", "payroll", "--json").json
    assert (again["locked"], again["already"], again["verified"]) == (0, 2, None)
    listed = locks(terminal).out
    assert "2025-12-01..2025-12-02 (America/Chicago)  locked " in listed
    assert " by Pia: payroll (all was right)" in listed
    [lock] = terminal("locks", "--json").json["locks"]
    assert (lock["first"], lock["last"], lock["by"], lock["verified"]["wrong"]) == (
        "2025-12-01",
        "2025-12-02",
        "Pia",
        [],
    )
    opened = terminal(
        "unlock", "--from", "2025-12-02", "--to", "2025-12-02", "--reason", "late", "--as", "Olaf", "--json"
    )
    assert (opened.code, opened.json["unlocked"], opened.json["still_locked"]) == (0, 1, [])
    history = locks(terminal, "--all").out.splitlines()
    assert ["unlocked" in line for line in history] == [True, False]
    assert "by Olaf: late" in history[0]
    events = terminal("locks", "--all", "--json").json["events"]
    assert [event["kind"] for event in events] == ["unlock", "lock"]
    assert events[0]["ranges"] == [{"first": "2025-12-02", "last": "2025-12-02", "timezone": "America/Chicago"}]
