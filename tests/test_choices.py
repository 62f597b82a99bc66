"""What each choice of a command means, as a process shows it: days, limits, feeds, whose hours they are, mixed runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.version import __version__
from support import stages
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]
ZONE = ZoneInfo("America/Chicago")


def today() -> date:
    """The day in the zone of the business."""
    return datetime.now(ZONE).date()


def days_of(answer: dict[str, Any]) -> tuple[date, date]:
    """The first and the last day that a command answered for."""
    window = answer["window"]
    assert window["timezone"] == ZONE.key
    return date.fromisoformat(window["first"]), date.fromisoformat(window["last"])


BACK = timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        (("--days", "0"), 0, 0),
        (("--days", "3"), 3, 0),
        (("--day", "today"), 0, 0),
        (("--day", "yesterday"), 1, 1),
        (("--from", "yesterday"), 1, 0),
        (("--from", "yesterday", "--to", "yesterday"), 1, 1),
        ((), 14, 0),
    ],
)
def test_the_days_that_are_meant(terminal: Terminal, words: tuple[str, ...], first: int, last: int) -> None:
    """Of plan and sync, from how many days back to how many; `--from` alone ends today, nothing at all is 14 days."""
    for command in ("plan", "sync"):
        before = today()
        found = days_of(terminal(command, *words, "--json", CONNECTEAM_SYNC_OLDER_DAYS="0").json)
        assert found in {(day - first * BACK, day - last * BACK) for day in (before, today())}


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [((), 14, 0), (("--from", "yesterday"), 1, 0), (("--from", "today", "--to", "today"), 0, 0)],
)
def test_the_days_of_anomalies(terminal: Terminal, words: tuple[str, ...], first: int, last: int) -> None:
    """The same, without asking Connecteam."""
    before = today()
    found = days_of(terminal("anomalies", *words, "--json").json)
    assert found in {(day - first * BACK, day - last * BACK) for day in (before, today())}
    assert terminal.sandbox.calls == 0


def test_a_sync_without_days_also_looks_at_one_older_slice(terminal: Terminal) -> None:
    """Of the last 92 days, the one looked at longest ago: the next run takes another."""
    seen = []
    for _ in range(2):
        found = terminal("sync", "--json").json
        older = {(each["first"], each["last"]) for each in found["ranges"]}
        newest = max(older)
        assert (date.fromisoformat(newest[1]) - date.fromisoformat(newest[0])).days == 14
        (slice_,) = older - {newest}
        assert date.fromisoformat(slice_[0]) >= today() - timedelta(days=92)
        seen.append(slice_)
    assert seen[0] != seen[1]


def test_the_feed_goes_on_where_it_stopped(terminal: Terminal) -> None:
    """Page by page by `last`; the end says the same cursor again; a night shift is of both its days."""
    company = terminal.sandbox.company
    user = min(company.people)
    night = company.add(user, company.at(date(2025, 12, 9), "22:00"), company.at(date(2025, 12, 10), "06:00"))
    terminal("sync", *WINDOW)
    entries: list[dict[str, Any]] = []
    cursor = "0"
    for _ in range(4):
        page = terminal("changes", "--after", cursor, "--limit", "20", "--json").json
        assert len(page["changes"]) == (20 if len(entries) < 60 else 1)
        entries += page["changes"]
        assert page["last"] == entries[-1]["cursor"] != cursor
        cursor = page["last"]
    end = terminal("changes", "--after", cursor, "--json").json
    assert (end["changes"], end["last"]) == ([], cursor)
    assert [entry["entry"] for entry in entries] == list(range(1, 62))
    (found,) = [entry for entry in entries if entry["shift_id"] == night.id]
    assert (found["first_day"], found["last_day"], found["minutes"]) == ("2025-12-09", "2025-12-10", 480)
    last = terminal("changes", "--after", "60")
    assert f"next: connecteam-sync changes --after {cursor}" in last.err
    assert "2025-12-09..2025-12-10" in terminal("changes").out
    assert "nothing new" in terminal("changes", "--after", cursor).err


def test_a_mapping_made_here_comes_before_that_of_the_host(terminal: Terminal) -> None:
    """Hours go to whom `employees map` names, and back to whom the host's column names once that is taken back."""
    terminal("sync", *WINDOW)
    rows = stages.sql(terminal, "SELECT id, connecteam_user_id FROM employees ORDER BY id LIMIT 2")
    (_, user), (other, _) = rows
    before = stages.sql(terminal, "SELECT count(*), sum(total_minutes) FROM clock_times WHERE employee_id = 1")
    assert terminal("employees", "map", user, str(other)).code == 4
    moved = terminal("employees", "map", user, str(other), "--yes", "--json").json
    assert (moved["row_minutes"], moved["rows"]) == (before[0][1], before[0][0])
    assert moved["employee"]["employee_id"] == other
    found = terminal("sync", *WINDOW, "--json").json
    assert found["exit_code"] == 0
    assert stages.sql(terminal, "SELECT count(*) FROM clock_times WHERE employee_id = 1") == [(0,)]
    assert terminal("employees", "unmap", user, "--json").json["employee"]["employee_id"] == 1
    terminal("sync", *WINDOW)
    assert stages.sql(terminal, "SELECT count(*), sum(total_minutes) FROM clock_times WHERE employee_id = 1") == before


