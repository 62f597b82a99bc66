"""Doorbells: what is kept of a delivery, what proves it, what becomes of it, and whether all of them come."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connecteam_sync.core.bells import (
    JUDGED,
    SHIFT_EVENTS,
    SILENT_WITHIN,
    USER_EVENTS,
    Announced,
    Announcement,
    Bell,
    Known,
    Reliability,
    may_announce,
    paced,
    placed,
    reliability_of,
)
from connecteam_sync.core.deliveries import LARGEST_BODY, Secrets, read_bell
from connecteam_sync.sandbox.subscriptions import EVENTS, NEWER_EVENTS, TIME_ACTIVITY_EVENTS
from connecteam_sync.sandbox.subscriptions import USER_EVENTS as ALL_USER_EVENTS
from support.bell_site import body_of

NOW = 1_767_700_000


def read(**more: Any) -> Bell:  # noqa: ANN401 - any JSON
    """What is kept of a body."""
    return read_bell(json.dumps(body_of(**more)).encode())


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_ids_and_times_are_kept_and_nothing_else() -> None:
    """Neither the place nor the note of the shift."""
    bell = read(requestId="r-1", timeClockId=4)
    assert bell == Bell(
        key="r-1",
        use="look",
        kind="shift",
        event="clock_in",
        time_clock_id=4,
        activity_id="695b6f80aa00bb11cc22dd33",
        user_id=7,
        event_at=1_767_628_800,
        starts_at=1_767_600_000,
    )
    assert "41.88" not in repr(bell)
    assert "Ida" not in repr(bell)


def test_the_events_are_those_of_the_publisher() -> None:
    """All 17 but the declined time off make a look; those of people too; the newer ones are of no use."""
    assert set(TIME_ACTIVITY_EVENTS) - {"admin_declined_request"} == SHIFT_EVENTS
    assert set(ALL_USER_EVENTS) == USER_EVENTS
    for event in EVENTS["time_activity"]:
        assert read(eventType=event).use == ("look" if event in SHIFT_EVENTS else "ignored"), event
    assert {read(eventType=event).use for event in NEWER_EVENTS} == {"ignored"}
    assert read(eventType="made_up_tomorrow").use == "ignored"


@pytest.mark.parametrize(
    ("more", "use"),
    [
        ({"activityType": "time_off"}, "ignored"),
        ({"activityType": "timesheet_period"}, "ignored"),
        ({"activityType": "manual_break"}, "look"),
        ({"eventType": None}, "look"),
        ({"activityType": None}, "look"),
        ({"eventType": None, "activityType": None}, "unreadable"),
        ({"timeClockId": None}, "unreadable"),
        ({"timeClockId": "7"}, "unreadable"),
        ({"timeClockId": True}, "unreadable"),
        ({"timeClockId": 2**63}, "unreadable"),
        ({"timeClockId": -1}, "unreadable"),
        ({"eventType": "user_archived", "timeClockId": None, "data": [{"userId": 9}]}, "look"),
    ],
)
def test_what_a_delivery_is_good_for(more: dict[str, Any], use: str) -> None:
    """A look, or nothing; and what names no time clock cannot be used."""
    assert read(**more).use == use


def test_a_deletion_names_its_shift_by_id_alone() -> None:
    """And a person's event the first of the people in it."""
    gone = read(eventType="admin_delete", timeActivity=None, timeActivityId="abc")
    assert (gone.activity_id, gone.starts_at) == ("abc", None)
    assert read(eventType="user_created", userId=None, data=[{"userId": 9}, {"userId": 10}]).user_id == 9


@pytest.mark.parametrize(
    "key", ["", " r", "r\n", "ä", "r" * 129, 7, None, {"a": 1}, "r\x00", ".", "..", "r.json", ".csv"]
)
def test_a_key_that_no_database_could_tell_is_replaced_by_the_digest(key: object) -> None:
    """Databases take texts for one that differ in blanks at their end, or in accents; no page has some as its name."""
    body = json.dumps(body_of() | {"requestId": key}).encode()
    assert read_bell(body).key == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("key", ["r", "...", "r.jsonl", "json", "../r", "%2e", "r" * 128])
