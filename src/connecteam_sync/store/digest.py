"""Is everything a decision was made on still as it was? Answered by digests that the database computes itself.

A plan is a function of its inputs. Where a slice had nothing to do, its receipt remembers them: a name for Connecteam's
answer, the people and the policy, and digests of all that was read from the database. When all of it is equal the
decision is equal too, and neither the answer is decoded nor a row read. What differs in any way is read and decided in
full, so a digest may be too strict, never too lax: it spans every mirrored column of every table that is read, it is
cryptographic (on PostgreSQL two seeded hashes of 64 bits), and where it cannot be had, there is none. It counts only
where it was the same before the rows were read and after: others may edit them meanwhile. MySQL and MariaDB keep the
digest of each remembered shift beside it (decision 10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from connecteam_sync.core.change import Plan
from connecteam_sync.core.clocktime import Stored
from connecteam_sync.core.run import Slice
from connecteam_sync.core.window import Window
from connecteam_sync.store import rows
from connecteam_sync.store.columns import Column
from connecteam_sync.store.dialect import base_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.trips import Query, Rows
from connecteam_sync.store.writing import Applied

_LONGEST_SPAN = 2
"""A decision that reaches further than so many times its window is not remembered."""
_DAYS = 4 * 86_400
"""How much of a table is put into one text at a time, in seconds; PostgreSQL needs no text."""
_KEYS = 4_000
"""How many keys of `clock_times` go into one text, where its rows are read in the order of their keys."""
_GAP = 100
"""A row so many keys further on is still of the same stretch: servers leave keys out at every load."""
_KEYS_A_ROW = 10
"""A stretch has at most so many keys for each of its rows: finding a row takes as long as reading ten."""
_PLAIN = {"date", "datetime", "timestamp", "decimal", "numeric", "float", "double", "real", "bit", "boolean"}
_HOLD = ("time_clock_id", "reason", "subject", "detail", "shift_id", "user_id", "clock_time_id", "employee_id")


class Remembered(msgspec.Struct, frozen=True):
    """What a slice was decided on. `start` to `end` are the instants all of it lies between.

    `digest` is empty until the same was decided with nothing to do; then it is what the database had all the while.
    `first_key` to `last_key` is the longest stretch of keys of its rows in `clock_times`; None where it had no row, and
    on SQLite and PostgreSQL, which read no rows by key.
    """

    slice_id: int
    inputs: str
    start: int
    end: int
    digest: str
    first_key: int | None = None
    last_key: int | None = None

    @property
    def keys(self) -> range:
        """The stretch of keys."""
        return range(0) if self.first_key is None or self.last_key is None else range(self.first_key, self.last_key + 1)


def remembered(found: Rows) -> dict[tuple[int, str, str], Remembered]:
    """The rows of `remembered_query`, by (time clock, first day, last day)."""
    return {(int(row[0]), str(row[1]), str(row[2])): Remembered(*row[3:]) for row in found}


def remembered_query(windows: Iterable[Window]) -> Query:
    """What is remembered of slices within these windows."""
    windows = tuple(windows)
    return Query(
        "SELECT time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest,"
        " first_key, last_key"
        " FROM sync_inputs WHERE first_day >= :first AND last_day <= :last",
        {
            "first": min(window.first for window in windows).isoformat(),
            "last": max(window.last for window in windows).isoformat(),
        },
    )


def remember(
    session: Session, decision: Plan, stored: Stored, inputs: str, *, done: Applied, before: Remembered | None
) -> None:
    """Note what a slice was decided on, under the receipt just made.

    `before` has the digest from before anything was read, where it was asked for. It is kept where nothing was written
    and it is still the same: others may edit rows between our reading them and our looking at them again.
    """
    span = span_of(decision, stored)
    if span is None:
        return
    keys = range(0)
    if session.dialect.family == "mysql":
        keys = longest_stretch({row.id for row in stored.rows} | {change.image.id for change in done.changes})
    fresh = Remembered(0, inputs, *span, "", *((keys[0], keys[-1]) if keys else ()))
    if before is not None and before.digest and before.start <= span[0] and span[1] <= before.end:
        is_settled = not done.wrote and not decision.refusals
        if is_settled and combined(session.each(*digest_queries(session, before))) == before.digest:
            fresh = before
    window = decision.window
    of: dict[str, object] = {
        "clock": decision.time_clock_id,
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
    }
    values = msgspec.structs.asdict(fresh) | of | {"inputs": inputs}
    del values["slice_id"]  # the receipt may not be made yet: under the lock it is the newest when this is
    session.later(
        Query("DELETE FROM sync_inputs WHERE time_clock_id = :clock AND first_day = :first AND last_day = :last", of)
    )
    session.later(
        Query(
            "INSERT INTO sync_inputs"
            " (time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest,"
            " first_key, last_key)"
            " VALUES (:clock, :first, :last, (SELECT max(id) FROM sync_slices), :inputs, :start, :end, :digest,"
            " :first_key, :last_key)",
            values,
        )
    )


def span_of(decision: Plan, stored: Stored) -> tuple[int, int] | None:
    """The instants that all of a decision's inputs lie between; None where they are too far apart to be worth it."""
    padded = decision.window.padded()
    instants = [padded.start_utc, padded.end_utc - 1]
    for items, instant in (
        (decision.snapshot.shifts, attrgetter("start")),
        (decision.snapshot.breaks, attrgetter("start")),
        (stored.rows, attrgetter("clock_in")),
        (stored.mirrors, attrgetter("shift.start")),
        (stored.breaks, attrgetter("start")),
    ):
        instants += map(instant, items)
    instants += (hold.instant for hold in decision.holds if hold.instant is not None)
    start, end = min(instants), max(instants) + 1
    return (start, end) if end - start <= _LONGEST_SPAN * (padded.end_utc - padded.start_utc) else None


