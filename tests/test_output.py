"""Output that cannot be written, and failures that nobody foresaw: no traceback, no lost word about the table."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from test_command import WINDOW, Terminal

MAIN = "from connecteam_sync.cli.main import main; main()"
WHERE = ("> /dev/full", "> /dev/full 2>&1", ">&- 2>&-", "<&- >&- 2>&-")
LOST = "the answer could not be written: "


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """An initialised SQLite database; the first person's name is in no alphabet of old."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as sandbox:
        for number, person in enumerate(sandbox.company.people.values()):
            person.first_name = ("Zoë", "李", "Łukasz", "😀")[number % 4]
        made = Terminal(tmp_path, sandbox)
        # Not where the code is: a planted bug is in a copy of it, which PYTHONPATH names.
        spoken = re.compile("LC_|LANG|PYTHON(?!PATH$)")
        made.environment = {key: value for key, value in made.environment.items() if not spoken.match(key)}
        assert made("init").code == 0
        yield made


def shell(terminal: Terminal, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line for the shell in which `$C` is the command."""
    command = f'C() {{ {sys.executable} -c "{MAIN}" "$@"; }}; {line}'
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/bash", "-c", command],
        cwd=terminal.folder,
        env=terminal.environment | environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr + done.stdout, done.stderr
    assert b"Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize("words", ["", "--json"])
@pytest.mark.parametrize("where", ["> /dev/full", ">&-", "| exec 0<&- sleep 0.1"])
def test_the_exit_code_is_that_of_the_table_and_the_loss_is_told(terminal: Terminal, where: str, words: str) -> None:
    """A full disk, a stream that is closed, a pipe that nobody reads."""
    done = shell(terminal, f"C sync {' '.join(WINDOW)} {words} {where}; echo ${{PIPESTATUS[0]}} >&2")
    *_, told, code = done.stderr.decode().splitlines()
    assert code == "0"
    assert told.startswith(LOST)
    assert "connecteam-sync runs" in told
    assert terminal("runs", "--json").json["runs"][0]["status"] == "applied"
    wrong = shell(terminal, f"C sync --day 9999-12-31 {words} {where}; echo ${{PIPESTATUS[0]}} >&2")
    assert wrong.stderr.split()[-1] == b"2"


def test_every_kind_of_output_may_be_lost(terminal: Terminal) -> None:
    """Help, version, lists, statements, usage errors; stderr too; and nothing to read from."""
    for words, code in (
        ("--help", 0),
        ("--version", 0),
        ("sync --help", 0),
        ("runs", 0),
        ("init --sql", 0),
        ("employees --json", 0),
        ("show", 2),
        ("show 99", 2),
        ("nonsense", 2),
    ):
        line = "; ".join(f"C {words} {where}; echo $? >> codes" for where in WHERE)
        (terminal.folder / "codes").unlink(missing_ok=True)
        shell(terminal, line)
        assert (terminal.folder / "codes").read_text().split() == [str(code)] * len(WHERE), words


def test_a_reader_that_is_slow_gets_all_of_it(terminal: Terminal) -> None:
    """Through a pipe that does not wait for its reader (another program has set it so): full is not lost."""
    terminal.environment["CONNECTEAM_SYNC_DATABASE_URL"] = f"sqlite:///{terminal.folder}/other.db"
    whole = terminal("init", "--sql").out
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
    assert len(whole) > 4096
    os.set_blocking(into, False)
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", MAIN, "init", "--sql"],
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=into,
        stderr=subprocess.PIPE,
    )
    os.close(into)
    # Its first page is there, and the pipe is full by now.
    assert select.select([out], [], [], 60)[0]
    time.sleep(1)
    with os.fdopen(out) as reader:
        said = reader.read()
    assert process.communicate(timeout=60)[1] == b""
    assert (process.returncode, said) == (0, whole)


def test_a_closed_stream_does_not_hand_its_number_to_the_database(terminal: Terminal) -> None:
    """The file that is opened next would get it, and be written to in its place."""
    assert shell(terminal, f"C sync {' '.join(WINDOW)} <&- >&- 2>&-").returncode == 0
    assert terminal("verify", *WINDOW).code == 0
    opening = (
        "import sys; from connecteam_sync.cli.streams import Streams; Streams(); sys.exit(open('next', 'w').fileno())"
    )
    assert shell(terminal, f'{sys.executable} -c "{opening}" <&- >&- 2>&-').returncode > 2


@pytest.mark.parametrize("alphabet", ["ascii", "latin-1", "cp1252", "utf-16", "ascii:strict", "utf-8:strict"])
def test_characters_that_an_alphabet_lacks_are_replaced(terminal: Terminal, alphabet: str) -> None:
    """In text; in JSON they are escaped, and nothing is lost."""
    sync = f"C sync {' '.join(WINDOW)}"
    assert shell(terminal, sync, PYTHONIOENCODING=alphabet).returncode == 0
    said = shell(terminal, "C show 1", PYTHONIOENCODING=alphabet)
    assert said.returncode == 0
    assert b"Exit" not in said.stdout
    encoding = alphabet.partition(":")[0]
    told = shell(terminal, "C employees --json", PYTHONIOENCODING=alphabet).stdout.decode(encoding)
    names = {person["name"].split(" ")[0] for person in json.loads(told)["employees"]}
    assert names == {"Zoë", "李", "Łukasz", "😀"}


@pytest.mark.parametrize("alphabet", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_any_alphabet(terminal: Terminal, alphabet: str) -> None:
    """With its colours and its live line."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", MAIN, "sync", *WINDOW],
        cwd=terminal.folder,
        env=terminal.environment | {"PYTHONIOENCODING": alphabet, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(mine)
    assert process.wait(60) == 0
    assert b"Traceback" not in said
    assert b"60 new" in said


BOOM = (
    "import os; from connecteam_sync.engine import {0}\n"
    "def boom(*_, **__): raise ValueError('no ' + os.environ['CONNECTEAM_SYNC_API_KEY'])\n"
    "{0}.{0} = boom\n" + MAIN
)


@pytest.mark.parametrize(("method", "words"), [("propose", ("plan",)), ("undo", ("undo", "1")), ("run", ("sync",))])
@pytest.mark.parametrize("as_json", [False, True])
def test_what_nobody_foresaw_is_one_line(
    terminal: Terminal, tmp_path: Path, method: str, words: tuple[str, ...], *, as_json: bool
) -> None:
    """Exit 1, a file of 0600 with the details, no secret anywhere, and whether anything was written."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", BOOM.format(method), *words, *(["--json"] if as_json else [])],
        cwd=terminal.folder,
        env=terminal.environment | {"TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "ValueError: no ***" in done.stderr
    assert "nothing was written" in done.stderr
    (details,) = scratch.iterdir()
    assert str(details) in done.stderr
    assert stat.S_IMODE(details.stat().st_mode) == 0o600
    story = details.read_text()
    assert "in boom" in story
    assert terminal.sandbox.key not in story + done.stderr + done.stdout
    if as_json:
        said = json.loads(done.stdout)
        assert (said["error"], said["status"], said["exit_code"]) == ("unforeseen", "failed", 1)
    else:
        assert done.stdout == ""


def test_after_a_commit_it_does_not_say_that_nothing_was_written(terminal: Terminal) -> None:
    """The answer fails when the rows are there."""
    code = "from connecteam_sync.present import text\ndef boom(*_, **__): raise KeyError('x')\n"
    code += f"text.run_text = boom\n{MAIN}"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "sync", *WINDOW],
        cwd=terminal.folder,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "nothing was written" not in done.stderr
    assert "on record: connecteam-sync runs" in done.stderr
    Path(re.findall(r"secrets: (\S+);", done.stderr)[0]).unlink()


def test_a_program_that_has_its_answer_gets_no_second_object(terminal: Terminal) -> None:
    """What fails after the answer is on stderr and in the exit code alone."""
    code = "from connecteam_sync.present import text\ndef boom(*_, **__): raise KeyError('x')\n"
    code += f"text.plan_text = boom\n{MAIN}"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "plan", *WINDOW, "--json"],
        cwd=terminal.folder,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["counts"]["created"] == 60
    assert "something failed that nobody foresaw (KeyError" in done.stderr
    Path(re.findall(r"secrets: (\S+);", done.stderr)[0]).unlink()


def test_a_password_is_in_no_details(terminal: Terminal, tmp_path: Path) -> None:
    """As it is, and as a URL encodes it."""
    code = (
        "import os; from connecteam_sync import config\n"
        "words = 'a%2Fkey%2Bword s3cr%40t s3cr@t ' + os.environ['CONNECTEAM_SYNC_DATABASE_URL']\n"
        "def boom(*_, **__): raise ValueError(words)\n"
        f"import connecteam_sync.client as d; d.ConnecteamSync.from_config = boom\n{MAIN}"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "runs"],
        cwd=terminal.folder,
        env=terminal.environment
        | {
            "TMPDIR": str(tmp_path),
            "CONNECTEAM_SYNC_DATABASE_URL": "mysql://me:s3cr%40t@localhost/hours",
            "CONNECTEAM_SYNC_API_KEY": "a/key+word",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    (details,) = tmp_path.glob("connecteam-sync-failure-*")
    for said in (done.stderr, details.read_text()):
        assert "s3cr" not in said
        assert "key%2Bword" not in said


UNREADABLE = (
    ("sync", "--nix"),
    ("sync", "--days", "400"),
    ("sync", "--days", "many"),
    ("show",),
    ("show", "abc"),
    ("undo", "0"),
    ("nosuch",),
    ("employees", "nix"),
    ("lock", "--to", "2025-12-01"),
    ("runs", "--limit"),
    ("sync", "behind"),
    (),
)


@pytest.mark.parametrize("words", UNREADABLE, ids=" ".join)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_command_line_that_cannot_be_read_answers_programs_too(
    terminal: Terminal, words: tuple[str, ...], *, is_first: bool
) -> None:
    """The object of a failure wherever `--json` stands, the parser's text on stderr; without it, that text alone."""
    calls = terminal.sandbox.calls
    said = terminal("--json", *words) if is_first else terminal(*words, "--json")
    assert {key: value for key, value in said.json.items() if key not in {"message", "next_step"}} == {
        "schema": 1,
        "status": "failed",
        "error": "usage_error",
        "exit_code": 2,
        "retryable": False,
    }
    assert said.code == 2
    assert said.json["message"] in said.err
    assert said.json["next_step"].startswith("connecteam-sync")
    assert said.json["next_step"].endswith("--help")
    if words:
        plain = terminal(*words)
        assert (plain.code, plain.out) == (2, "")
    assert terminal.sandbox.calls == calls


@pytest.mark.parametrize("words", [("sync", "--from", "--json"), ("plan", "--day", "2025-13-01", "--json")])
def test_a_value_that_is_none_answers_programs_too(terminal: Terminal, words: tuple[str, ...]) -> None:
    """Also where `--json` was taken for the value itself."""
    said = terminal(*words)
    assert (said.code, said.json["error"], said.json["exit_code"]) == (2, "window_error", 2)
