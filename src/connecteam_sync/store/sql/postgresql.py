"""PostgreSQL."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from connecteam_sync.store.sql import postgresql_session, postgresql_values
from connecteam_sync.store.sql.bulk import BATCH, copy
from connecteam_sync.store.sql.catalog import Catalog
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import (
    NUMERIC,
    Form,
    base_of,
)
from connecteam_sync.store.sql.pipeline import Answer, Query
from connecteam_sync.store.sql.postgresql_catalog import PostgreSQLCatalog
from connecteam_sync.store.sql.postgresql_values import is_spelled
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.traits import Kind, Shared
from connecteam_sync.store.sql.urls import EngineOptions
from connecteam_sync.store.tables.keys import FIXED, KeyColumn, scale_of, width_of

_NOT_FOR_URLS = {"autocommit", "row_factory", "cursor_factory", "prepare_threshold", "context"}
"""Options that cannot be given as text, or that a run sets itself."""
_NAMED_ELSEWHERE = {"service", "dbname", "servicefile"}
"""Options of a URL that may name the database."""
_AWAY_WORDS = ("starting up", "shutting down", "in recovery", "too many clients", "connection slots", "too many conn")
"""Words in errors without a SQLSTATE: a connection that was refused early."""
_REFUSING_CLASSES = {"22", "23", "27", "P0"}
"""SQLSTATE classes of errors about a record: a value, a constraint, a trigger, RAISE of PL/pgSQL."""
_OUR_CLASSES = {"08", "0A", "20", "24", "25", "26", "28", "2D", "2F", "3D", "3F", "40", "42", "53", "54", "55", "57"}
_OUR_CLASSES |= {"58", "72", "F0", "HV", "XX"}
"""SQLSTATE classes of PostgreSQL's other errors: a class that is in neither set is a trigger's own."""
_NUMBERS = {"smallint", "integer", "bigint"}
_WHOLE_ROWS = 140000
"""The first version with hashes of whole rows."""


class PostgreSQL(Dialect):
    """The dialect of PostgreSQL."""

    kind = family = "postgresql"
    title = "PostgreSQL"
    drivers = frozenset({"psycopg"})
    oldest = (12,)
    port = 5432
    tls = "; TLS is asked for with ?sslmode=require"
    lookalikes = ("CockroachDB", "-YB-", "Redshift", "Materialize", "RisingWave")
    rows_of_json = "SELECT x FROM json_to_recordset('[{\"x\":1}]') AS needed(x bigint)"
    epoch_now = "CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)"
    # What changes within a statement keeps the planner from taking a condition into a view.
    epoch_of_statement = "CAST(floor(extract(epoch FROM statement_timestamp())) AS bigint)"
    types: ClassVar[Mapping[str, str]] = {"int": "bigint", "key": "text", "text": "text", "float": "double precision"}
    own_text = "text"
    bigint = "bigint"
    equal = "IS NOT DISTINCT FROM"
    overriding = " OVERRIDING SYSTEM VALUE"
    folds_names = False
    digests_in_parts = False
    backs_up_computed = True

    # -- how it is reached ---------------------------------------------------------------------------------------------

    @classmethod
    def with_driver(cls, url: URL) -> URL:
        """The one that supports pipelines."""
        return url.set(drivername="postgresql+psycopg")

    @classmethod
    def strange_options(cls, url: URL) -> tuple[AbstractSet[str], str]:
        """Options that cannot be given as text."""
        return url.query.keys() & _NOT_FOR_URLS, ""

    @classmethod
    def lacks_name(cls, url: URL) -> bool:
        """An option, a service or the environment may name it."""
        by_environment = os.environ.get("PGDATABASE") or os.environ.get("PGSERVICE")
        return not url.database and not _NAMED_ELSEWHERE & url.query.keys() and not by_environment

    @classmethod
    def way(cls, url: URL, lock_wait: float) -> EngineOptions:
        """Each transaction begins with its settings."""
        # The driver's log of a failed pipeline only repeats the error.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        url, settings = postgresql_session.url_and_settings(url)
        settings |= {"timezone": "UTC", "lock_timeout": f"{max(1, round(lock_wait))}s"}
        options: dict[str, Any] = {
            "connect_args": {} if "connect_timeout" in url.query else {"connect_timeout": 10},
            # Else the driver itself queries the type, bypassing SQLAlchemy, and its errors are not translated.
            "use_native_hstore": False,
        }
        return EngineOptions(
            url,
            options,
            lambda connection, record: postgresql_session.set_session(connection, record.info, settings),
        )

    @classmethod
    def listen(cls, engine: Engine) -> None:
        """Send BEGIN with the first statement, and return a uuid as text."""
        event.listen(engine, "connect", _uuids_as_text)
        event.listen(engine, "begin", postgresql_session.must_begin)
        event.listen(engine, "before_cursor_execute", postgresql_session.begin_alone)

    @classmethod
    def is_pooled(cls, connection: Connection) -> bool:
        """As its first answer showed."""
        return postgresql_session.is_pooled(connection)

    @classmethod
    def set_for_session(cls, connection: Connection) -> None:
        """Each transaction begins with its settings; outside one they have to be the session's."""
        postgresql_session.set_for_session(connection)

    @classmethod
    def greeting(cls, connection: Any) -> str:  # noqa: ANN401 - a driver's own connection
        """The server's version, and whether it is CockroachDB."""
        parameter = connection.info.parameter_status
        return f"{parameter('server_version')}{' CockroachDB' if parameter('crdb_version') else ''}"

    @classmethod
    def is_away(cls, error: DBAPIError) -> bool:
        """A wrong password and an unknown database are FATAL too, and are errors of their own."""
        state = _sqlstate(error)
        if state is not None:
            return state[:2] == "08"
        # The connection failed before a session began.
        words = str(error.orig)
        return isinstance(error, OperationalError) and (
            "FATAL" not in words or any(part in words for part in _AWAY_WORDS)
        )

    @classmethod
    def refuses(cls, error: DBAPIError, *, is_known: bool) -> bool:
        """By SQLSTATE; an error without one is the driver's own."""
        state = _sqlstate(error)
        if state is None:
            return False
        if state == "42501":
            # A row-level policy has the same SQLSTATE as a missing right.
            return getattr(getattr(error.orig, "diag", None), "source_function", None) == "ExecWithCheckOptions"
        return is_known or state[:2] in _REFUSING_CLASSES or state[:2] not in _OUR_CLASSES

    @classmethod
    def deliver(cls, connection: Connection, queries: Sequence[Query], *, and_end: bool) -> list[Answer]:
        """In a pipeline."""
        return postgresql_session.pipelined(connection, queries, and_end=and_end)

    @property
    def catalog(self) -> Catalog:
        """`pg_catalog`."""
        return PostgreSQLCatalog(self)

    @classmethod
    def key_of(cls, place: str, declaration: Sequence[str]) -> KeyColumn | None:
        """Types for which an index of the column is used; trailing blanks of a char(n) are not part of the key."""
        declared, base, category, collation = declaration
        if base in _NUMBERS:
            return KeyColumn(place, declared, rowset="bigint")
        if base in FIXED:
            return KeyColumn(place, declared, rowset="numeric") if scale_of(declared) == 0 else None
        if base == "uuid":
            return KeyColumn(place, declared, is_text=True, is_uuid=True, rowset="uuid")
        if category != "S":
            return None
        rowset = {"character": "bpchar", "citext": declared}.get(base.rpartition(".")[2], "text")
        text, back = "CAST({} AS text)", f"CAST({{}} AS {rowset})"
        width = width_of(declared)
        order = f"{rowset} {collation}"
        return KeyColumn(
            place, declared, is_text=True, rowset=rowset, cast=text, read=text, host=back, width=width, order=order
        )

    # -- expressions ---------------------------------------------------------------------------------------------------

    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: Shared | None = None
    ) -> str:
        """By `json_to_recordset`."""
        del packed
        inner = ", ".join(f"{c} {self._types[k]}" for c, k in columns.items())
        return f"json_to_recordset(CAST(:{parameter} AS json)) AS {alias}({inner})"

    def _epoch(self, known: str) -> str:
        return f"CAST(floor(extract(epoch FROM {known})) AS bigint)"

    def _has_fraction(self, moment: str) -> str:
        return f"{moment} <> date_trunc('second', {moment})"

    def _moment(self, epoch: str) -> str:
        return f"(to_timestamp({epoch}) AT TIME ZONE 'UTC')"

    def as_text(self, value: str, kind: str) -> str:
        """Cast, unless it is text."""
        return value if kind == "text" else f"CAST({value} AS text)"

    def shown(self, column: str) -> str:
        """In its own spelling."""
        return f"CAST({column} AS text)"

    def as_type(self, value: str, kind: str) -> str:
        """Cast: an ENUM accepts no text."""
        return f"CAST({value} AS {kind})"

    def as_pointer(self, value: str, kind: str) -> str:
        """Cast, unless it is a number: the index is used only if the id has the type of the column."""
        return value if kind in _NUMBERS else f"CAST(CAST({value} AS text) AS {kind})"

    def least(self, key: str) -> str:
        """`min` does not accept a uuid."""
        return f"CAST({key} AS text)" if self.keys.row.is_text else key

    def whole(self, number: str) -> str:
        """A cast of a number that is too large would fail."""
        return f"CAST(floor(CASE WHEN abs({number}) >= 1e15 THEN -1 ELSE {number} END) AS bigint)"

    def flag(self, number: str) -> str:
        """A comparison: a number is not a truth value."""
        return f"({number} = 1)"

    def truth(self, *, value: bool) -> object:
        """The value itself."""
        return value

    def truth_form(self, kind: str) -> Form | None:
        """Truth values, numbers and bits are different types."""
        if kind in {"bit", "bit(1)"}:
            return "bit"
        base = base_of(kind)
        return "truth" if base == "boolean" else "number" if base in NUMERIC else None

    def digest(
        self, connection: Callable[[], Connection], columns: Mapping[str, bool], rows: Sequence[str], by: str = ""
    ) -> str:
        """Two seeded 64-bit hashes over all rows."""
        row = f"ROW({', '.join(columns)})"
        driver: Any = connection().connection.driver_connection
        whole = driver.info.server_version >= _WHOLE_ROWS
        one = "bit_xor(hash_record_extended({}, {}))" if whole else "sum(hashtextextended(CAST({} AS text), {}))"
        hashes = ", ".join(one.format(row, seed) for seed in (0, 1))
        who, grouped = (f"{by} AS who, ", " GROUP BY 1") if by else ("", "")
        return f"SELECT {who}count(*), {hashes} FROM {' '.join(rows)}{grouped}"

    def digestible(self, value: str, base: str) -> str:
        """Bits have no hash function."""
        return f"CAST({value} AS text)" if base == "bit" else value

    # -- whole rows ----------------------------------------------------------------------------------------------------

    def image(self, alias: str, columns: Mapping[str, str]) -> str:
        """By `to_jsonb` of the row; a JSON document may contain what jsonb cannot hold, and is kept as text."""
        plain = ", ".join(f"{alias}.{self.name(c)}" for c, kind in columns.items() if not is_spelled(kind))
        is_plain = not any(map(is_spelled, columns.values()))
        whole = f"to_jsonb({alias}.*)" if is_plain else f"(SELECT to_jsonb(p.*) FROM (SELECT {plain}) AS p)"
        spelled = [
            f"{self.literal(c)}, {postgresql_values.spelled_in_json(f'{alias}.{self.name(c)}', kind)}"
            for c, kind in columns.items()
            if is_spelled(kind) or kind.endswith("[]")
        ]
        # A function takes at most a hundred arguments.
        for at in range(0, len(spelled), 40):
            whole += f" || jsonb_build_object({', '.join(spelled[at : at + 40])})"
        return f"CAST({whole} AS text)"

    def in_json(self, value: str, kind: str) -> str:
        """`to_jsonb` converts it."""
        del kind
        return value

    def rows_again(
        self, table: str, types: Mapping[str, str], aliases: Mapping[str, str], more: Mapping[str, Kind]
    ) -> tuple[str, dict[str, str]]:
        """By `jsonb_populate_record`, which knows every type: arrays, bytes, ranges. JSON keeps its spelling."""
        images = self.rowset({"id": "row", "image": "text", **more})
        row = f"jsonb_populate_record(CAST(NULL AS {table}), CAST(d.image AS jsonb)) AS r"
        return f"{images} CROSS JOIN LATERAL {row}", {
            self.name(column): self._spelled("d.image", column, types[column])
            if is_spelled(types[column])
            else f"r.{self.name(column)}"
            for column in aliases
        }

    def _spelled(self, image: str, column: str, kind: str) -> str:
        """The value of a column that an image keeps in its own spelling."""
        return f"CAST(CAST({image} AS jsonb) ->> {self.literal(column)} AS {kind})"

    def members(self, image: str, aliases: Mapping[str, str]) -> dict[str, object]:
        """The image itself."""
        del aliases
        return {"image": image}

    def comes_back(self, value: str, kind: str) -> str | None:
        """Users may define types."""
        return postgresql_values.comes_back(value, kind)

    # -- statements ----------------------------------------------------------------------------------------------------

    def delete(self, table: str, rowset: str, key: str, condition: str) -> str:
        """Joined to the rowset by USING."""
        return f"DELETE FROM {table} AS t USING {rowset} WHERE t.{key} = d.id AND {condition}"

    def drawn(self, table: str) -> tuple[str, str]:
        """The sequence is not advanced by a key that was given explicitly."""
        newest = f"(SELECT coalesce(max(id), 0) FROM {table})"
        made = f"nextval(pg_get_serial_sequence('{table}', 'id'))"
        return f"greatest({made}, max(known.number) + 1, {newest} + 1)", " RETURNING id"

    def takes_bulk(self, rows: int) -> bool:
        """COPY costs two round trips, and flushes everything before it."""
        return rows > BATCH

    def load(
        self, connection: Callable[[], Connection], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """By COPY."""
        copy(connection(), f"COPY {table} ({', '.join(columns)}) FROM STDIN", rows)

    # -- changes of tables ---------------------------------------------------------------------------------------------

    def renamed(self, old: str, new: str) -> tuple[str, ...]:
        """With the indexes and the sequence that the server named after the table."""
        (schema, _, bare), (wanted, _, name) = old.rpartition("."), new.rpartition(".")
        home = f"{self.own(schema)}." if schema else ""
        moved = f"ALTER TABLE {home}{self.own(name)} SET SCHEMA {self.own(wanted)}"
        return (
            f"ALTER TABLE {self.own(old)} RENAME TO {self.own(name)}",
            f"ALTER INDEX IF EXISTS {home}{self.own(bare)}_pkey RENAME TO {name}_pkey",
            f"ALTER INDEX IF EXISTS {home}{self.own(bare)}_pkc RENAME TO {name}_pkc",
            f"ALTER SEQUENCE IF EXISTS {home}{self.own(bare)}_id_seq RENAME TO {name}_id_seq",
            *([moved] if wanted and wanted != schema else []),
        )

    def index_renamed(
        self, table: str, old: str, new: str, columns: Sequence[str], *, is_unique: bool
    ) -> tuple[str, ...]:
        """In the schema of its table."""
        del columns, is_unique
        schema = table.rpartition(".")[0]
        home = f"{self.own(schema)}." if schema else ""
        return (f"ALTER INDEX {home}{self.own(old)} RENAME TO {new}",)

    def retyped(self, column: str, kind: str, *, is_nullable: bool) -> str:
        """Cast via text."""
        del is_nullable
        return f"ALTER COLUMN {column} TYPE {kind} USING CAST(CAST({column} AS text) AS {kind})"

    def copied_table(self, copy: str, table: str, key: str, columns: Iterable[str]) -> str:
        """With a key of its own."""
        del columns
        return f"CREATE TABLE {copy} (LIKE {table}, PRIMARY KEY ({key}))"

    def key_made(self, table: str, columns: str, key: str) -> tuple[str, ...]:
        """An index that is built while others write, and becomes a constraint."""
        return (
            f"CREATE UNIQUE INDEX CONCURRENTLY {key} ON {self.table(table)} ({columns})",
            f"ALTER TABLE {self.table(table)} ADD CONSTRAINT {key} UNIQUE USING INDEX {key}",
        )

    def key_dropped(self, table: str, key: str, *, is_constraint: bool) -> str:
        """As an index, or as the constraint that it has become."""
        if is_constraint:
            return f"ALTER TABLE {self.table(table)} DROP CONSTRAINT {key}"
        return f"DROP INDEX CONCURRENTLY {self._index(table, key)}"

    def cleared(self, table: str, key: str, statement: str) -> str | None:
        """A failed concurrent build leaves an invalid index, which would block the next one."""
        if not statement.startswith("CREATE UNIQUE INDEX"):
            return None
        return f"DROP INDEX CONCURRENTLY IF EXISTS {self._index(table, key)}"

    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """A concurrent build waits for older transactions, and blocks nobody meanwhile.

        Behind a pooler everything is one transaction, in which such a build is impossible.
        """
        if self.is_pooled(connection):
            with connection.begin_nested():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{lock_wait}s'")
                connection.exec_driver_sql(statement.replace(" CONCURRENTLY", ""))
            return
        connection.exec_driver_sql(f"SET lock_timeout = '{wait if 'CONCURRENTLY' in statement else lock_wait}s'")
        run(connection, statement)

    # -- rights --------------------------------------------------------------------------------------------------------

    def sequence_right(self, table: str, column: str) -> str | None:
        """An identity column needs no right, and a column without a sequence has none."""
        table, column = (part.replace("'", "''") for part in (self.table(table), column))
        return (
            "SELECT bool_and(a.attidentity <> '' OR has_sequence_privilege(s.name, 'USAGE, UPDATE'))"
            f" FROM pg_attribute a, pg_get_serial_sequence('{table}', '{column}') AS s(name)"
            f" WHERE a.attrelid = to_regclass('{table}') AND a.attname = '{column}' AND s.name IS NOT NULL"
        )

    def grant(self, table: str, rights: Sequence[str], account: str, *, database: str, draws: bool) -> str:
        """The numbers of a key are a right of their own."""
        del database
        who = self._quote(account)
        parts = [f"GRANT {', '.join(rights)} ON {self.own(table)} TO {who}"] if rights else []
        parts += [f"GRANT USAGE ON SEQUENCE {self.own(f'{table}_id_seq')} TO {who}"] if draws else []
        return "; ".join(parts)

    def sequence_of(self, table: str, column: str) -> str | None:
        """Its own, or one that its default draws from, where it counts up and may be read."""
        table, column = (part.replace("'", "''") for part in (self.table(table), column))
        return (
            "SELECT CAST(CAST(s.seqrelid AS regclass) AS text),"
            " quote_literal(CAST(CAST(s.seqrelid AS regclass) AS text)), s.seqincrement"
            " FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum"
            " JOIN pg_depend p ON p.classid = CAST('pg_attrdef' AS regclass) AND p.objid = f.oid"
            f" OR p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i'"
            " JOIN pg_sequence s ON s.seqrelid = CASE WHEN p.deptype = 'i' THEN p.objid ELSE p.refobjid END"
            f" WHERE a.attrelid = to_regclass('{table}') AND a.attname = '{column}' AND s.seqincrement > 0"
            " AND has_sequence_privilege(s.seqrelid, 'SELECT') LIMIT 1"
        )


def _sqlstate(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return None if state is None else str(state)


def _uuids_as_text(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own connection
    """Let the driver return UUIDs as text, as the other databases do."""
    from psycopg.adapt import Loader  # noqa: PLC0415 - the driver is installed if PostgreSQL is in use
    from psycopg.pq import Format  # noqa: PLC0415 - same

    class Text(Loader):
        def load(self, data: Any) -> str:  # noqa: ANN401 - a buffer
            return bytes(data).decode()

    class Binary(Loader):
        format = Format.BINARY

        def load(self, data: Any) -> str:  # noqa: ANN401 - a buffer
            return str(uuid.UUID(bytes=bytes(data)))

    for loader in (Text, Binary):
        connection.adapters.register_loader("uuid", loader)
