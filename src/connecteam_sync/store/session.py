"""One transaction: the host's columns, and reading what a plan needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, Employee, Mirror, Stored
from connecteam_sync.core.shift import Break, Snapshot, User
from connecteam_sync.core.window import Window
from connecteam_sync.store import rows
from connecteam_sync.store.columns import HostColumns
from connecteam_sync.store.dialect import Dialect
from connecteam_sync.store.host import HostTables
from connecteam_sync.store.statements import Statements, batched
from connecteam_sync.store.trips import Query, Rows


class Session(Statements):
    """A transaction. `users` and `holds` are what `stored` read, `opening` what was asked with the lock."""

    def __init__(self, connection: Connection, dialect: Dialect, host: HostTables, columns: HostColumns) -> None:
        super().__init__(connection, dialect)
        self.host, self.columns = host, columns
        self.clock_times = dialect.name(host.clock_times.table)
        self.canonical = rows.canonical(dialect, host.clock_times)
        self.users: dict[int, tuple[User, bool, int | None]] = {}
        self.holds: list[Mapping[str, Any]] = []
        self.opening: list[Rows] = []

    def newest_receipt(self) -> int:
        """The number of the newest slice receipt; 0 where there is none."""
        return int(self.fetch(NEWEST_RECEIPT)[0][0][0])

    def select_rows(self) -> str:
        """SELECT of the canonical columns of `t`."""
        return "SELECT " + ", ".join(f"{expression} AS {name}" for name, expression in self.canonical.items())

    @staticmethod
    def newer_query(time_clock_id: int, window: Window, head: int) -> Query:
        """How many looks at this clock and an overlapping window were applied after receipt `head`."""
        return Query(
            "SELECT count(*) FROM sync_slices WHERE id > :head AND time_clock_id = :clock"
            " AND status IN ('applied', 'nothing') AND first_day <= :last AND last_day >= :first",
            {
                "head": head,
                "clock": time_clock_id,
                "first": window.first.isoformat(),
                "last": window.last.isoformat(),
            },
        )

    def stored_queries(self, window: Window, snapshot: Snapshot) -> list[Query]:
        """What `stored` reads first."""
        padded = window.padded()
        mirror = rows.mirror_beside({shift.id: shift for shift in snapshot.shifts})
        span = {"start": padded.start_utc, "end": padded.end_utc}
        clock_in = self.dialect.name(self.host.clock_times.clock_in)
        return [
            Query(f"SELECT {rows.mirror_columns('s')} FROM {self.shifts_by_start} WHERE {_IN_SPAN}", span, mirror),
            Query(
                self._somebodys_rows(self.rows_by_clock_in, self.dialect.between(f"t.{clock_in}")),
                span,
                rows.clock_time,
            ),
            Query(
                f"{_BREAKS} WHERE b.is_gone = 0 AND b.time_clock_id = :clock AND b.{_IN_SPAN}",
                {**span, "clock": snapshot.time_clock_id},
                rows.pause,
            ),
            self.employees_query(),
            USERS_QUERY,
            LOCKED_DAYS_QUERY,
            HOLDS_QUERY,
        ]

    def stored(self, window: Window, snapshot: Snapshot, found: list[Rows] | None = None) -> Stored:
        """Everything of the database that matters to this look, in one round trip, or three where something moved.

        Shifts and rows of the padded days come by their own time; what only an id or a link leads to is looked up
        afterwards, where there is any. `found` are the answers to `stored_queries`, where they were asked before.
        """
        asked = self.fetch(*self.stored_queries(window, snapshot)) if found is None else found
        padded = window.padded()
        span = {"start": padded.start_utc, "end": padded.end_utc}
        mirrors, clock_times, breaks, employees, users, locked, holds = asked
        by_id = {item.shift.id: item for item in mirrors}
        by_key = {row.id: row for row in clock_times}
        pauses = {item.id: item for item in breaks}
        self._follow(snapshot, span, by_id, by_key, pauses)
        people = employees_of(employees)
        self.users = users_of(users)
        self.holds = [dict(zip(_HOLDS, row, strict=True)) for row in holds]
        mapping = {e.connecteam_user_id: e.id for e in people if e.connecteam_user_id}
        by_user = {user: mapping[str(user)] for user in _mentioned(snapshot, by_id.values()) if str(user) in mapping}
        # A mapping to an employee who is gone maps nobody: the user is held until a person maps them anew.
        living = {e.id for e in people}
        by_user |= {user: employee for user, (_, _, employee) in self.users.items() if employee in living and employee}
        return Stored(
            rows=tuple(by_key.values()),
            mirrors=tuple(by_id.values()),
            breaks=tuple(pauses.values()),
            employees=by_user,
            names={e.id: e.name for e in people if e.name},
            known_users=frozenset(u.id for u, is_listed, _ in self.users.values() if is_listed and not u.is_archived),
            locked_days=frozenset(date.fromisoformat(day) for (day,) in locked),
        )

    def _follow(
        self,
        snapshot: Snapshot,
        span: Mapping[str, int],
        mirrors: dict[str, Mirror],
        found: dict[int | None, ClockTime],
        pauses: dict[str, Break],
    ) -> None:
        """Add what ids and links lead to, outside the span of instants: shifts, then their rows."""
        d, names = self.dialect, self.host.clock_times
        linked = {mirror.clock_time_id for mirror in mirrors.values()}
        ids = [{"id": shift.id} for shift in snapshot.shifts if shift.id not in mirrors]
        unlinked = [{"id": key} for key in found if key not in linked]
        missing = [{"id": item.id} for item in snapshot.breaks if item.id not in pauses]
        columns = rows.mirror_columns("s")
        if ids or unlinked or missing:
            by_id, by_row, breaks = self.fetch(
                Query(
                    f"SELECT {columns} FROM {d.rowset({'id': 'key'})} {d.lookup} connecteam_shifts s ON s.id = d.id",
                    {"rows": rows.json_rows(ids)},
                    rows.mirror,
                ),
                Query(
                    f"SELECT {columns} FROM {d.rowset({'id': 'int'})} {d.lookup} connecteam_shifts s"
                    " ON s.clock_time_id = d.id",
                    {"rows": rows.json_rows(unlinked)},
                    rows.mirror,
                ),
                Query(
                    f"SELECT {_BREAK_COLUMNS} FROM {d.rowset({'id': 'key'})} {d.lookup} connecteam_breaks b"
                    " ON b.id = d.id WHERE b.is_gone = 0",
                    {"rows": rows.json_rows(missing)},
                    rows.pause,
                ),
            )
            mirrors.update((item.shift.id, item) for item in (*by_id, *by_row))
            pauses.update((item.id, item) for item in breaks)
        away = sorted({m.clock_time_id for m in mirrors.values() if m.clock_time_id is not None} - found.keys())
        outside = sorted({s.start for s in snapshot.shifts if not span["start"] <= s.start < span["end"]})
        if away or outside:
            key, clock_in = d.name(names.id), d.name(names.clock_in)
            by_key, by_instant = self.fetch(
                Query(
                    self._somebodys_rows(
                        f"{d.rowset({'id': 'int'})} {d.lookup} {self.clock_times} t ON t.{key} = d.id"
                    ),
                    {"rows": rows.json_rows({"id": item} for item in away)},
                    rows.clock_time,
                ),
                Query(
                    self._somebodys_rows(
                        f"{d.rowset({'at': 'int'}, 'i')} {d.lookup} {self.clock_times} t"
                        f" ON t.{clock_in} = {d.moment('i.at')}"
                    ),
                    {"rows": rows.json_rows({"at": item} for item in outside)},
                    rows.clock_time,
                ),
            )
            found.update((row.id, row) for row in (*by_key, *by_instant))

    @property
    def rows_by_clock_in(self) -> str:
        """The clock times `t`, found by their clock-in."""
        return f"{self.clock_times} t{self.dialect.by_index(self.columns.clock_in_index)}"

    @property
    def shifts_by_start(self) -> str:
        """The remembered shifts `s`, found by their start."""
        return f"connecteam_shifts s{self.dialect.by_index('ix_connecteam_shifts_start')}"

    def somebodys_rows_between(self, select: str, start: int, end: int) -> Query:
        """SELECT of somebody's rows whose clock-in lies in the half-open span of instants."""
        clock_in = f"t.{self.dialect.name(self.host.clock_times.clock_in)}"
        sql = self._somebodys(select, self.rows_by_clock_in, self.dialect.between(clock_in))
        return Query(sql, {"start": start, "end": end})

    def _somebodys_rows(self, source: str, condition: str = "1 = 1") -> str:
        """SELECT of canonical rows; a row of nobody, or of no time, is nobody's business."""
        return self._somebodys(self.select_rows(), source, condition)

    def _somebodys(self, select: str, source: str, condition: str) -> str:
        employee = self.dialect.name(self.host.clock_times.employee_id)
        clock_in = self.dialect.name(self.host.clock_times.clock_in)
        return f"{select} FROM {source} WHERE {condition} AND t.{employee} IS NOT NULL AND t.{clock_in} IS NOT NULL"

    def rows_of(self, employee: int, start: int, end: int) -> tuple[ClockTime, ...]:
        """An employee's rows of any source whose clock-in lies in the span of instants, by clock-in."""
        d, names = self.dialect, self.host.clock_times
        clock_in = f"t.{d.name(names.clock_in)}"
        sql = (
            f"{self.select_rows()} FROM {self.clock_times} t WHERE t.{d.name(names.employee_id)} = :employee"
            f" AND {d.between(clock_in)} ORDER BY {clock_in}"
        )
        [found] = self.fetch(Query(sql, {"employee": employee, "start": start, "end": end}))
        return tuple(rows.clock_time(row) for row in found)

    def rows_of_all(self) -> tuple[ClockTime, ...]:
        """Every row of somebody at some time, by id: for proofs on small tables, not for runs."""
        key, who, began = (
            f"t.{self.dialect.name(name)}"
            for name in (self.host.clock_times.id, self.host.clock_times.employee_id, self.host.clock_times.clock_in)
        )
        sql = f"{self.select_rows()} FROM {self.clock_times} t WHERE {who} IS NOT NULL AND {began} IS NOT NULL"
        sql += f" ORDER BY {key}"
        return tuple(rows.clock_time(row) for row in self.fetch(Query(sql))[0])

    def open_clock_ins(self) -> tuple[int, ...]:
        """The clock-ins of every open row of ours, in epoch seconds."""
        d, names = self.dialect, self.host.clock_times
        sql = (
            f"SELECT {self.canonical['clock_in']} AS clock_in FROM {self.clock_times} t"
            f" WHERE t.{d.name(names.clock_out)} IS NULL AND t.{d.name(names.clock_in)} IS NOT NULL"
            f" AND t.{d.name(names.source)} = :ours"
        )
        return tuple(int(row["clock_in"]) for row in self.read(sql, ours=CONNECTEAM))

    def employees(self) -> list[Employee]:
        """Every row of the host's table of people, by id."""
        return employees_of(self.fetch(self.employees_query())[0])

    def employees_query(self) -> Query:
        """What `employees_of` reads."""
        names, name = self.host.employees, self.dialect.name
        email = name(names.email) if names.email in self.columns.employees else "NULL"
        return Query(
            f"SELECT {name(names.id)}, {name(names.name)}, {email}, {name(names.connecteam_user_id)}"
            f" FROM {name(names.table)} ORDER BY {name(names.id)}"
        )

    def known_users(self) -> dict[int, tuple[User, bool, int | None]]:
        """Every user a run has seen, by id: (user, whether listed last time, mapped employee)."""
        return users_of(self.fetch(USERS_QUERY)[0])

    def locked_days(self) -> list[date]:
        """Every local day that payroll has closed."""
        return [date.fromisoformat(day) for (day,) in self.fetch(LOCKED_DAYS_QUERY)[0]]

    def images(self, keys: Iterable[int], *, lock: bool = False) -> dict[int, rows.Image]:
        """Rows by id: canonical, and whole as JSON text; `lock` keeps others from writing them until the end."""
        return images_of(self.fetch(*self.images_queries(keys, lock=lock)))

    def images_queries(self, keys: Iterable[int], *, lock: bool = False) -> list[Query]:
        """What reads the rows of these ids for `images_of`."""
        d, names = self.dialect, self.host.clock_times
        source = f"{d.rowset({'id': 'int'})} {d.lookup} {self.clock_times} t ON t.{d.name(names.id)} = d.id"
        sql = self._somebodys(f"SELECT {self.image_columns}", source, "1 = 1") + (d.locking("t") if lock else "")
        return list(batched(sql, ({"id": key} for key in keys), {}, rows.image))

    @property
    def image_columns(self) -> str:
        """The canonical columns of `t`, and the whole row as JSON text."""
        canonical = ", ".join(f"{expression} AS {name}" for name, expression in self.canonical.items())
        return f"{canonical}, {self.dialect.image('t', self.columns.types)} AS image"


