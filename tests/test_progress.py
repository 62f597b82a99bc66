"""A long job says how far it is: to a program exactly, to a person on a terminal in one line, to a log now and then."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from connecteam_sync import ConnecteamSync, Progress
from connecteam_sync.cli import output
from connecteam_sync.config import Settings as Configuration
from connecteam_sync.core.change import Counts
from connecteam_sync.core.window import Window
from connecteam_sync.engine.events import Step
from connecteam_sync.engine.progress import ProgressListener
from connecteam_sync.errors import LockHeld
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED
from test_command import Answer, Terminal

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
YEAR = ("sync", "--from", str(FIRST), "--to", str(LAST))
CLOCKS, PIECES, SHIFTS = 2, 14, 70
UNITS = CLOCKS * PIECES
COMMAND = (
    # Whatever a shell starts in the background ignores Ctrl-C, this suite and what it starts included.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " from connecteam_sync.cli.main import main; main()"
)
TALKATIVE = (
    "from connecteam_sync.cli import output; output.PROGRESS_SECONDS = 0;"
    " from connecteam_sync.cli.main import main; main()"
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A company with a shift in the middle of each of eleven months, and 59 in December; no time clock is archived."""
    company = Company(59)
    del company.clocks[CLOSED]
    for number, user in zip(range(1, 12), sorted(company.people), strict=False):
        day = date(2025, number, 15)
        company.add(user, company.at(day, "08:00"), company.at(day, "16:00"))
    with Sandbox(company, SandboxSettings(minute_limit=100_000, day_limit=10_000)) as served:
        yield served


@pytest.fixture
def terminal(tmp_path: Path, sandbox: Sandbox) -> Terminal:
    """The command in a folder with an empty database."""
    made = Terminal(tmp_path, sandbox)
    assert made("init").code == 0
    return made


def mirror_of(sandbox: Sandbox, folder: Path, told: list[Progress]) -> ConnecteamSync:
    """The library, telling `told`."""
    settings = Configuration(
        timezone=sandbox.company.timezone, database_url=f"sqlite:///{folder / 'x.db'}", base_url=sandbox.url
    )
    return ConnecteamSync(sandbox.key, settings=settings, on_progress=told.append)


def on_a_terminal(
    terminal: Terminal, *words: str, columns: int = 80, until: str | None = None, **environment: str
) -> Answer:
    """The command with a terminal as its stderr, stopped by Ctrl-C once that shows `until`; stdout is a pipe."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    given = {k: v for k, v in terminal.environment.items() if k not in {"NO_COLOR", "COLUMNS", "FORCE_COLOR"}}
    command = [sys.executable, "-c", COMMAND, *words]
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=terminal.folder,
        env=given | {"TERM": "xterm"} | environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as running:
        os.close(theirs)
        seen = b""
        while slice_ := _read(ours):
            seen += slice_
            if until and re.search(until, plain(seen.decode(errors="replace"))):
                running.send_signal(signal.SIGINT)
                until = None
        assert running.stdout is not None
        said = running.stdout.read()
    os.close(ours)
    return Answer(running.returncode, said, seen.decode())


def _read(ours: int) -> bytes:
    """What the terminal shows next; nothing once nobody holds its other end."""
    try:
        return os.read(ours, 65_536)
    except OSError:
        return b""


def plain(shown: str) -> str:
    """What a terminal shows, without the codes that steer it."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


# -- a program ---------------------------------------------------------------------------------------------------------


