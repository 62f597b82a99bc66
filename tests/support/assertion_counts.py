"""How a random suite tells what it did, how often it reached what it asserts, and how a failure is played again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

FLOOR = 1000
"""An assertion that is reached less often than this proves nothing."""


def require(
    reach: Counter[str], assertions: Collection[str], floor: int = FLOOR, floors: Mapping[str, int] | None = None
) -> None:
    """Every assertion was reached often enough; one that was not reached at all counts too. `floors`: other ones."""
    rare = {name: reach[name] for name in assertions if reach[name] < (floors or {}).get(name, floor)}
    assert not rare, f"reached too few times: {rare}"
    assert reach.keys() <= set(assertions), f"not in the list: {reach.keys() - set(assertions)}"


def tell(what: str, reach: Counter[str]) -> None:
    """What a suite has done, for whoever runs it with -rP."""
    print(what)  # noqa: T201 - shown by `make histories`, `make machine` and pytest -rP
    for name, times in sorted(reach.items()):
        print(f"{times:>12,}  {name}")  # noqa: T201 - same


@contextmanager
def replay(line: str) -> Iterator[None]:
    """A failure in here says with which line it is played again."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}\nplay it again: {line}") from error
