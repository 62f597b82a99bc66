"""Scratch databases: made, copied, dropped, and judged against the truth."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from company import Changed
from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

DEFAULT = (
    "mariadb=mysql://root@127.0.0.1:3306"
    " mysql=mysql://root@127.0.0.1:3307"
    " postgresql=postgresql://postgres@127.0.0.1:5432/postgres"
)
"""The servers, name=URL; `BENCH_DATABASES` replaces the list."""
STAMP = "2025-01-01 00:00:00"
"""`created_at` and `updated_at` of the rows entered by hand."""
Truth = list[tuple[int, int, int | None, int | None]]


def driver_of(kind: str) -> str:
    """SQLAlchemy's name of the driver the harness itself uses."""
    return {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}.get(kind, "mysql+pymysql")


class Scratch:
    """One scratch database of a kind. SQLite's is a file in `folder`."""

    def __init__(self, kind: str, server: str, folder: Path) -> None:
        self.kind = kind
        self._server = make_url(server) if server else None
        self.name = f"bench_{uuid.uuid4().hex[:12]}"
        self._folder = folder

    @property
    def is_mysql(self) -> bool:
        """MySQL or MariaDB."""
        return self.kind in {"mysql", "mariadb"}

    def url(self, driver: str | None = None, port: int | None = None) -> str:
        """The URL, with a driver if named (the product's users name none), through a relay's port if given."""
        if self._server is None:
            return f"sqlite:///{self._folder}/{self.name}.db"
        found = self._server.set(database=self.name)
        if driver:
            found = found.set(drivername=driver)
        if port:
            found = found.set(port=port)
        return found.render_as_string(hide_password=False)

    def create(self) -> None:
        """Make it, empty."""
        if self._server is not None:
            self._statement(f"CREATE DATABASE {self.name}{' CHARACTER SET utf8mb4' if self.is_mysql else ''}")

    def drop(self) -> None:
        """Drop it if it is there."""
        if self._server is None:
            for file in self._folder.glob(f"{self.name}*"):
                file.unlink()
        else:
            force = " WITH (FORCE)" if self.kind == "postgresql" else ""
            if self.is_mysql:
                self._end_others()
            self._statement(f"DROP DATABASE IF EXISTS {self.name}{force}")
            if self.is_mysql:  # dlt's staging
                self._statement(f"DROP DATABASE IF EXISTS {self.name}_staging")

    def _end_others(self) -> None:
        """End what is still at work in it: the statement of a process that ran out of patience goes on without it."""
        assert self._server is not None
        server = self._server.set(drivername=driver_of(self.kind))
        with create_engine(server, poolclass=NullPool).connect() as connection:
            others = connection.execute(
                text("SELECT id FROM information_schema.processlist WHERE db = :name AND id <> connection_id()"),
                {"name": self.name},
            )
            for number in others.scalars().all():
                connection.execute(text(f"KILL {int(number)}"))

    def copy(self) -> Scratch:
        """A new scratch database with the same tables and rows. Nobody may be connected to this one."""
        other = Scratch(self.kind, "" if self._server is None else self._server.render_as_string(False), self._folder)
        if self.kind == "sqlite":
            shutil.copy(self._folder / f"{self.name}.db", self._folder / f"{other.name}.db")
        elif self.kind == "postgresql":
            self._statement(f"CREATE DATABASE {other.name} TEMPLATE {self.name}")
        else:
            other.create()
            with self.connection() as connection:
                found = inspect(connection)
                tables = {table: found.get_columns(table) for table in found.get_table_names()}
            for table, columns in tables.items():
                names = ", ".join(column["name"] for column in columns if "computed" not in column)
                self._statement(f"CREATE TABLE {other.name}.{table} LIKE {self.name}.{table}")
                self._statement(f"INSERT INTO {other.name}.{table} ({names}) SELECT {names} FROM {self.name}.{table}")
        return other

    def connection(self) -> Connection:
        """The harness's own connection, for one with-block; its transaction is committed there."""
        return create_engine(make_url(self.url(driver_of(self.kind))), poolclass=NullPool).connect()

    def tables(self) -> set[str]:
        """The names of its tables."""
        with self.connection() as connection:
            return set(inspect(connection).get_table_names())

    def _statement(self, statement: str) -> None:
        assert self._server is not None
        run_statement(self._server.set(drivername=driver_of(self.kind)), statement)

    # -- the host's rows -----------------------------------------------------------------------------------------------

    def fill(self, folder: Path) -> None:
        """The employees, and the rows entered by hand, into the tables `connecteam-sync init` made."""
        written = (lambda at: str(moment(at))) if self.kind == "sqlite" else moment
        people = msgspec.json.decode((folder / "employees.json").read_bytes())
        manual = msgspec.json.decode((folder / "manual.json").read_bytes())
        with self.connection() as connection:
            connection.execute(
                text("INSERT INTO employees (id, name, email, connecteam_user_id) VALUES (:id, :name, :email, :user)"),
                [dict(zip(("id", "name", "email", "user"), (*p[:3], str(p[3])), strict=True)) for p in people],
            )
            connection.execute(
                text(
                    "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source,"
                    f" created_at, updated_at) VALUES (:e, :i, :o, :m, :a, 'manual', '{STAMP}', '{STAMP}')"
                ),
                [{"e": e, "i": written(i), "o": written(o), "m": m, "a": False} for e, i, o, m in manual],
            )
            connection.commit()

    def judge(self, folder: Path, state: str, *, table: str = "clock_times", columns: str = "") -> str:
        """`right`, or what is wrong with the table compared with the truth of a state."""
        chosen = columns or "source, created_at, updated_at"
        with self.connection() as connection:
            people = connection.execute(text("SELECT id, connecteam_user_id FROM employees"))
            users: dict[int, str] = {key: user for key, user in people}  # noqa: C416 - rows of two, which mypy knows as tuples
            found = connection.execute(
                text(f"SELECT employee_id, clock_in, clock_out, total_minutes, {chosen} FROM {table}")
            ).tuples()
            rows: list[tuple[int, int, int | None, int | None]] = []
            manual: list[tuple[object, ...]] = []
            for employee, begin, end, minutes, source, *stamps in found:
                times = (instant(begin), None if end is None else instant(end))
                if source == "manual":
                    manual.append((employee, *times, minutes, *(str(stamp)[:19] for stamp in stamps)))
                else:
                    assert times[0] is not None
                    rows.append((int(users[employee]), times[0], times[1], minutes))
        stamped = () if columns else (STAMP, STAMP)
        wanted = sorted(
            (*row, *stamped) for row in map(tuple, msgspec.json.decode((folder / "manual.json").read_bytes()))
        )
        wrong = faults(rows, folder, state)
        if sorted(manual) != wanted:
            wrong.append(f"rows entered by hand touched ({len(set(wanted) - set(manual))} of {len(wanted)})")
        return "; ".join(wrong) or "right"


