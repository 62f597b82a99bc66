"""The control database: connections, and its tables made where they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.schema import CreateColumn, CreateTable

from connecteam_sync.errors import DatabaseError, LockHeld, NotInitialised
from connecteam_sync.store.control.schema import LAYOUT, VERSION, tables
from connecteam_sync.store.sql.connect import connect_engine, database_url, inspector, translated
from connecteam_sync.store.sql.errors import file_of, named
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.urls import dialect_of
from connecteam_sync.store.tables.create import prepared

_TRIES = 3


class ControlDatabase:
    """The control database by its SQLAlchemy URL. Connects when first used; any thread may use it.

    Every method raises DatabaseError if it fails, LockHeld where others hold a lock for more than `lock_wait` seconds.
    """

    def __init__(self, url: str, *, lock_wait: float = 5.0) -> None:
        self.url = database_url(url)
        self.name = named(self.url)
        self._engine = connect_engine(self.url, lock_wait=lock_wait)
        self.dialect = dialect_of(self._engine.dialect)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def writing(self, doing: str) -> Iterator[Connection]:
        """One short transaction."""
        with translated(doing, where=self.name, waiting=True), self._engine.connect() as plain:
            connection = plain.execution_options(writer=True)
            with connection.begin():
                self.dialect = self.dialect.of_server(connection)
                yield connection

    def has_tables(self) -> bool:
        """Whether a fleet has its tables here; no file is made to find out."""
        file = file_of(self.url) if self.dialect.is_file else None
        if file is not None and not file.is_file():
            return False
        with self.writing("looking for the tables of the fleet") as connection:
            return inspector(connection).has_table(LAYOUT.name)

    def init(self, *, upgrades: bool = False) -> None:
        """Make the tables where there are none. Several processes may do it at once.

        With `upgrades` older tables become those of this version. Raises NotInitialised if they are of another one.
        """
        for attempt in range(_TRIES):
            try:
                self._init(upgrades=upgrades)
            except (DatabaseError, LockHeld):
                # Another process may have made the same tables meanwhile: then the next attempt finds them.
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def require_version(self, connection: Connection) -> None:
        """Raises NotInitialised if the tables are of another version than this program."""
        found = _version(connection)
        if found is not None and found > VERSION:
            raise NotInitialised(
                f"the control database has tables of version {found}, and this program knows {VERSION}",
                next_step="upgrade connecteam-sync here as on the other machines",
            )
        if found != VERSION:
            there = "no version" if found is None else f"version {found}"
            raise NotInitialised(
                f"the control database has tables of {there}, and this program needs {VERSION}",
                next_step="start connecteam-sync serve of this version: it upgrades them",
            )

    def _init(self, *, upgrades: bool) -> None:
        with self.writing("making the tables of the fleet") as connection:
            seen = inspector(connection)
            there = set(seen.get_table_names())
            found = _version(connection) if LAYOUT.name in there else None
            if found is not None and (found > VERSION or not upgrades):
                self.require_version(connection)
                return
            for table in tables.sorted_tables:
                if table.name not in there:
                    connection.execute(CreateTable(prepared(self.dialect, table), if_not_exists=True))
                    continue
                columns = {column["name"] for column in seen.get_columns(table.name)}
                for column in prepared(self.dialect, table).columns:
                    if column.name not in columns:
                        added = CreateColumn(column).compile(dialect=connection.dialect)
                        run(connection, f"ALTER TABLE {table.name} ADD COLUMN {added}")
            if found != VERSION:
                run(
                    connection,
                    f"INSERT INTO {LAYOUT.name} (version) VALUES ({VERSION}) {self.dialect.unless_there('version')}",
                )


def _version(connection: Connection) -> int | None:
    found = run(connection, f"SELECT max(version) FROM {LAYOUT.name}").scalar()
    return None if found is None else int(found)
