"""Undo a run: the exact inverse as a new run, with whole rows and primary keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, select

from connecteam_sync.core.change import Change, ChangeKind, Counts, Minutes
from connecteam_sync.core.child_rows import concerned, kept_by, pointing_text
from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.keys import RowId, by_key, ordered
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.text import many
from connecteam_sync.core.window import Window
from connecteam_sync.errors import RecordRefused, UndoRefused
from connecteam_sync.store.adopt.catalog import unique_key
from connecteam_sync.store.history import runs as run_rows
from connecteam_sync.store.history.holds import resolve_holds_of
from connecteam_sync.store.history.journal import change_of, write_journal
from connecteam_sync.store.history.row_images import differing
from connecteam_sync.store.history.undo_check import giving_back, left_alone, require_given_back, require_removed
from connecteam_sync.store.history.undo_locks import require_unlocked
from connecteam_sync.store.mirror.apply import person_row_counts
from connecteam_sync.store.mirror.child_rows import children_of, employees_with_children
from connecteam_sync.store.mirror.clock_times import altered, require_ours
from connecteam_sync.store.mirror.employee_names import Renamed, kept, write
from connecteam_sync.store.mirror.employees import insert_employees
from connecteam_sync.store.mirror.tracking import remember_mirrors
from connecteam_sync.store.mirror.trial_undo import inverted, write_inverse
from connecteam_sync.store.payroll.purges import purged_in, purged_text
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id


class UndoResult(msgspec.Struct, frozen=True, kw_only=True):
    """The slice that an undo wrote, and the employees it removed, made again and renamed."""

    slice: Slice
    employees_made: tuple[dict[str, Any], ...] = ()
    employees_removed: tuple[dict[str, Any], ...] = ()
    employees_renamed: tuple[Renamed, ...] = ()


def undo(session: Session, run: int, window: Window, *, by: int, now: int) -> UndoResult:
    """Write the inverse of `run` as run `by`.

    Raises UndoRefused if a row or its shift is no longer as that run left it, a row's key is taken, a row that would go
    has child rows, or the table does not take the rows back; NotOurs if a row is not ours to write.
    """
    entries, present = require_undoable(session, run, window.zone)
    changes = [entry["change"] for entry in entries]
    keys = _keys(entries)
    inverse = [inverted(change, f"undo of run {run}: {change.why}") for change in changes]
    require_ours(inverse)
    _require_childless(session, run, inverse)
    _require_free(session, run, inverse)
    _require_restorable(session, run, inverse, present)
    made, removed, renamed = _people(session, run)
    if made:
        insert_employees(session, made, with_id=True)
    before: dict[RowId, str | None] = {row_id(e["clock_time_id"]): e["row_before"] for e in entries}
    with giving_back(session, run):
        row_counts = person_row_counts(session, inverse)
        if row_counts:
            row_counts.begin(session.fetch(*row_counts.queries))
        write_inverse(session, inverse, before)
        if row_counts:
            row_counts.count()
        after = session.images(keys)
        if row_counts:
            row_counts.require_same()
    require_given_back(session, run, before, after)
    remembered = _restore_memory(session, entries, by)
    write_journal(session, inverse, present, after, lambda c: remembered.get(c.image.id or 0, {}), run=by, now=now)
    if renamed:
        renamed = write(session, (change.back() for change in reversed(renamed)))
    created, removed = removed, _remove_employees(session, run, removed)
    if created and not entries and len(removed) < len(created):
        # The run made only employees, and they are in use: there is nothing to undo yet.
        raise UndoRefused(
            f"an employee that run {run} made has rows, or was edited since",
            next_step="undo the runs that wrote the rows first: connecteam-sync runs",
        )
    resolve_holds_of(session, (change.image.id for change in inverse if change.kind == "delete"), by)
    kinds = [change.kind for change in inverse]
    total = sum(c.image.minutes for c in changes if c.after)
    return UndoResult(
        slice=Slice(
            time_clock_id=None,
            window=window,
            status="applied" if inverse or made or removed or renamed else "nothing",
            note=_note(made, removed, renamed, left_alone(session, before)),
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
        employees_renamed=renamed,
    )


def _note(
    made: tuple[dict[str, Any], ...],
    removed: tuple[dict[str, Any], ...],
    renamed: tuple[Renamed, ...],
    left: list[str],
) -> str | None:
    """The note of the receipt: what was undone besides rows, and what was left alone."""
    sentences = left + [f"employee {person['id']} {person['name']} removed" for person in removed]
    sentences += [f"employee {person['id']} {person['name']} made again" for person in made]
    sentences += [f"employee {change.id} is called {change.name[1]} again" for change in renamed]
    return "; ".join(sentences[:20]) or None


def require_kind_undoable(session: Session, old: Run) -> None:
    """Raises UndoRefused for a run of `verify`, of `adopt` or its undo, and for changes that the journal lacks."""
    _require_undoable_kind(session, old)
    journal, wrote = session.tables.changes, _written_by(old)
    known = session.connection.execute(select(func.count()).where(journal.c.run_id == old.id)).scalar_one()
    if known < wrote or not known:
        require_kept(session, old)
    if known < wrote:
        raise UndoRefused(
            f"the journal knows {known} of the {many(wrote, 'change')} that run {old.id} made: it was restored since",
            next_step=f"restore {journal.fullname} from a newer backup, or look on: connecteam-sync verify",
        )


def _written_by(old: Run) -> int:
    """How many entries of the journal a run made."""
    return old.counts.created + old.counts.updated + old.counts.deleted + old.counts.linked


def require_kept(session: Session, old: Run) -> None:
    """Raises UndoRefused for a run of which the journal lacks something, since some of its days were purged."""
    if purged := purged_in(session, old.window):
        raise UndoRefused(
            f"{purged_text(purged[0])}: what run {old.id} did there is not on record any more, so it is not undone",
            next_step="later runs can be undone: connecteam-sync runs; what was purged cannot come back",
        )


def _require_undoable_kind(session: Session, old: Run) -> None:
    if old.kind == "verify":
        raise UndoRefused(
            f"run {old.id} was a proof: it changed nothing that could be taken back",
            next_step="`connecteam-sync runs` lists the runs",
        )
    if old.kind == "adopt":
        raise UndoRefused(
            f"run {old.id} took the table over, its unique key included",
            next_step="connecteam-sync adopt --undo",
        )
    if old.undoes is not None and run_rows.run(session, old.undoes).kind == "adopt":
        raise UndoRefused(
            f"run {old.id} took an adoption back",
            next_step="to adopt again: connecteam-sync adopt --apply",
        )


def require_undoable(
    session: Session, run: int, zone: ZoneInfo
) -> tuple[list[dict[str, Any]], dict[RowId, rows.Image]]:
    """The entries of a run, one for each row, and the rows as they are, locked. Raises UndoRefused if they changed."""
    entries = _net_entries(session, run)
    present = session.images(_keys(entries), lock=True)
    _require_as_left(session, run, entries, present)
    _require_linked_as_left(session, run, entries)
    require_unlocked(session, [entry["change"] for entry in entries], zone)
    return entries, present


def foreseen(session: Session, old: Run) -> tuple[tuple[Change, ...], UndoRefused | None]:
    """What an undo of a run would write, and why it would be refused: if a row changed or was linked again since, a day
    is closed, or other rows point at one that would go.

    The refusal is returned (UndoRefused), not raised. Only `undo` finds what else speaks against it, such as a trigger
    of the table. Which tables point at ours is read once in a process; `undo` reads it again.
    """
    run = old.id or 0
    entries = _net_entries(session, run)
    inverse = tuple(inverted(entry["change"], entry["change"].why) for entry in entries)
    try:
        _require_undoable_kind(session, old)
        if len(entries) < _written_by(old) or not entries:
            require_kept(session, old)
        _require_as_left(session, run, entries, session.images(_keys(entries)) if entries else {})
        _require_linked_as_left(session, run, entries)
        require_unlocked(session, [entry["change"] for entry in entries], old.window.zone)
        _require_childless(session, run, inverse, fresh=False)
    except UndoRefused as error:
        return inverse, error
    return inverse, None


def _net_entries(session: Session, run: int) -> list[dict[str, Any]]:
    """The entries of a run, one for each row."""
    journal = session.tables.changes
    fetched = session.connection.execute(select(journal).where(journal.c.run_id == run).order_by(journal.c.id))
    return _netted([dict(row) for row in fetched.mappings()])


def _keys(entries: Iterable[Mapping[str, Any]]) -> list[RowId]:
    return [row_id(entry["clock_time_id"]) for entry in entries]


def _netted(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each row, from before the run to after it: a run may change a row more than once."""
    result: dict[RowId, dict[str, Any]] = {}
    for entry in entries:
        change = change_of(entry)
        first = result.get(row_id(entry["clock_time_id"]))
        if first is None:
            result[row_id(entry["clock_time_id"])] = {**entry, "change": change}
            continue
        was: Change = first["change"]
        days = (min(was.days[0], change.days[0]), max(was.days[1], change.days[1]))
        kind: ChangeKind = "update" if was.before and change.after else "create" if change.after else "delete"
        first["change"] = msgspec.structs.replace(change, kind=kind, before=was.before, days=days)
        first["row_after"] = entry["row_after"]
        remembered = msgspec.json.decode(entry["memory_before"]) | msgspec.json.decode(first["memory_before"])
        first["memory_before"] = msgspec.json.encode(remembered)
    return [e for e in result.values() if e["change"].before or e["change"].after]


