"""Make an employee for a Connecteam user on a person's word: a run of its own, recorded, that can be undone."""

from __future__ import annotations

import socket
from datetime import date

from connecteam_sync.core.run import Person, Run, Slice
from connecteam_sync.core.window import Window
from connecteam_sync.engine.decide import now
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror import people
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.columns import demand_served
from connecteam_sync.store.tables.support import demand_people
from connecteam_sync.version import __version__


def create_employee(store: Store, user_id: int, *, today: date, timezone: str) -> tuple[Person, int | None]:
    """The user with their employee, and the run that made one; None where they have one already.

    Raises NotFound, NotServed where rows of people cannot be made, and MappingRefused for a user that several
    employees carry.
    """
    before, started = store.statements, now()
    window = Window(today, today, timezone)
    with store.writing("making an employee") as session:
        demand_served(session.host, session.columns, creates_employees=True)
        demand_people(session.host, session.columns)
        person, image = people.create_for(session, user_id)
        if image is None:
            return person, None
        run = runs.begin_run(
            session,
            Run(
                id=None,
                kind="people",
                window=window,
                slices=(),
                version=__version__,
                host=socket.gethostname(),
                started_at=started,
            ),
        ).value
        note = f"employee {person.employee_id} {person.employee_name} made for Connecteam user {user_id}"
        piece = Slice(time_clock_id=None, window=window, status="applied", note=note)
        runs.record_slice(session, run, piece, {"made": [image], "removed": ()})
        spent = store.statements + session.waiting - before + 1
        runs.finish_run(session, run, now=now(), statements=spent, http_calls=0)
    return person, run
