"""What became of every mutant, in a file of the repository: a function that did not change is not judged again.

    core/plan.py
      by 31 0.02 tests/core/test_plan.py::test_name
      PlanBuilder.decide 0123456789 killed 40 timed out 1 survived 1
        89abcdef +12 `a < b` -> `a <= b`

Tests that killed come first: how many mutants, and the seconds they take. The number after a name is the digest of the
function; that before a change counts lines from the function's first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mutation.covered import Covered
from mutation.judge import KILLED, SURVIVED, TIMED_OUT, Verdict
from mutation.sources import ROOT, Function

RESULTS = ROOT / "tests" / "mutation" / "results.txt"
EQUIVALENT = ROOT / "tests" / "mutation" / "equivalent.toml"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- scores of mutants: make mutation -->", "<!-- end of scores -->"
GOALS: Mapping[str, int] = {"core": 95, "engine": 95, "api": 90, "store": 90}
GOAL = 85
KILLERS = 40
"""As many tests of a module are kept, those with the most kills."""
_KILLER = re.compile(r"  by (\d+) (\d+\.\d+) (.+)")
_FUNCTION = re.compile(r"  (\S+) ([0-9a-f]{10}) killed (\d+) timed out (\d+) survived (\d+)")
_SURVIVOR = re.compile(r"    ([0-9a-f]{8}) \+(\d+) (.*)")


@dataclass
class Judged:
    """What became of the mutants of one function."""

    digest: str
    killed: int = 0
    timed_out: int = 0
    survivors: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By name: the line, counted from the function's first, and the change."""

    def add(self, verdict: Verdict) -> None:
        """One more."""
        mutant = verdict.mutant
        self.killed += verdict.outcome == KILLED
        self.timed_out += verdict.outcome == TIMED_OUT
        if verdict.outcome == SURVIVED:
            self.survivors[mutant.name] = (mutant.line - mutant.function.first, mutant.change)


@dataclass
class Results:
    """What is known: functions by key, and by module the tests that killed, with how many kills and seconds."""

    judged: dict[str, Judged] = field(default_factory=dict)
    killers: dict[str, dict[str, tuple[int, float]]] = field(default_factory=dict)

    def add_kill(self, module: str, test: str, seconds: float) -> None:
        """One more."""
        killers = self.killers.setdefault(module, {})
        killers[test] = (killers.get(test, (0, 0.0))[0] + 1, seconds)

    def covered(self) -> Covered:
        """The tests that killed, as if each ran all of the module: what there is where nothing was measured."""
        seconds = {test: spent for of in self.killers.values() for test, (_, spent) in of.items()}
        place = {test: 1 << number for number, test in enumerate(seconds)}
        lines = {f"{module}::": {0: sum(place[test] for test in of)} for module, of in self.killers.items()}
        return Covered(list(seconds), list(seconds.values()), lines, dict.fromkeys(lines, ""))


def read(file: Path = RESULTS) -> Results:
    """What was written."""
    found = Results()
    module, judged = "", Judged("")
    for line in file.read_text().splitlines() if file.exists() else ():
        if matched := _KILLER.fullmatch(line):
            found.killers.setdefault(module, {})[matched[3]] = (int(matched[1]), float(matched[2]))
        elif matched := _FUNCTION.fullmatch(line):
            judged = found.judged[f"{module}::{matched[1]}"] = Judged(matched[2], int(matched[3]), int(matched[4]))
        elif matched := _SURVIVOR.fullmatch(line):
            judged.survivors[matched[1]] = (int(matched[2]), matched[3])
        else:
            module = line
    return found


def write(results: Results, functions: Iterable[Function], file: Path = RESULTS) -> None:
    """Keep what is known of functions that there are, in the order of the source."""
    lines: list[str] = []
    module = ""
    for function in functions:
        judged = results.judged.get(function.key)
        if judged is None or judged.digest != function.digest:
            continue
        if function.module != module:
            module = function.module
            lines.append(module)
            lines.extend(_killers(results.killers.get(module, {})))
        lines.append(
            f"  {function.name} {judged.digest} killed {judged.killed} timed out {judged.timed_out}"
            f" survived {len(judged.survivors)}"
        )
        for name, (line, change) in sorted(judged.survivors.items(), key=lambda each: (each[1], each[0])):
            lines.append(f"    {name} +{line} {change}")
    file.parent.mkdir(exist_ok=True)
    written = file.with_suffix(".new")
    written.write_text("".join(f"{line}\n" for line in lines))
    written.replace(file)


def _killers(killers: Mapping[str, tuple[int, float]]) -> list[str]:
    most = sorted(killers.items(), key=lambda each: (-each[1][0], each[0]))[:KILLERS]
    return [f"  by {kills} {seconds:.2f} {test}" for test, (kills, seconds) in most]


def equivalents(file: Path = EQUIVALENT) -> dict[str, str]:
    """Mutants that mean the same as what stands there, by key, and why."""
    return {key: str(reason) for key, reason in tomllib.loads(file.read_text()).items()}


@dataclass
class Score:
    """How many mutants of a module or a package tests kill."""

    killed: int = 0
    timed_out: int = 0
    survived: int = 0
    equivalent: int = 0

    @property
    def all(self) -> int:
        """How many there are."""
        return self.killed + self.timed_out + self.survived + self.equivalent

    @property
    def percent(self) -> float:
        """Of those that mean something else than what stands there."""
        meaningful = self.all - self.equivalent
        return 100 * (self.killed + self.timed_out) / meaningful if meaningful else 100.0


def scores(judged_by_key: Mapping[str, Judged], equivalent: Collection[str]) -> dict[tuple[str, str], Score]:
    """By package and module; that of a whole package has no module."""
    found: dict[tuple[str, str], Score] = {}
    for key, judged in judged_by_key.items():
        module = key.partition("::")[0]
        package = module.partition("/")[0] if "/" in module else "others"
        same = sum(f"{key}::{name}" in equivalent for name in judged.survivors)
        for place in ((package, ""), (package, module)):
            score = found.setdefault(place, Score())
            score.killed += judged.killed
            score.timed_out += judged.timed_out
            score.survived += len(judged.survivors) - same
            score.equivalent += same
    return dict(sorted(found.items()))


def below_goal(judged_by_key: Mapping[str, Judged], equivalent: Collection[str]) -> list[str]:
    """The packages with too low a score."""
    found = scores(judged_by_key, equivalent).items()
    return [package for (package, module), score in found if not module and score.percent < goal(package)]


def goal(package: str) -> int:
    """The score it is to have, in percent."""
    return GOALS.get(package, GOAL)


def score_table(judged_by_key: Mapping[str, Judged], equivalent: Collection[str]) -> str:
    """The table of the page."""
    lines = [
        "| module | mutants | killed | timed out | survived | equivalent | score | goal |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for (package, module), score in scores(judged_by_key, equivalent).items():
        if not score.all:
            continue
        named, aim = (f"`{module}`", "") if module else (f"**{package}**", f"{goal(package)} %")
        counts = (score.all, score.killed, score.timed_out, score.survived, score.equivalent)
        numbers = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| {named} | {numbers} | {score.percent:.1f} % | {aim} |")
    return "\n".join(lines)


def write_page(judged_by_key: Mapping[str, Judged], equivalent: Collection[str], page: Path = PAGE) -> None:
    """Put the table where the page has its place for it."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{score_table(judged_by_key, equivalent)}\n\n{END}{after}")