def longest_stretch(ids: Iterable[int | None]) -> range:
    """The keys from the first to the last of the most rows that stand together; none where they stand too far apart."""
    best, first, many, last = range(0), 0, 0, None
    most = 0
    for key in sorted(key for key in ids if key is not None):
        if last is None or key - last > _GAP:
            first, many = key, 0
        many, last = many + 1, key
        if many > most:
            best, most = range(first, key + 1), many
    return best if len(best) <= _KEYS_A_ROW * most else range(0)


def receipt_query(slice_id: int) -> Query:
    """The receipt that `receipt_of` reads."""
    return Query("SELECT receipt FROM sync_slices WHERE id = :id", {"id": slice_id})


def receipt_of(found: Rows) -> Slice:
    """The receipt of a slice that was decided on equal inputs."""
    return msgspec.json.decode(found[0][0], type=Slice)


def digest_queries(session: Session, of: Remembered) -> tuple[Query, ...]:
    """A digest of every table that a decision reads, of the remembered instants where it has any; for `combined`.

    MySQL and MariaDB read rows in the order of their keys far quicker than by their clock-in. So rows whose key lies in
    the remembered stretch are read like that, all others by clock-in: each row of the span once, whatever the keys.
    """
    d, times, people = session.dialect, session.host.clock_times, session.host.employees
    own = {f"s.{name}": kind != "int" for name, kind in rows.MIRROR.items() if name != "changed_in_run"}
    if d.family == "mysql":
        own = {"s.row_digest": False}  # of the very same columns, kept by the server (migration 0004)
    pauses = {name: kind != "int" for name, kind in rows.BREAK.items()}
    users = {name: kind != "int" for name, kind in rows.USER.items()}
    host = _host_columns(session, session.columns.clock_times, times, without={"created_at", "updated_at"}, alias="t.")
    employees = _host_columns(session, session.columns.employees, people, without={"email"})
    holds = {name: name in {"reason", "subject", "detail", "shift_id"} for name in (*_HOLD, "instant", "minutes")}
    open_in_span = "resolved_run IS NULL AND (instant IS NULL OR (instant >= {} AND instant < {}))"
    by_start = "start_at >= {} AND start_at < {}"
    asked = (
        (own, session.shifts_by_start, by_start, _DAYS),
        (pauses, f"connecteam_breaks{d.by_index('ix_connecteam_breaks_start')}", by_start, _DAYS),
        (employees, d.name(people.table), "1 = 1", None),
        (users, "connecteam_users", "1 = 1", None),
        ({"day": True}, "locked_days", "1 = 1", None),
        (holds, "sync_holds", open_in_span, None),
    )
    ours = (
        _digest(session, columns, table, condition, span=(of.start, of.end), step=step)
        for columns, table, condition, step in asked
    )
    return (*_clock_times(session, host, (of.start, of.end), of.keys), *ours)


def _clock_times(session: Session, host: Mapping[str, bool], span: tuple[int, int], keys: range) -> Iterator[Query]:
    """A digest of the rows of a span of instants, in one query or in two; see `digest_queries`."""
    d, names = session.dialect, session.host.clock_times
    key, clock_in = (f"t.{d.name(name)}" for name in (names.id, names.clock_in))
    low, high = (d.moment("CAST({} AS " + d.bigint + ")") for _ in range(2))
    condition = f"{clock_in} >= {low} AND {clock_in} < {high}"
    if not keys or d.family != "mysql":
        yield _digest(session, host, session.rows_by_clock_in, condition, span=span, step=_DAYS)
        return
    others = f"{condition} AND ({key} < :low OR {key} >= :high)"
    bounds = {"low": keys.start, "high": keys.stop, "first": span[0], "last": span[1]}
    yield _digest(session, host, session.rows_by_clock_in, others, span=span, step=_DAYS, **bounds)
    these = f"{key} >= {{}} AND {key} < {{}} AND {condition.format(':first', ':last')}"
    stretch = (keys.start, keys.stop)
    yield _digest(session, host, f"{session.clock_times} t", these, span=stretch, step=_KEYS, **bounds)


