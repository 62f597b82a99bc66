"""A host with a table of people of its own, without a unique key on the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import create_engine, text

from connecteam_sync.core.keys import RowId
from connecteam_sync.sandbox import Sandbox
from support.scenario import World


def host_tables(database: str, *, number: bool = False) -> None:
    """The host's own tables, without a unique key on the user: people, and their clock times."""
    engine = create_engine(database)
    kind = engine.dialect.name
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "postgresql": "BIGSERIAL PRIMARY KEY"}.get(
        kind, "BIGINT AUTO_INCREMENT PRIMARY KEY"
    )
    moment = "TIMESTAMP" if kind == "postgresql" else "DATETIME"
    user = "BIGINT" if number else "VARCHAR(20)"
    with engine.begin() as connection:
        connection.execute(
            text(
                f"CREATE TABLE employees (id {key}, name VARCHAR(80), email VARCHAR(80) UNIQUE, phone VARCHAR(40),"
                f" connecteam_user_id {user}, badge VARCHAR(8))"
            )
        )
        connection.execute(
            text(
                f"CREATE TABLE clock_times (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL,"
                f" clock_out {moment}, total_minutes INT, is_active BOOLEAN NOT NULL, source VARCHAR(20) NOT NULL,"
                f" created_at {moment}, updated_at {moment}, UNIQUE (employee_id, clock_in))"
            )
        )
    engine.dispose()


class Site(World):
    """A world whose tables are the host's own; `hire` adds a row of people."""

    def __init__(self, sandbox: Sandbox, database: str, *, number: bool = False, **settings: Any) -> None:  # noqa: ANN401 - any setting
        host_tables(database, number=number)
        super().__init__(sandbox, database, **{"employees": "match", **settings})

    def hire(self, name: str, user: object = None, *, email: str | None = None, phone: str | None = None) -> int:
        """Add a row of `employees`; its id."""
        self.execute(
            "INSERT INTO employees (name, email, phone, connecteam_user_id) VALUES (:n, :e, :p, :u)",
            n=name,
            e=email,
            p=phone,
            u=user,
        )
        return max(int(row["id"]) for row in self.table("employees"))

    def everybody(self) -> dict[int, int]:
        """Add a row with the user for each person of the company; employee ids by user."""
        return {p.id: self.hire(f"{p.first_name} {p.last_name}", p.id) for p in self.company.people.values()}

    def hours(self, employee: RowId) -> int:
        """Minutes of an employee's rows."""
        return sum(row["total_minutes"] or 0 for row in self.table() if row["employee_id"] == employee)


Make = Callable[..., Site]
