"""The guards, each at its very bound (design, rule 7)."""

from __future__ import annotations

from connecteam_sync.core.change import Policy
from connecteam_sync.core.guards import too_many_deletes, users_gone


def test_a_share_of_the_people_may_be_gone_and_no_more() -> None:
    """Three of ten are thirty per cent; the fourth is a sign that the list has changed, not the company."""
    known = frozenset(range(10))
    assert users_gone(known, known - {1, 2, 3}, Policy(), where="the answer") is None
    refusal = users_gone(known, known - {1, 2, 3, 4}, Policy(), where="the answer")
    assert refusal is not None
    assert (refusal.guard, refusal.message) == ("users_gone", "4 of 10 known people are missing from the answer")


def test_one_person_may_always_be_gone() -> None:
    """However small the company; two of two are refused."""
    assert users_gone(frozenset({1, 2}), frozenset({2}), Policy(), where="the answer") is None
    assert users_gone(frozenset({1, 2}), frozenset(), Policy(), where="the answer") is not None


def test_deletes_up_to_the_larger_of_number_and_share() -> None:
    """Three, or a tenth of the rows."""
    assert too_many_deletes(3, 5, Policy()) is None
    assert too_many_deletes(4, 5, Policy()) is not None
    assert too_many_deletes(10, 100, Policy()) is None
    assert too_many_deletes(11, 100, Policy()) is not None
