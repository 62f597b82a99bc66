"""The address of webhooks: every answer of the contract, and what is on record before it is given."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.bells import Doorbell
from connecteam_sync.core.deliveries import LARGEST_BODY, read_bell
from connecteam_sync.service import hooks as hooks_module
from connecteam_sync.store.service.due import Due
from support.bell_site import PREVIOUS, SECRET, body_of, hooks_of, ring


@pytest.fixture
def settings(initialised: str) -> Settings:
    """A database in which `init` has run."""
    return Settings(timezone="America/Chicago", database_url=initialised, base_url="http://127.0.0.1:9")


@pytest.fixture
def mirror(settings: Settings) -> Iterator[ConnecteamSync]:
    """The library over it; time clocks 1 and 2 are visited."""
    with ConnecteamSync("sandbox-key", settings=settings) as opened:
        opened.store.columns()
        with opened.store.own_rows("enrolling") as connection:
            Due(opened.store.dialect, opened.store.own).enrol(connection, {1: "one", 2: "two"}, cadence=300)
        yield opened


@pytest.fixture
def url(settings: Settings, mirror: ConnecteamSync) -> Iterator[str]:
    """Where webhooks ring."""
    assert mirror.doorbells() == ()
    with hooks_of(settings) as address:
        yield address


def kept(mirror: ConnecteamSync) -> list[Doorbell]:
    """What is on record, oldest first."""
    return list(reversed(mirror.doorbells(limit=1000)))


def test_a_delivery_is_on_record_when_it_is_answered(url: str, mirror: ConnecteamSync) -> None:
    """204 without a body, and of the body ids and times."""
    answer = ring(url, body_of(requestId="r-1"))
    assert (answer.status_code, answer.content) == (204, b"")
    (bell,) = kept(mirror)
    assert (bell.key, bell.state, bell.event_type, bell.time_clock_id) == ("r-1", "waiting", "clock_in", 1)
    assert (bell.user_id, bell.starts_at, bell.event_at, bell.fitted) == (7, 1_767_600_000, 1_767_628_800, "secret")
    assert (bell.deliveries, bell.looks, bell.run, bell.found) == (1, 0, None, None)
    assert bell.look_at == bell.received_at + 10


def test_what_comes_again_is_one_more_delivery(url: str, mirror: ConnecteamSync) -> None:
    """By its request id; without one, by its body."""
    for _ in range(3):
        assert ring(url, body_of(requestId="r-1")).status_code == 204
    nameless = {name: value for name, value in body_of().items() if name != "requestId"}
    assert [ring(url, nameless).status_code for _ in range(2)] == [204, 204]
    assert [(bell.deliveries, bell.state) for bell in kept(mirror)] == [(3, "waiting"), (2, "joined")]
    assert kept(mirror)[1].key == hashlib.sha256(json.dumps(nameless).encode()).hexdigest()


def test_what_comes_twice_at_once_is_counted_twice(settings: Settings, mirror: ConnecteamSync) -> None:
    """Also where both are stored in one transaction."""
    recorder = hooks_module.Recorder(settings, settle_seconds=10)
    bell = read_bell(json.dumps(body_of(requestId="r-1")).encode())
    recorder.store([bell, bell, bell])
    recorder.store([bell])
    recorder.close()
    assert [(found.key, found.deliveries) for found in kept(mirror)] == [("r-1", 4)]


def test_every_header_that_may_prove_it_is_noted(url: str, mirror: ConnecteamSync) -> None:
    """The literal secret, today's or the one before, in either header, and an HMAC of the raw body."""
    content = json.dumps(body_of(requestId="h")).encode()
    digest = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest().encode()
    signature = b"x-connecteam-signature"
    ring(url, body_of(requestId="a"))
    ring(url, body_of(requestId="b"), secret=PREVIOUS)
    ring(url, body_of(requestId="c"), secret=None, headers={signature: SECRET.encode()})
    ring(url, body_of(requestId="d"), secret="wrong", headers={signature: PREVIOUS.encode()})
    ring(url, content, secret=None, headers={signature: digest})
    assert {bell.key: bell.fitted for bell in kept(mirror)} == {
        "a": "secret",
        "b": "secret_previous",
        "c": "signature",
        "d": "signature_previous",
        "h": "hmac",
    }


