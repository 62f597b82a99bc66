"""What many time clocks cost a run that finds nothing to do: so much for each look, and no more with their number."""

from __future__ import annotations

import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World

EACH, ONCE = 12, 2
"""Statements for each look, and those of the run as a whole."""


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("clocks", [2, 8])
def test_a_look_with_nothing_to_do_costs_so_many_statements(database: str, clocks: int) -> None:
    """On every database, however many time clocks there are; one that is archived is looked at besides."""
    with Sandbox(Company(20, clocks=clocks), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, database)
        try:
            world.sync()
            world.sync()  # keeps digests
            run = world.sync()
            assert (run.status, len(run.slices)) == ("nothing", clocks + 1)
            assert run.statements <= EACH * len(run.slices) + ONCE
        finally:
            world.mirror.close()
