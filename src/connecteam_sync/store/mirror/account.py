"""The stored account: which company, region and time zone this data is of. Written with a run's first write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from connecteam_sync.core.account import Account, Vouch, ZoneUse
from connecteam_sync.errors import NotFound
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables.own import OwnTables

_COLUMNS = (
    "id",
    "at",
    "run_id",
    "actor",
    "what",
    "company_id",
    "company_name",
    "region",
    "timezone",
    "time_clocks",
    "known_by",
    "key_salt",
    "key_digest",
)


def account_query(own: OwnTables) -> Query:
    """The query whose rows `account_of` takes."""
    return Query(f"SELECT {', '.join(_COLUMNS)} FROM {own.account} ORDER BY id DESC LIMIT 1")


def vouched_query(own: OwnTables) -> Query:
    """The query whose rows `vouched_of` takes; it may be sent with any other query."""
    return Query(f"SELECT DISTINCT time_clock_id FROM {own.vouches} WHERE withdrawn_at IS NULL")


def account_of(fetched: Rows) -> Account | None:
    """The stored account; None if no run has written to the database yet."""
    return _account(fetched[0]) if fetched else None


def vouched_of(fetched: Rows) -> frozenset[int]:
    """The time clocks of `vouched_query`."""
    return frozenset(int(clock) for (clock,) in fetched)


def _account(row: Sequence[Any]) -> Account:
    number, at, run, by, what, company_id, name, region, timezone, clocks, known_by, salt, digest = row
    return Account(
        number=int(number),
        at=int(at),
        run=run,
        by=by,
        what=what,
        company_id=company_id,
        company_name=name,
        region=region,
        timezone=timezone,
        time_clocks=frozenset(msgspec.json.decode(clocks, type=list[int])),
        known_by=known_by,
        salt=salt,
        digest=digest,
    )


def account(session: Session) -> Account | None:
    """The stored account; None if there is none yet."""
    return account_of(session.fetch(account_query(session.own))[0])


def account_history(session: Session) -> tuple[Account, ...]:
    """Every entry that a run or a person made, newest first."""
    [fetched] = session.fetch(Query(f"SELECT {', '.join(_COLUMNS)} FROM {session.own.account} ORDER BY id DESC"))
    return tuple(_account(row) for row in fetched)


def remember(session: Session, fresh: Account, *, newest_run: bool) -> None:
    """Store an account as a new entry, which may be sent later. With `newest_run` it belongs to the newest run."""
    values = _values(fresh)
    del values["run_id"]
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    run = f"(SELECT max(id) FROM {session.own.runs})" if newest_run else "NULL"
    session.later(Query(f"INSERT INTO {session.own.account} (run_id, {names}) VALUES ({run}, {places})", values))


def refresh(session: Session, fresh: Account) -> None:
    """Update the newest entry of the same account, for another key or time clock; it may be sent later."""
    values = {name: value for name, value in _values(fresh).items() if name not in {"at", "run_id", "actor", "what"}}
    changes = ", ".join(f"{name} = :{name}" for name in values)
    session.later(
        Query(f"UPDATE {session.own.account} SET {changes} WHERE id = :number", {**values, "number": fresh.number})
    )


def _values(stored: Account) -> dict[str, object]:
    return {
        "at": stored.at,
        "run_id": stored.run,
        "actor": stored.by,
        "what": stored.what,
        "company_id": stored.company_id,
        "company_name": stored.company_name,
        "region": stored.region,
        "timezone": stored.timezone,
        "time_clocks": msgspec.json.encode(sorted(stored.time_clocks)).decode(),
        "known_by": stored.known_by,
        "key_salt": stored.salt,
        "key_digest": stored.digest,
    }


def clocks_ever(session: Session) -> frozenset[int]:
    """Every time clock that a run had a complete answer from, or that has a tracked shift."""
    read_at, shifts = clock_counts(session)
    return frozenset(read_at) | frozenset(shifts)


def clock_counts(session: Session) -> tuple[dict[int, int], dict[int, tuple[int, int]]]:
    """By time clock: when a run last had a complete answer from it (Unix seconds); and how many shifts are tracked, in
    all and with a row.
    """
    own = session.own
    read_at, shifts = session.fetch(
        Query(
            "SELECT time_clock_id, max(at) FROM ("
            f"SELECT s.time_clock_id, max(coalesce(r.finished_at, r.started_at)) AS at FROM {own.slices} s"
            f" JOIN {own.runs} r ON r.id = s.run_id"
            " WHERE s.time_clock_id IS NOT NULL AND s.status IN ('applied', 'nothing') GROUP BY s.time_clock_id"
            f" UNION ALL SELECT time_clock_id, max(last_at) FROM {own.quiet_looks} GROUP BY time_clock_id"
            ") looked GROUP BY time_clock_id"
        ),
        Query(
            f"SELECT time_clock_id, count(*), count(clock_time_id) FROM {own.shifts} WHERE is_gone = 0"
            " GROUP BY time_clock_id"
        ),
    )
    return {clock: int(at) for clock, at in read_at}, {clock: (int(all_), int(rows)) for clock, all_, rows in shifts}


def zone_uses(session: Session) -> tuple[ZoneUse, ...]:
    """The runs and locked days of each time zone, by zone."""
    runs, locked = session.fetch(
        Query(
            "SELECT timezone, sum(runs), min(first_day), max(last_day) FROM ("
            "SELECT timezone, count(*) AS runs, min(first_day) AS first_day, max(last_day) AS last_day"
            f" FROM {session.own.runs} GROUP BY timezone"
            f" UNION ALL SELECT timezone, sum(looks), min(day), max(day) FROM {session.own.quiet_looks}"
            " GROUP BY timezone) each_use GROUP BY timezone"
        ),
        Query(
            "SELECT timezone, sum(days), min(first_day), max(last_day) FROM ("
            f"SELECT timezone, 1 AS days, day AS first_day, day AS last_day FROM {session.own.locked_days}"
            f" UNION ALL SELECT timezone, 1, first_day, last_day FROM {session.own.periods} WHERE state = 'closed'"
            ") each_lock GROUP BY timezone"
        ),
    )
    uses = {
        name: ZoneUse(timezone=name, runs=int(count), first=_day(first), last=_day(last))
        for name, count, first, last in runs
    }
    for zone, count, first, last in locked:
        uses[zone] = msgspec.structs.replace(
            uses.get(zone) or ZoneUse(timezone=zone),
            locked_days=int(count),
            first_locked=_day(first),
            last_locked=_day(last),
        )
    return tuple(uses[name] for name in sorted(uses))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


# -- time clocks vouched for -------------------------------------------------------------------------------------------

_VOUCH = ("time_clock_id", "at", "actor", "reason", "withdrawn_at", "withdrawn_by")


def vouches(session: Session, *, standing: bool = True) -> tuple[Vouch, ...]:
    """The vouches, newest first; without `standing` also those that were withdrawn."""
    condition = " WHERE withdrawn_at IS NULL" if standing else ""
    [fetched] = session.fetch(
        Query(f"SELECT {', '.join(_VOUCH)} FROM {session.own.vouches}{condition} ORDER BY id DESC")
    )
    return tuple(
        Vouch(time_clock_id=int(clock), at=int(at), by=by, reason=why, withdrawn_at=gone_at, withdrawn_by=gone_by)
        for clock, at, by, why, gone_at, gone_by in fetched
    )


def vouch(session: Session, new: Vouch) -> None:
    """Record a vouch for a time clock; an earlier one is withdrawn."""
    _withdraw(session, new.time_clock_id, by=new.by, now=new.at)
    session.later(
        Query(
            f"INSERT INTO {session.own.vouches} (time_clock_id, at, actor, reason) VALUES (:clock, :at, :by, :reason)",
            {"clock": new.time_clock_id, "at": new.at, "by": new.by, "reason": new.reason},
        )
    )


def unvouch(session: Session, clock: int, *, by: str, now: int) -> Vouch:
    """Withdraw the vouch for a time clock and return it. Raises NotFound if there is none."""
    standing = next((entry for entry in vouches(session) if entry.time_clock_id == clock), None)
    if standing is None:
        raise NotFound(f"nobody vouched for time clock {clock}", next_step="connecteam-sync clocks lists them")
    _withdraw(session, clock, by=by, now=now)
    return msgspec.structs.replace(standing, withdrawn_at=now, withdrawn_by=by)


def _withdraw(session: Session, clock: int, *, by: str, now: int) -> None:
    session.later(
        Query(
            f"UPDATE {session.own.vouches} SET withdrawn_at = :now, withdrawn_by = :by"
            " WHERE time_clock_id = :clock AND withdrawn_at IS NULL",
            {"now": now, "by": by, "clock": clock},
        )
    )
