"""What is done to the source: the operators of mutmut, and a few for what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import libcst as cst
from mutmut.mutation import mutators

SQL = re.compile(r"\b(SELECT|UPDATE|DELETE|INSERT|WHERE|JOIN|EXISTS|AND|ORDER BY|BETWEEN)\b")
WORD = re.compile(r"\w+")
TYPE = re.compile(r"_?[A-Z]\w*[a-z]")
"""The name of a type; constants have no small letter."""
SWAPS = (
    ("<=", "<"),
    (">=", ">"),
    (" < ", " <= "),
    (" > ", " >= "),
    ("<>", "="),
    (" AND ", " OR "),
    (" OR ", " AND "),
    ("NOT EXISTS", "EXISTS"),
    ("NOT IN", "IN"),
    ("IS NOT NULL", "IS NULL"),
    (" DESC", ""),
    ("MAX(", "MIN("),
    ("MIN(", "MAX("),
    ("LEFT JOIN", "JOIN"),
)


def one_text(node: cst.BaseString) -> Iterable[cst.BaseString]:
    """Another text; not in other letters too, which say the same to SQL."""
    return islice(mutators.operator_string(node), 1)


def arguments(node: cst.Call) -> Iterable[cst.CSTNode]:
    """None for an argument, and the default for one with a name; one without a name less is an error of types."""
    if not (isinstance(node.func, cst.Name) and node.func.value in {"cast", "TypeVar", "NewType"}):
        for changed in mutators.operator_arg_removal(node):
            gone = next(argument for argument in node.args if all(argument is not kept for kept in changed.args))
            if not is_checked_by_types(gone) and (gone.keyword or len(changed.args) == len(node.args)):
                yield changed


def sql(node: cst.SimpleString | cst.FormattedStringText) -> Iterable[cst.CSTNode]:
    """A statement that compares, joins or sorts otherwise."""
    if SQL.search(node.value):
        for old, new in SWAPS:
            if old in node.value:
                yield node.with_changes(value=node.value.replace(old, new, 1))


def condition(node: cst.If | cst.While) -> Iterable[cst.CSTNode]:
    """The other way round, where no operator in it is turned."""
    if not isinstance(node.test, cst.Comparison | cst.UnaryOperation | cst.BooleanOperation):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(operator=cst.Not(), expression=test))


def statement(node: cst.Expr) -> Iterable[cst.CSTNode]:
    """A call that is left out."""
    if isinstance(node.value, cst.Call | cst.Await):
        yield cst.Pass()


def answer(node: cst.Return) -> Iterable[cst.CSTNode]:
    """Nothing is returned."""
    if node.value is not None and not isinstance(node.value, cst.Name | cst.BaseNumber | cst.SimpleString):
        yield node.with_changes(value=cst.Name("None"))


def assignment(node: cst.Assign | cst.AnnAssign) -> Iterable[cst.CSTNode]:
    """None for what is assigned, and a text for None, unless it is a type, or the annotation forbids it: the type
    checker sees that.
    """
    if isinstance(node, cst.Assign) and isinstance(name := node.targets[0].target, cst.Name) and TYPE.match(name.value):
        return
    if isinstance(node, cst.AnnAssign):
        says = set(WORD.findall(_MODULE.code_for_node(node.annotation.annotation)))
        is_none = isinstance(node.value, cst.Name) and node.value.value == "None"
        if not says & {"str" if is_none else "None", "Any", "object"}:
            return
    yield from mutators.operator_assignment(node)


def is_checked_by_types(node: cst.CSTNode) -> bool:
    """Whether it says how a class is made, or which words a type has: the type checker compares that with every use.
    Also `strict` of `zip`, which says what is so anyway, and `gc`, which spares the collector work.
    """
    if isinstance(node, cst.Arg):
        return node.keyword is not None and node.keyword.value in {"frozen", "gc", "kw_only", "strict"}
    if isinstance(node, cst.If):
        return isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value in {"TypeVar", "NewType"}
    return isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name) and node.value.value == "Literal"


_MODULE = cst.Module([])
_OURS = {mutators.operator_string, mutators.operator_arg_removal, mutators.operator_assignment}
OPERATORS: Sequence[tuple[Any, Any]] = (
    *((kind, operator) for kind, operator in mutators.mutation_operators if operator not in _OURS),
    (cst.Call, arguments),
    (cst.Assign, assignment),
    (cst.AnnAssign, assignment),
    (cst.BaseString, one_text),
    (cst.SimpleString, sql),
    (cst.FormattedStringText, sql),
    (cst.If, condition),
    (cst.While, condition),
    (cst.Expr, statement),
    (cst.Return, answer),
)
