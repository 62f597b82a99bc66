"""Being told at once: doorbells, webhooks."""

from __future__ import annotations

from typing import Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import LARGEST, Config, Json, opened
from connecteam_sync.cli.output import reporting
from connecteam_sync.core.bells import BELL_STATES
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError

doorbells = typer.Typer(invoke_without_command=True, help="What webhooks delivered, and what came of it.")
webhooks = typer.Typer(invoke_without_command=True, help="The webhooks by which Connecteam tells of changes at once.")
_LONGEST = 191


@doorbells.callback()
def doorbells_list(
    context: typer.Context,
    state: Annotated[
        Optional[str], typer.Option("--state", metavar="STATE", help=f"One of: {', '.join(BELL_STATES)}.")
    ] = None,
    clock: Annotated[
        Optional[int], typer.Option("--clock", metavar="ID", min=1, max=LARGEST, help="Of this time clock.")
    ] = None,
    after: Annotated[
        Optional[str], typer.Option("--after", metavar="KEY", help="Those received before the one with this key.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")] = 50,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List deliveries of webhooks, newest first: when, of what, and what the look that followed found."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = next((known for known in BELL_STATES if known == state), None)
        if state is not None and chosen is None:
            raise ConfigurationError(
                f"there is no state {state[:60]!r}", next_step=f"use one of: {', '.join(BELL_STATES)}"
            )
        from connecteam_sync.present import bells_text

        found = mirror.doorbells(state=chosen, clock=clock, after=_key(after), limit=limit)
        report.print_json({"doorbells": [bells_text.doorbell_json(bell) for bell in found]})
        report.print_lines(bells_text.doorbell_lines(found, ZoneInfo(mirror.settings.timezone)))
        if len(found) == limit:
            report.note(f"next: connecteam-sync doorbells --after {found[-1].key}")


@doorbells.command()
def replay(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key of the delivery, as listed.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Have `serve` look again, as if a delivery had just come."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import bells_text

        bell = mirror.replay_doorbell(_key(key) or "")
        report.print_json({"doorbells": [bells_text.doorbell_json(bell)]})
        report.print_lines(bells_text.doorbell_lines([bell], ZoneInfo(mirror.settings.timezone)))
        report.note("next: connecteam-sync serve looks within seconds, where it runs")


@webhooks.callback()
def webhooks_show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the webhooks of the account, and which are of this database."""
    if context.invoked_subcommand is None:
        webhooks_list(config, as_json)


@webhooks.command("list")
def webhooks_list(config: Config = None, as_json: Json = False) -> None:
    """List the webhooks of the account, and which are of this database."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import bells_text

        found = mirror.webhooks()
        report.print_json({"webhooks": [bells_text.webhook_json(one) for one in found]})
        report.print_lines(bells_text.webhook_lines(found))
        ours = [one for one in found if one.is_ours]
        report.note("" if ours else "next: connecteam-sync webhooks register --url https://…")


@webhooks.command()
def register(
    url: Annotated[
        Optional[str],
        typer.Option("--url", metavar="URL", help="The public root of this service; path and token are appended."),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Have Connecteam deliver every event of the mirrored time clocks; a second time nothing is made twice."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import bells_text

        found = mirror.register_webhooks(url)
        report.print_json({"webhooks": [bells_text.webhook_json(one) for one in found]})
        report.print_lines(bells_text.webhook_lines(found))
        report.note("next: connecteam-sync doorbells, after the next punch")


@webhooks.command()
def rotate(config: Config = None, as_json: Json = False) -> None:
    """Have this database's webhooks bring the secret that is configured now."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.rotate_webhooks()
        report.print_json({"rotated": [one.id for one in found]})
        report.print_lines([f"{many(len(found), 'webhook')} with the new secret"])
        report.note("next: take CONNECTEAM_SYNC_WEBHOOK_SECRET_PREVIOUS away in ten minutes" if found else "")


@webhooks.command()
def remove(config: Config = None, as_json: Json = False) -> None:
    """Remove this database's webhooks; `serve` goes on with its ordinary visits."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.remove_webhooks()
        report.print_json({"removed": [one.id for one in found]})
        report.print_lines([f"{many(len(found), 'webhook')} removed"])


def _key(text: str | None) -> str | None:
    """A key as it may stand on record. Raises ConfigurationError."""
    if text is not None and not (0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()):
        raise ConfigurationError("this is no key of a doorbell", next_step="connecteam-sync doorbells lists them")
    return text
