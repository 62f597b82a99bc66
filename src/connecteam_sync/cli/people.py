"""People: employees and their mapping."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import LARGEST, Config, Json, User, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.run import Move, Suggestion
from connecteam_sync.core.text import called, many
from connecteam_sync.core.window import local_day
from connecteam_sync.errors import ConfigurationError, MappingRefused
from connecteam_sync.present import json_shapes, people_text

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

Yes = Annotated[bool, typer.Option("--yes", help="Agree beforehand: nothing is asked.")]
people = typer.Typer(invoke_without_command=True, help="Connecteam users and the employees they count for.")

_ASKED = "  [y]es, [N]o, [a]ll that agree by e-mail, [q]uit: "


@people.callback()
def employees(
    context: typer.Context,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only those who count for nobody yet.")] = False,
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
        found = mirror.employees(unmapped=unmapped)
        report.answer({"employees": [json_shapes.person(item) for item in found]})
        report.say(people_text.people_text(found))
        waiting = any(person.employee_id is None for person in found)
        guessed = any(person.suggestions for person in found)
        step = "map --suggested" if guessed else "map USER EMPLOYEE"
        report.talk(f"next: connecteam-sync employees {step}" if waiting else "")


def _without_user(mirror: ConnecteamSync, report: Report) -> None:
    found = mirror.employees_without_user()
    report.answer({"without_user": [{"employee_id": one.id, "name": one.name} for one in found]})
    report.say(people_text.employees_text(found))
    report.talk("next: connecteam-sync employees map USER EMPLOYEE" if found else "")


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
                "whom to map is not said" if user is None or employee is None else "--suggested takes no USER",
                next_step="connecteam-sync employees map USER EMPLOYEE, or connecteam-sync employees map --suggested",
            )


def _map_one(mirror: ConnecteamSync, report: Report, move: Move, *, yes: bool) -> None:
    """One user; a person agrees on a terminal, and by `--yes` elsewhere where names differ or hours change hands."""
    report.say(people_text.move_text(move))
    said = "y" if yes or move.is_done else report.ask("Map them? [y/N] ")
    if (said is None and move.needs_consent) or (said is not None and not said.startswith("y")):
        why = "the names differ" if move.names_differ else "hours of another employee change hands"
        why = "hours would count twice" if move.left else why
        raise MappingRefused(
            f"not mapped: {called(move.user_name)} -> {called(move.employee_name)}"
            + (f": {why}" if said is None else ""),
            move=json_shapes.move(move),
            next_step="if it is right: connecteam-sync employees map"
            f" {move.user_id} {quote(str(move.employee_id))} --yes",
        )
    person = mirror.map_employee(move.user_id, move.employee_id)
    report.answer({"employee": json_shapes.person(person), **json_shapes.move(move)})
    report.say(people_text.people_text([person]))
    report.talk(_next([move], mirror.settings.timezone))


def _map_suggested(mirror: ConnecteamSync, report: Report, *, yes: bool) -> None:
    """Every suggestion: listed, asked for one by one on a terminal, and the certain ones mapped by `--yes`."""
    found = mirror.suggestions()
    report.say(people_text.suggestions_text(found))
    agreed = [one.move for one in found if one.is_certain] if yes else _agreed(report, found)
    people = mirror.map_employees((move.user_id, move.employee_id) for move in agreed) if agreed else ()
    report.answer(
        {
            "suggestions": [json_shapes.suggestion(one) for one in found],
            "mapped": [json_shapes.person(person) for person in people],
        }
    )
    mapped_users = {person.user_id for person in people}
    left = {one.move.user_id for one in found} - mapped_users
    certain = any(one.is_certain for one in found if one.move.user_id in left)
    if people:
        report.say([f"{many(len(people), 'user')} mapped"])
        report.talk(_next(agreed, mirror.settings.timezone))
    if left and certain and not people:
        report.talk("next: connecteam-sync employees map --suggested --yes   (maps those that are not in doubt)")
    elif left:
        report.talk(f"{many(len(left), 'user')} left: connecteam-sync employees map USER EMPLOYEE, one by one")


def _agreed(report: Report, found: Iterable[Suggestion]) -> list[Move]:
    """What a person on a terminal agrees to, one suggestion after the other; nothing where nobody can be asked."""
    agreed: dict[int, Move] = {}
    by_email = False
    try:
        for one in found:
            if one.move.user_id in agreed:
                continue
            if by_email and one.is_certain and "email" in one.evidence:
                agreed[one.move.user_id] = one.move
                continue
            said = _answer(report, f"{people_text.suggestion_line(one)}\n{_ASKED}")
            if said in {None, "q"}:
                break
            by_email = by_email or said == "a"
            if said == "y" or (said == "a" and "email" in one.evidence and one.is_certain):
                agreed[one.move.user_id] = one.move
    except KeyboardInterrupt:
        report.talk(f"interrupted; nobody is mapped, also not the {len(agreed)} agreed to: answer q to end with those")
        raise
    return list(agreed.values())


def _answer(report: Report, question: str) -> str | None:
    """One of the four letters, or the word that it begins; none is No, and anything else is asked again."""
    words = {letter: letter[:1] or "n" for letter in ("", "y", "yes", "n", "no", "a", "all", "q", "quit")}
    said = report.ask(question)
    while said is not None and said not in words:
        said = report.ask("  y, n, a or q: ")
    return None if said is None else words[said]


def _next(moves: Iterable[Move], timezone: str) -> str:
    """The sync over the days that are concerned."""
    return _sync_of([at for move in moves for at in (move.first, move.last) if at is not None], timezone)


def _sync_of(instants: list[int], timezone: str) -> str:
    """The sync over the days of these instants."""
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
    """Make an employee for a Connecteam user who only looks like somebody else, and map the two."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person, run = mirror.create_employee(user)
        report.answer({"employee": json_shapes.person(person), "run": run})
        report.say(people_text.people_text([person]))
        if run is None or person.employee_id is None:
            report.talk("they have an employee already: nothing was made")
            return
        held = [standing.hold for standing in mirror.holds() if standing.hold.user_id == user]
        step = _sync_of([hold.instant for hold in held if hold.instant is not None], mirror.settings.timezone)
        report.talk(f"{step}   (take it back: connecteam-sync undo {run})")


@people.command("unmap")
def unmap_employee(
    user: User,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a mapping made with `map`."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person, was_mapped = mirror.unmap_employee(user)
        report.answer({"employee": json_shapes.person(person), "unmapped": was_mapped})
        report.say(people_text.people_text([person]))
        if not was_mapped:
            column = person.employee_id is not None or person.ambiguous
            why = "; your table of employees names them itself: correct it there" if column else ""
            report.talk(f"no mapping of user {user} was made with `employees map`: nothing was changed{why}")
