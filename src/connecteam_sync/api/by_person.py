"""An answer person by person: each is decoded only if it is asked for.

Cutting an answer into people costs a tenth of decoding it. An answer that has anything unreadable is not cut: then it
is decoded as a whole, record by record.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from connecteam_sync.api import wire
from connecteam_sync.api.invalid_records import UNREADABLE
from connecteam_sync.core.shift import Snapshot

DIGEST = 12
"""Bytes of the digest of a person's part: of SHA-256, enough that nobody finds two parts with the same."""


class AnswerByPerson:
    """The parts of an answer, by user; `listed` are all users of it, `digests` tell whether a part is the same."""

    def __init__(self, response: wire.ActivitiesResponse, parts: dict[int, list[wire.PersonRaw]]) -> None:
        self._response, self._parts = response, parts
        self.listed = frozenset(parts)
        self.digests = {user: _digest(persons) for user, persons in parts.items()}

    def forget(self) -> None:
        """Drop the bytes; what they are of stays known."""
        self._parts = {}

    def snapshot(self, people: wire.People, users: Iterable[int]) -> Snapshot | None:
        """As if the answer had no records of other users, who are listed all the same; None if one is unreadable."""
        builder = wire.SnapshotBuilder(self._response.time_clock_id)
        for user in users:
            for person in self._parts.get(user, ()):
                if not builder.read_person(person):
                    return None
        if builder.invalid_records:
            return None
        builder.listed = set(self.listed)
        return self._response.snapshot(builder, people)


def by_person(response: wire.ActivitiesResponse) -> AnswerByPerson | None:
    """The answer in parts; None if it was decoded before, or cannot be cut."""
    payload = response.payload
    if payload is None:
        return None
    parts: dict[int, list[wire.PersonRaw]] = defaultdict(list)
    try:
        for person in msgspec.json.decode(payload, type=wire.PeopleRaw).time_activities_by_users:
            parts[person.user_id].append(person)
    except UNREADABLE:
        return None
    return AnswerByPerson(response, dict(parts))


def _digest(persons: list[wire.PersonRaw]) -> bytes:
    """Of the members that are read; between two of them stands what no JSON has outside of a text."""
    whole = hashlib.sha256()
    for person in persons:
        for raw in (person.shifts, person.manual_breaks, person.manualbreaks):
            whole.update(raw)
            whole.update(b"\0")
    return whole.digest()[:DIGEST]
