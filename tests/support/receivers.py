"""Receivers of alerts that are real: an SMTP server, and an HTTP server that checks signatures by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

KEY = b"0123456789abcdef01234567"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


class Mailbox:
    """What an SMTP server took. With `refuses` it takes nothing (and counts what it `refused`), with `seconds` it takes
    its time, as with `steps` for each address; those who are `gone` it does not know. `answer` is what it says of a
    letter that it has, `bye` its last word.
    """

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.receivers: list[list[str]] = []
        self.logins: list[tuple[str, str]] = []
        self.refuses = False
        self.refused = 0
        self.gone: set[str] = set()
        self.seconds = self.steps = 0.0
        self.answer, self.bye = "250 OK", "221 bye"
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """Take a receiver."""
        time.sleep(self.steps)  # noqa: ASYNC251 - as below
        if address in self.gone:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Take a message."""
        if self.refuses:
            self.refused += 1
            return "554 no"
        time.sleep(self.seconds)  # noqa: ASYNC251 - the server is alone in its loop
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content))
        self.receivers.append([str(one) for one in envelope.rcpt_tos])
        return self.answer

    async def handle_QUIT(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802 - the library's name
        """Say goodbye."""
        return self.bye

    @property
    def subjects(self) -> list[str]:
        """The subjects, in order."""
        return [str(letter["Subject"]) for letter in self.letters]

    def text(self, number: int) -> str:
        """The words of one."""
        payload = self.letters[number].get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("NOT TESTED: openssl is not here to make a certificate")
    crt, key = folder / "crt.pem", folder / "key.pem"
    order = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    order += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt)]
    subprocess.run(order, check=True, capture_output=True)  # noqa: S603 - our own words
    return crt, key


@contextmanager
def mail_server(tls: tuple[Path, Path] | None = None, *, login: bool = False, port: int = 0) -> Iterator[Mailbox]:
    """An SMTP server; with `tls` it offers STARTTLS, with `login` it wants one (ann, p@ss:word) and TLS before it."""
    box = Mailbox()

    def check(_: SMTP, __: Session, ___: Any, mechanism: str, given: Any) -> AuthResult:  # noqa: ANN401, ARG001 - the library's signature
        box.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=box.logins[-1] == ("ann", "p@ss:word"), handled=False)

    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=port or _free_port(),
        tls_context=context,
        require_starttls=False,
        authenticator=check if login else None,
        auth_required=login,
        auth_require_tls=tls is not None,
    )
    server.start()
    box.port = server.port
    try:
        yield box
    finally:
        server.stop()


def _free_port() -> int:
    import socket  # noqa: PLC0415 - only here

    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


class Hook:
    """What an HTTP server was sent; it checks each signature by standard-webhooks, not by our own code."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.pings: list[str] = []
        self.answer = 204
        self.seconds = 0.0
        self.url = ""
        self.forged = 0

    @property
    def told(self) -> list[tuple[str, str]]:
        """(name, state) of each message, in order."""
        return [(body["data"]["name"], body["data"]["state"]) for body in self.bodies]

    def take(self, headers: Any, data: bytes) -> int:  # noqa: ANN401 - headers of the library
        """Take a message if its signature is right and it is not old."""
        time.sleep(self.seconds)
        name, at = headers["webhook-id"], headers["webhook-timestamp"]
        signed = hmac.new(KEY, b".".join((name.encode(), at.encode(), data)), hashlib.sha256).digest()
        versions = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
        if ["v1", base64.b64encode(signed).decode()] not in versions or abs(time.time() - int(at)) > 10**9:
            self.forged += 1
            return 401
        if self.answer < 300:
            self.bodies.append(json.loads(data))
            self.ids.append(name)
        return self.answer


@contextmanager
def web_server() -> Iterator[Hook]:
    """An HTTP server on this machine."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            self._answer(hook.take(self.headers, data))

        def do_GET(self) -> None:
            hook.pings.append(self.path)
            self._answer(hook.answer)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
