"""The Store: one database, open for reading or, for one writer at a time, for writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.run import Asked
from connecteam_sync.errors import ConfigurationError, DatabaseError, NotInitialised
from connecteam_sync.store.console.audit import Act
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.causes import is_clock_in_taken, is_unknown_table
from connecteam_sync.store.sql.connect import connect_engine, database_url, translated
from connecteam_sync.store.sql.errors import FILE_TAILS, file_of, named
from connecteam_sync.store.sql.pipeline import ONE_MOMENT, Query, Rows, fetch
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.statements import PendingId
from connecteam_sync.store.sql.urls import database_of, dialect_of
from connecteam_sync.store.tables.columns import (
    HostColumns,
    column_queries,
    columns_of,
    host_columns,
    is_as_known,
    stamp_query,
    with_value_ends,
)
from connecteam_sync.store.tables.host import HostTables, require_apart
from connecteam_sync.store.tables.own import OwnNames, OwnTables, own_names
from connecteam_sync.store.tables.support import require_table

if TYPE_CHECKING:
    from connecteam_sync.store.tables.ownership import Former

Transaction = Connection
"""What `own_rows` and `connection` give: handed on, and looked into only by those who know SQL."""


class Store:
    """A database by its SQLAlchemy URL. Connects when first used; `statements` counts the statements sent since.

    `name` is the database in messages to people, `own` the names of our tables; `lock_wait` is in seconds.
    Every method raises DatabaseError if the database fails, NotInitialised if `init` has not run, and
    ConfigurationError if the host's tables are not as configured.
    """

    def __init__(
        self, url: str, host: HostTables | None = None, *, own: OwnNames | None = None, lock_wait: float = 5.0
    ) -> None:
        self.url = database_url(url)
        self.name = named(self.url)
        self.host = host or HostTables()
        # We quote every name, so capitals count if the database distinguishes them from small letters.
        require_apart(self.host, folds=database_of(self.url).folds_names)
        self.names = own_names(own or OwnNames(), self.host, self.url)
        self.statements = 0
        self.lock_wait = lock_wait
        self.commits = 0
        """How many writing transactions were committed."""
        self.asked = Asked()
        """Who asks for the runs that begin now."""
        self.act: Act | None = None
        """What a person does now: noted in the first transaction that writes."""
        self._engine = connect_engine(self.url, lock_wait=lock_wait)
        self._columns: HostColumns | None = None
        self.dialect = dialect_of(self._engine.dialect, unit=self.host.clock_times.clock_in_unit)
        self.own = OwnTables.of(self.names, self.dialect.own)
        event.listen(self._engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.statements += 1

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of a database that is one, whether they are there or not; none of a server, or in memory."""
        file = file_of(self.url) if self.dialect.is_file else None
        return tuple(file.with_name(file.name + tail) for tail in FILE_TAILS) if file else ()

    def init(self, former: Former | None = None) -> tuple[str, ...]:
        """Create missing tables and upgrade ours. Returns what was done, a sentence each.

        `former` decides about tables of ours under another prefix; if there are any and it does not, `init` is refused.
        """
        from connecteam_sync.store.service.token import webhook_token
        from connecteam_sync.store.tables import init as make_tables
        from connecteam_sync.store.tables.ownership import Former

        with translated("creating the tables", where=self.name), self._transaction(writer=True) as connection:
            choice = former or Former()
            if choice.moved:
                make_tables.require_there(connection, self.host)
            done = make_tables.init(connection, self.dialect, self.host, self.own, choice)
            if choice.moved:
                run(connection, f"UPDATE {self.own.guard} SET place = NULL, probed = NULL")
                self._require_remembered(connection)
                done = (*done, f"{self.host.clock_times.table} may be elsewhere: the next run that writes notes where")
            if make_tables.made(self.host) in done:
                self._note_probed(connection)
            webhook_token(connection, self.dialect, self.own)
        self._columns = None
        return done

    def make_views(self, zone: str, *, asked: bool) -> tuple[str, ...]:
        """Make our views for this business time zone where `asked`, else bring those made before up to date.

        Raises ConfigurationError if something else has the name of one.
        """
        from connecteam_sync.store.tables.views import Views

        with translated("making the views", where=self.name), self._transaction(writer=True) as connection:
            return Views(self.dialect, self.host, self.own, zone).make(connection, asked=asked)

    def views_sql(self, zone: str) -> str:
        """The statements of `make_views`, as one transaction if the database has transactions for tables."""
        from connecteam_sync.store.tables import printed
        from connecteam_sync.store.tables.views import Views

        return printed.script(self.dialect, Views(self.dialect, self.host, self.own, zone).printed())

    def _require_remembered(self, connection: Connection) -> None:
        from connecteam_sync.store.tables import repair

        try:
            repair.require_remembered(self._session(connection))
        finally:
            self._columns = None  # they were read as if the table were known here

    def _note_probed(self, connection: Connection) -> None:
        """Note that the table needs no probe: `init` has just made it."""
        from connecteam_sync.store.tables.probe import note_probed

        try:
            session = self._session(connection)
        except ConfigurationError:
            # The other table is not as configured: the next command reports it.
            return
        note_probed(session)
        session.flush()

    def init_sql(self) -> str:
        """The statements `init` would run: to make our tables, or to upgrade those that exist.

        Reads from the database which tables exist and what keys the host's have; a comment says if it cannot be read.
        """
        from connecteam_sync.store.tables import printed

        comments: list[str] = []
        # Connecting to a file that does not exist would create it.
        if not self.dialect.is_file or Path(self.url.database or "").is_file():
            try:
                with self.connection() as connection:
                    return printed.init_sql(connection, self.dialect, self.host, self.own)
            except DatabaseError as error:
                hosts = f"{self.host.clock_times.table} or {self.host.employees.table}"
                why = " ".join(error.message.split())
                comment = (
                    f"-- The database could not be asked ({why}): it is taken to have no tables of ours, and keys to be"
                )
                comments = [
                    f"{comment} whole numbers. Where those of {hosts} are others, print this again where it can be.\n"
                ]
        return printed.made(self.dialect, self.host, self.own, comments)

    @contextmanager
    def _transaction(self, *, writer: bool, at_one_moment: bool = False) -> Iterator[Connection]:
        with self._engine.connect() as plain:
            connection = plain.execution_options(writer=writer, **{ONE_MOMENT: at_one_moment})
            is_committed = False
            try:
                with connection.begin():
                    yield connection
                is_committed = True
            finally:
                if self.act is not None:
                    self.act.ended(connection, is_committed=is_committed)
            self.commits += writer

    def _note_act(self, connection: Connection, begun: PendingId | None = None) -> None:
        """Note what a person does, at the end of a transaction that writes, and which run it `begun`."""
        if self.act is not None:
            self.act.note(connection, self.own, None if begun is None else begun.value)

    def rest(self) -> None:
        """Give back the memory that a connection keeps for its next use, which may be long in coming.

        Raises DatabaseError.
        """
        if self.dialect.at_rest:
            with self.connection() as connection:
                connection.exec_driver_sql(self.dialect.at_rest)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A bare connection in a transaction, to inspect a database before anything is set up."""
        with translated("looking at the database", where=self.name), self._transaction(writer=False) as connection:
            yield connection

    @contextmanager
    def reading(self, doing: str = "reading the database") -> Iterator[Session]:
        """A transaction that only reads."""
        with translated(doing, where=self.name), self._transaction(writer=False) as connection:
            yield self._session(connection)

    @contextmanager
    def reading_at_one_moment(self, doing: str) -> Iterator[Session]:
        """A transaction that only reads; all of it is of the moment of its first statement, whatever others commit."""
        self.columns()  # their catalogs are read before: that is not of the moment
        with translated(doing, where=self.name), self._transaction(writer=False, at_one_moment=True) as connection:
            yield self._session(connection)

    def fetch(self, doing: str, *queries: Query) -> list[Rows]:
        """The rows of a few queries, in one round trip; it also reads the columns, if they are not known yet."""
        if self.dialect.is_file:
            with self.reading(doing) as session:
                return session.fetch(*queries)
        if self._columns is not None:
            with translated(doing, where=self.name), self._engine.connect() as connection:
                return self._fetch_at_once(connection, queries)
        known = column_queries(self.dialect, self.host, self.own)
        try:
            with translated(doing, where=self.name), self._engine.connect() as connection:
                results = self._fetch_at_once(connection, [*known, *queries])
                columns = columns_of(self.dialect, self.host, results[: len(known)])
                columns = with_value_ends(connection, self.dialect, self.host, columns)
        except DatabaseError as error:
            is_unknown = isinstance(error.__cause__, DBAPIError) and is_unknown_table(error.__cause__)
            if type(error) is not DatabaseError and not is_unknown:
                raise
            # Reading the columns alone raises an error that names the missing table and the next step. If keys are
            # text, a join may need their collation.
            with self.reading(doing) as session:
                if is_unknown or self.dialect.keys.are_numbers:
                    raise
                return session.fetch(*(query.again() if query.again else query for query in queries))
        self._columns = columns
        self.dialect.keys = columns.keys
        return results[len(known) :]

    @staticmethod
    def _fetch_at_once(connection: Connection, queries: Sequence[Query]) -> list[Rows]:
        """A transaction in one round trip; if it is refused it is rolled back, so the connection can be used again."""
        try:
            return fetch(connection, queries, and_end=True)
        except DBAPIError:
            if not connection.invalidated and (driver := connection.connection.dbapi_connection) is not None:
                driver.rollback()
            raise

    def is_moved(self, error: DBAPIError) -> bool:
        """Whether the error says that another program has taken the key of a row that was to be written."""
        keys = self._columns.clock_in_keys if self._columns else ()
        return is_clock_in_taken(error, self.host.clock_times, keys)

    @contextmanager
    def writing(
        self, doing: str = "writing to the database", first_queries: Callable[[Session], Sequence[Query]] = lambda _: ()
    ) -> Iterator[Session]:
        """The one writing transaction, first statement to commit. Raises LockHeld if another run holds the lock.

        `first_queries` are sent with the statement that takes the lock; their rows are `Session.opening`.
        """
        with translated(doing, where=self.name, is_moved=self.is_moved), ExitStack() as stack:
            # SQLite takes its lock with BEGIN, the others with the guard row.
            with translated(doing, where=self.name, waiting=True):
                connection = stack.enter_context(self._transaction(writer=True))
            session = self._session(connection)
            require_table(self.host, session.columns, self.dialect)
            stamp = stamp_query(self.dialect, self.host.clock_times.table)
            # The stamp is read last: the queries before it keep the host from altering the table meanwhile.
            try:
                *opening, stamp_rows = self._take_guard(connection, doing, [*first_queries(session), stamp])
            except DatabaseError:
                # A column may have been dropped: the next transaction reads the columns again.
                self._columns = None
                raise
            if not is_as_known(session.columns, stamp_rows):
                self._columns = None
                session = self._session(connection)
                require_table(self.host, session.columns, self.dialect)
                opening = session.fetch(*first_queries(session))
            session.opening = opening
            yield session
            session.flush()
            if not session.is_given_up:
                self._note_act(connection, session.begun)
        if session.probed is not None and self._columns is not None:
            self._columns = msgspec.structs.replace(self._columns, probed=session.probed)

    @contextmanager
    def own_rows(self, doing: str) -> Iterator[Connection]:
        """A short transaction on tables of ours that no run writes: without the lock of the one writer.

        On SQLite, which has one lock, it waits for a run that writes. Raises LockHeld where that takes too long.
        """
        with translated(doing, where=self.name, waiting=True), self._transaction(writer=True) as connection:
            yield connection
            self._note_act(connection)

    @contextmanager
    def locked(self, doing: str) -> Iterator[Lock]:
        """The writer's lock, held over several transactions and changes of tables, which commit on their own."""
        self._columns = None
        with self.reading(doing) as session:
            # Columns are read beforehand: the transaction that holds the lock must touch only the guard table.
            require_table(self.host, session.columns, self.dialect)
        with translated(doing, where=self.name), ExitStack() as stack:
            with translated(doing, where=self.name, waiting=True):
                connection = stack.enter_context(self._transaction(writer=True))
            self._take_guard(connection, doing)
            yield Lock(self, connection)

    def _take_guard(self, connection: Connection, doing: str, queries: Sequence[Query] = ()) -> list[Rows]:
        guarding = Query(f"SELECT id FROM {self.own.guard} WHERE id = 1{self.dialect.locking()}")
        with translated(doing, where=self.name, waiting=True):
            guard, *results = fetch(connection, [guarding, *queries])
        if not guard:
            raise NotInitialised("the guard row of our tables is missing", next_step="run `connecteam-sync init`")
        return results

    def _session(self, connection: Connection) -> Session:
        self.dialect = self.dialect.of_server(connection)
        if self._columns is None:
            self._columns = host_columns(connection, self.dialect, self.host, self.own)
            self.dialect.keys = self._columns.keys
        return Session(connection, self.dialect, self.host, self._columns, self.own)

    def columns(self) -> HostColumns:
        """The columns of the host's tables; read if they are not known yet."""
        if self._columns is None:
            with self.reading() as session:
                return session.columns
        return self._columns

    def made_employees(self) -> bool:
        """Whether `init` made the table of employees (and not the host)."""
        return self.columns().made_employees


