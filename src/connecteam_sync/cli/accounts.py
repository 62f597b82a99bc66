"""The account a database belongs to, and its time clocks: account, clocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import LARGEST, Config, Json, Who, opened, recorded_name
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.account import Acceptance, Account, ClockReport, Part, Vouch
from connecteam_sync.core.text import many, stamp
from connecteam_sync.errors import ConfigurationError, NotConfirmed
from connecteam_sync.present import json_shapes

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

account = typer.Typer(invoke_without_command=True, help="Whose data the database holds.")
clocks = typer.Typer(invoke_without_command=True, help="The time clocks, and what is remembered of them.")
Clock = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="The time clock's id.")]
_NEXT = "connecteam-sync account accept --company, --region or --timezone shows what another one means, and takes it"


@account.callback()
def show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Show whose data the database holds: company, region, time zone, time clocks. Makes no request."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _show(mirror, report)


def _show(mirror: ConnecteamSync, report: Report) -> None:
    known, history = mirror.account(), mirror.account_history()
    configured = {"region": mirror.region, "timezone": mirror.settings.timezone}
    report.print_json(
        {
            "database": mirror.store.name,
            "account": _account_json(known) if known else None,
            "configured": configured,
            "history": [_account_json(entry) for entry in history],
        }
    )
    lines = [f"database       {mirror.store.name}"]
    if known is None:
        report.print_lines([*lines, "no run has noted yet whose data this is"])
        report.note("next: connecteam-sync sync")
        return
    report.print_lines([*lines, *_account_lines(known), *_history_lines(history, ZoneInfo(mirror.settings.timezone))])
    differing = [name for name, value in configured.items() if getattr(known, name) not in {None, value}]
    for name in differing:
        report.note(f"configured is another {_PART_NAMES[name]}: {configured[name]}; runs are refused (exit 2)")
    report.note(f"next: {_NEXT}" if differing else "")


@account.command()
def accept(
    company: Annotated[bool, typer.Option("--company", help="Take the company that the key is of.")] = False,
    region: Annotated[bool, typer.Option("--region", help="Take the region of the configured base URL.")] = False,
    timezone: Annotated[bool, typer.Option("--timezone", help="Take the configured time zone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Take it without a prompt.")] = False,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what another company, region or time zone means for this database, and take it."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        given: dict[Part, bool] = {"company": company, "region": region, "timezone": timezone}
        wanted = [part for part, is_given in given.items() if is_given]
        if not wanted:
            raise ConfigurationError(
                "nothing is named to be taken", next_step="add --company, --region or --timezone (or several)"
            )
        proposed = mirror.proposed_account(wanted)
        report.print_lines(_acceptance_lines(proposed))
        if proposed.changes:
            _require_yes(report, yes=yes)
            mirror.accept_account(proposed, by=recorded_name(who))
        report.print_json(_acceptance_json(proposed))
        report.note("next: connecteam-sync doctor" if proposed.changes else "")


def _require_yes(report: Report, *, yes: bool) -> None:
    """Raises NotConfirmed unless a person agrees, on the terminal or by `--yes`."""
    if yes:
        return
    reply = report.prompt("Take it? [y/N] ")
    if reply is None:
        raise NotConfirmed("a person has to agree to this; nothing was changed", next_step="the same with --yes")
    if reply not in {"y", "yes"}:
        raise NotConfirmed("not taken; nothing was changed", next_step="connecteam-sync account")


@clocks.callback()
def listed(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List time clocks: archived or not, looked at or not, what is remembered of each, and what was vouched for."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        reports = mirror.clocks()
        report.print_json({"time_clocks": [_clock_json(clock) for clock in reports]})
        report.print_lines(_clock_lines(reports, ZoneInfo(mirror.settings.timezone)))


@clocks.command()
def vouch(
    clock: Clock,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words; kept.")],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Declare that a time clock which cannot be read has none of the missing shifts; recorded with who and why."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        vouched = mirror.vouch_clock(clock, reason, by=recorded_name(who))
        report.print_json({"vouched": _vouch_json(vouched)})
        zone = ZoneInfo(mirror.settings.timezone)
        report.print_lines([f"time clock {clock} is vouched for: {_vouch_text(vouched, zone)}"])
        report.note(f"next: connecteam-sync sync; to take it back: connecteam-sync clocks unvouch {clock}")


@clocks.command()
def unvouch(clock: Clock, who: Who = None, config: Config = None, as_json: Json = False) -> None:
    """Take back the word for a time clock."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        withdrawn = mirror.unvouch_clock(clock, by=recorded_name(who))
        report.print_json({"withdrawn": _vouch_json(withdrawn)})
        zone = ZoneInfo(mirror.settings.timezone)
        report.print_lines([f"time clock {clock} is no longer vouched for (was: {_vouch_text(withdrawn, zone)})"])


# -- text --------------------------------------------------------------------------------------------------------------

_PART_NAMES = {"company": "company", "region": "region", "timezone": "time zone"}


