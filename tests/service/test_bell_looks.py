"""Doorbells are heard: one look for a burst, on the right days, once more where it found nothing, never lost."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.bells import Doorbell, Placing
from connecteam_sync.core.deliveries import read_bell
from connecteam_sync.errors import DatabaseError
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE, Activity
from connecteam_sync.sandbox.company import Clock as TimeClock
from connecteam_sync.service import clock as clock_module
from connecteam_sync.service.visits import visit
from connecteam_sync.store.service.announced import Announcements
from connecteam_sync.store.service.bells import KEPT_DAYS, Bells
from support.bell_site import body_of
from support.clock_site import MORNING, Site, site_of
from support.databases import run_statement

TODAY = MORNING.date()


@pytest.fixture
def site(initialised: str) -> Iterator[Site]:
    """Two time clocks, visited once an hour: what comes sooner came by a doorbell."""
    with site_of(initialised, cadence_seconds=3600, older_days=0, proves=False) as made:
        made.live(30)
        yield made


def bells_of(site: Site) -> Bells:
    """The doorbells at this moment."""
    return Bells(site.mirror.store.dialect, site.mirror.store.own, ahead=site.ahead())


def rings(site: Site, *bodies: dict[str, Any]) -> Placing:
    """Deliveries as the address of webhooks records them."""
    with site.mirror.store.own_rows("storing doorbells") as connection:
        found = [read_bell(json.dumps(body).encode()) for body in bodies]
        return bells_of(site).record(connection, found, settle_seconds=site.settings.settle_seconds)


def odd(clock: int = WAREHOUSE, user: int = 8_000_000) -> dict[str, Any]:
    """The body of an event of a shift of today that is not there, of somebody who is."""
    about = {"id": "nowhere", "start": {"timestamp": int(MORNING.timestamp())}}
    return body_of(clock=clock, userId=user, timeActivity=about)


def announced(event: str, activity: Activity, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The body of an event of this activity."""
    about = {"id": activity.id, "start": {"timestamp": activity.start}}
    return body_of(event, activity.clock_id, userId=activity.user_id, timeActivity=about) | more


def works(site: Site, days_ago: int = 0, clock: int = WAREHOUSE) -> Activity:
    """A shift of an hour that has just been entered."""
    start = site.company.at(TODAY - timedelta(days=days_ago), "00:00")
    return site.company.add(min(site.company.people), start, start + 3600, clock=clock, created_at=start)


def kept(site: Site) -> list[Doorbell]:
    """The deliveries, oldest first."""
    return list(reversed(site.mirror.doorbells(limit=1000)))


def count(site: Site) -> int:
    """How many rows the table has."""
    with site.mirror.store.reading() as session:
        return len(session.rows_of_all())


def test_a_delivery_makes_its_time_clock_due(site: Site) -> None:
    """Ten seconds later, and no other; what it found, and in which run, is on record, and no look follows."""
    before, shift = site.rows(), works(site)
    rings(site, announced("admin_add", shift))
    site.live(9)
    assert (count(site), kept(site)[0].state) == (0, "waiting")
    site.live(4)
    assert count(site) == 1
    (bell,) = kept(site)
    newest = site.mirror.runs(1)[0]
    assert (bell.state, bell.found, bell.run, bell.look_at) == ("heard", "change", newest.id, None)
    assert [run.trigger for run in site.mirror.runs()][::-1][-2:] == ["schedule", "bell"]
    assert bell.heard_at is not None
    assert 10 <= bell.heard_at - bell.received_at <= 30
    assert site.rows()[OFFICE].last_look == before[OFFICE].last_look
    calls = site.sandbox.calls
    site.live(300)
    assert site.sandbox.calls == calls


