"""`/runs` and `/runs/N`: what ran, what it did, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.holds import HoldGroup, grouped
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import RUN_KINDS, Entry, Run, Slice
from connecteam_sync.core.text import clock, many
from connecteam_sync.core.text import hours as as_hours
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import json_shapes
from connecteam_sync.present.text import asked_text, days_of, employee, next_step
from connecteam_sync.web.page import LARGEST_ID, Ask, Page, Place, number_of

PAGE = 50
CHANGES, GROUPS = 80, 40
"""Changes, and groups of holds, that a page shows."""
_SIGNS = {"create": ("+", "new"), "update": ("~", "corrected"), "delete": ("-", "deleted"), "link": ("=", "linked")}
_WORST = {"failed": 0, "refused": 1, "differs": 2, "applied": 3, "nothing": 4, "exact": 5}
_STATES = {
    "applied": ("ok", "done"),
    "nothing": ("quiet", "nothing to do"),
    "refused": ("bad", "refused"),
    "failed": ("bad", "failed"),
    "exact": ("ok", "exact"),
    "differs": ("bad", "differs"),
    "partial": ("warn", "partial"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the list, or `folded`: several with nothing to do, one after the other."""

    run: Run
    state: str
    word: str
    days: str
    folded: tuple[Run, ...] = ()


def state_of(run: Run) -> tuple[str, str]:
    """One state for each run, as a class of its look and as a word; a mix of good and bad slices is *partial*."""
    seen = {slice_.status for slice_ in run.slices}
    if seen & {"failed", "refused"} and seen & {"applied", "nothing"}:
        return _STATES["partial"]
    if run.finished_at is None:
        return ("warn", "not finished")
    return _STATES[run.status]


def lines_of(runs: Iterable[Run]) -> list[Line]:
    """Runs as lines, newest first; runs with nothing to do are one line where several follow each other."""
    lines = []
    for is_quiet, several in groupby(runs, key=_is_quiet):
        some = tuple(several)
        if is_quiet and len(some) > 1:
            lines.append(_line(some[0], folded=some))
        else:
            lines += [_line(run) for run in some]
    return lines


def _is_quiet(run: Run) -> bool:
    return run.status == "nothing" and run.kind == "sync" and not run.holds and run.finished_at is not None


def _line(run: Run, folded: tuple[Run, ...] = ()) -> Line:
    state, word = state_of(run)
    return Line(run=run, state=state, word=word, days=days_of(run), folded=folded)


def runs(ask: Ask) -> Page:
    """The newest runs, or those before one. Raises ConfigurationError for a kind of run that there is not."""
    named = ask.query.get("kind", "")
    kind = next((known for known in RUN_KINDS if known == named), None)
    if named and kind is None:
        raise ConfigurationError(
            f"there is no kind of run {named[:40]!r}", next_step=f"use one of: {', '.join(RUN_KINDS)}"
        )
    found = ask.client.runs(PAGE, kind, before=ask.number("before"))
    last = found[-1].id if len(found) == PAGE else None
    return Page(
        template="runs.html",
        members={
            "lines": lines_of(found),
            "answer": _answer(found) if "before" not in ask.query and not kind else None,
            "asked": asked_text,
            "wrote": wrote,
            "older": last,
            "kind": kind or "",
            "kinds": RUN_KINDS,
            "counted": len(found),
        },
        json={"runs": [json_shapes.run(run) for run in found]},
        table=(
            ("run", "started_at", "kind", "status", "days", "new", "corrected", "deleted", "held", "minutes_moved"),
            [_row(run) for run in found],
        ),
    )


def _answer(found: Sequence[Run]) -> tuple[str, str, Run, Run | None] | None:
    """What the newest run did, as a class of its look and in words, and the newest that wrote."""
    if not found:
        return None
    state, word = state_of(found[0])
    wrote = next((run for run in found if run.counts.created + run.counts.updated + run.counts.deleted), None)
    return state, f"The last run: {outcome(found[0], word)}", found[0], wrote


def outcome(run: Run, word: str) -> str:
    """`done, 1 change, -0:15 h`: the word of its state, and what it did where that says more."""
    return word if word in {"nothing to do", "exact"} else f"{word}, {wrote(run)}"


def wrote(run: Run) -> str:
    """`1 change, -0:15 h`; of a verification what it found."""
    if run.result is not None:
        return many(run.result.differences, "difference")
    counts = run.counts
    changes = many(counts.created + counts.updated + counts.deleted + counts.linked, "change")
    moved = run.minutes.after - run.minutes.before
    return f"{changes}, {as_hours(moved, signed=True)} h" if moved else changes


def _row(run: Run) -> Sequence[object]:
    counts, moved = run.counts, run.minutes.after - run.minutes.before
    numbers = (counts.created, counts.updated, counts.deleted, counts.held, moved)
    return (run.id, json_shapes.instant(run.started_at), run.kind, run.status, days_of(run), *numbers)


# -- one run -----------------------------------------------------------------------------------------------------------


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a shift in a change: before and after, and whether it moved."""

    before: str
    after: str
    is_changed: bool


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A change as a line: what moved is marked, what did not stands once. `minutes` are signed."""

    entry: int | None
    sign: str
    word: str
    employee_id: RowId
    name: str
    clock_in: Part
    clock_out: Part
    minutes: int
    why: str
    day: date


