"""What a company is called before anything is done to its data, and what is nothing yet."""

from __future__ import annotations

import msgspec
import pytest

from connecteam_sync.core.account import Account, company_words
from connecteam_sync.core.mirrored import Mirrored


@pytest.mark.parametrize(
    ("company_id", "name", "clocks", "words"),
    [
        ("17", "Acme Ltd", {5}, "Acme Ltd (id 17)"),
        ("17", None, {5}, "a company (id 17)"),
        ("17", "", set(), "a company (id 17)"),
        (None, "Acme Ltd", {5}, "the company with time clock 5"),
        (None, None, {10, 9, 100}, "the company with time clocks 9, 10, 100"),
        (None, None, set(), "the company with time clocks not known yet"),
    ],
)
def test_a_company_is_called_by_its_name_and_id_else_by_its_time_clocks(
    company_id: str | None, name: str | None, clocks: set[int], words: str
) -> None:
    """So that a person recognises it, whatever a key may read."""
    assert company_words(company_id, name, frozenset(clocks)) == words
    account = Account(company_id=company_id, company_name=name, time_clocks=frozenset(clocks))
    assert account.company == words


def test_of_an_account_that_was_never_seen_nothing_is_known() -> None:
    """Not who noted it, nor when."""
    known = msgspec.structs.asdict(Account())
    assert known.pop("what") == "first"
    assert known.pop("time_clocks") == frozenset()
    assert (known.pop("number"), known.pop("at")) == (0, 0)
    assert set(known.values()) == {None}


def test_days_without_shifts_hold_nothing() -> None:
    """Neither people nor hours."""
    assert set(msgspec.structs.asdict(Mirrored()).values()) == {0}
