"""Days that are proven: the newest verification of each, written with its receipt, and the night's work, claimed.

Two statements read them whatever the number of days: the rows of the days, and what the journal says was written
since. Whoever records a verification moves the unchanged days up to the newest entry of the journal, so that little of
it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from connecteam_sync.core.proofs import ProvenDay, days_to_prove
from connecteam_sync.core.proofs import proven_through as last_of
from connecteam_sync.core.window import each_day
from connecteam_sync.store.service.leased import Leased, LeasedRow
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows, fetch
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.keys import LARGEST
from connecteam_sync.store.tables.own import OwnTables

_COLUMNS: Mapping[str, Kind] = {
    "day": "text",
    "timezone": "text",
    "proven_at": "int",
    "run_id": "int",
    "exit_code": "int",
    "seen_change": "int",
}
_NAME = "nightly_proof"


def newest_change_query(own: OwnTables) -> Query:
    """The number of the newest entry of the journal: what a verification that begins now has seen."""
    return Query(f"SELECT coalesce(max(id), 0) FROM {own.changes}")


def proven_days(
    connection: Connection, own: OwnTables, timezone: str, first: date, last: date
) -> dict[date, ProvenDay]:
    """The newest verification of each of the days `first..last` of a time zone that has one."""
    return proven_of(fetch(connection, proven_queries(own, timezone, first, last)), first, last)


def proven_queries(own: OwnTables, timezone: str, first: date, last: date) -> list[Query]:
    """The queries whose rows `proven_of` takes."""
    span = {"first": first.isoformat(), "last": last.isoformat(), "zone": timezone}
    those = f"FROM {own.proofs} WHERE timezone = :zone AND day >= :first AND day <= :last"
    return [
        Query(
            f"SELECT day, proven_at, run_id, exit_code, seen_change, (SELECT coalesce(max(id), 0) FROM {own.changes})"
            f" {those}",
            span,
        ),
        Query(
            # Without any verified day no entry is of interest: none has a number as large as this.
            f"SELECT first_day, last_day, max(id) FROM {own.changes} WHERE id > (SELECT coalesce(min(seen_change),"
            f" {LARGEST}) {those}) AND first_day <= :last AND last_day >= :first GROUP BY first_day, last_day",
            span,
        ),
    ]


def last_proven_query(own: OwnTables, timezone: str, last: date) -> Query:
    """The query for the newest day up to `last` that was ever proven, whatever changed since: one row, perhaps NULL."""
    return Query(
        f"SELECT max(day) FROM {own.proofs} WHERE timezone = :zone AND day <= :last AND exit_code IN (0, 3)",
        {"zone": timezone, "last": last.isoformat()},
    )


def proven_of(fetched: Sequence[Rows], first: date, last: date) -> dict[date, ProvenDay]:
    """The newest verification of each of these days that has one."""
    known, written = fetched
    seen = {date.fromisoformat(day): int(change) for day, _, _, _, change, _ in known}
    newest: dict[date, int] = {}
    for begins, ends, number in written:
        for day in each_day(max(first, date.fromisoformat(begins)), min(last, date.fromisoformat(ends))):
            newest[day] = max(newest.get(day, 0), int(number))
    return {
        (found := date.fromisoformat(day)): ProvenDay(
            day=found,
            proven_at=int(at),
            run=int(number),
            exit_code=int(code),
            # Where the journal was restored from an older dump, nobody knows what was written since.
            is_changed=newest.get(found, 0) > seen[found] or seen[found] > int(head),
        )
        for day, at, number, code, _, head in known
    }


def proven_through(connection: Connection, own: OwnTables, timezone: str, today: date) -> date | None:
    """The last day before `today` up to which all of the last 45 days were proven after their last change.

    None if the first of them is not proven.
    """
    return last_of(proven_days(connection, own, timezone, *days_to_prove(today)), today)


def record(
    session: Session, codes: Mapping[date, int], *, run: int, timezone: str, today: date, at: int, seen: int
) -> None:
    """Record a verification, in the transaction of its receipt: the exit code of each day (`core.proofs.exit_codes`).

    `run` is the receipt's, `at` its end (epoch seconds), `seen` the newest entry of the journal when the look began.
    """
    if not codes:
        return
    own, d = session.own, session.dialect
    rows = {
        day: (known.proven_at, known.run, known.exit_code)
        for day, known in proven_days(session.connection, own, timezone, *days_to_prove(today)).items()
        if not known.is_changed
    }
    rows |= {day: (at, run, code) for day, code in codes.items()}
    session.later_set(
        d.upsert(own.proofs, _COLUMNS, "day, timezone", keep=frozenset({"day", "timezone"})),
        (
            {
                "day": day.isoformat(),
                "timezone": timezone,
                "proven_at": proven_at,
                "run_id": number,
                "exit_code": code,
                "seen_change": seen,
            }
            for day, (proven_at, number, code) in rows.items()
        ),
    )


class Night(Leased, frozen=True, kw_only=True):
    """The work of the nights: the newest night that is done, as the local day it led into, and the lease."""

    done: date | None = None


def nightly_proof(dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> LeasedRow[Night]:
    """The row of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock."""
    return LeasedRow(dialect, own, _NAME, Night, ahead=ahead)
