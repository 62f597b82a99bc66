"""Run one process and take its measures; hold what a whole run shares: companies, upstreams, relays, results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from company import ZONE, Manifest, manifest_of
from databases import Scratch, servers
from relay import Relay
from sqlalchemy import make_url

HERE = Path(__file__).parent
COMMAND = str(Path(sysconfig.get_path("scripts")) / "connecteam-sync")
DELAYS = (0, 1, 10, 50)


class Measured(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One measurement. `how` is `process`, `call` (timed inside the process, imports not included) or `floor`.

    `seconds` is what `how` says; `process_seconds` the whole process where they differ. `peak_mib` is above a bare
    interpreter. With `relay` the program reached its database through the relay, `delay_ms` a round trip. `estimate`:
    not run, but reckoned; `why` says from what.
    """

    database: str
    shifts: int
    subject: str
    scenario: str
    how: str
    seconds: float
    life: int = 0
    process_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_mib: float | None = None
    statements: int | None = None
    http_calls: int | None = None
    relay: bool = False
    delay_ms: int = 0
    round_trips: int | None = None
    bytes_sent: int | None = None
    bytes_received: int | None = None
    verdict: str | None = None
    rows: int | None = None
    size_bytes: int | None = None
    estimate: bool = False
    why: str = ""


class DayFound(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A working day of a company. What it cost is that of 24 hours; `counted` of its `visits` were lived and counted.

    `cpu` is the program's alone, `cpu_at_rest` the part of it that was spent between visits. `calls_a_visit` are those
    of most visits; before rows go, it asks again. `estimate`: other hours or visits stand for some of it; `why` is said
    where nothing was lived at all. `verdict` is of the rows of the last days.
    """

    people: int
    database: str
    subject: str
    sample: str
    counted: int
    visits: int
    cpu: float
    run_p50: float
    run_p95: float
    run_cpu_p50: float
    cpu_at_rest: float = 0
    statements: int | None = None
    calls: int | None = None
    calls_a_visit: float | None = None
    trips: int | None = None
    sent: int | None = None
    written: int | None = None
    lag_p50: int | None = None
    lag_p95: int | None = None
    changes: int | None = None
    verdict: str = ""
    estimate: bool = False
    why: str = ""


class RunFound(msgspec.Struct, kw_only=True):
    """Runs of one kind in a company's day: `nobody` changed, `some` did (1 %), or it was the one `after` these."""

    people: int
    database: str
    scenario: str
    cpu: list[float]
    seconds: list[float]
    statements: int
    trips: int | None


class ClocksFound(msgspec.Struct, kw_only=True):
    """A run over so many time clocks in which nothing changed, a look for each and for one that is archived."""

    database: str
    looks: int
    statements: int
    trips: int | None
    cpu: float
    seconds: float


class Ran(msgspec.Struct):
    """How a process went. `out` is its stdout; `peak_kib` its own."""

    seconds: float
    peak_kib: int
    cpu: float
    exit: int
    out: str = ""
    err: str = ""

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        found = msgspec.json.decode(self.out.strip().splitlines()[-1])
        assert isinstance(found, dict)
        return found


class OutOfPatience(Exception):  # noqa: N818 - not an error: a peer that is slow
    """The process took longer than it may."""


class Served:
    """A company's folder, and the upstream that serves it."""

    def __init__(self, shifts: int, folder: Path) -> None:
        self.folder = folder / f"company-{shifts}"
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, str(HERE / "company.py"), str(shifts), str(self.folder)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.manifest: Manifest = manifest_of(self.folder)
        self._upstream = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(HERE / "upstream.py"), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._upstream.stdout is not None
        before, after = self._upstream.stdout.readline().split()
        self.ports = {"before": int(before), "after": int(after)}

    def close(self) -> None:
        """End the upstream."""
        assert self._upstream.stdin is not None
        self._upstream.stdin.close()
        self._upstream.wait()


class Bench:
    """One run. Everything it made is gone when the with-block ends."""

    def __init__(self, listed: str, *, patience: float, wanted: set[str]) -> None:
        found, self.absent = servers(listed)
        self.servers = {"sqlite": "", **found}
        if wanted:
            self.servers = {kind: url for kind, url in self.servers.items() if kind in wanted}
        self.patience = patience
        self.results: list[Measured] = []
        self.days: list[DayFound] = []
        self.runs: list[RunFound] = []
        self.clocks: list[ClocksFound] = []
        self._companies: dict[int, Served] = {}
        self._stack = ExitStack()
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        self.scratch = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self.relays: dict[str, Relay] = {}
        for kind, server in self.servers.items():
            if server:
                url = make_url(server)
                default = 5432 if kind == "postgresql" else 3306
                relay = Relay(url.host or "127.0.0.1", url.port or default)
                self.relays[kind] = self._stack.enter_context(relay)
        bare = [self.launch([sys.executable, "-I", "-c", "pass"], {}).peak_kib for _ in range(5)]
        self.bare_kib = sorted(bare)[2]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def company(self, shifts: int) -> Served:
        """A company of a size; the first call makes it."""
        if shifts not in self._companies:
            self.say(f"making a company of {shifts:,} shifts")
            self._companies[shifts] = Served(shifts, self.scratch)
            self._stack.callback(self._companies[shifts].close)
        return self._companies[shifts]

    def say(self, words: str) -> None:
        """A line of progress, with the minutes since the beginning."""
        spent = time.perf_counter() - self._began
        print(f"{int(spent // 60):3}:{int(spent % 60):02}  {words}", file=sys.stderr, flush=True)

    def note(self, measured: Measured) -> None:
        """Keep a result, and show it."""
        self.results.append(measured)
        m = measured
        marks = f" {m.delay_ms} ms" if m.delay_ms else ""
        trips = "" if m.round_trips is None else f" {m.round_trips:,} round trips"
        self.say(
            f"{m.database:<10} {m.shifts:>9,} {m.subject:<28} {m.scenario:<20} {m.how:<8}{marks} {m.seconds:8.3f} s"
            f"{trips}{' (estimate)' if m.estimate else ''} {m.verdict or ''}"
        )

    def note_day(self, found: DayFound) -> None:
        """Keep a day, and show it."""
        self.days.append(found)
        self.say(
            f"{found.database:<10} {found.people:>9,} {found.subject:<28} {found.sample:<20} {found.cpu:8.1f} s of CPU"
            f"{' (estimate)' if found.estimate else ''} {found.verdict or found.why}"
        )

    def note_run(self, found: RunFound) -> None:
        """Keep runs, and show them."""
        self.runs.append(found)
        self.say(
            f"{found.database:<10} {found.people:>9,} {found.scenario:<28} {'run':<20}"
            f" {sorted(found.cpu)[len(found.cpu) // 2]:8.3f} s of CPU"
        )

    def above_bare(self, kib: int) -> float:
        """Mebibytes above an interpreter that imported nothing."""
        return round((kib - self.bare_kib) / 1024, 1)

    # -- processes -----------------------------------------------------------------------------------------------------

    def launch(self, command: list[str], env: dict[str, str], *, patience: float | None = None) -> Ran:
        """Run a process alone and measure it. Raises OutOfPatience."""
        file = self.scratch / f"measure-{time.perf_counter_ns()}.json"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONNECTEAM", "USE_BATCH"))}
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-I", "-S", str(HERE / "launch.py"), str(file), *command],
            env={**clean, **env},
            cwd=self.scratch,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise OutOfPatience from error
        ran = msgspec.json.decode(file.read_bytes(), type=Ran)
        file.unlink()
        ran.out, ran.err = out, err
        return ran

    def task(self, module: str, job: dict[str, Any], *, patience: float | None = None) -> Ran:
        """Run a task of a module of this folder (see `job.py`). Raises RuntimeError where it fails."""
        text = msgspec.json.encode({"scratch": str(self.scratch), **job}).decode()
        ran = self.launch([sys.executable, str(HERE / f"{module}.py"), text], {}, patience=patience)
        if ran.exit:
            msg = f"{module} {job['task']} on {job['kind']}: {ran.err[-3000:]}"
            raise RuntimeError(msg)
        return ran

    def command(
        self, words: list[str], url: str, port: int, *, legacy: bool = False, patience: float | None = None
    ) -> Ran:
        """Run `connecteam-sync` as its users do. Raises RuntimeError unless it exits 0, or 3 (something is held)."""
        env = {
            "CONNECTEAM_SYNC_API_KEY": "bench",
            "CONNECTEAM_SYNC_BASE_URL": f"http://127.0.0.1:{port}",
            "CONNECTEAM_SYNC_TIMEZONE": ZONE,
            "CONNECTEAM_SYNC_DATABASE_URL": url,
            **({"USE_BATCH_SYNC": "false"} if legacy else {}),
        }
        ran = self.launch([COMMAND, *words], env, patience=patience)
        if ran.exit not in {0, 3}:
            msg = f"connecteam-sync {' '.join(words)}: exit {ran.exit}: {ran.out[-1000:]} {ran.err[-2000:]}"
            raise RuntimeError(msg)
        return ran

    # -- databases -----------------------------------------------------------------------------------------------------

    def prepare(self, kind: str, company: Served) -> tuple[Scratch, Scratch]:
        """Two scratch databases after `init`: one with employees and rows entered by hand, and one with no row."""
        blank = Scratch(kind, self.servers[kind], self.scratch)
        blank.create()
        self.command(["init"], blank.url(), company.ports["before"])
        base = blank.copy()
        base.fill(company.folder)
        return base, blank
