"""Exports in the formats of payroll systems, by the library: numbers of people, keys, refusals, sums and residues."""

from __future__ import annotations

import csv
import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest

from connecteam_sync.cli import exports as exports_command
from connecteam_sync.config import load_settings
from connecteam_sync.core.exports import EXPORT_FORMATS
from connecteam_sync.core.payroll_settings import LayoutSettings
from connecteam_sync.errors import ConfigurationError, ExportRefused, NotServed
from connecteam_sync.present import exports_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import EmployeesNames, HostTables
from support.full_disk import files_of_at_most
from support.scenario import World

CLOSED, NEXT = "2025-12-01..2025-12-04", "2025-12-05..2025-12-07"
KEYS = {
    "adp": {"company_code": "ABC", "batch_id": "CLOCK"},
    "paychex": {"client_id": "12345678", "pay_component": "Hourly"},
    "quickbooks": {"company_name": "Moss", "company_create_time": "1"},
    "paylocity": {"earning_code": "REG"},
    "ukg": {"pay_code": "REG"},
}
SPREADSHEET = {"csv", "xlsx", "parquet"}


OPEN: list[World] = []
"""What a test opened, and is closed however it ends, before its database goes."""


@pytest.fixture
def sandbox(initialised: str) -> Iterator[Sandbox]:
    """An empty company."""
    assert initialised
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as made:
        yield made
        while OPEN:
            OPEN.pop().mirror.close()


def opened(sandbox: Sandbox, database: str, column: str | None = "file_number", **layouts: Any) -> World:  # noqa: ANN401
    """A mirror that reads people's numbers from a column."""
    settings = LayoutSettings(**{"systems": KEYS, **layouts})
    tables = HostTables(employees=EmployeesNames(payroll_id=column))
    OPEN.append(World(sandbox, database, tables=tables, layouts=settings))
    return OPEN[-1]


def numbered(world: World, kind: str = "VARCHAR(20)") -> World:
    """Two people with seven hours and two minutes each in a closed period, and a column of numbers that has none."""
    for user in sorted(world.company.people)[:2]:
        world.work(2, "08:00", "15:02", user=user)
    world.sync()
    world.mirror.payroll.close(CLOSED, by="Pia")
    return reopened(world, f"ALTER TABLE employees ADD COLUMN file_number {kind}")


def reopened(world: World, statement: str) -> World:
    """The same mirror, as a process has it that begins after somebody has altered a table."""
    world.execute(statement)
    world.mirror.close()
    world.mirror = World.mirror_of(
        world.sandbox,
        world.mirror.settings.database_url,
        tables=world.mirror.settings.tables,
        layouts=world.mirror.settings.layouts,
    )
    return world


def number(world: World, *numbers: object) -> None:
    """Give the people their numbers, in the order of their ids."""
    ids = [row["id"] for row in world.table("employees")][: len(numbers)]
    for employee, one in zip(ids, numbers, strict=True):
        world.execute("UPDATE employees SET file_number = :one WHERE id = :id", one=one, id=employee)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files go: an empty folder."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


def records(path: Path) -> list[dict[str, str]]:
    """The records of a CSV with a heading."""
    with path.open(encoding="utf-8", newline="") as opened_file:
        return list(csv.DictReader(opened_file))


