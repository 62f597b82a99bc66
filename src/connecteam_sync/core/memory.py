"""What to remember of each shift once the plan is applied: only what differs from what is remembered already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from connecteam_sync.core.change import Change, Plan
from connecteam_sync.core.clocktime import Applied, Mirror, Stored
from connecteam_sync.core.match import Match
from connecteam_sync.core.shift import Break, Shift, Snapshot
from connecteam_sync.core.window import Window


def mirrors_to_remember(
    window: Window,
    snapshot: Snapshot,
    old: Mapping[str, Mirror],
    *,
    shifts: tuple[Shift, ...],
    missing: Iterable[Mirror],
    matches: tuple[Match, ...],
    changes: tuple[Change, ...],
) -> tuple[Mirror, ...]:
    """The new memory of every one of `shifts`, and of every shift that is gone, whose memory moves, by id.

    `old` is what is remembered, by id. A held shift is remembered with its latest values and the link and applied
    values it had; a gone one stays remembered, marked gone, as does one whose row another shift now has.
    """
    new: dict[str, Mirror] = {}
    for shift in shifts:
        known = old.get(shift.id)
        if known and known.shift.time_clock_id != snapshot.time_clock_id and not known.is_gone:
            continue  # another time clock's
        new[shift.id] = Mirror(
            shift=shift,
            clock_time_id=known.clock_time_id if known else None,
            applied=known.applied if known else None,
        )
    for mirror in _gone(missing, window, snapshot):
        new[mirror.shift.id] = msgspec.structs.replace(mirror, is_gone=True)
    replaced = {m.shift.id: m.replaces for m in matches if m.replaces}
    succeeded = {m.replaces for m in matches if m.how == "succession"}
    for change in changes:
        if change.shift_id is None:
            continue
        row = change.after
        mirror = new.get(change.shift_id) or old[change.shift_id]
        new[change.shift_id] = msgspec.structs.replace(
            mirror,
            clock_time_id=row.id if row else None,
            applied=Applied(employee_id=row.employee_id, clock_in=row.clock_in, clock_out=row.clock_out)
            if row
            else None,
        )
        other = replaced.get(change.shift_id)
        if other:
            was = new.get(other) or old[other]
            # Another shift stands in its very place: that proves it gone, whatever else of the answer is doubted.
            is_gone = was.is_gone or other in succeeded
            new[other] = msgspec.structs.replace(was, clock_time_id=None, applied=None, is_gone=is_gone)
    return tuple(mirror for shift_id, mirror in sorted(new.items()) if mirror != old.get(shift_id))


def _gone(missing: Iterable[Mirror], window: Window, snapshot: Snapshot) -> tuple[Mirror, ...]:
    """Shifts that start in the window proper and that the answer proves to be gone; see `no_evidence` of the plan."""
    start, end, asked_end = window.start_utc, window.end_utc, window.padded().end_utc
    doubted = {doubt.user_id for doubt in snapshot.doubts}
    unreadable = {doubt.activity_id for doubt in snapshot.doubts}
    return tuple(
        mirror
        for mirror in missing
        if mirror.shift.user_id in snapshot.listed
        and mirror.shift.user_id not in doubted
        and mirror.shift.id not in unreadable
        and start <= mirror.shift.start < end
        and (mirror.shift.end is None or mirror.shift.end < asked_end)
    )


def breaks_to_remember(window: Window, snapshot: Snapshot, stored: Stored) -> tuple[tuple[Break, ...], tuple[str, ...]]:
    """Breaks of the window to be stored anew, and the ids of those found gone (their user is listed, they are not)."""
    start, end = window.start_utc, window.end_utc
    old = {item.id: item for item in stored.breaks}
    present = {item.id for item in snapshot.breaks}
    doubted = {doubt.user_id for doubt in snapshot.doubts}
    changed = tuple(
        item
        for item in sorted(snapshot.breaks, key=lambda item: item.id)
        if (start <= item.start < end or item.id in old) and item != old.get(item.id)
    )
    gone = tuple(
        sorted(
            item.id
            for item in stored.breaks
            if start <= item.start < end
            and item.id not in present
            and item.user_id in snapshot.listed
            and item.user_id not in doubted
        )
    )
    return changed, gone


def as_if_applied(stored: Stored, plans: Iterable[Plan]) -> Stored:
    """What would be stored once these plans of other time clocks were applied; rows yet to be created are left out.

    A proposal of several clocks needs it: a row that one clock's shift takes over is no orphan to the next.
    """
    rows = {row.id: row for row in stored.rows}
    mirrors = {mirror.shift.id: mirror for mirror in stored.mirrors}
    for plan in plans:
        for change in plan.changes:
            if change.after is not None and change.after.id is not None:
                rows[change.after.id] = change.after
            elif change.before is not None:
                rows.pop(change.before.id, None)
        mirrors |= {mirror.shift.id: mirror for mirror in plan.mirrors}
    return msgspec.structs.replace(stored, rows=tuple(rows.values()), mirrors=tuple(mirrors.values()))
