"""The catalogue of SQLite: queries about tables, and what their answers mean."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import Connection, text

from connecteam_sync.store.sql.catalog import Answers, Catalog, CatalogDefinition, TableInfo, UniqueKey
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.quoting import run, split
from connecteam_sync.store.tables.host import HostTables

_REPLACES = re.compile(r"\bON\s+CONFLICT\s+(REPLACE|IGNORE)\b", re.IGNORECASE)
_UNIQUE = """
SELECT l.name, (SELECT group_concat(coalesce(i.name, ''), char(10)) FROM pragma_index_info(l.name, :schema) i)
FROM pragma_index_list(:name, :schema) l WHERE l."unique" AND NOT l.partial
"""
# A foreign key without target columns points at the primary key.
_TARGETS = (
    'SELECT f.id, f."from", :schema, f."table", coalesce(f."to", (SELECT i.name FROM pragma_table_info(f."table",'
    " :schema) i WHERE i.pk = 1)), 0 FROM pragma_foreign_key_list(:name, :schema) f ORDER BY f.id, f.seq"
)


class SQLiteCatalog(Catalog):
    """`sqlite_master` and the pragmas."""

    key_column = "lower(x.name)"
    key_columns = (
        "SELECT $which, x.type, '', '', '', x.dflt_value IS NOT NULL OR (x.pk = 1 AND upper(x.type) = 'INTEGER'"
        " AND (SELECT count(*) FROM pragma_table_xinfo(:table$, coalesce(:schema$, 'main')) p WHERE p.pk) = 1"
        " AND NOT EXISTS (SELECT 1 FROM pragma_table_list(:table$) l"
        " WHERE l.schema = coalesce(:schema$, 'main') AND l.wr))"
        " OR EXISTS (SELECT 1 FROM pragma_table_list(:table$) v WHERE v.schema = coalesce(:schema$, 'main')"
        " AND v.type = 'view')"
        " FROM pragma_table_xinfo(:table$, coalesce(:schema$, 'main')) x WHERE $columns"
    )
    present = """
SELECT m.name, m.type = 'table', c.name, c.type
FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c
WHERE :schema IS NULL AND m.type IN ('table', 'view') AND lower(m.name) IN :names
"""

    def columns(self, table: str) -> Query:
        """`hidden` is 2 or 3 for a computed column, 1 for a hidden one. Triggers cannot fill a column."""
        schema, name = split(table)
        return Query(
            'SELECT name, type, hidden, 1, ("notnull" OR pk) AND dflt_value IS NULL'
            " AND NOT (pk AND upper(type) = 'INTEGER') FROM pragma_table_xinfo(:name, :schema)",
            {"name": name, "schema": schema or "main"},
        )

    def stamp(self, table: str) -> Query:
        """Those that are neither computed nor hidden."""
        schema, name = split(table)
        return Query(
            "SELECT name, type FROM pragma_table_xinfo(:name, :schema) WHERE hidden = 0",
            {"name": name, "schema": schema or "main"},
        )

    def key_name(self, column: str) -> str:
        """In small letters."""
        return column.lower()

    def place(self, table: str, guard: str, own: str | None) -> tuple[str, dict[str, object]]:
        """In this file, or in an attached one."""
        del guard, own
        schema, name = split(table)
        return ":place", {"place": name if schema in {None, "main"} else f"{schema}.{name}"}

    def _master(self, schema: str | None) -> str:
        return self.dialect.exact(schema or "main", "sqlite_master")

    def definition(self, host: HostTables) -> list[Query]:
        """The statements that made tables and triggers."""
        times = split(host.clock_times.table)
        parts = {"clock_times": times, "employees": split(host.employees.table)}
        return [
            Query(
                f"SELECT :which, type, name, sql FROM {self._master(schema)}"
                " WHERE lower(tbl_name) = lower(:name) ORDER BY type, name",
                {"which": which, "name": name},
            )
            for which, (schema, name) in parts.items()
        ] + [Query(_TARGETS, {"name": times[1], "schema": times[0] or "main"})]

    def parse_definition(self, host: HostTables, answers: Answers) -> CatalogDefinition:
        """By the words of the statements."""
        kinds = {
            which: "virtual table" if kind == "table" and _is_virtual(sql) else kind
            for rows in answers[:2]
            for which, kind, _, sql in rows
            if kind in {"table", "view"}
        }
        replaced = {
            which for rows in answers[:2] for which, kind, _, sql in rows if kind == "table" and _REPLACES.search(sql)
        }
        ours, others = (tuple(name for _, kind, name, _ in rows if kind == "trigger") for rows in answers[:2])
        schema, name = split(host.employees.table)
        people = (name.lower(), (schema or "main").lower())
        return CatalogDefinition(
            {which: TableInfo(kind, replaces=which in replaced) for which, kind in kinds.items()},
            ours,
            others,
            [(*key, home, to, by, (to.lower(), home.lower()) == people) for *key, home, to, by, _ in answers[2]],
        )

    def pointers(self, table: str, key: str) -> Query:
        """A foreign key without target columns points at the primary key, whose columns are in the same order."""
        schema, name = split(table)
        sql = f"""
