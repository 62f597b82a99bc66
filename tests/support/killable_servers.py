"""Database servers of a test's own that may be killed and started again. Says so where their programs are missing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from support.databases import run_statement

_PATIENCE = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A database server of our own in a folder; `kill` is SIGKILL, `start` recovers what was committed."""

    def __init__(self, folder: Path, command: list[str], url: str) -> None:
        self.folder, self.command, self.url = folder, command, url
        self.process: subprocess.Popen[bytes] | None = None

    def _begin(self) -> None:
        # Where nobody reaps the dead, PostgreSQL takes its killed self for running.
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - the server's own program

    def start(self) -> None:
        """Run it and wait until it answers."""
        self._begin()
        patience = time.monotonic() + _PATIENCE
        while True:
            try:
                run_statement(make_url(self.url), "SELECT 1")
            except OperationalError:
                assert time.monotonic() < patience, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.1)
                if self.process is not None and self.process.poll() is not None:
                    # What the killed one left behind was not given up yet.
                    self._begin()
            else:
                return

    def kill(self) -> None:
        """All of its processes at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)  # noqa: S603 - the server's own program
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def _mariadb(folder: Path) -> Server:
    install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd")
    if not (install and server):
        pytest.skip("NOT TESTED: mariadbd and mariadb-install-db are not here")
    data, port = folder / "data", _free_port()
    user = "mysql" if os.geteuid() == 0 else ""
    if user:
        shutil.chown(folder, user)
    options = [f"--datadir={data}", f"--tmpdir={folder}", *([f"--user={user}"] if user else [])]
    _run([install, "--no-defaults", *options, "--auth-root-authentication-method=normal", "--skip-test-db"], folder)
    command = [server, "--no-defaults", *options, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s"]
    return Server(folder, command, f"mysql+pymysql://root@127.0.0.1:{port}")


def _root_of_mysqld() -> Path:
    """The root folder of a MySQL server that runs already: its programs may live in a folder of their own."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a second MySQL server is started by root only")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name, root = (process / "comm").read_text().strip(), (process / "root").readlink()
        except OSError:
            continue  # it ended while we looked
        if name == "mysqld":
            return root
    pytest.skip("NOT TESTED: no MySQL server runs here whose programs could be used")


def _mysql(folder: Path) -> Server:
    root, port = _root_of_mysqld(), _free_port()
    # The server's user has a number of its own in that root.
    users = (line.split(":") for line in (root / "etc/passwd").read_text().splitlines())
    owner = next(int(fields[2]) for fields in users if fields[0] == "mysql")
    os.chown(folder, owner, -1)
    inside = Path("/") / folder.relative_to(root)
    server = ["chroot", str(root), "mysqld", "--no-defaults", "--user=mysql", f"--datadir={inside}/data"]
    server += [f"--tmpdir={inside}", "--innodb-buffer-pool-size=16M", "--performance-schema=OFF"]
    _run([*server, "--initialize-insecure"], folder)
    server += [f"--port={port}", "--bind-address=127.0.0.1", "--mysqlx=OFF"]
    server += [f"--socket={inside}/s", f"--pid-file={inside}/pid", "--secure-file-priv="]
    return Server(folder, server, f"mysql+pymysql://root@127.0.0.1:{port}")


def _postgresql(folder: Path) -> Server:
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path(shutil.which("postgres") or "/-").parent]
    programs = next((place for place in found if (place / "initdb").exists()), None)
    if programs is None:
        pytest.skip("NOT TESTED: initdb and postgres are not here")
    data, port = folder / "data", _free_port()
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, "postgres")
    _run([*become, str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust"], folder)
    server = [*become, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    return Server(folder, server, f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")


KINDS: dict[str, Callable[[Path], Server]] = {"mariadb": _mariadb, "mysql": _mysql, "postgresql": _postgresql}


@contextmanager
def started(kind: str) -> Iterator[tuple[Server, str]]:
    """A server that answers, and the URL of an empty database on it."""
    place = _root_of_mysqld() / "tmp" if kind == "mysql" else None
    # A folder of its own: the server runs as another user, who cannot reach those of pytest. Errors of its removal are
    # left alone, since a server that has just been killed may still be giving up its files.
    with TemporaryDirectory(prefix="cs-server-", dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = KINDS[kind](folder)
        try:
            server.start()
            run_statement(make_url(server.url), "CREATE DATABASE killed")
            yield server, make_url(server.url).set(database="killed").render_as_string(hide_password=False)
        finally:
            server.kill()
