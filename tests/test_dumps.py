"""A database is dumped and restored by the programs people have: every row comes back, and the mirror goes on quietly.

Debian's `mysqldump` is MariaDB's, whatever the server is; MySQL's own is another program. Both are tried on both.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from support import servers
from test_command import WINDOW, Terminal
from test_servers import company

__all__ = ["company"]


def programs(kind: str) -> tuple[list[str], list[str]]:
    """What dumps and what restores, of MariaDB or of MySQL."""
    if kind == "mariadb":
        return ["mariadb-dump", "--no-defaults"], ["mariadb", "--no-defaults"]
    within, _ = servers.mysql_program()
    return [*within, "mysqldump", "--no-defaults"], [*within, "mysql", "--no-defaults"]


def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, ours too."""
    engine = create_engine(url)
    found = {}
    try:
        tables = sorted(inspect(engine).get_table_names())
        with engine.connect() as connection:
            for table in tables:
                each = connection.execute(text(f"SELECT * FROM {table}")).mappings()
                found[table] = sorted((dict(row) for row in each), key=repr)
    finally:
        engine.dispose()
    return found


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
@pytest.mark.parametrize("make", [servers.mariadb, servers.mysql], ids=["on mariadb", "on mysql"])
def test_a_dump_comes_back(company: Terminal, make: Any, kind: str) -> None:  # noqa: ANN401 - a kind of server
    """All tables, all rows; and the next run finds nothing to do, by its digests."""
    server, (dump, restore) = make(), programs(kind)
    url, copy = server.database("dumped"), server.database("restored")
    company.environment["CONNECTEAM_SYNC_DATABASE_URL"] = url
    assert company("init").code == 0
    for _ in range(3):
        assert company("sync", *WINDOW).code == 0
    there = ["-h127.0.0.1", f"-P{server.port}", "-uroot"]
    dumped = subprocess.run([*dump, *there, "dumped"], capture_output=True, check=False, timeout=60)  # noqa: S603 - a database's own program
    assert dumped.returncode == 0, dumped.stderr
    done = subprocess.run(  # noqa: S603 - same
        [*restore, *there, "restored"], input=dumped.stdout, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    before = everything(url)
    assert len(before) > 15
    assert everything(copy) == before
    company.environment["CONNECTEAM_SYNC_DATABASE_URL"] = copy
    assert company("doctor").code == 0
    quiet = company("sync", *WINDOW, "--json").json
    assert (quiet["status"], quiet["counts"]["unchanged"]) == ("nothing", 60)
    assert company("verify", *WINDOW).code == 0
