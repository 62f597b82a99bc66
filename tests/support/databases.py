"""Databases for tests: created and dropped, or kept for the next test in the state that `init` left.

`init` on a server takes longer than most tests, so the rows are restored; a database whose tables changed is dropped.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from connecteam_sync.store.store import Store

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_MYSQL = (
    "SELECT routine_name FROM information_schema.routines WHERE routine_schema = database()",
    "SELECT event_name FROM information_schema.events WHERE event_schema = database()",
    "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()",
    "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = database()",
    "SELECT user FROM mysql.db WHERE db = database()",
    "SELECT user FROM mysql.tables_priv WHERE db = database()",
)
_POSTGRESQL = """
SELECT oid, relname, relnamespace, relkind, relpersistence, relreplident, relrowsecurity, relforcerowsecurity,
    relhasrules, relhastriggers, relispartition, relacl::text, reloptions::text FROM pg_class WHERE oid >= 16384 AND
    relkind <> 't' ORDER BY 1;
SELECT attrelid, attnum, attname, atttypid, atttypmod, attnotnull, atthasdef, attidentity, attgenerated,
    attisdropped, attcollation, attacl::text FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0 ORDER BY 1, 2;
SELECT adrelid, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef ORDER BY 1, 2;
SELECT oid, conname, conrelid, pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384 ORDER BY 1;
SELECT indexrelid, pg_get_indexdef(indexrelid), indisvalid, indisunique FROM pg_index WHERE indexrelid >= 16384
    ORDER BY 1;
SELECT oid, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1;
SELECT oid, proname FROM pg_proc WHERE oid >= 16384 ORDER BY 1;
SELECT oid, typname FROM pg_type WHERE oid >= 16384 ORDER BY 1;
SELECT oid, evtname FROM pg_event_trigger ORDER BY 1;
SELECT oid, rulename FROM pg_rewrite WHERE oid >= 16384 ORDER BY 1;
SELECT oid, polname FROM pg_policy ORDER BY 1;
SELECT oid, nspname, nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_' ORDER BY 1;
SELECT oid, extname FROM pg_extension ORDER BY 1;
SELECT seqrelid, seqstart, seqincrement, seqmax, seqcycle FROM pg_sequence ORDER BY 1;
SELECT datacl::text FROM pg_database WHERE datname = current_database();
SELECT setrole, setconfig::text FROM pg_db_role_setting JOIN pg_database ON setdatabase = pg_database.oid WHERE
    datname = current_database() ORDER BY 1
"""
"""Everything a test may have changed except rows: if any of it differs, the database is dropped."""


def run_statement(url: URL, statement: str) -> None:
    """Run one statement outside any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


@contextmanager
def empty(server: URL) -> Iterator[URL]:
    """An empty database of a server, dropped at the end."""
    made = _make(server)
    try:
        yield made
    finally:
        _drop(server, made)


def _make(server: URL) -> URL:
    name = f"cs_test_{uuid.uuid4().hex[:12]}"
    charset = " CHARACTER SET utf8mb4" if server.get_backend_name() == "mysql" else ""
    run_statement(server, f"CREATE DATABASE {name}{charset}")
    return server.set(database=name)


def _drop(server: URL, made: URL) -> None:
    by_force = " WITH (FORCE)" if server.get_backend_name() == "postgresql" else ""
    run_statement(server, f"DROP DATABASE {made.database}{by_force}")


