"""`/map`: whose shifts wait? Connecteam users without an employee, who they might be, and what a mapping releases."""

from __future__ import annotations

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Move
from connecteam_sync.core.text import called, hours, many
from connecteam_sync.core.window import MAX_WINDOW_DAYS, later, local_day
from connecteam_sync.errors import MappingRefused
from connecteam_sync.present import json_shapes
from connecteam_sync.present.people_text import move_text, refusal_text
from connecteam_sync.web.addresses import person_address
from connecteam_sync.web.page import Ask, Moved, Page, Place, number_of

_LONGEST_SEARCH = 200


def whose(ask: Ask) -> Page:
    """Who waits; with `user` whom they might be; with `employee` too, what the mapping of the two releases."""
    if ask.wanted == "json":
        people = ask.client.employees(unmapped=True)
        return Page(template="map.html", json={"employees": [json_shapes.person(one) for one in people]})
    user, employee = ask.number("user"), ask.query.get("employee", "").strip()
    if user is None:
        return _everybody(ask)
    return _preview(ask, ask.client.mapping(user, employee)) if employee else _choose(ask, user)


def _everybody(ask: Ask) -> Page:
    found = ask.client.waiting_users(ask.number("after"))
    return Page(
        template="map.html",
        members={
            "found": found,
            "sentence": _sentence(found.count, found.shifts, found.minutes),
            "map_address": map_address,
        },
    )


def _sentence(users: int, shifts: int, minutes: int) -> str:
    """`2 users wait: 26 shifts, +203:00 h`."""
    if not users:
        return "Nobody's shifts wait"
    waiting = f"{many(users, 'Connecteam user counts', 'Connecteam users count')} for no employee"
    return f"{waiting}: {many(shifts, 'shift')}, {hours(minutes, signed=True)} h held" if shifts else waiting


def map_address(user: int, employee: RowId | None = None) -> str:
    """The page on which a mapping is chosen, or shown before it is made."""
    return f"/map?{urlencode({'user': user, **({} if employee is None else {'employee': employee})})}"


def _choose(ask: Ask, user: int) -> Page:
    query = ask.query.get("q", "").strip()[:_LONGEST_SEARCH]
    person, found, count = ask.client.candidates(user, query)
    return Page(
        template="map_user.html",
        members={"person": person, "found": found, "count": count, "q": query, "map_address": map_address},
    )


def _preview(ask: Ask, move: Move, refused: MappingRefused | None = None) -> Page:
    """What the mapping does, in the words of the command, and the button that makes it."""
    first, *rest = move_text(move)
    window = _days(move, ask.zone)
    return Page(
        template="map_preview.html",
        members={
            "move": move,
            "title": first,
            "lines": [line.strip() for line in rest],
            "refused": refused,
            "command": refusal_text(move)[2],
            "label": _label(move),
            "sync": f"connecteam-sync sync{f' --from {window[0]} --to {window[1]}' if window else ''}",
            "plan": f"/plan?{urlencode({'from': window[0], 'to': window[1]})}" if window else "/plan",
            "person": person_address(move.employee_id),
        },
        json=refused.members if refused is not None else {"user": move.user_id, **json_shapes.move(move)},
        status=409 if refused is not None else 200,
    )


def _days(move: Move, zone: ZoneInfo) -> tuple[str, str] | None:
    """The days whose hours move."""
    instants = [at for at in (move.first, move.last) if at is not None]
    if not instants:
        return None
    first, last = local_day(min(instants), zone), local_day(max(instants), zone)
    return first.isoformat(), min(last, later(first, MAX_WINDOW_DAYS - 1)).isoformat()


def _label(move: Move) -> str:
    """`Map: 13 shifts, 101:30 h`: the button repeats what it releases."""
    shifts = move.shifts + move.linked + move.rows
    minutes = move.minutes + move.linked_minutes + move.row_minutes
    return f"Map: {many(shifts, 'shift')}, {hours(minutes)} h"


def map_one(ask: Ask) -> Page | Moved:
    """Map a user to an employee. Without `yes` it is refused where a person has to agree, as by the command."""
    move = ask.client.mapping(number_of(ask.required("user"), "user"), ask.required("employee"))
    if move.needs_consent and not ask.form.agrees("yes"):
        message, why, command = refusal_text(move)
        refused = MappingRefused(
            f"{message}: {why}", move=json_shapes.move(move), next_step=f"if it is right: {command}"
        )
        return _preview(ask, move, refused)
    detail = f"{called(move.user_name)} -> {called(move.employee_name)}: {_label(move).removeprefix('Map: ')}"
    with ask.client.acting(
        by=ask.visitor.name or "",
        action="map",
        subject=f"Connecteam user {move.user_id} -> employee {move.employee_id}",
        detail=detail,
    ):
        person = ask.client.map_employee(move.user_id, move.employee_id)
    return Moved(
        to=map_address(move.user_id, move.employee_id),
        json={"employee": json_shapes.person(person), **json_shapes.move(move)},
    )


PLACES = (
    Place(path="/map", handler=whose, forms=("json",)),
    Place(path="/map", handler=map_one, ability="operate", is_action=True),
)
