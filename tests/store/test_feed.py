"""The feed of the journal: a follower reads on from where it stopped, and is told where the journal began again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from test_store import NOW, mirror, shift, table

from connecteam_sync.core.run import Entry
from connecteam_sync.errors import ConfigurationError, FeedReset
from connecteam_sync.store.history import feed
from connecteam_sync.store.store import Store


def read_on(store: Store, after: int | str = feed.START, limit: int = 1000) -> tuple[Entry, ...]:
    """What a follower reads."""
    with store.reading() as session:
        return feed.entries_after(session, after, limit)


def work(store: Store, *days: int, now: int = NOW) -> str:
    """A run with a new shift for each; the cursor behind it."""
    mirror(store, *(shift(f"s{day}", day * 100, day * 100 + 60) for day in days), now=now)
    return read_on(store)[-1].cursor


def put_back(store: Store, rows: list[dict[str, Any]]) -> None:
    """The journal as a dump has it, numbers included: what a restore does."""
    with store.writing() as session:
        connection = session.connection
        connection.execute(text("DELETE FROM connecteam_sync_changes"))
        for row in rows:
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO connecteam_sync_changes ({names}) VALUES ({', '.join(f':{name}' for name in row)})"),
                row,
            )
        newest = max((row["id"] for row in rows), default=0)
        if session.dialect.family == "postgresql":
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('connecteam_sync_changes', 'id'), :next, false)"),
                {"next": newest + 1},
            )
        elif session.dialect.family == "sqlite":
            connection.execute(
                text("UPDATE sqlite_sequence SET seq = :newest WHERE name = 'connecteam_sync_changes'"),
                {"newest": newest},
            )
    if store.dialect.family == "mysql":
        with store.writing() as session:
            session.connection.execute(text(f"ALTER TABLE connecteam_sync_changes AUTO_INCREMENT = {newest + 1}"))


def empty(store: Store) -> None:
    """What a DBA does who takes the journal for a log."""
    if store.dialect.family == "sqlite":
        put_back(store, [])
        return
    with store.writing() as session:
        session.connection.execute(
            text(
                "TRUNCATE connecteam_sync_changes"
                + (" RESTART IDENTITY" if store.dialect.family == "postgresql" else "")
            )
        )


def test_a_follower_reads_on_from_where_it_stopped(store: Store) -> None:
    """Each entry once, in order, whatever the portion; at the end, nothing more."""
    work(store, 1, 2, 3)
    whole = read_on(store)
    assert [entry.cursor.partition("-")[0] for entry in whole] == [str(entry.number) for entry in whole]
    cursor = feed.START
    seen: list[Entry] = []
    while portion := read_on(store, cursor, 2):
        seen += portion
        cursor = portion[-1].cursor
    assert seen == list(whole)
    assert read_on(store, cursor) == ()
    work(store, 1, 2, 3, 4)
    (fresh,) = read_on(store, cursor)
    assert fresh.change.shift_id == "s4"


def test_a_cursor_is_the_same_on_every_database(store: Store) -> None:
    """Of what the columns say, and nothing else."""
    mirror(store, shift("a", 0, 60))
    mirror(store, shift("a", 0, 75), now=NOW + 60)
    assert [entry.cursor for entry in read_on(store)] == ["1-aee9f9", "2-6daebe"]


def test_a_bare_number_is_taken_where_it_can_be_one(store: Store) -> None:
    """Numbers may be left out; one beyond the newest is of another journal."""
    work(store, 1, 2, 3)
    with store.writing() as session:
        session.connection.execute(text("DELETE FROM connecteam_sync_changes WHERE id = 2"))
    assert [entry.number for entry in read_on(store, 2)] == [entry.number for entry in read_on(store, "2")] == [3]
    assert read_on(store, 3) == ()
    for number in (4, 2**63 - 1, 2**63, int("9" * 19)):
        with pytest.raises(FeedReset) as told:
            read_on(store, number)
        assert told.value.after == "0"


def grown(store: Store, dump: list[dict[str, Any]]) -> None:
    """An older dump, and runs since, beyond the numbers there were."""
    put_back(store, dump)
    work(store, 1, 2, 5, 6, 7, 8, now=NOW + 99)


def begun_again(store: Store, _: list[dict[str, Any]]) -> None:
    """Emptied, and grown beyond the numbers there were."""
    empty(store)
    work(store, 1, 2, 3, 4, 5, 6, 7, 8, 9, now=NOW + 99)


def another(store: Store, dump: list[dict[str, Any]]) -> None:
    """The journal of another database."""
    put_back(store, [{**row, "clock_time_id": row["clock_time_id"] + 1} for row in dump])
    work(store, 1, 2, 3, 5, 6, 7)


RESTORES: dict[str, Callable[[Store, list[dict[str, Any]]], None]] = {
    "an older dump, shorter than what was read": put_back,
    "an older dump, grown since": grown,
    "emptied": lambda store, _: empty(store),
    "emptied, and grown since": begun_again,
    "of another database": another,
}


@pytest.mark.parametrize("how", RESTORES)
def test_a_follower_is_told_that_the_numbers_began_again(store: Store, how: str) -> None:
    """Instead of nothing at all, or of the wrong entries; from the start it reads all there is."""
    work(store, 1, 2)
    dump = table(store, "connecteam_sync_changes")
    cursor = work(store, 1, 2, 3, 4, now=NOW + 7)
    RESTORES[how](store, dump)
    with pytest.raises(FeedReset) as told:
        read_on(store, cursor)
    whole = read_on(store, told.value.after)
    assert len(whole) == len(table(store, "connecteam_sync_changes"))
    assert told.value.newest == (whole[-1].cursor if whole else "0")
    assert told.value.exit_code == 4
    assert "0" in told.value.next_step


def test_a_restore_that_has_all_that_was_read_is_none_to_the_follower(store: Store) -> None:
    """A dump newer than the cursor: what follows is what the follower has not seen."""
    cursor = work(store, 1, 2)
    mirror(store, shift("s1", 100, 160), shift("s2", 200, 260), shift("s3", 300, 360), now=NOW + 7)
    dump = table(store, "connecteam_sync_changes")
    work(store, 1, 2, 3, 4, now=NOW + 8)
    put_back(store, dump)
    (fresh,) = read_on(store, cursor)
    assert fresh.change.shift_id == "s3"


@pytest.mark.parametrize("word", ["", "-1", "x", "1-", "1-XYZ123", "1-abcde", "1-abcdefa", "1 ", "²", "9" * 20, "0x1"])
def test_what_is_no_cursor_is_an_error_of_usage(store: Store, word: str) -> None:
    """Exit 2: it is the follower's mistake."""
    with pytest.raises(ConfigurationError, match="cursor"):
        read_on(store, word)


