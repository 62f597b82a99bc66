"""Checks a recorded history of concurrent runs, by its looks, locks, writes and commits only.

An event is a line of JSON: `process`, `at` (nanoseconds of the machine's monotonic clock), `what` (look, locked, write,
committed, rolled back) and, for a look, `clock`, `first`, `last`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

Event = dict[str, Any]
Journal = list[dict[str, Any]]


def transactions(events: Iterable[Event]) -> list[list[Event]]:
    """The events of each writing transaction, from `locked` to its end, with the process's last look before it."""
    found: list[list[Event]] = []
    for process in _by_process(events).values():
        looked: Event | None = None
        current: list[Event] | None = None
        for event in process:
            if event["what"] == "look":
                looked = event
            elif event["what"] == "locked":
                current = [*([looked] if looked else []), event]
            elif current is None:
                assert event["what"] != "write", f"a write without the lock: {event}"
            else:
                current.append(event)
                if event["what"] in {"committed", "rolled back"}:
                    found.append(current)
                    current = None
    return found


def _by_process(events: Iterable[Event]) -> dict[int, list[Event]]:
    processes: dict[int, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: int(event["at"])):
        processes[event["process"]].append(event)
    return processes


def serial_order(events: Iterable[Event]) -> int:
    """Writing transactions exclude each other, so a serial order exists; returns their number."""
    spans = sorted((int(_first(t, "locked")["at"]), int(t[-1]["at"]), t[-1]["process"]) for t in transactions(events))
    for (_, ended, one), (began, _, other) in pairwise(spans):
        assert ended <= began, f"processes {one} and {other} wrote at the same time"
    return len(spans)


def _first(events: list[Event], what: str) -> Event:
    return next(event for event in events if event["what"] == what)


def looks_monotonic(events: Iterable[Event]) -> int:
    """Each write for a clock and days is based on a look made after all earlier writes for them were committed.

    Returns the number of looks that were checked.
    """
    judged = 0
    done: list[tuple[int, Event]] = []
    whole = sorted(transactions(events), key=lambda t: int(t[-1]["at"]))
    for transaction in whole:
        look = transaction[0]
        wrote = any(event["what"] == "write" for event in transaction)
        if look["what"] != "look" or transaction[-1]["what"] != "committed" or not wrote:
            continue
        for committed, other in done:
            same = other["clock"] == look["clock"] and other["process"] != look["process"]
            if same and other["first"] <= look["last"] and other["last"] >= look["first"]:
                assert int(look["at"]) > int(other["at"]), (
                    f"an older look was written over a newer one: {look}, {other}"
                )
                assert committed <= int(transaction[-1]["at"])
                judged += 1
        done.append((int(transaction[-1]["at"]), look))
    return judged


def chained(journal: Journal) -> int:
    """Each entry finds its row as the entry before left it: the writes were serial. Returns the number of entries."""
    rows: dict[int, str | None] = {}
    links = 0
    for entry in sorted(journal, key=lambda entry: int(entry["id"])):
        key = int(entry["clock_time_id"])
        if key in rows:
            assert rows[key] == entry["row_before"], f"entry {entry['id']} did not find row {key} as it was left"
            links += 1
        rows[key] = entry["row_after"]
    return links
