"""Names and words of the configuration whose form is checked when the settings are read."""

from __future__ import annotations

import difflib
import re

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.quoting import parts

PREFIX = "CONNECTEAM_SYNC_"
_CLOCK = re.compile("[0-9]{1,18}")
"""A time clock's id; databases hold no longer numbers."""
_NAME = 64
"""The longest name of a table or column, in characters, of any database."""


def require_words(words: tuple[str, str] | None, where: str) -> None:
    """Raises ConfigurationError for two words that some database takes as equal."""
    if words is None:
        return
    over, active = (word.strip().casefold() for word in words)
    if over == active or not all(map(str.isprintable, words)) or "\\" in "".join(words):
        raise ConfigurationError(
            f"{where}: {words[0]!r} and {words[1]!r} cannot be told apart, or hold characters no such word has",
            next_step='name two words, that of a shift that is over first: is_active_words = ["N", "Y"]',
        )


def require_column(name: str, where: str) -> None:
    """A column such as `payslips.clock_time_id`, or with a schema in front. Raises ConfigurationError."""
    path = parts(name)
    if len(path) not in {2, 3} or not all(part.strip() == part and 0 < len(part) <= _NAME for part in path):
        raise ConfigurationError(
            f"{where}: {name[:200]!r} names no column of a table",
            next_step='write it like "payslips.clock_time_id", or with its schema like "other.punches.ct_id"',
        )
    if not name.isprintable():
        raise ConfigurationError(f"{where}: {name[:200]!r} holds characters no name has", next_step="type it again")


def require_known(name: str, known: tuple[str, ...], place: str, *, also: tuple[str, ...] = ()) -> None:
    """Raises ConfigurationError for an unknown key, naming the nearest of `known` and `also`."""
    if name in known:
        return
    # The prefix that all keys share must not count as a likeness.
    short = {key.removeprefix(PREFIX): key for key in (*known, *also)}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), short, 1, 0.4)
    raise ConfigurationError(
        f"{place}: unknown key {name[:200]!r}",
        next_step=f"did you mean {short[near[0]]!r}?" if near else f"known keys: {', '.join(known)}",
    )


def time_clock_ids(value: object, where: str) -> tuple[int, ...]:
    """The ids of time clocks, from a list or a text with commas. Raises ConfigurationError."""
    given: list[object] = [value]
    if isinstance(value, str):
        given = [part.strip() for part in value.split(",")]
    elif isinstance(value, list | tuple):
        given = list(value)
    ids: list[int] = []
    for part in given:
        if not _CLOCK.fullmatch(str(part)):
            raise ConfigurationError(
                f"{where}: {str(part)[:60]!r} is no time clock id",
                next_step="use the numbers that `connecteam-sync doctor` lists, separated by commas",
            )
        ids.append(int(str(part)))
    if not ids:
        raise ConfigurationError(
            f"{where} names no time clock", next_step="remove it, and every clock that is not archived is looked at"
        )
    return tuple(dict.fromkeys(ids))
