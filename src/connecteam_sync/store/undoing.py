"""Take a run back: the exact inverse as a new run, whole rows and primary keys included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from connecteam_sync.core.change import Change, ChangeKind, Counts, Minutes
from connecteam_sync.core.clocktime import Mirror
from connecteam_sync.core.order import steps
from connecteam_sync.core.run import Slice
from connecteam_sync.core.window import Window, days_touched, each_day
from connecteam_sync.errors import UndoRefused
from connecteam_sync.store import rows
from connecteam_sync.store.dialect import Kind
from connecteam_sync.store.journal import change_of, write_journal
from connecteam_sync.store.schema import sync_changes, sync_slices
from connecteam_sync.store.session import Session
from connecteam_sync.store.writing import insert_employees, remember_mirrors

_INVERSE: dict[ChangeKind, ChangeKind] = {"create": "delete", "delete": "create", "update": "update", "link": "link"}


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What the inverse wrote, and the employees it removed and brought back."""

    slice: Slice
    employees_made: tuple[dict[str, Any], ...] = ()
    employees_removed: tuple[dict[str, Any], ...] = ()


def undo(session: Session, run: int, window: Window, *, by: int, now: int) -> Undone:
    """Write the inverse of `run` as run `by`. Raises UndoRefused where a row is no longer as that run left it."""
    entries, present = demand_undoable(session, run, window.zone)
    changes = [entry["change"] for entry in entries]
    keys = [int(entry["clock_time_id"]) for entry in entries]
    inverse = [_inverted(change, run) for change in changes]
    made, removed = _people(session, run)
    if made:
        insert_employees(session, made, with_id=True)
    before = {int(e["clock_time_id"]): e["row_before"] for e in entries}
    _write(session, inverse, before)
    after = session.images(keys)
    remembered = _restore_memory(session, entries, by)
    write_journal(session, inverse, present, after, lambda c: remembered.get(c.image.id or 0, {}), run=by, now=now)
    removed = _remove_employees(session, removed)
    kinds = [change.kind for change in inverse]
    total = sum(c.image.total_minutes or 0 for c in changes if c.after)
    return Undone(
        slice=Slice(
            time_clock_id=None,
            window=window,
            status="applied" if inverse else "nothing",
            counts=Counts(
                total_shifts=len(inverse),
                created=kinds.count("create"),
                updated=kinds.count("update"),
                deleted=kinds.count("delete"),
                linked=kinds.count("link"),
            ),
            minutes=Minutes(before=total, after=total + sum(change.minutes for change in inverse)),
        ),
        employees_made=made,
        employees_removed=removed,
    )


def demand_undoable(session: Session, run: int, zone: ZoneInfo) -> tuple[list[dict[str, Any]], dict[int, rows.Image]]:
    """What the run did to each row, and the rows as they are, locked. Raises UndoRefused where they are not as left."""
    found = session.connection.execute(
        select(sync_changes).where(sync_changes.c.run_id == run).order_by(sync_changes.c.id)
    )
    entries = _netted([dict(row) for row in found.mappings()])
    present = session.images([int(entry["clock_time_id"]) for entry in entries], lock=True)
    _demand_as_left(session, run, entries, present)
    _demand_unlocked(session, [entry["change"] for entry in entries], zone)
    return entries, present


