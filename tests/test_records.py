"""What is on record, as a process sees it: holds and their acknowledgement, history, the feed, proofs, anomalies."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from sqlite3 import connect

from connecteam_sync.sandbox.company import OFFICE
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]


def hold_something(terminal: Terminal) -> int:
    """Two shifts at one instant; the id of the hold."""
    company = terminal.sandbox.company
    company.duplicate(company.shifts(date(2025, 12, 2), date(2025, 12, 2))[0].id)
    assert terminal("sync", *WINDOW).code == 3
    (hold,) = terminal("holds", "--json").json["holds"]
    assert hold["acknowledged"] is None
    return int(hold["id"])


def test_an_acknowledged_hold_ends_no_run_with_3(terminal: Terminal) -> None:
    """Nor a plan nor a proof; it stays listed with who, when and why; taken back, it counts again."""
    key = hold_something(terminal)
    assert f"hold {key}, since" in terminal("holds").out
    codes = [("sync", *WINDOW), ("plan", *WINDOW, "--exit-code"), ("verify", *WINDOW, "--no-totals")]
    assert [terminal(*words).code for words in codes] == [3, 3, 3]
    said = terminal("holds", "ack", str(key), "--reason", "a double of\nthe terminal", "--as", "Ida", "--json").json
    (hold,) = said["holds"]
    assert (hold["acknowledged"]["by"], hold["acknowledged"]["reason"]) == ("Ida", "a double of the terminal")
    for _ in range(2):  # the second is recognised as the same
        assert [terminal(*words).code for words in codes] == [0, 0, 0]
    found = terminal("sync", *WINDOW, "--json").json
    assert (found["exit_code"], found["counts"]["held"]) == (0, 1)
    assert [hold["acknowledged"] for hold in found["holds"]] == [True]
    listed = terminal("holds").out
    assert "Acknowledged" in listed
    assert "acknowledged by Ida" in listed
    assert "1 record held and acknowledged" in terminal("sync", *WINDOW).out
    (free,) = terminal("holds", "unack", str(key), "--json").json["holds"]
    assert free["acknowledged"] is None
    assert [terminal(*words).code for words in codes] == [3, 3, 3]


def test_all_holds_of_an_employee_are_acknowledged_at_one_stroke(terminal: Terminal) -> None:
    """By a part of the name, whoever types it; who does so is the user of the system."""
    hold_something(terminal)
    (hold,) = terminal("holds", "--json").json["holds"]
    first, last = hold["employee"].split(" ", 1)
    another_kind = terminal("holds", "ack", "--employee", hold["employee"], "--kind", "orphan", "--reason", "x")
    assert (another_kind.code, "nothing of kind orphan is held" in another_kind.err) == (2, True)
    answer = terminal("holds", "ack", "--employee", f"{last[:-1].upper()} {first.lower()}", "--reason", "x", "--json")
    assert [item["id"] for item in answer.json["holds"]] == [hold["id"]]
    assert answer.json["holds"][0]["acknowledged"]["by"]
    assert terminal("sync", *WINDOW).code == 0
    assert len(terminal("holds", "--kind", "duplicate_clock_in", "--json").json["holds"]) == 1
    assert terminal("holds", "--reason", "orphan", "--json").json["holds"] == []


def test_an_acknowledgement_that_says_nothing_is_refused(terminal: Terminal) -> None:
    """No reason, no hold, no such hold, no such person: exit 2, and nothing is noted."""
    key = str(hold_something(terminal))
    for words, said in (
        ((key,), "reason"),
        ((key, "--reason", "  \t "), "reason"),
        ((key, "--reason", "x" * 1001), "reason"),
        ((key, "--reason", "x", "--as", "y" * 192), "who"),
        (("--reason", "x"), "ids"),
        ((key, "--employee", "1", "--reason", "x"), "ids"),
        (("99", "--reason", "x"), "99"),
        (("9" * 30, "--reason", "x"), "9999"),
        (("--employee", "Nobody", "--reason", "x"), "no employee"),
        (("--employee", "1", "--kind", "orphan", "--reason", "x"), "orphan"),
        ((key, "--kind", "bad_mood", "--reason", "x"), "bad_mood"),
    ):
        answer = terminal("holds", "ack", *words)
        assert (answer.code, answer.out) == (2, ""), words
        assert said in answer.err, words
    assert terminal("holds", "unack", "99").code == 2
    assert terminal("holds", "--kind", "orphan", "--reason", "local_edit").code == 2
    assert terminal("sync", *WINDOW).code == 3


def test_a_follower_of_the_feed_is_told_that_it_began_again(terminal: Terminal) -> None:
    """`last` is taken as it is given; another entry under its number, or none, is exit 4 with where to read on from."""
    assert terminal("changes", "--json").json == {"schema": 1, "changes": [], "last": "0", "purged": []}
    terminal("sync", *WINDOW)
    first = terminal("changes", "--limit", "10", "--json").json
    assert first["last"] == first["changes"][-1]["cursor"]
    rest = terminal("changes", "--after", first["last"], "--json").json
    assert [entry["entry"] for entry in first["changes"] + rest["changes"]] == list(range(1, 61))
    assert terminal("changes", "--after", rest["last"], "--json").json == {
        "schema": 1,
        "changes": [],
        "last": rest["last"],
        "purged": [],
    }
    with closing(connect(terminal.folder / "connecteam-sync.db")) as database:
        database.execute("DELETE FROM connecteam_sync_changes WHERE id > 20")
        database.commit()
    gone = terminal("changes", "--after", rest["last"], "--json")
    assert (gone.code, gone.json["error"], gone.json["from"], gone.json["exit_code"]) == (4, "feed_reset", "0", 4)
    assert terminal("changes", "--after", gone.json["newest"], "--json").json["changes"] == []
    said = terminal("changes", "--after", "12-ffffff")
    assert (said.code, said.out) == (4, "")
    assert "entry 12 of the journal is another one now" in said.err
    assert "changes --after 0" in said.err
    assert terminal("changes", "--after", "-1").code == 2


def test_a_proof_is_listed_with_what_it_came_to(terminal: Terminal) -> None:
    """`runs --kind verify` in text and JSON, `show` of one; undo of one is refused."""
    terminal("sync", *WINDOW)
    assert "nothing was written but its receipt, run 2" in terminal("verify", *WINDOW).out
    company = terminal.sandbox.company
    shift = company.shifts()[0]
    company.edit(shift.id, start=shift.start + 900)
    proof = terminal("verify", *WINDOW, "--json")
    assert (proof.code, proof.json["run"], proof.json["not_recorded"]) == (5, 3, None)
    listed = terminal("runs", "--kind", "verify").out.splitlines()
    assert len(listed) == 3
    assert "differs" in listed[1]
    assert "  1 difference  by " in listed[1]
    assert "exact" in listed[2]
    found = terminal("runs", "--kind", "verify", "--json").json["runs"]
    assert [(run["kind"], run["status"], run["exit_code"]) for run in found] == [
        ("verify", "differs", 5),
        ("verify", "exact", 0),
    ]
    assert found[0]["result"]["differences"] == 1
    assert terminal("runs", "--json").json["runs"][2]["result"] is None
    assert "verify 2025-12-01..2025-12-11 (America/Chicago): not exact" in terminal("show", "3").out
    refused = terminal("undo", "3")
    assert refused.code == 4
    assert "changed nothing" in refused.err
    assert terminal("runs", "--kind", "bad_mood").code == 2


def test_history_says_what_is_held_and_what_connecteam_says(terminal: Terminal) -> None:
    """Next to each row, once; of the day asked about; a person by a part of the name, without case or accents."""
    key = hold_something(terminal)
    (hold,) = terminal("holds", "--json").json["holds"]
    name, employee = hold["employee"], str(hold["employee_id"])
    day = ("--day", "2025-12-02")
    found = terminal("history", employee, *day, "--json").json
    assert found["employee"] == {"employee_id": hold["employee_id"], "name": name}
    assert [item["id"] for item in found["holds"]] == [key]
    by_id = {shift["shift_id"]: shift for shift in found["shifts"]}
    assert by_id[hold["shift_id"]]["clock_time_id"] is None
    (row,) = found["rows"]
    (shown,) = (shift for shift in found["shifts"] if shift["clock_time_id"] == row["id"])
    assert (shown["start"], shown["end"]) == (row["clock_in"], row["clock_out"])
    assert (shown["is_gone"], shown["changed_in_run"]) == (False, 1)
    assert shown["changed_at"]
    said = terminal("history", name.upper(), *day).out
    assert said.startswith(f"{name} (employee {employee})\nrow {row['id']}: Tue 2 Dec 2025")
    assert f"on time clock {shown['time_clock_id']}, so since run 1" in said
    assert said.count(f"hold {key}") == 1
    assert terminal("history", employee, "--day", "2025-12-30", "--json").json["holds"] == []
    terminal.sandbox.company.delete(shown["shift_id"])
    terminal("sync", *WINDOW)
    assert "no longer there since run 2" in terminal("history", employee, *day).out
    assert terminal("history", employee, "--json").json["changes"]


def test_several_people_of_a_name_are_a_choice(terminal: Terminal) -> None:
    """With their ids; an id always works; a name that could forge a line cannot."""
    terminal("sync", *WINDOW)
    with closing(connect(terminal.folder / "connecteam-sync.db")) as database:
        database.execute(
            "INSERT INTO employees (id, name) VALUES (901, 'Zo\u00eb \u014cta'), (902, 'Zoe\nok \u202eOtani')"
        )
        database.commit()
    several = terminal("history", "OTA")
    assert (several.code, several.out) == (2, "")
    assert "901 Zo\u00eb \u014cta, 902 Zoe ok Otani\n" in several.err
    assert "id" in several.err
    assert terminal("history", "zoe ota", "--json").json["employee"]["employee_id"] == 901
    assert "no row now, and none is on record to have been there" in terminal("history", "902").out
    assert terminal("history", "nobody of that name").code == 2


def test_hours_say_which_rows_they_leave_out(terminal: Terminal) -> None:
    """A row without a shift is in no sum of a run or its plan: how many there are, and how long, stands next to it."""
    days = ("--from", "2025-12-01", "--to", "2025-12-11")
    terminal("sync", *days)
    assert "held row" not in terminal("sync", *days).out
    with closing(connect(terminal.folder / "connecteam-sync.db")) as database:
        for clock_in, clock_out in (("01:00:00", "02:30:00"), ("03:00:00", "03:45:00")):
            database.execute(
                "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                " SELECT employee_id, ?, ?, ?, 0, 'connecteam' FROM clock_times LIMIT 1",
                (f"2025-12-08 {clock_in}", f"2025-12-08 {clock_out}", 90 if clock_in[1] == "1" else 45),
            )
        database.commit()
    for said in (terminal("plan", *days).out, terminal("sync", *days).out):
        (line,) = [line for line in said.splitlines() if line.startswith("Hours: ")]
        assert ", without 2 held rows, 2:15; nobody's rows change" in line


def test_a_day_without_a_row_tells_what_became_of_it(terminal: Terminal) -> None:
    """Deleted, moved to another day, or gone behind our back: by which run, or that it was none."""
    company = terminal.sandbox.company
    day, user = date(2025, 12, 20), min(company.people)
    days = ("--from", "2025-12-20", "--to", "2025-12-22")
    made = company.add(user, company.at(day, "08:00"), company.at(day, "12:00"))
    # An answer without any shift would be refused.
    company.add(max(company.people), company.at(day, "08:00"), company.at(day, "12:00"))
    terminal("sync", *days)
    people = terminal("employees", "--json").json["employees"]
    employee = next(person["employee_id"] for person in people if person["user_id"] == user)

    def told() -> str:
        return terminal("history", str(employee), "--day", "2025-12-20").out

    company.edit(made.id, start=company.at(date(2025, 12, 21), "08:00"), end=company.at(date(2025, 12, 21), "12:00"))
    run = terminal("sync", *days, "--json").json["run"]
    assert f"was moved to Sun 21 Dec 2025 by run {run} (" in told()
    company.edit(made.id, start=company.at(day, "08:00"), end=company.at(day, "12:00"))
    terminal("sync", *days)
    with closing(connect(terminal.folder / "connecteam-sync.db")) as database:
        database.execute("DELETE FROM clock_times WHERE employee_id = ? AND clock_in >= '2025-12-20'", (employee,))
        database.commit()
    assert "another program removed or moved it" in told()
    terminal("sync", *days)
    company.delete(made.id)
    run = terminal("sync", *days, "--json").json["run"]
    assert f"was deleted by run {run} (" in told()
    assert "no longer on this day in Connecteam" in told()


def test_anomalies_are_told_and_change_nothing(terminal: Terminal) -> None:
    """In text a line for each and where to look on; in JSON with rows and shifts; exit 0, no call, no hold."""
    company = terminal.sandbox.company
    user, day = min(company.people), date(2025, 12, 20)
    company.add(user, company.at(day, "06:00"), company.at(day, "14:00"))
    company.add(user, company.at(day, "12:00"), company.at(day, "15:00"), clock=OFFICE)
    company.add(user, company.at(day, "20:00"), company.at(day, "38:00"))
    days = ("--from", "2025-12-20", "--to", "2025-12-21")
    assert terminal("sync", *days).code == 0
    calls = terminal.sandbox.calls
    found = terminal("anomalies", *days, "--json").json
    assert [(one["kind"], one["day"], one["minutes"]) for one in found["anomalies"]] == [
        ("overlap", "2025-12-20", 120),
        ("long_day", "2025-12-20", 29 * 60),
        ("long_shift", "2025-12-20", 18 * 60),
    ]
    both = found["anomalies"][0]["rows"]
    assert len({row["time_clock_id"] for row in both}) == 2
    assert all(row["shift_id"] for row in both)
    assert found["window"]["last"] == "2025-12-21"
    said = terminal("anomalies", *days)
    assert (said.code, len(said.out.splitlines())) == (0, 4)
    assert "1 long_day, 1 long_shift, 1 overlap" in said.out
    assert "12:00-15:00" in said.out
    assert f"history {both[0]['employee_id']} --day 2025-12-20" in said.err
    near = terminal("anomalies", *days, "--near", "400", "--longer-than", "30", "--json").json["anomalies"]
    assert [one["kind"] for one in near] == ["near_double"]
    assert terminal.sandbox.calls == calls
    assert "nothing odd" in terminal("anomalies", "--from", "2025-12-25", "--to", "2025-12-26").out
    assert terminal("holds", "--json").json["holds"] == []


def test_an_open_shift_is_told_after_the_days_that_are_configured(terminal: Terminal) -> None:
    """By default of the last 14 days, and every row that is still open, however old."""
    company = terminal.sandbox.company
    company.add(min(company.people), company.at(date(2025, 12, 20), "06:00"), None)
    terminal("sync", "--from", "2025-12-20", "--to", "2025-12-20")
    assert {one["kind"] for one in terminal("anomalies", "--json").json["anomalies"]} == {"open_too_long"}
    assert "open for" in terminal("anomalies").out
    never = terminal("anomalies", "--json", CONNECTEAM_SYNC_OPEN_TOO_LONG_DAYS="365").json["anomalies"]
    old = (date.today() - date(2025, 12, 20)).days > 365  # noqa: DTZ011 - a day more or less does not matter
    assert bool(never) is old


def test_a_sync_folds_old_receipts_of_runs_with_nothing(terminal: Terminal) -> None:
    """Whoever stays with cron keeps small tables, too: a bit of it at the end of each sync, without a word."""
    for _ in range(4):
        assert terminal("sync", *WINDOW).code == 0
    with closing(connect(terminal.folder / "connecteam-sync.db")) as database, database:
        database.execute("UPDATE connecteam_sync_runs SET started_at = started_at - 15 * 86400")
        database.execute("DELETE FROM connecteam_sync_service WHERE name = 'folding'")
    before = terminal("runs").out
    assert terminal("sync", *WINDOW, CONNECTEAM_SYNC_KEEP_QUIET_RECEIPTS="0").code == 0
    assert len(terminal("runs").out.splitlines()) == len(before.splitlines()) + 1
    done = terminal("sync", *WINDOW)
    assert (done.code, "fold" in done.out + done.err) == (0, False)
    assert len(terminal("runs").out.splitlines()) < len(before.splitlines()) + 2
    with closing(connect(terminal.folder / "connecteam-sync.db")) as database:
        assert database.execute("SELECT min(looks) FROM connecteam_sync_quiet_looks").fetchone()[0] >= 1
    gone = terminal("show", "3")
    assert (gone.code, "keep_quiet_receipts" in gone.err) == (2, True)