def test_a_run_of_which_a_part_failed(terminal: Terminal) -> None:
    """What could be looked at is written, what could not is named, and the code is that of the worst part."""
    terminal.sandbox.faults.add("unavailable", path=f"{OFFICE}/time-activities", times=99)
    answer = terminal("sync", *WINDOW, "--json")
    told = terminal("runs")
    terminal.sandbox.faults.clear()
    found = answer.json
    assert (answer.code, found["exit_code"], found["retryable"]) == (75, 75, True)
    assert (found["status"], found["counts"]["errors"]) == ("failed", 1)
    assert [error["time_clock_id"] for error in found["errors"]] == [OFFICE]
    of_warehouse = terminal.sandbox.company.shifts(clock=WAREHOUSE)
    assert 0 < found["counts"]["created"] == len(of_warehouse) < 60
    assert stages.sql(terminal, "SELECT count(*) FROM clock_times") == [(len(of_warehouse),)]
    assert "failed" in told.out
    again = terminal("sync", *WINDOW, "--json").json
    assert (again["exit_code"], again["counts"]["created"]) == (0, 60 - len(of_warehouse))


def test_a_refused_part_comes_before_one_that_waits(terminal: Terminal) -> None:
    """4 before 75, as the reference orders them: trying again cannot help all of it."""
    terminal("sync", *WINDOW)
    company = terminal.sandbox.company
    for shift in company.shifts(clock=WAREHOUSE):
        company.delete(shift.id)
    terminal.sandbox.faults.add("unavailable", path=f"{OFFICE}/time-activities", times=99)
    found = terminal("sync", *WINDOW, "--json")
    terminal.sandbox.faults.clear()
    assert (found.code, found.json["retryable"]) == (4, False)
    assert {error["error"] for error in found.json["errors"]} == {"guard_refused", "unavailable"}


def test_sums_of_minutes_are_those_of_the_table(terminal: Terminal) -> None:
    """Before and after, of plan, sync, verify, a lock, show, runs and undo."""

    def total() -> int:
        return int(stages.sql(terminal, "SELECT coalesce(sum(total_minutes), 0) FROM clock_times")[0][0])

    company = terminal.sandbox.company
    closed = next(shift for shift in company.shifts(date(2025, 12, 2), date(2025, 12, 2)) if shift.end)
    planned = terminal("plan", *WINDOW, "--json").json["minutes"]
    done = terminal("sync", *WINDOW, "--json").json["minutes"]
    assert planned == done == {"before": 0, "after": total()}
    company.edit(closed.id, end=(closed.end or 0) + 45 * 60)
    longer = terminal("sync", *WINDOW, "--json").json["minutes"]
    assert (
        longer == {"before": done["after"], "after": done["after"] + 45} == {"before": total() - 45, "after": total()}
    )
    assert terminal("verify", *WINDOW, "--json").json["minutes"] == total()
    assert terminal("show", "2", "--json").json["minutes"] == longer
    (day,) = stages.sql(
        terminal,
        "SELECT sum(total_minutes) FROM clock_times WHERE datetime(clock_in, '-6 hours') LIKE '2025-12-02%'",
    )[0]
    lock = terminal("lock", "--from", "2025-12-02", "--to", "2025-12-02", "--reason", "pay", "--json").json
    assert lock["verified"]["minutes"] == day
    terminal("unlock", "--from", "2025-12-02", "--to", "2025-12-02")
    undone = terminal("undo", "2", "--json").json["minutes"]
    assert undone["after"] - undone["before"] == -45
    assert total() == done["after"]
    assert "Hours: -0:45; 1 person" in terminal("show", "4").out


