"""When each time clock is looked at next, and who is looking: rows that are claimed for a while.

Only the clock of the database counts. A claim is one short transaction, and what was claimed is finished under its
token alone: a lease that ran out is lost. Two that look at one time clock at once do no harm, since the lock of the one
writer is another.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.cadence import SET_BACK, CadenceReason, ClockMode, ClockSchedule
from connecteam_sync.core.window import Window
from connecteam_sync.errors import NotFound
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables


class LookError(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last look did not come about, as the error said it."""

    name: str
    message: str
    next_step: str = ""


class DueClock(msgspec.Struct, frozen=True, kw_only=True):
    """A time clock as the service keeps it; instants are epoch seconds.

    `failures` and `successes` are looks in a row, one of the two is 0. `days_wanted` are (first, last) local days that
    the next visit looks at besides the usual ones.
    """

    time_clock_id: int
    name: str
    state: ClockMode
    cadence: int
    next_due: int
    days_wanted: tuple[tuple[date, date], ...]
    lease_token: str | None
    lease_until: int
    last_look: int | None
    last_good: int | None
    last_change: int | None
    failures: int
    successes: int
    last_error: LookError | None
    paused_at: int | None
    paused_by: str | None
    paused_reason: str | None
    cadence_why: CadenceReason | None = None

    @property
    def schedule(self) -> ClockSchedule:
        """The same for people and programs, without token and wishes."""
        return ClockSchedule(
            time_clock_id=self.time_clock_id,
            name=self.name,
            state=self.state,
            next_due=self.next_due,
            cadence=self.cadence,
            why=self.cadence_why,
            last_look=self.last_look,
            last_good=self.last_good,
            last_change=self.last_change,
            failures=self.failures,
            successes=self.successes,
            error=self.last_error.message if self.last_error is not None and self.failures else None,
            paused_at=self.paused_at,
            paused_by=self.paused_by,
            paused_reason=self.paused_reason,
            held_until=self.lease_until if self.lease_token is not None else None,
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a visit went, for `Due.finish`. `waits` are the seconds until the next (None: as it was), `error` what went
    wrong.
    """

    waits: int | None
    cadence: int
    why: CadenceReason | None = None
    changed: bool = False
    error: LookError | None = None
    refuses: bool = False
    """Whether no look is tried any more, until a person resumes it or the service starts again."""


_COLUMNS = ", ".join(DueClock.__struct_fields__)


class Due:
    """The rows of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given (`Store.own_rows`).
    """

    def __init__(self, dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> None:
        self._dialect, self._table = dialect, own.clocks
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    def all(self, connection: Connection) -> tuple[DueClock, ...]:
        """Every time clock, by id."""
        found = run(connection, f"SELECT {_COLUMNS} FROM {self._table} ORDER BY time_clock_id").mappings()
        return tuple(map(_due_clock, found))

    def active(self, connection: Connection) -> int:
        """How many time clocks are visited."""
        return int(run(connection, f"SELECT count(*) FROM {self._table} WHERE state = 'active'").scalar_one())

    def enrol(self, connection: Connection, clocks: Mapping[int, str], *, cadence: int) -> None:
        """These time clocks (names by id) and no others are visited; who is new is due at once."""
        known = {clock.time_clock_id: clock for clock in self.all(connection)}
        for clock, name in clocks.items():
            if clock not in known:
                run(
                    connection,
                    f"INSERT INTO {self._table} (time_clock_id, name, state, cadence, next_due, days_wanted,"
                    f" lease_until, failures, successes) VALUES (:clock, :name, 'active', :cadence, {self._now}, '[]',"
                    f" 0, 0, 0) {self._dialect.unless_there('time_clock_id')}",
                    {"clock": clock, "name": name[:191], "cadence": cadence},
                )
            elif name and known[clock].name != name[:191]:
                self._set(connection, clock, "name = :name", {"name": name[:191]})
        for clock in known.keys() - clocks.keys():
            run(connection, f"DELETE FROM {self._table} WHERE time_clock_id = :clock", {"clock": clock})

    def restart(self, connection: Connection) -> None:
        """The service starts: what was refused is tried again."""
        run(
            connection,
            f"UPDATE {self._table} SET state = 'active', next_due = {self._now} WHERE state = 'refused'",
        )

    def refuse(self, connection: Connection, error: LookError) -> bool:
        """No visit of any time clock is begun until the service starts again or they are resumed; whether any was."""
        done = run(
            connection,
            f"UPDATE {self._table} SET state = 'refused', last_error = :error WHERE state = 'active'",
            {"error": msgspec.json.encode(error).decode()},
        )
        return bool(done.rowcount)

    def claim(self, connection: Connection, *, seconds: int, also: str = "1 = 0") -> DueClock | None:
        """The time clock that has been due longest and that nobody is looking at, for so many seconds; None.

        One whose lease ran out is due: whoever had it did not come back. So is one that was looked at in the future,
        since the database's clock was set back; its lease counts for nothing. `also` is a condition under which one is
        due before its time (`Bells.ringing`).
        """
        is_set_back = f"last_look > {self._now} + {SET_BACK}"
        return self._claim(
            connection,
            f"state = 'active' AND (next_due <= {self._now} OR last_look IS NULL OR lease_token IS NOT NULL OR {also}"
            f" OR {is_set_back}) AND (lease_until <= {self._now} OR {is_set_back})",
            seconds=seconds,
            more=f", next_due = {self._now} + cadence",
        )

    def claim_idle(self, connection: Connection, clock: int, *, seconds: int) -> DueClock | None:
        """A time clock for work that can wait; None where it is due, paused, or somebody looks at it."""
        return self._claim(
            connection,
            f"state = 'active' AND time_clock_id = {int(clock)} AND next_due > {self._now} AND lease_until <="
            f" {self._now}",
            seconds=seconds,
        )

    def _claim(self, connection: Connection, which: str, *, seconds: int, more: str = "") -> DueClock | None:
        token = str(uuid.uuid4())
        lease = f"lease_token = :token, lease_until = {self._now} + :seconds, last_look = {self._now}{more}"
        values: dict[str, object] = {"token": token, "seconds": seconds}
        first = f"SELECT time_clock_id FROM {self._table} WHERE {which} ORDER BY next_due, time_clock_id"
        if self._dialect.returns_updated:
            chosen = f"{first} LIMIT 1{self._dialect.skips_locked}"
            one = f"UPDATE {self._table} SET {lease} WHERE time_clock_id = ({chosen}) RETURNING {_COLUMNS}"
            row = run(connection, one, values).mappings().first()
            return None if row is None else _due_clock(row)
        # By key, one after the other: a search locks every row that it compares.
        locking = f"SELECT 1 FROM {self._table} WHERE time_clock_id = :clock AND {which}{self._dialect.skips_locked}"
        for clock in run(connection, first).scalars().all():
            if run(connection, locking, {"clock": clock}).first() is not None:
                self._set(connection, clock, lease, values)
                return self.of(connection, clock)
        return None

    def of(self, connection: Connection, clock: int) -> DueClock:
        """One time clock, locked until the transaction ends. Raises NotFound."""
        one = f"SELECT {_COLUMNS} FROM {self._table} WHERE time_clock_id = :clock{self._dialect.locking()}"
        row = run(connection, one, {"clock": clock}).mappings().first()
        if row is None:
            raise NotFound(
                f"the service does not visit time clock {clock}",
                next_step="connecteam-sync clocks lists those that are mirrored",
            )
        return _due_clock(row)

    def extend(self, connection: Connection, held: DueClock, *, seconds: int) -> bool:
        """Keep a lease for so many seconds from now; False where it was lost."""
        return self._under(connection, held, f"lease_until = {self._now} + :seconds", {"seconds": seconds})

    def finish(self, connection: Connection, held: DueClock, outcome: Outcome) -> bool:
        """Note how a visit went, and when the next is due; False, and nothing is noted, where the lease was lost."""
        parts = [
            "lease_token = NULL",
            "lease_until = 0",
            "cadence = :cadence",
            "days_wanted = :wanted",
            "cadence_why = :why",
        ]
        now = self.of(connection, held.time_clock_id)
        # Days that were asked for during the visit are still wanted, and so is the visit.
        done = () if outcome.error is not None else held.days_wanted
        left = [span for span in now.days_wanted if span not in done]
        values: dict[str, object] = {
            "cadence": outcome.cadence,
            "wanted": msgspec.json.encode(left).decode(),
            "why": outcome.why,
        }
        is_rung = outcome.error is None and now.next_due != held.next_due
        if outcome.waits is not None and not is_rung:
            parts.append(f"next_due = {self._now} + :waits")
            values["waits"] = outcome.waits
        if outcome.error is None:
            parts += ["successes = successes + 1", "failures = 0", f"last_good = {self._now}"]
            parts += [f"last_change = {self._now}"] if outcome.changed else []
        else:
            values["error"] = msgspec.json.encode(outcome.error).decode()
            parts += ["failures = failures + 1", "successes = 0", "last_error = :error"]
            parts += ["state = 'refused'"] if outcome.refuses else []
        return self._under(connection, held, ", ".join(parts), values)

    def release(self, connection: Connection, held: DueClock) -> bool:
        """Give a lease back with nothing to note."""
        return self._under(connection, held, "lease_token = NULL, lease_until = 0", {})

    def want(self, connection: Connection, clock: int, windows: Sequence[Window], *, seconds: int) -> None:
        """Have a time clock visited in so many seconds at the latest, on these days too."""
        known = self.of(connection, clock)
        spans = dict.fromkeys([*known.days_wanted, *((window.first, window.last) for window in windows)])
        self._set(
            connection,
            clock,
            f"days_wanted = :wanted, next_due = CASE WHEN next_due > {self._now} + :seconds"
            f" THEN {self._now} + :seconds ELSE next_due END",
            {"wanted": msgspec.json.encode(list(spans)).decode(), "seconds": seconds},
        )

    def pause(self, connection: Connection, clocks: Iterable[int], *, by: str, reason: str) -> None:
        """No visit of these time clocks is begun any more. Raises NotFound."""
        for clock in clocks:
            self.of(connection, clock)
            self._set(
                connection,
                clock,
                f"state = 'paused', paused_at = {self._now}, paused_by = :by, paused_reason = :reason",
                {"by": by[:191], "reason": reason},
            )

    def resume(self, connection: Connection, clocks: Iterable[int]) -> None:
        """They are visited again, at once. Raises NotFound."""
        for clock in clocks:
            self.of(connection, clock)
            self._set(
                connection,
                clock,
                f"state = 'active', paused_at = NULL, paused_by = NULL, paused_reason = NULL, next_due = {self._now}",
                {},
            )

    def _set(self, connection: Connection, clock: int, parts: str, values: Mapping[str, object]) -> None:
        run(
            connection,
            f"UPDATE {self._table} SET {parts} WHERE time_clock_id = :clock",
            {**values, "clock": clock},
        )

    def _under(self, connection: Connection, held: DueClock, parts: str, values: Mapping[str, object]) -> bool:
        done = run(
            connection,
            f"UPDATE {self._table} SET {parts} WHERE time_clock_id = :clock AND lease_token = :token",
            {**values, "clock": held.time_clock_id, "token": held.lease_token},
        )
        return bool(done.rowcount)


def _due_clock(row: Mapping[str, Any]) -> DueClock:
    error, days = row["last_error"], row["days_wanted"]
    return DueClock(
        **{
            **row,
            "days_wanted": msgspec.json.decode(days, type=tuple[tuple[date, date], ...]),
            "last_error": None if error is None else msgspec.json.decode(error, type=LookError),
        }
    )
