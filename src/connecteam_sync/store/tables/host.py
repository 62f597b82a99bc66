"""The host's two tables: the names of them and of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from connecteam_sync.core.columns import COLUMNS, MAY_LACK, STAMPS
from connecteam_sync.core.columns import OPTIONAL as UNNAMED
from connecteam_sync.errors import ConfigurationError

NO_COLUMNS = {"table", "child_tables", "schema", "trigger_columns", "clock_in_unit", "is_active_words", "payroll_id"}
"""Keys of a table's configuration that are not names of columns of ours: `payroll_id` is read by exports alone."""
OPTIONAL = {*MAY_LACK, "email", "phone"}
"""Columns that are used if the table has them."""
_MAY_BE_ABSENT = OPTIONAL - UNNAMED

if TYPE_CHECKING:

    class _Mirrored(msgspec.Struct, frozen=True, kw_only=True):
        """The fields that the code itself uses; at run time, there is a field for each column in the list."""

        id: str = ""
        employee_id: str = ""
        clock_in: str = ""
        clock_out: str = ""
        total_minutes: str = ""
        is_active: str = ""
        source: str = ""
        created_at: str = ""
        updated_at: str = ""
        job: str | None = None

else:
    _Mirrored = msgspec.defstruct(
        "_Mirrored",
        [
            (column.field, "str | None", None) if column.is_optional else (column.field, "str", column.field)
            for column in COLUMNS
        ],
        frozen=True,
        kw_only=True,
    )


class ClockTimesNames(_Mirrored, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and columns of the table that payroll reads. `created_at` and `updated_at` may be absent from it; `job`,
    `break_minutes` and `net_minutes` are None, and not mirrored, unless a column is named for them.
    """

    table: str = "clock_times"
    child_tables: tuple[str, ...] | None = None
    """Columns that hold ids of this table's rows without a declared foreign key: `payslips.clock_time_id`.

    An empty list means that there are none; None means that it is not known.
    """
    trigger_columns: tuple[str, ...] = ()
    """Columns that a trigger of the host's, or the database by itself, writes with every change: undo leaves them."""
    clock_in_unit: Literal["epoch_seconds", "epoch_milliseconds"] | None = None
    """The unit of the times, if all four are whole numbers and not datetimes."""
    is_active_words: tuple[str, str] | None = None
    """The words of `is_active`, if it holds words: for a shift that is over, and for one that is not."""
    schema: str | None = None
    """The schema of the table, if `table` does not contain it."""

    @property
    def children(self) -> tuple[str, ...]:
        """The columns of `child_tables`, each once."""
        return tuple(dict.fromkeys(self.child_tables or ()))


class EmployeesNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and columns of the table of people. `email` and `phone` may be absent from it."""

    table: str = "employees"
    id: str = "id"
    name: str = "name"
    email: str = "email"
    phone: str = "phone"
    connecteam_user_id: str = "connecteam_user_id"
    payroll_id: str | None = None
    """The column with the number that a person has in the payroll system; exports read it, nobody writes it."""
    schema: str | None = None
    """The schema of the table, if `table` does not contain it."""


class HostTables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two tables that belong to the user; a table name may carry a schema (`payroll.clock_times`)."""

    clock_times: ClockTimesNames = ClockTimesNames()
    employees: EmployeesNames = EmployeesNames()

    def __post_init__(self) -> None:
        """Put a separate `schema` in front of the name of its table."""
        for field in self.__struct_fields__:
            names = getattr(self, field)
            if names.schema is not None:
                whole = msgspec.structs.replace(names, table=f"{names.schema}.{names.table}", schema=None)
                msgspec.structs.force_setattr(self, field, whole)


def require_apart(host: HostTables, *, folds: bool) -> None:
    """Raises ConfigurationError if two keys name one column of a table: each would overwrite the other's value.

    `folds`: the database ignores case in the names of columns. One column for both `created_at` and `updated_at` is
    allowed, and written once.
    """
    for table in host.__struct_fields__:
        names = getattr(host, table)
        taken: dict[str, str] = {}
        for key in names.__struct_fields__:
            if key in NO_COLUMNS:
                continue
            column = getattr(names, key)
            if column is None:
                continue
            first = taken.setdefault(column.lower() if folds else column, key)
            if first != key and {first, key} != {*STAMPS}:
                raise ConfigurationError(
                    f"[tables.{table}] {first} and {key} both name the column {column!r}",
                    next_step=f'name the column that holds each of them in connecteam-sync.toml: {first} = "…" and'
                    f' {key} = "…"'
                    + (f"; {key} may name one that the table does not have" if key in _MAY_BE_ABSENT else ""),
                )
