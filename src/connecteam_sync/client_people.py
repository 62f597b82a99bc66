"""Users and employees: the part of the library that says for whom the hours of a Connecteam user count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Move, Person, Suggestion
from connecteam_sync.engine.context import Context
from connecteam_sync.store.mirror import people
from connecteam_sync.store.store import Store


class People:
    """Users, employees and the mappings between them. Every method raises what `Store` raises."""

    store: Store

    @property
    def _context(self) -> Context:
        """What use cases work with: the client makes it."""
        raise NotImplementedError  # `ConnecteamSync` has it; this class is a part of it and is never made alone

    def today(self) -> date:
        """The current day in the business time zone."""
        raise NotImplementedError  # same

    def employees(self, *, unmapped: bool = False) -> tuple[Person, ...]:
        """Connecteam users and the employees they count for."""
        with self.store.reading() as session:
            return people.people(session, unmapped=unmapped)

    def employees_without_user(self) -> tuple[Employee, ...]:
        """Employees without a Connecteam user, to whom a user could be mapped."""
        with self.store.reading() as session:
            return people.employees_without_user(session)

    def map_employee(self, user: int, employee: RowId) -> Person:
        """Map a user to an employee; shifts follow with the next run. Raises NotFound."""
        with self.store.writing("mapping a user") as session:
            return people.map_user(session, user, employee)

    def mapping(self, user: int, employee: RowId) -> Move:
        """The effect of `map_employee` on rows and hours. Nothing is written. Raises NotFound."""
        with self.store.reading() as session:
            return people.move(session, user, employee)

    def suggestions(self) -> tuple[Suggestion, ...]:
        """Likely employees for the users without one, with the evidence. They are never applied automatically."""
        with self.store.reading() as session:
            return people.suggestions(session)

    def map_employees(self, pairs: Iterable[tuple[int, RowId]]) -> tuple[Person, ...]:
        """`map_employee` for each (user, employee), all of them or none. Raises NotFound."""
        with self.store.writing("mapping users") as session:
            return tuple(people.map_user(session, user, employee) for user, employee in pairs)

    def create_employee(self, user: int) -> tuple[Person, int | None]:
        """Create an employee for a user and map the two. Also the number of the run, which can be undone; None if
        the user had an employee.

        For a person who only looks like another employee (`possible_double`). Raises NotFound, MappingRefused.
        """
        from connecteam_sync.engine.create_employee import create_employee

        return create_employee(self._context, user, today=self.today())

    def unmap_employee(self, user: int) -> tuple[Person, bool]:
        """Forget a mapping made with `map_employee`; whether there was one. Raises NotFound."""
        with self.store.writing("unmapping a user") as session:
            return people.unmap_user(session, user)

    def names(self) -> Mapping[RowId, str]:
        """Employee names by id."""
        with self.store.reading() as session:
            return {e.id: e.name for e in session.employees() if e.name}
