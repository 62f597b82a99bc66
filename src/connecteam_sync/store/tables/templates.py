"""What the tables of ours are made of: types of columns that each database declares in its way, and templates."""

from __future__ import annotations

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

templates = MetaData()
"""Our tables, named by kind, and their indexes, named by purpose. `tables_of` gives them their full names."""


def template(kind: str, *columns: Column[Any] | Index) -> Table:
    """A table of ours. Options for its creation come from the database's class (`create.prepared`)."""
    return Table(kind, templates, *columns)
