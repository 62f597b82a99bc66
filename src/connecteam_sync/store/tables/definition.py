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

from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows, fetch
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables

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


class Target(msgspec.Struct, frozen=True):
    """What a foreign key of the clock times, over the employee alone, points at."""

    key: str
    schema: str | None
    table: str
    column: str
    is_people: bool
    """Whether that is the table of people."""


class Definition(msgspec.Struct, frozen=True):
    """What is known of the two tables beside their columns. `triggers` are those of the clock times that one
    may see, and rules of PostgreSQL that do something beside a write, `people_triggers` those of the people; `instead`
    are rules that do something else instead of one, and `people_instead`. `unproved` are constraints that old rows may
    break (NOT VALID). `words` are what an ENUM allows, by column of the clock times; `spans` the ends of columns whose
    values decide, by column; `targets` are of the employee's keys.
    """

    clock_times: Made = Made()
    employees: Made = Made()
    triggers: tuple[str, ...] = ()
    people_triggers: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    people_instead: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}
    spans: Mapping[str, Span] = {}
    stamp: str = ""


def definition_queries(dialect: Dialect, host: HostTables) -> list[Query]:
    """What `definition_of` reads; the first says what the tables are."""
    names = {"clock_times": host.clock_times.table, "employees": host.employees.table}
    if dialect.family == "postgresql":
        values = {which: dialect.table(table) for which, table in names.items()}
        values["employee_id"] = host.clock_times.employee_id
        return [Query(sql, {name: said for name, said in values.items() if f":{name}" in sql}) for sql in _PG]
    parts = {which: split(table) for which, table in names.items()}
    if dialect.family == "mysql":
        given = {f"{which}_schema": schema for which, (schema, _) in parts.items()}
        named = {f"{which}_name": name for which, (_, name) in parts.items()}
        return [Query(sql, {**given, **named}) for sql in _MYSQL]
    schema, name = parts["clock_times"]
    return [
        Query(
            f"SELECT :which, type, name, sql FROM {dialect.exact(schema or 'main', 'sqlite_master')}"
            " WHERE lower(tbl_name) = lower(:name) ORDER BY type, name",
            {"which": which, "name": name},
        )
        for which, (schema, name) in parts.items()
    ] + [Query(_SQLITE_TARGETS, {"name": name, "schema": schema or "main"})]


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
        triggers, others = (
            tuple(name for _, kind, name, _ in rows if kind == "trigger") for rows in (answers[0], answers[1])
        )
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
        triggers, others = (
            tuple(name for is_ours, name, *_ in answers[1] if bool(is_ours) is wanted) for wanted in (True, False)
        )
    words: dict[str, tuple[str, ...]] = {}
    unproved: tuple[str, ...] = ()
    instead: tuple[tuple[str, ...], ...] = ((), ())
    if dialect.family == "postgresql":
        words = {name: tuple(said.split("\n")) for name, said in answers[3]}
        rules = answers[5]
        unproved = tuple(name for name, _, _, is_proved in answers[2] if not is_proved)
        instead = tuple(
            tuple(name for is_ours, name, _, is_instead, _ in rules if bool(is_ours) is wanted and is_instead)
            for wanted in (True, False)
        )
        triggers, others = (
            (
                *known,
                *(
                    f"rule {name}"
                    for is_ours, name, _, is_instead, _ in rules
                    if bool(is_ours) is wanted and not is_instead
                ),
            )
            for known, wanted in ((triggers, True), (others, False))
        )
    return Definition(
        clock_times=made.get("clock_times", Made()),
        employees=made.get("employees", Made()),
        triggers=triggers,
        people_triggers=others,
        instead=instead[0],
        people_instead=instead[1],
        unproved=unproved,
        targets=_targets(dialect, host, answers[_TARGETS[dialect.family]]),
        words=words,
        stamp=stamp,
    )


def _targets(dialect: Dialect, host: HostTables, found: Sequence[tuple[Any, ...]]) -> tuple[Target, ...]:
    """The keys over the employee alone; `found` has a row for each column of each key of the clock times."""
    keys: dict[object, list[tuple[Any, ...]]] = {}
    for key, *rest in found:
        keys.setdefault(key, []).append(tuple(rest))
    wanted = host.clock_times.employee_id.lower()
    people = split(host.employees.table)
    result = []
    for key, [(column, schema, table, target, is_theirs), *more] in keys.items():
        if more or column.lower() != wanted or target is None:
            continue
        is_people = is_theirs
        if dialect.family == "sqlite":
            is_people = table.lower() == people[1].lower() and (people[0] or "main").lower() == schema.lower()
        result.append(Target(str(key), schema, table, target, bool(is_people)))
    return tuple(result)


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
_MYSQL_TARGETS = (
    "SELECT constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name,"
    " referenced_table_schema = coalesce(:employees_schema, database()) AND referenced_table_name = :employees_name"
    " FROM information_schema.key_column_usage WHERE table_schema = coalesce(:clock_times_schema, database())"
    " AND table_name = :clock_times_name AND referenced_table_name IS NOT NULL ORDER BY 1, ordinal_position"
)
_MYSQL = (
    f"{_mysql_tables('clock_times')} UNION ALL {_mysql_tables('employees')}",
    _MYSQL_TRIGGERS,
    _MYSQL_CONSTRAINTS,
    _MYSQL_TARGETS,
)
# Where a key names no column, it means the primary key.
_SQLITE_TARGETS = (
    'SELECT f.id, f."from", :schema, f."table", coalesce(f."to", (SELECT i.name FROM pragma_table_info(f."table",'
    " :schema) i WHERE i.pk = 1)), 0 FROM pragma_foreign_key_list(:name, :schema) f ORDER BY f.id, f.seq"
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
    "SELECT CAST(k.conname AS text), CAST(k.contype AS text), md5(pg_get_constraintdef(k.oid)), k.convalidated"
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
_PG_TARGETS = (
    "SELECT CAST(k.conname AS text), CAST(o.attname AS text), CAST(n.nspname AS text), CAST(c.relname AS text),"
    " CAST(a.attname AS text), k.confrelid IS NOT DISTINCT FROM to_regclass(:employees) FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = k.confkey[1]"
    " JOIN pg_attribute o ON o.attrelid = k.conrelid AND o.attnum = k.conkey[1] AND o.attname = :employee_id"
    " WHERE k.contype = 'f' AND k.conparentid = 0 AND cardinality(k.conkey) = 1"
    " AND k.conrelid = to_regclass(:clock_times) ORDER BY k.conname"
)
_PG_RULES = (
    "SELECT r.ev_class = to_regclass(:clock_times), CAST(r.rulename AS text), CAST(r.ev_type AS text), r.is_instead,"
    " md5(pg_get_ruledef(r.oid)) FROM pg_rewrite r WHERE r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A')"
    f" AND r.ev_class {_PG_ANY} ORDER BY r.ev_class, r.rulename"
)
_PG = (
    f"{_pg_table('clock_times')} UNION ALL {_pg_table('employees')}",
    _PG_TRIGGERS,
    _PG_CONSTRAINTS,
    _PG_WORDS,
    _PG_TARGETS,
    _PG_RULES,
)
_TARGETS = {"postgresql": 4, "mysql": 3, "sqlite": 2}
"""Which answer says what the employee's keys point at."""
