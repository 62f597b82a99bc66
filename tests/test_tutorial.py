"""What the tutorial and the README tell a newcomer to type is typed, and what they show is what comes."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer.main

from connecteam_sync.cli.commands import app

ROOT = Path(__file__).parent.parent
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
README = (ROOT / "README.md").read_text()

_END = "=== exit "
_PATIENCE = 240
"""Seconds that a page may take on a busy machine; it takes about ten."""
_PROSE = re.compile(r"^(?! {4})\S")


def blocks(page: str) -> list[list[str]]:
    """The indented blocks of a page, without their indent."""
    found: list[list[str]] = [[]]
    for line in page.splitlines():
        if line.startswith("    "):
            found[-1].append(line[4:])
        elif _PROSE.match(line) and found[-1]:
            found.append([])
    return [block for block in found if block]


def steps(page: str) -> list[tuple[str, list[str]]]:
    """Each command that stands after `$ `, and the lines that are shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in (line for block in blocks(page) for line in block):
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def as_shown(shown: list[str]) -> re.Pattern[str]:
    """What the lines allow: `…` within a line stands for anything, alone on a line for any number of lines."""
    each = ("(?:.*\n)*" if line.strip() == "…" else re.escape(line).replace("…", ".*") + "\n" for line in shown)
    return re.compile("".join(each))


