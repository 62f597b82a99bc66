"""The nightly proof: what is verified in the idle part, what that proves, and what takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connecteam_sync.core.proofs import ProvenDay, days_to_prove
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.service.older import CALLS_A_MINUTE
from connecteam_sync.store.service.proofs import proven_days
from support.clock_site import MORNING, Site, site_of

TODAY = MORNING.date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def site(initialised: str) -> Iterator[Site]:
    """Two time clocks, visited every half hour."""
    with site_of(initialised, cadence_seconds=1800) as made:
        yield made


def work(site: Site, days_ago: int, clock: int = WAREHOUSE) -> str:
    """A shift of so many days ago."""
    start = site.company.at(TODAY - timedelta(days=days_ago), "08:00")
    user = min(site.company.people)
    return site.company.add(user, start, start + 3600, clock=clock, created_at=start).id


def proven(site: Site) -> dict[date, ProvenDay]:
    """The newest verification of each of the days to prove."""
    with site.mirror.store.own_rows("reading") as connection:
        zone = site.settings.timezone
        return proven_days(connection, site.mirror.store.own, zone, *days_to_prove(site.mirror.today()))


def verifications(site: Site) -> list[tuple[date, date, int]]:
    """First and last day and exit code of each verification, the oldest first."""
    runs = site.mirror.runs(limit=100, kind="verify")
    return [(run.window.first, run.window.last, run.exit_code) for run in reversed(runs)]


def next_night(site: Site) -> None:
    """The hour after three o'clock of the next day."""
    site.travel.move_to(MORNING + timedelta(hours=27))
    site.live(3600)


def test_a_first_night_proves_all_of_the_last_days_and_the_next_only_yesterday(site: Site) -> None:
    """Two looks at 44 days, once the older days are mirrored; a night later one look, at the day that is over."""
    work(site, 40)
    assert site.mirror.proven_through() is None
    site.live(3600)
    assert site.mirror.proven_through() == YESTERDAY
    first, last = days_to_prove(TODAY)
    assert [(one[0], one[1]) for one in verifications(site)] == [
        (last - timedelta(days=26), last),
        (first, last - timedelta(days=27)),
    ]
    assert {code for *_, code in verifications(site)} == {0}
    next_night(site)
    assert verifications(site)[2:] == [(TODAY, TODAY, 0)]
    assert site.mirror.proven_through() == TODAY
    assert site.said == []


def test_a_change_takes_the_proof_back_until_the_next_night(site: Site) -> None:
    """Only the days up to the one before it count as proven; the night verifies that day and yesterday together."""
    site.live(3600)
    work(site, 20, OFFICE)
    site.mirror.sync(site.mirror.window(TODAY - timedelta(days=20), TODAY - timedelta(days=20)))
    assert proven(site)[TODAY - timedelta(days=20)].is_changed
    assert site.mirror.proven_through() == TODAY - timedelta(days=21)
    before = len(verifications(site))
    site.live(3600)
    assert len(verifications(site)) == before
    next_night(site)
    assert verifications(site)[before:] == [(TODAY - timedelta(days=20), TODAY, 0)]
    assert site.mirror.proven_through() == TODAY


def test_a_proof_leaves_calls_to_others(site: Site) -> None:
    """At most twelve a minute, as looks at older days."""
    site.live(3600)
    newer, older = reversed(site.mirror.runs(limit=100, kind="verify"))
    assert newer.finished_at is not None
    assert older.started_at - newer.finished_at >= newer.http_calls * 60 // CALLS_A_MINUTE > 0


def test_the_proof_of_other_days_gives_none_back_that_was_changed(site: Site) -> None:
    """A verification moves up what nothing was written to since; a changed day waits for its own."""
    site.live(3600)
    changed = TODAY - timedelta(days=20)
    work(site, 20, OFFICE)
    site.mirror.sync(site.mirror.window(changed, changed))
    other = TODAY - timedelta(days=5)
    site.mirror.verify(site.mirror.window(other, other), totals=False)
    assert {day for day, one in proven(site).items() if one.is_changed} == {changed}
    assert site.mirror.proven_through() == TODAY - timedelta(days=21)


