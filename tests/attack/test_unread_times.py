"""Times that are no time as they stand, in rows of ours and of others: told one by one, and everything goes on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import create_engine
from test_host_tables import kind_of, sandbox  # noqa: F401 - a fixture
from test_named import raw

from connecteam_sync.errors import NotServed
from connecteam_sync.sandbox import Sandbox
from support.scenario import World

# What stands there, and how it is told.
ODD = {
    "postgresql": {
        "infinity": "infinity",
        "-infinity": "-infinity",
        "0044-03-15 08:00 BC": "0044-03-15 08:00:00 BC",
        "20250-12-02 08:00": "20250-12-02 08:00:00",
    },
    "mysql": {"0000-00-00 00:00:00": "0000-00-00 00:00:00", "2025-12-00 08:00:00": "2025-12-00 08:00:00"},
    "sqlite": {"20250-12-02 08:00:00": "20250-12-02 08:00:00"},
}


@pytest.mark.parametrize("source", ["connecteam", "manual"])
@pytest.mark.parametrize("column", ["clock_in", "clock_out"])
def test_they_are_told_one_by_one(database: str, sandbox: Sandbox, column: str, source: str) -> None:  # noqa: F811
    """`adopt` and `anomalies` name row, column and value; whatever else reads the table goes on, and undo is exact."""
    kind = kind_of(database)
    world = World(sandbox, database, max_deletes_of_person=40)
    first = world.sync()
    odd = ODD[kind]
    other = {"clock_in": "clock_out", "clock_out": "clock_in"}[column]
    values = [
        f"INSERT INTO clock_times (id, employee_id, {column}, {other}, total_minutes, is_active, source)"
        f" VALUES ({9000 + number}, 1, '{said}', '2025-12-02 0{number}:00:11', 60, FALSE, '{source}')"
        for number, said in enumerate(odd)
    ]
    raw(database, *(["SET sql_mode = 'ALLOW_INVALID_DATES'"] if kind == "mysql" else []), *values)
    expected = [(9000 + number, column, said) for number, said in enumerate(odd.values())]
    assert [(one.row, one.column, one.said) for one in world.mirror.unread_times()] == expected
    found = world.mirror.survey()
    assert [(one.row, one.column, one.said) for one in found.unread] == expected
    assert found.findings["unreadable_time"] == len(odd)
    text = "CAST(t.{c} AS CHAR)" if kind == "mysql" else "CAST(t.{c} AS text)"
    shown = ", ".join(text.format(c=name) + f" AS {name}_as_text" for name in ("clock_in", "clock_out"))

    def table() -> list[tuple[Any, ...]]:
        engine = create_engine(database)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(
                f"SELECT id, total_minutes, source, {shown} FROM clock_times t ORDER BY id"
            )
            said = [tuple(row) for row in rows]
        engine.dispose()
        return said

    before = table()
    mine = next(shift for shift in world.company.shifts() if shift.end is not None)
    world.company.edit(mine.id, end=mine.start + 7 * 60)
    done = world.sync()
    assert done.counts.updated == 1
    assert {hold.reason for hold in done.holds} <= {"orphan"}
    world.mirror.anomalies(world.window)
    world.mirror.history(1)
    world.mirror.verify(world.window)
    assert [row for row in table() if row[0] >= 9000] == [row for row in before if row[0] >= 9000]
    assert done.id
    world.mirror.undo(done.id)
    assert table() == before
    assert first.id
    world.mirror.close()


@pytest.mark.parametrize(
    "form",
    [
        "substr({c}, 1, 16)",
        "replace({c}, ' ', 'T') || 'Z'",
        "julianday({c})",
        "CAST(strftime('%s', {c}) AS REAL) + 0.5",
        "strftime('%s', {c}) * 1000",
    ],
    ids=["no seconds", "T and Z", "Julian days", "REAL epoch", "milliseconds"],
)
def test_the_cure_of_a_form_is_a_statement_that_works(tmp_path: object, sandbox: Sandbox, form: str) -> None:  # noqa: F811
    """What the refusal says is run as it stands, once for each column; then the table is served."""
    database = f"sqlite:///{tmp_path}/forms.db"
    world = World(sandbox, database)
    world.sync()
    raw(database, *(f"UPDATE clock_times SET {c} = {form.format(c=c)}" for c in ("clock_in", "clock_out")))
    world.mirror.close()
    for column in ("clock_in", "clock_out"):
        world = World(sandbox, database)
        with pytest.raises(NotServed) as refused:
            world.sync()
        world.mirror.close()
        assert repr(column) in refused.value.message
        cure = re.search(r"UPDATE clock_times SET .*?(?=; then|\), then)", refused.value.next_step)
        assert cure, refused.value.next_step
        raw(database, cure[0])
    world = World(sandbox, database)
    assert world.sync().exit_code in {0, 3}
    world.mirror.close()


def test_a_flag_of_null_is_read_as_not_active(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """A row that is over is as it should be, and left alone; an open one contradicts its times, and undo is exact."""
    kind = kind_of(database)
    world = World(sandbox, database)
    world.work(3, "22:00", None)
    world.sync()
    nullable = {
        "postgresql": "ALTER TABLE clock_times ALTER is_active DROP NOT NULL",
        "mysql": "ALTER TABLE clock_times MODIFY is_active TINYINT(1) NULL",
        "sqlite": "UPDATE sqlite_master SET sql = replace(sql, 'is_active BOOLEAN NOT NULL', 'is_active BOOLEAN')",
    }[kind]
    raw(database, *(["PRAGMA writable_schema = ON"] if kind == "sqlite" else []), nullable)
    world.mirror.close()
    over, running = (
        next(row["id"] for row in world.table() if (row["clock_out"] is None) is is_open) for is_open in (False, True)
    )
    raw(database, f"UPDATE clock_times SET is_active = NULL WHERE id IN ({over}, {running})")
    before = {row["id"]: row for row in world.table()}
    assert before[over]["is_active"] is before[running]["is_active"] is None
    done = world.sync()
    assert (done.exit_code, done.counts.updated) == (0, 1), [slice_.error for slice_ in done.slices]
    after = {row["id"]: row for row in world.table()}
    assert (after[over], bool(after[running]["is_active"])) == (before[over], True)
    assert world.sync().status == "nothing"
    assert done.id
    world.mirror.undo(done.id)
    assert {row["id"]: row for row in world.table()} == before
    world.mirror.close()
