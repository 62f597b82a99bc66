"""The catalogue of PostgreSQL: queries about tables, and what their answers mean."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

from connecteam_sync.store.sql.catalog import KINDS, Answers, Catalog, CatalogDefinition, TableInfo, UniqueKey
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables

_FILLS = "g.tgtype & 7 = 7 AND NOT g.tgisinternal AND g.tgenabled <> 'D'"
"""A trigger that may fill a column: for each row, BEFORE, INSERT (bits 1, 2 and 4)."""
_KIND = (
    "CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)"
    " ELSE format_type(a.atttypid, a.atttypmod) END"
)
_HIDDEN = """CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
            THEN 'the database user lacks the right to SELECT'
            WHEN row_security_active(c.oid) THEN 'row-level security hides rows of it' ELSE '' END"""


class PostgreSQLCatalog(Catalog):
    """`pg_catalog`."""

    key_column = "CAST(a.attname AS text)"
    key_columns = (
        "SELECT $which, format_type(a.atttypid, a.atttypmod),"
        " format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL), CAST(t.typcategory AS text),"
        " CAST(a.attcollation AS text),"
        " a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL OR EXISTS (SELECT 1 FROM pg_trigger g"
        " WHERE g.tgrelid = a.attrelid AND g.tgtype & 7 = 7 AND NOT g.tgisinternal AND g.tgenabled <> 'D')"
        " OR c.relkind NOT IN ('r', 'p')"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE a.attrelid = to_regclass(:table$) AND $columns AND NOT a.attisdropped"
    )
    present = """
