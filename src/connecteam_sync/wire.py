"""Connecteam's answers as bytes, decoded into the words of the core.

The envelope must be as the publisher says, or the whole answer is refused; a single record that cannot be believed
becomes a Doubt about that record. Unknown members are ignored, absent and null mean the same (API facts 7.4 and 19).
"""

from __future__ import annotations

import email.utils
import hashlib
import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

from connecteam_sync.core.shift import Break, Doubt, Shift, Snapshot, User
from connecteam_sync.core.window import Window
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


class _Point(msgspec.Struct, gc=False):
    timestamp: Number
    timezone: str | None = None


class _Activity(msgspec.Struct, rename="camel", gc=False):
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


class _Person(msgspec.Struct, rename="camel", gc=False):
    user_id: Key
    shifts: list[_Activity]
    manual_breaks: list[_Activity] | None = None
    manualbreaks: list[_Activity] | None = None


class _DoubtfulPerson(msgspec.Struct, rename="camel"):
    """The same person, where some record of the answer is not as it should be."""

    user_id: Key
    shifts: list[msgspec.Raw]
    manual_breaks: list[msgspec.Raw] | None = None
    manualbreaks: list[msgspec.Raw] | None = None


class _Everybody(msgspec.Struct, rename="camel"):
    """Everybody of a clock, decoded at once."""

    time_activities_by_users: list[_Person]


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


