"""A public function says in its docstring which errors of ours it raises."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import connecteam_sync
from connecteam_sync import errors

SOURCE = Path(connecteam_sync.__file__).parent
ERRORS = {name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
MODULES = [path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts]


class Function(NamedTuple):
    """A function of a module, and the class it stands in."""

    node: ast.FunctionDef
    owner: ast.ClassDef | None

    @property
    def is_public(self) -> bool:
        """Whether others may call it; what a command does with errors of ours, `reporting` tells people."""
        names = [self.node.name, *([self.owner.name] if self.owner else [])]
        reports = any(
            isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func) == "reporting"
            for part in ast.walk(self.node)
            if isinstance(part, ast.With)
            for item in part.items
        )
        return not reports and not any(name.startswith("_") for name in names)

    @property
    def said(self) -> str:
        """The docstring, and that of its class."""
        return "\n".join(ast.get_docstring(node) or "" for node in (self.node, self.owner) if node is not None)


def functions(node: ast.AST, owner: ast.ClassDef | None = None) -> Iterator[Function]:
    """Every function of a module and of its classes; not those within functions."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.FunctionDef):
            yield Function(part, owner)
        else:
            yield from functions(part, part if isinstance(part, ast.ClassDef) else owner)


def raised(function: Function, others: dict[tuple[str, str], Function], seen: set[tuple[str, str]]) -> set[str]:
    """Errors of ours that it raises, by itself or by private functions of its module."""
    owner = function.owner.name if function.owner else ""
    found: set[str] = set()
    for part in ast.walk(function.node):
        if isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call):
            found |= {ast.unparse(part.exc.func)} & set(ERRORS)
        if not isinstance(part, ast.Call):
            continue
        called = ast.unparse(part.func)
        key = (owner, called.removeprefix("self.")) if called.startswith("self._") else ("", called)
        if key[1].startswith("_") and key in others and key not in seen:
            seen.add(key)
            found |= raised(others[key], others, seen)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_docstring_names_the_errors(path: Path) -> None:
    """By their names, or by that of the kind they belong to."""
    found = list(functions(ast.parse(path.read_text())))
    by_name = {(one.owner.name if one.owner else "", one.node.name): one for one in found}
    unsaid = {
        f"{one.node.name}: {name}"
        for one in found
        if one.is_public
        for name in raised(one, by_name, set())
        if not any(kind.__name__ in one.said for kind in ERRORS[name].__mro__ if kind.__name__ in ERRORS)
    }
    assert not unsaid
