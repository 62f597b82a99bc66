"""The log: events as lines, off by default; no secret and nobody's data in any of them."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, quote_plus

import pytest

from connecteam_sync.core.change import Counts
from connecteam_sync.core.events import ChangesWritten, Event, RunEnded, SliceFailed, Waiting, Working
from connecteam_sync.core.redaction import redacted
from connecteam_sync.core.window import Window
from connecteam_sync.present.log_lines import Form, LogFormatter
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]

DAY = Window(date(2025, 12, 1), date(2025, 12, 1), "America/Chicago")
ENDED = RunEnded(
    run=7,
    kind="sync",
    window=DAY,
    status="applied",
    exit_code=0,
    retryable=False,
    counts=Counts(total_shifts=3, created=2, unchanged=1),
    slices=1,
    errors=0,
    statements=20,
    http_calls=4,
    seconds=2,
)
KEY, SECRET, PASSWORD = "kEy-0123456789abcdef", "s3cret+of/client=", "p@ss word%"
URL = f"mysql://payroll:{quote(PASSWORD, safe='')}@db.internal/payroll"
SECRETS = (KEY, SECRET, URL)
FORMS: tuple[Form, ...] = ("text", "json")


def record_of(event: Event) -> logging.LogRecord:
    """As the engine logs it."""
    made = logging.LogRecord("connecteam_sync", logging.INFO, "", 0, event.name, None, None)
    made.connecteam_event = event
    made.created = 1_764_568_800.5
    return made


def raised(text: str) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """An exception with a text and a traceback, as a logger has it."""
    try:
        int(text)
    except ValueError as error:
        error.args = (text,)
        return type(error), error, error.__traceback__
    raise AssertionError


def test_an_event_as_json_is_a_flat_object() -> None:
    """Its name, its moment in UTC, its level, and its fields; days and counts next to the others."""
    said = json.loads(LogFormatter("json").format(record_of(ENDED)))
    assert said.pop("process") > 0
    assert said == {
        "at": "2025-12-01T06:00:00.500Z",
        "level": "info",
        "event": "run_ended",
        "run": 7,
        "kind": "sync",
        "first_day": "2025-12-01",
        "last_day": "2025-12-01",
        "timezone": "America/Chicago",
        "status": "applied",
        "exit_code": 0,
        "retryable": False,
        "total_shifts": 3,
        "created": 2,
        "updated": 0,
        "unchanged": 1,
        "deleted": 0,
        "held": 0,
        "linked": 0,
        "slices": 1,
        "errors": 0,
        "statements": 20,
        "http_calls": 4,
        "seconds": 2,
    }


def test_an_event_as_text_is_a_line_of_words() -> None:
    """What is not known is left out; what has a blank in it is quoted."""
    failed = SliceFailed(
        step="mirroring", time_clock_id=9, window=DAY, error="bad_answer", exit_code=75, retryable=True, seconds=0.5
    )
    line = LogFormatter("text").format(record_of(failed))
    assert re.sub(r"process=\d+ ", "", line) == (
        "2025-12-01T06:00:00.500Z info slice_failed step=mirroring time_clock_id=9 first_day=2025-12-01"
        " last_day=2025-12-01 timezone=America/Chicago error=bad_answer exit_code=75 retryable=yes seconds=0.5"
        " ends_days=no ends_run=no"
    )
    line = LogFormatter("text").format(record_of(Waiting(seconds=3.0, why="Connecteam asked\nus to slow down")))
    assert line.endswith('seconds=3.0 why="Connecteam asked us to slow down"')
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        f"x-api-key: {KEY}",
        f"headers={{'X-API-Key': '{KEY}'}}",
        f"authorization: Bearer {KEY} was refused",
        f"POST /oauth client_secret={SECRET}&grant_type=x",
        f"cannot connect to {URL}",
        f"postgresql+psycopg://me:{PASSWORD.replace(' ', '')}@host/x failed",
        f"token={KEY}",
        f"GET /x?access-token={KEY}&page=2",
        f"Authorization: Token {KEY}",
        f'Proxy-Authorization: Digest username="me", response="{KEY}"',
        f"headers=[(b'Authorization', b'Bearer {KEY}'), (b'accept', b'x')]",
        f'{{"refresh_token": "{KEY}", "page": 2}}',
        f'sent {{\\"token\\": \\"{KEY}\\"}}',
        f'password="{PASSWORD}"',
        f"Cookie: page=2; session={KEY}",
        f"PGPASSWORD={KEY} psql",
        f"private-key: {KEY}",
    ],
)
def test_secrets_are_taken_out_of_any_record(form: Form, text: str, *, known: bool) -> None:
    """Of its message, its arguments and the text of its exception: by value, or by their names if not known."""
    formatter = LogFormatter(form, secrets=SECRETS if known else ())
    made = logging.LogRecord("other", logging.ERROR, "", 0, "failed: %s", (text,), raised(text))
    line = formatter.format(made)
    assert len(line.splitlines()) == 1
    assert "ValueError" in line
    for secret in (KEY, SECRET, PASSWORD, PASSWORD.replace(" ", ""), quote(PASSWORD, safe="")):
        assert secret not in line
        assert json.dumps(secret)[1:-1] not in line
    assert "***" in line


@pytest.mark.parametrize("form", FORMS)
def test_what_is_known_is_taken_out_wherever_it_stands(form: Form) -> None:
    """Without a name before it, encoded or not; and of the words of an event too."""
    formatter = LogFormatter(form, secrets=SECRETS)
    for secret in (KEY, SECRET, PASSWORD, quote(PASSWORD, safe=""), quote(SECRET, safe="")):
        made = logging.LogRecord("other", logging.ERROR, "", 0, f"it says {secret} here", None, None)
        assert "it says *** here" in formatter.format(made)
        assert secret not in formatter.format(record_of(Working(what=f"with {secret}")))


def codes(secret: str) -> Iterator[str]:
    """What others make of a secret, by itself and within more."""
    data, more = secret.encode(), [before + secret.encode() + b":tail" for before in (b"", b"a", b"ab", b"user:")]
    yield from (data.hex(), data.hex().upper(), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1])
    yield re.sub("%..", lambda code: code[0].lower(), quote(secret, safe=""))
    yield "".join(f"%{byte:02x}" for byte in data)
    for encode in (b64encode, urlsafe_b64encode):
        yield from (encode(one).decode() for one in (data, *more))
        yield encode(data).decode().rstrip("=")


@pytest.mark.parametrize("secret", [KEY, SECRET, PASSWORD, "pässword?~>"])
def test_a_secret_is_taken_out_in_any_code(secret: str) -> None:
    """Of base64, where the secret may begin at any of three places, no more than the neighbours' letters are left."""
    for code in codes(secret):
        said = redacted(f"sent {code} there", (secret,))
        assert re.fullmatch(r"sent [\w+/-]{0,8}\*\*\*[\w+/-]{0,8}={0,2} there", said), (code, said)