def _require_as_left(
    session: Session, run: int, entries: list[dict[str, Any]], present: Mapping[RowId, rows.Image]
) -> None:
    """Raises UndoRefused unless every row is as the run left it, in every column that existed then and exists now."""
    changed = []
    for entry in entries:
        key = row_id(entry["clock_time_id"])
        left, now = entry["row_after"], present[key][1] if key in present else None
        if (left is None) != (now is None) or differing(session, left, now):
            changed.append(key)
    if changed:
        raise _undo_refused(
            f"{many(len(changed), 'row')} of run {run} changed", changed, _later_runs(session, run, changed)
        )


def _require_linked_as_left(session: Session, run: int, entries: list[dict[str, Any]]) -> None:
    """Raises UndoRefused if a later run gave a row another shift, or a shift of the run another row, even if no row
    differs. Changes of an adoption have no shift and are not checked.
    """
    shift_of: dict[RowId, str | None] = {}
    row_of: dict[str, RowId | None] = {}
    for entry in entries:
        change: Change = entry["change"]
        if change.shift_id is None:
            continue
        row = row_id(entry["clock_time_id"])
        shift_of[row] = change.shift_id if change.after else None
        for shift_id in (change.shift_id, *msgspec.json.decode(entry["memory_before"])):
            row_of.setdefault(shift_id, None)
        if change.after:
            row_of[change.shift_id] = row
    d = session.dialect
    rowset = d.rowset({"shift": "key", "row_key": "link"})
    found = f"SELECT s.id, s.clock_time_id, s.changed_in_run FROM {rowset} {d.lookup} {session.own.shifts} s ON"
    linked = session.fetch_set(
        f"{found} s.id = d.shift WHERE s.clock_time_id IS NOT NULL UNION ALL {found} s.clock_time_id = d.row_key",
        ({"shift": shift_id, "row_key": row} for shift_id, row in zip_longest(row_of, shift_of)),
    )
    moved: dict[RowId, int] = {}
    for shift_id, row, changed in linked:
        same = row_of.get(shift_id, row) == row and shift_of.get(row, shift_id) == shift_id
        if not same and changed > run:
            moved[row] = changed
    if moved:
        runs = _later_runs(session, run, moved) or sorted({*moved.values()}, reverse=True)
        raise _undo_refused(f"rows or shifts of run {run} were linked again", moved, runs)