SELECT c.relname, c.relkind IN ('r', 'p'), a.attname, format_type(a.atttypid, NULL)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relname IN :names
AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""
    schemas = (
        "SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE has_schema_privilege(n.oid, 'USAGE') AND c.relkind = 'r' AND c.relname LIKE '%guard'"
        " AND n.nspname ~ '^[A-Za-z0-9_$-]+$'"
        " AND n.nspname NOT LIKE 'pg@_%' ESCAPE '@' ORDER BY 1"
    )
    # The view in information_schema shows only schemas that the user owns.
    schema_count = "SELECT count(*) FROM pg_namespace WHERE nspname = :schema"

    def columns(self, table: str) -> Query:
        """A domain is shown as its base type."""
        return Query(
            f"SELECT a.attname, {_KIND}, a.attgenerated <> '',"
            " c.relkind IN ('r', 'p') AND NOT c.relrowsecurity,"
            " (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL"
            f" AND NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = a.attrelid AND {_FILLS})"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid"
            " WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            {"name": self.dialect.table(table)},
        )

    def stamp(self, table: str) -> Query:
        """Those that are not computed."""
        return Query(
            f"SELECT a.attname, {_KIND} FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
            " WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
            " ORDER BY a.attnum",
            {"name": self.dialect.table(table)},
        )

    def indexes(self, table: str) -> Query:
        """Only unique ones."""
        return Query(
            "SELECT i.relname, (SELECT string_agg(a.attname, E'\n') FROM pg_attribute a WHERE a.attrelid = x.indrelid"
            " AND a.attnum = ANY (x.indkey)), true, false FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " WHERE x.indrelid = to_regclass(:name) AND x.indisunique AND x.indexprs IS NULL"
            " UNION ALL SELECT '', '', false, true FROM pg_constraint k"
            " WHERE k.condeferred AND to_regclass(:name) IN (k.conrelid, k.confrelid)",
            {"name": self.dialect.table(table)},
        )

    def key_place(self, number: int, table: str) -> dict[str, object]:
        """By the quoted name."""
        return {f"table{number}": self.dialect.table(table)}

    def place(self, table: str, guard: str, own: str | None) -> tuple[str, dict[str, object]]:
        """The schema is included if it is not the guard's."""
        del own
        now = """(SELECT CASE WHEN c.relnamespace = g.relnamespace THEN '' ELSE n.nspname || '.' END || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_class g
WHERE c.oid = to_regclass(:times) AND g.oid = to_regclass(:guard))"""
        return now, {"times": self.dialect.table(table), "guard": guard}

    def definition(self, host: HostTables) -> list[Query]:
        """Tables, triggers, constraints, words of an ENUM, targets of the employee's foreign keys, and rules."""
        values = {
            "clock_times": self.dialect.table(host.clock_times.table),
            "employees": self.dialect.table(host.employees.table),
            "employee_id": host.clock_times.employee_id,
        }
        return [Query(sql, {name: value for name, value in values.items() if f":{name}" in sql}) for sql in _DEFINITION]

    def parse_definition(self, host: HostTables, answers: Answers) -> CatalogDefinition:
        """A rule that does something in addition to a write counts as a trigger."""
        del host
        tables, triggers, constraints, words, targets, rules = answers
        made = {
            which: TableInfo(
                KINDS.get(kind.lower(), kind.lower()), str(engine or ""), bool(takes_back), *map(bool, more[-2:])
            )
            for which, kind, engine, takes_back, *more in tables
        }

        def of(*, ours: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
            these = [(name, is_instead) for is_ours, name, _, is_instead, _ in rules if bool(is_ours) is ours]
            known = [name for is_ours, name, *_ in triggers if bool(is_ours) is ours]
            known += [f"rule {name}" for name, is_instead in these if not is_instead]
            return tuple(known), tuple(name for name, is_instead in these if is_instead)

        (known, instead), (others, others_instead) = of(ours=True), of(ours=False)
        return CatalogDefinition(
            made,
            known,
            others,
            targets,
            instead,
            others_instead,
            tuple(name for name, _, _, is_proved in constraints if not is_proved),
            {name: tuple(allowed.split("\n")) for name, allowed in words},
        )

    def pointers(self, table: str, key: str) -> Query:
        """A foreign key to a partition, or to a table that inherits, points at rows of the table too. The key of a
        partition repeats its parent's, and is left out.
        """
        del key
        return Query(_POINTERS, {"table": self.dialect.table(table)})

    def pointing(self, table: str, schema: str | None, name: str) -> Query:
        """Of any relation with columns."""
        return Query(_POINTING, {"table": self.dialect.table(table), "schema": schema, "name": name})

    def is_view(self, table: str) -> Query:
        """A view, or a table of another server."""
        sql = "SELECT count(*) FROM pg_class WHERE oid = to_regclass(:table) AND relkind IN ('v', 'f')"
        return Query(sql, {"table": self.dialect.table(table)})

    def triggers(self, table: str) -> Query:
        """Triggers and rules."""
        return Query(
            "SELECT CAST(tgname AS text) AS name FROM pg_trigger WHERE tgrelid = to_regclass(:table)"
            " AND NOT tgisinternal UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class ="
            " to_regclass(:table) AND ev_type <> '1' ORDER BY 1",
            {"table": self.dialect.table(table)},
        )

    # -- taking a table over -------------------------------------------------------------------------------------------

    def unique_keys(self, connection: Connection, table: str, wanted: Collection[str]) -> list[UniqueKey]:
        """Without partial indexes."""
        rows = connection.execute(text(_UNIQUE), {"table": self.dialect.table(table)}).mappings()
        return [
            UniqueKey(name=row["name"], is_valid=row["is_valid"], is_constraint=bool(row["is_constraint"]))
            for row in rows
            if set(row["columns"]) == wanted
        ]

    def taken(self, table: str) -> Query:
        """By a relation in the table's schema, or by a constraint of the table."""
        return Query(
            "SELECT 1 FROM pg_class c JOIN pg_class t ON t.relnamespace = c.relnamespace"
            " WHERE t.oid = to_regclass(:table)"
            " AND c.relname = :key UNION ALL SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(:table)"
            " AND conname = :key",
            {"table": self.dialect.table(table)},
        )

    def size(self, connection: Connection, table: str) -> tuple[int | None, str | None]:
        """With indexes and long values."""
        values = {"table": self.dialect.table(table)}
        size = connection.execute(text("SELECT pg_total_relation_size(to_regclass(:table))"), values)
        data = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'data_directory'")).scalar()
        return size.scalar(), str(data) if data else None

    def obstacles(self, connection: Connection, names: ClockTimesNames, *, has_key: bool) -> list[str]:
        """Partitions without the key; views, and tables of another server."""
        d = self.dialect
        kind = connection.execute(
            text("SELECT relkind FROM pg_class WHERE oid = to_regclass(:table)"), {"table": d.table(names.table)}
        ).scalar()
        kind = kind.decode() if isinstance(kind, bytes) else kind
        if kind == "p" and not has_key:
            columns = f"{d.name(names.employee_id)}, {d.name(names.clock_in)}"
            made = f"ALTER TABLE {d.table(names.table)} ADD CONSTRAINT uq_employee_clock_in UNIQUE ({columns})"
            obstacle = (
                "the table is partitioned, and PostgreSQL makes no key of such a table while others write: make it by"
                f" hand where nobody does, {made} (the columns that it is partitioned by have to be of these two)"
            )
            return [obstacle]
        if kind not in {"r", "p"}:
            return ["the table is foreign or a view: its key must be made by hand, see adopt --sql"]
        return []


_UNIQUE = """
SELECT i.relname AS name, x.indisvalid AND x.indisready AS is_valid, c.conname IS NOT NULL AS is_constraint,
       array(SELECT a.attname::text FROM unnest(x.indkey) k LEFT JOIN pg_attribute a
             ON a.attrelid = x.indrelid AND a.attnum = k) AS columns
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('u', 'p')
WHERE x.indrelid = to_regclass(:table) AND x.indisunique AND x.indpred IS NULL
"""
_POINTERS = f"""
WITH RECURSIVE family(id) AS (
  SELECT CAST(to_regclass(:table) AS oid)
  UNION SELECT i.inhrelid FROM pg_inherits i JOIN family p ON i.inhparent = p.id)
SELECT CAST(f.oid AS text), CASE WHEN pg_table_is_visible(c.oid) THEN NULL ELSE CAST(n.nspname AS text) END,
       CAST(c.relname AS text), CAST(a.attname AS text), CAST(b.attname AS text),
       CAST(f.confdeltype AS text), CAST(f.confupdtype AS text), c.oid IN (SELECT id FROM family),
       format_type(a.atttypid, a.atttypmod),
       {_HIDDEN}
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS u(a, b, place)
JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = u.a
JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = u.b
WHERE f.contype = 'f' AND f.confrelid IN (SELECT id FROM family) AND f.conparentid = 0
ORDER BY f.oid, u.place
"""
_POINTING = f"""
SELECT CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod), COALESCE(c.oid = to_regclass(:table), false),
       {_HIDDEN}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relname = :name AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
  AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""
_ANY = "IN (to_regclass(:clock_times), to_regclass(:employees))"


def _table(which: str) -> str:
    return (
        f"SELECT '{which}', CAST(c.relkind AS text), CAST(c.relpersistence AS text), c.relkind <> 'f',"
        " CAST(c.relreplident AS text), c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,"
        " row_security_active(c.oid),"
        " c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid)"
        f" FROM pg_class c WHERE c.oid = to_regclass(:{which})"
    )


_TRIGGERS = (
    "SELECT g.tgrelid = to_regclass(:clock_times), CAST(g.tgname AS text), CAST(g.tgenabled AS text),"
    " md5(pg_get_triggerdef(g.oid)), md5(p.prosrc) FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid"
    f" WHERE NOT g.tgisinternal AND g.tgrelid {_ANY} ORDER BY g.tgrelid, g.tgname"
)
_CONSTRAINTS = (
    "SELECT CAST(k.conname AS text), CAST(k.contype AS text), md5(pg_get_constraintdef(k.oid)), k.convalidated"
    f" FROM pg_constraint k WHERE k.conrelid {_ANY} OR k.confrelid {_ANY} ORDER BY k.conrelid, k.conname"
)
# A domain has the labels of its base type.
_WORDS = (
    "SELECT CAST(a.attname AS text), (SELECT string_agg(CAST(e.enumlabel AS text), E'\\n' ORDER BY e.enumsortorder)"
    " FROM pg_enum e WHERE e.enumtypid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END)"
    " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype"
    " WHERE a.attrelid = to_regclass(:clock_times) AND a.attnum > 0 AND NOT a.attisdropped"
    " AND 'e' IN (t.typtype, b.typtype) ORDER BY a.attnum"
)
_TARGETS = (
    "SELECT CAST(k.conname AS text), CAST(o.attname AS text), CAST(n.nspname AS text), CAST(c.relname AS text),"
    " CAST(a.attname AS text), k.confrelid IS NOT DISTINCT FROM to_regclass(:employees) FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = k.confkey[1]"
    " JOIN pg_attribute o ON o.attrelid = k.conrelid AND o.attnum = k.conkey[1] AND o.attname = :employee_id"
    " WHERE k.contype = 'f' AND k.conparentid = 0 AND cardinality(k.conkey) = 1"
    " AND k.conrelid = to_regclass(:clock_times) ORDER BY k.conname"
)
_RULES = (
    "SELECT r.ev_class = to_regclass(:clock_times), CAST(r.rulename AS text), CAST(r.ev_type AS text), r.is_instead,"
    " md5(pg_get_ruledef(r.oid)) FROM pg_rewrite r WHERE r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A')"
    f" AND r.ev_class {_ANY} ORDER BY r.ev_class, r.rulename"
)
_DEFINITION = (
    f"{_table('clock_times')} UNION ALL {_table('employees')}",
    _TRIGGERS,
    _CONSTRAINTS,
    _WORDS,
    _TARGETS,
    _RULES,
)
