"""A table damaged by the old code, without a unique key, hand-entered rows among it: `resync` makes it exact."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.legacy import LegacyTable
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import legacy_damage
from support.legacy_damage import moment
from support.scenario import FIRST, LAST, World

SEEDS = int(os.environ.get("CONNECTEAM_SYNC_DAMAGED_SEEDS", "12"))
"""Damaged tables on each database; the proof before a release takes 200."""


def host_tables(database: str, users: list[int]) -> dict[int, int]:
    """The host's own tables: no unique key, employees with their users. Employee ids by user."""
    engine = create_engine(database)
    kind = engine.dialect.name
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "postgresql": "BIGSERIAL PRIMARY KEY"}.get(
        kind, "BIGINT AUTO_INCREMENT PRIMARY KEY"
    )
    moment = "TIMESTAMP" if kind == "postgresql" else "DATETIME"
    with engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE employees (id {key}, name VARCHAR(80), email TEXT, connecteam_user_id VARCHAR(9))")
        )
        connection.execute(
            text(
                f"CREATE TABLE clock_times (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL,"
                f" clock_out {moment}, total_minutes INT, is_active BOOLEAN NOT NULL, source VARCHAR(20) NOT NULL,"
                f" created_at {moment}, updated_at {moment}, note VARCHAR(40))"
            )
        )
        for user in users:
            connection.execute(
                text("INSERT INTO employees (name, connecteam_user_id) VALUES (:n, :u)"),
                {"n": f"Worker {user}", "u": user},
            )
        found = connection.execute(text("SELECT id, connecteam_user_id FROM employees"))
        mapped = {int(user): int(employee) for employee, user in found}
    engine.dispose()
    return mapped


def fill(world: World, rows: list[Any]) -> None:
    """Rows of `clock_times`, each with a note of the host's own."""
    with world.mirror.store.writing() as session:
        for number, row in enumerate(rows):
            session.connection.execute(
                text(
                    "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source, note)"
                    " VALUES (:e, :i, :o, :m, :a, :s, :n)"
                ),
                {
                    "e": row.employee_id,
                    "i": moment(row.clock_in),
                    "o": moment(row.clock_out),
                    "m": row.total_minutes,
                    "a": row.is_active,
                    "s": row.source,
                    "n": f"note {number}",
                },
            )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_damaged_table_becomes_exact_and_damaged_again(database: str, seed: int) -> None:
    """Adopted or not, `resync` makes it the truth, writes nothing the second time, and all of it goes back."""
    chance = random.Random(seed)  # noqa: S311 - repeatable damage, no secrets
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        users = sorted(sandbox.company.people)
        employees = host_tables(database, users)
        world = World(sandbox, database, employees="match", max_deletes=10_000)
        legacy_damage.live(world, chance)
        rows = legacy_damage.replay(world, employees, chance)
        legacy_damage.corrected(world, chance)
        fill(world, rows)
        by_hand = world.company.at(legacy_damage.last_day(), "03:07")
        world.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            " VALUES (:e, :i, :o, 60, :a, 'manual')",
            e=employees[users[0]],
            i=moment(by_hand),
            o=moment(by_hand + 3600),
            a=False,
        )
        before = world.table()
        adopts = chance.random() < 0.75
        if adopts:
            survey = world.mirror.survey()
            assert world.table() == before
            adopted = world.mirror.adopt()
            assert (adopted.exit_code, adopted.counts.deleted) == (0, len(survey.dedupe.survivors))
            assert len({(r["employee_id"], r["clock_in"]) for r in world.table()}) == len(world.table())
            assert world.mirror.survey().unique_key == "uq_employee_clock_in"
            assert world.mirror.adopt().id is None
        run = world.mirror.resync(world.window)
        assert run.exit_code == 0, [(h.reason, h.detail, h.instant) for h in run.holds] + [s.error for s in run.slices]
        assert world.rows() == world.company.truth(FIRST, LAST)
        after = world.table()
        keys = [(row["employee_id"], row["clock_in"]) for row in after]
        assert len(keys) == len(set(keys))
        assert [row for row in after if row["source"] == "manual"] == [r for r in before if r["source"] == "manual"]
        assert all(row["is_active"] == (row["clock_out"] is None) for row in after)
        assert world.mirror.resync(world.window).status == "nothing"
        assert world.table() == after
        assert world.mirror.verify(world.window).exit_code == 0
        assert run.id
        world.mirror.undo(run.id)
        if adopts:
            world.mirror.undo_adopt()
            assert world.mirror.survey().unique_key is None
        assert world.table() == before
        world.mirror.close()


def test_the_second_of_december(database: str) -> None:
    """The story it began with: 52 shifts in Connecteam, 31 rows in the table, 10 people missing from it.

    Eleven people had a split day whose afternoon, six hours after the morning began, overwrote it; ten were never
    stored. `compare` names the harm of the old way, `resync` writes the 21 missing shifts, each with its own times.
    """
    with Sandbox(Company(0, people=41), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        users = sorted(sandbox.company.people)
        employees = host_tables(database, users)
        world = World(sandbox, database, employees="match", max_deletes=10_000)
        day = world.window.first.replace(day=2)
        table = LegacyTable([], world.window.zone, now=world.at(2, "23:00"), has_key=False)
        for number, user in enumerate(users):
            shifts = [world.work(2, "08:00", "12:00", user=user)]
            if number < 11:
                shifts.append(world.work(2, "14:00", "18:00", user=user))
            if number < 31:
                for shift in shifts:
                    found = legacy_damage.seen(shift, table.now)
                    assert found is not None
                    table.sync_one(employees[user], found)
        fill(world, [row.image() for row in table.rows])
        before = world.table()
        assert len(world.company.shifts()) == 52
        assert len(before) == 31
        assert len(employees) - len({row["employee_id"] for row in before}) == 10
        kept = {row["id"]: row["employee_id"] for row in before}
        verified = world.mirror.verify(world.mirror.window(day, day))
        assert len({line.employee_id for line in verified.days}) == 21
        world.mirror.adopt()
        run = world.mirror.resync(world.mirror.window(day, day))
        assert run.counts.total_shifts == 52
        assert run.minutes.after - run.minutes.before == 21 * 240
        assert world.rows() == world.company.truth(FIRST, LAST)
        after = world.table()
        assert len(after) == 52
        # Nobody's row changed hands, and what other tables point at is still there.
        assert kept.items() <= {row["id"]: row["employee_id"] for row in after}.items()
        assert world.mirror.resync(world.mirror.window(day, day)).status == "nothing"
        world.mirror.undo(run.id or 0)
        world.mirror.undo_adopt()
        assert world.table() == before
        world.mirror.close()


def test_rows_at_an_offset_are_named_by_verify_and_adopt(database: str) -> None:
    """A local time stored as if it were UTC: both name the row, the shift, and the six hours; none acts on it."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        employees = host_tables(database, sorted(sandbox.company.people))
        world = World(sandbox, database, employees="match")
        shift = world.work(3, "08:00", "16:00")
        elsewhere = ClockTime(
            id=None,
            employee_id=employees[world.user],
            clock_in=shift.start - 6 * 3600,
            clock_out=shift.start + 2 * 3600,
            total_minutes=480,
            is_active=False,
        )
        fill(world, [elsewhere])
        found = world.mirror.verify(world.window).offsets
        assert found == world.mirror.survey(world.window).offsets
        assert [(item.shift.id, item.minutes, item.row.id) for item in found] == [(shift.id, 360, 1)]
        world.mirror.close()
