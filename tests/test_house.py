"""Who may import whom: the house keeps its rooms apart."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "src" / "connecteam_sync"
MAY = {
    "core": {"core"},
    "connecteam": {"connecteam", "wire", "limits", "deadline", "core", "errors", "version"},
    "wire": {"lexical", "doubts", "core", "errors"},
    "doubts": {"lexical", "core"},
    "lexical": set(),
    "limits": set(),
    "deadline": set(),
    "store": {"store", "core", "errors", "version"},
    "sandbox": {"sandbox", "core", "errors", "version"},
    "__main__": {"cli"},
}
"""Rooms with a rule, and the rooms each may import. Nobody but the command itself may import `cli`."""


def imports_of(path: Path) -> set[str]:
    """The full names of the modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("*.py")), ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_room_imports_only_the_rooms_it_may(path: Path) -> None:
    """The core imports nobody of ours and nothing but msgspec; nobody imports the command."""
    room = path.relative_to(HOUSE).parts[0].removesuffix(".py")
    imported = imports_of(path)
    ours = {name.split(".")[1] for name in imported if name.startswith("connecteam_sync.")}
    assert ours <= MAY.get(room, ours - ({"cli"} - {room}))
    if room == "core":
        others = (
            {name.split(".")[0] for name in imported} - {"connecteam_sync", "msgspec"} - set(sys.stdlib_module_names)
        )
        assert not others


def test_no_file_is_too_long_to_read() -> None:
    """A file above 450 lines is split by a word of the field."""
    long = {str(path.relative_to(HOUSE)) for path in HOUSE.rglob("*.py") if len(path.read_text().splitlines()) > 450}
    assert not long
