"""What stands between a run and its table: locks of tables, connections that end, other servers, and TLS."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.sql import idle
from connecteam_sync.store.store import Store
from support import servers
from support.databases import run_statement
from support.scenario import World
from test_command import WINDOW, Terminal
from test_servers import company, refused, rows, served

__all__ = ["company"]

MYSQLS = [pytest.param(servers.mariadb, id="mariadb"), pytest.param(servers.mysql, id="mysql")]
Make = Callable[..., servers.Server]


# -- nobody waits for longer than was said -----------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["LOCK TABLES clock_times WRITE", "FLUSH TABLES WITH READ LOCK"])
@pytest.mark.parametrize("make", MYSQLS)
def test_a_lock_of_a_table_is_waited_for_so_long(company: Terminal, make: Make, lock: str) -> None:
    """`lock_wait` is for tables too: exit 6 within twice as long and three seconds, nothing written."""
    server = make()
    url = server.database("locked")
    company.environment |= {"CONNECTEAM_SYNC_DATABASE_URL": url, "CONNECTEAM_SYNC_LOCK_WAIT": "1"}
    assert company("init").code == 0
    before = rows(url)
    engine = create_engine(url)
    with engine.connect() as holder:
        holder.execute(text(lock))
        for words in (("sync", *WINDOW), ("undo", "1"), ("init",)):
            began = time.monotonic()
            said = company(*words)
            assert time.monotonic() - began < 2 * 1 + 3 + 2  # a start of the process next to it
            assert said.code == 6 or words[0] == "undo" or (words[0] == "init" and said.code == 0), said.err
        holder.execute(text("UNLOCK TABLES"))
    engine.dispose()
    assert rows(url) == before
    assert company("sync", *WINDOW).code == 0


@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_rows_that_stay_locked_are_waited_for_once(company: Terminal, database: str) -> None:
    """A long transaction on the table: not five times as long, but once."""
    company.environment |= {"CONNECTEAM_SYNC_DATABASE_URL": database, "CONNECTEAM_SYNC_LOCK_WAIT": "2"}
    assert company("init").code == 0
    assert company("sync", *WINDOW).code == 0
    shift = next(one for one in company.sandbox.company.shifts() if one.end is not None)
    company.sandbox.company.edit(shift.id, end=shift.start + 61)
    engine = create_engine(database)
    with engine.connect() as holder:
        holder.execute(text("UPDATE clock_times SET total_minutes = total_minutes + 1"))
        began = time.monotonic()
        said = company("sync", *WINDOW)
        assert (said.code, time.monotonic() - began < 2 * 2 + 3 + 2) == (6, True), said.err
        holder.rollback()
    engine.dispose()
    assert company("sync", *WINDOW).code == 0


@contextmanager
def held(url: str, kind: str) -> Iterator[None]:
    """The table is another program's: locked by a statement, or behind an ALTER that waits for a reader."""
    engine = create_engine(url)
    with ExitStack() as stack:
        holder = stack.enter_context(engine.connect())
        stack.callback(engine.dispose)
        if kind != "ALTER":
            holder.execute(text(kind))
        else:
            holder.execute(text("SELECT count(*) FROM clock_times"))
            altering = threading.Thread(
                target=run_statement, args=(make_url(url), "ALTER TABLE clock_times ADD COLUMN more INT")
            )
            altering.start()
            stack.callback(altering.join)
            time.sleep(0.5)
        yield
        holder.rollback()
        holder.invalidate()


@pytest.mark.parametrize(
    ("database", "kind"),
    [
        ("mariadb", "LOCK TABLES clock_times WRITE"),
        ("mysql", "ALTER"),
        ("postgresql", "LOCK TABLE clock_times IN ACCESS EXCLUSIVE MODE"),
    ],
    indirect=["database"],
)
def test_every_command_gives_up_in_time(company: Terminal, database: str, kind: str) -> None:
    """Whatever it is that waits: exit 6 and nothing written; `doctor` says it too."""
    company.environment |= {"CONNECTEAM_SYNC_DATABASE_URL": database, "CONNECTEAM_SYNC_LOCK_WAIT": "1"}
    assert company("init").code == 0
    assert company("sync", *WINDOW).code == 0
    before = rows(database)
    day = ("--from", "2025-12-01", "--to", "2025-12-01")
    with held(database, kind):
        for words in (
            ("sync", *WINDOW),
            ("resync", *WINDOW),
            ("plan", *WINDOW),
            ("verify", *WINDOW),
            ("undo", "1"),
            ("adopt", "--apply"),
            ("lock", *day, "--reason", "payroll"),
            ("doctor",),
        ):
            began = time.monotonic()
            said = company(*words)
            assert time.monotonic() - began < 2 * 1 + 3 + 2, words  # a start of the process next to it
            assert said.code == (1 if words[0] == "doctor" else 6), (words, said)
    after = [[{key: value for key, value in row.items() if key != "more"} for row in table] for table in rows(database)]
    assert after == before


