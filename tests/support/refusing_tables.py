"""Tables that refuse some rows, each by another feature of a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import create_engine, text

from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support.scenario import World

COLUMNS = "id, employee_id, clock_in, clock_out, total_minutes, is_active, source"
EVERY = ("sqlite", "mysql", "postgresql")


def kind_of(database: str) -> str:
    """sqlite, mysql (both of them) or postgresql."""
    return "mysql" if "mysql" in database else database.split("+", maxsplit=1)[0].split(":", maxsplit=1)[0]


def run(database: str, *statements: str) -> None:
    """Run statements of the host's administrator."""
    engine = create_engine(database)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement.replace(":", r"\:")))
    engine.dispose()


def make(kind: str, constraint: str = "", *, name: str = "clock_times", tail: str = "") -> str:
    """CREATE TABLE of the clock times, with a constraint of the host's own."""
    key = {
        "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY",
        "postgresql": "BIGSERIAL PRIMARY KEY",
    }[kind]
    moment = "TIMESTAMP(0)" if kind == "postgresql" else "DATETIME"
    more = f", {constraint}" if constraint else ""
    return (
        f"CREATE TABLE {name} (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL, clock_out {moment},"
        " total_minutes INTEGER, is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL,"
        f" UNIQUE (employee_id, clock_in){more}){tail}"
    )


def plain_again(kind: str) -> tuple[str, ...]:
    """The same table without the constraint: the cure if a database cannot drop one."""
    move = f"INSERT INTO plain ({COLUMNS}) SELECT {COLUMNS} FROM clock_times"
    again = (
        ("SELECT setval(pg_get_serial_sequence('clock_times', 'id'), (SELECT max(id) FROM clock_times))",)
        if kind == "postgresql"
        else ()
    )
    return (make(kind, name="plain"), move, "DROP TABLE clock_times", "ALTER TABLE plain RENAME TO clock_times", *again)


def long_shift(world: World) -> Activity:
    """Thirty hours."""
    return world.company.add(free(world), world.at(3, "00:10"), world.at(4, "06:10"), clock=WAREHOUSE)


def free(world: World) -> int:
    """A person of the warehouse who has not worked on these days, if there is one."""
    busy = {shift.user_id for shift in world.company.shifts()}
    people = [p.id for p in world.company.people.values() if WAREHOUSE in p.clocks]
    return next((user for user in people if user not in busy), people[0])


def overlapping(world: World) -> Activity:
    """A shift that begins in the middle of another one of the same person."""
    mine = next(s for s in world.company.shifts() if s.end is not None and s.clock_id == WAREHOUSE)
    assert mine.end is not None
    return world.company.add(mine.user_id, mine.start + 3600, mine.end + 60, created_at=mine.end)


def same_end(world: World) -> Activity:
    """A shift that ends with another one of the same person."""
    mine = next(s for s in world.company.shifts() if s.end is not None and s.clock_id == WAREHOUSE)
    assert mine.end is not None
    return world.company.add(mine.user_id, mine.start + 3600, mine.end, created_at=mine.end)


def no_time(world: World) -> Activity:
    """A shift that ends as it begins."""
    return world.company.add(free(world), world.at(3, "00:10"), world.at(3, "00:10"))


def refusing_trigger(kind: str) -> tuple[str, ...]:
    """A trigger that raises an error for long shifts."""
    if kind == "sqlite":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times WHEN NEW.total_minutes > 1500 BEGIN"
                " SELECT RAISE(ABORT, 'nobody works so long'); END"
            ),
        )
    if kind == "mysql":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW IF NEW.total_minutes > 1500 THEN"
                " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'nobody works so long', MYSQL_ERRNO = 31001; END IF"
            ),
        )
    return (
        (
            "CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN IF NEW.total_minutes > 1500 THEN"
            " RAISE EXCEPTION 'nobody works so long' USING ERRCODE = 'ZZ001'; END IF; RETURN NEW; END $$"
            " LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


def silent_trigger(kind: str) -> tuple[str, ...]:
    """A trigger that silently drops long shifts."""
    if kind == "sqlite":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times WHEN NEW.total_minutes > 1500 BEGIN"
                " SELECT RAISE(IGNORE); END"
            ),
        )
    return (
        (
            "CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN IF NEW.total_minutes > 1500 THEN"
            " RETURN NULL; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


def altering_trigger(kind: str) -> tuple[str, ...]:
    """A trigger that shortens long shifts."""
    if kind == "sqlite":
        return (
            (
                "CREATE TRIGGER guard AFTER INSERT ON clock_times WHEN NEW.total_minutes > 1500 BEGIN"
                " UPDATE clock_times SET total_minutes = 1500 WHERE id = NEW.id; END"
            ),
        )
    if kind == "mysql":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW"
                " SET NEW.total_minutes = least(NEW.total_minutes, 1500)"
            ),
        )
    return (
        (
            "CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN NEW.total_minutes = least(NEW.total_minutes, 1500);"
            " RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


def late_trigger(_: str) -> tuple[str, ...]:
    """A constraint trigger that raises its error at the commit."""
    first, _second = refusing_trigger("postgresql")
    return (
        first,
        (
            "CREATE CONSTRAINT TRIGGER guard AFTER INSERT ON clock_times DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION guard()"
        ),
    )


class Case(NamedTuple):
    """A cause: the table, the shift it refuses, and the words of the database that must be shown."""

    databases: tuple[str, ...]
    words: str
    constraint: str = ""
    culprit: Callable[[World], Activity] = long_shift
    more: Callable[[str], tuple[str, ...]] = lambda _: ()


NOT_LONG = "CONSTRAINT at_most_a_day CHECK (total_minutes < 1500)"
CASES = {
    "a CHECK": Case(EVERY, "at_most_a_day", NOT_LONG),
    "a CHECK of the times": Case(EVERY, "some_time", "CONSTRAINT some_time CHECK (clock_out > clock_in)", no_time),
    "a foreign key": Case(
        EVERY,
        "foreign key",
        "CONSTRAINT fk_lengths FOREIGN KEY (total_minutes) REFERENCES lengths (minutes)",
    ),
    "a second unique key": Case(EVERY, "", "CONSTRAINT one_end UNIQUE (employee_id, clock_out)", same_end),
    "an EXCLUDE": Case(
        ("postgresql",),
        "no_overlap",
        "CONSTRAINT no_overlap EXCLUDE USING gist (employee_id WITH =, tsrange(clock_in, clock_out) WITH &&)",
        overlapping,
    ),
    "a trigger": Case(EVERY, "nobody works so long", more=refusing_trigger),
    "a trigger that says nothing": Case(("sqlite", "postgresql"), "a trigger", more=silent_trigger),
    "a trigger that alters": Case(EVERY, "total_minutes is 1500 and not 1800", more=altering_trigger),
    "a trigger at the commit": Case(("postgresql",), "nobody works so long", more=late_trigger),
}
