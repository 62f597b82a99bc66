"""How long records are kept: retention check, purge, hold, erase."""

from __future__ import annotations

from typing import Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import Config, Json, Who, opened
from connecteam_sync.cli.output import reporting

retention = typer.Typer(
    invoke_without_command=True, help="How long records are kept: purges, legal holds, erasing a person."
)
holding = typer.Typer(invoke_without_command=True, help="Legal holds: people of whom nothing may go.")
retention.add_typer(holding, name="hold")
Someone = Annotated[str, typer.Argument(metavar="EMPLOYEE", help="The employee's id, name, or a part of it.")]
Why = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it is kept.")]


@retention.callback()
def show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Show how long records are kept, as `retention check` does."""
    if context.invoked_subcommand is None:
        check(config, as_json)


@retention.command()
def check(config: Config = None, as_json: Json = False) -> None:
    """Show how long records are kept, which days may be purged, legal holds, and purges on record."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import retention_text

        found = mirror.retention.check()
        report.print_json(retention_text.check_json(found))
        report.print_lines(retention_text.check_lines(found, ZoneInfo(mirror.settings.timezone)))
        if found.foreseen is not None:
            report.note(f"next: connecteam-sync retention purge {found.foreseen.name}")


@retention.command()
def purge(
    days: Annotated[str, typer.Argument(metavar="FIRST..LAST", help="The days, e.g. 2021-01-01..2021-12-31.")],
    rows: Annotated[bool, typer.Option("--rows", help="Also our rows, on days of closed pay periods.")] = False,
    confirm: Annotated[
        Optional[str],
        typer.Option("--confirm", metavar="FIRST..LAST", help="The days once more: only then anything goes, for good."),
    ] = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what a purge of old days takes; with --confirm remove it. A purge cannot be undone."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import retention_text

        if confirm is None:
            found = mirror.retention.foreseen(days, with_rows=rows)
            report.print_json({"purge": retention_text.purge_json(found)})
            report.print_lines(retention_text.foreseen_lines(found))
            also = " --rows" if rows else ""
            report.note(
                "nothing was removed; a purge cannot be undone, and its days stay closed for good."
                f" next: connecteam-sync retention purge {found.name}{also} --confirm {found.name}"
            )
            return
        done = mirror.retention.purge(days, confirm=confirm, with_rows=rows, by=who)
        report.print_json({"purge": retention_text.purge_json(done)})
        report.print_lines(retention_text.purged_lines(done))


@holding.callback()
def hold_show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List every legal hold on record, released ones too."""
    if context.invoked_subcommand is None:
        hold_list(config, as_json)


@holding.command("list")
def hold_list(config: Config = None, as_json: Json = False) -> None:
    """List every legal hold on record, released ones too."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import retention_text

        found = mirror.retention.legal_holds()
        report.print_json({"legal_holds": [retention_text.legal_hold_json(one) for one in found]})
        lines = retention_text.legal_hold_lines(found, ZoneInfo(mirror.settings.timezone))
        report.print_lines(lines or ["nobody is on a legal hold"])


@holding.command("add")
def hold_add(employee: Someone, reason: Why, who: Who = None, config: Config = None, as_json: Json = False) -> None:
    """Put a person on a legal hold: no purge removes anything of theirs."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import retention_text

        done = mirror.retention.hold(employee, reason=reason, by=who)
        report.print_json({"legal_holds": [retention_text.legal_hold_json(done)]})
        report.print_lines(retention_text.legal_hold_lines([done], ZoneInfo(mirror.settings.timezone)))
        report.note(f"when it is over: connecteam-sync retention hold release {done.employee_id} --reason R")


@holding.command("release")
def hold_release(employee: Someone, reason: Why, who: Who = None, config: Config = None, as_json: Json = False) -> None:
    """Release a person's legal holds; they stay on record."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import retention_text

        done = mirror.retention.release(employee, reason=reason, by=who)
        report.print_json({"legal_holds": [retention_text.legal_hold_json(one) for one in done]})
        report.print_lines(retention_text.legal_hold_lines(done, ZoneInfo(mirror.settings.timezone)))


@retention.command()
def erase(
    employee: Someone,
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="NAME_OR_ID", help="Their id, or the whole name, once more.")
    ],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Blank a person's name and e-mail address in our tables. It cannot be undone."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import retention_text

        done = mirror.retention.erase(employee, confirm=confirm, by=who)
        report.print_json(retention_text.erasure_json(done))
        report.print_lines(retention_text.erased_lines(done))
