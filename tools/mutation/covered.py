"""Which tests run which lines, and how long each takes: measured once, kept outside of the repository."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from shutil import rmtree

import pytest

from mutation.sources import ROOT, Function

KEPT = ROOT / ".mutation" / "covered.json"
PARTS = ROOT / ".mutation" / "parts"
LEFT_OUT = (
    "tests/test_architecture.py",
    "tests/test_benchmark.py",
    "tests/test_docs.py",
    "tests/test_import_cost.py",
    "tests/test_mutation.py",
    "tests/test_planner_version.py",
    "tests/test_raises.py",
    "tests/test_reference.py",
    "tests/test_release.py",
    "tests/test_rules.py",
    "tests/test_words.py",
)
"""They read sources or time an import: what they say of a mutant is no behaviour."""


@dataclass(frozen=True)
class Covered:
    """For each function the tests that run each of its lines, counted from its first, as bits; and seconds of tests."""

    tests: list[str]
    seconds: list[float]
    lines: dict[str, dict[int, int]]
    """A module without a function stands for tests of all of it."""
    digests: dict[str, str]

    def of(self, function: Function, line: int) -> list[str]:
        """The tests that run a line, of the whole function if it changed since, of its module if it is not known."""
        lines = self.lines.get(function.key, {})
        anywhere = self.lines.get(f"{function.module}::", {}).get(0, 0)
        if self.digests.get(function.key) == function.digest:
            # A line within a statement of several: the nearest one above that was counted.
            above = [counted for counted in lines if counted <= line - function.first]
            return self._named([anywhere, lines[max(above)] if above else 0])
        if lines:
            return self._named([anywhere, *lines.values()])
        return self.of_module(function.module)

    def of_functions(self, keys: Iterable[str]) -> list[str]:
        """The tests that run any of these functions."""
        return self._named(bits for key in keys for bits in self.lines.get(key, {}).values())

    def of_module(self, module: str) -> list[str]:
        """The tests that run anything of a module."""
        return self._named(
            bits for key, lines in self.lines.items() if key.startswith(f"{module}::") for bits in lines.values()
        )

    def _named(self, all_bits: Iterable[int]) -> list[str]:
        union = 0
        for bits in all_bits:
            union |= bits
        return [test for number, test in enumerate(self.tests) if union >> number & 1]

    def save(self, file: Path) -> None:
        """Keep it for the next run."""
        lines = {key: {str(line): f"{bits:x}" for line, bits in of.items()} for key, of in self.lines.items()}
        kept = {"tests": self.tests, "seconds": self.seconds, "lines": lines, "digests": self.digests}
        file.write_text(json.dumps(kept))


def load(file: Path = KEPT) -> Covered:
    """What was measured before."""
    kept = json.loads(file.read_text())
    lines = {key: {int(line): int(bits, 16) for line, bits in of.items()} for key, of in kept["lines"].items()}
    return Covered(kept["tests"], kept["seconds"], lines, kept["digests"])


def measure(words: list[str], jobs: int, known: Covered | None = None, *, keep: bool = True) -> Covered:
    """Run tests once under coverage.py, all or those that the words name, and add what they run to what is known."""
    rmtree(PARTS, ignore_errors=True)
    PARTS.mkdir(parents=True)
    ignored = [f"--ignore={file}" for file in LEFT_OUT]
    pytest.main(["-q", f"--numprocesses={jobs}", "--quick", "-p", "mutation.measuring", *ignored, *words])
    parts = [load(part) for part in sorted(PARTS.iterdir())]
    covered = reduce(merged, parts, known or Covered([], [], {}, {}))
    if not covered.tests:
        sys.exit("no test passed: nothing can judge a mutant")
    if keep:
        covered.save(KEPT)
    return covered


def merged(old: Covered, new: Covered) -> Covered:
    """Both; of a test, and of a function that changed since, what the newer says."""
    seconds = dict(zip(old.tests, old.seconds, strict=True)) | dict(zip(new.tests, new.seconds, strict=True))
    tests = list(seconds)
    lines: dict[str, dict[int, int]] = {}
    for covered in (old, new):
        again = set(new.tests) if covered is old else set()
        places = [0 if test in again else 1 << tests.index(test) for test in covered.tests]
        for key, of in covered.lines.items():
            if covered is old and old.digests[key] != new.digests.get(key, old.digests[key]):
                continue
            mine = lines.setdefault(key, {})
            for line, bits in of.items():
                moved = sum(place for number, place in enumerate(places) if bits >> number & 1)
                mine[line] = mine.get(line, 0) | moved
    return Covered(tests, list(seconds.values()), lines, old.digests | new.digests)
