"""What a worker's log says of an account names it: Celery prints events that warn of something by their names alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from connecteam_sync.core.events import Event


class OfAccount(logging.Filter):
    """Lets every record pass; one of an event begins with the account in hand, and says what the event has to say."""

    def __init__(self) -> None:
        super().__init__()
        self._account = ""

    @contextmanager
    def about(self, account: str) -> Iterator[None]:
        """While a turn of this account is in hand: a process has one at a time."""
        self._account = account
        try:
            yield
        finally:
            self._account = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """The record has another text afterwards."""
        event = getattr(record, "connecteam_event", None)
        if isinstance(event, Event):
            said = _said(event)
            record.msg = f"account {self._account}: {said}" if self._account else said
            record.args = ()
        return True


def _said(event: Event) -> str:
    """`call_failed call=sync error=rejected exit_code=5`: its plain members, of which none is a person's."""
    members = msgspec.to_builtins(event)
    del members["event"]
    words = [f"{name}={value}" for name, value in members.items() if isinstance(value, (str, int, float))]
    return " ".join((event.name, *words))
