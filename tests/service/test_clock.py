"""The clock: what a day costs in calls, leases, and that whatever fails is alone and mended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from connecteam_sync.api.wire import People
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.window import Window
from connecteam_sync.engine.lists import Lists
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.service import clock as clock_module
from connecteam_sync.service.clock import AWAY, IDLE, Clock
from connecteam_sync.service.stopping import Stopped
from connecteam_sync.service.visits import visit
from connecteam_sync.store.service.due import DueClock
from support.clock_site import MORNING, Site, site_of

DAY = 86_400


@pytest.fixture
def site(initialised: str) -> Iterator[Site]:
    """Two time clocks, visited every five minutes."""
    with site_of(initialised, cadence_seconds=300) as made:
        yield made


@pytest.mark.parametrize("clocks", [1, 3, 30])
def test_what_a_day_costs(tmp_path: Any, clocks: int) -> None:  # noqa: ANN401 - pytest's path
    """A call for each visit; people and time clocks are asked for hourly, whatever the number of clocks."""
    database = f"sqlite:///{tmp_path}/day.db"
    with site_of(database, clocks=clocks, cadence_seconds=300) as site:
        site.live(DAY)
        visits = site.sandbox.calls - 2 * 24
        # Six looks at older days, three proofs (and the people for each).
        assert clocks * 280 <= visits <= clocks * (289 + 6 + 3) + 3 + 6
        assert {one.failures for one in site.rows().values()} == {0}
        assert site.said == []


def test_a_quiet_time_clock_is_looked_at_less_often_and_a_busy_one_is_not(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's path
    """Where no interval is named: every five minutes by day where something changes, every half hour where not."""
    with site_of(f"sqlite:///{tmp_path}/quiet.db") as site:
        site.live(60)
        site.travel.move_to(MORNING + timedelta(hours=9))
        start = site.company.at(MORNING.date(), "08:00")
        site.company.add(min(site.company.people), start, None, clock=WAREHOUSE, created_at=start)
        site.live(3600)
        found = site.rows()
        assert (found[WAREHOUSE].cadence, found[OFFICE].cadence) == (300, 1800)
        site.travel.move_to(MORNING + timedelta(hours=23))
        site.live(3600)
        assert site.rows()[WAREHOUSE].cadence == 900


def test_the_budget_slows_the_clock_before_the_reserve_is_touched(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's path
    """Of 200 calls a day 20 stay for others: the visits are spread over what is left of the UTC day."""
    with site_of(f"sqlite:///{tmp_path}/small.db", clocks=1, cadence_seconds=60) as site:
        site.sandbox.settings.day_limit = 200
        site.live(17 * 3600)
        assert 100 < site.sandbox.calls <= 180
        assert "reserve" not in " ".join(site.said)


def test_after_a_visit_it_is_known_when_the_next_is_due(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's path
    """At once where another waits, or where it is time for what can wait; else not before it is asked again."""
    database = f"sqlite:///{tmp_path}/next.db"
    with site_of(database, proves=False, cadence_seconds=300, older_days=0) as site:
        seconds = 0.0
        clock = Clock(site.mirror, stop=site.stop, ahead=site.ahead, clock=lambda: seconds)
        while not clock.turn():
            pass
        site.travel.shift(400)
        assert [clock.turn(), clock.turn()] == [0, IDLE]
        site.travel.shift(400)
        seconds = 60.0
        assert [clock.turn(), clock.turn()] == [0, 0]
        assert {one.successes for one in site.rows().values()} == {3}


def test_a_time_clock_that_fails_is_alone(site: Site) -> None:
    """It is tried again later and later, and told once; the other is visited as ever, and then it is well again."""
    site.live(60)
    site.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
    site.live(3600)
    bad, good = site.rows()[WAREHOUSE], site.rows()[OFFICE]
    assert bad.failures >= 5
    assert good.successes >= 12
    assert (bad.last_error is not None, good.last_error) == (True, None)
    assert len(site.said) == 1
    assert "Place 0" in site.said[0]
    site.sandbox.faults.clear()
    site.live(3600)
    assert site.rows()[WAREHOUSE].failures == 0
    assert "can be looked at again" in site.said[1]


def row_count(site: Site) -> int:
    """How many rows of clock times there are."""
    with site.mirror.store.reading() as session:
        return sum(1 for _ in session.rows_of_all())


def test_a_time_clock_that_fails_is_alone_where_another_is_asked_before_a_row_goes(site: Site) -> None:
    """Whether the shift is there now cannot be known: its row is held, and the visit that found out is a good one."""
    starts = [site.company.at(MORNING.date() - timedelta(days=days), "08:00") for days in range(2, 9)]
    shifts = [
        site.company.add(user, start, start + 3600, clock=OFFICE, created_at=start + 4000)
        for user, person in sorted(site.company.people.items())
        for start in starts
        if OFFICE in person.clocks
    ]
    site.live(60)
    rows = row_count(site)
    site.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
    site.company.delete(shifts[0].id)
    site.live(3600)
    assert row_count(site) == rows
    assert [one.hold.reason for one in site.mirror.holds()] == ["clock_not_looked_at"]
    good = site.rows()[OFFICE]
    assert (good.failures, good.successes >= 12) == (0, True)
    assert site.rows()[WAREHOUSE].failures >= 5
    site.sandbox.faults.clear()
    site.live(3600)
    assert row_count(site) == rows - 1
    assert list(site.mirror.holds()) == []


def test_a_look_that_was_noted_without_an_answer_counts_once(site: Site) -> None:
    """The commit came through and its reply did not: the look is not noted again, nor what it heard."""
    site.live(60)
    engine, lost = site.mirror.store._engine, list[bool]()
    commit, looks = engine.dialect.do_commit, looked(site)
    noted = False

    def statement(*words: Any) -> None:  # noqa: ANN401 - the library's own
        nonlocal noted
        noted = noted or words[2].startswith("UPDATE connecteam_sync_looks")

    def commit_and_lose(connection: object) -> None:
        commit(connection)  # type: ignore[arg-type] # a driver's own connection
        if noted and not lost:
            lost.append(True)
            raise OperationalError("COMMIT", {}, Exception("the reply is lost"), connection_invalidated=True)

    event.listen(engine, "before_cursor_execute", statement)
    engine.dialect.do_commit = commit_and_lose  # type: ignore[method-assign,assignment] # the reply is lost here
    site.live(299)
    engine.dialect.do_commit = commit  # type: ignore[method-assign] # and no more
    assert lost
    assert looked(site) == {clock: number + 1 for clock, number in looks.items()}
    assert {one.successes for one in site.rows().values()} == {2}


def looked(site: Site) -> dict[int, int]:
    """How many looks at each time clock were counted."""
    own = site.mirror.store.own
    with site.mirror.store.own_rows("reading") as connection:
        found = connection.exec_driver_sql(f"SELECT time_clock_id, looks FROM {own.looks}")
        return {int(clock): int(number) for clock, number in found}


def test_what_nobody_foresaw_in_one_look_is_a_failure_of_that_time_clock(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged by its kind and place, without its words, and the other time clock is visited."""
    site.live(60)

    def broken(client: ConnecteamSync, held: DueClock, also: Iterable[Window]) -> list[Any]:
        if held.time_clock_id == WAREHOUSE:
            msg = "Zoë Ito"
            raise ZeroDivisionError(msg)
        return visit(client, held, also)

    monkeypatch.setattr(clock_module, "visit", broken)
    site.live(900)
    bad = site.rows()[WAREHOUSE]
    assert bad.failures >= 2
    assert bad.last_error is not None
    assert bad.last_error.name == "unforeseen"
    assert "ZeroDivisionError" in bad.last_error.message
    assert "Zoë" not in bad.last_error.message + " ".join(site.said)
    assert site.rows()[OFFICE].successes >= 3