def test_nothing_else_is_taken_out() -> None:
    """A log that hides what it is about helps nobody."""
    for text in ("mysql://payroll@db.internal/x", "https://api.connecteam.com/me: no answer", "the password is wrong"):
        assert redacted(text, SECRETS) == text
    assert redacted("token=abc&page=2", ()) == "token=***&page=2"
    assert redacted("{'Authorization': 'Bearer abc', 'Accept': 'x'}", ()) == "{'Authorization': '***', 'Accept': 'x'}"
    assert redacted("an empty secret is none", ("", "a")) == "an empty secret is none"


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    """The longest is taken out first."""
    assert redacted("it is abcdefghij", ("abcdef", "abcdefghij")) == "it is ***"


def test_a_password_in_a_url_ends_with_its_last_at() -> None:
    """One that nobody knows and that was not encoded may have an @ itself: nothing of it is left."""
    assert redacted("at mysql://me:p@ss:w@rd@db.internal:3306/x, say") == "at mysql://me:***@db.internal:3306/x, say"
    two = "mysql://me:one@db/x and redis://me:two@db/0"
    assert redacted(two) == "mysql://me:***@db/x and redis://me:***@db/0"


def test_an_event_hides_whatever_else_a_record_has() -> None:
    """Nothing but its fields: no exception, no message."""
    written = ChangesWritten(run=1, time_clock_id=2, window=DAY, created=1, updated=0, deleted=0, linked=0)
    made = record_of(written)
    made.exc_info = raised("Ida Moss was here")
    made.msg = "Ida Moss"
    for form in FORMS:
        assert "Moss" not in LogFormatter(form).format(made)


