"""A time stamp authority (RFC 3161) of stock openssl behind a small web server; its root is invented."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

_SETTINGS = """\
[ authority ]
serial = {folder}/serial
signer_cert = {folder}/stamps.pem
signer_key = {folder}/stamps.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
tsa_name = yes

[ root ]
database = {folder}/issued
new_certs_dir = {folder}
certificate = {folder}/root.pem
private_key = {folder}/root.key
rand_serial = yes
default_md = sha256
policy = anybody

[ anybody ]
commonName = supplied
"""


class StampAuthority:
    """An authority at an address. `asked` are the requests that have reached it, in DER.

    `answers` stands for the next answers, a status and a body each; after them it stamps what it is asked to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = folder / "root.pem"
        self.url = ""
        self.asked: list[bytes] = []
        self.answers: list[tuple[int, bytes]] = []
        self.types: list[str | None] = []

    def make(self, seconds: int) -> None:
        """A root, and the key and the certificate that stamp for so many seconds."""
        self._folder.mkdir()
        usage = self._folder / "usage"
        usage.write_text("extendedKeyUsage = critical, timeStamping\nkeyUsage = critical, digitalSignature\n")
        (self._folder / "serial").write_text("01\n")
        (self._folder / "issued").touch()
        (self._folder / "settings").write_text(_SETTINGS.format(folder=self._folder))
        new = ("-newkey", "rsa:2048", "-nodes", "-keyout")
        self._openssl(
            *("req", "-x509", *new, "root.key", "-out", "root.pem", "-days", "3650", "-subj", "/CN=Invented Root")
        )
        self._openssl("req", *new, "stamps.key", "-out", "stamps.csr", "-subj", "/CN=Invented Stamps")
        ends = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y%m%d%H%M%SZ")
        self._openssl(
            *("ca", "-batch", "-notext", "-config", "settings", "-name", "root", "-in", "stamps.csr"),
            *("-enddate", ends, "-extfile", "usage", "-out", "stamps.pem"),
        )

    def stamped(self, query: bytes) -> bytes:
        """The answer of a request."""
        (self._folder / "query").write_bytes(query)
        where = ("-config", "settings", "-section", "authority")
        self._openssl("ts", "-reply", *where, "-queryfile", "query", "-out", "answer")
        return (self._folder / "answer").read_bytes()

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(  # noqa: S603 - of this machine
            ["openssl", *words],  # noqa: S607 - same
            cwd=self._folder,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def stamp_authority(folder: Path, seconds: int = 3600) -> Iterator[StampAuthority]:
    """An authority that answers, whose certificate runs out after so many seconds."""
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED: openssl is not here")
    authority = StampAuthority(folder)
    authority.make(seconds)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            authority.asked.append(query)
            authority.types.append(self.headers["content-type"])
            status, body = authority.answers.pop(0) if authority.answers else (200, authority.stamped(query))
            self.send_response(status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
            """Nothing is written to the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
