"""Exports of pay periods, as JSON and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

from connecteam_sync.core.exports import OF_HOURS, Blocked, Export, Exported
from connecteam_sync.core.layouts.systems import LAYOUTS
from connecteam_sync.core.payroll_settings import LayoutSettings
from connecteam_sync.core.periods import spelled
from connecteam_sync.core.text import called, hours, many, one_line, stamp
from connecteam_sync.present import json_shapes
from connecteam_sync.present.hours_text import as_of_line
from connecteam_sync.present.text import SHOWN


def export_json(item: Export) -> json_shapes.Json:
    """An entry of the ledger; a draft has no id."""
    return {
        "id": item.number or None,
        "period": {
            "first": item.window.first.isoformat(),
            "last": item.window.last.isoformat(),
            "timezone": item.window.timezone,
        },
        "format": item.format,
        "at": json_shapes.instant(item.at),
        "by": item.by,
        "file_name": item.file_name,
        "sha256": item.file_hash,
        "lines": item.lines,
        "minutes": item.minutes,
        "people": item.people,
        "corrections": list(item.corrections),
        "left_out": list(item.left_out),
        "rounding": item.rounding,
        "residue_seconds": item.residue_seconds,
        "replaces": item.replaces,
        "replaced_by": item.replaced_by,
        "reopened_at": json_shapes.instant(item.reopened_at),
        "reopened_by": item.reopened_by,
        "reason": item.reason or None,
    }


def exported_json(done: Exported) -> json_shapes.Json:
    """What an export wrote."""
    return {
        "export": export_json(done.export),
        "draft": done.export.is_draft,
        "path": done.path,
        "manifest": done.manifest,
        "break_minutes": done.break_minutes,
        "net_minutes": done.net_minutes,
        "minutes_replaced": None if done.replaced is None else done.replaced.minutes,
        "totals": [{**one.members, "name": one.name} for one in done.totals],
        "note": done.note or None,
        "blocked": [one.members for one in done.blocked],
        "as_of": None if done.as_of is None else done.as_of.members,
    }


def exported_lines(done: Exported) -> list[str]:
    """What an export wrote, and who is blocked."""
    export = done.export
    what = "draft of" if export.is_draft else f"export {export.number} of"
    sums = (
        f"{many(export.lines, 'line')}, {many(export.people, 'person', 'people')}, {hours(export.minutes)} h"
        f" ({hours(done.net_minutes)} h without unpaid breaks)"
    )
    lines = [f"{what} {export.window} ({export.format}): {one_line(done.path)}", f"  {sums}"]
    if done.as_of is not None:
        lines.append(f"  {as_of_line(done.as_of, ZoneInfo(export.window.timezone))}")
    if export.corrections:
        lines.append(f"  with {many(len(export.corrections), 'correction')}: {_numbers(export.corrections)}")
    if done.replaced is not None:
        moved = export.minutes - done.replaced.minutes
        same = "the same hours" if not moved else f"{hours(moved, signed=True)} h against it"
        lines.append(f"  takes the place of export {done.replaced.number} ({done.replaced.file_name}): {same}")
    lines += _rounded_lines(done)
    lines.append(f"  sha256 {export.file_hash}")
    lines += blocked_lines(done.blocked, _in_a_draft(done) if export.is_draft and not export.left_out else "left out")
    if done.note:
        lines.append(f"  note: {done.note}")
    if done.manifest is None:
        lines.append("  the manifest could not be put beside it: connecteam-sync exports --json says the same")
    return lines


def _rounded_lines(done: Exported) -> list[str]:
    """What rounding did to the net minutes: in total, and of whom it did most."""
    changed = sorted(
        (one for one in done.totals if one.residue_seconds), key=lambda one: abs(one.residue_seconds), reverse=True
    )
    if not changed and done.export.rounding == "none":
        return []
    total = done.export.residue_seconds
    against = f"{_residue(total)} than the net minutes" if total else "the net minutes"
    lines = [f"  rounding {done.export.rounding}: the file has {against}"]
    lines += [f"    {called(one.name)}: {_residue(one.residue_seconds)}" for one in changed[:SHOWN]]
    if len(changed) > SHOWN:
        lines.append(f"    … and {many(len(changed) - SHOWN, 'more person', 'more people')}: the manifest has them")
    return lines


def _residue(seconds: int) -> str:
    """`1 min 30 s more`, `24 s less`."""
    minutes, rest = divmod(abs(seconds), 60)
    size = " ".join(filter(None, (f"{minutes:,} min" if minutes else "", f"{rest} s" if rest else "")))
    return f"{size} {'less' if seconds < 0 else 'more'}"


def _in_a_draft(done: Exported) -> Callable[[Blocked], str]:
    """Whether a draft has somebody's hours, and whether the hours or the format are what an export would stop at."""
    with_hours = {one.employee_id for one in done.totals}

    def how(one: Blocked) -> str:
        place = "in it" if one.employee_id in with_hours else "not in it"
        return f"{place}, not settled" if OF_HOURS.intersection(one.reasons) else f"{place}, cannot be exported so"

    return how


def blocked_lines(blocked: Sequence[Blocked], how: str | Callable[[Blocked], str]) -> list[str]:
    """A line for each of the people who are blocked; `how` says what becomes of them, or of each."""
    lines = [
        f"  {how if isinstance(how, str) else how(one)}: {called(one.name)}: {', '.join(one.reasons)}:"
        f" {one_line(one.detail)}"
        for one in blocked[:SHOWN]
    ]
    if len(blocked) > SHOWN:
        lines.append(f"  … and {len(blocked) - SHOWN:,} more: the same command with --json lists them")
    return lines


def _numbers(numbers: Iterable[int]) -> str:
    every = list(numbers)
    more = f" and {len(every) - SHOWN:,} more" if len(every) > SHOWN else ""
    return f"{', '.join(map(str, every[:SHOWN]))}{more}"


def ledger_lines(items: Iterable[Export]) -> list[str]:
    """A line for each entry of the ledger."""
    return [_entry(item) for item in items] or ["no export"]


def _entry(item: Export) -> str:
    text = (
        f"{item.number:>6}  {spelled(item.window)}  {item.format}  {stamp(item.at, ZoneInfo(item.window.timezone))}"
        f"  {called(item.by)}  {called(item.file_name)}: {many(item.lines, 'line')}, {hours(item.minutes)} h"
    )
    if item.corrections:
        text += f", {many(len(item.corrections), 'correction')}"
    if item.left_out:
        text += f", {many(len(item.left_out), 'person', 'people')} left out"
    if item.replaces is not None:
        text += f"; takes the place of {item.replaces}: {item.reason}"
    if item.replaced_by is not None:
        text += f"; {item.replaced_by} took its place, so it counts no more"
    return f"{text}; {of_before_text(item)}" if item.is_of_before else text


def of_before_text(item: Export) -> str:
    """`of before the period was opened again on 2025-12-20 09:14 by Pia: its hours may have changed since`."""
    at = "" if item.reopened_at is None else f" on {stamp(item.reopened_at, ZoneInfo(item.window.timezone))}"
    return f"of before its period was opened again{at} by {called(item.reopened_by)}: hours may have changed since"


def layout_notes(settings: LayoutSettings) -> list[str]:
    """What to know before a payroll system imports a file of its layout, of each: `adp: ADP takes it only …`."""
    codes = {name: settings.systems.get(name, {}).get("company_code", "") for name in LAYOUTS}
    return [f"{name}: {layout.note.format(code=codes[name].upper().ljust(3, '_'))}" for name, layout in LAYOUTS.items()]
