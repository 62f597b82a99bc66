"""Several accounts in one configuration, told to the page of the JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol


class Folder(Protocol):
    """The command in a folder, whose answers are checked."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, command: str, *words: str, fails: str | None = None) -> dict[str, Any]:
        """The answer to a command."""


def several(run: Folder) -> None:
    """Two are added, of which one has a table."""
    (run.folder / "a.key").write_text(run.environment["CONNECTEAM_SYNC_API_KEY"])
    run("accounts", fails="failure")
    for name in ("a", "b"):
        words = ("--timezone", "America/Chicago", "--database-url", f"sqlite:///{name}.db", "--api-key-file", "a.key")
        assert run("accounts add", name, *words)["name"] == name
    run("init", "--account", "a")
    assert [one["name"] for one in run("accounts")["accounts"]] == ["a", "b"]
    assert run("accounts list")["accounts"][0]["calls_left"] is None
    assert run("accounts check")["ok"] is False
