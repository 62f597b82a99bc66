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
    is_in_turn = False
    """Whether the command is run for one account after the other."""
    context: Any = None
    """The parser's context of the command that is run."""


def with_account(line: str, name: str | None = None) -> str:
    """A line for people, in which each command is about an account: the one named, or that of this command."""
    name = Chosen.name if name is None else name
    return line if name is None else _COMMAND.sub(f"connecteam-sync --account {name} ", line)


OPENED: list[ConnecteamSync] = []
"""The client, once it is made; of a command that is run for several accounts, each one's."""
