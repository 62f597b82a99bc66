"""A control database that is lost while `serve` works: it is made again, and every account is due at once."""

from __future__ import annotations

from pathlib import Path

from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.schema import tables
from connecteam_sync.store.control.turns import Turns
from connecteam_sync.store.sql.quoting import run
from support.fleet_accounts import announced, fleet, until


def test_tables_that_were_dropped_are_made_again(tmp_path: Path) -> None:
    """With the turns of the accounts: nobody has to start `serve` again."""
    with fleet(tmp_path, "north") as one, one.process("serve", "--json", "--port", "0") as serve:
        announced(serve)
        until(lambda: one.looked("north"), one)
        control = ControlDatabase(f"sqlite:///{one.folder}/connecteam-sync-control.db")
        with control.writing("losing everything") as connection:
            for table in tables.sorted_tables:
                run(connection, f"DROP TABLE {table.name}")
        until(lambda: "turns are given out again" in one.errors(), one)
        looked = one.looked("north")
        until(lambda: one.looked("north") > looked, one)
        with control.writing("looking") as connection:
            assert {turn.account for turn in Turns(control.dialect).all(connection)} == {"north"}
        control.close()
