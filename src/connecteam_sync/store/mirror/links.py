"""Repair of shifts that claim the same row, as older versions could leave them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Table, inspect, select, text, update

from connecteam_sync.store.sql import quoting
from connecteam_sync.store.sql.urls import dialect_of
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.schema import tables_of

_AT_ONCE = 500


class _Claim(NamedTuple):
    """A shift that claims a row, and the values it was last written with."""

    shift: str
    row: int
    applied: tuple[int | None, int | None, int | None]
    is_gone: bool
    run: int


def give_up_doubles(connection: Connection, names: OwnNames, host: HostTables) -> int:
    """If several shifts claim one row, leave it to the shift whose applied values are the row's. Returns how many
    claims were removed.

    If none or several match, a shift that is not gone keeps it before one that is, then the one changed last.
    """
    shifts = tables_of(names).shifts
    claims = _doubles(connection, shifts)
    present = present_rows(connection, host, sorted(claims))
    losing = [
        claim.shift
        for row, claimants in claims.items()
        for claim in sorted(claimants, key=lambda c: (c.applied == present.get(row), not c.is_gone, c.run, c.shift))[
            :-1
        ]
    ]
    no_link = dict.fromkeys(("clock_time_id", "applied_employee_id", "applied_clock_in", "applied_clock_out"), None)
    for some in _in_parts(losing):
        connection.execute(update(shifts).where(shifts.c.id.in_(some)).values(no_link))
    return len(losing)


def _doubles(connection: Connection, shifts: Table) -> dict[int, list[_Claim]]:
    """The claims of every row that has several, by row."""
    c = shifts.c
    disputed = select(c.clock_time_id).where(c.clock_time_id.is_not(None)).group_by(c.clock_time_id)
    disputed = disputed.having(text("count(*) > 1"))
    wanted = select(
        c.id,
        c.clock_time_id,
        c.applied_employee_id,
        c.applied_clock_in,
        c.applied_clock_out,
        c.is_gone,
        c.changed_in_run,
    ).where(c.clock_time_id.in_(disputed))
    claims: dict[int, list[_Claim]] = defaultdict(list)
    for shift, row, employee, clock_in, clock_out, is_gone, run in connection.execute(wanted):
        claims[row].append(_Claim(shift, row, (employee, clock_in, clock_out), bool(is_gone), run))
    return claims


def present_rows(
    connection: Connection, host: HostTables, ids: list[int]
) -> dict[int, tuple[int | None, int | None, int | None]]:
    """The present (employee, clock-in, clock-out) of these rows; empty if the table or a column is missing."""
    names = host.clock_times
    schema, table = quoting.split(names.table)
    tables = inspect(connection)
    if not ids or not tables.has_table(table, schema=schema):
        return {}
    columns = {column["name"] for column in tables.get_columns(table, schema=schema)}
    if not {names.id, names.employee_id, names.clock_in, names.clock_out} <= columns:
        return {}
    dialect = dialect_of(connection.dialect, unit=names.clock_in_unit)
    read = {"id": f"t.{dialect.name(names.id)}", "employee_id": f"t.{dialect.name(names.employee_id)}"}
    read |= rows.instants(dialect, names)
    wanted = ", ".join(read.values())
    sql = f"SELECT {wanted} FROM {dialect.rowset({'id': 'int'})} JOIN {dialect.table(names.table)} t"
    sql += f" ON {read['id']} = d.id"
    return {
        int(row[0]): (row[1], row[2], row[3])
        for some in _in_parts(ids)
        for row in quoting.run(connection, sql, {"rows": rows.json_rows({"id": key} for key in some)})
    }


def _in_parts(items: list[int] | list[str]) -> Iterable[list[int] | list[str]]:
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))
