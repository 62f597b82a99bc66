"""One deadline over a whole call: a server that is never quite silent does not keep us longer than `total_seconds`."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import ApiKey
from connecteam_sync.api.deadline import Transport
from connecteam_sync.errors import Unavailable

TOTAL = 1.0
SLACK = 1.5
"""Seconds by which a busy machine may be late."""
BODY = b'{"data":{"companyName":"x","companyId":"1"}}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY)
TOO_MANY = b"HTTP/1.1 429 Too Many\r\ncontent-type: application/json\r\nretry-after: 0\r\ncontent-length: 26\r\n\r\n"


class Line:
    """What a caller is sent, and how often somebody called."""

    def __init__(self, behave: Callable[[socket.socket, Line], None]) -> None:
        self.behave, self.calls, self.sent = behave, 0, 0
        self.over = threading.Event()

    def drip(self, caller: socket.socket, said: bytes) -> None:
        """A byte every twentieth of a second, each in time."""
        for byte in said:
            if self.over.wait(0.05):
                return
            caller.sendall(bytes((byte,)))
            self.sent += 1


def headers_drip(caller: socket.socket, line: Line) -> None:
    """A header that never ends."""
    line.drip(caller, HEAD[:-2] + b"x-more: " + b"y" * 10_000)


def body_drips(caller: socket.socket, line: Line) -> None:
    """The headers at once, then a body that takes for ever."""
    caller.sendall(HEAD.replace(b"length: %d" % len(BODY), b"length: 10000"))
    line.drip(caller, b" " * 10_000)


def silence(_caller: socket.socket, line: Line) -> None:
    """A connection, and nothing else."""
    line.over.wait(30)


def too_many_then_headers(caller: socket.socket, line: Line) -> None:
    """It says once what is the matter, and then drips."""
    if line.calls == 1:
        caller.sendall(TOO_MANY + b'{"error":"slow down, Ida"}')
        line.sent += 1
    else:
        headers_drip(caller, line)


def too_many_drips(caller: socket.socket, line: Line) -> None:
    """Its status at once, and its words for ever."""
    caller.sendall(TOO_MANY.replace(b"26", b"9999"))
    line.drip(caller, b'{"error":' + b" " * 9000)


@contextmanager
def served(behave: Callable[[socket.socket, Line], None], *, flags: int = 0) -> Iterator[tuple[str, Line]]:
    """A server on this machine that behaves like that to every caller; `flags` of how it reads what they say."""
    line = Line(behave)

    def answer(caller: socket.socket) -> None:
        with caller:
            try:
                while caller.recv(4096, flags):
                    line.calls += 1
                    behave(caller, line)
            except OSError:
                pass  # the caller has had enough, which is what this is about

    def accept() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(caller,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        waiting = threading.Thread(target=accept, daemon=True)
        waiting.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", line
        finally:
            line.over.set()
            server.shutdown(socket.SHUT_RDWR)
            waiting.join(timeout=5)


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (headers_drip, "did not end within 1 seconds"),
        (body_drips, "did not end within 1 seconds"),
        (silence, "did not end within 1 seconds"),
        (too_many_then_headers, "(HTTP 429): slow down, Ida"),
        (too_many_drips, "(HTTP 429): no reason given"),
    ],
)
def test_no_call_takes_longer_than_its_time(behave: Callable[[socket.socket, Line], None], said: str) -> None:
    """Connecting, headers, body, retries and waits together; and the next call has its whole time again."""
    with served(behave) as (url, line), Connecteam(ApiKey("sandbox-key"), base_url=url, total_seconds=TOTAL) as client:
        for _ in range(2):
            line.calls = 0
            began = time.monotonic()
            with pytest.raises(Unavailable) as raised:
                client.company()
            assert TOTAL - 0.1 <= time.monotonic() - began < TOTAL + SLACK
            assert said in raised.value.message
            assert line.calls
            assert line.sent or behave is silence


def test_each_try_that_is_silent_leaves_time_for_the_next() -> None:
    """`request_timeout` is for one try, `total_seconds` for all of them."""
    with (
        served(silence) as (url, line),
        Connecteam(
            ApiKey("sandbox-key"), base_url=url, total_seconds=TOTAL, request_timeout=0.2, first_wait=0.01
        ) as client,
    ):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            client.company()
        assert time.monotonic() - began < TOTAL + SLACK
        assert 3 <= client.http_calls <= 6
        assert line.calls == client.http_calls


def test_a_line_that_is_encrypted_has_the_same_deadline(tmp_path: Path) -> None:
    """As Connecteam's own are: the time is looked at beneath the encryption, where the bytes drip."""
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def encrypted(caller: socket.socket, line: Line) -> None:
        with context.wrap_socket(caller, server_side=True) as wrapped:
            wrapped.recv(4096)
            line.drip(wrapped, HEAD[:-2] + b"x-more: " + b"y" * 100)

    began = time.monotonic()
    with (
        served(encrypted, flags=socket.MSG_PEEK) as (url, line),
        httpx2.Client(transport=Transport(verify=False, left=lambda: began + TOTAL - time.monotonic())) as client,
    ):
        with pytest.raises(httpx2.ReadTimeout):
            client.get(url.replace("http://", "https://"))
        assert time.monotonic() - began < TOTAL + SLACK
        assert line.sent > 1


def test_nobody_is_called_once_the_time_is_over() -> None:
    """No connection is opened that could not be used any more."""
    with (
        served(silence) as (url, line),
        httpx2.Client(transport=Transport(verify=False, left=lambda: 0.0)) as client,
    ):
        with pytest.raises(httpx2.ConnectTimeout):
            client.get(url)
        assert not line.calls


def test_nothing_is_said_once_the_time_is_over() -> None:
    """It ran out while the connection came about."""
    left = iter((5.0, 0.0))
    with (
        served(silence) as (url, line),
        httpx2.Client(transport=Transport(verify=False, left=lambda: next(left))) as client,
    ):
        with pytest.raises(httpx2.WriteTimeout):
            client.get(url)
        assert not line.calls


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(pem))
    private.write_bytes(secret)
    return certificate, private
