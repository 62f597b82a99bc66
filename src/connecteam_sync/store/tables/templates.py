"""What the tables of ours are made of: types of columns that each database declares in its way, and templates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text
from sqlalchemy.engine.interfaces import TypeCompiler
from sqlalchemy.ext.compiler import compiles

from connecteam_sync.store.sql import urls


class CountedKey(BigInteger):
    """A key that the database counts up, declared as its class says (`auto_key`)."""


class Long(Text):
    """A text without a limit, declared as the database's class says (`long_text`)."""


@compiles(CountedKey)
def _key(_: CountedKey, compiler: TypeCompiler, **__: object) -> str:
    return urls.database(compiler.dialect.name).auto_key


@compiles(Long)
def _long(_: Long, compiler: TypeCompiler, **__: object) -> str:
    return urls.database(compiler.dialect.name).long_text


Name = String(191)

_TEMPLATES: dict[str, tuple[partial[Column[Any]] | partial[Index], ...]] = {}
"""What our tables are made of, by kind. `tables_of` makes them under their full names."""


def column(name: str, kind: Any, **options: Any) -> partial[Column[Any]]:  # noqa: ANN401 - as SQLAlchemy has them
    """A column of a template: SQLAlchemy's own is made with its table."""
    return partial(Column, name, kind, **options)


def index(purpose: str, *columns: str, unique: bool = False) -> partial[Index]:
    """An index of a template, named by its purpose."""
    return partial(Index, purpose, *columns, unique=unique)


def template(kind: str, *parts: partial[Column[Any]] | partial[Index]) -> None:
    """Note what a table of ours is made of. Most commands use a few tables, and making all takes longer than the rest.

    Options for its creation come from the database's class (`create.prepared`).
    """
    _TEMPLATES[kind] = parts


def made(kind: str, name: str, schema: str | None) -> Table:
    """A new table of this kind; its indexes are named by their purpose."""
    return Table(name, MetaData(), *(part() for part in _TEMPLATES[kind]), schema=schema)


def purposes(kind: str) -> Iterator[str]:
    """What the indexes of a kind are for, by which they are named; none of a kind without a template."""
    return (part.args[0] for part in _TEMPLATES.get(kind, ()) if part.func is Index)
