"""The backup table: rows as they were before `adopt` changed them, with their keys, counted and checksummed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError, DatabaseError, UndoRefused
from connecteam_sync.store.history.row_images import differing
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run, split
from connecteam_sync.store.tables.columns import HostColumns, column_types
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.keys import row_id


def create(connection: Connection, dialect: Dialect, host: HostTables, columns: HostColumns, name: str) -> None:
    """Create an empty table with the same columns and key. Raises ConfigurationError if the name is taken."""
    d = dialect
    schema, bare = split(name)
    if inspector(connection).has_table(bare, schema=schema):
        if run(connection, f"SELECT count(*) FROM {d.own(name)}").scalar():
            raise ConfigurationError(
                f"there is a table {name!r} already, and it is not this run's backup",
                next_step="rename that table, then run `connecteam-sync adopt --apply` again",
            )
        # It is empty: an earlier attempt of this run was killed before it stored the name.
        drop(connection, d, name)
    table, backup, key = d.table(host.clock_times.table), d.own(name), d.name(host.clock_times.id)
    run(connection, d.copied_table(backup, table, key, map(d.name, columns.clock_times)))


def drop(connection: Connection, dialect: Dialect, name: str) -> None:
    """Drop a backup if it exists."""
    run(connection, f"DROP TABLE IF EXISTS {dialect.own(name)}")


def fill(session: Session, name: str, images: Mapping[RowId, str]) -> tuple[int, str]:
    """Copy rows that are not in the backup yet, and compare the copies. Returns (rows, checksum) of the whole backup.

    `images` are the rows as they are now, locked. Raises DatabaseError if a copy differs from its row.
    """
    d, key = session.dialect, session.dialect.name(session.host.clock_times.id)
    kept = _images(session, name)
    fresh = sorted(images.keys() - kept.keys(), key=ordered)
    every = f" ({', '.join(map(d.name, session.columns.clock_times))})"
    source = ", ".join(f"t.{d.name(column)}" for column in session.columns.clock_times)
    if d.backs_up_computed:
        # Computed columns are copied too, since they are part of the row's image.
        every, source = "", "t.*"
    session.write_set(
        f"INSERT INTO {d.own(name)}{every} SELECT {source} FROM {d.rowset({'id': 'row'})}"
        f" {d.lookup} {session.clock_times} t ON t.{key} = d.id",
        ({"id": row} for row in fresh),
    )
    copied = _images(session, name) if fresh else kept
    wrong = [row for row in fresh if copied.get(row) != images[row]]
    if wrong or len(copied) != len(kept) + len(fresh):
        raise DatabaseError(
            f"{many(len(wrong), 'row is', 'rows are') if wrong else 'some rows are'} not the same in the backup {name}",
            next_step="nothing was removed; look at the column types and triggers of the table",
        )
    return len(copied), checksum(copied)


def require_there(session: Session, name: str) -> None:
    """Raises UndoRefused if the backup was dropped."""
    schema, bare = split(name)
    tables = inspector(session.connection)
    if not tables.has_table(bare, schema=schema):
        raise UndoRefused(
            f"the backup {name} is gone, and without it the rows cannot be proved to be as they were",
            next_step=f"bring the table {name} back from a dump, then run `connecteam-sync adopt --undo` again",
        )


def prove(session: Session, name: str, rows: int, expected: str) -> dict[RowId, str]:
    """The rows of a backup. Raises DatabaseError unless number and checksum are those stored when it was written."""
    kept = _images(session, name)
    if (len(kept), checksum(kept)) != (rows, expected):
        raise DatabaseError(
            f"the backup {name} is not what it was: {many(len(kept), 'row')}, {rows:,} were written",
            next_step="find out who wrote to it; the journal can undo without it once it is as it was",
        )
    return kept


def require_unchanged(session: Session, kept: Mapping[RowId, str]) -> None:
    """Raises UndoRefused if rows that a take-over left as they were are others by now: what it removed may be right no
    more beside them.
    """
    now = {row: image for row, (_, image) in session.images(kept).items()}
    changed = sorted((row for row in kept if row not in now or differing(session, kept[row], now[row])), key=ordered)
    if changed:
        raise UndoRefused(
            f"rows {', '.join(map(str, changed[:10]))}, whose doubles were removed, were changed or removed since, by a"
            " later run or another program; nothing was taken back",
            next_step="undo the later run first (connecteam-sync runs lists them), or leave the table as it is",
        )


def prove_restored(session: Session, name: str, rows: int, expected: str) -> None:
    """Raises DatabaseError unless, after an undo, the rows of the table equal an unchanged backup."""
    kept = prove(session, name, rows, expected)
    now = {row: image for row, (_, image) in session.images(kept).items()}
    wrong = sorted((row for row in kept if row not in now or differing(session, kept[row], now[row])), key=ordered)
    if wrong:
        raise DatabaseError(
            f"rows {', '.join(map(str, wrong[:10]))} would not be as they are in the backup {name}",
            next_step="no row was changed; look at the triggers of the table",
        )


def _images(session: Session, name: str) -> dict[RowId, str]:
    d, key = session.dialect, session.dialect.name(session.host.clock_times.id)
    # The columns of the backup itself: the host's table may have got others since.
    image = d.image("t", column_types(session.connection, d, name))
    fetched = session.read(
        f"SELECT {session.canonical['id']} AS id, {image} AS image FROM {d.own(name)} t ORDER BY t.{key}"
    )
    return {row_id(row["id"]): row["image"] for row in fetched}


def checksum(images: Mapping[RowId, str]) -> str:
    """SHA-256 (hex) of the images of rows, in the order of ids."""
    digest = hashlib.sha256()
    for row in sorted(images, key=ordered):
        digest.update(f"{row}\t{images[row]}\n".encode())
    return digest.hexdigest()


def restore_statements(dialect: Dialect, host: HostTables, columns: Iterable[str], name: str) -> tuple[str, ...]:
    """SQL to restore the backed-up rows by hand, without this program, after the unique key is dropped."""
    d, key = dialect, dialect.name(host.clock_times.id)
    table, backup = d.table(host.clock_times.table), d.own(name)
    every = [d.name(column) for column in columns]
    values = ", ".join(
        f"{column} = (SELECT b.{column} FROM {backup} b WHERE b.{key} = {table}.{key})"
        for column in every
        if column != key
    )
    insert = (
        f"INSERT INTO {table} ({', '.join(every)}){d.overriding} SELECT {', '.join(f'b.{c}' for c in every)}"
        f" FROM {backup} b WHERE b.{key} NOT IN (SELECT {key} FROM {table})"
    )
    return (insert, f"UPDATE {table} SET {values} WHERE {key} IN (SELECT {key} FROM {backup})")