def _later_runs(session: Session, run: int, keys: Iterable[RowId]) -> list[int]:
    """The runs after `run` that wrote or linked any of these rows, newest first."""
    journal = session.tables.changes
    return list(
        session.connection.execute(
            select(journal.c.run_id)
            .where(journal.c.clock_time_id.in_([*keys][:100]), journal.c.run_id > run)
            .distinct()
            .order_by(journal.c.run_id.desc())
        ).scalars()
    )


def _undo_refused(what: str, keys: Collection[RowId], runs: list[int]) -> UndoRefused:
    """The error for rows that were changed since, naming the runs that did it."""
    by = f"by run {', '.join(map(str, runs))}" if runs else "by another program"
    return UndoRefused(
        f"{what} since, {by}: rows {', '.join(map(str, sorted(keys, key=ordered)[:10]))}",
        rows=tuple(sorted(keys, key=ordered)),
        next_step=f"undo run {runs[0]} first" if runs else "`connecteam-sync sync` shows what differs from Connecteam",
    )


def _require_childless(session: Session, run: int, inverse: Sequence[Change], *, fresh: bool = True) -> None:
    """Raises UndoRefused if a row that would be deleted or leave its key has child rows by now."""
    children = children_of(session, concerned(inverse), fresh=fresh)
    stuck = {
        change.before.id or 0: pointing
        for change in inverse
        if change.before is not None and (pointing := kept_by(children, change.before, change.after))
    }
    if stuck:
        named = "; ".join(pointing_text(row, pointing) for row, pointing in by_key(stuck)[:10])
        more = f"; and {len(stuck) - 10} more rows" if len(stuck) > 10 else ""  # noqa: PLR2004 - those just said
        raise UndoRefused(
            f"undoing run {run} would delete or move rows that others point at: {named}{more}",
            rows=tuple(sorted(stuck, key=ordered)),
            next_step=f"remove those rows or point them elsewhere, then: connecteam-sync undo {run}",
        )


