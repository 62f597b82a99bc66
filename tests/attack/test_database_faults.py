"""Every trouble of a database by name: an error of ours with a next step, nothing written, the next run is exact."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import invariants
from support.databases import run_statement
from support.scenario import FIRST, LAST, World

SERVERS = ["mariadb", "mysql", "postgresql"]
DEADLOCK = {1213, "40P01"}


@contextmanager
def company_in(database: str, **settings: float) -> Iterator[World]:
    """A mirrored company with a correction, a delete and an addition under way."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=10**9)) as sandbox:
        world = World(sandbox, database, max_deletes=99, **settings)
        with closing(world.mirror):
            world.sync()
            happen(world, 1)
            yield world


def happen(world: World, number: int) -> None:
    """Something of each kind to write."""
    shifts = [shift for shift in world.company.shifts() if shift.end is not None]
    world.company.edit(shifts[2].id, end=shifts[2].start + 60 * number)
    world.company.edit(shifts[5].id, end=shifts[5].start + 60 * number)
    world.company.delete(shifts[8].id)
    world.work(number, "03:00", "04:00")


def failed_well(world: World, run: Run, before: list[list[dict[str, object]]], code: int = 1) -> None:
    """The run says so, with a next step, and nothing was written."""
    assert run.exit_code == code, run
    assert all(slice_.next_step for slice_ in run.slices if slice_.status == "failed"), run
    assert world.everything() == before


def exact_again(world: World) -> None:
    """A run without the trouble makes it exact."""
    assert world.sync().exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    invariants.keys_unique(world.table())
    invariants.journal_gives(world.table("connecteam_sync_changes"), world.table())
    assert world.sync().status == "nothing"


@contextmanager
def another(database: str) -> Iterator[Connection]:
    """Another program's connection, in a transaction that is given up at the end."""
    engine = create_engine(database)
    if database.startswith("sqlite"):
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


# -- locks -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("initialised")
def test_a_stuck_holder_of_the_guard_row(database: str) -> None:
    """Another run sits on the lock: exit 6 after a bounded wait, nothing written; and then it is free."""
    with company_in(database, lock_wait=1) as world:
        before = world.everything()
        with another(database) as holder:
            lock = (
                "BEGIN IMMEDIATE"
                if database.startswith("sqlite")
                else "SELECT id FROM connecteam_sync_guard FOR UPDATE"
            )
            holder.exec_driver_sql(lock)
            run = world.sync()
        failed_well(world, run, before, 6)
        exact_again(world)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_row_that_another_program_holds(database: str) -> None:
    """A long transaction on the table: tried five times, then exit 6, and what to look for."""
    with company_in(database, lock_wait=1) as world:
        before = world.everything()
        with another(database) as holder:
            holder.execute(text("UPDATE clock_times SET total_minutes = total_minutes + 1"))
            run = world.sync()
        failed_well(world, run, before, 6)
        assert run.slices[0].retryable
        assert "long transaction" in (run.slices[0].next_step or "")
        exact_again(world)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_deadlock_with_another_program(database: str) -> None:
    """Each waits for what the other holds: the server ends one of them, and ours starts again where it was that one."""
    with company_in(database, lock_wait=20) as world:
        ended: list[object] = []
        before = _deadlocks(database)
        with another(database) as holder:
            # Many rows, since InnoDB ends the transaction that wrote less.
            holder.execute(text("UPDATE clock_times SET total_minutes = total_minutes + 1"))

            def want_the_guard() -> None:
                try:
                    holder.exec_driver_sql("SELECT id FROM connecteam_sync_guard FOR UPDATE")
                except DBAPIError as error:
                    ended.extend(_codes(error.orig) & DEADLOCK)
                holder.rollback()

            thread = threading.Thread(target=want_the_guard)
            # By then we hold the guard, and want the rows.
            _once_before(world.mirror.store._engine, "SELECT t.", lambda _: thread.start(), holding="FOR UPDATE")
            run = world.sync()
            thread.join()
        assert ended or _deadlocks(database) > before, "there was no deadlock"
        assert run.exit_code == 0, run
        exact_again(world)


def _deadlocks(database: str) -> int:
    """How many deadlocks the server has ended so far."""
    counting = (
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        if database.startswith("postgres")
        else "SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'"
    )
    with another(database) as connection:
        return int(connection.exec_driver_sql(counting).scalar_one())


def _codes(error: object) -> set[object]:
    """The database's numbers of an error."""
    arguments = getattr(error, "args", ())
    return {getattr(error, "sqlstate", None), arguments[0] if arguments else None}


