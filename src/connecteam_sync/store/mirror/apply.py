"""Apply a plan inside one transaction: guarded writes, whole-row images, tracked shifts, holds, journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.core.change import Change, Hold, SlicePlan
from connecteam_sync.core.clocktime import StoredState, TrackedShift
from connecteam_sync.core.keys import RowId, provisional_user
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.store.history.holds import HoldsWritten, moves_holds, write_holds
from connecteam_sync.store.history.journal import write_journal
from connecteam_sync.store.mirror.child_rows import ChildRowCheck
from connecteam_sync.store.mirror.clock_times import (
    altered,
    check_now,
    read_back,
    read_together,
    require_ours,
    require_unmoved,
    write_steps,
)
from connecteam_sync.store.mirror.employee_names import Renamed, rename
from connecteam_sync.store.mirror.employees import make_employees
from connecteam_sync.store.mirror.tracking import HighestClaim, remember_mirrors
from connecteam_sync.store.session import Session, images_of
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import PendingId
from connecteam_sync.store.tables import rows

if TYPE_CHECKING:
    from connecteam_sync.store.mirror.other_rows import PersonRowCounts


class ApplyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: changes with their final keys, and the employees made, as JSON images."""

    changes: tuple[Change, ...]
    employees_made: tuple[dict[str, object], ...] = ()
    wrote: bool = True
    """Whether anything at all was written."""
    renamed: tuple[Renamed, ...] = ()
    """Names and addresses written to the table of people."""
    holds: HoldsWritten = HoldsWritten()
    note: str = ""
    """A note for the receipt, of renames and the probe; empty if there were none."""


def apply(
    session: Session,
    plan: SlicePlan,
    stored: StoredState,
    *,
    run: PendingId,
    now: int,
    order: Mapping[Change, int] | None = None,
) -> ApplyResult:
    """Write all of a plan. `order` is set if the table took the changes in one order only: lowest number first, changes
    without a number last.

    Raises RowMoved if a row is not as planned, RecordRefused if the host's tables refuse one or do not keep it as
    written, DatabaseError if the database fails, NotOurs if a row is not ours to write.
    """
    require_ours(plan.changes)
    made = make_employees(session, plan.new_employees)
    if session.columns.is_new and (plan.changes or plan.new_employees):
        _require_contents(session)  # the employees just made included
    changes = tuple(with_employee(change, made) for change in plan.changes)
    probed = _probed(session, changes, now=now) if session.columns.is_new else ""
    child_check, row_counts = ChildRowCheck(session, changes), person_row_counts(session, changes)
    known = [c.before.id for c in changes if c.before is not None and c.before.id is not None]
    locking = session.images_queries(known, lock=True)
    losing = _lossy_queries(session, changes) if known else []
    counting = row_counts.queries if row_counts else []
    results = session.fetch(*locking, *losing, *child_check.queries, *counting)
    counted = [results.pop() for _ in counting]
    before = images_of(results[: len(locking)])
    require_unmoved(changes, before)
    child_check.require_childless(results[len(locking) + len(losing) :])
    if row_counts:
        row_counts.begin(counted)
    if known:
        _require_restorable(session, results[len(locking) : len(locking) + len(losing)], before)
    for part in _parts(plan.changes, order):
        write_steps(session, (with_employee(change, made) for change in part), now=now)
    check_now(session)
    if row_counts:
        row_counts.count()
    is_counting = not session.dialect.keys.row.is_text and any(change.kind == "create" for change in changes)
    free = HighestClaim(session) if is_counting else None
    memory = _memory_of(plan, changes, stored)
    memories, final = _memories(plan, memory), list[Change]()
    # What is checked of the table as a whole needs all changes in one part.
    for part in read_together(changes, whole=row_counts is not None or may_not_go_back(session)):
        written, after = read_back(session, part)
        if row_counts:
            row_counts.require_same()
        if may_not_go_back(session):
            _require_way_back(session, written, before)
        write_journal(session, written, before, after, memories, run=run.value, now=now)
        final += written
        del written, after
    changes = tuple(final)
    ids = {change.shift_id: change.image.id for change in changes}
    mirrors = tuple(_with_row(mirror, made, ids) for mirror in plan.mirrors)
    remember_mirrors(session, mirrors, run.value, memory, free=free)
    renamed, note = rename(session, plan)
    remembered = _remember(session, plan, made)
    held = write_holds(session, plan, made, run=run.value, now=now)
    # Where no day is closed any more, what was one may end long after that, held meanwhile for another reason.
    if held.resolved or (held.subjects and stored.locked):
        _follow_holds(session, _with_employees(plan, made), stored, held, run=run.value, now=now)
    people: tuple[dict[str, object], ...] = tuple(
        {"id": employee, "user_id": user, "name": new.name, "email": new.email}
        for new in plan.new_employees
        for user, employee in made.items()
        if user == new.user_id
    )
    return ApplyResult(
        changes=changes,
        employees_made=people,
        wrote=bool(changes or mirrors or remembered or held.is_any),
        renamed=renamed,
        holds=held,
        note="; ".join(filter(None, (probed, note))),
    )


