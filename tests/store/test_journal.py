"""The journal says of each change what the row really was and is, whole, whoever wrote it down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from test_store import NOW, mirror, shift, table, take_back

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Entry
from connecteam_sync.store.history import feed
from connecteam_sync.store.sql.bulk import BATCH
from connecteam_sync.store.store import Store

NOTE = 'Zoë\'s "☃" \\\\ :x %s'
"""What a column of the host is filled with by itself: everything that text is quoted for."""


def with_notes(store: Store) -> None:
    """Two columns that only the host knows, which every new row gets by itself."""
    quoted = NOTE.replace("'", "''").replace(":", "\\:")
    with store.writing() as session:
        if session.dialect.family == "mysql":
            quoted = quoted.replace("\\\\", "\\\\\\\\")
        for column in (f"note VARCHAR(50) DEFAULT '{quoted}'", "rate DECIMAL(8,3) DEFAULT 12.345", "unset INTEGER"):
            session.connection.execute(text(f"ALTER TABLE clock_times ADD COLUMN {column}"))
    store._columns = None


def entries(store: Store, number: int) -> list[Entry]:
    """What the journal says of a run."""
    with store.reading() as session:
        return list(feed.entries_of(session, number))


def rows(store: Store) -> dict[RowId, tuple[ClockTime, Any]]:
    """Every row of the table as it stands: canonical, and whole."""
    keys = [row["id"] for row in table(store)]
    with store.reading() as session:
        return {key: (row, msgspec.json.decode(whole)) for key, (row, whole) in session.images(keys).items()}


@pytest.mark.parametrize("many", [1, BATCH + 1])
def test_the_journal_is_what_stood_in_the_table(store: Store, many: int) -> None:
    """Rows made, corrected and deleted, a few and very many: every column before and after, and whose they were."""
    with_notes(store)
    users = (101, 102, 103)
    shifts = [shift(f"s{n}", n, n + 5, user=users[n % 3]) for n in range(many)]
    closed, opened, lost = shift("closed", 9000, 9060), shift("opened", 2000), shift("lost", 5000, 5100, user=102)
    first, last = mirror(store, *shifts, closed, opened, lost)
    made = rows(store)
    said = entries(store, first)
    assert len(said) == len(made) == many + 3
    by_shift = {entry.change.shift_id: entry for entry in said}
    whose = {item.id: item.user_id for item in (*shifts, closed, opened, lost)}
    for entry in said:
        change = entry.change
        assert (change.kind, change.before, entry.row_before, change.why) == ("create", None, None, "new shift")
        assert (change.after, entry.row_after) == made[change.image.id or 0]
        assert whose[change.shift_id or ""] == change.user_id
    assert {row["note"] for _, row in made.values()} == {NOTE}
    moment = datetime.fromtimestamp(NOW, UTC).isoformat(" ")[:19]
    assert {(str(row["created_at"])[:19], str(row["updated_at"])[:19]) for row in table(store)} == {(moment, moment)}
    assert [change.shift_id for change in last.changes] == [entry.change.shift_id for entry in said]

    second, _ = mirror(store, *shifts, shift("closed", 9000, 9070), shift("opened", 2000, 2010), now=1_800_000_000)
    changed = {entry.change.shift_id: entry for entry in entries(store, second)}
    assert changed.keys() == {"closed", "opened", "lost"}
    now = rows(store)
    for name, entry in changed.items():
        change, was = entry.change, by_shift[name].change.image.id or 0
        assert (change.before, entry.row_before) == made[was]
        assert (change.after, entry.row_after) == now.get(was, (None, None))
    assert changed["lost"].change.kind == "delete"

    take_back(store, second)
    undone = {entry.change.shift_id: entry for entry in entries(store, second + 1)}
    assert (undone["lost"].change.after, undone["lost"].row_after) == made[by_shift["lost"].change.image.id or 0]
    assert {key: whole for key, (_, whole) in rows(store).items()} == {key: whole for key, (_, whole) in made.items()}


def test_what_was_remembered_of_a_shift_stands_beside_its_new_row(store: Store) -> None:
    """A shift that was held has a memory already; undo brings that back, and forgets what was new."""
    mirror(store, shift("a", 0, 60, user=101), employees="match")
    number, _ = mirror(store, shift("a", 0, 60, user=101), shift("b", 100, 160, user=102))
    with store.reading() as session:
        found = session.read(
            "SELECT shift_id, memory_before FROM connecteam_sync_changes WHERE run_id = :run", run=number
        )
    remembered = {row["shift_id"]: msgspec.json.decode(row["memory_before"]) for row in found}
    assert remembered["b"] == {"b": None}
    assert remembered["a"]["a"]["clock_time_id"] is None
    assert remembered["a"]["a"]["shift"]["user_id"] == 101


ODD_COLUMNS = {
    "mysql": (
        "MODIFY id INT(10) UNSIGNED ZEROFILL AUTO_INCREMENT",
        "MODIFY total_minutes DECIMAL(10,2)",
        "ADD COLUMN swedish VARCHAR(20) CHARACTER SET latin1 DEFAULT 'Zoë'",
        "ADD COLUMN flags BIT(3) DEFAULT b'101'",
        "ADD COLUMN raw VARBINARY(20) DEFAULT 'raw'",
        "ADD COLUMN document JSON",
        "ADD COLUMN measured FLOAT DEFAULT 41.878113",
        "ADD COLUMN exact DECIMAL(30,9) DEFAULT 123456789012345678901.123456789",
    ),
    "postgresql": (
        "ALTER COLUMN total_minutes TYPE NUMERIC(10,2)",
        "ADD COLUMN flags BIT(3) DEFAULT b'101'",
        "ADD COLUMN raw BYTEA DEFAULT 'raw'",
        "ADD COLUMN tags TEXT[] DEFAULT '{a,b}'",
    ),
    "sqlite": ("ADD COLUMN real_number REAL DEFAULT 0.1", "ADD COLUMN tall TEXT DEFAULT '☃'"),
}
"""What hosts have in their tables, by family of databases."""


@pytest.mark.parametrize("many", [2, BATCH + 1])
def test_odd_columns_of_a_host_are_in_the_journal_and_come_back(store: Store, many: int) -> None:
    """Whatever a row holds, its entry can be read, says the row, and undo knows the row by it."""
    with store.writing() as session:
        for change in ODD_COLUMNS[session.dialect.family]:
            session.connection.execute(text(f"ALTER TABLE clock_times {change}"))
    store._columns = None
    shifts = [shift(f"s{n}", n, n + 5) for n in range(many)]
    first, _ = mirror(store, *shifts)
    made = rows(store)
    assert len(entries(store, first)) == many
    for entry in entries(store, first):
        assert (entry.change.after, entry.row_after) == made[entry.change.image.id or 0]
    second, _ = mirror(store, *shifts[1:])
    [gone] = entries(store, second)
    assert (gone.change.before, gone.row_before) == made[gone.change.image.id or 0]
    take_back(store, second)
    assert rows(store) == made
    mirror(store, *shifts)
    take_back(store, first)
    assert table(store) == []


@pytest.mark.parametrize("document", ['{"a":  [1, "x", null]}', '"hi"', "true", "null", None])
def test_a_deleted_row_comes_back_to_the_last_digit(store: Store, document: str | None) -> None:
    """Documents as they were written, numbers longer than a float, floats as they lie: nothing of a row is rounded."""
    with store.writing() as session:
        family = session.dialect.family
        for column in ("exact DECIMAL(30,9)", f"measured {'REAL' if family == 'postgresql' else 'FLOAT'}"):
            session.connection.execute(text(f"ALTER TABLE clock_times ADD COLUMN {column}"))
        kind = {"mysql": "JSON", "postgresql": "JSONB", "sqlite": "TEXT"}[family]
        session.connection.execute(text(f"ALTER TABLE clock_times ADD COLUMN document {kind}"))
    store._columns = None
    mirror(store, shift("a", 0, 60), shift("b", 100, 160))
    long = "0.5" if family == "sqlite" else "123456789012345678901.123456789"
    with store.writing() as session:
        value = "CAST(:d AS jsonb)" if family == "postgresql" else ":d"
        session.connection.execute(
            text(f"UPDATE clock_times SET document = {value}, measured = 41.878113, exact = {long}"), {"d": document}
        )

    def exactly() -> tuple[list[dict[str, Any]], list[Any]]:
        with store.reading() as session:
            return table(store), session.read("SELECT measured + 0 AS measured FROM clock_times ORDER BY id")

    before = exactly()
    number, _ = mirror(store, shift("b", 100, 160))
    assert len(table(store)) == 1
    take_back(store, number)
    assert exactly() == before


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_text_of_several_collations_is_one_image(store: Store) -> None:
    """Of collations that contradict each other, and none of them ours."""
    with store.writing() as session:
        for change in (
            "MODIFY source VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL",
            "ADD COLUMN german VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci DEFAULT 'Ärger'",
        ):
            session.connection.execute(text(f"ALTER TABLE clock_times {change}"))
    store._columns = None
    first, _ = mirror(store, shift("a", 0, 60), shift("b", 100, 160))
    assert {entry.row_after["german"] for entry in entries(store, first) if entry.row_after} == {"Ärger"}
    second, _ = mirror(store, shift("a", 0, 70))
    take_back(store, second)
    assert {row["german"] for row in table(store)} == {"Ärger"}
