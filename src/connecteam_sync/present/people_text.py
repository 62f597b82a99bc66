"""Text about users and employees: the mapping, suggestions, and the hours that a mapping moves."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.people import EVIDENCE, named
from connecteam_sync.core.run import Move, Person, Suggestion
from connecteam_sync.core.text import called, hours, many


def people_text(people: Iterable[Person]) -> list[str]:
    """Users and their employees; for unmapped users the employees they might be."""
    lines = []
    for person in people:
        who = f"{person.user_id:>10}  {called(person.name):<28}{' (archived)' if person.is_archived else ''}"
        if person.employee_id is not None:
            lines.append(
                f"{who} counts for employee {person.employee_id} {called(person.employee_name or '')}".rstrip()
            )
            continue
        if person.ambiguous:
            several = "; ".join(f"{key} {called(name)}".rstrip() for key, name in person.ambiguous)
            lines.append(f"{who} counts for nobody: several employees carry this user: {several}")
            continue
        guess = "; ".join(map(str, person.suggestions)) or "no suggestion"
        lines.append(f"{who} counts for nobody; might be: {guess}")
    return lines or ["nobody"]


def employees_text(employees: Iterable[Employee]) -> list[str]:
    """Employees for whom no user counts, with the ids that `employees map` takes."""
    lines = [f"{employee.id:>10}  {called(employee.name or '')}".rstrip() for employee in employees]
    return lines or ["a Connecteam user counts for every employee"]


def move_text(move: Move) -> list[str]:
    """What a mapping would do, for a person to agree to."""
    target = f"employee {move.employee_id} {called(move.employee_name)}".rstrip()
    lines = [
        f"Connecteam user {move.user_id} {called(move.user_name)} -> {target}",
        "  the names differ" if move.names_differ else "  the names agree",
    ]
    if move.has_same_email:
        lines.append("  the e-mail addresses are equal")
    if move.from_id is not None:
        already = "already" if move.is_done else "until now"
        lines.append(f"  {already} counts for employee {move.from_id} {called(move.from_name or '')}".rstrip())
    lines += [f"  Connecteam user {other} counts for this employee too" for other in move.other_users]
    if move.shifts or not (move.linked or move.kept_out or move.rows):
        lines.append(f"  {many(move.shifts, 'shift')} without a row: {hours(move.minutes)} h will be added")
    if move.linked:
        moved = hours(move.linked_minutes, signed=True)
        moved = f"corrected by {moved} h in all" if move.linked_minutes else "no hours are added"
        lines.append(f"  {many(move.linked, 'row stands', 'rows stand')} there already and will be linked: {moved}")
    if move.kept_out:
        lines.append(f"  {many(move.kept_out, 'shift')} held: a row by hand, or of another shift, has the clock-in")
    if move.left:
        owners = named((key for key, _ in move.left_with), dict(move.left_with))
        lines.append(
            f"  ! {many(move.left, 'row')} of {owners} on the same clock-ins stay: {hours(move.left_minutes)} h would"
            f" count twice; before the next run move them to employee {move.employee_id} in your table, or delete them"
        )
    if move.rows:
        lines.append(f"  {many(move.rows, 'row')} of another employee: {hours(move.row_minutes)} h will change hands")
    return lines


def refusal_text(move: Move) -> tuple[str, str, str]:
    """That a mapping which a person has to agree to is not made, why they have to, and the command that makes it."""
    why = "the names differ" if move.names_differ else "hours of another employee change hands"
    return (
        f"not mapped: {called(move.user_name)} -> {called(move.employee_name)}",
        "hours would count twice" if move.left else why,
        f"connecteam-sync employees map {move.user_id} {quote(str(move.employee_id))} --yes",
    )


def suggestion_line(suggestion: Suggestion) -> str:
    """`  8000111 Ana Álvarez -> 17 Ana Alvarez (e-mail, name)  13 shifts without a row, 101:30 h`."""
    why = ", ".join(EVIDENCE[kind] for kind in suggestion.evidence)
    move = suggestion.move
    differ = f"; the name is {called(move.employee_name)}" if move.names_differ and not suggestion.is_certain else ""
    warning = "" if suggestion.is_certain else f"   in doubt: look before you agree{differ}"
    worked = f"{many(move.shifts, 'shift')} without a row, {hours(move.minutes)} h" if move.shifts else ""
    moved = f", {hours(move.linked_minutes, signed=True)} h" if move.linked_minutes else ""
    linked = f"{many(move.linked, 'row')} to link{moved}" if move.linked else ""
    worked = "; ".join(filter(None, (worked, linked))) or "no shift waits"
    who = f"{move.user_id} {called(move.user_name)} -> {move.employee_id} {called(move.employee_name)}"
    return f"  {who} ({why})  {worked}{warning}"


def suggestions_text(suggestions: Iterable[Suggestion]) -> list[str]:
    """A line for each suggestion."""
    lines = [suggestion_line(suggestion) for suggestion in suggestions]
    return lines or ["no suggestion: nobody without a user has the name, e-mail address or phone of an unmapped user"]