def test_what_is_not_proved_is_refused_and_not_kept(url: str, mirror: ConnecteamSync) -> None:
    """401 without a secret, with a wrong one, with two of them, and with an HMAC of something else."""
    other = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest().encode()
    for secret in (None, "", "wrong", SECRET + "x", SECRET[:-1], b"\xff\xfe", SECRET.upper()):
        assert ring(url, body_of(), secret=secret).status_code == 401, secret
    assert ring(url, body_of(), secret=None, headers={b"x-connecteam-signature": other}).status_code == 401
    twice = [(b"x-webhook-secret", SECRET.encode()), (b"x-webhook-secret", b"wrong")]
    assert httpx.post(url, json=body_of(), headers=twice, trust_env=False).status_code == 401
    assert kept(mirror) == []


def test_another_address_and_another_method(url: str, mirror: ConnecteamSync) -> None:
    """404 and 405, as JSON, whatever the secret; the host that is named does not matter."""
    for wrong in (url + "x", url[:-1], url.rpartition("/")[0] + "/", url + "/more", url.replace("hooks", "hook")):
        answer = ring(wrong, body_of())
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert ring(url, b"", method=method).status_code == 405
    assert kept(mirror) == []
    assert ring(url, body_of(), headers={b"host": b"hours.example.com"}).status_code == 204