def _once_before(
    engine: Engine, beginning: str, act: Callable[[Connection], object], *, holding: str = ""
) -> list[bool]:
    """Arrange that something happens before the first statement of a writer that begins so, and holds those words."""
    done: list[bool] = []

    def watch(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        # PostgreSQL takes new rows by COPY.
        sql = statement.replace("COPY ", "INSERT INTO ", 1) if statement.startswith("COPY") else statement
        if (
            not done
            and sql.startswith(beginning)
            and holding in sql
            and connection.get_execution_options().get("writer")
        ):
            done.append(True)
            act(connection)

    event.listen(engine, "before_cursor_execute", watch)
    return done


# -- refusals of the server --------------------------------------------------------------------------------------------

REFUSALS = {
    "serialization failure": ("40001", 1213),
    "disk full": ("53100", 1114),
    "out of memory": ("53200", 1037),
    "read-only": ("25006", 1290),
}
"""SQLSTATE of PostgreSQL, error number of MySQL and MariaDB."""


def refusing(world: World, kind: str, times: int) -> None:
    """The server refuses the next changes of a row so often: a trigger, with a counter that no rollback turns back."""
    state, number = REFUSALS[kind]
    if world.mirror.settings.database_url.startswith("postgres"):
        world.execute("CREATE SEQUENCE refusals")
        world.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('refusals') <= {times} THEN RAISE EXCEPTION '{kind}' USING ERRCODE = '{state}'; END IF;"
            " RETURN NEW; END $$"
        )
        world.execute("CREATE TRIGGER refuse BEFORE UPDATE ON clock_times FOR EACH ROW EXECUTE FUNCTION refuse()")
    else:
        # A variable of the session, which no rollback turns back; the connection is used again.
        world.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON clock_times FOR EACH ROW BEGIN"
            f" SET @refusals = COALESCE(@refusals, 0) + 1; IF @refusals <= {times} THEN"
            f" SIGNAL SQLSTATE '{'40001' if number in DEADLOCK else 'HY000'}'"
            f" SET MESSAGE_TEXT = '{kind}', MYSQL_ERRNO = {number}; END IF; END"
        )


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", SERVERS, indirect=True)
@pytest.mark.parametrize("kind", sorted(REFUSALS))
def test_a_server_that_refuses_a_write(database: str, kind: str) -> None:
    """One that may simply start again does; any other is an error that says what the server said."""
    with company_in(database) as world:
        before = world.everything()
        refusing(world, kind, 1)
        run = world.sync()
        if kind == "serialization failure":
            assert run.exit_code == 0, run
        else:
            failed_well(world, run, before)
            assert kind in (run.slices[0].error or "")
        exact_again(world)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_server_that_never_lets_us_through(database: str) -> None:
    """Tried again five times, and then given up with a next step."""
    with company_in(database) as world:
        before = world.everything()
        refusing(world, "serialization failure", 1000)
        failed_well(world, world.sync(), before, 6)
        table = " ON clock_times" if database.startswith("postgres") else ""
        world.execute(f"DROP TRIGGER refuse{table}")
        exact_again(world)


# -- databases that may not be written ---------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_may_only_be_read(database: str) -> None:
    """PostgreSQL as a standby is, or as an administrator sets it: an error that says so."""
    url = make_url(database)
    with company_in(database) as world:
        before = world.everything()
        world.mirror.close()
        run_statement(
            url.set(database="postgres"), f"ALTER DATABASE {url.database} SET default_transaction_read_only = on"
        )
        run = world.sync()
        failed_well(world, run, before)
        assert "read-only" in (run.slices[0].error or "")
        world.mirror.close()
        run_statement(
            url.set(database="postgres"), f"ALTER DATABASE {url.database} RESET default_transaction_read_only"
        )
        exact_again(world)


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_user_without_the_right_to_write(database: str) -> None:
    """Rights taken away: an error with the server's words; given back: exact."""
    url = make_url(database)
    user = f"{url.database}_reader"
    is_postgres = database.startswith("postgres")
    with company_in(database) as world:
        before = world.everything()
        if is_postgres:
            run_statement(url, f"CREATE USER {user}")
            run_statement(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}")
        else:
            run_statement(url, f"CREATE USER {user}")
            run_statement(url, f"GRANT SELECT ON {url.database}.* TO {user}")
        reader = url.set(username=user).render_as_string(hide_password=False)
        try:
            limited = World(world.sandbox, reader, max_deletes=99)
            with closing(limited.mirror):
                run = limited.sync()
        finally:
            if is_postgres:
                run_statement(url, f"DROP OWNED BY {user}")
            run_statement(url, f"DROP USER {user}")
        failed_well(world, run, before)
        assert "denied" in (run.slices[0].error or "")
        exact_again(world)


