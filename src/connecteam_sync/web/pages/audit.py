"""`/audit`: who did what? Every action of a person, newest first; entries are only ever added."""

from __future__ import annotations

from connecteam_sync.core.console import AuditEntry
from connecteam_sync.present.json_shapes import Json, instant
from connecteam_sync.web.page import Ask, Page, Place

PAGE = 50


def audit(ask: Ask) -> Page:
    """The newest actions, or those before one."""
    found = ask.client.audit(limit=PAGE, before=ask.number("before"))
    return Page(
        template="audit.html",
        members={"entries": found, "older": found[-1].number if len(found) == PAGE else None},
        json={"audit": [entry_json(one) for one in found]},
        table=(
            ("number", "at", "by", "trigger", "action", "subject", "detail", "run"),
            [
                (one.number, instant(one.at), one.by, one.trigger, one.action, one.subject, one.detail, one.run)
                for one in found
            ],
        ),
    )


def entry_json(one: AuditEntry) -> Json:
    """An action."""
    return {
        "number": one.number,
        "at": instant(one.at),
        "by": one.by,
        "trigger": one.trigger,
        "action": one.action,
        "subject": one.subject,
        "detail": one.detail,
        "run": one.run,
    }


PLACES = (Place(path="/audit", handler=audit, forms=("json", "csv")),)
