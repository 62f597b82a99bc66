"""Private servers with settings of their own, on free ports: MariaDB, MySQL, PostgreSQL and pgbouncer.

Each is started once per process and set of settings, in seconds, and shared by the tests that need the same. A server
is tied to a pipe: when this process ends in any way, the server is killed and its folder removed. If a program is not
installed, the test is skipped and names it.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

MYSQL_ROOT = Path(os.environ.get("CONNECTEAM_SYNC_MYSQL_ROOT", "/opt/mysql-root"))
"""The folder of a system that has MySQL, which Debian's stable release lacks."""
_PATIENCE = 40
"""Seconds that a server may take to answer."""
_DRIVER = "mysql+mysqldb" if find_spec("MySQLdb") else "mysql+pymysql"
_ROOMY = 'ulimit -v unlimited 2>/dev/null; exec "$@"'
"""Lifts the memory limit under which planted bugs run: no server starts with so little."""
_KEEPER = """ulimit -v unlimited 2>/dev/null
folder=$1; shift; "$@" </dev/null & pid=$!
read -r _; kill -KILL $pid; wait $pid; rm -rf "$folder"
"""
"""A shell that starts a server, and kills it when the other end of its input is closed."""


class Server:
    """A server that listens on `port` of 127.0.0.1 and on `socket`; `folder` is its own, and has its `log`."""

    def __init__(
        self, drivername: str, user: str, port: int, folder: Path, *, sock: str, within: Sequence[str] = ()
    ) -> None:
        self.drivername, self.user, self.port = drivername, user, port
        self.folder, self.socket, self._within = folder, sock, tuple(within)

    def url(self, database: str | None = None, *, user: str | None = None, **query: str) -> str:
        """The URL of a database of this server."""
        made = URL.create(
            self.drivername, user or self.user, host="127.0.0.1", port=self.port, database=database, query=query
        )
        return made.render_as_string(hide_password=False)

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """One of the server's own programs, e.g. its dump."""
        return subprocess.run(  # noqa: S603 - the programs of a database
            [*self._within, *words], input=stdin, capture_output=True, text=True, check=False, timeout=120
        )

    def execute(self, *statements: str, database: str | None = None, **query: str) -> list[tuple[object, ...]]:
        """Statements outside any transaction, as the server's administrator; the rows of the last that has some."""
        # No query before the statements: the server may only look like MySQL.
        options: dict[str, Any] = {} if self.drivername.startswith("postgresql") else {"_initialize": False}
        engine = create_engine(self.url(database or self._first, **query), isolation_level="AUTOCOMMIT", **options)
        found: list[tuple[object, ...]] = []
        try:
            with engine.connect() as connection:
                for statement in statements:
                    result = connection.execute(text(statement))
                    if result.returns_rows:
                        found = [tuple(row) for row in result]
        finally:
            engine.dispose()
        return found

    @property
    def _first(self) -> str | None:
        return "postgres" if self.drivername.startswith("postgresql") else None

    def database(self, name: str) -> str:
        """The URL of an empty database of this name."""
        if self.drivername.startswith("postgresql"):
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        else:
            self.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.url(name)


@cache
def mariadb(*settings: str, certificate: bool = False) -> Server:
    """A MariaDB with these settings, each like `--sql-mode=TRADITIONAL`; root has no password.

    `certificate`: it speaks TLS, by a certificate for 127.0.0.1 whose authority is `ca.pem` in its folder.
    """
    program = _program("mariadbd", "/usr/sbin/mariadbd")
    folder = _folder("mysql")
    data = folder / "data"
    install = ["mariadb-install-db", "--no-defaults", *_as_user("--user={}", "mysql"), f"--datadir={data}"]
    install += [f"--tmpdir={folder}"]
    _make([*install, "--auth-root-authentication-method=normal", "--skip-test-db", *_SMALL])
    port, sock = _free_port(), str(folder / "s")
    tls: list[str] = []
    if certificate:
        _certificates(folder, "mysql")
        tls = [f"--ssl-ca={folder}/ca.pem", f"--ssl-cert={folder}/server.pem", f"--ssl-key={folder}/server.key"]
    # MariaDB reads its own files first: later options take precedence.
    words = [program, "--no-defaults", *_as_user("--user={}", "mysql"), f"--datadir={data}", f"--port={port}"]
    # A server empties its folder of temporary files at the start, so each has its own.
    words += [f"--socket={sock}", f"--tmpdir={folder}", "--bind-address=127.0.0.1", f"--pid-file={folder}/pid"]
    words += [*_SMALL, *tls, *settings]
    return _started(Server(_DRIVER, "root", port, folder, sock=sock), words)