def test_a_burst_is_one_look(site: Site) -> None:
    """Of 300 deliveries within two seconds; each is heard, whether it waited or joined."""
    shift, calls = works(site), site.sandbox.calls
    for _ in range(3):
        rings(site, *(announced("admin_edit", shift) for _ in range(100)))
        site.travel.shift(1)
    assert Counter(bell.state for bell in kept(site)) == {"waiting": 1, "joined": 299}
    site.live(30)
    assert site.sandbox.calls == calls + 1
    assert Counter((bell.state, bell.found) for bell in kept(site)) == {("heard", "change"): 300}


def test_a_look_that_found_nothing_is_repeated_once(site: Site) -> None:
    """After 90 seconds: Connecteam may tell of a change before it shows it. What it shows then is that delivery's."""
    rings(site, odd(), odd(OFFICE))
    calls = site.sandbox.calls
    site.live(60)
    assert site.sandbox.calls == calls + 2
    assert {(bell.state, bell.found, bell.looks) for bell in kept(site)} == {("heard", "nothing", 1)}
    shift = works(site, clock=OFFICE)
    rings(site, announced("clock_in", shift))
    site.live(60)
    assert kept(site)[-1].found == "change"
    site.live(600)
    assert {(bell.found, bell.looks, bell.look_at) for bell in kept(site)[:2]} == {("nothing", 2, None)}
    assert site.sandbox.calls == calls + 2 + 1 + 2


@pytest.mark.parametrize("days_ago", [0, 30])
def test_a_break_that_changed_is_a_change(site: Site, days_ago: int) -> None:
    """Begun, ended, deleted: breaks are in no journal, and what is remembered of them says it. One look each; a break
    that nobody sees is looked for once more.
    """
    begin = int(MORNING.timestamp()) - 86_400 * days_ago - 7200
    for other in range(8):
        works(site, days_ago=other)
        works(site, days_ago=max(0, days_ago - 4) + other)
    site.live(3700)
    pause = site.company.take_break(min(site.company.people), begin, None, clock=WAREHOUSE)
    for event in ("clock_in", "clock_out", "admin_edit", "admin_delete"):
        if event == "clock_out":
            site.company.clock_out(pause.id, begin + 600)
        elif event == "admin_edit":
            site.company.edit(pause.id, start=begin - 300)
        elif event == "admin_delete":
            site.company.delete(pause.id)
        about = {"timeActivity": None, "timeActivityId": pause.id} if event == "admin_delete" else {}
        rings(site, announced(event, pause, activityType="manual_break", **about))
        site.live(30)
    assert [(bell.found, bell.looks, bell.look_at) for bell in kept(site)[-4:]] == [("change", 1, None)] * 4
    rings(site, announced("admin_edit", pause, activityType="manual_break"))
    site.live(300)
    assert [(bell.found, bell.looks) for bell in kept(site)[-1:]] == [("nothing", 2)]


def test_what_is_held_is_no_reason_to_look_again(initialised: str) -> None:
    """Nobody is mapped to the user: the delivery says so, once."""
    with site_of(initialised, cadence_seconds=3600, older_days=0, proves=False, employees="match") as site:
        site.live(30)
        rings(site, announced("clock_in", works(site)))
        site.live(300)
        (bell,) = kept(site)
        assert (bell.found, bell.looks, bell.look_at) == ("held", 1, None)


def test_the_day_of_an_old_shift_is_looked_at_and_a_deletion_is_found_by_its_id(site: Site) -> None:
    """An edit names its day; of a deletion only the id is said, and what it was is remembered.

    Days around it are looked at in the same call, or the guards had too little to judge by: a day without any shift.
    """
    old = works(site, days_ago=60)
    for days_ago in range(61, 65):
        works(site, days_ago=days_ago)
    rings(site, announced("admin_add", old))
    calls = site.sandbox.calls
    site.live(30)
    assert (count(site), site.sandbox.calls) == (5, calls + 2)
    site.company.delete(old.id)
    rings(site, announced("admin_delete", old, timeActivity=None, timeActivityId=old.id))
    site.live(30)
    assert (count(site), kept(site)[-1].found) == (4, "change")


