"""The records of a layout: the lines of an export rounded and summed for each person, and whom it cannot take. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from connecteam_sync.core.export_lines import DRAFT, ExportLine
from connecteam_sync.core.exports import BlockedReason, ExportTotal
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.layouts.shape import Entry, Frame, Layout
from connecteam_sync.core.payroll_settings import LayoutSettings
from connecteam_sync.core.rounding import HUNDREDTH, decimal, hundredths, rounded
from connecteam_sync.core.text import day_name, plain


class FullName(NamedTuple):
    """A person's first and last name."""

    first: str
    last: str


class LayoutObstacle(NamedTuple):
    """Why a layout cannot take somebody's hours."""

    employee_id: RowId
    reason: BlockedReason
    detail: str


class People(NamedTuple):
    """What payroll systems know people by, by employee: their numbers, and names whose parts are known."""

    numbers: Mapping[RowId, str]
    names: Mapping[RowId, FullName]


class Arranged(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a file, the sums of each person, and whom the layout cannot take, each reason once a person."""

    entries: tuple[Entry, ...]
    totals: tuple[ExportTotal, ...]
    obstacles: tuple[LayoutObstacle, ...]


class _Sum:
    """The rounded minutes of one record, and the corrections among them."""

    __slots__ = ("corrections", "minutes")

    def __init__(self) -> None:
        self.minutes = 0
        self.corrections: list[int] = []


def totals_of(lines: Iterable[ExportLine], written: Mapping[RowId, int] | None = None) -> tuple[ExportTotal, ...]:
    """The sums of each person in the order of the lines; `written` are the seconds in the file, else the net ones."""
    sums: dict[RowId, tuple[str, int, int]] = {}
    for line in lines:
        _, minutes, breaks = sums.get(line.employee_id, ("", 0, 0))
        sums[line.employee_id] = (line.name, minutes + line.minutes, breaks + line.break_minutes)
    return tuple(
        ExportTotal(
            employee_id=employee,
            name=name,
            minutes=minutes,
            break_minutes=breaks,
            seconds_written=60 * (minutes - breaks) if written is None else written.get(employee, 0),
        )
        for employee, (name, minutes, breaks) in sums.items()
    )


def arranged(
    lines: Sequence[ExportLine], layout: Layout, frame: Frame, settings: LayoutSettings, people: People
) -> Arranged:
    """The lines as records: each line rounded by the rule, then summed for person and job, and day if it is daily.

    A correction is of a day that was paid before: a layout with days has it on the last one of this period on which
    the person worked in that job, or at all.
    """
    rule, jobs = settings.rounding, settings.jobs
    obstacles: list[LayoutObstacle] = []
    sums: dict[tuple[RowId, str, date | None], _Sum] = defaultdict(_Sum)
    days = _LastDays(lines, jobs)
    for line in lines:
        job = _code(line, jobs)
        if job is None:
            why = f"the job {plain(line.job or '')[:60]!r} of {day_name(line.first_day)} has no code in [payroll.jobs]"
            obstacles.append(LayoutObstacle(line.employee_id, "job_unknown", why))
        day = line.first_day if line.correction is None else days.of(line.employee_id, job, frame.window.last)
        one = sums[line.employee_id, job or "", day if layout.is_daily else None]
        one.minutes += rounded(line.net_minutes, rule)
        if line.correction is not None:
            one.corrections.append(line.correction)
    names = {line.employee_id: line.name for line in lines}
    known = {employee: _known_as(employee, name, layout, people) for employee, name in names.items()}
    entries = tuple(
        _entry(known[employee], layout, (job, day), one, count=hundredths(one.minutes, rule), is_draft=frame.is_draft)
        for (employee, job, day), one in sums.items()
    )
    written: dict[RowId, int] = defaultdict(int)
    for entry in entries:
        written[entry.employee_id] += entry.minutes * 60 if layout.is_daily else entry.hundredths * HUNDREDTH
    obstacles += _of_people(known.values(), layout, people)
    obstacles += _of_hours(entries, layout)
    return Arranged(entries=entries, totals=totals_of(lines, written), obstacles=tuple(_once(obstacles)))


class _LastDays:
    """The last day on which each person worked, in each job and at all."""

    def __init__(self, lines: Iterable[ExportLine], jobs: Mapping[str, str]) -> None:
        self._in_job: dict[tuple[RowId, str | None], date] = {}
        self._at_all: dict[RowId, date] = {}
        for line in lines:
            if line.correction is None:
                self._in_job[line.employee_id, _code(line, jobs)] = line.first_day
                self._at_all[line.employee_id] = line.first_day

    def of(self, employee: RowId, job: str | None, otherwise: date) -> date:
        """That day, or another one of whom did not work."""
        return self._in_job.get((employee, job), self._at_all.get(employee, otherwise))


def _code(line: ExportLine, jobs: Mapping[str, str]) -> str | None:
    """The payroll system's code of a line's job: empty where jobs are not told apart, or it has none; None if nobody
    gave it one.
    """
    return jobs.get(line.job) if jobs and line.job else ""


def _once(obstacles: Iterable[LayoutObstacle]) -> Iterator[LayoutObstacle]:
    told: set[tuple[RowId, BlockedReason]] = set()
    for one in obstacles:
        if one[:2] not in told:
            told.add((one.employee_id, one.reason))
            yield one


# -- people ------------------------------------------------------------------------------------------------------------


class _Known(NamedTuple):
    """What a payroll system knows a person by: a number (None if it takes none such), or names."""

    employee_id: RowId
    name: str
    number: str | None
    full_name: FullName


def _known_as(employee: RowId, name: str, layout: Layout, people: People) -> _Known:
    given = _line(people.numbers.get(employee, ""))
    number = given.zfill(layout.width) if given.isascii() and given.isdigit() else given
    fits = re.fullmatch(layout.number, number) is not None and _is_encodable(number, layout)
    return _Known(employee, _line(name), number if fits or not given else None, _parted(employee, name, people))


def _line(text: str) -> str:
    """A foreign text as a cell of a file of records: one line, without marks that turn the direction of writing."""
    return " ".join(plain(text).split())


def _parted(employee: RowId, name: str, people: People) -> FullName:
    """First and last name as Connecteam has them; else `Last, First`, else what stands after the last blank."""
    if employee in people.names:
        return FullName(*map(_line, people.names[employee]))
    line = _line(name)
    last, comma, first = line.partition(",")
    if not comma:
        first, _, last = line.rpartition(" ")
    return FullName(first.strip(), last.strip())


def _of_people(known: Iterable[_Known], layout: Layout, people: People) -> Iterator[LayoutObstacle]:
    everybody = list(known)
    same = Counter(_identity(one, layout) for one in everybody)
    for one in everybody:
        given = people.numbers.get(one.employee_id, "")
        if one.number is None:
            why = f"{layout.title} takes no such number: {_line(given)[:60]!r}"
            yield LayoutObstacle(one.employee_id, "payroll_id_refused", why)
        elif layout.needs_number and not one.number:
            yield LayoutObstacle(one.employee_id, "no_payroll_id", f"{layout.title} needs the number of each person")
        elif not one.number and _is_name_refused(one, layout):
            yield LayoutObstacle(
                one.employee_id, "name_refused", f"{layout.title} cannot know this person by that name"
            )
        elif same[_identity(one, layout)] > 1:
            yield LayoutObstacle(one.employee_id, "payroll_id_shared", f"{layout.title} would take two people for one")
        elif layout.has_names and not all(one.full_name):
            yield LayoutObstacle(one.employee_id, "name_refused", f"{layout.title} wants a first name and a last name")


def _identity(one: _Known, layout: Layout) -> tuple[str, ...]:
    if one.number:
        return ("number", one.number.casefold())
    return ("name", *(part.casefold() for part in (one.full_name if layout.has_names else (one.name,))))


def _is_name_refused(one: _Known, layout: Layout) -> bool:
    return not one.name or not _is_encodable(one.name, layout)


def _is_encodable(text: str, layout: Layout) -> bool:
    return text.encode(layout.encoding, errors="ignore").decode(layout.encoding) == text


# -- hours -------------------------------------------------------------------------------------------------------------


def _entry(
    known: _Known, layout: Layout, key: tuple[str, date | None], one: _Sum, *, count: int, is_draft: bool
) -> Entry:
    """A record; in a draft nobody has a number or a name that a payroll system knows."""
    who, last = known.number or ("" if layout.has_names else known.name), known.full_name.last
    job, day = key
    return Entry(
        employee_id=known.employee_id,
        who=f"{DRAFT} {who}" if is_draft else who,
        first_name=known.full_name.first,
        last_name=f"{DRAFT} {last}" if is_draft else last,
        job=job,
        day=day,
        minutes=one.minutes,
        hundredths=count,
        corrections=tuple(one.corrections),
    )


def _of_hours(entries: Iterable[Entry], layout: Layout) -> Iterator[LayoutObstacle]:
    for entry in entries:
        where = f" on {day_name(entry.day)}" if entry.day is not None else ""
        where += f" in job {entry.job}" if entry.job else ""
        if entry.minutes < 0 and not layout.takes_negative:
            why = f"{layout.title} takes no negative hours: {entry.hours}{where}, with corrections"
            yield LayoutObstacle(entry.employee_id, "negative_hours", why)
        if layout.most is not None and abs(entry.hundredths) > layout.most:
            why = f"{layout.title} takes at most {decimal(layout.most)} hours: {entry.hours}{where}"
            yield LayoutObstacle(entry.employee_id, "hours_refused", why)
