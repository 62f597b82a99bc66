"""Equal inputs, equal decisions: a digest of all inputs of a slice, and what is remembered under it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.evidence import Stage
from connecteam_sync.engine.decide import Unit
from connecteam_sync.engine.run_state import RunState
from connecteam_sync.engine.snapshot import FetchedSlice
from connecteam_sync.store.mirror.digest import SliceFingerprint, inputs_of, is_of, remembered
from connecteam_sync.store.sql.pipeline import Rows
from connecteam_sync.version import PLANNER_VERSION, __version__


class Inputs:
    """Slices that are remembered by the digest of their inputs. With `by_digest` false none is; `by_person`: whether
    people are remembered, too.
    """

    def __init__(self, state: RunState, rows: Rows, *, by_digest: bool, by_person: bool = False) -> None:
        self._state, self._by_digest, self._by_person = state, by_digest, by_person
        self._remembered = remembered(rows)
        self._mirrored = {clock for clock, _, _ in self._remembered}
        """Time clocks that earlier runs looked at: a first load decides about everybody, and nobody is unchanged."""
        self._people_digest: tuple[People, str] | None = None

    def fetched(self, unit: Unit, response: ActivitiesResponse) -> FetchedSlice:
        """The response of a time clock, and what is remembered of equal inputs."""
        inputs = self.digest(unit, response)
        earlier = self._remembered.get(self._place(unit))
        is_known = earlier is not None and earlier.inputs == inputs and unit.saved is None
        base = self._base(unit)
        if base is not None and earlier is not None and earlier.people and not earlier.digest:
            # There is no digest of the slice to compare: those of people are asked for at once.
            is_known = is_known and not is_of(unit.window, earlier)
        return FetchedSlice(response, inputs, earlier if is_known else None, earlier=earlier, base=base)

    def _base(self, unit: Unit) -> str | None:
        """A digest of the inputs that concern everybody; None if nobody is to be skipped of this look.

        Rows without a shift that go concern who knows whom. What was unchanged by a look is unchanged at the end of the
        run, too.
        """
        evidence = self._state.evidence
        if not self._by_person or unit.clock not in self._mirrored or unit.saved is not None:
            return None
        if evidence.account or evidence.is_stopped:
            return None
        return self._digest(unit, (), stage="part" if evidence.stage == "end" else evidence.stage)

    def digest(self, unit: Unit, response: ActivitiesResponse) -> str | None:
        """A digest of all inputs outside the database; None if the slice is to be decided in any case."""
        stage = self._state.evidence.stage
        return self._digest(unit, (*self._state.responses, response), stage=stage) if stage != "end" else None

    def keep(self, unit: Unit, fingerprint: SliceFingerprint) -> None:
        """What was just remembered of a slice, for another look at it in this run."""
        self._remembered[self._place(unit)] = fingerprint

    @staticmethod
    def _place(unit: Unit) -> tuple[int, str, str]:
        return (unit.clock, unit.window.first.isoformat(), unit.window.last.isoformat())

    def _digest(self, unit: Unit, answers: Iterable[ActivitiesResponse], *, stage: Stage) -> str | None:
        state = self._state
        if not self._by_digest or unit.policy.planner == "legacy":
            return None
        if self._people_digest is None or self._people_digest[0] is not state.people:
            self._people_digest = (state.people, hashlib.sha256(msgspec.json.encode(state.people)).hexdigest())
        assigned = sorted((user, sorted(clocks)) for user, clocks in state.evidence.assigned.items())
        return inputs_of(
            window=unit.window,
            policy=(unit.policy, stage, assigned),
            people=self._people_digest[1],
            answers=[f"{each.time_clock_id} {each.digest}" for each in answers],
            version=__version__,
            planner_version=PLANNER_VERSION,
        )
