"""How the host's two tables are made, as the catalogue says it: kind, engine, words of an ENUM, triggers, constraints.

All of it, and the columns, make the *stamp*: one text that is another one as soon as anything of it is altered. It is
asked in the round trip that asks for the columns. Whether a table is served at all is judged in `served`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from connecteam_sync.store.dialect import Dialect
from connecteam_sync.store.host import ClockTimesNames, HostTables
from connecteam_sync.store.naming import split
from connecteam_sync.store.trips import Query, Rows, fetch

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "base table": "table",
    "system versioned": "table",
}


class Made(msgspec.Struct, frozen=True):
    """What one table is: `table` or another word of its database; who keeps it; whether a write can be taken back."""

    kind: str = "table"
    engine: str = ""
    takes_back: bool = True
    is_filtered: bool = False
    """Whether row level security decides which rows the user of the connection sees and writes (PostgreSQL)."""
    has_heirs: bool = False
    """Whether other tables inherit from it, whose rows are seen as its own (PostgreSQL)."""
    replaces: bool = False
    """Whether one of its keys has rows replaced, or left out, without a word (ON CONFLICT of SQLite)."""


class Span(msgspec.Struct, frozen=True):
    """The lowest and the highest value of a column, as the driver gives them; None where it has none."""

    low: Any = None
    high: Any = None


class Definition(msgspec.Struct, frozen=True):
    """What is known of the two tables beside their columns. `triggers` are those of the clock times that one
    may see, `words` are what an ENUM allows, by column of the clock
    times; `spans` the ends of columns whose values decide, by column.
    """

    clock_times: Made = Made()
    employees: Made = Made()
    triggers: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}
    spans: Mapping[str, Span] = {}
    stamp: str = ""


def definition_queries(dialect: Dialect, host: HostTables) -> list[Query]:
    """What `definition_of` reads; the first says what the tables are."""
    names = {"clock_times": host.clock_times.table, "employees": host.employees.table}
    if dialect.family == "postgresql":
        values = {which: dialect.table(table) for which, table in names.items()}
        return [Query(sql, values if ":employees" in sql else {"clock_times": values["clock_times"]}) for sql in _PG]
    parts = {which: split(table) for which, table in names.items()}
    if dialect.family == "mysql":
        given = {f"{which}_schema": schema for which, (schema, _) in parts.items()}
        named = {f"{which}_name": name for which, (_, name) in parts.items()}
        return [Query(sql, {**given, **named}) for sql in _MYSQL]
    return [
        Query(
            f"SELECT :which, type, name, sql FROM {dialect.exact(schema or 'main', 'sqlite_master')}"
            " WHERE lower(tbl_name) = lower(:name) ORDER BY type, name",
            {"which": which, "name": name},
        )
        for which, (schema, name) in parts.items()
    ]


def definition_of(dialect: Dialect, host: HostTables, found: Sequence[Rows], columns: Sequence[Rows]) -> Definition:
    """What the tables are; `columns` are further answers that the stamp is made of, beside what the configuration says
    of the tables.
    """
    answers: list[list[tuple[Any, ...]]] = [[tuple(map(_plain, row)) for row in rows] for rows in (*found, *columns)]
    stamp = hashlib.sha256(msgspec.json.encode((answers, host))).hexdigest()
    if dialect.family == "sqlite":
        kinds = {
            which: "virtual table" if kind == "table" and _is_virtual(sql) else kind
            for rows in answers[:2]
            for which, kind, _, sql in rows
            if kind in {"table", "view"}
        }
        replaced = {
            which for rows in answers[:2] for which, kind, _, sql in rows if kind == "table" and _REPLACES.search(sql)
        }
        made = {which: Made(kind, replaces=which in replaced) for which, kind in kinds.items()}
        triggers = [name for rows in answers[:1] for _, kind, name, _ in rows if kind == "trigger"]
    else:
        made = {
            which: Made(
                _KINDS.get(kind.lower(), kind.lower()),
                str(engine or ""),
                bool(takes_back),
                *(map(bool, more[-2:]) if dialect.family == "postgresql" else ()),
            )
            for which, kind, engine, takes_back, *more in answers[0]
        }
        triggers = [name for is_ours, name, *_ in answers[1] if is_ours]
    words: dict[str, tuple[str, ...]] = {}
    if dialect.family == "postgresql":
        words = {name: tuple(said.split("\n")) for name, said in answers[3]}
    return Definition(
        clock_times=made.get("clock_times", Made()),
        employees=made.get("employees", Made()),
        triggers=tuple(triggers),
        words=words,
        stamp=stamp,
    )


def with_spans(
    connection: Connection,
    dialect: Dialect,
    names: ClockTimesNames,
    present: Collection[str],
    known: Definition,
    *,
    is_known: bool,
) -> Definition:
    """The same, with the lowest and the highest value of each column whose type alone does not decide: on SQLite of the
    times and the flag, elsewhere of times that are numbers. The ends tell: numbers stand before text and bytes after
    it, other ways to write a day before or behind ours.
    """
    if dialect.family != "sqlite" and names.clock_in_unit is None:
        return known
    looked = [names.clock_in, names.clock_out]
    if dialect.family == "sqlite" and not is_known:
        looked.append(names.is_active)  # which has no index, as a rule
    columns = [name for name in looked if name in present]
    table = dialect.table(names.table)
    found = fetch(connection, [Query(_ends(dialect, dialect.name(name), table)) for name in columns])
    spans = {name: Span(*rows[0]) for name, rows in zip(columns, found, strict=True)}
    return msgspec.structs.replace(known, spans=spans)


def _ends(dialect: Dialect, column: str, table: str) -> str:
    """Each end by itself: so an index answers at once."""
    if dialect.family != "sqlite":
        return f"SELECT min({column}), max({column}) FROM {table}"
    low, high = (f"(SELECT {end}({column}) FROM {table})" for end in ("min", "max"))
    return f"SELECT {low}, {high}"


def _plain(value: object) -> object:
    """A driver's value as JSON can hold it."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="replace")
    return value if value is None or isinstance(value, str | int | bool) else str(value)


