"""The host's two tables: what they and their columns are called."""

from __future__ import annotations

import msgspec


class ClockTimesNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and columns of the table that payroll reads. `created_at` and `updated_at` may be absent from it."""

    table: str = "clock_times"
    id: str = "id"
    employee_id: str = "employee_id"
    clock_in: str = "clock_in"
    clock_out: str = "clock_out"
    total_minutes: str = "total_minutes"
    is_active: str = "is_active"
    source: str = "source"
    created_at: str = "created_at"
    updated_at: str = "updated_at"


class EmployeesNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and columns of the table of people. `email` may be absent from it."""

    table: str = "employees"
    id: str = "id"
    name: str = "name"
    email: str = "email"
    connecteam_user_id: str = "connecteam_user_id"


class HostTables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two tables that belong to the user; a table name may carry a schema (`payroll.clock_times`)."""

    clock_times: ClockTimesNames = ClockTimesNames()
    employees: EmployeesNames = EmployeesNames()