class _Kept:
    """A database in which `init` has run, with its definitions and rows at that time."""

    def __init__(self, server: URL) -> None:
        self.server, self.url = server, _make(server)
        opened = Store(plain(self.url), lock_wait=1)
        opened.init()
        opened.close()
        self._engine = create_engine(self.url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        with self._engine.connect() as connection:
            self._tables = _tables(connection)
            self._looks = _looks(connection, self._tables)
            self._rows = {
                table: [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table}"))]
                for table in self._tables
            }

    def is_clean_again(self) -> bool:
        """Restore the rows if the definitions are as `init` left them; False if not, or if a lock takes long."""
        try:
            with self._engine.connect() as connection:
                _give_up_soon(connection)
                tables = _tables(connection)
                if tables != self._tables or _looks(connection, tables) != self._looks:
                    return False
                self._clean(connection)
        except SQLAlchemyError:
            return False
        return True

    def _clean(self, connection: Connection) -> None:
        connection.exec_driver_sql(_BLIND[connection.dialect.name])
        for table in self._tables:
            if connection.dialect.name == "mysql":
                definition = connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1]
                connection.exec_driver_sql(f"DELETE FROM {table}")
                if _COUNTER.search(definition):
                    connection.exec_driver_sql(f"ALTER TABLE {table} AUTO_INCREMENT = 1")
            else:
                connection.exec_driver_sql(f"DELETE FROM {table}")
            for row in self._rows[table]:
                names = ", ".join(row)
                connection.execute(
                    text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
                )
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")

    def drop(self) -> None:
        """Drop it."""
        self._engine.dispose()
        _drop(self.server, self.url)


_BLIND = {"mysql": "SET foreign_key_checks = 0", "postgresql": "SET session_replication_role = replica"}
_SOON = {
    "mysql": ("SET SESSION lock_wait_timeout = 1", "SET SESSION innodb_lock_wait_timeout = 1"),
    "postgresql": ("SET lock_timeout = '1s'",),
}


def _give_up_soon(connection: Connection) -> None:
    for statement in _SOON[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def _tables(connection: Connection) -> list[str]:
    if connection.dialect.name == "mysql":
        return sorted(str(row[0]) for row in connection.exec_driver_sql("SHOW TABLES"))
    found = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted(str(row[0]) for row in found)


def _looks(connection: Connection, tables: list[str]) -> list[Any]:
    queries = _MYSQL if connection.dialect.name == "mysql" else _POSTGRESQL.split(";")
    found: list[Any] = [[tuple(row) for row in connection.exec_driver_sql(query)] for query in queries]
    if connection.dialect.name == "mysql":
        rows = (connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one() for table in tables)
        found += [_COUNTER.sub("", str(row[1])) for row in rows]
    return found


_KEPT: dict[URL, list[_Kept]] = {}
_UNUSED: set[str] = set()
_FILE: list[Path] = []


@contextmanager
def initialised(server: URL) -> Iterator[URL]:
    """A database of a server in which only `init` has run: a new one, or a restored one."""
    waiting = _KEPT.setdefault(server, [])
    kept = waiting.pop() if waiting else _Kept(server)
    _UNUSED.add(plain(kept.url))
    yield kept.url
    _UNUSED.discard(plain(kept.url))
    if kept.is_clean_again():
        waiting.append(kept)
    else:
        kept.drop()


def is_initialised(url: str) -> bool:
    """Whether nothing is left for `init` to do; checked at the first use of a database."""
    if url not in _UNUSED:
        return False
    _UNUSED.remove(url)
    return True


def initialised_file(path: Path) -> str:
    """The URL of an SQLite file in which only `init` has run."""
    if not _FILE:
        _FILE.append(Path(mkdtemp(prefix="cs-")) / "initialised.db")
        opened = Store(f"sqlite:///{_FILE[0]}", lock_wait=1)
        opened.init()
        opened.close()
    shutil.copy(_FILE[0], path)
    _UNUSED.add(f"sqlite:///{path}")
    return f"sqlite:///{path}"


def drop_kept() -> None:
    """Drop the kept databases at the end of a run of tests."""
    for waiting in _KEPT.values():
        for kept in waiting:
            kept.drop()
    _KEPT.clear()
    for file in _FILE:
        shutil.rmtree(file.parent, ignore_errors=True)
    _FILE.clear()


def plain(url: URL | str) -> str:
    """A URL as text, as the configuration takes it."""
    return make_url(url).render_as_string(hide_password=False)
