"""Edits of other programs while people are skipped: whoever's row it is, and at whatever moment, it is put right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.store.session import Persons, Session
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.sql.pipeline import Query
from support.scenario import FIRST, LAST
from support.twins import PLENTY, Twins, another, row_of, two_of

EDITED = "UPDATE clock_times SET total_minutes = 7 WHERE id = :row"


@pytest.fixture
def twins(initialised: str, tmp_path: Path) -> Iterator[Twins]:
    """A company of forty shifts, mirrored and known in two databases."""
    with another(initialised, tmp_path) as other, Sandbox(Company(40), PLENTY) as sandbox:
        both = Twins(sandbox, initialised, other, max_deletes=99)
        for _ in range(2):
            both.sync()
        yield both
        both.close()


@pytest.mark.parametrize("who", ["decoded", "skipped"])
@pytest.mark.parametrize("is_written", [True, False])
def test_an_edit_while_people_are_left_out_is_put_right(
    twins: Twins, database: str, monkeypatch: pytest.MonkeyPatch, who: str, *, is_written: bool
) -> None:
    """Another program edits a row once the digests were taken, in a run that writes and in one that does not: whoever's
    it is, the next run puts it right.
    """
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    shift = next(s for s in twins.company.shifts(FIRST, LAST) if s.end is not None and s.clock_id == WAREHOUSE)
    row = row_of(twins, user=shift.user_id) if who == "decoded" else row_of(twins, without=shift.user_id)
    twins.company.edit(shift.id, end=shift.start + 3660)
    if not is_written:
        twins.sync()
        row = next(one for one in twins.table() if one["id"] == row["id"])
    elif who == "decoded":
        twins.work(4, "23:00", "23:30", user=shift.user_id)
    host = create_engine(database_url(database))

    def meanwhile(
        window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence
    ) -> SlicePlan:
        decision = plan(window, snapshot, stored, policy, evidence)
        if snapshot.time_clock_id == WAREHOUSE:
            with host.begin() as connection:
                connection.execute(text(EDITED), {"row": row["id"]})
        return decision

    with monkeypatch.context() as patch:
        patch.setattr("connecteam_sync.engine.decide.plan", meanwhile)
        twins.mirror.sync(twins.window)
    host.dispose()
    twins.mirror.sync(twins.window)
    kept = next(one for one in twins.table() if one["id"] == row["id"])
    truth = {(user, start): minutes for user, start, _, minutes in twins.company.truth(FIRST, LAST)}
    assert kept["total_minutes"] in truth.values()
    assert twins.rows() == twins.company.truth(FIRST, LAST)


@pytest.mark.parametrize("what", ["a row", "a mapping"])
def test_what_was_taken_back_for_a_moment_does_not_count(
    twins: Twins, database: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """There when the digests are taken, not when rows are read, and there again: nobody was decided on like that."""
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    shift, other = two_of(twins)
    row = row_of(twins, user=other.user_id)
    host = create_engine(database_url(database))

    def set_right(*, right: bool) -> None:
        with host.begin() as connection:
            if what == "a row":
                minutes = row["total_minutes"] if right else 7
                connection.execute(
                    text("UPDATE clock_times SET total_minutes = :m WHERE id = :row"), {"m": minutes, "row": row["id"]}
                )
                return
            for statement, value in (
                ("UPDATE employees SET connecteam_user_id = :v WHERE id = :employee", str(other.user_id)),
                ("UPDATE connecteam_sync_users SET employee_id = :v WHERE user_id = :user", row["employee_id"]),
            ):
                connection.execute(
                    text(statement),
                    {"v": value if right else None, "employee": row["employee_id"], "user": other.user_id},
                )

    reading = Session.stored_queries

    def queries(session: Session, window: Window, snapshot: Snapshot, only: Persons | None = None) -> list[Query]:
        if snapshot.time_clock_id == WAREHOUSE:
            set_right(right=True)
        return reading(session, window, snapshot, only)

    set_right(right=False)
    twins.company.edit(shift.id, end=shift.start + 3660)
    with monkeypatch.context() as patch:
        patch.setattr(Session, "stored_queries", queries)
        twins.mirror.sync(twins.window)
    set_right(right=False)
    host.dispose()
    twins.mirror.sync(twins.window)
    kept = next(one for one in twins.table() if one["id"] == row["id"])
    if what == "a row":
        assert kept["total_minutes"] == row["total_minutes"]
    else:
        assert "possible_double" in twins.reasons()


def test_a_new_row_of_somebody_with_old_ones_is_compared(twins: Twins) -> None:
    """MySQL and MariaDB read old rows by their keys and new ones by their clock-in: a person has both."""
    one, other = two_of(twins)
    twins.work(5, "03:00", "04:00", user=one.user_id)
    for _ in range(2):
        twins.sync()
    new = max(row["id"] for row in twins.table())
    old = row_of(twins, user=one.user_id)["id"]
    assert old != new
    for number, row in enumerate((new, old)):
        twins.execute(EDITED, row=row)
        twins.company.edit(other.id, end=other.start + 3660 + number * 60)
        assert twins.sync().counts.updated == 2


def test_a_row_outside_of_the_days_that_goes_meanwhile_is_noticed(
    twins: Twins, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests of people are of the padded days: a slice with a row elsewhere is not quiet by them alone.

    Another program deletes the row once it was read: the next run holds its shift for that.
    """
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody edits a row while a slice is decided")
    keeping = Twins.mirror_of(twins.sandbox, database, max_deletes=99, local_edits="keep")
    shift, other = two_of(twins)
    row = row_of(twins, user=other.user_id)
    host = create_engine(database_url(database))

    def act(statement: str) -> None:
        with host.begin() as connection:
            connection.execute(text(statement), {"row": row["id"]})

    def meanwhile(
        window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence
    ) -> SlicePlan:
        decision = plan(window, snapshot, stored, policy, evidence)
        if snapshot.time_clock_id == WAREHOUSE:
            act("DELETE FROM clock_times WHERE id = :row")
        return decision

    for _ in range(2):
        keeping.sync(twins.window)
    act("UPDATE clock_times SET clock_in = '2025-11-22 03:02:01' WHERE id = :row")
    twins.company.edit(shift.id, end=shift.start + 3660)
    keeping.sync(twins.window)
    assert row["id"] in {one.hold.clock_time_id for one in keeping.holds()}
    twins.company.take_time_off(other.user_id, FIRST, FIRST, clock=WAREHOUSE)  # another answer, and nothing to do
    with monkeypatch.context() as patch:
        patch.setattr("connecteam_sync.engine.decide.plan", meanwhile)
        keeping.sync(twins.window)
    host.dispose()
    for _ in range(2):
        keeping.sync(twins.window)
    assert row["id"] not in {one.hold.clock_time_id for one in keeping.holds()}
    keeping.close()
