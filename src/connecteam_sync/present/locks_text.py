"""Days closed for payroll, as text and as JSON: what the look before found, who closed and opened which, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from connecteam_sync.core.lock_check import ClosedDays, Closing, LockEvent, LockScope, Opening, Verified, summary
from connecteam_sync.core.periods import spelled
from connecteam_sync.core.text import called, hours, many, stamp
from connecteam_sync.core.window import LockedDay, LockSource, Window
from connecteam_sync.present import json_shapes
from connecteam_sync.present.text import SHOWN

# -- for programs ------------------------------------------------------------------------------------------------------


def closing_json(done: Closing) -> json_shapes.Json:
    """The members of `lock --json`."""
    return {
        "locked": len(done.newly),
        "already": len(done.already),
        "window": json_shapes.window(done.window),
        "verified": verified_json(done.verified),
        "reason": done.reason,
        "by": done.by,
        "anyway": done.anyway,
        **_scope_json(done.scope),
    }


def _scope_json(scope: LockScope) -> json_shapes.Json:
    return {"employee_id": scope.employee_id, "time_clock_id": scope.time_clock_id}


def refusal_json(window: Window, verified: Verified) -> json_shapes.Json:
    """What `lock --json` says beside the error of days that are not right."""
    return {"locked": 0, "window": json_shapes.window(window), "verified": verified_json(verified)}


def opening_json(done: Opening) -> json_shapes.Json:
    """The members of `unlock --json`."""
    return {
        "unlocked": len({(day.day, day.timezone) for day in done.opened}),
        "window": json_shapes.window(done.window),
        "reason": done.reason,
        "by": done.by,
        "still_locked": [{"day": day.day.isoformat(), "timezone": day.timezone} for day in done.still],
        **_scope_json(done.scope),
    }


def verified_json(verified: Verified | None) -> json_shapes.Json | None:
    """What a look before closing found."""
    if verified is None:
        return None
    return {
        "differences": verified.differences,
        "holds": verified.holds,
        "open": verified.open,
        "failed": verified.failed,
        "shifts": verified.shifts,
        "minutes": verified.minutes,
        "wrong": list(verified.wrong),
    }


def _range(first: date, last: date, timezone: str) -> json_shapes.Json:
    return {"first": first.isoformat(), "last": last.isoformat(), "timezone": timezone}


def closed_json(item: ClosedDays) -> json_shapes.Json:
    """Days that are closed."""
    event = item.event
    return {
        **_range(item.first, item.last, item.timezone),
        "at": json_shapes.instant(item.at),
        "by": event and event.by,
        "reason": event and event.reason,
        "anyway": bool(event and event.anyway),
        "verified": verified_json(event.verified) if event else None,
        "source": item.source,
        "time_clock_id": item.time_clock_id,
        "people": item.people,
        "user_id": item.user_id,
        "employee_id": item.employee_id,
    }


def event_json(item: LockEvent) -> json_shapes.Json:
    """A locking or an unlocking."""
    return {
        "event": item.number,
        "kind": item.kind,
        "at": json_shapes.instant(item.at),
        "by": item.by,
        "reason": item.reason,
        "ranges": [_range(*span) for span in item.ranges],
        "anyway": item.anyway,
        "verified": verified_json(item.verified),
        "whose": [{"user_id": user or None, "time_clock_id": clock or None} for user, clock in item.whose],
    }


# -- for people --------------------------------------------------------------------------------------------------------


def days_text(first: date, last: date, timezone: str) -> str:
    """`2025-12-01..2025-12-07 (America/Chicago)`."""
    return f"{Window(first, last, timezone)} ({timezone})"


def verified_lines(verified: Verified, window: Window) -> list[str]:
    """The result of the look: that all is right, or each thing that is wrong."""
    shifts = f"{many(verified.shifts, 'shift')}, {hours(verified.minutes)} hours"
    if verified.is_right:
        return [f"  looked at before: {shifts}, all in the table, none open, none held"]
    shown = [f"  ! {line}" for line in verified.wrong[:SHOWN]]
    left = verified.open + verified.differences + verified.holds + verified.failed - len(shown)
    more = f"connecteam-sync verify --from {window.first} --to {window.last}"
    return [*shown, *([f"  … and {left:,} more: {more}"] if left > 0 else [])]


def still_lines(still: Iterable[LockedDay]) -> list[str]:
    """A line for each day that stays closed after an unlocking since it was closed in another time zone."""
    return [
        f"  still closed in it: hours of {day.day.isoformat()} ({day.timezone}),"
        f" {'purged, which nothing opens' if day.source == 'purged' else 'closed in another time zone'}"
        for day in still
        if day.source != "period"
    ]


def holding_lines(periods: Iterable[Window]) -> list[str]:
    """A line for each closed pay period that holds days, whoever locks or unlocks them: how to open it."""
    return [
        f"  closed in it with a pay period: {spelled(period)}; to open that:"
        f" connecteam-sync periods reopen {spelled(period)} --reason WHY"
        for period in periods
    ]


def closed_lines(closed: Iterable[ClosedDays], zone: ZoneInfo) -> list[str]:
    """A line for each range of closed days; none without any."""
    lines: list[str] = []
    for item in closed:
        at = stamp(item.at, zone)
        days = days_text(item.first, item.last, item.timezone)
        if item.event is None:
            lines.append(f"{days}  locked {at}, before it was recorded by whom and why")
        else:
            why = f": {item.event.reason}" if item.event.reason else ""
            lines.append(
                f"{days}{_whose(item)}  {_CLOSED[item.source]} {at} by {item.event.by}{why}{state_text(item.event)}"
            )
    return lines


_CLOSED: dict[LockSource, str] = {
    "own": "locked",
    "period": "closed as a pay period",
    "connecteam_lock": "locked in Connecteam, seen",
    "connecteam_approval": "approved in Connecteam, seen",
    "purged": "purged",
}


def whose_text(item: ClosedDays) -> str:
    """For whom days are closed: `Ana Lee on time clock 41`, `2 people on time clock 41`; empty for everybody."""
    who = many(item.people, "person", "people") if item.people else "everybody"
    if item.user_id is not None:
        who = called(item.name or f"user {item.user_id}")
    clock = "" if item.time_clock_id is None else f" on time clock {item.time_clock_id}"
    return "" if item.is_of_all else f"{who}{clock}"


def _whose(item: ClosedDays) -> str:
    return "" if item.is_of_all else f"  {whose_text(item)}"


def scope_text(scope: LockScope) -> str:
    """` for employee 7 on time clock 41`; empty for everybody."""
    person = "" if scope.employee_id is None else f" for employee {scope.employee_id}"
    return person + ("" if scope.time_clock_id is None else f" on time clock {scope.time_clock_id}")


def event_whose_text(event: LockEvent) -> str:
    """`, user 8000000 on time clock 41` for each whom a locking or an unlocking was for; empty for everybody."""
    told = []
    for user, clock in event.whose:
        who = f"user {user}" if user else "everybody"
        told.append(who + (f" on time clock {clock}" if clock else ""))
    return f", {', '.join(told)}" if told else ""


def event_lines(events: Iterable[LockEvent], zone: ZoneInfo) -> list[str]:
    """A line for each locking and unlocking."""
    lines: list[str] = []
    for item in events:
        at = stamp(item.at, zone)
        days = ", ".join(days_text(*span) for span in item.ranges)
        why = f": {item.reason}" if item.reason else ""
        days += event_whose_text(item)
        lines.append(f"{at}  {item.kind + 'ed':<8}  {days}  by {item.by}{why}{state_text(item)}")
    return lines


def state_text(event: LockEvent) -> str:
    """What the look before a locking found, in brackets; empty if there was none."""
    if event.verified is None:
        return ""
    return " (all was right)" if event.verified.is_right else f" (anyway: {summary(event.verified)})"
