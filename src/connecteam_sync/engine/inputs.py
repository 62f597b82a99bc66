"""Equal inputs, equal decisions: the name of all that a slice is decided on, and what is remembered under it."""

from __future__ import annotations

import hashlib

import msgspec

from connecteam_sync.api.wire import Answer, People
from connecteam_sync.engine.decide import Unit
from connecteam_sync.engine.run_state import RunState
from connecteam_sync.engine.snapshot import Look
from connecteam_sync.store.mirror.digest import inputs_of, remembered
from connecteam_sync.store.sql.pipeline import Rows
from connecteam_sync.version import PLANNER_VERSION, __version__


class Inputs:
    """What is remembered of slices by the inputs they were decided on. With `by_digest` false nothing is."""

    def __init__(self, state: RunState, found: Rows, *, by_digest: bool) -> None:
        self._state, self._by_digest = state, by_digest
        self._remembered = remembered(found)
        self._people_digest: tuple[People, str] | None = None

    def look(self, unit: Unit, answer: Answer) -> Look:
        """What a time clock answered, and what is remembered of equal inputs."""
        inputs = self._name(unit, answer)
        found = self._remembered.get((unit.clock, unit.window.first.isoformat(), unit.window.last.isoformat()))
        is_known = found is not None and found.inputs == inputs and unit.saved is None
        return Look(answer, inputs, found if is_known else None)

    def _name(self, unit: Unit, answer: Answer) -> str | None:
        """A name for all that a decision is made on outside the database; None if it is made in any case."""
        state = self._state
        if not self._by_digest or unit.policy.planner == "legacy" or state.evidence.stage == "end":
            return None
        if self._people_digest is None or self._people_digest[0] is not state.people:
            self._people_digest = (state.people, hashlib.sha256(msgspec.json.encode(state.people)).hexdigest())
        return inputs_of(
            window=unit.window,
            policy=(unit.policy, state.evidence.stage),
            people=self._people_digest[1],
            answers=[f"{one.time_clock_id} {one.digest}" for one in (*state.answers, answer)],
            version=__version__,
            planner_version=PLANNER_VERSION,
        )
