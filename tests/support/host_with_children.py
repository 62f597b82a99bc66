"""A mirror whose host has other tables that point at `clock_times`."""

from __future__ import annotations

from typing import Any

from connecteam_sync.core.keys import RowId
from connecteam_sync.sandbox.company import Activity
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from support.scenario import World


class Host(World):
    """A mirror whose host has other tables that point at `clock_times`."""

    stays: Activity

    @property
    def family(self) -> str:
        """The dialect's family."""
        return self.mirror.store.dialect.family

    @property
    def number(self) -> str:
        """The type of a row's id."""
        return "INTEGER" if self.family == "sqlite" else "BIGINT"

    def ddl(self, *statements: str) -> None:
        """Run statements of the host's administrator."""
        with self.mirror.store.locked("by hand") as lock, lock.changing_tables("by hand") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def child(self, rule: str, table: str = "payslips") -> None:
        """Create a table with a foreign key of this ON DELETE rule; without a key if the rule is empty."""
        key = f", FOREIGN KEY (clock_time_id) REFERENCES clock_times (id) ON DELETE {rule}" if rule else ""
        self.ddl(f"CREATE TABLE {table} (line VARCHAR(20) NOT NULL PRIMARY KEY, clock_time_id {self.number}{key})")

    def point(self, row: RowId, line: str = "line 1", table: str = "payslips") -> None:
        """Add a row of the host that points at a row of ours."""
        self.execute(f"INSERT INTO {table} (line, clock_time_id) VALUES (:l, :c)", l=line, c=row)

    def lines(self, table: str = "payslips") -> list[dict[str, Any]]:
        """Every column of every row of the host's other table."""
        with self.mirror.store.reading() as session:
            return [dict(row) for row in session.read(f"SELECT * FROM {table} ORDER BY line")]

    def held(self) -> list[str]:
        """The details of the holds `child_row`."""
        return [standing.hold.detail for standing in self.mirror.holds() if standing.hold.reason == "child_row"]

    def row_of(self, begin: int) -> RowId:
        """The id of the row of ours that begins at an instant."""
        with self.mirror.store.reading() as session:
            return next(row.id or 0 for row in session.rows_of_all() if row.clock_in == begin)


def naming(host: Host, database: str, *places: str) -> Host:
    """The same database with `child_tables`."""
    host.mirror.close()
    return Host(host.sandbox, database, tables=HostTables(clock_times=ClockTimesNames(child_tables=places)))
