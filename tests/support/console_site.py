"""The console of a mirror, at an address of this machine, and people who ask it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.roles import Role
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application
from connecteam_sync.web.console import Console


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """What it says."""
        return self.now


class ConsoleSite:
    """A console that answers at `url`; its sessions live by `clock`."""

    def __init__(self, settings: Settings, url: str, clock: Clock) -> None:
        self.settings, self.url, self.clock = settings, url, clock
        self.host = url.removeprefix("http://")

    def ask(self, path: str, *, method: str = "GET", accept: str | None = None, **more: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
        """One request by nobody."""
        headers = {**({"accept": accept} if accept else {}), **more.pop("headers", {})}
        with httpx.Client(base_url=self.url, trust_env=False, verify=False, timeout=30) as client:
            return client.request(method, path, headers=headers, **more)

    @contextmanager
    def signed_in(self, role: Role, name: str | None = None) -> Iterator[httpx.Client]:
        """Somebody with this role, who was given an account and has signed in with its secret."""
        who = name or role.capitalize()
        with ConnecteamSync("sandbox-key", settings=self.settings) as mirror:
            known = mirror.console_user(who)
            secret = mirror.renew_console_secret(who) if known else mirror.add_console_user(who, role)
        with httpx.Client(base_url=self.url, trust_env=False, verify=False, timeout=60) as client:
            answer = client.post("/sign-in", data={"name": who, "secret": secret})
            assert answer.status_code == 303, answer.text
            yield client

    def new_secret(self, name: str) -> str:
        """Another secret for an account."""
        with ConnecteamSync("sandbox-key", settings=self.settings) as mirror:
            return mirror.renew_console_secret(name)


class Commands:
    """The command, as a process, over the database of these settings."""

    def __init__(self, key: str, settings: Settings) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONNECTEAM_SYNC_")},
            "CONNECTEAM_SYNC_API_KEY": key,
            "CONNECTEAM_SYNC_TIMEZONE": settings.timezone,
            "CONNECTEAM_SYNC_DATABASE_URL": settings.database_url,
            "CONNECTEAM_SYNC_BASE_URL": settings.base_url,
        }

    def run(self, *words: str, codes: tuple[int, ...] = (0, 3)) -> str:
        """What it prints; it has to end with one of these codes."""
        command = [sys.executable, "-m", "connecteam_sync", *words]
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode in codes, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout


@contextmanager
def console_of(settings: Settings, *, host: str = "127.0.0.1") -> Iterator[ConsoleSite]:
    """A console over these settings, until the end of the block."""
    clock = Clock()
    console = Console(settings, host=host, clock=clock)
    listener = Listener(application(console.routes()), host=host, port=0)
    listener.start()
    try:
        yield ConsoleSite(settings, listener.url, clock)
    finally:
        listener.stop()
        console.close()
