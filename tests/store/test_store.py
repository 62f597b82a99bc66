"""The Store's promises, on every database: what a plan says is what the table holds, and undo gives it back."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.shift import Shift, Snapshot, User
from connecteam_sync.core.window import Window
from connecteam_sync.errors import LockHeld, RowMoved, UndoRefused
from connecteam_sync.store.history import feed, runs
from connecteam_sync.store.history.holds import standing_holds
from connecteam_sync.store.history.undo import undo
from connecteam_sync.store.mirror import people
from connecteam_sync.store.mirror.apply import apply
from connecteam_sync.store.payroll import locks
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.statements import PendingId
from connecteam_sync.store.store import Store

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 11), "America/Chicago")
NOON = WINDOW.start_utc + 12 * 3600
NOW = NOON + 40 * 86400
USERS = tuple(User(id=u, first_name=f"Zoë {u}", last_name="Ōta", email=f"p{u}@example.test") for u in (101, 102, 103))


def shift(name: str, start: int, end: int | None = None, user: int = 101, clock: int = 7) -> Shift:
    """A shift of December 1st; `start` and `end` in minutes after noon."""
    return Shift(
        id=name,
        user_id=user,
        time_clock_id=clock,
        start=NOON + start * 60,
        end=None if end is None else NOON + end * 60,
    )


def look(*shifts: Shift) -> Snapshot:
    """A complete look naming everybody."""
    padded = WINDOW.padded()
    return Snapshot(
        time_clock_id=7,
        first=padded.first,
        last=padded.last,
        users=USERS,
        listed=frozenset(u.id for u in USERS),
        shifts=shifts,
    )


def mirror(store: Store, *shifts: Shift, now: int = NOW, **policy: Any) -> tuple[int, SlicePlan]:  # noqa: ANN401 - any policy
    """One run of the whole flow; its number and its plan."""
    choice = msgspec.structs.replace(Policy(employees="create", max_deletes=10_000), **policy)
    run = Run(id=None, kind="sync", window=WINDOW, slices=(), version="0", host="test", started_at=now)
    with store.writing() as session:
        snapshot = look(*shifts)
        stored = session.stored(WINDOW, snapshot)
        decision = plan(WINDOW, snapshot, stored, choice)
        number = runs.begin_run(session, run)
        done = apply(session, decision, stored, run=number, now=now)
        runs.record_slice(
            session,
            number.value,
            _piece(decision),
            {"made": done.employees_made, "removed": ()},
        )
        runs.finish_run(session, number.value, now=now, statements=1, http_calls=2)
    return number.value, decision


def _piece(decision: SlicePlan) -> Slice:
    return Slice(time_clock_id=7, window=WINDOW, status="applied", counts=decision.counts, minutes=decision.minutes)


def take_back(store: Store, number: int, *, now: int = NOW + 60) -> int:
    """Undo a run as the command does; the number of the new run."""
    run = Run(id=None, kind="undo", window=WINDOW, slices=(), version="0", host="t", started_at=now, undoes=number)
    with store.writing() as session:
        by = runs.begin_run(session, run).value
        done = undo(session, number, WINDOW, by=by, now=now)
        removed = {"made": done.employees_made, "removed": done.employees_removed}
        runs.record_slice(session, by, done.slice, removed)
    return by


def table(store: Store, name: str = "clock_times") -> list[dict[str, Any]]:
    """Every column of every row, as the driver gives them."""
    with store.reading() as session:
        return [dict(row) for row in session.read(f"SELECT * FROM {name} ORDER BY id")]


def read(store: Store) -> StoredState:
    """What the store reads for the window."""
    with store.reading() as session:
        return session.stored(WINDOW, look())


def test_what_is_planned_is_what_the_table_holds(store: Store) -> None:
    """Shifts become rows; instants, minutes, flags and names survive the way through every database."""
    mirror(store, shift("a", 0, 61), shift("b", 360), shift("B", 4, 300, user=102))
    rows = {(row.employee_id, row.clock_in): row for row in read(store).rows}
    found = sorted((r.clock_in - NOON, r.total_minutes, r.is_active, r.source) for r in rows.values())
    assert found == [(0, 61, False, "connecteam"), (240, 296, False, "connecteam"), (21600, None, True, "connecteam")]
    assert set(read(store).names.values()) == {"Zoë 101 Ōta", "Zoë 102 Ōta"}
    assert {m.shift.id for m in read(store).mirrors} == {"a", "b", "B"}


def test_an_unchanged_window_writes_nothing(store: Store) -> None:
    """Run twice: no row, no memory, no `updated_at` moves the second time."""
    mirror(store, shift("a", 0, 61), shift("b", 360))
    names = ("clock_times", "employees", "connecteam_sync_shifts", "connecteam_sync_changes", "connecteam_sync_holds")
    before = [table(store, name) for name in names]
    mirror(store, shift("a", 0, 61), shift("b", 360), now=NOW + 3600)
    assert [table(store, name) for name in names] == before


def test_a_correction_keeps_the_row(store: Store) -> None:
    """Another clock-in, another clock-out, re-opened: the primary key stays and `updated_at` moves."""
    mirror(store, shift("a", 0, 61))
    first = table(store)[0]
    for number, corrected in enumerate((shift("a", 15, 61), shift("a", 15, 90), shift("a", 15)), start=1):
        mirror(store, corrected, now=NOW + number)
        row = table(store)[0]
        assert row["id"] == first["id"]
        assert row["created_at"] == first["created_at"]
        assert row["updated_at"] != first["updated_at"]
    assert read(store).rows[0].is_active


def test_swapped_and_rotated_clock_ins_obey_the_unique_key(store: Store) -> None:
    """Cycles of clock-ins are broken without losing a primary key."""
    mirror(store, shift("a", 0, 300), shift("b", 60, 300), shift("c", 120, 300))
    keys = {m.shift.id: m.clock_time_id for m in read(store).mirrors}
    mirror(store, shift("a", 60, 300), shift("b", 120, 300), shift("c", 0, 300))
    stored = read(store)
    assert {m.shift.id: m.clock_time_id for m in stored.mirrors} == keys
    by_key = {row.id: (row.clock_in - NOON) // 60 for row in stored.rows}
    assert [by_key[keys[name]] for name in ("a", "b", "c")] == [60, 120, 0]


def test_undo_gives_back_every_column_of_every_row(store: Store) -> None:
    """Creates, updates, swaps and deletes of a run, and the undo of its undo, to the last byte."""
    mirror(store, shift("a", 0, 300), shift("b", 60, 300), shift("gone", 500, 600), shift("open", 700))
    before = table(store), {m.shift.id: m.clock_time_id for m in read(store).mirrors}
    number, _ = mirror(
        store,
        shift("a", 60, 300),
        shift("b", 0, 300),
        shift("open", 700, 800),
        shift("new", 20, 40, user=103),
        now=NOW + 600,
    )
    after = table(store), table(store, "employees")
    by = take_back(store, number)
    links = {m.shift.id: m.clock_time_id for m in read(store).mirrors if m.shift.id != "new"}
    assert (table(store), links) == before
    take_back(store, by, now=NOW + 900)
    assert (table(store), table(store, "employees")) == after


def test_undo_restores_columns_unknown_to_us(store: Store) -> None:
    """A host's own columns come back with a deleted row, odd text and nulls included."""
    with store.writing() as session:
        session.connection.execute(text("ALTER TABLE clock_times ADD COLUMN note VARCHAR(50)"))
        session.connection.execute(text("ALTER TABLE clock_times ADD COLUMN rate DECIMAL(8,3)"))
    store._columns = None
    mirror(store, shift("a", 0, 300), shift("b", 400, 500))
    with store.writing() as session:
        session.connection.execute(text("UPDATE clock_times SET note = :n, rate = 12.345"), {"n": 'Zoë\'s "☃" \\ :x'})
    before = table(store)
    number, _ = mirror(store)
    assert table(store) == []
    take_back(store, number)
    assert table(store) == before


