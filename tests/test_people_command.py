"""Mapping people at the command line: shown first, agreed to on a terminal or by a word, many at one stroke."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecteam_sync.cli.output import Report
from connecteam_sync.cli.people import _agreed
from connecteam_sync.core.run import Move, Suggestion
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from test_command import WINDOW, Terminal

ANA, BEN, DMITRI = 8_000_000, 8_000_037, 8_000_111


class PlanBuilder(Terminal):
    """A clerk's folder: a company of 45 whose shifts all wait, since nobody is mapped."""

    def hire(self, name: str, email: str | None = None) -> int:
        """A row of people by hand."""
        with sqlite3.connect(self.folder / "connecteam-sync.db") as connection:
            made = connection.execute("INSERT INTO employees (name, email) VALUES (?, ?)", (name, email))
        connection.close()
        return int(made.lastrowid or 0)

    def typed(self, said: str, *words: str, notes: int | None = None) -> tuple[int, str]:
        """The command on a terminal, where a person types; exit code, and what is seen. `notes`: its stderr."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", "from connecteam_sync.cli.main import main; main()", *words],
            cwd=self.folder,
            env=self.environment | {"TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs if notes is None else notes,
        )
        os.close(theirs)
        os.write(ours, said.encode())
        seen = b""
        try:
            while slice_ := os.read(ours, 4096):
                seen += slice_
        except OSError:
            pass  # the other side is closed
        os.close(ours)
        return process.wait(), seen.decode()


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[PlanBuilder]:
    """An initialised database, everything of a small company held."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = PlanBuilder(tmp_path, sandbox)
        made.environment["CONNECTEAM_SYNC_EMPLOYEES"] = "match"
        assert made("init").code == 0
        assert made("sync", *WINDOW).code == 3
        yield made


def test_another_name_wants_a_word(builder: PlanBuilder) -> None:
    """Refused with the exact command; with `--yes` mapped; away from somebody again only with a word."""
    employee = builder.hire("Zoë Ōta")
    held = builder("holds", "--json").json["holds"]
    user = held[0]["user_id"]
    shifts = [hold for hold in held if hold["user_id"] == user]
    person = builder.sandbox.company.people[user]
    refused = builder("employees", "map", str(user), str(employee))
    assert refused.code == 4
    assert (
        f"Connecteam user {user} {person.first_name} {person.last_name} -> employee {employee} Zoë Ōta" in refused.out
    )
    assert "the names differ" in refused.out
    assert "without a row" in refused.out
    assert f"connecteam-sync employees map {user} {employee} --yes" in refused.err
    said = builder("employees", "map", str(user), str(employee), "--json")
    assert (said.code, said.json["error"], said.json["exit_code"]) == (4, "mapping_refused", 4)
    assert (said.json["names_differ"], said.json["shifts"]) == (True, len(shifts))
    done = builder("employees", "map", str(user), str(employee), "--yes", "--json").json
    assert (done["names_differ"], done["from"], done["rows"]) == (True, None, 0)
    assert (done["shifts"], done["minutes"]) == (len(shifts), sum(hold["minutes"] for hold in shifts))
    assert done["employee"]["employee_id"] == employee
    assert builder("sync", *WINDOW).code == 3
    right = builder.hire(f"{person.last_name}, {person.first_name}")
    moved = builder("employees", "map", str(user), str(right))
    assert (moved.code, f"until now counts for employee {employee} Zoë Ōta" in moved.out) == (4, True)
    assert "will change hands" in moved.out
    done = builder("employees", "map", str(user), str(right), "--yes", "--json").json
    assert (done["names_differ"], done["from"]) == (False, {"employee_id": employee, "name": "Zoë Ōta"})
    assert (done["rows"], done["shifts"]) == (len(shifts), 0)


def test_a_person_at_a_terminal_is_asked(builder: PlanBuilder) -> None:
    """No is no; yes maps; where nobody can be asked and the names agree, nothing else is wanted."""
    employee = builder.hire("ana ALVAREZ")
    code, seen = builder.typed("n\n", "employees", "map", str(ANA), str(employee))
    assert (code, "Map them?" in seen, "not mapped" in seen) == (4, True, True)
    code, seen = builder.typed("y\n", "employees", "map", str(ANA), str(employee))
    assert (code, f"counts for employee {employee}" in seen) == (0, True)
    other = builder.hire("brandt, ben")
    assert builder("employees", "map", str(BEN), str(other)).code == 0
    assert "already" in builder("employees", "map", str(BEN), str(other)).out


