"""The failure matrix of the fleet: real processes, the real broker, a real control database, companies from memory.

CONNECTEAM_SYNC_FLEET_CELLS=all runs every cell, as `make fleet` does; without it a few run.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from conftest import ABSENT, SERVERS
from support import databases
from support.assertion_counts import tell
from support.fleet_cells import KILLS
from support.fleet_matrix import HEAD, Tally, site
from support.fleet_troubles import TROUBLES

DONE: list[Tally] = []
HERE = [name for name in SERVERS if name not in ABSENT]
CELLS = {**KILLS, **TROUBLES}
FEW = ("worker killed, look:after", "worker's process killed, take:after", "dispatcher killed, claim:after")
CHOSEN = CELLS if os.environ.get("CONNECTEAM_SYNC_FLEET_CELLS") == "all" else FEW


@pytest.fixture
def control(request: pytest.FixtureRequest) -> Iterator[str]:
    """A control database; one server after the other has its turn. SQLite where none answers."""
    if not HERE:
        yield f"sqlite:///{request.getfixturevalue('tmp_path')}/control.db"
        return
    name = HERE[len(request.node.name) % len(HERE)]
    with databases.empty(make_url(SERVERS[name])) as url:
        yield databases.plain(url)


@pytest.mark.parametrize("cell", CHOSEN)
def test_a_cell(cell: str, tmp_path: Path, control: str) -> None:
    """Whatever happens: each table is what its company says, no account has asked too much, and nothing is stuck."""
    chosen = CELLS[cell]
    with site(tmp_path, cell, control, **chosen.circumstances) as here:
        chosen.act(here)
    DONE.append(here.tally)
    tell(here.tally.line, Counter())
    assert here.tally.visits >= len(here.fleet.names)


def test_what_the_cells_have_shown() -> None:
    """The table, and its sums; of those cells that ran in this process."""
    assert all(tally.visits for tally in DONE)
    assert len({tally.cell for tally in DONE}) == len(DONE)
    kills, visits, calls = (sum(getattr(one, name) for one in DONE) for name in ("kills", "visits", "calls"))
    slowest = max((tally.slowest for tally in DONE), default=0.0)
    lines = [HEAD, *(tally.line for tally in DONE)]
    lines += [
        f"{len(DONE)} cells: {visits:,} turns, {kills} killed or hurt, {calls:,} calls; slowest return {slowest:.1f} s"
    ]
    tell("\n".join(lines), Counter())
