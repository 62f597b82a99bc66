"""The application of a listener: whatever is not done is said as one JSON object, without anybody's name."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.service import Parts, require_safe
from connecteam_sync.service.web import application, refusal


async def _there(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def _broken(_: Request) -> PlainTextResponse:
    msg = "Zoë Ito"
    raise ZeroDivisionError(msg)


async def _away(_: Request) -> PlainTextResponse:
    raise HTTPException(503, headers={"retry-after": "5"})


@pytest.fixture
def url() -> Iterator[str]:
    """An application with a route that is there, and two that fail."""
    app = application([Route("/", _there), Route("/broken", _broken), Route("/away", _away)])
    listener = Listener(app, host="127.0.0.1", port=0)
    listener.start()
    yield listener.url
    listener.stop()


def test_what_nobody_foresaw_is_in_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its kind and its line, and nobody's name."""
    with caplog.at_level("DEBUG", logger="connecteam_sync"):
        assert httpx.get(f"{url}/broken", trust_env=False).status_code == 500
    [found] = [vars(record)["connecteam_event"] for record in caplog.records if record.name == "connecteam_sync"]
    assert (found.name, found.error) == ("unforeseen", "ZeroDivisionError")
    assert found.where.startswith("test_web.py:")
    assert "Zo" not in caplog.text


def test_a_request_of_two_lengths(url: str) -> None:
    """What a proxy would take for the next request is not answered."""
    host = url.removeprefix("http://")
    request = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=10) as line:
        line.sendall(f"{request}GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        said = b"".join(iter(lambda: line.recv(65_536), b""))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"two lengths" in said


def test_every_failure_is_one_object(url: str) -> None:
    """Its status, its name, and nothing of what it was about."""
    with httpx.Client(trust_env=False, base_url=url) as client:
        assert client.get("/").text == "hello"
        for method, path, status, name in (
            ("GET", "/none", 404, "not_found"),
            ("POST", "/", 405, "method_not_allowed"),
            ("GET", "/broken", 500, "internal_server_error"),
            ("GET", "/away", 503, "service_unavailable"),
        ):
            answer = client.request(method, path)
            assert answer.status_code == status
            assert (answer.json()["error"], answer.json()["schema"]) == (name, 1)
            assert answer.headers["cache-control"] == "no-store"
            assert "Zo" not in answer.text
            # An error that nobody foresaw ends the connection, and the client knows it before its next request.
            assert (answer.headers.get("connection") == "close") is (status == 500)
        assert client.get("/away").headers["retry-after"] == "5"
        assert "GET" in client.post("/").headers["allow"]


def test_a_slash_too_many_leads_nowhere(url: str) -> None:
    """No address of the host that a request names is an answer."""
    with httpx.Client(trust_env=False, base_url=url) as client:
        answer = client.post("/broken/", headers={"host": "elsewhere.example"})
        assert answer.status_code == 404
        assert "location" not in answer.headers


def test_a_refusal_says_what_to_do() -> None:
    """In the words of the command."""
    assert b'"next_step":"wait"' in refusal(503, "full", next_step="wait").body


def test_another_machine_is_answered_only_if_somebody_saw_to_tls() -> None:
    """Loopback always; any other address if there is TLS in front, or a person does without."""
    require_safe(Parts())
    require_safe(Parts(host="0.0.0.0", is_tls_in_front=True))  # noqa: S104 - nothing is bound
    with pytest.raises(ConfigurationError, match="without encryption") as told:
        require_safe(Parts(host="0.0.0.0"))  # noqa: S104 - nothing is bound
    assert "--insecure-http" in told.value.next_step
