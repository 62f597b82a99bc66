"""Payroll: what is closed, and what proves it. `client.payroll` has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from connecteam_sync.client_certificates import Certificates
from connecteam_sync.config import Settings
from connecteam_sync.engine.one_thread import InUse, one_thread
from connecteam_sync.store.store import Store


@one_thread
class Payroll(Certificates):
    """The part of a client for payroll; it is used by the thread that uses the client. Made by the client only."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        in_use: InUse,
        *,
        require_account: Callable[[], None],
        today: Callable[[], date],
    ) -> None:
        self._settings, self._store, self._in_use = settings, store, in_use
        self._require_account, self._today = require_account, today
