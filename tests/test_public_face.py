"""What `connecteam_sync` exports: every type that a method takes or returns, and every error; nothing twice."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import msgspec
import pytest

import connecteam_sync
from connecteam_sync import errors
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core import events
from connecteam_sync.core.change import Policy
from reference_page import named, rows, sections

PACKAGE = "connecteam_sync"
SOURCE = Path(connecteam_sync.__file__)
NOT_PROMISED = {
    "client_account.Accounts": "a part of ConnecteamSync, which nobody makes or is given",
    "client_history.Records": "a part of ConnecteamSync, which nobody makes or is given",
    "client_support.Support": "a part of ConnecteamSync, which nobody makes or is given",
    "client_service.Visits": "a part of ConnecteamSync, which nobody makes or is given",
    "store.store.Store": "the behind the client: the command looks into it, no program is promised anything of it",
}
"""Types of ours that a walk meets and that are no part of the face, and why."""
NOT_HEARD = {"Unforeseen": "the command's own word in its log, when the library is behind it already"}
"""Events that no listener gets, and why."""


def modules() -> Iterator[ModuleType]:
    """The modules of the package that declare what is public: the client, its parts and the errors."""
    for kind in (*ConnecteamSync.__mro__[:-1], errors.ConnecteamSyncError):
        yield importlib.import_module(kind.__module__)


@functools.cache
def imported(module: ModuleType) -> dict[str, tuple[str, str]]:
    """Names that a module imports from ours, those for type checkers too, and where they come from."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            found |= {name.asname or name.name: (str(node.module), name.name) for name in node.names}
    return found


@functools.cache
def assigned(module: ModuleType) -> dict[str, ast.expr]:
    """What a module gives names to by itself: aliases of types among them."""
    found: dict[str, ast.expr] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return found


class Walk:
    """Every type of ours that annotations lead to, by its home (`core.run.Run`), and what led there."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def home(self, module: ModuleType, name: str) -> tuple[ModuleType, str] | None:
        """Where a name that is used in a module was made; None where it is none of ours."""
        while name in (names := imported(module)):
            where, name = names[name]
            module = importlib.import_module(where)
        made_here = getattr(vars(module).get(name), "__module__", "") == module.__name__ or name in assigned(module)
        return (module, name) if made_here else None

    def annotation(self, module: ModuleType, said: object, why: str) -> None:
        """The names of one annotation."""
        assert isinstance(said, str), f"{why}: every module of the face has `from __future__ import annotations`"
        self.expression(module, ast.parse(said, mode="eval"), why)

    def expression(self, module: ModuleType, said: ast.AST, why: str) -> None:
        """The names within it, and what they stand for."""
        for node in ast.walk(said):
            if isinstance(node, ast.Name) and (at := self.home(module, node.id)) is not None:
                self.name(*at, why)

    def name(self, module: ModuleType, name: str, why: str) -> None:
        """A class, or an alias, and what its own annotations lead to."""
        known = f"{module.__name__.removeprefix(PACKAGE + '.')}.{name}"
        if known in self.found:
            return
        self.found[known] = why
        value = vars(module)[name]
        if not inspect.isclass(value):
            self.expression(module, assigned(module)[name], name)
        elif known not in NOT_PROMISED:
            self.members(value)

    def members(self, kind: type) -> None:
        """The public fields, properties and methods of a class of ours, inherited ones too."""
        for part in kind.__mro__:
            if not part.__module__.startswith(PACKAGE):
                continue
            module = importlib.import_module(part.__module__)
            for field, said in vars(part).get("__annotations__", {}).items():
                if not field.startswith("_"):
                    self.annotation(module, said, f"{kind.__name__}.{field}")
            for name, member in vars(part).items():
                if name == "__init__" or not name.startswith("_"):
                    for argument, said in signature(member).items():
                        self.annotation(module, said, f"{kind.__name__}.{name}({argument})")


def signature(member: object) -> dict[str, object]:
    """The annotations of a method, a class method, a static one or a property."""
    if isinstance(member, property):
        member = member.fget
    if isinstance(member, (staticmethod, classmethod)):
        member = member.__func__
    return member.__annotations__ if inspect.isfunction(member) else {}


def reached() -> dict[str, str]:
    """Every type of ours that the client's face leads to, but for those that are not promised; and every error."""
    walk = Walk()
    walk.members(ConnecteamSync)
    for name in heard():
        walk.name(events, name, "a listener gets it")
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    for kind in kinds:
        walk.name(errors, kind.__name__, "an error")
    parts = {home for home in NOT_PROMISED if home.startswith("client_")}
    assert set(NOT_PROMISED) - parts <= set(walk.found)
    return {home: why for home, why in walk.found.items() if home not in NOT_PROMISED and "._" not in home}


