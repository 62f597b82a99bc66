"""Random suites: count how often each assertion is reached, print the counts, name the line that repeats a failure."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FLOOR = 1000
"""The least number of times an assertion has to be reached to prove anything."""


def require(
    reach: Counter[str], assertions: Collection[str], floor: int = FLOOR, floors: Mapping[str, int] | None = None
) -> None:
    """Assert that every assertion was reached `floor` times, or as often as `floors` has for it."""
    rare = {name: reach[name] for name in assertions if reach[name] < (floors or {}).get(name, floor)}
    assert not rare, f"reached too few times: {rare}"
    assert reach.keys() <= set(assertions), f"not in the list: {reach.keys() - set(assertions)}"


def together(reach: Counter[str], part: int, parts: int, run: str) -> Counter[str] | None:
    """The counts of all `parts` of a suite, which run in any processes; None but for the part that ends last. `run`
    names this run of the tests.
    """
    folder = Path(tempfile.gettempdir()) / f"connecteam-sync-reach-{run}"
    folder.mkdir(exist_ok=True)
    (folder / f"{part}.part").write_text(json.dumps(reach))
    (folder / f"{part}.part").rename(folder / f"{part}.json")
    found = list(folder.glob("*.json"))
    if len(found) < parts:
        return None
    total = sum((Counter(json.loads(file.read_text())) for file in found), Counter[str]())
    shutil.rmtree(folder, ignore_errors=True)
    return total


def tell(what: str, reach: Counter[str]) -> None:
    """Print what a suite has done; shown with -rP."""
    print(what)  # noqa: T201 - shown by `make histories`, `make machine` and pytest -rP
    for name, times in sorted(reach.items()):
        print(f"{times:>12,}  {name}")  # noqa: T201 - same


@contextmanager
def replay(line: str) -> Iterator[None]:
    """Add to the message of a failed assertion the line that repeats it."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}\nplay it again: {line}") from error
