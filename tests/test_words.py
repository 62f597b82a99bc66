"""One word for each thing: the glossary has every public name once, and words that were given up do not come back."""

from __future__ import annotations

import inspect
import io
import re
import tokenize
from pathlib import Path

import pytest

import connecteam_sync

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "glossary.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| word ")
]
GIVEN_UP = re.compile(
    r"(^|_)(door|desk|papers|pieces?|trips?|settled?|witness|somebodys|rivals|harms?|doubt(s|ed)?|tally)(_|$)",
    re.IGNORECASE,
)
"""Parts of names; `round_trips` are what they say."""
PROSE = re.compile(r"\b(anew|papers|witness|in vain|hands at the table|the library's door)\b", re.IGNORECASE)
SOURCE = sorted((ROOT / "src").rglob("*.py"))
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
    *sorted(ROOT.glob("*.md")),
]


def _without_contract(name: str) -> str:
    """A name without what it must be called: `settle_seconds` is a key of the contract."""
    return name.replace("round_trip", "").replace("settle_seconds", "")


def test_every_public_name_has_one_word() -> None:
    """Errors are in the reference; every other name stands on the page once."""
    named = [name for *_, code in ROWS for name in re.findall(r"`(\w+)`", code)]
    public = {
        name
        for name in connecteam_sync.__all__
        if not name.startswith("_")
        and not (inspect.isclass(found := getattr(connecteam_sync, name)) and issubclass(found, Exception))
    }
    assert sorted(named) == sorted(public)


def test_no_word_is_explained_twice() -> None:
    """One meaning each."""
    words = [word for word, *_ in ROWS]
    assert sorted(words) == sorted(set(words))
    assert all(len(row) == 3 and row[1] for row in ROWS)


@pytest.mark.parametrize("path", SOURCE, ids=lambda path: str(path.relative_to(ROOT / "src" / "connecteam_sync")))
def test_words_that_were_given_up_are_in_no_name(path: Path) -> None:
    """Neither in a name of the code nor in a comment or docstring."""
    found = set()
    if "versions" in path.parts:
        return  # migrations are frozen, words and all
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.NAME and GIVEN_UP.search(_without_contract(token.string)):
            found.add(token.string)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
            found |= {said.group() for said in PROSE.finditer(token.string)}
    assert not found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_are_in_plain_words(path: Path) -> None:
    """A tired engineer reads a sentence once."""
    if path.name == "CHANGELOG.md":
        return  # what was said of a version stays
    assert not {said.group() for said in PROSE.finditer(path.read_text())}
