"""The mutants of a module, each with a name that outlives changes elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.pragma_handling import IgnoredCode

from mutation.operators import OPERATORS, is_checked_by_types
from mutation.sources import AT_IMPORT, SOURCE, Function, function_at, functions

AROUND = 24
"""As many letters of a change are shown on both sides."""


@dataclass(frozen=True)
class Mutant:
    """One change of one function."""

    function: Function
    name: str
    line: int
    change: str
    source: str
    """The whole module with the change."""

    @property
    def key(self) -> str:
        """How a list of equivalents names it."""
        return f"{self.function.key}::{self.name}"

    @property
    def is_at_import(self) -> bool:
        """Whether the module has to be imported again for it: it is not in the body of a function."""
        return self.function.name == AT_IMPORT or self.line < self.function.body


class _Visitor(MutationVisitor):
    """Mutmut's, with our operators, in decorated functions too."""

    def __init__(self) -> None:
        super().__init__(OPERATORS, IgnoredCode(set(), set(), set()))
        self.places: list[CodeRange] = []

    def _create_mutations(self, node: cst.CSTNode) -> None:
        super()._create_mutations(node)
        place = self.get_metadata(PositionProvider, node)
        self.places.extend([place] * (len(self.mutations) - len(self.places)))

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if is_checked_by_types(node):
            return True
        if isinstance(node, cst.FunctionDef) and node.decorators:
            # What is skipped is the decorator, which is a node of its own.
            return super()._skip_node_and_children(node.with_changes(decorators=[]))
        return super()._skip_node_and_children(node)


def mutants(module: str, text: str | None = None) -> list[Mutant]:
    """All mutants of a module from top to bottom."""
    text = (SOURCE / module).read_text() if text is None else text
    found = functions(module, text)
    lines = text.splitlines(keepends=True)
    counted: dict[str, int] = {}
    made: list[Mutant] = []
    for place, before, after, source in _changes(text, lines):
        function = function_at(found, place.start.line)
        around = "".join(lines[place.start.line - 1 : place.end.line])
        said = "\0".join((function.key, " ".join(around.split()), before, after))
        counted[said] = counted.get(said, 0) + 1
        name = hashlib.sha256(f"{said}\0{counted[said]}".encode()).hexdigest()[:8]
        made.append(Mutant(function, name, place.start.line, _shown(before, after), source))
    return made


def _changes(text: str, lines: list[str]) -> Iterator[tuple[CodeRange, str, str, str]]:
    """Where each change is, what stands there before and after it, and the module with it."""
    visitor = _Visitor()
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    module = wrapper.module
    wrapper.visit(visitor)
    for mutation, place in zip(visitor.mutations, visitor.places, strict=True):
        before, after = (module.code_for_node(node) for node in (mutation.original_node, mutation.mutated_node))
        if isinstance(mutation.original_node, cst.BaseCompoundStatement):
            changed = module.deep_replace(mutation.original_node, mutation.mutated_node)
            source = cst.ensure_type(changed, cst.Module).code
        else:
            # Much sooner than by the tree, which is copied for each.
            begin, end = lines[place.start.line - 1], lines[place.end.line - 1]
            source = "".join(
                (
                    *lines[: place.start.line - 1],
                    begin[: place.start.column],
                    after,
                    end[place.end.column :],
                    *lines[place.end.line :],
                )
            )
        yield place, before, after, source


def _shown(before: str, after: str) -> str:
    """A change on one line: what differs, and a little of what stands around it."""
    before, after = " ".join(before.split()), " ".join(after.split())
    first = _common(before, after)
    last = min(_common(before[::-1], after[::-1]), min(len(before), len(after)) - first)

    def part(text: str) -> str:
        begin, end = max(0, first - AROUND), min(len(text), len(text) - last + AROUND)
        return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"

    return f"`{part(before)}` -> `{part(after)}`"


def _common(one: str, other: str) -> int:
    """As many letters are the same from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
