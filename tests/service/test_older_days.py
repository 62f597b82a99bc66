"""Older days: each of the last 45 daily, each of the last 92 weekly, and never in the way of the ordinary visits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connecteam_sync.core.window import Window
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.service.older import OlderDays
from support.clock_site import MORNING, Site, site_of

TODAY = MORNING.date()


@pytest.fixture
def site(initialised: str) -> Iterator[Site]:
    """Two time clocks, visited every five minutes."""
    with site_of(initialised, cadence_seconds=300) as made:
        yield made


def work(site: Site, days_ago: int, clock: int = WAREHOUSE) -> str:
    """A shift of so many days ago."""
    start = site.company.at(TODAY - timedelta(days=days_ago), "08:00")
    user = min(site.company.people)
    return site.company.add(user, start, start + 3600, clock=clock, created_at=start).id


def ins(site: Site) -> list[int]:
    """How many days ago each row of the table begins."""
    with site.mirror.store.reading() as session:
        starts = sorted(row.clock_in for row in session.rows_of_all())
    return [round((site.company.at(TODAY, "08:00") - start) / 86_400) for start in starts]


def test_each_of_92_days_is_looked_at_and_late_corrections_show(site: Site) -> None:
    """A shift of 91 days ago within minutes of the first start; one that is entered later for 40 days ago within a
    day, for 80 days ago within a week.
    """
    work(site, 91, OFFICE)
    site.live(1800)
    assert ins(site) == [91]
    work(site, 40)
    work(site, 80, OFFICE)
    site.live(86_400)
    assert ins(site) == [91, 40]
    assert site.said == []


def test_no_more_than_twelve_calls_a_minute(tmp_path: object) -> None:
    """Thirty time clocks: a look at older days is thirty calls, and two and a half minutes pass until the next."""
    with site_of(f"sqlite:///{tmp_path}/many.db", clocks=30, cadence_seconds=900) as site:
        site.live(20)
        first = site.sandbox.calls
        assert first <= 4 + 30 + 30
        site.live(100)
        assert site.sandbox.calls == first
        site.live(60)
        site.live(2)
        assert site.sandbox.calls == first + 30


def test_a_time_clock_that_is_paused_is_left_out_of_them(site: Site) -> None:
    """The others are looked at, each by itself."""
    site.live(20)
    site.mirror.pause_visits(OFFICE, by="ann", reason="stocktaking")
    work(site, 60)
    work(site, 61, OFFICE)
    site.travel.shift(8 * 86_400)
    site.live(1800)
    assert ins(site) == [60]


def test_a_look_that_failed_is_made_again_within_the_hour(site: Site) -> None:
    """Its days do not count as looked at: what stands there is not left until a week later."""
    work(site, 60)
    site.sandbox.faults.add("scope", path="/time-activities", times=10**6)
    site.live(60)
    assert ins(site) == []
    site.sandbox.faults.clear()
    site.live(3600)
    assert ins(site) == [60]


def older(site: Site) -> OlderDays:
    """The row of older days at this moment."""
    return OlderDays(site.mirror.store.dialect, site.mirror.store.own, ahead=site.ahead())


def test_two_processes_share_the_older_days(site: Site) -> None:
    """What one has claimed the other leaves alone until the lease has run out; the one who lost it notes nothing."""
    window = Window(date(2029, 12, 1), date(2029, 12, 2), "America/Chicago")
    with site.mirror.store.own_rows("claiming") as connection:
        first = older(site).claim(connection, seconds=60)
        assert first is not None
        assert older(site).claim(connection, seconds=60) is None
        site.travel.shift(62)
        second = older(site).claim(connection, seconds=60)
        assert second is not None
        assert not older(site).finish(connection, first, window, waits=0)
        assert older(site).finish(connection, second, window, waits=30)
        assert older(site).claim(connection, seconds=60) is None
        site.travel.shift(32)
        third = older(site).claim(connection, seconds=60)
    assert third is not None
    assert sorted(third.looked) == [window.first, window.last]


def test_a_look_that_was_broken_off_is_begun_at_once_by_the_next_start(site: Site) -> None:
    """Its lease is given back, and none of its days counts as looked at."""
    work(site, 60)
    while not all(one.successes for one in site.rows().values()) or not site.rows():
        site.clock.turn()
    site.break_off()
    with site.mirror.store.own_rows("reading") as connection:
        left = older(site).read(connection)
    assert (left.lease_token, left.looked) == (None, {})
    site.stop.clear()
    site.live(5)
    with site.mirror.store.own_rows("reading") as connection:
        assert older(site).read(connection).looked
    site.live(1800)
    assert ins(site) == [60]


def test_of_many_days_the_newest_are_remembered(site: Site) -> None:
    """A service of many months: days that no look can reach any more are forgotten, and none that one can."""
    with site.mirror.store.own_rows("claiming") as connection:
        for first, last in ((date(2029, 1, 1), date(2029, 6, 30)), (date(2029, 7, 1), TODAY)):
            held = older(site).claim(connection, seconds=60)
            assert held is not None
            assert older(site).finish(connection, held, Window(first, last, "America/Chicago"), waits=0)
        held = older(site).claim(connection, seconds=60)
    assert held is not None
    assert sorted(held.looked) == [TODAY - timedelta(days=ago) for ago in reversed(range(200))]
