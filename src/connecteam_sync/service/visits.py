"""One visit of a time clock, and one look at older days: what is asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.looks import BadLook
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.store.service.due import DueClock, LookError

_BAD = {"failed", "refused"}


def visit(client: ConnecteamSync, clock: DueClock, also: Iterable[Window] = ()) -> list[Run]:
    """Look at a time clock: the last days as usual, and the days that were asked for, with those of `also`.

    Raises ConnecteamSyncError.
    """
    runs = [client.visit(clock.time_clock_id)]
    recent = client.recent()
    further = [
        *also,
        *(
            client.window(first, last)
            for first, last in clock.days_wanted
            if not recent.first <= first <= last <= recent.last
        ),
    ]
    if further and error_of(runs, clock.time_clock_id) is None:
        runs.append(client.visit(clock.time_clock_id, joined(further)))
    return runs


def joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Windows of one zone without overlaps, in order: no day is looked at twice."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda one: (one.first, one.last)):
        if found and window.first <= found[-1].last + timedelta(days=1):
            last = max(found[-1].last, window.last)
            found[-1] = Window(found[-1].first, last, window.timezone)
        else:
            found.append(window)
    return tuple(found)


def error_of(runs: Iterable[Run], clock: int | None = None) -> LookError | None:
    """What went wrong in a look, the worst of it; None if nothing did. What is held is no trouble of a look.

    In a visit of one `clock` only what went wrong with that counts, or with no time clock at all, as a key: where
    another is looked at before a row goes, and cannot be read, the row is held, and the other one's own visits say what
    is wrong with it.
    """
    parts = [part for run in runs for part in run.slices if clock is None or part.time_clock_id in {clock, None}]
    bad = [part for part in parts if part.status in _BAD or part.error_name]
    if not bad:
        return None
    worst = max(bad, key=lambda part: (not part.retryable, part.exit_code))
    return LookError(
        name=worst.error_name or worst.status, message=worst.error or worst.status, next_step=worst.next_step or ""
    )


def has_changed(runs: Iterable[Run]) -> bool:
    """Whether any row was written."""
    return any(run.status == "applied" for run in runs)


def is_key_refused(error: LookError) -> bool:
    """Whether Connecteam takes the key for nothing at all, so that no other look can succeed either."""
    return BadLook(name=error.name, message=error.message).is_of_the_key


def days_looked_at(runs: Iterable[tuple[date, date, int]]) -> dict[date, int]:
    """When each day was last looked at, from (first, last, epoch seconds)."""
    found: dict[date, int] = {}
    for first, last, at in runs:
        day = first
        while day <= last:
            found[day] = max(at, found.get(day, at))
            day += timedelta(days=1)
    return found
