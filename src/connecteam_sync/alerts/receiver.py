"""Somebody who is told, whatever the way."""

from __future__ import annotations

from typing import Protocol

from connecteam_sync.core.alerts import Message


class NotSent(Exception):  # noqa: N818 - says what happened
    """A message was not taken. Its text is for people: no secret, no URL."""


class PartlySent(NotSent):
    """Some took a message, others did not. It counts as taken: tried again, the first ones would get it each time."""


class Receiver(Protocol):
    """Somebody who is told. `name` is the same from run to run.

    `grace`: for so many seconds longer it may wait until a message that was given over is taken.
    """

    name: str
    grace: float

    def send(self, message: Message, seconds: float) -> None:
        """Send one message, within about so many seconds. Raises NotSent."""
