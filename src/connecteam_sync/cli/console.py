"""Who may sign in to the console of `serve`: console user."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.opened import Chosen
from connecteam_sync.cli.options import Config, Json, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.roles import ROLES, Role
from connecteam_sync.core.text import stamp
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present.json_shapes import Json as JsonObject
from connecteam_sync.present.json_shapes import instant

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.core.console import ConsoleUser, NewSecret

console = typer.Typer(invoke_without_command=True, help="Who may sign in to the console of `serve`.")
user = typer.Typer(invoke_without_command=True, help="The people who may sign in to the console.")
console.add_typer(user, name="user")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name that the person signs in with.")]
AsRole = Annotated[str, typer.Option("--role", metavar="ROLE", help=f"What they may do: {', '.join(ROLES)}.")]


@console.callback()
def console_show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the people who may sign in to the console."""
    if context.invoked_subcommand is None:
        user_list(config, as_json)


@user.callback()
def user_show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the people who may sign in to the console."""
    if context.invoked_subcommand is None:
        user_list(config, as_json)


@user.command("list")
def user_list(config: Config = None, as_json: Json = False) -> None:
    """List the people who may sign in to the console, and their roles."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.console_users()
        report.print_json({"users": [_user_json(one) for one in found]})
        report.print_lines(_user_lines(found, ZoneInfo(mirror.settings.timezone)))
        report.note("" if found else f"next: connecteam-sync console user add NAME --role {ROLES[0]}")


@user.command("add")
def user_add(name: Name, role: AsRole, config: Config = None, as_json: Json = False) -> None:
    """Let a person sign in to the console. Prints their secret, this once."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = _role(role)
        secret = mirror.add_console_user(name, chosen, secret=_one_for_all(mirror))
        _print_secret(report, name, chosen, secret)


@user.command("role")
def user_role(name: Name, role: AsRole, config: Config = None, as_json: Json = False) -> None:
    """Give a person another role."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = _role(role)
        mirror.change_console_role(name, chosen)
        report.print_json({"name": name, "role": chosen})
        report.print_lines([f"{name} is {chosen} from now on"])


@user.command("secret")
def user_secret(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Give a person a new secret and end the sessions of the old one. Prints it, this once."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        secret = mirror.renew_console_secret(name, secret=_one_for_all(mirror))
        known = mirror.console_user(name)
        _print_secret(report, name, known.role if known is not None else ROLES[0], secret)


@user.command("remove")
def user_remove(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Let a person sign in no more, and end their sessions."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        mirror.remove_console_user(name)
        report.print_json({"removed": name})
        report.print_lines([f"{name} may not sign in any more"])


def _one_for_all(mirror: ConnecteamSync) -> NewSecret | None:
    """The one secret of a command that goes through every account: a person signs in to all of them at once."""
    if not Chosen.is_in_turn:
        return None
    Chosen.secret = Chosen.secret or mirror.new_console_secret()
    return Chosen.secret


def _role(role: str) -> Role:
    """A role by its word. Raises ConfigurationError."""
    chosen = next((known for known in ROLES if known == role), None)
    if chosen is None:
        raise ConfigurationError(f"there is no role {role[:60]!r}", next_step=f"use one of: {', '.join(ROLES)}")
    return chosen


def _print_secret(report: Report, name: str, role: Role, secret: str) -> None:
    report.print_json({"name": name, "role": role, "secret": secret})
    report.print_lines([f"{name} ({role}) signs in with this secret, which is not shown again:", secret])
    report.note(f"another one, if it is lost: connecteam-sync console user secret {shlex.quote(name)}")


def _user_json(one: ConsoleUser) -> JsonObject:
    return {
        "name": one.name,
        "role": one.role,
        "made_at": instant(one.made_at),
        "changed_at": instant(one.changed_at),
    }


def _user_lines(found: Iterable[ConsoleUser], zone: ZoneInfo) -> list[str]:
    lines = [f"{one.name}  {one.role}, since {stamp(one.made_at, zone)}" for one in found]
    return lines or ["nobody may sign in: the console only shows, and only on this machine"]
