"""Looking back: what Connecteam said last of an employee's shifts, and the rows a person may want to look at."""

from __future__ import annotations

import msgspec
from sqlalchemy import text
from test_store import NOON, NOW, WINDOW, mirror, shift

from connecteam_sync.core.anomalies import AnomalyLimits, anomalies
from connecteam_sync.store.history.employee import rows_to_check, shifts_of_rows, tracked_shifts
from connecteam_sync.store.mirror.gathered import gathered, one_by_one, rows_of_texts
from connecteam_sync.store.payroll import locks
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.columns import plain_text


def test_shifts_are_told_as_connecteam_showed_them_last(store: Store) -> None:
    """Of the users, and of the rows whoever they were of; gone or not, with the run that noted it and its time."""
    mirror(store, shift("a", 0, 60), shift("b", 100, 160), shift("c", 0, 60, user=102))
    mirror(store, shift("a", 5, 60), shift("c", 0, 60, user=102), now=NOW + 50)
    span = (WINDOW.start_utc, WINDOW.end_utc)
    with store.reading() as session:
        mine = tracked_shifts(session, [101], [], *span)
        [row_c] = [t.clock_time_id for t in tracked_shifts(session, [102], [], *span)]
        every = tracked_shifts(session, [101], [row_c or 0, 999], *span)
        later = tracked_shifts(session, [101], [], NOON + 100 * 60, span[1])
    assert [(t.shift.id, t.shift.start - NOON, t.is_gone, t.changed_in_run, t.changed_at) for t in mine] == [
        ("a", 300, False, 2, NOW + 50),
        ("b", 6000, True, 2, NOW + 50),
    ]
    assert [t.shift.id for t in every] == ["c", "a", "b"]
    assert [t.shift.id for t in later] == ["b"]
    assert mine[0].clock_time_id is not None
    with store.reading() as session:
        before = tracked_shifts(session, [101], [], span[0], NOON + 100 * 60)
    assert [t.shift.id for t in before] == ["a"]


def test_a_shift_whose_run_is_lost_is_told_all_the_same(store: Store) -> None:
    """A table of runs that was restored from an older dump lacks some: when it changed is then not known."""
    mirror(store, shift("a", 0, 60))
    with store.writing() as session:
        session.connection.execute(text("DELETE FROM connecteam_sync_runs"))
    with store.reading() as session:
        found = tracked_shifts(session, [101], [], WINDOW.start_utc, WINDOW.end_utc)
    assert [(t.shift.id, t.changed_at) for t in found] == [("a", None)]


def test_a_row_that_waits_in_a_closed_day_is_no_automatic_clock_out_once_its_shift_is_gone(store: Store) -> None:
    """Its row stays, since the day is closed; Connecteam says no more that it clocked anybody out."""
    auto = msgspec.structs.replace(shift("auto", 0, 60), is_auto_clock_out=True)
    mirror(store, auto, shift("other", 600, 660))
    with store.writing() as session:
        locks.lock(session, WINDOW, by="Pia", reason="payroll", now=NOW)
    mirror(store, shift("other", 600, 660))
    with store.reading() as session:
        rows, clocked_out = rows_to_check(session, WINDOW)
        [gone] = [t for t in tracked_shifts(session, [101], [], WINDOW.start_utc, WINDOW.end_utc) if t.is_gone]
    assert gone.shift.id == "auto"
    assert gone.clock_time_id in {row.id for row in rows}
    assert clocked_out == frozenset()


