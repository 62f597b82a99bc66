"""`/clocks`: is it fresh? When each time clock is looked at next, how often, and why; pause and resume."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from connecteam_sync.core.cadence import ClockSchedule
from connecteam_sync.core.text import many
from connecteam_sync.present.clocks_text import WHY, visits_json
from connecteam_sync.present.status_text import ago, calls_text
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.page import Ask, Moved, Page, Place, number_of

_LATE = 300
"""A visit that is due for longer than this, and for longer than its interval, is made by nobody."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A time clock as a line: its state as a class of its look and as a word, and how often it is looked at."""

    clock: ClockSchedule
    state: str
    word: str
    every: str


def clocks(ask: Ask) -> Page:
    """When each time clock is looked at, and a sentence that says whether all of them are."""
    found = ask.client.schedules()
    status = ask.status()
    looked = {one.time_clock_id: one.good_at for one in status.looked} if status.answers else {}
    guarded = frozenset(one.time_clock_id for one in status.looked if one.is_refused) if status.answers else frozenset()
    state, sentence, step = answer(found, ask.now, guarded)
    return Page(
        template="clocks.html",
        members={
            "state": state,
            "sentence": sentence,
            "next": step,
            "lines": [line_of(one, ask.now, guarded) for one in found],
            "good": {one.time_clock_id: _newest(one.last_good, looked.get(one.time_clock_id)) for one in found},
            "stopped": any(one.state != "active" for one in found),
            "active": any(one.state == "active" for one in found),
            "calls": calls_text(status) if status.answers else "",
        },
        json={"time_clocks": [_json(one) for one in found]},
    )


def _newest(*looks: int | None) -> int | None:
    """The last good look: a visit, or one of a command."""
    return max((at for at in looks if at is not None), default=None)


def _json(clock: ClockSchedule) -> dict[str, object]:
    return {"id": clock.time_clock_id, "name": clock.name, "visits": visits_json(clock)}


def line_of(clock: ClockSchedule, now: int, guarded: Collection[int] = ()) -> Line:
    """A time clock for people; what guards refused at the last look is no failure of reading."""
    every = f"every {ago(clock.cadence)}" + (f": {WHY[clock.why]}" if clock.why is not None else "")
    state, word = "ok", "on time"
    if clock.state == "paused":
        state, word = "warn", "paused"
    elif clock.state == "refused":
        state, word = "bad", "refused"
    elif clock.failures and clock.time_clock_id in guarded:
        state, word = "bad", "stopped by a guard"
    elif clock.failures:
        state, word = "bad", f"{many(clock.failures, 'look')} failed in a row"
    elif _is_late(clock, now):
        state, word = "warn", f"due for {ago(now - clock.next_due)}"
    elif clock.last_good is None:
        state, word = "unknown", "not looked at yet"
    return Line(clock=clock, state=state, word=word, every=every)


def _is_late(clock: ClockSchedule, now: int) -> bool:
    return clock.state == "active" and now - clock.next_due > max(_LATE, clock.cadence)


def answer(clocks: Sequence[ClockSchedule], now: int, guarded: Collection[int] = ()) -> tuple[str, str, str]:
    """Whether the mirror is fresh: the state, one sentence, and the next step (empty: none).

    `guarded` are the time clocks whose last look a guard stopped.
    """
    if not clocks:
        return ("unknown", "No time clock is visited yet", "connecteam-sync serve")

    def some(count: int) -> str:
        return f"{count} of {many(len(clocks), 'time clock')} {'is' if count == 1 else 'are'}"

    refused, paused = (sum(one.state == state for one in clocks) for state in ("refused", "paused"))
    trouble = [one.time_clock_id in guarded for one in clocks if one.state == "active" and one.failures > 0]
    stopped, failing = trouble.count(True), trouble.count(False)
    late = [now - one.next_due for one in clocks if _is_late(one, now)]
    new = sum(one.last_good is None for one in clocks)
    wrong = (
        (refused, "bad", f"{some(refused)} not looked at: the key is refused", "correct it, then resume"),
        (stopped, "bad", f"{some(stopped)} not up to date: a guard stopped the last look", "/plan"),
        (failing, "bad", f"{some(failing)} not readable: the last look failed", "connecteam-sync doctor"),
        (
            len(late),
            "bad",
            f"Nobody looks: a look has been due for {ago(max(late, default=0))}",
            "connecteam-sync serve",
        ),
        (paused, "warn", f"{some(paused)} paused", "connecteam-sync resume"),
        (new, "unknown", f"Looking: {some(new)} not looked at yet", ""),
    )
    for count, state, sentence, step in wrong:
        if count:
            return (state, sentence, step)
    oldest = max(0, now - min(one.last_good or now for one in clocks))
    return ("ok", f"Every time clock is fresh: the oldest look is {ago(oldest)} old", "")


# -- actions -----------------------------------------------------------------------------------------------------------


def pause(ask: Ask) -> Moved:
    """Begin no further visit: of one time clock, or of all. Raises ConfigurationError without a reason, NotFound."""
    clock, reason = _clock(ask), ask.required("reason")
    with acting(ask, "pause", _subject(clock), reason) as client:
        paused = client.pause_visits(clock, by=who(ask), reason=reason)
    return Moved(to="/clocks", json={"paused": list(paused)})


def resume(ask: Ask) -> Moved:
    """Visit a time clock again, or all of them. Raises NotFound."""
    clock = _clock(ask)
    with acting(ask, "resume", _subject(clock)) as client:
        resumed = client.resume_visits(clock)
    return Moved(to="/clocks", json={"resumed": list(resumed)})


def _clock(ask: Ask) -> int | None:
    """The time clock of the path; None for all of them. Raises ConfigurationError."""
    named = ask.params.get("clock")
    return None if named is None else number_of(named, "clock")


def _subject(clock: int | None) -> str:
    return "every time clock" if clock is None else f"time clock {clock}"


PLACES = (
    Place(path="/clocks", handler=clocks, forms=("json",)),
    Place(path="/clocks/pause", handler=pause, ability="operate", is_action=True),
    Place(path="/clocks/resume", handler=resume, ability="operate", is_action=True),
    Place(path="/clocks/{clock}/pause", handler=pause, ability="operate", is_action=True),
    Place(path="/clocks/{clock}/resume", handler=resume, ability="operate", is_action=True),
)
