"""Every command and option with numbers, days, texts and files that nobody means: a sentence, never a traceback.

The words are made from the commands' own parameters, so a new one is tried without being named here.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from connecteam_sync import ConnecteamSync
from connecteam_sync.cli.commands import app
from connecteam_sync.config import KEYS
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings

NUMBERS = (
    "99999999999999999999",
    str(10**23),
    "9" * 5000,
    "-1",
    "0",
    "1e9",
    "0x10",
    "\u0663",
    "",
    " ",
    "NaN",
    str(2**63),
)
DAYS = (
    "9999-12-31",
    "0001-01-01",
    "1970-01-01",
    "2025-02-30",
    "99999-01-01",
    "2025-12-01T00:00",
    "\u0662\u0660\u0662\u0665-12-01",
    "",
    "\x1b[31m",
    "9" * 5000,
    "-1",
)
TEXTS = (
    "",
    " ",
    "\x1b[2J",
    "a\nb",
    "'; DROP TABLE clock_times; --",
    "9" * 5000,
    "\udcff",
    "%s{}\\",
    "-",
    "--",
    str(10**23),
)
FILES = ("", "/", "/nonexistent/x", ".", "/dev/null", "/proc/self/mem", "\udcff", "x" * 5000)
IS_A_DAY = {"--from", "--to", "--day"}
SLOW = {"sandbox", "demo", "serve"}
ANY_TEXT = {"--company-id"}
"""They serve, or tell a whole story: tried with what they refuse only."""
CODES = {0, 1, 2, 3, 4, 5}


class Command(NamedTuple):
    """A command by its words, and its parameters."""

    words: tuple[str, ...]
    parameters: list[Any]


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[Command]:  # noqa: ANN401 - typer's own click
    """Every command there is."""
    command = command or typer.main.get_command(app)
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))
    if words:
        yield Command(words, [p for p in command.params if p.name != "help"])


def values(parameter: Any) -> tuple[str, ...]:  # noqa: ANN401 - same
    """What is tried for a parameter."""
    kind = parameter.type.name
    if IS_A_DAY & set(parameter.opts):
        return DAYS
    return NUMBERS if kind.startswith("int") else FILES if kind == "path" else TEXTS


def plain(parameter: Any) -> list[str]:  # noqa: ANN401 - same
    """An ordinary value for a parameter that has to be there."""
    kind = parameter.type.name
    value = "2025-12-03" if IS_A_DAY & set(parameter.opts) else "1" if kind.startswith("int") else "x"
    return [value] if not parameter.opts[0].startswith("--") else [parameter.opts[0], value]


ALL = [(found, p) for found in commands() for p in found.parameters if p.type.name != "boolean"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An initialised database next to a small company, and a run on record; the environment of a command."""
    folder = tmp_path_factory.mktemp("hostile")
    with Sandbox(Company(20), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        found = {
            "CONNECTEAM_SYNC_BASE_URL": sandbox.url,
            "CONNECTEAM_SYNC_API_KEY": sandbox.key,
            "CONNECTEAM_SYNC_TIMEZONE": "America/Chicago",
            "CONNECTEAM_SYNC_DATABASE_URL": f"sqlite:///{folder}/hours.db",
        }
        for words in (["init"], ["sync", "--from", "2025-12-01", "--to", "2025-12-05"]):
            assert said(words, found, folder).code == 0
        yield {**found, "FOLDER": str(folder)}


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


def said(words: list[str], environment: dict[str, str], folder: Path) -> Said:
    """A command in this process: whatever is no exit of its own is raised here, where a user would see a traceback."""
    before, here = dict(os.environ), Path.cwd()
    out, err = io.StringIO(), io.StringIO()
    for name in [name for name in os.environ if name.startswith("CONNECTEAM_SYNC_") or name == "USE_BATCH_SYNC"]:
        del os.environ[name]
    os.environ.update({k: v for k, v in environment.items() if k != "FOLDER"})
    os.chdir(folder)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            app(words, prog_name="connecteam-sync")
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
    return Said(code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize(("command", "parameter"), ALL, ids=[f"{' '.join(c.words)} {p.opts[0]}" for c, p in ALL])
def test_every_option_with_what_nobody_means(place: dict[str, str], command: Command, parameter: Any) -> None:  # noqa: ANN401 - typer's own click
    """An exit of the contract, a word on stderr or an answer; nothing that steers a terminal."""
    others = [word for p in command.parameters if p.required and p is not parameter for word in plain(p)]
    if parameter.opts[0] in {"--to", "--link-minutes"} and not others:
        others = ["--from", "2025-12-03"]
    for value in values(parameter):
        is_option = parameter.opts[0].startswith("--")
        words = [parameter.opts[0], value] if is_option else ["--", value]
        told = [*command.words, *others, *words] if is_option else [*command.words, *words, *others]
        if command.words[0] in SLOW and (value not in NUMBERS[:3] or parameter.opts[0] in ANY_TEXT):
            continue
        done = said(told, place, Path(place["FOLDER"]))
        assert done.code in CODES, (told, done)
        assert done.code == 0 or done.err or done.out, told
        assert "\x1b" not in done.out + done.err
        if parameter.type.name.startswith("int") and value in NUMBERS[:3]:
            assert done.code == 2, (told, done)
        if value in DAYS[:2] and IS_A_DAY & set(parameter.opts):
            assert done.code == 2, (told, done)


VARIABLES = [f"CONNECTEAM_SYNC_{key.upper()}" for key in KEYS] + [
    "CONNECTEAM_SYNC_API_KEY",
    "CONNECTEAM_SYNC_API_KEY_FILE",
    "CONNECTEAM_SYNC_CLIENT_ID",
    "CONNECTEAM_SYNC_CLIENT_SECRET_FILE",
    "CONNECTEAM_SYNC_DATABASE_URL_FILE",
    "CONNECTEAM_SYNC_SMTP_URL",
    "CONNECTEAM_SYNC_ALERTS_APPRISE_URLS_FILE",
    "CONNECTEAM_SYNC_TABLE_PREFIX",
    "CONNECTEAM_SYNC_TABLE_SCHEMA",
    "CONNECTEAM_SYNC_API_KEYY",
    "USE_BATCH_SYNC",
]
HOSTILE = (
    *NUMBERS[:5],
    *TEXTS,
    "/",
    "/dev/null",
    "inf",
    "-inf",
    "1e400",
    "true",
    "sqlite://",
    "http://[::1",
    "../../x",
)


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_with_what_nobody_means(place: dict[str, str], variable: str) -> None:
    """Whatever stands in the environment: `runs` and `doctor` answer, or end with 2 (a key: 1) and a sentence."""
    for value in HOSTILE:
        if "\0" in value:
            continue
        for words in (["runs"], ["doctor"], ["plan", "--day", "2025-12-03"]):
            environment = {**place, variable: value}
            if variable.endswith(("_FILE", "CLIENT_ID")):
                environment.pop(variable.removesuffix("_FILE"), None)
                environment.pop("CONNECTEAM_SYNC_API_KEY", None)
            done = said(words, environment, Path(place["FOLDER"]))
            assert done.code in {0, 1, 2, 3, 75}, (words, value, done)
            assert done.code == 0 or done.err or done.out
            assert place["CONNECTEAM_SYNC_API_KEY"] not in done.out + done.err
            assert "\x1b" not in done.out + done.err


def test_a_wrong_variable_names_the_right_one(place: dict[str, str]) -> None:
    """The secrets among them."""
    for wrong, right in (
        ("API_KEYY", "API_KEY"),
        ("APIKEY", "API_KEY"),
        ("API_KEY_FIL", "API_KEY_FILE"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("CLIENT_SECRETS", "CLIENT_SECRET"),
        ("TIMEZON", "TIMEZONE"),
        ("USE_BATCH", "USE_BATCH_SYNC"),
    ):
        done = said(["runs"], {**place, f"CONNECTEAM_SYNC_{wrong}": "1"}, Path(place["FOLDER"]))
        assert done.code == 2
        assert f"{right}'" in done.err, done.err


def test_what_a_library_calls_with_is_refused_as_well(place: dict[str, str]) -> None:
    """A program has no options that are checked."""
    mirror = ConnecteamSync(
        place["CONNECTEAM_SYNC_API_KEY"],
        database_url=place["CONNECTEAM_SYNC_DATABASE_URL"],
        timezone="America/Chicago",
    )
    for call in (lambda: mirror.undo(10**23), lambda: mirror.show(10**23), lambda: mirror.runs(10**23)):
        with pytest.raises(ConnecteamSyncError) as error:
            call()
        assert error.value.exit_code == 2
    mirror.close()
    assert sys.exc_info() == (None, None, None)


def test_a_saved_plan_follows_no_link_and_writes_to_no_device(place: dict[str, str], tmp_path: Path) -> None:
    """Whoever may write to the folder could have it write into a file of somebody else."""
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    link, beside = tmp_path / "plan.json", tmp_path / "beside.json"
    link.symlink_to(precious)
    beside.hardlink_to(precious)
    plan = ["plan", "--from", "2025-12-01", "--to", "2025-12-05", "--out"]
    for target in (link, tmp_path / "link-to-nothing", tmp_path, Path("/dev/null"), Path("/dev/full")):
        if target.name == "link-to-nothing":
            target.symlink_to(tmp_path / "nothing")
        done = said([*plan, str(target)], place, tmp_path)
        assert done.code == 2, done
        assert "cannot be written" in done.err
    assert precious.read_text() == "keep me"
    assert not (tmp_path / "nothing").exists()
    assert said([*plan, str(beside)], place, tmp_path).code == 0
    assert precious.read_text() == "keep me", "a hard link is replaced, not written through"
    assert beside.stat().st_mode & 0o777 == 0o600
    assert sorted(found.name for found in tmp_path.iterdir()) == [
        "beside.json",
        "link-to-nothing",
        "plan.json",
        "precious",
    ]
    assert said(["apply", str(beside)], place, tmp_path).code in {0, 3}


def test_a_key_file_that_others_may_write_is_warned_of(place: dict[str, str], tmp_path: Path) -> None:
    """On stderr, with the cure; the command goes on. One that they may only read is their administrator's choice."""
    file = tmp_path / "key"
    file.write_text(place["CONNECTEAM_SYNC_API_KEY"])
    environment = {**place, "CONNECTEAM_SYNC_API_KEY_FILE": str(file)}
    environment.pop("CONNECTEAM_SYNC_API_KEY")
    for mode, warned in ((0o600, False), (0o444, False), (0o660, True), (0o602, True)):
        file.chmod(mode)
        done = said(["plan", "--day", "2025-12-03", "--json"], environment, tmp_path)
        assert done.code == 0, done
        assert (f"chmod go-w {file}" in done.err) is warned
        assert done.out.count("\n") == 1
