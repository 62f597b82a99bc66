"""Users, employees and their mapping: employees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import LARGEST, Config, Json, User, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.run import Move, Suggestion
from connecteam_sync.core.text import many
from connecteam_sync.core.window import local_day
from connecteam_sync.errors import ConfigurationError, MappingRefused
from connecteam_sync.present import json_shapes, people_text

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

Yes = Annotated[bool, typer.Option("--yes", help="Agree beforehand, without a prompt.")]
people = typer.Typer(invoke_without_command=True, help="Connecteam users and the employees they count for.")

_CHOICES = "  [y]es, [N]o, [a]ll that agree by e-mail, [q]uit: "


@people.callback()
def employees(
    context: typer.Context,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only users who count for no employee.")] = False,
    without_user: Annotated[
        bool, typer.Option("--without-user", help="Instead, the employees for whom no user counts, with their ids.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List Connecteam users and the employees they count for; suggestions are never applied by themselves."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if without_user:
            _without_user(mirror, report)
            return
        listed = mirror.employees(unmapped=unmapped)
        report.print_json({"employees": [json_shapes.person(item) for item in listed]})
        report.print_lines(people_text.people_text(listed))
        waiting = any(person.employee_id is None for person in listed)
        has_suggestions = any(person.suggestions for person in listed)
        step = "map --suggested" if has_suggestions else "map USER EMPLOYEE"
        report.note(f"next: connecteam-sync employees {step}" if waiting else "")


def _without_user(mirror: ConnecteamSync, report: Report) -> None:
    employees = mirror.employees_without_user()
    report.print_json({"without_user": [{"employee_id": employee.id, "name": employee.name} for employee in employees]})
    report.print_lines(people_text.employees_text(employees))
    report.note("next: connecteam-sync employees map USER EMPLOYEE" if employees else "")


@people.command("map")
def map_employee(
    user: Annotated[
        Optional[int], typer.Argument(metavar="USER", min=1, max=LARGEST, help="The Connecteam user id.")
    ] = None,
    employee: Annotated[Optional[str], typer.Argument(metavar="EMPLOYEE", help="The employee id.")] = None,
    suggested: Annotated[
        bool, typer.Option("--suggested", help="Show who the unmapped users might be, and map what you agree to.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a Connecteam user's shifts count for an employee: shows both names and the hours that move."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if suggested and user is None:
            _map_suggested(mirror, report, yes=yes)
        elif user is not None and employee is not None and not suggested:
            _map_one(mirror, report, mirror.mapping(user, employee), yes=yes)
        else:
            raise ConfigurationError(
                "--suggested takes no USER" if suggested else "whom to map is not said",
                next_step="connecteam-sync employees map USER EMPLOYEE, or connecteam-sync employees map --suggested",
            )


def _map_one(mirror: ConnecteamSync, report: Report, move: Move, *, yes: bool) -> None:
    """One user; a person agrees on a terminal, and by `--yes` elsewhere where names differ or hours change hands."""
    report.print_lines(people_text.move_text(move))
    reply = "y" if yes or move.is_done else report.prompt("Map them? [y/N] ")
    if (reply is None and move.needs_consent) or (reply is not None and not reply.startswith("y")):
        message, why, command = people_text.refusal_text(move)
        raise MappingRefused(
            message + (f": {why}" if reply is None else ""),
            move=json_shapes.move(move),
            next_step=f"if it is right: {command}",
        )
    person = mirror.map_employee(move.user_id, move.employee_id)
    report.print_json({"employee": json_shapes.person(person), **json_shapes.move(move)})
    report.print_lines(people_text.people_text([person]))
    report.note(_next_sync([move], mirror.settings.timezone))


def _map_suggested(mirror: ConnecteamSync, report: Report, *, yes: bool) -> None:
    """List the suggestions and ask for each on a terminal; with `--yes` map the certain ones."""
    suggestions = mirror.suggestions()
    report.print_lines(people_text.suggestions_text(suggestions))
    agreed = [item.move for item in suggestions if item.is_certain] if yes else _agreed(report, suggestions)
    people = mirror.map_employees((move.user_id, move.employee_id) for move in agreed) if agreed else ()
    report.print_json(
        {
            "suggestions": [json_shapes.suggestion(item) for item in suggestions],
            "mapped": [json_shapes.person(person) for person in people],
        }
    )
    mapped_users = {person.user_id for person in people}
    left = {item.move.user_id for item in suggestions} - mapped_users
    certain = any(item.is_certain for item in suggestions if item.move.user_id in left)
    if people:
        report.print_lines([f"{many(len(people), 'user')} mapped"])
        report.note(_next_sync(agreed, mirror.settings.timezone))
    if left and certain and not people:
        report.note("next: connecteam-sync employees map --suggested --yes   (maps those that are not in doubt)")
    elif left:
        report.note(f"{many(len(left), 'user')} left: connecteam-sync employees map USER EMPLOYEE, one by one")


def _agreed(report: Report, suggestions: Iterable[Suggestion]) -> list[Move]:
    """The suggestions that a person on a terminal agrees to; none without a terminal."""
    agreed: dict[int, Move] = {}
    by_email = False
    try:
        for item in suggestions:
            if item.move.user_id in agreed:
                continue
            if by_email and item.is_certain and "email" in item.evidence:
                agreed[item.move.user_id] = item.move
                continue
            choice = _prompt_choice(report, f"{people_text.suggestion_line(item)}\n{_CHOICES}")
            if choice in {None, "q"}:
                break
            by_email = by_email or choice == "a"
            if choice == "y" or (choice == "a" and "email" in item.evidence and item.is_certain):
                agreed[item.move.user_id] = item.move
    except KeyboardInterrupt:
        report.note(f"interrupted; nobody is mapped, also not the {len(agreed)} agreed to: answer q to end with those")
        raise
    return list(agreed.values())


def _prompt_choice(report: Report, question: str) -> str | None:
    """One of the four letters, also from the whole word; an empty reply is No, any other reply is asked again."""
    choices = {letter: letter[:1] or "n" for letter in ("", "y", "yes", "n", "no", "a", "all", "q", "quit")}
    reply = report.prompt(question)
    while reply is not None and reply not in choices:
        reply = report.prompt("  y, n, a or q: ")
    return None if reply is None else choices[reply]


def _next_sync(moves: Iterable[Move], timezone: str) -> str:
    """The `sync` of the days whose hours move."""
    return _sync_of([at for move in moves for at in (move.first, move.last) if at is not None], timezone)


def _sync_of(instants: list[int], timezone: str) -> str:
    """The `sync` of the days of these instants."""
    if not instants:
        return "next: connecteam-sync sync"
    zone = ZoneInfo(timezone)
    return f"next: connecteam-sync sync --from {local_day(min(instants), zone)} --to {local_day(max(instants), zone)}"


@people.command("create")
def create_employee(
    user: User,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make an employee for a Connecteam user who only looks like another employee, and map the two."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person, run = mirror.create_employee(user)
        report.print_json({"employee": json_shapes.person(person), "run": run})
        report.print_lines(people_text.people_text([person]))
        if run is None or person.employee_id is None:
            report.note("they have an employee already: nothing was made")
            return
        held = [standing.hold for standing in mirror.holds() if standing.hold.user_id == user]
        step = _sync_of([hold.instant for hold in held if hold.instant is not None], mirror.settings.timezone)
        report.note(f"{step}   (take it back: connecteam-sync undo {run})")


@people.command("unmap")
def unmap_employee(
    user: User,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a mapping made with `map`."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person, was_mapped = mirror.unmap_employee(user)
        report.print_json({"employee": json_shapes.person(person), "unmapped": was_mapped})
        report.print_lines(people_text.people_text([person]))
        if not was_mapped:
            column = person.employee_id is not None or person.ambiguous
            why = "; your table of employees names them itself: correct it there" if column else ""
            report.note(f"no mapping of user {user} was made with `employees map`: nothing was changed{why}")
