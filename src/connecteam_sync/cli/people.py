"""People and payroll: employees, their mapping, locked days."""

from __future__ import annotations

from typing import Annotated

import typer

from connecteam_sync.cli import machine, text
from connecteam_sync.cli.options import (
    Config,
    First,
    Json,
    Last,
    one_window,
    opened,
)
from connecteam_sync.cli.report import reporting

people = typer.Typer(invoke_without_command=True, help="Connecteam users and the employees they count for.")


@people.callback()
def employees(
    context: typer.Context,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only those who count for nobody yet.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List Connecteam users and the employees they count for; suggestions are never applied by themselves."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.employees(unmapped=unmapped)
        report.answer({"employees": [machine.person(item) for item in found]})
        report.say(text.people_text(found))
        waiting = any(person.employee_id is None for person in found)
        report.talk("next: connecteam-sync employees map USER EMPLOYEE" if waiting else "")


@people.command("map")
def map_employee(
    user: Annotated[int, typer.Argument(metavar="USER", help="The Connecteam user id.")],
    employee: Annotated[int, typer.Argument(metavar="EMPLOYEE", help="The employee id.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a Connecteam user's shifts count for an employee."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person = mirror.map_employee(user, employee)
        report.answer({"employee": machine.person(person)})
        report.say(text.people_text([person]))
        report.talk("next: connecteam-sync sync (held shifts of other days: with --from and --to)")


@people.command("unmap")
def unmap_employee(
    user: Annotated[int, typer.Argument(metavar="USER", help="The Connecteam user id.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a mapping made with `map`."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person = mirror.unmap_employee(user)
        report.answer({"employee": machine.person(person)})
        report.say(text.people_text([person]))


def lock(first: First, last: Last, config: Config = None, as_json: Json = False) -> None:
    """Close days for payroll: no run changes them; differences are held."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        count = mirror.lock(window.first, window.last)
        report.answer({"locked": count, "window": machine.window(window)})
        report.say([f"{window} is closed ({text.many(count, 'day')} newly)"])


def unlock(first: First, last: Last, config: Config = None, as_json: Json = False) -> None:
    """Open days again."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        count = mirror.unlock(window.first, window.last)
        report.answer({"unlocked": count, "window": machine.window(window)})
        report.say([f"{window} is open ({text.many(count, 'day')} newly)"])
        report.talk(f"next: connecteam-sync sync --from {window.first} --to {window.last}" if count else "")
