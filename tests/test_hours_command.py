"""Hours and timesheets, as a process sees them: text, CSV, HTML, files, and words that contradict each other."""

from __future__ import annotations

import csv
import stat

import pytest

from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]
PERIOD = "2025-12-01..2025-12-11"


def test_hours_for_people_and_for_spreadsheets(terminal: Terminal) -> None:
    """The lines of both add up to the total; what is not in it is told, in a CSV on stderr."""
    company = terminal.sandbox.company
    company.duplicate(company.shifts()[0].id)
    terminal("sync", *WINDOW)
    found = terminal("hours", *WINDOW, "--by", "day,person", "--json").json
    answer = terminal("hours", *WINDOW, "--by", "person,day", "--csv")
    records = list(csv.DictReader(answer.out.splitlines()))
    assert len(records) == len(found["lines"]) > 40
    for name in ("gross_minutes", "break_minutes", "net_minutes", "rows"):
        assert sum(int(record[name]) for record in records) == found["total"][name], name
    assert [record["name"] for record in records] == [line["name"] for line in found["lines"]]
    assert "not in it: 1 held (duplicate_clock_in) of 1 person" in answer.err
    assert "next: connecteam-sync holds" in answer.err
    text = terminal("hours", *WINDOW).out.splitlines()
    assert text[0] == "hours of 2025-12-01..2025-12-11 (America/Chicago) by person"
    assert any(line.startswith("total: 60 rows") for line in text)
    assert any(line.startswith("not in it: 1 held") for line in text)


def test_a_person_by_a_part_of_the_name(terminal: Terminal) -> None:
    """Whoever types it; two that fit are named."""
    terminal("sync", *WINDOW)
    name = terminal("hours", *WINDOW, "--json").json["lines"][0]["name"]
    first, last = name.split(" ", 1)
    one = terminal("hours", *WINDOW, "--person", f"{last.upper()} {first.lower()}", "--json").json
    assert [line["name"] for line in one["lines"]] == [name]
    assert terminal("timesheet", name, PERIOD, "--json").json["timesheet"]["employee"]["name"] == name
    assert terminal("hours", *WINDOW, "--person", "a").code == 2


def test_as_of_a_run(terminal: Terminal) -> None:
    """In text it is said of when the rows are, and what nobody knows."""
    terminal("sync", *WINDOW)
    shift = terminal.sandbox.company.shifts()[0]
    terminal.sandbox.company.edit(shift.id, start=shift.start + 900)
    terminal("sync", *WINDOW)
    then, now = (terminal("hours", *WINDOW, *more, "--json").json for more in (("--as-of", "1"), ()))
    assert then["total"]["gross_minutes"] - now["total"]["gross_minutes"] == 15
    assert (then["as_of"]["run"], now["as_of"]) == (1, None)
    assert "as of run 1, which ended " in terminal("hours", *WINDOW, "--as-of", "1").out
    draft = ("export", PERIOD, "--format", "csv", "--out", "then.csv", "--draft", "--as-of", "1")
    assert "as of run 1, which ended " in terminal(*draft).out


def test_timesheets_go_to_files(terminal: Terminal) -> None:
    """A page on stdout or in a file; everybody's in a folder; only the user can read them."""
    terminal("sync", *WINDOW)
    page = terminal("timesheet", "1", PERIOD, "--html")
    assert page.out.startswith("<!doctype html>")
    assert terminal("timesheet", "1", PERIOD, "--html", "--out", "one.html").out == "one.html: 1 timesheet\n"
    file = terminal.folder / "one.html"
    assert (file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)) == (page.out, 0o600)
    found = terminal("timesheet", PERIOD, "--all", "--html", "--out", "sheets", "--json").json
    names = sorted(path.name for path in (terminal.folder / "sheets").iterdir())
    assert (found["timesheet"], found["timesheets"], len(found["files"])) == (None, [], len(names))
    assert names[0] == "timesheet-1.html"
    again = terminal("timesheet", PERIOD, "--all", "--html", "--out", "sheets")
    assert (again.code, "is not empty" in again.err) == (2, True)
    terminal("timesheet", "1", PERIOD, "--out", "one.txt")
    assert (terminal.folder / "one.txt").read_text(encoding="utf-8") == terminal("timesheet", "1", PERIOD).out
    terminal("timesheet", "1", PERIOD, "--json", "--out", "one.json")
    assert (terminal.folder / "one.json").read_text(encoding="utf-8").startswith('{"schema":1,"timesheet":{')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hours", *WINDOW, "--csv", "--json"), "--csv and --json contradict each other"),
        (("timesheet", "1", PERIOD, "--html", "--json"), "--html and --json contradict each other"),
        (("timesheet", "1", PERIOD, "--all"), "--all is everybody"),
        (("timesheet", "1"), "a timesheet is of an employee and a period"),
        (("timesheet", PERIOD, "--all", "--html"), "--html writes one page to stdout"),
        (("timesheet", "soon", "--all"), "names no pay period"),
        (("hours", *WINDOW, "--as-of", "99"), "there is no run 99"),
    ],
)
def test_words_that_contradict_each_other(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    """They are refused, with what to type."""
    terminal("init")
    answer = terminal(*words)
    assert answer.code == 2
    assert said in answer.err + answer.out
