"""One look of a run: the response of a time clock, what is remembered of equal inputs, and whom it skips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.store.mirror.digest import SliceFingerprint

if TYPE_CHECKING:
    from connecteam_sync.api.by_person import AnswerByPerson
    from connecteam_sync.core.unchanged_people import PersonSums
    from connecteam_sync.store.mirror.person_digests import PersonDigests, UnchangedPeople, UnchangedPerson

_WORTH_IT = 0.5
"""The share of people who must be unchanged: for fewer, reading everybody is as quick."""


class FetchedSlice:
    """The response of one time clock, decoded once and only if a decision needs its shifts.

    `inputs` is the digest of all inputs, `known` what is remembered of equal ones, and `before` what is remembered with
    the digest of the database as it was before its rows were read. `earlier` is what is remembered of this slice,
    whatever its inputs were; `base` is the digest of the inputs that concern everybody, if people may be skipped.
    """

    def __init__(
        self,
        response: ActivitiesResponse,
        inputs: str | None,
        known: SliceFingerprint | None,
        *,
        earlier: SliceFingerprint | None = None,
        base: str | None = None,
    ) -> None:
        self.response, self.inputs, self.known = response, inputs, known
        self.earlier, self.base = earlier, base
        self.before: SliceFingerprint | None = None
        self.fresh: SliceFingerprint | None = None
        """What was remembered of this look."""
        self.skipped: Mapping[int, PersonSums] = {}
        """The users who are skipped, with what they add to a plan."""
        self._parts: AnswerByPerson | None = None
        self._is_cut = False
        self._read: tuple[People, Snapshot] | None = None

    def snapshot(self, people: People) -> Snapshot:
        """The decoded response, with these people as its users; without the shifts of those who are skipped."""
        if self._read is None:
            parts = self.parts if self.base is not None else None
            self._read = (people, self.response.read(people))
            if parts is not None:
                parts.forget()
        elif self._read[0] is not people:
            again = msgspec.structs.replace(self._read[1], users=people.users)
            self._read = (people, again)
        return self._read[1]

    # -- who is skipped -----------------------------------------------------------------------------------------------

    @cached_property
    def _unchanged(self) -> UnchangedPeople | None:
        """Who was unchanged on equal inputs, as far as these concern everybody."""
        from connecteam_sync.store.mirror.person_digests import unchanged_people_of

        found = unchanged_people_of(self.earlier.people) if self.earlier is not None else None
        return found if found is not None and found.base == self.base else None

    @property
    def parts(self) -> AnswerByPerson | None:
        """The answer by person; None if it cannot be cut, or was decoded as a whole before it was."""
        if not self._is_cut:
            from connecteam_sync.api.by_person import by_person

            self._parts, self._is_cut = by_person(self.response), True
        return self._parts

    @property
    def tables(self) -> str:
        """The digest of the tables that concern everybody, as they were when people were remembered."""
        return self._unchanged.tables if self._unchanged is not None else ""

    def skip_unchanged(self, people: People) -> None:
        """Skip whoever was unchanged on the same part of the answer, if that is most of the people."""
        if self.base is None or self._read is not None or people.invalid_records:
            return
        unchanged, parts = self._unchanged, self.parts
        if unchanged is None or parts is None:
            return
        same = {one.user_id: one.sums for one in unchanged.people if parts.digests.get(one.user_id) == one.answer}
        self._only_without(same, people)

    def read_again(self, differ: frozenset[int], people: People) -> bool:
        """Also decode the users of whom the database differs; whether anybody is still skipped."""
        if differ:
            self._only_without({user: sums for user, sums in self.skipped.items() if user not in differ}, people)
        return bool(self.skipped)

    def _only_without(self, skipped: Mapping[int, PersonSums], people: People) -> None:
        self.skipped, self._read = {}, None
        if self.parts is None or len(skipped) < _WORTH_IT * len(self.parts.listed):
            return
        snapshot = self.parts.snapshot(people, self.parts.listed - skipped.keys())
        if snapshot is not None:
            self.skipped, self._read = skipped, (people, snapshot)

    def read_everybody(self) -> None:
        """Skip nobody."""
        if self.skipped:
            self.skipped, self._read = {}, None

    def drop_bytes(self) -> None:
        """The look is done: of the response only its digest is needed."""
        self.response.payload = None
        if self._parts is not None:
            self._parts.forget()

    def remember_nobody(self) -> None:
        """Skip nobody, and remember nobody as unchanged."""
        self.read_everybody()
        self.base = None

    def changed_in(self, digests: PersonDigests) -> frozenset[int]:
        """The users who are skipped although the database has something else of them than it had."""
        return frozenset(
            one.user_id for one in self.still_skipped() if digests.of(one.user_id, one.employee_id) != one.stored
        )

    def still_skipped(self) -> Iterable[UnchangedPerson]:
        """What is remembered of the users who are skipped."""
        unchanged = self._unchanged.people if self._unchanged is not None else ()
        return (one for one in unchanged if one.user_id in self.skipped)
