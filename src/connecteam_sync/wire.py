"""Connecteam's answers as bytes, decoded into the words of the core.

The envelope must be as the publisher says, or the whole answer is refused; a single record that cannot be believed
becomes a Doubt about that record. Unknown members are ignored, absent and null mean the same (API facts 7.4 and 19).
"""

from __future__ import annotations

import email.utils
import re
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec

from connecteam_sync.core.shift import Break, Doubt, Shift, User
from connecteam_sync.errors import BadAnswer

T = TypeVar("T")
Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that fits into a column."""
Key = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]

_LATEST = 10_000_000_000
"""Epoch seconds of the year 2286: what is larger was meant in milliseconds."""
_WIDTH = 191
"""Characters our tables keep of a name or an id."""
_QUOTED = 60
"""Characters of a bad value that are shown."""
_DIGITS = 18
"""Digits of a number in a header at most."""
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")


class Envelope(msgspec.Struct):
    """`{"data": …}`; the rest is not needed."""

    data: msgspec.Raw
    paging: Paging | None = None


class Paging(msgspec.Struct):
    """Where a page ends; `total` only where the endpoint counts."""

    total: int | None = None


class Company(msgspec.Struct, rename="camel"):
    """Whose account it is."""

    company_name: str
    company_id: str


class TimeClock(msgspec.Struct, frozen=True, rename="camel"):
    """A time clock. Its zone and its settings cannot be read."""

    id: int
    name: str
    is_archived: bool = False


class TimeClocks(msgspec.Struct, rename="camel"):
    """Every time clock."""

    time_clocks: list[TimeClock]


class Users(msgspec.Struct):
    """A page of users, each still to be decoded."""

    users: list[msgspec.Raw]


class Activities(msgspec.Struct, rename="camel"):
    """Everybody of a clock, each still to be decoded."""

    time_activities_by_users: list[msgspec.Raw]


class _Person(msgspec.Struct, rename="camel"):
    user_id: Key
    shifts: list[msgspec.Raw]
    manual_breaks: list[msgspec.Raw] | None = None
    manualbreaks: list[msgspec.Raw] | None = None


class _Point(msgspec.Struct):
    timestamp: Number
    timezone: str | None = None


class _Activity(msgspec.Struct, rename="camel"):
    id: str
    start: _Point
    end: _Point | None = None
    created_at: Number | None = None
    modified_at: Number | None = None
    is_auto_clock_out: bool | None = None
    job_id: str | None = None
    sub_job_id: str | None = None
    scheduler_shift_id: str | None = None
    manual_break_id: str | None = None


class _User(msgspec.Struct, rename="camel"):
    user_id: Key
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    is_archived: bool | None = None


class Timesheet(msgspec.Struct):
    """Totals by person; people without entries are left out."""

    users: list[TimesheetUser]


class TimesheetUser(msgspec.Struct, rename="camel"):
    """One person's totals."""

    user_id: int
    daily_records: list[TimesheetDay]


class TimesheetDay(msgspec.Struct, rename="camel"):
    """Decimal hours of one day."""

    date: date
    daily_total_work_hours: float
    is_locked: bool = False
    is_approved: bool = False