def writes_anything(session: Session, plan: SlicePlan) -> bool:
    """Whether `apply` would write anything at all; asks the database nothing."""
    planned = (plan.changes, plan.mirrors, plan.new_employees, plan.breaks, plan.breaks_gone)
    return any(planned) or writes_users(session, plan) or moves_holds(session, plan)


def writes_users(session: Session, plan: SlicePlan) -> bool:
    """Whether the list of users of a plan differs from what is remembered of them."""
    return bool(_users_to_remember(session, plan.snapshot, {}))


def _lossy_queries(session: Session, changes: tuple[Change, ...]) -> list[Query]:
    """Imported only when existing rows are written, to keep the start of the program fast."""
    from connecteam_sync.store.history.restorable import lossy_queries

    return lossy_queries(session, altered(changes))


def _require_restorable(session: Session, results: list[Rows], images: Mapping[RowId, rows.Image]) -> None:
    """As `_lossy_queries`."""
    from connecteam_sync.store.history.restorable import lossy_columns, require_restorable

    require_restorable(session, lossy_columns(results), images)


def _with_employees(plan: SlicePlan, made: Mapping[int, RowId]) -> SlicePlan:
    """The plan with the real ids of these employees in what its holds stand for, too."""
    if not made:
        return plan

    def known(hold: Hold) -> Hold:
        after = hold.change.after if hold.change is not None else None
        if hold.change is None or after is None or provisional_user(after.employee_id) not in made:
            return hold
        return msgspec.structs.replace(hold, change=with_employee(hold.change, made))

    return msgspec.structs.replace(plan, holds=tuple(map(known, plan.holds)))


def _follow_holds(
    session: Session, plan: SlicePlan, stored: StoredState, held: HoldsWritten, *, run: int, now: int
) -> None:
    """Imported only where days are closed, to keep the start of the program fast."""
    from connecteam_sync.store.payroll.corrections import follow_holds

    follow_holds(session, plan, stored, held.subjects, standing=held.standing, run=run, now=now)


def _require_contents(session: Session) -> None:
    """Imported only for a table that is new or was altered, as `_probed`."""
    from connecteam_sync.store.tables.contents import require_contents

    require_contents(session)


def _probed(session: Session, changes: tuple[Change, ...], *, now: int) -> str:
    """Imported only for a table that is new or was altered, to keep the start of the program fast."""
    from connecteam_sync.store.tables.probe import first_probe

    return first_probe(session, changes, now=now)


def may_not_go_back(session: Session) -> bool:
    """Whether the table may refuse an undo of some rows, although it took back the row of the probe."""
    known = session.columns.definition
    return bool(known.triggers or known.unproved)


def _require_way_back(session: Session, changes: Sequence[Change], before: Mapping[RowId, rows.Image]) -> None:
    """As `person_row_counts`."""
    from connecteam_sync.store.mirror.trial_undo import require_way_back

    require_way_back(session, changes, before)


def person_row_counts(session: Session, changes: Sequence[Change]) -> PersonRowCounts | None:
    """The counts if the table has triggers, else None; imported only then, to keep the start of the program fast."""
    if not session.columns.definition.triggers:
        return None
    from connecteam_sync.store.mirror.other_rows import PersonRowCounts

    return PersonRowCounts(session, changes)


