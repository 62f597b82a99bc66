"""What a payroll clerk reads: names that would forge a line, hours that stay, days once, and what a guard stopped."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.cli.output import Report
from connecteam_sync.core.change import Hold
from connecteam_sync.core.run import Run, Slice, Trigger
from connecteam_sync.core.window import Window
from connecteam_sync.present import holds_text, json_shapes, text
from connecteam_sync.present.runs_text import runs_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from support.scenario import FIRST, LAST, World
from test_command import WINDOW, Terminal

CHICAGO = ZoneInfo("America/Chicago")
FORGING = "Ida\n\x1b[2Kok       forged\u202e\u2066\u200b\u2028\x85Moss"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(30), SandboxSettings(minute_limit=100_000)) as served:
        yield served


@pytest.fixture
def world(sandbox: Sandbox, tmp_path: Path) -> Iterator[World]:
    """The company, mirrored."""
    found = World(sandbox, f"sqlite:///{tmp_path}/words.db")
    yield found
    found.mirror.close()


def strings(found: object) -> Iterator[str]:
    """Every text of a JSON object."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for value in found.values():
            yield from strings(value)
    elif isinstance(found, list):
        for value in found:
            yield from strings(value)


def test_no_name_forges_a_line_or_steers_a_terminal(sandbox: Sandbox, tmp_path: Path) -> None:
    """A person and a time clock called anything, in every command that names them, in text and in JSON."""
    company = sandbox.company
    company.people[company.shifts(FIRST, LAST)[0].user_id].first_name = FORGING
    company.clocks[WAREHOUSE] = replace(company.clocks[WAREHOUSE], name=FORGING)
    terminal = Terminal(tmp_path, sandbox)
    terminal("init")
    for words in (
        ("doctor",),
        ("plan", *WINDOW),
        ("sync", *WINDOW),
        ("employees",),
        ("holds", "--all"),
        ("history", "1"),
        ("verify", *WINDOW),
        ("show", "1"),
    ):
        said = terminal(*words)
        for line in (said.out + said.err).split("\n"):
            assert line.isprintable(), (words, line)
            assert not line.startswith("ok       forged")
        shown = terminal(*words, "--json").out.rstrip("\n")
        assert shown.isprintable(), words
        odd = [one for one in strings(json.loads(shown)) if any(unicodedata.category(c) in {"Cc", "Cf"} for c in one)]
        assert not odd, (words, odd)


def test_no_message_forges_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever wrote what it quotes, in the answer as in what is said beside it."""
    report = Report(as_json=False)
    report.note(FORGING)
    report.print_lines([FORGING])
    said = capsys.readouterr()
    for stream in (said.out, said.err):
        assert stream.endswith("Moss\n")
        assert stream[:-1].isprintable()


def test_what_a_program_runs_or_compares_stands_as_it_is_escaped() -> None:
    """Statements and sources are not altered, and nothing raw is on the line."""
    said = {"sql": "a\nb\u202e", "source": "connecteam\u200b", "name": "Ida\u202eMoss", "file": "x\udcff"}
    line = json_shapes.encoded(said)
    assert line.isprintable()
    assert json.loads(line) == {**said, "name": "Ida Moss", "file": "x"}


def test_hours_that_stay_are_no_loss() -> None:
    """A hold that keeps a row says so; one that keeps hours from being added has a plus."""
    kept = Hold(reason="user_not_listed", subject="shift:1", detail="Ida is away", clock_time_id=1, minutes=-480)
    assert holds_text.hold_line(kept, CHICAGO, "Ida").endswith("Ida is away (8:00 h kept)")
    added = Hold(reason="unmapped_user", subject="shift:2", detail="Ida is away", shift_id="2", minutes=60)
    assert holds_text.worked([kept, added]) == " (+1:00 h, 8:00 h kept)"
    assert "-8:00" not in "".join(holds_text.hold_lines([kept, added], CHICAGO, {}, {}))


def test_the_hold_of_somebody_who_left_the_time_clock_names_them(world: World) -> None:
    """Not `user 11 is not in the answer (-8:00 h)`."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.company.delete(shift.id)
    plan = world.mirror.plan(world.window)
    assert any(change.kind == "delete" for change in plan.changes)
    lines = text.plan_text(plan, world.mirror.names())
    assert any("no longer on this day in Connecteam" in line for line in lines)


def test_a_plan_says_what_is_new_once_although_the_end_of_the_run_decides_again(world: World) -> None:
    """A delete is decided at the end: what else the same days get is neither listed nor counted a second time."""
    gone = world.work(2, "08:00", "16:00")
    world.sync()
    before = world.mirror.verify(world.window).minutes
    world.company.delete(gone.id)
    world.work(3, "08:00", "16:00")
    plan = world.mirror.plan(world.window)
    kinds = [change.kind for change in plan.changes]
    assert (kinds.count("create"), kinds.count("delete")) == (1, 1)
    assert (plan.counts.created, plan.counts.deleted) == (1, 1)
    assert (plan.minutes.before, plan.minutes.after) == (before, before)
    done = world.mirror.apply(plan)
    assert (done.status, done.counts.created, done.counts.deleted) == ("applied", 1, 1)
    assert done.minutes == plan.minutes


def test_each_day_has_one_headline_whatever_time_clock_its_shifts_are_of(world: World) -> None:
    """Changes of several looks are listed by day."""
    run = world.sync()
    changes = [entry.change for entry in world.mirror.show(run.id or 0)[1]]
    lines = text.change_lines(changes, CHICAGO, {}, "", limit=None)
    heads = [line for line in lines if not line.startswith(" ")]
    assert len(heads) == len(set(heads)) > 1
    # One time clock after the other, as a run of several looks has them.
    apart = text.change_lines([*changes[::2], *changes[1::2]], CHICAGO, {}, "", limit=None)
    assert [line for line in apart if not line.startswith(" ")] == heads


