"""One client is used by one thread at a time: a second thread gets an error before anything is done."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol, TypeVar

from connecteam_sync.core.events import CallFailed
from connecteam_sync.engine.events import Emit
from connecteam_sync.errors import ClientInUse, ConnecteamSyncError


class InUse:
    """The thread that is in a method of a client. A method may call others in the same thread."""

    def __init__(self, emit: Emit) -> None:
        self._lock, self._depth, self._emit = threading.RLock(), 0, emit

    @contextmanager
    def by(self, call: str) -> Iterator[None]:
        """Around a method. Raises ClientInUse if another thread is in one; the outermost error is an event."""
        if not self._lock.acquire(blocking=False):
            raise ClientInUse(
                f"another thread is using this client: {call} was not begun",
                next_step="make a client for each thread, or call them one after the other",
            )
        try:
            self._depth += 1
            yield
        except ConnecteamSyncError as error:
            if self._depth == 1:
                self._emit(
                    CallFailed(call=call, error=error.name, exit_code=error.exit_code, retryable=error.retryable)
                )
            raise
        finally:
            self._depth -= 1
            self._lock.release()


class _Client(Protocol):
    _in_use: InUse


T = TypeVar("T")


def one_thread(kind: type[T]) -> type[T]:
    """A class decorator: one thread at a time is in the public methods, inherited ones included."""
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_") and not isinstance(inspect.getattr_static(kind, name), staticmethod):
            setattr(kind, name, _entered(name, method))
    return kind


def _entered(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def entered(self: _Client, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on unchanged
        with self._in_use.by(name):
            return method(self, *given, **named)

    return entered
