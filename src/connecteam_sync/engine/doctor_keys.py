"""What `doctor` says of the keys that new rows get."""

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
