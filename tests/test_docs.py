"""The reference names everything there is, and what a page points at is there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from connecteam_sync import errors
from connecteam_sync.cli.commands import app
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import KEYS
from connecteam_sync.core.anomalies import ANOMALY_KINDS
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.core.run import SEVERITY
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames
from connecteam_sync.store.tables.own import KINDS as OWN_TABLES

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def tree(command: Any, name: str = "") -> dict[str, Any]:  # noqa: ANN401 - typer carries its own copy of click
    """Every command by its name, subcommands included."""
    found = {name: command}
    for inner, below in getattr(command, "commands", {}).items():
        found |= tree(below, inner)
    return found


COMMANDS = tree(typer.main.get_command(app))
OPTIONS = {name for c in COMMANDS.values() for option in c.params for name in option.opts if name.startswith("--")}


@pytest.mark.parametrize(
    "word",
    [
        *sorted(set(COMMANDS) - {"", "map", "unmap"}),
        *sorted(OPTIONS),
        *KEYS,
        *HOLD_REASONS,
        *ANOMALY_KINDS,
        *(f"connecteam_sync_{kind}" for kind in OWN_TABLES),
        *ClockTimesNames.__struct_fields__,
        *EmployeesNames.__struct_fields__,
        *(name for name, _ in inspect.getmembers(ConnecteamSync, inspect.isfunction) if not name.startswith("_")),
    ],
)
def test_the_reference_names_every(word: str) -> None:
    """Commands, options, keys, reasons, tables, columns, methods."""
    shown = (f"`{word}", f" {word}`", f"/{word}`", f"\n    {word} =")
    assert any(text in REFERENCE for text in shown), word


def test_the_reference_names_every_error_and_exit_code() -> None:
    """By the name machines see."""
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, errors.ConnecteamSyncError)]
    abstract = {errors.ConnecteamSyncError, errors.UpstreamError, errors.Refused}
    for kind in set(kinds) - abstract:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
        assert f"`{name}`" in REFERENCE
    assert all(f"| {code} |" in REFERENCE for code in SEVERITY)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every page, picture and heading that a page names is there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        name, _, heading = target.partition("#")
        if "://" in name:
            continue
        there = page.parent / name if name else page
        assert there.exists(), target
        if heading:
            lines = [line for line in there.read_text().splitlines() if line.startswith("#")]
            assert heading in {re.sub(r"[^\w\s-]", "", line.lower()).strip().replace(" ", "-") for line in lines}, (
                target
            )