def test_a_body_that_is_too_large_is_not_read_to_its_end(url: str, mirror: ConnecteamSync) -> None:
    """413, whether its length is told or not; a body just as large as may be is read. Without a secret it is 401."""
    assert ring(url, b"x" * (LARGEST_BODY + 1)).status_code == 413
    assert ring(url, b"x" * LARGEST_BODY * 4).status_code == 413
    assert ring(url, b"x" * LARGEST_BODY * 4, secret="wrong").status_code == 401
    host = urlsplit(url)
    with socket.create_connection((host.hostname, host.port)) as line:
        head = f"POST {host.path} HTTP/1.1\r\nhost: a\r\nx-webhook-secret: ".encode() + SECRET.encode()
        line.sendall(head + b"\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            for _ in range(20_000):
                line.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except ConnectionError:
            pass
        else:
            pytest.fail("eighty megabytes were read")
    assert kept(mirror) == []
    padded = json.dumps(body_of()).encode().ljust(LARGEST_BODY)
    assert ring(url, padded).status_code == 204


def test_what_cannot_be_used_is_taken_and_shown(url: str, mirror: ConnecteamSync) -> None:
    """A retry would not help: 204. Nothing waits for it."""
    unreadable: list[object] = [b"", b"not json", [], body_of(timeClockId=None)]
    for body in unreadable:
        assert ring(url, body).status_code == 204
    for event in ("user_edit_request", "admin_day_locked", "invented_tomorrow"):
        assert ring(url, body_of(event)).status_code == 204
    assert ring(url, body_of(clock=77)).status_code == 204
    assert [(bell.state, bell.look_at) for bell in kept(mirror)] == [("unreadable", None)] * 4 + [("ignored", None)] * 4
    assert mirror.doorbell_counts() == {"unreadable": 4, "ignored": 4}


def test_more_time_clocks_than_there_can_be_are_refused(settings: Settings) -> None:
    """503 and when to come again; a time clock that waits already may ring on. In a database that knows of none yet."""
    with ConnecteamSync("sandbox-key", settings=settings) as mirror, hooks_of(settings) as url:
        with ThreadPoolExecutor(16) as many:
            answers = list(many.map(lambda n: ring(url, body_of(clock=n)).status_code, range(1, 231)))
        assert Counter(answers) == {204: 200, 503: 30}
        assert "retry-after" in ring(url, body_of(clock=999)).headers
        assert ring(url, body_of(clock=mirror.doorbells(limit=1)[0].time_clock_id)).status_code == 204
        assert len(mirror.doorbells(limit=1000)) == 201


def test_five_hundred_at_once_are_all_kept(url: str, mirror: ConnecteamSync) -> None:
    """Half of them twice; one of them waits, and all others join it."""
    keys = [f"r-{n}" for n in range(500)] + [f"r-{n}" for n in range(250)]
    with ThreadPoolExecutor(50) as many:
        answers = list(many.map(lambda key: ring(url, body_of(requestId=key)).status_code, keys))
    assert set(answers) == {204}
    found = kept(mirror)
    assert {bell.key for bell in found} == set(keys)
    assert sum(bell.deliveries for bell in found) == 750
    assert Counter(bell.state for bell in found) == {"waiting": 1, "joined": 499}


def test_two_services_may_take_the_same_delivery(settings: Settings, mirror: ConnecteamSync, url: str) -> None:
    """At the same moment: it is on record once."""
    with hooks_of(settings) as other, ThreadPoolExecutor(20) as many:
        keys = [f"r-{n % 50}" for n in range(200)]
        urls = [url, other] * 100
        answers = list(many.map(lambda at, key: ring(at, body_of(requestId=key)).status_code, urls, keys))
    assert Counter(answers) == {204: 200}
    assert sum(bell.deliveries for bell in kept(mirror)) == 200
    assert len(kept(mirror)) == 50


def test_while_the_database_is_away_nothing_is_promised(tmp_path: object) -> None:
    """503, for Connecteam to come again; and once it is there, the same delivery is taken."""
    absent = Settings(timezone="UTC", database_url=f"sqlite:///{tmp_path}/later.db", base_url="http://127.0.0.1:9")
    with hooks_of(absent) as url:
        answer = ring(url, body_of(requestId="r-1"))
        assert (answer.status_code, answer.json()["error"]) == (503, "service_unavailable")
        with ConnecteamSync("sandbox-key", settings=absent) as mirror:
            mirror.init()
            assert ring(url, body_of(requestId="r-1")).status_code == 204
            assert [bell.deliveries for bell in mirror.doorbells()] == [1]


def test_on_sqlite_a_delivery_waits_for_the_writer_but_not_for_ever(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored as soon as the run has committed; after ten seconds (here one) it is 503."""
    monkeypatch.setattr(hooks_module, "LOCK_WAIT", 1.0)
    settings = Settings(timezone="UTC", database_url=f"sqlite:///{tmp_path}/busy.db", base_url="http://127.0.0.1:9")
    with ConnecteamSync("sandbox-key", settings=settings) as mirror:
        mirror.init()
        with hooks_of(settings) as url:
            assert ring(url, body_of()).status_code == 204
            with mirror.store.own_rows("writing for long"):
                assert ring(url, body_of()).status_code == 503
            writing, written = threading.Event(), threading.Event()

            def write() -> None:
                with mirror.store.own_rows("writing"):
                    writing.set()
                    time.sleep(0.4)
                    written.set()

            writer = threading.Thread(target=write)
            writer.start()
            assert writing.wait(10)
            assert ring(url, body_of()).status_code == 204
            assert written.is_set()
            writer.join()
            assert len(mirror.doorbells()) == 2


def test_nothing_that_came_is_logged(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], mirror: ConnecteamSync
) -> None:
    """Neither the secret nor the body, whatever the answer was."""
    caplog.set_level(logging.DEBUG)
    for secret in (SECRET, "guessed-wrong"):
        for body in (body_of(), b"Ida 555 0100", body_of(clock=77)):
            ring(url, body, secret=secret)
    said = caplog.text + "".join(capfd.readouterr())
    ours = "\n".join(line for line in said.splitlines() if "httpx" not in line and "httpcore" not in line)
    for word in (SECRET, "guessed-wrong", "555 0100", "41.88", "Ida"):
        assert word not in ours
    assert len(kept(mirror)) == 3