def decoded(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """An answer, or a part of one. Raises BadAnswer."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise BadAnswer(
            f"Connecteam's answer about {what} is not as its contract says: {error}",
            next_step="try again later; if it stays, the API has changed and connecteam-sync needs an upgrade",
        ) from error


def data(body: bytes, kind: type[T], what: str) -> tuple[T, int | None]:
    """The data of an answer, and the total of all pages where it tells. Raises BadAnswer."""
    envelope = decoded(body, Envelope, what)
    return decoded(envelope.data, kind, what), envelope.paging.total if envelope.paging else None


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


@lru_cache(maxsize=4096)
def _clipped(text: str | None) -> str | None:
    """Text as our tables can keep it: PostgreSQL takes no NUL, no column more than its width; empty is none.

    Remembered, since zones and jobs are few and stand in every record: each is one object then.
    """
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

    def read(self, answer: msgspec.Raw, what: str) -> None:
        """The data of an answer. Raises BadAnswer where it is no list of people."""
        try:
            everybody = msgspec.json.decode(answer, type=_Everybody)
        except UNREADABLE:
            # Some record is not as it should be: one by one, so that it harms only itself.
            for raw in decoded(answer, Activities, what).time_activities_by_users:
                self._add_doubtful(raw)
            return
        for person in everybody.time_activities_by_users:
            self.listed.add(person.user_id)
            for said in person.shifts:
                self._add_shift(person.user_id, said)
            for said in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
                self._add_break(person.user_id, said)

    def _add_doubtful(self, raw: msgspec.Raw) -> None:
        """One person and what they clocked."""
        try:
            person = msgspec.json.decode(raw, type=_DoubtfulPerson)
        except UNREADABLE as error:
            self.doubts.append(_doubt("user", raw, error))
            return
        self.listed.add(person.user_id)
        for item in person.shifts:
            if said := self._activity("shift", person.user_id, item):
                self._add_shift(person.user_id, said)
        for item in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
            if said := self._activity("break", person.user_id, item):
                self._add_break(person.user_id, said)

    def _activity(self, kind: str, user_id: int, raw: msgspec.Raw) -> _Activity | None:
        """The record, where it can be read; else a doubt about it."""
        try:
            return msgspec.json.decode(raw, type=_Activity)
        except UNREADABLE as error:
            self.doubts.append(_doubt(kind, raw, error, user_id=user_id))
            return None

    def _add_shift(self, user_id: int, said: _Activity) -> None:
        problem = _problem(said)
        if problem:
            self._object("shift", user_id, said, problem)
            return
        start, end = said.start, said.end
        shift = Shift(
            said.id,
            user_id,
            self.time_clock_id,
            start.timestamp,
            _clipped(start.timezone),
            end.timestamp if end else None,
            _clipped(end.timezone) if end else None,
            _clipped(said.job_id),
            _clipped(said.sub_job_id),
            _clipped(said.scheduler_shift_id),
            bool(said.is_auto_clock_out),
            said.created_at,
            said.modified_at,
        )
        if said.id in self._contested or self.shifts.setdefault(said.id, shift) != shift:
            # Which of them is true cannot be known: none is believed.
            self.shifts.pop(said.id, None)
            self._contested.add(said.id)
            self._object("shift", user_id, said, "the same id stands twice in one answer, with different contents")

    def _add_break(self, user_id: int, said: _Activity) -> None:
        problem = _problem(said) or ("" if said.manual_break_id else "it has no type (manualBreakId)")
        if problem or not said.manual_break_id:
            self._object("break", user_id, said, problem)
            return
        start, end = said.start, said.end
        self.breaks[said.id] = Break(
            said.id,
            user_id,
            self.time_clock_id,
            said.manual_break_id[:_WIDTH],
            start.timestamp,
            _clipped(start.timezone),
            end.timestamp if end else None,
            _clipped(end.timezone) if end else None,
            bool(said.is_auto_clock_out),
            said.created_at,
            said.modified_at,
        )

    def _object(self, kind: str, user_id: int, said: _Activity, problem: str) -> None:
        start, end = said.start.timestamp, said.end.timestamp if said.end else None
        identity = said.id[:_WIDTH] if said.id.isprintable() and said.id else None
        self.doubts.append(
            Doubt(
                kind=kind,
                problem=problem,
                value=f"start {start}, end {end}, id {identity}"[: 3 * _QUOTED],
                user_id=user_id,
                activity_id=identity,
                start=_believable(start),
            )
        )


class People(msgspec.Struct, frozen=True):
    """Every user of the account, archived ones too, and doubts about single records."""

    users: tuple[User, ...]
    doubts: tuple[Doubt, ...] = ()


class Answer:
    """What a time clock answered for the days `asked`, as bytes. `digest` names them: equal bytes, equal digests.

    It is read once, and keeps the bytes no longer than that: there are megabytes of them.
    """

    def __init__(self, time_clock_id: int, asked: Window, said: msgspec.Raw) -> None:
        self.time_clock_id, self.asked = time_clock_id, asked
        self._said: msgspec.Raw | None = said
        self.digest = hashlib.sha256(said).hexdigest()

    def read(self, people: People, *, beside: Iterable[str] = ()) -> Snapshot:
        """What the bytes say; see `Connecteam.look`. Raises BadAnswer where they are no list of people."""
        said, self._said = self._said, None
        if said is None:
            msg = "an answer is read once"
            raise TypeError(msg)
        look = Look(self.time_clock_id)
        look.read(said, f"time clock {self.time_clock_id}")
        return Snapshot(
            time_clock_id=self.time_clock_id,
            first=self.asked.first,
            last=self.asked.last,
            users=people.users,
            listed=frozenset(look.listed),
            shifts=tuple(look.shifts[key] for key in sorted(look.shifts)),
            breaks=tuple(look.breaks[key] for key in sorted(look.breaks)),
            doubts=(*people.doubts, *look.doubts),
            beside=frozenset(beside),
        )


def _problem(said: _Activity) -> str:
    """Why a record that can be read cannot be believed; empty where it can."""
    start, end = said.start.timestamp, said.end.timestamp if said.end else None
    if not said.id or len(said.id) > _WIDTH or not said.id.isprintable():
        return "its id is empty, too long or not printable"
    if not 0 < start < _LATEST or (end is not None and not 0 < end < _LATEST):
        return "its times are not epoch seconds (milliseconds?)"
    if end is not None and end < start:
        return "it ends before it starts"
    return ""


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
