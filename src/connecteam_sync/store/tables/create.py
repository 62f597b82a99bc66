"""How tables of ours are made: what only their making needs to know, per database."""

from __future__ import annotations

from collections.abc import Container

from sqlalchemy import Table
from sqlalchemy.engine import Dialect as Engine

from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.schema import TOUCHED, Key, tables_of

# Binary collation: activity ids are opaque and case-sensitive. Said here and not in `schema`, since it makes SQLAlchemy
# load every dialect that is named.
_OPTIONS = {
    f"{family}_{option}": value
    for family in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
ROW_DIGEST = "row_digest"
"""What versions before 0013 kept beside each shift, and MySQL could not give back from a dump of MariaDB's program."""
_TOUCHED = f"{TOUCHED} DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"
_NUMBERS = (
    "user_id",
    "time_clock_id",
    "start_at",
    "end_at",
    "is_auto_clock_out",
    "upstream_created_at",
    "upstream_modified_at",
    "clock_time_id",
    "applied_employee_id",
    "applied_clock_in",
    "applied_clock_out",
    "is_gone",
    "former_clock_time_id",
)
_TEXTS = ("id", "start_timezone", "end_timezone", "job_id", "sub_job_id", "scheduler_shift_id")
"""Quoted, so that no two rows read alike."""


def prepared(table: Table) -> Table:
    """The table, ready to be created."""
    table.dialect_kwargs.update({**_OPTIONS, "sqlite_autoincrement": any(c.type is Key for c in table.columns)})
    return table


def row_digest(
    engine: Engine,
    names: OwnNames,
    columns: Container[str] | None = None,
    *,
    again: bool = False,
    texts: Container[str] = (),
) -> str:
    """The statement that makes MySQL and MariaDB keep a digest of each shift beside it, in the index of the start.

    One statement: an interrupted attempt leaves both or neither. `columns` are those that the table has, where it is
    of an older version; `again` replaces a digest that is there; `texts` are keys that are text (`keeping`).
    """
    index, table = names.index("shifts", "start"), engine.identifier_preparer.format_table(tables_of(names).shifts)
    row = ", ".join(
        [
            *(
                f"quote({name})" if name in texts else f"coalesce({name}, 'n')"
                for name in _NUMBERS
                if columns is None or name in columns
            ),
            *(f"quote({name})" for name in _TEXTS),
        ]
    )
    return (
        f"ALTER TABLE {table}{f' DROP COLUMN {ROW_DIGEST},' if again else ''}"
        f" ADD COLUMN {ROW_DIGEST} BINARY(32) GENERATED ALWAYS AS (unhex(sha2(concat_ws(',', {row}), 256))) STORED,"
        f" DROP INDEX {index}, ADD INDEX {index} (start_at, {ROW_DIGEST})"
    )


def touched(engine: Engine, names: OwnNames, *, without: str | None = None) -> str:
    """The statement that makes MySQL and MariaDB note when each shift was last written, whoever wrote it, in the index
    of the start; and that drops the column `without`.

    One statement: an interrupted attempt leaves both or neither. Nobody sees the column who does not ask for it.
    """
    index, table = names.index("shifts", "start"), engine.identifier_preparer.format_table(tables_of(names).shifts)
    hidden = "INVISIBLE" if getattr(engine, "is_mariadb", False) else "/*!80023 INVISIBLE */"
    return (
        f"ALTER TABLE {table}{f' DROP COLUMN {without},' if without else ''} ADD COLUMN {_TOUCHED} {hidden},"
        f" DROP INDEX {index}, ADD INDEX {index} (start_at, {TOUCHED})"
    )
