"""A fleet for the failure matrix: companies that change, processes that are hurt, and what has to be so in the end."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connecteam_sync.core.fleet import Turn
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.server import Tenant
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from connecteam_sync.worker.app import DEAD, PREFIX, QUEUES
from support.bell_site import SECRET, body_of, ring
from support.fleet_accounts import PATIENCE, Fleet, announced, rabbit, until, virtual_host
from support.killable_servers import Server, started
from support.silent_line import Line, line_to

MOMENTS = Path(__file__).parent / "fleet_moments"
LEASE = 6
"""Seconds of a lease in the matrix, where the program has 60; `docs/reliability.md` names the cell that keeps those."""
CADENCE = 30
SLACK = 10
"""Seconds after a lease within which what was killed is looked at again."""
CALM = SandboxSettings(minute_limit=10**6, day_limit=10**6)
Row = tuple[int, int, int | None, float | None]


class Tally(msgspec.Struct):
    """What a cell has done, for the table at the end."""

    cell: str
    accounts: int = 0
    visits: int = 0
    """Turns that were done."""
    kills: int = 0
    calls: int = 0
    lost: int = 0
    slowest: float = 0.0
    note: str = ""

    @property
    def line(self) -> str:
        """A line of the table."""
        slowest = f"{self.slowest:.1f} s" if self.slowest else "-"
        numbers = f"{self.visits:>6}{self.kills:>7}{self.lost:>6}{self.calls:>7}{slowest:>9}"
        return f"{self.cell:<44}{self.accounts:>9}{numbers}  {self.note}".rstrip()


HEAD = f"{'cell':<44}{'accounts':>9}{'turns':>6}{'killed':>7}{'lost':>6}{'calls':>7}{'slowest':>9}"


class Site:
    """Accounts, their companies, and the processes that look after them. `allowed` is what each may ask in all."""

    def __init__(self, fleet: Fleet, *, cell: str, control: str, broker: str | None, allowed: int) -> None:
        self.fleet, self.broker, self.allowed = fleet, broker, allowed
        self.server: Server | None = None
        self.line: Line | None = None
        self.control = ControlDatabase(control)
        self.control.init()
        self.tally = Tally(cell=cell, accounts=len(fleet.names))
        self.addresses: dict[str, str] = {}
        self.companies = dict(zip(fleet.names, fleet.sandbox.companies, strict=True))
        self._mirrors = {name: fleet.mirror(name) for name in fleet.names}
        self._added = itertools.count(1)

    def close(self) -> None:
        """Give back every connection."""
        self.control.close()
        for mirror in self._mirrors.values():
            mirror.close()

    # -- processes ----------------------------------------------------------------------------------------------------

    @contextmanager
    def serve(self, *words: str, **environment: str) -> Iterator[Popen[str]]:
        """A dispatcher that has begun, whose doorbells are used from now on."""
        with self.fleet.process("serve", "--json", "--port", "0", "--metrics-port", "0", *words, **environment) as one:
            said = announced(one)
            self.addresses = {found["name"]: found["hooks_url"] for found in said["accounts"]}
            yield one

    @contextmanager
    def doomed(self, *words: str, **environment: str) -> Iterator[Popen[str]]:
        """A dispatcher that may be killed before it says that it has begun."""
        with self.fleet.process("serve", "--json", "--port", "0", *words, **environment) as one:
            yield one

    @contextmanager
    def worker(self, *words: str, **environment: str) -> Iterator[Popen[str]]:
        """A worker; whoever needs it to have begun reads its first line."""
        with self.fleet.process("worker", "--json", *words, **environment) as one:
            yield one

    def at(self, moment: str) -> dict[str, str]:
        """The environment of a process that acts at a moment."""
        return {"FLEET_MOMENT": moment, "FLEET_MARK": str(self._mark)}

    @property
    def _mark(self) -> Path:
        return self.fleet.folder / "moment"

    def acted(self) -> float | None:
        """When a process did what it was to do at its moment, in epoch seconds; None before."""
        said = self._mark.read_text() if self._mark.exists() else ""
        return float(said) if said else None

    # -- companies ----------------------------------------------------------------------------------------------------

    def shift_of(self, name: str, clock: int) -> dict[str, Any]:
        """Somebody has worked for a minute on a time clock of a company; the doorbell that says so."""
        company = self.companies[name].company
        start = int(time.time()) - 7200 - 90 * next(self._added)
        user = min(one.id for one in company.people.values() if clock in one.clocks)
        shift = company.add(user, start, start + 60, clock=clock)
        return body_of("admin_add", clock, timeActivity={"id": shift.id, "start": {"timestamp": start}}, userId=user)

    def clocks(self, name: str) -> list[int]:
        """The time clocks of a company."""
        return sorted({min(one.clocks) for one in self.companies[name].company.people.values()})

    def work(self, name: str, *, rings: bool = True) -> None:
        """On each time clock of a company somebody has worked for a minute; the account's doorbell says so."""
        for clock in self.clocks(name):
            body = self.shift_of(name, clock)
            assert not rings or ring(self.addresses[name], body).status_code == HTTPStatus.NO_CONTENT, self.told()

    def rung(self, name: str) -> int:
        """The status of the answer to a doorbell of an account."""
        return ring(self.addresses[name], self.shift_of(name, self.clocks(name)[0])).status_code

    def work_everywhere(self, *, rings: bool = True) -> None:
        """The same in each."""
        for name in self.fleet.names:
            self.work(name, rings=rings)

    def correct_everywhere(self) -> None:
        """Each company corrects its shifts: they were two minutes and a half, of which two are whole."""
        for handlers in self.companies.values():
            for shift in handlers.company.shifts():
                handlers.company.edit(shift.id, end=shift.start + 150)

    def is_right(self, name: str) -> bool:
        """Whether an account's table has each shift of its company, once, and nothing else."""
        with self._mirrors[name].store.reading() as session:
            users = {one.id: int(one.connecteam_user_id or 0) for one in session.employees()}
            rows = session.rows_of_all()
        found = Counter[Row]((users[row.employee_id], row.clock_in, row.clock_out, row.total_minutes) for row in rows)
        shifts = self.companies[name].company.shifts()
        return found == Counter[Row]((a.user_id, a.start, a.end, ((a.end or 0) - a.start) // 60) for a in shifts)

    def all_right(self, *, but: str = "") -> bool:
        """The same of all accounts, or of all but one."""
        return all(self.is_right(name) for name in self.fleet.names if name != but)

    def is_visited(self) -> bool:
        """Whether each time clock had a good look."""
        return all(self.fleet.looked(name) for name in self.fleet.names)

    # -- what has to be so --------------------------------------------------------------------------------------------

    def turns(self) -> tuple[Turn, ...]:
        """The turns of all accounts."""
        with self.control.writing("looking at the turns") as connection:
            return Turns(self.control.dialect).all(connection)

    def now(self) -> int:
        """The control database's clock."""
        with self.control.writing("looking at the clock") as connection:
            return int(connection.exec_driver_sql(f"SELECT {self.control.dialect.epoch_now}").scalar_one())

    def told(self) -> str:
        """What the processes have told."""
        return self.fleet.errors()

    def processor(self, process: Popen[str]) -> float:
        """The seconds of the processor that a process and its children have taken."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(") ")[2].split()
                ticks += (int(fields[11]) + int(fields[12])) if int(fields[2]) == process.pid else 0
        return ticks / os.sysconf("SC_CLK_TCK")

    def wait(self, what: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until it is so; fails with what the processes have told."""
        until(what, self.fleet, seconds=seconds)

    def lost(self) -> int:
        """The turns whose worker did not come back."""
        return sum(turn.lost_ever for turn in self.turns())

    def applied(self) -> int:
        """The runs of all accounts that have written rows."""
        return sum(run.status == "applied" for one in self._mirrors.values() for run in one.runs(100))

    def visits(self) -> dict[tuple[str, int], list[int]]:
        """When the visits of each time clock began, oldest first, in epoch seconds."""
        found: dict[tuple[str, int], list[int]] = {}
        for name, mirror in self._mirrors.items():
            for run in mirror.runs(1000):
                if len(run.slices) == 1 and (clock := run.slices[0].time_clock_id) is not None:
                    found.setdefault((name, clock), []).insert(0, run.started_at)
        return found

    def require_steady(self) -> None:
        """No time clock was visited twice for one turn, and none was forgotten. As long as no doorbell rings."""
        for times in self.visits().values():
            apart = [later - one for one, later in pairwise(times)]
            assert all(CADENCE - 1 <= gap <= CADENCE + SLACK for gap in apart), apart

    def fewest_visits(self) -> int:
        """How often the time clock was visited that was visited least; 0 before each of them was."""
        every = sum(len({min(one.clocks) for one in c.company.people.values()}) for c in self.companies.values())
        visits = self.visits()
        return min(map(len, visits.values())) if len(visits) == every else 0

    def held(self) -> list[tuple[str, int]]:
        """The time clocks that are looked at, or were when somebody was killed, and those that nobody has looked at."""
        return [
            (name, one.time_clock_id)
            for name, mirror in self._mirrors.items()
            for one in mirror.schedules()
            if one.held_until is not None or one.last_good is None
        ]

    def comes_back(self, since: float, clocks: list[tuple[str, int]], within: float) -> None:
        """Whatever was hurt at `since` is looked at again in time, and every turn too: the slowest is in the table."""

        def is_back() -> bool:
            good = {
                (name, one.time_clock_id): one.last_good or 0
                for name, mirror in self._mirrors.items()
                for one in mirror.schedules()
            }
            turns = [turn for turn in self.turns() if turn.done_at is None]
            return not turns and all(good[clock] >= int(since) for clock in clocks)

        self.wait(is_back, PATIENCE + within)
        self._require_in_time(since, within)

    def _require_in_time(self, since: float, within: float) -> None:
        took = time.time() - since
        self.tally.slowest = max(self.tally.slowest, took)
        assert took <= within, f"{took:.1f} s\n{self.told()}"

    def returns(self, since: float, within: float, *, but: str = "") -> None:
        """What was worked at `since` is in the tables in time, of all accounts or of all but one."""
        self.wait(lambda: self.all_right(but=but), PATIENCE + within)
        self._require_in_time(since, within)

    def calls(self, name: str) -> int:
        """The requests that a company has received."""
        return self.companies[name].calls

    def settle(self, *, is_right: bool = True, may_have_failed: bool = False) -> None:
        """Everything that holds at the end of each cell: where calls are spent not every table can be right, and where
        something around failed, turns may have, too.
        """
        self.wait(lambda: not is_right or self.all_right())
        self.wait(lambda: not self._stuck())
        assert may_have_failed or {(turn.failures, turn.error) for turn in self.turns()} == {(0, None)}, self.turns()
        for name in self.fleet.names:
            assert self.calls(name) <= self.allowed, name
        if self.broker is not None:
            self._require_queues(self.broker)
        self.tally.calls = sum(self.calls(name) for name in self.fleet.names)
        self.tally.visits = sum(turn.done for turn in self.turns())
        self.tally.lost = self.lost()
        for mirror in self._mirrors.values() if is_right else ():
            assert mirror.verify(mirror.recent()).exit_code == 0

    def _stuck(self) -> list[Turn]:
        """The turns that somebody should have and nobody has: their lease ran out, and no one took them up."""
        return [turn for turn in self.turns() if turn.lease_token is not None and turn.lease_until < self.now() - SLACK]

    def _require_queues(self, broker: str) -> None:
        lines = rabbit("list_queues", "-q", "-p", broker.rpartition("/")[2], "name", "type", "messages")
        found = [line.split("\t") for line in lines.splitlines() if line.startswith(PREFIX)]
        assert {name for name, *_ in found} >= {*QUEUES.values(), DEAD}
        assert len(found) == len([line for line in lines.splitlines() if "\t" in line and line[:4] != "name"]), lines
        assert {kind for _, kind, _ in found} == {"quorum"}
        assert [int(many) for name, _, many in found if name == DEAD] == [0]


def _through(broker: str, line: Line | None) -> str:
    """The address of a broker by way of a line to it."""
    parts = urlsplit(broker)
    return broker if line is None else broker.replace(f":{parts.port}/", f":{line.port}/")


@contextmanager
def site(
    folder: Path,
    cell: str,
    control: str,
    *,
    accounts: int = 3,
    clocks: int = 2,
    lease: int | None = LEASE,
    celery: bool = True,
    server: str | None = None,
    line: bool = False,
    settings: SandboxSettings = CALM,
    share: float = 0.1,
    **environment: str,
) -> Iterator[Site]:
    """Accounts whose companies have some shifts of today, over a broker of their own unless threads do the work."""
    names = tuple(f"company-{number}" for number in range(accounts))
    first, *others = (Company(0, people=4, clocks=clocks, seed=n, company_id=str(100 + n)) for n in range(accounts))
    tenants = [Tenant(f"sandbox-{name}", company) for name, company in zip(names[1:], others, strict=True)]
    with ExitStack() as stack:
        own, control = stack.enter_context(started(server)) if server is not None else (None, control)
        sandbox = stack.enter_context(Sandbox(first, settings, others=tenants))
        broker = stack.enter_context(virtual_host()) if celery else None
        paths = os.pathsep.join([str(MOMENTS), str(MOMENTS.parents[1]), os.environ.get("PYTHONPATH", "")])
        told: dict[str, Any] = {"PYTHONPATH": paths, "CONNECTEAM_SYNC_CONTROL_DATABASE_URL": control}
        told |= {"FLEET_LEASE": str(lease)} if lease is not None else {}
        lined = stack.enter_context(line_to(urlsplit(broker).port or 5672)) if broker is not None and line else None
        if broker is not None:
            told |= {"CONNECTEAM_SYNC_EXECUTOR": "celery", "CONNECTEAM_SYNC_BROKER_URL": _through(broker, lined)}
        fleet = Fleet(folder, sandbox, names, CONNECTEAM_SYNC_WEBHOOK_SECRET=SECRET, **told, **environment)
        allowed = int(settings.day_limit * (1 - share))
        made = Site(fleet, cell=cell, control=control, broker=broker, allowed=allowed)
        made.server, made.line = own, lined
        stack.callback(made.close)
        for _ in range(2):
            made.work_everywhere(rings=False)
        yield made