def _require_free(session: Session, run: int, inverse: list[Change]) -> None:
    """Raises UndoRefused if there is a unique key, and another row has the employee and clock-in of one to restore."""
    d, names = session.dialect, session.host.clock_times
    wanted = {c.after.key for c in inverse if c.after and (c.before is None or c.before.key != c.after.key)}
    fetched = session.fetch_set(
        f"{session.select_rows()} FROM {d.rowset({'employee_id': 'person', 'clock_in': 'int'})}"
        f" {d.lookup} {session.clock_times} t ON t.{d.name(names.employee_id)} = d.employee_id"
        f" AND t.{d.name(names.clock_in)} = {d.moment('d.clock_in')}",
        ({"employee_id": employee, "clock_in": clock_in} for employee, clock_in in wanted),
    )
    occupants = sorted({rows.clock_time(row).id or 0 for row in fetched} - {c.image.id for c in inverse}, key=ordered)
    if occupants and unique_key(session.connection, d, session.host) is not None:
        runs = _later_runs(session, run, occupants)
        raise _undo_refused("the employee and clock-in of rows that would come back were taken", occupants, runs)


def _require_restorable(session: Session, run: int, inverse: list[Change], present: Mapping[RowId, rows.Image]) -> None:
    """Raises UndoRefused if a row that the undo changes could not be restored in turn."""
    from connecteam_sync.store.history.restorable import lossy_columns, lossy_queries, require_restorable  # noqa: PLC0415 - no start

    try:
        require_restorable(session, lossy_columns(session.fetch(*lossy_queries(session, altered(inverse)))), present)
    except RecordRefused as error:
        raise UndoRefused(
            f"{error.message}; nothing was written",
            next_step=f"correct what stands there, then: connecteam-sync undo {run}",
        ) from error