def _set_on_connect(engine: Engine, *pragmas: str) -> Callable[[], None]:
    """Settings of every new SQLite connection; what takes them away again."""

    def listen(connection: object, _: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined] # the driver's own connection

    event.listen(engine, "connect", listen)
    engine.dispose()

    def undo() -> None:
        event.remove(engine, "connect", listen)
        engine.dispose()

    return undo


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_sqlite_file_that_may_only_be_read(database: str) -> None:
    """The database refuses every write: an error that says so."""
    with company_in(database) as world:
        before = world.everything()
        undo = _set_on_connect(world.mirror.store._engine, "query_only = ON")
        run = world.sync()
        failed_well(world, run, before)
        assert "readonly" in (run.slices[0].error or "")
        undo()
        exact_again(world)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("room", range(0, 12, 2))
def test_a_disk_that_is_full(database: str, room: int) -> None:
    """So many pages are left: wherever the run meets the end of the disk, the transaction is gone as a whole."""
    with company_in(database) as world:
        for number in range(200):
            world.work(
                1 + number % 11,
                f"{number % 24:02}:{number % 60:02}",
                None,
                user=sorted(world.company.people)[number % 40],
            )
        before = world.everything()
        with world.mirror.store.reading() as session:
            pages = session.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        undo = _set_on_connect(world.mirror.store._engine, f"max_page_count = {pages + room}")
        run = world.sync()
        failed_well(world, run, before)
        assert "full" in (run.slices[0].error or "")
        undo()
        exact_again(world)


# -- connections that are lost -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("moment", ["SELECT", "UPDATE", "INSERT INTO connecteam_sync_changes", "COMMIT"])
@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_connection_lost_in_mid_write(database: str, moment: str) -> None:
    """An administrator drops us before a statement or before the commit: nothing is written, the next run finishes."""
    with company_in(database) as world:
        before = world.everything()
        dropped = _drop_at(world, database, moment)
        run = world.sync()
        assert dropped, "the connection was never dropped"
        failed_well(world, run, before)
        exact_again(world)


def _drop_at(world: World, database: str, moment: str) -> list[bool]:
    """Arrange that the writing connection is dropped just before a statement, once."""
    engine = world.mirror.store._engine

    def drop(connection: Connection) -> None:
        is_postgres = database.startswith("postgres")
        number = connection.exec_driver_sql(
            "SELECT pg_backend_pid()" if is_postgres else "SELECT connection_id()"
        ).scalar()
        run_statement(make_url(database), f"SELECT pg_terminate_backend({number})" if is_postgres else f"KILL {number}")

    if moment != "COMMIT":
        return _once_before(engine, moment, drop)
    wrote = _once_before(engine, "INSERT INTO connecteam_sync_slices", lambda _: None)
    dropped: list[bool] = []

    def at_commit(connection: Connection) -> None:
        if wrote and not dropped:
            dropped.append(True)
            drop(connection)

    event.listen(engine, "commit", at_commit)
    return dropped


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_lost_reply_to_commit_is_found_in_the_receipt(database: str) -> None:
    """The commit came through and its reply did not: the next run sees that it did, and doubles nothing."""
    with company_in(database) as world:
        engine, lost = world.mirror.store._engine, list[bool]()
        commit = engine.dialect.do_commit
        wrote = _once_before(engine, "INSERT INTO connecteam_sync_slices", lambda _: None)

        def commit_and_lose(connection: object) -> None:
            commit(connection)  # type: ignore[arg-type] # a driver's own connection
            if wrote and not lost:
                lost.append(True)
                raise engine.dialect.dbapi.OperationalError(2013, "lost")  # type: ignore[union-attr] # any driver

        engine.dialect.do_commit = commit_and_lose  # type: ignore[method-assign,assignment] # the reply is lost here
        run = world.sync()
        engine.dialect.do_commit = commit  # type: ignore[method-assign] # and no more
        assert lost
        assert run.exit_code == 1, run
        receipts = [slice_ for kept in world.mirror.runs(3) for slice_ in kept.slices if slice_.status == "applied"]
        assert receipts, "the receipt of what was committed is missing"
        assert world.sync().exit_code == 0
        assert world.rows() == world.company.truth(FIRST, LAST)
        invariants.keys_unique(world.table())
        invariants.journal_gives(world.table("connecteam_sync_changes"), world.table())
