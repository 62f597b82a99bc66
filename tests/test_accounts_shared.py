"""What two accounts may not share, however differently it is written: a company, a server's database, a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connecteam_sync.accounts import check_accounts
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config_add import add_account
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.server import Tenant
from connecteam_sync.store.sql.urls import place_of
from test_accounts import KEYS, two

__all__ = ["two"]


def failed(name: str, state: str = "failed") -> dict[str, str]:
    """What the failed checks of this name say, by account."""
    return {
        one.name: check.detail
        for one in check_accounts()
        for check in one.checks
        if check.name == name and check.state == state
    }


def test_two_keys_of_one_company_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three accounts the two that are of one company, without a further call; one key said twice is said once."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CONNECTEAM_SYNC_")]:
        monkeypatch.delenv(name)
    others = [Tenant("sandbox-b", Company(12, company_id="78")), Tenant("sandbox-c", Company(12, company_id="77"))]
    with Sandbox(Company(12, company_id="77"), key="sandbox-a", others=others) as sandbox:
        for name in ("a", "b", "c"):
            (tmp_path / f"{name}.key").write_text(f"sandbox-{name}")
            given = {
                "timezone": "America/Chicago",
                "database_url": f"sqlite:///{name}.db",
                "api_key_file": f"{name}.key",
            }
            add_account(name, {**given, "base_url": sandbox.url})
            with ConnecteamSync.from_config(account=name) as mirror:
                mirror.doctor()
        asked = [one.calls for one in sandbox.companies]
        said = failed("own company", "warning")
        assert [one.calls for one in sandbox.companies] == [2 * calls for calls in asked], "no more than doctor asks"
        assert set(said) == {"a", "c"}
        assert set(said.values()) == {
            "the keys of the accounts a and c are of one company: its hours may be fetched twice"
        }
        assert failed("own key") == failed("own company") == {}
        (tmp_path / "c.key").write_text("sandbox-a")
        assert set(failed("own key")) == {"a", "c"}
        assert failed("own company", "warning") == {}, "said once"


def test_one_id_at_two_addresses_is_of_two_companies(two: Path) -> None:
    """A company is in one region."""
    with Sandbox(Company(20, company_id="9000002"), key="sandbox-west") as third:
        (two / "west.key").write_text("sandbox-west")
        given = {"timezone": "UTC", "database_url": "sqlite:///west.db", "api_key_file": "west.key"}
        add_account("west", {**given, "base_url": third.url})
        assert failed("own company", "warning") == {}


def test_a_file_with_two_names_is_one(two: Path) -> None:
    """A hard link, which no path tells; a link, and SQLite's own way of writing it."""
    os.link(two / "north.db", two / "hard.db")
    (two / "soft.db").symlink_to("north.db")
    file = two / "connecteam-sync.toml"
    text = file.read_text()
    for other in ("hard.db", "soft.db", "file:north.db?uri=true"):
        file.write_text(text.replace("sqlite:///south.db", f"sqlite:///{other}"))
        assert failed("own tables") == dict.fromkeys(KEYS, "the accounts north and south write to the same tables")
    (two / "hard.db").unlink()
    (two / "hard.db").write_bytes((two / "north.db").read_bytes())
    file.write_text(text.replace("sqlite:///south.db", "sqlite:///hard.db"))
    assert failed("own tables") == {}, "a copy is another file"


@pytest.mark.parametrize(
    "same",
    [
        (
            "postgresql://a@localhost/d",
            "postgresql://b:x@127.0.0.1:5432/d",
            "postgresql+psycopg://[::1]/d?sslmode=disable",
            "postgres://LOCALHOST./d",
            "postgresql:///d",
        ),
        ("mysql://a@localhost/d", "mariadb://127.0.0.1:3306/d"),
        ("postgresql://DB.example.org/d", "postgresql://db.example.org.:5432/d"),
        ("postgresql://[2001:db8::1]/d", "postgresql://[2001:0db8:0:0:0:0:0:1]:5432/d"),
        ("sqlite:///d.db", "sqlite:///none/../d.db", "sqlite:///file:d.db?mode=rw&uri=true"),
    ],
)
def test_one_database_is_known_however_it_is_written(same: tuple[str, ...]) -> None:
    """By whatever name of this machine, with its port or without, whoever connects."""
    assert len({place_of(url) for url in same}) == 1


def test_databases_of_their_own_stay_apart() -> None:
    """Another name, port, machine or kind is another database; what names of other machines mean is not asked."""
    every = [
        "postgresql://localhost/d",
        "postgresql://localhost/e",
        "postgresql://localhost:5433/d",
        "postgresql://127.0.0.2/d",
        "postgresql://db/d",
        "postgresql://db.example.org/d",
        "mysql://localhost/d",
        "sqlite:///d.db",
        "sqlite:///e.db",
    ]
    assert len({place_of(url) for url in every}) == len(every)
