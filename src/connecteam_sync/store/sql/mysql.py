"""MySQL, and the common part of MariaDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from importlib.util import find_spec
from typing import Any, ClassVar

import msgspec
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import Dialect as EngineDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from connecteam_sync.store.sql import mysql_session, mysql_values
from connecteam_sync.store.sql.catalog import Catalog
from connecteam_sync.store.sql.causes import codes_of
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import (
    NUMERIC,
    Form,
    base_of,
)
from connecteam_sync.store.sql.mysql_catalog import MySQLCatalog
from connecteam_sync.store.sql.pipeline import Answer, Query
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.traits import Kind, Shared
from connecteam_sync.store.sql.urls import EngineOptions, database
from connecteam_sync.store.tables.keys import FIXED, LONGEST, WHOLE, KeyColumn, scale_of, width_of

_FOUND_ROWS, _MULTI_STATEMENTS = 2, 1 << 16
"""Flags of the protocol: an update counts matched rows, not changed ones; a packet may hold several statements."""
_NOT_FOR_URLS = {"cursorclass", "conv", "autocommit", "defer_connect"}
"""Options that cannot be given as text, or that a run sets itself."""
_NAMED_ELSEWHERE = {"read_default_file", "read_default_group", "database", "db"}
"""Options of a URL that may name the database."""
_OF_USERS = 20_000
"""MySQL's own errors have lower numbers: a trigger that chooses its number takes one from here on."""
_WRITTEN_AT = "DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"
_LETTERS = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_IS_WHOLE = "2 * length(g.said) < least(@@max_allowed_packet, @@group_concat_max_len)"


