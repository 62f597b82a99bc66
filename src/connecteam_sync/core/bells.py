"""Doorbells: what becomes of a webhook's delivery, and whether all of them come. A value of one never reaches a row.

Pure: what the database knows and how a look went are arguments. Instants are whole epoch seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import msgspec

FEWEST_WAITING = 200
"""Deliveries are refused once more time clocks wait than this, or than twice those of the account."""
SHIFT_EVENTS = frozenset(
    {
        "clock_in",
        "clock_out",
        "auto_clock_out",
        "admin_add",
        "admin_edit",
        "admin_delete",
        *(
            f"{who}_approved_{what}_request"
            for who in ("admin", "auto")
            for what in ("add", "edit", "delete", "clock_out_outside_geo_fence", "clock_out_without_nfc")
        ),
    }
)
"""The events after which shifts or breaks may differ. Requests that nobody approved, declined ones and days that are
locked or approved change none.
"""
USER_EVENTS = frozenset(
    {
        "user_created",
        "user_updated",
        "user_deleted",
        "user_archived",
        "user_restored",
        "user_promoted",
        "user_demoted",
    }
)
OTHER_EVENTS = frozenset(
    {
        "admin_declined_request",
        *(f"{who}_{what}_request" for who in ("user", "admin_declined") for what in ("add", "edit", "delete")),
        *("admin_day_locked", "admin_day_unlocked", "user_timesheet_submitted", "user_timesheet_unsubmitted"),
        *("user_timesheet_approved", "user_timesheet_reopened"),
    }
)
"""Events that are known and of no use here (API, section 16)."""
BellState = Literal["waiting", "joined", "heard", "ignored", "unreadable"]
Found = Literal["change", "held", "nothing"]
BELL_STATES: tuple[BellState, ...] = get_args(BellState)


class Bell(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a delivery: ids and times. `use` is what it is good for.

    `key` is its request id, else the digest of its body. `starts_at` and `ends_at` are those of the shift or break.
    """

    key: str
    use: Literal["look", "ignored", "unreadable"]
    kind: str | None = None
    event: str | None = None
    time_clock_id: int | None = None
    activity_id: str | None = None
    user_id: int | None = None
    event_at: int | None = None
    starts_at: int | None = None
    ends_at: int | None = None
    fitted: str = "secret"


