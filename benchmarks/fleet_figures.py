"""What a fleet takes while it works: processor and memory of each part, statements, the age of what is known."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from fleet_site import Site, Size

SERVERS = {"postgres": "PostgreSQL", "beam.smp": "RabbitMQ"}
_TICKS = os.sysconf("SC_CLK_TCK")


class Figures(msgspec.Struct, kw_only=True):
    """What was measured of one size. CPU is in seconds of `seconds`, ages in seconds, memory in MiB."""

    size: Size
    seconds: float
    visits: int
    turns: int
    calls: dict[str, int]
    cpu: dict[str, float]
    counts: dict[str, int]
    ages: list[int]
    """Of all samples the age that each hundredth does not pass, 101 in all."""
    most_calls: int
    """Calls of the account that made most, carried on for a day."""
    pss: float
    rss: float
    """Of each process that works; the largest."""
    wrong: int
    lost: int
    load: float
    warm: float = 30.0
    """Seconds that it had worked before it was measured."""
    processor: str = ""
    """The machine's; empty where it was not kept."""

    @property
    def ours(self) -> float:
        """CPU seconds of the program: worker and serve."""
        return self.cpu.get("worker", 0.0) + self.cpu["serve"]

    @property
    def visits_a_core(self) -> float:
        """Visits for each second of a processor that the program has."""
        return self.visits / self.ours

    def age(self, share: float) -> int:
        """The age that this share of all samples does not pass."""
        return self.ages[round(share * 100)] if self.ages else 0

    def each(self, what: str) -> float:
        """How often for each visit."""
        return self.counts.get(what, 0) / max(1, self.visits)


def processor(site: Site) -> dict[str, float]:
    """CPU seconds so far: of each of our processes with its children, and of the servers."""
    groups = {process.pid: name for name, process in site.processes.items()}
    found: Counter[str] = Counter()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            head, _, rest = file.read_text().rpartition(") ")
            fields = rest.split()
            command = head.partition("(")[2]
            ticks = int(fields[11]) + int(fields[12])
            if (name := groups.get(int(fields[2]))) is not None:
                found[name] += ticks
            elif command in SERVERS:
                # A connection's process that has ended counts with the one that began it.
                found[SERVERS[command]] += ticks + int(fields[13]) + int(fields[14])
    return {name: ticks / _TICKS for name, ticks in found.items()}


def memory(site: Site) -> tuple[float, float]:
    """MiB of the largest process that works: its share of what it shares (PSS), and all of it (RSS)."""
    above = site.processes.get("worker") or site.processes["serve"]
    pids = [above.pid] if site.size.executor == "threads" else _children(above.pid)
    found = [_memory(pid) for pid in pids]
    return max(pss for pss, _ in found), max(rss for _, rss in found)


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _memory(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    said = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return said["Pss"] / 1024, said["Rss"] / 1024


def ages(site: Site, since: float) -> list[int]:
    """Seconds since each time clock had a good look; since the beginning where it had none."""
    statement = f"SELECT coalesce(last_good, {int(since)}) FROM {site.clocks_table}"
    found = [row[0] for number in range(site.size.accounts) for row in site.on_account(number, statement)]
    now = int(time.time())
    return [now - int(at) for at in found]


def hundredths(samples: Iterable[int]) -> list[int]:
    """The age that each hundredth of the samples does not pass, the newest and the oldest among them."""
    found = sorted(samples)
    return [found[round(place * (len(found) - 1) / 100)] for place in range(101)] if found else []


def counted(folder: Path) -> Counter[str]:
    """Statements, transactions and connections so far, by the counts that processes write."""
    found: Counter[str] = Counter()
    for file in folder.glob("*.json"):
        found.update(json.loads(file.read_text()))
    return found


def turns(site: Site) -> tuple[int, int]:
    """Turns done so far, and those whose worker did not come back."""
    row = site.on_control("SELECT coalesce(sum(done), 0), coalesce(sum(lost_ever), 0) FROM connecteam_fleet_turns")[0]
    return int(row[0]), int(row[1])


def less(after: Counter[str], before: Counter[str]) -> dict[str, int]:
    """What came to it."""
    return {name: after[name] - before[name] for name in after}


def added(calls: Iterable[dict[str, int]]) -> Counter[str]:
    """The calls of all companies by kind."""
    found: Counter[str] = Counter()
    for one in calls:
        found.update(one)
    return found
