"""One look of a run: the response of a time clock, and what is remembered of equal inputs."""

from __future__ import annotations

import msgspec

from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.store.mirror.digest import SliceFingerprint


class FetchedSlice:
    """The response of one time clock, decoded once and only if a decision needs its shifts.

    `inputs` is the digest of all inputs, `known` what is remembered of equal ones, and `before` what is remembered with
    the digest of the database as it was before its rows were read.
    """

    def __init__(self, response: ActivitiesResponse, inputs: str | None, known: SliceFingerprint | None) -> None:
        self.response, self.inputs, self.known = response, inputs, known
        self.before: SliceFingerprint | None = None
        self._read: tuple[People, Snapshot] | None = None

    def snapshot(self, people: People) -> Snapshot:
        """The decoded response, with these people as its users."""
        if self._read is None:
            self._read = (people, self.response.read(people))
        elif self._read[0] is not people:
            again = msgspec.structs.replace(self._read[1], users=people.users)
            self._read = (people, again)
        return self._read[1]
