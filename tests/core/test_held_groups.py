"""Holds by reason and person, a page at a time."""

from __future__ import annotations

from connecteam_sync.core.attention import SHOWN, Attention, HeldGroup, attention
from connecteam_sync.core.change import HOLD_REASONS, Hold, HoldReason
from connecteam_sync.core.holds import HoldGroup


def _group(
    number: int, reason: HoldReason = "unmapped_user", *, known: bool = False, user: int | None = None
) -> HeldGroup:
    who = number if user is None else user
    hold = Hold(reason=reason, subject=f"shift:{number}", detail="why", user_id=who)
    return HeldGroup(
        group=HoldGroup(reason=reason, employee_id=None, user_id=who, holds=(hold,)),
        number=number,
        count=2,
        shifts=2,
        since=number,
        added=60,
        kept=5,
        is_acknowledged=known,
    )


def _numbers(found: Attention) -> list[tuple[HoldReason, list[int]]]:
    return [(one.reason, [group.number for group in one.groups]) for one in found.waiting]


def test_nothing_waits() -> None:
    """Then there is nothing."""
    found = attention([])
    assert (found.count, found.people, found.added, found.kept) == (0, 0, 0, 0)
    assert (found.waiting, found.acknowledged) == ((), ())


def test_reasons_are_in_the_order_of_the_reference_and_oldest_first() -> None:
    """A person who waits for two reasons is one person; what is acknowledged is apart, and in no sum."""
    found = attention([_group(5, "orphan"), _group(4), _group(2, "orphan", user=4), _group(3), _group(9, known=True)])
    assert _numbers(found) == [("unmapped_user", [3, 4]), ("orphan", [2, 5])]
    assert [(one.reason, one.groups[0].number) for one in found.acknowledged] == [("unmapped_user", 9)]
    assert (found.count, found.people, found.added, found.kept) == (8, 3, 240, 20)
    assert [one.people for one in found.waiting] == [2, 2]
    assert [one.next_after for one in found.waiting] == [None, None]


def test_too_many_are_shown_in_pages_by_reason() -> None:
    """Some of each reason at first, then all of one; sums are of all of them."""
    groups = [_group(number) for number in range(1, SHOWN * 2)] + [
        _group(1000 + number, "orphan") for number in range(3)
    ]
    found = attention(groups)
    assert [(reason, len(numbers)) for reason, numbers in _numbers(found)] == [
        ("unmapped_user", SHOWN // 2),
        ("orphan", 3),
    ]
    assert found.waiting[0].people == SHOWN * 2 - 1
    assert found.waiting[0].next_after == SHOWN // 2
    assert found.waiting[1].next_after is None
    one = attention(groups, kind="unmapped_user")
    assert _numbers(one) == [("unmapped_user", list(range(1, SHOWN + 1)))]
    assert one.waiting[0].next_after == SHOWN
    rest = attention(groups, kind="unmapped_user", after=SHOWN)
    assert _numbers(rest) == [("unmapped_user", list(range(SHOWN + 1, SHOWN * 2)))]
    assert rest.waiting[0].next_after is None
    assert rest.count == (SHOWN * 2 - 1) * 2


def test_exactly_a_page_is_no_more_than_one() -> None:
    """The last of it is the last."""
    found = attention([_group(number) for number in range(1, SHOWN + 1)])
    assert [len(one.groups) for one in found.waiting] == [SHOWN]
    assert found.waiting[0].next_after is None


def test_every_reason_is_seen_however_many_there_are() -> None:
    """At least three groups of each."""
    groups = [_group(place * 100 + number, reason) for place, reason in enumerate(HOLD_REASONS) for number in range(9)]
    assert {len(numbers) for _, numbers in _numbers(attention(groups))} == {3}
    assert len(_numbers(attention(groups))) == len(HOLD_REASONS)
