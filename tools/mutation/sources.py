"""The functions of a module: what each is called, where it stands, and a digest that changes when it does."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "connecteam_sync"
FROZEN = "store/migrations/"
"""Never changed again, and tested by upgrades of what they left: nothing to learn."""
AT_IMPORT = "<module>"
"""What stands outside of functions, and what is computed when a function is defined."""

_CACHED = type(cache(abs))


@dataclass(frozen=True)
class Function:
    """A function, a method, or what is outside of both."""

    module: str
    name: str
    first: int
    body: int
    last: int
    digest: str

    @property
    def key(self) -> str:
        """How results and coverage name it."""
        return f"{self.module}::{self.name}"


def modules() -> list[str]:
    """All modules that are mutated, as paths below the package."""
    found = (str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*.py"))
    return sorted(module for module in found if not module.startswith(FROZEN))


def functions(module: str, text: str) -> list[Function]:
    """The functions of a module from top to bottom; what is outside of them comes last."""
    tree = ast.parse(text)
    found: list[Function] = []
    names: dict[str, int] = {}
    for prefix, node in _definitions(tree, ""):
        name = prefix + node.name
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:  # setters and overloads
            name = f"{name}#{names[name]}"
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        found.append(Function(module, name, first, node.body[0].lineno, node.end_lineno or first, _digest(node)))
    outside = deepcopy(tree)
    for _, node in _definitions(outside, ""):
        node.body = []
    found.append(Function(module, AT_IMPORT, 1, 1, len(text.splitlines()) + 1, _digest(outside)))
    return found


def function_at(found: list[Function], line: int) -> Function:
    """The function that a line belongs to."""
    return next(function for function in found if function.first <= line <= function.last)


def forget_answers() -> None:
    """Empty the caches of our functions: an answer from before a test shows neither a line that runs nor a mutant."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "connecteam_sync":
            for value in vars(module).values():
                if isinstance(value, _CACHED):
                    value.cache_clear()


def _definitions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix, node
        elif isinstance(node, ast.ClassDef):
            yield from _definitions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt):
            yield from _definitions(node, prefix)


def _digest(node: ast.AST) -> str:
    """What the source says, but for comments, docstrings and where it stands."""
    without = deepcopy(node)
    for inner in ast.walk(without):
        body = getattr(inner, "body", None)
        if isinstance(body, list):
            inner.body = [statement for statement in body if not _is_text(statement)]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(without).encode()).hexdigest()[:10]


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