@cache
def mysql(*settings: str) -> Server:
    """A MySQL with these settings; root has no password. It makes certificates by itself, in `data` of its folder."""
    within, program = mysql_program()
    root = Path(within[1]) if within else Path("/")
    folder = _folder("mysql", root / "tmp") if not within else _folder(None, root / "tmp")
    inside = Path("/") / folder.relative_to(root)
    if within:
        _make([*within, "chown", "mysql", str(inside)])
    common = [*within, program, "--no-defaults", *_as_user("--user={}", "mysql"), f"--datadir={inside}/data"]
    _make([*common, "--initialize-insecure", "--innodb-buffer-pool-size=32M"])
    port = _free_port()
    words = [
        *common,
        f"--port={port}",
        f"--socket={inside}/s",
        f"--tmpdir={inside}",
        "--bind-address=127.0.0.1",
        "--mysqlx=OFF",
        "--secure-file-priv=",
    ]
    words += [f"--pid-file={inside}/pid", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=2"]
    return _started(
        Server(_DRIVER, "root", port, folder, sock=str(folder / "s"), within=within),
        [*words, "--skip-log-bin", *settings],
    )


@cache
def postgresql(*settings: str, certificate: bool = False, hba: str = "") -> Server:
    """A PostgreSQL with these settings, each like `idle_session_timeout=1s`; the user is postgres, without password.

    `hba` are lines of pg_hba.conf that come first. `certificate`: see `mariadb`.
    """
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = homes[-1] if homes else Path(_program("initdb", "initdb"))
    folder = _folder("postgres")
    data = folder / "data"
    _make(
        [str(initdb), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        "postgres",
    )
    if certificate:
        _certificates(folder, "postgres")
        settings = (*settings, "ssl=on", f"ssl_cert_file={folder}/server.pem", f"ssl_key_file={folder}/server.key")
    if hba:
        (data / "pg_hba.conf").write_text(hba + "\n")
    port = _free_port()
    words = [str(initdb.with_name("postgres")), "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"]
    for setting in ("fsync=off", "shared_buffers=16MB", *settings):
        words += ["-c", setting]
    server = Server("postgresql+psycopg", "postgres", port, folder, sock=str(folder), within=_become("postgres"))
    return _started(server, words, "postgres")


@cache
def pgbouncer(behind: int, *settings: str) -> Server:
    """A pgbouncer before the PostgreSQL on port `behind`, for any user; settings like `pool_mode=transaction`."""
    program = _program("pgbouncer", "/usr/sbin/pgbouncer")
    folder = _folder("postgres")
    port = _free_port()
    lines = [
        "[databases]",
        f"* = host=127.0.0.1 port={behind}",
        "[pgbouncer]",
        "listen_addr=127.0.0.1",
        f"listen_port={port}",
        f"unix_socket_dir={folder}",
        "auth_type=any",
        "admin_users=postgres",
        *settings,
    ]
    if "auth_type=any" in lines:
        lines[1] += " user=postgres"
    file = folder / "pgbouncer.ini"
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o644)
    server = Server("postgresql+psycopg", "postgres", port, folder, sock=str(folder))
    return _started(server, [program, str(file)], "postgres")


_SMALL = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=2")


def _program(name: str, place: str) -> str:
    found = shutil.which(name) or (place if os.access(place, os.X_OK) else None)
    if found is None:
        pytest.skip(f"NOT TESTED: {name} is not installed here")
    return found


def mysql_program() -> tuple[tuple[str, ...], str]:
    """The command prefix of MySQL's programs, and its server: of this system, or of the folder of another one."""
    here = shutil.which("mysqld")
    if here:
        said = subprocess.run([here, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - a database
        if "MariaDB" not in said:
            return (), here
    if os.access(MYSQL_ROOT / "usr/sbin/mysqld", os.X_OK) and os.geteuid() == 0:
        return ("chroot", str(MYSQL_ROOT)), "mysqld"
    pytest.skip("NOT TESTED: MySQL's server is not installed here")


def _as_user(form: str, user: str) -> list[str]:
    """The option that names the user to run as; root needs it, other users run servers as themselves."""
    return [form.format(user)] if os.geteuid() == 0 else []


def _become(user: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.geteuid() == 0 else []


def _folder(owner: str | None, parent: Path | None = None) -> Path:
    """A folder of its own, with a short path: that of a socket may have about a hundred characters."""
    folder = Path(tempfile.mkdtemp(prefix="cs-", dir=parent or "/tmp"))  # noqa: S108 - short, and made safely
    folder.chmod(0o755)
    if owner is not None and os.geteuid() == 0:
        shutil.chown(folder, owner)
    return folder


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _make(words: Sequence[str], user: str | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - a database
        ["/bin/sh", "-c", _ROOMY, "roomy", *(_become(user) if user else ()), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _started(server: Server, words: Sequence[str], user: str | None = None) -> Server:
    log = (server.folder / "log").open("w")
    keeper = subprocess.Popen(  # noqa: S603 - a database
        ["/bin/sh", "-c", _KEEPER, "keeper", str(server.folder), *(_become(user) if user else ()), *words],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is for the tests; they end it
    )
    log.close()

    def stop() -> None:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(timeout=30)

    atexit.register(stop)
    wait_until(lambda: _answers(server), lambda: (server.folder / "log").read_text()[-2000:])
    return server


def _answers(server: Server) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as line:
            # MySQL and MariaDB greet once they take clients, PostgreSQL answers while it is still starting up.
            return not _is_starting(server) if server.drivername.startswith("postgresql") else bool(line.recv(1))
    except OSError:
        return False


def _is_starting(server: Server) -> bool:
    """Whether a PostgreSQL says so itself; any other word, also a refusal, is that of a server that takes clients."""
    try:
        psycopg.connect(host="127.0.0.1", port=server.port, user=server.user, dbname="postgres").close()
    except psycopg.OperationalError as error:
        return "the database system is starting up" in str(error)
    return False


def wait_until(is_so: Callable[[], bool], otherwise: Callable[[], str], seconds: float = _PATIENCE) -> None:
    """Wait until a condition is true; fails with `otherwise` if it never is."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, otherwise()
        time.sleep(0.05)


def _certificates(folder: Path, owner: str) -> None:
    """An authority of our own, and a certificate by it for 127.0.0.1 and localhost."""
    openssl = _program("openssl", "/usr/bin/openssl")
    ca, key = folder / "ca.pem", folder / "ca.key"
    new = [openssl, "req", "-newkey", "rsa:2048", "-nodes"]
    _make([*new, "-x509", "-subj", "/CN=authority of a test", "-days", "2", "-keyout", str(key), "-out", str(ca)])
    request, server = folder / "server.csr", folder / "server.key"
    _make([*new, "-subj", "/CN=127.0.0.1", "-keyout", str(server), "-out", str(request)])
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    sign = [openssl, "x509", "-req", "-days", "2", "-in", str(request), "-CA", str(ca), "-CAkey", str(key)]
    _make([*sign, "-CAcreateserial", "-extfile", str(names), "-out", str(folder / "server.pem")])
    server.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(server, owner)


def can_connect(url: str) -> bool:
    """Whether a server answers at a URL."""
    engine = create_engine(url)
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


def version_of(server: Server) -> tuple[int, ...]:
    """The server's version, as numbers."""
    [[said]] = (
        server.execute("SELECT version()") if "mysql" in server.drivername else server.execute("SHOW server_version")
    )
    return tuple(int(part) for part in re.findall(r"\d+", str(said))[:3])
