"""`/people`: everybody with the hours of this month, and `/people/E`: one person's month as a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from connecteam_sync.core.persons import MonthDay, PersonMonth, first_of_month, next_month
from connecteam_sync.core.text import many
from connecteam_sync.core.window import EARLIEST, LATEST, later
from connecteam_sync.present import json_shapes
from connecteam_sync.web.addresses import employee_of, month_of, person_address
from connecteam_sync.web.page import Ask, Page, Place

_WEEK = 7
_LONGEST_SEARCH = 200


def people(ask: Ask) -> Page:
    """Employees that match a search, by name, a page at a time."""
    query = ask.query.get("q", "").strip()[:_LONGEST_SEARCH]
    found = ask.client.people(query, after=ask.query.get("after") or None)
    return Page(
        template="people.html",
        members={
            "found": found,
            "q": query,
            "sentence": many(found.matches, "person", "people") + (f" of {found.total:,}" if query else ""),
            "more": f"/people?{urlencode({'q': query, 'after': found.next_after})}"
            if found.next_after is not None
            else "",
            "person": person_address,
        },
    )


def one_person(ask: Ask) -> Page:
    """The calendar of a month, with the hours of each day."""
    employee = employee_of(ask.params["employee"])
    if ask.wanted == "json":
        return Page(template="person.html", json=json_shapes.history(ask.client.history(employee)))
    asked = ask.query.get("month")
    today = ask.client.today()
    month = ask.client.person_month(employee, month_of(asked) if asked else first_of_month(today))
    return Page(
        template="person.html",
        members={
            "month": month,
            "name": month.employee.name or f"employee {month.employee.id}",
            "named": f"{month.first:%B} {month.first.year}",
            "weeks": _weeks(month.days),
            "today": today,
            "address": person_address(month.employee.id),
            "before": _other(later(month.first, -1)),
            "after": _other(next_month(month.first)),
            "person": person_address,
            "sentence": _sentence(month),
        },
    )


def _weeks(days: Sequence[MonthDay]) -> list[list[MonthDay | None]]:
    """The days in weeks from Monday to Sunday; None for days of other months."""
    cells: list[MonthDay | None] = [None] * days[0].day.weekday()
    cells += days
    cells += [None] * (-len(cells) % _WEEK)
    return [cells[at : at + _WEEK] for at in range(0, len(cells), _WEEK)]


def _other(day: date) -> str:
    """A month for an address; empty beyond the calendar."""
    return f"{day:%Y-%m}" if EARLIEST <= day <= LATEST else ""


def _sentence(month: PersonMonth) -> str:
    """`Rows of 19 days, 2 of them still open`."""
    worked, opened = sum(bool(day.rows) for day in month.days), sum(day.open_rows for day in month.days)
    return f"rows on {many(worked, 'day')}" + (f", {many(opened, 'row')} still open" if opened else "")


PLACES = (
    Place(path="/people", handler=people),
    Place(path="/people/{employee}", handler=one_person, forms=("json",)),
)
