"""Triggers and constraints of the host's: what the probe finds before anything is written."""

from __future__ import annotations

from condition import ALL, MYSQLS, Condition
from types_of import row

_OURS = row("'2024-12-01 08:00:00'", "'2024-12-01 17:00:00'", source="connecteam")
_NOW = "TIMESTAMP DEFAULT CURRENT_TIMESTAMP"
_LATER = row("'2025-11-20 08:00:00'", "'2025-11-20 17:00:00'", source="connecteam")
_FUNCTION = "CREATE FUNCTION meddle() RETURNS trigger AS $$ BEGIN {} RETURN NEW; END $$ LANGUAGE plpgsql"


def _trigger(database: str, when: str, mysql: str, postgresql: str, sqlite: str) -> tuple[str, ...]:
    """The statements that make a trigger called `meddler`, before an INSERT or UPDATE (after it on SQLite)."""
    if database == "sqlite":
        return (f"CREATE TRIGGER meddler AFTER {when} ON clock_times BEGIN {sqlite}; END",)
    if database == "postgresql":
        made = f"CREATE TRIGGER meddler BEFORE {when} ON clock_times FOR EACH ROW EXECUTE FUNCTION meddle()"
        return (_FUNCTION.format(f"{postgresql};"), made)
    return (f"CREATE TRIGGER meddler BEFORE {when} ON clock_times FOR EACH ROW {mysql}",)


_DRAWN = "ALTER TABLE clock_times AUTO_INCREMENT = 100"
_MANUAL = (
    "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
    " SELECT id, '2025-12-03 03:00:00', '2025-12-03 04:00:00', 60, FALSE, 'manual' FROM employees"
)
"""A row of each person that somebody entered by hand, near to what a run writes."""
_SHADOW = "INSERT INTO clock_times (employee_id, clock_in, is_active, source)"
_BESIDE = {
    "removes": (
        "INSERT",
        "DELETE FROM clock_times WHERE source = 'manual' AND employee_id = NEW.employee_id AND NEW.source <> 'manual'",
    ),
    "removes, of others,": (
        "UPDATE",
        "DELETE FROM clock_times WHERE source = 'manual' AND employee_id <> NEW.employee_id",
    ),
    "removes, with a delete,": ("DELETE", "DELETE FROM clock_times WHERE source = 'manual'"),
    "alters": (
        "INSERT",
        "UPDATE clock_times SET clock_out = NEW.clock_in WHERE source = 'manual' AND NEW.source <> 'manual'",
    ),
    "makes": ("INSERT", f"{_SHADOW} SELECT -NEW.id, NEW.clock_in, FALSE, 'shadow' WHERE NEW.source = 'connecteam'"),
}
"""What a trigger does to other rows of its own table, which MySQL and MariaDB let no trigger do."""


def _after(database: str, event: str, does: str) -> tuple[str, ...]:
    """The statements that make such a trigger, called `meddler`."""
    if database == "sqlite":
        return (f"CREATE TRIGGER meddler AFTER {event} ON clock_times BEGIN {does}; END",)
    made = f"CREATE TRIGGER meddler AFTER {event} ON clock_times FOR EACH ROW EXECUTE FUNCTION meddle()"
    return (_FUNCTION.format(f"{does};"), made)


