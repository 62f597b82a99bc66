"""What a measured process is told, and how it answers: one JSON object in, one out."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from company import Manifest, manifest_of
from sqlalchemy import URL, make_url


class Job(msgspec.Struct, kw_only=True):
    """A task. `url` is the database, `port` the upstream's, `folder` the company's, `scratch` a place for files.

    `blank` is a second database with the same tables and no rows, where the task writes into one.
    """

    task: str
    kind: str
    url: str
    port: int
    folder: str
    scratch: str
    blank: str = ""

    @property
    def where(self) -> URL:
        """The database, in parts."""
        return make_url(self.url)

    @property
    def manifest(self) -> Manifest:
        """What the company's folder is about."""
        return manifest_of(Path(self.folder))


class Timer:
    """Seconds between `start` and `stop`; a task times only what it is about."""

    seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the block; blocks add up."""
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began


def peak_kib() -> int:
    """This process's own peak memory so far."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def main(tasks: dict[str, Callable[[Job, Timer], dict[str, Any]]]) -> None:
    """Do the task of the job in the first argument; its answer, with seconds and peak, is the last line of stdout."""
    job = msgspec.json.decode(sys.argv[1], type=Job)
    timer = Timer()
    answer = tasks[job.task](job, timer)
    print(msgspec.json.encode({"seconds": timer.seconds, "peak_kib": peak_kib(), **answer}).decode())
