"""The name and the reason that a person gives with a command, each on one line."""

from __future__ import annotations

import getpass

from connecteam_sync.core.text import one_line
from connecteam_sync.errors import ConfigurationError

_LONGEST = 1000
"""The longest reason, in characters."""
_MAX_WHO = 191
"""The longest name of a person."""


def operator_text(what: str, text: str) -> str:
    """The text on one line; `what` is "by" or "reason". Raises ConfigurationError if it is empty or too long."""
    line = one_line(text, len(text))
    longest = _MAX_WHO if what == "by" else _LONGEST
    if not line or len(line) > longest:
        raise ConfigurationError(
            f"{'who says so' if what == 'by' else 'the reason'} {'is missing' if not line else 'is too long'}",
            next_step=f"say it in 1 to {longest} characters",
        )
    return line


def acting_name(by: str | None) -> str:
    """The name of whoever does something: as given, else that of the user of the operating system.

    Raises ConfigurationError for a name that cannot be recorded.
    """
    if by is not None:
        return operator_text("by", by)
    try:
        return operator_text("by", getpass.getuser())
    except (KeyError, OSError, ConfigurationError):  # no name for this user id: KeyError until Python 3.12
        return "somebody"
