"""Very many new rows: sent in whatever way, the tables are the same, to the letter."""

from __future__ import annotations

from itertools import product
from typing import Any

import msgspec
import pytest
from test_store import NOON, WINDOW, look, mirror, shift

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import AppliedValues, TrackedShift
from connecteam_sync.core.shift import Shift
from connecteam_sync.store.mirror import clock_times
from connecteam_sync.store.mirror.clock_times import read_back
from connecteam_sync.store.sql.bulk import BATCH, packing
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables import rows

ODD = (
    "'",
    '"',
    "\\",
    "\\'",
    "''",
    "%s",
    ":rows",
    "a\nb\t\r\x1a\x08",
    "\u00e9\u2603\U0001f600",
    "",
    " x ",
    "NULL",
    "{}[],",
)


def some_shifts(number: int) -> list[TrackedShift]:
    """Tracked shifts with every combination of what many share, in an order in which no neighbours are alike."""
    found = []
    choices = list(product((None, *ODD[:4]), (None, "job"), (False, True), (None, 7)))
    for n in range(number):
        zone, job, auto, former = choices[n % len(choices)]
        said = Shift(
            f"s{n}{ODD[n % len(ODD)]}",
            n % 5,
            7,
            NOON + n,
            zone,
            None if n % 3 else NOON + n + 60,
            zone,
            job,
            None,
            None,
            auto,
            n,
            None if n % 2 else n,
        )
        applied = AppliedValues(n + 1, NOON + n, None) if n % 4 else None
        found.append(TrackedShift(said, n + 1 if applied else None, applied, bool(n % 7), former))
    return found


@pytest.mark.parametrize("number", [1, 160, BATCH + 161])
def test_rows_are_the_same_with_what_they_share_written_once(store: Store, number: int) -> None:
    """Tracked shifts of every kind, a few and more than a batch."""
    tracked = some_shifts(number)
    found: list[list[Any]] = []
    for shared in (frozenset[str](), rows.MIRROR_SHARED):
        with store.writing() as session:
            session.later(Query(f"DELETE FROM {session.own.shifts}"))
            values = [rows.mirror_values(item, 3) for item in tracked]
            session.insert_many(session.own.shifts, rows.MIRROR, values, shared=shared)
            columns = ", ".join(rows.MIRROR)
            read = session.read(f"SELECT {columns} FROM {session.own.shifts}")
            found.append(sorted((tuple(row.values()) for row in read), key=lambda row: row[0]))
    plain, together = found
    assert plain == together
    assert len(plain) == number
    assert {row[0]: row for row in plain} == {item.shift.id: rows.mirror_values(item, 3) for item in tracked}


def test_rows_stay_in_their_order_where_it_counts() -> None:
    """Only those that follow each other are put together then; else all that share their values."""
    columns = ("a", "b", "c", "d")
    given = [(1, 2, "x", None), (2, 2, "x", 3), (3, 2, "y", 3), (4, 5, "x", 3), (5, 2, "x", 3)]
    in_order = packing(columns, shared={"b", "c"}, in_order=True)(given)
    together = packing(columns, shared={"b", "c"})(given)
    assert msgspec.json.decode(in_order) == [
        [2, "x", [[1, None], [2, 3]]],
        [2, "y", [[3, 3]]],
        [5, "x", [[4, 3]]],
        [2, "x", [[5, 3]]],
    ]
    assert msgspec.json.decode(together) == [
        [2, "x", [[1, None], [2, 3], [5, 3]]],
        [2, "y", [[3, 3]]],
        [5, "x", [[4, 3]]],
    ]
    assert msgspec.json.decode(packing(columns, shared=())(given)) == [list(row) for row in given]


def test_every_letter_reaches_the_database(store: Store) -> None:
    """As a value, whatever it means within a statement; also where a backslash is a letter like any other."""
    longest = "".join(ODD) * 50
    for mode in ("", "NO_BACKSLASH_ESCAPES"):
        with store.reading() as session:
            if session.dialect.family == "mysql":
                session.connection.exec_driver_sql(f"SET SESSION sql_mode = '{mode}'")
            kind = "CHAR(4000)" if session.dialect.family == "mysql" else "TEXT"
            for text in (*ODD, longest):
                [row] = session.read(f"SELECT CAST(:said AS {kind}) AS said, :number AS number", said=text, number=5)
                assert (row["said"], int(row["number"])) == (text, 5)
            if session.dialect.family == "mysql":
                session.connection.exec_driver_sql("SET SESSION sql_mode = DEFAULT")


def test_very_many_rows_are_read_back_as_the_few(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In texts where the database gathers them, and where it would cut these, row by row: the same rows either way."""
    many = [shift(f"s{n}", n * 2, n * 2 + 1, user=(101, 102, 103)[n % 3]) for n in range(BATCH + 50)]
    mirror(store, *many)
    with store.writing() as session:
        found = session.stored(WINDOW, look())
        made = [row for row in found.rows if row.is_ours]
        assert len(made) == len(many)
        day = WINDOW.first
        changes = tuple(
            Change(
                kind="create",
                before=None,
                after=msgspec.structs.replace(row, id=None),
                shift_id=None,
                user_id=None,
                days=(day, day),
                why="",
            )
            for row in made
        )
        after, images = read_back(session, changes)
        with monkeypatch.context() as patched:
            patched.setattr(clock_times, "BATCH", len(many))
            one_by_one, same = read_back(session, changes)
        assert {change.image for change in after} == {change.image for change in one_by_one} == set(made)
        assert {key: row for key, (row, _) in images.items() if row.is_ours} == {
            key: row for key, (row, _) in same.items() if row.is_ours
        }
