"""Several companies at one address: a key opens one of them, and nothing of another is seen or changed by it."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx2
import pytest

from connecteam_sync import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.server import Tenant
from support.scenario import FIRST, LAST
from test_command import Terminal, terminal
from test_sandbox_life import command

__all__ = ["terminal"]


def two() -> Sandbox:
    """A small company, and a larger one under another key."""
    return Sandbox(Company(20, company_id="77"), others=[Tenant("sandbox-other", Company(60, seed=8, company_id="78"))])


def test_a_key_opens_one_company(tmp_path: Path) -> None:
    """Two mirrors of one address have each the rows of their own; what happens in one is not seen in the other."""
    with two() as sandbox:
        for key, handlers in (("sandbox-key", sandbox.companies[0]), ("sandbox-other", sandbox.companies[1])):
            settings = Settings(
                timezone=handlers.company.timezone,
                database_url=f"sqlite:///{tmp_path}/{key}.db",
                base_url=sandbox.url,
                employees="create",
            )
            with ConnecteamSync(key, settings=settings) as mirror:
                mirror.init()
                run = mirror.sync(mirror.window(FIRST, LAST))
                assert run.counts.created == len(handlers.company.truth(FIRST, LAST))
                account = mirror.account()
                assert account is not None
                assert account.company_id == handlers.company.id
        first, second = (handlers.calls for handlers in sandbox.companies)
        assert min(first, second) >= 5


def test_the_control_address_and_tokens_are_of_one_company() -> None:
    """By the key, by the client of OAuth, and by the token that it got; a fault is met by one company only."""
    with two() as sandbox, httpx2.Client(base_url=sandbox.url, trust_env=False) as client:
        other = {"x-api-key": "sandbox-other"}
        assert client.post("/sandbox/fault", headers=other, json={"name": "html_200"}).status_code == 200
        assert client.get("/me", headers={"x-api-key": "sandbox-key"}).json()["data"]["companyId"] == "77"
        assert "html" in client.get("/me", headers=other).headers["content-type"]
        tokens = {}
        for name in ("sandbox-client", "sandbox-client-78"):
            answer = client.post(
                "/oauth/v1/token", auth=(name, "sandbox-secret"), data={"grant_type": "client_credentials"}
            )
            tokens[name] = answer.json()["access_token"]
        seen = [
            client.get("/me", headers={"authorization": f"Bearer {token}"}).json()["data"]["companyId"]
            for token in tokens.values()
        ]
        assert seen == ["77", "78"]
        for headers in (
            {"x-api-key": "sandbox-nobody"},
            {"authorization": "Bearer nobody"},
            {"authorization": "Basic %"},
        ):
            assert client.get("/me", headers=headers).status_code == 403
        assert client.get("/me").status_code == 401


def test_the_command_serves_several() -> None:
    """As many as are named, each with another seed."""
    options = "--people 12 --from 2025-11-01 --to 2025-11-03 --company 77=sandbox-a --company 78=sandbox-b"
    with command(*options.split()) as said:
        assert [(one["id"], one["key"]) for one in said["companies"]] == [("77", "sandbox-a"), ("78", "sandbox-b")]
        found = [
            httpx2.get(f"{said['url']}/sandbox/activities", headers={"x-api-key": one["key"]}, trust_env=False).json()
            for one in said["companies"]
        ]
        assert found[0] != found[1]


def test_whoever_is_told_the_address_may_ask() -> None:
    """At once: a machine that is busy takes a while until the server begins."""
    sandbox, before = Sandbox(Company(1)), signal.getsignal(signal.SIGINT)

    def ready() -> None:
        socket.create_connection((sandbox.host, sandbox.port), 5).close()
        raise EOFError

    try:
        with pytest.raises(EOFError):
            sandbox.serve(ready)
    finally:
        signal.signal(signal.SIGINT, before)
        assert sandbox._socket is not None
        sandbox._socket.close()


@pytest.mark.parametrize("named", [("77=",), ("=sandbox-a",), ("77=sandbox-a", "77=sandbox-b"), ("77=a",), ("x",)])
def test_companies_that_cannot_be_told_apart_are_refused(terminal: Terminal, named: tuple[str, ...]) -> None:
    """Before anything is served."""
    words = [word for one in named for word in ("--company", one)]
    assert terminal("sandbox", "--port", "0", *words).code == 2


def test_two_companies_cannot_have_one_key() -> None:
    """In the library too."""
    with pytest.raises(ConfigurationError, match="same key"):
        Sandbox(others=[Tenant("sandbox-key", Company(1))])
