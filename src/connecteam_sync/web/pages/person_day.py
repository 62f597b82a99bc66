"""`/people/E/DAY`: why these hours? A day of one person: Connecteam, the table and the timesheet side by side."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.history import ShiftHistory
from connecteam_sync.core.persons import PersonDay, hours_of_day
from connecteam_sync.core.run import Entry, StandingHold
from connecteam_sync.core.text import called, day_name, hours, many, span
from connecteam_sync.core.window import EARLIEST, LATEST, later
from connecteam_sync.present import json_shapes
from connecteam_sync.present.history_text import shift_line, without_a_row
from connecteam_sync.present.holds_text import worked
from connecteam_sync.present.text import employee
from connecteam_sync.web.addresses import day_of, employee_of, person_address
from connecteam_sync.web.charts import Lane, Span, day_lanes
from connecteam_sync.web.page import Ask, Page, Place
from connecteam_sync.web.pages.runs import Shown, shown_change

_SUMMED = 6
"""Rows whose sum is written out."""
_SHOWN = 60
"""Entries of the journal that the page shows, the newest."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table beside the strip: what one source says. `minutes` is None while it is open."""

    source: str
    what: str
    times: str
    minutes: int | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A change as it is shown, with the run and the entry it is of."""

    entry: Entry
    shown: Shown


class RowLines(msgspec.Struct, frozen=True, kw_only=True):
    """A row with what Connecteam says of it."""

    row: ClockTime
    times: str
    said: tuple[str, ...]


def one_day(ask: Ask) -> Page:
    """Everything that explains an employee's day."""
    day = day_of(ask.params["day"])
    found = ask.client.person_day(employee_of(ask.params["employee"]), day)
    history, who = found.history, found.history.employee
    newest = history.changes[-_SHOWN:]
    return Page(
        template="person_day.html",
        members={
            "found": found,
            "name": employee(who.id, found.names),
            "state": _state(found),
            "sentence": _sentence(found),
            "strip": day_lanes(
                _lanes(ask, found), hours_of_day(day, ask.zone), title=f"{day_name(day)}: what each source says"
            ),
            "said": _said(ask, found),
            "length": (found.end - found.start) // 3600,
            "rows": [_row(ask, found, row) for row in history.rows],
            "loose": [shift_line(one, ask.zone) for one in _without_rows(found)],
            "became": without_a_row(history, ask.zone, (day, day)),
            "held": [(one, _affected(one)) for one in history.holds],
            "told": [_told(ask, found, entry) for entry in newest],
            "last": _last(ask, found),
            "earlier": len(history.changes) - len(newest),
            "unlock": f"connecteam-sync unlock --from {day} --to {day} --reason WHY",
            "before": person_address(who.id, later(day, -1)) if day > EARLIEST else "",
            "after": person_address(who.id, later(day, 1)) if day < LATEST else "",
            "month": f"{person_address(who.id)}?month={day:%Y-%m}",
            "as_json": person_address(who.id, day, form=".json"),
            "sheet_minutes": sum(one.minutes for one in found.timesheet),
        },
        json=json_shapes.history(history),
    )


def _state(found: PersonDay) -> str:
    """`warn` if something of the day waits for a person, or Connecteam says something else than the table."""
    waits = any(one.acknowledged is None for one in found.history.holds)
    return "warn" if waits or found.upstream_minutes != _of_shifts(found) else "ok"


def _of_shifts(found: PersonDay) -> int:
    return sum(row.minutes for row in found.history.rows if row.is_ours)


def _sentence(found: PersonDay) -> str:
    """`1 row in the table, 1 shift in Connecteam: they agree`."""
    ours = _of_shifts(found)
    by_hand = found.minutes - ours
    rows = many(len(found.history.rows), "row")
    closed = [hours(row.minutes) for row in found.history.rows if row.total_minutes is not None]
    total = f" ({' + '.join(closed)})" if 1 < len(closed) <= _SUMMED else ""
    said = f"{rows} in the table{total}, {many(len(found.upstream), 'shift')} in Connecteam"
    agree = (
        "they agree"
        if found.upstream_minutes == ours
        else f"Connecteam says {hours(found.upstream_minutes)} h, the table has {hours(ours)} h of it"
    )
    return f"{said}: {agree}" + (f"; {hours(by_hand)} h by hand" if by_hand else "")


# -- the strip ---------------------------------------------------------------------------------------------------------


def _shown_shifts(found: PersonDay) -> list[ShiftHistory]:
    """The shifts that Connecteam still shows and that touch the day."""
    every = [*found.shifts_before, *found.history.shifts]
    return [one for one in every if not one.is_gone and one.shift.start < found.end]


