"""What `doctor` says of the keys that new rows get, and of the numbers that people have in a payroll system."""

from __future__ import annotations

from collections.abc import Iterator

from connecteam_sync.core.run import Check
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables.sequences import sequence_behind


def key_sequences(session: Session, *, creates_employees: bool) -> Iterator[Check]:
    """The sequences behind the rows of the tables that a run adds to; nothing is said where there is none."""
    times, people, keys = session.host.clock_times, session.host.employees, session.dialect.keys
    drawn = [(times.table, times.id)] * (not keys.row.is_text)
    drawn += [(people.table, people.id)] * (creates_employees and not keys.employee.is_text)
    for table, key in drawn:
        found = sequence_behind(session, table, key)
        if found is not None:
            follows = "a new row is refused" if found.is_taken else "new rows will be refused"
            yield Check(
                name="key sequence",
                state="failed" if found.is_taken else "warning",
                detail=f"the sequence {found.sequence} gives {found.next_key} as the next {key} of {table}, where the"
                f" newest row has {found.newest}: {follows}",
                cure=f"{found.statement}; then connecteam-sync doctor",
            )


def payroll_numbers(session: Session) -> Iterator[Check]:
    """The column of `payroll_id`, where one is configured: only exports read it, and they are refused without it."""
    people = session.host.employees
    if people.payroll_id is None:
        return
    if people.payroll_id in session.columns.employees:
        yield Check(name="payroll numbers", state="ok", detail=f"{people.table} has the column {people.payroll_id!r}")
        return
    yield Check(
        name="payroll numbers",
        state="failed",
        detail=f"table {people.table!r} has no column {people.payroll_id!r} (for payroll_id): exports are refused, and"
        " everything else goes on",
        cure='name the column under [tables.employees] payroll_id = "…", or add it to the table;'
        " then connecteam-sync doctor",
    )