def test_a_program_is_told_every_number_of_a_year(sandbox: Sandbox, tmp_path: Path) -> None:
    """Before each slice and once after the last: days, shifts, changes and the calls that are left, exactly."""
    told: list[Progress] = []
    with mirror_of(sandbox, tmp_path, told) as mirror:
        mirror.init()
        run = mirror.sync(mirror.window(FIRST, LAST))
        assert run.counts.created == run.counts.total_shifts == SHIFTS
        assert [p.done for p in told] == list(range(UNITS + 1))
        assert {(p.step, p.total, p.days, p.failed) for p in told} == {("mirroring", UNITS, 365, 0)}
        # Two calls came before the first slice (users, time clocks), and each slice is one.
        # One more at the first slice with a break: the types of breaks.
        more = [10_000 - 3 - p.done - p.calls_left for p in told if p.calls_left is not None]
        assert (len(more), set(more), sorted(more) == more) == (UNITS + 1, {0, 1}, True)
        assert [p.days_done for p in told] == [min(27 * (done // CLOCKS), 365) for done in range(UNITS + 1)]
        assert all(a.shifts <= b.shifts and a.changes <= b.changes for a, b in pairwise(told))
        assert (told[0].shifts, told[-1].shifts, told[-1].changes) == (0, SHIFTS, SHIFTS)
        assert told[0].detail.endswith("2025-01-01..2025-01-27")
        assert told[-1].detail == ""
        so_far = 0
        for before, after, slice_ in zip(told[:-1], told[1:], run.slices, strict=True):
            so_far += slice_.counts.total_shifts
            assert after.shifts == so_far
            assert f"time clock {slice_.time_clock_id}, {slice_.window}" == before.detail
        told.clear()
        mirror.sync(mirror.window(FIRST, LAST))
        assert (told[-1].shifts, told[-1].changes) == (SHIFTS, 0)


def test_a_plan_is_told_too_and_failed_slices_are_counted(sandbox: Sandbox, tmp_path: Path) -> None:
    """A failed slice is done, without success; the others go on."""
    told: list[Progress] = []
    with mirror_of(sandbox, tmp_path, told) as mirror:
        mirror.init()
        sandbox.faults.add("bad_key", path="time-activities")
        proposal = mirror.plan(mirror.window(FIRST, LAST))
        assert len(proposal.failures) == 1
        last = told[-1]
        assert (last.step, last.done, last.failed, last.days_done) == ("looking", UNITS, 1, 365)
        assert last.changes == len([c for c in proposal.changes if c.kind != "link"])
        told.clear()
        sandbox.faults.add("bad_key", path="time-activities")
        run = mirror.sync(mirror.window(FIRST, LAST))
        assert {p.step for p in told} == {"mirroring"}
        assert (run.errors, told[-1].failed, told[-1].shifts) == (1, 1, run.counts.total_shifts)


def test_a_proof_is_told_twice(sandbox: Sandbox, tmp_path: Path) -> None:
    """The look, and then Connecteam's own timesheets, which take a call each too."""
    told: list[Progress] = []
    with mirror_of(sandbox, tmp_path, told) as mirror:
        mirror.init()
        mirror.verify(mirror.window(FIRST, LAST))
        steps = [p.step for p in told]
        assert steps == ["looking"] * (UNITS + 1) + ["reading timesheets"] * (UNITS + 1)
        assert (told[-1].done, told[-1].failed, told[-1].shifts) == (UNITS, 0, SHIFTS)
        told.clear()
        mirror.verify(mirror.window(FIRST, LAST), totals=False)
        assert {p.step for p in told} == {"looking"}


def test_a_day_is_done_when_every_clock_is() -> None:
    """And what Connecteam does not say is None."""
    told: list[Progress] = []
    window = Window(FIRST, FIRST, "UTC")
    step = Step("mirroring", [window, window], emit=ProgressListener(told.append), calls_left=lambda: None)
    for clock in (1, 2):
        step.begins(clock, window)
        step.done(clock, window, "applied", Counts(total_shifts=2, created=1, updated=1, linked=1))
    assert [(p.days_done, p.shifts, p.changes, p.calls_left) for p in told] == [
        (0, 0, 0, None),
        (0, 2, 2, None),
        (1, 4, 4, None),
    ]


def test_what_is_left_for_the_end_is_not_counted() -> None:
    """Nor is the slice that ends a run before its time: nobody knows beforehand how many there are."""
    told: list[Progress] = []
    listener = ProgressListener(told.append)
    window = Window(FIRST, FIRST, "UTC")
    first = Step("mirroring", [window], emit=listener, calls_left=lambda: None)
    first.begins(1, window)
    first.done(1, window, "applied", Counts())
    later = Step("finishing", [], emit=listener, calls_left=lambda: None, counted=False)
    later.begins(1, window)
    later.done(1, window, "applied", Counts(total_shifts=9))
    assert [(p.step, p.done, p.shifts) for p in told] == [("mirroring", 0, 0), ("mirroring", 1, 0)]
    told.clear()
    again = Step("mirroring", [window], emit=listener, calls_left=lambda: None)
    again.begins(1, window)
    again.failed(1, window, LockHeld("another run is writing"), ends_run=True)
    assert [(p.done, p.failed) for p in told] == [(0, 0)]


# -- a person ----------------------------------------------------------------------------------------------------------


def test_a_terminal_of_80_columns_shows_one_line_with_all_of_it(terminal: Terminal) -> None:
    """Days, shifts, changes and calls left; taken away before the receipt; stdout has nothing but the object."""
    answer = on_a_terminal(terminal, *YEAR, "--json")
    assert answer.code == 0
    assert answer.json["counts"]["created"] == SHIFTS
    shown = plain(answer.err)
    assert "365/365 days, 70 shifts, 70 changes, 9,968 API calls left" in shown
    assert "mirroring: time clock" in shown
    assert "━" in shown
    assert shown.count("\n") <= 2
    assert re.search(r"\x1b\[[0-9;]*3\dm", answer.err)


def test_the_line_says_in_the_middle_how_long_it_will_take(terminal: Terminal) -> None:
    """While Connecteam does not answer the middle slice, a person reads what is done and what is left."""
    terminal.sandbox.faults.add("slow", call=terminal.sandbox.calls + 3 + UNITS // 2 + 1)
    said = r"189/365 days, \d+ shifts, \d+ changes, \d+:\d\d left, 9,9\d\d API calls left"
    answer = on_a_terminal(terminal, *YEAR, until=said, CONNECTEAM_SYNC_TOTAL_SECONDS="60")
    assert re.search(said, plain(answer.err)), answer.err
    assert answer.code == 130
    assert "interrupted; what was done stays" in plain(answer.err)


def test_no_color_and_a_terminal_that_can_do_nothing(terminal: Terminal) -> None:
    """NO_COLOR takes the colour and leaves the line; a dumb terminal is treated like a log."""
    answer = on_a_terminal(terminal, *YEAR, columns=120, NO_COLOR="1")
    assert "365/365 days" in answer.err
    assert not re.search(r"\x1b\[[0-9;]*[39]\dm", answer.err)
    dumb = on_a_terminal(terminal, *YEAR, TERM="dumb")
    assert dumb.err == ""
    assert dumb.code == 0


# -- a log -------------------------------------------------------------------------------------------------------------


def test_a_log_gets_a_plain_line_for_each_slice_and_silence_where_it_was_quick(terminal: Terminal) -> None:
    """No colour and no control characters; `--json` keeps stdout pure."""
    assert terminal(*YEAR, "--json").err == ""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", TALKATIVE, *YEAR, "--json"],
        cwd=terminal.folder,
        env=terminal.environment | {"FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["status"] == "nothing"
    first, *lines = done.stderr.splitlines()
    assert first == "mirroring: time clock 4100001, 2025-01-01..2025-01-27"
    assert len(lines) == UNITS
    shape = re.compile(r"mirroring: \d+/365 days, \d+ shifts?, 0 changes, .*API calls left")
    assert all(shape.fullmatch(line) for line in lines)
    assert lines[-1] == "mirroring: 365/365 days, 70 shifts, 0 changes, 9,938 API calls left"


def test_a_log_gets_a_line_every_few_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The time left is estimated from what is done; a wait of a long job is told too; a job of one slice is silent."""
    moment = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    told = output.Report(as_json=False)
    for done in range(11):
        told.progress(Progress(step="mirroring", done=done, total=10, days=290, days_done=29 * done, shifts=done))
        moment += 1.5
    moment += 10
    told.progress(Progress(step="waiting 30 s", detail="Connecteam asked us to slow down"))
    told.end_progress()
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "mirroring: 87/290 days, 3 shifts, 0 changes, 0:10 left",
        "mirroring: 174/290 days, 6 shifts, 0 changes, 0:06 left",
        "mirroring: 261/290 days, 9 shifts, 0 changes, 0:02 left",
        "waiting 30 s: Connecteam asked us to slow down",
    ]
    for done in range(2):
        told.progress(Progress(step="mirroring", done=done, total=1))
        moment += 60
    assert capsys.readouterr().err == ""


def test_a_name_cannot_steer_whoever_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters become blanks; letters of every script and the line's own structure stay."""
    told = output.Report(as_json=False)
    told.print_lines(["  + Zoë \x1b[2J\x1b]0;x\x07Ł\rab\x9bc\tд"])
    told.note("next: \x1b[31mred")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("  + Zoë  [2J ]0;x Ł ab c д\n", "next:  [31mred\n")


# -- going on ----------------------------------------------------------------------------------------------------------


def test_a_backfill_that_breaks_says_how_to_go_on(terminal: Terminal) -> None:
    """Slices are transactions of their own: the same command again does the rest, and leaves what is done."""
    terminal.sandbox.faults.add("bad_key", call=terminal.sandbox.calls + 3 + UNITS)
    broken = terminal(*YEAR, "--json")
    done = broken.json["counts"]["created"]
    assert (broken.code, broken.json["counts"]["errors"]) == (1, 1)
    assert f"1 slice of {UNITS} failed; what was done stays; the same command again goes on" in broken.err
    again = terminal(*YEAR, "--json")
    assert again.json["counts"]["unchanged"] == done
    assert again.json["counts"]["created"] == SHIFTS - done
    assert again.err == ""


def test_a_backfill_that_is_stopped_says_so_and_goes_on(terminal: Terminal) -> None:
    """Ctrl-C in the middle: 130, what was done stays, the same command again ends it."""
    sandbox = terminal.sandbox
    stop_at = sandbox.calls + 3 + UNITS - 3
    sandbox.faults.add("slow", call=stop_at)
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", COMMAND, *YEAR],
        cwd=terminal.folder,
        env=terminal.environment | {"CONNECTEAM_SYNC_TOTAL_SECONDS": "60"},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        patience = time.monotonic() + 30
        while sandbox.calls < stop_at and time.monotonic() < patience:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted; what was done stays; the same command again goes on" in said
    assert "Traceback" not in said
    again = terminal(*YEAR, "--json").json
    assert again["counts"]["unchanged"] >= 10
    assert again["counts"]["unchanged"] + again["counts"]["created"] == SHIFTS