def test_a_key_that_is_refused_stops_the_account(site: Site) -> None:
    """Said once, and no call is made any more, until it is resumed."""
    site.live(60)
    key, site.sandbox.handlers.key = site.sandbox.handlers.key, "sandbox-another"
    site.live(1200)
    calls = site.mirror.http_calls
    assert {one.state for one in site.rows().values()} == {"refused"}
    [said] = [line for line in site.said if "no time clock is visited any more" in line]
    assert "connecteam-sync resume" in said
    site.live(3 * 3600)
    assert site.mirror.http_calls == calls
    site.sandbox.handlers.key = key
    assert site.mirror.resume_visits() == (WAREHOUSE, OFFICE)
    site.live(1200)
    assert {(one.state, one.failures) for one in site.rows().values()} == {("active", 0)}


def test_a_pause_is_kept_until_it_is_taken_back(site: Site) -> None:
    """Of one time clock; the other is visited."""
    site.live(60)
    assert site.mirror.pause_visits(OFFICE, by="ann", reason="stocktaking") == (OFFICE,)
    before = site.rows()
    site.live(3600)
    after = site.rows()
    assert after[OFFICE].last_look == before[OFFICE].last_look
    assert after[WAREHOUSE].successes > before[WAREHOUSE].successes
    assert (after[OFFICE].paused_by, after[OFFICE].paused_reason) == ("ann", "stocktaking")
    site.mirror.resume_visits(OFFICE)
    site.live(60)
    assert site.rows()[OFFICE].successes > after[OFFICE].successes


