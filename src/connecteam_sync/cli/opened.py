"""What this command is about: its account, where the configuration has several, and the client that was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connecteam_sync.core.text import of_account

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.core.console import NewSecret


class Chosen:
    """What the command line says of accounts, and the account that the command is run for now."""

    name: str | None = None
    is_every = False
    is_in_turn = False
    """Whether the command is run for one account after the other."""
    secret: NewSecret | None = None
    """The secret that a command made, while it is run for one account after the other."""
    context: Any = None
    """The parser's context of the command that is run."""


def with_account(line: str, name: str | None = None) -> str:
    """A line for people, in which each command is about an account: the one named, or that of this command."""
    return of_account(line, Chosen.name if name is None else name)


def steps_with_account(value: Any, name: str | None = None) -> Any:  # noqa: ANN401 - what JSON can hold
    """An answer for programs, in which each next step, however deep it lies, is about an account as `with_account`."""
    from connecteam_sync.present.next_steps import steps_of_account

    return steps_of_account(value, Chosen.name if name is None else name)


OPENED: list[ConnecteamSync] = []
"""The client, once it is made; of a command that is run for several accounts, each one's."""