SELECT m.name || ' ' || f.id, NULLIF(:schema, 'main'), m.name, f."from",
       COALESCE(f."to", (SELECT p.name FROM pragma_table_xinfo(:name, :schema) p WHERE p.pk = f.seq + 1), :id),
       f.on_delete, f.on_update, lower(m.name) = lower(:name), '', ''
FROM {self._master(schema)} m JOIN pragma_foreign_key_list(m.name, :schema) f
WHERE m.type = 'table' AND lower(f."table") = lower(:name)
ORDER BY m.name, f.id, f.seq
"""
        return Query(sql, {"schema": schema or "main", "name": name, "id": key})

    def pointing(self, table: str, schema: str | None, name: str) -> Query:
        """Everything may be read."""
        sql = "SELECT name, '', lower(:name) = lower(:ours), '' FROM pragma_table_xinfo(:name, :schema)"
        return Query(sql, {"ours": split(table)[1], "schema": schema or "main", "name": name})

    def is_view(self, table: str) -> Query:
        """Only a view."""
        sql = "SELECT count(*) FROM sqlite_master WHERE type = 'view' AND lower(name) = lower(:name)"
        return Query(sql, {"name": split(table)[1]})

    def triggers(self, table: str) -> Query:
        """In this file."""
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(:name) ORDER BY 1"
        return Query(sql, {"name": split(table)[1]})

    def unique_keys(self, connection: Connection, table: str, wanted: Collection[str]) -> list[UniqueKey]:
        """Indexes, and constraints that have one."""
        from connecteam_sync.store.sql.connect import inspector  # noqa: PLC0415 - a run asks for none

        schema, name = split(table)
        tables = inspector(connection)
        found = [
            UniqueKey(name=str(index["name"]), is_valid=True, is_constraint=False)
            for index in tables.get_indexes(name, schema=schema)
            if index["unique"]
            and set(index["column_names"]) == wanted
            and (index.get("dialect_options") or {}).get("sqlite_where") is None
        ]
        found += [
            UniqueKey(name=str(key["name"] or ""), is_valid=True, is_constraint=True)
            for key in tables.get_unique_constraints(name, schema=schema)
            if set(key["column_names"]) == wanted
        ]
        # SQLAlchemy parses the statement that made the table, and does not always understand it.
        return found or [
            UniqueKey(name=str(row[0]), is_valid=True, is_constraint=True)
            for row in run(connection, _UNIQUE, {"name": name, "schema": schema or "main"})
            if set(str(row[1]).split("\n")) == wanted
        ]

    def taken(self, table: str) -> Query:
        """By anything in the file."""
        schema, name = split(table)
        return Query(f"SELECT 1 FROM {self._master(schema)} WHERE lower(name) = lower(:key)", {"name": name})

    def size(self, connection: Connection, table: str) -> tuple[int | None, str | None]:
        """Of the whole file."""
        del table
        size = connection.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
        return size.scalar(), None


def _is_virtual(sql: str) -> bool:
    return sql.upper().split()[:2] == ["CREATE", "VIRTUAL"]