def test_undo_is_refused_where_a_row_moved_since(store: Store) -> None:
    """By a later run, named; or by somebody else. Nothing is written."""
    number, _ = mirror(store, shift("a", 0, 300))
    later, _ = mirror(store, shift("a", 0, 360))
    with pytest.raises(UndoRefused, match=f"run {later}"):
        take_back(store, number)
    with store.writing() as session:
        session.connection.execute(text("UPDATE clock_times SET total_minutes = 1"))
    with pytest.raises(UndoRefused, match="another program") as refused:
        take_back(store, later)
    assert refused.value.rows == (table(store)[0]["id"],)
    assert table(store)[0]["total_minutes"] == 1


def test_undo_leaves_locked_days_alone(store: Store) -> None:
    """Payroll closed the day: nothing on it changes, by undo neither."""
    number, _ = mirror(store, shift("a", 0, 300))
    with store.writing() as session:
        for first, last, newly in ((1, 2, 2), (2, 3, 1)):
            days = Window(date(2025, 12, first), date(2025, 12, last), WINDOW.timezone)
            assert len(locks.lock(session, days, by="Pia", reason="payroll", now=NOW)) == newly
    with pytest.raises(UndoRefused, match="Mon 1 Dec 2025"):
        take_back(store, number)
    with store.writing() as session:
        days = Window(date(2025, 11, 1), date(2025, 12, 31), WINDOW.timezone)
        assert len(locks.unlock(session, days, by="Pia", reason="", now=NOW)) == 3
    take_back(store, number)
    assert table(store) == []


