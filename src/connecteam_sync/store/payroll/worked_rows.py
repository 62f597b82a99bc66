"""What the hours of rows follow from: the shift of each row and their breaks, of everybody or of one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from connecteam_sync.core.breaks import LONGEST_BREAK, Breaks, ShiftOfRow
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Break
from connecteam_sync.store.mirror.break_types import break_types_query
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id


class BreaksAndNames(NamedTuple):
    """Breaks with their types, and the names of these by (time clock, type)."""

    breaks: Breaks
    names: Mapping[tuple[int, str], str]


def shifts_of(
    session: Session, keys: Iterable[RowId], gone: Mapping[RowId, str] | None = None
) -> dict[RowId, ShiftOfRow]:
    """The shift of each of these rows, by the link of now; of rows in `gone` by the id of the shift they had, if no
    link says otherwise. Two statements at most, unless the server takes less at once.
    """
    d, own = session.dialect, session.own
    columns = "s.id, s.user_id, s.time_clock_id, s.job_id, s.sub_job_id"
    linked = (
        f"SELECT s.clock_time_id, {columns} FROM {d.rowset({'id': 'link'})} {d.lookup} {own.shifts} s"
        " ON s.clock_time_id = d.id"
    )
    named = f"SELECT {columns} FROM {d.rowset({'id': 'key'})} {d.lookup} {own.shifts} s ON s.id = d.id"
    fetched = chain.from_iterable(session.fetch(*session.all_of(linked, ({"id": key} for key in keys))))
    # A row is that of one shift at most: an index of ours sees to it.
    found = {row_id(row[0]): _shift(row[1:]) for row in fetched}
    missing = {key: shift for key, shift in (gone or {}).items() if key not in found}
    if missing:
        wanted = ({"id": shift} for shift in dict.fromkeys(missing.values()))
        by_id = {str(row[0]): _shift(row) for row in chain.from_iterable(session.fetch(*session.all_of(named, wanted)))}
        found |= {key: by_id[shift] for key, shift in missing.items() if shift in by_id}
    return found


def _shift(row: Iterable[object]) -> ShiftOfRow:
    shift, user, clock, job, sub_job = row
    return ShiftOfRow(str(shift), int(str(user)), int(str(clock)), _text(job), _text(sub_job))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def breaks(session: Session, start: int, end: int, users: Iterable[int] | None = None) -> BreaksAndNames:
    """The breaks that Connecteam shows and that touch a span of instants, only of these users if some are given, and
    their types. One round trip.
    """
    d, columns = session.dialect, ", ".join(f"b.{column}" for column in rows.BREAK)
    span: dict[str, object] = {"start": start - LONGEST_BREAK, "end": end}
    during = "b.is_gone = 0 AND b.start_at > :start AND b.start_at < :end"
    if users is None:
        queries = [Query(f"SELECT {columns} FROM {session.own.breaks} b WHERE {during}", span, rows.manual_break)]
    else:
        kinds: dict[str, Kind] = {"user_id": "int"}
        sql = (
            f"SELECT {columns} FROM {d.rowset(kinds)} {d.lookup} {session.own.breaks} b ON b.user_id = d.user_id"
            f" WHERE {during}"
        )
        chosen = [{"rows": rows.json_rows({"user_id": user} for user in sorted(set(users))), **span}]
        queries = [Query(sql, values, rows.manual_break) for values in chosen]
    types, *found = session.fetch(break_types_query(session.own), *queries)
    by_person: dict[tuple[int, int], list[Break]] = defaultdict(list)
    for item in chain.from_iterable(found):
        by_person[item.user_id, item.time_clock_id].append(item)
    paid = {(one.time_clock_id, one.id): None if one.is_paid is None else bool(one.is_paid) for one in types}
    return BreaksAndNames(Breaks(by_person, paid), {(one.time_clock_id, one.id): one.name for one in types if one.name})
