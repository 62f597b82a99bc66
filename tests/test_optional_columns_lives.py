"""Random lives of a table with columns for the job and for the minutes that breaks leave of a shift."""

from __future__ import annotations

import random
from datetime import date

import pytest

from connecteam_sync.sandbox.company import JOB, LUNCH, REST, WAREHOUSE
from support.optional_columns import (
    NIGHT,
    NOWHERE,
    OLD,
    PACKING,
    mirrors,
    of_job,
    renamed,
    require_equal,
    sandbox,
    world,
)
from support.scenario import World

__all__ = ["mirrors", "sandbox", "world"]


def step(world: World, draw: random.Random) -> None:
    """Something happens: work, breaks, jobs, names, corrections, deletions."""
    company, day = world.company, draw.randint(2, 10)
    shifts = [one for one in company.activities.values() if one.kind == "shift"]
    breaks = [one for one in company.activities.values() if one.kind == "manual_break"]
    job = draw.choice([None, JOB, PACKING, OLD, NOWHERE])
    kind = draw.choice(["work", "work", "break", "break", "job", "name", "edit", "break ends", "gone"])
    if kind == "work" or not shifts:
        begin = draw.randint(0, 22)
        end = None if draw.random() < 0.1 else f"{begin + draw.randint(1, 9):02}:{draw.randint(0, 59):02}"
        of_job(world.work(day, f"{begin:02}:00", end), job, NIGHT if job == PACKING else None)
    elif kind == "break":
        near = draw.choice(shifts)
        start = near.start + draw.randint(-3600, 6 * 3600)
        end_at = None if draw.random() < 0.2 else start + draw.randint(60, 5400)
        company.take_break(world.user, start, end_at, clock=WAREHOUSE, break_type=draw.choice([LUNCH, LUNCH, REST]))
    elif kind == "job":
        of_job(draw.choice(shifts), job)
    elif kind == "name":
        renamed(world, f"Packing {draw.randint(1, 3)}")
    elif kind == "edit":
        near = draw.choice(shifts)
        company.edit(near.id, end=near.start + draw.randint(0, 10 * 3600))
    elif kind == "break ends" and breaks:
        near = draw.choice(breaks)
        near.end = near.start + draw.randint(60, 5400)
    elif kind == "gone":
        company.delete(draw.choice(shifts + breaks).id)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_rows_say_what_timesheets_say(world: World, seed: int) -> None:
    """After each look, also one at a single day; a run with nothing new finds nothing to do."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    for _ in range(8):
        for _ in range(draw.randint(1, 3)):
            step(world, draw)
        if draw.random() < 0.4:
            day = date(2025, 12, draw.randint(2, 10))
            world.sync(world.mirror.window(day, day))
        world.sync()
        require_equal(world, looks=1)
    require_equal(world)
