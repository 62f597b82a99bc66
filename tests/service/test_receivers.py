"""Receivers of alerts: a mail server with TLS and a login, Apprise, and what cannot be a receiver."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from connecteam_sync.alerts.email import _require_encrypted
from connecteam_sync.alerts.others import ByCommand
from connecteam_sync.alerts.receiver import NotSent, PartlySent
from connecteam_sync.alerts.receivers import Receivers, receivers_of
from connecteam_sync.alerts.telling import Teller
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.alerts import trial
from connecteam_sync.core.receivers import SmtpServer
from connecteam_sync.errors import ConfigurationError
from support.receivers import SECRET, Hook, certificate, mail_server, web_server
from test_command import Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook of this machine."""
    with web_server() as made:
        yield made


def test_a_test_arrives_at_each_receiver(terminal: Terminal, hook: Hook) -> None:
    """By e-mail and webhook; 1 where one does not take it, 2 where there is none."""
    with mail_server() as box:
        told = {
            "CONNECTEAM_SYNC_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
            "CONNECTEAM_SYNC_ALERTS_EMAIL_TO": "ann@example.org,bo@example.org",
            "CONNECTEAM_SYNC_ALERTS_EMAIL_FROM": "mirror@example.org",
            "CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url,
            "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET,
        }
        answer = terminal("alerts", "test", "--json", **told)
        assert answer.code == 0
        assert answer.json["receivers"] == [
            {"name": "email", "taken": True, "error": None},
            {"name": "webhook", "taken": True, "error": None},
        ]
        assert box.subjects == ["connecteam-sync: a test"]
        assert box.receivers == [["ann@example.org", "bo@example.org"]]
        assert box.letters[0]["From"] == "mirror@example.org"
        assert hook.told == [("test", "trouble")]
        box.refuses = True
        answer = terminal("alerts", "test", **told)
        assert (answer.code, "email: the mail server does not take the message (554)" in answer.out) == (1, True)
    assert terminal("alerts", "test").code == 2


