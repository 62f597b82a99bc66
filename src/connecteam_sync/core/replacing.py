"""Deleted rows without a shift, and new rows of the same person: both in one transaction, or neither (decision 16).

Such rows may be the same shifts at other times (a time zone, rounding, another day), and no rule compares times by
distance. So if they go (`resync`, `orphans = "delete"`), a person's new rows wait for the end of the run, and are
committed together with the deletes. If the old rows stay after all, new rows that would give the person about twice
their hours are held.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable

from connecteam_sync.core.absences import ORPHAN, Absences
from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.guards import DOUBLED_SHARE
from connecteam_sync.core.keys import RowId, by_key, ordered
from connecteam_sync.core.text import many


def take_replaced(builder: Absences, taken: Container[RowId | None]) -> None:
    """At the end of a run, delete rows without a shift of people who get new rows by this plan.

    Also if another look decides on them, but only rows that it would delete and that nothing else keeps by now.
    """
    if builder.stage != "end" or builder.policy.orphans == "delete" or not builder.rows_go:
        return
    people = {change.image.employee_id for change in builder.changes if change.kind == "create"}
    for row in builder.stored.rows:
        if (
            row.employee_id not in people
            or not _goes(builder, row)
            or row.id in builder.shift_of_row
            or row.id in taken
        ):
            continue
        if not builder.inside(row.clock_in) or builder.no_evidence_of_orphan(row) or builder.why_kept(row, None):
            continue
        change = builder.change("delete", row, None, None, ORPHAN)
        if builder.obstacle(change) is None:
            builder.changes.append(change)
            builder.deleted_for_others.add(row.id)


def note_replaced(builder: Absences) -> None:
    """Note the rows without a shift that at least half as many new ones replace: if they are too many, a guard stops
    the slice, and a person accepts all of them at once instead of each employee's.
    """
    if not builder.rows_go:
        return
    coming = Counter(builder.evidence.coming.get((builder.start, builder.end), ()))
    if builder.stage != "end":
        coming += Counter(change.image.employee_id for change in builder.changes if change.kind == "create")
    leaving: dict[RowId, list[RowId | None]] = defaultdict(list)
    for change in (*builder.changes, *builder.pending.values()):
        if change.kind == "delete" and change.shift_id is None:
            leaving[change.image.employee_id].append(change.image.id)
    for employee, rows in leaving.items():
        if 2 * coming[employee] >= len(rows):
            builder.replaced.update(rows)


def hold_doubles(builder: Absences, taken: Container[RowId | None]) -> None:
    """Take back new rows of people who still have rows without a shift: the new rows wait, or are held."""
    if not builder.rows_go:
        return
    gone = {change.before.id for change in builder.changes if change.before}
    creates: dict[RowId, list[Change]] = defaultdict(list)
    for change in builder.changes:
        if change.kind == "create":
            creates[change.image.employee_id].append(change)
    standing: dict[RowId, list[ClockTime]] = defaultdict(list)
    for row in builder.stored.rows:
        if (
            row.employee_id in creates
            and row.is_ours
            and row.id not in builder.shift_of_row
            and row.id not in taken
            and row.id not in gone
        ):
            standing[row.employee_id].append(row)
    out: set[int] = set()
    for employee, rows in by_key(standing):
        out |= {id(change) for change in _not_yet(builder, employee, rows, creates[employee])}
    builder.changes = [change for change in builder.changes if id(change) not in out]


def _not_yet(builder: Absences, employee: RowId, rows: list[ClockTime], creates: list[Change]) -> list[Change]:
    """The new rows of a person that this plan must not create while these rows without a shift are there."""
    if builder.stage != "end" and any(
        row.id in builder.pending or (builder.stage == "part" and builder.evidence.has_day(row.clock_in))
        for row in rows
    ):
        builder.coming[employee] += len(creates)
        builder.deferred += creates
        for change in creates:
            builder.wait_for(change, None)
            builder.undecided.add(f"shift:{change.shift_id}")
        return creates
    inside = [row for row in rows if builder.inside(row.clock_in)]
    # If the old rows wait to be accepted, all new rows of the person are held until then.
    waits = employee in builder.accept_names or builder.evidence.is_stopped
    new = _linked(builder, employee) + sum(change.minutes for change in creates)
    if inside and (waits or _minutes(inside) >= max(1, DOUBLED_SHARE * new)):
        _hold(builder, creates, inside)
        return creates
    return _near_edges(builder, rows, creates)


def _near_edges(builder: Absences, rows: list[ClockTime], creates: list[Change]) -> list[Change]:
    """The new rows near the window's edges that are held, since old rows are beyond the edge, in another slice.

    Old rows that go are deleted by that slice's own commit, which comes next: new rows near them are created after it.
    """
    margin = builder.window.padded().end_utc - builder.end
    held: list[Change] = []
    for beyond, near in (
        (
            [r for r in rows if r.clock_in < builder.start],
            [c for c in creates if c.image.clock_in < builder.start + margin],
        ),
        (
            [r for r in rows if r.clock_in >= builder.end],
            [c for c in creates if c.image.clock_in >= builder.end - margin],
        ),
    ):
        looked_at = [row for row in beyond if builder.evidence.has_day(row.clock_in)]
        goes = any(_goes(builder, row) for row in looked_at)
        new = sum(change.minutes for change in near)
        if goes or (looked_at and (builder.evidence.is_stopped or _minutes(looked_at) >= max(1, DOUBLED_SHARE * new))):
            _hold(builder, near, looked_at)
            held += near
            for change in near if goes else ():
                builder.wait_for(change, None)
    return held


def _hold(builder: Absences, creates: Iterable[Change], rows: Iterable[ClockTime]) -> None:
    """Hold new rows of a person because of these old ones that stay."""
    stay = sorted(rows, key=lambda row: (row.clock_in, ordered(row.id)))
    for change in creates:
        employee = change.image.employee_id
        word = builder.accept_names.get(employee)
        accept = f"; if those are to go: --accept {word}" if word else ""
        who = builder.stored.names.get(employee, f"employee {employee}")
        staying = (
            f"{many(len(stay), 'row')} of {who} without a shift stay (row {stay[0].id}{', …' if stay[1:] else ''})"
        )
        builder.hold_change(
            "old_rows_stay", change, f"{staying}: beside them the hours would stand there twice{accept}"
        )


def _goes(builder: Absences, row: ClockTime) -> bool:
    """Whether the look that decides on a row without a shift would delete it."""
    return row.id in builder.evidence.going.get(row.employee_id, {})


def _linked(builder: Absences, employee: RowId) -> int:
    """The minutes of a person's rows in the window that have a shift once this plan is applied."""
    after = [change.after for change in builder.changes if change.before is not None and change.after is not None]
    moved = {change.image.id for change in builder.changes if change.before is not None}
    standing = (row for row in builder.stored.rows if row.id in builder.shift_of_row and row.id not in moved)
    return _minutes(row for row in (*standing, *after) if row.employee_id == employee and builder.inside(row.clock_in))


def _minutes(rows: Iterable[ClockTime]) -> int:
    return sum(row.minutes for row in rows)
