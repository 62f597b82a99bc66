"""A random life of a company, with people at the table too: things that happen, chosen by a seed."""

from __future__ import annotations

import random
from datetime import timedelta

from connecteam_sync.core.run import Run
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

    def sync(self) -> Run:
        """A run over some of the days."""
        first = FIRST + timedelta(days=self.chance.randrange(11))
        last = min(LAST, first + timedelta(days=self.chance.randrange(6)))
        run = self.world.sync(self.world.mirror.window(first, last))
        assert run.exit_code in {0, 3, 4}, run
        return run
