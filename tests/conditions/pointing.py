"""Foreign keys of the employee that point at something else than the id of the configured people."""

from __future__ import annotations

from condition import ALL, Condition

_STAFF = "CREATE TABLE staff (id BIGINT PRIMARY KEY)"
_SAME = "INSERT INTO staff SELECT id FROM employees"


def _pointing(at: str) -> dict[str, str]:
    """The column with its foreign key: SQLite wants it in the column, MySQL next to it."""
    beside = f"BIGINT NOT NULL, CONSTRAINT of_people FOREIGN KEY (employee_id) REFERENCES {at}"
    return dict.fromkeys(ALL, beside) | {"sqlite": f"BIGINT NOT NULL REFERENCES {at}"}


def _condition(
    name: str, told: str, at: str, *, before: tuple[str, ...] = (), rows: tuple[str, ...], names: tuple[str, ...] = ()
) -> Condition:
    return Condition(
        name,
        "refused" if names else "served",
        told,
        columns={"employee_id": _pointing(at)},
        people={"number": "BIGINT UNIQUE"},
        before=before,
        rows=rows,
        names=names,
    )


POINTING = (
    _condition(
        "hours of another table's people",
        "A key of the employee that points at another table, where none of the configured people stands, is refused.",
        "staff (id)",
        before=(_STAFF,),
        rows=("INSERT INTO staff VALUES (900)",),
        names=("employee_id", "staff.id", "employees.id"),
    ),
    _condition(
        "hours by another number of the same people",
        "A key that points at another column of the people than the configured one is refused, where they differ.",
        "employees (number)",
        # The numbers are the ids of others: every row would be taken, and be somebody else's.
        rows=("UPDATE employees SET number = 6 - id",),
        names=("employee_id", "employees.number"),
    ),
    _condition(
        "hours of people kept in two tables",
        "Where the ids of the configured people stand in the table that the key points at, rows are written.",
        "staff (id)",
        before=(_STAFF,),
        rows=(_SAME,),
    ),
    _condition(
        "hours by a number that is the id",
        "The same of another column of the people that says the same in every row.",
        "employees (number)",
        rows=("UPDATE employees SET number = id",),
    ),
)
