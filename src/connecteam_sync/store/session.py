"""One connection in one transaction: rowset statements, the host's columns, and reading what a plan needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.sql.sqltypes import Integer

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, Employee, Mirror, Stored
from connecteam_sync.core.shift import Snapshot, User
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store import rows
from connecteam_sync.store.dialect import Dialect
from connecteam_sync.store.host import HostTables
from connecteam_sync.store.schema import connecteam_users, locked_days, sync_slices

T = TypeVar("T")

BATCH = 1000
"""Rows a statement carries at most."""


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class HostColumns:
    """What the host's tables really have, read once per connection to the database."""

    def __init__(self, connection: Connection, host: HostTables) -> None:
        self.clock_times = self._columns(connection, host.clock_times.table)
        self.employees = self._columns(connection, host.employees.table)
        self._demand(host.clock_times.table, self.clock_times, host.clock_times, optional={"created_at", "updated_at"})
        self._demand(host.employees.table, self.employees, host.employees, optional={"email"})
        self.user_id_is_number = isinstance(self.employees[host.employees.connecteam_user_id], Integer)

    @staticmethod
    def _columns(connection: Connection, table: str) -> dict[str, object]:
        schema, _, name = table.rpartition(".")
        inspector = inspect(connection)
        if not inspector.has_table(name, schema=schema or None):
            raise ConfigurationError(
                f"the database has no table {table!r}",
                next_step="run `connecteam-sync init`, or name your table under [tables] in connecteam-sync.toml",
            )
        # A computed column cannot be written back, so it is no part of a row's image.
        return {
            c["name"]: c["type"] for c in inspector.get_columns(name, schema=schema or None) if not c.get("computed")
        }

    @staticmethod
    def _demand(table: str, present: Mapping[str, object], names: Any, *, optional: set[str]) -> None:  # noqa: ANN401 - either names
        for field in names.__struct_fields__:
            column = getattr(names, field)
            if field not in optional | {"table"} and column not in present:
                raise ConfigurationError(
                    f"table {table!r} has no column {column!r} (for {field})",
                    next_step=f'name the column under [tables.…] {field} = "…", or add it to the table',
                )


