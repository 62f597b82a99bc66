"""docs/reference.md as a test reads it: its sections, their tables, and the shapes of JSON that it promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text()


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-")


def sections(page: str = PAGE) -> dict[str, str]:
    """What stands under each heading, by its anchor, up to the next one."""
    parts = re.split(r"^#+ (.+)$", page, flags=re.MULTILINE)[1:]
    names = [slug(name) for name in parts[::2]]
    assert len(set(names)) == len(names), "two headings of one name"
    return dict(zip(names, parts[1::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """The rows of every table in a text, without their heads; a cell is what stands between two bars."""
    found: list[list[str]] = []
    head = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            head = 0
        elif (head := head + 1) > 2:
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])])
    return found


def named(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


class Shape(NamedTuple):
    """The fields of one kind of JSON object, with their types as the page has them."""

    name: str
    fields: dict[str, str]
    bases: tuple[str, ...]
    page: dict[str, Shape]

    @property
    def every(self) -> dict[str, tuple[str, str]]:
        """Those of the shapes it is made of too: name, then the shape that documents it, and the type."""
        found: dict[str, tuple[str, str]] = {}
        for base in self.bases:
            found |= self.page[base].every
        return found | {name: (self.name, kind) for name, kind in self.fields.items()}


def shapes(page: str = PAGE) -> dict[str, Shape]:
    """Every shape of the section on JSON, by its anchor."""
    inside = re.split(r"^## ", page, flags=re.MULTILINE)
    (text,) = [part for part in inside if part.startswith("JSON\n")]
    found: dict[str, Shape] = {}
    for name, body in list(sections("# " + text).items())[1:]:
        said = [line for line in body.splitlines() if line.startswith("All of ") or " All of " in line]
        fields = {named(cells[0])[0]: cells[1] for cells in rows(body)}
        bases = tuple(re.findall(r"\(#([\w-]+)\)", " ".join(said)))
        assert fields or bases, f"{name} has no field"
        found[name] = Shape(name, fields, bases, found)
    return found
