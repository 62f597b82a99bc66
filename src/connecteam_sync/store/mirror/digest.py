"""Are all inputs of a decision unchanged? Checked with digests that the database computes itself.

A plan is a function of its inputs. If a slice had nothing to do, its receipt keeps them: a hash of Connecteam's
response, the people and the policy, and a digest of everything read from the database. If all of it is equal, the
decision is equal too: the response is not decoded and no row is read. If anything differs, the slice is read and
decided in full. So a digest may be too strict, but never too lax: it covers every mirrored column of every table that
is read, it is cryptographic (on PostgreSQL two seeded hashes of 64 bits), and if it cannot be computed it is not used.
It counts only if it was the same before the rows were read and after, since other programs may edit them meanwhile.
For each tracked shift MySQL and MariaDB keep the time of its last write, which stands for its columns (decision 14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from connecteam_sync.core.breaks import LONGEST_BREAK
from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.columns import BREAK_COLUMNS, STAMPS
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.window import Window
from connecteam_sync.store.mirror.apply import ApplyResult
from connecteam_sync.store.payroll.day_locks import day_locks, days_around
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import base_of
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.columns import Column
from connecteam_sync.store.tables.host import NO_COLUMNS
from connecteam_sync.store.tables.keys import LARGEST
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.schema import TOUCHED

Condition = Callable[[str, str], str]
"""Builds the condition on rows from the placeholders of a lower and an upper bound."""
_LONGEST_SPAN = 2
"""A decision whose inputs span more than this many times its window is not remembered."""
_DAYS = 4 * 86_400
"""How much of a table is joined into one text at a time, in seconds; PostgreSQL joins none."""
_KEYS = 4_000
"""How many keys of `clock_times` go into one text, if its rows are read in the order of their keys."""
_GAP = 100
"""The largest gap within a key range: servers skip keys at every load."""
_KEYS_A_ROW = 10
"""A key range has at most this many keys for each of its rows: a lookup takes as long as reading ten rows."""
_PLAIN = {"date", "datetime", "timestamp", "decimal", "numeric", "float", "double", "real", "bit", "boolean"}
_HOLD = (
    *(name for name in rows.HOLD if name not in {"first_day", "last_day", "first_run", "first_seen"}),
    "acknowledged_at",
)


_AT = f"to_seconds(s.{TOUCHED}) * 1048576 + microsecond(s.{TOUCHED})"
WRITTEN_AT = f"sum({_AT}), bit_xor({_AT})"
"""Stands for tracked shifts `s` where the server `notes_writes`; see `_writes`."""


class SliceFingerprint(msgspec.Struct, frozen=True):
    """The inputs a slice was decided on; all of them lie between the instants `start` and `end`.

    `people` has who is unchanged (`person_digests`).

    `digest` is empty until the same inputs were decided with nothing to do; then it is that of the database.
    `first_key` to `last_key` is the longest key range of its rows in `clock_times`; None if it had no row, and on
    SQLite and PostgreSQL, which do not read rows by key.
    """

    slice_id: int
    inputs: str
    start: int
    end: int
    digest: str
    first_key: int | None = None
    last_key: int | None = None
    people: str | None = None

    @property
    def keys(self) -> range:
        """The key range, empty if there is none."""
        return range(0) if self.first_key is None or self.last_key is None else range(self.first_key, self.last_key + 1)


class PersonCheck(Protocol):
    """What is known of people by digests (`engine.person_look`)."""

    def is_same(self) -> bool:
        """Whether everybody's digest is still that of before anything was read."""

    def unchanged(self, plan: SlicePlan, stored: StoredState, *, is_same: bool) -> str | None:
        """Who is unchanged after a decision, as text; `is_same`: everybody's digest is known to be the same."""


def remembered(fetched: Rows) -> dict[tuple[int, str, str], SliceFingerprint]:
    """The rows of `remembered_query`, by (time clock, first day, last day)."""
    return {(int(row[0]), str(row[1]), str(row[2])): SliceFingerprint(*row[3:]) for row in fetched}


