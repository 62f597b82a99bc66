"""One look of a run: what a time clock answered, and what is remembered of equal inputs."""

from __future__ import annotations

import msgspec

from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.store.mirror.digest import SliceFingerprint


class FetchedSlice:
    """What one time clock answered; decoded once, and only where a decision needs its shifts.

    `known` is what is remembered of equal inputs, `before` the digest that the database had before anything was read.
    """

    def __init__(self, response: ActivitiesResponse, inputs: str | None, known: SliceFingerprint | None) -> None:
        self.response, self.inputs, self.known = response, inputs, known
        self.before: SliceFingerprint | None = None
        self._read: tuple[People, Snapshot] | None = None

    def snapshot(self, people: People) -> Snapshot:
        """What the answer says, next to these people."""
        if self._read is None:
            self._read = (people, self.response.read(people))
        elif self._read[0] is not people:
            again = msgspec.structs.replace(self._read[1], users=people.users)
            self._read = (people, again)
        return self._read[1]