def _parts(changes: tuple[Change, ...], order: Mapping[Change, int] | None) -> list[tuple[Change, ...]]:
    """The changes in parts that are written one after the other."""
    if order is None:
        return [changes]
    parts: dict[int, list[Change]] = {}
    for change in changes:
        parts.setdefault(order.get(change, len(order)), []).append(change)
    return [tuple(parts[number]) for number in sorted(parts)]


# -- employees ---------------------------------------------------------------------------------------------------------


def with_employee(change: Change, made: Mapping[int, RowId]) -> Change:
    """The change with the real id in place of a provisional one."""
    after = change.after
    user = None if after is None else provisional_user(after.employee_id)
    if after is None or user is None:
        return change
    image = msgspec.structs.replace(after, employee_id=made[user])
    return msgspec.structs.replace(change, after=image)


# -- tracked shifts ----------------------------------------------------------------------------------------------------


def _memory_of(plan: SlicePlan, changes: Sequence[Change], stored: StoredState) -> dict[str, TrackedShift]:
    """The tracked shifts that a plan is about, as they were before it."""
    if not stored.mirrors:
        return {}
    concerned = {mirror.shift.id for mirror in plan.mirrors} | {change.shift_id for change in changes}
    return {mirror.shift.id: mirror for mirror in stored.mirrors if mirror.shift.id in concerned}


def _with_row(mirror: TrackedShift, made: Mapping[int, RowId], ids: Mapping[str | None, RowId | None]) -> TrackedShift:
    """The tracked shift with the ids that were not known when it was planned."""
    applied, link = mirror.applied, mirror.clock_time_id
    if applied is not None and (user := provisional_user(applied.employee_id)) is not None:
        applied = msgspec.structs.replace(applied, employee_id=made[user])
    if applied is not None and link is None:
        link = ids[mirror.shift.id]
    return msgspec.structs.replace(mirror, applied=applied, clock_time_id=link)


def _remember(session: Session, plan: SlicePlan, made: Mapping[int, RowId]) -> bool:
    """Write breaks and users that differ from those stored; whether there were any."""
    d = session.dialect
    upsert = d.upsert(session.own.breaks, rows.BREAK, "id")
    session.later_set(upsert, (dict(zip(rows.BREAK, rows.break_values(item), strict=True)) for item in plan.breaks))
    gone = d.update(session.own.breaks, d.rowset({"id": "key"}), {"is_gone": "1"}, "t.id = d.id")
    session.later_set(gone, ({"id": item} for item in plan.breaks_gone))
    users = _users_to_remember(session, plan.snapshot, made)
    session.later_set(d.upsert(session.own.users, rows.USER, "user_id"), users)
    return bool(plan.breaks or plan.breaks_gone or users)


def _users_to_remember(session: Session, snapshot: Snapshot, made: Mapping[int, RowId]) -> list[dict[str, object]]:
    """The users that are new, changed, mapped by this plan, or no longer listed."""
    result = []
    listed = {user.id: user for user in snapshot.users}
    for user_id in sorted(listed.keys() | session.users.keys()):
        known = session.users.get(user_id)
        user = listed.get(user_id) or (known and known[0])
        if user is None:
            continue
        employee = made.get(user_id, known[2] if known else None)
        if known != (user, user_id in listed, employee):
            result.append(
                {
                    "user_id": user.id,
                    "first_name": user.first_name,
                    "last_name": user.last_name,
                    "email": user.email,
                    "is_archived": int(user.is_archived),
                    "is_listed": int(user_id in listed),
                    "employee_id": employee,
                    "phone": user.phone,
                }
            )
    return result


def _memories(
    plan: SlicePlan, memory: Mapping[str, TrackedShift]
) -> Callable[[Change], dict[str, TrackedShift | None]]:
    """A function that returns the tracked shifts of a change as they were before it, so undo can restore the links."""
    by_row: dict[RowId, list[str]] = {}
    for mirror in plan.mirrors:
        was = memory.get(mirror.shift.id)
        loses = mirror.clock_time_id is None and mirror.applied is None
        if was is not None and was.clock_time_id is not None and loses:
            by_row.setdefault(was.clock_time_id, []).append(mirror.shift.id)

    def remembered(change: Change) -> dict[str, TrackedShift | None]:
        losers = by_row.get(change.image.id or 0, ())
        own = (change.shift_id,) if change.shift_id else ()
        return {name: memory.get(name) for name in (sorted({*losers, *own}) if losers else own)}

    return remembered