_IN_SPAN = "start_at >= :start AND start_at < :end"
_BREAK_COLUMNS = ", ".join(f"b.{column}" for column in rows.BREAK)
_BREAKS = f"SELECT {_BREAK_COLUMNS} FROM connecteam_breaks b"
_HOLDS = ("id", *rows.HOLD)
HOLDS_QUERY = Query(f"SELECT {', '.join(_HOLDS)} FROM sync_holds WHERE resolved_run IS NULL ORDER BY id")
NEWEST_RECEIPT = Query("SELECT coalesce(max(id), 0) FROM sync_slices")
USERS_QUERY = Query(f"SELECT {', '.join(rows.USER)} FROM connecteam_users")
LOCKED_DAYS_QUERY = Query("SELECT day FROM locked_days ORDER BY day")


def images_of(found: Iterable[Rows]) -> dict[int, rows.Image]:
    """What SELECTs of `image_columns` found, by id: the row in canonical form, and whole as JSON text."""
    return dict(chain.from_iterable(found))


def employees_of(found: Rows) -> list[Employee]:
    """The people of `Session.employees_query`."""
    return [
        Employee(
            id=int(key),
            name=name,
            email=email,
            connecteam_user_id=None if user_id is None else str(user_id).strip(),
        )
        for key, name, email, user_id in found
    ]


def users_of(found: Rows) -> dict[int, tuple[User, bool, int | None]]:
    """The users of USERS_QUERY, by id: (user, whether listed last time, mapped employee)."""
    return {
        user_id: (
            User(id=user_id, first_name=first, last_name=last, email=email, is_archived=bool(is_archived)),
            bool(is_listed),
            employee,
        )
        for user_id, first, last, email, is_archived, is_listed, employee in found
    }


def _mentioned(snapshot: Snapshot, mirrors: Iterable[Mirror]) -> set[int]:
    users = {user.id for user in snapshot.users} | {shift.user_id for shift in snapshot.shifts}
    return users | {mirror.shift.user_id for mirror in mirrors}
