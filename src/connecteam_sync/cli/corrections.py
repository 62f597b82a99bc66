"""Corrections of closed days: corrections list, accept, dismiss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connecteam_sync.cli.options import Config, Json, Who, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.corrections import CORRECTION_STATES
from connecteam_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.core.corrections import Correction

corrections = typer.Typer(
    invoke_without_command=True, help="What would have changed on closed days, with its signed minutes."
)
OfPeriod = Annotated[
    Optional[str],
    typer.Option("--period", metavar="PERIOD", help="Only those about its days, or accepted into it."),
]
OfState = Annotated[
    Optional[str],
    typer.Option("--state", metavar="STATE", help=f"One of: {', '.join(CORRECTION_STATES)}."),
]
After = Annotated[int, typer.Option("--after", metavar="ID", min=0, help="Those with a larger number.")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="At most so many.")]
Numbers = Annotated[list[int], typer.Argument(metavar="ID...", help="The numbers of the corrections.")]


@corrections.callback()
def corrections_show(
    context: typer.Context,
    period: OfPeriod = None,
    state: OfState = None,
    after: After = 0,
    limit: Limit = 1000,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the corrections, oldest first: what a closed day keeps from being written, and what was decided."""
    if context.invoked_subcommand is None:
        corrections_list(period, state, after, limit, config, as_json)


@corrections.command("list")
def corrections_list(
    period: OfPeriod = None,
    state: OfState = None,
    after: After = 0,
    limit: Limit = 1000,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the corrections, oldest first: what a closed day keeps from being written, and what was decided."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = next((known for known in CORRECTION_STATES if known == state), None)
        if state is not None and chosen is None:
            raise ConfigurationError(
                f"there is no state {state[:60]!r}", next_step=f"use one of: {', '.join(CORRECTION_STATES)}"
            )
        found = mirror.payroll.corrections(period=period, state=chosen, after=after, limit=limit + 1)
        left, found = found[limit:], found[:limit]
        _report(report, mirror, found, next_after=found[-1].number if left else None)
        if left:
            chosen_words = [f"--{name} {value}" for name, value in (("period", period), ("state", chosen)) if value]
            words = " ".join([*chosen_words, f"--after {found[-1].number}"])
            report.note(f"next: connecteam-sync corrections {words}")
            return
        waits = next((one for one in found if one.state == "pending"), None)
        if waits is not None:
            from connecteam_sync.present import corrections_text

            report.note(f"next: {corrections_text.next_step(waits)}")


@corrections.command()
def accept(
    numbers: Numbers,
    into: Annotated[str, typer.Option("--into", metavar="PERIOD", help="The open pay period that pays them.")],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Accept corrections into an open pay period: its exports carry their signed minutes."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _report(report, mirror, mirror.payroll.accept_corrections(numbers, into=into, by=who))


@corrections.command()
def dismiss(
    numbers: Numbers,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why nobody is paid for them; it is kept.")],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Dismiss corrections: nobody is paid for them, and the reason is kept."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        _report(report, mirror, mirror.payroll.dismiss_corrections(numbers, reason=reason, by=who))


def _report(
    report: Report, mirror: ConnecteamSync, found: Iterable[Correction], *, next_after: int | None = None
) -> None:
    from connecteam_sync.present import corrections_text

    every = tuple(found)
    answer = [corrections_text.correction_json(one) for one in every]
    report.print_json({"corrections": answer, "next_after": next_after})
    lines = corrections_text.correction_lines(every, mirror.names()) if every else ["no correction"]
    report.print_lines(lines)
