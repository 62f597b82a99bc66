"""Link rows to shifts that differ from them only in seconds. Journaled; no value of a row changes."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from connecteam_sync.core.clocktime import AppliedValues, ClockTime, TrackedShift
from connecteam_sync.core.columns import with_times
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.same_minute import link_changes
from connecteam_sync.core.shift import Shift
from connecteam_sync.store.history.journal import write_journal
from connecteam_sync.store.mirror.clock_times import require_ours
from connecteam_sync.store.mirror.tracking import remember_mirrors
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables import rows


def link(
    session: Session, pairs: Iterable[tuple[ClockTime, Shift]], *, run: int, zone: ZoneInfo, now: int
) -> list[ClockTime]:
    """Link rows to shifts, as run `run`, and return the linked rows. Rows and shifts changed since are left alone."""
    wanted = {row.id: (row, shift) for row, shift in pairs if row.id is not None}
    images = session.images(wanted, lock=True)
    memory, taken = _remembered(session, [shift.id for _, shift in wanted.values()], list(wanted))
    linking = []
    for key, (row, shift) in wanted.items():
        known = memory.get(shift.id)
        is_same = known is None or (
            known.clock_time_id is None
            and not known.is_gone
            and (known.shift.user_id, known.shift.start, known.shift.end) == (shift.user_id, shift.start, shift.end)
        )
        if key in images and images[key][0] == row and key not in taken and is_same:
            linking.append((row, shift))
    changes = link_changes(linking, zone)
    require_ours(changes)
    mirrors = [
        TrackedShift(
            shift=memory[shift.id].shift if shift.id in memory else shift,
            clock_time_id=row.id,
            applied=_applied_values(row),
        )
        for row, shift in linking
    ]
    remember_mirrors(session, mirrors, run, memory)
    write_journal(
        session,
        changes,
        images,
        images,
        lambda change: {change.shift_id: memory.get(change.shift_id)} if change.shift_id else {},
        run=run,
        now=now,
    )
    return [row for row, _ in linking]


def _applied_values(row: ClockTime) -> AppliedValues | None:
    """The applied values of a linked row: a difference from Connecteam is then a correction, not an edit of the row.

    None if the row contradicts itself.
    """
    applied = AppliedValues(employee_id=row.employee_id, clock_in=row.clock_in, clock_out=row.clock_out)
    return applied if row == with_times(row, row.employee_id, row.clock_in, row.clock_out) else None


def _remembered(
    session: Session, shifts: list[str], keys: list[RowId]
) -> tuple[dict[str, TrackedShift], set[RowId | None]]:
    """The tracked shifts of these ids, by id; and which of these rows have a shift already."""
    d, own = session.dialect, session.own.shifts
    select = f"SELECT {rows.mirror_columns('s')} FROM"
    by_id = session.fetch_set(
        f"{select} {d.rowset({'id': 'key'})} {d.lookup} {own} s ON s.id = d.id", ({"id": name} for name in shifts)
    )
    by_row = session.fetch_set(
        f"{select} {d.rowset({'id': 'link'})} {d.lookup} {own} s ON s.clock_time_id = d.id",
        ({"id": key} for key in keys),
    )
    memory = {mirror.shift.id: mirror for mirror in map(rows.mirror, by_id)}
    return memory, {rows.mirror(row).clock_time_id for row in by_row}
