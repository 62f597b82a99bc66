"""Mutation testing itself: names that last, verdicts that can be either, and files that say what is so."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from mutants import MUTANTS
from mutation import results
from mutation.covered import Covered, merged
from mutation.judge import KILLED, SURVIVED, Verdict
from mutation.mutants import mutants
from mutation.results import Judged, Results
from mutation.sources import ROOT, functions

TEXT = '''
LIMIT = 5


@decorated(1)
def first(rows, limit=3):
    """What it promises."""
    if rows:
        note(rows, force=True)
    return [row for row in rows if row < limit]


class Thing:
    @property
    def second(self) -> "a type":
        return self.query("SELECT a FROM b WHERE c <= 1")
'''


def changes(text: str) -> dict[str, str]:
    """What each mutant changes, by key."""
    return {mutant.key: mutant.change for mutant in mutants("core/made_up.py", text)}


def test_what_is_changed() -> None:
    """Conditions, calls, answers, arguments, bounds and SQL, in decorated functions and outside of functions too."""
    made = set(changes(TEXT).values())
    assert {
        "`LIMIT = 5` -> `LIMIT = None`",
        "`3` -> `4`",
        "`note(rows, force=True)` -> `pass`",
        "`True` -> `False`",
        "`< limit` -> `<= limit`",
    } <= made
    assert any(change.endswith('WHERE c < 1"`') for change in made)
    assert not any("promises" in change or "a type" in change for change in made)
    assert len([change for change in made if change.endswith("-> `return None`")]) == 2
    for mutant in mutants("core/made_up.py", TEXT):
        compile(mutant.source, "made_up", "exec")
        assert mutant.source != TEXT


def test_what_the_type_checker_refuses_is_no_mutant() -> None:
    """None where an annotation has none, a text for None where it has none, types, a class that is not frozen."""
    made = set(
        changes(
            """
if TYPE_CHECKING:
    from somewhere import One
Word = Literal["a", "b"]
Words = dict[str, Word]
Thing = TypeVar("Thing")
WORD = "c"
PAIRS = zip(WORD, WORD, strict=True)
class Row(Struct, frozen=True, kw_only=True, gc=False):
    minutes: int = 0
    name: str | None = None
    ended: int | None = None
    known: tuple[int, ...] | None = ()
