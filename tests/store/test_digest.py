"""Equal inputs are decided once; whatever differs is noticed: every column of every table that a decision reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.api.wire import ActivitiesResponse, People, SnapshotBuilder
from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Run
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.mirror.digest import SliceFingerprint, combined, digest_queries, longest_key_range
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows
from connecteam_sync.version import PLANNER_VERSION
from support.scenario import FIRST, LAST, World

CLOCK_TIMES = ("employee_id", "clock_in", "clock_out", "total_minutes", "is_active", "source")
TABLES: dict[str, tuple[str, ...]] = {
    "clock_times": CLOCK_TIMES,
    "connecteam_sync_shifts": tuple(name for name in rows.MIRROR if name not in {"id", "changed_in_run"}),
    "connecteam_sync_breaks": tuple(name for name in rows.BREAK if name != "id"),
    "connecteam_sync_users": tuple(name for name in rows.USER if name != "user_id"),
    "employees": ("name", "email", "connecteam_user_id"),
    "connecteam_sync_holds": (
        "time_clock_id",
        "reason",
        "subject",
        "detail",
        "shift_id",
        "user_id",
        "instant",
        "minutes",
    ),
}


@pytest.fixture
def life(initialised: str) -> Iterator[World]:
    """A mirrored company with breaks, a hold and an open shift, looked at often enough to be remembered."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        world = World(sandbox, initialised, max_deletes=99)
        world.company.duplicate(world.company.shifts()[5].id)
        world.work(3, "05:00", None)
        world.sync()
        world.sync()
        yield world
        world.mirror.close()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time clocks whose answers were decoded, as a whole or in part."""
    clocks: list[int] = []
    made = ActivitiesResponse.snapshot

    def making(self: ActivitiesResponse, *gathered: *tuple[SnapshotBuilder, People]) -> Snapshot:
        clocks.append(self.time_clock_id)
        return made(self, *gathered)

    monkeypatch.setattr(ActivitiesResponse, "snapshot", making)
    return clocks


STRETCHES = ((None, None), (1, 9_999), (7, 8), (5_000, 5_000))
"""Keys of `clock_times` that are read in their order: none, all, two in the middle, and one that no row has."""


def queries(world: World, session: Session, keys: tuple[int | None, int | None]) -> tuple[Query, ...]:
    """What digests the eleven days and a day around."""
    padded = world.window.padded()
    return digest_queries(session, SliceFingerprint(0, "", padded.start_utc, padded.end_utc, "", *keys))


def digests(world: World) -> list[str]:
    """Of everything in the eleven days and a day around, whichever keys are read in their order."""
    with world.mirror.store.reading() as session:
        found = [combined(session.fetch(*queries(world, session, keys))) for keys in STRETCHES]
    return [each for each in found if each is not None]


def differ(world: World, whole: list[str]) -> bool:
    """Whether each digest is another one by now."""
    return all(one != other for one, other in zip(digests(world), whole, strict=True))


def told(run: Run) -> object:
    """What a run says, next to its number and its time."""
    return run.status, run.counts, run.minutes, run.holds, run.exit_code


def test_the_same_again_is_neither_decoded_nor_read(life: World, decoded: list[int]) -> None:
    """It says what the run before said, to the hold, and writes its receipt and nothing else."""
    before, remembered = life.everything(), life_inputs(life)
    runs = [life.sync() for _ in range(3)]
    assert decoded == []
    with life.mirror.store.reading() as session:
        assert session.read("SELECT count(*) AS many FROM connecteam_sync_slices")[0]["many"] == 3 * (2 + len(runs))
    assert (life.everything(), life_inputs(life)) == (before, remembered)
    reading = World(life.sandbox, life.mirror.settings.database_url, max_deletes=99, unchanged="read")
    full = reading.sync()
    assert len(decoded) == 3
    assert {str(told(run)) for run in (*runs, full)} == {str(told(full))}
    assert full.exit_code == 3
    reading.mirror.close()


def test_a_rule_that_changed_decides_everything_again(
    life: World, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was remembered under another PLANNER_VERSION is taken; what is decided now is remembered for it."""
    monkeypatch.setattr("connecteam_sync.engine.inputs.PLANNER_VERSION", PLANNER_VERSION + 1)
    told_by_both = [told(life.sync())]
    assert len(decoded) == 3
    life.sync()
    decoded.clear()
    told_by_both.append(told(life.sync()))
    assert decoded == []
    monkeypatch.setattr("connecteam_sync.engine.inputs.PLANNER_VERSION", PLANNER_VERSION)
    life.sync()
    assert len(decoded) == 3
    assert str(told_by_both[0]) == str(told_by_both[1])


def life_inputs(world: World) -> list[dict[str, object]]:
    """What is remembered of slices with nothing to do."""
    with world.mirror.store.reading() as session:
        return [dict(row) for row in session.read("SELECT * FROM connecteam_sync_inputs ORDER BY time_clock_id")]