def test_doctor_waits_for_a_lock_once(company: Terminal) -> None:
    """A backup holds every table against writing: rights are not tried one wait after the other."""
    url = servers.mariadb().database("backed_up")
    company.environment |= {"CONNECTEAM_SYNC_DATABASE_URL": url, "CONNECTEAM_SYNC_LOCK_WAIT": "1"}
    assert company("init").code == 0
    with held(url, "FLUSH TABLES WITH READ LOCK"):
        began = time.monotonic()
        said = company("doctor", "--json")
        assert time.monotonic() - began < 2 * 1 + 3 + 2
    check = next(check for check in said.json["checks"] if check["name"] == "rights")
    assert (check["state"], "holds a table" in check["detail"]) == ("warning", True)


# -- a connection that ends while it lies unused -----------------------------------------------------------------------

IDLE: dict[str, tuple[Make, tuple[str, ...]]] = {
    "mariadb": (servers.mariadb, ("--wait-timeout=1",)),
    "mysql": (servers.mysql, ("--wait-timeout=1",)),
    "postgresql": (servers.postgresql, ("idle_session_timeout=1s",)),
}
_KILL = "SELECT concat('KILL ', id) FROM information_schema.processlist WHERE db = 'idle' AND id <> connection_id()"
ENDING = {
    "mariadb": _KILL,
    "mysql": _KILL,
    "postgresql": "SELECT concat('SELECT pg_terminate_backend(', pid, ')') FROM pg_stat_activity"
    " WHERE datname = 'idle' AND pid <> pg_backend_pid()",
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("ended", ["by the server", "by an administrator"])
@pytest.mark.parametrize("name", IDLE)
def test_a_long_lived_process_goes_on(name: str, ended: str) -> None:
    """Its connection is ended between two runs; the next run has another one, and nobody is told of it."""
    make, settings = IDLE[name]
    server = make(*settings) if ended == "by the server" else make()
    url = server.database("idle")
    with Sandbox(Company(60), SandboxSettings(minute_limit=10**9)) as sandbox:
        world = World(sandbox, url)
        assert world.sync().status == "applied"
        for _ in range(2):
            if ended == "by the server":
                time.sleep(2.5)
            else:
                server.execute(*(str(row[0]) for row in server.execute(ENDING[name])))
                time.sleep(0.2)
            run = world.sync()
            assert (run.status, [slice_.error for slice_ in run.slices if slice_.error]) == ("nothing", [])
        world.mirror.close()


@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_the_system_asks_whether_the_machine_is_still_there(database: str) -> None:
    """A machine that lost its power is noticed within a minute, and not after two hours; a URL may say otherwise."""
    url, names = make_url(database), ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")

    def options(of: str) -> list[int]:
        """What the socket of a connection has."""
        store = Store(of)
        with closing(store), store.connection() as connection:
            driver: Any = connection.connection.dbapi_connection
            place = driver if hasattr(driver, "fileno") else driver._sock
            with socket.socket(fileno=os.dup(place.fileno())) as line:
                found = [line.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names]
                return [line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *found]

    assert options(database) == [1, 30, 10, 3, 60_000]
    if url.get_backend_name() == "postgresql":
        asked = url.update_query_dict({"keepalives_idle": "7", "tcp_user_timeout": "5000"})
        found = options(asked.render_as_string(hide_password=False))
        assert (found[1], found[4]) == (7, 5000)


class Forgetful:
    """A network in between: it carries bytes to a server, until it has forgotten its connections. It says nothing then,
    and answers what is sent through one of them with a reset.
    """

    def __init__(self, port: int) -> None:
        self._server, self._listening = port, socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._forgotten: set[socket.socket] = set()
        self._known: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """Of every connection there is."""
        self._forgotten.update(self._known)

    def close(self) -> None:
        """Nobody is let in any more."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._server))
            self._known.append(near)
            threading.Thread(target=self._carry, args=(near, far, near), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, near), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):  # either end may be closed by the other thread
            while said := one.recv(65536):
                if near in self._forgotten:
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                other.sendall(said)
        one.close()
        other.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_a_network_that_forgot_a_connection_is_noticed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing, so the server is asked once a connection has lain unused for some seconds."""
    monkeypatch.setattr(idle, "_IDLE", 0.1)
    url = make_url(database)
    between = Forgetful(url.port or 0)
    with Sandbox(Company(60), SandboxSettings(minute_limit=10**9)) as sandbox:
        world = World(sandbox, url.set(port=between.port).render_as_string(hide_password=False))
        assert world.sync().status == "applied"
        between.forget()
        time.sleep(0.3)
        run = world.sync()
        assert (run.status, [slice_.error for slice_ in run.slices if slice_.error]) == ("nothing", [])
        world.mirror.close()
    between.close()


# -- settings and servers that are not served --------------------------------------------------------------------------


@pytest.mark.parametrize("make", MYSQLS)
def test_a_binary_log_by_the_statement_is_named(company: Terminal, make: Make) -> None:
    """InnoDB writes nothing there under READ COMMITTED: a setting, no right that is missing."""
    server = make("--log-bin=bin", "--server-id=1", "--binlog-format=STATEMENT")
    url = server.database("logged")
    server.execute("SET GLOBAL binlog_format = ROW")
    assert company("init", CONNECTEAM_SYNC_DATABASE_URL=url).code == 0
    server.execute("SET GLOBAL binlog_format = STATEMENT")
    refused(company, url, "binlog_format")
    assert rows(url, "clock_times") == [[]]


def test_a_table_without_an_identity_is_named(company: Terminal) -> None:
    """A publication sends every table, and `employees` has no primary key: a setting, no right that is missing."""
    server = servers.postgresql("wal_level=logical")
    url = server.database("published")
    company.environment["CONNECTEAM_SYNC_DATABASE_URL"] = url
    assert company("init").code == 0
    server.execute(
        "ALTER TABLE clock_times DROP CONSTRAINT clock_times_pkey",
        "CREATE PUBLICATION everything FOR TABLE clock_times",
        database="published",
    )
    doctor = company("doctor", "--json")
    failed = [check["detail"] for check in doctor.json["checks"] if check["state"] == "failed"]
    assert any("replica identity" in detail and "may not" not in detail for detail in failed), doctor.out


@pytest.mark.parametrize("name", ["8.0.11-TiDB-v7.5.0", "8.0.30-Vitess"])
def test_a_server_that_only_looks_like_ours_is_named(company: Terminal, name: str) -> None:
    """It says what it is when it greets; nothing is asked of it, by any command."""
    server = servers.mariadb(f"--version={name}")
    url = server.database("looks")
    word = name.split("-")[1]
    refused(company, url, word)
    assert company("init", CONNECTEAM_SYNC_DATABASE_URL=url).code == 2


@pytest.mark.parametrize("make", MYSQLS)
def test_triggers_that_are_not_shown_are_told(company: Terminal, make: Make) -> None:
    """Without the TRIGGER right the server shows none, whether there are any or not."""
    server = make()
    url = server.database("triggered")
    assert company("init", CONNECTEAM_SYNC_DATABASE_URL=url).code == 0
    server.execute(
        "DROP USER IF EXISTS plain", "CREATE USER plain", "GRANT SELECT, INSERT, UPDATE, DELETE ON triggered.* TO plain"
    )
    told = company("doctor", CONNECTEAM_SYNC_DATABASE_URL=server.url("triggered", user="plain")).out
    assert "TRIGGER right" in told
    # The right on another database, and on another table of this one, shows none of these.
    server.execute("CREATE DATABASE IF NOT EXISTS elsewhere", "GRANT TRIGGER ON elsewhere.* TO plain")
    server.execute("GRANT TRIGGER ON triggered.employees TO plain")
    told = company("doctor", CONNECTEAM_SYNC_DATABASE_URL=server.url("triggered", user="plain")).out
    assert "TRIGGER right" in told
    server.execute("GRANT TRIGGER ON triggered.clock_times TO plain")
    told = company("doctor", CONNECTEAM_SYNC_DATABASE_URL=server.url("triggered", user="plain")).out
    assert "TRIGGER right" not in told


# -- the ways to a server ----------------------------------------------------------------------------------------------


def mysql_over_tls(make: Make, **query: str) -> tuple[servers.Server, str, str]:
    """A server that demands TLS, its authority, and another one's."""
    server = make("--require-secure-transport=ON", **query)
    own = server.folder / ("ca.pem" if make is servers.mariadb else "data/ca.pem")
    return server, str(own), str(servers.mariadb(certificate=True).folder / "ca.pem")


@pytest.mark.parametrize("make", MYSQLS)
def test_tls_to_mysql_by_the_url(company: Terminal, make: Make) -> None:
    """Demanded by the server: without it nobody comes in; encrypted, or with an authority that is checked."""
    extra: dict[str, Any] = {"certificate": True} if make is servers.mariadb else {}
    server, own, other = mysql_over_tls(make, **extra)
    server.execute("CREATE DATABASE IF NOT EXISTS tls", ssl_ca=own, ssl_check_hostname="false")
    plain = server.url("tls")
    served(company, f"{plain}?ssl_mode=REQUIRED", f"{plain}?ssl_ca={own}&ssl_check_hostname=false")
    ways = {
        "": 0 if "pymysql" in plain else 1,  # encrypted by itself, and not verified, or not at all
        "?ssl_mode=DISABLED": 1,
        "?ssl_mode=VERIFY_CA": 2,
        "?ssl_mode=SOMETIMES": 2,
        # MariaDB's library, which mysqlclient may be built with, checks the host there too.
        f"?ssl_mode=VERIFY_CA&ssl_ca={own}": 0 if "pymysql" in plain or make is servers.mariadb else 1,
        f"?ssl_mode=VERIFY_CA&ssl_ca={other}": 1,
        f"?ssl_ca={other}": 1,
        # MySQL's own certificate is for no host at all, MariaDB's here is for 127.0.0.1.
        f"?ssl_ca={own}": 0 if make is servers.mariadb else 1,
    }
    for way, code in ways.items():
        said = company("runs", CONNECTEAM_SYNC_DATABASE_URL=plain + way)
        assert said.code == code, (way, said.err)


def test_tls_to_postgresql_by_the_url(company: Terminal) -> None:
    """As the driver knows it: sslmode and sslrootcert."""
    server = servers.postgresql(certificate=True, hba="hostssl all all all trust\nlocal all all trust")
    other = servers.mariadb(certificate=True).folder / "ca.pem"
    plain = server.database("tls")
    served(company, f"{plain}?sslmode=verify-full&sslrootcert={server.folder}/ca.pem")
    for way, code in {
        "?sslmode=disable": 1,
        f"?sslmode=verify-ca&sslrootcert={other}": 1,
        "?sslmode=require": 0,
    }.items():
        said = company("runs", CONNECTEAM_SYNC_DATABASE_URL=plain + way)
        assert said.code == code, (way, said.err)


def test_sockets_files_and_services(company: Terminal) -> None:
    """Where host, user and the like stand in a file of the database's own, or there is no host at all."""
    maria, postgres = servers.mariadb(), servers.postgresql()
    maria.database("ways")
    postgres.database("ways")
    (company.folder / "my.cnf").write_text(f"[client]\nhost=127.0.0.1\nport={maria.port}\nuser=root\n")
    service = (
        f"[payroll]\nhost=127.0.0.1\nport={postgres.port}\nuser=postgres\ndbname=ways\noptions=-c search_path=paid\n"
    )
    (company.folder / "services").write_text(service)
    postgres.execute("CREATE SCHEMA paid", database="ways")
    company.environment["PGSERVICEFILE"] = str(company.folder / "services")
    for url in (
        f"mysql://root@/ways?unix_socket={maria.socket}",
        "mysql:///ways?read_default_file=my.cnf",
        f"postgresql://postgres@/ways?host={postgres.socket}&port={postgres.port}",
        "postgresql:///?service=payroll",
    ):
        # The last one leads to another schema of a database that has a mirror already.
        said = company("init", "--beside", CONNECTEAM_SYNC_DATABASE_URL=url)
        assert said.code == 0, (url, said.err)
        assert company("sync", *WINDOW, CONNECTEAM_SYNC_DATABASE_URL=url).code == 0
    assert postgres.execute("SELECT count(*) FROM paid.clock_times", database="ways") == [(60,)]
    assert make_url(maria.url("ways")).database == "ways"