@pytest.mark.parametrize("at", [1, 86_400 * 366, 4_102_444_800, 7_258_118_400, 253_402_300_799, 2**62])
def test_a_time_that_no_look_can_reach_is_left_out(site: Site, at: int) -> None:
    """The look of the usual days takes place all the same."""
    shift = works(site)
    rings(site, announced("admin_edit", shift, timeActivity={"id": shift.id, "start": {"timestamp": at}}))
    site.live(30)
    assert (count(site), kept(site)[0].state, site.rows()[WAREHOUSE].failures) == (1, "heard", 0)


def test_an_unknown_time_clock_has_the_list_asked_for_and_is_then_visited(site: Site) -> None:
    """At most every ten minutes, however many there are that nobody knows."""
    site.company.clocks[77] = TimeClock(77, "New place")
    shift = works(site, clock=77)
    rings(site, announced("clock_in", shift))
    assert kept(site)[0].state == "ignored"
    site.live(30)
    assert (count(site), sorted(site.rows())) == (1, sorted([77, WAREHOUSE, OFFICE]))
    calls = site.sandbox.calls
    for number in range(20):
        rings(site, body_of(clock=1000 + number))
        site.live(5)
    assert site.sandbox.calls == calls
    site.live(700)
    rings(site, body_of(clock=2000))
    site.live(30)
    assert site.sandbox.calls == calls + 1


def test_people_are_asked_for_again_where_a_delivery_is_about_one(site: Site) -> None:
    """An unknown user of a shift, once an hour; an event of a person, each time."""
    asked: list[str] = []

    def counted(body: bytes) -> bytes:
        asked.append("users")
        return body

    site.sandbox.faults.rewrite(counted, path="/users/v1/users", times=1000)
    rings(site, odd(user=4_000_000))
    site.live(30)
    assert len(asked) == 1
    rings(site, odd(user=4_000_000))
    site.live(30)
    assert len(asked) == 1
    rings(site, body_of("user_updated", None, activityType="User", timeActivity=None, data=[{"userId": 1}]))
    site.live(30)
    assert len(asked) == 2
    assert {bell.state for bell in kept(site)} == {"heard"}


def test_a_time_clock_that_is_paused_keeps_its_deliveries(site: Site) -> None:
    """Until it is visited again."""
    site.mirror.pause_visits(WAREHOUSE, by="ann", reason="stocktaking")
    rings(site, announced("clock_in", works(site)))
    site.live(60)
    assert (count(site), kept(site)[0].state) == (0, "waiting")
    site.mirror.resume_visits(WAREHOUSE)
    site.live(30)
    assert (count(site), kept(site)[0].found) == (1, "change")


def test_a_look_that_fails_is_heard_by_nobody(site: Site) -> None:
    """Its deliveries wait on, by the backoff of their time clock, and what joins them meanwhile too."""
    rings(site, announced("clock_in", works(site)))
    site.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
    site.live(300)
    failures = site.rows()[WAREHOUSE].failures
    assert 2 <= failures <= 6
    rings(site, odd())
    assert Counter(bell.state for bell in kept(site)) == {"waiting": 1, "joined": 1}
    site.sandbox.faults.clear()
    site.live(1900)
    assert [bell.found for bell in kept(site)] == ["change", "nothing"]


