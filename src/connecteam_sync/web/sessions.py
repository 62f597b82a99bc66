"""Who is signed in, and who has tried too often: kept in memory, so a restart signs everybody out.

The account is read again with each request: whoever is removed, or given another secret, is out at once.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

IDLE = 30 * 60
LONGEST = 12 * 3600
"""Seconds: a session ends when it is not used for so long, and in any case after so long."""
_MOST = 2_000
"""Sessions at a time; the one that was used longest ago ends first."""
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 900.0
_FORGET = 3600.0
_REMEMBERED = 10_000


class Session(msgspec.Struct, kw_only=True):
    """One person's session; `generations` are those of the secret they signed in with, by account (`""` where there is
    one alone). Instants are of the clock.
    """

    name: str
    generations: Mapping[str, int]
    began: float
    used: float


class Sessions:
    """The sessions of one process. `clock` gives seconds that never go back. Any thread may call it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._by_digest: OrderedDict[str, Session] = OrderedDict()

    def begin(self, name: str, generations: Mapping[str, int], *, instead_of: str | None = None) -> str:
        """A new session; the token of its cookie. The session that the browser brought ends."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._by_digest.pop(_digest(instead_of), None)
            self._by_digest[_digest(token)] = Session(name=name, generations=generations, began=now, used=now)
            while len(self._by_digest) > _MOST:
                self._by_digest.popitem(last=False)
        return token

    def find(self, token: str | None, *, is_used: bool = True) -> Session | None:
        """The session of a cookie; None if there is none, or it has ended. It is used now, if somebody did."""
        digest, now = _digest(token), self._clock()
        with self._lock:
            found = self._by_digest.get(digest)
            if found is None:
                return None
            if now - found.used > IDLE or now - found.began > LONGEST:
                del self._by_digest[digest]
                return None
            if is_used:
                found.used = now
                self._by_digest.move_to_end(digest)
            return found

    def end(self, token: str | None) -> None:
        """End a session; nothing if there is none."""
        with self._lock:
            self._by_digest.pop(_digest(token), None)


def _digest(token: str | None) -> str:
    """What is kept of a token: whoever reads the memory of this process has none that is valid."""
    return hashlib.sha256((token or "").encode("utf-8", "surrogatepass")).hexdigest()


class _Failures(msgspec.Struct):
    count: int
    until: float
    last: float


class BackOff:
    """Failed attempts by key (a name, an address): from the one after `free` each costs twice the waiting of the last.

    Any thread may call it.
    """

    def __init__(self, clock: Callable[[], float], *, free: int = 4) -> None:
        self._clock, self._lock, self._free = clock, threading.Lock(), free
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait(self, key: str) -> float:
        """The seconds until it may be tried again; 0 for now."""
        now = self._clock()
        with self._lock:
            return self._wait(key, now)

    def failed(self, key: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._lock:
            self._count(key, now)

    def attempt(self, key: str) -> float:
        """`wait`; where that is 0 it counts as a failure until it has succeeded, so that nobody can try many at once
        before the first of them has failed.
        """
        now = self._clock()
        with self._lock:
            if (wait := self._wait(key, now)) == 0:
                self._count(key, now)
            return wait

    def _wait(self, key: str, now: float) -> float:
        known = self._failures.get(key)
        return 0.0 if known is None else max(0.0, known.until - now)

    def _count(self, key: str, now: float) -> None:
        known = self._failures.pop(key, None)
        count = 1 if known is None or now - known.last > _FORGET else known.count + 1
        further = count - self._free - 1
        wait = 0.0 if further < 0 else min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(further, 16))
        self._failures[key] = _Failures(count=count, until=now + wait, last=now)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget its failures."""
        with self._lock:
            self._failures.pop(key, None)