def test_a_cursor_before_the_first_entry_that_says_something_is_of_another_journal(store: Store) -> None:
    """No entry has the number 0."""
    work(store, 1)
    with pytest.raises(FeedReset):
        read_on(store, "0-abcdef")


@pytest.mark.parametrize(
    "column", ["run_id", "at", "kind", "shift_id", "employee_id", "first_day", "why", "change_json"]
)
def test_every_column_that_says_something_is_in_the_hash(store: Store, column: str) -> None:
    """An entry of that number which says something else is another entry."""
    cursor = work(store, 1)
    dump = table(store, "connecteam_sync_changes")
    number = isinstance(dump[0][column], int)
    dump[0][column] = dump[0][column] + 1 if number else str(dump[0][column]).replace("1", "2") + " "[: column == "why"]
    if column == "kind":
        dump[0][column] = "update"
    put_back(store, dump)
    with pytest.raises(FeedReset):
        read_on(store, cursor)


def test_the_history_of_a_person_has_the_rows_they_had(store: Store) -> None:
    """Whose row it is by now is named; both of them find it."""
    mirror(store, shift("s1", 0, 60))
    mirror(store, shift("s1", 0, 60, user=102), now=NOW + 9)
    employees = {str(row["connecteam_user_id"]): row["id"] for row in table(store, "employees")}
    with store.reading() as session:
        of_both = [feed.history(session, employees[user], None) for user in ("101", "102")]
    assert [[entry.change.kind for entry in found] for found in of_both] == [["create", "update"], ["update"]]
    assert [entry.employee_name for entry in of_both[0]] == ["Zoë 101 Ōta", "Zoë 102 Ōta"]


def test_the_history_of_a_day_has_what_left_it_and_what_came(store: Store) -> None:
    """A shift that moved from the first to the third belongs to both days."""
    mirror(store, shift("s1", 0, 60))
    mirror(store, shift("s1", 2 * 1440, 2 * 1440 + 60), now=NOW + 9)
    employee = table(store)[0]["employee_id"]
    with store.reading() as session:
        kinds = {
            day: [entry.change.kind for entry in feed.history(session, employee, (date(2025, 12, day),) * 2)]
            for day in (1, 3, 4)
        }
    assert kinds == {1: ["create", "update"], 3: ["update"], 4: []}
