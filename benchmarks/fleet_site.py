"""A fleet for the virtual day: companies, databases, a virtual host of the broker, `serve` and `worker`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import msgspec
from sqlalchemy import create_engine, make_url, text

from connecteam_sync import ConnecteamSync
from connecteam_sync.config import load_settings
from connecteam_sync.service.clock import Clock

HERE = Path(__file__).parent
BROKER = os.environ.get("CONNECTEAM_SYNC_TEST_BROKER", "amqp://guest:guest@127.0.0.1:5672")
POSTGRESQL = os.environ.get("FLEET_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1/postgres")


RESTS = 3
"""Turns in a row after which there is nothing left to do."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large a fleet is, and what it stands on. `control` and `accounts` are `sqlite` or `postgresql`; `executor`
    is `celery` or `threads`.
    """

    accounts: int
    clocks: int
    people: int = 20
    cadence: int = 300
    day_limit: int = 20_000
    workers: int = 2
    """Processes, or threads of `serve`."""
    executor: str = "celery"
    control: str = "postgresql"
    databases: str = "sqlite"
    older_days: int = 0

    @property
    def all_clocks(self) -> int:
        """Time clocks of all accounts."""
        return self.accounts * self.clocks


class Site:
    """The fleet of a size in `folder`, whose tables are filled. `processes` are by name."""

    def __init__(self, size: Size, folder: Path, stack: ExitStack, probe: dict[str, str]) -> None:
        self.size, self.folder, self._stack = size, folder, stack
        self.names = [f"account-{number:04}" for number in range(size.accounts)]
        self.processes: dict[str, Popen[str]] = {}
        said = (size.accounts, size.clocks, size.people, size.day_limit)
        command = [sys.executable, str(HERE / "fleet_companies.py"), *map(str, said)]
        self._companies = self._start("companies", command, dict(os.environ))
        self._url = f"http://127.0.0.1:{self._heard()['port']}"
        self._own = f"cs_fleet_{uuid.uuid4().hex[:8]}"
        self._databases = [self._database(number) for number in range(size.accounts)]
        self._control = f"sqlite:///{folder}/control.db"
        if size.control == "postgresql":
            self._control = self._made_database(f"{self._own}_control")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CONNECTEAM_SYNC_")},
            "PYTHONPATH": os.pathsep.join([str(HERE / "fleet_probe"), os.environ.get("PYTHONPATH", "")]),
            "CONNECTEAM_SYNC_CONTROL_DATABASE_URL": self._control,
            **probe,
        }
        if size.executor == "celery":
            self.environment |= {
                "CONNECTEAM_SYNC_EXECUTOR": "celery",
                "CONNECTEAM_SYNC_BROKER_URL": stack.enter_context(_virtual_host(self._own)),
            }
        self._configure()
        self._fill()

    def _database(self, number: int) -> str:
        if self.size.databases == "sqlite":
            return f"sqlite:///{self.folder}/{self.names[number]}.db"
        return make_url(POSTGRESQL).set(database=f"{self._own}_{number}").render_as_string(hide_password=False)

    def _made_database(self, name: str, like: str | None = None) -> str:
        template = f" TEMPLATE {like}" if like else ""
        _statement(f"CREATE DATABASE {name}{template}")
        self._stack.callback(_statement, f"DROP DATABASE {name} WITH (FORCE)")
        return make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)

    def _configure(self) -> None:
        lines = ['timezone = "America/Chicago"', f'base_url = "{self._url}"', 'employees = "create"']
        lines += [f"cadence_seconds = {self.size.cadence}", f"older_days = {self.size.older_days}"]
        for number, name in enumerate(self.names):
            (self.folder / f"{name}.key").write_text(f"sandbox-{number}")
            (self.folder / f"{name}.key").chmod(0o600)
            lines += [f"[accounts.{name}]", f'database_url = "{self._databases[number]}"']
            lines += [f'api_key_file = "{self.folder}/{name}.key"']
        (self.folder / "connecteam-sync.toml").write_text("\n".join(lines) + "\n")

    def mirror(self, number: int) -> ConnecteamSync:
        """A client of one account."""
        file = self.folder / "connecteam-sync.toml"
        return ConnecteamSync(settings=load_settings(file, self.environment, account=self.names[number]))

    def _fill(self) -> None:
        """The first account's tables by the product, the others as copies of them under their own company's id."""
        if self.size.databases != "sqlite":
            self._made_database(f"{self._own}_0")
        with self.mirror(0) as mirror:
            mirror.init()
            run = mirror.sync(mirror.recent())
            assert run.status == "applied", run
        settings = load_settings(self.folder / "connecteam-sync.toml", self.environment, account=self.names[0])
        with ConnecteamSync(settings=settings, remember_lists=3600) as mirror:
            # As the service looks, so that its first looks find what they expect, and today's proof is done.
            clock = Clock(mirror, stop=threading.Event())
            self.clocks_table, account = mirror.store.own.clocks, mirror.store.own.account
            for _ in range(3):
                rests = 0
                while rests < RESTS:
                    rests = rests + 1 if clock.turn() else 0
                self.on_account(0, f"UPDATE {self.clocks_table} SET next_due = 0")
        for number in range(1, self.size.accounts):
            if self.size.databases == "sqlite":
                shutil.copy(self.folder / f"{self.names[0]}.db", self.folder / f"{self.names[number]}.db")
            else:
                self._made_database(f"{self._own}_{number}", like=f"{self._own}_0")
            self.on_account(number, f"UPDATE {account} SET company_id = '{9_100_000 + number}'")

    def spread(self) -> None:
        """The time clocks become due one after the other over the interval that begins now."""
        now, step = time.time(), self.size.cadence / self.size.all_clocks
        listed = self.on_account(0, f"SELECT time_clock_id FROM {self.clocks_table} ORDER BY 1")
        for number in range(self.size.accounts):
            cases = " ".join(
                f"WHEN {clock} THEN {int(now + (place * self.size.accounts + number) * step)}"
                for place, (clock,) in enumerate(listed)
            )
            self.on_account(number, f"UPDATE {self.clocks_table} SET next_due = CASE time_clock_id {cases} END")
            self.on_account(number, f"UPDATE {self.clocks_table} SET last_good = next_due - {self.size.cadence}")

    def on_account(self, number: int, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement in an account's database."""
        if self.size.databases == "sqlite":
            with closing(sqlite3.connect(self.folder / f"{self.names[number]}.db", timeout=30)) as file, file:
                return file.execute(statement).fetchall()
        return _statement(statement, database=f"{self._own}_{number}")

    def on_control(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement in the control database."""
        if self.size.control == "sqlite":
            with closing(sqlite3.connect(self.folder / "control.db", timeout=30)) as file, file:
                return file.execute(statement).fetchall()
        return _statement(statement, database=f"{self._own}_control")

    # -- processes -----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start `serve`, and the worker."""
        words = ["--threads", str(self.size.workers)] if self.size.executor == "threads" else []
        product = [sys.executable, "-m", "connecteam_sync"]
        serve = [*product, "serve", "--json", "--port", "0", "--no-console", *words]
        self._started(self._start("serve", serve, self.environment))
        if self.size.executor == "celery":
            worker = [*product, "worker", "--json", "--concurrency", str(self.size.workers)]
            self._started(self._start("worker", worker, self.environment))

    def _started(self, process: Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stdout.readline(), (self.folder / "serve.err").read_text()

    def end(self) -> None:
        """Stop them as an operator does."""
        for name in ("serve", "worker"):
            process = self.processes.get(name)
            if process is not None:
                process.send_signal(signal.SIGTERM)
                process.wait(60)

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> Popen[str]:
        errors = self._stack.enter_context((self.folder / f"{name}.err").open("w"))
        process = Popen(  # noqa: S603 - our own commands
            command,
            cwd=self.folder,
            env=environment,
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        self.processes[name] = process
        self._stack.callback(_killed, process)
        return process

    # -- companies -----------------------------------------------------------------------------------------------------

    def ask(self, what: str) -> Any:  # noqa: ANN401 - JSON
        """What the companies' process answers to a line."""
        assert self._companies.stdin is not None
        self._companies.stdin.write(what + "\n")
        self._companies.stdin.flush()
        return self._heard()

    def _heard(self) -> Any:  # noqa: ANN401 - JSON
        assert self._companies.stdout is not None
        line = self._companies.stdout.readline()
        assert line, (self.folder / "companies.err").read_text()
        return json.loads(line)

    def wrong_rows(self) -> int:
        """Rows of all accounts that are too many, too few, or not what their company says."""
        wrong = 0
        for number, truth in enumerate(self.ask("truth")):
            with self.mirror(number) as mirror, mirror.store.reading() as session:
                users = {one.id: int(one.connecteam_user_id or 0) for one in session.employees()}
                rows = sorted(
                    (users[row.employee_id], row.clock_in, row.clock_out or 0) for row in session.rows_of_all()
                )
            said = sorted((user, start, end or 0) for user, start, end in truth)
            wrong += len({*rows} ^ {*said}) + abs(len(rows) - len(said))
        return wrong

    def told(self) -> str:
        """What the processes have told, its last part."""
        return "\n".join(f"{file.name}: {file.read_text()[-2000:]}" for file in sorted(self.folder.glob("*.err")))


@contextmanager
def site(size: Size, folder: Path, probe: dict[str, str]) -> Iterator[Site]:
    """A fleet in an empty folder; its databases and its virtual host go at the end, and its processes."""
    with ExitStack() as stack:
        yield Site(size, folder, stack, probe)


def _killed(process: Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _statement(statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
    url = make_url(POSTGRESQL)
    engine = create_engine(url.set(database=database) if database else url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            done = connection.execute(text(statement))
            return [tuple(row) for row in done] if done.returns_rows else []
    finally:
        engine.dispose()


@contextmanager
def _virtual_host(name: str) -> Iterator[str]:
    def rabbit(*words: str) -> None:
        subprocess.run(["rabbitmqctl", "-q", *words], check=True, timeout=60)  # noqa: S603, S607 - the broker's own command

    rabbit("add_vhost", name)
    try:
        rabbit("set_permissions", "-p", name, make_url(BROKER).username or "guest", ".*", ".*", ".*")
        yield f"{BROKER}/{name}"
    finally:
        rabbit("delete_vhost", name)
