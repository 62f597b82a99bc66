"""Make an employee for a Connecteam user at a person's request: a recorded run, which can be undone."""

from __future__ import annotations

from datetime import date

import msgspec

from connecteam_sync.core.run import Person, Slice
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context, Costs, fresh_run
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import run_ended
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror import people
from connecteam_sync.store.tables.columns import require_served
from connecteam_sync.store.tables.support import require_people


def create_employee(context: Context, user_id: int, *, today: date) -> tuple[Person, int | None]:
    """The user with their employee, and the number of the run that made one; None if there was one already.

    Raises NotFound, NotServed if employees cannot be created, and MappingRefused if several employees have this user.
    """
    costs, run = Costs(context.store), fresh_run(context.store, "people", Window(today, today, context.timezone))
    with context.store.writing("making an employee") as session:
        require_served(session.host, session.columns, creates_employees=True)
        require_people(session.host, session.columns)
        person, image = people.create_for(session, user_id)
        if image is None:
            return person, None
        number = runs.begin_run(session, run).value
        note = f"employee {person.employee_id} {person.employee_name} made for Connecteam user {user_id}"
        receipt = Slice(time_clock_id=None, window=run.window, status="applied", note=note)
        runs.record_slice(session, number, receipt, {"made": [image], "removed": ()})
        spent, ended = costs.statements + session.waiting + 1, now()
        runs.finish_run(session, number, now=ended, statements=spent, http_calls=0)
    done = msgspec.structs.replace(run, id=number, slices=(receipt,), finished_at=ended, statements=spent)
    context.emit(run_ended(done))
    return person, number