class Doorbell(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is on record.

    `run` is the look that followed and `found` what it found for this delivery; None until then. `heard_at` is when
    that look ended, `looks` how many there were. `fitted` is the header that proved it, with `_previous` if it was the
    secret before this one.
    """

    number: int
    key: str
    state: BellState
    kind: str | None
    event_type: str | None
    time_clock_id: int | None
    activity_id: str | None
    user_id: int | None
    event_at: int | None
    starts_at: int | None
    ends_at: int | None
    received_at: int
    deliveries: int
    fitted: str
    look_at: int | None
    looks: int
    heard_at: int | None
    run: int | None
    found: Found | None

    @property
    def is_of_a_shift(self) -> bool:
        """Whether it is about an activity, and not about a person of the account."""
        return self.event_type not in USER_EVENTS


# -- what is done about it ---------------------------------------------------------------------------------------------


def is_unknown_event(event: str | None) -> bool:
    """Whether an event is one that nobody has described."""
    return event is not None and event not in SHIFT_EVENTS | USER_EVENTS | OTHER_EVENTS


class Known(NamedTuple):
    """What the database knows when deliveries come: keys on record, time clocks that wait, those that are visited, and
    all of the account.
    """

    keys: frozenset[str]
    waiting: frozenset[int | None]
    visited: frozenset[int]
    account: frozenset[int]


class Placing(msgspec.Struct, kw_only=True):
    """What becomes of a batch of deliveries: states of new ones, further deliveries by key, keys that are refused, and
    the time clocks that nobody has heard of.
    """

    new: list[tuple[Bell, BellState]] = []
    again: dict[str, int] = {}
    refused: set[str] = set()
    strange: set[int] = set()


def placed(bells: Iterable[Bell], known: Known) -> Placing:
    """Decide on a batch of deliveries, in the order in which they came."""
    found = Placing()
    waiting, keys = set(known.waiting), set(known.keys)
    most = max(FEWEST_WAITING, 2 * len(known.account | known.visited))
    for bell in bells:
        if bell.key in keys:
            found.again[bell.key] = found.again.get(bell.key, 0) + 1
            continue
        clock = None if bell.event in USER_EVENTS else bell.time_clock_id
        state: BellState = "waiting"
        if bell.use != "look":
            state = bell.use
        elif clock is not None and known.visited and clock not in known.visited:
            state = "ignored"
            if clock not in known.account:
                found.strange.add(clock)
        elif clock in waiting:
            state = "joined"
        elif len(waiting) >= most:
            found.refused.add(bell.key)
            continue
        else:
            waiting.add(clock)
        keys.add(bell.key)
        found.new.append((msgspec.structs.replace(bell, time_clock_id=clock), state))
    return found


def found_for(bell: Doorbell, *, changed: Collection[str], held: frozenset[str | int], any_change: bool) -> Found:
    """What a look found for a delivery: ids of shifts and breaks that changed, shift and user ids that are held.

    A delivery that names neither is answered by any change.
    """
    about: tuple[str | int | None, ...] = (bell.activity_id,) if bell.activity_id else (bell.user_id,)
    if bell.activity_id in changed or (bell.activity_id is None and any_change):
        return "change"
    return "held" if any(one in held for one in about if one is not None) else "nothing"


# -- whether all of them come ------------------------------------------------------------------------------------------

Announced = Literal["create", "update", "delete"]
JUDGED = 200
"""The changes of each kind of a time clock by which losses are counted."""
SILENT_AFTER, SILENT_WITHIN = 5, 86_400
_FEW_LOST, _ENOUGH = 0.01, 100
"""Below this share of losses, of at least so many changes, the ordinary visits may come less often."""
RELAXED = 900
"""Seconds between ordinary visits of a time clock whose deliveries come reliably."""
SHORTEST = 60
_NEVER_UPDATES = {"clock_in", "admin_add", "admin_approved_add_request", "auto_approved_add_request"}
_DELETES = {"admin_delete", "admin_approved_delete_request", "auto_approved_delete_request"}


def may_announce(event: str | None, change: Announced) -> bool:
    """Whether an event can be the announcement of such a change. An approved clock-out may replace a shift's id."""
    replaces = event is None or event.endswith(("_outside_geo_fence_request", "_without_nfc_request"))
    if change == "delete":
        return replaces or event in _DELETES
    if change == "update":
        return event not in _NEVER_UPDATES | _DELETES
    return event not in _DELETES


class Announcement(NamedTuple):
    """A change of a time clock that is judged: when it was found, and whether a delivery announced it."""

    kind: Announced
    at: int
    is_announced: bool


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """How reliably the deliveries of a time clock come, by the changes that were found.

    `silent_since`: of some kind the last changes, five or more and all within a day, were announced by none.
    """

    judged: int = 0
    lost: int = 0
    silent_since: int | None = None

    @property
    def share(self) -> float:
        """The share of changes that no delivery announced; 0 while none is judged."""
        return self.lost / self.judged if self.judged else 0.0

    @property
    def is_reliable(self) -> bool:
        """Whether so few are lost that the ordinary visits may come less often."""
        return self.silent_since is None and self.judged >= _ENOUGH and self.share < _FEW_LOST


def reliability_of(changes: Sequence[Announcement], *, now: int) -> Reliability:
    """Judge the newest changes of a time clock (newest first); of each kind 200 count."""
    judged = lost = 0
    silent: list[int] = []
    for kind in get_args(Announced):
        newest = [one for one in changes if one.kind == kind][:JUDGED]
        judged += len(newest)
        lost += sum(not one.is_announced for one in newest)
        unheard: list[int] = []
        for one in newest:
            if one.is_announced or one.at < now - SILENT_WITHIN:
                break
            unheard.append(one.at)
        if len(unheard) >= SILENT_AFTER:
            silent.append(unheard[-1])
    return Reliability(judged=judged, lost=lost, silent_since=min(silent, default=None))


def paced(seconds: int, known: Reliability, *, base: int, is_fixed: bool) -> int:
    """The interval of the ordinary visits, given what their deliveries are worth: `seconds` without them.

    A silent time clock is visited twice as often as the `base` at every hour, a reliable one every 15 minutes at most.
    """
    if is_fixed:
        return seconds
    if known.silent_since is not None:
        return max(SHORTEST, base // 2)
    return max(seconds, RELAXED) if known.is_reliable else seconds