class Lock:
    """The writer's lock. On SQLite everything done under it is one transaction; elsewhere each part commits by itself.

    On MySQL a change of a table commits the open transaction, and PostgreSQL builds an index outside any transaction,
    so there the guard row is held by a connection of its own.
    """

    def __init__(self, store: Store, holder: Connection) -> None:
        self._store, self._holder = store, holder

    def _require_held(self) -> None:
        """Raises DatabaseError if the server has dropped the connection that holds the lock.

        A savepoint and not a SELECT: PostgreSQL keeps the snapshot of an idle transaction's last SELECT, and a
        concurrent index build would wait for it without end.
        """
        with self._holder.begin_nested():
            pass

    @contextmanager
    def session(self, doing: str) -> Iterator[Session]:
        """A transaction that reads and writes."""
        store = self._store
        self._require_held()
        if store.dialect.is_file:
            with translated(doing, where=store.name, is_moved=store.is_moved), self._holder.begin_nested():
                session = store._session(self._holder)  # noqa: SLF001 - the lock is the store's other half
                yield session
                session.flush()
                store._note_act(self._holder, session.begun)  # noqa: SLF001 - same
            return
        with (
            translated(doing, where=store.name, is_moved=store.is_moved),
            store._transaction(writer=True) as connection,  # noqa: SLF001 - same
        ):
            session = store._session(connection)  # noqa: SLF001 - same
            yield session
            session.flush()
            store._note_act(connection, session.begun)  # noqa: SLF001 - same

    @contextmanager
    def changing_tables(self, doing: str) -> Iterator[Connection]:
        """A connection for DDL, whose statements commit one by one; thrown away afterwards with its settings."""
        self._require_held()
        if self._store.dialect.is_file:
            yield self._holder
            return
        if self._store.dialect.is_pooled(self._holder):
            # Behind a pooler, settings made outside a transaction are not ours alone.
            with (
                translated(doing, where=self._store.name),
                self._store._transaction(writer=True) as connection,  # noqa: SLF001 - same
            ):
                yield connection
            return
        with translated(doing, where=self._store.name), self._store._engine.connect() as plain:  # noqa: SLF001 - same
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            self._store.dialect.set_for_session(connection)
            try:
                yield connection
            finally:
                connection.invalidate()
