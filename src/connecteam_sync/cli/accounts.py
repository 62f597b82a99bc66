"""Whose data this is, and its time clocks: account, clocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import LARGEST, Config, Json, Who, opened, somebody
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
    """Show whose data the database holds: company, region, time zone, time clocks. Asks nobody."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _show(mirror, report)


def _show(mirror: ConnecteamSync, report: Report) -> None:
    found, history = mirror.account(), mirror.account_history()
    configured = {"region": mirror.region, "timezone": mirror.settings.timezone}
    report.answer(
        {
            "database": mirror.store.name,
            "account": _account_json(found) if found else None,
            "configured": configured,
            "history": [_account_json(entry) for entry in history],
        }
    )
    lines = [f"database       {mirror.store.name}"]
    if found is None:
        report.say([*lines, "no run has noted yet whose data this is"])
        report.talk("next: connecteam-sync sync")
        return
    report.say([*lines, *_account_lines(found), *_history_lines(history, ZoneInfo(mirror.settings.timezone))])
    differing = [name for name, value in configured.items() if getattr(found, name) not in {None, value}]
    for name in differing:
        report.talk(f"configured is another {_WORDS[name]}: {configured[name]}; runs are refused (exit 2)")
    report.talk(f"next: {_NEXT}" if differing else "")


