"""One transaction: the host's columns, and reading what a plan needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import Connection

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, Employee, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.people import mapped, phone_marks
from connecteam_sync.core.shift import Break, Snapshot, User
from connecteam_sync.core.window import LockedDay, Window, locked_day
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import Statements, batched
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.columns import HostColumns
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.schema import tables_of


class Session(Statements):
    """A transaction. `users` and `holds` are what `stored` read, `opening` what was asked with the lock.

    `own` are our tables' names for SQL, `tables` the same tables for SQLAlchemy.
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
        self.canonical = rows.canonical(dialect, names, self.flag, columns.types)
        self.canonical["employee_id"] = rows.as_people_spell(dialect, host, self.canonical["employee_id"])
        self.users: dict[int, tuple[User, bool, RowId | None]] = {}
        self.holds: list[Mapping[str, Any]] = []
        self.opening: list[Rows] = []
        self.probed: str | None = None
        """The stamp of the table as it was probed in this transaction."""

    @property
    def is_ours(self) -> str:
        """That a row `t` is one we may write: part of every statement that alters or deletes one (rule 3)."""
        return f"{self.canonical['source']} = '{CONNECTEAM}'"

    def select_rows(self) -> str:
        """SELECT of the canonical columns of `t`."""
        return "SELECT " + ", ".join(f"{expression} AS {name}" for name, expression in self.canonical.items())

    def newer_query(self, time_clock_id: int, window: Window, head: int, run: int | None) -> Query:
        """Of the receipts since `head` of looks that other runs than `run` applied: how many are of this clock and an
        overlapping window, and the newest (0 where there is none). And the newest entry of whose data this is.

        What was refused, failed or only proved wrote nothing, so that nothing of it can be overwritten.
        """
        return Query(
            "SELECT coalesce(sum(CASE WHEN time_clock_id = :clock"
            " AND first_day <= :last AND last_day >= :first THEN 1 ELSE 0 END), 0), coalesce(max(id), 0),"
            f" (SELECT coalesce(max(id), 0) FROM {self.own.account})"
            f" FROM {self.own.slices} WHERE id > :head AND run_id <> :run AND status IN ('applied', 'nothing')",
            {
                "head": head,
                "run": run or 0,
                "clock": time_clock_id,
                "first": window.first.isoformat(),
                "last": window.last.isoformat(),
            },
        )

    def stored_queries(self, window: Window, snapshot: Snapshot) -> list[Query]:
        """What `stored` reads first."""
        padded = window.padded()
        mirror = rows.tracked_columns({shift.id: shift for shift in snapshot.shifts})
        span = {"start": padded.start_utc, "end": padded.end_utc}
        clock_in = self.dialect.name(self.host.clock_times.clock_in)
        return [
            Query(f"SELECT {rows.mirror_columns('s')} FROM {self.shifts_by_start} WHERE {_IN_SPAN}", span, mirror),
            Query(
                self._assigned_rows(self.rows_by_clock_in, self.dialect.between(f"t.{clock_in}")),
                span,
                rows.clock_time,
            ),
            Query(
                f"SELECT {_BREAK_COLUMNS} FROM {self.own.breaks} b"
                f" WHERE b.is_gone = 0 AND b.time_clock_id = :clock AND b.{_IN_SPAN}",
                {**span, "clock": snapshot.time_clock_id},
                rows.pause,
            ),
            self.employees_query(),
            users_query(self.own),
            locked_days_query(self.own),
            holds_query(self.own),
        ]

    def stored(
        self,
        window: Window,
        snapshot: Snapshot,
        found: list[Rows] | None = None,
        seen: Mapping[str, int] | None = None,
    ) -> StoredState:
        """Everything of the database that matters to this look, in one round trip, or three where something moved.

        Shifts and rows of the padded days come by their own time; what only an id or a link leads to is looked up
        afterwards, where there is any. `found` are the answers to `stored_queries`, where they were asked before;
        `seen` are starts of shifts as other looks of a proposal have seen them: they are not stored.
        """
        asked = self.fetch(*self.stored_queries(window, snapshot)) if found is None else found
        padded = window.padded()
        span = {"start": padded.start_utc, "end": padded.end_utc}
        mirrors, clock_times, breaks, employees, users, locked, holds = asked
        by_id = {item.shift.id: item for item in mirrors}
        by_key = {row.id: row for row in clock_times}
        pauses = {item.id: item for item in breaks}
        self._follow(snapshot, by_id, by_key, pauses)
        self._follow_rows(snapshot, span, by_id, by_key, seen or {})
        people = employees_of(employees)
        self.users = users_of(users)
        self.holds = [dict(zip(_HOLDS, row, strict=True)) for row in holds]
        who = mapped(people, {user: employee for user, (_, _, employee) in self.users.items()})
        return StoredState(
            lacks=self.columns.lacks(self.host.clock_times),
            rows=tuple(by_key.values()),
            mirrors=tuple(by_id.values()),
            breaks=tuple(pauses.values()),
            employees=who.employees,
            ambiguous=who.ambiguous,
            users_of=who.users_of,
            names={e.id: e.name for e in people if e.name},
            people=tuple(people),
            users={user_id: user for user_id, (user, _, _) in self.users.items()},
            known_users=frozenset(u.id for u, is_listed, _ in self.users.values() if is_listed and not u.is_archived),
            locked=locked_of(locked, window.timezone),
        )

    def _follow(
        self,
        snapshot: Snapshot,
        mirrors: dict[str, TrackedShift],
        found: dict[RowId | None, ClockTime],
        pauses: dict[str, Break],
    ) -> None:
        """Add the shifts that ids and links lead to, outside the span of instants."""
        d = self.dialect
        linked = {mirror.clock_time_id for mirror in mirrors.values()}
        odd = (record.activity_id for record in snapshot.invalid_records if record.kind == "shift")
        wanted = dict.fromkeys([*(shift.id for shift in snapshot.shifts), *filter(None, odd)])
        ids = [{"id": key} for key in wanted if key not in mirrors]
        unlinked = [key for key in found if key not in linked]
        missing = [{"id": item.id} for item in snapshot.breaks if item.id not in pauses]
        columns = rows.mirror_columns("s")
        if ids or unlinked or missing:
            by_id = f"SELECT {columns} FROM {d.rowset({'id': 'key'})} {d.lookup} {self.own.shifts} s ON s.id = d.id"
            breaks = (
                f"SELECT {_BREAK_COLUMNS} FROM {d.rowset({'id': 'key'})} {d.lookup} {self.own.breaks} b"
                " ON b.id = d.id WHERE b.is_gone = 0"
            )
            shifts = [*self.all_of(by_id, ids, rows.mirror), *self._shifts_of_rows(unlinked)]
            found_now = self.fetch(*shifts, *self.all_of(breaks, missing, rows.pause))
            mirrors.update((item.shift.id, item) for some in found_now[: len(shifts)] for item in some)
            pauses.update((item.id, item) for some in found_now[len(shifts) :] for item in some)

    def _shifts_of_rows(self, keys: Iterable[RowId | None]) -> list[Query]:
        """What is remembered of the shifts of these rows."""
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
        found: dict[RowId | None, ClockTime],
        seen: Mapping[str, int],
    ) -> None:
        """Add the rows that shifts lead to, and what stands in their way; `seen` are starts that are not stored yet."""
        d, names = self.dialect, self.host.clock_times
        rows_of = {key for m in mirrors.values() for key in (m.clock_time_id, m.former_clock_time_id)} - {None}
        away = sorted((key for key in rows_of if key is not None and key not in found), key=ordered)
        key, clock_in = d.name(names.id), d.name(names.clock_in)
        looked: set[int] = set()
        while True:
            # Where shifts are by now that have a row here: others may stand there.
            moved = {seen.get(m.shift.id, m.shift.start) for m in mirrors.values() if m.clock_time_id in found}
            starts = moved.union(shift.start for shift in snapshot.shifts) - looked
            outside = sorted(start for start in starts if not span["start"] <= start < span["end"])
            if not away and not outside:
                return
            of_keys = self.all_of(
                self._assigned_rows(f"{d.rowset({'id': 'row'})} {d.lookup} {self.clock_times} t ON t.{key} = d.id"),
                ({"id": item} for item in away),
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
            answers = self.fetch(*of_keys, *of_instants)
            by_instant = list(chain.from_iterable(answers[len(of_keys) :]))
            found.update((row.id, row) for row in chain.from_iterable(answers))
            away = []
            looked.update(outside)
            # Those who stand there may be elsewhere in turn: a ring is followed until it closes.
            linked = {mirror.clock_time_id for mirror in mirrors.values()}
            others = [row.id for row in by_instant if row.clock_in in moved and row.id not in linked]
            if others:
                mirrors.update(
                    (item.shift.id, item) for item in chain.from_iterable(self.fetch(*self._shifts_of_rows(others)))
                )

    @property
    def rows_by_clock_in(self) -> str:
        """The clock times `t`, found by their clock-in."""
        return f"{self.clock_times} t{self.dialect.by_index(self.columns.clock_in_index)}"

    @property
    def shifts_by_start(self) -> str:
        """The remembered shifts `s`, found by their start."""
        return f"{self.own.shifts} s{self.dialect.by_index(self.own.names.index('shifts', 'start'))}"

    def assigned_rows_between(self, select: str, start: int, end: int) -> Query:
        """SELECT of somebody's rows whose clock-in lies in the half-open span of instants."""
        clock_in = f"t.{self.dialect.name(self.host.clock_times.clock_in)}"
        sql = self._assigned(select, self.rows_by_clock_in, self.dialect.between(clock_in))
        return Query(sql, {"start": start, "end": end})

    def _assigned_rows(self, source: str, condition: str = "1 = 1") -> str:
        """SELECT of canonical rows; a row of nobody, or of no time, is nobody's business."""
        return self._assigned(self.select_rows(), source, condition)

    def _assigned(self, select: str, source: str, condition: str) -> str:
        employee = f"t.{self.dialect.name(self.host.clock_times.employee_id)}"
        clock_in = self.canonical["clock_in"]
        # MySQL says of the time 0000-00-00 both that it is NULL and that it is not; no instant it is in any case.
        return f"{select} FROM {source} WHERE {condition} AND {employee} IS NOT NULL AND {clock_in} IS NOT NULL"

    def rows_of(self, employee: RowId, start: int, end: int) -> tuple[ClockTime, ...]:
        """An employee's rows of any source whose clock-in lies in the span of instants, by clock-in."""
        d, names = self.dialect, self.host.clock_times
        clock_in = f"t.{d.name(names.clock_in)}"
        sql = (
            f"{self._assigned_rows(f'{self.clock_times} t', f't.{d.name(names.employee_id)} = :employee')}"
            f" AND {d.between(clock_in)} ORDER BY {clock_in}"
        )
        [found] = self.fetch(Query(sql, {"employee": employee, "start": start, "end": end}))
        return tuple(rows.clock_time(row) for row in found)

    def rows_of_all(self) -> tuple[ClockTime, ...]:
        """Every row of somebody at some time, by id: for proofs on small tables, not for runs."""
        sql = self._assigned_rows(f"{self.clock_times} t") + f" ORDER BY {self.canonical['id']}"
        return tuple(rows.clock_time(row) for row in self.fetch(Query(sql))[0])

    def employees(self) -> list[Employee]:
        """Every row of the host's table of people, by id."""
        return employees_of(self.fetch(self.employees_query())[0])

    def employees_query(self) -> Query:
        """What `employees_of` reads."""
        names, name = self.host.employees, self.dialect.name
        email, phone = (name(one) if one in self.columns.employees else "NULL" for one in (names.email, names.phone))
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

    def images(self, keys: Iterable[RowId], *, lock: bool = False) -> dict[RowId, rows.Image]:
        """Rows by id: canonical, and whole as JSON text; `lock` keeps others from writing them until the end."""
        return images_of(self.fetch(*self.images_queries(keys, lock=lock)))

    def images_queries(self, keys: Iterable[RowId], *, lock: bool = False) -> list[Query]:
        """What reads the rows of these ids for `images_of`."""
        d, names = self.dialect, self.host.clock_times
        source = f"{d.rowset({'id': 'row'})} {d.lookup} {self.clock_times} t ON t.{d.name(names.id)} = d.id"
        sql = self._assigned(f"SELECT {self.image_columns}", source, "1 = 1") + (d.locking("t") if lock else "")
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
    """What `users_of` reads."""
    return Query(f"SELECT {', '.join(rows.USER)} FROM {own.users}")


def locked_days_query(own: OwnTables) -> Query:
    """What `locked_of` reads."""
    return Query(f"SELECT day, timezone FROM {own.locked_days} ORDER BY day, timezone")


def images_of(found: Iterable[Rows]) -> dict[RowId, rows.Image]:
    """What SELECTs of `image_columns` found, by id: the row in canonical form, and whole as JSON text."""
    return dict(chain.from_iterable(found))


def employees_of(found: Rows) -> list[Employee]:
    """The people of `Session.employees_query`."""
    return [
        Employee(
            id=row_id(key),
            name=name,
            email=email,
            connecteam_user_id=_user_id(user_id),
            phone=phone_marks(phone),
        )
        for key, name, email, user_id, phone in found
    ]


def _user_id(said: Any) -> str | None:  # noqa: ANN401 - whatever type the host's column has
    """A user id as trimmed text. A column of fractional numbers says 8000111.0 of a whole one."""
    if isinstance(said, float | Decimal) and said % 1 == 0:
        return str(int(said))
    if isinstance(said, bytes):
        said = said.decode(errors="replace")
    return None if said is None else str(said).strip() or None


def users_of(found: Rows) -> dict[int, tuple[User, bool, RowId | None]]:
    """The users of `users_query`, by id: (user, whether listed last time, mapped employee)."""
    return {
        user_id: (
            User(id=user_id, first_name=first, last_name=last, email=email, is_archived=bool(is_archived), phone=phone),
            bool(is_listed),
            employee,
        )
        for user_id, first, last, email, is_archived, is_listed, employee, phone in found
    }


def past_queries(dialect: Dialect, host: HostTables, own: OwnTables, last: Window) -> list[Query]:
    """What a default run wants to know of older days than those of `last`: open rows of ours with the time clock of
    each; the time clocks of shifts remembered in these days; and of the newest receipts, when which older days were
    looked at with which time clock.
    """
    names, d = host.clock_times, dialect
    began = rows.instants(d, names)["clock_in"]
    return [
        Query(
            f"SELECT {began}, s.time_clock_id FROM {d.table(names.table)} t"
            f" JOIN {own.shifts} s ON s.clock_time_id = {d.keys.row.cast.format(f't.{d.name(names.id)}')}"
            f" WHERE t.{d.name(names.clock_out)} IS NULL AND {began} IS NOT NULL"
            f" AND t.{d.name(names.source)} = :ours",
            {"ours": CONNECTEAM},
            again=lambda: past_queries(dialect, host, own, last)[0],
        ),
        remembered_clocks_query(own, last),
        Query(
            "SELECT p.time_clock_id, p.first_day, p.last_day, max(p.id), max(r.started_at)"
            f" FROM {own.slices} p JOIN {own.runs} r ON r.id = p.run_id"
            f" WHERE p.id > (SELECT coalesce(max(id), 0) FROM {own.slices}) - :newest AND p.last_day < :first"
            " AND p.time_clock_id IS NOT NULL AND p.status IN ('applied', 'nothing')"
            " GROUP BY p.time_clock_id, p.first_day, p.last_day",
            {"newest": _NEWEST_RECEIPTS, "first": last.first.isoformat()},
        ),
    ]


def remembered_clocks_query(own: OwnTables, window: Window) -> Query:
    """The time clocks of shifts that are remembered, and were there, in a window."""
    return Query(
        f"SELECT time_clock_id FROM {own.shifts} WHERE {_IN_SPAN} AND is_gone = 0 GROUP BY time_clock_id",
        {"start": window.start_utc, "end": window.end_utc},
    )


_NEWEST_RECEIPTS = 5_000
"""More receipts than a day of runs every five minutes makes."""


def locked_of(found: Rows, timezone: str) -> tuple[LockedDay, ...]:
    """The closed days of `locked_days_query`. One from before zones were kept, and before any run, has `timezone`.

    Raises ConfigurationError where this machine does not know the zone of one: nobody could tell what is closed.
    """
    try:
        days = (locked_day(date.fromisoformat(day), zone or timezone) for day, zone in found)
        return tuple(sorted(days, key=lambda closed: closed.start))
    except ZoneInfoNotFoundError as error:
        raise ConfigurationError(
            f"a day is locked in a time zone that this machine does not know: {error}",
            next_step="install the time zones of this system anew (package tzdata)",
        ) from error
