"""Rows that others point at are held, whatever the plan without them lets go instead."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from test_store import WINDOW, look, mirror, shift

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.plan import plan
from connecteam_sync.store.mirror.child_rows import hold_parents
from connecteam_sync.store.store import Store


@pytest.mark.parametrize(("parents", "goes"), [({1}, {2}), ({1, 2}, {3}), ({1, 2, 3}, set())])
def test_what_was_found_first_is_still_known_at_the_last(tmp_path: Path, parents: set[int], goes: set[int]) -> None:
    """One row after the other would go in the place of the one that is held: only one without children does."""
    store = Store(f"sqlite:///{tmp_path}/parents.db")
    store.init()
    mirror(store, *(shift(f"s{n}", n * 100, n * 100 + 60) for n in range(3)))
    with store.writing() as session:
        session.connection.execute(
            text("CREATE TABLE payslips (row_id INTEGER PRIMARY KEY, FOREIGN KEY (row_id) REFERENCES clock_times (id))")
        )
        for row in parents:
            session.connection.execute(text("INSERT INTO payslips (row_id) VALUES (:row)"), {"row": row})
    with store.reading() as session:
        snapshot = look()
        stored = session.stored(WINDOW, snapshot)
        everything = plan(WINDOW, snapshot, stored, Policy(max_deletes=99, max_deletes_of_person=99))
        deletes = {change.image.id: change for change in everything.changes}
        assert deletes.keys() == {1, 2, 3}

        def decide(now: StoredState) -> SlicePlan:
            """The first row that nothing is known to point at goes."""
            going = [deletes[row] for row in (1, 2, 3) if row not in now.children][:1]
            return msgspec.structs.replace(everything, changes=tuple(going), at_risk=())

        found = hold_parents(session, stored, decide)
    assert {change.image.id for change in found.changes} == goes
    store.close()