def test_a_row_that_moved_ends_the_transaction(store: Store) -> None:
    """Between reading and writing somebody corrected a row: nothing of the plan is written."""
    mirror(store, shift("a", 0, 300), shift("b", 400, 500))
    before = table(store)
    snapshot = look(shift("a", 0, 301), shift("b", 400, 501))
    with store.writing() as session:
        stored = session.stored(WINDOW, snapshot)
        decision = plan(WINDOW, snapshot, stored, Policy())
        touch = text("UPDATE clock_times SET total_minutes = 7 WHERE id = :i")
        session.connection.execute(touch, {"i": before[0]["id"]})
        with pytest.raises(RowMoved) as moved:
            apply(session, decision, stored, run=PendingId(session, 99), now=NOW)
        session.connection.rollback()
    assert moved.value.rows == (before[0]["id"],)
    assert table(store) == before


def test_manual_rows_are_never_written(store: Store) -> None:
    """A shift that needs the key of a manual row is held, and the row stays to the byte."""
    mirror(store, shift("a", 0, 300))
    with store.writing() as session:
        session.connection.execute(text("UPDATE clock_times SET source = 'manual', total_minutes = 5"))
    before = table(store)
    _, decision = mirror(store, shift("a", 0, 360))
    assert [hold.reason for hold in decision.holds] == ["manual_row"]
    assert table(store) == before
    with store.reading() as session:
        assert [held.hold.reason for held in standing_holds(session)] == ["manual_row"]


def test_an_unmapped_person_waits_and_is_written_after_mapping(store: Store) -> None:
    """Held, stored, suggested; written by the next run after the mapping; the hold is resolved."""
    with store.writing() as session:
        session.connection.execute(text("INSERT INTO employees (name, email) VALUES ('zoë 101  ōta', 'x@y.test')"))
    mirror(store, shift("a", 0, 300), employees="match")
    assert table(store) == []
    with store.reading() as session:
        person = people.people(session, unmapped=True)[0]
        assert standing_holds(session, "unmapped_user")[0].user_name == "Zoë 101 Ōta"
    assert person.suggestions
    with store.writing() as session:
        mapped = people.map_user(session, 101, person.suggestions[0].employee_id)
        assert mapped.employee_id == person.suggestions[0].employee_id
    mirror(store, shift("a", 0, 300), employees="match")
    assert len(table(store)) == 1
    with store.reading() as session:
        assert standing_holds(session) == ()


def test_one_writer_at_a_time(store: Store, database: str) -> None:
    """A second writer waits as long as it is told, then says that another run holds the lock; readers go on."""
    other = Store(database, lock_wait=1)
    mirror(store, shift("a", 0, 300))
    with store.writing():
        with pytest.raises(LockHeld, match="another run is writing, and did not finish"), other.writing():
            pass
        assert len(table(other)) == 1
    with other.writing():
        pass
    other.close()


