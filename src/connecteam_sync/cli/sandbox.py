"""Trying it without an account: sandbox, demo."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Optional

import msgspec
import typer

from connecteam_sync.cli.options import Json
from connecteam_sync.cli.output import reporting
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox.settings import KEY, SandboxSettings


def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")] = 8123,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    key: Annotated[str, typer.Option("--key", help="The invented key it accepts; begins with sandbox-.")] = KEY,
    shifts: Annotated[
        int, typer.Option("--shifts", min=0, max=1_000_000, help="Shifts from 2025-12-01 to 2025-12-11.")
    ] = 585,
    fault: Annotated[
        Optional[list[str]],
        typer.Option("--fault", metavar="NAME[@CALL]", help="A fault, at this call number if given."),
    ] = None,
    choose: Annotated[
        Optional[list[str]],
        typer.Option("--set", metavar="NAME=VALUE", help=f"Behaviour: {', '.join(SandboxSettings.__struct_fields__)}."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve a simulated Connecteam on this machine, until interrupted."""
    from connecteam_sync.sandbox import Company, Sandbox

    with reporting(as_json=as_json) as report:
        served = Sandbox(Company(shifts), behaviour(choose or ()), key=key, host=host, port=port)
        for wanted in fault or ():
            name, _, call = wanted.partition("@")
            try:
                served.faults.add(name, call=int(call) if call else None)
            except ValueError as error:
                raise ConfigurationError(str(error), next_step="write it like html_200@3") from error

        def ready() -> None:
            report.print_json({"url": served.url, "key": served.key, "timezone": served.company.timezone})
            report.print_lines(
                [
                    f"{served.company.name} at {served.url}: {many(shifts, 'shift')} of 2025-12-01 to 11",
                    f"export CONNECTEAM_SYNC_BASE_URL={served.url}",
                    f"export CONNECTEAM_SYNC_API_KEY={served.key}",
                    f"export CONNECTEAM_SYNC_TIMEZONE={served.company.timezone}",
                ]
            )
            report.note("next, in another terminal: connecteam-sync init; interrupt to stop")

        served.serve(ready)


def behaviour(choices: Iterable[str]) -> SandboxSettings:
    """The sandbox's settings from NAME=VALUE pairs. Raises ConfigurationError."""
    values = dict(choice.partition("=")[::2] for choice in choices)
    try:
        return msgspec.convert(values, SandboxSettings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"--set: {error}", next_step=f"choose from: {', '.join(SandboxSettings.__struct_fields__)}"
        ) from error


def demo(
    keep: Annotated[
        Optional[Path],
        typer.Option("--keep", metavar="FOLDER", help="Leave the database here to look at."),
    ] = None,
    as_json: Json = False,
) -> None:
    """A complete example without an account or a server: sandbox and SQLite in a scratch folder."""
    from connecteam_sync.cli.demo import run_demo

    with reporting(as_json=as_json) as report:
        raise typer.Exit(run_demo(report, keep))
