"""What is on record of a mirror comes in one statement: each part of it is told apart, and in its order."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text

from connecteam_sync.core.facts import Facts
from connecteam_sync.engine.status import FactsReading
from connecteam_sync.store.service.announced import Announcements
from connecteam_sync.store.service.bells import BELLS_REMOVED, Bells
from connecteam_sync.store.service.due import Due
from connecteam_sync.store.store import Store


def read(store: Store, connection: Connection) -> Facts:
    """The facts; the statements for them do not grow with what is there."""
    reading = FactsReading(store, timezone="America/Chicago", cadence=None, slice_days=27)
    assert len(reading.queries) == 3
    return reading.read(connection)


def test_a_mirror_of_which_nothing_is_known(store: Store) -> None:
    """Nothing is made up: no doorbells, no day, no calls."""
    store.columns()
    with store.own_rows("looking") as connection:
        found = read(store, connection)
    assert (found.clocks, found.visited, found.waiting, found.new_members) == ((), (), (), ())
    assert (found.bells, found.calls, found.last_proven, found.proven_through) == (None, None, None, None)
    assert (found.spent, found.people_pages) == (0, 1)
    assert abs(found.now - time.time()) < 60


def test_doorbells_are_no_new_members_and_the_newest_changes_judge_them(store: Store) -> None:
    """The same as is read for each of them alone."""
    store.columns()
    own, now = store.own, int(time.time())
    bells, announcements = Bells(store.dialect, own), Announcements(store.dialect, own)
    with store.own_rows("remembering") as connection:
        bells.expect(connection)
        Due(store.dialect, own).enrol(connection, {9: "Office", 7: "Warehouse"}, cadence=300)
        connection.execute(text(f"UPDATE {own.clocks} SET cadence = 200 WHERE time_clock_id = 9"))
        service = f"INSERT INTO {own.service} (name, value, at) VALUES (:name, :value, :at)"
        connection.execute(text(service), {"name": BELLS_REMOVED, "value": '{"heard":4}', "at": now})
        connection.execute(text(service), {"name": "drift:shift.mood", "value": "shift.mood", "at": now})
        ring = (
            f"INSERT INTO {own.doorbells} (bell_key, number, state, received_at, deliveries, fitted, looks, heard_at)"
            " VALUES (:key, :number, :state, :at, 1, 'secret', 1, :heard)"
        )
        for number, (state, lag) in enumerate((("heard", 12), ("heard", 15), ("ignored", None)), 1):
            values = {"key": f"k{number}", "number": number, "state": state, "at": now - 60}
            connection.execute(text(ring), {**values, "heard": None if lag is None else now - 60 + lag})
        change = (
            f"INSERT INTO {own.announced} (change_id, time_clock_id, shift_id, kind, at, is_announced)"
            " VALUES (:number, 7, 's', 'create', :at, :told)"
        )
        for number in range(1, 8):  # the newest five came without a doorbell
            connection.execute(text(change), {"number": number, "at": now - 600 + number, "told": int(number < 3)})
        found = read(store, connection)
        alone = (announcements.reliability(connection), bells.counts(connection))
    assert found.bells is not None
    assert found.bells.lags == (15.0, 15.0)
    assert (found.bells.reliability, found.bells.counts) == alone
    assert found.bells.counts == {"heard": 6, "ignored": 1}
    assert found.bells.reliability[7].silent_since == now - 600 + 3
    assert [(one.name, one.first_seen) for one in found.new_members] == [("shift.mood", now)]
    assert found.visited == (300, 200)
