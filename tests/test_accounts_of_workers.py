"""Accounts whose visits workers do: whether all of them find the same databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from connecteam_sync.accounts import check_accounts
from test_accounts import two

__all__ = ["two"]
OURS = ("database of all workers", "control database")


def found() -> dict[str, list[tuple[str, str, str]]]:
    """Name, state and cure of each check about workers, by account."""
    return {
        one.name: [(check.name, check.state, check.cure) for check in one.checks if check.name in OURS]
        for one in check_accounts()
    }


def test_files_that_each_worker_would_look_for_elsewhere_are_named(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a name that depends on where it is started: failed. By a whole path: good for one machine, a warning."""
    assert found() == {"north": [], "south": []}
    monkeypatch.setenv("CONNECTEAM_SYNC_EXECUTOR", "celery")
    monkeypatch.setenv("CONNECTEAM_SYNC_BROKER_URL", "amqp://127.0.0.1/nobody")
    for checks in found().values():
        assert [(name, state) for name, state, _ in checks] == [(name, "failed") for name in OURS]
        assert [cure.partition(";")[0] for *_, cure in checks] == [
            "name a database on a server: database_url",
            "name a database on a server: CONNECTEAM_SYNC_CONTROL_DATABASE_URL",
        ]
        assert all("by its whole path" in cure for *_, cure in checks)
    assert not any(one.is_ok for one in check_accounts())
    file = two / "connecteam-sync.toml"
    file.write_text(file.read_text().replace("sqlite:///", f"sqlite:///{two}/"))
    monkeypatch.setenv("CONNECTEAM_SYNC_CONTROL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/control")
    assert {name: [check[:2] for check in checks] for name, checks in found().items()} == {
        name: [("database of all workers", "warning")] for name in ("north", "south")
    }
    assert all(one.is_ok for one in check_accounts())
