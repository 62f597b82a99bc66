"""Turns of a fleet on every database: claimed once, in a fair order, and never lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from connecteam_sync.core.fleet import Priority, Turn, Worker
from connecteam_sync.errors import ConfigurationError, LockHeld, RowMoved
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import MOST_LOST, Turns
from connecteam_sync.store.control.workers import SILENT, Workers
from connecteam_sync.store.sql.quoting import run


@pytest.fixture
def control(database: str) -> Iterator[ControlDatabase]:
    """A control database of each kind."""
    opened = ControlDatabase(database)
    opened.init()
    yield opened
    opened.close()


def enrol(control: ControlDatabase, **slots: int) -> None:
    """These accounts."""
    with control.writing("enrolling") as connection:
        Turns(control.dialect).enrol(connection, slots)


def claim(control: ControlDatabase, most: int = 100, *, ahead: int = 0, seconds: int = 60) -> tuple[Turn, ...]:
    """What is given out then."""
    with control.writing("claiming") as connection:
        return Turns(control.dialect, ahead=ahead).claim(connection, most, seconds=seconds)


def take(control: ControlDatabase, turn: Turn, holder: str = "here", *, ahead: int = 0) -> Turn | None:
    """Begin it."""
    with control.writing("taking") as connection:
        turns = Turns(control.dialect, ahead=ahead)
        return turns.take(connection, turn.account, turn.slot, str(turn.lease_token), holder=holder, seconds=60)


def finish(
    control: ControlDatabase,
    turn: Turn,
    *,
    waits: int = 300,
    ahead: int = 0,
    priority: Priority = Priority.CADENCE,
    error: str | None = None,
) -> bool:
    """End it."""
    with control.writing("finishing") as connection:
        return Turns(control.dialect, ahead=ahead).finish(connection, turn, waits=waits, priority=priority, error=error)


def names(turns: tuple[Turn, ...]) -> list[str]:
    """Account and slot of each."""
    return [f"{turn.account}/{turn.slot}" for turn in turns]


def test_each_is_given_out_once_and_again_when_its_time_comes(control: ControlDatabase) -> None:
    """Not before, not twice, and by the database's clock."""
    enrol(control, north=2, south=1)
    first = claim(control)
    assert sorted(names(first)) == ["north/0", "north/1", "south/0"]
    assert claim(control) == ()
    for turn in first:
        held = take(control, turn)
        assert held is not None
        assert held.holder == "here"
        assert finish(control, held)
    assert claim(control, ahead=298) == ()
    assert sorted(names(claim(control, ahead=301))) == ["north/0", "north/1", "south/0"]


def test_an_account_with_much_to_do_starves_nobody(control: ControlDatabase) -> None:
    """Each gets its first before any gets its second, whoever has waited longest."""
    enrol(control, big=30)
    with control.writing("waiting") as connection:
        run(connection, "UPDATE connecteam_fleet_turns SET next_due = next_due - 30, due_at = due_at - 30")
    enrol(control, big=30, small=1, tiny=1)
    assert sorted(names(claim(control, 3))) == ["big/0", "small/0", "tiny/0"]


def test_the_urgent_come_first_but_not_for_ever(control: ControlDatabase) -> None:
    """A doorbell before the ordinary; what has waited for a minute before both."""
    enrol(control, a=1, b=1, c=1)
    for turn in claim(control):
        assert finish(control, turn, waits=0, priority=Priority.BACKFILL if turn.account == "a" else Priority.CADENCE)
    with control.writing("calling") as connection:
        Turns(control.dialect).call(connection, "c", seconds=0, priority=Priority.BELL)
    assert [turn.account for turn in claim(control, 1)] == ["c"]
    with control.writing("waiting") as connection:
        run(connection, "UPDATE connecteam_fleet_turns SET next_due = next_due - 100 WHERE account = 'a'")
    assert [turn.account for turn in claim(control, 1)] == ["a"]


def test_a_turn_belongs_to_whoever_has_its_token(control: ControlDatabase) -> None:
    """One whose lease ran out is given out again; who wakes up with the old token can neither take, keep nor end it."""
    enrol(control, north=1)
    (old,) = claim(control)
    assert claim(control, ahead=59) == ()
    (new,) = claim(control, ahead=62)
    assert new.lease_token != old.lease_token
    assert take(control, old) is None
    held = take(control, new, "there", ahead=62)
    assert held is not None
    with control.writing("keeping") as connection:
        assert not Turns(control.dialect).extend(connection, old, seconds=600)
        assert not Turns(control.dialect).release(connection, old)
    assert not finish(control, old)
    assert finish(control, held, ahead=62)


