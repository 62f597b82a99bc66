"""What `serve` runs for several accounts: one listener, one dispatcher, and the tellers of each account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.config import Settings
from connecteam_sync.core.text import of_account
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.dispatcher import Dispatcher, Hands, MakeHands
from connecteam_sync.service.fleet_health import FleetHealth
from connecteam_sync.service.fleet_hooks import FleetHooks
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.service import Pages, Parts, require_safe
from connecteam_sync.service.telling import Telling
from connecteam_sync.service.threads import ThreadHands
from connecteam_sync.service.turns import TurnRunner
from connecteam_sync.service.units import attempted
from connecteam_sync.service.web import application
from connecteam_sync.store.control.database import ControlDatabase

SLOTS = 2
"""Visits of one account at a time."""
_AGAIN = 5.0


class Accounts(Protocol):
    """The accounts of a configuration."""

    def names(self) -> tuple[str, ...]:
        """All of them. Raises ConfigurationError."""

    def settings(self, name: str) -> Settings:
        """What one is configured by. Raises ConfigurationError."""


class FleetService:
    """The service of several accounts. `control_url` is its control database; `hands` makes, of that, what does the
    turns: None, and threads of this process do. `pages` are those of the console.

    The port is bound at once. Raises ConfigurationError, DatabaseError. An account whose configuration cannot be used
    harms no other: it is told, and tried again with each of its turns.
    """

    def __init__(
        self,
        accounts: Accounts,
        control_url: str,
        parts: Parts,
        *,
        tell: Callable[[str], None],
        hands: MakeHands | None = None,
        holder: str,
        pages: Pages | None = None,
    ) -> None:
        require_safe(parts)
        self._pages = pages
        self._tell, self.stop = tell, threading.Event()
        control = self._control = ControlDatabase(control_url)
        control.init(upgrades=True)
        usable = self._usable(accounts)
        self._hooks = FleetHooks(usable, control) if parts.has_hooks else None
        self._runner: TurnRunner | None = None
        self._threads: ThreadHands | None = None
        self._dispatcher: Dispatcher | None = None
        if parts.has_clock:
            doing: Hands | None = None if hands is None else hands(control)
            if doing is None:
                self._runner = TurnRunner(control, accounts.settings, stop=self.stop, tell=tell, holder=holder)
                doing = self._threads = ThreadHands(self._runner, threads=parts.threads, stop=self.stop, tell=tell)
            self._dispatcher = Dispatcher(
                control, doing, lambda: dict.fromkeys(accounts.names(), SLOTS), stop=self.stop, tell=tell
            )
        self._telling = {name: Telling(one, receivers_of(one), note=self._about(name)) for name, one in usable.items()}
        self._health = FleetHealth(control, is_alive=self._is_alive)
        hooks = self._hooks.routes() if self._hooks is not None else ()
        shown = pages.routes() if pages is not None else ()
        routes = [*self._health.routes(), *hooks, *shown]
        self._listener = Listener(application(routes), host=parts.host, port=parts.port)
        self._metrics = (
            Listener(
                application([*self._health.routes(), *self._health.metrics_routes()]),
                host=parts.host,
                port=parts.metrics_port,
                option="--metrics-port",
            )
            if parts.metrics_port is not None
            else None
        )
        self._learner = threading.Thread(target=self._learn_until_known, name="addresses", daemon=True)

    def _usable(self, accounts: Accounts) -> dict[str, Settings]:
        found = {}
        for name in accounts.names():
            try:
                found[name] = accounts.settings(name)
            except ConnecteamSyncError as error:
                self._about(name)(f"{error.message}; {error.next_step}")
        return found

    def _about(self, name: str) -> Callable[[str], None]:
        return lambda line: self._tell(f"account {name}: {of_account(line, name)}")

    def _is_alive(self) -> bool:
        parts = [*self._telling.values(), *(one for one in (self._dispatcher, self._threads) if one is not None)]
        return all(part.is_alive for part in parts)

    def _learn_until_known(self) -> None:
        """Until the address of every account's doorbells is known; what keeps one from it is told once."""
        said: dict[str, str] = {}

        def learn() -> float:
            if self._hooks is None:
                return 0.0
            failed = self._hooks.learn()
            for name, why in failed.items():
                if said.get(name) != why:
                    self._about(name)(f"doorbells are not taken yet: {why}; tried again until it works")
            said.update(failed)
            return _AGAIN if failed else 0.0

        wait = attempted(learn, lambda _: _AGAIN)
        while wait and not self.stop.wait(wait):
            wait = attempted(learn, lambda _: _AGAIN)

    @property
    def url(self) -> str:
        """The address of the listener, without a slash at its end."""
        return self._listener.url

    @property
    def metrics_url(self) -> str | None:
        """The whole address of the metrics; None if there are none."""
        return f"{self._metrics.url}/metrics" if self._metrics is not None else None

    def hooks_urls(self) -> Mapping[str, str]:
        """The whole address of each account's doorbells, as far as they are known."""
        paths = self._hooks.paths() if self._hooks is not None else {}
        return {name: f"{self.url}{path}" for name, path in paths.items()}

    def begin(self) -> None:
        """Answer and give out turns from now on. Raises DatabaseError, LockHeld."""
        if self._hooks is not None:
            self._hooks.learn()
        self._learner.start()
        if self._runner is not None and self._threads is not None:
            self._runner.begin()
            self._threads.begin()
        if self._dispatcher is not None:
            self._dispatcher.begin()
        for telling in self._telling.values():
            telling.begin()
        self._listener.start()
        if self._metrics is not None:
            self._metrics.start()

    def end(self) -> None:
        """Take nothing new, and wait for what is in hand, but not for long."""
        self.stop.set()
        several: list[Callable[[], None]] = [self._listener.stop, *(one.end for one in self._telling.values())]
        several += [self._metrics.stop] if self._metrics is not None else []
        several += [self._dispatcher.end] if self._dispatcher is not None else []
        several += [self._threads.end] if self._threads is not None else []
        ending = [threading.Thread(target=end, daemon=True) for end in several]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        if self._runner is not None:
            self._runner.close()
        if self._hooks is not None:
            self._hooks.close()
        if self._pages is not None:
            self._pages.close()
        self._control.close()
