"""What each account may still ask of Connecteam: one row, from which every worker takes a call before it makes it.

The day is counted down from what Connecteam said was left, and never below the reserve. The minute goes by a generic
cell rate: a call moves `next_ms` on by the interval that the account's limit of a minute allows, and may do so as long
as that stays within a minute of now. Both are corrected by the headers of each answer, downwards within one day.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from connecteam_sync.store.control.schema import BUDGETS
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run

_TABLE = BUDGETS.name
_DAY, _MINUTE_MS = 86_400, 60_000
_SLACK = 3600
"""Seconds by which the end of one day may be told differently."""
_JITTER = 60
"""Seconds by which the end of a day may be told differently without being news."""


class Refusal(NamedTuple):
    """Why no call may be made, and in how many seconds one may: the `day`, the `minute`, or Connecteam `asked`."""

    why: str
    seconds: int
    left: int = 0
    limit: int = 0


class Known(NamedTuple):
    """What an account's row says: calls left of the day, their limit, in how many seconds it ends; the milliseconds
    between two calls. None where Connecteam has not said so yet.
    """

    day_left: int | None
    day_limit: int | None
    day_ends_in: int
    interval_ms: int


class Said(NamedTuple):
    """What the headers of an answer said: calls left of the day, their limit, in how many seconds it ends; the limit of
    a minute; for how many seconds to stay away. None where they did not.

    Spans and no instants: the clock of whoever heard the answer may be hours off.
    """

    day_left: int | None = None
    day_limit: int | None = None
    day_ends_in: int | None = None
    minute_limit: int | None = None
    stays_away: int | None = None

    @property
    def interval_ms(self) -> int | None:
        """The milliseconds between two calls that the limit of a minute allows."""
        return -(-_MINUTE_MS // self.minute_limit) if self.minute_limit else None

    def is_news(self, known: Known) -> bool:
        """Whether `Budgets.note` would change what the row is known to say, but for the second in which a day ends."""
        if self.stays_away or self.interval_ms not in {None, known.interval_ms}:
            return True
        if self.day_limit not in {None, known.day_limit}:
            return True
        if self.day_left is None:
            return False
        if known.day_left is None or self.day_ends_in is None:
            return True
        return self.day_left < known.day_left or abs(self.day_ends_in - known.day_ends_in) > _JITTER


class Budgets:
    """The table of budgets. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given.
    """

    def __init__(self, dialect: Dialect, *, ahead: int = 0) -> None:
        self._dialect = dialect
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    def reserve(self, connection: Connection, account: str, *, reserve_share: float) -> Refusal | None:
        """Take one call from an account's budget, in one statement; or why there is none.

        The share `reserve_share` of the day's calls stays for others.
        """
        now_ms = f"{self._now} * 1000"
        done = run(
            connection,
            f"UPDATE {_TABLE} SET day_left = CASE WHEN day_ends <= {self._now} THEN day_limit ELSE day_left END - 1,"
            f" day_ends = CASE WHEN day_ends <= {self._now} THEN day_ends + {_DAY} * (1 + ({self._now} - day_ends)"
            f" {self._dialect.divides} {_DAY}) ELSE day_ends END,"
            f" next_ms = CASE WHEN next_ms > {now_ms} THEN next_ms ELSE {now_ms} END + interval_ms"
            f" WHERE account = :account AND stays_until <= {self._now}"
            f" AND (day_limit IS NULL OR day_ends <= {self._now} OR day_left - 1 >= day_limit * :share)"
            f" AND next_ms + interval_ms <= {now_ms} + {_MINUTE_MS}",
            {"account": account, "share": reserve_share},
        )
        return None if done.rowcount else self._why_not(connection, account, reserve_share)

    def known(self, connection: Connection, account: str) -> Known | None:
        """What the row of an account says; None if there is none."""
        row = run(
            connection,
            f"SELECT day_left, day_limit, day_ends - {self._now}, interval_ms FROM {_TABLE} WHERE account = :account",
            {"account": account},
        ).first()
        return None if row is None else Known(*row)

    def _why_not(self, connection: Connection, account: str, share: float) -> Refusal | None:
        row = run(
            connection,
            f"SELECT day_left, day_limit, day_ends, next_ms, interval_ms, stays_until, {self._now} FROM {_TABLE}"
            " WHERE account = :account",
            {"account": account},
        ).first()
        if row is None:
            run(
                connection,
                f"INSERT INTO {_TABLE} (account, day_ends, interval_ms, next_ms, stays_until) VALUES (:account, 0, 0,"
                f" 0, 0) {self._dialect.unless_there('account')}",
                {"account": account},
            )
            return self.reserve(connection, account, reserve_share=share)
        left, limit, ends, next_ms, interval_ms, stays_until, now = row
        if stays_until > now:
            return Refusal("asked", int(stays_until - now))
        if limit is not None and ends > now and left - 1 < limit * share:
            return Refusal("day", int(ends - now), int(left), int(limit))
        return Refusal("minute", max(1, -(-int(next_ms + interval_ms - _MINUTE_MS - now * 1000) // 1000)))

    def give_back(self, connection: Connection, account: str) -> None:
        """Give back a call that was taken and not made."""
        run(
            connection,
            f"UPDATE {_TABLE} SET day_left = day_left + 1, next_ms = next_ms - interval_ms WHERE account = :account",
            {"account": account},
        )

    def note(self, connection: Connection, account: str, said: Said) -> None:
        """Take over what an answer said of the account's limits: within one day the fewest calls left count."""
        parts, values = list[str](), dict[str, object]({"account": account})
        if said.day_left is not None:
            midnight = f"({self._now} + {_DAY} - ({self._now}) % {_DAY})"
            ends = midnight if said.day_ends_in is None else f"({self._now} + :ends_in)"
            # An answer that comes late speaks of a day that has ended; Connecteam's days begin a little before ours.
            is_old = f"({ends} <= {self._now} OR (day_left IS NOT NULL AND day_ends > {ends} + {_SLACK}))"
            is_same = f"day_ends > {ends} - {_SLACK} AND day_left < :left"
            parts += [
                f"day_left = CASE WHEN {is_old} OR ({is_same}) THEN day_left ELSE :left END",
                f"day_ends = CASE WHEN {is_old} THEN day_ends ELSE {ends} END",
            ]
            values["left"] = said.day_left
            if said.day_ends_in is not None:
                values["ends_in"] = said.day_ends_in
        if said.day_limit is not None:
            parts.append("day_limit = :limit")
            values["limit"] = said.day_limit
        if said.interval_ms is not None:
            parts.append("interval_ms = :interval")
            values["interval"] = said.interval_ms
        if said.stays_away:
            until = f"{self._now} + :away"
            parts.append(f"stays_until = CASE WHEN stays_until > {until} THEN stays_until ELSE {until} END")
            values["away"] = said.stays_away
        if parts:
            run(connection, f"UPDATE {_TABLE} SET {', '.join(parts)} WHERE account = :account", values)

    def left(self, connection: Connection) -> dict[str, tuple[int, int]]:
        """For each account whose limit is known: calls left of today, and of how many."""
        rows = run(
            connection,
            f"SELECT account, CASE WHEN day_ends <= {self._now} THEN day_limit ELSE day_left END, day_limit FROM"
            f" {_TABLE} WHERE day_limit IS NOT NULL AND day_left IS NOT NULL ORDER BY account",
        )
        return {account: (int(left), int(limit)) for account, left, limit in rows}
