"""`make mutation`: judge what is not judged yet; stop it at any time, and the next one goes on from there."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from mutation import results
from mutation.covered import KEPT, LEFT_OUT, Covered, load, measure
from mutation.judge import KILLED, PYTEST, SURVIVED, Judging, Verdict
from mutation.mutants import Mutant, mutants
from mutation.results import Judged
from mutation.sources import ROOT, SOURCE, Function, functions, modules

EVERY = 20
"""Seconds after which what is known by then is written."""


def arguments() -> argparse.Namespace:
    """The words of the command."""
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules or folders, as core or core/plan.py (default: all)")
    parser.add_argument("--changed", metavar="BASE", help="only functions that a commit, as origin/main, has otherwise")
    parser.add_argument("--survivors", action="store_true", help="only what survived, once more")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many (default: go on to the end)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at once (default: the cores)")
    parser.add_argument("--measure", action="append", metavar="TESTS", help="measure again what tests run, or `all`")
    return parser.parse_args()


class Run:
    """One start of the command: what is to be judged, and what is known by now."""

    def __init__(self, words: argparse.Namespace) -> None:
        self._words = words
        self._all = [each for module in modules() for each in functions(module, (SOURCE / module).read_text())]
        self._results = results.read()
        self._equivalent = results.equivalents()
        self._unfinished: dict[str, Judged] = {}
        self._left: Counter[str] = Counter()
        self._began = self._written = time.monotonic()
        self._judged = 0

    def judge(self) -> int:
        """1 if the functions that changed have a score below their goal, otherwise 0."""
        chosen = self._chosen()
        waiting = self._mutants(chosen)
        say(f"{len(waiting):,} mutants of {len(chosen):,} functions to judge")
        if waiting:
            self._run(waiting)
        self._write()
        return self._conclusion(chosen)

    def _chosen(self) -> list[Function]:
        """The functions that the words ask for, and that are not judged as they are."""
        chosen = [each for each in self._all if is_asked(each.module, self._words.modules)]
        if self._words.changed:
            before = functions_of(self._words.changed)
            chosen = [each for each in chosen if (each.name, each.digest) not in before]
        return chosen

    def _mutants(self, chosen: list[Function]) -> list[Mutant]:
        """Those that are not judged yet, or survived where survivors are asked for; begins their functions."""
        keys = {each.key: each for each in chosen}
        made: list[Mutant] = []
        for key, function in keys.items():
            known = self._results.judged.get(key)
            is_known = known is not None and known.digest == function.digest
            if is_known and known is not None and self._words.survivors and known.survivors:
                same = {name: of for name, of in known.survivors.items() if f"{key}::{name}" in self._equivalent}
                self._unfinished[key] = replace(known, survivors=same)
            elif not is_known and not self._words.survivors:
                self._unfinished[key] = Judged(function.digest)
        for module in sorted({keys[key].module for key in self._unfinished}, key=self._turn):
            for mutant in mutants(module):
                key = mutant.function.key
                if key in self._unfinished and (not self._words.survivors or self._is_survivor(mutant)):
                    made.append(mutant)
        made.sort(key=lambda mutant: mutant.is_at_import)  # they take ten times as long
        self._left = Counter(mutant.function.key for mutant in made)
        for key in [key for key in self._unfinished if not self._left[key]]:
            self._results.judged[key] = self._unfinished.pop(key)
        return made

    def _turn(self, module: str) -> tuple[int, str]:
        """Modules come in the order of the words that ask for them."""
        words: list[str] = self._words.modules
        return next((place for place, word in enumerate(words) if is_asked(module, [word])), 0), module

    def _is_survivor(self, mutant: Mutant) -> bool:
        survivors = self._results.judged[mutant.function.key].survivors
        return mutant.name in survivors and mutant.key not in self._equivalent

    def _run(self, waiting: list[Mutant]) -> None:
        covered = self._covered()
        self._seconds = dict(zip(covered.tests, covered.seconds, strict=True))
        judging = Judging(waiting, covered, self._kills(), self._words.jobs, self._told)
        files = sorted({test.partition("::")[0] for test in covered.tests})
        code = pytest.main([*PYTEST, "--quick", *(file for file in files if (ROOT / file).exists())], plugins=[judging])
        if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            sys.exit(f"the tests could not be collected: {code}")

    def _kills(self) -> dict[tuple[str, str], int]:
        found = self._results.killers.items()
        return {(module, test): kills for module, of in found for test, (kills, _) in of.items()}

    def _told(self, verdict: Verdict) -> bool:
        """Note it; whether there is time for another."""
        mutant = verdict.mutant
        key = mutant.function.key
        self._unfinished[key].add(verdict)
        self._left[key] -= 1
        self._judged += 1
        if verdict.test and verdict.outcome == KILLED:
            self._results.add_kill(mutant.function.module, verdict.test, self._seconds[verdict.test])
        if verdict.outcome == SURVIVED and verdict.tried:
            say(f"survived {verdict.tried} tests: {mutant.key} line {mutant.line} {mutant.change}")
        if not self._left[key]:
            self._results.judged[key] = self._unfinished.pop(key)
            if not verdict.tried:
                say(f"no test runs some of {key}")
        now = time.monotonic()
        if now > self._written + EVERY:
            self._written = now
            self._write()
            say(f"{self._left.total():,} mutants left")
        return not self._words.minutes or now < self._began + 60 * self._words.minutes

    def _write(self) -> None:
        results.write(self._results, self._all)
        results.write_page(results.read().judged, self._equivalent)

    def _covered(self) -> Covered:
        """What was measured; for changes, if nothing was, the tests that killed before, and those that changed."""
        if self._words.measure:
            tests = [each for each in self._words.measure if each != "all"]
            return measure(tests, self._words.jobs, load() if tests and KEPT.exists() else None)
        if KEPT.exists():
            return load()
        if not self._words.changed:
            return measure([], self._words.jobs)
        known = self._results.covered()
        tests = tests_that_changed(self._words.changed)
        return measure(tests, self._words.jobs, known, keep=False) if tests else known

    def _conclusion(self, chosen: list[Function]) -> int:
        """Say how it ended."""
        if self._judged:
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            work = (spent.ru_utime + spent.ru_stime) / self._judged
            minutes = (time.monotonic() - self._began) / 60
            say(f"{self._judged:,} mutants judged in {minutes:.1f} min, {work:.2f} s of work each")
        left = sum(self._left.values())
        if left:
            say(f"NOT JUDGED: {left:,} mutants; go on with the same words")
        keys = {each.key: each.digest for each in chosen}
        judged = {key: of for key, of in self._results.judged.items() if key in keys and of.digest == keys[key]}
        say(results.score_table(judged, self._equivalent))
        poor = results.below_goal(judged, self._equivalent) if self._words.changed else []
        if poor:
            say(f"below the goal: {', '.join(poor)}")
        return 1 if poor else 0


def functions_of(base: str) -> set[tuple[str, str]]:
    """The name and digest of each function of a commit: what only moved did not change."""
    listed = git("ls-tree", "-r", "--name-only", base, "--", "src/connecteam_sync").splitlines()
    files = (file for file in listed if file.endswith(".py"))
    return {(each.name, each.digest) for file in files for each in functions(file, git("show", f"{base}:{file}"))}


def tests_that_changed(base: str) -> list[str]:
    """The files of tests that a commit has otherwise, or not at all."""
    files = git("diff", "--name-only", base, "--", "tests").splitlines()
    return [
        file
        for file in files
        if (ROOT / file).name.startswith("test_")
        and file.endswith(".py")
        and (ROOT / file).exists()
        and file not in LEFT_OUT
    ]


def git(*words: str) -> str:
    """What git says."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603, S607


def is_asked(module: str, words: Iterable[str]) -> bool:
    """Whether a module is one of those, or in one of those folders."""
    words = list(words)
    return not words or any(module == word or module.startswith(f"{word.rstrip('/')}/") for word in words)


def say(text: str) -> None:
    """One line to whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(Run(arguments()).judge())
