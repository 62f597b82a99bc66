"""A rule that changed is noticed: slices that had nothing to do under the old one are decided again.

`python tests/test_planner_version.py` writes the hash of the source as it is now.
"""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

import pytest

from connecteam_sync.version import PLANNER_VERSION

SOURCE = Path(__file__).parent.parent / "src" / "connecteam_sync"
ROOTS = (
    "core.plan",
    "core.end_of_run",
    "engine.decide",
    "api.wire",
    "api.invalid_records",
    "api.lenient_json",
    "core.unchanged_people",
)
"""What decides, and what makes shifts of an answer; what these import of the core decides with them."""
SEEN = (8, "a63abe51cfd433ad")
"""The PLANNER_VERSION, and the hash of the source that it stands for."""


def modules() -> list[str]:
    """Every module that bears on a decision: the roots, and all of the core that they know."""
    found: set[str] = set()
    ahead = list(ROOTS)
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.add(name)
        nodes = ast.walk(ast.parse(_path(name).read_text()))
        names = [(node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)]
        ahead += [one.removeprefix("connecteam_sync.") for one in names if one.startswith("connecteam_sync.core.")]
    return sorted(found - {"core.legacy"})  # which is never remembered


def _path(name: str) -> Path:
    return SOURCE.joinpath(*name.split(".")).with_suffix(".py")


def code(text: str) -> list[str]:
    """The lines of a module that do something: no comment on its own line, no docstring, no empty line, no import."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        is_text = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if isinstance(node, ast.stmt) and (is_import or is_text):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


def fingerprint() -> str:
    """A hash of all that decides."""
    whole = hashlib.sha256()
    for name in modules():
        whole.update("\n".join((name, *code(_path(name).read_text()), "")).encode())
    return whole.hexdigest()[:16]


def test_whoever_changes_a_rule_thinks_of_the_planner_version() -> None:
    """A reminder, and no proof: only a person knows whether equal inputs may be decided otherwise by now."""
    assert (PLANNER_VERSION, fingerprint()) == SEEN, (
        "the source of what decides has changed: raise PLANNER_VERSION (src/connecteam_sync/version.py) if a decision"
        f" may change, then write the new hash: {Path(__file__).name} says {SEEN}, the source is {fingerprint()!r};"
        " `python tests/test_planner_version.py` writes it"
    )


@pytest.mark.parametrize(
    "name", ["core.plan", "core.match", "core.absences", "core.guards", "core.locks", "core.draft"]
)
def test_what_decides_is_looked_at(name: str) -> None:
    """Whatever the roots import, these are among it."""
    assert name in modules()


def test_words_alone_change_nothing() -> None:
    """Docstrings, comments and imports may be rewritten; a number may not."""
    before = '"""Says."""\nimport a\n\n# why\ndef f() -> int:\n    """Does."""\n    return 1\n'
    after = '"""Says it.\n\nAt length.\n"""\nimport b\n# because\n\n\ndef f() -> int:\n    """Did."""\n    return 1\n'
    assert code(before) == code(after)
    assert code(before) != code(before.replace("return 1", "return 2"))


if __name__ == "__main__":
    own = Path(__file__)
    own.write_text(
        re.sub(r"^SEEN = .*$", f'SEEN = ({PLANNER_VERSION}, "{fingerprint()}")', own.read_text(), flags=re.MULTILINE)
    )