def test_totals_of_the_timesheet_are_compared_unless_told_otherwise(terminal: Terminal) -> None:
    """They cost a request for each time clock, and decide nothing."""
    terminal("sync", *WINDOW)
    terminal("verify", *WINDOW)  # the names of jobs are read by the first
    calls = []
    for words in ((), ("--totals",), ("--no-totals",)):
        before = terminal.sandbox.calls
        assert terminal("verify", *WINDOW, *words).code == 0
        calls.append(terminal.sandbox.calls - before)
    assert calls[0] == calls[1] > calls[2]


def test_the_demo_leaves_its_database_where_it_is_told(terminal: Terminal) -> None:
    """For a person to look into; a folder that has one already is refused."""
    folder = terminal.folder / "kept"
    folder.mkdir()
    terminal.sandbox.key = "sandbox-of-another"  # of the sandbox it offers, the demo says the usual key
    answer = terminal("demo", "--keep", str(folder))
    assert f"next: look into {folder}/demo.db, table clock_times" in answer.err
    with closing(sqlite3.connect(folder / "demo.db")) as connection:
        assert connection.execute("SELECT count(*) FROM clock_times").fetchone()[0] > 500
    assert terminal("demo", "--keep", str(folder)).code == 2


def test_limits_are_kept(terminal: Terminal) -> None:
    """Newest first, and of one kind; out of range is a mistake."""
    for _ in range(3):
        terminal("sync", *WINDOW)
    terminal("verify", *WINDOW)
    runs = [run["run"] for run in terminal("runs", "--json").json["runs"]]
    assert runs == sorted(runs, reverse=True)
    assert len(terminal("runs", "--limit", "2", "--json").json["runs"]) == 2
    assert [run["kind"] for run in terminal("runs", "--kind", "verify", "--json").json["runs"]] == ["verify"]
    assert terminal("runs", "--limit", "0").code == terminal("changes", "--limit", "0").code == 2


def test_tables_of_another_prefix_are_renamed(terminal: Terminal) -> None:
    """With what is in them: the next run has nothing to do."""
    terminal("sync", *WINDOW)
    other = {"CONNECTEAM_SYNC_TABLE_PREFIX": "mirror_"}
    assert terminal("sync", *WINDOW, **other).code == 2
    refused = terminal("init", **other)
    assert (refused.code, "--from-prefix connecteam_sync_" in refused.err) == (2, True)
    assert terminal("init", "--from-prefix", "connecteam_sync_", **other).code == 0
    assert terminal("sync", *WINDOW, "--json", **other).json["status"] == "nothing"
    assert stages.sql(terminal, "SELECT count(*) FROM mirror_shifts") == [(60,)]


def test_the_version_is_that_of_the_program(terminal: Terminal) -> None:
    """By itself, and before other words."""
    assert terminal("--version").out == f"connecteam-sync {__version__}\n"
    assert terminal("--version", "sync").out == f"connecteam-sync {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sandbox", "--host", "0.0.0.0", "--port", "0"), "this machine only"),  # noqa: S104 - that it is refused is the point
        (("sandbox", "--shifts", "5", "--from", "2025-12-01", "--port", "0"), "--shifts are those of"),
        (("sandbox", "--speed", "5", "--port", "0"), "add --live"),
        (("sandbox", "--from", "2025-12-02", "--to", "2025-12-01", "--port", "0"), "no range"),
        (("account", "accept"), "nothing is named"),
        (("holds", "--kind", "orphan", "--reason", "unmapped_user"), "contradict"),
        (("employees", "map", "--suggested", "1"), "takes no USER"),
        (("adopt", "--apply", "--undo"), "cannot be combined"),
    ],
)
def test_choices_that_do_not_go_together(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    """Exit 2, what is wrong, how it is right, and nobody is asked."""
    answer = terminal(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "next: " in answer.err
    assert terminal.sandbox.calls == 0