def test_any_other_printable_key_stays(key: str) -> None:
    """Whatever it looks like."""
    assert read(requestId=key).key == key


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b'{"eventType": 1e999999}',
        b"9" * 5000,
    ],
)
def test_what_cannot_be_read_is_no_error(body: bytes) -> None:
    """It is unreadable, under the digest of its body."""
    assert (read_bell(body).use, read_bell(body).key) == ("unreadable", hashlib.sha256(body).hexdigest())


def test_half_an_emoji_in_a_note_spoils_nothing() -> None:
    """JavaScript cuts texts between the halves of a pair."""
    body = json.dumps(body_of(timeActivity={"id": "a", "note": "\ud83d"})).encode()
    assert (read_bell(body).use, read_bell(body).activity_id) == ("look", "a")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*body_of(), "timeActivityId", "data"], JSON)))
def test_any_body_makes_a_row_that_every_database_takes(said: dict[str, Any]) -> None:
    """Whatever its members are."""
    bell = read_bell(json.dumps(said).encode())
    for text in (bell.key, bell.kind, bell.event, bell.activity_id):
        assert text is None or (0 < len(text) <= 191 and text.isprintable() and text == text.strip() and text.isascii())
    for number in (bell.time_clock_id, bell.user_id, bell.event_at, bell.starts_at, bell.ends_at):
        assert number is None or 0 < number < 2**63
    assert bell.use != "look" or bell.time_clock_id is not None or bell.event in USER_EVENTS


# -- what proves it ----------------------------------------------------------------------------------------------------


def test_the_secret_proves_a_delivery_in_either_header_or_as_an_hmac() -> None:
    """Today's secret or the one before it; of other bytes, or of another body, nothing."""
    secrets, body = Secrets("töday", "yesterday"), b'{"a": 1}'
    digest = hmac.new("töday".encode(), body, hashlib.sha256).hexdigest().encode()
    assert secrets.fitting("töday".encode(), None, body) == "secret"
    assert secrets.fitting("töday".encode("latin-1"), None, body) == "secret"
    assert secrets.fitting(None, "töday".encode(), body) == "signature"
    assert secrets.fitting(None, digest, body) == "hmac"
    assert secrets.fitting(b"wrong", digest, body) == "hmac"
    assert secrets.fitting(b"yesterday", None, body) == "secret_previous"
    assert secrets.fitting(None, digest, body + b" ") is None
    assert secrets.fitting(None, digest.upper(), body) is None
    assert secrets.fitting(digest, None, body) is None
    for wrong in (b"", b"t", b"today", "tödaý".encode(), b"yesterday "):
        assert secrets.fitting(wrong, wrong, body) is None
    assert secrets.fitting(None, None, body) is None
    assert Secrets("today").fitting(b"yesterday", None, body) is None


# -- what becomes of it ------------------------------------------------------------------------------------------------


def known(*, keys: set[str] = frozenset(), waiting: set[int | None] = frozenset(), clocks: int = 3) -> Known:  # type: ignore[assignment]
    """What a database knows: time clocks 1 to 3 are visited, and the account has number 9 too."""
    visited = frozenset(range(1, clocks + 1))
    return Known(frozenset(keys), frozenset(waiting), visited, visited | {9} if clocks else frozenset())


def states(bells: list[Bell], of: Known) -> list[str]:
    """The states of new ones."""
    return [state for _, state in placed(bells, of).new]


def test_one_look_is_waited_for_by_all_that_come_before_it() -> None:
    """The first of a time clock waits, the next ones join it; a key that is there already is one more delivery."""
    bells = [read(requestId=f"r-{n}", timeClockId=clock) for n, clock in enumerate([1, 1, 2, 1])]
    assert states(bells, known()) == ["waiting", "joined", "waiting", "joined"]
    assert states(bells, known(waiting={1})) == ["joined", "joined", "waiting", "joined"]
    again = placed([bells[0], bells[1], bells[1], bells[0]], known(keys={"r-0"}))
    assert (again.again, [bell.key for bell, _ in again.new]) == ({"r-0": 2, "r-1": 1}, ["r-1"])


