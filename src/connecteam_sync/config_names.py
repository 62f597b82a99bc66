"""Names and words of `[tables]` whose form is checked when the settings are read."""

from __future__ import annotations

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.quoting import parts

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
