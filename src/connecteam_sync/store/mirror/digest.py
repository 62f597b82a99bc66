"""Is everything a decision was made on still as it was? Answered by digests that the database computes itself.

A plan is a function of its inputs. Where a slice had nothing to do, its receipt remembers them: a name for Connecteam's
answer, the people and the policy, and digests of all that was read from the database. When all of it is equal the
decision is equal too, and neither the answer is decoded nor a row read. What differs in any way is read and decided in
full, so a digest may be too strict, never too lax: it spans every mirrored column of every table that is read, it is
cryptographic (on PostgreSQL two seeded hashes of 64 bits), and where it cannot be had, there is none. It counts only
where it was the same before the rows were read and after: others may edit them meanwhile. Of each remembered shift
MySQL and MariaDB note when it was last written, which stands for its columns (decision 14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.columns import STAMPS
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Slice
from connecteam_sync.core.window import Window
from connecteam_sync.store.mirror.apply import ApplyResult
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.dialect import Dialect, Kind
from connecteam_sync.store.sql.exact_types import base_of
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.columns import Column
from connecteam_sync.store.tables.host import NO_COLUMNS
from connecteam_sync.store.tables.keys import LARGEST
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.schema import TOUCHED

Condition = Callable[[str, str], str]
"""Which rows, between two bounds as they stand in the statement."""
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
_HOLD = (
    *(name for name in rows.HOLD if name not in {"first_day", "last_day", "first_run", "first_seen"}),
    "acknowledged_at",
)


class SliceFingerprint(msgspec.Struct, frozen=True):
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


def remembered(found: Rows) -> dict[tuple[int, str, str], SliceFingerprint]:
    """The rows of `remembered_query`, by (time clock, first day, last day)."""
    return {(int(row[0]), str(row[1]), str(row[2])): SliceFingerprint(*row[3:]) for row in found}


def remembered_query(own: OwnTables, windows: Iterable[Window]) -> Query:
    """What is remembered of slices within these windows, whose receipts are there: the receipts may be restored."""
    windows = tuple(windows)
    return Query(
        "SELECT time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest,"
        " first_key, last_key"
        f" FROM {own.inputs} WHERE first_day >= :first AND last_day <= :last"
        f" AND EXISTS (SELECT 1 FROM {own.slices} p WHERE p.id = slice_id)",
        {
            "first": min(window.first for window in windows).isoformat(),
            "last": max(window.last for window in windows).isoformat(),
        },
    )


def remember(
    session: Session,
    decision: SlicePlan,
    stored: StoredState,
    inputs: str,
    *,
    done: ApplyResult,
    before: SliceFingerprint | None,
) -> None:
    """Note what a slice was decided on, under the receipt just made.

    `before` has the digest from before anything was read, where it was asked for. It is kept where nothing was written
    and it is still the same: others may edit rows between our reading them and our looking at them again.
    """
    span = span_of(decision, stored)
    if span is None or any(hold.reason == "refused_by_database" for hold in decision.holds):
        # What is refused is tried again by every run: its cure, a constraint that is dropped, shows in no digest.
        return
    keys = range(0)
    if session.dialect.reads_by_key:
        keys = longest_key_range({row.id for row in stored.rows} | {change.image.id for change in done.changes})
    fresh = SliceFingerprint(0, inputs, *span, "", *((keys[0], keys[-1]) if keys else ()))
    if before is not None and before.digest and before.start <= span[0] and span[1] <= before.end:
        # Digests know nothing of other tables' rows: where some point at a row, it is decided again each time.
        is_unchanged = not done.wrote and not decision.refusals and all(h.reason != "child_row" for h in decision.holds)
        if is_unchanged and combined(session.each(*digest_queries(session, before))) == before.digest:
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
        Query(
            f"DELETE FROM {session.own.inputs}"
            " WHERE time_clock_id = :clock AND first_day = :first AND last_day = :last",
            of,
        )
    )
    session.later(
        Query(
            f"INSERT INTO {session.own.inputs}"
            " (time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest,"
            " first_key, last_key)"
            f" VALUES (:clock, :first, :last, (SELECT max(id) FROM {session.own.slices}), :inputs, :start, :end,"
            " :digest, :first_key, :last_key)",
            values,
        )
    )


def span_of(decision: SlicePlan, stored: StoredState) -> tuple[int, int] | None:
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


def longest_key_range(ids: Iterable[RowId | None]) -> range:
    """The keys from the first to the last of the most rows that stand together; none where they stand too far apart, or
    are no numbers.
    """
    best, first, many, last = range(0), 0, 0, None
    most = 0
    for key in sorted(key for key in ids if isinstance(key, int) and key <= LARGEST):
        if last is None or key - last > _GAP:
            first, many = key, 0
        many, last = many + 1, key
        if many > most:
            best, most = range(first, key + 1), many
    return best if len(best) <= _KEYS_A_ROW * most else range(0)


def receipt_query(own: OwnTables, slice_id: int) -> Query:
    """The receipt that `receipt_of` reads."""
    return Query(f"SELECT receipt FROM {own.slices} WHERE id = :id", {"id": slice_id})


def receipt_of(found: Rows) -> Slice:
    """The receipt of a slice that was decided on equal inputs."""
    return msgspec.json.decode(found[0][0], type=Slice)


def digest_queries(session: Session, of: SliceFingerprint) -> tuple[Query, ...]:
    """A digest of every table that a decision reads, of the remembered instants where it has any; for `combined`.

    MySQL and MariaDB read rows in the order of their keys far quicker than by their clock-in. So rows whose key lies in
    the remembered stretch are read like that, all others by clock-in: each row of the span once, whatever the keys.
    """
    d, times, people = session.dialect, session.host.clock_times, session.host.employees
    own = {f"s.{name}": _is_text(d, kind) for name, kind in rows.MIRROR.items() if name != "changed_in_run"}
    pauses = {name: _is_text(d, kind) for name, kind in rows.BREAK.items()}
    users = {name: _is_text(d, kind) for name, kind in rows.USER.items()}
    host = _host_columns(
        session, session.columns.clock_times, times, without={*STAMPS, *session.columns.lacks(times)}, alias="t."
    )
    employees = _host_columns(session, session.columns.employees, people, without=_absent(session))
    holds = {name: _is_text(d, rows.HOLD.get(name, "int")) for name in _HOLD}

    def open_in_span(low: str, high: str) -> str:
        return f"resolved_run IS NULL AND (instant IS NULL OR (instant >= {low} AND instant < {high}))"

    def by_start(low: str, high: str) -> str:
        return f"start_at >= {low} AND start_at < {high}"

    asked: tuple[tuple[Mapping[str, bool], str, Condition, int | None], ...] = (
        *(() if d.notes_writes else ((own, session.shifts_by_start, by_start, _DAYS),)),
        (pauses, f"{session.own.breaks}{d.by_index(session.own.names.index('breaks', 'start'))}", by_start, _DAYS),
        (employees, d.table(people.table), _always, None),
        (users, session.own.users, _always, None),
        ({"day": True, "timezone": True}, session.own.locked_days, _always, None),
        (holds, session.own.holds, open_in_span, None),
    )
    ours = (
        _digest(session, columns, table, condition, span=(of.start, of.end), step=step)
        for columns, table, condition, step in asked
    )
    writes = [_writes(session, (of.start, of.end))] * d.notes_writes
    return (*_clock_times(session, host, (of.start, of.end), of.keys), *writes, *ours)


def _writes(session: Session, span: tuple[int, int]) -> Query:
    """When the remembered shifts of a span were written, which the server notes whoever writes (migration 0013).

    Every write makes the sum larger, since it is later than the one before; what is put back from a dump shows in both.
    """
    at = f"to_seconds(s.{TOUCHED}) * 1048576 + microsecond(s.{TOUCHED})"
    return Query(
        f"SELECT count(*), sum({at}), bit_xor({at}) FROM {session.shifts_by_start}"
        " WHERE start_at >= :start0 AND start_at < :end0",
        _bounds([span]),
    )


def _is_text(dialect: Dialect, kind: Kind) -> bool:
    """Whether a column of ours holds text."""
    keys: dict[Kind, bool] = {"link": dialect.keys.row.is_text, "who": dialect.keys.person.is_text}
    return keys.get(kind, kind != "int")


def _clock_times(session: Session, host: Mapping[str, bool], span: tuple[int, int], keys: range) -> Iterator[Query]:
    """A digest of the rows of a span of instants, in one query or in two; see `digest_queries`."""
    d, names = session.dialect, session.host.clock_times
    key, clock_in = (f"t.{d.name(name)}" for name in (names.id, names.clock_in))

    def condition(low: str, high: str) -> str:
        first, last = (d.moment(f"CAST({bound} AS {d.bigint})") for bound in (low, high))
        return f"{clock_in} >= {first} AND {clock_in} < {last}"

    if not keys or not d.reads_by_key:
        yield _digest(session, host, session.rows_by_clock_in, condition, span=span, step=_DAYS)
        return

    def others(low: str, high: str) -> str:
        return f"{condition(low, high)} AND ({key} < :low OR {key} >= :high)"

    def these(low: str, high: str) -> str:
        return f"{key} >= {low} AND {key} < {high} AND {condition(':first', ':last')}"

    bounds = {"low": keys.start, "high": keys.stop, "first": span[0], "last": span[1]}
    yield _digest(session, host, session.rows_by_clock_in, others, span=span, step=_DAYS, **bounds)
    key_range = (keys.start, keys.stop)
    yield _digest(session, host, f"{session.clock_times} t", these, span=key_range, step=_KEYS, **bounds)


def _always(_low: str, _high: str) -> str:
    return "1 = 1"


def _absent(session: Session) -> set[str]:
    """The columns that the host's table of people does not have."""
    names = session.host.employees
    return {field for field in ("email", "phone") if getattr(names, field) not in session.columns.employees}


