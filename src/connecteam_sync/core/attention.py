"""What needs a person: standing holds by reason and person, and Connecteam users whose shifts wait. Pure.

Instants are epoch seconds, minutes are whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

import msgspec

from connecteam_sync.core.change import HOLD_REASONS, HoldReason
from connecteam_sync.core.holds import HoldGroup
from connecteam_sync.core.run import Person, StandingHold

SHOWN = 40
"""Groups of a page."""
_AT_LEAST = 3
"""Groups that are shown of each reason if there are too many for a page."""


class HeldGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The standing holds of one person for one reason; acknowledged ones are a group of their own.

    `group` has the first and the last of them only. `since` is when the first of them was seen, `number` its id;
    `added` are minutes that wait to be written, `kept` those of rows that stay. `name` is the person's, if known.
    """

    group: HoldGroup
    number: int
    count: int
    shifts: int
    since: int
    added: int
    kept: int
    is_acknowledged: bool
    name: str = ""


class HeldReason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason, the groups of it that are shown, and sums of all of them. `next_after` is the number of the last one
    shown, if there are more.
    """

    reason: HoldReason
    groups: tuple[HeldGroup, ...]
    people: int
    count: int
    added: int
    kept: int
    next_after: int | None = None


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, by reason, and what was acknowledged; sums are of all that wait, whatever is shown."""

    waiting: tuple[HeldReason, ...]
    acknowledged: tuple[HeldReason, ...]
    people: int
    """How many people the holds that wait are of."""

    @property
    def count(self) -> int:
        """How many holds wait."""
        return sum(reason.count for reason in self.waiting)

    @property
    def added(self) -> int:
        """The minutes that wait to be written."""
        return sum(reason.added for reason in self.waiting)

    @property
    def kept(self) -> int:
        """The minutes of rows that stay."""
        return sum(reason.kept for reason in self.waiting)


def attention(groups: Iterable[HeldGroup], *, kind: str | None = None, after: int = 0) -> Attention:
    """The groups by reason, in the order of the reference; oldest first within a reason.

    With a `kind` (a hold reason) a page of that one: the groups behind the number `after`. Else some of each.
    """
    every = [group for group in groups if kind in {None, group.group.reason}]
    known = [group for group in every if group.is_acknowledged]
    waiting = [group for group in every if not group.is_acknowledged]
    return Attention(
        waiting=_reasons(waiting, is_one=kind is not None, after=after),
        acknowledged=_reasons(known, is_one=kind is not None, after=after),
        people=len({(group.group.employee_id, group.group.user_id) for group in waiting}),
    )


def _reasons(groups: Iterable[HeldGroup], *, is_one: bool, after: int) -> tuple[HeldReason, ...]:
    place = {reason: number for number, reason in enumerate(HOLD_REASONS)}
    in_turn = sorted(groups, key=lambda one: (place[one.group.reason], one.number))
    by_reason = [(reason, list(several)) for reason, several in groupby(in_turn, key=lambda one: one.group.reason)]
    room = SHOWN if is_one or len(in_turn) <= SHOWN else max(_AT_LEAST, SHOWN // len(by_reason))
    return tuple(_reason(reason, several, room, after) for reason, several in by_reason)


def _reason(reason: HoldReason, groups: list[HeldGroup], room: int, after: int) -> HeldReason:
    rest = [group for group in groups if group.number > after]
    shown = rest[:room]
    return HeldReason(
        reason=reason,
        groups=tuple(shown),
        people=len(groups),
        count=sum(group.count for group in groups),
        added=sum(group.added for group in groups),
        kept=sum(group.kept for group in groups),
        next_after=shown[-1].number if len(rest) > len(shown) else None,
    )


def with_groups(found: Attention, groups: Mapping[int, HeldGroup]) -> Attention:
    """The same with other groups in the place of those that are shown, by their numbers."""

    def replaced(reasons: Iterable[HeldReason]) -> tuple[HeldReason, ...]:
        return tuple(
            msgspec.structs.replace(one, groups=tuple(groups[group.number] for group in one.groups)) for one in reasons
        )

    return msgspec.structs.replace(found, waiting=replaced(found.waiting), acknowledged=replaced(found.acknowledged))


class HoldPage(msgspec.Struct, frozen=True, kw_only=True):
    """A standing hold with those of the same person for the same reason: `beside` are at most `SHOWN` of them, itself
    included, `group` are all.
    """

    hold: StandingHold
    beside: tuple[StandingHold, ...]
    group: HeldGroup


class WaitingUser(msgspec.Struct, frozen=True, kw_only=True):
    """A Connecteam user who counts for no employee, with what is held of them; `first` and `last` are the begins of
    their first and last held shift. `is_known`: a run has seen them in Connecteam's list of users.
    """

    person: Person
    is_known: bool
    shifts: int = 0
    minutes: int = 0
    first: int | None = None
    last: int | None = None


class WaitingUsers(msgspec.Struct, frozen=True, kw_only=True):
    """A page of them, those with most held hours first; sums are of all. `next_after`: the last user of this page, if
    there are more.
    """

    users: tuple[WaitingUser, ...]
    count: int
    shifts: int
    minutes: int
    next_after: int | None = None


WAIT_FOR_A_MAPPING: tuple[HoldReason, ...] = ("unmapped_user", "possible_double", "ambiguous_employee")
"""Reasons of holds that a mapping ends."""
