"""The end of a service: work in hand ends between two slices."""

from __future__ import annotations

import threading

from connecteam_sync.core.events import Event
from connecteam_sync.engine.events import Emit


class Stopped(Exception):  # noqa: N818 - says what happened
    """The service is to end: raised between two slices, so that the one in hand is whole."""


def until(stop: threading.Event) -> Emit:
    """A listener that ends a look before its next slice, or its next wait, once the service is to end."""

    def listen(_: Event) -> None:
        if stop.is_set():
            raise Stopped

    return listen
