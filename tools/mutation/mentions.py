"""Which functions name what a module computes when it is imported: their tests can tell a change of it."""

from __future__ import annotations

import ast
import re

from mutation.mutants import Mutant
from mutation.sources import AT_IMPORT, SOURCE, functions, modules

WORD = re.compile(r"[A-Za-z_]\w*")


class Mentions:
    """The words of every function."""

    def __init__(self) -> None:
        self._keys: dict[str, list[str]] = {}
        self._trees: dict[str, ast.Module] = {}
        for module in modules():
            text = (SOURCE / module).read_text()
            lines = text.splitlines()
            self._trees[module] = ast.parse(text)
            for function in functions(module, text):
                if function.name != AT_IMPORT:
                    for word in set(WORD.findall("\n".join(lines[function.first - 1 : function.last]))):
                        self._keys.setdefault(word, []).append(function.key)

    def of(self, mutant: Mutant) -> list[str]:
        """The functions that name what is changed; for the head of a function, that function."""
        if mutant.function.name != AT_IMPORT:
            return [mutant.function.key]
        names = _assigned(self._trees[mutant.function.module], mutant.line)
        return [key for name in names for key in self._keys.get(name, ())]


def _assigned(tree: ast.AST, line: int) -> list[str]:
    """The name that the statement of a line gives a value to; of a class where it is in a class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            inner = _assigned(node, line) if isinstance(node, ast.ClassDef | ast.If | ast.Try) else []
            if inner or not isinstance(node, ast.ClassDef):
                return inner or [target.id for target in _targets(node) if isinstance(target, ast.Name)]
            return [node.name]
    return []


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []
