"""The end of a service: work in hand ends between two slices."""

from __future__ import annotations

from typing import Protocol

from connecteam_sync.core.events import Event
from connecteam_sync.engine.events import Emit


class Stopped(Exception):  # noqa: N818 - says what happened
    """The service is to end: raised between two slices, so that the one in hand is whole."""


class Signal(Protocol):
    """An event of threads, or of processes."""

    def is_set(self) -> bool:
        """Whether the work is to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, so many seconds at most; whether it is to end."""


def until(stop: Signal) -> Emit:
    """A listener that ends a look before its next slice, or its next wait, once the service is to end."""

    def listen(_: Event) -> None:
        if stop.is_set():
            raise Stopped

    return listen
