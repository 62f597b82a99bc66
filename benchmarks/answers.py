"""Connecteam's answers fetched and decoded in the cheapest way there is: one msgspec call into a plain Struct tree.

The floor of decoding, and what every peer is given for its money: no peer pays for a slower decoder.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from company import CLOCK, PAGE, Manifest


class Point(msgspec.Struct, gc=False):
    """When and in which zone."""

    timestamp: int
    timezone: str


class Activity(msgspec.Struct, gc=False, rename="camel"):
    """A shift or a break, in every member that is mirrored."""

    id: str
    start: Point
    created_at: int
    is_auto_clock_out: bool
    end: Point | None = None
    modified_at: int | None = None
    job_id: str | None = None
    manual_break_id: str | None = None


class Person(msgspec.Struct, gc=False, rename="camel"):
    """Everything one person clocked."""

    user_id: int
    shifts: list[Activity]
    manual_breaks: list[Activity]


class People(msgspec.Struct, gc=False, rename="camel"):
    """Everybody of a clock."""

    time_activities_by_users: list[Person]


class Answer(msgspec.Struct, gc=False):
    """The envelope."""

    data: People


class Row(NamedTuple):
    """A shift as `clock_times` holds it, with its id; the employee is still to be found by `user`."""

    id: str
    user: int
    clock_in: int
    clock_out: int | None
    minutes: int | None


DECODE = msgspec.json.Decoder(Answer).decode


def files(manifest: Manifest) -> list[str]:
    """The names of the activity bodies of the whole window."""
    return [f"activities-{first}-{last}.json" for first, last in manifest.windows]


class Client:
    """One kept-open connection to the upstream; `calls` counts its requests."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self.calls = 0

    def get(self, path: str) -> bytes:
        """A body. Raises ValueError unless it is a 200."""
        self.calls += 1
        self._connection.request("GET", path, headers={"x-api-key": "bench"})
        response = self._connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            msg = f"{path}: {response.status}"
            raise ValueError(msg)
        return body

    def bodies(self, manifest: Manifest) -> Iterator[bytes]:
        """The activities of each slice."""
        for first, last in manifest.windows:
            yield self.get(f"/time-clock/v1/time-clocks/{CLOCK}/time-activities?startDate={first}&endDate={last}")

    def people(self, manifest: Manifest) -> None:
        """Every page of users, as a mirror that keeps names needs them; no peer uses what they say."""
        for page in range(manifest.user_pages):
            self.get(f"/users/v1/users?limit={PAGE}&offset={page * PAGE}")


def slices(port: int, manifest: Manifest) -> Iterator[list[Row]]:
    """The shifts of each slice that start in the window; a shift told twice (padding) is in the first slice only.

    Exact duplicates (same person and clock-in) are one row, the one made first: the table's key takes one.
    """
    client = Client(port)
    seen: set[tuple[int, int]] = set()
    for body in client.bodies(manifest):
        yield rows(body, manifest.start_utc, manifest.end_utc, seen)


def rows(body: bytes, low: int, high: int, seen: set[tuple[int, int]]) -> list[Row]:
    """The shifts of an answer that start from `low` on and before `high`, without those that were `seen`."""
    found: list[Row] = []
    for person in DECODE(body).data.time_activities_by_users:
        user = person.user_id
        for shift in person.shifts:
            start = shift.start.timestamp
            if not low <= start < high or (user, start) in seen:
                continue
            seen.add((user, start))
            end = shift.end.timestamp if shift.end else None
            found.append(Row(shift.id, user, start, end, None if end is None else (end - start) // 60))
    return found
