"""One list of mirrored columns: what a person adds to it is mirrored, and what is written out by hand says the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.core.breaks import Breaks
from connecteam_sync.core.clocktime import AppliedValues, ClockTime, TrackedShift, clock_time_of
from connecteam_sync.core.columns import (
    CANONICAL,
    COLUMNS,
    MAY_LACK,
    OPTIONAL,
    ROW,
    SHIFT_COLUMNS,
    ColumnKind,
    corrections,
    row_of,
    shift_columns,
)
from connecteam_sync.core.derived import Derived
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.core.unchanged import unchanged_rows
from connecteam_sync.present.json_shapes import row as in_json
from connecteam_sync.store.tables.host import NO_COLUMNS, ClockTimesNames
from connecteam_sync.store.tables.rows import clock_time, image_values
from reference_page import named, rows, sections, shapes

ROOT = Path(__file__).parent.parent
FIELD = ("core/clocktime.py", "    source: str = CONNECTEAM\n", "    job_id: str | None = None\n")
ENTRY = (
    "core/columns.py",
    "of_times=lambda _, __: CONNECTEAM),\n",
    """    MirroredColumn(
        "job_id",
        "text",
        "the job of the shift",
        may_be_empty=True,
        may_lack=True,
        of_shift=lambda shift, _: shift.job_id,
        word="job",
        correction="job corrected",
    ),
