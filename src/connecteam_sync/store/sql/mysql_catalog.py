"""The catalogue of MySQL and MariaDB: queries about tables, and what their answers mean."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, text

from connecteam_sync.store.sql.catalog import KINDS, Answers, Catalog, CatalogDefinition, TableInfo, UniqueKey
from connecteam_sync.store.sql.mysql_values import type_of_column
from connecteam_sync.store.sql.pipeline import Query, fetch
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables

_HERE = "table_schema = coalesce(:schema, database()) AND table_name = :name"
_HERE_IT_IS = "table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
_NAMES = re.compile("`((?:[^`]|``)+)`")


class MySQLCatalog(Catalog):
    """`information_schema`."""

    key_column = "column_name"
    key_columns = (
        "SELECT $which, column_type, data_type, character_set_name, collation_name,"
        " column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%DEFAULT_GENERATED%'"
        # As in `columns`: MariaDB requires a default before any trigger runs.
        " OR (version() NOT LIKE '%MariaDB%' AND EXISTS (SELECT 1 FROM information_schema.triggers g"
        " WHERE g.event_object_schema = coalesce(:schema$, database()) AND g.event_object_table = :table$"
        " AND g.action_timing = 'BEFORE' AND g.event_manipulation = 'INSERT'))"
        " FROM information_schema.columns WHERE table_schema = coalesce(:schema$, database())"
        " AND table_name = :table$ AND $columns"
    )
    present = """
