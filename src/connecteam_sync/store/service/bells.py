"""Doorbells on record: what was delivered, which look follows, and what that found.

A delivery is waited for by nobody but its row: whoever claims the time clock takes all that wait for it, and they are
done only when that look is noted. Whatever is killed in between, they still wait. Only the clock of the database
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.bells import Bell, BellState, Doorbell, Found, Known, Placing, is_unknown_event, placed
from connecteam_sync.errors import ConfigurationError, NotFound
from connecteam_sync.store.service.drift import noting_new
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, fetch, send
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.own import OwnTables

LIST_ASKED_EVERY = 600
"""Seconds between two requests for the list of time clocks that a delivery of an unknown one causes."""
KEPT_DAYS, KEPT_ROWS = 14, 100_000
"""Deliveries that nothing waits for are kept so many days, and so many of them at most."""
_REMOVED_AT_ONCE = 2_000
_TAKEN_AT_ONCE = 5_000
_DAY, _LAGS = 86_400, 1_000
_NEW_EVENTS = 20
_STRANGE, BELLS_SINCE, BELLS_REMOVED = "unknown_clock_rang", "bells_since", "bells_removed"
"""Names in the table `service`."""
Transaction = Connection
"""A transaction of `Store.own_rows`, for those who only pass it on."""
_KEY: Mapping[str, Kind] = {"bell_key": "key"}
_NEW: Mapping[str, Kind] = {
    "bell_key": "key",
    "number": "int",
    "state": "key",
    "kind": "key",
    "event_type": "key",
    "time_clock_id": "int",
    "activity_id": "key",
    "user_id": "int",
    "event_at": "int",
    "starts_at": "int",
    "ends_at": "int",
    "fitted": "key",
    "wants": "int",
}
_HEARD: Mapping[str, Kind] = {"bell_key": "key", "found": "key", "run": "int", "wants": "int"}
_SHOWN = (
    "number, bell_key, state, kind, event_type, time_clock_id, activity_id, user_id, event_at, starts_at, ends_at,"
    " received_at, deliveries, fitted, look_at, looks, heard_at, run_id, found"
)
_BREAK = (
    "start_at",
    "end_at",
    "user_id",
    "break_type_id",
    "time_clock_id",
    "upstream_modified_at",
    "is_auto_clock_out",
    "is_gone",
)
_WAITS = "look_at IS NOT NULL AND state IN ('waiting', 'joined')"


RememberedBreak = tuple[Any, ...]
"""All that is remembered of a break, when it began first."""


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """What a look means for one delivery: what it `found`, in which run, and in how many seconds another look follows
    (None: none does).
    """

    bell: Doorbell
    found: Found
    run: int | None
    wants: int | None


class Bells:
    """The rows of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given (`Store.own_rows`), with a constant number of statements.
    """

    def __init__(self, dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> None:
        self._dialect, self._own, self._table = dialect, own, own.doorbells
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    # -- they come -----------------------------------------------------------------------------------------------------

    def record(self, connection: Connection, bells: Sequence[Bell], *, settle_seconds: int) -> Placing:
        """Store a batch of deliveries, each of which wants a look in `settle_seconds`; what became of them.

        Where another process stores the same one at the same moment the database refuses (RecordRefused): try again.
        """
        number, known = self._known(connection, bells)
        found = placed(bells, known)
        if found.new:
            values = {column: f"d.{column}" for column in _NEW if column != "wants"}
            insert = self._dialect.insert(
                self._table,
                self._dialect.rowset(_NEW),
                values
                | {
                    "received_at": self._now,
                    "deliveries": "1",
                    "looks": "0",
                    "look_at": f"CASE WHEN d.wants IS NOT NULL THEN {self._now} + d.wants END",
                },
            )
            rows = [_row(bell, state, number + n, settle_seconds) for n, (bell, state) in enumerate(found.new, 1)]
            self._each(connection, insert, rows)
            if number == 0:
                self._note(connection, BELLS_SINCE, every=None)
        if found.again:  # after the new ones: the same delivery may come twice in one batch
            again = [{"bell_key": key, "times": times} for key, times in found.again.items()]
            update = self._dialect.update(
                self._table,
                self._dialect.rowset({**_KEY, "times": "int"}),
                {"deliveries": "t.deliveries + d.times"},
                "t.bell_key = d.bell_key",
            )
            self._each(connection, update, again)
        if found.strange:
            self._note(connection, _STRANGE, every=LIST_ASKED_EVERY)
        if events := {f"webhook: {bell.event}" for bell, _ in found.new if is_unknown_event(bell.event)}:
            send(connection, noting_new(self._dialect, self._own.service, self._now, sorted(events)[:_NEW_EVENTS]))
        return found

    def _known(self, connection: Connection, bells: Sequence[Bell]) -> tuple[int, Known]:
        join = f"{self._dialect.rowset(_KEY)} {self._dialect.lookup} {self._table} t ON t.bell_key = d.bell_key"
        keys = self._each(connection, f"SELECT t.bell_key FROM {join}", [{"bell_key": bell.key} for bell in bells])
        waiting = run(
            connection, f"SELECT DISTINCT time_clock_id FROM {self._table} WHERE {_WAITS} AND look_token IS NULL"
        )
        visited = run(connection, f"SELECT time_clock_id FROM {self._own.clocks}")
        account = run(connection, f"SELECT time_clocks FROM {self._own.account} ORDER BY id DESC LIMIT 1").scalar()
        number = run(connection, f"SELECT coalesce(max(number), 0) FROM {self._table}").scalar_one()
        return int(number), Known(
            keys=frozenset(keys.scalars()),
            waiting=frozenset(waiting.scalars()),
            visited=frozenset(visited.scalars()),
            account=frozenset(msgspec.json.decode(account or "[]", type=list[int])),
        )

    def _note(self, connection: Connection, name: str, *, every: int | None) -> None:
        """Note the time under a name, if none is noted yet; or also if that is more than `every` seconds ago."""
        table = self._own.service
        if run(connection, f"SELECT 1 FROM {table} WHERE name = :name", {"name": name}).first() is None:
            run(
                connection,
                f"INSERT INTO {table} (name, value, at) VALUES (:name, '{{}}', {self._now})"
                f" {self._dialect.unless_there('name')}",
                {"name": name},
            )
        elif every is not None:
            run(
                connection,
                f"UPDATE {table} SET at = {self._now} WHERE name = :name AND at < {self._now} - {every}",
                {"name": name},
            )

    # -- they are heard ------------------------------------------------------------------------------------------------

    def next_in(self, connection: Connection, spacing: int) -> tuple[float | None, int]:
        """In how many seconds the next time clock is due, None if none is active; and when an unknown one rang last.

        A delivery makes its time clock due, but not sooner than `spacing` seconds after its last look. A time clock
        that is looked at is due when its lease ends: of whoever was killed nobody renews it.
        """
        clocks = self._own.clocks
        rung = (
            f"SELECT min(b.look_at) FROM {self._table} b WHERE b.look_at IS NOT NULL"
            " AND (b.time_clock_id = c.time_clock_id OR b.time_clock_id IS NULL)"
        )
        soonest = (
            f"SELECT c.next_due, c.failures, coalesce(c.last_look, 0) AS looked, ({rung}) AS rung,"
            f" CASE WHEN c.lease_token IS NOT NULL THEN c.lease_until END AS held FROM {clocks} c"
            " WHERE c.state = 'active'"
        )
        now = f"SELECT {self._now}, (SELECT at FROM {self._own.service} WHERE name = '{_STRANGE}')"
        at, strange = run(connection, now).one()
        found = [
            held
            if held is not None
            else min(due, *([max(rings, looked + spacing)] if rings is not None and not failures else [due]))
            for due, failures, looked, rings, held in run(connection, soonest)
        ]
        return (max(0.0, float(min(found)) - float(at)) if found else None), int(strange or 0)

    def ringing(self, clock: str, spacing: int) -> str:
        """The condition under which a delivery makes a row of `clocks` due; `clock` is that table in the statement."""
        return (
            f"({clock}.failures = 0 AND coalesce({clock}.last_look, 0) <= {self._now} - {int(spacing)}"
            f" AND EXISTS (SELECT 1 FROM {self._table} b WHERE b.look_at <= {self._now}"
            f" AND (b.time_clock_id = {clock}.time_clock_id OR b.time_clock_id IS NULL)))"
        )

    def take(self, connection: Connection, clock: int, token: str) -> tuple[Doorbell, ...]:
        """The deliveries that the look under this lease answers, once one of them is due: all that wait, and those to
        be looked at once more. An ordinary visit that comes before leaves them to the look that they wait for.
        """
        of = "(time_clock_id = :clock OR time_clock_id IS NULL)"
        which = f"look_at IS NOT NULL AND (state IN ('waiting', 'joined') OR look_at <= {self._now}) AND {of}"
        rows = run(
            connection,
            f"SELECT {_SHOWN} FROM {self._table} WHERE {which} AND EXISTS (SELECT 1 FROM {self._table} WHERE"
            f" look_at <= {self._now} AND {of}) ORDER BY number LIMIT {_TAKEN_AT_ONCE}",
            {"clock": clock},
        ).all()
        if rows:
            run(
                connection,
                f"UPDATE {self._table} SET look_token = :token WHERE {which} AND number <= :last",
                {"clock": clock, "token": token, "last": rows[-1][0]},
            )
        return tuple(map(_doorbell, rows))

    def heard(self, connection: Connection, hearings: Iterable[Hearing]) -> None:
        """Note what a look found for the deliveries that it answered."""
        rows = [{"bell_key": one.bell.key, "found": one.found, "run": one.run, "wants": one.wants} for one in hearings]
        update = self._dialect.update(
            self._table,
            self._dialect.rowset(_HEARD),
            {
                "state": "'heard'",
                "look_token": "NULL",
                "heard_at": f"coalesce(t.heard_at, {self._now})",
                "run_id": "CASE WHEN t.found IS NULL OR d.found <> 'nothing' THEN d.run ELSE t.run_id END",
                "look_at": f"CASE WHEN d.wants IS NOT NULL THEN {self._now} + d.wants END",
                "looks": "t.looks + 1",
                "found": "CASE WHEN t.found IS NULL OR d.found <> 'nothing' THEN d.found ELSE t.found END",
            },
            "t.bell_key = d.bell_key",
        )
        if rows:
            self._each(connection, update, rows)

    def let_go(self, connection: Connection, token: str) -> None:
        """The look under this lease did not come about: what it was to answer waits for another one."""
        run(connection, f"UPDATE {self._table} SET look_token = NULL WHERE look_token = :token", {"token": token})

    def ignore_unvisited(self, connection: Connection) -> None:
        """No delivery waits for a time clock that is not visited."""
        run(
            connection,
            f"UPDATE {self._table} SET state = 'ignored', look_at = NULL, look_token = NULL WHERE look_at IS NOT NULL"
            " AND time_clock_id IS NOT NULL AND time_clock_id NOT IN"
            f" (SELECT time_clock_id FROM {self._own.clocks})",
        )

    def starts_of(self, connection: Connection, activities: Iterable[str]) -> dict[str, int]:
        """When the shifts of these ids began, as far as they are remembered: epoch seconds."""
        found = self._remembered(connection, self._own.shifts, "start_at", activities)
        return {key: int(at) for key, at in found}

    def breaks_of(self, connection: Connection, activities: Iterable[str]) -> dict[str, RememberedBreak]:
        """The breaks of these ids, as they are remembered at this moment."""
        found = self._remembered(connection, self._own.breaks, ", t.".join(_BREAK), activities)
        return {key: tuple(values) for key, *values in found}

    def _remembered(
        self, connection: Connection, table: str, columns: str, activities: Iterable[str]
    ) -> Sequence[Sequence[Any]]:
        rows = [{"bell_key": one} for one in activities]
        if not rows:
            return ()
        join = f"{self._dialect.rowset(_KEY)} {self._dialect.lookup} {table} t ON t.id = d.bell_key"
        found: Sequence[Sequence[Any]] = self._each(connection, f"SELECT t.id, t.{columns} FROM {join}", rows).all()
        return found

    # -- they are shown ------------------------------------------------------------------------------------------------

    def listed(
        self, connection: Connection, *, state: BellState | None, clock: int | None, after: str | None, limit: int
    ) -> tuple[Doorbell, ...]:
        """Deliveries, newest first: those received before the one with the key `after`. Raises NotFound for it."""
        parts, values = ["1 = 1"], dict[str, object]()
        if after is not None:
            parts.append("number < :number")
            values["number"] = self.of(connection, after).number
        if state is not None:
            parts.append("state = :state")
            values["state"] = state
        if clock is not None:
            parts.append("time_clock_id = :clock")
            values["clock"] = clock
        which = " AND ".join(parts)
        query = f"SELECT {_SHOWN} FROM {self._table} WHERE {which} ORDER BY number DESC, bell_key LIMIT {int(limit)}"
        return tuple(map(_doorbell, run(connection, query, values)))

    def of(self, connection: Connection, key: str) -> Doorbell:
        """A delivery by its key. Raises NotFound."""
        row = run(connection, f"SELECT {_SHOWN} FROM {self._table} WHERE bell_key = :key", {"key": key}).first()
        if row is None:
            raise NotFound("there is no doorbell of this key", next_step="connecteam-sync doorbells lists them")
        return _doorbell(row)

    def replay(self, connection: Connection, key: str) -> Doorbell:
        """Let a delivery ring again, now. Raises NotFound, and ConfigurationError if it names no visited time clock."""
        bell = self.of(connection, key)
        visited = {int(clock) for clock in run(connection, f"SELECT time_clock_id FROM {self._own.clocks}").scalars()}
        if bell.time_clock_id not in visited and (bell.is_of_a_shift or bell.state == "unreadable"):
            raise ConfigurationError(
                f"this doorbell is {bell.state}: it is of no time clock that is visited",
                next_step="connecteam-sync sync looks at all of them",
            )
        run(
            connection,
            f"UPDATE {self._table} SET state = 'waiting', look_at = {self._now}, look_token = NULL, looks = 0,"
            " heard_at = NULL, run_id = NULL, found = NULL WHERE bell_key = :key",
            {"key": key},
        )
        return self.of(connection, key)

    def counts(self, connection: Connection) -> dict[str, int]:
        """How many deliveries there were by state, those that were removed since included."""
        value = run(connection, f"SELECT value FROM {self._own.service} WHERE name = '{BELLS_REMOVED}'").scalar()
        return counts_of(value, run(connection, f"SELECT state, count(*) FROM {self._table} GROUP BY state"))

    def lags_sql(self) -> str:
        """SELECT of the seconds from a delivery to the end of its look (`seconds`), of those received within a day, the
        newest thousand.
        """
        return (
            f"SELECT heard_at - received_at AS seconds FROM {self._table} WHERE heard_at IS NOT NULL"
            f" AND received_at > {self._now} - {_DAY} ORDER BY number DESC LIMIT {_LAGS}"
        )

    def repeats(self, connection: Connection) -> tuple[int, int]:
        """How many of the newest deliveries were counted, a thousand at most, and how often those came again."""
        newest = f"SELECT deliveries FROM {self._table} ORDER BY number DESC LIMIT {_LAGS}"
        counted, came = run(connection, f"SELECT COUNT(*), COALESCE(SUM(deliveries), 0) FROM ({newest}) n").one()
        return int(counted), int(came) - int(counted)

    def since(self, connection: Connection) -> int | None:
        """Since when deliveries are to be expected: the first one, or a registration; None if never."""
        [found] = fetch(connection, [self.since_query()])
        return found[0] if found else None

    def since_query(self) -> Query:
        """The query for what `since` returns: a row with it, or none."""
        sql = f"SELECT at FROM {self._own.service} WHERE name = '{BELLS_SINCE}'"
        return Query(sql, make=lambda row: int(row[0]))

    def expect(self, connection: Connection) -> None:
        """From now on deliveries are to be expected, if they are not already."""
        self._note(connection, BELLS_SINCE, every=None)

    # -- they go -------------------------------------------------------------------------------------------------------

    def remove_old(self, connection: Connection) -> int:
        """Remove some that are old or too many, and that nothing waits for; how many. Their number stays counted."""
        oldest = (
            f"SELECT bell_key, state, received_at, number FROM {self._table} WHERE look_at IS NULL"
            f" ORDER BY number LIMIT {_REMOVED_AT_ONCE}"
        )
        old = (
            f"SELECT bell_key, state FROM ({oldest}) o WHERE received_at < {self._now} - {KEPT_DAYS * 86_400}"
            f" OR number <= (SELECT max(number) FROM {self._table}) - {KEPT_ROWS}"
        )
        rows = run(connection, old).all()
        if not rows:
            return 0
        value = run(
            connection, f"SELECT value FROM {self._own.service} WHERE name = '{BELLS_REMOVED}'{self._dialect.locking()}"
        ).scalar()
        counts = msgspec.json.decode(value or "{}", type=dict[str, int])
        for _, state in rows:
            counts[str(state)] = counts.get(str(state), 0) + 1
        if value is None:
            self._note(connection, BELLS_REMOVED, every=None)
        run(
            connection,
            f"UPDATE {self._own.service} SET value = :value, at = {self._now} WHERE name = '{BELLS_REMOVED}'",
            {"value": msgspec.json.encode(counts).decode()},
        )
        delete = self._dialect.delete(self._table, self._dialect.rowset({"id": "key"}), "bell_key", "1 = 1")
        self._each(connection, delete, [{"id": key} for key, _ in rows])
        return len(rows)

    @staticmethod
    def _each(connection: Connection, sql: str, rows: Sequence[Mapping[str, object]]) -> Any:  # noqa: ANN401 - a result whose rows are of any width
        return run(connection, sql, {"rows": msgspec.json.encode(rows).decode()})


def _row(bell: Bell, state: BellState, number: int, settle_seconds: int) -> dict[str, object]:
    return {
        "bell_key": bell.key,
        "number": number,
        "state": state,
        "kind": bell.kind,
        "event_type": bell.event,
        "time_clock_id": bell.time_clock_id,
        "activity_id": bell.activity_id,
        "user_id": bell.user_id,
        "event_at": bell.event_at,
        "starts_at": bell.starts_at,
        "ends_at": bell.ends_at,
        "fitted": bell.fitted,
        "wants": settle_seconds if state in {"waiting", "joined"} else None,
    }


def _doorbell(row: Sequence[Any]) -> Doorbell:
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Doorbell)


_FIELDS = Doorbell.__struct_fields__


def counts_of(removed: str | None, states: Iterable[tuple[str, int]]) -> dict[str, int]:
    """How many deliveries there were by state: those that are there, and those that were removed, as JSON."""
    found = msgspec.json.decode(removed or "{}", type=dict[str, int])
    for state, number in states:
        found[str(state)] = found.get(str(state), 0) + int(number)
    return found


def lags_of(seconds: Iterable[float]) -> tuple[float, float] | None:
    """The median and the 95th of a hundred of the seconds that looks took to end; None without any."""
    found = sorted(float(one) for one in seconds)
    return (found[len(found) // 2], found[len(found) * 95 // 100]) if found else None
