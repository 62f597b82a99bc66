"""The Store: one database, opened for reading or, by one writer at a time, for writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from connecteam_sync.errors import DatabaseError, NotInitialised
from connecteam_sync.store import setup
from connecteam_sync.store.columns import HostColumns, column_queries, columns_of, host_columns
from connecteam_sync.store.dialect import Dialect
from connecteam_sync.store.engine import connect_engine, database_url, is_mariadb, is_unknown_table, translated
from connecteam_sync.store.host import HostTables
from connecteam_sync.store.session import Session
from connecteam_sync.store.trips import Query, Rows, fetch


class Store:
    """A database by its SQLAlchemy URL. Connects when first used; `statements` counts what was sent since.

    Every method raises DatabaseError where the database fails, NotInitialised where `init` has not run, and
    ConfigurationError where the host's tables are not as configured. `lock_wait` is in seconds.
    """

    def __init__(self, url: str, host: HostTables | None = None, *, lock_wait: float = 5.0) -> None:
        self.url = database_url(url)
        self.host = host or HostTables()
        self.statements = 0
        self._engine = connect_engine(self.url, lock_wait=lock_wait)
        self._columns: HostColumns | None = None
        self.dialect = Dialect(self._engine.dialect)
        event.listen(self._engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.statements += 1

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def init(self) -> tuple[str, ...]:
        """Create what is absent and upgrade our tables; what was done, a sentence each."""
        with translated("creating the tables"), self._transaction(writer=True) as connection:
            done = setup.init(connection, self.host)
        self._columns = None
        return done

    def init_sql(self) -> str:
        """What `init` would run on an empty database. Connects to nothing."""
        return setup.init_sql(self._engine.dialect, self.host)

    @contextmanager
    def _transaction(self, *, writer: bool) -> Iterator[Connection]:
        with self._engine.connect() as plain:
            connection = plain.execution_options(writer=writer)
            with connection.begin():
                yield connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A bare connection in a transaction, for looking around before anything is set up."""
        with translated("looking at the database"), self._transaction(writer=False) as connection:
            yield connection

    @contextmanager
    def reading(self, doing: str = "reading the database") -> Iterator[Session]:
        """A transaction that only reads."""
        with translated(doing), self._transaction(writer=False) as connection:
            yield self._session(connection)

    def ask(self, doing: str, *queries: Query) -> list[Rows]:
        """The answers to a few queries and, where they are not known yet, the columns: all in one round trip."""
        if self.dialect.family == "sqlite" or self._columns is not None:
            with self.reading(doing) as session:
                return session.fetch(*queries)
        known = column_queries(self.dialect, self.host)
        try:
            with translated(doing), self._engine.connect() as connection:
                found = fetch(connection, [*known, *queries], and_end=True)
        except DatabaseError as error:
            if not (isinstance(error.__cause__, DBAPIError) and is_unknown_table(error.__cause__)):
                raise
            # Which table is missing, and what to do about it, is told by asking for the columns alone.
            with self.reading(doing):
                raise
        self._columns = columns_of(self.host, found[: len(known)])
        return found[len(known) :]

    @contextmanager
    def writing(
        self, doing: str = "writing to the database", ask: Callable[[Session], Sequence[Query]] = lambda _: ()
    ) -> Iterator[Session]:
        """The one writing transaction, first statement to commit. Raises LockHeld where another run holds the lock.

        `ask` names what is read first under the lock, in the same round trip; its answers are `Session.opening`.
        """
        with translated(doing), ExitStack() as stack:
            # SQLite takes its lock with BEGIN, the others with the guard row.
            with translated(doing, waiting=True):
                connection = stack.enter_context(self._transaction(writer=True))
            session = self._session(connection)
            session.opening = self._take_guard(connection, doing, ask(session))
            yield session
            session.flush()

    @contextmanager
    def locked(self, doing: str) -> Iterator[Lock]:
        """The writer's lock held over several transactions and changes of tables, which commit on their own."""
        with self.reading(doing):
            # The columns are read beforehand: the transaction that holds the lock must touch no table but the guard's.
            pass
        with translated(doing), ExitStack() as stack:
            with translated(doing, waiting=True):
                connection = stack.enter_context(self._transaction(writer=True))
            self._take_guard(connection, doing)
            yield Lock(self, connection)

    def _take_guard(self, connection: Connection, doing: str, queries: Sequence[Query] = ()) -> list[Rows]:
        guarding = Query(f"SELECT id FROM sync_guard WHERE id = 1{self.dialect.locking()}")
        with translated(doing, waiting=True):
            guard, *found = fetch(connection, [guarding, *queries])
        if not guard:
            raise NotInitialised("the guard row of our tables is missing", next_step="run `connecteam-sync init`")
        return found

    def _session(self, connection: Connection) -> Session:
        self.dialect.is_mariadb = self.dialect.family == "mysql" and is_mariadb(connection)
        if self._columns is None:
            self._columns = host_columns(connection, self.dialect, self.host)
        return Session(connection, self.dialect, self.host, self._columns)

    def made_employees(self) -> bool:
        """Whether `init` made the table of employees (and not the host)."""
        if self._columns is None:
            with self.reading() as session:
                return session.columns.made_employees
        return self._columns.made_employees


class Lock:
    """The writer's lock. On SQLite everything done under it is one transaction; elsewhere each part commits by itself.

    A change of a table commits whatever is open on MySQL, and PostgreSQL builds an index outside any transaction: there
    the guard row is held by a connection of its own.
    """

    def __init__(self, store: Store, holder: Connection) -> None:
        self._store, self._holder = store, holder

    def _demand_held(self) -> None:
        """Raises DatabaseError where the server has dropped the connection that holds the lock.

        A savepoint and not a SELECT: PostgreSQL keeps the snapshot of an idle transaction's last SELECT, and a
        concurrent index build would wait for it for ever.
        """
        with self._holder.begin_nested():
            pass

    @contextmanager
    def session(self, doing: str) -> Iterator[Session]:
        """A transaction that reads and writes."""
        store = self._store
        self._demand_held()
        if store.dialect.family == "sqlite":
            with translated(doing), self._holder.begin_nested():
                session = store._session(self._holder)  # noqa: SLF001 - the lock is the store's other half
                yield session
                session.flush()
            return
        with translated(doing), store._transaction(writer=True) as connection:  # noqa: SLF001 - same
            session = store._session(connection)  # noqa: SLF001 - same
            yield session
            session.flush()

    @contextmanager
    def changing_tables(self, doing: str) -> Iterator[Connection]:
        """A connection for DDL, whose statements commit one by one; thrown away afterwards with its settings."""
        self._demand_held()
        if self._store.dialect.family == "sqlite":
            yield self._holder
            return
        with translated(doing), self._store._engine.connect() as plain:  # noqa: SLF001 - same
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            try:
                yield connection
            finally:
                connection.invalidate()
