"""What is wrong since when, and who was told: a row for each problem there ever was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from connecteam_sync.core.alerts import AlertRow, Told
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.own import OwnTables

_COLUMNS = AlertRow.__struct_fields__
_LONGEST = 2000


class AlertRows:
    """The rows of one database: statements for a transaction of `Store.own_rows`."""

    def __init__(self, dialect: Dialect, own: OwnTables) -> None:
        self._dialect, self._table = dialect, own.alerts

    def all(self, *, lock: bool = False) -> Query:
        """The query for every row, by name; locked until the transaction ends if they are to be changed."""
        locking = self._dialect.locking() if lock else ""
        return Query(f"SELECT {', '.join(_COLUMNS)} FROM {self._table} ORDER BY name{locking}", make=_row)

    def writing(self, rows: Iterable[AlertRow], known: Collection[str]) -> list[Query]:
        """The statements that write these rows; `known` are the names of those that are there."""
        statements = []
        for row in rows:
            values: dict[str, object] = {
                **msgspec.structs.asdict(row),
                "is_counted": int(row.is_counted),
                "message": row.message[:_LONGEST],
                "next_step": row.next_step[:_LONGEST],
                "told": msgspec.json.encode(row.told).decode(),
            }
            setting = ", ".join(f"{name} = :{name}" for name in _COLUMNS if name != "name")
            given = ", ".join(f":{name}" for name in _COLUMNS)
            if row.name in known:
                statements.append(Query(f"UPDATE {self._table} SET {setting} WHERE name = :name", values))
            else:
                inserting = f"INSERT INTO {self._table} ({', '.join(_COLUMNS)}) VALUES ({given})"
                statements.append(Query(inserting, values))
        return statements


def _row(values: Sequence[Any]) -> AlertRow:
    row = dict(zip(_COLUMNS, values, strict=True))
    told = msgspec.json.decode(row["told"], type=dict[str, Told])
    return AlertRow(**{**row, "is_counted": bool(row["is_counted"]), "told": told})
