"""Commands in processes that start in milliseconds: forked from one that has loaded the program."""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from connecteam_sync.cli.main import main

# The fork server finds the module to preload by the environment only.
os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["support.everything"])
_PATIENCE = 60


@dataclass
class Done:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


def command(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
    """Run `connecteam-sync` with these words in a process, folder and environment of its own."""
    with TemporaryDirectory() as answers:
        out, err = Path(answers, "out"), Path(answers, "err")
        process = FORKS.Process(target=_main, args=(tuple(words), folder, dict(environment), out, err))
        process.start()
        process.join(_PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        assert process.exitcode is not None, f"{words} did not end within {_PATIENCE} seconds"
        return Done(process.exitcode, out.read_text(), err.read_text())


def _main(words: tuple[str, ...], folder: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    """Set up the process as the interpreter would, then run the command."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    for number, file in ((0, None), (1, out), (2, err)):
        opened = os.open(file or os.devnull, os.O_WRONLY | os.O_CREAT if file else os.O_RDONLY, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
    sys.argv = ["connecteam-sync", *words]
    main()