def test_a_file_for_adp(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """Each person's sum in hundredths of an hour; the residue in the answer, the manifest, the ledger and the text."""
    world = numbered(opened(sandbox, initialised, rounding="nearest_5"))
    number(world, "101", " 000102 ")
    done = world.mirror.payroll.export(CLOSED, "adp", folder / "PRABCEPI.csv", by="Pia")
    assert records(folder / "PRABCEPI.csv") == [
        {"Co Code": "ABC", "Batch ID": "CLOCK", "File #": "000101", "Reg Hours": "7.00"},
        {"Co Code": "ABC", "Batch ID": "CLOCK", "File #": "000102", "Reg Hours": "7.00"},
    ]
    assert [(one.net_minutes, one.seconds_written, one.residue_seconds) for one in done.totals] == [
        (422, 420 * 60, -120),
        (422, 420 * 60, -120),
    ]
    said = json.loads((folder / "PRABCEPI.csv.manifest.json").read_text(encoding="utf-8"))
    assert (said["format"], said["rounding"], said["residue_seconds"], said["net_minutes"]) == (
        "adp",
        "nearest_5",
        -240,
        844,
    )
    assert [one["residue_seconds"] for one in said["totals"]] == [-120, -120]
    assert "name" not in said["totals"][0]
    [entry] = world.mirror.payroll.exports()
    assert (entry.format, entry.rounding, entry.residue_seconds) == ("adp", "nearest_5", -240)
    told = "\n".join(exports_text.exported_lines(done))
    assert "rounding nearest_5: the file has 4 min less than the net minutes" in told
    assert f"{done.totals[0].name}: 2 min less" in told
    assert "only under the name PRABCEPI.csv" in told


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", *KEYS, "gusto"])
def test_any_format_counts_as_the_export(sandbox: Sandbox, initialised: str, folder: Path, format: str) -> None:  # noqa: A002
    """The next one, in whatever format, wants a reason."""
    world = numbered(opened(sandbox, initialised))
    number(world, "100101", "100102")
    done = world.mirror.payroll.export(CLOSED, format, folder / "one")
    assert (done.export.format, done.export.minutes, done.export.people) == (format, 844, 2)
    assert done.note == "" if format in SPREADSHEET else done.note
    for other in ("csv", "adp", "xlsx"):
        with pytest.raises(ExportRefused, match="exported already: one by"):
            world.mirror.payroll.export(CLOSED, other, folder / "two")
    again = world.mirror.payroll.export(CLOSED, "adp", folder / "two", again="the file was lost")
    assert again.replaced == done.export


def test_who_has_no_number_stops_it(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """The list names them; they can be left out; a draft shows them."""
    world = numbered(opened(sandbox, initialised))
    number(world, "101", "")
    with pytest.raises(
        ExportRefused, match="cannot be written: Paychex Flex needs the number of each person"
    ) as caught:
        world.mirror.payroll.export(CLOSED, "paychex", folder / "hours.csv")
    [blocked] = caught.value.blocked
    assert blocked.reasons == ("no_payroll_id",)
    assert "payroll_id" in caught.value.next_step
    number(world, "101", "12-34")
    with pytest.raises(ExportRefused, match="takes no such number: '12-34'"):
        world.mirror.payroll.export(CLOSED, "adp", folder / "hours.csv")
    assert list(folder.iterdir()) == []
    assert world.mirror.payroll.exports() == ()
    draft = world.mirror.payroll.export(CLOSED, "adp", folder / "draft.csv", draft=True)
    assert [one["File #"] for one in records(folder / "draft.csv")] == [
        "draft 000101",
        f"draft {draft.blocked[0].name}",
    ]
    who = draft.blocked[0].name
    assert f"  in it, cannot be exported so: {who}: payroll_id_refused: ADP takes no such number: '12-34'" in (
        exports_text.exported_lines(draft)
    )
    done = world.mirror.payroll.export(CLOSED, "adp", folder / "hours.csv", without_blocked=True)
    assert [one["File #"] for one in records(folder / "hours.csv")] == ["000101"]
    assert done.export.left_out == (blocked.employee_id,)
    assert done.export.minutes == 422


@pytest.mark.parametrize(
    ("kind", "given"), [("INTEGER", 101), ("DECIMAL(12,2)", 101), ("REAL", 101), ("CHAR(9)", "101")]
)
def test_a_number_of_any_type(sandbox: Sandbox, initialised: str, folder: Path, kind: str, given: object) -> None:
    """Whole numbers are their digits."""
    world = numbered(opened(sandbox, initialised), kind)
    number(world, given, "102" if isinstance(given, str) else 102)
    world.mirror.payroll.export(CLOSED, "paychex", folder / "hours.csv")
    assert [one["Worker ID"] for one in records(folder / "hours.csv")] == ["101", "102"]


@pytest.mark.parametrize("column", ["absent", 'x"; DROP TABLE employees; --', "", "file`number\\'"])
def test_a_column_that_is_not_there(sandbox: Sandbox, initialised: str, folder: Path, column: str) -> None:
    """Only exports with numbers need it: a sync goes on without."""
    world = numbered(opened(sandbox, initialised, column))
    with pytest.raises(ConfigurationError, match=r"has no column .* \(for payroll_id\); nothing was exported"):
        world.mirror.payroll.export(CLOSED, "adp", folder / "hours.csv")
    assert world.sync().status == "nothing"
    assert len(world.table("employees")) >= 2


def test_a_column_with_an_odd_name(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """It is only read, under its own name."""
    name = 'file "no" `%(x)s`; --'
    world = numbered(opened(sandbox, initialised, name))
    with world.mirror.store.reading() as session:
        quoted = session.dialect.name(name)
    world.execute(f"ALTER TABLE employees ADD COLUMN {quoted} INTEGER".replace(":", "\\:"))
    world.mirror.close()
    world = opened(sandbox, initialised, name)
    world.execute(f"UPDATE employees SET {quoted} = 500 + id")
    done = world.mirror.payroll.export(CLOSED, "adp", folder / "hours.csv")
    ids = [one.employee_id for one in done.totals]
    assert [int(one["File #"]) for one in records(folder / "hours.csv")] == [500 + int(one) for one in ids]


def test_the_key_of_employees_may_be_the_number(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """A column that has a role already is only read."""
    world = numbered(opened(sandbox, initialised, "id"))
    done = world.mirror.payroll.export(CLOSED, "adp", folder / "hours.csv")
    assert [int(one["File #"]) for one in records(folder / "hours.csv")] == [one.employee_id for one in done.totals]


def test_a_number_that_every_row_must_have(sandbox: Sandbox, initialised: str) -> None:
    """Nobody else can give a new person theirs: that is told before a row is written."""
    world = opened(sandbox, initialised)
    world.execute("ALTER TABLE employees ADD COLUMN file_number VARCHAR(20) NOT NULL DEFAULT 'x'")
    with world.mirror.store.reading() as session:
        kind = session.connection.dialect.name
    if kind == "sqlite":
        pytest.skip("SQLite adds no column that must have a value")
    drop = "ALTER file_number DROP DEFAULT" if kind != "postgresql" else "ALTER COLUMN file_number DROP DEFAULT"
    world.execute(f"ALTER TABLE employees {drop}")
    world.work(2, "08:00", "09:00")
    world.mirror.close()
    world = opened(sandbox, initialised)
    with pytest.raises(NotServed, match="wants a value for its column 'file_number'"):
        world.sync()


@pytest.mark.parametrize("format", sorted(KEYS))
def test_what_a_layout_needs_is_named(sandbox: Sandbox, initialised: str, folder: Path, format: str) -> None:  # noqa: A002
    """All of it at once, before anything is read; and the column of numbers, where people need one."""
    world = opened(sandbox, initialised, systems={}, column=None)
    with pytest.raises(ConfigurationError, match="nothing was exported") as caught:
        world.mirror.payroll.export(CLOSED, format, folder / "hours.csv")
    needed = [name for name in KEYS[format] if name != "service_item"]
    assert all(name in caught.value.message and f'{name} = "' in caught.value.next_step for name in needed)
    world.mirror.close()
    world = opened(sandbox, initialised, column=None)
    why = "needs the number" if format != "quickbooks" else "is not closed"
    with pytest.raises((ConfigurationError, ExportRefused), match=why):
        world.mirror.payroll.export(CLOSED, format, folder / "hours.csv")


def test_codes_that_a_layout_does_not_take(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """Of a job, and letters that QuickBooks has not."""
    world = opened(sandbox, initialised, jobs={"a": "too long for ADP"})
    with pytest.raises(ConfigurationError, match="ADP takes no such code: 'too long for ADP'"):
        world.mirror.payroll.export(CLOSED, "adp", folder / "hours.csv")
    world.mirror.close()
    for more in ({"jobs": {"a": "包装"}}, {"systems": {"quickbooks": {**KEYS["quickbooks"], "company_name": "包装"}}}):
        world = opened(sandbox, initialised, **more)
        with pytest.raises(ConfigurationError, match="has no such characters: '包装'"):
            world.mirror.payroll.export(CLOSED, "quickbooks", folder / "hours.iif")


def test_corrections_are_in_the_sums(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """Signed; where only they are left the sum is below nothing, and Gusto does not get it."""
    world = numbered(opened(sandbox, initialised))
    number(world, "100101", "100102")
    shift = min(sandbox.company.shifts(), key=lambda one: one.user_id)
    sandbox.company.edit(shift.id, end=shift.start + 6 * 3600)
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    world.mirror.payroll.close(NEXT)
    with pytest.raises(ExportRefused, match=r"Gusto takes no negative hours: -1\.03, with corrections") as caught:
        world.mirror.payroll.export(NEXT, "gusto", folder / "hours.csv")
    assert caught.value.blocked[0].reasons == ("negative_hours",)
    done = world.mirror.payroll.export(NEXT, "paychex", folder / "hours.csv")
    assert [one["Hours"] for one in records(folder / "hours.csv")] == ["-1.03"]
    assert (done.export.corrections, done.export.minutes) == ((1,), -62)


def test_names_of_gusto_are_those_of_connecteam(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """Where the employee has the user's name; a number, where there is one."""
    user = min(sandbox.company.people)
    sandbox.company.people[user].first_name, sandbox.company.people[user].last_name = "Ana", "de la Cruz"
    world = numbered(opened(sandbox, initialised))
    number(world, "5G9934")
    world.mirror.payroll.export(CLOSED, "gusto", folder / "hours.csv")
    first, second = records(folder / "hours.csv")
    assert first == {
        "last_name": "de la Cruz",
        "first_name": "Ana",
        "gusto_employee_id": "5G9934",
        "regular_hours": "7.03",
    }
    assert second["gusto_employee_id"] == ""


@pytest.mark.parametrize("package", [("xlsx", "xlsxwriter"), ("parquet", "pyarrow")])
def test_a_package_that_is_not_installed(
    sandbox: Sandbox,
    initialised: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: tuple[str, str],
) -> None:
    """It is asked for by its extra."""
    format, module = package  # noqa: A001 - the word that people use
    world = numbered(opened(sandbox, initialised))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match=f"the format {format} needs the package") as caught:
        world.mirror.payroll.export(CLOSED, format, folder / "hours")
    assert caught.value.next_step == f"pip install 'connecteam-sync[{format}]'"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("format", ["xlsx", "parquet", "adp"])
def test_a_disk_that_is_full(sandbox: Sandbox, initialised: str, folder: Path, format: str) -> None:  # noqa: A002
    """The system's reason is told with what it is about, which is not the database; nothing is left behind, and the
    ledger has no entry. A workbook is made of temporary files, which may lie on another disk; its archive does not stay
    open until somebody collects garbage, and complains.
    """
    world = numbered(opened(sandbox, initialised))
    number(world, "101", "102")
    before = open_archives()
    with files_of_at_most(60), pytest.raises(ConfigurationError, match="File too large") as caught:
        world.mirror.payroll.export(CLOSED, format, folder / "hours")
    assert world.mirror.store.name not in caught.value.message
    assert (str(folder) in caught.value.message, "TMPDIR" in caught.value.message) == (
        format != "xlsx",
        format == "xlsx",
    )
    assert list(folder.iterdir()) == []
    assert world.mirror.payroll.exports() == ()
    assert open_archives() == before


def open_archives() -> int:
    """Archives that nobody has closed."""
    return sum(isinstance(one, ZipFile) and one.fp is not None for one in gc.get_objects())


def test_the_workbook_has_what_the_csv_has(sandbox: Sandbox, initialised: str, folder: Path) -> None:
    """Cell by cell, and the sums of people are those of the checklist."""
    world = numbered(opened(sandbox, initialised))
    world.mirror.payroll.export(CLOSED, "csv", folder / "hours.csv")
    world.mirror.payroll.export(CLOSED, "xlsx", folder / "hours.xlsx", again="a workbook")
    book = openpyxl.load_workbook(folder / "hours.xlsx")
    cells = [["" if cell is None else str(cell) for cell in row] for row in book["hours"].iter_rows(values_only=True)]
    with (folder / "hours.csv").open(encoding="utf-8", newline="") as file:
        assert cells == list(csv.reader(file))
    checked = world.mirror.payroll.newest_check(CLOSED)
    assert checked is not None
    assert checked.checked is not None
    total = next(row for row in book["people"].iter_rows(values_only=True) if row[1] == "total")
    assert total[2] == sum(one.minutes_table for one in checked.checked.totals) == 844


def test_the_help_names_every_format() -> None:
    """It is written there: the help does not load what exports need."""
    assert f"One of: {', '.join(EXPORT_FORMATS)}." == exports_command._FORMATS


# -- the configuration -------------------------------------------------------------------------------------------------


def settings(tmp_path: Path, text: str) -> LayoutSettings:
    """What a file says."""
    file = tmp_path / "connecteam-sync.toml"
    file.write_text(f'timezone = "UTC"\n{text}', encoding="utf-8")
    return load_settings(file, environ={}).layouts


def test_layouts_are_read_with_the_other_rules(tmp_path: Path) -> None:
    """Rounding, jobs and the sections of payroll systems."""
    text = (
        '[payroll]\nrounding = "favour_6"\n[payroll.jobs]\n"job-1" = "100"\n'
        '[payroll.adp]\ncompany_code = " ABC "\nbatch_id = "1"\n'
    )
    assert settings(tmp_path, text) == LayoutSettings(
        rounding="favour_6", jobs={"job-1": "100"}, systems={"adp": {"company_code": "ABC", "batch_id": "1"}}
    )
    assert settings(tmp_path, "[payroll]\n") == settings(tmp_path, "") == LayoutSettings()


@pytest.mark.parametrize(
    ("text", "said", "cure"),
    [
        ('rounding = "up"', "rounding is 'up'", "nearest_15"),
        ("rounding = 6", "rounding is '6'", "use one of: none"),
        ("jobs = 1", r"\[payroll.jobs\] must be a section", "key on each line"),
        ("[payroll.jobs]\na = 1", "a must be text", 'a = "…"'),
        ('[payroll.jobs]\na = " "', "a must be text", 'a = "…"'),
        ('[payroll.adp]\ncompany_cod = "ABC"', "unknown key 'company_cod'", "did you mean 'company_code'"),
        ('[payroll.adp]\ncompany_code = "A"', "company_code is 'A', which", 'company_code = "ABC"'),
        ('[payroll.quickbooks]\ncompany_name = "a\\tb"', "company_name is", "company_name ="),
        ('[payroll.gusto]\na = "b"', "unknown key 'gusto'", "known keys"),
    ],
)
def test_a_setting_that_cannot_be_used(tmp_path: Path, text: str, said: str, cure: str) -> None:
    """With its place, and what to write instead."""
    with pytest.raises(ConfigurationError, match=said) as error:
        settings(tmp_path, f"[payroll]\n{text}\n")
    assert cure in error.value.next_step
