"""What a form sends, and in whose name something is done."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.web.acting import who
from connecteam_sync.web.failures import NotAllowed, status_named
from connecteam_sync.web.page import Ask, Fields, Visitor
from connecteam_sync.web.work import Works


def asked_by(visitor: Visitor) -> Ask:
    """A request of somebody."""
    settings = Settings(timezone="America/Chicago", database_url="sqlite://")
    return Ask(
        client=ConnecteamSync("sandbox-key", settings=settings),
        visitor=visitor,
        zone=ZoneInfo("America/Chicago"),
        path="/",
        now=0,
        work=Works(settings),
        status=lambda: MirrorStatus(state="well", at=0),
    )


def test_a_name_that_is_sent_twice() -> None:
    """Its first value counts; where several are meant all of them do, without empty ones."""
    fields = Fields([("accept", "a"), ("accept", " b "), ("accept", " "), ("from", "2025-12-01"), ("from", "x")])
    assert fields == {"accept": "a", "from": "2025-12-01"}
    assert fields.every("accept") == ("a", "b")
    assert fields.every("to") == ()
    assert Fields() == {}


@pytest.mark.parametrize("value", ["yes", "on", "1", "true", " YES "])
def test_a_field_that_agrees(value: str) -> None:
    """A box that is ticked, or the word of a program."""
    assert Fields([("anyway", value)]).agrees("anyway")


@pytest.mark.parametrize("value", ["", "no", "0", "false", "off", "never"])
def test_a_field_that_does_not_agree(value: str) -> None:
    """Days are not closed against what was found because a program says `anyway=no`."""
    assert not Fields([("anyway", value)]).agrees("anyway")
    assert not Fields([]).agrees("anyway")


def test_nobody_acts_without_a_name() -> None:
    """Whoever looks without an account has none, whatever their role would be."""
    assert who(asked_by(Visitor(name="Ana", role="operator", how="session"))) == "Ana"
    with pytest.raises(NotAllowed) as error:
        who(asked_by(Visitor(name=None, role="admin", how="loopback")))
    assert "console user add" in error.value.next_step


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("stale_plan", 409),
        ("row_moved", 409),
        ("guard_refused", 412),
        ("lock_held", 423),
        ("bad_answer", 503),
        ("not_listed", 503),
        (None, 503),
    ],
)
def test_failures_of_receipts(name: str | None, status: int) -> None:
    """They are answered as the same failure would be, were it raised."""
    assert status_named(name) == status