class Session:
    """A transaction. `employees`, `users` are read once; everything else on demand."""

    def __init__(self, connection: Connection, dialect: Dialect, host: HostTables, columns: HostColumns) -> None:
        self.connection, self.dialect, self.host, self.columns = connection, dialect, host, columns
        self.clock_times = dialect.name(host.clock_times.table)
        self.canonical = rows.canonical(dialect, host.clock_times)
        self.users: dict[int, tuple[User, bool, int | None]] = {}

    # -- statements ----------------------------------------------------------------------------------------------------

    def read(self, sql: str, **values: object) -> list[Mapping[str, Any]]:
        """Rows of a statement."""
        return [dict(row) for row in self.connection.execute(text(sql), values).mappings()]

    def read_set(self, sql: str, items: Iterable[Mapping[str, object]], **values: object) -> list[Mapping[str, Any]]:
        """Rows of a statement over a rowset, a batch at a time."""
        return [row for batch in batches(items) for row in self.read(sql, rows=rows.json_rows(batch), **values)]

    def write_set(self, sql: str, items: Iterable[Mapping[str, object]], **values: object) -> int:
        """How many rows a writing statement over a rowset touched, a batch at a time."""
        done = 0
        for batch in batches(items):
            done += self.connection.execute(text(sql), {"rows": rows.json_rows(batch), **values}).rowcount
        return done

    # -- what a plan needs ---------------------------------------------------------------------------------------------

    def newest_receipt(self) -> int:
        """The number of the newest slice receipt; 0 where there is none."""
        row = self.read("SELECT max(id) AS head FROM sync_slices")[0]
        return int(row["head"] or 0)

    def newer(self, time_clock_id: int, window: Window, head: int) -> bool:
        """Whether a look at this clock and an overlapping window was applied after receipt `head`."""
        found = self.connection.execute(
            select(sync_slices.c.id)
            .where(
                sync_slices.c.id > head,
                sync_slices.c.time_clock_id == time_clock_id,
                sync_slices.c.status.in_(["applied", "nothing"]),
                sync_slices.c.first_day <= window.last.isoformat(),
                sync_slices.c.last_day >= window.first.isoformat(),
            )
            .limit(1)
        ).first()
        return found is not None

    def stored(self, window: Window, snapshot: Snapshot) -> Stored:
        """Everything of the database that matters to this look."""
        padded = window.padded()
        start, end = padded.start_utc, padded.end_utc
        mirrors = self._mirrors(start, end, [shift.id for shift in snapshot.shifts])
        linked = [m.clock_time_id for m in mirrors if m.clock_time_id is not None]
        outside = sorted({shift.start for shift in snapshot.shifts if not start <= shift.start < end})
        found = self._clock_times(start, end, linked, outside)
        employees = self.employees()
        self.users = self.known_users()
        mapping = {e.connecteam_user_id: e.id for e in employees if e.connecteam_user_id}
        by_user = {user: mapping[str(user)] for user in self._mentioned(snapshot, mirrors) if str(user) in mapping}
        # A mapping to an employee who is gone maps nobody: the user is held until a person maps them anew.
        living = {e.id for e in employees}
        by_user |= {user: employee for user, (_, _, employee) in self.users.items() if employee in living and employee}
        return Stored(
            rows=tuple(found),
            mirrors=tuple(mirrors),
            breaks=tuple(self._breaks(snapshot.time_clock_id, start, end, [item.id for item in snapshot.breaks])),
            employees=by_user,
            names={e.id: e.name for e in employees if e.name},
            known_users=frozenset(u.id for u, is_listed, _ in self.users.values() if is_listed and not u.is_archived),
            locked_days=frozenset(self.locked_days()),
        )

    @staticmethod
    def _mentioned(snapshot: Snapshot, mirrors: Iterable[Mirror]) -> set[int]:
        users = {user.id for user in snapshot.users} | {shift.user_id for shift in snapshot.shifts}
        return users | {mirror.shift.user_id for mirror in mirrors}

    def _mirrors(self, start: int, end: int, ids: list[str]) -> list[Mirror]:
        t, names, d = self.clock_times, self.host.clock_times, self.dialect
        clock_in = f"t.{d.name(names.clock_in)}"
        sql = (
            "SELECT s.* FROM ("
            "SELECT id FROM connecteam_shifts WHERE start_at >= :start AND start_at < :end"
            f" UNION SELECT s1.id FROM {t} t"
            f" {d.lookup} connecteam_shifts s1 ON s1.clock_time_id = t.{d.name(names.id)}"
            f" WHERE {clock_in} >= {d.moment('CAST(:start AS ' + self._bigint + ')')}"
            f" AND {clock_in} < {d.moment('CAST(:end AS ' + self._bigint + ')')}"
            f" UNION SELECT d.id FROM {d.rowset({'id': 'key'})}"
            f") k {d.lookup} connecteam_shifts s ON s.id = k.id ORDER BY s.id"
        )
        # One statement, whatever the number of ids: they travel as one parameter, unbatched.
        found = self.read(sql, start=start, end=end, rows=rows.json_rows({"id": item} for item in ids))
        return [rows.mirror(row) for row in found]

    @property
    def _bigint(self) -> str:
        return {"mysql": "SIGNED", "postgresql": "bigint", "sqlite": "INTEGER"}[self.dialect.family]

    def select_rows(self, *extra: str) -> str:
        """SELECT of the canonical columns of `t`, and whatever else."""
        return "SELECT " + ", ".join([*(f"{e} AS {name}" for name, e in self.canonical.items()), *extra])

    def _clock_times(self, start: int, end: int, ids: Sequence[int], instants: Sequence[int]) -> list[ClockTime]:
        t, names, d = self.clock_times, self.host.clock_times, self.dialect
        key, clock_in = d.name(names.id), d.name(names.clock_in)
        low, high = (d.moment(f"CAST(:{bound} AS {self._bigint})") for bound in ("start", "end"))
        sql = (
            f"{self.select_rows()} FROM ("
            f"SELECT {key} AS id FROM {t} WHERE {clock_in} >= {low} AND {clock_in} < {high}"
            f" UNION SELECT d.id FROM {d.rowset({'id': 'int'})}"
            f" UNION SELECT t1.{key} FROM {d.rowset({'at': 'int'}, 'i', 'instants')}"
            f" {d.lookup} {t} t1 ON t1.{clock_in} = {d.moment('i.at')}"
            f") k {d.lookup} {t} t ON t.{key} = k.id WHERE t.{d.name(names.employee_id)} IS NOT NULL ORDER BY t.{key}"
        )
        found = self.read(
            sql,
            start=start,
            end=end,
            rows=rows.json_rows({"id": item} for item in ids),
            instants=rows.json_rows({"at": item} for item in instants),
        )
        return [rows.clock_time(row) for row in found]

    def rows_of(self, employee: int, start: int, end: int) -> tuple[ClockTime, ...]:
        """An employee's rows of any source whose clock-in lies in the span of instants, by clock-in."""
        d, names = self.dialect, self.host.clock_times
        clock_in = f"t.{d.name(names.clock_in)}"
        low, high = (d.moment(f"CAST(:{bound} AS {self._bigint})") for bound in ("start", "end"))
        sql = (
            f"{self.select_rows()} FROM {self.clock_times} t WHERE t.{d.name(names.employee_id)} = :employee"
            f" AND {clock_in} >= {low} AND {clock_in} < {high} ORDER BY {clock_in}"
        )
        return tuple(rows.clock_time(row) for row in self.read(sql, employee=employee, start=start, end=end))

    def rows_of_all(self) -> tuple[ClockTime, ...]:
        """Every row of somebody at some time, by id: for proofs on small tables, not for runs."""
        key, who, began = (
            f"t.{self.dialect.name(name)}"
            for name in (self.host.clock_times.id, self.host.clock_times.employee_id, self.host.clock_times.clock_in)
        )
        sql = f"{self.select_rows()} FROM {self.clock_times} t WHERE {who} IS NOT NULL AND {began} IS NOT NULL"
        sql += f" ORDER BY {key}"
        return tuple(rows.clock_time(row) for row in self.read(sql))

    def open_clock_ins(self) -> tuple[int, ...]:
        """The clock-ins of every open row of ours, in epoch seconds."""
        d, names = self.dialect, self.host.clock_times
        sql = (
            f"SELECT {self.canonical['clock_in']} AS clock_in FROM {self.clock_times} t"
            f" WHERE t.{d.name(names.clock_out)} IS NULL AND t.{d.name(names.clock_in)} IS NOT NULL"
            f" AND t.{d.name(names.source)} = :ours"
        )
        return tuple(int(row["clock_in"]) for row in self.read(sql, ours=CONNECTEAM))

    def _breaks(self, clock: int, start: int, end: int, ids: list[str]) -> list[Any]:
        sql = (
            "SELECT b.* FROM ("
            "SELECT id FROM connecteam_breaks WHERE start_at >= :start AND start_at < :end AND time_clock_id = :clock"
            f" UNION SELECT d.id FROM {self.dialect.rowset({'id': 'key'})}"
            f") k {self.dialect.lookup} connecteam_breaks b ON b.id = k.id WHERE b.is_gone = 0 ORDER BY b.id"
        )
        items = rows.json_rows({"id": item} for item in ids)
        return [rows.pause(row) for row in self.read(sql, start=start, end=end, clock=clock, rows=items)]

    def employees(self) -> list[Employee]:
        """Every row of the host's table of people, by id."""
        names, name = self.host.employees, self.dialect.name
        email = name(names.email) if names.email in self.columns.employees else "NULL"
        found = self.read(
            f"SELECT {name(names.id)} AS id, {name(names.name)} AS name, {email} AS email,"
            f" {name(names.connecteam_user_id)} AS user_id FROM {name(names.table)} ORDER BY {name(names.id)}"
        )
        return [
            Employee(
                id=int(row["id"]),
                name=row["name"],
                email=row["email"],
                connecteam_user_id=None if row["user_id"] is None else str(row["user_id"]).strip(),
            )
            for row in found
        ]

    def known_users(self) -> dict[int, tuple[User, bool, int | None]]:
        """Every user a run has seen, by id: (user, whether listed last time, mapped employee)."""
        found = self.connection.execute(select(connecteam_users)).mappings()
        return {
            row["user_id"]: (
                User(
                    id=row["user_id"],
                    first_name=row["first_name"],
                    last_name=row["last_name"],
                    email=row["email"],
                    is_archived=bool(row["is_archived"]),
                ),
                bool(row["is_listed"]),
                row["employee_id"],
            )
            for row in found
        }

    def locked_days(self) -> list[date]:
        """Every local day that payroll has closed."""
        found = self.connection.execute(select(locked_days.c.day).order_by(locked_days.c.day))
        return [date.fromisoformat(day) for (day,) in found]

    def images(self, keys: Iterable[int], *, lock: bool = False) -> dict[int, tuple[ClockTime, str]]:
        """Rows by id: canonical, and whole as JSON text; `lock` keeps others from writing them until the end."""
        d, names = self.dialect, self.host.clock_times
        sql = (
            f"{self.select_rows(d.image('t', self.columns.clock_times) + ' AS image')} FROM {d.rowset({'id': 'int'})}"
            f" {d.lookup} {self.clock_times} t ON t.{d.name(names.id)} = d.id{d.locking('t') if lock else ''}"
        )
        found = self.read_set(sql, ({"id": key} for key in keys))
        return {int(row["id"]): (rows.clock_time(row), row["image"]) for row in found}
