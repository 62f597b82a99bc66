"""Why a record of a response is invalid, in one sentence that quotes the odd value.

User and times are separate fields (`user_id`, `start`, `end`), so that callers can show them. Notes, addresses and
coordinates never appear: only members that are mirrored are quoted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from connecteam_sync.api.lenient_json import odd_text, tidied
from connecteam_sync.core.shift import InvalidRecord

LATEST = 10_000_000_000
"""Epoch seconds of the year 2286: a larger number is in milliseconds, or nonsense."""
WIDTH = 191
"""Characters that our tables keep of a name or an id."""
LARGEST = 2**63 - 1
"""The largest integer that columns and drivers take."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for malformed bytes; RecursionError for endless nesting."""
_QUOTED = 60
"""Characters of a bad value that are shown."""
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")
_SECONDS, _TEXT, _USER = "a whole number of seconds", "text", "a whole number above 0 that a database can hold"
_MEMBERS = {
    "": ("the record", "a record with members"),
    "id": ("its id", _TEXT),
    "start": ("its start", "a time"),
    "start.timestamp": ("its start", _SECONDS),
    "start.timezone": ("the time zone of its start", _TEXT),
    "end": ("its end", "a time"),
    "end.timestamp": ("its end", _SECONDS),
    "end.timezone": ("the time zone of its end", _TEXT),
    "createdAt": ("the time it was made", _SECONDS),
    "modifiedAt": ("the time of its last change", _SECONDS),
    "isAutoClockOut": ("its mark of an automatic clock-out", "yes or no"),
    "jobId": ("its job", _TEXT),
    "subJobId": ("its sub-job", _TEXT),
    "schedulerShiftId": ("its planned shift", _TEXT),
    "manualBreakId": ("its kind of break", _TEXT),
    "userId": ("the number of its user", _USER),
    "shifts": ("its list of shifts", "a list"),
    "manualBreaks": ("its list of breaks", "a list"),
    "manualbreaks": ("its list of breaks", "a list"),
    "firstName": ("the first name", _TEXT),
    "lastName": ("the last name", _TEXT),
    "email": ("the e-mail address", _TEXT),
    "isArchived": ("its mark of being archived", "yes or no"),
}
"""Every member that is read of a record: its name for a payroll clerk, and what it should be."""


def unreadable(kind: str, raw: msgspec.Raw, error: Exception, *, user_id: int | None = None) -> InvalidRecord:
    """The invalid record for `raw`, which a decoder refused with `error`."""
    record = members(raw)
    message = str(error)
    path = place["path"] if (place := _PATH.search(message)) else ""
    missing = _MISSING.search(message)
    if missing:
        path = f"{path}.{missing['name']}".lstrip(".")
    value: Any = record
    steps: list[str] = []
    for step in path.split(".") if path else ():
        if odd_text(value) is not None:
            missing = None  # the whole object was an odd value, so it has no members
            break
        steps.append(step)
        value = value.get(step) if isinstance(value, dict) else None
    label, wanted = _MEMBERS.get(".".join(steps), ("a member of it", "what it should be"))
    flaw = f"which is not {wanted}"
    if wanted == _TEXT and (odd_text(value) or "").startswith('"'):
        flaw = "which has a broken character in it"
    elif wanted == _SECONDS and isinstance(value, int) and abs(value) > LARGEST:
        flaw = "which is larger than a database can hold"
    return about(
        kind,
        f"{label} is missing" if missing else f"{label} is {quoted(value)}, {flaw}",
        user_id=user_id if user_id is not None else user_of(record),
        record=record,
        value=value,
    )


def about(kind: str, problem: str, *, user_id: int | None, record: Mapping[str, Any], value: object) -> InvalidRecord:
    """The invalid record with what can be read of it; an unusable id, start or end becomes None.

    Its digest identifies it even without an id: it covers everything that distinguishes the record.
    """
    identity, start, end = record.get("id"), _timestamp(record, "start"), _timestamp(record, "end")
    parts = (kind, user_id, identity, start, end, problem, value)
    is_id = kind != "user" and isinstance(identity, str) and not flaw_of_id(identity)
    return InvalidRecord(
        kind=kind,
        problem=problem,
        value=quoted(value),
        user_id=user_id,
        activity_id=identity if is_id else None,
        start=_believable(start),
        end=_believable(end),
        digest=hashlib.sha256(repr(parts).encode()).hexdigest()[:32],
        meant=_believable(start // 1000) if isinstance(start, int) and start >= LATEST else None,
    )


def flaw_of_id(identity: str, what: str = "its id") -> str:
    """Why a text cannot be an id in every database; empty if it can.

    To MySQL and MariaDB "s1" and "s1 " are equal, PostgreSQL takes no NUL, and a column holds no more than its width.
    """
    if not identity:
        return f"{what} is empty"
    if not identity.isprintable():
        return f"{what} is {quoted(identity)}, which has a character that is not printable"
    if identity != identity.strip():
        return f"{what} is {quoted(identity)}, which begins or ends with a blank"
    if len(identity) > WIDTH:
        return f"{what} is {quoted(identity)}, which has {len(identity)} characters, and at most {WIDTH} fit"
    return ""


def flaw_of_times(start: int, end: int | None) -> str:
    """Why two instants cannot be those of a shift; empty if they can."""
    for name, instant in (("start", start), ("end", end)):
        if instant is not None and 0 < instant // 1000 < LATEST <= instant:
            return f"its times look like milliseconds ({instant})"
        if instant is not None and not 0 < instant < LATEST:
            return f"its {name} is {instant}, which is no time between 1970 and 2286"
    return "its end lies before its start" if end is not None and end < start else ""


def quoted(value: object) -> str:
    """A value as it was in the response, cut to one line; for a list or an object only that it is one."""
    odd = odd_text(value)
    if odd is not None:
        shown = odd if odd.isprintable() else repr(odd)
    elif isinstance(value, (list, dict)):
        shown = "a list" if isinstance(value, list) else "an object"
    else:
        shown = repr(value) if isinstance(value, str) else json.dumps(value)
    return shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}…"


def members(raw: bytes | msgspec.Raw) -> dict[str, Any]:
    """The members of a record, unchecked; empty if it is no record."""
    try:
        record = msgspec.json.decode(tidied(raw))
    except UNREADABLE:
        return {}
    return record if isinstance(record, dict) else {}


def user_of(record: Mapping[str, Any]) -> int | None:
    """The user id of a record, if it is a possible one."""
    value = record.get("userId")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST else None


def _timestamp(record: Mapping[str, Any], name: str) -> object:
    point = record.get(name)
    return point.get("timestamp") if isinstance(point, dict) else None


def _believable(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LATEST else None