def test_nothing_is_asked_where_the_question_would_not_be_seen(builder: PlanBuilder) -> None:
    """A person types, but stderr goes into a file: no reply is waited for, as where there is no terminal at all."""
    employee = builder.hire("ana ALVAREZ")
    words = ("employees", "map", str(ANA), str(employee))
    code, seen = builder.typed("n\n", *words, notes=subprocess.DEVNULL)
    assert (code, f"counts for employee {employee}" in seen) == (0, True)


def test_all_who_are_not_in_doubt_are_mapped_by_one_command(builder: PlanBuilder) -> None:
    """Listed with their evidence and never applied silently; `--yes` maps; the rest is left for a person."""
    people = list(builder.sandbox.company.people.values())
    for person in people[:-1]:
        builder.hire(f"{person.last_name} {person.first_name}".upper())
    builder.hire("Somebody else", people[-1].email)
    shown = builder("employees", "map", "--suggested")
    assert (shown.code, len(shown.out.splitlines())) == (0, len(people))
    assert "(name)" in shown.out
    assert "(e-mail)" in shown.out
    assert "in doubt" in shown.out.splitlines()[-1]
    assert "--suggested --yes" in shown.err
    assert len(builder("employees", "--unmapped", "--json").json["employees"]) == len(people)
    done = builder("employees", "map", "--suggested", "--yes", "--json").json
    assert (len(done["suggestions"]), len(done["mapped"])) == (len(people), len(people) - 1)
    assert done["suggestions"][-1]["evidence"] == ["email"]
    assert done["suggestions"][-1]["is_certain"] is False
    assert builder("sync", *WINDOW).code in {0, 3}
    assert "Somebody else" in builder("employees", "--unmapped").out


def test_suggestions_are_agreed_to_one_by_one(builder: PlanBuilder) -> None:
    """Yes, no, all that agree by e-mail, quit."""
    people = list(builder.sandbox.company.people.values())
    for person in people[:6]:
        builder.hire(f"{person.first_name} {person.last_name}", person.email)
    code, seen = builder.typed("y\nn\na\nq\n", "employees", "map", "--suggested")
    assert (code, "5 users mapped" in seen) == (0, True)
    left = {one["user_id"] for one in builder("employees", "--unmapped", "--json").json["employees"]}
    assert left & {person.id for person in people[:6]} == {BEN}


def test_holds_are_a_line_for_each_person(builder: PlanBuilder) -> None:
    """In the list and in receipts: how many shifts, how long, which days, what next; `--all` and JSON have each."""
    every = builder("holds", "--json").json["holds"]
    people = {hold["user_id"] for hold in every}
    assert len(every) == 60 > len(people)
    lines = [line for line in builder("holds").out.splitlines() if line.startswith("  ! ")]
    assert len(lines) == len(people)
    assert len([line for line in builder("holds", "--all").out.splitlines() if line.startswith("  ! ")]) == 60
    several = next(line for line in lines if " shifts (" in line)
    assert "unmapped_user: " in several
    assert "; next: connecteam-sync employees map 80" in several
    receipt = builder("sync", *WINDOW).out
    assert f"60 records of {len(people)} people" in receipt
    assert sum(line.startswith("  ! ") for line in receipt.splitlines()) == min(len(people), 40)


def test_a_hold_of_somebody_who_was_mapped_since_says_so(builder: PlanBuilder) -> None:
    """And that a look at the days is what is left to do; the others are told as before, and after it it is gone."""
    user = builder("holds", "--json").json["holds"][0]["user_id"]
    before = builder("holds").out.count("employees map")
    employee = builder.hire("Ana Anything")
    assert builder("employees", "map", str(user), str(employee), "--yes").code == 0
    said = builder("holds").out
    [line] = [line for line in said.splitlines() if f"Connecteam user {user} " in line]
    assert f"is mapped to employee {employee} by now" in line
    assert "mapped to no employee" not in line
    assert "; next: connecteam-sync sync --from 2025-12-" in line
    assert "employees map" not in line
    assert said.count("employees map") == before - 1
    assert builder("sync", *WINDOW).code == 3
    assert user not in {hold["user_id"] for hold in builder("holds", "--json").json["holds"]}


