"""A life: an empty table, a cold load, nothing changed (twice and more), a busy hour. Each subject lives it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from company import ZONE
from databases import Scratch
from measure import DELAYS, Bench, Measured, OutOfPatience, Ran, Served

COLD, AFTER, STEADY, INCREMENTAL = "cold", "nothing, after a change", "nothing", "incremental"
STEPS = ((COLD, "before"), (AFTER, "before"), (STEADY, "before"), (STEADY, "before"), (INCREMENTAL, "after"))
DAY, CONSOLE = "ordinary day", "page of the console"
SHORT = tuple(step for number, step in enumerate(STEPS) if number not in {1, 3})
"""A peer's life: nothing of a peer's is warmer the second time."""
BRIEF = tuple(step for number, step in enumerate(STEPS) if number != 2)  # noqa: PLR2004 - one of two equal steps
"""Of a life that is lived three times."""
WITH_DAY = (*BRIEF[:-1], (DAY, "before"), BRIEF[-1])


class Subject(NamedTuple):
    """Who is measured. `module` and `task` of a peer or the library; the command `connecteam-sync` has neither.

    `driver` is the driver the database URL names; `table` and `columns` are where its rows are found.
    """

    name: str
    module: str = ""
    task: str = ""
    driver: str = ""
    is_legacy: bool = False
    table: str = "clock_times"
    columns: str = ""
    kinds: frozenset[str] = frozenset({"sqlite", "mysql", "mariadb", "postgresql"})

    @property
    def how(self) -> str:
        """`process` for the command, `call` for what is timed inside."""
        return "call" if self.module else "process"


COMMAND = Subject("connecteam-sync")
PYMYSQL = Subject("connecteam-sync (PyMySQL)", driver="mysql+pymysql", kinds=frozenset({"mysql", "mariadb"}))
LIBRARY = Subject("connecteam-sync", module="library", task="sync")
ROLLBACK = Subject("connecteam-sync, USE_BATCH_SYNC=false", is_legacy=True)


class Place(NamedTuple):
    """Where lives are lived: a company, a kind of database, and the two it is copied from."""

    bench: Bench
    company: Served
    kind: str
    base: Scratch
    blank: Scratch

    def life(
        self,
        subject: Subject,
        number: int = 0,
        *,
        delay_ms: int | None = None,
        steps: tuple[tuple[str, str], ...] = STEPS,
        patience: float | None = None,
        beside: Callable[[Scratch, int], None] | None = None,
    ) -> float:
        """Live it, noting every step; the seconds of its longest step. `delay_ms` means through the relay.

        `beside` is called when nothing has changed for a while: the floor, on the very rows the product wrote.
        """
        work = self.base.copy()
        longest = 0.0
        try:
            for place, (scenario, state) in enumerate(steps):
                try:
                    measured = self._step(subject, work, scenario, state, number, delay_ms, patience)
                except OutOfPatience:
                    waited = patience or 0
                    given_up = self.estimate(subject, scenario, waited, f"stopped after {waited:.0f} s")
                    given_up.delay_ms, given_up.relay = delay_ms or 0, delay_ms is not None
                    self.bench.note(given_up)
                    return waited
                last = place + 1 == len(steps) or steps[place + 1][1] != state
                if last or scenario == COLD:
                    measured.verdict = work.judge(
                        self.company.folder, state, table=subject.table, columns=subject.columns
                    )
                longest = max(longest, measured.seconds)
                self.bench.note(measured)
                if scenario == STEADY and beside and steps[place + 1][0] != STEADY:
                    beside(work, number)
        finally:
            work.drop()
        return longest

    def _step(
        self,
        subject: Subject,
        work: Scratch,
        scenario: str,
        state: str,
        life: int,
        delay_ms: int | None,
        patience: float | None,
    ) -> Measured:
        relay = self.bench.relays.get(self.kind) if delay_ms is not None else None
        if relay is not None and delay_ms is not None:
            relay.start(delay_ms / 1000)
        url = work.url(subject.driver or None, relay.port if relay else None)
        ran, told = self._run(subject, url, scenario, self.company.ports[state], patience)
        counts = relay.counts() if relay else None
        return Measured(
            database=self.kind,
            shifts=self.shifts,
            subject=subject.name,
            scenario=scenario,
            how=subject.how,
            life=life,
            seconds=told.get("seconds", ran.seconds),
            process_seconds=ran.seconds,
            cpu_seconds=ran.cpu,
            peak_mib=self.bench.above_bare(told.get("peak_kib", ran.peak_kib)),
            statements=told.get("statements"),
            http_calls=told.get("http_calls"),
            relay=relay is not None,
            delay_ms=delay_ms or 0,
            round_trips=counts.round_trips if counts else None,
            bytes_sent=counts.bytes_sent if counts else None,
            bytes_received=counts.bytes_received if counts else None,
        )

    def _run(
        self, subject: Subject, url: str, scenario: str, port: int, patience: float | None
    ) -> tuple[Ran, dict[str, Any]]:
        """The process, and what it said of itself."""
        if subject.module:
            job = {
                "task": subject.task,
                "kind": self.kind,
                "url": url,
                "port": port,
                "folder": str(self.company.folder),
            }
            ran = self.bench.task(subject.module, job, patience=patience)
            return ran, ran.answer
        manifest = self.company.manifest
        window = ["--from", str(manifest.first), "--to", str(manifest.last)]
        if scenario == DAY:
            window = ["--day", str(manifest.day)]
        ran = self.bench.command(["sync", *window, "--json"], url, port, legacy=subject.is_legacy, patience=patience)
        answer = ran.answer
        return ran, {"statements": answer["statements"], "http_calls": answer["http_calls"]}

    @property
    def shifts(self) -> int:
        """The company's size."""
        return self.company.manifest.shifts

    def estimate(self, subject: Subject, scenario: str, seconds: float, why: str) -> Measured:
        """What was not run, and from what its seconds are reckoned."""
        return Measured(
            database=self.kind,
            shifts=self.shifts,
            subject=subject.name,
            scenario=scenario,
            how=subject.how,
            seconds=seconds,
            estimate=True,
            why=why,
        )

    # -- the floor -----------------------------------------------------------------------------------------------------

    def console(self) -> None:
        """The first page of the console over a database that was mirrored into, from a warm process."""
        manifest, work = self.company.manifest, self.base.copy()
        try:
            window = ["--from", str(manifest.first), "--to", str(manifest.last)]
            self.bench.command(["sync", *window, "--json"], work.url(), self.company.ports["before"])
            job = {"task": "opened", "kind": self.kind, "url": work.url(), "port": self.company.ports["before"]}
            taken = self.bench.task("console_page", {**job, "zone": ZONE}).answer["seconds"]
        finally:
            work.drop()
        for seconds in taken:
            self.bench.results.append(
                Measured(
                    database=self.kind,
                    shifts=self.shifts,
                    subject=COMMAND.name,
                    scenario=CONSOLE,
                    how="warm",
                    seconds=seconds,
                )
            )
        self.bench.say(f"{self.kind:<10} {self.shifts:>9,} {CONSOLE:<28} {sorted(taken)[len(taken) // 2]:8.3f} s")

    def pings(self) -> None:
        """A round trip directly, and through the relay at every delay: what the relay itself costs."""
        relay = self.bench.relays[self.kind]
        for delay in (None, *DELAYS):
            relay.start((delay or 0) / 1000)
            port = None if delay is None else relay.port
            job = {"task": "ping", "kind": self.kind, "url": self.base.url(port=port), "port": 0, "folder": ""}
            self.bench.note(
                Measured(
                    database=self.kind,
                    shifts=0,
                    subject="ping",
                    scenario="ping",
                    how="floor",
                    seconds=self.bench.task("floor", job).answer["seconds"],
                    relay=delay is not None,
                    delay_ms=delay or 0,
                )
            )

    def floor(self, work: Scratch, life: int) -> None:
        """Fetching, decoding, reading, comparing and writing, next to the product and on its rows."""
        for task in ("fetch", "decode", "read", "compare", "write_clock_times", "write_all"):
            empty = self.blank.copy() if task.startswith("write") else None
            job = {
                "task": task,
                "kind": self.kind,
                "url": work.url(),
                "port": self.company.ports["before"],
                "folder": str(self.company.folder),
                "blank": empty.url() if empty else "",
            }
            try:
                ran = self.bench.task("floor", job)
            finally:
                if empty:
                    empty.drop()
            told = ran.answer
            self.bench.note(
                Measured(
                    database=self.kind,
                    shifts=self.shifts,
                    subject="floor",
                    scenario=task,
                    how="floor",
                    life=life,
                    seconds=told["seconds"],
                    peak_mib=self.bench.above_bare(told["peak_kib"]),
                    rows=told.get("rows", told.get("records")),
                    size_bytes=told.get("bytes"),
                )
            )


ALL = frozenset({"sqlite", "mysql", "mariadb", "postgresql"})
DLT: dict[str, Any] = {"table": "dlt_clock_times", "columns": "source"}
PEERS = (
    Subject("legacy", "handmade", "legacy"),
    Subject("option A", "handmade", "option_a"),
    Subject("option B", "handmade", "option_b"),
    Subject("option C", "handmade", "option_c"),
    Subject("SQLAlchemy session.merge", "orm", "merge"),
    Subject("dlt delete-insert", "dlt_peer", "delete_insert", **DLT),
    Subject("dlt upsert", "dlt_peer", "upsert", kinds=frozenset({"postgresql"}), **DLT),
)