SELECT t.table_name, t.table_type = 'BASE TABLE', c.column_name, c.data_type
FROM information_schema.tables t
LEFT JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = coalesce(:schema, database()) AND t.table_name IN :names
"""
    # A global right; one that comes with a role, or of a user with an @ in the name, is not recognised.
    sees_all = Query(
        "SELECT count(*) FROM information_schema.user_privileges WHERE privilege_type = 'SELECT'"
        " AND grantee = concat('''', replace(current_user(), '@', '''@'''), '''')"
    )

    def columns(self, table: str) -> Query:
        """MySQL has a default for an ENUM and lets a trigger fill a column; MariaDB does neither for rows of a SELECT,
        as ours are. Without strict mode, either invents a value.
        """
        schema, name = split(table)
        return Query(
            f"SELECT column_name, {type_of_column()},"
            " generation_expression IS NOT NULL AND generation_expression <> '', 1,"
            " is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%'"
            " AND extra NOT LIKE '%DEFAULT_GENERATED%' AND @@SESSION.sql_mode LIKE '%STRICT%'"
            " AND CASE WHEN version() LIKE '%MariaDB%' THEN 1 ELSE data_type <> 'enum' AND NOT EXISTS (SELECT 1"
            " FROM information_schema.triggers g WHERE g.event_object_schema = coalesce(:schema, database())"
            " AND g.event_object_table = :name AND g.action_timing = 'BEFORE' AND g.event_manipulation = 'INSERT') END"
            f" FROM information_schema.columns WHERE {_HERE}"
            " ORDER BY ordinal_position",
            {"name": name, "schema": schema},
        )

    def stamp(self, table: str) -> Query:
        """Those that are not computed."""
        return Query(
            f"SELECT column_name, {type_of_column()} FROM information_schema.columns WHERE {_HERE}"
            " AND coalesce(generation_expression, '') = '' ORDER BY ordinal_position",
            _place(table),
        )

    def indexes(self, table: str) -> Query:
        """No constraint is checked late."""
        return Query(
            "SELECT index_name, group_concat(column_name ORDER BY seq_in_index SEPARATOR '\n'), max(non_unique) = 0, 0"
            f" FROM information_schema.statistics WHERE {_HERE} GROUP BY index_name",
            _place(table),
        )

    def place(self, table: str, guard: str, own: str | None) -> tuple[str, dict[str, object]]:
        """A schema is a database."""
        del guard
        now = """concat(CASE WHEN coalesce(:schema, database()) = coalesce(:own, database()) THEN ''
ELSE concat(coalesce(:schema, database()), '.') END, :name)"""
        return now, {"own": own, **_place(table)}

    def definition(self, host: HostTables) -> list[Query]:
        """Tables, triggers, constraints, and the targets of the employee's foreign keys."""
        values: dict[str, object] = {}
        for which, table in (("clock_times", host.clock_times.table), ("employees", host.employees.table)):
            values[f"{which}_schema"], values[f"{which}_name"] = split(table)
        return [Query(sql, values) for sql in _DEFINITION]

    def parse_definition(self, host: HostTables, answers: Answers) -> CatalogDefinition:
        """One row for each table."""
        del host
        made = {
            which: TableInfo(KINDS.get(kind.lower(), kind.lower()), str(engine or ""), bool(takes_back))
            for which, kind, engine, takes_back, *_ in answers[0]
        }
        ours, others = (
            tuple(name for is_ours, name, *_ in answers[1] if bool(is_ours) is wanted) for wanted in (True, False)
        )
        return CatalogDefinition(made, ours, others, answers[3])

    def pointers(self, table: str, key: str) -> Query:
        """MariaDB shows the rules of a foreign key to its owner only."""
        del key
        return Query(_POINTERS, _place(table))

    def pointing(self, table: str, schema: str | None, name: str) -> Query:
        """A column that the catalogue shows may be read."""
        home, ours = split(table)
        sql = f"""
SELECT column_name, '', table_schema = COALESCE(:home, DATABASE()) AND table_name = :ours, ''
FROM information_schema.columns WHERE {_HERE_IT_IS}
"""
        return Query(sql, {"home": home, "ours": ours, "schema": schema, "name": name})

    def is_view(self, table: str) -> Query:
        """Only a view."""
        return Query(f"SELECT count(*) FROM information_schema.views WHERE {_HERE_IT_IS}", _place(table))

    def triggers(self, table: str) -> Query:
        """The ones that the catalogue shows."""
        return Query(
            "SELECT trigger_name AS name FROM information_schema.triggers WHERE event_object_schema"
            " = COALESCE(:schema, DATABASE()) AND event_object_table = :name ORDER BY 1",
            _place(table),
        )

    # -- taking a table over -------------------------------------------------------------------------------------------

    def _indexes(self, connection: Connection, table: str) -> list[tuple[str, list[str], bool]]:
        """Name, columns and uniqueness of every index."""
        [found] = fetch(connection, [self.indexes(table)])
        return [
            (_text(name), _text(columns).split("\n"), bool(unique))
            for name, columns, unique, _ in found
            if columns is not None
        ]

    def unique_keys(self, connection: Connection, table: str, wanted: Collection[str]) -> list[UniqueKey]:
        """Without the column that a table with system versioning has in every key."""
        ends = self._row_ends(connection, table)
        return [
            UniqueKey(name=name, is_valid=True, is_constraint=False)
            for name, columns, is_unique in self._indexes(connection, table)
            if is_unique and {*columns} - ends == wanted
        ]

    def plain_indexes(self, connection: Connection, table: str) -> dict[str, list[str]]:
        """All but those of an expression."""
        return {name: columns for name, columns, unique in self._indexes(connection, table) if not unique}

    def _row_ends(self, connection: Connection, table: str) -> set[str]:
        """The column of a table with system versioning that says when a row was replaced (MariaDB): the server adds it
        to every unique key, and all current rows have the same value in it.
        """
        sql = f"SELECT column_name FROM information_schema.columns WHERE {_HERE_IT_IS}"
        found = connection.execute(text(f"{sql} AND generation_expression = 'ROW END'"), _place(table))
        return {_text(name) for (name,) in found}

    def taken(self, table: str) -> Query:
        """By an index of the same table."""
        return Query(
            f"SELECT 1 FROM information_schema.statistics WHERE {_HERE_IT_IS} AND lower(index_name) = lower(:key)",
            _place(table),
        )

    def size(self, connection: Connection, table: str) -> tuple[int | None, str | None]:
        """Rows and indexes."""
        sql = f"SELECT data_length + index_length FROM information_schema.tables WHERE {_HERE_IT_IS}"
        size = connection.execute(text(sql), _place(table))
        data = connection.execute(text("SELECT @@datadir")).scalar()
        return size.scalar(), str(data) if data else None

    def obstacles(self, connection: Connection, names: ClockTimesNames, *, has_key: bool) -> list[str]:
        """An engine without transactions."""
        del has_key
        sql = f"SELECT engine FROM information_schema.tables WHERE {_HERE_IT_IS}"
        engine = connection.execute(text(sql), _place(names.table)).scalar()
        if engine is None or str(engine).lower() == "innodb":
            return []
        return [f"the table is kept by {engine}, which knows no transactions: ALTER TABLE … ENGINE=InnoDB first"]

    def key_obstacles(self, connection: Connection, names: ClockTimesNames) -> list[str]:
        """Partitions by another column."""
        allowed = {names.employee_id, names.clock_in, *self._row_ends(connection, names.table), "row_end"}
        for method, *expressions in connection.execute(text(_PARTED), _place(names.table)):
            parted = {name for one in expressions for name in _NAMES.findall(_text(one or ""))}
            if "KEY" in _text(method or "") and not parted:
                parted = {names.id}
            if left := sorted(parted - allowed):
                obstacle = (
                    f"the table is parted by {', '.join(map(repr, left))}, and there a unique key has to have that in:"
                    " part it by the employee or the clock-in, or not at all"
                )
                return [obstacle]
        return []


