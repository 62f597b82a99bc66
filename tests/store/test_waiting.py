"""Statements that wait for company: in order, never forgotten, never more than a packet takes, all or nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from connecteam_sync.errors import DatabaseError, RowMoved
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.bulk import BATCH
from connecteam_sync.store.sql.pipeline import LOAD, Answer, Query
from connecteam_sync.store.sql.statements import PendingId
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.rows import USER

DAYS = Query("SELECT day FROM connecteam_sync_locked_days ORDER BY day")


def close(day: str) -> Query:
    """A statement that may wait."""
    return Query(
        "INSERT INTO connecteam_sync_locked_days (day, timezone, locked_at) VALUES (:day, 'UTC', 0)", {"day": day}
    )


def days(store: Store) -> list[str]:
    """What is in the table afterwards."""
    with store.reading() as session:
        return [day for (day,) in session.fetch(DAYS)[0]]


def test_whatever_is_asked_sees_what_waits(store: Store) -> None:
    """A SELECT of ours, and a statement sent past us, come after what was given before them."""
    with store.writing() as session:
        session.later(close("2025-12-01"))
        assert session.waiting == 1
        assert [tuple(row) for row in session.fetch(DAYS)[0]] == [("2025-12-01",)]
        session.later(close("2025-12-02"))
        assert session.connection.execute(text("SELECT count(*) FROM connecteam_sync_locked_days")).scalar_one() == 2
        session.later(Query("DELETE FROM connecteam_sync_locked_days WHERE day = :day", {"day": "2025-12-02"}))
        session.later(close("2025-12-02"))
        assert session.waiting == 2
    assert days(store) == ["2025-12-01", "2025-12-02"]


def test_an_answer_that_is_refused_ends_the_transaction(store: Store) -> None:
    """`then` may find that a statement did not touch what it should, also at the very end: nothing is written."""

    def refuse(answer: Answer) -> None:
        raise RowMoved(f"{answer.touched} rows", next_step="look again")

    def write() -> None:
        with store.writing() as session:
            session.later(close("2025-12-01"))
            session.later(Query("UPDATE connecteam_sync_locked_days SET locked_at = 1 WHERE day = 'never'"), refuse)
            session.later(close("2025-12-02"))

    with pytest.raises(RowMoved, match="0 rows"):
        write()
    assert days(store) == []


def test_a_statement_that_fails_ends_the_transaction(store: Store) -> None:
    """The second of three breaks a key: none of them is written, and the connection is good for another."""

    def write() -> None:
        with store.writing("closing days") as session:
            for day in ("2025-12-01", "2025-12-01", "2025-12-02"):
                session.later(close(day))

    with pytest.raises(DatabaseError, match="refuses it") as raised:
        write()
    assert not isinstance(raised.value, RowMoved)
    with store.writing() as session:
        session.later(close("2025-12-03"))
    assert days(store) == ["2025-12-03"]


def test_keys_are_those_of_their_rows(store: Store) -> None:
    """Two rows that travel together get the keys the database made for each."""

    def begin(session: Session, host: str) -> PendingId:
        values = {"kind": "sync", "first_day": "a", "last_day": "b", "timezone": "UTC", "version": "0", "host": host}
        numbers = {"started_at": 0, "statements": 0, "http_calls": 0}
        above = [("run_id", "connecteam_sync_changes")]
        return session.insert_one("connecteam_sync_runs", {**values, **numbers}, above=above)

    with store.writing() as session:
        first, second = begin(session, "first"), begin(session, "second")
        session.later(close("2025-12-01"))
        assert session.waiting == 3
        found = {
            row.host: row.id for row in session.connection.execute(text("SELECT host, id FROM connecteam_sync_runs"))
        }
        assert {"first": first.value, "second": second.value} == found


def test_a_round_trip_has_a_limit(store: Store) -> None:
    """Servers refuse a packet that is too large: what is together more than a megabyte goes in several."""
    sent: list[str] = []
    engine = store._engine
    event.listen(engine, "before_cursor_execute", lambda *_: sent.append("before"))
    event.listen(engine, "after_cursor_execute", lambda *_: sent.append("after"))
    value = "x" * (LOAD * 2 // 5)
    with store.writing() as session:
        sent.clear()
        for _ in range(5):
            session.later(Query("SELECT length(:value)", {"value": value}))
        found = session.fetch(*(Query("SELECT length(:value)", {"value": value}) for _ in range(3)))
    assert [int(rows[0][0]) for rows in found] == [len(value)] * 3
    together = 1 if store.dialect.family == "sqlite" else 2
    trips = "".join(word[0] for word in sent).replace("ab", "a b").split()
    assert [trip.count("b") for trip in trips][:4] == [together] * 4, trips
    assert sum(trip.count("b") for trip in trips) == 8


@pytest.mark.parametrize("many", [1, BATCH, BATCH + 1, 2 * BATCH + 1])
def test_every_row_of_a_bulk_arrives(store: Store, many: int) -> None:
    """One row or thousands, whichever way they go, they are all there, with what was written before and after."""
    rows = [(number, f"Zoë {number}", 'Ōta\t"\\', None, 0, 1, None, None) for number in range(1, many + 1)]
    with store.writing() as session:
        session.later(close("2025-12-01"))
        session.insert_many("connecteam_sync_users", USER, iter(rows))
        session.insert_many("connecteam_sync_users", USER, iter(()))
        session.later(close("2025-12-02"))
        found = session.fetch(Query(f"SELECT {', '.join(USER)} FROM connecteam_sync_users ORDER BY user_id"), DAYS)
    assert [tuple(row) for row in found[0]] == rows
    assert len(found[1]) == 2