def test_what_differs_is_looked_at_at_once_and_proven_in_the_same_night(site: Site) -> None:
    """A correction that nobody told of: the proof finds it, the visits mend it, and the day is verified again."""
    site.live(3600)
    site.travel.move_to(MORNING + timedelta(hours=26))
    site.live(3500)  # older days, before the night begins
    site.travel.move_to(MORNING + timedelta(hours=27))
    work(site, 2)
    site.mirror.verify(site.mirror.window(TODAY - timedelta(days=2), TODAY - timedelta(days=2)), totals=False)
    assert proven(site)[TODAY - timedelta(days=2)].exit_code == 5
    assert site.mirror.proven_through() == TODAY - timedelta(days=3)
    site.live(3600)
    assert verifications(site)[-1][2] == 0
    assert site.mirror.proven_through() == TODAY


def test_a_verification_by_hand_is_a_proof_of_the_days_that_are_over(site: Site) -> None:
    """In the transaction of its receipt; today may still change in a way that no journal tells."""
    first, _ = days_to_prove(TODAY)
    done = site.mirror.verify(site.mirror.window(first, TODAY), totals=False)
    known = proven(site)
    assert set(known) == {first + timedelta(days=number) for number in range(44)}
    assert {one.run for one in known.values()} == {done.run}
    assert site.mirror.proven_through() == YESTERDAY


def test_a_row_that_is_only_to_be_linked_differs_in_nothing(site: Site) -> None:
    """The table has the hours already, so that its day is proven."""
    work(site, 10)
    day = TODAY - timedelta(days=10)
    site.mirror.sync(site.mirror.window(day, day))
    with site.mirror.store.own_rows("restoring") as connection:
        connection.exec_driver_sql(f"DELETE FROM {site.mirror.store.own.shifts}")
    found = site.mirror.verify(site.mirror.window(days_to_prove(TODAY)[0], YESTERDAY), totals=False)
    assert [change.kind for change in found.plan.changes] == ["link"]
    assert proven(site)[day].exit_code == 0
    assert site.mirror.proven_through() == YESTERDAY


def test_an_undo_takes_the_proof_back(site: Site) -> None:
    """It is a change like any other."""
    work(site, 10)
    first, _ = days_to_prove(TODAY)
    run = site.mirror.sync(site.mirror.window(TODAY - timedelta(days=10), TODAY - timedelta(days=10)))
    site.mirror.verify(site.mirror.window(first, YESTERDAY), totals=False)
    assert site.mirror.proven_through() == YESTERDAY
    assert run.id is not None
    site.mirror.undo(run.id)
    assert site.mirror.proven_through() == TODAY - timedelta(days=11)


def test_a_look_that_fails_proves_nothing_and_is_tried_again(site: Site) -> None:
    """A time clock that cannot be read: the days stay unproven, and once it can be they are proven within the hour."""
    site.live(1200)
    site.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
    site.travel.move_to(MORNING + timedelta(hours=27))
    site.live(1200)
    assert TODAY not in proven(site)
    site.sandbox.faults.clear()
    site.live(2 * 3600)
    assert site.mirror.proven_through() == TODAY


def test_a_proof_that_was_broken_off_goes_on_at_once_at_the_next_start(initialised: str) -> None:
    """Its lease is given back."""
    with site_of(initialised, cadence_seconds=1800, older_days=0) as site:
        while not all(one.successes for one in site.rows().values()) or not site.rows():
            site.clock.turn()
        site.break_off()
        assert proven(site) == {}
        site.stop.clear()
        site.live(5)
        assert proven(site)


def test_while_a_time_clock_is_paused_nothing_is_proven(site: Site) -> None:
    """A proof looks at every one of them."""
    site.live(3600)
    site.mirror.pause_visits(OFFICE, by="ann", reason="stocktaking")
    next_night(site)
    assert site.mirror.proven_through() == YESTERDAY
    site.mirror.resume_visits(OFFICE)
    site.live(3600)
    assert site.mirror.proven_through() == TODAY


def test_a_journal_that_was_restored_proves_nothing(site: Site) -> None:
    """Nobody knows what was written since: entries that a proof had seen are gone."""
    work(site, 10)
    site.mirror.sync(site.mirror.window(TODAY - timedelta(days=10), TODAY - timedelta(days=10)))
    site.mirror.verify(site.mirror.window(days_to_prove(TODAY)[0], YESTERDAY), totals=False)
    assert site.mirror.proven_through() == YESTERDAY
    with site.mirror.store.own_rows("restoring") as connection:
        connection.exec_driver_sql(f"DELETE FROM {site.mirror.store.own.changes}")
    assert site.mirror.proven_through() is None