@account.command()
def accept(
    company: Annotated[bool, typer.Option("--company", help="Take the company that the key is of.")] = False,
    region: Annotated[bool, typer.Option("--region", help="Take the region of the configured base URL.")] = False,
    timezone: Annotated[bool, typer.Option("--timezone", help="Take the configured time zone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Take it without being asked.")] = False,
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
        found = mirror.proposed_account(wanted)
        report.say(_acceptance_lines(found))
        if found.changes:
            _require_yes(report, yes=yes)
            mirror.accept_account(found, by=somebody(who))
        report.answer(_acceptance_json(found))
        report.talk("next: connecteam-sync doctor" if found.changes else "")


def _require_yes(report: Report, *, yes: bool) -> None:
    """Raises NotConfirmed unless a person agrees, at the terminal or beforehand."""
    if yes:
        return
    answer = report.ask("Take it? [y/N] ")
    if answer is None:
        raise NotConfirmed("a person has to agree to this; nothing was changed", next_step="the same with --yes")
    if answer not in {"y", "yes"}:
        raise NotConfirmed("not taken; nothing was changed", next_step="connecteam-sync account")


@clocks.callback()
def listed(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List time clocks: archived or not, looked at or not, what is remembered of each, and what was vouched for."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.clocks()
        report.answer({"time_clocks": [_clock_json(clock) for clock in found]})
        report.say(_clock_lines(found, ZoneInfo(mirror.settings.timezone)))


@clocks.command()
def vouch(
    clock: Clock,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words; kept.")],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say that a time clock which cannot be read holds none of the shifts in question; recorded with who and why."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        said = mirror.vouch_clock(clock, reason, by=somebody(who))
        report.answer({"vouched": _vouch_json(said)})
        zone = ZoneInfo(mirror.settings.timezone)
        report.say([f"time clock {clock} is vouched for: {_vouch_words(said, zone)}"])
        report.talk(f"next: connecteam-sync sync; to take it back: connecteam-sync clocks unvouch {clock}")


@clocks.command()
def unvouch(clock: Clock, who: Who = None, config: Config = None, as_json: Json = False) -> None:
    """Take back what was vouched for a time clock."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        said = mirror.unvouch_clock(clock, by=somebody(who))
        report.answer({"withdrawn": _vouch_json(said)})
        zone = ZoneInfo(mirror.settings.timezone)
        report.say([f"time clock {clock} is no longer vouched for (was: {_vouch_words(said, zone)})"])


# -- words -------------------------------------------------------------------------------------------------------------

_WORDS = {"company": "company", "region": "region", "timezone": "time zone"}


def _account_lines(found: Account) -> list[str]:
    clocks_shown = ", ".join(map(str, sorted(found.time_clocks))) or "none known yet"
    known = "" if found.known_by != "time_clocks" else " (the key may not read it; its time clocks stand in)"
    return [
        f"company        {found.company}{known}",
        f"region         {found.region or 'not known yet'}",
        f"time zone      {found.timezone or 'not known yet'}",
        f"time clocks    {clocks_shown}",
    ]


def _history_lines(history: Iterable[Account], zone: ZoneInfo) -> list[str]:
    """Since which run, and who took another one since."""
    lines = []
    for entry in history:
        who = f"run {entry.run}" if entry.run is not None else f"taken by {entry.by}"
        what = {"first": "first noted", "upgrade": "noted from older runs"}.get(entry.what, f"another {entry.what}")
        shown = f"{entry.company}, {entry.region or 'region not known'}, {entry.timezone or 'zone not known'}"
        lines.append(f"since          {stamp(entry.at, zone)}  {who}: {what} ({shown})")
    return lines


def _acceptance_lines(found: Acceptance) -> list[str]:
    if not found.changes:
        lines = ["nothing to take: the database belongs to what is configured"]
    else:
        lines = []
        for change in found.changes:
            lines.append(f"  ~ {_WORDS[change.what]}: {change.before} -> {change.after}")
            lines += [f"      {sentence}" for sentence in change.meaning]
    lines += [
        f"  ! the {_WORDS[part]} differs too, and runs stay refused until --{part} is taken" for part in found.left
    ]
    return lines


def _clock_lines(found: Iterable[ClockReport], zone: ZoneInfo) -> list[str]:
    lines = []
    for clock in found:
        state = "not in Connecteam's list" if not clock.is_listed else "archived" if clock.is_archived else "in use"
        looked = "looked at by every run"
        if not clock.is_looked_at:
            # An archived one is asked for the days that somebody names, and where shifts of it are remembered.
            looked = "looked at where it matters" if clock.is_archived else "not looked at"
        last = f"last looked at {stamp(clock.last_looked_at, zone)}" if clock.last_looked_at else "never looked at"
        remembered = f"{many(clock.shifts, 'shift')} remembered, {many(clock.rows, 'row')}"
        lines.append(f"{clock.id:>10}  {clock.name or '(no name)'}: {state}, {looked}; {remembered}; {last}")
        if clock.vouched:
            lines.append(f"{'':>10}  vouched for: {_vouch_words(clock.vouched, zone)}")
    return lines or ["no time clock"]


def _vouch_words(said: Vouch, zone: ZoneInfo) -> str:
    return f"{said.reason} ({said.by}, {stamp(said.at, zone)})"


# -- for machines ------------------------------------------------------------------------------------------------------


def _account_json(found: Account) -> json_shapes.Json:
    return {
        "company": {"id": found.company_id, "name": found.company_name} if found.company_id is not None else None,
        "region": found.region,
        "timezone": found.timezone,
        "time_clocks": sorted(found.time_clocks),
        "known_by": found.known_by,
        "what": found.what,
        "run": found.run,
        "by": found.by,
        "at": json_shapes.instant(found.at),
    }


def _acceptance_json(found: Acceptance) -> json_shapes.Json:
    return {
        "changes": [
            {"what": one.what, "before": one.before, "after": one.after, "meaning": list(one.meaning)}
            for one in found.changes
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
            for use in found.zones
        ],
        "left": list(found.left),
        "account": _account_json(found.account),
    }


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def _vouch_json(said: Vouch) -> json_shapes.Json:
    return {
        "time_clock_id": said.time_clock_id,
        "reason": said.reason,
        "by": said.by,
        "at": json_shapes.instant(said.at),
        "withdrawn_by": said.withdrawn_by,
        "withdrawn_at": json_shapes.instant(said.withdrawn_at),
    }


def _clock_json(clock: ClockReport) -> json_shapes.Json:
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
    }
