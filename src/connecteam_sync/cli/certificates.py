"""Proving what was paid by: certify, certificates, certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import Config, Json, Who, opened
from connecteam_sync.cli.output import reporting
from connecteam_sync.cli.periods import Named

certificate = typer.Typer(invoke_without_command=True, help="Certificates of closed pay periods, and the keys of them.")


def certify(
    period: Named,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A folder that is new or empty.")],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Certify a closed pay period: a signed list of its hours that stock ssh-keygen checks, years later, without us."""
    from connecteam_sync.present import certificates_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        made = mirror.payroll.certify(period, out=out, by=who)
        report.print_json({"certificate": certificates_text.certificate_json(made), "folder": str(out)})
        zone = ZoneInfo(mirror.settings.timezone)
        report.print_lines([*certificates_text.certificate_lines([made], zone), f"written to {out}"])
        report.note(f"next: connecteam-sync certificate verify {out / 'certificate.json'} --table; keep the folder")


def certificates(config: Config = None, as_json: Json = False) -> None:
    """List the certificates on record, newest first, and which the table has differed from since."""
    from connecteam_sync.present import certificates_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        every = mirror.payroll.certificates()
        report.print_json({"certificates": [certificates_text.certificate_json(one) for one in every]})
        report.print_lines(certificates_text.certificate_lines(every, ZoneInfo(mirror.settings.timezone)))


@certificate.callback()
def certificate_list(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the certificates on record, as `certificates` does."""
    if context.invoked_subcommand is None:
        certificates(config, as_json)


@certificate.command("verify")
def certificate_verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="certificate.json, next to its other files.")],
    table: Annotated[bool, typer.Option("--table", help="Compare the table of now with it, too.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check a certificate: its signature, its place in the chain, its rows; with --table the table, row by row."""
    from connecteam_sync.present import certificates_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.payroll.verify_certificate(file, table=table)
        report.print_json(certificates_text.check_json(found))
        report.print_lines(certificates_text.check_lines(found, table=table))
        raise typer.Exit(found.exit_code)


@certificate.command("rotate-key")
def certificate_rotate_key(
    old: Annotated[
        Optional[Path], typer.Option("--old", metavar="FILE", help="The key until now, which certifies the new one.")
    ] = None,
    lost: Annotated[
        Optional[str], typer.Option("--lost", metavar="REASON", help="Why nobody has that key any more; it is shown.")
    ] = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Go on with the key that is configured now, certified by the one before it, or marked as a break."""
    from connecteam_sync.present import certificates_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        made = mirror.payroll.rotate_certificate_key(old=old, lost=lost, by=who)
        report.print_json({"certificate": certificates_text.certificate_json(made)})
        report.print_lines(certificates_text.certificate_lines([made], ZoneInfo(mirror.settings.timezone)))
        report.note("next: keep the old public key; its certificates are checked with it")
