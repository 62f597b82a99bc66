"""What this command is about: its account, where the configuration has several, and the client that was made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

_COMMAND = re.compile("connecteam-sync (?=[a-z])")


class Chosen:
    """What the command line says of accounts, and the account that the command is run for now."""

    name: str | None = None
    is_every = False
    context: Any = None
    """The parser's context of the command that is run."""


def with_account(line: str) -> str:
    """A line for people, in which each command is about the account that this one is about."""
    return line if Chosen.name is None else _COMMAND.sub(f"connecteam-sync --account {Chosen.name} ", line)


OPENED: list[ConnecteamSync] = []
"""The client, once it is made."""