def _account_lines(known: Account) -> list[str]:
    clocks_shown = ", ".join(map(str, sorted(known.time_clocks))) or "none known yet"
    stand_in = "" if known.known_by != "time_clocks" else " (the key may not read it; its time clocks stand in)"
    return [
        f"company        {known.company}{stand_in}",
        f"region         {known.region or 'not known yet'}",
        f"time zone      {known.timezone or 'not known yet'}",
        f"time clocks    {clocks_shown}",
    ]


def _history_lines(history: Iterable[Account], zone: ZoneInfo) -> list[str]:
    """Since when the account is known, and each change that a person accepted."""
    lines = []
    for entry in history:
        who = f"run {entry.run}" if entry.run is not None else f"taken by {entry.by}"
        event = {"first": "first noted", "upgrade": "noted from older runs"}.get(entry.what, f"another {entry.what}")
        shown = f"{entry.company}, {entry.region or 'region not known'}, {entry.timezone or 'zone not known'}"
        lines.append(f"since          {stamp(entry.at, zone)}  {who}: {event} ({shown})")
    return lines


def _acceptance_lines(proposed: Acceptance) -> list[str]:
    if not proposed.changes:
        lines = ["nothing to take: the database belongs to what is configured"]
    else:
        lines = []
        for change in proposed.changes:
            lines.append(f"  ~ {_PART_NAMES[change.what]}: {change.before} -> {change.after}")
            lines += [f"      {sentence}" for sentence in change.meaning]
    lines += [
        f"  ! the {_PART_NAMES[part]} differs too, and runs stay refused until --{part} is taken"
        for part in proposed.left
    ]
    return lines


def _clock_lines(reports: Iterable[ClockReport], zone: ZoneInfo) -> list[str]:
    from connecteam_sync.present.clocks_text import visits_text

    lines = []
    for clock in reports:
        state = "not in Connecteam's list" if not clock.is_listed else "archived" if clock.is_archived else "in use"
        visits = "looked at by every run"
        if not clock.is_looked_at:
            # An archived clock is looked at on days named in a command, and where shifts of it are remembered.
            visits = "looked at where it matters" if clock.is_archived else "not looked at"
        last = f"last looked at {stamp(clock.last_looked_at, zone)}" if clock.last_looked_at else "never looked at"
        remembered = f"{many(clock.shifts, 'shift')} remembered, {many(clock.rows, 'row')}"
        lines.append(f"{clock.id:>10}  {clock.name or '(no name)'}: {state}, {visits}; {remembered}; {last}")
        if clock.vouched:
            lines.append(f"{'':>10}  vouched for: {_vouch_text(clock.vouched, zone)}")
        if clock.schedule:
            lines.append(f"{'':>10}  {visits_text(clock.schedule, zone)}")
    return lines or ["no time clock"]


def _vouch_text(vouched: Vouch, zone: ZoneInfo) -> str:
    return f"{vouched.reason} ({vouched.by}, {stamp(vouched.at, zone)})"


# -- for programs ------------------------------------------------------------------------------------------------------


def _account_json(known: Account) -> json_shapes.Json:
    return {
        "company": {"id": known.company_id, "name": known.company_name} if known.company_id is not None else None,
        "region": known.region,
        "timezone": known.timezone,
        "time_clocks": sorted(known.time_clocks),
        "known_by": known.known_by,
        "what": known.what,
        "run": known.run,
        "by": known.by,
        "at": json_shapes.instant(known.at),
    }


def _acceptance_json(proposed: Acceptance) -> json_shapes.Json:
    return {
        "changes": [
            {"what": change.what, "before": change.before, "after": change.after, "meaning": list(change.meaning)}
            for change in proposed.changes
        ],
        "zones": [
            {
                "timezone": use.timezone,
                "runs": use.runs,
                "first": _day(use.first),
                "last": _day(use.last),
                "locked_days": use.locked_days,
                "first_locked": _day(use.first_locked),
                "last_locked": _day(use.last_locked),
            }
            for use in proposed.zones
        ],
        "left": list(proposed.left),
        "account": _account_json(proposed.account),
    }


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def _vouch_json(vouched: Vouch) -> json_shapes.Json:
    return {
        "time_clock_id": vouched.time_clock_id,
        "reason": vouched.reason,
        "by": vouched.by,
        "at": json_shapes.instant(vouched.at),
        "withdrawn_by": vouched.withdrawn_by,
        "withdrawn_at": json_shapes.instant(vouched.withdrawn_at),
    }


def _clock_json(clock: ClockReport) -> json_shapes.Json:
    from connecteam_sync.present.clocks_text import visits_json

    return {
        "id": clock.id,
        "name": clock.name,
        "is_archived": clock.is_archived,
        "is_listed": clock.is_listed,
        "is_looked_at": clock.is_looked_at,
        "shifts": clock.shifts,
        "rows": clock.rows,
        "last_looked_at": json_shapes.instant(clock.last_looked_at),
        "vouched": _vouch_json(clock.vouched) if clock.vouched else None,
        "visits": visits_json(clock.schedule) if clock.schedule else None,
    }
