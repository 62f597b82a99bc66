"""Cells of the contract for several accounts in one configuration."""

from __future__ import annotations

from support import stages
from support.cells import Cell
from support.stages import Command, Words, fine

SECTION = '[accounts.{0}]\ntimezone = "America/Chicago"\napi_key_file = "{0}.key"\n'


def of_accounts(run: Command) -> Words:
    """One account of the configuration, whose table is a mirror."""
    words = stages.mirrored(run)
    (run.folder / "north.key").write_text(run.sandbox.key)
    (run.folder / "connecteam-sync.toml").write_text(
        f'{SECTION.format("north")}database_url = "sqlite:///{stages.DATABASE}"\n'
    )
    return words


def of_bad_accounts(run: Command) -> Words:
    """Another one, whose key is not there."""
    words = of_accounts(run)
    with (run.folder / "connecteam-sync.toml").open("a") as opened:
        opened.write(f'\n{SECTION.format("south")}database_url = "sqlite:///south.db"\n')
    return words


def of_a_broken_fleet(run: Command) -> Words:
    """The control database is no database."""
    words = of_accounts(run)
    (run.folder / "connecteam-sync-control.db").write_text("this is no database, whatever its name says " * 9)
    return words


FLEET = {"worker", "workers"}
NAMES = {"accounts", "accounts list", "accounts check", "accounts add"}
ADD = "north --timezone America/Chicago --api-key-file key --database-url sqlite:///north.db"
CELLS = [
    Cell("workers", 0, "", of_accounts, fine, "threads of serve do the turns", "", {"due": 0}),
    Cell("workers", 1, "", of_a_broken_fleet, fine, "not a database", "database_error"),
    Cell("workers", 2, "--north", of_accounts, fine, "No such option", "usage_error"),
    Cell("worker", 2, "", of_accounts, fine, "there is no broker to work for", "configuration_error"),
    *(
        Cell(name, 0, "", of_accounts, fine, "north                 well", "", {"accounts.0.name": "north"})
        for name in ("accounts", "accounts list")
    ),
    *(
        Cell(name, 2, "", stages.mirrored, fine, "no accounts are configured", "configuration_error")
        for name in ("accounts", "accounts list", "accounts check")
    ),
    Cell("accounts check", 0, "", of_accounts, fine, "north                 ok", "", {"ok": True}),
    Cell("accounts check", 1, "", of_bad_accounts, fine, "cure what is said of south", "", {"ok": False}),
    Cell(
        "accounts add",
        0,
        ADD,
        stages.nothing,
        fine,
        "next: connecteam-sync init --account north",
        "",
        {"name": "north"},
    ),
    Cell("accounts add", 2, f"{ADD}x --base-url nowhere", stages.nothing, fine, "", "configuration_error"),
]
