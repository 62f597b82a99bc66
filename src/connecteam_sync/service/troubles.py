"""What keeps several threads from their work at once: told by the first of them, and its end by the last."""

from __future__ import annotations

import threading
from collections.abc import Callable

from connecteam_sync.store.service.due import LookError


class Troubles:
    """The troubles of the threads of one service. `tell` is given a line; any thread may call.

    A database that is away is one trouble, in whatever words each thread hears of it: by their names troubles are told
    apart.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._lock = tell, threading.Lock()
        self._now: dict[object, str] = {}

    def began(self, who: object, error: LookError) -> None:
        """A thread cannot work."""
        with self._lock:
            is_known = error.name in self._now.values()
            self._now[who] = error.name
            if not is_known:
                self._tell(f"{error.message}; tried again until it works")

    def ended(self, who: object) -> None:
        """A thread works."""
        with self._lock:
            if self._now.pop(who, None) is not None and not self._now:
                self._tell("the service goes on")
