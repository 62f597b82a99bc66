"""The looks at each time clock, counted: how many in a row were bad or good, and since when there is trouble.

Written after a run, in a transaction of its own: what became of the rows is committed by then, whatever happens here.
Only the clock of the database counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.facts import Calls
from connecteam_sync.core.looks import BAD_LOOKS, GOOD_LOOKS, BadLook, Looked, LooksOf
from connecteam_sync.store.service.drift import noting_new
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, fetch, send
from connecteam_sync.store.tables.own import OwnTables

EVERY = 0
"""Stands for every time clock, as long as none is known: no time clock has this id."""
DAY_CALLS = "day_calls"
"""The row of `service` that holds what Connecteam last said of the day's calls."""


class Looks:
    """The rows of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given (`Store.own_rows`); those that return statements leave it to the
    caller to send them, in this order, with others.
    """

    def __init__(self, dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> None:
        self._dialect, self._table, self._service = dialect, own.looks, own.service
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    def note(self, connection: Connection, looks: LooksOf) -> None:
        """Count one look, of as many time clocks as it had."""
        [known] = fetch(connection, [self.known()])
        send(connection, self.noting(frozenset(known), looks))

    def known(self) -> Query:
        """The query for the time clocks whose looks are counted, as a row each."""
        return Query(f"SELECT time_clock_id FROM {self._table}", make=itemgetter(0))

    def noting(self, known: frozenset[int], looks: LooksOf) -> list[Query]:
        """The statements that count one look, of as many time clocks as it had."""
        bad = dict(looks.bad)
        if looks.failed is not None:
            bad = dict.fromkeys((known | looks.good | bad.keys()) - {EVERY} or {EVERY}, looks.failed) | bad
        good = looks.good - bad.keys()
        statements = self._insert((good | bad.keys()) - known)
        if good:
            # What is said of every time clock ends with the same looks as that of each.
            statements.append(self._good(good | (known & {EVERY}), fresh=looks.fresh))
        for error in dict.fromkeys(bad.values()):
            statements.append(self._bad([clock for clock in bad if bad[clock] == error], error, stops=looks.stops))
        if good or looks.is_every:
            statements.append(self._forget(good | bad.keys() if looks.is_every and looks.failed is None else None))
        return statements

    def adding(self, known: frozenset[int], bad: int, since: int, error: BadLook) -> list[Query]:
        """The statements that count looks that failed while the database was away, of every time clock.

        `since` is in epoch seconds. If no time clock was known, `EVERY` is known after them.
        """
        failed = Query(
            f"UPDATE {self._table} SET trouble_since = CASE WHEN trouble_since IS NULL AND bad + :bad >= {BAD_LOOKS}"
            " THEN COALESCE(bad_since, :since) ELSE trouble_since END, bad_since = COALESCE(bad_since, :since),"
            " bad = bad + :bad, good = 0, looks = looks + :bad, error = :error",
            {"bad": bad, "since": since, "error": msgspec.json.encode(error).decode()},
        )
        return [*self._insert(set() if known else {EVERY}), failed]

    def keep(self, connection: Connection, clocks: Collection[int]) -> None:
        """Forget the looks at all others: they are mirrored no longer."""
        send(connection, [self._forget(set(clocks))])

    def noting_calls(self, *, left: int, limit: int | None, reserved: int) -> list[Query]:
        """The statements that remember what Connecteam said of the day's calls."""
        said = msgspec.json.encode({"left": left, "limit": limit, "reserved": reserved}).decode()
        values = {"value": said}
        has_it = f"SELECT 1 FROM {self._service} WHERE name = '{DAY_CALLS}'"
        return [
            Query(f"UPDATE {self._service} SET value = :value, at = {self._now} WHERE name = '{DAY_CALLS}'", values),
            Query(
                f"INSERT INTO {self._service} (name, value, at) SELECT '{DAY_CALLS}', :value, {self._now}"
                f" FROM (SELECT 1 AS one) x WHERE NOT EXISTS ({has_it}) {self._dialect.unless_there('name')}",
                values,
            ),
        ]

    def noting_new(self, names: Iterable[str]) -> list[Query]:
        """The statements that note what Connecteam sends and this version does not know."""
        return noting_new(self._dialect, self._service, self._now, names)

    def _insert(self, clocks: Collection[int]) -> list[Query]:
        if not clocks:
            return []
        rows = ", ".join(f"({int(clock)}, {self._now}, {self._now}, 0, 0, 0)" for clock in sorted(clocks))
        return [
            Query(
                f"INSERT INTO {self._table} (time_clock_id, first_look, last_look, looks, bad, good) VALUES {rows}"
                f" {self._dialect.unless_there('time_clock_id')}"
            )
        ]

    def _good(self, clocks: Collection[int], *, fresh: Collection[int]) -> Query:
        # MySQL sets columns from left to right, and reads what it has set: what is derived comes first.
        seen = f"CASE WHEN time_clock_id IN ({_ids(fresh)}) THEN {self._now} ELSE fresh END" if fresh else "fresh"
        return Query(
            f"UPDATE {self._table} SET trouble_since = CASE WHEN good + 1 >= {GOOD_LOOKS} THEN NULL ELSE"
            f" trouble_since END, bad_since = NULL, good = good + 1, bad = 0, looks = looks + 1, last_look ="
            f" {self._now}, last_good = {self._now}, fresh = {seen} WHERE time_clock_id IN ({_ids(clocks)})",
        )

    def _bad(self, clocks: Collection[int], error: BadLook, *, stops: bool) -> Query:
        enough = 1 if stops else BAD_LOOKS
        return Query(
            f"UPDATE {self._table} SET trouble_since = CASE WHEN trouble_since IS NULL AND bad + 1 >= {enough} THEN"
            f" COALESCE(bad_since, {self._now}) ELSE trouble_since END, bad_since = COALESCE(bad_since, {self._now}),"
            f" bad = bad + 1, good = 0, looks = looks + 1, last_look = {self._now}, error = :error"
            f" WHERE time_clock_id IN ({_ids(clocks)})",
            {"error": msgspec.json.encode(error).decode()},
        )

    def _forget(self, kept: Collection[int] | None) -> Query:
        """Forget what is said of every time clock once it has ended, and all others than those kept."""
        ended = f"(time_clock_id = {EVERY} AND trouble_since IS NULL AND bad = 0)"
        others = f" OR time_clock_id NOT IN ({_ids({*kept, EVERY})})" if kept is not None else ""
        return Query(f"DELETE FROM {self._table} WHERE {ended}{others}")


def _ids(clocks: Iterable[int]) -> str:
    return ", ".join(str(int(clock)) for clock in sorted(clocks))


def looked(row: Mapping[str, Any]) -> Looked:
    """A row of `looks`, joined with what the service knows of the time clock."""
    error = row["error"]
    return Looked(**{**row, "name": row["name"] or "", "error": _error(error) if error is not None else None})


def _error(text: str) -> BadLook:
    return msgspec.json.decode(text, type=BadLook)


def calls(value: str, at: int) -> Calls:
    """A row of `service` as `note_calls` wrote it."""
    return Calls(**msgspec.json.decode(value), at=at)
