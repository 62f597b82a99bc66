"""The sums of a run's looks, which may have days in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from connecteam_sync.core.change import Counts, Hold, Minutes
from connecteam_sync.core.window import Window


class Part(Protocol):
    """A slice or its plan: one look at a time clock."""

    @property
    def time_clock_id(self) -> int | None: ...  # noqa: D102
    @property
    def window(self) -> Window: ...  # noqa: D102
    @property
    def counts(self) -> Counts: ...  # noqa: D102
    @property
    def minutes(self) -> Minutes: ...  # noqa: D102
    @property
    def holds(self) -> tuple[Hold, ...]: ...  # noqa: D102


_Part = TypeVar("_Part", bound=Part)


class _WholeLook(NamedTuple, Generic[_Part]):
    """The newest part of a look whose days are within no other's at the same time clock, with the parts before and
    after it that are about these days or some of them.
    """

    newest: _Part
    before: list[_Part]
    after: list[_Part]


def _key(part: Part) -> tuple[int | None, Window]:
    return (part.time_clock_id, part.window)


def _whole_looks(parts: Sequence[_Part]) -> list[_WholeLook[_Part]]:
    """The looks that have every day once, although a day is looked at for an open row and with the days around it."""
    newest = {_key(part): part for part in parts}
    of_clock: dict[int | None, list[_Part]] = {}
    for part in parts:
        of_clock.setdefault(part.time_clock_id, []).append(part)
    found = []
    for part in newest.values():
        same = of_clock[part.time_clock_id]
        if not any(_is_part_of(part, other) and newest[_key(other)] is other for other in same):
            place = next(n for n, other in enumerate(same) if other is part)
            inside = [n for n, other in enumerate(same) if _key(other) == _key(part) or _is_part_of(other, part)]
            before, after = ([same[n] for n in inside if n < place], [same[n] for n in inside if n > place])
            found.append(_WholeLook(part, before, after))
    return found


def _is_part_of(part: _Part, other: _Part) -> bool:
    """Whether all days of a part are among more days that another part looked at."""
    is_look = part.time_clock_id is not None
    return is_look and part.window != other.window and other.window.covers(part.window)


def holds_of(parts: Sequence[_Part]) -> tuple[Hold, ...]:
    """The holds after the last look at each day, by instant."""
    found: dict[tuple[int | None, str, str, int | None], Hold] = {}
    for look in _whole_looks(parts):
        newest: list[_Part] = [look.newest, *{part.window: part for part in look.after}.values()]
        for number, part in enumerate(newest):
            for hold in part.holds:
                if not any(later.window.holds(hold.instant or 0) for later in newest[number + 1 :]):
                    found[part.time_clock_id, hold.reason, hold.subject, hold.instant] = hold
    return tuple(sorted(found.values(), key=lambda h: h.instant or 0))


def _unchanged(look: _WholeLook[_Part]) -> int:
    """How many shifts were right before any part of a look; what one part wrote, the others find right."""
    others = (*look.before, *look.after)
    written = sum(part.counts.created + part.counts.updated for part in others)
    first = next((part for part in look.before if part.window == look.newest.window), look.newest)
    # Of shifts that moved off these days, the parts after the one that moved their row know nothing.
    moved = max(first.counts.total_shifts - look.newest.counts.total_shifts, 0)
    return max(look.newest.counts.unchanged - max(written - moved, 0), 0)


def counts_of(parts: Sequence[_Part]) -> Counts:
    """The sums of the counts; what two looks at a time clock have both counts once."""
    looks = _whole_looks(parts)
    return Counts(
        total_shifts=sum(look.newest.counts.total_shifts for look in looks),
        created=sum(part.counts.created for part in parts),
        updated=sum(part.counts.updated for part in parts),
        unchanged=sum(map(_unchanged, looks)),
        deleted=sum(part.counts.deleted for part in parts),
        held=len(holds_of(parts)),
        linked=sum(part.counts.linked for part in parts),
    )


def minutes_of(parts: Sequence[_Part]) -> Minutes:
    """The hours of the days that were looked at, before the first write and after the last."""
    # A repeated look may cover more rows: those without a shift count only if it deletes them. Parts without minutes
    # are left out: the last slice of an adoption is about its key alone.
    with_minutes = [part for part in parts if part.minutes != Minutes()]
    looks = _whole_looks(with_minutes)
    after = sum(look.newest.minutes.after + _growth(look.after) for look in looks)
    return Minutes(before=after - _growth(with_minutes), after=after)


def _growth(parts: Iterable[Part]) -> int:
    return sum(part.minutes.after - part.minutes.before for part in parts)
