"""Trying it without an account: sandbox, demo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import msgspec
import typer

from connecteam_sync.cli.options import LARGEST, Json, MaybeFirst, MaybeLast
from connecteam_sync.cli.output import reporting
from connecteam_sync.core.text import many
from connecteam_sync.days import day_of
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox.settings import KEY, SandboxSettings

if TYPE_CHECKING:
    from connecteam_sync.sandbox import Company
    from connecteam_sync.sandbox.life import Life
    from connecteam_sync.sandbox.server import Tenant

_DAYS_BEFORE = 13
"""Without --from a company has worked for two weeks."""
_MOST_DAYS = 3660


def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")] = 8123,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    key: Annotated[str, typer.Option("--key", help="The invented key it accepts; begins with sandbox-.")] = KEY,
    shifts: Annotated[
        Optional[int],
        typer.Option("--shifts", min=0, max=1_000_000, help="Shifts from 2025-12-01 to 2025-12-11; 585 by default."),
    ] = None,
    first: MaybeFirst = None,
    last: MaybeLast = None,
    people: Annotated[Optional[int], typer.Option("--people", min=1, max=20_000, help="How many work there.")] = None,
    clocks: Annotated[
        Optional[int], typer.Option("--clocks", min=1, max=500, help="Time clocks; people are spread over them.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=LARGEST, help="The same seed invents the same company.")
    ] = 7,
    live: Annotated[bool, typer.Option("--live", help="The company goes on working after --to, or from now.")] = False,
    speed: Annotated[
        float, typer.Option("--speed", min=0, max=100_000, help="How many times as fast as real time, with --live.")
    ] = 1,
    company_id: Annotated[
        str, typer.Option("--company-id", metavar="ID", help="The id of the company, for a second one.")
    ] = "9000001",
    company: Annotated[
        Optional[list[str]],
        typer.Option("--company", metavar="ID=KEY", help="A company with this id and key; repeat it for several."),
    ] = None,
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
    from connecteam_sync.sandbox import Sandbox

    with reporting(as_json=as_json) as report:
        invented = Invented(shifts, first, last, people, clocks, seed, company_id, live=live, speed=speed)
        (first_one, told), *others = invented.several(company or (), key)
        served = Sandbox(
            first_one.company,
            behaviour(choose or ()),
            key=first_one.key,
            host=host,
            port=port,
            life=first_one.life,
            others=[other for other, _ in others],
        )
        for wanted in fault or ():
            name, _, call = wanted.partition("@")
            try:
                served.faults.add(name, call=int(call) if call else None)
            except ValueError as error:
                raise ConfigurationError(str(error), next_step="write it like html_200@3") from error

        def ready() -> None:
            companies = [{"id": one.company.id, "name": one.company.name, "key": one.key} for one in served.companies]
            report.print_json(
                {
                    "url": served.url,
                    "key": served.key,
                    "timezone": served.company.timezone,
                    "companies": companies,
                }
            )
            report.print_lines(
                [
                    f"{served.company.name} at {served.url}: {told}",
                    f"export CONNECTEAM_SYNC_BASE_URL={served.url}",
                    f"export CONNECTEAM_SYNC_API_KEY={served.key}",
                    f"export CONNECTEAM_SYNC_TIMEZONE={served.company.timezone}",
                    *(f"{one.company.name} (id {one.company.id}): key {one.key}; {told}" for one, told in others),
                ]
            )
            report.note("next, in another terminal: connecteam-sync init; interrupt to stop")

        served.serve(ready)


@dataclass
class Invented:
    """The company that is asked for."""

    shifts: int | None
    first: str | None
    last: str | None
    people: int | None
    clocks: int | None
    seed: int
    company_id: str
    live: bool
    speed: float

    def several(self, asked: Sequence[str], key: str) -> list[tuple[Tenant, str]]:
        """The companies that are asked for, as ID=KEY, each with a seed of its own; else the one with this key.

        Raises ConfigurationError.
        """
        from connecteam_sync.sandbox.server import Tenant

        if not asked:
            company, life, told = self.made()
            return [(Tenant(key, company, life), told)]
        pairs = [text.partition("=")[::2] for text in asked]
        if len({number for number, _ in pairs}) < len(pairs) or not all(number and word for number, word in pairs):
            raise ConfigurationError(
                "--company names each company by an id of its own, and its key",
                next_step="write it like --company 77=sandbox-first --company 78=sandbox-second",
            )
        found = []
        for place, (number, word) in enumerate(pairs):
            company, life, told = replace(self, seed=self.seed + place, company_id=number).made()
            company.name = f"{company.name} {number}"
            found.append((Tenant(word, company, life), told))
        return found

    def made(self) -> tuple[Company, Life | None, str]:
        """The company, its life if it goes on living, and what is told of it. Raises ConfigurationError."""
        from connecteam_sync.sandbox import Company
        from connecteam_sync.sandbox.life import go_on, living, today

        if self.speed != 1 and not self.live:
            raise ConfigurationError("--speed says how fast a company lives", next_step="add --live")
        if not (self.first or self.last or self.live):
            shifts = 585 if self.shifts is None else self.shifts
            seeded = Company(shifts, people=self.people, seed=self.seed, clocks=self.clocks, company_id=self.company_id)
            return seeded, None, f"{many(shifts, 'shift')} of 2025-12-01 to 11"
        if self.shifts is not None:
            raise ConfigurationError(
                "--shifts are those of 2025-12-01 to 2025-12-11", next_step="choose days and --people instead"
            )
        company = Company(0, people=self.people, seed=self.seed, clocks=self.clocks, company_id=self.company_id)
        last = day_of(self.last, today(company)) if self.last else today(company)
        first = day_of(self.first, today(company)) if self.first else last - timedelta(days=_DAYS_BEFORE)
        if first > last or (last - first).days > _MOST_DAYS:
            raise ConfigurationError(
                f"--from {first} --to {last} is no range of 1 to {_MOST_DAYS} days", next_step="name other days"
            )
        life = living(company, first, last, seed=self.seed)
        shown = f"{many(len(company.people), 'person', 'people')}, {first} to {last}"
        if not self.live:
            return company, None, shown
        go_on(company, last, self.speed)
        return company, life, f"{shown}; it goes on, {self.speed:g} times as fast as real time"


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
    serve: Annotated[
        bool, typer.Option("--serve", help="Instead, open the console on a company at work, with a story to look at.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="With --serve: the port; 0 for any.")] = 8787,
    as_json: Json = False,
) -> None:
    """A complete example without an account or a server: sandbox and SQLite in a scratch folder."""
    with reporting(as_json=as_json) as report:
        if serve:
            if keep is not None:
                raise ConfigurationError("--keep and --serve do not go together", next_step="leave one of them out")
            from connecteam_sync.cli.showing import require_console

            require_console("demo --serve")
            from connecteam_sync.cli.demo_console import serve_demo

            raise typer.Exit(serve_demo(report, port))
        from connecteam_sync.cli.demo import run_demo

        raise typer.Exit(run_demo(report, keep))
