"""The tracked shifts and breaks to store with a plan: only those that differ from the stored ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from itertools import count

import msgspec

from connecteam_sync.core.change import Change, SlicePlan
from connecteam_sync.core.clocktime import AppliedValues, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.match import Match
from connecteam_sync.core.shift import Break, Shift, Snapshot
from connecteam_sync.core.window import Window


def mirrors_to_remember(
    window: Window,
    snapshot: Snapshot,
    old: Mapping[str, TrackedShift],
    *,
    shifts: tuple[Shift, ...],
    missing: Collection[TrackedShift],
    matches: tuple[Match, ...],
    changes: tuple[Change, ...],
    invalid: Container[int] = (),
    stale: Container[str] = (),
) -> tuple[TrackedShift, ...]:
    """The tracked shifts that change, among `shifts` and those that are gone, by id.

    `old` are the stored ones, by id. A held shift gets its latest values and keeps its link and applied values (except
    `stale` links); a gone one is kept and marked gone, as is one whose row another shift now has. One whose row is
    deleted keeps that row's id. No shift of `invalid` users is marked gone.
    """
    new: dict[str, TrackedShift] = {}
    for shift in shifts:
        known = old.get(shift.id)
        if known is None:
            new[shift.id] = TrackedShift(shift=shift)
        else:
            new[shift.id] = msgspec.structs.replace(_without_stale(known, stale), shift=shift, is_gone=False)
    for mirror in _gone(missing, window, snapshot, invalid):
        new[mirror.shift.id] = msgspec.structs.replace(_without_stale(mirror, stale), is_gone=True)
    for mirror in missing:
        if mirror.shift.id in stale:
            new.setdefault(mirror.shift.id, _without_stale(mirror, stale))
    replaced = {m.shift.id: m.replaces for m in matches if m.replaces}
    succeeded = {m.replaces for m in matches if m.how == "succession"}
    for change in changes:
        if change.shift_id is None:
            continue
        row = change.after
        mirror = new.get(change.shift_id) or old[change.shift_id]
        # A row to be created is linked once it exists, even if its id is known already.
        link = row.id if row is not None and change.before is not None else None
        new[change.shift_id] = TrackedShift(
            mirror.shift,
            link,
            AppliedValues(row.employee_id, row.clock_in, row.clock_out) if row is not None else None,
            mirror.is_gone,
            None if row is not None or change.before is None else change.before.id,
        )
        predecessor = replaced.get(change.shift_id)
        if predecessor:
            was = new.get(predecessor) or old[predecessor]
            # Another shift has replaced it: that proves it gone, even if other records of the answer are invalid.
            is_gone = was.is_gone or predecessor in succeeded
            new[predecessor] = msgspec.structs.replace(was, clock_time_id=None, applied=None, is_gone=is_gone)
    return tuple(mirror for shift_id, mirror in sorted(new.items()) if mirror != old.get(shift_id))


def outdated(
    snapshot: Snapshot, old: Mapping[str, TrackedShift], remembered: Iterable[TrackedShift]
) -> dict[str, TrackedShift]:
    """The tracked shifts that the answer shows on another clock-in than is known of them once `remembered` are stored.

    They are shifts of the padding, and those without a row that are on another day by now: another look decides on
    them. `old` are the stored ones, by id.
    """
    now = {**old, **{mirror.shift.id: mirror for mirror in remembered}}
    return {
        shift.id: mirror
        for shift in snapshot.shifts
        if (mirror := now.get(shift.id)) is not None
        and (mirror.shift.start, mirror.shift.user_id) != (shift.start, shift.user_id)
    }


def _without_stale(mirror: TrackedShift, stale: Container[str]) -> TrackedShift:
    """The tracked shift, without a link that is out of date."""
    if mirror.shift.id not in stale:
        return mirror
    return msgspec.structs.replace(mirror, clock_time_id=None, applied=None)


def _gone(
    missing: Iterable[TrackedShift], window: Window, snapshot: Snapshot, invalid: Container[int]
) -> tuple[TrackedShift, ...]:
    """Shifts of the window proper that the answer proves to be gone; see `Absences.no_evidence`."""
    start, end, asked_end = window.start_utc, window.end_utc, window.surely_covered[1]
    unreadable = {invalid_record.activity_id for invalid_record in snapshot.invalid_records}
    return tuple(
        mirror
        for mirror in missing
        if mirror.shift.user_id in snapshot.listed
        and mirror.shift.user_id not in invalid
        and mirror.shift.id not in unreadable
        and start <= mirror.shift.start < end
        and (mirror.shift.end is None or mirror.shift.end < asked_end)
    )


def breaks_to_remember(
    window: Window, snapshot: Snapshot, stored: StoredState
) -> tuple[tuple[Break, ...], tuple[str, ...]]:
    """Breaks of the window to be stored again, and the ids of those found gone (their user is listed, they are not).

    Also those of the days around it that lie within a shift of the window: else its last night would have them only
    after the look at the next day, and whoever looks at a pay period alone would pay them.
    """
    start, end = window.start_utc, window.end_utc
    within = _within_shifts(window, snapshot) if snapshot.breaks or stored.breaks else _nowhere
    low, high = window.surely_covered
    old = {item.id: item for item in stored.breaks}
    present = {item.id for item in snapshot.breaks}
    invalid = {invalid_record.user_id for invalid_record in snapshot.invalid_records}
    changed = tuple(
        item
        for item in sorted(snapshot.breaks, key=lambda item: item.id)
        if (start <= item.start < end or item.id in old or within(item)) and item != old.get(item.id)
    )
    gone = tuple(
        sorted(
            item.id
            for item in stored.breaks
            if (
                start <= item.start < end
                or (low <= item.start and item.end is not None and item.end < high and within(item))
            )
            and item.id not in present
            and item.user_id in snapshot.listed
            and item.user_id not in invalid
        )
    )
    return changed, gone


def _within_shifts(window: Window, snapshot: Snapshot) -> Callable[[Break], bool]:
    """Whether a break touches a shift of the same person that begins in the window proper, and is over."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    first, last = window.start_utc, window.end_utc
    for shift in snapshot.shifts:
        if shift.end is not None and first <= shift.start < last:
            found[shift.user_id].append((shift.start, shift.end))
    return lambda item: any(
        item.start < end and (item.end is None or item.end > start) for start, end in found.get(item.user_id, ())
    )


