"""May this plan be applied? Guards refuse a whole window on signs that the answer, not the company, has changed."""

from __future__ import annotations

from connecteam_sync.core.change import Policy, Refusal
from connecteam_sync.core.clocktime import Stored
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window

_ONE_PERSON = 1
"""A single person who is gone is never suspicious, however small the company."""


def too_many_deletes(deletes: int, rows: int, policy: Policy) -> Refusal | None:
    """Refuse more deletes than the larger of a fixed number and a share of the window's rows."""
    limit = max(policy.max_deletes, int(policy.max_deletes_share * rows))
    if deletes <= limit:
        return None
    return Refusal(
        guard="too_many_deletes",
        message=f"{deletes} of {rows} rows would be deleted; without a person's word at most {limit} may be",
    )


def empty_answer(snapshot: Snapshot, rows: int) -> Refusal | None:
    """Refuse an answer without any shift where we hold some: upstream silence is never data."""
    if snapshot.shifts or not rows:
        return None
    return Refusal(
        guard="empty_answer",
        message=f"Connecteam's answer has no shift at all, and the table holds {rows} in this window",
    )


def users_gone(known: frozenset[int], listed: frozenset[int], policy: Policy, *, where: str) -> Refusal | None:
    """Refuse where more than a share of the users we know are missing from a list that should name them."""
    gone = known - listed
    if len(gone) <= max(_ONE_PERSON, policy.max_users_gone_share * len(known)):
        return None
    return Refusal(guard="users_gone", message=f"{len(gone)} of {len(known)} known people are missing from {where}")


def refusals(
    window: Window, snapshot: Snapshot, stored: Stored, policy: Policy, *, rows: int, deletes: int
) -> tuple[Refusal, ...]:
    """What every guard says to a plan that would delete so many of so many rows."""
    start, end, clock = window.start_utc, window.end_utc, snapshot.time_clock_id
    present = {row.id for row in stored.rows}
    inside = [m for m in stored.mirrors if m.shift.time_clock_id == clock and start <= m.shift.start < end]
    mine = frozenset(mirror.shift.user_id for mirror in inside if mirror.clock_time_id is not None)
    found = (
        too_many_deletes(deletes, rows, policy),
        empty_answer(snapshot, sum(mirror.clock_time_id in present for mirror in inside)),
        users_gone(mine, snapshot.listed, policy, where="the time clock's answer"),
        users_gone(
            stored.known_users,
            frozenset(user.id for user in snapshot.users),
            policy,
            where="Connecteam's list of users",
        ),
    )
    return tuple(refusal for refusal in found if refusal is not None)