def _host_columns(
    session: Session,
    columns: Mapping[str, Column],
    names: Any,  # noqa: ANN401 - either names
    *,
    without: set[str],
    alias: str = "",
) -> dict[str, bool]:
    """Each mapped column, and whether it is text; by its quoted name."""
    found, keys = {}, session.dialect.keys
    is_people = names is session.host.employees
    mine = {"id": keys.employee} if is_people else {"id": keys.row, "employee_id": keys.person}
    casts = {getattr(names, field): key.cast for field, key in mine.items()}
    for field in names.__struct_fields__:
        if field in without | NO_COLUMNS:
            continue
        name = getattr(names, field)
        column = columns[name]
        is_plain = not session.dialect.is_loosely_typed and (column.is_number or base_of(column.type) in _PLAIN)
        # A key of text may have letters of another kind than other columns: MySQL would not put them into one text.
        said = casts.get(name, "{}").format(alias + session.dialect.name(name))
        found[session.dialect.digestible(said, base_of(column.type))] = not is_plain
    return found


def _digest(
    session: Session,
    columns: Mapping[str, bool],
    table: str,
    condition: Condition,
    *,
    span: tuple[int, int],
    step: int | None,
    **bounds: int,
) -> Query:
    """A digest of the rows of a table within a span of instants or keys. `columns`: whether each is text, which is
    quoted so that no two rows read alike; `step` cuts what is put together into parts of so many seconds or keys.
    """
    d = session.dialect
    step = step if d.digests_in_parts else None
    slices = [(low, min(low + step, span[1])) for low in range(*span, step)] if step else [span]
    parts = [f"{table} WHERE {condition(f':start{number}', f':end{number}')}" for number in range(len(slices))]
    return Query(d.digest(lambda: session.connection, columns, parts), _bounds(slices) | bounds)


def _bounds(slices: Iterable[tuple[int, int]]) -> dict[str, int]:
    """The named values of the spans of a query."""
    return {
        f"{name}{number}": value
        for number, slice_ in enumerate(slices)
        for name, value in zip(("start", "end"), slice_, strict=True)
    }


def combined(found: Iterable[Iterable[Sequence[Any]]]) -> str | None:
    """One digest of the answers to `digest_queries`; None where the database may have cut one short."""
    whole = hashlib.sha256()
    for answer in found:
        slices = []
        for many, *values in answer:
            if many and None in values:
                return None
            # One by one: on SQLite a value is the text of days of rows.
            slice_ = hashlib.sha256(f"{many};".encode())
            for value in values:
                slice_.update(str(value).encode())
                slice_.update(b";")
            slices.append(slice_.digest())
        whole.update(b"".join(sorted(slices)) + b"|")
    return whole.hexdigest()


def inputs_of(
    *, window: Window, policy: object, people: str, answers: Iterable[str], version: str, planner_version: int
) -> str:
    """A name for what a decision is made on next to the database, and for the rules that make it."""
    parts = (window, policy, people, tuple(answers), version, planner_version)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
