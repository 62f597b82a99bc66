"""The survey of the whole table before it is adopted: counts in one scan, and examples of each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import URL

from connecteam_sync.core.adopt import LONG_SECONDS, SHAPES, Survey
from connecteam_sync.core.keys import RowId
from connecteam_sync.store.adopt import catalog, dedupe
from connecteam_sync.store.adopt.catalog import ForeignKey
from connecteam_sync.store.adopt.dedupe import DuplicateRows
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables import contents
from connecteam_sync.store.tables.keys import row_id

EXAMPLES = 10
_KEY_BYTES = 100
"""Bytes for each row needed to build the key, sorting included; a generous estimate."""


def findings(session: Session, now: int) -> dict[str, str]:
    """The findings by name, as SQL conditions on a row `t`."""
    c = session.canonical
    begin, end, minutes = c["clock_in"], c["clock_out"], c["total_minutes"]
    from connecteam_sync.store.adopt import unreadable_times  # noqa: PLC0415 - rarely needed

    names, d = session.host.clock_times, session.dialect
    employee, started = (f"t.{d.name(name)}" for name in (names.employee_id, names.clock_in))
    closed = f"{end} IS NOT NULL AND {end} >= {begin}"
    return {
        "clock_out_before_clock_in": f"{end} < {begin}",
        "flag_contradicts_times": f"({c['is_active']}) <> CASE WHEN {end} IS NULL THEN 1 ELSE 0 END",
        # Whole elapsed minutes, rounded down: between 0 and 59 seconds are left over.
        "minutes_contradict_times": f"({closed} AND ({minutes} IS NULL OR {end} - {begin} - 60 * {minutes}"
        f" NOT BETWEEN 0 AND 59)) OR ({end} IS NULL AND {minutes} <> 0)",
        "longer_than_16_hours": f"{end} - {begin} > {LONG_SECONDS}",
        "open_for_over_16_hours": f"{end} IS NULL AND {begin} < {now - LONG_SECONDS}",
        "without_employee_or_clock_in": f"{employee} IS NULL OR {started} IS NULL",
        "unreadable_time": " OR ".join(unreadable_times.conditions(session).values()),
    }


def survey(session: Session, url: URL, *, zone: ZoneInfo, now: int) -> Survey:
    """Survey the table. Nothing is written."""
    from connecteam_sync.store.adopt import unreadable_times  # noqa: PLC0415 - rarely needed

    d, host, connection = session.dialect, session.host, session.connection
    names = host.clock_times
    conditions = findings(session, now)
    sums = ", ".join(f"sum(CASE WHEN {sql} THEN 1 ELSE 0 END) AS {name}" for name, sql in conditions.items())
    begin = session.canonical["clock_in"]
    scanned = session.read(
        f"SELECT t.{d.name(names.source)} AS source, count(*) AS many, min({begin}) AS first_in,"
        f" max({begin}) AS last_in, {sums} FROM {session.clock_times} t GROUP BY t.{d.name(names.source)}"
    )
    counts = {name: sum(int(row[name] or 0) for row in scanned) for name in conditions}
    examples = {
        name: _ids(session, f"SELECT {session.canonical['id']} AS id FROM {session.clock_times} t WHERE {sql}")
        for name, sql in conditions.items()
        if counts[name]
    }
    overlaps = _overlaps(session)
    counts["overlaps"], shown = len(overlaps), overlaps[:EXAMPLES]
    if shown:
        examples["overlaps"] = shown
    keys = catalog.foreign_keys(session)
    doubles = dedupe.doubles(session, keys, zone=zone, lock=False)
    shapes = Counter(group.shape for group in doubles.groups)
    key = catalog.unique_key(connection, d, host)
    size, free = catalog.room(connection, d, host, url)
    rows = sum(int(row["many"]) for row in scanned)
    needed = _needed(rows, doubles, has_key=key is not None)
    return Survey(
        table=names.table,
        database=session.dialect.kind,
        rows=rows,
        sources={str(row["source"]): int(row["many"]) for row in scanned},
        first_clock_in=min((int(row["first_in"]) for row in scanned if row["first_in"] is not None), default=None),
        last_clock_in=max((int(row["last_in"]) for row in scanned if row["last_in"] is not None), default=None),
        shapes={shape: shapes[shape] for shape in SHAPES},
        dedupe=doubles.decision,
        findings=counts,
        examples=examples,
        references=tuple(item.reference for item in keys),
        triggers=catalog.triggers(connection, d, host),
        unique_key=key.name if key and key.is_valid else None,
        table_bytes=size,
        needed_bytes=needed,
        free_bytes=free,
        obstacles=obstacles(session, url, keys, doubles, has_key=key is not None),
        unread=unreadable_times.unread_times(session) if counts["unreadable_time"] else (),
    )


def obstacles(
    session: Session, url: URL, keys: Sequence[ForeignKey], doubles: DuplicateRows, *, has_key: bool
) -> tuple[str, ...]:
    """Why the table cannot be adopted, a sentence each."""
    d, host, connection = session.dialect, session.host, session.connection
    sentences = (
        *catalog.obstacles(connection, d, host, keys, has_key=has_key),
        *(fault.message for fault in contents.faults(session)),
    )
    if not has_key:
        sentences += catalog.key_obstacles(connection, d, host)
    _, free = catalog.room(connection, d, host, url)
    needed = _needed(
        int(session.read(f"SELECT count(*) AS many FROM {session.clock_times}")[0]["many"]), doubles, has_key=has_key
    )
    if free is not None and free < needed:
        sentences += (f"the disk has {free:,} bytes free, and about {needed:,} are needed",)
    return sentences


def _needed(rows: int, doubles: DuplicateRows, *, has_key: bool) -> int:
    """About how many bytes the key and the backup will take."""
    return (0 if has_key else rows * _KEY_BYTES) + sum(len(image) for _, image in doubles.images.values())


def _ids(session: Session, statement: str) -> tuple[RowId, ...]:
    return tuple(row_id(row["id"]) for row in session.read(f"{statement} ORDER BY 1 LIMIT {EXAMPLES}"))


def _overlaps(session: Session) -> tuple[RowId, ...]:
    """Rows (the first id of each key) that begin before an earlier row of the same employee has ended."""
    d, names = session.dialect, session.host.clock_times
    employee, key = f"t.{d.name(names.employee_id)}", d.least(f"t.{d.name(names.id)}")
    spans = (
        f"SELECT {employee} AS who, {session.canonical['clock_in']} AS began, min({key}) AS id,"
        f" max({session.canonical['clock_out']}) AS ended FROM {session.clock_times} t"
        f" WHERE {employee} IS NOT NULL GROUP BY {employee}, {session.canonical['clock_in']}"
    )
    behind = (
        "SELECT g.id, g.began, max(g.ended) OVER (PARTITION BY g.who ORDER BY g.began"
        f" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy FROM ({spans}) g"
    )
    fetched = session.read(f"SELECT q.id FROM ({behind}) q WHERE q.busy > q.began ORDER BY 1")
    return tuple(row_id(row["id"]) for row in fetched)
