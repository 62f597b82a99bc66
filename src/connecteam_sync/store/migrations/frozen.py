"""What the migrations have in common: names, types, and what a table has already. Released, none of it changes.

A migration that was released means for ever what it meant then, so it knows nothing of the program around it: neither
the tables as they are now nor how rows are read. What it has to be told, `init` puts into the attributes (`env`). Where
a migration needs something else of these helpers, it gets a helper of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from alembic import context, op
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, String, Table, Text, inspect
from sqlalchemy.schema import CreateIndex, CreateTable


class _LongText(Text):
    """MySQL's LONGTEXT."""

    __visit_name__ = "LONGTEXT"


KEY = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up: `make` has SQLite never give one of them twice."""
NAME = String(191)
LONG = Text().with_variant(_LongText(), "mysql", "mariadb")
_OPTIONS = {
    f"{family}_{option}": value
    for family in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def given() -> dict[str, Any]:
    """What `init` says."""
    return context.config.attributes


def is_mysql() -> bool:
    """Whether this is MySQL or MariaDB."""
    return op.get_context().dialect.name in {"mysql", "mariadb"}


# -- names -------------------------------------------------------------------------------------------------------------


def name(kind: str) -> str:
    """The name of a table of ours, without its schema."""
    return f"{given()['prefix']}{kind}"


def index(kind: str, what: str) -> str:
    """The name of an index of ours."""
    return f"ix_{name(kind)}_{what}"


def quoted(kind: str, more: str = "") -> str:
    """The name of a table of ours as it stands in a statement."""
    return _quoted(f"{name(kind)}{more}", given()["schema"])


def _quoted(table: str, schema: str | None) -> str:
    return op.get_context().dialect.identifier_preparer.format_table(Table(table, MetaData(), schema=schema))


# -- what is there -----------------------------------------------------------------------------------------------------


def reading() -> Connection:
    """The connection that is read from: that which is written to, or that of the database which statements are for."""
    connection: Connection = given()["reading"]
    return connection


def standing(kind: str) -> tuple[str, str | None]:
    """Name and schema a table has while this runs: statements that are printed have not renamed it yet."""
    found: tuple[str, str | None] = given()["standing"].get(kind, (name(kind), given()["schema"]))
    return found


def standing_quoted(kind: str) -> str:
    """The same, as it stands in a statement that is run on `reading()`."""
    return _quoted(*standing(kind))


def columns(kind: str) -> set[str]:
    """The columns that a table of ours has by now; none where it is not there.

    An attempt that broke off on MySQL, which commits each statement, leaves some of what a migration adds.
    """
    known: dict[str, set[str]] = given()["columns"]
    if kind not in known:
        table, schema = standing(kind)
        look = inspect(reading())
        there = look.get_columns(table, schema=schema) if look.has_table(table, schema=schema) else []
        known[kind] = {str(column["name"]) for column in there}
    return known[kind]


def indexes(kind: str) -> list[tuple[str, list[str], bool]]:
    """The indexes of a table that is there: name, columns, whether it is unique."""
    table, schema = standing(kind)
    return [
        (str(one["name"]), [str(column) for column in one["column_names"]], bool(one["unique"]))
        for one in inspect(reading()).get_indexes(table, schema=schema)
    ]


# -- what is made ------------------------------------------------------------------------------------------------------


def make(kind: str, *wanted: Column[Any], counted: bool = False, **served: Sequence[str]) -> None:
    """Create a table and its indexes, `served` by what they are for; what an attempt that broke off left is completed.

    `counted` tables have a key of the type KEY.
    """
    table = Table(name(kind), MetaData(), *wanted, schema=given()["schema"])
    table.dialect_kwargs.update({**_OPTIONS, "sqlite_autoincrement": counted})
    present: Iterable[tuple[str, list[str], bool]] = ()
    if columns(kind):
        present = indexes(kind)
    else:
        op.execute(CreateTable(table))
        columns(kind).update(column.name for column in wanted)
    there = {one for one, _, _ in present}
    for what in sorted(served):
        if index(kind, what) not in there:
            op.execute(CreateIndex(Index(index(kind, what), *(table.c[column] for column in served[what]))))


def add(kind: str, *wanted: Column[Any]) -> None:
    """Add the columns that are not there."""
    for column in wanted:
        if column.name not in columns(kind):
            op.add_column(name(kind), column, schema=given()["schema"])
            columns(kind).add(column.name)