def test_a_time_clock_that_is_not_visited_makes_no_look() -> None:
    """One of the account is only left out; one that nobody knows has the list asked for."""
    found = placed([read(timeClockId=9), read(timeClockId=77)], known())
    assert [state for _, state in found.new] == ["ignored", "ignored"]
    assert found.strange == {77}
    assert states([read(timeClockId=77)], known(clocks=0)) == ["waiting"]


def test_people_ring_for_no_time_clock() -> None:
    """Whatever the delivery says about one."""
    found = placed([read(eventType="user_archived", timeClockId=3)], known())
    assert [(bell.time_clock_id, state) for bell, state in found.new] == [(None, "waiting")]


def test_too_many_time_clocks_that_wait_are_refused() -> None:
    """200, or twice as many as the account has; one that already waits may ring on, and of no use are all others."""
    bells = [read(requestId=f"r-{n}", timeClockId=n) for n in range(1, 202)]
    found = placed(
        [*bells, read(requestId="again", timeClockId=5), read(requestId="odd", eventType="x")], known(clocks=0)
    )
    assert (len(found.new), found.refused) == (202, {"r-201"})
    assert placed(bells, known(clocks=300)).refused == set()


# -- whether all of them come ------------------------------------------------------------------------------------------


def changes(*announced: bool, kind: Announced = "update", every: int = 60) -> list[Announcement]:
    """Changes, newest first."""
    return [Announcement(kind, NOW - 60 - every * n, one) for n, one in enumerate(announced)]


def test_five_changes_in_a_day_that_nothing_announced_are_silence() -> None:
    """Of one kind, the newest; four are none, nor are five over more than a day, nor five before one that was."""
    assert reliability_of(changes(*[False] * 5, True), now=NOW).silent_since == NOW - 300
    assert reliability_of(changes(*[False] * 4, True), now=NOW).silent_since is None
    assert reliability_of(changes(True, *[False] * 9), now=NOW).silent_since is None
    assert reliability_of(changes(*[False] * 5, every=SILENT_WITHIN // 4), now=NOW).silent_since is None
    mixed = [*changes(*[False] * 3), *changes(*[False] * 3, kind="create")]
    assert reliability_of(mixed, now=NOW).silent_since is None
    assert reliability_of([*changes(*[True] * 9), *changes(*[False] * 5, kind="delete")], now=NOW).silent_since


def test_losses_are_counted_over_the_newest_of_each_kind() -> None:
    """200 of each."""
    found = reliability_of([*changes(*[True] * 198, False, False, *[False] * 50)], now=NOW)
    assert (found.judged, found.lost, found.share) == (JUDGED, 2, 0.01)
    assert Reliability().share == 0


def test_what_deliveries_are_worth_changes_the_pace() -> None:
    """Silent: twice as often at every hour; reliable: 15 minutes at most; a named interval stays what it is."""
    silent, reliable = Reliability(judged=200, lost=9, silent_since=NOW), Reliability(judged=200, lost=1)
    few, losing = Reliability(judged=99), Reliability(judged=200, lost=2)
    assert [paced(1800, one, base=300, is_fixed=False) for one in (silent, reliable, few)] == [150, 1800, 1800]
    assert [paced(300, one, base=300, is_fixed=False) for one in (silent, reliable, few, losing)] == [
        150,
        900,
        300,
        300,
    ]
    assert [paced(300, one, base=300, is_fixed=True) for one in (silent, reliable)] == [300, 300]
    assert paced(60, silent, base=60, is_fixed=False) == 60


def test_which_event_can_announce_which_change() -> None:
    """One that appeared, one that was corrected, one that is gone; an approved exception replaces one by another."""
    assert [may_announce("clock_in", kind) for kind in ("create", "update", "delete")] == [True, False, False]
    assert [may_announce("clock_out", kind) for kind in ("create", "update", "delete")] == [True, True, False]
    assert [may_announce("admin_delete", kind) for kind in ("create", "update", "delete")] == [False, False, True]
    replaced = "admin_approved_clock_out_outside_geo_fence_request"
    assert [may_announce(replaced, kind) for kind in ("create", "update", "delete")] == [True, True, True]
    assert all(may_announce(None, kind) for kind in ("create", "update", "delete"))


def test_a_body_of_connecteam_is_far_from_the_bound() -> None:
    """Theirs have less than a thousand bytes."""
    assert len(json.dumps(body_of())) * 100 < LARGEST_BODY
