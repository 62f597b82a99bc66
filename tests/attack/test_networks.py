"""Networks that fail in every way a network does: exit 75, everything as it was, and the next run is as any other."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings as Chosen
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import FIRST, LAST, World

Handling = Callable[[socket.socket], None]
_RESET = b"\x01\0\0\0\0\0\0\0"
"""A linger of no time: closing resets the line."""


@contextmanager
def listening(handle: Handling) -> Iterator[int]:
    """A port whose callers are treated so, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller, suppress(OSError):  # what the caller does to the line is no matter of this side
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    handle(caller)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def refused() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    yield port


@contextmanager
def full() -> Iterator[int]:
    """A port whose queue is full: nobody is let in, and nobody is told."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(3)]
        for caller in waiting:
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for caller in waiting:
            caller.close()


def silent(caller: socket.socket) -> None:
    """Take the question and say nothing, until the caller gives up."""
    while caller.recv(4096):
        pass


def half(caller: socket.socket) -> None:
    """Break off in the middle of the headers."""
    caller.recv(4096)
    caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-ty")


def endless_headers(caller: socket.socket) -> None:
    """Headers without end."""
    caller.recv(4096)
    caller.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200_000)


def certified(place: Path, behind: int, heard: list[bytes]) -> Handling:
    """A certificate that nobody vouches for; whoever trusts it is given all that Connecteam says, and is noted down."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("NOT TESTED: openssl is not here to make a certificate")
    order = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    order += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{place}/key", "-out", f"{place}/certificate"]
    subprocess.run(order, check=True, capture_output=True)  # noqa: S603 - a program of the system
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{place}/certificate", f"{place}/key")

    def answer(caller: socket.socket) -> None:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes(8))
        with context.wrap_socket(caller, server_side=True) as secured:
            while said := secured.recv(65536):
                heard.append(said)
                with socket.create_connection(("127.0.0.1", behind)) as sandbox:
                    sandbox.sendall(said.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
                    while part := sandbox.recv(65536):
                        secured.sendall(part)
                return

    return answer


NETWORKS: dict[str, tuple[str, Callable[[], AbstractContextManager[int]]]] = {
    "refused": ("http", refused),
    "reset": ("http", lambda: listening(lambda _: None)),
    "no http": ("http", lambda: listening(lambda caller: caller.sendall(b"hello\r\n"))),
    "half an answer": ("http", lambda: listening(half)),
    "endless headers": ("http", lambda: listening(endless_headers)),
    "nobody lets us in": ("http", full),
    "no word": ("http", lambda: listening(silent)),
    "no tls": ("https", lambda: listening(lambda caller: caller.sendall(b"hello\r\n"))),
}


@pytest.fixture
def life(tmp_path: Path) -> Iterator[World]:
    """A mirrored company, with a correction under way."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=10**9)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/networks.db", max_deletes=99)
        world.sync()
        shift = next(s for s in world.company.shifts() if s.end is not None)
        world.company.edit(shift.id, end=shift.start + 60)
        yield world
        world.mirror.close()


def fails(life: World, base_url: str) -> None:
    """A run over this network: 75 with a next step, nothing written; and then one over a good one."""
    before = life.everything()
    settings = Chosen(
        timezone=life.company.timezone,
        database_url=life.mirror.settings.database_url,
        base_url=base_url,
        request_timeout=0.4,
        total_seconds=1,
    )
    with ConnecteamSync("sandbox-key", settings=settings) as mirror:
        run = mirror.sync(mirror.window(FIRST, LAST))
    assert run.exit_code == 75, run
    assert all(slice_.next_step for slice_ in run.slices), run
    assert life.everything() == before
    assert life.sync().exit_code == 0
    assert life.rows() == life.company.truth(FIRST, LAST)


@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_a_network_that_fails(life: World, kind: str) -> None:
    """Nobody there, a broken line, another protocol, silence."""
    scheme, network = NETWORKS[kind]
    with network() as port:
        fails(life, f"{scheme}://127.0.0.1:{port}")


def test_a_stranger_with_a_certificate_of_its_own_is_told_nothing(
    life: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would answer as Connecteam does; not a byte of a request reaches it, so no key either.

    The environment does not say whom to trust.
    """
    heard: list[bytes] = []
    behind = int(life.sandbox.url.rpartition(":")[2])
    with listening(certified(tmp_path, behind, heard)) as port:
        fails(life, f"https://127.0.0.1:{port}")
        monkeypatch.setenv("SSL_CERT_FILE", f"{tmp_path}/certificate")
        fails(life, f"https://127.0.0.1:{port}")
        assert not heard
        # Whoever trusts the certificate is served: it is the check of it that kept the key here.
        trusting = ssl.create_default_context(cafile=f"{tmp_path}/certificate")
        with (
            socket.create_connection(("127.0.0.1", port)) as line,
            trusting.wrap_socket(line, server_hostname="127.0.0.1") as secured,
        ):
            secured.sendall(f"GET /me HTTP/1.1\r\nhost: x\r\nx-api-key: {life.sandbox.key}\r\n\r\n".encode())
            assert secured.recv(65536).startswith(b"HTTP/1.1 200")
    assert heard


def test_no_proxy_of_the_environment_gets_the_key(life: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that the environment names is somebody else's choice: it is not called, whatever the case of its name."""
    called: list[bytes] = []
    with listening(lambda caller: called.append(caller.recv(4096))) as port:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert life.sync().exit_code == 0
    assert not called
    assert life.rows() == life.company.truth(FIRST, LAST)


def test_a_name_that_is_not_found(life: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name server does not answer."""

    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    # A database of its own: that of the sandbox belongs to another region.
    fresh = f"sqlite:///{tmp_path}/of-nobody-yet.db"
    settings = Chosen(timezone=life.company.timezone, database_url=fresh, total_seconds=1)
    with ConnecteamSync("sandbox-key", settings=settings) as mirror, monkeypatch.context() as patch:
        mirror.init()
        patch.setattr(socket, "getaddrinfo", unknown)
        run = mirror.sync(life.window)
        assert run.exit_code == 75, run
        assert mirror.employees() == ()
