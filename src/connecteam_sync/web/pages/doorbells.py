"""`/doorbells`: do the bells work? Lag, losses, repeats and silence, each delivery, and having it looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from connecteam_sync.config_secrets import secret
from connecteam_sync.core.bells import BELL_STATES, BellState, Doorbell
from connecteam_sync.core.facts import BellFacts
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present.bells_text import came_of, doorbell_json
from connecteam_sync.present.status_text import ago, doorbells_text
from connecteam_sync.web.acting import acting
from connecteam_sync.web.page import Ask, Moved, Page, Place

PAGE = 50
_LONGEST = 191
_LOOKS: Mapping[BellState, str] = {
    "waiting": "warn",
    "joined": "quiet",
    "heard": "ok",
    "ignored": "quiet",
    "unreadable": "warn",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as a line: its address, its state as a class of its look, and what came of it in words."""

    bell: Doorbell
    to: str
    look: str
    came: str
    event: str
    lag: int | None


def line_of(bell: Doorbell) -> Line:
    """A delivery for people."""
    return Line(
        bell=bell,
        to=f"/doorbells/{quote(bell.key, safe='')}",
        look=_LOOKS[bell.state],
        came=came_of(bell),
        event=bell.event_type or bell.kind or "unknown",
        lag=None if bell.heard_at is None else max(0, bell.heard_at - bell.received_at),
    )


def doorbells(ask: Ask) -> Page:
    """Whether the doorbells work, and the newest of them, or those before one."""
    state, clock = state_of(ask.query.get("state")), ask.number("clock")
    after = key_of(ask.query.get("after"))
    found = ask.client.doorbells(state=state, clock=clock, after=after, limit=PAGE)
    bells = counted(ask)
    look, sentence = answer(bells)
    chosen = {"state": state, "clock": clock}
    named = urlencode({name: value for name, value in chosen.items() if value is not None})
    return Page(
        template="doorbells.html",
        members={
            "look": look,
            "sentence": sentence,
            "bells": bells,
            "detail": doorbells_text(
                bells, has_secret=secret("WEBHOOK_SECRET", ask.client.settings.secrets) is not None
            ),
            "repeats": ask.client.doorbell_repeats() if bells is not None else (0, 0),
            "lines": [line_of(bell) for bell in found],
            "states": BELL_STATES,
            "state": state or "",
            "clock": clock or "",
            "older": _older(found[-1].key, named) if len(found) == PAGE else None,
        },
        json={"doorbells": [doorbell_json(bell) for bell in found]},
    )


def counted(ask: Ask) -> BellFacts | None:
    """What is known of doorbells, where they are expected, with how many there were: the head does not count them."""
    bells = ask.status().bells
    return None if bells is None else msgspec.structs.replace(bells, counts=ask.client.doorbell_counts())


def _older(key: str, named: str) -> str:
    return f"/doorbells?after={quote(key, safe='')}" + (f"&{named}" if named else "")


def answer(bells: BellFacts | None) -> tuple[str, str]:
    """Whether the doorbells work: the state and one sentence."""
    if bells is None:
        return ("unknown", "No doorbells are expected")
    if bells.silent:
        return ("bad", f"Silent: the last changes of {many(len(bells.silent), 'time clock')} came without a doorbell")
    lost, judged = bells.lost
    if bells.losing:
        return ("warn", f"Losing: {lost:,} of the last {many(judged, 'change')} came without a doorbell")
    if bells.lags is None:
        return ("ok", "The doorbells work: none came in the last day")
    half, most = (ago(round(lag)) for lag in bells.lags)
    return ("ok", f"The doorbells work: {half} from a bell to the end of its look, {most} at most for 95 of 100")


def doorbell(ask: Ask) -> Page:
    """One delivery. Raises NotFound."""
    bell = ask.client.doorbell(_required(ask.params["key"]))
    return Page(
        template="doorbell.html",
        members={"line": line_of(bell), "bell": bell},
        json={"doorbells": [doorbell_json(bell)]},
    )


def replay(ask: Ask) -> Moved:
    """Have a delivery looked at as if it had just come. Raises NotFound, ConfigurationError."""
    key = _required(ask.params["key"])
    with acting(ask, "doorbells replay", f"doorbell {key}") as client:
        bell = client.replay_doorbell(key)
    return Moved(to=f"/doorbells/{quote(key, safe='')}", json={"doorbells": [doorbell_json(bell)]})


def state_of(text: str | None) -> BellState | None:
    """A state by its word; None without one. Raises ConfigurationError."""
    found = next((known for known in BELL_STATES if known == text), None)
    if text and found is None:
        raise ConfigurationError(f"there is no state {text[:60]!r}", next_step=f"use one of: {', '.join(BELL_STATES)}")
    return found


def key_of(text: str | None) -> str | None:
    """A key as it may stand on record; None without one. Raises ConfigurationError."""
    if text and not (len(text) <= _LONGEST and text.isascii() and text.isprintable()):
        raise ConfigurationError("this is no key of a doorbell", next_step="connecteam-sync doorbells lists them")
    return text or None


def _required(text: str) -> str:
    return key_of(text) or ""


PLACES = (
    Place(path="/doorbells", handler=doorbells, forms=("json",)),
    Place(path="/doorbells/{key:path}/replay", handler=replay, ability="operate", is_action=True),
    Place(path="/doorbells/{key:path}", handler=doorbell, forms=("json",)),
)
