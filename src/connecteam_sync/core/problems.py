"""What is not as it should be with the mirror: each problem by the facts, what it means for pay, and the next step.

Pure: what is on record, the moment and the day are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.cadence import DAY
from connecteam_sync.core.facts import Facts
from connecteam_sync.core.looks import Looked
from connecteam_sync.core.proofs import days_to_prove
from connecteam_sync.core.text import called, hours, many

ProblemName = Literal[
    "key_bad",
    "guard_refused",
    "mirror_stale",
    "proof_stale",
    "unmapped",
    "held_old",
    "held",
    "changed_after_close",
    "webhooks_silent",
    "webhooks_losing",
    "budget_low",
    "schema_drift",
    "certificate_mismatch",
]
PROBLEM_NAMES: tuple[ProblemName, ...] = get_args(ProblemName)
"""The closed list, the worst first; `docs/reference.md` explains each, and a test keeps the two equal."""
NOT_WELL: frozenset[ProblemName] = frozenset({"mirror_stale", "key_bad", "guard_refused", "certificate_mismatch"})
"""The problems that mean that the table may not be what Connecteam says; every other one waits for a person."""
UNTOLD: frozenset[ProblemName] = frozenset({"held"})
"""Problems that `status` shows and no alert is made of: a hold is told once it is old."""
STALE_SECONDS, STALE_VISITS = 900, 3
"""A time clock is stale without a good look for longer than both: 15 minutes, and three times its cadence."""
HELD_OLD_DAYS = 3
PROOF_DAYS, PROOF_FORGOTTEN = 3, 92
NEW_DAYS = 7
"""What Connecteam began to send is told for so many days: then it has been seen."""

MEANS: dict[ProblemName, str] = {
    "mirror_stale": "hours of the meantime are not in the table yet; what is there stays as it was",
    "key_bad": "nothing new reaches the table until the key is corrected; what is there stays as it was",
    "guard_refused": "deletes that look like a mistake were stopped, and nothing else of those days was written",
    "proof_stale": "nobody has lately compared these days with Connecteam: do so before paying by them",
    "unmapped": "the hours of people without an employee are in no total until they are mapped and their days synced",
    "held_old": "these hours are not in the table, or not as Connecteam has them, until a person decides",
    "held": "these hours are not in the table, or not as Connecteam has them, until a person decides",
    "changed_after_close": "hours of closed days differ from what was paid; the rows stay as they were",
    "webhooks_silent": "changes still arrive by the regular visits, minutes later",
    "webhooks_losing": "changes still arrive by the regular visits, minutes later",
    "budget_low": "changes may arrive later for the rest of the day",
    "schema_drift": "Connecteam sends what this version does not know; known values are mirrored as before",
    "certificate_mismatch": "a certified period is not what was certified",
}
"""What each problem means for pay."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be: since when (epoch seconds), what, and the next step.

    `is_counted`: it begins and ends by looks in a row.
    """

    name: ProblemName
    since: int
    message: str
    next_step: str
    is_counted: bool = False

    @property
    def means(self) -> str:
        """What it means for pay."""
        return MEANS[self.name]


NEVER_LOOKED = "no time clock has been looked at yet"


def problems_of(facts: Facts) -> list[Problem]:
    """Every problem, the worst first."""
    return sorted(_problems(facts), key=lambda problem: PROBLEM_NAMES.index(problem.name))


def _problems(facts: Facts) -> Iterator[Problem]:
    if facts.database_error is not None:
        yield Problem(
            name="mirror_stale",
            since=facts.database_since or facts.now,
            message=f"the database does not answer: {facts.database_error}",
            next_step="connecteam-sync doctor",
            is_counted=True,
        )
        return
    yield from _of_looks(facts)
    yield from _of_holds(facts)
    # Where the first of the days to prove is not, later ones may be; and none at all once nobody looked for weeks.
    proven = facts.proven_through or facts.last_proven
    # A verification by hand of days long gone was no promise of a proof each night.
    if (
        proven is not None
        and proven >= facts.today - timedelta(days=PROOF_FORGOTTEN)
        and proven < facts.today - timedelta(days=PROOF_DAYS)
    ):
        first = max(proven + timedelta(days=1), days_to_prove(facts.today)[0])
        yield Problem(
            name="proof_stale",
            since=facts.now - DAY * ((facts.today - proven).days - 1),
            message=f"nothing after {proven} is proven",
            next_step=f"connecteam-sync verify --from {first} --to yesterday",
        )
    yield from _of_bells(facts)
    yield from _of_calls(facts)
    yield from _of_new_members(facts)
    yield from _of_certificates(facts)


def _of_bells(facts: Facts) -> Iterator[Problem]:
    if facts.bells is None:
        return
    if silent := facts.bells.silent:
        yield Problem(
            name="webhooks_silent",
            since=min(silent.values()),
            message=f"no doorbell announced the last changes of {many(len(silent), 'time clock')}",
            next_step="connecteam-sync webhooks list",
        )
    if losing := facts.bells.losing:
        lost = sum(facts.bells.reliability[clock].lost for clock in losing)
        judged = sum(facts.bells.reliability[clock].judged for clock in losing)
        yield Problem(
            name="webhooks_losing",
            since=facts.now,
            message=f"{lost:,} of the last {judged:,} changes of {many(len(losing), 'time clock')} came without a"
            " doorbell",
            next_step="connecteam-sync doorbells",
        )


_AGAIN = "; and start serve again (one of several accounts, where a file holds the key: connecteam-sync resume)"


def _of_looks(facts: Facts) -> Iterator[Problem]:
    active = facts.active
    if not facts.clocks:
        yield Problem(name="mirror_stale", since=facts.now, message=NEVER_LOOKED, next_step="connecteam-sync sync")
        return
    in_trouble = [clock for clock in active if clock.trouble_since is not None or clock.mode == "refused"]
    by_key = [clock for clock in in_trouble if clock.error is not None and clock.error.is_of_the_key]
    guarded = [clock for clock in in_trouble if clock.error is not None and clock.error.name.endswith("_refused")]
    if by_key:
        yield Problem(
            name="key_bad",
            since=_since(by_key, facts.now),
            message=f"Connecteam refuses the API key; {many(len(active), 'time clock is', 'time clocks are')} affected",
            next_step="set CONNECTEAM_SYNC_API_KEY to a valid key, then: connecteam-sync doctor"
            + (_AGAIN if any(clock.mode == "refused" for clock in by_key) else ""),
            is_counted=True,
        )
    if guarded:
        yield Problem(
            name="guard_refused",
            since=_since(guarded, facts.now),
            message=f"a look was refused, nothing of it was written: {_named(guarded)}",
            next_step="connecteam-sync sync names what was stopped, and the command that lets it through",
            is_counted=True,
        )
    failing = [clock for clock in in_trouble if clock not in by_key and clock not in guarded]
    stale = [clock for clock in active if _is_stale(clock, facts)]
    if failing:
        why = next((clock.error for clock in failing if clock.error is not None), None)
        reason = (why.message or why.name) if why is not None else "unknown"
        yield Problem(
            name="mirror_stale",
            since=_since(failing, facts.now),
            message=f"{_named(failing)} could not be looked at: {reason}",
            next_step="connecteam-sync doctor",
            is_counted=True,
        )
    elif stale:
        minutes = _minutes(facts.now, stale)
        yield Problem(
            name="mirror_stale",
            since=min(facts.now, *(clock.good_at or clock.first_look for clock in stale)),
            message=f"{_named(stale)}: "
            + (
                f"no good look for {minutes} minutes"
                if minutes >= 0
                else f"the last good look is {-minutes} minutes ahead of the database's clock, which was set back"
            ),
            next_step="connecteam-sync sync; see that serve or the cron job runs",
        )


def _is_stale(clock: Looked, facts: Facts) -> bool:
    """Of a look so far in the future nobody knows how old it is."""
    limit = max(STALE_SECONDS, STALE_VISITS * (clock.cadence or facts.cadence))
    return abs(facts.now - (clock.good_at or clock.first_look)) > limit


def _minutes(now: int, clocks: Iterable[Looked]) -> int:
    return max(now - (clock.good_at or clock.first_look) for clock in clocks) // 60


def _since(clocks: Iterable[Looked], now: int) -> int:
    return min(clock.trouble_since or clock.bad_since or now for clock in clocks)


def _named(clocks: Iterable[Looked]) -> str:
    """`time clock 7 (Warehouse)`, or how many there are."""
    several = list(clocks)
    if len(several) > 1:
        return f"{len(several)} time clocks"
    only = several[0]
    if not only.time_clock_id:
        return "every time clock"
    return f"time clock {only.time_clock_id}" + (f" ({called(only.name)})" if only.name else "")


def _of_holds(facts: Facts) -> Iterator[Problem]:
    unmapped = [held for held in facts.waiting if held.reason == "unmapped_user"]
    closed = [held for held in facts.waiting if held.reason == "locked_day"]
    others = [held for held in facts.waiting if held not in unmapped and held not in closed]
    old = [held for held in others if facts.now - held.since > HELD_OLD_DAYS * DAY]
    for name, several, step in (
        ("unmapped", unmapped, "connecteam-sync holds --kind unmapped_user names the commands for each person"),
        ("changed_after_close", closed, "connecteam-sync holds --kind locked_day"),
        ("held_old", old, "connecteam-sync holds"),
        ("held", [held for held in others if held not in old], "connecteam-sync holds"),
    ):
        if several:
            minutes = sum(held.minutes for held in several)
            by_reason = ", ".join(f"{held.count} {held.reason}" for held in several)
            yield Problem(
                name=msgspec.convert(name, ProblemName),
                since=min(held.since for held in several),
                message=f"{by_reason}: {hours(minutes)} hours wait for a person",
                next_step=step,
            )


def _of_calls(facts: Facts) -> Iterator[Problem]:
    calls = facts.calls_today
    if calls is None:
        return
    rest = DAY - facts.now % DAY
    # Without the service nobody knows what comes: a backfill of this morning says nothing about this evening.
    needed = facts.day_cost * rest // DAY if facts.visited else 0
    spendable = max(0, calls.left - calls.reserved)
    if spendable and spendable >= needed:
        return
    yield Problem(
        name="budget_low",
        since=calls.at,
        message=f"{calls.left:,} calls are left today, {calls.reserved:,} of them for other programs;"
        f" at this cadence {needed:,} more are needed",
        next_step="raise cadence_seconds, or see which other program calls Connecteam; the count begins again at"
        " 00:00 UTC",
    )


def _of_new_members(facts: Facts) -> Iterator[Problem]:
    new = [member for member in facts.new_members if facts.now - member.first_seen <= NEW_DAYS * DAY]
    if not new:
        return
    first, *others = [member.name for member in sorted(new, key=lambda member: (member.first_seen, member.name))]
    yield Problem(
        name="schema_drift",
        since=min(member.first_seen for member in new),
        message=f"Connecteam sends what this version does not know: {first}"
        + (f", and {len(others)} more" if others else ""),
        next_step="see what is new in Connecteam's changelog, and upgrade connecteam-sync;"
        f" this ends by itself after {NEW_DAYS} days",
    )


def _of_certificates(facts: Facts) -> Iterator[Problem]:
    if not facts.mismatched:
        return
    worst = max(facts.mismatched, key=lambda one: (one.people, one.first))
    others = len(facts.mismatched) - 1
    what = (
        f"rows of {many(worst.people, 'person', 'people')} are not what was certified of {worst.first}..{worst.last}"
        if worst.people
        else f"the certificate of {worst.first}..{worst.last} on record is not what was signed"
    )
    yield Problem(
        name="certificate_mismatch",
        since=min(one.since for one in facts.mismatched),
        message=what + (f", and {many(others, 'more period')}" if others else ""),
        next_step="connecteam-sync certificate verify FOLDER/certificate.json --table names the rows; correct them, or"
        " certify the period again",
    )