def faults(rows: Truth, folder: Path, state: str) -> list[str]:
    """What rows of ours get wrong, by the kind of change that was missed."""
    truth = set(msgspec.json.decode((folder / f"truth-{state}.json").read_bytes(), type=Truth))
    found = set(rows)
    missing, extra = truth - found, found - truth
    if len(rows) == len(found) and not missing and not extra:
        return []
    changed = msgspec.json.decode((folder / "changed.json").read_bytes(), type=Changed)
    only_minutes = {row[:3] for row in extra} & {row[:3] for row in missing}
    kept = {row[:2] for row in extra if row[:3] not in only_minutes}
    lost = {row[:2] for row in missing if row[:3] not in only_minutes}
    wrong: list[str] = []
    known: set[tuple[int, int]] = set()

    def blame(words: str, keys: Iterable[tuple[int, int]], among: set[tuple[int, int]], of: int) -> None:
        guilty = set(keys) & among
        known.update(guilty)
        if guilty:
            wrong.append(f"{words} ({len(guilty)} of {of})")

    if state == "after":
        corrected = [(user, old) for user, old, _ in changed.corrected]
        blame("deleted shifts kept", changed.deleted, kept, len(changed.deleted))
        blame("corrected clock-ins left at their old place", corrected, kept, len(corrected))
        blame("corrected clock-ins lost", [(u, new) for u, _, new in changed.corrected], lost, len(corrected))
        blame("clock-outs not corrected", changed.clock_outs, lost | kept, len(changed.clock_outs))
        blame("new shifts lost", changed.new, lost, len(changed.new))
    if only_minutes:
        wrong.append(f"{len(only_minutes)} rows with other minutes")
    if lost - known:
        wrong.append(f"{len(lost - known)} rows missing or otherwise wrong")
    if kept - lost - known:
        wrong.append(f"{len(kept - lost - known)} rows too many")
    if len(rows) > len(found):
        wrong.append(f"{len(rows) - len(found)} doubles")
    return wrong


def moment(at: int) -> datetime:
    """The naive UTC datetime of epoch seconds."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)


def instant(value: Any) -> int:  # noqa: ANN401 - what a driver gives for a time
    """Epoch seconds of a naive UTC datetime, or of its text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())


def run_statement(url: URL, statement: str) -> None:
    """One statement outside any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def servers(listed: str) -> tuple[dict[str, str], dict[str, str]]:
    """The servers that answer, and why the others do not."""
    answering: dict[str, str] = {}
    absent: dict[str, str] = {}
    for pair in listed.split():
        kind, _, url = pair.partition("=")
        try:
            run_statement(make_url(url).set(drivername=driver_of(kind)), "SELECT 1")
        except OperationalError as error:
            absent[kind] = str(error.orig).splitlines()[0]
        else:
            answering[kind] = url
    return answering, absent
