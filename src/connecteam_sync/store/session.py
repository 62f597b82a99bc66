"""One transaction: the host's columns, and the queries for everything a plan needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, Employee, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.people import mapped, phone_marks
from connecteam_sync.core.shift import Break, Snapshot, User
from connecteam_sync.core.window import LockedDay, Window
from connecteam_sync.store.payroll.day_locks import (
    days_around,
    has_lock_near,
    locked_days_query,
    locked_of,
    locks_query,
    person_locks_query,
)
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import PendingId, Statements, batched
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.columns import HostColumns
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.schema import tables_of


class Persons(NamedTuple):
    """Whose rows are read: those of these employees, and what is remembered of these users."""

    employees: tuple[RowId, ...]
    users: tuple[int, ...]


class Session(Statements):
    """A transaction. `users` and `holds` are set by `stored`; `opening` has the rows read together with the lock.

    `own` has the names of our tables for SQL, `tables` the same tables for SQLAlchemy.
    """

    def __init__(
        self, connection: Connection, dialect: Dialect, host: HostTables, columns: HostColumns, own: OwnTables
    ) -> None:
        super().__init__(connection, dialect)
        self.host, self.columns = host, columns
        self.own, self.tables = (
            own,
            tables_of(own.names, *(dialect.own_type(key) for key in (dialect.keys.row, dialect.keys.person))),
        )
        self.clock_times = dialect.table(host.clock_times.table)
        names = host.clock_times
        self.flag = columns.flag(dialect, names)
        self.lacks, self.optional = columns.lacks(names), columns.optional(names)
        self.canonical = rows.canonical(dialect, names, self.flag, columns.types)
        self.canonical["employee_id"] = rows.as_people_spell(dialect, host, self.canonical["employee_id"])
        self.users: dict[int, tuple[User, bool, RowId | None]] = {}
        self.holds: list[Mapping[str, Any]] = []
        self.opening: list[Rows] = []
        self.probed: str | None = None
        """The stamp of the table, if it was probed in this transaction."""
        self.begun: PendingId | None = None
        """The number of the run that begins in this transaction."""
        self.is_given_up = False
        """Whether nothing is written in this transaction, since another one has to be begun."""

    @property
    def is_ours(self) -> str:
        """The condition that we may write row `t`: part of every statement that alters or deletes a row (rule 3)."""
        return f"{self.canonical['source']} = '{CONNECTEAM}'"

    def select_rows(self) -> str:
        """SELECT of the canonical columns of `t`."""
        return "SELECT " + ", ".join(f"{expression} AS {name}" for name, expression in self.canonical.items())

    def newer_query(
        self,
        time_clock_id: int,
        window: Window,
        head: int,
        run: int | None,
        *,
        known: int | None = None,
        also: str = "",
    ) -> Query:
        """Of the receipts since `head` of looks that other runs than `run` applied: how many are of this clock and an
        overlapping window, and the number of the newest (0: none). Also the newest entry of the account table, the text
        of the receipt `known` (None: it is gone), and the expressions of `also`, which begin with a comma.

        Refused and failed looks and mere proofs wrote nothing, so nothing of them can be overwritten.
        """
        return Query(
            "SELECT coalesce(sum(CASE WHEN time_clock_id = :clock"
            " AND first_day <= :last AND last_day >= :first THEN 1 ELSE 0 END), 0), coalesce(max(id), 0),"
            f" (SELECT coalesce(max(id), 0) FROM {self.own.account}),"
            f" (SELECT receipt FROM {self.own.slices} WHERE id = :known){also}"
            f" FROM {self.own.slices} WHERE id > :head AND run_id <> :run AND status IN ('applied', 'nothing')",
            {
                "head": head,
                "run": run or 0,
                "known": known or 0,
                "clock": time_clock_id,
                "first": window.first.isoformat(),
                "last": window.last.isoformat(),
            },
        )

    def stored_queries(self, window: Window, snapshot: Snapshot, only: Persons | None = None) -> list[Query]:
        """The queries whose rows `stored` takes as `fetched`; of all people, or `only` of some."""
        padded = window.padded()
        mirror = rows.tracked_columns({shift.id: shift for shift in snapshot.shifts})
        span: dict[str, object] = {"start": padded.start_utc, "end": padded.end_utc}
        clock_in = self.dialect.name(self.host.clock_times.clock_in)
        shifts, times, breaks, users = self.shifts_by_start, self.rows_by_clock_in, f"{self.own.breaks} b", {**span}
        if only is not None:
            shifts, breaks = self.by_user(self.own.shifts, "s"), self.by_user(self.own.breaks, "b")
            times, users["rows"] = self.rows_by_person, rows.json_rows({"who": user} for user in only.users)
            span["rows"] = rows.json_rows({"who": employee} for employee in only.employees)
        return [
            Query(f"SELECT {rows.mirror_columns('s')} FROM {shifts} WHERE s.{_IN_SPAN}", users, mirror),
            Query(self._assigned_rows(times, self.dialect.between(f"t.{clock_in}")), span, rows.clock_time),
            Query(
                f"SELECT {_BREAK_COLUMNS} FROM {breaks}"
                f" WHERE b.is_gone = 0 AND b.time_clock_id = :clock AND b.{_IN_SPAN}",
                {**users, "clock": snapshot.time_clock_id},
                rows.manual_break,
            ),
            self.employees_query(),
            users_query(self.own),
            locks_query(self.own, padded.start_utc, padded.end_utc),
            holds_query(self.own),
        ]

    def stored(
        self,
        window: Window,
        snapshot: Snapshot,
        fetched: list[Rows] | None = None,
        seen_starts: Mapping[str, int] | None = None,
    ) -> StoredState:
        """Everything in the database that matters to this look: one round trip, or three if shifts or rows moved.

        Shifts and rows of the padded days are read by their time. Those that only an id or a link leads to are read
        afterwards, if there are any. `fetched` has the rows of `stored_queries` if they were read before;
        `seen_starts` are starts of shifts, by id, from other looks of a proposal, which are not stored.
        """
        results = self.fetch(*self.stored_queries(window, snapshot)) if fetched is None else fetched
        padded = window.padded()
        span = {"start": padded.start_utc, "end": padded.end_utc}
        mirrors, clock_times, breaks, employees, users, locked, holds = results
        by_id = {item.shift.id: item for item in mirrors}
        by_key = {row.id: row for row in clock_times}
        breaks_by_id = {item.id: item for item in breaks}
        self._follow(snapshot, by_id, by_key, breaks_by_id)
        self._follow_rows(snapshot, span, by_id, by_key, seen_starts or {})
        locked = [*locked, *self._locks_elsewhere(by_key.values(), locked, span)]
        people = employees_of(employees)
        self.users = users_of(users)
        self.holds = [dict(zip(_HOLDS, row, strict=True)) for row in holds]
        who = mapped(people, {user: employee for user, (_, _, employee) in self.users.items()})
        return StoredState(
            lacks=self.lacks,
            rows=tuple(by_key.values()),
            mirrors=tuple(by_id.values()),
            breaks=tuple(breaks_by_id.values()),
            employees=who.employees,
            ambiguous=who.ambiguous,
            users_of=who.users_of,
            names={e.id: e.name for e in people if e.name},
            people=tuple(people),
            users={user_id: user for user_id, (user, _, _) in self.users.items()},
            known_users=frozenset(u.id for u, is_listed, _ in self.users.values() if is_listed and not u.is_archived),
            locked=locked_of(locked, window.timezone),
        )

    def _locks_elsewhere(self, found: Iterable[ClockTime], locks: Rows, span: Mapping[str, int]) -> Rows:
        """The locks of single people on the days of rows that lie outside the span: asked only if there are both."""
        outside = (row.clock_in for row in found if not span["start"] <= row.clock_in < span["end"])
        near = {tuple(days_around(at, at + 1).items()) for at in outside if has_lock_near(locks, at)}
        fetched = self.fetch(*(person_locks_query(self.own, dict(days)) for days in sorted(near)))
        return list(chain.from_iterable(fetched))

    def _follow(
        self,
        snapshot: Snapshot,
        mirrors: dict[str, TrackedShift],
        clock_times: dict[RowId | None, ClockTime],
        breaks_by_id: dict[str, Break],
    ) -> None:
        """Add the shifts and breaks outside the span of instants that ids and links lead to."""
        d = self.dialect
        linked = {mirror.clock_time_id for mirror in mirrors.values()}
        odd = (record.activity_id for record in snapshot.invalid_records if record.kind == "shift")
        wanted = dict.fromkeys([*(shift.id for shift in snapshot.shifts), *filter(None, odd)])
        ids = [{"id": key} for key in wanted if key not in mirrors]
        unlinked = [key for key in clock_times if key not in linked]
        missing = [{"id": item.id} for item in snapshot.breaks if item.id not in breaks_by_id]
        columns = rows.mirror_columns("s")
        if ids or unlinked or missing:
            by_id = f"SELECT {columns} FROM {d.rowset({'id': 'key'})} {d.lookup} {self.own.shifts} s ON s.id = d.id"
            breaks = (
                f"SELECT {_BREAK_COLUMNS} FROM {d.rowset({'id': 'key'})} {d.lookup} {self.own.breaks} b"
                " ON b.id = d.id WHERE b.is_gone = 0"
            )
            shifts = [*self.all_of(by_id, ids, rows.mirror), *self._shifts_of_rows(unlinked)]
            fetched = self.fetch(*shifts, *self.all_of(breaks, missing, rows.manual_break))
            mirrors.update((item.shift.id, item) for some in fetched[: len(shifts)] for item in some)
            breaks_by_id.update((item.id, item) for some in fetched[len(shifts) :] for item in some)

    def _shifts_of_rows(self, keys: Iterable[RowId | None]) -> list[Query]:
        """Queries for the tracked shifts of these rows."""
        d = self.dialect
        return self.all_of(
            f"SELECT {rows.mirror_columns('s')} FROM {d.rowset({'id': 'link'})} {d.lookup} {self.own.shifts} s"
            " ON s.clock_time_id = d.id",
            ({"id": key} for key in keys),
            rows.mirror,
        )

    def _follow_rows(
        self,
        snapshot: Snapshot,
        span: Mapping[str, int],
        mirrors: dict[str, TrackedShift],
        clock_times: dict[RowId | None, ClockTime],
        seen_starts: Mapping[str, int],
    ) -> None:
        """Add the rows of these shifts, and the rows on the keys they need; `seen_starts` are not stored yet."""
        d, names = self.dialect, self.host.clock_times
        rows_of = {key for m in mirrors.values() for key in (m.clock_time_id, m.former_clock_time_id)} - {None}
        missing_keys = sorted((key for key in rows_of if key is not None and key not in clock_times), key=ordered)
        key, clock_in = d.name(names.id), d.name(names.clock_in)
        fetched_starts: set[int] = set()
        while True:
            # The present starts of shifts that have a row here: other rows may stand on these keys.
            moved = {
                seen_starts.get(m.shift.id, m.shift.start) for m in mirrors.values() if m.clock_time_id in clock_times
            }
            starts = moved.union(shift.start for shift in snapshot.shifts) - fetched_starts
            outside = sorted(start for start in starts if not span["start"] <= start < span["end"])
            if not missing_keys and not outside:
                return
            of_keys = self.all_of(
                self._assigned_rows(f"{d.rowset({'id': 'row'})} {d.lookup} {self.clock_times} t ON t.{key} = d.id"),
                ({"id": item} for item in missing_keys),
                rows.clock_time,
            )
            of_instants = self.all_of(
                self._assigned_rows(
                    f"{d.rowset({'at': 'int'}, 'i')} {d.lookup} {self.clock_times} t"
                    f" ON t.{clock_in} = {d.moment('i.at')}"
                ),
                ({"at": item} for item in outside),
                rows.clock_time,
            )
            results = self.fetch(*of_keys, *of_instants)
            by_instant = list(chain.from_iterable(results[len(of_keys) :]))
            clock_times.update((row.id, row) for row in chain.from_iterable(results))
            missing_keys = []
            fetched_starts.update(outside)
            # The shifts of those rows may have moved in turn: a ring is followed until it closes.
            linked = {mirror.clock_time_id for mirror in mirrors.values()}
            others = [row.id for row in by_instant if row.clock_in in moved and row.id not in linked]
            if others:
                mirrors.update(
                    (item.shift.id, item) for item in chain.from_iterable(self.fetch(*self._shifts_of_rows(others)))
                )

    def by_user(self, table: str, alias: str) -> str:
        """A table of ours, found by the users of a rowset of `who`."""
        d = self.dialect
        return f"{d.rowset({'who': 'int'})} {d.lookup} {table} {alias} ON {alias}.user_id = d.who"

    @property
    def rows_by_person(self) -> str:
        """The clock times `t`, found by the employees of a rowset of `who`."""
        d = self.dialect
        employee = d.name(self.host.clock_times.employee_id)
        return f"{d.rowset({'who': 'person'})} {d.lookup} {self.clock_times} t ON t.{employee} = d.who"

    @property
    def rows_by_clock_in(self) -> str:
        """The clock times `t`, found by their clock-in."""
        return f"{self.clock_times} t{self.dialect.by_index(self.columns.clock_in_index)}"

    @property
    def shifts_by_start(self) -> str:
        """The tracked shifts `s`, found by their start."""
        return f"{self.own.shifts} s{self.dialect.by_index(self.own.names.index('shifts', 'start'))}"

    def assigned_rows_between(self, select: str, start: int, end: int) -> Query:
        """SELECT of rows with an employee whose clock-in lies in the half-open span of instants."""
        return Query(f"{select} FROM {self.assigned_between()}", {"start": start, "end": end})

    def assigned_between(self, number: int | str = "") -> str:
        """FROM and WHERE of rows `t` with an employee whose clock-in lies in the half-open span `:start` to `:end`, or
        in that with a number behind its names.
        """
        clock_in = f"t.{self.dialect.name(self.host.clock_times.clock_in)}"
        return self._with_employee(self.rows_by_clock_in, self.dialect.between(clock_in, number))

    def _assigned_rows(self, source: str, condition: str = "1 = 1") -> str:
        """SELECT of canonical rows; rows without an employee or clock-in are ignored."""
        return f"{self.select_rows()} FROM {self._with_employee(source, condition)}"

    def _with_employee(self, source: str, condition: str) -> str:
        employee = f"t.{self.dialect.name(self.host.clock_times.employee_id)}"
        clock_in = self.canonical["clock_in"]
        # For MySQL the time 0000-00-00 is both NULL and NOT NULL; it is no instant in either case.
        return f"{source} WHERE {condition} AND {employee} IS NOT NULL AND {clock_in} IS NOT NULL"

    def rows_of(self, employee: RowId, start: int, end: int) -> tuple[ClockTime, ...]:
        """An employee's rows of any source whose clock-in lies in the span of instants, by clock-in."""
        d, names = self.dialect, self.host.clock_times
        clock_in = f"t.{d.name(names.clock_in)}"
        sql = (
            f"{self._assigned_rows(f'{self.clock_times} t', f't.{d.name(names.employee_id)} = :employee')}"
            f" AND {d.between(clock_in)} ORDER BY {clock_in}"
        )
        [fetched] = self.fetch(Query(sql, {"employee": employee, "start": start, "end": end}))
        return tuple(rows.clock_time(row) for row in fetched)

    def rows_of_all(self) -> tuple[ClockTime, ...]:
        """Every row with an employee and a clock-in, by id: for checks of small tables, not for runs."""
        sql = self._assigned_rows(f"{self.clock_times} t") + f" ORDER BY {self.canonical['id']}"
        return tuple(rows.clock_time(row) for row in self.fetch(Query(sql))[0])

    def employees(self) -> list[Employee]:
        """Every row of the host's table of people, by id."""
        return employees_of(self.fetch(self.employees_query())[0])

    def employees_query(self) -> Query:
        """The query whose rows `employees_of` takes."""
        names, name = self.host.employees, self.dialect.name
        email, phone = (
            name(column) if column in self.columns.employees else "NULL" for column in (names.email, names.phone)
        )
        key = self.dialect.keys.employee.read.format(name(names.id))
        return Query(
            f"SELECT {key}, {name(names.name)}, {email}, {name(names.connecteam_user_id)}, {phone}"
            f" FROM {self.dialect.table(names.table)} ORDER BY {name(names.id)}"
        )

    def known_users(self) -> dict[int, tuple[User, bool, RowId | None]]:
        """Every user a run has seen, by id: (user, whether listed last time, mapped employee)."""
        return users_of(self.fetch(users_query(self.own))[0])

    def locked(self, timezone: str) -> tuple[LockedDay, ...]:
        """Every local day that payroll has closed, by instant; see `locked_of`."""
        return locked_of(self.fetch(locked_days_query(self.own))[0], timezone)

    def locked_around(self, timezone: str, instants: Sequence[int]) -> tuple[LockedDay, ...]:
        """As `locked`, with the days near these instants that are closed for single people."""
        if not instants:
            return self.locked(timezone)
        query = locks_query(self.own, min(instants), max(instants) + 1)
        return locked_of(self.fetch(query)[0], timezone)

    def images(self, keys: Iterable[RowId], *, lock: bool = False) -> dict[RowId, rows.Image]:
        """Rows by id: canonical, and whole as JSON text; `lock` keeps others from writing them until the commit."""
        return images_of(self.fetch(*self.images_queries(keys, lock=lock)))

    def images_queries(self, keys: Iterable[RowId], *, lock: bool = False) -> list[Query]:
        """Queries for the rows of these ids; `images_of` takes what they return."""
        d, names = self.dialect, self.host.clock_times
        source = f"{d.rowset({'id': 'row'})} {d.lookup} {self.clock_times} t ON t.{d.name(names.id)} = d.id"
        sql = f"SELECT {self.image_columns} FROM {self._with_employee(source, '1 = 1')}{d.locking('t') if lock else ''}"
        return list(batched(sql, ({"id": key} for key in keys), {}, rows.image))

    @property
    def image_columns(self) -> str:
        """The canonical columns of `t`, and the whole row as JSON text."""
        canonical = ", ".join(f"{expression} AS {name}" for name, expression in self.canonical.items())
        return f"{canonical}, {self.dialect.image('t', self.columns.types)} AS image"


