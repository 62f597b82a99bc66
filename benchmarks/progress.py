"""A run that may be stopped at any point, and goes on from there: which parts of it are done, and on what machine.

While it lasts its results are in a file of their own, saved after each part; at the end that takes the place of the
results of the run before. So the page is never of two runs, and no part of a run is of another machine or other code.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import machine
import msgspec
from measure import Bench

_OF_ONE_RUN = {"date", "load at the start", "bare interpreter"}
"""What is said of a machine and may differ between two starts."""
ROOT = Path(__file__).parent.parent


class OtherMachine(Exception):  # noqa: N818 - not an error: results that are not to be mixed
    """What was begun is of another machine, other versions or other code."""


def source() -> str:
    """A digest of the product's code."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "src").rglob("*.py")):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class Progress:
    """The record of a run that is under way. Raises OtherMachine where one was begun that cannot be gone on with."""

    def __init__(self, bench: Bench, about: dict[str, str], results: Path) -> None:
        self._bench, self._results = bench, results
        self.record = _begun(unfinished(results), about) or machine.Record(
            about=about, sizes=[], requests={}, results=[]
        )
        bench.results, bench.days = self.record.results, self.record.days
        bench.runs, bench.clocks = self.record.runs, self.record.clocks
        if self.record.done:
            bench.say(f"goes on after {len(self.record.done)} parts, begun {self.record.about['date']}")

    def part(self, name: str, act: Callable[[], None]) -> None:
        """Do a part, unless an earlier start has done it. What is broken off is done anew."""
        if name in self.record.done:
            return
        began = time.perf_counter()
        act()
        self.record.done.append(name)
        self.record.seconds[name] = round(time.perf_counter() - began, 1)
        save(self.record, unfinished(self._results))

    def part_of_a_peer(self, name: str, act: Callable[[], None]) -> None:
        """Do a part whose failing is the peer's own: it is told, and the run goes on."""

        def tried() -> None:
            try:
                act()
            except RuntimeError as error:
                words = f"{name}: {str(error).strip().splitlines()[-1][:300]}"
                self.record.failed.append(words)
                self._bench.say(f"FAILED: {words}")

        self.part(name, tried)

    def finish(self) -> None:
        """The results are those of this run from now on."""
        save(self.record, self._results)
        unfinished(self._results).unlink(missing_ok=True)


def unfinished(results: Path) -> Path:
    """Where the results of a run are that is under way."""
    return results.with_suffix(".unfinished.json")


def save(record: machine.Record, path: Path) -> None:
    """Write a record, whole or not at all."""
    path.parent.mkdir(exist_ok=True, parents=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=0))
    beside.replace(path)


def _begun(path: Path, about: dict[str, str]) -> machine.Record | None:
    if not path.exists():
        return None
    record = msgspec.json.decode(path.read_bytes(), type=machine.Record)
    names = {*record.about, *about} - _OF_ONE_RUN
    other = sorted(name for name in names if record.about.get(name) != about.get(name))
    if other:
        told = ", ".join(f"{name}: {record.about.get(name)} and {about.get(name)}" for name in other)
        msg = f"{path} was begun elsewhere ({told}); go on there, or throw it away with --fresh"
        raise OtherMachine(msg)
    return record
