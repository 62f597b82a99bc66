"""Random lives of a company, with people at the table too: the mirror ends exact, or holds what it may not write."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import FIRST, LAST, World


class Life:
    """Things that happen, chosen by a seed. Clock-ins collide often: few people, few hours."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.company = world, world.company
        self.chance = random.Random(seed)  # noqa: S311 - repeatable lives, no secrets
        self.staff = sorted(self.company.people)[:4]
        for user in self.staff:
            self.company.people[user].clocks = {WAREHOUSE, OFFICE}

    def instant(self) -> int:
        """A quarter of an hour of the eleven days, nights at the window's edges included."""
        day = FIRST + timedelta(days=self.chance.randrange(11))
        return self.company.at(day, "00:00") + self.chance.randrange(96) * 900

    def step(self) -> None:
        """One thing happens upstream."""
        shifts = [s for s in self.company.shifts() if not s.spoiled]
        act = self.chance.choice(
            ["add", "add", "add", "edit", "edit", "swap", "delete", "duplicate", "reopen", "replace", "punch"]
        )
        if act == "add" or not shifts:
            start = self.instant()
            end = None if self.chance.random() < 0.2 else start + self.chance.randrange(12 * 3600)
            clock = self.chance.choice([WAREHOUSE, WAREHOUSE, OFFICE])
            self.company.add(self.chance.choice(self.staff), start, end, clock=clock)
            return
        one, other = self.chance.choice(shifts), self.chance.choice(shifts)
        if act == "edit":
            start = self.instant()
            self.company.edit(one.id, start=start, end=start + self.chance.randrange(9 * 3600))
        elif act == "swap" and one.end and other.end:
            starts = one.start, other.start
            self.company.edit(one.id, start=starts[1], end=starts[1] + 3600)
            self.company.edit(other.id, start=starts[0], end=starts[0] + 7200)
        elif act == "delete":
            self.company.delete(one.id)
        elif act == "duplicate":
            self.company.duplicate(one.id)
        elif act == "reopen":
            self.company.reopen(one.id)
        elif act == "replace":
            self.company.replace_id(one.id)
        elif act == "punch" and one.end is None:
            self.company.clock_out(one.id, one.start + self.chance.randrange(9 * 3600))

    def meddle(self) -> None:
        """Somebody works on the table by hand."""
        rows = self.world.table()
        if not rows:
            return
        row = self.chance.choice(rows)
        if row["source"] == "manual":
            return
        act = self.chance.choice(["edit", "remove", "seize"])
        if act == "edit":
            self.world.execute("UPDATE clock_times SET total_minutes = 7 WHERE id = :i", i=row["id"])
        elif act == "remove":
            self.world.execute("DELETE FROM clock_times WHERE id = :i", i=row["id"])
        elif not any(r["source"] == "manual" for r in rows):
            self.world.execute("UPDATE clock_times SET source = 'manual' WHERE id = :i", i=row["id"])

    def sync(self) -> None:
        """A run over some of the days."""
        first = FIRST + timedelta(days=self.chance.randrange(11))
        last = min(LAST, first + timedelta(days=self.chance.randrange(6)))
        run = self.world.sync(self.world.mirror.window(first, last))
        assert run.exit_code in {0, 3, 4}, run


def explained(world: World) -> set[tuple[int, int]]:
    """(user, clock-in) of every shift that is held, and the keys of manual rows."""
    held = {(h.hold.user_id or 0, h.hold.instant or 0) for h in world.mirror.holds()}
    with world.mirror.store.reading() as session:
        users = {e.id: int(e.connecteam_user_id or 0) for e in session.employees()}
        manual = {(users[row.employee_id], row.clock_in) for row in session.rows_of_all() if not row.is_ours}
    return held | manual


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("seed", range(3))
def test_a_random_life_ends_exact(database: str, seed: int) -> None:
    """Whatever happened, in whatever order it was looked at: exact but for what is held, and then still."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database, max_deletes=100_000, max_users_gone_share=1.0)
        sandbox.settings.selects_by = ("start", "overlap", "end")[seed % 3]
        life = Life(world, seed)
        for round_ in range(14):
            for _ in range(life.chance.randrange(1, 7)):
                life.step()
            if round_ % 4 == 3:
                life.meddle()
            life.sync()
        manual = [row for row in world.table() if row["source"] == "manual"]
        for _ in range(3):
            accepted: list[str] = []
            run = world.sync()
            accepted = [str(slice_.fingerprint) for slice_ in run.slices if slice_.status == "refused"]
            if accepted:
                run = world.sync(accept=accepted)
            assert run.exit_code in {0, 3}, run
        known = explained(world)
        keys = {(user, start) for user, start, _, _ in world.rows() ^ world.company.truth(FIRST, LAST)}
        assert keys <= known
        before = world.everything()
        assert world.sync().status == "nothing"
        assert world.everything() == before
        assert [row for row in world.table() if row["source"] == "manual"] == manual
        assert world.mirror.verify(world.window).exit_code in {0, 3}
        world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_undoing_every_run_backwards_ends_where_it_began(database: str) -> None:
    """Runs taken back last to first, none refused, give back the first state to the last byte."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database, max_deletes=100_000, max_users_gone_share=1.0)
        life = Life(world, 11)
        states = [world.table()]
        numbers: list[int] = []
        for _ in range(8):
            for _ in range(5):
                life.step()
            run = world.sync()
            assert run.exit_code in {0, 3, 4}
            if run.status == "applied" and run.id:
                numbers.append(run.id)
                states.append(world.table())
        assert len(numbers) > 4
        for number in reversed(numbers):
            assert world.table() == states.pop()
            world.mirror.undo(number)
        assert world.table() == states[0] == []
        with pytest.raises(UndoRefused):
            world.mirror.undo(numbers[0])
        assert date(2025, 12, 1) == FIRST
        world.mirror.close()