_IN_SPAN = "start_at >= :start AND start_at < :end"
_BREAK_COLUMNS = ", ".join(f"b.{column}" for column in rows.BREAK)
_HOLDS = ("id", *rows.HOLD, "acknowledged_at")


def holds_query(own: OwnTables) -> Query:
    """The standing holds."""
    return Query(f"SELECT {', '.join(_HOLDS)} FROM {own.holds} WHERE resolved_run IS NULL ORDER BY id")


def newest_receipt_query(own: OwnTables) -> Query:
    """The number of the newest slice receipt."""
    return Query(f"SELECT coalesce(max(id), 0) FROM {own.slices}")


def users_query(own: OwnTables) -> Query:
    """The query whose rows `users_of` takes."""
    return Query(f"SELECT {', '.join(rows.USER)} FROM {own.users}")


def images_of(results: Iterable[Rows]) -> dict[RowId, rows.Image]:
    """The rows of SELECTs of `image_columns`, by id: in canonical form, and whole as JSON text."""
    return dict(chain.from_iterable(results))


def employees_of(fetched: Rows) -> list[Employee]:
    """The employees of `Session.employees_query`."""
    return [
        Employee(
            id=row_id(key),
            name=name,
            email=email,
            connecteam_user_id=_user_id(user_id),
            phone=phone_marks(phone),
        )
        for key, name, email, user_id, phone in fetched
    ]


def _user_id(value: Any) -> str | None:  # noqa: ANN401 - whatever type the host's column has
    """A user id as trimmed text. A column of fractional numbers returns a whole one as 8000111.0."""
    if isinstance(value, float | Decimal) and value % 1 == 0:
        return str(int(value))
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return None if value is None else str(value).strip() or None


def users_of(fetched: Rows) -> dict[int, tuple[User, bool, RowId | None]]:
    """The users of `users_query`, by id: (user, whether listed last time, mapped employee)."""
    return {
        user_id: (
            User(id=user_id, first_name=first, last_name=last, email=email, is_archived=bool(is_archived), phone=phone),
            bool(is_listed),
            employee,
        )
        for user_id, first, last, email, is_archived, is_listed, employee, phone in fetched
    }
