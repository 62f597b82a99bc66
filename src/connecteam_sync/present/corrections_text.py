"""Corrections of closed days, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Times
from connecteam_sync.core.text import called, clock, day_name, hours, many, stamp
from connecteam_sync.core.window import local_day
from connecteam_sync.present import json_shapes
from connecteam_sync.present.text import SHOWN


def correction_json(item: Correction) -> json_shapes.Json:
    """A correction; the period that it was accepted into is named by both of its days."""
    return {
        "id": item.number,
        "employee_id": item.employee_id,
        "user_id": item.user_id,
        "time_clock_id": item.time_clock_id,
        "shift_id": item.shift_id,
        "clock_time_id": item.clock_time_id,
        "day": item.day.isoformat(),
        "timezone": item.timezone,
        "kind": item.kind,
        "minutes_before": item.minutes_before,
        "minutes_after": item.minutes_after,
        "delta_minutes": item.delta,
        "clock_in_before": _instant(item.before.clock_in if item.before else None),
        "clock_out_before": _instant(item.before.clock_out if item.before else None),
        "clock_in_after": _instant(item.after.clock_in if item.after else None),
        "clock_out_after": _instant(item.after.clock_out if item.after else None),
        "cause": item.cause,
        "state": item.state,
        "effective_period": period_name(item.effective),
        "export": item.export,
        "counter_of": item.counter_of,
        "edited_at": _instant(item.edited_at),
        "seen_at": json_shapes.instant(item.seen_at),
        "run": item.run,
        "decided_at": _instant(item.decided_at),
        "decided_by": item.decided_by,
        "reason": item.reason,
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else json_shapes.instant(at)


def period_name(days: tuple[date, date] | None) -> str | None:
    """`2025-12-01..2025-12-14`; one day by itself."""
    if days is None:
        return None
    first, last = days
    return first.isoformat() if first == last else f"{first}..{last}"


def correction_lines(items: Iterable[Correction], names: Mapping[RowId, str]) -> list[str]:
    """A line for each correction, and the sum of their minutes."""
    every = list(items)
    # Those that wait come first where not all are shown, and of the others the newest.
    first = sorted(every, key=lambda item: (item.state != "pending", -item.number))[:SHOWN]
    shown = sorted(first, key=lambda item: item.number)
    lines = [_line(item, names) for item in shown]
    if len(every) > len(shown):
        lines.append(f"  … and {len(every) - len(shown):,} more: connecteam-sync corrections --json")
    live = [item for item in every if item.state != "cancelled"]
    waiting = [item for item in live if item.state == "pending"]
    total = hours(sum(item.delta for item in live), signed=True)
    lines.append(f"{many(len(live), 'correction')}, {total} h; {len(waiting):,} to be decided")
    return lines


def next_step(waiting: Correction) -> str:
    """What to do with a correction that waits."""
    if waiting.is_of_table:
        return (
            f"see whether an export has paid correction {waiting.number} already: a row was changed in the table, and"
            " accepting it pays what the table lacks, once more if the export of its day was before; to have the row"
            " back instead, open its days (connecteam-sync locks lists them), and connecteam-sync sync"
        )
    return f"connecteam-sync corrections accept {waiting.number} --into PERIOD"


def _line(item: Correction, names: Mapping[RowId, str]) -> str:
    who = called(names.get(item.employee_id, f"employee {item.employee_id}"))
    what = f"{hours(item.minutes_before)} -> {hours(item.minutes_after)} h ({hours(item.delta, signed=True)} h)"
    why = f" ({item.cause})" if item.is_of_table else ""
    return f"{item.number:>6}  {day_name(item.day)}  {who}: {item.kind} {_times(item)}{what}{why}  {_state(item)}"


def _times(item: Correction) -> str:
    zone = ZoneInfo(item.timezone)
    spans = [span(times, zone) for times in (item.before, item.after) if times is not None]
    return f"{' -> '.join(spans)}, " if spans else ""


def span(times: Times, zone: ZoneInfo) -> str:
    """`08:00-16:00` or `08:00-open`, in the zone; what is not on the day of the clock-in has its date."""
    day = local_day(times.clock_in, zone)
    ends = "open" if times.clock_out is None else clock(times.clock_out, zone, day)
    return f"{clock(times.clock_in, zone, day)}-{ends}"


def _state(item: Correction) -> str:
    text: str = item.state
    if item.effective is not None:
        is_over = item.state == "cancelled"
        text += f"{' after it was accepted' if is_over else ''} into {period_name(item.effective)}"
    if item.export is not None:
        text += f", exported ({item.export})"
    if item.counter_of is not None:
        text += f", takes {item.counter_of} back"
    if item.decided_by:
        at = "" if item.decided_at is None else f" {stamp(item.decided_at, ZoneInfo(item.timezone))}"
        text += f" by {called(item.decided_by)}{at}"
    return f"{text}: {item.reason}" if item.reason else text
