"""Remove doubles inside one transaction: backed up and journaled, with child rows moved to the rows that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import insert, select, update

from connecteam_sync.core.adopt import Dedupe, Group, dedupe, grouped
from connecteam_sync.core.change import Counts, Minutes
from connecteam_sync.core.child_rows import pointing_text
from connecteam_sync.core.clocktime import AppliedValues, TrackedShift
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.run import Slice
from connecteam_sync.core.text import many
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.errors import DatabaseError, RowMoved
from connecteam_sync.store.adopt import backup, catalog
from connecteam_sync.store.adopt.catalog import ForeignKey
from connecteam_sync.store.history.holds import resolve_holds_of
from connecteam_sync.store.history.journal import write_journal
from connecteam_sync.store.mirror.child_rows import children_of, counted
from connecteam_sync.store.mirror.clock_times import require_ours, write_steps
from connecteam_sync.store.mirror.tracking import remember_mirrors
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """The stored state of a run of `adopt`: whether the key existed before, the plain indexes, and its backup."""

    run: int
    had_key: bool
    indexes: dict[str, list[str]]
    backup_table: str | None
    backup_rows: int
    backup_checksum: str
    is_finished: bool
    is_undone: bool


class DuplicateRows(msgspec.Struct, frozen=True, kw_only=True):
    """All rows that share their key with another, and the decision about them."""

    images: dict[RowId, rows.Image]
    groups: tuple[Group, ...]
    mirrors: tuple[TrackedShift, ...]
    decision: Dedupe


# -- adoptions ---------------------------------------------------------------------------------------------------------


def adoptions(session: Session) -> tuple[Adoption, ...]:
    """The runs of `adopt --apply`, oldest first."""
    made, runs = session.tables.adoptions, session.tables.runs
    undone = {row.undoes for row in session.connection.execute(select(runs.c.undoes)) if row.undoes}
    wanted = select(made, runs.c.finished_at).join(runs, runs.c.id == made.c.run_id).order_by(made.c.run_id)
    return tuple(
        Adoption(
            run=row["run_id"],
            had_key=bool(row["had_key"]),
            indexes=msgspec.json.decode(row["indexes"]),
            backup_table=row["backup_table"],
            backup_rows=row["backup_rows"],
            backup_checksum=row["backup_checksum"],
            is_finished=row["finished_at"] is not None,
            is_undone=row["run_id"] in undone,
        )
        for row in session.connection.execute(wanted).mappings()
    )


def begin_adoption(session: Session, run: int, *, had_key: bool) -> None:
    """Store how the table was before anything is changed."""
    session.connection.execute(
        insert(session.tables.adoptions).values(
            run_id=run,
            had_key=int(had_key),
            indexes=msgspec.json.encode(catalog.indexes(session.connection, session.dialect, session.host)).decode(),
            backup_rows=0,
            backup_checksum="",
        )
    )


def note_backup(session: Session, run: int, table: str | None, count: int = 0, checksum: str = "") -> None:
    """Store the backup of a run, or (`table` None) that it is dropped."""
    adoptions = session.tables.adoptions
    session.connection.execute(
        update(adoptions)
        .where(adoptions.c.run_id == run)
        .values(backup_table=table, backup_rows=count, backup_checksum=checksum)
    )


# -- doubles -----------------------------------------------------------------------------------------------------------


def doubles(session: Session, keys: Sequence[ForeignKey], *, zone: ZoneInfo, lock: bool) -> DuplicateRows:
    """All doubles of the table and the decision; `lock` keeps others from writing these rows until the commit."""
    d, names = session.dialect, session.host.clock_times
    clock_in = session.canonical["clock_in"]
    employee = f"t.{d.name(names.employee_id)}"
    # By whole seconds, as all our rules. Rows without an employee or a clock-in cannot collide.
    counted = (
        f"SELECT {session.canonical['id']} AS id, count(*) OVER (PARTITION BY {employee}, {clock_in}) AS many"
        f" FROM {session.clock_times} t WHERE {employee} IS NOT NULL AND t.{d.name(names.clock_in)} IS NOT NULL"
    )
    ids = [row_id(row["id"]) for row in session.read(f"SELECT q.id FROM ({counted}) q WHERE q.many > 1 ORDER BY q.id")]
    images = session.images(ids, lock=lock)
    groups = grouped(row for row, _ in images.values())
    images = {row.id: images[row.id] for group in groups for row in group.rows if row.id is not None}
    mirrors = _links(session, list(images))
    live = {m.clock_time_id: m.shift.id for m in mirrors if m.clock_time_id is not None and not m.is_gone}
    locks = Locks(session.locked(zone.key))
    decision = dedupe(groups, zone=zone, live=live, locks=locks)
    immovable = _immovable(session, keys, decision.survivors)
    if immovable:
        decision = dedupe(groups, zone=zone, live=live, locks=locks, immovable=immovable)
    return DuplicateRows(images=images, groups=groups, mirrors=mirrors, decision=decision)


def _links(session: Session, ids: list[RowId]) -> tuple[TrackedShift, ...]:
    d = session.dialect
    fetched = session.fetch_set(
        f"SELECT {rows.mirror_columns('s')} FROM {d.rowset({'id': 'link'})} {d.lookup} {session.own.shifts} s"
        " ON s.clock_time_id = d.id",
        ({"id": row} for row in ids),
    )
    return tuple(rows.mirror(row) for row in fetched)


def _immovable(session: Session, keys: Sequence[ForeignKey], survivors: Mapping[RowId, RowId]) -> dict[RowId, str]:
    """Rows to be removed whose child rows cannot be moved to the survivor, and why."""
    reasons: dict[RowId, str] = {}
    for key in keys:
        if not key.reference.movable:
            reasons |= dict.fromkeys(counted(session, [key.pointer], survivors), key.reference.why)
            continue
        pointing = _pointing(session, key, {*survivors, *survivors.values()})
        for unique in key.uniques:
            taken: set[tuple[object, ...]] = set()
            # Child rows of survivors come first, so a conflict is found at the row that would move.
            for row in sorted(pointing, key=lambda row: row["target"] in survivors):
                target = row["target"]
                values = tuple(survivors.get(target, target) if c == key.column else row["image"][c] for c in unique)
                if values in taken and None not in values:
                    reasons[target] = f"both have a row in {key.table}, which allows one: decide which of them counts"
                taken.add(values)
    return reasons


def _pointing(session: Session, key: ForeignKey, ids: set[RowId]) -> list[dict[str, Any]]:
    """Child rows in one table of any of these rows: the row pointed at, and the columns of their keys as an image."""
    d, table, column = session.dialect, key.pointer.source(session.dialect), session.dialect.exact(key.column)
    columns = sorted({*key.key, *(name for unique in key.uniques for name in unique)})
    image = d.image("c", dict.fromkeys(columns, "")) if columns else "'{}'"
    fetched = session.read_set(
        f"SELECT {d.keys.row.read.format(f'c.{column}')} AS target, {image} AS image FROM {d.rowset({'id': 'row'})}"
        f" {d.lookup} {table} c ON c.{column} = d.id",
        ({"id": row} for row in sorted(ids, key=ordered)),
    )
    return [{"target": row_id(row["target"]), "image": msgspec.json.decode(row["image"])} for row in fetched]


# -- removing ----------------------------------------------------------------------------------------------------------


def remove(
    session: Session,
    found: DuplicateRows,
    keys: Sequence[ForeignKey],
    *,
    run: int,
    table: str,
    window: Window,
    now: int,
) -> Slice:
    """Back up the rows, move child rows to the survivors, remove the doubles, and write the journal.

    Raises RowMoved, NotOurs, and DatabaseError if a row is not as written; then the transaction must be rolled back.
    """
    decision = found.decision
    require_ours(decision.changes)
    touched = {row.id for group in found.groups for row in group.rows if row.id is not None} & {
        *decision.survivors,
        *decision.survivors.values(),
    }
    count, checksum = backup.fill(session, table, {key: found.images[key][1] for key in touched})
    note_backup(session, run, table, count, checksum)
    for key in keys:
        if key.reference.movable:
            _move_pointers(session, key, decision.survivors, run)
    if left := children_of(session, decision.survivors):
        raise RowMoved(
            "; ".join(pointing_text(row, pointing) for row, pointing in sorted(left.items())[:10]),
            rows=tuple(sorted(left)),
            next_step="run the command again; it reads the table again",
        )
    write_steps(session, decision.changes, now=now)
    after = session.images(touched)
    for change in decision.changes:
        row = change.image.id or 0
        if (after[row][0] if row in after else None) != change.after:
            raise DatabaseError(
                f"row {row} is not as written: a trigger, or a column that rounds",
                next_step="look at the triggers and column types of the table; nothing was written",
            )
    memories = _forget(session, found, run)
    write_journal(
        session,
        decision.changes,
        found.images,
        after,
        lambda change: memories.get(change.image.id or 0, {}),
        run=run,
        now=now,
    )
    resolve_holds_of(session, decision.survivors, run)
    kinds = [change.kind for change in decision.changes]
    total = sum(row.minutes for row, _ in found.images.values())
    return Slice(
        time_clock_id=None,
        window=window,
        status="applied" if decision.changes else "nothing",
        counts=Counts(updated=kinds.count("update"), deleted=kinds.count("delete")),
        minutes=Minutes(before=total, after=total + sum(change.minutes for change in decision.changes)),
        note=f"{many(count, 'row is', 'rows are')} backed up, keys kept, in table {table}; SHA-256 {checksum}",
    )


def days_of_ours(session: Session, otherwise: Window) -> Window:
    """From the first to the last local day of rows of ours; `otherwise` if there are none."""
    d, zone = session.dialect, otherwise.zone
    clock_in = f"t.{d.name(session.host.clock_times.clock_in)}"
    bounds = ", ".join(d.epoch(f"{end}({clock_in})") for end in ("min", "max"))
    [(first, last)] = session.fetch(Query(f"SELECT {bounds} FROM {session.clock_times} t WHERE {session.is_ours}"))[0]
    if first is None or last is None:
        return otherwise
    return Window(local_day(int(first), zone), local_day(int(last), zone), otherwise.timezone)


def span(found: DuplicateRows, otherwise: Window) -> Window:
    """The local days of the doubles; `otherwise` if there are none."""
    zone = otherwise.zone
    days = [local_day(row.clock_in, zone) for row, _ in found.images.values()]
    return Window(min(days), max(days), otherwise.timezone) if days else otherwise


def _forget(session: Session, found: DuplicateRows, run: int) -> dict[RowId, dict[str, TrackedShift | None]]:
    """Remove links to removed rows, and update the applied values of survivors that got a clock-out. Returns the
    tracked shifts as they were before, by row.
    """
    after = {change.image.id: change.after for change in found.decision.changes}
    changed: list[TrackedShift] = []
    before: dict[RowId, dict[str, TrackedShift | None]] = {}
    for mirror in found.mirrors:
        row = mirror.clock_time_id
        if row is None or row not in after:
            continue
        before.setdefault(row, {})[mirror.shift.id] = mirror
        image = after[row]
        if image is None:
            changed.append(msgspec.structs.replace(mirror, clock_time_id=None, applied=None))
        elif mirror.applied is not None:
            applied = AppliedValues(employee_id=image.employee_id, clock_in=image.clock_in, clock_out=image.clock_out)
            changed.append(msgspec.structs.replace(mirror, applied=applied))
    remember_mirrors(session, changed, run, {mirror.shift.id: mirror for mirror in found.mirrors})
    return before


# -- rows of other tables ----------------------------------------------------------------------------------------------


def _kept_moments(session: Session, key: ForeignKey) -> dict[str, str]:
    """Assignments of timestamps to themselves, for databases that would otherwise update them automatically."""
    if not session.dialect.moves_moments:
        return {}
    names = [session.dialect.name(name) for name in key.moments if name != key.column]
    return {name: f"t.{name}" for name in names}


def _move_pointers(session: Session, key: ForeignKey, survivors: Mapping[RowId, RowId], run: int) -> None:
    """Move child rows to the survivors, and store which, so that they can be moved back."""
    pointing = _pointing(session, key, set(survivors))
    if not pointing:
        return
    d, column = session.dialect, session.dialect.exact(key.column)
    kinds: dict[str, Kind] = {"from_id": "row", "to_id": "row"}
    done = session.write_set(
        d.update(
            key.pointer.source(d),
            d.rowset(kinds),
            {column: "d.to_id"} | _kept_moments(session, key),
            f"t.{column} = d.from_id",
        ),
        ({"from_id": old, "to_id": survivors[old]} for old in sorted({row["target"] for row in pointing}, key=ordered)),
    )
    if done != len(pointing):
        raise RowMoved(
            f"rows of {key.table} were changed by another program while we wrote",
            next_step="run the command again; it reads the table again",
        )
    columns: dict[str, Kind] = {
        "run_id": "int",
        "table_name": "text",
        "column_name": "text",
        "row_key": "text",
        "from_id": "link",
        "to_id": "link",
    }
    session.write_set(
        d.insert(session.own.references, d.rowset(columns), {name: f"d.{name}" for name in columns}),
        (
            {
                "run_id": run,
                "table_name": key.table,
                "column_name": key.column,
                "row_key": msgspec.json.encode({part: row["image"][part] for part in key.key}).decode(),
                "from_id": row["target"],
                "to_id": survivors[row["target"]],
            }
            for row in pointing
        ),
    )


def move_pointers_back(session: Session, keys: Sequence[ForeignKey], run: int) -> int:
    """Move back the child rows that a run moved. Returns how many were moved again or removed since."""
    by_name = {(key.table, key.column): key for key in keys}
    moved = session.tables.references
    wanted = select(moved).where(moved.c.run_id == run).order_by(moved.c.id.desc())
    left = 0
    # Each statement has a child row once: a row may have moved several times, and must go back in reverse order.
    batches: dict[tuple[str, str, int], list[dict[str, object]]] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for row in session.connection.execute(wanted).mappings():
        place = (row["table_name"], row["column_name"], row["row_key"])
        turn = seen[place] = seen.get(place, -1) + 1
        parts = msgspec.json.decode(row["row_key"])
        values = {f"k{number}": parts[name] for number, name in enumerate(parts)}
        item = {"from_id": row["from_id"], "to_id": row["to_id"], **values}
        batches.setdefault((row["table_name"], row["column_name"], turn), []).append(item)
    for (table, column, _), items in sorted(batches.items(), key=lambda item: item[0][2]):
        key = by_name.get((table, column))
        if key is None:
            left += len(items)
            continue
        left += len(items) - session.write_set(_back(session, key), items)
    return left


def _back(session: Session, key: ForeignKey) -> str:
    d, column = session.dialect, session.dialect.exact(key.column)
    kinds: dict[str, Kind] = {"from_id": "row", "to_id": "row"}
    condition = f"t.{column} = d.to_id"
    for number, (part, kind) in enumerate(key.key.items()):
        is_number = kind.python_type is int
        kinds[f"k{number}"] = "int" if is_number else "key"
        value = f"d.k{number}"
        if not is_number:
            value = d.as_type(value, kind.compile(session.engine.dialect))
        condition += f" AND t.{d.name(part)} = {value}"
    changes = {column: "d.from_id"} | _kept_moments(session, key)
    return d.update(key.pointer.source(d), d.rowset(kinds), changes, condition)
