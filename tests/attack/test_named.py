"""Any name that a database allows, of columns, tables and schemas, of what is mapped and of what is not."""

from __future__ import annotations

import string
import uuid
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import create_engine
from test_host_tables import kind_of, live, sandbox  # noqa: F401 - a fixture

from connecteam_sync.sandbox import Sandbox
from connecteam_sync.store.sql.quoting import parts, split
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames, HostTables
from support.scenario import World

PRINTABLE = "".join(mark for mark in map(chr, range(32, 127)) if mark not in string.ascii_letters + string.digits)
UNMAPPED = (
    "worker's note",
    "Emp. No.",
    "100%",
    "t",
    "d",
    "r",
    "j",
    "image",
    ":name",
    "a:b::c",
    "%s",
    "%(rows)s",
    "%%",
    "?",
    "{0}",
    "back\\slash\\",
    "\\'",
    "it`s",
    "``",
    "\"both\" 'quotes'",
    "'; DROP TABLE employees; --",
    "/* hm */ # --",
    "$1",
    "$.c",
    "@@x",
    "naïve 名前 ñ",
    "select",
    "lateral",
    "from",
    "to\tand fro",
    PRINTABLE,
)


def quote(kind: str, name: str) -> str:
    """As the host's own DBA writes it."""
    mark = "`" if kind == "mysql" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def said(*names: str) -> str:
    """A table's name as the configuration takes it, whatever is in it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def raw(database: str, *statements: str) -> None:
    """Statements that nobody looks into on their way."""
    engine = create_engine(database)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor = driver.cursor()
        for statement in statements:
            cursor.execute(statement)
        driver.commit()
    engine.dispose()


def people_and_times(kind: str, people: str, times: str, c: ClockTimesNames, e: EmployeesNames) -> tuple[str, str]:
    """CREATE TABLE of both, the names quoted already; a column of each name that is not mapped."""
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY"}.get(
        kind, "BIGSERIAL PRIMARY KEY"
    )
    moment = {"postgresql": "TIMESTAMP(0)"}.get(kind, "DATETIME")

    def q(name: str) -> str:
        return quote(kind, name)

    more = ", ".join(f"{q(name)} VARCHAR(40) DEFAULT 'it''s %s :x'" for name in UNMAPPED)
    made = f"CREATE TABLE {people} ({q(e.id)} {key}, {q(e.name)} VARCHAR(99), {q(e.email)} VARCHAR(99),"
    mapped = f"{q(c.id)} {key}, {q(c.employee_id)} BIGINT NOT NULL, {q(c.clock_in)} {moment} NOT NULL,"
    mapped += f" {q(c.clock_out)} {moment} NULL, {q(c.total_minutes)} INT, {q(c.is_active)} BOOLEAN NOT NULL,"
    mapped += f" {q(c.source)} VARCHAR(20) NOT NULL, {q(c.updated_at)} {moment} NULL"
    return f"{made} {q(e.connecteam_user_id)} VARCHAR(20))", f"CREATE TABLE {times} ({mapped}, {more})"


NASTY = ClockTimesNames(
    table=said('time\'s: 100%s {x} "it" a.b'),
    id="Punch. No 'x'",
    employee_id="who`: :rows %(rows)s %",
    clock_in='from {0} "there" ?',
    clock_out="to\\",
    total_minutes="`minutes` $.c",
    is_active="order",
    source="séance 名",
    created_at="absent",
    updated_at="when's %s",
)
PEOPLE = EmployeesNames(
    table=said("people %s :id 'a' {b} ü"),
    id="Emp. No.",
    name="full 'name': %s",
    email="e-mail {?}",
    phone="absent",
    connecteam_user_id="select",
)


@pytest.fixture
def home(database: str) -> Iterator[str | None]:
    """A schema (a database on MySQL and MariaDB) next to that of the connection; None on SQLite, which has none."""
    kind = kind_of(database)
    if kind == "sqlite":
        yield None
        return
    name = f'pay.roll\'s 100%s :x {{y}} "z" {uuid.uuid4().hex[:6]}'
    word = "SCHEMA" if kind == "postgresql" else "DATABASE"
    raw(database, f"CREATE {word} {quote(kind, name)}")
    yield name
    if kind == "mysql":
        raw(database, f"DROP DATABASE {quote(kind, name)}")


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["here", "in a schema"])
def test_every_name_serves_everywhere(
    database: str,
    home: str | None,
    sandbox: Sandbox,  # noqa: F811 - the fixture
    is_elsewhere: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Sync, a quiet second run, corrections, verify, undo to the byte; and adopt, there and back."""
    kind = kind_of(database)
    if is_elsewhere and home is None:
        pytest.skip("SQLite has no schemas")
    times, people = split(NASTY.table)[1], split(PEOPLE.table)[1]
    where = f"{quote(kind, home)}." if is_elsewhere and home else ""
    raw(database, *people_and_times(kind, where + quote(kind, people), where + quote(kind, times), NASTY, PEOPLE))
    tables = HostTables(clock_times=NASTY, employees=PEOPLE)
    if is_elsewhere and home:
        tables = HostTables(
            clock_times=msgspec.structs.replace(NASTY, table=said(home, times)),
            employees=msgspec.structs.replace(PEOPLE, table=said(home, people)),
        )
    world = World(sandbox, database, tables=tables)
    live(world)
    world = World(sandbox, database, tables=tables)
    adopted = world.mirror.adopt()
    assert adopted.exit_code == 0
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"
    world.mirror.undo_adopt()
    assert world.mirror.survey().unique_key is None
    columns = [quote(kind, getattr(NASTY, name)) for name in ("employee_id", "clock_in", "total_minutes", "source")]
    flag, table = quote(kind, NASTY.is_active), where + quote(kind, times)
    every = ", ".join([*columns, flag])
    first = f"(SELECT min({quote(kind, NASTY.id)}) FROM {table})"
    if kind == "mysql":
        first = f"(SELECT q.m FROM (SELECT min({quote(kind, NASTY.id)}) AS m FROM {table}) q)"
    raw(database, f"INSERT INTO {table} ({every}) SELECT {every} FROM {table} WHERE {quote(kind, NASTY.id)} = {first}")
    before = world.mirror.store
    with before.reading() as session:
        doubled = session.read(f"SELECT * FROM {session.clock_times} ORDER BY 1")
    adopted = world.mirror.adopt()
    assert adopted.counts.deleted == 1
    world.mirror.undo_adopt()
    with before.reading() as session:
        assert session.read(f"SELECT * FROM {session.clock_times} ORDER BY 1") == doubled
    assert [check.name for check in world.mirror.doctor() if check.state == "failed"] == []
    world.mirror.close()


def test_a_dot_is_part_of_a_name_between_quotes() -> None:
    """Of tables, which may have a schema; a column's name is never parted."""
    assert split("clock_times") == (None, "clock_times")
    assert split("payroll.clock_times") == ("payroll", "clock_times")
    assert split('"pay.roll".times') == ("pay.roll", "times")
    assert split('"Time ""Punches"".x"') == (None, 'Time "Punches".x')
    assert split('5" pipes') == (None, '5" pipes')
    assert parts('other."my.punches"."ct.id"') == ["other", "my.punches", "ct.id"]