def test_receipts_are_read_as_written(store: Store) -> None:
    """Runs with their slices and entries, newest first; who undid whom."""
    first, decision = mirror(store, shift("a", 0, 300))
    second, _ = mirror(store, shift("a", 0, 360))
    undoing = take_back(store, second)
    with store.reading() as session:
        listed = runs.runs(session, limit=10)
        entries = feed.entries_of(session, first)
        employee = entries[0].change.image.employee_id
        past = feed.history(session, employee, (date(2025, 12, 1),) * 2)
        assert feed.history(session, employee, (date(2025, 12, 5),) * 2) == ()
        assert [e.number for e in feed.entries_after(session, entries[-1].number, 1)] == [past[1].number]
    assert [run.id for run in listed] == [undoing, second, first]
    assert listed[1].undone_by == undoing
    assert listed[2].counts == decision.counts
    assert [entry.change.kind for entry in past] == ["create", "update", "update"]
    assert [entry.change.minutes for entry in past] == [300, 60, -60]
    assert msgspec.json.encode(entries[0].row_after)


def test_every_field_of_a_shift_is_remembered(store: Store) -> None:
    """Each as Connecteam last said it, those that no row shows too."""
    said = shift("a", 0, 61)
    mirror(store, said)
    for field, value in {
        "user_id": 102,
        "start": said.start + 60,
        "start_timezone": "Europe/Paris",
        "end": said.start + 7200,
        "end_timezone": "Asia/Tokyo",
        "job_id": "job",
        "sub_job_id": "sub",
        "scheduler_shift_id": "planned",
        "is_auto_clock_out": True,
        "created_at": said.start + 1,
        "modified_at": said.start + 2,
    }.items():
        said = msgspec.structs.replace(said, **{field: value})
        mirror(store, said)
        with store.reading() as session:
            assert [known.shift for known in session.stored(WINDOW, look()).mirrors] == [said], field


def test_very_many_rows_are_read_back_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is missed where one part ends and the next begins, at an instant that several people share."""
    monkeypatch.setattr("connecteam_sync.store.mirror.clock_times._READ_AT_ONCE", 400)
    many = [shift(f"s{n}", n // 3, n // 3 + 5, user=(101, 102, 103)[n % 3]) for n in range(1501)]
    mirror(store, *many)
    assert len(table(store)) == len(many)
    with store.reading() as session:
        entries = session.read("SELECT clock_time_id, row_after FROM connecteam_sync_changes")
    assert {row["clock_time_id"] for row in entries if row["row_after"]} == {row["id"] for row in table(store)}


@pytest.mark.parametrize("shifts", [50, 500, 2500])
def test_the_number_of_statements_does_not_grow_with_the_shifts(store: Store, shifts: int) -> None:
    """Constant plus changes / batch size."""
    many = [shift(f"s{n}", n % 700, n % 700 + 5, user=(101, 102, 103)[n % 3]) for n in range(min(shifts, 700))]
    many += [shift(f"t{n}", 700 + n, 701 + n) for n in range(shifts - len(many))]
    mirror(store, shift("first", -5, -1))
    before = store.statements
    mirror(store, shift("first", -5, -1), *many)
    used = store.statements - before
    batches = -(-shifts // 1000)
    # One of them asks, next to others, whether the columns of the table are still those that are known.
    assert used <= 24 + 6 * (batches - 1)


def test_sessions_read_committed_times_in_utc(store: Store) -> None:
    """A session whose server runs in another zone still writes UTC."""

    def zone(session: Session) -> Any:  # noqa: ANN401 - a scalar
        if session.dialect.family == "mysql":
            return session.read("SELECT @@session.time_zone AS z")[0]["z"]
        if session.dialect.family == "postgresql":
            return session.read("SELECT current_setting('timezone') AS z")[0]["z"]
        return "UTC"

    with store.reading() as session:
        assert zone(session) in {"+00:00", "UTC"}


@pytest.mark.parametrize(
    "database", ["sqlite"], indirect=True
)  # the one whose triggers can drop a write without a word
def test_a_delete_that_touches_no_row_is_noticed(store: Store) -> None:
    """A trigger of the host lets no row go: nothing is written, and no journal says that it went."""
    mirror(store, shift("a", 0, 300), shift("b", 400, 500))
    before = table(store)
    with store.writing() as session:
        session.connection.execute(
            text("CREATE TRIGGER stay BEFORE DELETE ON clock_times BEGIN SELECT RAISE(IGNORE); END")
        )
    with pytest.raises(RowMoved, match="1 of 1 rows"):
        mirror(store, shift("b", 400, 500))
    assert table(store) == before
