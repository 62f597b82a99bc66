"""Doorbells afterwards: what a late one announces, what is kept of losses, and what is looked at once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

import pytest
from test_bell_looks import TODAY, announced, kept, odd, rings, works

from connecteam_sync.core.bells import JUDGED, Announced, Reliability
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.service.bell_looks import FURTHER_DAYS, BellLooks, Taken
from connecteam_sync.service.silence import Silence
from connecteam_sync.store.service.announced import LATE, Announcements, Changed
from support.clock_site import Site, site_of

SECRET = "a-secret-that-nobody-guesses"


@pytest.fixture
def site(initialised: str) -> Iterator[Site]:
    """Two time clocks, visited once an hour."""
    with site_of(initialised, cadence_seconds=3600, older_days=0, proves=False) as made:
        made.live(30)
        yield made


@pytest.mark.parametrize(("late", "lost"), [(LATE - 60, 0), (LATE + 60, 1)])
def test_a_delivery_may_come_ten_minutes_after_its_change_was_found(site: Site, late: int, lost: int) -> None:
    """By an ordinary visit: then it was announced all the same."""
    rings(site, announced("clock_in", works(site, days_ago=3)))
    site.live(3700)
    shift = works(site)
    while WAREHOUSE not in site.mirror.doorbell_reliability():
        site.live(30)
    assert site.mirror.doorbell_reliability()[WAREHOUSE].lost == 1
    site.live(late)
    rings(site, announced("admin_add", shift))
    site.live(60)
    found = site.mirror.doorbell_reliability()[WAREHOUSE]
    assert (found.judged, found.lost) == (1, lost)


def test_changes_of_each_kind_are_kept_for_themselves(site: Site) -> None:
    """Many corrections do not push out the few deletes of that time clock, nor those of another one."""
    store = site.mirror.store
    rows = Announcements(store.dialect, store.own, ahead=site.ahead())
    with store.own_rows("judging") as connection:
        number = 0
        for clock, kind, count in (
            (WAREHOUSE, "delete", 3),
            (OFFICE, "update", 2),
            (WAREHOUSE, "update", JUDGED + 20),
        ):
            (known,) = (one for one in get_args(Announced) if one == kind)
            found = [Changed(number=number + n, shift_id=f"s{n}", kind=known, is_event=True) for n in range(count)]
            rows.judge(connection, clock, found, since=0)
            number += count
        assert {clock: one.judged for clock, one in rows.reliability(connection).items()} == {
            WAREHOUSE: JUDGED + 3,
            OFFICE: 2,
        }


def test_a_second_look_is_no_later_answer(site: Site) -> None:
    """How long a delivery waited is measured to the end of its first look."""
    rings(site, odd())
    site.live(60)
    (first,) = kept(site)
    site.live(200)
    (second,) = kept(site)
    assert (first.looks, second.looks) == (1, 2)
    assert second.heard_at == first.heard_at


def test_a_replayed_delivery_has_two_looks_again(site: Site) -> None:
    """As one that has just come: Connecteam may show its change later."""
    rings(site, odd() | {"requestId": "r-1"})
    site.live(300)
    assert [(bell.looks, bell.look_at) for bell in kept(site)] == [(2, None)]
    site.mirror.replay_doorbell("r-1")
    site.live(30)
    (bell,) = kept(site)
    assert (bell.found, bell.looks) == ("nothing", 1)
    assert bell.look_at is not None


def test_a_page_begins_after_the_key_that_it_names(site: Site) -> None:
    """None is shown twice, none is left out."""
    rings(site, *(odd() | {"requestId": f"r-{number}"} for number in range(5)))
    keys = [bell.key for bell in site.mirror.doorbells(limit=2)]
    while page := [bell.key for bell in site.mirror.doorbells(limit=2, after=keys[-1])]:
        keys += page
        assert len(keys) < 9
    assert keys == ["r-4", "r-3", "r-2", "r-1", "r-0"]


def test_of_many_old_days_the_newest_are_looked_at(site: Site) -> None:
    """Thirty-one beside the ordinary ones, none in the future but tomorrow."""
    looks = BellLooks(site.mirror, ahead=site.ahead)
    days = [TODAY - timedelta(days=back) for back in range(-3, 90)]
    windows = looks.days(Taken(instants=frozenset(site.company.at(day, "12:00") for day in days)))
    recent = site.mirror.recent()
    newest = recent.first - timedelta(days=1)
    *old, tomorrow = windows
    assert (tomorrow.first, tomorrow.last) == (recent.last + timedelta(days=1),) * 2
    assert [window.first + timedelta(days=5) for window in old] == [
        newest - timedelta(days=back) for back in reversed(range(FURTHER_DAYS))
    ]
    assert max(window.last for window in old) == newest


def test_silence_is_told_at_each_edge_with_what_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this time clock's own webhook; its end once, and the next silence again."""
    monkeypatch.setenv("CONNECTEAM_SYNC_WEBHOOK_SECRET", SECRET)
    said: list[str] = []
    silence, clock = Silence(said.append), site.rows()[WAREHOUSE]
    quiet, rung = Reliability(silent_since=1), Reliability()
    registered = {one.time_clock_id: one.id for one in site.mirror.register_webhooks("https://hours.example.com")}
    for known in (rung, quiet, quiet, rung, rung):
        silence.note(site.mirror, clock, known)
    assert len(said) == 2
    assert f"its webhook {registered[WAREHOUSE]} is registered" in said[0]
    assert said[1].endswith("ring again")
    kept = site.sandbox.handlers.subscriptions.all
    kept[registered[WAREHOUSE]].asked.isDisabled = True
    silence.note(site.mirror, clock, quiet)
    assert f"its webhook {registered[WAREHOUSE]} is switched off" in said[2]
    silence.note(site.mirror, clock, rung)
    del kept[registered[WAREHOUSE]]
    silence.note(site.mirror, clock, quiet)
    assert "no webhook of this database is registered for it" in said[4]
