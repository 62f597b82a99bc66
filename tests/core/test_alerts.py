"""Edges only: what is due when, to whom, over simulated days; and what is never sent twice."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.core.alerts import (
    ATTEMPTS,
    CLAIM_SECONDS,
    AlertRow,
    Due,
    body,
    evaluated,
    payload,
    sent,
    shown,
    title,
    trial,
)
from connecteam_sync.core.facts import Facts, Waiting
from connecteam_sync.core.looks import BadLook, Looked
from connecteam_sync.core.receivers import (
    addresses,
    apprise_urls,
    quiet_hours,
    receiver_url,
    smtp_server,
    webhook_key,
)
from connecteam_sync.core.status import MirrorStatus, status_of

TOKEN = "t"
START, DAY = 1_900_000_000, 86_400
TODAY = date(2030, 3, 17)
KEY = BadLook(name="rejected", message="Invalid API key")
CHICAGO = ZoneInfo("America/Chicago")


class Told:
    """Rows of alerts, and a world that is evaluated again and again."""

    def __init__(self, *channels: str) -> None:
        self.rows: dict[str, AlertRow] = {}
        self.channels = channels or ("email",)
        self.now, self.looks = START, 1
        self.quiet = False

    def status(self, *, trouble: bool = False, held: bool = False, age: int = 10) -> MirrorStatus:
        """The world as it is now."""
        clock = Looked(
            time_clock_id=1,
            first_look=START,
            last_look=self.now,
            fresh=self.now - age,
            looks=self.looks,
            trouble_since=self.now if trouble else None,
            error=KEY if trouble else None,
        )
        waiting = (Waiting(reason="unmapped_user", count=1, minutes=60, since=START),) if held else ()
        return status_of(Facts(now=self.now, today=TODAY, clocks=(clock,), waiting=waiting))

    def claim(self, status: MirrorStatus, token: str = TOKEN) -> list[Due]:
        """One evaluation; what it claims."""
        changed, due = evaluated(self.rows.values(), status, self.channels, token=token, quiet=self.quiet)
        self.rows |= {row.name: row for row in changed}
        return due

    def after(
        self,
        seconds: int,
        error: str | None = None,
        *,
        looked: bool = True,
        trouble: bool = False,
        held: bool = False,
        age: int = 10,
    ) -> list[str]:
        """Let time pass, with a look or without one, and send all that is due; (name, state) of it in one text."""
        self.now, self.looks = self.now + seconds, self.looks + looked
        due = self.claim(self.status(trouble=trouble, held=held, age=age))
        for channel, message in due:
            self.rows[message.name] = sent(self.rows[message.name], channel, token=TOKEN, now=self.now, error=error)
        return [f"{message.name} {message.state}" for _, message in due]


def test_two_edges_of_a_day() -> None:
    """A key that is refused for hours is told once, and its end once."""
    world = Told()
    told = [line for hour in range(24) for line in world.after(3600, trouble=3 <= hour < 9)]
    assert told == ["key_bad trouble", "key_bad well"]


def test_nobody_is_told_that_the_first_look_has_not_begun() -> None:
    """A first start is no trouble; a first look that fails is, by itself."""
    world = Told()
    assert world.claim(status_of(Facts(now=START, today=TODAY))) == []
    assert world.after(60, trouble=True) == ["key_bad trouble"]


def test_a_staleness_ends_with_the_third_good_look() -> None:
    """What was not counted by looks: evaluations without a new look are none, and a relapse begins again."""
    world = Told()
    assert world.after(60, age=2000) == ["mirror_stale trouble"]
    assert [world.after(60) for _ in range(2)] == [[], []]
    assert [world.after(60, looked=False) for _ in range(5)] == [[]] * 5
    assert world.after(60, age=2000) == []
    assert [world.after(60) for _ in range(2)] == [[], []]
    assert world.after(60) == ["mirror_stale well"]


def test_what_is_counted_by_looks_ends_with_them() -> None:
    """The third good look was awaited already."""
    world = Told()
    assert world.after(60, trouble=True) == ["key_bad trouble"]
    assert world.after(60) == ["key_bad well"]


def test_over_ten_days_each_trouble_is_told_once_to_each_receiver() -> None:
    """Five-minute looks, trouble every night: as many edges as nights, twice."""
    world = Told("email", "webhook")
    told: list[str] = []
    for number in range(10 * 288):
        hour = number % 288 // 12
        told += world.after(300, trouble=hour in {2, 3}, held=hour > 20)
    assert told.count("key_bad trouble") == told.count("key_bad well") == 20
    assert told.count("unmapped trouble") == 20
    assert told.count("unmapped well") == 18  # the last night has not ended


def test_a_message_is_claimed_before_it_is_sent() -> None:
    """A second process finds nothing to do; where the first was killed, its claim runs out."""
    world = Told()
    world.now += 60
    status = world.status(trouble=True)
    assert len(world.claim(status, "one")) == 1
    assert world.claim(status, "two") == []
    world.now += CLAIM_SECONDS - 1
    assert world.claim(world.status(trouble=True), "two") == []
    world.now += 1
    assert len(world.claim(world.status(trouble=True), "two")) == 1
    row = world.rows["key_bad"]
    assert sent(row, "email", token="one", now=world.now, error=None) == row
    world.rows["key_bad"] = sent(row, "email", token="two", now=world.now, error=None)
    assert world.claim(world.status(trouble=True), "three") == []


def test_a_message_that_fails_is_tried_again_and_seldom_in_the_end() -> None:
    """Later and later, then every six hours; the end of a trouble that nobody was told of is not told either."""
    world = Told()
    attempts = [world.now - START for _ in range(2000) if world.after(30, "no", trouble=True)]
    assert attempts == [30, 60, 120, 240, 480, 960, 1920, 3720, 3720 + 6 * 3600, 3720 + 12 * 3600]
    assert len(attempts) == ATTEMPTS + 2
    assert shown(world.rows["key_bad"]).failed == {"email": "no"}
    assert world.after(60) == []
    assert world.after(60, "no", trouble=True) == ["key_bad trouble"]
    assert world.after(60, trouble=True) == ["key_bad trouble"]  # the next trouble has as many tries


def test_a_clock_that_is_set_back_keeps_no_message_waiting() -> None:
    """Neither one that failed in the future, nor one that somebody claimed there."""
    world = Told()
    assert world.after(DAY, "no", trouble=True) == ["key_bad trouble"]
    assert world.after(-3600, "no", trouble=True) == ["key_bad trouble"]
    world.now += 1801
    assert world.claim(world.status(trouble=True), "killed") != []
    assert world.after(-10, trouble=True) == []
    assert world.after(-3600, trouble=True) == ["key_bad trouble"]


def test_one_receiver_that_fails_is_alone() -> None:
    """The other is told once."""
    world = Told("email", "webhook")
    world.now += 60
    due = world.claim(world.status(trouble=True))
    assert [one.channel for one in due] == ["email", "webhook"]
    row = sent(world.rows["key_bad"], "email", token=TOKEN, now=world.now, error="no")
    world.rows["key_bad"] = sent(row, "webhook", token=TOKEN, now=world.now, error=None)
    world.now += 60
    assert [one.channel for one in world.claim(world.status(trouble=True))] == ["email"]


def test_quiet_hours_tell_what_is_left_of_them() -> None:
    """What lasts is told afterwards; what came and went is not."""
    world = Told()
    world.quiet = True
    assert world.after(60, trouble=True) == []
    assert world.after(60) == []
    assert world.after(60, trouble=True) == []
    world.quiet = False
    assert world.after(60, trouble=True) == ["key_bad trouble"]
    assert list(shown(world.rows["key_bad"]).told) == ["email"]
    world.quiet = True
    assert world.after(60) == []
    world.quiet = False
    assert world.after(60) == ["key_bad well"]
    world.quiet = True
    assert world.after(60, trouble=True) == []
    assert shown(world.rows["key_bad"]).told == {}, "of the trouble before they were told, of this one not yet"


def test_the_end_is_told_where_another_trouble_came_and_went_unheard() -> None:
    """In quiet hours, or while the receiver took nothing: whoever was told of a trouble learns that all is well."""
    world = Told()
    assert world.after(60, trouble=True) == ["key_bad trouble"]
    world.quiet = True
    assert [world.after(60, trouble=trouble) for trouble in (False, True, False)] == [[]] * 3
    world.quiet = False
    assert world.after(60) == ["key_bad well"]
    assert world.after(60) == []


def test_the_words_of_a_message() -> None:
    """What, since when, what it means for pay and what to do; when it ended; the same id for each attempt."""
    world = Told()
    world.now += 60
    (_, message) = world.claim(world.status(trouble=True))[0]
    assert title(message, CHICAGO) == "connecteam-sync: key_bad since 2030-03-17 12:47 CDT"
    words = body(message, CHICAGO)
    assert "means:  nothing new reaches the table" in words
    assert "next:   set CONNECTEAM_SYNC_API_KEY" in words
    found = payload(message)
    assert (found["type"], found["timestamp"]) == ("connecteam_sync.trouble", "2030-03-17T17:47:40Z")
    ended = msgspec.structs.replace(message, state="well", ended=message.since + 3600)
    assert title(ended, CHICAGO) == "connecteam-sync: key_bad is over (2030-03-17 13:47 CDT)"
    assert "ended:" in body(ended, CHICAGO)
    assert payload(ended)["timestamp"] == "2030-03-17T18:47:40Z"
    assert ended.id != message.id
    assert payload(trial(START))["type"] == "connecteam_sync.test"
    assert title(trial(START), CHICAGO) == "connecteam-sync: a test"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("22:00-06:00", {0: True, 359: True, 360: False, 1319: False, 1320: True}),
        ("12:00-13:30", {719: False, 809: True}),
    ],
)
def test_quiet_hours(text: str, minutes: dict[int, bool]) -> None:
    """Over midnight, too; the first minute is quiet, the last is not."""
    assert {minute: quiet_hours(text).has(minute) for minute in minutes} == minutes


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((quiet_hours, text) for text in ("", "22-6", "24:00-06:00", "22:00-22:00", "22:60-06:00", "٢٢:00-06:00")),
        *((addresses, text) for text in ("", "ann", "ann@", "ann@x\nBcc: b@x", "a@x,,b@x", "a b@x", '"a"@x')),
        *((smtp_server, text) for text in ("", "http://x", "smtp://", "smtp://ann@x", "smtp://x:99999", "smtp://[::1")),
        *((receiver_url, text) for text in ("", "http://example.org/", "https://a:b@x/", "ftp://x", "https://x/ y")),
        *((receiver_url, text) for text in ("http://127.0.0.1.example.org/", "http://[::1", "file:///etc/passwd")),
        *((webhook_key, text) for text in ("", "whsec_", "whsec_YWJj", "MDEyMzQ1Njc4OWFiY2RlZg==", "whsec_***")),
        *((apprise_urls, text) for text in (" ", "slack")),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_words(read: object, text: str) -> None:
    """The cure is named, what was given is not repeated."""
    assert callable(read)
    with pytest.raises(ValueError, match=r"\w{3}") as error:
        read(text)
    assert len(text) < 8 or text not in str(error.value)


def test_what_can_be_used() -> None:
    """With encoded characters, ports and several addresses."""
    server = smtp_server("smtp://ann%40x:p%40ss%3Aword@mail.example.org:587")
    assert server == ("mail.example.org", 587, False, "ann@x", "p@ss:word")
    assert smtp_server("smtps://mail.example.org")[:3] == ("mail.example.org", 465, True)
    assert addresses("ann@x.org, bo@y.org") == ("ann@x.org", "bo@y.org")
    assert receiver_url("http://localhost:80/x") == "http://localhost:80/x"
    assert webhook_key("whsec_MDEyMzQ1Njc4OWFiY2RlZg==") == b"0123456789abcdef"
    assert apprise_urls("slack://a\nmailto://b slack://a") == ("slack://a", "mailto://b")