TRIGGERS = (
    *(
        Condition(
            f"{database}: a trigger that {what} other rows",
            "refused",
            "What stands beside the row that is tried is counted, and that of the same person compared.",
            databases=(database,),
            extra=_after(database, event, does),
            rows=(_LATER, _MANUAL),
            names=("meddler", "clock_times"),
        )
        for database in ("sqlite", "postgresql")
        for what, (event, does) in _BESIDE.items()
    ),
    Condition(
        "a trigger that removes other rows by a cascade",
        "refused",
        "The same, where another table's key takes them along.",
        databases=MYSQLS,
        columns={"import_id": "INT"},
        extra=(
            "CREATE TABLE imports (id INT PRIMARY KEY)",
            "INSERT INTO imports VALUES (1)",
            "ALTER TABLE clock_times ADD FOREIGN KEY (import_id) REFERENCES imports (id) ON DELETE CASCADE",
            "CREATE TRIGGER meddler AFTER INSERT ON clock_times FOR EACH ROW DELETE FROM imports WHERE NEW.id > 20",
        ),
        rows=(_OURS, _MANUAL, "UPDATE clock_times SET import_id = 1 WHERE source = 'manual'", _DRAWN),
        names=("meddler", "clock_times"),
    ),
    *(
        Condition(
            f"PostgreSQL: a rule {said} {event} of clock times",
            "refused",
            "A rule that does something else instead of a write is refused by its name.",
            databases=("postgresql",),
            extra=(f"CREATE RULE meddler AS ON {event} TO clock_times DO {said} {does}",),
            rows=(_OURS, _MANUAL),
            names=("meddler", "clock_times"),
        )
        for event, said, does in (
            ("INSERT", "INSTEAD", "NOTHING"),
            ("UPDATE", "INSTEAD", "NOTHING"),
            ("DELETE", "INSTEAD", "NOTHING"),
            ("UPDATE", "ALSO", "DELETE FROM clock_times WHERE source = 'manual'"),
        )
    ),
    Condition(
        "PostgreSQL: a rule that keeps a log",
        "served",
        "A rule that only does something beside a write is tried as a trigger is.",
        databases=("postgresql",),
        extra=(
            "CREATE TABLE log (id bigint)",
            "CREATE RULE logged AS ON UPDATE TO clock_times DO ALSO INSERT INTO log VALUES (OLD.id)",
        ),
    ),
    *(
        Condition(
            f"{database}: a trigger that says when a row was touched",
            "refused",
            "Undo could not give the column back: name it in `trigger_columns`, or drop the trigger.",
            databases=(database,),
            extra=_trigger(
                database,
                "UPDATE",
                "SET NEW.updated_at = NOW()",
                "NEW.updated_at = now()",
                "UPDATE clock_times SET updated_at = datetime('now') WHERE id = NEW.id",
            ),
            rows=(_OURS,),
            names=("updated_at", "meddler"),
        )
        for database in ALL
    ),
    *(
        Condition(
            f"{database}: a trigger that counts versions",
            "refused",
            "The same of any other column.",
            databases=(database,),
            columns={"version": "INTEGER DEFAULT 0"},
            extra=_trigger(
                database,
                "UPDATE",
                "SET NEW.version = OLD.version + 1",
                "NEW.version = OLD.version + 1",
                "UPDATE clock_times SET version = OLD.version + 1 WHERE id = NEW.id",
            ),
            rows=(_OURS,),
            names=("version", "meddler"),
        )
        for database in ALL
    ),
    *(
        Condition(
            f"{database}: a trigger that alters minutes",
            "refused",
            "A row that is not kept as written is not written.",
            databases=(database,),
            extra=_trigger(
                database,
                "INSERT",
                "SET NEW.total_minutes = 1",
                "NEW.total_minutes = 1",
                "UPDATE clock_times SET total_minutes = 1 WHERE id = NEW.id",
            ),
            rows=(_OURS,),
            names=("total_minutes", "meddler"),
        )
        for database in ALL
    ),
    *(
        Condition(
            f"{database}: a trigger that takes an approval away",
            "refused",
            "Undo could not give the approval back: the probe fills columns of the host's own to see it.",
            databases=(database,),
            columns={"approved_by": "VARCHAR(9)"},
            extra=_trigger(
                database,
                "UPDATE",
                "SET NEW.approved_by = IF(NEW.total_minutes <=> OLD.total_minutes, NEW.approved_by, NULL)",
                "IF NEW.total_minutes IS DISTINCT FROM OLD.total_minutes THEN NEW.approved_by = NULL; END IF",
                "UPDATE clock_times SET approved_by = NULL"
                " WHERE id = NEW.id AND NEW.total_minutes IS NOT OLD.total_minutes",
            ),
            rows=(_OURS,),
            names=("approved_by", "meddler"),
        )
        for database in ALL
    ),
    *(
        Condition(
            f"{database}: a trigger that takes an approval away, kept as a number",
            "refused",
            "The same of a number of the host's own.",
            databases=(database,),
            columns={"approved_by": "INTEGER"},
            extra=_trigger(
                database,
                "UPDATE",
                "SET NEW.approved_by = IF(NEW.total_minutes <=> OLD.total_minutes, NEW.approved_by, NULL)",
                "IF NEW.total_minutes IS DISTINCT FROM OLD.total_minutes THEN NEW.approved_by = NULL; END IF",
                "UPDATE clock_times SET approved_by = NULL"
                " WHERE id = NEW.id AND NEW.total_minutes IS NOT OLD.total_minutes",
            ),
            rows=(_OURS,),
            names=("approved_by", "meddler"),
        )
        for database in ALL
    ),
    *(
        Condition(
            f"{database}: a trigger that says when a row was touched, in a column of the host's own",
            "refused",
            "Also where all of it happens within a second: the probe brings moments back a day old.",
            databases=(database,),
            columns={"touched": _NOW},
            extra=_trigger(
                database,
                "UPDATE",
                "SET NEW.touched = NOW()",
                "NEW.touched = now()",
                "UPDATE clock_times SET touched = datetime('now') WHERE id = NEW.id",
            ),
            rows=(_OURS,),
            names=("touched", "meddler"),
        )
        for database in ALL
    ),
    *(
        Condition(
            f"{database}: a trigger that takes an approval away, beside a column that allows few words",
            "refused",
            "A column that takes nothing of what is tried does not keep the others from being tried.",
            databases=(database,),
            columns={"grade": "VARCHAR(9) CHECK (grade IN ('low', 'high'))", "approved_by": "VARCHAR(9)"},
            extra=_trigger(
                database,
                "UPDATE",
                "SET NEW.approved_by = IF(NEW.total_minutes <=> OLD.total_minutes, NEW.approved_by, NULL)",
                "IF NEW.total_minutes IS DISTINCT FROM OLD.total_minutes THEN NEW.approved_by = NULL; END IF",
                "UPDATE clock_times SET approved_by = NULL"
                " WHERE id = NEW.id AND NEW.total_minutes IS NOT OLD.total_minutes",
            ),
            rows=(_OURS,),
            names=("approved_by", "meddler"),
        )
        for database in ALL
    ),
    Condition(
        "SQLite: a key that replaces rows",
        "refused",
        "ON CONFLICT REPLACE or IGNORE in a key: rows would go without a word.",
        databases=("sqlite",),
        columns={"hour": "INTEGER UNIQUE ON CONFLICT REPLACE"},
        names=("ON CONFLICT",),
    ),
    Condition(
        "SQLite: a key that leaves rows out",
        "refused",
        "The same of ON CONFLICT IGNORE: rows would not come.",
        databases=("sqlite",),
        columns={"hour": "INTEGER UNIQUE ON CONFLICT IGNORE"},
        names=("ON CONFLICT",),
    ),
    Condition(
        "PostgreSQL: tables that inherit",
        "refused",
        "Rows of heirs are seen as rows of the table, and would come back as its own.",
        databases=("postgresql",),
        extra=("CREATE TABLE older () INHERITS (clock_times)",),
        names=("inherit",),
    ),
    Condition(
        "minutes that the database computes",
        "refused",
        "A computed column takes no value of ours.",
        databases=("mariadb", "mysql"),
        columns={"total_minutes": "INT AS (TIMESTAMPDIFF(MINUTE, clock_in, clock_out)) STORED"},
        names=("total_minutes",),
    ),
)
