"""A unit of work in a loop of the service: whatever fails, the loop goes on. Here is its one broad `except`."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from connecteam_sync.core.events import Unforeseen
from connecteam_sync.engine.events import log
from connecteam_sync.errors import ConnecteamSyncError


def attempted(unit: Callable[[], float], failed: Callable[[Exception], float]) -> float:
    """Do one unit; how many seconds may pass until the next, by the unit itself, or by `failed` if it raised.

    What is no error of ours is logged as unforeseen, with its kind and its line, and without its words.
    """
    try:
        return unit()
    except Exception as error:  # noqa: BLE001 - the loop that runs a unit: whatever fails, the others go on
        if not isinstance(error, ConnecteamSyncError):
            log_unforeseen(error)
        return failed(error)


def log_unforeseen(error: Exception) -> None:
    """Log what is no error of ours: its kind and its line, and not its words, which may hold names."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    log(Unforeseen(error=type(error).__name__, where=where))