def test_two_clocks_share_the_work(site: Site) -> None:
    """What one has claimed the other leaves alone, and each row is visited when it is due."""
    site.live(30)
    other = site.client()
    second = site.clock_of(other)
    site.travel.shift(400)
    before = {one.time_clock_id: one.successes for one in site.rows().values()}
    assert [site.clock.turn(), second.turn()] == [0, 0]
    assert {one.time_clock_id: one.successes - before[one.time_clock_id] for one in site.rows().values()} == {
        WAREHOUSE: 1,
        OFFICE: 1,
    }
    other.close()


@pytest.mark.parametrize("seconds", [600, 9 * 3600])
def test_while_the_database_is_away_it_waits_and_goes_on(
    site: Site, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes or a night in which no connection comes about, in the middle of a visit: told once, then all goes on,
    and what happened meanwhile is mirrored.
    """
    site.live(60)
    engine = site.mirror.store._engine
    real, away = engine.connect, {"is": False}

    def connect() -> Any:  # noqa: ANN401 - SQLAlchemy's connection
        if away["is"]:
            raise OperationalError("SELECT 1", {}, ConnectionRefusedError("no server"), connection_invalidated=True)
        return real()

    monkeypatch.setattr(engine, "connect", connect)
    site.travel.shift(400)
    site.sandbox.faults.rewrite(lambda body: (away.update({"is": True}), body)[1], path="/time-activities")
    began, waits = time.time(), [0.0]
    while time.time() < began + seconds:
        waits.append(site.clock.turn())
        site.travel.shift(max(0.1, waits[-1]))
    assert away["is"]
    assert max(waits) == AWAY
    now = int(time.time())
    for user in sorted(site.company.people)[:5]:
        site.company.add(user, now - 5000, now - 1000, clock=WAREHOUSE)
    away["is"] = False
    said = list(site.said)
    site.live(400)
    assert {one.failures for one in site.rows().values()} == {0}
    assert all(one.lease_token is None for one in site.rows().values())
    assert len(said) == 1
    assert "the service goes on" in site.said
    assert row_count(site) == 5


def test_a_look_that_is_stopped_ends_between_two_slices_and_is_given_back(site: Site) -> None:
    """Nothing of it is half written, and the next start takes it up at once."""
    site.live(60)
    site.travel.shift(400)
    site.stop.set()
    assert site.clock.turn() == 0
    held = site.rows()
    assert all(one.lease_token is None for one in held.values())
    assert {one.failures for one in held.values()} == {0}
    with pytest.raises(Stopped):
        site.mirror.visit(WAREHOUSE)


def test_when_and_why_a_time_clock_is_visited_can_be_read(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's path
    """With the time clocks of the account, and without asking Connecteam: next look, interval, reason, last failure."""
    with site_of(f"sqlite:///{tmp_path}/why.db") as site:
        assert site.mirror.schedules() == ()
        site.live(60)
        calls = site.sandbox.calls
        [warehouse, office] = site.mirror.schedules()
        assert site.sandbox.calls == calls
        assert (warehouse.time_clock_id, warehouse.cadence, warehouse.why) == (WAREHOUSE, 1800, "quiet")
        assert 1700 < warehouse.next_due - time.time() <= 1800
        assert {one.id: one.schedule for one in site.mirror.clocks()} == {WAREHOUSE: warehouse, OFFICE: office}
        site.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
        site.live(1900)
        [warehouse, office] = site.mirror.schedules()
        assert (warehouse.why, warehouse.failures > 0, warehouse.error is not None) == ("failing", True, True)
        assert (office.why, office.error) == ("quiet", None)
    with site_of(f"sqlite:///{tmp_path}/named.db", cadence_seconds=300) as site:
        site.live(60)
        assert {(one.cadence, one.why) for one in site.mirror.schedules()} == {(300, "named")}


def test_threads_remember_the_lists_together(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - pytest's path
    """Two clocks at work for six hours ask for the people as often as one does: once an hour."""
    asked: list[float] = []
    fetch = Lists.fetch_users

    def fetch_users(lists: Lists) -> People:
        asked.append(time.time())
        return fetch(lists)

    monkeypatch.setattr(Lists, "fetch_users", fetch_users)
    with site_of(f"sqlite:///{tmp_path}/threads.db", clocks=4, cadence_seconds=1800) as site:
        other = site.client()
        other.share_lists(site.mirror)
        second = site.clock_of(other)
        ends = time.time() + 6 * 3600
        while time.time() < ends:
            waits = (site.clock.turn(), second.turn())
            site.travel.shift(max(0.1, min(waits)))
        assert 6 <= len(asked) <= 7
        assert {one.successes for one in site.rows().values()} <= {12, 13}
        assert site.said == []
        other.close()
