"""A webhook's delivery as it comes: what proves it, and what is kept of its body.

Pure: the bytes of headers and body are arguments. Instants are whole epoch seconds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any, Literal, NamedTuple

import msgspec

from connecteam_sync.core.bells import SHIFT_EVENTS, USER_EVENTS, Bell

LARGEST_BODY = 256_000
"""Bytes of a delivery; those of Connecteam have less than 1,000."""
_ACTIVITIES = {"shift", "manual_break"}
_LARGEST_ID = 2**63 - 1
_LATEST = 7_258_118_400
"""The year 2200."""
_LONGEST_KEY, _LONGEST_ID, _LONGEST_WORD = 128, 191, 64
_KEY = re.compile(r"[!-~]+")
"""What a request id consists of: databases take texts that differ in blanks or capitals outside ASCII as equal."""
_NO_PLACE = re.compile(r"\.{1,2}|.*\.(?:json|csv)")
"""Ids that cannot end an address: a browser takes dots for a way up, the console an ending for the form of a page."""

Fitted = Literal["secret", "signature", "hmac"]
"""Which header proved a delivery: `X-Webhook-Secret`, or `X-Connecteam-Signature` with the secret itself or an HMAC."""


# -- whether it is genuine ---------------------------------------------------------------------------------------------


class Secrets(NamedTuple):
    """The secret that deliveries bring, and the one before it, which stays valid while it is changed."""

    current: str
    previous: str | None = None

    def fitting(self, secret: bytes | None, signature: bytes | None, body: bytes) -> str | None:
        """Which header proves a delivery (`Fitted`, with `_previous`); None if none does.

        Everything is compared, each in constant time: how long it takes says nothing about what was nearly right.
        """
        found: list[str] = []
        for text, tail in ((self.current, ""), (self.previous, "_previous")):
            for known in _encodings(text) if text else ():
                digest = hmac.new(known, body, hashlib.sha256).hexdigest().encode()
                for name, given, expected in (
                    ("secret", secret, known),
                    ("signature", signature, known),
                    ("hmac", signature, digest),
                ):
                    if given is not None and hmac.compare_digest(given, expected):
                        found.append(name + tail)
        return found[0] if found else None


def _encodings(text: str) -> list[bytes]:
    """A secret as the bytes of a header: UTF-8, and Latin-1 for clients that know no other."""
    both = [text.encode(errors="surrogatepass")]
    if not text.isascii() and all(ord(letter) < 256 for letter in text):  # noqa: PLR2004 - the letters of Latin-1
        both.append(text.encode("latin-1"))
    return both


# -- what is read ------------------------------------------------------------------------------------------------------


def read_bell(body: bytes, fitted: str = "secret") -> Bell:
    """What is kept of a body; what it cannot be used for is said in `use`. Raises nothing, whatever it is."""
    digest = hashlib.sha256(body).hexdigest()
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return Bell(key=digest, use="unreadable", fitted=fitted)
    request = said.get("requestId")
    is_key = isinstance(request, str) and len(request) <= _LONGEST_KEY and bool(_KEY.fullmatch(request))
    is_key = is_key and not _NO_PLACE.fullmatch(str(request))
    activity = said.get("timeActivity")
    about = activity if isinstance(activity, dict) else {}
    bell = Bell(
        key=str(request) if is_key else digest,
        use="ignored",
        kind=_word(said.get("activityType")),
        event=_word(said.get("eventType")),
        time_clock_id=_id(said.get("timeClockId")),
        activity_id=_text(about.get("id")) or _text(said.get("timeActivityId")),
        user_id=_id(said.get("userId")) or _first_user(said.get("data")),
        event_at=_time(said.get("eventTimestamp")),
        starts_at=_moment(about.get("start")),
        ends_at=_moment(about.get("end")),
        fitted=fitted,
    )
    return msgspec.structs.replace(bell, use=_use(bell))


def _use(bell: Bell) -> Literal["look", "ignored", "unreadable"]:
    if bell.event in USER_EVENTS:
        return "look"
    if bell.event is None and bell.kind is None:
        return "unreadable"
    if bell.event is not None and bell.event not in SHIFT_EVENTS:
        return "ignored"
    if bell.kind is not None and bell.kind not in _ACTIVITIES:
        return "ignored"
    return "look" if bell.time_clock_id is not None else "unreadable"


def _id(value: object) -> int | None:
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_ID
    return value if is_one and isinstance(value, int) else None


def _time(value: object) -> int | None:
    number = _id(value)
    return number if number is not None and number <= _LATEST else None


def _moment(value: object) -> int | None:
    return _time(value.get("timestamp")) if isinstance(value, dict) else None


def _word(value: object) -> str | None:
    """A word of the API; None for anything else."""
    is_one = isinstance(value, str) and len(value) <= _LONGEST_WORD and bool(re.fullmatch(r"\w+", value, re.ASCII))
    return value if is_one and isinstance(value, str) else None


def _text(value: object) -> str | None:
    """An id that a column takes as it is; None for anything else."""
    is_one = isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and bool(_KEY.fullmatch(value))
    return value if is_one and isinstance(value, str) else None


def _first_user(value: object) -> int | None:
    first: Any = value[0] if isinstance(value, list) and value else None
    return _id(first.get("userId")) if isinstance(first, dict) else None