def _nowhere(_: Break) -> bool:
    return False


def as_if_applied(stored: StoredState, plans: Iterable[SlicePlan], window: Window) -> StoredState:
    """The stored state of a window as if these plans were applied; rows yet to be created have ids below zero.

    A proposal of several looks needs it: a row that one look's shift takes over is no orphan for the next. Of plans for
    other days, only the changes to existing rows count.
    """
    rows = {row.id: row for row in stored.rows}
    mirrors = {mirror.shift.id: mirror for mirror in stored.mirrors}
    provisional = count(-1, -1)
    for plan in plans:
        is_same = plan.window == window
        touched: dict[str | None, RowId | None] = {}
        for change in plan.changes:
            before, after = change.before, change.after
            if before is None and not is_same:
                continue
            key = before.id if before is not None else (after and after.id) or next(provisional)
            touched[change.shift_id] = key
            if after is not None:
                rows[key] = msgspec.structs.replace(after, id=key)
            else:
                rows.pop(key, None)
        for mirror in plan.mirrors:
            name = mirror.shift.id
            if is_same or name in touched or name in mirrors:
                is_made = mirror.applied is not None and mirror.clock_time_id is None
                link = touched.get(name) if is_made else mirror.clock_time_id
                mirrors[name] = msgspec.structs.replace(mirror, clock_time_id=link)
    return msgspec.structs.replace(stored, rows=tuple(rows.values()), mirrors=tuple(mirrors.values()))
