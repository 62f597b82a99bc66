"""Undo is exact, or it is refused: triggers that write there too, columns that came and went, values of every kind."""

from __future__ import annotations

from typing import Any

import pytest
from test_host_tables import kind_of, run, sandbox  # noqa: F401 - a fixture
from test_named import raw

from connecteam_sync.errors import ConfigurationError, UndoRefused
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from support.scenario import World

OWNED = HostTables(clock_times=ClockTimesNames(trigger_columns=("version",)))


def bumping(kind: str) -> tuple[str, ...]:
    """A trigger that counts every change of a row."""
    if kind == "sqlite":
        once = "WHEN NEW.version = OLD.version BEGIN UPDATE clock_times SET version = OLD.version + 1 WHERE id = NEW.id"
        return (f"CREATE TRIGGER bump AFTER UPDATE ON clock_times {once}; END",)
    if kind == "mysql":
        return ("CREATE TRIGGER bump BEFORE UPDATE ON clock_times FOR EACH ROW SET NEW.version = OLD.version + 1",)
    body = "BEGIN NEW.version = OLD.version + 1; RETURN NEW; END"
    return (
        f"CREATE FUNCTION bump() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql",
        "CREATE TRIGGER bump BEFORE UPDATE ON clock_times FOR EACH ROW EXECUTE FUNCTION bump()",
    )


def corrected(world: World) -> int:
    """A run that corrected a row, deleted one and made one; its number."""
    mine = [shift for shift in world.company.shifts() if shift.end is not None]
    world.company.edit(mine[0].id, end=mine[0].start + 7 * 60)
    world.company.delete(mine[7].id)
    world.work(3, "01:00", "02:00", user=mine[1].user_id)
    done = world.sync()
    assert (done.exit_code, done.counts.updated, done.counts.deleted, done.counts.created) == (0, 1, 1, 1)
    assert done.id
    return done.id


def whole(world: World, cast: str = "") -> list[dict[str, Any]]:
    """The table, to the last column."""
    with world.mirror.store.reading() as session:
        return session.read(f"SELECT t.*{cast} FROM clock_times t ORDER BY id")  # type: ignore[return-value]