def test_what_comes_during_a_look_waits_for_another_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look had begun: it may not have seen the change."""
    first, calls = works(site), site.sandbox.calls
    rings(site, announced("clock_in", first))

    def ringing(client: ConnecteamSync, held: Any, also: Any = ()) -> Any:  # noqa: ANN401 - what `visit` takes
        found = visit(client, held, also)
        if len(kept(site)) == 1:
            rings(site, announced("clock_in", works(site, days_ago=1)))
        return found

    monkeypatch.setattr(clock_module, "visit", ringing)
    site.live(12)
    assert [(bell.state, bell.found) for bell in kept(site)] == [("heard", "change"), ("waiting", None)]
    site.live(30)
    assert [(bell.state, bell.found) for bell in kept(site)] == [("heard", "change")] * 2
    assert (count(site), site.sandbox.calls) == (2, calls + 2)


def test_what_was_taken_by_a_look_that_was_killed_waits_on(site: Site) -> None:
    """When its lease has run out, the next look answers it."""
    rings(site, announced("clock_in", works(site)))
    site.travel.shift(15)
    with site.mirror.store.own_rows("claiming") as connection:
        rung = bells_of(site).ringing(site.mirror.store.own.clocks, 0)
        held = site.due().claim(connection, seconds=14, also=rung)
        assert held is not None
        assert len(bells_of(site).take(connection, WAREHOUSE, str(held.lease_token))) == 1
    site.live(10)
    assert kept(site)[0].state == "waiting"
    site.live(60)
    assert (kept(site)[0].found, count(site)) == ("change", 1)


def test_a_delivery_can_be_replayed(site: Site) -> None:
    """It waits as if it had just come, whatever became of it."""
    shift = works(site)
    rings(site, announced("clock_in", shift, requestId="r-1"))
    site.live(30)
    site.company.edit(shift.id, end=shift.start + 7200)
    bell = site.mirror.replay_doorbell("r-1")
    assert (bell.state, bell.found, bell.run) == ("waiting", None, None)
    site.live(30)
    assert (kept(site)[0].found, len(kept(site))) == ("change", 1)


def test_losses_are_judged_by_the_changes_that_nothing_announced(site: Site) -> None:
    """Silent after five in a row: the time clock is visited more often, until one is announced again."""
    rings(site, announced("clock_in", works(site, days_ago=13)))
    site.live(120)
    shifts = [works(site, days_ago=day) for day in range(12)]
    for shift in shifts:
        rings(site, announced("admin_add", shift))
    site.live(3700)
    assert site.mirror.doorbell_reliability()[WAREHOUSE].judged == 12
    assert site.mirror.doorbell_reliability()[WAREHOUSE].lost == 0
    for shift in shifts[:5]:
        site.company.edit(shift.id, end=shift.start + 5400)
    site.live(3700)
    found = site.mirror.doorbell_reliability()[WAREHOUSE]
    with site.mirror.store.own_rows("judging") as connection:
        now = Announcements(site.mirror.store.dialect, site.mirror.store.own, ahead=site.ahead())
        silent = now.reliability(connection)[WAREHOUSE].silent_since
    site.live(3700)
    (said,) = site.said
    assert "no webhook of this database is registered for it (connecteam-sync webhooks register)" in said
    assert (found.judged, found.lost, silent is not None) == (17, 5, True)
    site.company.edit(shifts[7].id, end=shifts[7].start + 5400)
    rings(site, announced("admin_edit", shifts[7]))
    site.live(30)
    with site.mirror.store.own_rows("judging") as connection:
        now = Announcements(site.mirror.store.dialect, site.mirror.store.own, ahead=site.ahead())
        assert now.reliability(connection)[WAREHOUSE].silent_since is None
    site.live(3700)
    assert "ring again" in site.said[-1]


def test_a_change_is_announced_by_what_came_lately(site: Site) -> None:
    """Shortly before the look that did not show it yet, at the earliest: an old delivery of the same shift is none."""
    shift = works(site, days_ago=1)
    rings(site, announced("clock_in", works(site)), announced("admin_edit", shift))
    site.live(3700)
    site.company.edit(shift.id, end=shift.start + 5400)
    site.live(3700)
    assert site.mirror.doorbell_reliability()[WAREHOUSE].lost == 1
    site.live(700)  # or it would be announced late by the next one
    rings(site, announced("admin_edit", shift))
    site.live(120)
    assert kept(site)[-1].found == "nothing"
    before = site.mirror.doorbell_reliability()[WAREHOUSE]
    site.company.edit(shift.id, end=shift.start + 7200)
    site.live(3700)
    found = site.mirror.doorbell_reliability()[WAREHOUSE]
    assert (found.judged, found.lost) == (before.judged + 1, 1)


def test_what_no_event_caused_is_not_judged(site: Site) -> None:
    """An edit in the table that is corrected, and a row whose person was found later."""
    shift = works(site)
    rings(site, announced("clock_in", shift))
    site.live(3700)
    site.company.edit(shift.id, end=shift.start + 5400)
    rings(site, announced("admin_edit", shift))
    site.live(30)
    assert site.mirror.doorbell_reliability()[WAREHOUSE].judged == 1
    run_statement(make_url(site.settings.database_url), "UPDATE clock_times SET total_minutes = 1")
    site.live(3700)
    assert site.mirror.runs(1)[0].counts.updated == 1
    assert site.mirror.doorbell_reliability()[WAREHOUSE].judged == 1


def test_more_than_one_look_takes_are_heard_by_two(site: Site) -> None:
    """What is left over still waits: what comes meanwhile joins it."""
    shift = works(site)
    rings(site, *(announced("admin_edit", shift) for _ in range(5_001)))
    site.travel.shift(15)
    with site.mirror.store.own_rows("claiming") as connection:
        rung = bells_of(site).ringing(site.mirror.store.own.clocks, 0)
        held = site.due().claim(connection, seconds=14, also=rung)
        assert held is not None
        assert len(bells_of(site).take(connection, WAREHOUSE, str(held.lease_token))) == 5_000
    assert [state for _, state in rings(site, announced("admin_edit", shift)).new] == ["joined"]
    site.live(300)
    assert site.mirror.doorbell_counts() == {"heard": 5_002}


def test_what_a_first_look_finds_was_announced_to_nobody(initialised: str) -> None:
    """It may have happened before anybody was told."""
    with site_of(initialised, cadence_seconds=3600, older_days=0, proves=False) as site:
        for day in range(8):
            works(site, days_ago=day)
        rings(site, odd())
        site.live(7300)
        assert count(site) == 8
        assert site.mirror.doorbell_reliability() == {}


def test_old_deliveries_go_and_stay_counted(site: Site) -> None:
    """After two weeks, those that nothing waits for."""
    rings(site, *(body_of("user_edit_request", clock=WAREHOUSE) for _ in range(30)))
    site.mirror.pause_visits(WAREHOUSE, by="ann", reason="stocktaking")
    rings(site, odd())
    site.travel.shift((KEPT_DAYS + 1) * 86_400)
    site.live(30)
    assert [bell.state for bell in kept(site)] == ["waiting"]
    assert site.mirror.doorbell_counts() == {"ignored": 30, "waiting": 1}


def test_ten_minutes_without_a_database_are_mended_by_the_visits(
    initialised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered before is heard afterwards; what came meanwhile was not answered: the next visit finds it."""
    with site_of(initialised, cadence_seconds=300, older_days=0, proves=False) as site:
        site.live(30)
        rings(site, announced("clock_in", works(site)))
        engine = site.mirror.store._engine
        real, away = engine.connect, {"is": True}

        def connect() -> Any:  # noqa: ANN401 - SQLAlchemy's connection
            if away["is"]:
                raise OperationalError("SELECT 1", {}, ConnectionRefusedError("no server"), connection_invalidated=True)
            return real()

        monkeypatch.setattr(engine, "connect", connect)
        ends = time.time() + 600
        with pytest.raises(DatabaseError):
            rings(site, announced("clock_in", works(site, days_ago=1)))
        while time.time() < ends:
            site.travel.shift(max(0.1, site.clock.turn()))
        away["is"] = False
        site.live(330)
        assert count(site) == 2
        assert [(bell.state, bell.found) for bell in kept(site)] == [("heard", "change")]
        assert {one.failures for one in site.rows().values()} == {0}
