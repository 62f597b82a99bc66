"""Retention by the command: what is shown before anything goes, and what is said afterwards."""

from __future__ import annotations

import pytest

from support.long_kept import long_kept
from test_command import Terminal, terminal

__all__ = ["terminal"]
DAYS = "2021-03-01..2021-03-14"


@pytest.fixture
def kept(terminal: Terminal) -> dict[str, str]:
    """Somebody worked years ago; somebody else is on a legal hold."""
    return dict(long_kept(terminal))


def test_what_goes_is_shown_and_the_days_have_to_be_repeated(terminal: Terminal, kept: dict[str, str]) -> None:
    """Nothing goes without them; the next step can be copied; afterwards the history names the days."""
    shown = terminal("retention", "purge", DAYS)
    assert shown.code == 0
    assert f"{DAYS} (America/Chicago): 1 journal entry, 1 tracked shift would go; rows stay (--rows)" in shown.out
    assert f"next: connecteam-sync retention purge {DAYS} --confirm {DAYS}" in shown.err
    rows = terminal("retention", "purge", DAYS, "--rows")
    assert "stays: 1 rows on days of no closed pay period" in rows.out
    assert f"purge {DAYS} --rows --confirm {DAYS}" in rows.err
    assert terminal("retention", "check", "--json").json["purges"] == []
    done = terminal("retention", "purge", DAYS, "--confirm", DAYS, "--as", "Pia")
    assert f"{DAYS} (America/Chicago) is purged: 1 journal entry, 1 tracked shift went" in done.out
    said = terminal("retention").out
    assert "records are kept for 3 years" in said
    assert "by Pia: 1 journal entry, 1 tracked shift" in said
    assert "a lawsuit" in said
    assert f"{DAYS} was purged: nothing" in terminal("history", kept["gone"]).out
    assert f"{DAYS} was purged: nothing" in terminal("changes", "--since", "2021-03-01").err
    assert "purged" in terminal("locks").out
    assert "purged, which nothing opens" in terminal("unlock", "--from", "2021-03-02", "--to", "2021-03-02").out


def test_somebody_is_erased(terminal: Terminal, kept: dict[str, str]) -> None:
    """It says what was blanked, and what is left to the host."""
    answer = terminal("retention", "erase", kept["gone"], "--confirm", kept["gone"])
    assert f"employee {kept['gone']} is erased: 1 user" in answer.out
    assert "your own table of employees" in answer.out
