"""What a person who gives an order says: a name and a reason, each on one line."""

from __future__ import annotations

from connecteam_sync.core.text import one_line
from connecteam_sync.errors import ConfigurationError

_LONGEST = 1000
"""Characters of a reason …"""
_MAX_WHO = 191
"""… and of who gives it."""


def operator_text(what: str, text: str) -> str:
    """What somebody says, on one line. Raises ConfigurationError where it says nothing, or more than fits."""
    line = one_line(text, len(text))
    longest = _MAX_WHO if what == "by" else _LONGEST
    if not line or len(line) > longest:
        raise ConfigurationError(
            f"{'who says so' if what == 'by' else 'the reason'} {'is missing' if not line else 'is too long'}",
            next_step=f"say it in 1 to {longest} characters",
        )
    return line
