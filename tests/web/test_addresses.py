"""Addresses of people, whatever text their keys are; days and months in addresses."""

from __future__ import annotations

from datetime import date
from urllib.parse import unquote

import pytest

from connecteam_sync.errors import ConfigurationError, WindowError
from connecteam_sync.web.addresses import day_of, employee_of, month_of, person_address


@pytest.mark.parametrize(
    "key", [7, -7, "E-7", "a/b", ".", "..", "x.json", "100%", "%2F", "%252F", "%2e", "é ü", "a?b#c", "\\", "<b>", "'\""]
)
def test_a_key_comes_back_from_its_address(key: int | str) -> None:
    """After a server has decoded it once; it is one part of a path and no form of an answer."""
    address = person_address(key)
    assert address.isascii()
    assert not set(address) & set(" ?#<>\"'\\")
    decoded = unquote(address).removeprefix("/people/")
    assert "/" not in decoded
    assert "." not in decoded
    assert employee_of(decoded) == str(key)


def test_plain_keys_have_plain_addresses() -> None:
    """As one would type them."""
    assert person_address(7) == "/people/7"
    assert person_address("E-7", date(2025, 12, 2)) == "/people/E-7/2025-12-02"
    assert person_address("E-7", date(2025, 12, 2), form=".json") == "/people/E-7/2025-12-02.json"
    assert employee_of("Ana Moss") == "Ana Moss"
    assert employee_of("a%2fb") == "a/b"


def test_days_and_months() -> None:
    """ISO, within the calendar."""
    assert day_of("2025-12-02") == date(2025, 12, 2)
    assert month_of("2025-12") == date(2025, 12, 1)
    assert day_of("1971-01-01") == date(1971, 1, 1)
    for text in ("2025-12-2", "2025-W49-2", "20251202", " 2025-12-02", "2025-02-30", "", "\u0662025-12-02"):
        with pytest.raises(ConfigurationError, match="is no day"):
            day_of(text)
    for text in ("2025", "2025-13", "2025-12-01", ""):
        with pytest.raises(ConfigurationError, match="is no month"):
            month_of(text)
    for text in ("1970-12-31", "2200-01-01"):
        with pytest.raises(WindowError):
            day_of(text)
    with pytest.raises(WindowError):
        month_of("9999-12")