def test_a_turn_is_begun_once(control: ControlDatabase) -> None:
    """A message that is delivered twice does nothing the second time."""
    enrol(control, north=1)
    (turn,) = claim(control)
    assert take(control, turn, "one") is not None
    assert take(control, turn, "two") is None


def test_those_that_were_lost_in_hand_are_counted(control: ControlDatabase) -> None:
    """A lease that ran out before anybody began is no loss; one in a worker's hands is, until a turn ends well."""
    enrol(control, north=1)
    claim(control)
    (turn,) = claim(control, ahead=61)
    assert turn.lost == 0
    assert take(control, turn, ahead=61) is not None
    (turn,) = claim(control, ahead=125)
    assert (turn.lost, turn.lost_ever) == (1, 1)
    held = take(control, turn, ahead=125)
    assert held is not None
    assert finish(control, held, waits=0, ahead=125)
    (turn,) = claim(control, ahead=126)
    assert (turn.lost, turn.lost_ever) == (0, 1)
    with control.writing("waiting") as connection:
        assert Turns(control.dialect, ahead=126).waiting(connection).lost == 1


def test_a_call_during_a_turn_is_not_forgotten(control: ControlDatabase) -> None:
    """A doorbell rings while the account is at work: it works again at once, whatever the turn says of the next."""
    enrol(control, north=1)
    (turn,) = claim(control)
    held = take(control, turn)
    assert held is not None
    with control.writing("calling") as connection:
        Turns(control.dialect).call(connection, "north", seconds=10, priority=Priority.BELL)
    assert claim(control, ahead=20) == ()
    assert finish(control, held, waits=300)
    (again,) = claim(control, ahead=12)
    assert again.priority == Priority.BELL


def test_what_is_put_aside_is_left_alone_until_somebody_resumes_it(control: ControlDatabase) -> None:
    """No call wakes it; `resume` does, and so does its time."""
    enrol(control, north=1)
    (turn,) = claim(control)
    with control.writing("putting aside") as connection:
        turns = Turns(control.dialect)
        assert turns.put_aside(connection, turn, seconds=3600, error="five workers died")
        turns.call(connection, "north", seconds=0, priority=Priority.BELL)
    assert claim(control, ahead=3500) == ()
    with control.writing("looking") as connection:
        (row,) = Turns(control.dialect).all(connection)
    assert row.error == "five workers died"
    with control.writing("resuming") as connection:
        (aside,) = Turns(control.dialect, ahead=600).aside(connection)
        assert (aside.account, aside.error, aside.since) == ("north", "five workers died", turn.due_at)
        assert 2990 < aside.seconds <= 3000
        assert Turns(control.dialect, ahead=3601).aside(connection) == ()
        Turns(control.dialect).resume(connection, "north")
        assert Turns(control.dialect).aside(connection) == ()
    assert names(claim(control)) == ["north/0"]


def test_what_was_put_aside_is_tried_once_more_when_its_time_comes(control: ControlDatabase) -> None:
    """After its hour somebody gets it; if that worker is lost, too, it is put aside again at once."""
    enrol(control, north=1)
    ahead = 0
    for _ in range(MOST_LOST):
        (turn,) = claim(control, ahead=ahead)
        assert turn.lost < MOST_LOST
        assert take(control, turn, ahead=ahead) is not None
        ahead += 61
    for _ in range(2):
        (turn,) = claim(control, ahead=ahead)
        assert turn.lost == MOST_LOST
        with control.writing("putting aside") as connection:
            Turns(control.dialect, ahead=ahead).put_aside(connection, turn, seconds=3600, error="workers died")
        ahead += 3601
        (turn,) = claim(control, ahead=ahead)
        assert turn.lost == MOST_LOST - 1
        assert take(control, turn, ahead=ahead) is not None
        ahead += 61


def test_how_long_the_longest_waits(control: ControlDatabase) -> None:
    """Counted until a worker has begun, not until a message was sent."""
    enrol(control, north=1, south=1)
    (turn,) = claim(control, 1)
    with control.writing("waiting") as connection:
        waiting = Turns(control.dialect, ahead=40).waiting(connection)
    assert waiting.due == 1
    assert waiting.given_out == 1
    assert 40 <= waiting.seconds <= 45
    (other,) = claim(control, 1)
    for one in (turn, other):
        held = take(control, one)
        assert held is not None
        assert finish(control, held, waits=100)
    with control.writing("waiting") as connection:
        assert Turns(control.dialect, ahead=50).waiting(connection).seconds == 0
        assert 50 <= Turns(control.dialect, ahead=150).waiting(connection).seconds <= 55


