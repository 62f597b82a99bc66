"""The peers written by hand: the old code, and the three options of the plan it was to be replaced by.

- `legacy`: for every shift two employee look-ups, a query for candidates, perhaps a write; each its own transaction.
- `option_a`: one fetch of the window's rows, matched in memory by (employee, clock-in); an employee look-up for every
  shift and an upsert for every row that is new or differs, each its own transaction.
- `option_b`: each answer as one JSON parameter to one set-based upsert inside the server.
- `option_c`: one fetch of rows and employees, the old decision in memory, a write for every row it touches.

All get fetching and decoding from `answers.py`, and none pays for the user list. On MySQL and MariaDB all but
`option_b` go through the pool of mysql-connector-python, as the old code did: it checks a connection when it is taken
and resets it when it is given back, at seven round trips a statement (of the versions tried, the one locked here needs
the fewest). On PostgreSQL and SQLite they use psycopg and sqlite3. Autocommit everywhere, the cheapest way to make a
statement its own transaction. Rows entered by hand are left alone where that is one condition more. The servers have no
time zone tables, so a local day is a span of instants reckoned in Python.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import answers
import drivers
from answers import Row
from company import ZONE, midnight
from heuristic import Held, decide
from job import Job, Timer, main
from sqlalchemy import URL

_ZONE = ZoneInfo(ZONE)


class Database:
    """One statement, one transaction; `statements` counts them."""

    def __init__(self, kind: str, where: URL) -> None:
        self.kind, self.statements = kind, 0
        self.mark = drivers.mark(kind)
        self._pool: Any = None
        if kind in {"mysql", "mariadb"}:
            from mysql.connector import pooling  # noqa: PLC0415 - only where it is the peer's

            self._pool = pooling.MySQLConnectionPool(
                pool_size=5,
                host=where.host,
                port=where.port or 3306,
                user=where.username,
                password=where.password or "",
                database=where.database,
                autocommit=True,
            )
            self._connection: Any = None
        else:
            option: dict[str, Any] = {"isolation_level": None} if kind == "sqlite" else {"autocommit": True}
            self._connection = drivers.connect(kind, where, **option)

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """A statement through the pool, as the old code's helper sent it. Raises the driver's errors."""
        if self._pool is None:
            return self.run_on(self._connection, statement, *values)
        connection = self._pool.get_connection()
        try:
            return self.run_on(connection, statement, *values)
        finally:
            connection.close()

    def run_on(self, connection: Any, statement: str, *values: object) -> list[tuple[Any, ...]]:  # noqa: ANN401
        """A statement on a connection that is held."""
        self.statements += 1
        cursor = connection.cursor()
        cursor.execute(statement.replace("?", self.mark), values)
        found = cursor.fetchall() if cursor.description else []
        cursor.close()
        return list(found)

    def hold(self) -> Any:  # noqa: ANN401
        """A connection to keep for many statements."""
        return self._connection if self._pool is None else self._pool.get_connection()

    def give_back(self, connection: Any) -> None:  # noqa: ANN401
        """A connection that was held goes back into the pool."""
        if self._pool is not None:
            connection.close()

    def epoch(self, column: str) -> str:
        """See `drivers.epoch`; not UNIX_TIMESTAMP, since the pool's sessions have the server's zone."""
        if self.kind in {"mysql", "mariadb"}:
            return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {column})"
        return drivers.epoch(self.kind, column)

    def moment(self, at: int | None) -> object:
        """A value for a datetime column."""
        if at is None:
            return None
        value = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
        return str(value) if self.kind == "sqlite" else value

    @property
    def ignore(self) -> tuple[str, str]:
        """What makes an INSERT pass over a key that is taken: words in its middle, words at its end."""
        if self.kind in {"mysql", "mariadb"}:
            return "IGNORE ", ""
        return "", " ON CONFLICT DO NOTHING"

    def upsert(self, columns: tuple[str, ...]) -> str:
        """The end of an INSERT that updates `columns` where the key is taken, unless by a row entered by hand."""
        if self.kind in {"mysql", "mariadb"}:
            inner = ", ".join(f"{c} = IF(source = 'manual', clock_times.{c}, VALUES({c}))" for c in columns)
            return f" ON DUPLICATE KEY UPDATE {inner}"
        inner = ", ".join(f"{c} = excluded.{c}" for c in columns)
        return f" ON CONFLICT (employee_id, clock_in) DO UPDATE SET {inner} WHERE clock_times.source <> 'manual'"


_VALUES = ("clock_out", "total_minutes", "is_active")
_INTO = "INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"


def _shifts(job: Job) -> Iterator[Row]:
    for slice_ in answers.slices(job.port, job.manifest):
        yield from slice_


def _day(instant: int) -> tuple[int, int]:
    """The span of the local day an instant falls on."""
    day = datetime.fromtimestamp(instant, _ZONE).date()
    return midnight(day), midnight(day + timedelta(days=1))


def legacy(job: Job, timer: Timer) -> dict[str, Any]:
    """The old code, shift by shift."""
    make_log(job.kind, job.where)
    with timer.running():
        database = Database(job.kind, job.where)
        counts = one_by_one(database, list(_shifts(job)), job.manifest.end_utc)
    return {"statements": database.statements, "counts": counts}


def one_by_one(database: Database, shifts: list[Row], end: int) -> dict[str, int]:
    """What the old code did with an answer whose last day ends at `end`; what came of the shifts."""
    old = Legacy(database)
    old.clean(end)
    counts = {"updated": 0, "created": 0, "errors": 0, "unknown": 0}
    for shift in shifts:
        employee = old.employee(shift.user)
        if employee is None:
            counts["unknown"] += 1
            continue
        try:
            counts["updated" if old.sync_one(employee, shift) else "created"] += 1
        except _errors(database.kind):
            counts["errors"] += 1
    old.clean(end)
    for shift in shifts:
        old.employee(shift.user)
    database.run("INSERT INTO old_sync_log (said) VALUES (?)", "success")
    return counts


def _rounded(shift: Row) -> int:
    """The minutes of a shift as the old code's database rounded them; 0 while it is open."""
    return 0 if shift.clock_out is None else int((shift.clock_out - shift.clock_in) / 60 + 0.5)


