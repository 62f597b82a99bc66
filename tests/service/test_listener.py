"""An address at which an application answers: bound at once, ended within a second."""

from __future__ import annotations

import contextlib
import resource
import socket
import time

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.service import listener as listening
from connecteam_sync.service.listener import Listener, is_loopback


async def _hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", _hello)])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_answers_from_start_to_stop_and_ends_at_once(host: str) -> None:
    """A free port is taken for 0; an open connection does not keep it."""
    listener = Listener(APP, host=host, port=0)
    listener.start()
    with httpx.Client(trust_env=False) as client:
        answer = client.get(listener.url)
        assert (answer.status_code, answer.text) == (200, "hello")
        assert "server" not in answer.headers
        began = time.monotonic()
        listener.stop()
        assert time.monotonic() - began < 2
        with pytest.raises(httpx.ConnectError):
            client.get(listener.url)


def test_its_answers_are_dated(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the second in which they are given: browsers and proxies reckon from it."""
    now = [1_000_000_000.0]
    monkeypatch.setattr("uvicorn.server.time.time", lambda: now[0])
    listener = Listener(APP, host="127.0.0.1", port=0)
    listener.start()
    try:
        with httpx.Client(trust_env=False) as client:
            assert client.get(listener.url).headers["date"] == "Sun, 09 Sep 2001 01:46:40 GMT"
            now[0] += 60
            deadline = time.monotonic() + 10
            while client.get(listener.url).headers["date"] != "Sun, 09 Sep 2001 01:47:40 GMT":
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        listener.stop()


def test_a_port_that_is_taken_is_said_at_once() -> None:
    """With the system's own words, and the option that chooses another one."""
    first = Listener(APP, host="127.0.0.1", port=0)
    try:
        with pytest.raises(ConfigurationError, match=r"Address already in use") as told:
            Listener(APP, host="127.0.0.1", port=first.port, option="--metrics-port")
        assert "--metrics-port" in str(told.value.next_step)
    finally:
        first.stop()


def test_a_name_is_no_address() -> None:
    """A name could mean any address, tomorrow another one."""
    with pytest.raises(ConfigurationError, match="no IP address"):
        Listener(APP, host="localhost", port=0)
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "0.0.0.0", "localhost")] == [True, True, False, False]  # noqa: S104 - nothing is bound


def test_all_addresses_are_shown_as_one_that_can_be_asked() -> None:
    """Nobody can ask 0.0.0.0."""
    listener = Listener(APP, host="0.0.0.0", port=0)  # noqa: S104 - bound for a moment, and never started
    assert listener.url == f"http://127.0.0.1:{listener.port}"
    listener.stop()


def _closed(one: socket.socket, *, within: float) -> bool:
    one.settimeout(within)
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _answered(one: socket.socket, request: bytes) -> bool:
    one.settimeout(5)
    one.sendall(request)
    came = b""
    while not came.endswith(b"hello"):
        part = one.recv(1000)
        if not part:
            return False
        came += part
    return True


def test_who_connects_and_says_nothing_keeps_nobody_out() -> None:
    """More connections than there may be: the one that waited longest goes, the newest is answered."""
    listener = Listener(APP, host="127.0.0.1", port=0, most=20)
    listener.start()
    address = ("127.0.0.1", listener.port)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address)) for _ in range(100)]
        for one in silent[1::2]:
            with contextlib.suppress(ConnectionError):
                one.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n")
        with httpx.Client(trust_env=False) as client:
            assert client.get(listener.url).text == "hello"
            assert _closed(silent[0], within=2)
            assert sum(not _closed(one, within=0.05) for one in silent) in range(15, 20)
            assert client.get(listener.url).text == "hello"
    listener.stop()


def test_who_keeps_a_connection_after_an_answer_waits_again() -> None:
    """It goes before one that has just come; one that is at a request stays."""
    listener = Listener(APP, host="127.0.0.1", port=0, most=1)
    listener.start()
    address = ("127.0.0.1", listener.port)
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(socket.create_connection(address))
        assert _answered(kept, request)
        newest = stack.enter_context(socket.create_connection(address))
        assert _closed(kept, within=2)
        assert _answered(newest, request)
    listener.stop()


def test_half_of_the_descriptors_are_left_to_others() -> None:
    """Where nobody says how many connections there may be, the limit of this process does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        listener = Listener(APP, host="127.0.0.1", port=0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    listener.start()
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", listener.port))) for _ in range(130)]
        assert _closed(silent[29], within=2)
        assert not _closed(silent[-1], within=0.1)
    listener.stop()


def test_a_request_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether nothing of it came, or one byte after the other."""
    monkeypatch.setattr(listening, "_ASKED_WITHIN", 0.5)
    listener = Listener(APP, host="127.0.0.1", port=0)
    listener.start()
    with contextlib.closing(socket.create_connection(("127.0.0.1", listener.port))) as slow:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in b"GET / HTTP/1.1\r\nHost: " + b"a" * 1000:
                slow.sendall(bytes([byte]))
                time.sleep(0.02)
        assert time.monotonic() - began < 5
    listener.stop()


def test_an_answer_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests without end on one connection, and no answer is read."""
    monkeypatch.setattr(listening, "_ANSWERED_WITHIN", 0.5)
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("x" * 1_000_000))])
    listener = Listener(app, host="127.0.0.1", port=0)
    listener.start()
    with contextlib.closing(socket.create_connection(("127.0.0.1", listener.port))) as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
        time.sleep(1.5)
        deaf.settimeout(5)
        came = 0
        while part := deaf.recv(1_000_000):
            came += len(part)
        assert came < 50_000_000
    listener.stop()