# -- the command -------------------------------------------------------------------------------------------------------


def lines_of(file: Path) -> list[dict[str, object]]:
    """A log of JSON lines."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_the_command_logs_to_a_file(terminal: Terminal) -> None:
    """One line for each event of each command, behind what is there; the command itself says what it says without."""
    file = terminal.folder / "sync.log"
    given = {"CONNECTEAM_SYNC_LOG": "json", "CONNECTEAM_SYNC_LOG_FILE": str(file)}
    said = terminal("sync", *WINDOW, "--json", **given)
    assert (said.code, said.err) == (0, "")
    found = lines_of(file)
    assert [found[0]["event"], found[-1]["event"]] == ["run_began", "run_ended"]
    assert found[-1]["run"] == said.json["run"]
    assert found[-1]["created"] == said.json["counts"]["created"] == 60
    assert {str(one["level"]) for one in found} <= {"info", "warning"}
    assert terminal("undo", "1", **given).code == 0
    assert len(lines_of(file)) == len(found) + 1
    assert lines_of(file)[-1]["kind"] == "undo"
    people = {part for one in terminal.sandbox.company.people.values() for part in (one.first_name, one.last_name)}
    assert not [name for name in people if name in file.read_text()]
    assert terminal.sandbox.key not in file.read_text()


def test_the_configuration_file_says_so_too(terminal: Terminal) -> None:
    """As text on stderr, where no file is named; stdout is the answer alone."""
    (terminal.folder / "connecteam-sync.toml").write_text('log = "text"\n')
    said = terminal("sync", *WINDOW, "--json")
    assert said.json["counts"]["created"] == 60
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z info run_began process=\d+ kind=sync ", said.err)
    assert "info run_ended" in said.err.splitlines()[-1]


def test_a_failed_command_is_in_the_log_by_its_kind(terminal: Terminal) -> None:
    """Whoever reads the log sees that it was not done, and no words of the error."""
    file = terminal.folder / "sync.log"
    given = {"CONNECTEAM_SYNC_LOG": "json", "CONNECTEAM_SYNC_LOG_FILE": str(file)}
    assert terminal("show", "999", **given).code == 2
    (found,) = lines_of(file)
    assert (found["event"], found["call"], found["error"], found["level"]) == (
        "call_failed",
        "show",
        "not_found",
        "error",
    )


def test_what_nobody_foresaw_is_in_the_log_without_its_words(terminal: Terminal) -> None:
    """Its kind and its place; what it says may name somebody."""
    file = terminal.folder / "sync.log"
    code = (
        "import logging, os\nfrom connecteam_sync.engine import run\n"
        "def boom(*_, **__):\n"
        "    logging.getLogger('connecteam_sync').error('with %s', os.environ['CONNECTEAM_SYNC_API_KEY'])\n"
        "    raise KeyError('Ida Moss')\n"
        "run.run = boom\n"
        "from connecteam_sync.cli.main import main; main()"
    )
    given = {"CONNECTEAM_SYNC_LOG": "json", "CONNECTEAM_SYNC_LOG_FILE": str(file)}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "sync"],
        cwd=terminal.folder,
        env=terminal.environment | given,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    other, found = lines_of(file)
    assert other["message"] == "with ***"
    assert (found["event"], found["error"], found["where"]) == ("unforeseen", "KeyError", "<string>:5")
    assert "Moss" not in file.read_text()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"CONNECTEAM_SYNC_LOG": "xml"}, "off, text, json"),
        ({"CONNECTEAM_SYNC_LOG_FILE": "x.log"}, "log is off"),
        ({"CONNECTEAM_SYNC_LOG": "text", "CONNECTEAM_SYNC_LOG_FILE": "no/such/folder/x.log"}, "cannot be written"),
    ],
)
def test_a_log_that_cannot_be_is_told_before_anything_is_done(
    terminal: Terminal, given: dict[str, str], words: str
) -> None:
    """Exit 2, and no call."""
    calls = terminal.sandbox.calls
    said = terminal("sync", *WINDOW, **given)
    assert said.code == 2
    assert words in said.err
    assert terminal.sandbox.calls == calls


NO_LOGS = ("test.fifo", "a-folder", "/dev/null", "connecteam-sync.db", "./connecteam-sync.db-wal", "a-link", "new.db")


@pytest.mark.parametrize("name", NO_LOGS)
def test_a_log_is_an_ordinary_file_of_its_own(terminal: Terminal, name: str) -> None:
    """No pipe, which would be waited for; no folder, no device, and nothing of the database, which it would destroy."""
    folder = terminal.folder
    os.mkfifo(folder / "test.fifo")
    (folder / "a-folder").mkdir()
    (folder / "a-link").hardlink_to(folder / "connecteam-sync.db")
    database = {"CONNECTEAM_SYNC_DATABASE_URL": "sqlite:///new.db"} if name == "new.db" else {}
    before, calls = (folder / "connecteam-sync.db").read_bytes(), terminal.sandbox.calls
    given = {"CONNECTEAM_SYNC_LOG": "json", "CONNECTEAM_SYNC_LOG_FILE": name, **database}
    for words in (("sync", *WINDOW), ("init",)):
        said = terminal(*words, "--json", **given)
        assert (said.code, said.json["error"]) == (2, "configuration_error"), said
        assert said.json["message"].startswith(f"log_file {Path(name)} is a ")
        assert "to stderr" in said.json["next_step"]
    assert (folder / "connecteam-sync.db").read_bytes() == before
    assert not (folder / "new.db").exists()
    assert not (folder / "connecteam-sync.db-wal").exists()
    assert terminal.sandbox.calls == calls


def test_a_log_is_not_the_configuration(terminal: Terminal) -> None:
    """The next command could not read it."""
    file = terminal.folder / "connecteam-sync.toml"
    file.write_text(text := 'log = "text"\nlog_file = "connecteam-sync.toml"\n')
    assert (terminal("runs").code, file.read_text()) == (2, text)


def test_a_log_that_takes_no_more_stops_nothing(terminal: Terminal) -> None:
    """A file at its largest is told once; the run is what it would have been."""
    most = 1 << 26
    with (terminal.folder / "full.log").open("wb") as file:
        file.truncate(most)
    given = {"CONNECTEAM_SYNC_LOG": "json", "CONNECTEAM_SYNC_LOG_FILE": "full.log"}
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\n"
        "from connecteam_sync.cli.main import main; main()"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "sync", *WINDOW],
        cwd=terminal.folder,
        env=terminal.environment | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "60 new" in done.stdout
    assert done.stderr.count("the log cannot be written") == 1


LIBRARY = """
import connecteam_sync
from datetime import date
with connecteam_sync.ConnecteamSync() as mirror:
    run = mirror.sync(mirror.window(date(2025, 12, 1), date(2025, 12, 11)))
    assert run.errors == {errors}, run