def heard() -> dict[str, str]:
    """The types of the events that a listener gets, and what each is called in a log."""
    found = {kind.__name__: str(kind.__struct_config__.tag) for kind in events.Event.__subclasses__()}
    assert set(NOT_HEARD) <= set(found)
    return {name: tag for name, tag in found.items() if name not in NOT_HEARD}


def for_type_checkers() -> list[str]:
    """What `__init__` imports under TYPE_CHECKING, as homes, in order."""
    tree = ast.parse(SOURCE.read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return [
        f"{str(node.module).removeprefix(PACKAGE + '.')}.{name.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]


HOMES: dict[str, str] = vars(connecteam_sync).get("_HOMES", {})


def test_every_type_of_the_face_is_exported() -> None:
    """Whatever a method takes or returns, to the last field of it, has a name that can be imported."""
    exported = {f"{home}.{name}" for name, home in HOMES.items()}
    found = reached()
    assert {home: why for home, why in found.items() if home not in exported} == {}
    # What nothing leads to is there by mistake.
    assert exported - set(found) == {"client.ConnecteamSync"}


def test_every_event_that_a_listener_gets_is_exported_and_described() -> None:
    """By its class, next to the name that logs have for it."""
    assert set(heard()) <= set(connecteam_sync.__all__)
    described: dict[str, str] = {}
    for event, kind, *_ in rows(sections()["events-and-logs"]):
        described |= zip(named(kind), named(event), strict=bool(named(kind)))
    assert described == heard()


def test_the_three_lists_of_names_agree() -> None:
    """Imported for type checkers, loaded when asked for, and named by `*`: the same, each once, in order."""
    checked = for_type_checkers()
    assert len(set(checked)) == len(checked)
    assert sorted(checked) == sorted(f"{home}.{name}" for name, home in HOMES.items())
    assert connecteam_sync.__all__ == sorted({*HOMES, "__version__"})
    values = [getattr(connecteam_sync, name) for name in HOMES]
    assert len({id(value) for value in values}) == len(values)
    for name, home in HOMES.items():
        module = importlib.import_module(f"{PACKAGE}.{home}")
        assert getattr(connecteam_sync, name) is vars(module)[name]
        assert name not in imported(module), f"{name} is not made in {home}"


@pytest.mark.parametrize("name", ["Run", "RowMoved", "HoldReason", "Settings"])
def test_a_name_loads_no_more_than_its_module_needs(name: str) -> None:
    """The words and the errors need no database, no network and no command."""
    without = {"httpx2", "alembic", "typer", "pymysql", "psycopg", *(() if name == "Settings" else ("sqlalchemy",))}
    code = f"import sys; from connecteam_sync import {name}; assert not {without} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603 - our own library


NOT_A_SETTING = {
    "accepted": "a person's word of one command (`--accept`), never of a configuration",
}
"""Fields of Policy without a setting of their own, and why."""
OTHER_DEFAULT = {"employees": None}
"""Settings whose default says `it depends`: None is `create` where `init` made the table of people, else `match`."""


def test_settings_and_policy_are_equal() -> None:
    """Each choice that the planner knows is a setting of the same name, type and default, and is handed on."""
    policy = {field.name: field for field in msgspec.structs.fields(Policy)}
    settings = {field.name: field for field in msgspec.structs.fields(Settings)}
    assert set(NOT_A_SETTING) <= set(policy)
    assert set(policy) - set(NOT_A_SETTING) <= set(settings)
    other: dict[str, object] = {
        "planner": "legacy",
        "employees": "create",
        "orphans": "delete",
        "local_edits": "keep",
        "max_deletes": 17,
        "max_deletes_share": 0.5,
        "max_deletes_of_person": 18,
        "max_users_gone_share": 0.6,
    }
    plain = Settings(timezone="America/Chicago")
    for name in set(policy) - set(NOT_A_SETTING):
        assert settings[name].default == OTHER_DEFAULT.get(name, policy[name].default), name
        assert set(choices(settings[name].type)) <= set(choices(policy[name].type)), name
        assert other[name] != policy[name].default, name
        changed = msgspec.structs.replace(plain, **{name: other[name]}).policy(made_employees=False)
        assert changed == msgspec.structs.replace(Policy(), **{name: other[name]}), name
    assert plain.policy(made_employees=False) == Policy()
    assert plain.policy(made_employees=True) == Policy(employees="create")


def choices(kind: object) -> tuple[object, ...]:
    """The words of a Literal, of one that may be None too; or the type itself."""
    parts = [part for part in get_args(kind) if part is not type(None)] or [kind]
    return tuple(word for part in parts for word in (get_args(part) or (part,)))
