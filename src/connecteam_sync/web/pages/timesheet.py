"""`/people/E/timesheet`: what is on one person's paper of a pay period? The same as the command's, for print."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from markupsafe import Markup

from connecteam_sync.core.periods import spelled
from connecteam_sync.core.persons import first_of_month, next_month
from connecteam_sync.core.text import hours
from connecteam_sync.present.timesheet_html import paper
from connecteam_sync.present.timesheet_text import name_of, timesheet_json
from connecteam_sync.web.addresses import employee_of, person_address
from connecteam_sync.web.page import Ask, Page, Place

_LONGEST = 60
"""Characters of a period or a moment in an address."""


def timesheet(ask: Ask) -> Page:
    """One employee's timesheet of a period, by default of this month. Raises WindowError, ConfigurationError."""
    employee = employee_of(ask.params["employee"])
    period = ask.query.get("period", "").strip()[:_LONGEST] or _month(ask.client.today())
    as_of = ask.query.get("as_of", "").strip()[:_LONGEST]
    sheet = ask.client.payroll.timesheet(employee, period, as_of=as_of or None)
    days = spelled(sheet.window)
    chosen = urlencode({"period": days, **({"as_of": as_of} if as_of else {})})
    address = person_address(sheet.employee.id)
    return Page(
        template="timesheet.html",
        members={
            "name": name_of(sheet),
            "sentence": f"{hours(sheet.net_minutes)} h net, {hours(sheet.gross_minutes)} h gross",
            "paper": Markup(paper(sheet)),  # noqa: S704 - every text in it is escaped there
            "person": address,
            "address": f"{address}/timesheet",
            "period": days,
            "as_of": as_of,
            "command": f"connecteam-sync timesheet {sheet.employee.id} {days} --html --out FILE",
            "as_json": f"{address}/timesheet.json?{chosen}",
        },
        json={"timesheet": timesheet_json(sheet), "timesheets": [], "files": []},
    )


def _month(today: date) -> str:
    first = first_of_month(today)
    return f"{first}..{next_month(first) - timedelta(days=1)}"


PLACES = (Place(path="/people/{employee}/timesheet", handler=timesheet, forms=("json",)),)
