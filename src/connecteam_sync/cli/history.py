"""What happened: runs, show, history, anomalies, changes, holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
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
from connecteam_sync.core.run import RUN_KINDS, Entry, StandingHold
from connecteam_sync.core.text import many
from connecteam_sync.days import any_day_of, chosen_windows
from connecteam_sync.errors import ConfigurationError, WindowError
from connecteam_sync.present import history_text, holds_text, json_shapes, text

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.core.history import History

START, _PAGE = "0", 1000
"""The cursor before the first entry, and how many entries are read at once."""
After = Annotated[str, typer.Option("--after", metavar="CURSOR", help="`last` of the answer before.")]
Limit = Annotated[Optional[int], typer.Option("--limit", min=1, max=100_000, help="How many changes.")]
Csv = Annotated[bool, typer.Option("--csv", help="A table for spreadsheets on stdout, all of it.")]
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
    from connecteam_sync.present.runs_text import runs_text

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
    days: Annotated[
        Optional[str], typer.Argument(metavar="DAYS", help="A day, or the first and the last: 2025-12-01..2025-12-14.")
    ] = None,
    day: Day = None,
    after: After = START,
    limit: Limit = None,
    as_csv: Csv = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Why each row of an employee has the values it has: of every day, of one, or of several."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _require_one_form(as_csv=as_csv, as_json=as_json)
        chosen = _chosen_days(days, day, mirror.today())
        first, last = chosen or (None, None)
        if as_csv:
            pages = (found.changes for found in _histories(mirror, employee, chosen, after, limit))
            _print_csv(mirror, report, pages)
            _note_purges(mirror, report, first, last)
            return
        explained = mirror.history(employee, first, last, after=after, limit=limit)
        is_part = explained.has_more or after != START
        zone = ZoneInfo(mirror.settings.timezone)
        report.print_json(json_shapes.history(explained))
        report.print_lines(history_text.history_text(explained, zone, mirror.names(), chosen, is_part=is_part))
        if explained.has_more:
            report.note(f"there are more changes: the same command with --after {explained.changes[-1].cursor}")


def _histories(
    mirror: ConnecteamSync, employee: str, days: tuple[date, date] | None, after: str, limit: int | None
) -> Iterator[History]:
    """The history in pages of changes; one page of `limit` if that is given."""
    first, last = days or (None, None)
    while True:
        found = mirror.history(employee, first, last, after=after, limit=limit or _PAGE)
        yield found
        if limit is not None or not found.has_more:
            return
        after = found.changes[-1].cursor


def _chosen_days(days: str | None, day: str | None, today: date) -> tuple[date, date] | None:
    """The days of an argument `FIRST..LAST` or `DAY`, or of --day. Raises WindowError, ConfigurationError."""
    if days is not None and day is not None:
        raise ConfigurationError("days are named twice", next_step="name them once: DAYS, or --day")
    first, _, last = (days or day or "").partition("..")
    if not first and not last:
        return None
    return any_day_of(first, today), any_day_of(last or first, today)


def _require_one_form(*, as_csv: bool, as_json: bool) -> None:
    if as_csv and as_json:
        raise ConfigurationError("--csv and --json contradict each other", next_step="use one of them")


def _print_csv(mirror: ConnecteamSync, report: Report, pages: Iterable[Sequence[Entry]]) -> str | None:
    """Print the changes of pages as one CSV; the cursor of the last entry."""
    from connecteam_sync.core.change_lines import changes_csv, lines_of

    zone, names, last = ZoneInfo(mirror.settings.timezone), mirror.names(), None
    for number, page in enumerate(pages):
        report.print_csv(changes_csv(lines_of(page, names, zone), zone, heading=number == 0))
        last = page[-1].cursor if page else last
    return last


def _note_purges(mirror: ConnecteamSync, report: Report, first: date | None, last: date | None) -> None:
    """Say on stderr which of the days were purged: of those nothing is listed."""
    for item in mirror.purged(first, last):
        report.note(history_text.purged_line(item))


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
    after: After = START,
    limit: Limit = None,
    since: Annotated[
        Optional[str], typer.Option("--since", metavar="DAY", help="What changed in the table since this local day.")
    ] = None,
    until: Annotated[
        Optional[str], typer.Option("--until", metavar="DAY", help="Up to this local day, included.")
    ] = None,
    as_csv: Csv = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """What changed in the table since a day; without one the journal as a feed, behind a cursor."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _require_one_form(as_csv=as_csv, as_json=as_json)
        first, last = (None if day is None else any_day_of(day, mirror.today()) for day in (since, until))
        if first is not None and last is not None and last < first:
            raise WindowError(f"{last} is before {first}", next_step="name the earlier day with --since")

        def page(cursor: str, size: int) -> tuple[Entry, ...]:
            return mirror.changes(cursor, size, since=first, until=last)

        again = "".join(f" {name} {day}" for name, day in (("--since", first), ("--until", last)) if day is not None)
        if as_csv:
            pages = _pages(page, after) if limit is None else iter([page(after, limit)])
            cursor = _print_csv(mirror, report, pages)
            more = limit is not None and cursor is not None
            report.note(f"next: connecteam-sync changes{again} --csv --after {cursor}" if more else "")
        else:
            entries = page(after, limit or _PAGE)
            cursor = entries[-1].cursor if entries else None
            purged = [json_shapes.purged(one) for one in mirror.purged()]
            report.print_json(
                {"changes": [json_shapes.entry(entry) for entry in entries], "last": cursor or after, "purged": purged}
            )
            report.print_lines(_lines(mirror, entries) if again else map(_feed_line, entries))
            nothing = "nothing changed" if again and after == START else "nothing new"
            report.note(f"next: connecteam-sync changes{again} --after {cursor}" if cursor else nothing)
        if again:
            _note_purges(mirror, report, None, None)


def _pages(page: Callable[[str, int], tuple[Entry, ...]], cursor: str) -> Iterator[tuple[Entry, ...]]:
    """Every page behind a cursor; the first one may be empty."""
    while True:
        found = page(cursor, _PAGE)
        yield found
        if len(found) < _PAGE:
            return
        cursor = found[-1].cursor


def _lines(mirror: ConnecteamSync, entries: Iterable[Entry]) -> Iterator[str]:
    from connecteam_sync.core.change_lines import lines_of

    zone = ZoneInfo(mirror.settings.timezone)
    return history_text.change_lines(lines_of(entries, mirror.names(), zone), zone)


def _feed_line(entry: Entry) -> str:
    change = entry.change
    return (
        f"{entry.number:>8}  run {entry.run:<6} {change.kind:<7} employee {change.image.employee_id:<8}"
        f" {change.days[0]}..{change.days[1]}"
    )


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