def test_every_column_of_every_table_is_in_the_digest(life: World) -> None:
    """Each value of one row changed by itself, then put back; a row removed; and nothing else needed to notice it."""
    whole = digests(life)
    assert len(whole) == len(STRETCHES)
    tried = 0
    for table, columns in TABLES.items():
        key = "user_id" if table == "connecteam_sync_users" else "id"
        row = next(r for r in life.table(table) if r.get("resolved_run") is None)
        for column in columns:
            other = _other(row[column], column)
            life.execute(f"UPDATE {table} SET {column} = :v WHERE {key} = :k", v=other, k=row[key])
            assert differ(life, whole), f"{table}.{column} is not in the digest"
            life.execute(f"UPDATE {table} SET {column} = :v WHERE {key} = :k", v=row[column], k=row[key])
            if table == "connecteam_sync_shifts" and life.mirror.store.dialect.family == "mysql":
                whole = digests(life)  # there a row that was written is another row, whatever stands in it
            assert digests(life) == whole, f"{table}.{column} put back"
            tried += 1
    assert tried == sum(map(len, TABLES.values()))
    life.lock(FIRST)
    assert differ(life, whole)
    closed = digests(life)
    life.execute("UPDATE connecteam_sync_locked_days SET timezone = 'Asia/Tokyo'")
    assert differ(life, closed), "the zone of a closed day is not in the digest"
    life.mirror.unlock(FIRST, FIRST)
    assert digests(life) == whole
    life.execute("DELETE FROM connecteam_sync_breaks WHERE id = :k", k=life.table("connecteam_sync_breaks")[0]["id"])
    assert differ(life, whole)


