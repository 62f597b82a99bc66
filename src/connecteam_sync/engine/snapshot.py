"""One look of a run: the response of a time clock, what is remembered of equal inputs, and who is left out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from connecteam_sync.api.by_person import AnswerByPerson, by_person
from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.settled import PersonSums
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.store.mirror.digest import SliceFingerprint
from connecteam_sync.store.mirror.person_digests import PersonDigests, SettledPeople, SettledPerson

_WORTH_IT = 0.5
"""The share of people who must be settled: for fewer, reading everybody is as quick."""


class FetchedSlice:
    """The response of one time clock, decoded once and only if a decision needs its shifts.

    `inputs` is the digest of all inputs, `known` what is remembered of equal ones, and `before` what is remembered with
    the digest of the database as it was before its rows were read. `earlier` is what is remembered of this slice,
    whatever its inputs were; `base` is the digest of the inputs that concern everybody, if people may be left out;
    `settled` is who was settled on an equal one.
    """

    def __init__(
        self,
        response: ActivitiesResponse,
        inputs: str | None,
        known: SliceFingerprint | None,
        *,
        earlier: SliceFingerprint | None = None,
        base: str | None = None,
        settled: SettledPeople | None = None,
    ) -> None:
        self.response, self.inputs, self.known = response, inputs, known
        self.earlier, self.base, self._settled = earlier, base, settled
        self.before: SliceFingerprint | None = None
        self.fresh: SliceFingerprint | None = None
        """What was remembered of this look."""
        self.left: Mapping[int, PersonSums] = {}
        """The users who are left out, with what they add to a plan."""
        self._parts: AnswerByPerson | None = None
        self._is_cut = False
        self._read: tuple[People, Snapshot] | None = None

    def snapshot(self, people: People) -> Snapshot:
        """The decoded response, with these people as its users; without the shifts of those who are left out."""
        if self._read is None:
            parts = self.parts if self.base is not None else None
            self._read = (people, self.response.read(people))
            if parts is not None:
                parts.forget()
        elif self._read[0] is not people:
            again = msgspec.structs.replace(self._read[1], users=people.users)
            self._read = (people, again)
        return self._read[1]

    # -- who is left out -----------------------------------------------------------------------------------------------

    @property
    def parts(self) -> AnswerByPerson | None:
        """The answer by person; None if it cannot be cut, or was decoded as a whole before it was."""
        if not self._is_cut:
            self._parts, self._is_cut = by_person(self.response), True
        return self._parts

    @property
    def tables(self) -> str:
        """The digest of the tables that concern everybody, as they were when people were settled."""
        return self._settled.tables if self._settled is not None else ""

    def leave_out(self, people: People) -> None:
        """Leave out whoever was settled on the same part of the answer, if that is most of the people."""
        settled = self._settled
        if settled is None or self._read is not None or people.invalid_records or (parts := self.parts) is None:
            return
        same = {one.user_id: one.sums for one in settled.people if parts.digests.get(one.user_id) == one.answer}
        self._only_without(same, people)

    def read_again(self, differ: frozenset[int], people: People) -> bool:
        """Also decode the users of whom the database differs; whether anybody is still left out."""
        if differ:
            self._only_without({user: sums for user, sums in self.left.items() if user not in differ}, people)
        return bool(self.left)

    def _only_without(self, left: Mapping[int, PersonSums], people: People) -> None:
        self.left, self._read = {}, None
        if self.parts is None or len(left) < _WORTH_IT * len(self.parts.listed):
            return
        snapshot = self.parts.snapshot(people, self.parts.listed - left.keys())
        if snapshot is not None:
            self.left, self._read = left, (people, snapshot)

    def read_everybody(self) -> None:
        """Leave nobody out."""
        if self.left:
            self.left, self._read = {}, None

    def drop_bytes(self) -> None:
        """The look is done: of the response only its digest is needed."""
        self.response.payload = None
        if self._parts is not None:
            self._parts.forget()

    def remember_nobody(self) -> None:
        """Leave nobody out, and settle nobody."""
        self.read_everybody()
        self.base = None

    def changed_in(self, digests: PersonDigests) -> frozenset[int]:
        """The users who are left out although the database has something else of them than when they were settled."""
        settled = self._settled.people if self._settled is not None else ()
        return frozenset(
            one.user_id
            for one in settled
            if one.user_id in self.left and digests.of(one.user_id, one.employee_id) != one.stored
        )

    def kept(self, base: str, tables: str, fresh: Iterable[SettledPerson]) -> SettledPeople:
        """Who is settled now: those who were left out, and these."""
        settled = self._settled.people if self._settled is not None else ()
        return SettledPeople(base, tables, (*(one for one in settled if one.user_id in self.left), *fresh))