_REPLACES = re.compile(r"\bON\s+CONFLICT\s+(REPLACE|IGNORE)\b", re.IGNORECASE)


def _is_virtual(sql: str) -> bool:
    return sql.upper().split()[:2] == ["CREATE", "VIRTUAL"]


def _mysql_tables(which: str) -> str:
    return (
        f"SELECT '{which}', t.table_type, t.engine, coalesce((SELECT e.transactions = 'YES'"
        " FROM information_schema.engines e WHERE e.engine = t.engine), 0), t.create_options"
        f" FROM information_schema.tables t WHERE t.table_schema = coalesce(:{which}_schema, database())"
        f" AND t.table_name = :{which}_name"
    )


def _mysql_place(schema: str, name: str) -> str:
    return " OR ".join(
        f"({schema} = coalesce(:{which}_schema, database()) AND {name} = :{which}_name)"
        for which in ("clock_times", "employees")
    )


_MYSQL_TRIGGERS = (
    "SELECT event_object_table = :clock_times_name, trigger_name, action_timing, event_manipulation, action_order,"
    " sha2(action_statement, 256) FROM information_schema.triggers"
    f" WHERE {_mysql_place('event_object_schema', 'event_object_table')} ORDER BY 1, 2"
)
_MYSQL_CONSTRAINTS = (
    "SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints"
    f" WHERE {_mysql_place('table_schema', 'table_name')} ORDER BY 1, 2, 3"
)
_MYSQL = (
    f"{_mysql_tables('clock_times')} UNION ALL {_mysql_tables('employees')}",
    _MYSQL_TRIGGERS,
    _MYSQL_CONSTRAINTS,
)
_PG_ANY = "IN (to_regclass(:clock_times), to_regclass(:employees))"


def _pg_table(which: str) -> str:
    return (
        f"SELECT '{which}', CAST(c.relkind AS text), CAST(c.relpersistence AS text), c.relkind <> 'f',"
        " CAST(c.relreplident AS text), c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,"
        " row_security_active(c.oid),"
        " c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid)"
        f" FROM pg_class c WHERE c.oid = to_regclass(:{which})"
    )


_PG_TRIGGERS = (
    "SELECT g.tgrelid = to_regclass(:clock_times), CAST(g.tgname AS text), CAST(g.tgenabled AS text),"
    " md5(pg_get_triggerdef(g.oid)), md5(p.prosrc) FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid"
    f" WHERE NOT g.tgisinternal AND g.tgrelid {_PG_ANY} ORDER BY g.tgrelid, g.tgname"
)
_PG_CONSTRAINTS = (
    "SELECT CAST(k.conname AS text), CAST(k.contype AS text), md5(pg_get_constraintdef(k.oid))"
    f" FROM pg_constraint k WHERE k.conrelid {_PG_ANY} OR k.confrelid {_PG_ANY} ORDER BY k.conrelid, k.conname"
)
# Of a domain, too: the labels are those of the type that it is made of.
_PG_WORDS = (
    "SELECT CAST(a.attname AS text), (SELECT string_agg(CAST(e.enumlabel AS text), E'\\n' ORDER BY e.enumsortorder)"
    " FROM pg_enum e WHERE e.enumtypid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END)"
    " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype"
    " WHERE a.attrelid = to_regclass(:clock_times) AND a.attnum > 0 AND NOT a.attisdropped"
    " AND 'e' IN (t.typtype, b.typtype) ORDER BY a.attnum"
)
_PG = (
    f"{_pg_table('clock_times')} UNION ALL {_pg_table('employees')}",
    _PG_TRIGGERS,
    _PG_CONSTRAINTS,
    _PG_WORDS,
)
