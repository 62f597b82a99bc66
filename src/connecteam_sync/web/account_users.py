"""The people of the console in several accounts: who somebody is in each, as its own database has it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from connecteam_sync.core.console import ConsoleUser, name_key
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.web.console import Console

_THREADS = 8
_PATIENCE = 5.0
"""Seconds after which an account that has not answered is left out: its database must not keep the others'."""
_KEPT = 10.0
"""Seconds for which it is known who somebody is."""
_MOST = 1_000
Found = TypeVar("Found")


class AccountUsers:
    """Asks the databases of the accounts `names`, several at a time. `clock` gives seconds that never go back."""

    def __init__(
        self, names: Callable[[], Sequence[str]], console: Callable[[str], Console], clock: Callable[[], float]
    ) -> None:
        self._names, self._console, self._clock = names, console, clock
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="users")
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Mapping[str, ConsoleUser]]] = {}

    def of(self, name: str) -> Mapping[str, ConsoleUser]:
        """Who a person is, by account: as it was a few seconds ago at most."""
        key, now = name_key(name) or "", self._clock()
        with self._lock:
            at, found = self._known.get(key, (-_KEPT, {}))
        if now - at < _KEPT:
            return found
        found = self._each(lambda console: console.user(name))
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = (now, found)
        return found

    def whose(self, name: str, secret: str) -> Mapping[str, ConsoleUser]:
        """Who has this name and this secret, by account; a hash that several accounts keep is tried once."""
        tried: dict[str | None, bool] = {}
        found = self._each(lambda console: console.check_secret(name, secret, tried))
        with self._lock:
            self._known.pop(name_key(name) or "", None)
        return found

    def are_any(self) -> bool:
        """Whether an account has anybody who may sign in."""
        return any(self._each(lambda console: console.has_users() or None).values())

    def end(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _each(self, ask: Callable[[Console], Found | None]) -> dict[str, Found]:
        """What each account answers in time, where that is something."""

        def answer(account: str) -> Found | None:
            try:
                return ask(self._console(account))
            except ConnecteamSyncError:
                return None  # the overview says what is wrong with it

        asked: dict[Future[Found | None], str] = {self._pool.submit(answer, name): name for name in self._names()}
        done, late = wait(asked, timeout=_PATIENCE)
        for one in late:
            one.cancel()
        answers = {asked[one]: one.result() for one in done}
        return {account: found for account, found in sorted(answers.items()) if found is not None}
