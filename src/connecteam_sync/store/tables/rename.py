"""Rename our tables, with their indexes, from the names of old versions or of another prefix to the configured ones.

MySQL commits each statement. `ownership.take_inventory` finds what an interrupted attempt has left, and the next one
goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, inspect

from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables.own import KINDS, OwnNames
from connecteam_sync.store.tables.ownership import Inventory
from connecteam_sync.store.tables.templates import purposes


def rename(connection: Connection, dialect: Dialect, found: Inventory, names: OwnNames) -> tuple[str, ...]:
    """Rename our tables, with their rows, keys and sequences; returns a sentence for each action."""
    for statement in statements(connection, dialect, found, names):
        connection.exec_driver_sql(statement)
    kinds = _kinds(found)
    done = [f"renamed {found.old[kind]} to {names.full(kind)}" for kind in kinds]
    if done and not dialect.grants_follow:
        done.append("what was granted on single tables does not follow a new name: see `connecteam-sync doctor`")
    return (*done, *(f"left table {table} alone: it is not ours" for table in found.strangers))


def _kinds(found: Inventory) -> list[str]:
    # The version table comes last: while it has its old name, an interrupted attempt is recognised by it.
    return [kind for kind in KINDS if kind in found.old and kind not in found.there]


def statements(
    connection: Connection, dialect: Dialect, found: Inventory, names: OwnNames, *, is_printed: bool = False
) -> Iterator[str]:
    """The statements that rename. Unless they are printed, run each before the next is generated."""
    kinds = _kinds(found)
    # By its own old name, or by the old name of this kind, if it was renamed a moment ago.
    for kind in KINDS if found.old else ():
        if kind in kinds:
            yield from dialect.renamed(found.old[kind], names.full(kind))
        if kind in kinds or kind in found.there:
            stands = split(found.old[kind]) if is_printed and kind in kinds else (names.schema, names.name(kind))
            yield from _renaming_indexes(connection, dialect, names, kind, stands)


def _renaming_indexes(
    connection: Connection, dialect: Dialect, names: OwnNames, kind: str, stands: tuple[str | None, str]
) -> Iterator[str]:
    """The statements that rename the indexes of a table that was just renamed: ix_OLD_what becomes ix_NEW_what.

    `stands` is the (schema, name) of the table at present.
    """
    served = "|".join(purposes(kind))
    present = inspect(connection).get_indexes(stands[1], schema=stands[0])
    taken = {str(index["name"]) for index in present}
    for index in present:
        name = str(index["name"])
        match = re.fullmatch(rf"ix_\w*{kind}_({served})", name)
        new = names.index(kind, match[1]) if match and served else name
        if new in taken:
            continue
        columns = [str(column) for column in index["column_names"]]
        yield from dialect.index_renamed(names.full(kind), name, new, columns, is_unique=bool(index["unique"]))