def make_log(kind: str, where: URL) -> None:
    """The table of the old code's own log, made beforehand."""
    connection = drivers.connect(kind, where)
    connection.cursor().execute("CREATE TABLE IF NOT EXISTS old_sync_log (said VARCHAR(20))")
    connection.commit()
    connection.close()


def _errors(kind: str) -> tuple[type[Exception], ...]:
    """What a taken key raises."""
    if kind == "sqlite":
        return (sqlite3.IntegrityError,)
    if kind == "postgresql":
        import psycopg  # noqa: PLC0415 - see drivers

        return (psycopg.IntegrityError,)
    from mysql.connector import IntegrityError  # noqa: PLC0415

    return (IntegrityError,)


class Legacy:
    """The old code's statements."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._near = (
            f"SELECT id, {database.epoch('clock_in')}, {database.epoch('clock_out')} FROM clock_times"
            f" WHERE employee_id = ? AND clock_in >= ? AND clock_in < ?"
            f" ORDER BY abs({database.epoch('clock_in')} - ?)"
        )

    def employee(self, user: int) -> int | None:
        """The employee of a Connecteam user, asked of the database every time."""
        found = self._database.run("SELECT id FROM employees WHERE connecteam_user_id = ?", str(user))
        return int(found[0][0]) if found else None

    def clean(self, end: int) -> None:
        """Doubles of the last day are deleted, the lowest id stays."""
        low, high = (self._database.moment(at) for at in (end - 86_400, end))
        same = (
            "SELECT min(id) AS id FROM clock_times WHERE clock_in >= ? AND clock_in < ? GROUP BY employee_id, clock_in"
        )
        statement = (
            f"DELETE FROM clock_times WHERE clock_in >= ? AND clock_in < ? AND id NOT IN (SELECT id FROM ({same}) k)"
        )
        self._database.run(statement, low, high, low, high)

    def sync_one(self, employee: int, shift: Row) -> bool:
        """True for "updated"."""
        database, moment = self._database, self._database.moment
        low, high = _day(shift.clock_in)
        found = database.run(self._near, employee, moment(low), moment(high), shift.clock_in)
        act, row = decide([Held(*held) for held in found], shift)
        if act == "overwrite" and row is not None:
            if shift.clock_out is None:
                statement = "UPDATE clock_times SET clock_in = ?, is_active = ? WHERE id = ?"
                database.run(statement, moment(shift.clock_in), True, row.id)
            else:
                statement = (
                    "UPDATE clock_times SET clock_in = ?, clock_out = ?, total_minutes = ?, is_active = ? WHERE id = ?"
                )
                out = moment(shift.clock_out)
                database.run(statement, moment(shift.clock_in), out, _rounded(shift), False, row.id)
        elif act == "close" and row is not None:
            if shift.clock_out is None:
                database.run("UPDATE clock_times SET is_active = ? WHERE id = ?", True, row.id)
            else:
                minutes = (shift.clock_out - row.clock_in) // 60
                statement = "UPDATE clock_times SET clock_out = ?, total_minutes = ?, is_active = ? WHERE id = ?"
                database.run(statement, moment(shift.clock_out), minutes, False, row.id)
        elif act == "insert":
            middle, tail = database.ignore
            database.run(
                f"INSERT {middle}{_INTO} VALUES (?, ?, ?, ?, ?, 'connecteam'){tail}",
                employee,
                moment(shift.clock_in),
                moment(shift.clock_out),
                _rounded(shift),
                shift.clock_out is None,
            )
            return False
        # "close any" touches open rows of the database's today only, and no day of these companies is today.
        return True


def option_a(job: Job, timer: Timer) -> dict[str, Any]:
    """Option A: the match in memory, everything else one by one."""
    with timer.running():
        database = Database(job.kind, job.where)
        in_memory(database, _shifts(job), job.manifest.start_utc, job.manifest.end_utc)
    return {"statements": database.statements}


def in_memory(database: Database, shifts: Iterable[Row], low: int, high: int) -> None:
    """What option A does with the shifts of a window."""
    moment = database.moment
    held = {row[:2]: row[2:] for row in _window(database, low, high)}
    connection = database.hold()
    upsert = f"INSERT {_INTO} VALUES (?, ?, ?, ?, ?, 'connecteam'){database.upsert(_VALUES)}"
    for shift in shifts:
        found = database.run("SELECT id FROM employees WHERE connecteam_user_id = ?", str(shift.user))
        employee = found[0][0]
        if held.get((employee, shift.clock_in)) == (shift.clock_out, shift.minutes):
            continue
        times = (moment(shift.clock_in), moment(shift.clock_out))
        database.run_on(connection, upsert, employee, *times, shift.minutes, shift.clock_out is None)
    database.give_back(connection)


def _window(database: Database, low: int, high: int) -> list[tuple[int, int, int | None, int | None]]:
    """Employee, clock-in, clock-out, minutes of the window's rows."""
    found = database.run(
        f"SELECT employee_id, {database.epoch('clock_in')}, {database.epoch('clock_out')}, total_minutes"
        " FROM clock_times WHERE clock_in >= ? AND clock_in < ?",
        database.moment(low),
        database.moment(high),
    )
    return [(row[0], row[1], row[2], row[3]) for row in found]


