"""Several accounts in one configuration: accounts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connecteam_sync.cli.opened import steps_with_account, with_account
from connecteam_sync.cli.options import Config, Json
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.cli.startup import loading

if TYPE_CHECKING:
    from connecteam_sync.accounts import AccountState

accounts = typer.Typer(invoke_without_command=True, help="Several accounts in one configuration.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, - and _.")]


@accounts.callback()
def every(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the accounts of the configuration, and how the mirror of each is. Connecteam is not asked."""
    if context.invoked_subcommand is None:
        _list(config, as_json=as_json)


@accounts.command("list")
def listed(config: Config = None, as_json: Json = False) -> None:
    """List the accounts of the configuration, and how the mirror of each is. Connecteam is not asked."""
    _list(config, as_json=as_json)


def _list(config: Path | None, *, as_json: bool) -> None:
    with reporting(as_json=as_json) as report:
        with loading():
            from connecteam_sync.accounts import account_states

        found = account_states(config)
        report.print_json(
            {
                "accounts": [
                    {
                        "name": one.name,
                        "state": one.state or "unknown",
                        "clocks": one.clocks,
                        "calls_left": one.calls_left,
                        "message": one.message,
                        "next_step": with_account(one.next_step, one.name),
                    }
                    for one in found
                ]
            }
        )
        report.print_lines(line for one in found for line in _lines(one))


def _lines(one: AccountState) -> Iterable[str]:
    state = (one.state or "unknown").replace("_", " ")
    left = "calls left today not known" if one.calls_left is None else f"{one.calls_left:,} calls left today"
    clocks = f"{one.clocks:,} time clock{'' if one.clocks == 1 else 's'}"
    yield f"{one.name:<20}  {state:<14}  {clocks}, {left}"
    if one.message:
        yield f"{'':<20}  {one.message}"
        yield f"{'':<20}  next: {with_account(one.next_step, one.name)}"


@accounts.command()
def check(config: Config = None, as_json: Json = False) -> None:
    """Check what a run of each account needs, and that no two share a database's tables, a key or a time clock."""
    with reporting(as_json=as_json) as report:
        with loading():
            from connecteam_sync.accounts import check_accounts
            from connecteam_sync.present import json_shapes, text

        found = check_accounts(config)
        bad = [one.name for one in found if not one.is_ok]
        report.print_json(
            {
                "ok": not bad,
                "accounts": [
                    {
                        "name": one.name,
                        "ok": one.is_ok,
                        "checks": [steps_with_account(json_shapes.check(each), one.name) for each in one.checks],
                    }
                    for one in found
                ],
            }
        )
        for one in found:
            wrong = [each for each in one.checks if each.state != "ok"]
            report.print_lines([f"{one.name:<20}  {'ok' if one.is_ok else 'FAILED'}"])
            report.print_lines(with_account(line, one.name) for line in text.checks_text(wrong))
        if bad:
            report.note(f"next: cure what is said of {', '.join(bad)}, then connecteam-sync accounts check")
            raise typer.Exit(1)


@accounts.command()
def add(
    name: Name,
    timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="IANA name, e.g. America/Chicago.")],
    api_key_file: Annotated[Path, typer.Option("--api-key-file", metavar="FILE", help="The file that holds its key.")],
    database_url: Annotated[
        Optional[str], typer.Option("--database-url", metavar="URL", help="Without a password; else the next option.")
    ] = None,
    database_url_file: Annotated[
        Optional[Path], typer.Option("--database-url-file", metavar="FILE", help="The file that holds the URL.")
    ] = None,
    base_url: Annotated[Optional[str], typer.Option("--base-url", metavar="URL", help="Connecteam's region.")] = None,
    time_clocks: Annotated[
        Optional[str], typer.Option("--time-clocks", metavar="IDS", help="Only these, separated by commas.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add an account to the configuration's file. The file is written only if every account can be read then."""
    with reporting(as_json=as_json) as report:
        with loading():
            from connecteam_sync.config_add import add_account

        file = add_account(
            name,
            {
                "timezone": timezone,
                "database_url": database_url,
                "base_url": base_url,
                "time_clocks": time_clocks,
                "api_key_file": str(api_key_file),
                "database_url_file": None if database_url_file is None else str(database_url_file),
            },
            config,
        )
        _added(report, name, file)


def _added(report: Report, name: str, file: Path) -> None:
    report.print_json({"name": name, "file": str(file)})
    report.print_lines([f"account {name} is in {file}"])
    report.note(f"next: connecteam-sync init --account {name}, then connecteam-sync accounts check")
