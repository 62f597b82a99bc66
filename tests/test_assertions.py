"""Tests that cannot fail, found in the source of the tests: nothing asserted, an empty loop, an error of any kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
Function = ast.FunctionDef | ast.AsyncFunctionDef
BROAD = {"Exception", "BaseException", "AssertionError", "ConnecteamSyncError", "OSError", "TypeError", "ValueError"}
"""Errors that a mistake in a test raises as well."""
JUDGES = {"raises", "warns", "raise_for_status", "fail", "check_call"}
"""Calls that fail by themselves."""


@cache
def trees() -> dict[str, ast.Module]:
    """The source of every test, by its path below the tests; read when a test asks for it."""
    return {path.relative_to(TESTS).as_posix(): ast.parse(path.read_text()) for path in sorted(TESTS.rglob("*.py"))}


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function, methods and inner ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def name_of(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def called(node: ast.AST) -> set[str]:
    """The names of everything that is called, and of functions that are given to others."""
    found = {name_of(call) for call in ast.walk(node) if isinstance(call, ast.Call)}
    return found | {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def must_end_well(call: ast.Call) -> bool:
    """Whether it is a process that raises if it fails."""
    return any(keyword.arg == "check" and ast.unparse(keyword.value) == "True" for keyword in call.keywords)


def judges(node: ast.AST) -> bool:
    """Whether it asserts by itself: `assert`, `raise AssertionError`, `pytest.raises`, a process that must end well."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Raise) and inner.exc is not None and "AssertionError" in ast.unparse(inner.exc):
            return True
        if isinstance(inner, ast.Call) and (name_of(inner) in JUDGES or must_end_well(inner)):
            return True
    return False


@cache
def helpers() -> set[str]:
    """The names of functions of the tests that assert, by themselves or by others that they call."""
    every = [(function.name, called(function)) for tree in trees().values() for function in functions(tree)]
    found = {function.name for tree in trees().values() for function in functions(tree) if judges(function)}
    while True:
        more = {name for name, calls in every if calls & found} - found
        if not more:
            return found
        found |= more


def all_tests() -> Iterator[tuple[str, Function]]:
    """Every test, by its file and name."""
    for file, tree in trees().items():
        for function in functions(tree):
            if function.name.startswith("test_") and file.rpartition("/")[2].startswith("test_"):
                yield f"{file}::{function.name}", function


def is_sure(loop: ast.For | ast.comprehension) -> bool:
    """Whether a loop goes round at least once whatever the program does: over what is written down."""
    return is_written_down(loop.iter)


def is_written_down(node: ast.expr) -> bool:
    """A display with something in it, a `range`, a constant of a module, or parts of these."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts)
    if isinstance(node, ast.Dict | ast.Constant):
        return bool(node.keys if isinstance(node, ast.Dict) else node.value)
    if isinstance(node, ast.Call):
        if name_of(node) in {"zip", "enumerate", "sorted", "list", "set", "dict", "iter"}:
            return all(is_written_down(each) for each in node.args)
        return name_of(node) in {"range", "items", "values", "keys", "get_args", "product", "count", "rglob", "glob"}
    if isinstance(node, ast.BinOp):
        return is_written_down(node.left) or is_written_down(node.right)
    return ast.unparse(node).rpartition(".")[2].isupper()


def outside_of_loops(node: ast.AST) -> Iterator[ast.AST]:
    """What is reached unless something fails: everything but the bodies of loops that may be empty."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.For) and not is_sure(inner):
            yield inner.iter
            continue
        yield inner
        yield from outside_of_loops(inner)


def is_of_maybe_nothing(node: ast.Assert) -> bool:
    """`assert all(… for … in what may be empty)`: true where there is nothing."""
    test = node.test
    if not (isinstance(test, ast.Call) and ast.unparse(test.func) == "all" and test.args):
        return False
    inner = test.args[0]
    return isinstance(inner, ast.GeneratorExp) and not any(is_sure(loop) for loop in inner.generators)


def reached(function: Function) -> bool:
    """Whether an assertion that can fail is reached whatever the program answers."""
    sure = JUDGES | helpers() - {function.name}
    for node in outside_of_loops(function):
        if isinstance(node, ast.Assert) and not is_of_maybe_nothing(node):
            return True
        if isinstance(node, ast.Raise) and node.exc is not None and "AssertionError" in ast.unparse(node.exc):
            return True
        if isinstance(node, ast.Call) and (name_of(node) in sure or must_end_well(node)):
            return True
    return False


def test_every_test_asserts() -> None:
    """By itself, or by a function that it calls."""
    assert len(list(all_tests())) > 1000
    silent = [name for name, function in all_tests() if not judges(function) and not called(function) & helpers()]
    assert silent == []


def test_every_test_reaches_an_assertion() -> None:
    """None has all of them in loops over what may be empty, or of `all` of what may be nothing."""
    assert [name for name, function in all_tests() if not reached(function)] == []


def test_an_error_that_is_expected_is_told_from_others() -> None:
    """`pytest.raises` of a kind that a mistake raises too says which words it has, or the test looks at it."""
    found = []
    for name, function in all_tests():
        for node in ast.walk(function):
            for item in node.items if isinstance(node, ast.With) else ():
                call = item.context_expr
                if not (isinstance(call, ast.Call) and name_of(call) == "raises" and call.args):
                    continue
                kinds = {inner.id for inner in ast.walk(call.args[0]) if isinstance(inner, ast.Name)}
                is_named = any(keyword.arg in {"match", "check"} for keyword in call.keywords)
                if kinds & BROAD and not is_named and item.optional_vars is None:
                    found.append(f"{name}: {ast.unparse(call)}")
    assert found == []
