"""A company, its mirror over a table of people that the host keeps, and the console of that mirror."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import event

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.keys import RowId
from connecteam_sync.sandbox import Sandbox
from support.console_site import Commands, ConsoleSite, console_of
from support.scenario import World

HOSTILE = "<script>alert(1)</script> \u202e'\"&<img src=x onerror=alert(2)>"
"""A name that is markup, and turns the direction of writing."""
LARGEST_PAGE, MOST_STATEMENTS = 60_000, 8


class Staff(World):
    """`hire` adds a row of people, for a user or for nobody."""

    def __init__(self, sandbox: Sandbox, database: str, **settings: Any) -> None:  # noqa: ANN401 - any setting
        super().__init__(sandbox, database, **{"employees": "match", **settings})

    def hire(self, user: int | None = None, name: str | None = None) -> RowId:
        """Add a row of `employees`, by default with the user's name; its id."""
        known = self.company.people.get(user or 0)
        self.execute(
            "INSERT INTO employees (name, connecteam_user_id) VALUES (:name, :user)",
            name=name if name is not None else f"{known.first_name} {known.last_name}" if known else "Nobody",
            user=None if user is None else str(user),
        )
        with self.mirror.store.reading() as session:
            return max(employee.id for employee in session.employees())

    def employee(self, user: int) -> RowId:
        """The employee that a user counts for."""
        found = next(person.employee_id for person in self.mirror.employees() if person.user_id == user)
        assert found is not None
        return found

    def command(self, *words: str) -> dict[str, Any]:
        """What the command answers with `--json`."""
        said = Commands(self.sandbox.key, self.mirror.settings).run(*words, "--json")
        found: dict[str, Any] = json.loads(said)
        return found

    @contextmanager
    def console(self) -> Iterator[ConsoleSite]:
        """Its console."""
        with console_of(self.mirror.settings) as site:
            yield site

    def shown(self, path: str) -> str:
        """A page as HTML, for whoever is on this machine; it is small, and no name in it is markup."""
        with self.console() as site:
            answer = site.ask(path)
        assert answer.status_code == 200, answer.text
        return inspected(answer.text)

    def answered(self, path: str) -> dict[str, Any]:
        """An answer as JSON, for the same."""
        with self.console() as site:
            answer = site.ask(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def inspected(page: str) -> str:
    """A page that is as small as it has to be and in which no name is markup."""
    assert len(page.encode()) <= LARGEST_PAGE
    assert "alert(1)</script>" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    return page


@contextmanager
def counted(mirror: ConnecteamSync) -> Iterator[list[str]]:
    """The statements that are sent meanwhile; SQLite's `BEGIN` is none of them."""
    mirror.store.columns()
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if statement != "BEGIN":
            sent.append(statement)

    event.listen(mirror.store._engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(mirror.store._engine, "before_cursor_execute", note)


def day_before(mirror: ConnecteamSync, days: int) -> date:
    """The day so many days before today."""
    return date.fromordinal(mirror.today().toordinal() - days)