def _shown_rows(found: PersonDay) -> list[ClockTime]:
    return [*found.rows_before, *found.history.rows]


def _lanes(ask: Ask, found: PersonDay) -> list[Lane]:
    length = found.end - found.start

    def part(start: int, end: int | None, kind: str, text: str) -> Span:
        until = end if end is not None else max(start, min(ask.now, found.end))
        begins = (start - found.start) / length
        return Span(start=begins, end=(until - found.start) / length, kind=kind, text=text, is_open=end is None)

    def times(start: int, end: int | None) -> str:
        return span(start, end, ask.zone, found.day)

    shifts = [
        part(one.shift.start, one.shift.end, "shift", times(one.shift.start, one.shift.end))
        for one in _shown_shifts(found)
    ]
    breaks = [
        part(one.start, one.end, "break", f"{called(one.name)} {times(one.start, one.end)}") for one in found.breaks
    ]
    rows = [
        part(row.clock_in, row.clock_out, "shift" if row.is_ours else "hand", times(row.clock_in, row.clock_out))
        for row in _shown_rows(found)
    ]
    return [
        Lane(name="Connecteam", spans=(*shifts, *breaks), note="no shift"),
        Lane(name="table", spans=tuple(rows), note="no row"),
        Lane(name="timesheet", spans=tuple(_sheet(found)), note="not verified yet"),
    ]


def _sheet(found: PersonDay) -> Iterable[Span]:
    """Connecteam's totals have no times: each is drawn where the day's first shift begins, as long as it is."""
    length = found.end - found.start
    begins = min((one.shift.start for one in _shown_shifts(found)), default=found.start)
    for one in found.timesheet:
        start = (max(begins, found.start) - found.start) / length
        text = f"{hours(one.minutes)} h on time clock {one.time_clock_id}"
        yield Span(start=start, end=start + one.minutes * 60 / length, kind="sheet", text=text)
        begins = max(begins, found.start) + one.minutes * 60


def _said(ask: Ask, found: PersonDay) -> list[Said]:
    """The same as a table."""

    def line(source: str, what: str, start: int, end: int | None) -> Said:
        minutes = None if end is None else (end - start) // 60
        return Said(source=source, what=what, times=span(start, end, ask.zone, found.day), minutes=minutes)

    shifts = [
        line("Connecteam", f"shift {one.shift.id}", one.shift.start, one.shift.end) for one in _shown_shifts(found)
    ]
    breaks = [
        line("Connecteam", f"{_paid(one.is_paid)}: {called(one.name)}", one.start, one.end) for one in found.breaks
    ]
    rows = [
        msgspec.structs.replace(
            line("table", f"row {row.id}, source {called(row.source)}", row.clock_in, row.clock_out),
            minutes=None if row.total_minutes is None else row.minutes,
        )
        for row in _shown_rows(found)
    ]
    sheet = [
        Said(source="timesheet", what=f"time clock {one.time_clock_id}", times="", minutes=one.minutes)
        for one in found.timesheet
    ]
    return [*shifts, *breaks, *rows, *sheet]


def _paid(is_paid: bool | None) -> str:  # noqa: FBT001 - a value of the break, not a choice of the caller
    return {True: "paid break", False: "unpaid break", None: "break"}[is_paid]


# -- rows and what happened to them ------------------------------------------------------------------------------------


def _row(ask: Ask, found: PersonDay, row: ClockTime) -> RowLines:
    said = [shift_line(one, ask.zone) for one in found.history.shifts if one.clock_time_id == row.id]
    if row.is_ours and not said:
        said = ["Connecteam: no shift of this row is known"]
    return RowLines(row=row, times=span(row.clock_in, row.clock_out, ask.zone, found.day), said=tuple(said))


def _without_rows(found: PersonDay) -> list[ShiftHistory]:
    rows = {row.id for row in found.history.rows}
    return [one for one in found.history.shifts if one.clock_time_id not in rows]


def _affected(standing: StandingHold) -> str:
    """The hours that a hold keeps back; the sentence of a locked day has them already."""
    return "" if standing.hold.reason == "locked_day" else worked([standing.hold])


def _last(ask: Ask, found: PersonDay) -> Told | None:
    """The newest change of these hours that is not their first writing; None if they are as they came."""
    moved = [one for one in found.history.changes if one.change.kind in {"update", "delete"} and one.change.minutes]
    return _told(ask, found, moved[-1]) if moved else None


def _told(ask: Ask, found: PersonDay, entry: Entry) -> Told:
    name = employee(entry.change.image.employee_id, found.names)
    return Told(entry=entry, shown=shown_change(entry.change, ask.zone, name, entry.number))


PLACES = (Place(path="/people/{employee}/{day}", handler=one_day, forms=("json",)),)
