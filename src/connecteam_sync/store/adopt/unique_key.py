"""The unique key over (employee, clock-in), added and dropped while other programs read and write the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connecteam_sync.errors import DatabaseError, LockHeld
from connecteam_sync.store.adopt import catalog
from connecteam_sync.store.sql.catalog import UniqueKey
from connecteam_sync.store.sql.causes import LOCK_CODES, RETRY_CODES, codes_of
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.init import UNIQUE_KEY

LOCK_WAIT = 1
"""Seconds that DDL waits for its lock: other statements queue behind it."""
PAUSE = 0.5
_DOUBLE_CODES = {1062, 1586, "23505"}


class DoublesAppeared(Exception):  # noqa: N818 - says what happened; never leaves `adopt`
    """Another program wrote a double while the key was being made."""


def add_statements(dialect: Dialect, host: HostTables) -> tuple[str, ...]:
    """The statements that make the key. Never with IGNORE: a double is an error, not a row to drop."""
    d, names = dialect, host.clock_times
    return d.key_made(names.table, f"{d.name(names.employee_id)}, {d.name(names.clock_in)}", UNIQUE_KEY)


def drop_statements(dialect: Dialect, host: HostTables, *, is_constraint: bool = True) -> tuple[str, ...]:
    """The statements that drop the key."""
    return (dialect.key_dropped(host.clock_times.table, UNIQUE_KEY, is_constraint=is_constraint),)


def add(
    connection: Connection,
    dialect: Dialect,
    host: HostTables,
    *,
    wait: float,
    waiting: Callable[[str], None],
    ignore_host_keys: bool = False,
) -> None:
    """Make the key unless it exists; an unfinished one is dropped and made again.

    Raises DoublesAppeared, LockHeld if others keep the table locked for longer than `wait` seconds, DatabaseError if
    the database does not show the key as valid. `ignore_host_keys`: only a key with our name counts as existing.
    """
    patience = _Patience(wait, waiting)

    def existing_key() -> UniqueKey | None:
        keys = catalog.unique_keys(connection, dialect, host)
        these = [key for key in keys if not ignore_host_keys or key.name == UNIQUE_KEY]
        return next(iter(sorted(these, key=lambda key: not key.is_valid)), None)

    key = existing_key()
    if key is not None and not key.is_valid:
        _run(connection, dialect, host, drop_statements(dialect, host, is_constraint=False), patience)
        key = None
    statements = add_statements(dialect, host)
    if key is None:
        try:
            _run(connection, dialect, host, statements[:1], patience)
        except DBAPIError as error:
            if not codes_of(error) & _DOUBLE_CODES:
                raise
            unfinished = existing_key()
            if unfinished is not None:
                _run(connection, dialect, host, drop_statements(dialect, host, is_constraint=False), patience)
            raise DoublesAppeared from error
        key = existing_key()
    if statements[1:] and key is not None and key.name == UNIQUE_KEY and not key.is_constraint:
        _run(connection, dialect, host, statements[1:], patience)
        key = existing_key()
    if key is None or not key.is_valid:
        raise DatabaseError(
            "the database made the unique key but does not show it as valid",
            next_step="run `connecteam-sync adopt` to see the state of the table",
        )


def drop(
    connection: Connection,
    dialect: Dialect,
    host: HostTables,
    indexes: dict[str, list[str]],
    *,
    wait: float,
    waiting: Callable[[str], None],
) -> None:
    """Drop our key if it exists, and restore an index that the database dropped because of it.

    `indexes` are the plain indexes from before: MySQL drops an index made for a foreign key once another one serves it.
    """
    patience = _Patience(wait, waiting)
    # The host may have made a key of its own on the two columns since.
    keys = catalog.unique_keys(connection, dialect, host)
    key = next((key for key in keys if key.name == UNIQUE_KEY), None)
    if key is None:
        return
    statements = drop_statements(dialect, host, is_constraint=key.is_constraint)
    present = catalog.indexes(connection, dialect, host)
    lost = {name: columns for name, columns in indexes.items() if name not in present}
    if lost and dialect.drops_spare_indexes:
        statements = (dialect.key_replaced(host.clock_times.table, UNIQUE_KEY, lost),)
    _run(connection, dialect, host, statements, patience)


class _Patience:
    """How long we wait for others in total."""

    def __init__(self, wait: float, waiting: Callable[[str], None]) -> None:
        self.wait, self._waiting = max(1, round(wait)), waiting
        self._until = time.monotonic() + wait

    def require(self, error: DBAPIError) -> None:
        """Pause before the next attempt. Raises LockHeld if the time is over."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise LockHeld(
                "the table stayed busy: a long transaction holds it, and we do not make others wait behind us",
                next_step="run it again at a quieter time, or with a longer lock_wait; nothing else was undone",
            ) from error
        self._waiting(f"the table is busy, trying again for {left:.0f} s")
        time.sleep(PAUSE)


def _run(
    connection: Connection,
    dialect: Dialect,
    host: HostTables,
    statements: Sequence[str],
    patience: _Patience,
) -> None:
    """Run statements one by one, each again if it did not get its lock in time. The caller discards the connection."""
    for statement in statements:
        while True:
            try:
                dialect.alter(connection, statement, wait=patience.wait, lock_wait=LOCK_WAIT)
            except DBAPIError as error:
                if not codes_of(error) & (LOCK_CODES | RETRY_CODES):
                    raise
                left = dialect.cleared(host.clock_times.table, UNIQUE_KEY, statement)
                if left is not None:
                    dialect.alter(connection, left, wait=1, lock_wait=LOCK_WAIT)
                patience.require(error)
                continue
            break


def doubles_statement(dialect: Dialect, host: HostTables) -> str:
    """SQL that finds every employee and clock-in with more than one row."""
    d, names = dialect, host.clock_times
    columns = f"{d.name(names.employee_id)}, {d.name(names.clock_in)}"
    return f"SELECT {columns}, count(*) FROM {d.table(names.table)} GROUP BY {columns} HAVING count(*) > 1"


def terminated(statements: Iterable[str]) -> str:
    """Statements as the lines of a file."""
    return "".join(f"{statement};\n" for statement in statements)
