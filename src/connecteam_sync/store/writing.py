"""Apply a plan inside one transaction: guarded writes, whole-row images, memory, holds, journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from connecteam_sync.core.change import Change, Hold, Plan
from connecteam_sync.core.clocktime import Mirror, Stored
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.store import rows
from connecteam_sync.store.clock_times import demand_unmoved, read_back, write_steps
from connecteam_sync.store.dialect import Kind
from connecteam_sync.store.journal import write_journal
from connecteam_sync.store.session import Session
from connecteam_sync.store.statements import Key


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was really written: changes with final keys, and the employees made, as JSON images by id."""

    changes: tuple[Change, ...]
    employees_made: tuple[dict[str, object], ...] = ()
    wrote: bool = True
    """Whether anything at all was written."""


def apply(session: Session, plan: Plan, stored: Stored, *, run: Key, now: int) -> Applied:
    """Write all of a plan. Raises RowMoved where a row is not as planned, DatabaseError where it would not stay."""
    made = _make_employees(session, plan)
    changes = tuple(_with_employees(change, made) for change in plan.changes)
    before = session.images([c.before.id for c in changes if c.before and c.before.id is not None], lock=True)
    demand_unmoved(changes, before)
    write_steps(session, changes, now=now)
    changes, after = read_back(session, changes)
    ids = {change.shift_id: change.image.id for change in changes}
    mirrors = tuple(_with_row(mirror, made, ids) for mirror in plan.mirrors)
    concerned = {mirror.shift.id for mirror in plan.mirrors} | ids.keys()
    memory = {mirror.shift.id: mirror for mirror in stored.mirrors if mirror.shift.id in concerned}
    remember_mirrors(session, mirrors, run.value, unknown=lambda shift: shift not in memory)
    remembered = _remember(session, plan, made)
    write_journal(session, changes, before, after, _memories(plan, memory), run=run.value, now=now)
    held = _write_holds(session, plan, made, run=run.value, now=now)
    people: tuple[dict[str, object], ...] = tuple(
        {"id": employee, "user_id": user, "name": new.name, "email": new.email}
        for new in plan.new_employees
        for user, employee in made.items()
        if user == new.user_id
    )
    return Applied(changes=changes, employees_made=people, wrote=bool(changes or mirrors or remembered or held))


# -- employees ---------------------------------------------------------------------------------------------------------


def insert_employees(session: Session, people: Iterable[Mapping[str, object]], *, with_id: bool = False) -> None:
    """Rows of the host's `employees`, keyed by `user_id`, `name`, `email` (and `id` where it is to be restored)."""
    d, names = session.dialect, session.host.employees
    kinds: dict[str, Kind] = {
        "user_id": "int" if session.columns.user_id_is_number else "text",
        "name": "text",
        "email": "text",
    }
    values = {d.name(names.connecteam_user_id): "d.user_id", d.name(names.name): "d.name"}
    if names.email in session.columns.employees:
        values[d.name(names.email)] = "d.email"
    if with_id:
        kinds["id"] = "int"
        values[d.name(names.id)] = "d.id"
    key = int if session.columns.user_id_is_number else str
    widths = {
        member: column in session.columns.employees and session.columns.employees[column].width
        for member, column in (("name", names.name), ("email", names.email))
    }
    items = [
        {
            **person,
            **{member: str(person[member])[:width] for member, width in widths.items() if person.get(member) and width},
            "user_id": key(str(person["user_id"])),
        }
        for person in people
    ]
    session.later_set(d.insert(d.name(names.table), d.rowset(kinds), values), items)


def _make_employees(session: Session, plan: Plan) -> dict[int, int]:
    """The employee id of every user this plan creates an employee for."""
    if not plan.new_employees:
        return {}
    insert_employees(session, ({"user_id": n.user_id, "name": n.name, "email": n.email} for n in plan.new_employees))
    ids = {e.connecteam_user_id: e.id for e in session.employees()}
    return {new.user_id: ids[str(new.user_id)] for new in plan.new_employees}


def _with_employees(change: Change, made: Mapping[int, int]) -> Change:
    """The change with the real id in place of a provisional one."""
    after = change.after
    if after is None or after.employee_id >= 0:
        return change
    image = msgspec.structs.replace(after, employee_id=made[-after.employee_id])
    return msgspec.structs.replace(change, after=image)


# -- memory ------------------------------------------------------------------------------------------------------------


def _with_row(mirror: Mirror, made: Mapping[int, int], ids: Mapping[str | None, int | None]) -> Mirror:
    """The memory with the ids that were not known when it was planned."""
    applied, link = mirror.applied, mirror.clock_time_id
    if applied is not None and applied.employee_id < 0:
        applied = msgspec.structs.replace(applied, employee_id=made[-applied.employee_id])
    if applied is not None and link is None:
        link = ids[mirror.shift.id]
    return msgspec.structs.replace(mirror, applied=applied, clock_time_id=link)


def remember_mirrors(
    session: Session, mirrors: Iterable[Mirror], run: int, *, unknown: Callable[[str], bool] = lambda _: False
) -> None:
    """Rows of `connecteam_shifts`; those of shifts that are `unknown` are new, and need not be looked for."""
    new: list[Mirror] = []
    known: list[Mirror] = []
    for mirror in mirrors:
        (new if unknown(mirror.shift.id) else known).append(mirror)
    session.insert_many("connecteam_shifts", rows.MIRROR, (rows.mirror_values(mirror, run) for mirror in new))
    session.later_set(
        session.dialect.upsert("connecteam_shifts", rows.MIRROR, "id"),
        (dict(zip(rows.MIRROR, rows.mirror_values(mirror, run), strict=True)) for mirror in known),
    )


