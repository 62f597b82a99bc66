"""Many random histories on the pure core, an independent oracle next to them; `make histories N=…` for more."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from support.assertion_counts import replay, require, tell
from support.histories import History
from support.history_assertions import ASSERTIONS, RARE, SELDOM

MANY = int(os.environ.get("CONNECTEAM_SYNC_HISTORIES", "1500"))
FIRST = int(os.environ.get("CONNECTEAM_SYNC_FIRST_SEED", "0"))
PARTS = 2
ENOUGH = 2000
"""Histories in which every assertion is reached often enough."""
KEPT = tomllib.loads((Path(__file__).parent.parent / "corpus" / "seeds.toml").read_text())


def lived(seeds: Iterable[int], *, calm: bool = False) -> Counter[str]:
    """Every one of these lives; how often each assertion was reached."""
    reach: Counter[str] = Counter()
    for seed in seeds:
        history = History(seed, calm=calm)
        with replay(f"CONNECTEAM_SYNC_FIRST_SEED={seed} make histories N=1"):
            history.live()
        reach += history.reach
    return reach


def test_the_lives_that_failed_once() -> None:
    """Before any new one."""
    lived(KEPT["histories"], calm=True)
    lived(KEPT["hard_histories"])


def test_a_few_histories() -> None:
    """The same in some seconds, for everybody; seeds that no other test lives."""
    lived(range(1_000_000, 1_000_400))


@pytest.mark.parametrize("part", range(PARTS))
def test_histories(part: int) -> None:
    """Whatever happens: the table is what the oracle says, and no row went without evidence, after every look."""
    seeds = range(FIRST + part, FIRST + MANY, PARTS)
    reach = lived(seeds)
    tell(f"{len(seeds):,} histories, seeds {FIRST + part} to {FIRST + MANY - 1} by {PARTS}", reach)
    if len(seeds) >= ENOUGH:
        floors = dict.fromkeys(RARE, len(seeds) // 20) | dict.fromkeys(SELDOM, len(seeds) // 500)
        require(reach, ASSERTIONS, floors=floors)
