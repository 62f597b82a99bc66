"""Receivers that are slow, or away for long: nobody gets a letter twice, and the log does not fill with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import time_machine

from connecteam_sync.alerts.receiver import NotSent, Receiver
from connecteam_sync.alerts.receivers import Receivers, receivers_of
from connecteam_sync.alerts.telling import Teller, _send_all
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.alerts import Due, Message, trial
from connecteam_sync.core.looks import BadLook, LooksOf
from connecteam_sync.store.tables.own import OwnNames
from support.receivers import SECRET, Hook, Mailbox, mail_server, web_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TROUBLE = LooksOf(failed=BadLook(name="bad_answer", message="no JSON"))


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server of this machine."""
    with mail_server() as made:
        yield made


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[ConnecteamSync]:
    """A mirror on SQLite that was never looked at."""
    settings = Settings(timezone="America/Chicago", database_url=f"sqlite:///{tmp_path}/mirror.db")
    with closing(ConnecteamSync("key", settings=settings)) as made:
        made.init()
        yield made


def by_mail(box: Mailbox, *, to: str = "ann@example.org", **more: Any) -> Receivers:  # noqa: ANN401 - settings
    """The people of a mirror, who have mail."""
    settings = Settings(**({"timezone": "America/Chicago", "alerts_email_to": to} | more))
    return receivers_of(settings, {"CONNECTEAM_SYNC_SMTP_URL": f"smtp://127.0.0.1:{box.port}"})


def tried(receiver: Receiver, seconds: float) -> str | None:
    """Why a test was not taken."""
    try:
        receiver.send(trial(7), seconds)
    except NotSent as error:
        return str(error)
    return None


def test_a_server_that_thinks_about_a_letter_gets_it_once(mirror: ConnecteamSync, box: Mailbox) -> None:
    """It has the letter, and says so after all others had their time: the answer is waited for."""
    box.seconds = 1.5
    said: list[str] = []
    teller = Teller(mirror, by_mail(box), note=said.append, seconds=1.0)
    for _ in range(3):
        teller.tell(TROUBLE)
    assert (len(box.letters), said) == (1, [])
    assert [sorted(alert.told) for alert in mirror.alerts()] == [["email"]]


def test_a_server_that_takes_long_for_each_address_gets_no_letter_that_nobody_waits_for(box: Mailbox) -> None:
    """What is begun too late is not given over at all: it would be told as not taken, and sent again."""
    box.steps = 0.5
    [receiver] = by_mail(box, to="ann@example.org,bo@example.org,cy@example.org,di@example.org").every
    began = time.monotonic()
    assert tried(receiver, 1.0) == "the mail server does not answer (TimeoutError)"
    assert time.monotonic() - began < 3
    time.sleep(2.0)
    assert box.letters == []
    box.steps = 0.0
    assert tried(receiver, 5.0) is None


def test_each_attempt_at_a_letter_has_the_same_id_and_that_of_another_mirror_differs(box: Mailbox) -> None:
    """A server that has it and does not say that it takes it gets it again; people's programs know it by its id."""
    box.answer = "451 later"
    mirrors: list[dict[str, Any]] = [{}, {}, {"own": OwnNames(prefix="other_")}, {"database_url": "sqlite:///other.db"}]
    for mirror in mirrors:
        [receiver] = by_mail(box, **mirror).every
        assert tried(receiver, 5.0) == "the mail server does not take the message (451)"
    ids = [str(letter["Message-ID"]) for letter in box.letters]
    assert len(ids) == 4
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert all(one.startswith("<test-7-7-trouble.") for one in ids)


def test_each_attempt_at_a_message_has_the_same_id_and_that_of_another_mirror_differs() -> None:
    """By webhook too: trouble of the same number may begin in the same second, where a key of both is refused."""
    mirrors: list[dict[str, Any]] = [{}, {}, {"own": OwnNames(prefix="other_")}, {"database_url": "sqlite:///other.db"}]
    with web_server() as hook:
        for mirror in mirrors:
            settings = Settings(timezone="America/Chicago", alerts_webhook_url=hook.url, **mirror)
            [receiver] = receivers_of(settings, {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET}).every
            assert tried(receiver, 5.0) is None
    assert (len(hook.ids), hook.forged) == (4, 0)
    assert hook.ids[0] == hook.ids[1]
    assert len(set(hook.ids)) == 3
    assert all(one.startswith("test-7-7-trouble-") and "." not in one for one in hook.ids)


def test_the_goodbye_of_a_server_takes_no_letter_back(box: Mailbox) -> None:
    """Whatever it says then: it has said that it takes the letter."""
    box.bye = "421 something is wrong"
    [receiver] = by_mail(box).every
    assert tried(receiver, 5.0) is None
    assert len(box.letters) == 1


class _Slow:
    """Somebody who takes all the time there is, and no message."""

    name, grace = "slow", 0.0

    def send(self, message: Message, seconds: float) -> None:  # noqa: ARG002 - none is taken
        """Not in time."""
        time.sleep(seconds)
        raise NotSent("nobody is there")


def test_what_there_was_no_time_for_has_not_failed() -> None:
    """It is due again when its claim ends, and not later and later as what was tried."""
    first, second = Due("slow", trial(1)), Due("slow", trial(2))
    results: dict[Due, NotSent | None] = {}
    _send_all(_Slow(), [first, second], time.monotonic() + 0.2, results)
    assert [(one, str(error)) for one, error in results.items()] == [(first, "nobody is there")]


def test_a_receiver_that_is_away_for_days_is_told_of_once(tmp_path: Path, box: Mailbox) -> None:
    """And once when it takes the message at last; what is wrong with it in between is said where it changes."""
    said: list[str] = []
    settings = Settings(
        timezone="America/Chicago", database_url="mysql+pymysql://root@127.0.0.1:1/none", state_dir=str(tmp_path)
    )
    with (
        time_machine.travel(1_900_000_000, tick=False) as travel,
        closing(ConnecteamSync("key", settings=settings)) as mirror,
    ):
        teller = Teller(mirror, by_mail(box), note=said.append)
        box.refuses = True
        for turn in range(60):
            box.refuses = turn < 50
            box.gone = {"ann@example.org"} if 20 < turn < 50 else set()
            teller.tell(remembers=True)
            travel.shift(3600)
    assert box.refused > 5
    assert len(box.letters) == 1
    assert said == [
        "alert mirror_stale was not taken by email: the mail server does not take the message (554)",
        "alert mirror_stale was not taken by email: the mail server does not take the message (SMTPRecipientsRefused)",
        "alert mirror_stale was taken by email at last",
    ]


def test_a_ping_that_is_not_taken_is_told_of_once(mirror: ConnecteamSync) -> None:
    """And once when it is taken again."""
    said: list[str] = []
    with web_server() as hook:
        environ = {"CONNECTEAM_SYNC_ALERTS_PING_URL": hook.url}
        teller = Teller(mirror, receivers_of(mirror.settings, environ), note=said.append)
        _answers(teller, hook, 200, 500, 500, 500, 200, 200)
    assert said == ["the dead-man's ping was not taken", "the dead-man's ping is taken again"]


def _answers(teller: Teller, hook: Hook, *several: int) -> None:
    for answer in several:
        hook.answer = answer
        teller.tell(LooksOf(good=frozenset({1}), fresh=frozenset({1})))
    assert len(hook.pings) == len(several)