class DayOf(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of one local day, and by how much its hours moved."""

    day: date
    changes: tuple[Shown, ...]

    @property
    def minutes(self) -> int:
        """By how many minutes the hours of the day moved."""
        return sum(change.minutes for change in self.changes)


def shown_change(change: Change, zone: ZoneInfo, name: str, entry: int | None = None) -> Shown:
    """A change for people, in the zone."""
    sign, word = _SIGNS[change.kind]
    day = change.days[0]
    return Shown(
        entry=entry,
        sign=sign,
        word=word,
        employee_id=change.image.employee_id,
        name=name,
        clock_in=_part(change, "clock_in", zone, day),
        clock_out=_part(change, "clock_out", zone, day),
        minutes=change.minutes,
        why=change.why,
        day=day,
    )


def _part(change: Change, field: str, zone: ZoneInfo, day: date) -> Part:
    def text(row: ClockTime | None) -> str:
        if row is None:
            return ""
        at = getattr(row, field)
        return "open" if at is None else clock(at, zone, day)

    before, after = text(change.before), text(change.after)
    return Part(before=before, after=after, is_changed=bool(before and after) and before != after)


def by_day(entries: Iterable[Entry], zone: ZoneInfo) -> list[DayOf]:
    """The changes of a run by day and person."""
    ordered = sorted(entries, key=lambda e: (e.change.days[0], e.employee_name or "", e.change.image.clock_in))
    return [
        DayOf(
            day=day,
            changes=tuple(
                shown_change(entry.change, zone, employee(entry.change.image.employee_id, _names(entry)), entry.number)
                for entry in several
            ),
        )
        for day, several in groupby(ordered, key=lambda entry: entry.change.days[0])
    ]


def _names(entry: Entry) -> dict[RowId, str]:
    return {entry.change.image.employee_id: entry.employee_name} if entry.employee_name else {}


class SliceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of a run: what became of it."""

    slice: Slice
    state: str
    word: str


def one_run(ask: Ask) -> Page:
    """A run: its sums, its slices (failing first), a part of its changes by day and person, its holds.

    Programs get all of its changes. Raises NotFound.
    """
    number = number_of(ask.params["number"], "run")
    if ask.wanted != "html":
        return _for_programs(ask, number)
    run, entries = _part_of(ask, number)
    zone = ZoneInfo(run.window.timezone)
    state, word = state_of(run)
    slices = [
        SliceLine(slice=one, state=_STATES[one.status][0], word=_STATES[one.status][1])
        for one in sorted(run.slices, key=lambda one: _WORST[one.status])
    ]
    groups: tuple[HoldGroup, ...] = grouped(run.holds)
    counts = run.counts
    count = counts.created + counts.updated + counts.deleted + counts.linked
    return Page(
        template="run.html",
        members={
            "run": run,
            "state": state,
            "word": word,
            "outcome": outcome(run, word),
            "asked": asked_text(run),
            "names": ask.client.names() if groups or run.errors else {},
            "days": days_of(run),
            "slices": slices,
            "changed": by_day(entries, zone),
            "count": count,
            "shown": len(entries),
            "more": entries[-1].number if len(entries) == CHANGES else None,
            "people": len({entry.change.image.employee_id for entry in entries}) if len(entries) == count else None,
            "moved": run.minutes.after - run.minutes.before,
            "groups": groups[:GROUPS],
            "groups_left": len(groups[GROUPS:]),
            "zone_of_run": zone,
            "next": next_step(run),
            "can_undo": _can_undo(run, entries),
        },
    )


def _part_of(ask: Ask, number: int) -> tuple[Run, tuple[Entry, ...]]:
    """A run and the next of its changes. Raises NotFound."""
    found = ask.client.runs(1, before=number + 1) if number < LARGEST_ID else ()
    if not found or found[0].id != number:
        return ask.client.show(number)
    return found[0], ask.client.changes_of_run(number, after=ask.number("after") or 0, limit=CHANGES)


def _for_programs(ask: Ask, number: int) -> Page:
    """All of a run."""
    run, entries = ask.client.show(number)
    zone = ZoneInfo(run.window.timezone)
    return Page(
        template="run.html",
        json={**json_shapes.run(run), "changes": [json_shapes.entry(entry) for entry in entries]},
        table=(
            ("entry", "day", "employee_id", "employee", "kind", "before", "after", "minutes", "why"),
            [_entry_row(entry, zone) for entry in entries],
        ),
    )


def _can_undo(run: Run, entries: Sequence[Entry]) -> bool:
    return bool(entries) and run.undone_by is None and run.kind in {"sync", "apply", "resync", "people", "undo"}


def _entry_row(entry: Entry, zone: ZoneInfo) -> Sequence[object]:
    shown = shown_change(entry.change, zone, entry.employee_name or "")
    before = f"{shown.clock_in.before}-{shown.clock_out.before}" if entry.change.before else ""
    after = f"{shown.clock_in.after}-{shown.clock_out.after}" if entry.change.after else ""
    day, who = entry.change.days[0].isoformat(), entry.change.image.employee_id
    return (entry.number, day, who, entry.employee_name, shown.word, before, after, as_hours(shown.minutes), shown.why)


PLACES = (
    Place(path="/runs", handler=runs, forms=("json", "csv")),
    Place(path="/runs/{number}", handler=one_run, forms=("json", "csv")),
)