""",
)
"""All that a person writes to have the job of a shift mirrored: (file, behind what, what)."""
SHIFT = Shift(id="s", user_id=7, time_clock_id=1, start=1_764_600_000, end=1_764_603_659, job_id="j")
REST = Break("b", 7, 1, "meal", SHIFT.start + 600, end=SHIFT.start + 1800)
DERIVED = Derived({("j", None): "Picking"}, Breaks({(7, 1): [REST]}, {(1, "meal"): False}))
OF_SHIFT = shift_columns(frozenset(), OPTIONAL, DERIVED)
ROW_OF_SHIFT = row_of(SHIFT, 3, id=9, of_shift=OF_SHIFT)


def test_one_entry_and_its_field_are_enough(database: str, tmp_path: Path) -> None:
    """The column is mirrored, corrected, journaled, planned, held and undone, in a copy that has it."""
    source = tmp_path / "src" / "connecteam_sync"
    shutil.copytree(ROOT / "src" / "connecteam_sync", source, ignore=shutil.ignore_patterns("__pycache__"))
    for file, behind, more in (FIELD, ENTRY):
        text = (source / file).read_text()
        assert text.count(behind) == 1, file
        (source / file).write_text(text.replace(behind, behind + more))
    path = os.pathsep.join(map(str, (tmp_path / "src", ROOT / "tests")))
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, str(ROOT / "tests" / "support" / "job_column.py"), database, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_the_list_is_the_fields_of_a_row() -> None:
    """Each once, in their order; what a shift says beside its times stands last, as readers of rows expect it."""
    assert tuple(column.field for column in ROW) == ClockTime.__struct_fields__
    assert ("id", *CANONICAL) == ClockTime.__struct_fields__
    assert COLUMNS[: len(ROW)] == ROW
    shift_columns_of_table = [column.field for column in ROW if column.of_shift is not None]
    assert (
        [*CANONICAL[len(CANONICAL) - len(shift_columns_of_table) :]]
        == shift_columns_of_table
        == [field for field, _ in SHIFT_COLUMNS]
    )
    for column in ROW:
        ways = (column.of_times, column.of_shift, column.kind in {"key", "person"} or None)
        assert sum(way is not None for way in ways) == 1, column.field
    for column in COLUMNS:
        if column.field in MAY_LACK and column in ROW:
            assert column.may_be_empty, "what is not read says nothing"
            assert getattr(clock_time_of(1, 2, 3), column.field) is None
        assert not column.is_optional or column.of_shift is not None
    assert tuple(column.field for column in COLUMNS if column.in_key) == ("employee_id", "clock_in")
    names = set(ClockTimesNames.__struct_fields__) - NO_COLUMNS
    assert names == {column.field for column in COLUMNS}
    named = {field: getattr(ClockTimesNames(), field) for field in names}
    assert named == {field: None if field in OPTIONAL else field for field in names}


@pytest.mark.parametrize("end", [SHIFT.end, None, SHIFT.start, SHIFT.start + 59, SHIFT.start + 3600])
def test_a_row_is_what_the_list_says_of_its_shift(end: int | None) -> None:
    """`clock_time_of` is written out, since there are many rows."""
    shift = msgspec.structs.replace(SHIFT, end=end)
    made, of_times = row_of(shift, 3, id=9, of_shift=OF_SHIFT), clock_time_of(3, shift.start, end, id=9)
    assert row_of(shift, 3, id=9, of_shift=shift_columns(frozenset(), frozenset(), DERIVED)) == of_times
    for column in ROW:
        if column.of_times is not None:
            right = column.of_times(shift.start, end)
            assert getattr(made, column.field) == getattr(of_times, column.field) == right, column.field
        elif column.of_shift is not None:
            assert getattr(made, column.field) == column.of_shift(shift, DERIVED), column.field


OTHER: dict[ColumnKind, object] = {
    "person": 4,
    "moment": 1_700_000_000,
    "minutes": 5,
    "flag": True,
    "word": "hr",
    "text": "other",
}


@pytest.mark.parametrize("field", CANONICAL)
def test_no_column_is_overlooked_where_nothing_changed(field: str) -> None:
    """The loop of `unchanged_rows` is written out: a row that differs in any column of the list is looked at."""
    kind = next(column.kind for column in ROW if column.field == field)
    applied = AppliedValues(3, SHIFT.start, SHIFT.end)
    mirrors = {"s": TrackedShift(SHIFT, 9, applied)}

    def found(row: ClockTime) -> dict[str, object]:
        mapped = {7: 3}
        return {
            **unchanged_rows([SHIFT], (), rows={9: row}, mirrors=mirrors, employees=mapped, of_shift=OF_SHIFT),
        }

    assert found(ROW_OF_SHIFT) == {"s": 9}
    assert found(msgspec.structs.replace(ROW_OF_SHIFT, **{field: OTHER[kind]})) == {}


def test_every_column_is_read_sent_and_shown() -> None:
    """The reader of rows is written out: what the database says of each column is in its field."""
    said = [9, *image_values(ROW_OF_SHIFT).values()]
    assert clock_time(said) == ROW_OF_SHIFT
    for number, column in enumerate(ROW):
        if column.kind != "key":
            other = [*said]
            other[number] = OTHER[column.kind]
            assert clock_time(other) == msgspec.structs.replace(ROW_OF_SHIFT, **{column.field: OTHER[column.kind]})
    assert tuple(image_values(ROW_OF_SHIFT)) == CANONICAL
    assert tuple(in_json(ROW_OF_SHIFT) or ()) == ClockTime.__struct_fields__


def test_corrections_are_told_in_the_words_of_the_list() -> None:
    """What follows from another column is not told by itself."""
    other = msgspec.structs.replace(
        ROW_OF_SHIFT, **{column.field: OTHER[column.kind] for column in ROW if column.kind != "key"}
    )
    assert corrections(ROW_OF_SHIFT, ROW_OF_SHIFT) == []
    assert corrections(ROW_OF_SHIFT, other) == [
        "moved to another employee",
        "clock-in corrected",
        "clock-out corrected",
        "job corrected",
    ]
    opened = row_of(msgspec.structs.replace(SHIFT, end=None), 3, id=9, of_shift=OF_SHIFT)
    assert corrections(ROW_OF_SHIFT, opened) == ["re-opened"]
    assert corrections(opened, ROW_OF_SHIFT) == ["clocked out"]
    plain = row_of(SHIFT, 3, id=9)
    assert corrections(plain, ROW_OF_SHIFT) == ["job filled in", "breaks filled in", "net minutes filled in"]
    shorter = msgspec.structs.replace(ROW_OF_SHIFT, break_minutes=10, net_minutes=50)
    assert corrections(ROW_OF_SHIFT, shorter) == ["breaks corrected"]


def test_the_reference_has_the_list() -> None:
    """The table of columns, and the types of their values in JSON."""
    said = [[*named(cells[0]), *cells[1:]] for cells in rows(sections()["columns-of-clock_times"])]
    assert said == [
        [
            column.field,
            "written, never read" if column.kind == "stamp" else "read" if column.kind == "key" else "read and written",
            "yes" if column.may_be_empty else "",
            "unless named" if column.is_optional else "yes" if column.may_lack else "",
            column.means,
        ]
        for column in COLUMNS
    ]
    kinds: dict[ColumnKind, str] = {
        "key": "key or null",  # of a row that has yet to be inserted
        "person": "key",
        "moment": "instant",
        "minutes": "number",
        "flag": "flag",
        "word": "lines",
        "text": "text",
    }
    types = {column.field: kinds[column.kind] + " or null" * column.may_be_empty for column in ROW}
    assert shapes()["row"].fields == types