def _netted(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for every row: how the run found it, and how it left it; a run may touch a row more than once."""
    result: dict[int, dict[str, Any]] = {}
    for entry in entries:
        change = change_of(entry)
        first = result.get(int(entry["clock_time_id"]))
        if first is None:
            result[int(entry["clock_time_id"])] = {**entry, "change": change}
            continue
        was: Change = first["change"]
        days = (min(was.days[0], change.days[0]), max(was.days[1], change.days[1]))
        kind: ChangeKind = "update" if was.before and change.after else "create" if change.after else "delete"
        first["change"] = msgspec.structs.replace(change, kind=kind, before=was.before, days=days)
        first["row_after"] = entry["row_after"]
        remembered = msgspec.json.decode(entry["memory_before"]) | msgspec.json.decode(first["memory_before"])
        first["memory_before"] = msgspec.json.encode(remembered)
    return [e for e in result.values() if e["change"].before or e["change"].after]


def _demand_as_left(
    session: Session, run: int, entries: list[dict[str, Any]], present: Mapping[int, rows.Image]
) -> None:
    """Every row must be exactly as the run left it, every column of it."""
    touched = []
    for entry in entries:
        key = int(entry["clock_time_id"])
        left = entry["row_after"] and msgspec.json.decode(entry["row_after"])
        now = msgspec.json.decode(present[key][1]) if key in present else None
        if left != now:
            touched.append(key)
    if not touched:
        return
    later = session.connection.execute(
        select(sync_changes.c.run_id)
        .where(sync_changes.c.clock_time_id.in_(touched[:100]), sync_changes.c.run_id > run)
        .distinct()
        .order_by(sync_changes.c.run_id.desc())
    ).scalars()
    runs = [str(number) for number in later]
    by = f"by run {', '.join(runs)}" if runs else "by another program"
    raise UndoRefused(
        f"{len(touched)} rows of run {run} were changed since, {by}: rows {', '.join(map(str, touched[:10]))}",
        rows=tuple(touched),
        next_step=f"undo run {runs[0]} first" if runs else "`connecteam-sync sync` shows what differs from Connecteam",
    )


def _demand_unlocked(session: Session, changes: list[Change], zone: ZoneInfo) -> None:
    """No day that a row was on, or is on, may be closed; one that it only moved across is none of them."""
    images = (image for c in changes if c.kind != "link" for image in (c.before, c.after) if image is not None)
    touched = (days_touched(image.clock_in, image.clock_out, zone) for image in images)
    days = sorted({day for span in touched for day in each_day(*span)} & set(session.locked_days()))
    if days:
        raise UndoRefused(
            f"{days[0]} is locked for payroll, and the run changed rows on it",
            next_step=f"unlock the day if payroll agrees: connecteam-sync unlock --from {days[0]} --to {days[-1]}",
        )


def _inverted(change: Change, run: int) -> Change:
    return Change(
        kind=_INVERSE[change.kind],
        before=change.after,
        after=change.before,
        shift_id=change.shift_id,
        user_id=change.user_id,
        days=change.days,
        why=f"undo of run {run}: {change.why}"[:500],
    )


def _write(session: Session, inverse: list[Change], whole: Mapping[int, str | None]) -> None:
    """Whole rows back, in an order that obeys the unique key. The rows are locked and were compared in full."""
    d, names = session.dialect, session.host.clock_times
    key = d.name(names.id)
    aliases = {column: f"c{number}" for number, column in enumerate(session.columns.clock_times)}
    rowset, every = _rows_again(session, aliases)
    parking: dict[str, Kind] = {"id": "int", "spot": "int"}
    for step in steps(inverse):
        ids = [{"id": move.change.image.id} for move in step]
        if step[0].parked is not None:
            sql = d.update(
                session.clock_times,
                d.rowset(parking),
                {d.name(names.clock_in): d.moment("d.spot")},
                f"t.{key} = d.id",
            )
            session.write_set(sql, ({"id": m.change.image.id, "spot": m.parked} for m in step))
        elif step[0].change.kind == "delete":
            session.write_set(d.delete(session.clock_times, d.rowset({"id": "int"}), key, "true"), ids)
        else:
            items = [_whole(session, move.change.image.id, whole, aliases) for move in step]
            restoring = {column: value for column, value in every.items() if column != key}
            sql = (
                d.insert(session.clock_times, rowset, every, with_key=True)
                if step[0].change.kind == "create"
                else d.update(session.clock_times, rowset, restoring, f"t.{key} = d.id")
            )
            session.write_set(sql, items)


def _rows_again(session: Session, aliases: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Whole rows made of what `_whole` says of them, as a FROM item; and what each column becomes, by quoted name."""
    d = session.dialect
    if d.family == "postgresql":
        images = d.rowset({"id": "int", "image": "text"})
        # It knows every type it has: arrays, bytes, documents.
        row = f"jsonb_populate_record(CAST(NULL AS {session.clock_times}), CAST(d.image AS jsonb)) AS r"
        return f"{images} CROSS JOIN LATERAL {row}", {d.name(column): f"r.{d.name(column)}" for column in aliases}
    kinds: dict[str, Kind] = {"id": "int", **dict.fromkeys(aliases.values(), "text")}
    types = session.columns.types
    return d.rowset(kinds), {d.name(c): d.from_json(f"d.{alias}", types[c]) for c, alias in aliases.items()}


def _whole(
    session: Session, key: int | None, whole: Mapping[int, str | None], aliases: Mapping[str, str]
) -> dict[str, object]:
    said = whole[key or 0] or "{}"
    if session.dialect.family == "postgresql":
        return {"id": key, "image": said}
    image: dict[str, object] = msgspec.json.decode(said)
    return {"id": key, **{alias: _plain(image.get(column)) for column, alias in aliases.items()}}


def _plain(value: object) -> object:
    """Truth values as the numbers every database takes; nested JSON as text."""
    if isinstance(value, bool):
        return int(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def _restore_memory(session: Session, entries: list[dict[str, Any]], run: int) -> dict[int, dict[str, Mirror | None]]:
    """Links and applied values as before; what Connecteam said last stays remembered. Returns what is replaced."""
    wanted: dict[str, Mirror | None] = {}
    rows_of: dict[str, int] = {}
    for entry in entries:
        memory = msgspec.json.decode(entry["memory_before"], type=dict[str, Mirror | None])
        for shift_id, mirror in memory.items():
            wanted.setdefault(shift_id, mirror)
            rows_of.setdefault(shift_id, int(entry["clock_time_id"]))
    d = session.dialect
    found = session.fetch_set(
        f"SELECT {rows.mirror_columns('s')} FROM {d.rowset({'id': 'key'})} {d.lookup} connecteam_shifts s"
        " ON s.id = d.id",
        ({"id": shift_id} for shift_id in wanted),
    )
    restored: list[Mirror] = []
    replaced: dict[int, dict[str, Mirror | None]] = {int(entry["clock_time_id"]): {} for entry in entries}
    for row in found:
        now = rows.mirror(row)
        was = wanted[now.shift.id]
        replaced[rows_of[now.shift.id]][now.shift.id] = now
        restored.append(
            msgspec.structs.replace(
                now, clock_time_id=was.clock_time_id if was else None, applied=was.applied if was else None
            )
        )
    remember_mirrors(session, restored, run)
    return replaced


# -- employees ---------------------------------------------------------------------------------------------------------


def _people(session: Session, run: int) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """Employees that the run removed (to be made again) and made (to be removed)."""
    found = session.connection.execute(
        select(sync_slices.c.employees).where(sync_slices.c.run_id == run, sync_slices.c.employees.is_not(None))
    ).scalars()
    made: list[dict[str, Any]] = []
    removed: list[dict[str, Any]] = []
    for text in found:
        people = msgspec.json.decode(text)
        made += people["removed"]
        removed += people["made"]
    return tuple(made), tuple(removed)


def _remove_employees(session: Session, people: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Remove employees a run made, where no row of `clock_times` names them and nobody edited them since."""
    if not people:
        return ()
    d, names = session.dialect, session.host
    same = {(e.id, e.connecteam_user_id, e.name) for e in session.employees()}
    unedited = [p for p in people if (p["id"], str(p["user_id"]), p["name"]) in same]
    employee = d.name(names.clock_times.employee_id)
    used = {
        int(row["id"])
        for row in session.read_set(
            f"SELECT DISTINCT t.{employee} AS id FROM {session.clock_times} t"
            f" JOIN {d.rowset({'id': 'int'})} ON t.{employee} = d.id",
            ({"id": person["id"]} for person in unedited),
        )
    }
    gone = [person for person in unedited if person["id"] not in used]
    key = d.name(names.employees.id)
    ids = [{"id": person["id"]} for person in gone]
    session.write_set(d.delete(d.name(names.employees.table), d.rowset({"id": "int"}), key, "true"), ids)
    unmap = d.update("connecteam_users", d.rowset({"id": "int"}), {"employee_id": "NULL"}, "t.employee_id = d.id")
    session.write_set(unmap, ids)
    return tuple(gone)
