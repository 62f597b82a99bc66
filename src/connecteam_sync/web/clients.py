"""Clients of the library for requests: each request has one for itself, and gives it back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import ClientInUse

MOST = 6
"""Requests that use the database at a time; each has a connection."""
_PATIENCE = 10.0


class Clients:
    """At most `most` clients of one mirror, made when first needed. Any thread may take one."""

    def __init__(self, settings: Settings, *, most: int = MOST) -> None:
        self._settings = settings
        self._free: LifoQueue[ConnecteamSync] = LifoQueue()
        self._places = threading.BoundedSemaphore(most)

    @contextmanager
    def one(self) -> Iterator[ConnecteamSync]:
        """A client that nobody else uses meanwhile. Raises ClientInUse if all of them are in use for too long."""
        if not self._places.acquire(timeout=_PATIENCE):
            raise ClientInUse("too many pages are asked for at the same time", next_step="try again in a moment")
        try:
            client = self._taken()
            try:
                yield client
            finally:
                self._free.put(client)
        finally:
            self._places.release()

    def _taken(self) -> ConnecteamSync:
        try:
            return self._free.get_nowait()
        except Empty:
            return ConnecteamSync(settings=self._settings)

    def close(self) -> None:
        """Close the connections of those that are not in use."""
        while True:
            try:
                self._free.get_nowait().close()
            except Empty:
                return
