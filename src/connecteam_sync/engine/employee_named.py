"""The employee whom a person names, among those of the host."""

from __future__ import annotations

from collections.abc import Iterable

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.name_search import matching
from connecteam_sync.core.text import called
from connecteam_sync.errors import NotFound

_CANDIDATES = 12
"""How many employees an ambiguous name lists."""


def require_employee(employees: Iterable[Employee], named: int | str) -> Employee:
    """The employee with this id, name or part of a name. Raises NotFound, which lists the candidates if any."""
    matches = matching(employees, named)
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise NotFound(
            f"there is no employee {str(named)!r}",
            next_step="connecteam-sync employees lists those with a Connecteam user, with ids; all others:"
            " connecteam-sync employees --without-user",
        )
    choice = ", ".join(f"{person.id} {called(person.name or '')}".rstrip() for person in matches[:_CANDIDATES])
    more = f" and {len(matches) - _CANDIDATES} more" if len(matches) > _CANDIDATES else ""
    raise NotFound(
        f"{len(matches)} employees could be meant by {str(named)!r}: {choice}{more}", next_step="name the one by the id"
    )
