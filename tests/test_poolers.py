"""PostgreSQL by its options and behind poolers: settings travel with each transaction, and nothing outlives it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import servers
from support.scenario import FIRST, LAST, World
from test_command import WINDOW, Terminal
from test_servers import company, rows, served

__all__ = ["company"]

TRANSACTION = ("pool_mode=transaction", "default_pool_size=3", "max_client_conn=100")


def pooled(name: str, *settings: str) -> tuple[str, str]:
    """The URL of an empty database through a pooler, and its own."""
    behind = servers.postgresql()
    direct = behind.database(name)
    return servers.pgbouncer(behind.port, *(settings or TRANSACTION)).url(name), direct


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_behind_a_pooler(company: Terminal, mode: str) -> None:
    """Every step of the story, `adopt` and its way back too."""
    url, direct = pooled(f"p_{mode}", f"pool_mode={mode}", "default_pool_size=3")
    served(company, url, direct)
    engine = create_engine(direct, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE clock_times DROP CONSTRAINT uq_employee_clock_in"))
    before = rows(direct)
    adopted = company("adopt", "--apply", CONNECTEAM_SYNC_DATABASE_URL=url)
    assert adopted.code == 0, adopted.err
    keys = text("SELECT count(*) FROM pg_constraint WHERE conname = 'uq_employee_clock_in' AND convalidated")
    with engine.connect() as connection:
        assert connection.execute(keys).scalar() == 1
        # Nothing that we set is left for whoever is given that connection next.
    through = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"prepare_threshold": None})
    with through.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "0"
        assert connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar() == 0
    through.dispose()
    undone = company("adopt", "--undo", CONNECTEAM_SYNC_DATABASE_URL=url)
    assert undone.code == 0, undone.err
    with engine.connect() as connection:
        assert connection.execute(keys).scalar() == 0
    assert rows(direct) == before
    engine.dispose()


def test_eight_clients_at_once_behind_a_pooler() -> None:
    """Three connections of the server for eight programs, each with statements that they send again and again."""
    url, direct = pooled("p_eight")
    with Sandbox(Company(60), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        worlds = [World(sandbox, url, max_deletes=500, lock_wait=30, unchanged="read") for _ in range(8)]
        failures: list[object] = []

        def live(world: World) -> None:
            done = 0
            try:
                while done < 2 and not failures:
                    run = world.sync()
                    world.mirror.runs()
                    # Who finds others writing all the time says so, and tries again.
                    done += run.exit_code != 6
                    if run.exit_code not in {0, 6}:
                        failures.append([(slice_.error_name, slice_.error) for slice_ in run.slices])
            except Exception as error:  # noqa: BLE001 - whatever it was is shown
                failures.append(error)

        threads = [threading.Thread(target=live, args=(world,)) for world in worlds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        assert worlds[0].rows() == sandbox.company.truth(FIRST, LAST)
        for world in worlds:
            world.mirror.close()
    assert len(rows(direct, "clock_times")[0]) == 60


def test_a_lock_wait_is_kept_behind_a_pooler(company: Terminal) -> None:
    """The bound travels with the transaction: another program's lock is waited for so long, and no longer."""
    url, direct = pooled("p_lock")
    company.environment |= {"CONNECTEAM_SYNC_DATABASE_URL": url, "CONNECTEAM_SYNC_LOCK_WAIT": "1"}
    assert company("init").code == 0
    engine = create_engine(direct)
    with engine.connect() as holder:
        holder.execute(text("SELECT id FROM connecteam_sync_guard FOR UPDATE"))
        began = time.monotonic()
        assert company("sync", *WINDOW).code == 6
        assert time.monotonic() - began < 5
    engine.dispose()
    assert company("sync", *WINDOW).code == 0


def test_a_pooler_by_the_statement_is_named(company: Terminal) -> None:
    """It gives each statement another connection, so nothing could be written all or nothing."""
    url, _ = pooled("p_statement", "pool_mode=statement")
    for words in (("init",), ("doctor",)):
        said = company(*words, CONNECTEAM_SYNC_DATABASE_URL=url)
        assert said.code in {1, 2}
        assert "pool_mode = statement" in said.out + said.err
    sync = company("sync", *WINDOW, CONNECTEAM_SYNC_DATABASE_URL=url)
    assert sync.code in {1, 2}


# -- options -----------------------------------------------------------------------------------------------------------


def schemas(name: str) -> str:
    """A database with two schemas next to `public`."""
    server = servers.postgresql()
    url = server.database(name)
    server.execute("CREATE SCHEMA payroll", 'CREATE SCHEMA "Other Hours"', database=name)
    return url


def where(name: str) -> dict[str, set[str]]:
    """The schemas that have tables, and how many."""
    found: dict[str, set[str]] = {}
    statement = (
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    for schema, table in servers.postgresql().execute(statement, database=name):
        found.setdefault(str(schema), set()).add(str(table))
    return found


OPTIONS = {
    "payroll": "-c search_path=payroll",
    "Other Hours": '-c search_path="Other\\ Hours" --statement-timeout=60s',
}


@pytest.mark.parametrize("schema", OPTIONS)
@pytest.mark.parametrize("place", ["url", "PGOPTIONS", "pooler"])
def test_options_are_kept(company: Terminal, schema: str, place: str) -> None:
    """A search_path by the URL, by the environment, and through a pooler that would refuse it: every row goes there."""
    name = f"o_{place.lower()}_{len(schema)}"
    direct = schemas(name)
    given = {"options": OPTIONS[schema]}
    server: Any = servers.postgresql()
    if place == "pooler":
        server = servers.pgbouncer(server.port, *TRANSACTION)
    if place == "PGOPTIONS":
        company.environment["PGOPTIONS"] = OPTIONS[schema]
        given = {}
    look = servers.postgresql().url(name, options=OPTIONS[schema])
    served(company, server.url(name, **given), look)
    found = where(name)
    assert set(found) == {schema}, direct
    assert {"clock_times", "connecteam_sync_shifts"} <= found[schema]


def test_our_bounds_come_after_the_options(company: Terminal) -> None:
    """Options may set what they like, but for what a run relies on."""
    options = "-c timezone=America/Chicago -c lock_timeout=0 -c default_transaction_isolation=serializable"
    served(company, servers.postgresql().url(_made("o_ours"), options=options), servers.postgresql().url("o_ours"))


def _made(name: str) -> str:
    servers.postgresql().database(name)
    return name