class Token(msgspec.Struct):
    """An OAuth token: snake case, and no envelope."""

    access_token: str
    expires_in: int


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are not as they should be; nesting without end is the last."""


def moment(header: str) -> float | None:
    """The moment a header names, in epoch seconds; None where it names none."""
    try:
        return email.utils.parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None


def is_number(header: str) -> bool:
    """Whether a header is a whole number, and of a length that numbers have."""
    return header.isdecimal() and len(header) <= _DIGITS


def data(body: bytes, kind: type[T], what: str) -> tuple[T, int | None]:
    """The data of an answer, and the total of all pages where it tells. Raises BadAnswer."""
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
        found = msgspec.json.decode(envelope.data, type=kind)
    except UNREADABLE as error:
        raise BadAnswer(
            f"Connecteam's answer about {what} is not as its contract says: {error}",
            next_step="try again later; if it stays, the API has changed and connecteam-sync needs an upgrade",
        ) from error
    return found, envelope.paging.total if envelope.paging else None


def user(raw: msgspec.Raw) -> User | Doubt:
    """One user of the list."""
    try:
        said = msgspec.json.decode(raw, type=_User)
    except UNREADABLE as error:
        return _doubt("user", raw, error)
    return User(
        id=said.user_id,
        first_name=_clipped(said.first_name) or "",
        last_name=_clipped(said.last_name) or "",
        email=_clipped(said.email),
        is_archived=bool(said.is_archived),
    )


def _clipped(text: str | None) -> str | None:
    """Text as our tables can keep it: PostgreSQL takes no NUL, no column more than its width; empty is none."""
    return (text or "").replace("\0", "")[:_WIDTH] or None


class Look:
    """What an answer of time activities says, gathered person by person."""

    def __init__(self, time_clock_id: int) -> None:
        self.time_clock_id = time_clock_id
        self.listed: set[int] = set()
        self.shifts: dict[str, Shift] = {}
        self.breaks: dict[str, Break] = {}
        self.doubts: list[Doubt] = []
        self._contested: set[str] = set()

    def add(self, raw: msgspec.Raw) -> None:
        """One person and what they clocked."""
        try:
            person = msgspec.json.decode(raw, type=_Person)
        except UNREADABLE as error:
            self.doubts.append(_doubt("user", raw, error))
            return
        self.listed.add(person.user_id)
        for item in person.shifts:
            self._add_shift(person.user_id, item)
        for item in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
            self._add_break(person.user_id, item)

    def _add_shift(self, user_id: int, raw: msgspec.Raw) -> None:
        said = self._believed("shift", user_id, raw)
        if said is None:
            return
        shift = Shift(
            id=said.id,
            user_id=user_id,
            time_clock_id=self.time_clock_id,
            start=said.start.timestamp,
            start_timezone=_clipped(said.start.timezone),
            end=said.end.timestamp if said.end else None,
            end_timezone=_clipped(said.end.timezone) if said.end else None,
            job_id=_clipped(said.job_id),
            sub_job_id=_clipped(said.sub_job_id),
            scheduler_shift_id=_clipped(said.scheduler_shift_id),
            is_auto_clock_out=bool(said.is_auto_clock_out),
            created_at=said.created_at,
            modified_at=said.modified_at,
        )
        if shift.id in self._contested or self.shifts.setdefault(shift.id, shift) != shift:
            # Which of them is true cannot be known: none is believed, however often it comes.
            self._contested.add(shift.id)
            self.shifts.pop(shift.id, None)
            self._object("shift", user_id, raw, "the same id stands twice in one answer, with different contents")

    def _add_break(self, user_id: int, raw: msgspec.Raw) -> None:
        said = self._believed("break", user_id, raw)
        if said is None:
            return
        if not said.manual_break_id:
            self._object("break", user_id, raw, "it has no type (manualBreakId)")
            return
        self.breaks[said.id] = Break(
            id=said.id,
            user_id=user_id,
            time_clock_id=self.time_clock_id,
            break_type_id=said.manual_break_id[:_WIDTH],
            start=said.start.timestamp,
            start_timezone=_clipped(said.start.timezone),
            end=said.end.timestamp if said.end else None,
            end_timezone=_clipped(said.end.timezone) if said.end else None,
            is_auto_clock_out=bool(said.is_auto_clock_out),
            created_at=said.created_at,
            modified_at=said.modified_at,
        )

    def _believed(self, kind: str, user_id: int, raw: msgspec.Raw) -> _Activity | None:
        """The record, where it can be believed; else a doubt about it."""
        try:
            said = msgspec.json.decode(raw, type=_Activity)
        except UNREADABLE as error:
            self.doubts.append(_doubt(kind, raw, error, user_id=user_id))
            return None
        start, end = said.start.timestamp, said.end.timestamp if said.end else None
        problem = ""
        if not said.id or len(said.id) > _WIDTH or not said.id.isprintable():
            problem = "its id is empty, too long or not printable"
        elif not 0 < start < _LATEST or (end is not None and not 0 < end < _LATEST):
            problem = "its times are not epoch seconds (milliseconds?)"
        elif end is not None and end < start:
            problem = "it ends before it starts"
        if problem:
            self._object(kind, user_id, raw, problem)
            return None
        return said

    def _object(self, kind: str, user_id: int, raw: msgspec.Raw, problem: str) -> None:
        record = _members(raw)
        value = f"start {_timestamp(record, 'start')}, end {_timestamp(record, 'end')}, id {_identity(record)}"
        self.doubts.append(
            Doubt(
                kind=kind,
                problem=problem,
                value=value[: 3 * _QUOTED],
                user_id=user_id,
                activity_id=_identity(record),
                start=_believable(_timestamp(record, "start")),
            )
        )


def _doubt(kind: str, raw: msgspec.Raw, error: Exception, user_id: int | None = None) -> Doubt:
    """A doubt with the member that cannot be read, and nothing else of the record."""
    record = _members(raw)
    said = str(error)
    path = _PATH.search(said)
    value: object = record
    for step in path["path"].split(".") if path else ("id",):
        value = value.get(step) if isinstance(value, dict) else None
    if user_id is None and isinstance(record.get("userId"), int):
        user_id = record["userId"]
    return Doubt(
        kind=kind,
        problem=said,
        value=repr(value)[:_QUOTED] if not isinstance(value, dict) else "an object",
        user_id=user_id,
        activity_id=_identity(record),
        start=_believable(_timestamp(record, "start")),
    )


def _members(raw: msgspec.Raw) -> dict[str, Any]:
    try:
        record = msgspec.json.decode(raw)
    except UNREADABLE:
        return {}
    return record if isinstance(record, dict) else {}


def _identity(record: dict[str, Any]) -> str | None:
    found = record.get("id")
    return found[:_WIDTH] if isinstance(found, str) and found.isprintable() and found else None


def _timestamp(record: dict[str, Any], name: str) -> object:
    point = record.get(name)
    return point.get("timestamp") if isinstance(point, dict) else None


def _believable(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LATEST else None