"""


@pytest.mark.parametrize(("fault", "times", "errors"), [("server_error", 1, 0), ("bad_key", 1, 1)])
def test_the_library_prints_nothing(terminal: Terminal, fault: str, times: int, errors: int) -> None:
    """Neither of retries nor of failures, where a program set up no log of its own."""
    terminal.sandbox.faults.add(fault, path="time-activities", times=times)
    done = subprocess.run(  # noqa: S603 - our own library
        [sys.executable, "-c", LIBRARY.format(errors=errors)],
        cwd=terminal.folder,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_takes_the_log_as_it_takes_any(terminal: Terminal) -> None:
    """By the logger's name, with our formatter or its own."""
    code = (
        "import logging, sys\nfrom connecteam_sync.present.log_lines import LogFormatter\n"
        "handler = logging.StreamHandler(sys.stdout)\nhandler.setFormatter(LogFormatter('json'))\n"
        "logger = logging.getLogger('connecteam_sync')\nlogger.addHandler(handler)\nlogger.setLevel(logging.DEBUG)\n"
        + LIBRARY.format(errors=0)
    )
    done = subprocess.run(  # noqa: S603 - our own library
        [sys.executable, "-c", code],
        cwd=terminal.folder,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    kinds = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert kinds[:3] == ["run_began", "step_began", "slice_began"]
    assert kinds[-1] == "run_ended"