def clean() -> dict[str, str]:
    """The environment of somebody who has configured nothing; nothing is held back, as in most containers."""
    ours = ("CONNECTEAM_SYNC_", "USE_BATCH_SYNC")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def terminal_of_the_sandbox(command: str, folder: Path, port: int) -> Iterator[list[str]]:
    """The first terminal: the sandbox on a free port; the lines that it shows, with the port that the page has."""
    with subprocess.Popen(  # noqa: S602 - a line of our own tutorial
        f"exec {command} --port {port}",
        shell=True,
        cwd=folder,
        env=clean(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        patience = threading.Timer(_PATIENCE, process.kill)
        patience.start()
        try:
            assert process.stdout is not None
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if line.startswith("next"):
                    break
            yield lines
        finally:
            patience.cancel()
            process.terminate()


def type_in(commands: list[str], folder: Path, environment: dict[str, str]) -> list[tuple[int, str]]:
    """One shell in which the commands are typed one after the other: the exit code and the output of each."""
    script = "".join(f"{command}\necho '{_END}'$?\n" for command in commands)
    done = subprocess.run(
        ["bash"],  # noqa: S607 - the shell of whoever runs the tests
        input=script,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PATIENCE,
        check=False,
    )
    found = re.findall(rf"((?:.*\n)*?){_END}(\d+)\n", done.stdout)
    assert len(found) == len(commands), done.stdout
    return [(int(code), output) for output, code in found]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder in which `.venv/bin` is the one that runs these tests, as in a clone after `make`."""
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / ".venv").symlink_to(sys.prefix)
    return tmp_path / "clone"


def test_each_line_of_the_tutorial_does_what_the_page_shows(clone: Path) -> None:
    """In a folder of its own, with the real command: every line that is shown comes, and no other."""
    (serve, shown), *rest = steps(TUTORIAL)
    port = free_port()
    with terminal_of_the_sandbox(serve, clone, port) as lines:
        assert [line.replace(str(port), "8123") for line in lines] == shown
        pasted = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        assert len(pasted) == 3
        ours = free_port()
        asked = f"connecteam-sync serve --port {ours} --metrics-port 0"
        typed = [command.replace("connecteam-sync serve", asked) for command, _ in rest]
        answers = type_in(typed, clone, clean() | pasted | {"TMPDIR": str(clone)})
    for (command, expected), (code, said) in zip(rest, answers, strict=True):
        # It is said since a port was named; the page names none.
        output = re.sub(r"metrics are at \S+\n", "", said.replace(str(ours), "8787"))
        assert as_shown(expected).fullmatch(output), f"$ {command}\n{output}"
        assert code == 0, command
    assert {"init", "doctor", "plan", "sync", "verify", "history", "undo", "runs"} <= {c.split()[1] for c, _ in rest}


def test_the_demo_is_the_one_the_tutorial_tells_of(tmp_path: Path) -> None:
    """`make demo` runs the command, and the numbers that the page gives are in what it says."""
    made = subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/.ready", "demo"],  # noqa: S607 - whoever runs the tests has make
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    assert made.stdout.strip() == ".venv/bin/connecteam-sync demo"
    command = Path(sys.executable).parent / "connecteam-sync"
    told = subprocess.run([command, "demo"], cwd=tmp_path, env=clean(), text=True, capture_output=True, check=True)  # noqa: S603
    for number, what in re.findall(r"(\d+) (people|shifts)", TUTORIAL.partition("## By hand")[0]):
        assert re.search(rf"\b{number} {what}", told.stdout), (number, what)


def test_the_first_steps_of_the_readme_work(clone: Path) -> None:
    """Against the sandbox and SQLite, instead of the account and the server that the page names."""
    port = free_port()
    shown = [line.partition("  #")[0].strip() for block in blocks(README) for line in block]
    exports = [line for line in shown if line.startswith("export ")]
    commands = [line for line in shown if line.startswith("connecteam-sync ")]
    assert len(exports) == 3
    assert len(commands) == 5
    own = "\n".join(exports).replace("/etc/connecteam-sync", str(clone))
    own = re.sub(r"mysql://\S+", "sqlite:///payroll.db", own)
    with terminal_of_the_sandbox(".venv/bin/connecteam-sync sandbox", clone, port):
        (clone / "key").write_text("sandbox-key")
        environment = clean() | {
            "CONNECTEAM_SYNC_BASE_URL": f"http://127.0.0.1:{port}",
            "PATH": f"{clone}/.venv/bin:{os.environ['PATH']}",
        }
        answers = type_in([own, *commands], clone, environment)
        program = "\n".join(line for block in blocks(README) for line in block if _is_python(block))
        ran = subprocess.run(  # noqa: S603 - the page's own program
            [sys.executable, "-c", program],
            cwd=clone,
            env=environment | {"CONNECTEAM_SYNC_API_KEY": "sandbox-key"},
            text=True,
            capture_output=True,
            check=False,
        )
    assert [code for code, _ in answers] == [0] * 6, answers
    assert "verify" in answers[-1][1]
    assert ran.stdout.startswith("applied "), ran
    assert ran.stdout.endswith(" 0\n")


def _is_python(block: list[str]) -> bool:
    return any(line.startswith("from connecteam_sync import") for line in block)


_SHOWN = re.compile(
    r"`connecteam-sync ([^`]+)`|^ {4}(?!(?:\$ )?ssh-keygen|Good )(?:[^#\n]*[ (/])?connecteam-sync ([^)#>;|\n]+)",
    re.MULTILINE,
)


def unknown_in(words: list[str]) -> set[str]:
    """The words after the command's name that it does not know: a command, or options of one."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.split("=")[0] for word in words if word.startswith("-")}
    first = {word for word in words[:1] if command.name == app.info.name and not word.startswith("-")}
    return used - known - {"-h", "--help"} | first


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_each_command_that_a_page_shows_exists(page: Path) -> None:
    """With every option it is shown with: a page must not tell of what was renamed or taken away."""
    shown = [inline or block for inline, block in _SHOWN.findall(page.read_text())]
    words = {said: re.sub(r"\"[^\"]*\"|'[^']*'", "TEXT", said).split() for said in shown}
    unknown = {said: unknown_in([word.rstrip(".,:") for word in each]) for said, each in words.items()}
    assert {said: names for said, names in unknown.items() if names} == {}


def test_a_command_that_is_not_there_is_noticed() -> None:
    """Or an option that only another command has."""
    assert unknown_in(["synchronise", "--from", "DAY"]) == {"synchronise", "--from"}
    assert unknown_in(["verify", "--from", "DAY", "--accept", "X"]) == {"--accept"}
    assert not unknown_in(["holds", "ack", "17", "--reason", "TEXT"])
