"""`/locks`: which days are closed for payroll, by whom, when, why, what was verified; closing and opening days."""

from __future__ import annotations

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.lock_check import ClosedDays, LockEvent, Verified, summary
from connecteam_sync.core.mirrored import Mirrored
from connecteam_sync.core.text import hours, many
from connecteam_sync.core.window import Window, each_day
from connecteam_sync.days import one_window
from connecteam_sync.errors import LockRefused
from connecteam_sync.present.locks_text import (
    closed_json,
    closing_json,
    event_json,
    event_whose_text,
    opening_json,
    refusal_json,
    state_text,
    verified_lines,
    whose_text,
)
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.background import AT_ONCE, begun
from connecteam_sync.web.page import Ask, Moved, Page, Place
from connecteam_sync.web.work import Ended

_EVENTS = 50


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is about to do: close or open the days of a window, and what is on them."""

    opens: bool
    window: Window
    reason: str
    days: int
    """The days that it changes."""
    on_them: Mirrored


def locks(ask: Ask) -> Page:
    """The days that are closed, and those that somebody is about to close or open. Raises WindowError."""
    closed = ask.client.locks()
    asked = _asked(ask, closed) if ask.query.get("from") else None
    events = ask.client.lock_history() if ask.query.get("all") else ()
    return _page(closed, events, asked)


def _page(
    closed: tuple[ClosedDays, ...],
    events: tuple[LockEvent, ...],
    asked: Asked | None,
    refusal: LockRefused | None = None,
) -> Page:
    answer: dict[str, object] = {"locks": [closed_json(item) for item in closed]}
    if events:
        answer["events"] = [event_json(item) for item in events]
    if refusal is not None and asked is not None:
        answer = {**refusal.members, **refusal_json(asked.window, refusal.verified)}
    days = len({(day, item.timezone) for item in closed if item.is_of_all for day in each_day(item.first, item.last)})
    return Page(
        template="locks.html",
        members={
            "sentence": f"{many(days, 'day')} {'is' if days == 1 else 'are'} closed" if days else "No day is closed",
            "closed": [
                (item, whose_text(item), found_text(item.event.verified) if item.event else "") for item in closed
            ],
            "events": [(item, event_whose_text(item), state_text(item)) for item in events[:_EVENTS]],
            "asked": asked,
            "refusal": refusal,
            "wrong": verified_lines(refusal.verified, asked.window)
            if refusal is not None and asked is not None
            else (),
        },
        json=answer,
        status=200 if refusal is None else 409,
    )


def found_text(found: Verified | None) -> str:
    """What the look before closing found: `all was right: 120 shifts, 960:00 hours`, or what was not."""
    if found is None:
        return "nothing was looked at"
    said = "all was right" if found.is_right else f"closed anyway: {summary(found)}"
    return f"{said}; {many(found.shifts, 'shift')}, {hours(found.minutes)} hours"


def _asked(ask: Ask, closed: tuple[ClosedDays, ...]) -> Asked:
    """Raises WindowError."""
    window = one_window(ask.client, ask.query.get("from", ""), ask.query.get("to", ""))
    opens = ask.query.get("do") == "unlock"
    return _about(ask, closed, window, opens=opens, reason=ask.query.get("reason", ""))


def _about(ask: Ask, closed: tuple[ClosedDays, ...], window: Window, *, opens: bool, reason: str) -> Asked:
    own = [item for item in closed if item.source == "own" and item.is_of_all]
    shut = {day for item in own for day in each_day(item.first, item.last)} & set(each_day(window.first, window.last))
    return Asked(
        opens=opens,
        window=window,
        reason=reason,
        days=len(shut) if opens else window.days - len(shut),
        on_them=ask.client.mirrored(window),
    )


# -- actions -----------------------------------------------------------------------------------------------------------


def lock(ask: Ask) -> Page | Moved:
    """Close days after a look at whether they are right; a long window in the background.

    Raises WindowError, ConfigurationError without a reason, UpstreamError if Connecteam cannot be looked at.
    """
    window = one_window(ask.client, ask.required("from"), ask.required("to"))
    reason, anyway, by = ask.required("reason"), ask.form.agrees("anyway"), who(ask)
    if window.days > AT_ONCE:

        def unit(client: ConnecteamSync) -> Ended:
            client.lock(window.first, window.last, reason=reason, by=by, anyway=anyway)
            return Ended(message=f"{window} is closed", to="/locks")

        return begun(ask, unit, action="lock", subject=str(window), detail=reason)
    try:
        with acting(ask, "lock", str(window), reason) as client:
            done = client.lock(window.first, window.last, reason=reason, by=by, anyway=anyway)
    except LockRefused as error:
        closed = ask.client.locks()
        return _page(closed, (), _about(ask, closed, window, opens=False, reason=reason), error)
    return Moved(to="/locks", json=closing_json(done))


def unlock(ask: Ask) -> Moved:
    """Open days again. Raises WindowError."""
    window = one_window(ask.client, ask.required("from"), ask.required("to"))
    reason = ask.form.get("reason", "").strip()
    with acting(ask, "unlock", str(window), reason) as client:
        done = client.unlock(window.first, window.last, reason=reason, by=who(ask))
    return Moved(to="/locks", json=opening_json(done))


PLACES = (
    Place(path="/locks", handler=locks, forms=("json",)),
    Place(path="/locks", handler=lock, ability="pay", is_action=True),
    Place(path="/locks/unlock", handler=unlock, ability="pay", is_action=True),
)