def remembered_query(own: OwnTables, windows: Iterable[Window]) -> Query:
    """The fingerprints of slices within these windows whose receipts exist: a restored table may lack some."""
    windows = tuple(windows)
    return Query(
        "SELECT time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest,"
        " first_key, last_key, people"
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
    check: PersonCheck | None = None,
    keys: range | None = None,
    is_final: bool = True,
) -> SliceFingerprint | None:
    """Store the fingerprint of a slice, with the receipt just made; None if nothing is stored.

    `before` has the digest from before anything was read, if one was computed. It is kept if nothing was written and it
    is still the same: others may edit rows after we have read them. Without it, that everybody's digest is still the
    same (`check`) shows that one taken meanwhile is of what was read. `keys` is the key range if the stored state has
    not all rows; not `is_final` is a decision that has to be made again in any case.
    """
    span = span_of(decision, stored)
    if span is None or any(hold.reason == "refused_by_database" for hold in decision.holds):
        # Every run tries again what was refused: its cure, dropping a constraint, shows in no digest.
        return None
    if keys is None:
        keys = range(0)
        if session.dialect.reads_by_key:
            keys = longest_key_range({row.id for row in stored.rows} | {change.image.id for change in done.changes})
    fresh = SliceFingerprint(0, inputs, *span, "", *((keys[0], keys[-1]) if keys else ()))
    # Digests do not cover child rows, so a slice with such a hold is decided again each time.
    is_quiet = is_final and not done.wrote and all(hold.reason != "child_row" for hold in decision.holds)
    is_same = False
    if is_quiet and before is not None and before.digest and before.start <= span[0] and span[1] <= before.end:
        is_same = combined(session.each(*digest_queries(session, before))) == before.digest
        fresh = before if is_same else fresh
    elif is_quiet and check is not None and is_of(decision.window, fresh):
        digest = combined(session.each(*digest_queries(session, fresh)))
        is_same = check.is_same()
        fresh = msgspec.structs.replace(fresh, digest=digest if is_same and digest else "")
    window = decision.window
    place: dict[str, object] = {
        "clock": decision.time_clock_id,
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
    }
    people = check.unchanged(decision, stored, is_same=is_same) if check is not None else None
    fresh = msgspec.structs.replace(fresh, inputs=inputs, people=people)
    values = msgspec.structs.asdict(fresh) | place
    del values["slice_id"]  # the receipt may still wait to be sent: under the lock it is the newest when this is sent
    session.later(
        Query(
            f"DELETE FROM {session.own.inputs}"
            " WHERE time_clock_id = :clock AND first_day = :first AND last_day = :last",
            place,
        )
    )
    session.later(
        Query(
            f"INSERT INTO {session.own.inputs}"
            " (time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest,"
            " first_key, last_key, people)"
            f" VALUES (:clock, :first, :last, (SELECT max(id) FROM {session.own.slices}), :inputs, :start, :end,"
            " :digest, :first_key, :last_key, :people)",
            values,
        )
    )
    return fresh


def is_of(window: Window, fingerprint: SliceFingerprint) -> bool:
    """Whether all inputs of a slice lie within its padded days, which is what digests by person are of."""
    padded = window.padded()
    return (fingerprint.start, fingerprint.end) == (padded.start_utc, padded.end_utc)


def span_of(decision: SlicePlan, stored: StoredState) -> tuple[int, int] | None:
    """The instants that all inputs of a decision lie between; None if they are too far apart to be worth it."""
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
    """The key range with the most rows; empty if its keys are too sparse or no numbers."""
    best, first, count, last = range(0), 0, 0, None
    most = 0
    for key in sorted(key for key in ids if isinstance(key, int) and key <= LARGEST):
        if last is None or key - last > _GAP:
            first, count = key, 0
        count, last = count + 1, key
        if count > most:
            best, most = range(first, key + 1), count
    return best if len(best) <= _KEYS_A_ROW * most else range(0)


def digest_queries(session: Session, fingerprint: SliceFingerprint) -> tuple[Query, ...]:
    """Queries for `combined`: a digest of every table that a decision reads, limited to the instants of the fingerprint
    if the table has instants.

    MySQL and MariaDB read rows in the order of their keys far quicker than by clock-in. So rows within the stored key
    range are read by key, all others by clock-in: each row of the span once, whatever the keys.

    Where optional columns are mirrored, what they follow from is covered too: breaks of a week more on either side.
    """
    d, times, people = session.dialect, session.host.clock_times, session.host.employees
    own = {f"s.{name}": is_text_kind(d, kind) for name, kind in rows.MIRROR.items() if name != "changed_in_run"}
    break_columns = {name: is_text_kind(d, kind) for name, kind in rows.BREAK.items()}
    users = {name: is_text_kind(d, kind) for name, kind in rows.USER.items()}
    host = host_columns(session, session.columns.clock_times, times, without={*STAMPS, *session.lacks}, alias="t.")
    employees = host_columns(session, session.columns.employees, people, without=absent_columns(session))
    holds = {name: is_text_kind(d, rows.HOLD.get(name, "int")) for name in _HOLD}

    breaks = f"{session.own.breaks}{d.by_index(session.own.names.index('breaks', 'start'))}"
    counts_breaks = bool(session.optional & BREAK_COLUMNS)

    def open_in_span(low: str, high: str) -> str:
        return f"resolved_run IS NULL AND (instant IS NULL OR (instant >= {low} AND instant < {high}))"

    def by_start(low: str, high: str) -> str:
        return f"start_at >= {low} AND start_at < {high}"

    tables: tuple[tuple[Mapping[str, bool], str, Condition, int | None], ...] = (
        *(() if d.notes_writes else ((own, session.shifts_by_start, by_start, _DAYS),)),
        *(() if counts_breaks else ((break_columns, breaks, by_start, _DAYS),)),
        (employees, d.table(people.table), _always, None),
        (users, session.own.users, _always, None),
        (holds, session.own.holds, open_in_span, None),
    )
    span = (fingerprint.start, fingerprint.end)
    ours = (
        _digest(session, columns, table, condition, span=span, step=step) for columns, table, condition, step in tables
    )
    closed = _digest(
        session,
        {
            **dict.fromkeys(("first_day", "last_day", "timezone", "source"), True),
            "time_clock_id": False,
            "user_id": False,
        },
        day_locks(session.own),
        _always,
        span=span,
        step=None,
        **days_around(*span),
    )
    writes = [_writes(session, span)] * d.notes_writes
    more: list[Query] = []
    if counts_breaks:
        around = (span[0] - LONGEST_BREAK, span[1] + LONGEST_BREAK)
        more.append(_digest(session, break_columns, breaks, by_start, span=around, step=_DAYS))
        kinds = {"time_clock_id": False, "id": True, "is_paid": False}
        more.append(_digest(session, kinds, session.own.break_types, _always, span=span, step=None))
    if "job" in session.optional:
        names = dict.fromkeys(("id", "parent_id", "name"), True)
        more.append(_digest(session, names, session.own.jobs, _always, span=span, step=None))
    return (*_clock_times(session, host, span, fingerprint.keys), *writes, *ours, closed, *more)