def test_what_nobody_came_back_from_waits_for_another(control: ControlDatabase) -> None:
    """Once its lease has run out, also where nothing else is due; what nobody had begun waits since it was due."""
    enrol(control, north=1, south=1)
    begun, queued = claim(control)
    assert take(control, begun) is not None
    with control.writing("waiting") as connection:
        early = Turns(control.dialect, ahead=50).waiting(connection)
        late = Turns(control.dialect, ahead=70).waiting(connection)
    assert (early.due, early.given_out) == (0, 2)
    assert 50 <= early.seconds <= 55
    assert (late.due, late.given_out) == (2, 0)
    assert 70 <= late.seconds <= 75
    (again,) = (turn for turn in claim(control, ahead=70) if turn.account == queued.account)
    assert finish(control, again, ahead=70)
    with control.writing("waiting") as connection:
        late = Turns(control.dialect, ahead=140).waiting(connection)
    assert (late.due, late.given_out) == (1, 0)


def test_what_is_put_aside_does_not_wait(control: ControlDatabase) -> None:
    """Whoever calls: nobody would be helped by more workers."""
    enrol(control, north=1)
    (turn,) = claim(control)
    with control.writing("putting aside") as connection:
        turns = Turns(control.dialect)
        assert turns.put_aside(connection, turn, seconds=3600, error="memory")
        turns.call(connection, "north", seconds=0, priority=Priority.BELL)
    with control.writing("waiting") as connection:
        waiting = Turns(control.dialect, ahead=100).waiting(connection)
    assert (waiting.seconds, waiting.due, waiting.given_out) == (0, 0, 0)


def test_accounts_that_are_gone_are_visited_no_more(control: ControlDatabase) -> None:
    """And fewer visits at a time are fewer rows."""
    enrol(control, north=3, south=1)
    enrol(control, north=1, west=1)
    assert sorted(names(claim(control))) == ["north/0", "west/0"]


def test_several_who_give_out_at_once_share_the_turns(control: ControlDatabase) -> None:
    """Eight threads with connections of their own: none is given out twice, and none is forgotten."""
    enrol(control, **{f"a{number}": 4 for number in range(20)})
    found: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        mine = ControlDatabase(control.url.render_as_string(hide_password=False))
        idle = 0
        while idle < 3:
            try:
                got = claim(mine, 3)
            except (LockHeld, RowMoved):
                continue
            idle += not got
            with lock:
                found.extend(names(got))
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(found) == Counter({f"a{number}/{slot}": 1 for number in range(20) for slot in range(4)})


def test_several_may_make_the_tables_at_once(database: str) -> None:
    """Whoever comes second finds them."""
    failed: list[BaseException] = []

    def begin() -> None:
        mine = ControlDatabase(database)
        try:
            mine.init()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)
        mine.close()

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_tables_of_a_newer_version_are_not_touched(control: ControlDatabase) -> None:
    """The message says which machine to upgrade."""
    with control.writing("upgrading") as connection:
        run(connection, "INSERT INTO connecteam_fleet_version (version) VALUES (99)")
    with pytest.raises(ConfigurationError, match="version 99"):
        control.init()


def test_workers_are_listed_with_what_they_do(control: ControlDatabase) -> None:
    """By their signs; who is silent gets nothing new, and who leaves is gone."""
    enrol(control, north=1)
    workers = Workers(control.dialect)
    known = Worker(id="w1", host="h", pid=7, version="1", slots=2, began_at=0, beat_at=0)
    with control.writing("beating") as connection:
        workers.beat(connection, known)
        workers.beat(connection, known)
        assert workers.slots(connection) == 2
    (turn,) = claim(control)
    assert take(control, turn, "w1") is not None
    with control.writing("looking") as connection:
        (found,) = workers.all(connection)
        assert (found.running, found.is_alive, found.pid) == (("north/0",), True, 7)
        run(connection, f"UPDATE connecteam_fleet_workers SET beat_at = beat_at - {SILENT + 2}")
        assert workers.slots(connection) == 0
        assert not workers.all(connection)[0].is_alive
        workers.leave(connection, "w1")
        assert workers.all(connection) == ()
