"""What happened: runs, show, history, anomalies, changes, holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Optional
from zoneinfo import ZoneInfo

import msgspec
import typer

from connecteam_sync.cli.options import (
    LARGEST,
    Config,
    Day,
    Json,
    MaybeFirst,
    MaybeLast,
    RunNumber,
    Who,
    opened,
    recorded_name,
)
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.core.run import RUN_KINDS, StandingHold
from connecteam_sync.core.text import many
from connecteam_sync.days import any_day_of, chosen_windows
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import history_text, holds_text, json_shapes, text
from connecteam_sync.present.runs_text import runs_text

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

_LARGEST_LIMIT = 1_000_000
"""More hours than a century has, more minutes than a year."""


def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 20,
    kind: Annotated[
        Optional[str], typer.Option("--kind", metavar="KIND", help=f"One of: {', '.join(RUN_KINDS)}.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Receipts, newest first; `--kind verify` lists the verifications."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = next((known for known in RUN_KINDS if known == kind), None)
        if kind is not None and chosen is None:
            raise ConfigurationError(
                f"there is no kind of run {kind!r}", next_step=f"use one of: {', '.join(RUN_KINDS)}"
            )
        receipts = mirror.runs(limit, chosen)
        report.print_json({"runs": [json_shapes.run(run) for run in receipts]})
        report.print_lines(runs_text(receipts, ZoneInfo(mirror.settings.timezone)))


def show(
    run: RunNumber,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Every change of a run."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        receipt, entries = mirror.show(run)
        report.print_json({**json_shapes.run(receipt), "changes": [json_shapes.entry(entry) for entry in entries]})
        report.print_lines(
            text.run_text(
                receipt,
                entries,
                people=mirror.employees() if receipt.holds else (),
                employees=mirror.names() if receipt.holds or any(slice_.stopped for slice_ in receipt.slices) else {},
                everything=True,
            )
        )


def history(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="The employee's id, name, or a part of it.")],
    day: Day = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Why each row of an employee has the values it has."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = any_day_of(day, mirror.today()) if day is not None else None
        explained = mirror.history(employee, chosen)
        report.print_json(json_shapes.history(explained))
        report.print_lines(
            history_text.history_text(explained, ZoneInfo(mirror.settings.timezone), mirror.names(), chosen)
        )


def anomalies(
    first: MaybeFirst = None,
    last: MaybeLast = None,
    longest: Annotated[
        int,
        typer.Option(
            "--longer-than",
            metavar="HOURS",
            min=0,
            max=_LARGEST_LIMIT,
            help="A shift, or the shifts of a day, above this.",
        ),
    ] = 16,
    near: Annotated[
        int,
        typer.Option(
            "--near", metavar="MINUTES", min=0, max=_LARGEST_LIMIT, help="Two shifts that begin no further apart."
        ),
    ] = 10,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Overlaps, very long or near-double shifts, auto clock-outs and more: listed, never changed. Else 14 days."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        windows = chosen_windows(mirror, first, last, None, None if first or last else DEFAULT_DAYS)
        window = windows[0] if windows else mirror.window(mirror.today(), mirror.today())
        listed, shifts = mirror.anomalies(window, longest_hours=longest, near_minutes=near)
        names = mirror.names()
        unread = mirror.unread_times()
        report.print_json(
            {
                "window": json_shapes.window(window),
                "anomalies": [json_shapes.anomaly(item, shifts, names) for item in listed],
                "unreadable_times": [msgspec.to_builtins(item) for item in unread],
            }
        )
        report.print_lines(history_text.anomalies_text(window, listed, shifts, names))
        report.print_lines(history_text.unread_lines(unread, "connecteam-sync anomalies --json"))
        report.note(f"next: {history_text.next_look(listed)}" if listed else "")


def changes(
    after: Annotated[str, typer.Option("--after", metavar="CURSOR", help="`last` of the answer before.")] = "0",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 1000,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The journal as a feed: which employee, which local days, what kind of change."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        entries = mirror.changes(after, limit)
        report.print_json(
            {
                "changes": [json_shapes.entry(entry) for entry in entries],
                "last": entries[-1].cursor if entries else after,
            }
        )
        report.print_lines(
            f"{e.number:>8}  run {e.run:<6} {e.change.kind:<7} employee {e.change.image.employee_id:<8}"
            f" {e.change.days[0]}..{e.change.days[1]}"
            for e in entries
        )
        report.note(f"next: connecteam-sync changes --after {entries[-1].cursor}" if entries else "nothing new")


DEFAULT_DAYS = 14
holds = typer.Typer(invoke_without_command=True, help="What is deliberately not written: the list that needs a person.")
Kind = Annotated[Optional[str], typer.Option("--kind", metavar="KIND", help=f"One of: {', '.join(HOLD_REASONS)}.")]


@holds.callback()
def list_holds(
    context: typer.Context,
    kind: Kind = None,
    reason: Annotated[Optional[str], typer.Option("--reason", metavar="KIND", help="The same as --kind.")] = None,
    employee: Annotated[
        Optional[str], typer.Option("--employee", metavar="EMPLOYEE", help="Only those of an employee: id or name.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="A line for each, not one for each person and reason.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """What is deliberately not written, and why: the list that needs a person. Acknowledged holds stay on it."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if kind and reason and kind != reason:
            raise ConfigurationError("--kind and --reason contradict each other", next_step="use --kind alone")
        standing = mirror.holds(_hold_kind(kind or reason), employee=employee)
        nothing = "nothing is held"
        if not standing and (kind or reason or employee) and (others := len(mirror.holds())):
            of = "".join(
                f" of {part}" for part in (f"kind {kind or reason}" if kind or reason else None, employee) if part
            )
            nothing = f"no hold{of}; {many(others, 'other stands', 'others stand')}: connecteam-sync holds"
        _report_holds(mirror, report, standing, each=every or employee is not None, nothing=nothing)


@holds.command("ack")
def acknowledge(
    ids: Annotated[
        Optional[list[int]], typer.Argument(metavar="ID…", min=1, max=LARGEST, help="Ids of holds.", show_default=False)
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="WHY", help="Why they may stay; kept with who and when.")
    ] = "",
    employee: Annotated[
        Optional[str], typer.Option("--employee", metavar="EMPLOYEE", help="All holds of an employee: id or name.")
    ] = None,
    kind: Kind = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Acknowledge holds that may stay as they are: still listed, they no longer end a run with 3 until they change."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        acknowledged = mirror.acknowledge_holds(
            ids or (), employee=employee, kind=_hold_kind(kind), by=recorded_name(who), reason=reason
        )
        _report_holds(mirror, report, acknowledged)


@holds.command("unack")
def unacknowledge(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", min=1, max=LARGEST, help="Ids of holds.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take an acknowledgement back: the holds wait for a person again."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _report_holds(mirror, report, mirror.unacknowledge_holds(ids))


def _hold_kind(kind: str | None) -> str | None:
    if kind is not None and kind not in HOLD_REASONS:
        raise ConfigurationError(
            f"there is no hold reason {kind!r}", next_step=f"use one of: {', '.join(HOLD_REASONS)}"
        )
    return kind


def _report_holds(
    mirror: ConnecteamSync,
    report: Report,
    standing: Sequence[StandingHold],
    *,
    each: bool = True,
    nothing: str = "nothing is held",
) -> None:
    report.print_json({"holds": [json_shapes.standing(item) for item in standing]})
    report.print_lines(holds_text.holds_text(standing, ZoneInfo(mirror.settings.timezone), each=each, nothing=nothing))