"""
        ).values()
    )
    assert made == {
        '`WORD = "c"` -> `WORD = None`',
        '`"c"` -> `"XXcXX"`',
        "`PAIRS = zip(WORD, WORD, strict=True)` -> `PAIRS = None`",
        "`zip(WORD, WORD, strict=True)` -> `zip(None, WORD, strict=True)`",
        "`zip(WORD, WORD, strict=True)` -> `zip(WORD, None, strict=True)`",
        "`0` -> `1`",
        '`name: str | None = None` -> `name: str | None = ""`',
        "`…uple[int, ...] | None = ()` -> `…uple[int, ...] | None = None`",
    }


def test_a_name_outlives_what_changes_elsewhere() -> None:
    """Lines that are added above, and another function; a changed line gives its mutants new names."""
    before = changes(TEXT)
    assert changes("# a comment\n\n" + TEXT.replace('"SELECT a', '"SELECT x, a')).items() >= {
        (key, change) for key, change in before.items() if "::first::" in key
    }
    assert not {key for key in changes(TEXT.replace("row < limit", "limit > row")) if "::first::" in key} >= {
        key for key in before if "::first::" in key
    }


def test_what_works_at_import_is_told_from_what_does_not() -> None:
    """The body of a function can be exchanged; a default and a table cannot."""
    found = {mutant.change: mutant.is_at_import for mutant in mutants("core/made_up.py", TEXT)}
    assert found["`LIMIT = 5` -> `LIMIT = None`"]
    assert found["`3` -> `4`"]
    assert not found["`< limit` -> `<= limit`"]


def test_a_digest_changes_with_the_code_alone() -> None:
    """Comments, docstrings, places and other functions leave it as it is."""
    before = {function.name: function.digest for function in functions("a.py", TEXT)}
    assert list(before) == ["first", "Thing.second", "<module>"]
    moved = TEXT.replace("What it promises", "Other words").replace("    if rows:", "\n    # why\n    if rows:")
    assert {function.name: function.digest for function in functions("a.py", moved)} == before
    after = {function.name: function.digest for function in functions("a.py", TEXT.replace("c <= 1", "c < 1"))}
    assert [name for name in before if after[name] != before[name]] == ["Thing.second"]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """What is known of functions that are as they were; of others nothing is kept."""
    first, second, outside = functions("core/made_up.py", TEXT)
    mutant = next(mutant for mutant in mutants("core/made_up.py", TEXT) if mutant.function.name == "first")
    judged = Judged(first.digest)
    judged.add(Verdict(mutant, KILLED, "a test", 1))
    judged.add(Verdict(mutant, SURVIVED, "", 1))
    written = Results({first.key: judged, second.key: Judged("0123456789"), outside.key: Judged(outside.digest)})
    written.add_kill("core/made_up.py", "tests/a.py::test_a[one two]", 0.25)
    results.write(written, [first, second, outside], tmp_path / "results.txt")
    read = results.read(tmp_path / "results.txt")
    assert read.judged == {first.key: judged, outside.key: written.judged[outside.key]}
    assert read.killers == written.killers
    assert read.covered().of(first, first.first) == ["tests/a.py::test_a[one two]"]


def test_equivalents_count_neither_way() -> None:
    """Score = killed / (all - equivalent); what ran too long is killed."""
    judged = {"core/a.py::f": Judged("", 6, 1, {"00000000": (1, "x"), "11111111": (2, "y")})}
    (score, whole) = results.scores(judged, {"core/a.py::f::00000000"}).values()
    assert (score.killed, score.timed_out, score.survived, score.equivalent) == (6, 1, 1, 1)
    assert whole.percent == pytest.approx(87.5)
    assert results.below_goal(judged, {"core/a.py::f::00000000"}) == ["core"]


def test_what_is_measured_again_replaces_what_was_known() -> None:
    """Of a test that ran again; of a function that changed since; all else stays."""
    old = Covered(["a", "b"], [1.0, 2.0], {"f": {0: 0b11}, "g": {0: 0b01}}, {"f": "1", "g": "1"})
    new = Covered(["c", "b"], [3.0, 4.0], {"f": {0: 0b01}}, {"f": "1", "g": "2"})
    both = merged(old, new)
    assert both.tests == ["a", "b", "c"]
    assert both.seconds == [1.0, 4.0, 3.0]
    assert both.lines == {"f": {0: 0b101}}


def test_who_can_judge_a_line() -> None:
    """Who ran it; of a function that changed, who ran any of it; and those that killed in the module before."""
    function = functions("core/a.py", "def f(x):\n    return g(\n        x,\n    )\n")[0]
    lines = {function.key: {0: 0, 1: 0b001, 3: 0b010}, "core/a.py::": {0: 0b100}}
    covered = Covered(["a", "b", "c"], [1.0] * 3, lines, {function.key: function.digest})
    assert covered.of(function, 3) == ["a", "c"]
    assert covered.of(replace(function, digest="another"), 3) == ["a", "b", "c"]
    assert covered.of(replace(function, name="unknown"), 3) == ["a", "b", "c"]


def test_every_equivalent_is_a_mutant_and_has_a_reason() -> None:
    """A mutant that is no more is taken from the list."""
    listed = results.equivalents()
    there = {mutant.key for module in {key.partition("::")[0] for key in listed} for mutant in mutants(module)}
    assert set(listed) <= there
    assert all(len(reason.split()) > 3 for reason in listed.values())


def test_the_page_has_the_scores_of_the_results() -> None:
    """`make mutation` writes both."""
    page = results.PAGE.read_text()
    assert results.score_table(results.read().judged, results.equivalents()) in page


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FROZEN = "store/migrations/versions/"
"""Held by digests: any change of them fails `tests/store/test_upgrades.py`."""


def test_every_module_has_a_planted_bug() -> None:
    """Each that decides, writes, reads or tells: whatever has a function. Each bug is of a module that is there."""
    source = ROOT / "src" / "connecteam_sync"
    working = set()
    for path in source.rglob("*.py"):
        functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)]
        if any(len(function.body) > 1 or ast.get_docstring(function) is None for function in functions):
            working.add(path.relative_to(source).as_posix())
    planted = {file for file, *_ in MUTANTS if file.endswith(".py") and not file.startswith("..")}
    assert {file for file in working - planted if not file.startswith(FROZEN)} == set()
    assert {file for file in planted if not (source / file).is_file()} == set()


def test_a_planted_bug_stands_once() -> None:
    """In its file, so that it is clear what it changes; it changes something, and its suite is there."""
    source = ROOT / "src" / "connecteam_sync"
    for file, old, new, suite in MUTANTS:
        assert (source / file).read_text().count(old) == 1, (file, old)
        assert old != new, file
        assert sorted(ROOT.glob(suite.split(" ")[0])), suite


def test_a_suite_has_a_name_of_its_own() -> None:
    """A name that is given twice sends the bugs of the first suite to the second, which never sees them."""
    named = [
        found.id
        for statement in ast.parse((ROOT / "tests" / "mutants.py").read_text()).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        for found in ast.walk(target)
        if isinstance(found, ast.Name)
    ]
    assert sorted(set(named)) == sorted(named)


JUDGED = """
    import sys
    from dataclasses import replace
    import pytest
    from mutation.covered import Covered
    from mutation.judge import PYTEST, Judging
    from mutation.mutants import mutants
    from mutation.sources import functions

    TEST = "tests/core/test_window.py::test_the_span_is_half_open"
    made = [each for each in mutants("core/window.py") if each.function.name == "Window.holds"]
    text = open("src/connecteam_sync/core/window.py").read()
    line = "        return self.start_utc <= instant < self.end_utc\\n"
    top = next(each for each in functions("core/window.py", text) if each.name == "<module>")
    def by_hand(name, instead, function=made[0].function):
        assert text.count(line) == 1
        return replace(made[0], name=name, source=text.replace(line, instead), function=function)
    mutants = [
        by_hand("none", line),
        by_hand("bound", line.replace("<=", "<")),
        by_hand("loop", "        while True: pass\\n"),
        by_hand("memory", "        return bool(bytearray(1 << 40))\\n"),
        by_hand("none too", line, top),
        by_hand("at import", "    raise ValueError\\n", top),
    ]
    covered = Covered([TEST], [0.01], {made[0].function.key: {0: 1}, top.key: {0: 1}}, {})
    def told(verdict):
        print("VERDICT", verdict.mutant.name, "=", verdict.outcome)
        return True
    pytest.main([*PYTEST, "tests/core/test_window.py"], plugins=[Judging(mutants, covered, {}, 2, told)])
"""


def test_verdicts() -> None:
    """A change that means nothing survives; a bound, memory and an import are killed, a loop runs out of time."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", textwrap.dedent(JUDGED)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": "tools:src", "CONNECTEAM_SYNC_TEST_DATABASES": ""},
    )
    said = dict(line[8:].split(" = ") for line in done.stdout.splitlines() if line.startswith("VERDICT "))
    assert said == {
        "none": "survived",
        "bound": "killed",
        "loop": "timed out",
        "memory": "killed",
        "none too": "survived",
        "at import": "killed",
    }, done.stdout + done.stderr