def test_rows_are_read_around_the_window_and_open_ones_wherever_they_began(store: Store) -> None:
    """Not what began long before and ended, nor what is nobody's; with what Connecteam clocked out by itself."""
    auto = msgspec.structs.replace(shift("auto", 0, 60), is_auto_clock_out=True)
    lost = msgspec.structs.replace(shift("lost", 500, 560), is_auto_clock_out=True)
    mirror(store, auto, lost, shift("open", -600), shift("closed", -601, -599, user=102), shift("near", 3000, 3060))
    mirror(store, auto, shift("open", -600), shift("closed", -601, -599, user=102), shift("near", 3000, 3060))
    day = WINDOW.first.replace(day=8)
    window = msgspec.structs.replace(WINDOW, first=day, last=day)
    with store.reading() as session:
        rows, clocked_out = rows_to_check(session, WINDOW)
        later, none = rows_to_check(session, window)
    assert len(rows) == 4
    by_start = {row.clock_in - NOON: row.id for row in rows}
    assert clocked_out == {by_start[0]}
    assert [row.clock_in - NOON for row in later] == [-600 * 60]
    assert none == frozenset()
    with store.writing() as session:
        session.connection.execute(text("UPDATE clock_times SET source = 'manual' WHERE clock_out IS NULL"))
    with store.reading() as session:
        rows, clocked_out = rows_to_check(session, WINDOW)
        found = anomalies(WINDOW, rows, auto_clock_outs=clocked_out, now=NOW, limits=AnomalyLimits())
        known = shifts_of_rows(session, [row.id or 0 for row in rows])
    assert {(one.kind, one.rows[-1].source) for one in found} == {
        ("auto_clock_out", "connecteam"),
        ("open_too_long", "manual"),
        ("overlap", "connecteam"),
    }
    assert known[by_start[0] or 0] == ("auto", 7)
    assert len(known) == 4


def test_what_reaches_into_a_window_is_read_once(store: Store) -> None:
    """Two days before it, or still open since the evening before; and what begins with its first second is in it."""
    day = WINDOW.first.replace(day=8)
    window = msgspec.structs.replace(WINDOW, first=day, last=day)
    start = (window.start_utc - NOON) // 60
    auto = msgspec.structs.replace(shift("auto", start, start + 60), is_auto_clock_out=True)
    after = msgspec.structs.replace(shift("after", start + 1440, start + 1500), is_auto_clock_out=True)
    mirror(store, auto, after, shift("long", start - 2880, start + 30, user=102), shift("open", start - 180, user=102))
    with store.reading() as session:
        rows, clocked_out = rows_to_check(session, window)
    assert sorted((row.clock_in - window.start_utc) // 60 for row in rows) == [-2880, -180, 0]
    assert clocked_out == {row.id for row in rows if row.clock_in == window.start_utc}


def test_open_rows_are_read_since_a_day_if_one_is_named(store: Store) -> None:
    """From its first second on: what began before it is another question."""
    mirror(store, shift("older", -601, user=102), shift("open", -600))
    day = WINDOW.first.replace(day=8)
    window = msgspec.structs.replace(WINDOW, first=day, last=day)
    with store.reading() as session:
        every, _ = rows_to_check(session, window)
        recent, _ = rows_to_check(session, window, NOON - 600 * 60)
    assert sorted((row.clock_in - NOON) // 60 for row in every) == [-601, -600]
    assert sorted((row.clock_in - NOON) // 60 for row in recent) == [-600]


def test_rows_in_texts_are_the_rows_one_by_one(store: Store) -> None:
    """Whatever stands in them, in the order of nothing; and where the server would cut a text, they are read by row."""
    mirror(store, shift("a", 0, 60), shift("b", 100), shift("c", 2000, 2060, user=102), shift("d", 3000, 3061))
    odd = "x\"\\'[],\u00e9\U0001f600"
    with store.writing() as session:
        changed = (
            "UPDATE clock_times SET source = :odd WHERE id = (SELECT id FROM (SELECT min(id) AS id FROM clock_times) m)"
        )
        session.connection.execute(text(changed), {"odd": odd})
    start, end = NOON, NOON + 3000 * 60
    with store.reading() as session:
        [by_row] = session.fetch(one_by_one(session, start, end))
        [found] = session.fetch(gathered(session, start, end))
        both, _ = rows_to_check(session, WINDOW)
        if session.dialect.has_packets:
            first, _, _ = plain_text(found[0][1]).partition(",[")  # the text is cut right behind its first row
            session.connection.execute(text(f"SET SESSION group_concat_max_len = {len(first.encode())}"))
            [cut] = session.fetch(gathered(session, start, end))
            assert rows_of_texts(cut) is None
            again, _ = rows_to_check(session, WINDOW)
            assert {row.id: row for row in again} == {row.id: row for row in both}
    read = rows_of_texts(found) if session.dialect.gathers else found
    assert {row.id: row for row in read or ()} == {row.id: row for row in by_row}
    assert sorted(row.clock_in - NOON for row in by_row) == [0, 100 * 60, 2000 * 60]
    assert {odd, "connecteam"} == {row.source for row in both}
    assert len(both) == 4