def _host_columns(
    session: Session,
    columns: Mapping[str, Column],
    names: Any,  # noqa: ANN401 - either names
    *,
    without: set[str],
    alias: str = "",
) -> dict[str, bool]:
    """Each mapped column, and whether it is text; by its quoted name."""
    found = {}
    for field in names.__struct_fields__:
        if field in without | {"table"}:
            continue
        name = getattr(names, field)
        # What a column of SQLite is declared as says nothing of what it holds.
        column = columns[name]
        is_plain = session.dialect.family != "sqlite" and (column.is_number or base_of(column.type) in _PLAIN)
        found[alias + session.dialect.name(name)] = not is_plain
    return found


def _digest(
    session: Session,
    columns: Mapping[str, bool],
    table: str,
    condition: str,
    *,
    span: tuple[int, int],
    step: int | None,
    **bounds: int,
) -> Query:
    """A digest of the rows of a table within a span of instants or keys. `columns`: whether each is text, which is
    quoted so that no two rows read alike; `step` cuts what is put together into pieces of so many seconds or keys.
    """
    family = session.dialect.family
    if family == "postgresql":
        row = f"ROW({', '.join(columns)})"
        driver: Any = session.connection.connection.driver_connection
        whole = driver.info.server_version >= 140000  # noqa: PLR2004 - hashes of whole rows are from PostgreSQL 14 on
        hashes = ", ".join(
            f"bit_xor(hash_record_extended({row}, {seed}))"
            if whole
            else f"sum(hashtextextended(CAST({row} AS text), {seed}))"
            for seed in (0, 1)
        )
        return Query(f"SELECT count(*), {hashes} FROM {table} WHERE {condition.format(*_SPAN)}", _bounds([span]))
    pieces = [(low, min(low + step, span[1])) for low in range(*span, step)] if step else [span]
    if family == "sqlite":
        # What SQLite hands over stays in this process, and is hashed here. A BLOB cannot stand in JSON.
        values = ", ".join(f"CAST({name} AS TEXT)" if is_text else name for name, is_text in columns.items())
        row = f"json_array({values})"
    else:
        quoted = (f"quote({name})" if is_text else f"coalesce({name}, 'n')" for name, is_text in columns.items())
        row = f"concat_ws(',', {', '.join(quoted)})"
    said = " UNION ALL ".join(
        f"SELECT count(*) AS many, group_concat({row}) AS said FROM {table}"
        f" WHERE {condition.format(f':start{number}', f':end{number}')}"
        for number in range(len(pieces))
    )
    if family == "sqlite":
        return Query(said, _bounds(pieces))
    # A text as long as the server allows may have been cut short without a word.
    return Query(
        "SELECT g.many, CASE WHEN 2 * length(g.said) < least(@@max_allowed_packet, @@group_concat_max_len)"
        f" THEN sha2(g.said, 256) END FROM ({said}) g",
        _bounds(pieces) | bounds,
    )


_SPAN = (":start0", ":end0")


def _bounds(pieces: Iterable[tuple[int, int]]) -> dict[str, int]:
    """The named values of the spans of a query."""
    return {
        f"{name}{number}": value
        for number, piece in enumerate(pieces)
        for name, value in zip(("start", "end"), piece, strict=True)
    }


def combined(found: Iterable[Iterable[Sequence[Any]]]) -> str | None:
    """One digest of the answers to `digest_queries`; None where the database may have cut one short."""
    whole = hashlib.sha256()
    for answer in found:
        pieces = []
        for many, *values in answer:
            if many and None in values:
                return None
            # One by one: on SQLite a value is the text of days of rows.
            piece = hashlib.sha256(f"{many};".encode())
            for value in values:
                piece.update(str(value).encode())
                piece.update(b";")
            pieces.append(piece.digest())
        whole.update(b"".join(sorted(pieces)) + b"|")
    return whole.hexdigest()


def inputs_of(*, window: Window, policy: object, people: str, answers: Iterable[str], version: str) -> str:
    """A name for what a decision is made on beside the database."""
    parts = (window, policy, people, tuple(answers), version)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