def _place(table: str) -> dict[str, object]:
    schema, name = split(table)
    return {"schema": schema, "name": name}


def _text(value: Any) -> str:  # noqa: ANN401 - the catalogue gives bytes to some drivers
    return value.decode() if isinstance(value, bytes) else str(value)


_PARTED = (
    "SELECT DISTINCT partition_method, partition_expression, subpartition_expression"
    f" FROM information_schema.partitions WHERE {_HERE_IT_IS} AND partition_name IS NOT NULL"
)
_POINTERS = """
SELECT concat(k.constraint_schema, '.', k.table_name, '.', k.constraint_name),
       CASE WHEN k.table_schema = DATABASE() THEN NULL ELSE k.table_schema END, k.table_name, k.column_name,
       k.referenced_column_name, COALESCE(r.delete_rule, 'unknown'), COALESCE(r.update_rule, 'unknown'),
       k.table_schema = COALESCE(:schema, DATABASE()) AND k.table_name = :name, '', ''
FROM information_schema.key_column_usage k LEFT JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.referenced_table_schema = COALESCE(:schema, DATABASE()) AND k.referenced_table_name = :name
ORDER BY 1, k.ordinal_position
"""


def _table(which: str) -> str:
    return (
        f"SELECT '{which}', t.table_type, t.engine, coalesce((SELECT e.transactions = 'YES'"
        " FROM information_schema.engines e WHERE e.engine = t.engine), 0), t.create_options"
        f" FROM information_schema.tables t WHERE t.table_schema = coalesce(:{which}_schema, database())"
        f" AND t.table_name = :{which}_name"
    )


def _either(schema: str, name: str) -> str:
    return " OR ".join(
        f"({schema} = coalesce(:{which}_schema, database()) AND {name} = :{which}_name)"
        for which in ("clock_times", "employees")
    )


_TRIGGERS = (
    "SELECT event_object_table = :clock_times_name, trigger_name, action_timing, event_manipulation, action_order,"
    " sha2(action_statement, 256) FROM information_schema.triggers"
    f" WHERE {_either('event_object_schema', 'event_object_table')} ORDER BY 1, 2"
)
_CONSTRAINTS = (
    "SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints"
    f" WHERE {_either('table_schema', 'table_name')} ORDER BY 1, 2, 3"
)
_TARGETS = (
    "SELECT constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name,"
    " referenced_table_schema = coalesce(:employees_schema, database()) AND referenced_table_name = :employees_name"
    " FROM information_schema.key_column_usage WHERE table_schema = coalesce(:clock_times_schema, database())"
    " AND table_name = :clock_times_name AND referenced_table_name IS NOT NULL ORDER BY 1, ordinal_position"
)
_DEFINITION = (f"{_table('clock_times')} UNION ALL {_table('employees')}", _TRIGGERS, _CONSTRAINTS, _TARGETS)
