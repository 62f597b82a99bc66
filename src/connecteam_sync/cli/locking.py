"""Days closed for payroll: lock, unlock, locks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import Config, First, Json, Last, Who, one_window, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.text import hours, many, stamp
from connecteam_sync.core.window import Window
from connecteam_sync.errors import LockRefused
from connecteam_sync.present import json_shapes, text

if TYPE_CHECKING:
    from connecteam_sync.core.lock_check import ClosedDays, LockEvent, Verified

Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it is kept.")]


def lock(
    first: First,
    last: Last,
    reason: Reason,
    who: Who = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also if a row is open, or anything differs or is held; that is kept too."),
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Close days for payroll, after a look at whether they are right: no run changes them; differences are held."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        try:
            done = mirror.lock(window.first, window.last, reason=reason, by=who, anyway=anyway)
        except LockRefused as error:
            _report_refusal(report, window, error)
            raise typer.Exit(error.exit_code) from error
        report.end_progress()
        report.print_json(
            {
                "locked": len(done.newly),
                "already": len(done.already),
                "window": json_shapes.window(window),
                "verified": _verified(done.verified),
                "reason": done.reason,
                "by": done.by,
                "anyway": done.anyway,
            }
        )
        report.print_lines([f"{window} ({window.timezone}) is closed ({many(len(done.newly), 'day')} newly)"])
        if done.verified is not None:
            report.print_lines(_verified_text(done.verified, window))


def _report_refusal(report: Report, window: Window, error: LockRefused) -> None:
    """Print each thing that is wrong, and the command that locks the days nevertheless."""
    report.end_progress()
    report.print_json(
        {
            "status": "refused",
            "error": error.name,
            "message": error.message,
            "next_step": error.next_step,
            "exit_code": error.exit_code,
            "retryable": error.retryable,
            "locked": 0,
            "window": json_shapes.window(window),
            "verified": _verified(error.verified),
        }
    )
    report.print_lines(_verified_text(error.verified, window))
    report.note(error.message)
    report.note(f"next: {error.next_step}")


def unlock(
    first: First,
    last: Last,
    reason: Reason = "",
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Open days again; who did it, when and why stays recorded."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        done = mirror.unlock(window.first, window.last, reason=reason, by=who)
        still = [{"day": day.day.isoformat(), "timezone": day.timezone} for day in done.still]
        report.print_json(
            {
                "unlocked": len(done.opened),
                "window": json_shapes.window(window),
                "reason": done.reason,
                "by": done.by,
                "still_locked": still,
            }
        )
        report.print_lines([f"{window} is open ({many(len(done.opened), 'day')} newly)"])
        report.print_lines(
            f"  still closed in it: hours of {day['day']} ({day['timezone']}), closed in another time zone"
            for day in still
        )
        report.note(f"next: connecteam-sync sync --from {window.first} --to {window.last}" if done.opened else "")


def locks(
    everything: Annotated[bool, typer.Option("--all", help="Every locking and unlocking there ever was.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The days that are closed: who closed them, when and why, and the result of the look. Newest first."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        zone = ZoneInfo(mirror.settings.timezone)
        closed = mirror.locks()
        events = mirror.lock_history() if everything else ()
        answer: json_shapes.Json = {"locks": [_closed(item) for item in closed]}
        if everything:
            answer["events"] = [_event(item) for item in events]
        report.print_json(answer)
        if everything:
            report.print_lines(_events_text(events, zone) or ["nobody has locked a day yet"])
        else:
            report.print_lines(_closed_text(closed, zone) or ["no day is locked"])


# -- for programs ------------------------------------------------------------------------------------------------------


def _verified(verified: Verified | None) -> json_shapes.Json | None:
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


def _closed(item: ClosedDays) -> json_shapes.Json:
    event = item.event
    return {
        **_range(item.first, item.last, item.timezone),
        "at": json_shapes.instant(item.at),
        "by": event and event.by,
        "reason": event and event.reason,
        "anyway": bool(event and event.anyway),
        "verified": _verified(event.verified) if event else None,
    }


def _event(item: LockEvent) -> json_shapes.Json:
    return {
        "event": item.number,
        "kind": item.kind,
        "at": json_shapes.instant(item.at),
        "by": item.by,
        "reason": item.reason,
        "ranges": [_range(*span) for span in item.ranges],
        "anyway": item.anyway,
        "verified": _verified(item.verified),
    }


# -- for people --------------------------------------------------------------------------------------------------------


def _days(first: date, last: date, timezone: str) -> str:
    return f"{Window(first, last, timezone)} ({timezone})"


def _verified_text(verified: Verified, window: Window) -> list[str]:
    """The result of the look: that all is right, or each thing that is wrong."""
    shifts = f"{many(verified.shifts, 'shift')}, {hours(verified.minutes)} hours"
    if verified.is_right:
        return [f"  looked at before: {shifts}, all in the table, none open, none held"]
    shown = [f"  ! {line}" for line in verified.wrong[: text.SHOWN]]
    left = verified.open + verified.differences + verified.holds + verified.failed - len(shown)
    more = f"connecteam-sync verify --from {window.first} --to {window.last}"
    return [*shown, *([f"  … and {left:,} more: {more}"] if left > 0 else [])]


def _closed_text(closed: Iterable[ClosedDays], zone: ZoneInfo) -> list[str]:
    lines: list[str] = []
    for item in closed:
        at = stamp(item.at, zone)
        days = _days(item.first, item.last, item.timezone)
        if item.event is None:
            lines.append(f"{days}  locked {at}, before it was recorded by whom and why")
        else:
            lines.append(f"{days}  locked {at} by {item.event.by}: {item.event.reason}{_state(item.event)}")
    return lines


def _events_text(events: Iterable[LockEvent], zone: ZoneInfo) -> list[str]:
    lines: list[str] = []
    for item in events:
        at = stamp(item.at, zone)
        days = ", ".join(_days(*span) for span in item.ranges)
        why = f": {item.reason}" if item.reason else ""
        lines.append(f"{at}  {item.kind + 'ed':<8}  {days}  by {item.by}{why}{_state(item)}")
    return lines


def _state(event: LockEvent) -> str:
    if event.verified is None:
        return ""
    return " (all was right)" if event.verified.is_right else f" (anyway: {_summary(event.verified)})"


def _summary(found: Verified) -> str:
    from connecteam_sync.core.lock_check import summary

    return summary(found)