def test_links_move_nobodys_hours() -> None:
    """Rows that were only tied to their shifts are counted as such: nobody is affected."""
    window = Window(date(2025, 12, 1), date(2025, 12, 2), "America/Chicago")
    counts = msgspec.structs.replace(Slice(time_clock_id=1, window=window, status="applied").counts, linked=6)
    slice_ = Slice(time_clock_id=1, window=window, status="applied", counts=counts)
    run = Run(id=1, kind="sync", window=window, slices=(slice_,), version="", host="", started_at=0)
    lines = text.run_text(run, ())
    assert "Hours: 0:00; nobody's rows change" in lines
    assert "6 rows of the table linked to the shift in Connecteam: no hours move" in lines


def test_a_run_names_the_days_it_looked_at_not_all_between() -> None:
    """`2025-12-03, 2026-11-11..2026-11-25`, in the receipt and in the list."""
    days = (date(2025, 12, 3),) * 2, (date(2026, 11, 11), date(2026, 11, 24)), (date(2026, 11, 25),) * 2
    windows = [Window(first, last, "America/Chicago") for first, last in days]
    run = Run(
        id=1,
        kind="sync",
        window=Window(windows[0].first, windows[-1].last, "America/Chicago"),
        slices=tuple(Slice(time_clock_id=1, window=window, status="nothing") for window in windows),
        version="",
        host="",
        started_at=0,
    )
    assert text.days_of(run) == "2025-12-03, 2026-11-11..2026-11-25"
    assert runs_text([run], CHICAGO)[1].endswith("2025-12-03, 2026-11-11..2026-11-25  (not finished)")


@pytest.mark.parametrize(
    ("by", "trigger", "said"),
    [
        ("Ana\u202e", "person", "by Ana, in the console"),
        ("ana", "command", "by ana, by command"),
        (None, "schedule", "as scheduled"),
        (None, "bell", "for a doorbell"),
        (None, None, ""),
    ],
)
def test_the_list_and_the_receipt_say_who_asked_and_how(by: str | None, trigger: Trigger | None, said: str) -> None:
    """Where it is known; a receipt that is printed right after its run leaves it out, since whoever reads it asked."""
    window = Window(date(2025, 12, 3), date(2025, 12, 3), "America/Chicago")
    run = Run(
        id=1,
        kind="sync",
        window=window,
        slices=(Slice(time_clock_id=1, window=window, status="nothing"),),
        version="",
        host="",
        started_at=0,
        finished_at=1,
        asked_by=by,
        trigger=trigger,
    )
    assert runs_text([run], CHICAGO)[1].endswith(f"2025-12-03  {said}" if said else "2025-12-03")
    receipt = text.run_text(run, (), everything=True)
    assert (f"begun {said}, 1969-12-31 18:00" in receipt) == bool(said)
    assert "begun" not in " ".join(text.run_text(run, ()))


def test_a_refusal_lists_what_it_stopped_and_the_command_that_lets_just_that_through(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """People, days and rows, in plan and receipt, and the refusal's own fingerprint: the command works as printed."""
    terminal = Terminal(tmp_path, sandbox)
    terminal.environment |= {"CONNECTEAM_SYNC_EMPLOYEES": "create", "CONNECTEAM_SYNC_MAX_DELETES_OF_PERSON": "99"}
    terminal("init")
    assert terminal("sync", *WINDOW).code == 0
    for shift in sandbox.company.shifts(clock=WAREHOUSE)[:8]:
        sandbox.company.delete(shift.id)
    plan, run = terminal("plan", *WINDOW), terminal("sync", *WINDOW)
    assert run.code == 4
    for said in (plan.out, run.out):
        rows = [line for line in said.splitlines() if line.startswith("    - ")]
        assert len(rows) == 8
        assert all(" h kept, row " in line and " 2025-12-" in line for line in rows)
    command = next(line for line in plan.out.splitlines() if "if it is right: " in line).partition("connecteam-sync ")[
        2
    ]
    assert "--accept" in command
    assert command in run.out
    for said in (plan.err, run.err):
        assert said.splitlines()[-1].startswith(f"next: connecteam-sync {command}   (if ")
    assert terminal(*command.split()).code == 0


def test_the_last_line_of_a_long_plan_has_its_days(terminal_of_many: Terminal) -> None:
    """The command that shows the rest shows the rest of this plan."""
    last = f"connecteam-sync plan {' '.join(WINDOW)} --json"
    assert terminal_of_many("plan", *WINDOW).out.rstrip().endswith(last)
    again = terminal_of_many("plan", *WINDOW, "--resync").out.rstrip()
    assert again.endswith(last.replace("--json", "--resync --json"))


@pytest.fixture
def terminal_of_many(tmp_path: Path) -> Iterator[Terminal]:
    """More changes than a plan lists."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as served:
        terminal = Terminal(tmp_path, served)
        terminal("init")
        yield terminal


def test_entries_of_the_journal_are_one_line_each(world: World) -> None:
    """Whatever an employee is called in the table."""
    run = world.sync()
    entries = [msgspec.structs.replace(e, employee_name=FORGING) for e in world.mirror.show(run.id or 0)[1]]
    lines = text.run_text(run, entries)
    assert all(line.isprintable() for line in lines)
