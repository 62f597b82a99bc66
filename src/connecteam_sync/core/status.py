"""Is the mirror well? What the facts and their problems come to: one state for monitors, and the numbers around it.

Pure: what is on record, the moment and the day are arguments. Instants and ages are whole seconds, minutes are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

import msgspec

from connecteam_sync.core.cadence import DAY_CALLS
from connecteam_sync.core.facts import BellFacts, Facts
from connecteam_sync.core.looks import Looked
from connecteam_sync.core.problems import NEVER_LOOKED, NOT_WELL, Problem, problems_of

if TYPE_CHECKING:
    from connecteam_sync.core.fleet import Aside

MirrorState = Literal["well", "needs_a_person", "not_well"]


class MirrorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the mirror is, at an instant of the database's clock. Counts are of now, `held_by_reason` of holds that wait
    for a person, `refused` of time clocks whose last look was refused.

    `mirror_age_seconds` is None before the first good look; paused time clocks count for it only if all are.
    `calls_left` is None until Connecteam has said it today. `calls_share` is the share of `day_calls` that a day costs
    at the cadence of the service (`is_visited`), else what the last 24 hours cost. `due_seconds` is how long a time
    clock has been due, the longest. Where the database did not answer (`answers` is false) nothing but the problem is
    known.
    """

    state: MirrorState
    at: int
    mirror_age_seconds: int | None = None
    proven_through: date | None = None
    held_by_reason: Mapping[str, int] = {}
    held_minutes: int = 0
    anomalies_by_kind: Mapping[str, int] = {}
    refused: int = 0
    clocks: int = 0
    paused: int = 0
    looks: int = 0
    due_seconds: int = 0
    calls_left: int | None = None
    calls_share: float | None = None
    day_calls: int = DAY_CALLS
    is_visited: bool = False
    bells: BellFacts | None = None
    answers: bool = True
    looked: tuple[Looked, ...] = ()
    """The looks at each time clock, paused ones too."""
    problems: tuple[Problem, ...] = ()

    @property
    def held(self) -> int:
        """Holds that wait for a person."""
        return sum(self.held_by_reason.values())

    @property
    def anomalies(self) -> int:
        """Oddities in the rows of the last days."""
        return sum(self.anomalies_by_kind.values())

    @property
    def exit_code(self) -> int:
        """0 well, 3 needs a person, 1 not well."""
        return {"well": 0, "needs_a_person": 3, "not_well": 1}[self.state]


def status_of(facts: Facts) -> MirrorStatus:
    """The judgement."""
    found = problems_of(facts)
    state: MirrorState = "needs_a_person" if found else "well"
    if any(problem.name in NOT_WELL and not _is_unused(problem) for problem in found):
        state = "not_well"
    calls, active = facts.calls_today, facts.active
    late = (facts.now - clock.next_due for clock in active if clock.mode == "active" and clock.next_due is not None)
    return MirrorStatus(
        state=state,
        at=facts.now,
        mirror_age_seconds=_age(facts),
        proven_through=facts.proven_through,
        held_by_reason={waiting.reason: waiting.count for waiting in facts.waiting},
        held_minutes=sum(waiting.minutes for waiting in facts.waiting),
        anomalies_by_kind=facts.anomalies,
        refused=sum(clock.is_refused for clock in active),
        clocks=len(active),
        paused=len(facts.clocks) - len(active),
        looks=sum(clock.looks for clock in facts.clocks),
        due_seconds=max([0, *late]),
        calls_left=calls.left if calls is not None else None,
        calls_share=facts.day_share,
        day_calls=facts.day_limit,
        is_visited=bool(facts.visited),
        bells=facts.bells,
        answers=facts.database_error is None,
        looked=facts.clocks,
        problems=tuple(found),
    )


def while_put_aside(status: MirrorStatus, aside: Aside) -> MirrorStatus:
    """The judgement of an account that the fleet leaves alone: whatever its mirror says, nobody looks at it."""
    others = tuple(one for one in status.problems if one.name != "mirror_stale")
    told = [one for one in status.problems if one.name == "mirror_stale"]
    problem = Problem(
        name="mirror_stale",
        since=min([aside.since, *(one.since for one in told)]),
        message="; ".join([aside.message, *(one.message for one in told)]),
        next_step=aside.next_step,
    )
    return msgspec.structs.replace(status, state="not_well", problems=(problem, *others))


def _age(facts: Facts) -> int | None:
    """A time clock that never had a good look is as old as its first one. What lies in the future is no younger than
    what lies as far back. Paused time clocks count if all are.
    """
    clocks = facts.active or facts.clocks
    if all(clock.good_at is None for clock in clocks):
        return None
    return max(abs(facts.now - (clock.good_at or clock.first_look)) for clock in clocks)


def _is_unused(problem: Problem) -> bool:
    """Whether it only says that nothing was ever looked at."""
    return problem.message == NEVER_LOOKED