def test_a_trigger_that_came_later_has_undo_refused(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """By the names of the column and the trigger, nothing written; named as the trigger's, it is left alone."""
    world = World(sandbox, database)
    run(database, "ALTER TABLE clock_times ADD COLUMN version INT NOT NULL DEFAULT 0")
    world.sync()
    before = whole(world)
    number = corrected(world)
    raw(database, *bumping(kind_of(database)))
    after = whole(world)
    with pytest.raises(UndoRefused) as refused:
        world.mirror.undo(number)
    assert "'version'" in refused.value.message
    assert "bump" in refused.value.message
    assert 'trigger_columns = ["version"]' in refused.value.next_step
    assert whole(world) == after
    assert [one.kind for one in world.mirror.runs()] == ["sync", "sync"]
    world.mirror.close()

    world = World(sandbox, database, tables=OWNED)
    undone = world.mirror.undo(number)
    assert undone.slices[0].note == "left as the trigger wrote it: version"
    assert [{**row, "version": 0} for row in whole(world)] == before
    assert sum(row["version"] for row in whole(world)) == 1
    # Nothing stands in the way of what comes after: the undo of the undo, and another run.
    assert undone.id
    world.mirror.undo(undone.id)
    assert [{**row, "version": 0} for row in whole(world)] == after
    assert world.sync().status == "nothing"
    world.mirror.close()


def test_what_the_trigger_wrote_meanwhile_is_left_alone(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """Undo does not write a trigger's column at all, also where no trigger would write it again."""
    world = World(sandbox, database, tables=OWNED)
    run(database, "ALTER TABLE clock_times ADD COLUMN version INT NOT NULL DEFAULT 0")
    world.sync()
    before = whole(world)
    number = corrected(world)
    run(database, "UPDATE clock_times SET version = 7")
    world.mirror.undo(number)
    after = whole(world)
    assert [{**row, "version": 0} for row in after] == before
    assert sorted({row["version"] for row in after}) == [0, 7]  # a row that comes back has what it had
    assert [row["version"] for row in after].count(0) == 1
    world.mirror.close()


def test_a_row_that_does_not_stay_has_undo_refused(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """A trigger takes away at once what undo brings back: nothing was written."""
    kind = kind_of(database)
    if kind == "mysql":
        pytest.skip("no trigger of MySQL or MariaDB may write to the table that fires it")
    world = World(sandbox, database)
    world.sync()
    number = corrected(world)
    body = "DELETE FROM clock_times WHERE id = NEW.id"
    if kind == "sqlite":
        raw(database, f"CREATE TRIGGER eat AFTER INSERT ON clock_times BEGIN {body}; END")
    else:
        raw(
            database,
            f"CREATE FUNCTION eat() RETURNS trigger AS $$ BEGIN {body}; RETURN NULL; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER eat AFTER INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION eat()",
        )
    before = whole(world)
    with pytest.raises(UndoRefused, match=r"would not be there.*eat") as refused:
        world.mirror.undo(number)
    assert f"undo {number}" in refused.value.next_step
    assert whole(world) == before
    world.mirror.close()


def test_numbers_longer_than_a_float_are_compared_as_they_are_spelled(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """What a trigger adds far behind the point is a difference as well."""
    kind = kind_of(database)
    if kind == "sqlite":
        pytest.skip("a number of SQLite is no longer than a float")
    world = World(sandbox, database)
    long = "12345678901234567890.12345678901234567890"
    run(database, f"ALTER TABLE clock_times ADD COLUMN rate DECIMAL(40,20) DEFAULT {long}")
    world.sync()
    number = corrected(world)
    more = "NEW.rate = OLD.rate + 0.00000000000000000001"
    if kind == "mysql":
        raw(database, f"CREATE TRIGGER creep BEFORE UPDATE ON clock_times FOR EACH ROW SET {more}")
    else:
        raw(
            database,
            f"CREATE FUNCTION creep() RETURNS trigger AS $$ BEGIN {more}; RETURN NEW; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER creep BEFORE UPDATE ON clock_times FOR EACH ROW EXECUTE FUNCTION creep()",
        )
    before = whole(world)
    with pytest.raises(UndoRefused, match=r"'rate'.*creep"):
        world.mirror.undo(number)
    assert whole(world) == before
    world.mirror.close()


def test_a_column_of_a_trigger_that_is_not_there_or_ours(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """`trigger_columns` names what the host's table has, and nothing that this program writes."""
    for column, said in (("versoin", "has no such column"), ("clock_in", "itself writes")):
        tables = HostTables(clock_times=ClockTimesNames(trigger_columns=(column,)))
        world = World(sandbox, database, tables=tables)
        with pytest.raises(ConfigurationError, match=said):
            world.sync()
        world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_columns_that_came_and_went_are_no_obstacle(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """What both know is compared and restored; a new column keeps what it holds, a row that comes back its default."""
    world = World(sandbox, database)
    run(
        database,
        "ALTER TABLE clock_times ADD COLUMN old_note VARCHAR(20) DEFAULT 'x'",
        "ALTER TABLE clock_times ADD COLUMN old_count INT DEFAULT 0",
    )
    world.sync()
    before = whole(world)
    number = corrected(world)
    run(
        database,
        "ALTER TABLE clock_times ADD COLUMN cost_centre VARCHAR(20) DEFAULT 'main'",
        "ALTER TABLE clock_times DROP COLUMN old_note",
        "ALTER TABLE clock_times DROP COLUMN old_count",
        f"UPDATE clock_times SET cost_centre = 'west' WHERE id = {before[0]['id']}",
    )
    said = world.mirror.undo(number).slices[0].note
    assert said is not None
    assert said.endswith("the table has no such column any more: old_count, old_note")
    after = whole(world)
    lost = {"old_note", "old_count"}
    assert [{**row, "cost_centre": None} for row in after] == [
        {**{name: value for name, value in row.items() if name not in lost}, "cost_centre": None} for row in before
    ]
    assert {row["cost_centre"] for row in after} == {"main", "west"}
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_long_lived_process_sees_a_new_column(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """A row that is deleted and brought back has what the host wrote into a column made since the process began."""
    world = World(sandbox, database)
    world.sync()
    run(
        database,
        "ALTER TABLE clock_times ADD COLUMN paid VARCHAR(20)",
        "UPDATE clock_times SET paid = 'yes'",
    )
    before = whole(world)
    world.mirror.undo(corrected(world))
    assert whole(world) == before
    world.mirror.close()


ODD: dict[str, list[tuple[str, list[str]]]] = {
    # Type, and what the host put there (as SQL).
    "sqlite": [
        ("BLOB", ["x'00ff0041'", "NULL", "''", "x''"]),
        ("REAL", ["9e999", "-9e999", "0.1 + 0.2", "1e-320", "12.5"]),
        ("", ["'7'", "7", "7.0", "x'37'", "NULL"]),
        ("TEXT", ["'a' || char(0) || 'b'", '\'{"blob": "00"}\'', "'[1]'", "'é'"]),
        ("TEXT", ["CAST(x'ff' AS TEXT)", "CAST(x'61eda080' AS TEXT)", "char(55296)", "'plain'"]),
        ("NUMERIC", ["9223372036854775807", "'007x'", "1e300"]),
    ],
    "postgresql": [
        ("json", ['\'{"a":   1, "a": 2}\'', "'null'", "NULL", "'\"x\"'"]),
        ("json", ["'\"\\u0000\"'", "'\"\\ud83d\"'", "'1e400'"]),
        ("jsonb", ["'{\"a\": 1.50}'", "'null'", "NULL", "'\"x\"'", "'\"5\"'"]),
        ("double precision", ["'Infinity'", "'NaN'", "0.1 + 0.2", "'-0'"]),
        ("numeric", ["10::numeric ^ 6000", "1e400", "'-Infinity'"]),
        ("numeric", ["'NaN'", "1.500", "123456789012345678901234567890.123456789"]),
        ("timestamp", ["'infinity'", "'0044-03-15 BC'", "'2025-01-01 00:00:00.123456'"]),
        ("int[]", ["'[2:3]={1,2}'", "'{}'", "NULL", "'{{1,2},{3,4}}'"]),
        ("bytea", ["'\\x00ff'"]),
        ("point", ["'(1.5,2)'"]),
        ("interval", ["'1 mon 2 days -00:00:01.5'"]),
        ("bit(5)", ["B'01010'"]),
        ("char(7)", ["'ab  '"]),
        ("money", ["'$1,234.56'"]),
        ("tsrange", ["'[2025-01-01,2025-01-02)'", "'empty'"]),
        ("odd_pair", ["ROW(1, 'a \"b\"')", "NULL"]),
        ("odd_mood", ["'so so'"]),
        ("odd_doc", ["'[1,  2]'"]),
        ("xml", ["'<a>1</a>'", "'<?xml version=\"1.0\"?><a/>'"]),
        ("bpchar", ["'ab  '"]),
        ("int4range[]", ["'{\"[1,5)\"}'"]),
    ],
    "mysql": [
        ("POINT", ["ST_GeomFromText('POINT(1.5 2)')", "NULL"]),
        ("GEOMETRY", ["ST_GeomFromText('LINESTRING(0 0, 1 1)')"]),
        ("BLOB", ["x'00ff27'", "NULL", "''"]),
        ("BINARY(4)", ["x'0001'"]),
        ("DATE", ["'0000-00-00'", "'2025-02-00'"]),
        ("DATETIME(6)", ["'0000-00-00 00:00:00'", "'2025-01-01 00:00:00.123456'"]),
        ("TIME(3)", ["'-838:59:59'", "'12:00:00.125'"]),
        ("YEAR", ["2025", "0"]),
        ("BIT(9)", ["b'100000001'"]),
        ("DOUBLE", ["0.1e0 + 0.2e0", "1e-300", "1.7976931348623157e308", "-0.0e0"]),
        ("FLOAT", ["0.1", "16777217", "-0.0e0"]),
        ("DECIMAL(40,20)", ["12345678901234567890.12345678901234567890"]),
        ("ENUM('a','b')", ["''", "'b'"]),
        ("SET('a','b','c')", ["'a,c'", "''"]),
        ("JSON", ['\'{"b": 1,  "a": 1.0}\'', "'null'", "NULL", "'\"x\"'"]),
        ("CHAR(9) CHARACTER SET latin1", ["'é  '"]),
        ("TEXT CHARACTER SET utf8mb4", ["'a\\\\\\'\"é😀\n\\0b'"]),
        ("BIGINT UNSIGNED", ["18446744073709551615"]),
        ("INT(5) ZEROFILL", ["42"]),
    ],
}


def test_values_of_every_kind_come_back_to_the_byte(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """Whatever the host keeps next to the hours: corrected, deleted, brought back, and the same once more."""
    kind = kind_of(database)
    world = World(sandbox, database, max_deletes_of_person=40)
    if kind == "postgresql":
        raw(
            database,
            "CREATE TYPE odd_pair AS (a int, b text)",
            "CREATE TYPE odd_mood AS ENUM ('so so', 'fine')",
            "CREATE DOMAIN odd_doc AS json",
        )
    world.sync()
    with world.mirror.store.reading() as session:
        ids = [row["id"] for row in session.read("SELECT id FROM clock_times ORDER BY id")]
    statements = ["SET sql_mode = 'ALLOW_INVALID_DATES'"] if kind == "mysql" else []
    for number, (column, values) in enumerate(ODD[kind]):
        statements.append(f"ALTER TABLE clock_times ADD COLUMN odd{number} {column}")
        for value in range(8):
            one = values[value % len(values)]
            statements.append(f"UPDATE clock_times SET odd{number} = {one} WHERE id % 8 = {value}")
    raw(database, *statements)
    # A text that is no UTF-8 can be read as hex only, and hex has no sign of a zero.
    exact = {"sqlite": "hex({c}) || typeof({c})", "mysql": "hex({c})", "postgresql": "CAST({c} AS text)"}[kind]
    exact_of = {
        "DOUBLE": "concat({c}, '')",
        "FLOAT": "concat({c} * 1e0, '')",
        "bpchar": "'[' || octet_length({c}) || {c}",
    }
    shown = ", ".join(
        f"{exact_of.get(column, exact).format(c=f'odd{number}')} AS x{number}"
        for number, (column, _) in enumerate(ODD[kind])
    )

    def table() -> list[dict[str, Any]]:
        with world.mirror.store.reading() as session:
            core = "id, employee_id, clock_in, clock_out, total_minutes, source, created_at, updated_at"
            return session.read(f"SELECT {core}, {shown} FROM clock_times ORDER BY id")  # type: ignore[return-value]

    before = table()
    assert len(ids) == 40
    mine = [shift for shift in world.company.shifts() if shift.end is not None]
    for shift in mine[:16]:
        world.company.edit(shift.id, end=shift.start + 7 * 60)
    for shift in mine[16:32]:
        world.company.delete(shift.id)
    done = world.sync()
    assert done.exit_code == 0, [slice_.error for slice_ in done.slices]
    assert (done.counts.deleted, done.counts.updated) == (16, 16)
    after = table()
    assert done.id
    undone = world.mirror.undo(done.id)
    assert table() == before
    assert undone.id
    again = world.mirror.undo(undone.id)
    assert table() == after
    # Numbers larger than any that a program counts with are told as well.
    assert len(world.mirror.changes(0, 1_000)) == 40 + 3 * 32
    assert again.id
    world.mirror.undo(again.id)
    assert table() == before
    world.mirror.close()


LOST: dict[str, tuple[str, str, str]] = {
    # Type, a value that its image does not give back, and one that it does.
    "mariadb": ("VARCHAR(9) CHARACTER SET sjis", "x'5c'", "'ア'"),
    "mysql": ("VARCHAR(9) CHARACTER SET cp932", "x'fa54'", "'ア'"),
    "mysql: a document": ("JSON", "CAST(1.10 AS JSON)", "CAST(1.5 AS JSON)"),
    "postgresql": ("rough", "'1.5'", "'0'"),
}
ROUGH = (
    "CREATE TYPE rough",
    "CREATE FUNCTION rough_in(cstring) RETURNS rough AS 'float8in' LANGUAGE internal IMMUTABLE STRICT",
    "CREATE FUNCTION rough_out(rough) RETURNS cstring AS 'float4out' LANGUAGE internal IMMUTABLE STRICT",
    "CREATE TYPE rough (INPUT = rough_in, OUTPUT = rough_out, LIKE = float8)",
    "CREATE FUNCTION rough_send(rough) RETURNS bytea AS 'float8send' LANGUAGE internal IMMUTABLE STRICT",
)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize(("database", "case"), [(case.split(":")[0], case) for case in LOST], indirect=["database"])
@pytest.mark.parametrize("is_all", [False, True], ids=["one of three", "every one"])
def test_what_undo_could_not_give_back_is_not_let_through(
    database: str,
    case: str,
    sandbox: Sandbox,  # noqa: F811
    *,
    is_all: bool,
) -> None:
    """The row is held before it is touched, by the name of the column; all else is written, and comes back by undo."""
    column, lost, kept = LOST[case]
    world = World(sandbox, database, max_deletes_of_person=40)
    world.sync()
    if kind_of(database) == "postgresql":
        raw(database, *ROUGH)
    raw(
        database,
        f"ALTER TABLE clock_times ADD COLUMN odd {column}",
        f"UPDATE clock_times SET odd = {lost if is_all else kept}",
    )
    if kind_of(database) == "postgresql":
        exact = ", encode(rough_send(odd), 'hex') AS exact"
    else:
        exact = f", {'CAST(odd AS CHAR)' if column == 'JSON' else 'hex(odd)'} AS exact"
    mine = [shift for shift in world.company.shifts() if shift.end is not None][:3]
    rows = {row["shift_id"]: row["clock_time_id"] for row in links(world)}
    held = {rows[one.id] for one in mine} if is_all else {rows[mine[0].id]}
    raw(database, *(f"UPDATE clock_times SET odd = {lost} WHERE id = {row}" for row in held))
    before = whole(world, exact)
    # A row that a run made is not taken away by its undo where that could not be taken back in turn.
    with pytest.raises(UndoRefused, match="its column 'odd'"):
        world.mirror.undo(1)
    world.company.edit(mine[0].id, end=mine[0].start + 7 * 60)
    world.company.edit(mine[1].id, end=mine[1].start + 7 * 60)
    world.company.delete(mine[2].id)
    done = world.sync()
    assert done.exit_code == 3, [slice_.error for slice_ in done.slices]
    assert {(hold.clock_time_id, hold.reason) for hold in done.holds} == {(row, "refused_by_database") for row in held}
    assert all("undo could not give back what its column 'odd' holds" in hold.detail for hold in done.holds)
    assert (done.counts.updated, done.counts.deleted) == ((0, 0) if is_all else (1, 1))
    untouched = [row for row in before if row["id"] in held]
    assert [row for row in whole(world, exact) if row["id"] in held] == untouched
    assert done.id
    if not is_all:
        world.mirror.undo(done.id)
        assert whole(world, exact) == before
    raw(database, f"UPDATE clock_times SET odd = {kept}")
    done = world.sync()
    assert (done.exit_code, done.counts.updated, done.counts.deleted) == (0, 2, 1)
    world.mirror.close()


def links(world: World) -> list[dict[str, Any]]:
    """Which row is whose."""
    with world.mirror.store.reading() as session:
        return session.read("SELECT id AS shift_id, clock_time_id FROM connecteam_sync_shifts")  # type: ignore[return-value]