@pytest.mark.parametrize("password", ["p@ss:word", "wrong"])
def test_a_login_goes_through_starttls(tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the certificate checked; a login that is not taken is said by its number alone."""
    crt, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(crt))
    with mail_server((crt, key), login=True) as box:
        receivers = _email(f"smtp://ann:{password.replace('@', '%40').replace(':', '%3A')}@127.0.0.1:{box.port}")
        error = _tried(receivers)
        assert box.logins[0] == ("ann", password)
        assert error == (None if password == "p@ss:word" else "the mail server does not take the login (535)")
        assert len(box.letters) == (error is None)


def test_a_certificate_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """No letter goes to a server that only says it is the one."""
    with mail_server(certificate(tmp_path)) as box:
        error = _tried(_email(f"smtp://127.0.0.1:{box.port}"))
        assert error is not None
        assert error.startswith("no TLS with the mail server")
        assert box.letters == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_who_took_a_letter_does_not_get_it_again_for_others(tmp_path: Path) -> None:
    """While the database is away, for hours: one address is wrong, the other one gets one letter. A server that takes
    nothing is tried later and later.
    """
    settings = _settings(database_url="mysql+pymysql://root@127.0.0.1:1/none", state_dir=str(tmp_path))
    said: list[str] = []
    with mail_server() as box, time_machine.travel(1_900_000_000, tick=False) as travel:
        receivers = _email(f"smtp://127.0.0.1:{box.port}", to="ann@example.org,gone@example.org")
        with closing(ConnecteamSync("key", settings=settings)) as mirror:
            teller = Teller(mirror, receivers, note=said.append)

            def live(turns: int) -> None:
                for _ in range(turns):
                    teller.tell(remembers=True)
                    travel.shift(30)

            box.refuses = True
            live(40)
            assert box.refused == 6
            [line] = said
            assert line.endswith("(554)")
            box.refuses, box.gone = False, {"gone@example.org"}
            live(120)
            assert box.receivers == [["ann@example.org"]]
            assert said[1:] == [
                "alert mirror_stale was not taken by all of email: the mail server refuses 1 of 2 receivers"
            ]
        assert _tried(receivers) == "the mail server refuses 1 of 2 receivers"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_service_of_apprise_that_fails_silences_no_other(hook: Hook) -> None:
    """Nor does a URL that Apprise does not know; and who took a message does not get it again."""
    pytest.importorskip("apprise")
    taken = hook.url.replace("http://", "json://") + "?method=GET"
    urls = f"{taken} json://127.0.0.1:1/away no-such-service://x"
    receivers = receivers_of(_settings(), {"CONNECTEAM_SYNC_ALERTS_APPRISE_URLS": urls})
    with pytest.raises(PartlySent, match="does not know 1 of 3 URLs; 1 of 3 services"):
        receivers.every[0].send(trial(0), 10)
    assert len(hook.pings) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_is_told_and_a_wrong_url_is_said_without_it(hook: Hook) -> None:
    """Its own JSON to an address of this machine."""
    pytest.importorskip("apprise")
    url = hook.url.replace("http://", "json://").replace("/hook", "/secret-path")
    for urls, expected in ((url, "1 of 1 services"), ("nonsense://token-of-mine", "does not know 1 of 1")):
        error = _tried(receivers_of(_settings(), {"CONNECTEAM_SYNC_ALERTS_APPRISE_URLS": urls}))
        assert error is not None  # our hook takes signed messages only
        assert expected in error
        assert "of-mine" not in error


@pytest.mark.parametrize(
    "environment",
    [
        {"CONNECTEAM_SYNC_SMTP_URL": "smtp://127.0.0.1"},
        {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET},
        {"CONNECTEAM_SYNC_ALERTS_PING_URL": "http://example.org/hidden-part"},
        {"CONNECTEAM_SYNC_ALERTS_APPRISE_URLS": "hidden-part"},
    ],
)
def test_half_a_receiver_is_a_mistake(environment: dict[str, str]) -> None:
    """It is refused before anything runs, without what was given."""
    with pytest.raises(ConfigurationError, match=r"CONNECTEAM_SYNC_|need both") as error:
        receivers_of(_settings(), environment)
    assert "hidden-part" not in f"{error.value}{error.value.next_step}"


def _settings(**values: Any) -> Settings:  # noqa: ANN401 - any setting
    return Settings(timezone="America/Chicago", **values)


def _email(url: str, to: str = "ann@example.org") -> Receivers:
    settings = _settings(alerts_email_to=to)
    return receivers_of(settings, {"CONNECTEAM_SYNC_SMTP_URL": url})


def _tried(receivers: Receivers) -> str | None:
    """Why the one receiver did not take a test."""
    client = ConnecteamSync("key", settings=_settings(database_url="sqlite://"))
    try:
        (error,) = Teller(client, receivers).test().values()
    finally:
        client.close()
    return error


def test_secrets_of_receivers_are_taken_out(terminal: Terminal) -> None:
    """Of whatever is written about something unforeseen."""
    secrets = {
        "CONNECTEAM_SYNC_SMTP_URL": "smtp://ann:pass-of-mail@mail.example.org",
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET,
        "CONNECTEAM_SYNC_ALERTS_APPRISE_URLS": "slack://token-a/b json://token-b",
        "CONNECTEAM_SYNC_ALERTS_PING_URL": "https://hc.example.org/uuid-of-mine",
    }
    code = (
        "from connecteam_sync.cli.unforeseen import without_secrets\n"
        "print(without_secrets('pass-of-mail slack://token-a/b , json://token-b https://hc.example.org/uuid-of-mine "
        f"{SECRET}'))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], env=terminal.environment | secrets, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["***", "***", ",", "***", "***", "***"]


def test_a_password_does_not_go_in_the_clear() -> None:
    """To another machine that offers no TLS; on this machine nobody listens in between."""
    for host, encrypted, is_refused in (("mail.example.org", False, True), ("mail.example.org", True, False)):
        server = SmtpServer(host, 25, is_tls=False, user="ann", password="hidden")
        with pytest.raises(NotSent, match="in the clear") if is_refused else nullcontext():
            _require_encrypted(server, is_encrypted=encrypted)
    _require_encrypted(SmtpServer("127.0.0.1", 25, False, "ann", "hidden"), is_encrypted=False)


def test_a_command_that_fails_did_not_take_its_message() -> None:
    """Nor does one that takes too long: it is killed."""
    for code, told in (("raise SystemExit(7)", "ended with 7"), ("import time; time.sleep(60)", "too long")):
        with pytest.raises(NotSent, match=told):
            ByCommand([sys.executable, "-c", code], ZoneInfo("UTC")).send(trial(1), 2)
