"""Many random histories on the pure core, an independent oracle beside them; `make histories N=…` for more."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from histories import History

MANY = int(os.environ.get("CONNECTEAM_SYNC_HISTORIES", "4000"))
FIRST = int(os.environ.get("CONNECTEAM_SYNC_FIRST_SEED", "0"))
PARTS = 2
FLOOR = 1000
"""An assertion that is reached less often than this, where enough histories ran, proves nothing."""
ENOUGH = 2000


@pytest.mark.parametrize("part", range(PARTS))
def test_histories(part: int) -> None:
    """Convergence, idempotence, manual rows, stable rows, order of the answer: in every history, after every look."""
    reach: Counter[str] = Counter()
    seeds = range(FIRST + part, FIRST + MANY, PARTS)
    for seed in seeds:
        history = History(seed)
        try:
            history.live()
        except AssertionError as error:
            again = f"CONNECTEAM_SYNC_FIRST_SEED={seed} make histories N=1"
            raise AssertionError(f"seed {seed}: {error}; replay: {again}") from error
        reach += history.reach
    for name, times in sorted(reach.items()):
        print(f"{times:>10,}  {name}")  # noqa: T201 - shown by `make histories`
    if len(seeds) >= ENOUGH:
        assert min(reach.values()) >= FLOOR, reach