def _writes(session: Session, span: tuple[int, int]) -> Query:
    """The sum of the times at which the tracked shifts of a span were written; the server sets them (migration 0013).

    Every write makes the sum larger, since it is later than the one before; restoring a dump changes sum and XOR.
    """
    return Query(
        f"SELECT count(*), {WRITTEN_AT} FROM {session.shifts_by_start} WHERE start_at >= :start0 AND start_at < :end0",
        _bounds([span]),
    )


def is_text_kind(dialect: Dialect, kind: Kind) -> bool:
    """Whether a column of ours holds text."""
    keys: dict[Kind, bool] = {"link": dialect.keys.row.is_text, "who": dialect.keys.person.is_text}
    return keys.get(kind, kind != "int")


def _clock_times(session: Session, host: Mapping[str, bool], span: tuple[int, int], keys: range) -> Iterator[Query]:
    """A digest of the rows of `clock_times` in a span of instants, in one query or two; see `digest_queries`."""
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


def absent_columns(session: Session) -> set[str]:
    """The fields that the host's table of people has no column for."""
    names = session.host.employees
    return {field for field in ("email", "phone") if getattr(names, field) not in session.columns.employees}


def host_columns(
    session: Session,
    columns: Mapping[str, Column],
    names: Any,  # noqa: ANN401 - either names
    *,
    without: set[str],
    alias: str = "",
) -> dict[str, bool]:
    """For each mapped column whether it is text, by its expression."""
    expressions, keys = {}, session.dialect.keys
    is_people = names is session.host.employees
    mine = {"id": keys.employee} if is_people else {"id": keys.row, "employee_id": keys.person}
    casts = {getattr(names, field): key.cast for field, key in mine.items()}
    for field in names.__struct_fields__:
        if field in without | NO_COLUMNS:
            continue
        name = getattr(names, field)
        column = columns[name]
        is_plain = not session.dialect.is_loosely_typed and (column.is_number or base_of(column.type) in _PLAIN)
        # A key of text may have another collation than other columns: MySQL would not join them into one text.
        expression = casts.get(name, "{}").format(alias + session.dialect.name(name))
        expressions[session.dialect.digestible(expression, base_of(column.type))] = not is_plain
    return expressions


def _digest(
    session: Session,
    columns: Mapping[str, bool],
    table: str,
    condition: Condition,
    *,
    span: tuple[int, int],
    step: int | None,
    **bounds: int | str,
) -> Query:
    """A digest of the rows of a table within a span of instants or keys. `columns` tells which expressions are text:
    they are quoted, so that no two rows look alike. `step` is the size of the joined parts, in seconds or keys.
    """
    d = session.dialect
    step = step if d.digests_in_parts else None
    slices = [(low, min(low + step, span[1])) for low in range(*span, step)] if step else [span]
    parts = [f"{table} WHERE {condition(f':start{number}', f':end{number}')}" for number in range(len(slices))]
    return Query(d.digest(lambda: session.connection, columns, parts), {**_bounds(slices), **bounds})


def _bounds(slices: Iterable[tuple[int, int]]) -> dict[str, int]:
    """The named values of the spans of a query."""
    return {
        f"{name}{number}": value
        for number, slice_ in enumerate(slices)
        for name, value in zip(("start", "end"), slice_, strict=True)
    }


def combined(results: Iterable[Iterable[Sequence[Any]]]) -> str | None:
    """One digest of the results of `digest_queries`; None if the database may have truncated one."""
    whole = hashlib.sha256()
    for result in results:
        slices = []
        for count, *values in result:
            if count and None in values:
                return None
            # Hashed one by one: on SQLite a value is the text of several days of rows.
            slice_ = hashlib.sha256(f"{count};".encode())
            for value in values:
                slice_.update(str(value).encode())
                slice_.update(b";")
            slices.append(slice_.digest())
        whole.update(b"".join(sorted(slices)) + b"|")
    return whole.hexdigest()


def inputs_of(
    *, window: Window, policy: object, people: str, answers: Iterable[str], version: str, planner_version: int
) -> str:
    """A hash of the inputs of a decision that are not in the database, and of the version of its rules."""
    parts = (window, policy, people, tuple(answers), version, planner_version)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