def test_unmapping_whom_nobody_mapped_says_so(builder: PlanBuilder) -> None:
    """Done, since nothing had to be: in words, and in JSON; the second time as well."""
    said = builder("employees", "unmap", str(ANA))
    assert said.code == 0
    assert f"no mapping of user {ANA} was made with `employees map`: nothing was changed" in said.err
    assert "correct it there" not in said.err
    assert builder("employees", "unmap", str(ANA), "--json").json["unmapped"] is False
    employee = builder.hire("Ana Anything")
    assert builder("employees", "map", str(ANA), str(employee), "--yes").code == 0
    done = builder("employees", "unmap", str(ANA), "--json")
    assert (done.json["unmapped"], done.json["employee"]["employee_id"]) == (True, None)
    assert "nothing was changed" in builder("employees", "unmap", str(ANA)).err


def test_a_mapping_of_the_table_itself_is_told_apart(builder: PlanBuilder) -> None:
    """The host's own column names the user: that is where it is corrected."""
    employee = builder.hire("Ana Anything")
    with sqlite3.connect(builder.folder / "connecteam-sync.db") as connection:
        connection.execute("UPDATE employees SET connecteam_user_id = ? WHERE id = ?", (str(ANA), employee))
    connection.close()
    said = builder("employees", "unmap", str(ANA))
    assert (said.code, "correct it there" in said.err) == (0, True)
    assert f"counts for employee {employee}" in said.out


def test_an_employee_is_made_on_a_word(builder: PlanBuilder) -> None:
    """`employees create`: told with the days to be fetched and the way back; once."""
    made = builder("employees", "create", str(DMITRI), "--json").json
    assert made["employee"]["employee_id"] is not None
    waits = next(h for h in builder("holds", "--json").json["holds"] if h["user_id"] not in {None, DMITRI})
    told = builder("employees", "create", str(waits["user_id"])).err
    assert f"undo {made['run'] + 1}" in told
    assert "next: connecteam-sync sync --from 2025-12-" in told
    assert builder("employees", "create", str(DMITRI), "--json").json["run"] is None
    assert builder("employees", "create", "1").code == 2
    assert "made for Connecteam user" in builder("show", str(made["run"])).out
    assert "removed" in builder("undo", str(made["run"])).out


def test_employees_without_a_user_are_listed_with_the_ids_that_map_takes(builder: PlanBuilder) -> None:
    """People with nicknames are found by nothing else: who is mapped, or carried by a user, is not among them."""
    zoe, sunny = builder.hire("Zoë Ōta"), builder.hire("Sunny Al.")
    said = builder("employees", "--without-user")
    assert (said.code, said.out.splitlines()) == (0, [f"{zoe:>10}  Zoë Ōta", f"{sunny:>10}  Sunny Al."])
    assert "next: connecteam-sync employees map USER EMPLOYEE" in said.err
    builder("employees", "map", str(ANA), str(sunny), "--yes")
    assert builder("employees", "--without-user", "--json").json["without_user"] == [
        {"employee_id": zoe, "name": "Zoë Ōta"}
    ]
    missed = builder("history", "moss")
    assert (missed.code, "connecteam-sync employees --without-user" in missed.err) == (2, True)


def test_an_unknown_letter_is_asked_again_and_an_interruption_says_what_it_leaves_undone(builder: PlanBuilder) -> None:
    """`j` is no No; Ctrl-C after two yes maps nobody, and says so."""
    people = list(builder.sandbox.company.people.values())
    for person in people[:3]:
        builder.hire(f"{person.first_name} {person.last_name}")
    code, seen = builder.typed("j\nx\ny\nq\n", "employees", "map", "--suggested")
    assert (code, "y, n, a or q: " in seen, "1 user mapped" in seen) == (0, True, True)

    class Interrupted(Report):
        replies = iter(("y", "y"))
        notes = ""

        def prompt(self, question: str) -> str | None:  # noqa: ARG002 - whatever is asked
            reply = next(self.replies, None)
            if reply is None:
                raise KeyboardInterrupt
            return reply

        def note(self, line: str) -> None:
            Interrupted.notes += line

    suggested = [
        Suggestion(move=Move(user_id=n, user_name="", employee_id=n, employee_name=""), evidence=(), is_certain=True)
        for n in (1, 2, 3)
    ]
    with pytest.raises(KeyboardInterrupt):
        _agreed(Interrupted(as_json=False), suggested)
    assert "nobody is mapped, also not the 2 agreed to" in Interrupted.notes