class MySQL(Dialect):
    """The dialect of MySQL."""

    kind = "mysql"
    family = "mysql"
    title = "MySQL"
    drivers = frozenset({"pymysql", "mysqldb"})
    oldest: ClassVar[tuple[int, ...]] = (8, 0)
    port = 3306
    commits_tables = True
    tls = "; TLS is asked for with ?ssl_mode=REQUIRED, or verified with ?ssl_ca=/path/to/ca.pem"
    # So that several statements can be sent as one.
    paramstyle = "format"
    lookalikes = (
        "TiDB",
        "Vitess",
        "PlanetScale",
        "OceanBase",
        "SingleStore",
        "MemSQL",
        "StarRocks",
        "Doris",
        "PolarDB-X",
    )
    rows_of_json = "SELECT x FROM JSON_TABLE('[1]', '$[*]' COLUMNS (x BIGINT PATH '$')) AS needed"
    epoch_now = "UNIX_TIMESTAMP()"
    returns_updated = False
    types: ClassVar[Mapping[str, str]] = {
        "int": "BIGINT",
        "key": f"VARCHAR(191) {_LETTERS}",
        "text": f"LONGTEXT {_LETTERS}",
        "float": "DOUBLE",
    }
    own_text = f"VARCHAR({LONGEST}) {_LETTERS}"
    bigint = "SIGNED"
    equal = "<=>"
    mark = "`"
    divides = "DIV"
    # With a plain join, MariaDB reads the whole right side.
    lookup = "STRAIGHT_JOIN"
    hides_what_is_not_granted = True
    grants_follow = False
    has_packets = True
    copies_images = True
    reads_by_key = True
    notes_writes = True
    gathers = True
    moves_moments = True
    cascades_within = False
    drops_spare_indexes = True
    long_text = "LONGTEXT"
    invisible: ClassVar[str] = "/*!80023 INVISIBLE */"
    """How a column is hidden from `SELECT *`."""

    # -- how it is reached ---------------------------------------------------------------------------------------------

    @classmethod
    def with_driver(cls, url: URL) -> URL:
        """The faster one, if it is installed."""
        return url.set(drivername=f"{cls.kind}+{'mysqldb' if find_spec('MySQLdb') else 'pymysql'}")

    @classmethod
    def strange_options(cls, url: URL) -> tuple[AbstractSet[str], str]:
        """Options that cannot be given as text."""
        return url.query.keys() & _NOT_FOR_URLS, ""

    @classmethod
    def lacks_name(cls, url: URL) -> bool:
        """An option, or a file of options, may name it."""
        return not url.database and not _NAMED_ELSEWHERE & url.query.keys()

    @classmethod
    def listen(cls, engine: Engine) -> None:
        """Set how a transaction reads, where that is asked for, before it begins."""
        event.listen(engine, "begin", mysql_session.begin)

    @classmethod
    def way(cls, url: URL, lock_wait: float) -> EngineOptions:
        """Autocommit is set with the other settings of the session, in one statement."""
        wait = max(1, round(lock_wait))
        url, arguments = mysql_session.url_and_options(url)
        arguments |= {"client_flag": _FOUND_ROWS | _MULTI_STATEMENTS, "autocommit": None}
        return EngineOptions(
            url,
            {"connect_args": arguments},
            lambda connection, record: mysql_session.set_session(connection, record.info, wait),
        )

    @classmethod
    def connect(cls, dialect: EngineDialect, args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - a driver's own connection
        """The wait for the server's greeting is bounded: another program at the port may wait for us to begin.

        PyMySQL itself would wait for it as long as for any answer, which is without end. And it would look at each
        character of a text that it puts between quotes, which takes longer than all the rest of sending it.
        """
        if dialect.driver != "pymysql":
            return super().connect(dialect, args, options)
        bounded = "read_timeout" in options
        waiting = options if bounded else options | {"read_timeout": options["connect_timeout"]}
        connection: Any = super().connect(dialect, args, waiting)
        if not bounded:
            connection._read_timeout = None  # noqa: SLF001 - it has no other way
        connection.escape = mysql_session.escaping(connection)
        return connection

    @classmethod
    def greeting(cls, connection: Any) -> str:  # noqa: ANN401 - a driver's own connection
        """Its version."""
        return str(connection.get_server_info())

    @classmethod
    def refuses(cls, error: DBAPIError, *, is_known: bool) -> bool:
        """By the server's error number: the SQLSTATE that some drivers add is HY000 for most errors."""
        return is_known or any(isinstance(code, int) and code >= _OF_USERS for code in codes_of(error))

    @classmethod
    def learns_types(cls, dialect: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        """SQLAlchemy fails on an unknown type that has a length."""
        dialect.ischema_names = _TypesByName(dialect.ischema_names)

    @classmethod
    def deliver(cls, connection: Connection, queries: Sequence[Query], *, and_end: bool) -> list[Answer]:
        """Several statements in one packet."""
        return mysql_session.in_one_packet(connection, queries, and_end=and_end)

    def table_options(self, *, is_ours: bool, counts: bool) -> dict[str, object]:
        """Binary collation for ours: activity ids are opaque and case-sensitive."""
        del counts
        options = {"engine": "InnoDB", "charset": "utf8mb4"} | ({"collate": "utf8mb4_bin"} if is_ours else {})
        return {f"{self.engine.name}_{option}": value for option, value in options.items()}

    def note_writes(self, table: str, column: str, index: str, start: str) -> str:
        """One statement: an interrupted attempt leaves both or neither. A SELECT sees the column only by its name."""
        return (
            f"ALTER TABLE {table} ADD COLUMN {column} {_WRITTEN_AT} {self.invisible},"
            f" DROP INDEX {index}, ADD INDEX {index} ({start}, {column})"
        )

    def of_server(self, connection: Connection) -> Dialect:
        """MySQL or MariaDB, by the server's greeting."""
        is_mariadb = "mariadb" in self.greeting(connection.connection.driver_connection).lower()
        return self._as(database("mariadb" if is_mariadb else "mysql"))

    @property
    def catalog(self) -> Catalog:
        """`information_schema`."""
        return MySQLCatalog(self)

    @classmethod
    def key_of(cls, place: str, declaration: Sequence[str]) -> KeyColumn | None:
        """A column in another character set or collation than ours needs conversions in statements."""
        declared, base, letters, collation = declaration
        if base in WHOLE:
            rowset = "BIGINT UNSIGNED" if base == "bigint" and "unsigned" in declared.lower() else "BIGINT"
            return KeyColumn(place, declared, rowset=rowset)
        if base in FIXED:
            return KeyColumn(place, declared, rowset="DECIMAL(65)") if scale_of(declared) == 0 else None
        cast = "CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin"
        if base == "uuid":
            rowset, read = f"VARCHAR(36) {_LETTERS}", "CAST({} AS CHAR(36))"
            cast = "CAST({} AS CHAR(36) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"
            return KeyColumn(place, declared, is_text=True, is_uuid=True, rowset=rowset, cast=cast, read=read)
        width = width_of(declared)
        if base in {"char", "varchar"} and letters and width is not None and 0 < width <= LONGEST:
            rowset = f"VARCHAR({LONGEST}) CHARACTER SET {letters} COLLATE {collation}"
            back = f"CONVERT({{}} USING {letters}) COLLATE {collation}"
            # Another character set, or another binary collation, cannot be compared with ours without a conversion.
            is_alike = letters == "utf8mb4" and (collation == "utf8mb4_bin" or not collation.endswith("_bin"))
            text = KeyColumn(
                place, declared, is_text=True, rowset=rowset, cast=cast, host=back, width=width, order=collation
            )
            return text if is_alike else msgspec.structs.replace(text, read=cast)
        return None

    # -- expressions ---------------------------------------------------------------------------------------------------

    def literal(self, text: str) -> str:
        """Independent of the meaning of a backslash there."""
        if re.fullmatch(r"[\w .,$-]*", text, re.ASCII):
            return super().literal(text)
        return f"_utf8mb4 0x{text.encode().hex()}"

    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: Shared | None = None
    ) -> str:
        """By JSON_TABLE."""

        def paths(several: Iterable[str]) -> str:
            places = ((c, f".{c}" if packed is None else f"[{number}]") for number, c in enumerate(several))
            return ", ".join(f"{c} {self._types[columns[c]]} PATH '${place}' ERROR ON ERROR" for c, place in places)

        shared = [c for c in columns if c in (packed or ())]
        inner = paths(c for c in columns if c not in shared)
        if shared:
            inner = f"{paths(shared)}, NESTED PATH '$[{len(shared)}][*]' COLUMNS ({inner})"
        return f"JSON_TABLE(:{parameter}, '$[*]' COLUMNS ({inner})) AS {alias}"

    def by_index(self, index: str | None) -> str:
        """Without it, the server reads a whole year to find a month."""
        return f" FORCE INDEX ({self.name(index)})" if index else ""

    def _epoch(self, known: str) -> str:
        return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {known})"

    def _has_fraction(self, moment: str) -> str:
        return f"microsecond({moment}) <> 0"

    def _moment(self, epoch: str) -> str:
        return f"TIMESTAMPADD(SECOND, {epoch}, CAST('1970-01-01' AS DATETIME))"

    def as_text(self, value: str, kind: str) -> str:
        """In our character set and collation."""
        del kind
        return f"CAST({value} AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"

    def shown(self, column: str) -> str:
        """In the character set of the connection."""
        return f"CAST({column} AS CHAR)"

    def whole(self, number: str) -> str:
        """By `floor`."""
        return f"floor({number})"

    def truth_form(self, kind: str) -> Form | None:
        """Numbers and bits are truth values."""
        return "truth" if base_of(kind) in NUMERIC | {"bit", "bool", "boolean"} else None

    def digest(
        self, connection: Callable[[], Connection], columns: Mapping[str, bool], rows: Sequence[str], by: str = ""
    ) -> str:
        """A hash of each part; NULL for a text as long as the server allows, which may have been truncated."""
        del connection
        values = (f"quote({name})" if is_text else f"coalesce({name}, 'n')" for name, is_text in columns.items())
        row = f"concat_ws(',', {', '.join(values)})"
        digest = f"CASE WHEN {_IS_WHOLE} THEN sha2(g.said, 256) END"
        if by:
            said = f"group_concat({row} ORDER BY {next(iter(columns))})"
            groups = f"SELECT {by} AS who, count(*) AS many, {said} AS said FROM {rows[0]} GROUP BY who"
            return f"SELECT g.who, g.many, {digest} FROM ({groups}) g"
        parts = " UNION ALL ".join(f"SELECT count(*) AS many, group_concat({row}) AS said FROM {part}" for part in rows)
        return f"SELECT g.many, {digest} FROM ({parts}) g"

    def gathered(self, values: Sequence[tuple[str, bool]], rows: Sequence[str]) -> str:
        """NULL for a text as long as the server allows, which may have been truncated. `json_array` takes half as long
        again.
        """
        inner = (f"coalesce({f'json_quote({name})' if is_text else name}, 'null')" for name, is_text in values)
        row = f"concat('[', concat_ws(',', {', '.join(inner)}), ']')"
        parts = " UNION ALL ".join(f"SELECT count(*) AS many, group_concat({row}) AS said FROM {part}" for part in rows)
        return f"SELECT g.many, CASE WHEN {_IS_WHOLE} THEN g.said END FROM ({parts}) g"

    # -- whole rows ----------------------------------------------------------------------------------------------------

    def image(self, alias: str, columns: Mapping[str, str]) -> str:
        """NULL if a value would be truncated."""
        whole = super().image(alias, columns)
        cut = " OR ".join(
            f"({value} IS NOT NULL AND {self.in_json(value, kind)} IS NULL)"
            for value, kind in ((f"{alias}.{self.name(c)}", kind) for c, kind in columns.items())
            if mysql_values.may_be_cut(kind)
        )
        return f"CASE WHEN {cut} THEN NULL ELSE {whole} END" if cut else whole

    def in_json(self, value: str, kind: str) -> str:
        """Bytes as hexadecimal digits; numbers as text if they would lose digits."""
        return mysql_values.in_json(value, kind)

    def rows_again(
        self, table: str, types: Mapping[str, str], aliases: Mapping[str, str], more: Mapping[str, Kind]
    ) -> tuple[str, dict[str, str]]:
        """From members, most of which are converted on assignment."""
        del table
        kinds: dict[str, Kind] = {"id": "row", **dict.fromkeys(aliases.values(), "text"), **more}
        back = {self.name(c): mysql_values.from_json(f"d.{alias}", types[c]) for c, alias in aliases.items()}
        return self.rowset(kinds), back

    def as_stored(self, sql: str) -> str:
        """With a hint, for this statement alone."""
        verb, _, rest = sql.partition(" ")
        return f"{verb} /*+ SET_VAR(sql_mode = '{OLD_MODES}') */ {rest}"

    def comes_back(self, value: str, kind: str) -> str | None:
        """Text in other character sets, and numbers in JSON, may not."""
        return mysql_values.comes_back(value, kind)

    # -- statements ----------------------------------------------------------------------------------------------------

    def update(self, table: str, rowset: str, assignments: Mapping[str, str], condition: str) -> str:
        """From the rowset to the table."""
        inner = ", ".join(f"t.{column} = {value}" for column, value in assignments.items())
        return f"UPDATE {rowset} STRAIGHT_JOIN {table} t ON {condition} SET {inner}"

    def delete(self, table: str, rowset: str, key: str, condition: str) -> str:
        """From the rowset to the table."""
        return f"DELETE t FROM {rowset} STRAIGHT_JOIN {table} t ON t.{key} = d.id AND {condition}"

    def _or_update(self, key: str, moving: Sequence[str]) -> str:
        del key
        return f"ON DUPLICATE KEY UPDATE {', '.join(f'{c} = d.{c}' for c in moving)}"

    def unless_there(self, key: str) -> str:
        """`INSERT IGNORE` would ignore other errors too."""
        return f"ON DUPLICATE KEY UPDATE {key} = {key}"

    # -- changes of tables ---------------------------------------------------------------------------------------------

    def renamed(self, old: str, new: str) -> tuple[str, ...]:
        """Schemas and all."""
        return (f"RENAME TABLE {self.own(old)} TO {self.own(new)}",)

    def index_renamed(
        self, table: str, old: str, new: str, columns: Sequence[str], *, is_unique: bool
    ) -> tuple[str, ...]:
        """With its table."""
        del columns, is_unique
        return (f"ALTER TABLE {self.own(table)} RENAME INDEX {self.own(old)} TO {new}",)

    def retyped(self, column: str, kind: str, *, is_nullable: bool) -> str:
        """The whole definition of the column is given."""
        return f"MODIFY {column} {kind} {'NULL' if is_nullable else 'NOT NULL'}"

    def copied_table(self, copy: str, table: str, key: str, columns: Iterable[str]) -> str:
        """With everything it has."""
        del key, columns
        return f"CREATE TABLE {copy} LIKE {table}"

    def key_made(self, table: str, columns: str, key: str) -> tuple[str, ...]:
        """In place."""
        return (f"ALTER TABLE {self.table(table)} ADD UNIQUE INDEX {key} ({columns}), ALGORITHM=INPLACE, LOCK=NONE",)

    def key_dropped(self, table: str, key: str, *, is_constraint: bool) -> str:
        """In place."""
        del is_constraint
        return f"ALTER TABLE {self.table(table)} DROP INDEX {key}, ALGORITHM=INPLACE, LOCK=NONE"

    def key_replaced(self, table: str, key: str, indexes: Mapping[str, Sequence[str]]) -> str:
        """In one statement."""
        again = ", ".join(
            f"ADD INDEX {self.name(name)} ({', '.join(map(self.name, columns))})" for name, columns in indexes.items()
        )
        return f"ALTER TABLE {self.table(table)} {again}, DROP INDEX {key}, ALGORITHM=INPLACE, LOCK=NONE"

    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """Statements behind it wait as well, so it waits no longer than `lock_wait`."""
        del wait
        run(connection, f"SET SESSION lock_wait_timeout = {lock_wait}")
        run(connection, statement)

    # -- rights --------------------------------------------------------------------------------------------------------

    def shows_triggers(self, connection: Connection, table: str) -> bool:
        """By its grants, of its roles too."""
        return mysql_session.sees_triggers(connection, table)


OLD_MODES = "ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO"
"""The modes in which a statement may write dates of zeros, and a key of zero."""


class _TypesByName(dict[str, Any]):
    """Types by name. SQLAlchemy fails on an unknown one that has a length: VECTOR(3)."""

    def __missing__(self, name: str) -> type[NullType]:
        return _UnknownType


class _UnknownType(NullType):
    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()
