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
        self.settings, self.store, self._in_use = settings, store, in_use
        self._require_account, self._today = require_account, today

    def require_account(self) -> None:
        """Raises ConfigurationError, naming both sides, if the configured region or zone is not the database's."""
        self._require_account()

    def today(self) -> date:
        """The current day in the business time zone."""
        return self._today()
