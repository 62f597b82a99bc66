"""What the console's pages read: the part of the library for people who look. Connecteam is never asked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecteam_sync.config import Settings
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine.decide import now
from connecteam_sync.store.mirror.people import require_employee
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.support import require_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connecteam_sync.core.attention import Attention, HoldPage, WaitingUsers
    from connecteam_sync.core.clocktime import Employee
    from connecteam_sync.core.glance import Glance
    from connecteam_sync.core.keys import RowId
    from connecteam_sync.core.mirrored import Mirrored
    from connecteam_sync.core.persons import PeoplePage, PersonDay, PersonMonth
    from connecteam_sync.core.run import Person


class Pages:
    """Reading for pages. Every method raises what `Store` raises."""

    settings: Settings
    store: Store

    def glance(self) -> Glance:
        """How today is: who is on the clock, the hours, what was changed, and which of the last days are proven."""
        from connecteam_sync.store.pages.glance import glance  # noqa: PLC0415 - not needed at start

        zone = self.settings.timezone
        at = now()
        self.store.columns()  # says so where there are no tables of ours
        with self.store.connection() as connection:
            return glance(self.store, connection, local_day(at, ZoneInfo(zone)), zone, at)

    def attention(self, kind: str | None = None, *, after: int = 0) -> tuple[Attention, Mapping[RowId, str]]:
        """What needs a person: the standing holds by reason and person; and the names of all employees.

        Of one reason (`kind`) a page: the groups behind the number `after`.
        """
        from connecteam_sync.store.pages.attention import held_groups  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            return held_groups(session, kind, after)

    def hold(self, number: int) -> HoldPage:
        """A standing hold, with those of the same person for the same reason. Raises NotFound."""
        from connecteam_sync.store.pages.attention import hold_page  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            return hold_page(session, number)

    def waiting_users(self, after: int | None = None) -> WaitingUsers:
        """The Connecteam users who count for no employee, with what is held of them; those behind the user `after`."""
        from connecteam_sync.store.pages.attention import waiting_users  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            return waiting_users(session, after)

    def candidates(self, user: int, query: str = "") -> tuple[Person, tuple[Employee, ...], int]:
        """A Connecteam user, and employees that match a search, to map the user to; and how many match.

        Those without a user come first. Raises NotFound.
        """
        from connecteam_sync.store.pages.attention import candidates  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            return candidates(session, user, query)

    def people(self, query: str = "", *, after: str | None = None) -> PeoplePage:
        """A page of the employees that match a search, by name, with their hours of the current month; those behind the
        employee `after`.
        """
        from connecteam_sync.core.persons import first_of_month  # noqa: PLC0415 - not needed at start
        from connecteam_sync.store.pages.persons import people_page  # noqa: PLC0415 - not needed at start

        zone = ZoneInfo(self.settings.timezone)
        with self.store.reading() as session:
            return people_page(session, query, after, first_of_month(local_day(now(), zone)), zone)

    def person_month(self, employee: int | str, first: date) -> PersonMonth:
        """The month of an employee that begins with the day `first`. The employee is named as in `history`; raises
        NotFound.
        """
        from connecteam_sync.store.pages.persons import person_month  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            people = session.employees()
            return person_month(
                session, require_employee(people, employee), people, first, ZoneInfo(self.settings.timezone)
            )

    def person_day(self, employee: int | str, day: date) -> PersonDay:
        """Everything that explains an employee's local day: what `history` has, breaks, Connecteam's own total as the
        last verification read it, and locks. The employee is named as in `history`; raises NotFound.
        """
        from connecteam_sync.store.pages.persons import person_day  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            people = session.employees()
            return person_day(
                session, require_employee(people, employee), people, day, ZoneInfo(self.settings.timezone)
            )

    def mirrored(self, window: Window) -> Mirrored:
        """What the mirror holds of the days of a window, by the shifts as Connecteam last reported them."""
        from connecteam_sync.store.pages.mirrored import mirrored_query  # noqa: PLC0415 - not needed at start
        from connecteam_sync.store.sql.pipeline import fetch  # noqa: PLC0415 - same

        self.store.columns()  # says so where there are no tables of ours
        with self.store.connection() as connection:
            [rows] = fetch(connection, [mirrored_query(self.store, window)])
        found: Mirrored = rows[0]
        return found

    def note_act(self) -> None:
        """Leave the entry of `audit` now: for an act of a person (`acting`) that writes nothing of its own."""
        with self.store.own_rows("noting who did what"):
            return
