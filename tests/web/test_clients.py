"""One client for each request, and failures as answers."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from connecteam_sync import errors
from connecteam_sync.config import Settings
from connecteam_sync.web.clients import Clients
from connecteam_sync.web.failures import NotAllowed, origin_of, status_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A database that is never opened."""
    return Settings(timezone="UTC", database_url=f"sqlite:///{tmp_path / 'never.db'}")


def test_nobody_shares_a_client(settings: Settings) -> None:
    """Two at a time have two; one after the other use the same again."""
    clients = Clients(settings, most=2)
    with clients.one() as one, clients.one() as other:
        assert one is not other
    with clients.one() as again:
        assert again in {one, other}
    clients.close()


def test_its_connections_end_with_it(tmp_path: Path) -> None:
    """A console that ends holds no file of the database open."""
    settings = Settings(timezone="UTC", database_url=f"sqlite:///{tmp_path / 'mirror.db'}")

    def opened() -> bool:
        return any(os.path.realpath(one).startswith(str(tmp_path)) for one in Path("/proc/self/fd").iterdir())

    clients = Clients(settings)
    with clients.one() as client:
        client.init()
        assert client.console_users() == ()
    assert opened()
    clients.close()
    assert not opened()


def test_a_client_comes_back_after_a_failure(settings: Settings) -> None:
    """Or a few failures would leave none."""
    clients = Clients(settings, most=1)
    for _ in range(3):
        with pytest.raises(errors.NotFound), clients.one():
            raise errors.NotFound("there is no run 7")
    with clients.one() as client:
        assert client.statements == 0
    clients.close()


def test_there_are_so_many_and_no_more(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes then waits, and is told to come again."""
    monkeypatch.setattr("connecteam_sync.web.clients._PATIENCE", 0.05)
    clients = Clients(settings, most=1)
    refused = []

    def ask() -> None:
        try:
            with clients.one():
                pass
        except errors.ClientInUse as error:
            refused.append(error)

    with clients.one():
        waiting = threading.Thread(target=ask)
        waiting.start()
        waiting.join(10)
    assert [error.next_step for error in refused] == ["try again in a moment"]
    ask()
    assert len(refused) == 1
    clients.close()


@pytest.mark.parametrize(
    ("error", "status", "origin"),
    [
        (NotAllowed("no"), 403, "rights"),
        (errors.NotFound("no"), 404, "request"),
        (errors.WindowError("no"), 422, "request"),
        (errors.ConfigurationError("no"), 422, "request"),
        (errors.NotInitialised("no"), 503, "database"),
        (errors.UndoRefused("no"), 409, "refusal"),
        (errors.RowMoved("no"), 409, "database"),
        (errors.LockHeld("no"), 423, "another run"),
        (errors.ClientInUse("no"), 503, "load"),
        (errors.DatabaseUnavailable("no"), 503, "database"),
        (errors.Unavailable("no"), 503, "Connecteam"),
        (errors.ConnecteamSyncError("no"), 503, "this program"),
    ],
)
def test_each_failure_has_its_status(error: errors.ConnecteamSyncError, status: int, origin: str) -> None:
    """And says in a word where it comes from."""
    assert (int(status_of(error)), origin_of(error)) == (status, origin)


def test_a_guard_is_a_condition_that_failed() -> None:
    """412: the plan may be accepted, and asked for again."""
    refused = errors.GuardRefused.__new__(errors.GuardRefused)
    assert int(status_of(refused)) == 412