def option_b(job: Job, timer: Timer) -> dict[str, Any]:
    """Option B: an answer is one parameter of one statement, one transaction."""
    with timer.running():
        connection = drivers.connect(job.kind, job.where)
        cursor = connection.cursor()
        database = _Fragments(job.kind)
        statements = 0
        for slice_ in answers.slices(job.port, job.manifest):
            rows = [[row.user, row.clock_in, row.clock_out, row.minutes] for row in slice_]
            cursor.execute(database.statement, (json.dumps(rows, separators=(",", ":")),))
            connection.commit()
            statements += 1
        connection.close()
    return {"statements": statements}


class _Fragments(Database):
    """Option B's statement for a kind of database."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def statement(self) -> str:
        """INSERT … SELECT from the JSON, joined with the employees."""
        mysql = self.kind in {"mysql", "mariadb"}
        moment = {
            "sqlite": "datetime({}, 'unixepoch')",
            "postgresql": "(to_timestamp({}) AT TIME ZONE 'UTC')",
        }.get(self.kind, "TIMESTAMPADD(SECOND, {}, CAST('1970-01-01' AS DATETIME))")
        source = {
            "sqlite": "(SELECT CAST(json_extract(value, '$[0]') AS TEXT) AS u, json_extract(value, '$[1]') AS i,"
            " json_extract(value, '$[2]') AS o, json_extract(value, '$[3]') AS m FROM json_each(?)) d",
            "postgresql": "(SELECT value ->> 0 AS u, (value ->> 1)::bigint AS i, (value ->> 2)::bigint AS o,"
            " (value ->> 3)::int AS m FROM json_array_elements(%s::json)) d",
        }.get(
            self.kind,
            "JSON_TABLE(%s, '$[*]' COLUMNS (u VARCHAR(32) PATH '$[0]', i BIGINT PATH '$[1]', o BIGINT PATH '$[2]',"
            " m INT PATH '$[3]')) d",
        )
        join = "STRAIGHT_JOIN" if mysql else "JOIN"
        return (
            f"INSERT {_INTO}"
            f" SELECT e.id, {moment.format('d.i')}, {moment.format('d.o')}, d.m, d.o IS NULL, 'connecteam'"
            f" FROM {source} {join} employees e ON e.connecteam_user_id = d.u WHERE true{self.upsert(_VALUES)}"
        )


def option_c(job: Job, timer: Timer) -> dict[str, Any]:
    """Option C: rows and employees in one fetch each, the old decision, writes one by one."""
    with timer.running():
        database = Database(job.kind, job.where)
        moment = database.moment
        employees = dict(database.run("SELECT connecteam_user_id, id FROM employees"))
        held = SliceFingerprint(database, job)
        connection = database.hold()
        insert = f"INSERT {_INTO} VALUES (?, ?, ?, ?, ?, 'connecteam'){database.upsert(_VALUES)}"
        update = "UPDATE clock_times SET clock_in = ?, clock_out = ?, total_minutes = ?, is_active = ? WHERE id = ?"
        for shift in _shifts(job):
            employee = employees[str(shift.user)]
            act, row = decide(held.near(employee, shift.clock_in), shift)
            times = (moment(shift.clock_in), moment(shift.clock_out), shift.minutes, shift.clock_out is None)
            if act == "insert":
                database.run_on(connection, insert, employee, *times)
                held.add(employee, Held(0, shift.clock_in, shift.clock_out))
            elif act in {"overwrite", "close"} and row is not None and shift.clock_out is not None:
                clock_in = shift.clock_in if act == "overwrite" else row.clock_in
                minutes = (shift.clock_out - clock_in) // 60
                key = row.id or held.key(connection, employee, row.clock_in)
                database.run_on(connection, update, moment(clock_in), moment(shift.clock_out), minutes, False, key)
                held.move(employee, row, Held(key, clock_in, shift.clock_out))
    return {"statements": database.statements}


class SliceFingerprint:
    """The window's rows by employee and local day; rows entered by hand are seen, as the old code saw them."""

    def __init__(self, database: Database, job: Job) -> None:
        self._database = database
        self._days: dict[tuple[int, int], list[Held]] = defaultdict(list)
        low, high = (database.moment(at) for at in (job.manifest.start_utc, job.manifest.end_utc))
        for employee, *held in database.run(
            f"SELECT employee_id, id, {database.epoch('clock_in')}, {database.epoch('clock_out')}"
            " FROM clock_times WHERE clock_in >= ? AND clock_in < ?",
            low,
            high,
        ):
            self.add(employee, Held(*held))

    def add(self, employee: int, row: Held) -> None:
        """A row more; its id is 0 where the database gave it one that is not known yet."""
        self._days[employee, _day(row.clock_in)[0]].append(row)

    def near(self, employee: int, clock_in: int) -> list[Held]:
        """The employee's rows of the local day, the nearest first."""
        return sorted(self._days[employee, _day(clock_in)[0]], key=lambda row: abs(clock_in - row.clock_in))

    def move(self, employee: int, old: Held, new: Held) -> None:
        """A row has other times now."""
        self._days[employee, _day(old.clock_in)[0]].remove(old)
        self.add(employee, new)

    def key(self, connection: Any, employee: int, clock_in: int) -> int:  # noqa: ANN401
        """The id of a row made in this run."""
        statement = "SELECT id FROM clock_times WHERE employee_id = ? AND clock_in = ?"
        found = self._database.run_on(connection, statement, employee, self._database.moment(clock_in))
        return int(found[0][0])


if __name__ == "__main__":
    main({"legacy": legacy, "option_a": option_a, "option_b": option_b, "option_c": option_c})