def _restore_memory(
    session: Session, entries: list[dict[str, Any]], run: int
) -> dict[RowId, dict[str, TrackedShift | None]]:
    """Restore links and applied values of tracked shifts as before the run, but keep Connecteam's last record of each,
    and the former row of a shift whose row goes. Returns the tracked shifts that are replaced, by row.
    """
    wanted: dict[str, TrackedShift | None] = {}
    rows_of: dict[str, RowId] = {}
    going: dict[str, RowId] = {}
    for entry in entries:
        if entry["change"].before is None:
            going[entry["change"].shift_id] = row_id(entry["clock_time_id"])
        known = msgspec.json.decode(entry["memory_before"], type=dict[str, TrackedShift | None])
        for shift_id, mirror in known.items():
            wanted.setdefault(shift_id, mirror)
            rows_of.setdefault(shift_id, row_id(entry["clock_time_id"]))
    d = session.dialect
    fetched = session.fetch_set(
        f"SELECT {rows.mirror_columns('s')} FROM {d.rowset({'id': 'key'})} {d.lookup} {session.own.shifts} s"
        " ON s.id = d.id",
        ({"id": shift_id} for shift_id in wanted),
    )
    restored: list[TrackedShift] = []
    memory: dict[str, TrackedShift] = {}
    replaced: dict[RowId, dict[str, TrackedShift | None]] = {row_id(entry["clock_time_id"]): {} for entry in entries}
    for row in fetched:
        now = rows.mirror(row)
        was = wanted[now.shift.id]
        replaced[rows_of[now.shift.id]][now.shift.id] = memory[now.shift.id] = now
        was = TrackedShift(now.shift) if was is None or now.shift.id in going else was
        restored.append(
            msgspec.structs.replace(
                now,
                clock_time_id=was.clock_time_id,
                applied=was.applied,
                former_clock_time_id=going.get(now.shift.id, was.former_clock_time_id),
            )
        )
    remember_mirrors(session, restored, run, memory)
    return replaced


# -- employees ---------------------------------------------------------------------------------------------------------


def _people(
    session: Session, run: int
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...], tuple[Renamed, ...]]:
    """The employees that the run removed (to make again), made (to remove) and renamed."""
    slices = session.tables.slices
    fetched = session.connection.execute(
        select(slices.c.employees).where(slices.c.run_id == run, slices.c.employees.is_not(None))
    ).scalars()
    made: list[dict[str, Any]] = []
    removed: list[dict[str, Any]] = []
    renamed: list[Renamed] = []
    for receipt in fetched:
        people = msgspec.json.decode(receipt)
        made += people["removed"]
        removed += people["made"]
        renamed += msgspec.convert(people.get("renamed", ()), list[Renamed])
    return tuple(made), tuple(removed), tuple(renamed)


def _remove_employees(session: Session, run: int, people: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Remove employees that a run made, if no row of any table names them and they were not edited since."""
    if not people:
        return ()
    d, names = session.dialect, session.host
    # A later run may have renamed them after Connecteam: that is no edit by the host.
    names_now = {user: kept(session, "name", known.name) for user, (known, _, _) in session.known_users().items()}
    same = {(e.id, e.connecteam_user_id): e.name for e in session.employees()}
    unedited = [
        p for p in people if same.get((p["id"], str(p["user_id"])), ...) in {p["name"], names_now.get(p["user_id"])}
    ]
    employee = d.name(names.clock_times.employee_id)
    used = {
        row_id(row["id"])
        for row in session.read_set(
            f"SELECT DISTINCT {session.canonical['employee_id']} AS id FROM {session.clock_times} t"
            f" JOIN {d.rowset({'id': 'person'})} ON t.{employee} = d.id",
            ({"id": person["id"]} for person in unedited),
        )
    }
    used |= employees_with_children(session, (row_id(person["id"]) for person in unedited))
    gone = [person for person in unedited if person["id"] not in used]
    key = d.name(names.employees.id)
    ids = [{"id": person["id"]} for person in gone]
    sql = d.delete(d.table(names.employees.table), d.rowset({"id": "employee"}), key, "true")
    require_removed(session, run, len(gone), session.write_set(sql, ids))
    unmap = d.update(session.own.users, d.rowset({"id": "who"}), {"employee_id": "NULL"}, "t.employee_id = d.id")
    session.write_set(unmap, ids)
    return tuple(gone)
