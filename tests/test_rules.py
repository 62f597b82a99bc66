"""The rules stand in the repository: each number that is cited exists, each rule is cited by code and by a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)]
RULES = {int(n) for n in re.findall(r"^### Rule (\d+): \w", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE)}
SECTIONS = set(re.findall(r"^##+ ([\d.]+?)\.? \w", (ROOT / "docs" / "connecteam-api.md").read_text(), re.MULTILINE))

_NUMBERS = r"(\d+(?:\.\d+)?(?:(?:, | and | to )\d+(?:\.\d+)?)*)"
_RULE = re.compile(r"\b[Rr]ules? " + _NUMBERS)
_SECTION = re.compile(r"(API, )?\bsections? " + _NUMBERS)


def _each(said: str) -> Iterator[str]:
    """The numbers of `2`, `2 and 4`, `2 to 4` or `7.6, 9`."""
    for part in re.split(r", | and ", said):
        first, _, last = part.partition(" to ")
        yield from map(str, range(int(first), int(last) + 1)) if last else (first,)


def cited(path: Path) -> set[int]:
    """The rules that a file cites."""
    return {int(n) for found in _RULE.findall(path.read_text()) for n in _each(found)}


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_number_that_is_cited_exists(path: Path) -> None:
    """A rule of docs/design.md, or a section of docs/connecteam-api.md, which is named where it is meant."""
    assert cited(path) <= RULES
    for api, said in _SECTION.findall(path.read_text()):
        assert api, f"section {said} of what? write 'API, section {said}', or name a rule"
        assert set(_each(said)) <= SECTIONS


def test_the_rules_are_numbered_without_a_gap() -> None:
    """So that a number that was retired would show."""
    assert sorted(RULES) == list(range(1, 16))


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_cited_by_the_code_that_keeps_it_and_by_a_test(rule: int) -> None:
    """Whoever reads a rule finds by its number where it is kept and how it is tried."""
    assert [path for path in SOURCES if rule in cited(path)]
    assert [path for path in TESTS if rule in cited(path)]
