"""What `serve` runs: the clocks, and the listener with the routes of every part, begun and ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.routing import BaseRoute

from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.client_bells import webhook_secrets
from connecteam_sync.config import Settings
from connecteam_sync.core.deliveries import Secrets
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError
from connecteam_sync.service.health import Health
from connecteam_sync.service.hooks import Hooks
from connecteam_sync.service.listener import Listener, is_loopback
from connecteam_sync.service.metrics_file import require_extra
from connecteam_sync.service.serving import Clocks
from connecteam_sync.service.telling import Telling
from connecteam_sync.service.web import application

METRICS_PORT = 9787
_AGAIN = 2.0
"""Seconds until the database is asked again for the address of webhooks."""
_MOST_MONITORS = 50
"""Connections to the listener of the metrics."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a service: `host` and `port` (0: any that is free) of its main listener, and what is left out.

    `is_tls_in_front`: what comes to the listener was encrypted until this machine, or a person does without.
    """

    host: str = "127.0.0.1"
    port: int = 0
    threads: int = 1
    has_clock: bool = True
    has_hooks: bool = True
    is_tls_in_front: bool = False
    metrics_port: int | None = None
    """None: the usual one, if it is free and the extra is installed."""
    metrics_file: Path | None = None


class Pages(Protocol):
    """Further routes of the main listener, such as the console's."""

    def routes(self) -> Sequence[BaseRoute]:
        """The routes."""

    def close(self) -> None:
        """Close the connections."""


class Service:
    """The service of the mirror that the settings name. `tell` may be called by any thread; `token` is called until it
    answers, first at once.

    The port is bound at once. Raises ConfigurationError, DatabaseError.
    """

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        *,
        tell: Callable[[str], None],
        token: Callable[[], str],
        pages: Pages | None = None,
    ) -> None:
        require_safe(parts)
        self._pages = pages
        secrets = webhook_secrets(settings.secrets) if parts.has_hooks else None
        self._hooks = None if secrets is None else Hooks(settings, secrets=Secrets(*secrets))
        self._token, self._tell, self._ended = token, tell, threading.Event()
        self._away = self._learn()
        self._clocks = Clocks(settings, threads=parts.threads, tell=tell) if parts.has_clock else None
        self._telling = Telling(settings, receivers_of(settings), note=tell, metrics_file=parts.metrics_file)
        self._health = Health(settings, is_alive=self._is_alive)
        self._listener = Listener(application(self._routes()), host=parts.host, port=parts.port)
        self._metrics = self._metrics_listener(parts, tell)

    def _is_alive(self) -> bool:
        return self._telling.is_alive and (self._clocks is None or self._clocks.is_alive)

    def _metrics_listener(self, parts: Parts, tell: Callable[[str], None]) -> Listener | None:
        """Raises ConfigurationError if it cannot be, and its port was named."""
        is_named = parts.metrics_port is not None
        try:
            require_extra("--metrics-port")
            return Listener(
                application([*self._health.routes(), *self._health.metrics_routes()]),
                host=parts.host,
                port=parts.metrics_port if parts.metrics_port is not None else METRICS_PORT,
                option="--metrics-port",
                most=_MOST_MONITORS,
            )
        except ConfigurationError as error:
            if is_named:
                self._listener.stop()
                raise
            tell(f"no metrics: {error.message}; {error.next_step}")
            return None

    def _routes(self) -> list[BaseRoute]:
        """The routes of the main listener, those of each part."""
        hooks = self._hooks.routes() if self._hooks is not None else ()
        pages = self._pages.routes() if self._pages is not None else ()
        return [*self._health.routes(), *hooks, *pages]

    @property
    def has_hooks(self) -> bool:
        """Whether webhooks are taken."""
        return self._hooks is not None

    @property
    def is_whole(self) -> bool:
        """Whether everything answers: without the database the address of webhooks may not be known."""
        return self._hooks is None or self._hooks.token is not None

    @property
    def hooks_url(self) -> str | None:
        """The whole address of webhooks at the main listener; None where they are off, or it is not known yet."""
        path = self._hooks.path if self._hooks is not None else None
        return None if path is None else f"{self.url}{path}"

    def _learn(self) -> ConnecteamSyncError | None:
        """Learn the address of webhooks; the error where the database is away. Raises ConfigurationError."""
        if self._hooks is None:
            return None
        try:
            self._hooks.token = self._token()
        except ConnecteamSyncError as error:
            if not error.retryable:
                raise
            return error
        return None

    def _go_on_learning(self) -> None:
        """Until the address is known. What cannot be cured by waiting is told too, once."""
        said = ""
        while not self._ended.wait(_AGAIN):
            try:
                if self._learn() is None:
                    break
            except ConnecteamSyncError as error:
                if error.message != said:
                    self._tell(error.message)
                said = error.message
        if self._clocks is None and self.is_whole:
            self._tell("the service goes on")

    @property
    def metrics_url(self) -> str | None:
        """The whole address of the metrics; None if there are none."""
        return f"{self._metrics.url}/metrics" if self._metrics is not None else None

    @property
    def url(self) -> str:
        """The address of the main listener, without a slash at its end."""
        return self._listener.url

    def begin(self) -> None:
        """Answer and look from now on. Raises ConfigurationError, NotInitialised; a database that is away is waited
        for.
        """
        if self._clocks is not None:
            self._clocks.begin()
        elif self._away is not None:
            self._tell(f"{self._away.message}; tried again until it works")
        if self._away is not None:
            threading.Thread(target=self._go_on_learning, name="address", daemon=True).start()
        self._telling.begin()
        self._listener.start()
        if self._metrics is not None:
            self._metrics.start()

    def end(self) -> None:
        """Take nothing new, and wait for what is in hand, but not for long."""
        self._ended.set()
        several: list[Callable[[], None]] = [self._listener.stop, self._telling.end, self._health.close]
        several += [self._metrics.stop] if self._metrics is not None else []
        several += [self._clocks.end] if self._clocks is not None else []
        # At the same time: where the database hangs each of them waits for as long as it may.
        threads = [threading.Thread(target=end, daemon=True) for end in several]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._hooks is not None:
            self._hooks.close()
        if self._pages is not None:
            self._pages.close()


def require_safe(parts: Parts) -> None:
    """Raises ConfigurationError if what comes from other machines would come unencrypted, and nobody said so."""
    if is_loopback(parts.host) or parts.is_tls_in_front:
        return
    raise ConfigurationError(
        f"at {parts.host} other machines could ask without encryption",
        next_step="listen at 127.0.0.1 behind a proxy with TLS, or say --insecure-http",
    )
