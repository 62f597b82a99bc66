"""How names of tables and columns are written in statements: every name is quoted here, whatever the database allows.

Text between quotes is a literal or a name, never a placeholder for a value: `compiled` leaves it alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

from connecteam_sync.store.sql.urls import database

_QUOTED = re.compile(r'"((?:[^"]|"")+)"(?=\.|$)')
"""A part of a name in double quotes, a quote in it doubled."""
_MARKS = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|::)|(?<![\w:]):(?P<value>[A-Za-z_]\w*)|(?P<percent>%)"""
)


def parts(text: str) -> list[str]:
    """The parts of a name, divided by dots; a part that contains a dot is in double quotes: `payroll."my.table"`."""
    found = []
    while True:
        part = _QUOTED.match(text)
        if part is None:
            plain, dot, text = text.partition(".")
            found.append(plain)
        else:
            found.append(part[1].replace('""', '"'))
            dot, text = text[part.end() : part.end() + 1], text[part.end() + 1 :]
        if not dot:
            return found


def split(table: str) -> tuple[str | None, str]:
    """Schema and name of a table: `payroll.clock_times`, `"my.schema"."my.table"`."""
    *schema, name = parts(table)
    return ".".join(schema) or None, name


def quoted(name: str, mark: str = '"') -> str:
    """One name, whatever is in it."""
    return f"{mark}{name.replace(mark, 2 * mark)}{mark}"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@lru_cache(maxsize=512)
def compiled(sql: str, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """A statement with `:named` values as the driver takes it, and the names in their order; None: they go by name."""
    order: list[str] = []
    style = database(dialect.name).paramstyle or dialect.paramstyle

    def mark(found: re.Match[str]) -> str:
        if found["value"]:
            order.append(found["value"])
            return {"qmark": "?", "format": "%s"}.get(style) or f"%({found['value']})s"
        return found[0] if style == "qmark" else found[0].replace("%", "%%")

    text = _MARKS.sub(mark, sql)
    return text, None if style == "pyformat" else tuple(order)


def run(connection: Connection, sql: str, values: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - a result whose rows are of any width
    """A statement with `:named` values, by itself."""
    text, order = compiled(sql, connection.dialect)
    given = values or {}
    return connection.exec_driver_sql(text, dict(given) if order is None else tuple(given[name] for name in order))