def _remember(session: Session, plan: Plan, made: Mapping[int, int]) -> bool:
    """Write breaks and users that differ from what is remembered; whether there were any."""
    d = session.dialect
    upsert = d.upsert("connecteam_breaks", rows.BREAK, "id")
    session.later_set(upsert, (dict(zip(rows.BREAK, rows.pause_values(item), strict=True)) for item in plan.breaks))
    gone = d.update("connecteam_breaks", d.rowset({"id": "key"}), {"is_gone": "1"}, "t.id = d.id")
    session.later_set(gone, ({"id": item} for item in plan.breaks_gone))
    users = _users_to_remember(session, plan.snapshot, made)
    session.later_set(d.upsert("connecteam_users", rows.USER, "user_id"), users)
    return bool(plan.breaks or plan.breaks_gone or users)


def _users_to_remember(session: Session, snapshot: Snapshot, made: Mapping[int, int]) -> list[dict[str, object]]:
    """Users that are new, changed, mapped by this plan, or gone from the account's list."""
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
                }
            )
    return result


def _memories(plan: Plan, memory: Mapping[str, Mirror]) -> Callable[[Change], dict[str, Mirror | None]]:
    """Tells what was remembered of the shifts of a change before it, so that undo restores the links too."""
    by_row: dict[int, list[str]] = {}
    for mirror in plan.mirrors:
        was = memory.get(mirror.shift.id)
        loses = mirror.clock_time_id is None and mirror.applied is None
        if was is not None and was.clock_time_id is not None and loses:
            by_row.setdefault(was.clock_time_id, []).append(mirror.shift.id)

    def remembered(change: Change) -> dict[str, Mirror | None]:
        losers = by_row.get(change.image.id or 0, ())
        own = (change.shift_id,) if change.shift_id else ()
        return {name: memory.get(name) for name in (sorted({*losers, *own}) if losers else own)}

    return remembered


# -- holds -------------------------------------------------------------------------------------------------------------


def _write_holds(session: Session, plan: Plan, made: Mapping[int, int], *, run: int, now: int) -> bool:
    """Open what is new, correct what moved, resolve what lost its cause; whether there was any of it."""
    window = plan.window
    clocks = {plan.time_clock_id} | {hold.time_clock_id for hold in plan.holds if hold.time_clock_id is not None}
    known = {
        (row["time_clock_id"], row["reason"], row["subject"]): row
        for row in session.holds
        if row["time_clock_id"] in clocks
    }
    opened, moved = [], []
    for hold in plan.holds:
        values = _hold_values(plan, hold, made, run, now)
        row = known.pop((values["time_clock_id"], hold.reason, hold.subject), None)
        if row is None:
            opened.append(values)
        elif any(row[name] != values[name] for name in rows.HOLD if name not in _OF_THE_FIRST):
            moved.append({"id": row["id"], **values})
    first, last = window.first.isoformat(), window.last.isoformat()
    resolved = [
        {"id": row["id"], "run": run}
        for row in known.values()
        if row["time_clock_id"] == plan.time_clock_id
        and (
            window.holds(row["instant"])
            if row["instant"] is not None
            else first <= row["first_day"] and row["last_day"] <= last
        )
        and not (row["reason"] == "orphan" and plan.policy.orphans == "ignore")
    ]
    d = session.dialect
    session.later_set(d.insert("sync_holds", d.rowset(rows.HOLD), {c: f"d.{c}" for c in rows.HOLD}), opened)
    changing = {c: f"d.{c}" for c in rows.HOLD if c not in _OF_THE_FIRST}
    session.later_set(d.update("sync_holds", d.rowset({"id": "int", **rows.HOLD}), changing, "t.id = d.id"), moved)
    kinds: dict[str, Kind] = {"id": "int", "run": "int"}
    session.later_set(d.update("sync_holds", d.rowset(kinds), {"resolved_run": "d.run"}, "t.id = d.id"), resolved)
    return bool(opened or moved or resolved)


_OF_THE_FIRST = {"first_day", "last_day", "first_run", "first_seen"}
"""What a hold keeps from the run that found it."""


def _hold_values(plan: Plan, hold: Hold, made: Mapping[int, int], run: int, now: int) -> dict[str, object]:
    employee = hold.employee_id
    if employee is None or employee < 0:
        # The person may have been created by this very plan; the next run knows them, and must find nothing to correct.
        employee = made.get(hold.user_id or 0)
    return {
        "time_clock_id": hold.time_clock_id or plan.time_clock_id,
        "reason": hold.reason,
        "subject": hold.subject,
        "detail": hold.detail,
        "shift_id": hold.shift_id,
        "user_id": hold.user_id,
        "clock_time_id": hold.clock_time_id,
        "employee_id": employee,
        "instant": hold.instant,
        "minutes": hold.minutes,
        "first_day": plan.window.first.isoformat(),
        "last_day": plan.window.last.isoformat(),
        "first_run": run,
        "first_seen": now,
    }