def test_each_row_is_read_once(life: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows read in the order of their keys, a few at a time, and rows read by clock-in: none twice, none left out."""
    monkeypatch.setattr("connecteam_sync.store.mirror.digest._KEYS", 3)
    others = 6
    with life.mirror.store.reading() as session:
        for keys in STRETCHES[:3]:
            found = session.fetch(*queries(life, session, keys))
            assert sum(many for answer in found[:-others] for many, *_ in answer) == len(life.table()), keys


def test_the_stretch_of_keys_is_where_most_rows_stand() -> None:
    """Rows entered long before, or long after, do not widen it; rows among many others, or no rows, have none."""
    assert longest_key_range([]) == range(0)
    assert longest_key_range([3, 4, 1000, 1023, None, 1001, 5000]) == range(1000, 1024)
    assert longest_key_range([1, 102]) == range(1, 2)
    assert longest_key_range(range(0, 1000, 10)) == range(991)
    assert longest_key_range(range(0, 1000, 20)) == range(0)


def test_a_row_that_was_moved_out_of_sight_is_still_looked_at(life: World, decoded: list[int]) -> None:
    """Held where another program put it, days before the window: what becomes of it there is noticed."""
    keep = World(life.sandbox, life.mirror.settings.database_url, max_deletes=99, local_edits="keep")
    row = next(known["clock_time_id"] for known in life.table("connecteam_sync_shifts") if known["clock_time_id"])

    def evidence(edit: str) -> bool:
        """Whether the next run but one after an edit decides again."""
        keep.execute(f"UPDATE clock_times SET {edit} WHERE id = :k", k=row)
        keep.sync()
        decoded.clear()
        keep.execute("UPDATE clock_times SET total_minutes = total_minutes + 1 WHERE id = :k", k=row)
        keep.sync()
        return bool(decoded)

    assert evidence("total_minutes = 7")
    for _ in range(2):
        keep.sync()
    assert evidence("clock_in = '2025-11-22 03:02:01'")
    keep.mirror.close()


def test_what_a_guard_refused_is_refused_again_after_it_was_accepted(life: World) -> None:
    """Half of the people vanish from the answers: accepting that once, or twice, does not accept it for ever."""
    life.sandbox.settings.lists_unassigned = False
    for person in sorted(life.company.people)[::2]:
        life.company.unassign(person)
    refused = life.sync()
    assert refused.status == "refused"
    accepted = {slice_.fingerprint for slice_ in refused.slices if slice_.fingerprint}
    for _ in range(3):
        assert life.sync(accept=accepted).exit_code == 3
    assert life.sync().status == "refused"


def test_an_edit_that_was_taken_back_for_a_moment_is_not_missed(life: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """There before the rows are read, not while they are, and there again: the decision in between does not count."""
    known = next(known for known in life.table("connecteam_sync_shifts") if known["clock_time_id"] and known["end_at"])
    right = next(row["total_minutes"] for row in life.table() if row["id"] == known["clock_time_id"])
    setting, made = "UPDATE clock_times SET total_minutes = :m WHERE id = :k", ActivitiesResponse.snapshot
    shift = next(s for s in life.company.shifts(FIRST, LAST) if s.end is not None and s.id != known["id"])
    life.company.edit(shift.id, end=shift.start + 61)
    assert life.sync().status == "applied"
    life.execute(setting, m=7, k=known["clock_time_id"])

    def taking_back(self: ActivitiesResponse, *gathered: *tuple[SnapshotBuilder, People]) -> Snapshot:
        if self.time_clock_id == known["time_clock_id"]:
            life.execute(setting, m=right, k=known["clock_time_id"])
        return made(self, *gathered)

    with monkeypatch.context() as patch:
        patch.setattr(ActivitiesResponse, "snapshot", taking_back)
        assert life.sync().status == "nothing"
    life.execute(setting, m=7, k=known["clock_time_id"])
    assert life.sync().status == "applied"


def test_an_edit_while_a_slice_is_decided_is_not_missed(
    life: World, decoded: list[int], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program edits a row after it was read and before its digest is taken: the next run puts it right."""
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    shift = next(s for s in life.company.shifts(FIRST, LAST) if s.end is not None)
    life.company.edit(shift.id, end=shift.start + 61)
    assert life.sync().status == "applied"
    host = create_engine(database)
    known = next(known for known in life.table("connecteam_sync_shifts") if known["clock_time_id"] and known["end_at"])
    row = next(row for row in life.table() if row["id"] == known["clock_time_id"])

    def meanwhile(
        window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence
    ) -> SlicePlan:
        if snapshot.time_clock_id == known["time_clock_id"]:
            with host.begin() as connection:
                connection.execute(text("UPDATE clock_times SET total_minutes = 7 WHERE id = :k"), {"k": row["id"]})
        return plan(window, snapshot, stored, policy, evidence)

    with monkeypatch.context() as patch:
        patch.setattr("connecteam_sync.engine.decide.plan", meanwhile)
        assert life.sync().status == "nothing"
    host.dispose()
    decoded.clear()
    assert life.sync().status == "applied"
    assert decoded
    assert next(r for r in life.table() if r["id"] == row["id"])["total_minutes"] == row["total_minutes"]


def _other(value: object, column: str) -> object:
    """Another value of the same type."""
    if column in {"clock_in", "clock_out"}:
        return "2025-12-04 03:02:01"
    if column in {"is_active", "is_archived", "is_listed", "is_auto_clock_out", "is_gone"}:
        return not value if column == "is_active" else 1 - int(value)  # type: ignore[call-overload] # a flag
    if column in {"start_at", "instant"}:
        return int(value) + 1  # type: ignore[call-overload] # an instant
    if column == "clock_time_id":
        return 10**9  # no other shift's
    if value is None:
        return "x" if column.endswith(("timezone", "job_id", "shift_id", "email")) else 7
    return f"{value}x"[-190:] if isinstance(value, str) else int(value) + 1  # type: ignore[call-overload] # same


def test_corrections_that_a_sum_would_miss_are_noticed(life: World) -> None:
    """Two rows exchange their minutes; two get the same digit more; one takes from the other."""
    whole = digests(life)
    one, other = [row for row in life.table() if row["total_minutes"]][:2]
    for first, second in (
        (other["total_minutes"], one["total_minutes"]),
        (one["total_minutes"] ^ 1, other["total_minutes"] ^ 1),
        (one["total_minutes"] - 1, other["total_minutes"] + 1),
    ):
        for row, minutes in ((one, first), (other, second)):
            life.execute("UPDATE clock_times SET total_minutes = :m WHERE id = :k", m=minutes, k=row["id"])
        assert differ(life, whole)


def test_what_changes_anywhere_is_decided_anew(life: World, decoded: list[int]) -> None:
    """A correction upstream, an edit in the table, a mapping, a closed day, another policy: once each."""
    shift = next(s for s in life.company.shifts(FIRST, LAST) if s.end is not None)
    person = life.table("employees")[-1]
    forget = "UPDATE employees SET connecteam_user_id = NULL WHERE id = :k"
    changes: dict[str, Callable[[], object]] = {
        "upstream": lambda: life.company.edit(shift.id, end=shift.start + 61),
        "the table": lambda: life.execute("UPDATE clock_times SET total_minutes = 1 WHERE total_minutes > 100"),
        "a mapping": lambda: life.execute(forget, k=person["id"]),
        "a closed day": lambda: life.lock(FIRST),
        "a name": lambda: setattr(life.company.people[life.user], "first_name", "Another"),
    }
    for what, change in changes.items():
        change()
        decoded.clear()
        life.sync()
        assert decoded, f"{what} was not noticed"
        life.sync()
        decoded.clear()
        assert life.sync().status == "nothing"
        assert decoded == [], what
    other = World(life.sandbox, life.mirror.settings.database_url, max_deletes=98)
    other.sync()
    assert decoded, "another policy was not noticed"
    other.mirror.close()
    keys = {(row["first_key"], row["last_key"]) for row in life_inputs(life)}
    reads_by_key = life.mirror.settings.database_url.startswith("mysql")
    assert all((None not in pair) == reads_by_key for pair in keys)
    with life.mirror.store.writing() as session:
        session.connection.execute(text("UPDATE connecteam_sync_inputs SET digest = 'x'"))
    decoded.clear()
    life.sync()
    assert len(decoded) == 3
