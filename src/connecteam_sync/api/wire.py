"""Connecteam's answers as bytes, decoded into the words of the core.

The envelope must be as the publisher says, or the whole answer is refused; a single record that cannot be believed
becomes a Doubt about that record. Unknown members are ignored, absent and null mean the same (API facts 7.4 and 19).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, TypeVar

import msgspec

from connecteam_sync.api.invalid_records import (
    LARGEST,
    UNREADABLE,
    WIDTH,
    about,
    flaw_of_id,
    flaw_of_times,
    members,
    unreadable,
)
from connecteam_sync.api.lenient_json import tidied
from connecteam_sync.core.people import phone_marks
from connecteam_sync.core.shift import Break, InvalidRecord, Shift, Snapshot, User
from connecteam_sync.core.window import Window
from connecteam_sync.errors import BadAnswer

T = TypeVar("T")
Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=LARGEST)]
"""A whole number that fits into a column."""
Key = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
Hours = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Envelope(msgspec.Struct):
    """`{"data": …}`; the rest is not needed."""

    data: msgspec.Raw
    paging: Paging | None = None


class Paging(msgspec.Struct):
    """Where a page ends; `total` only where the endpoint counts."""

    total: int | None = None


class Company(msgspec.Struct, frozen=True):
    """Whose account the credentials belong to. `id` is opaque, and never shared by two companies."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=WIDTH)] = msgspec.field(name="companyId")
    name: str = msgspec.field(name="companyName")

    def __post_init__(self) -> None:
        if not self.id.isprintable():
            msg = "the company's id is not printable"
            raise ValueError(msg)
        msgspec.structs.force_setattr(self, "name", _clipped(self.name) or "")


class TimeClock(msgspec.Struct, frozen=True, rename="camel"):
    """A time clock. Its zone and its settings cannot be read."""

    id: Key
    name: str
    is_archived: bool = False


class TimeClocks(msgspec.Struct, rename="camel"):
    """Every time clock, each still to be decoded."""

    time_clocks: list[msgspec.Raw]


class Users(msgspec.Struct):
    """A page of users, each still to be decoded; `paging` stands here or in the envelope."""

    users: list[msgspec.Raw]
    paging: Paging | None = None


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


class _InvalidPerson(msgspec.Struct, rename="camel"):
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
    phone_number: object = None
    """Text; whatever else it is, it is no reason to doubt the user."""


class Timesheet(msgspec.Struct):
    """Totals by person, each still to be decoded; people without entries are left out."""

    users: list[msgspec.Raw]


class TimesheetUser(msgspec.Struct, rename="camel"):
    """One person's days, each still to be decoded."""

    user_id: Key
    daily_records: list[msgspec.Raw]


class TimesheetDay(msgspec.Struct, rename="camel"):
    """Decimal hours of one day."""

    date: date
    daily_total_work_hours: Hours | None = None
    is_locked: bool | None = None
    is_approved: bool | None = None


class Token(msgspec.Struct):
    """An OAuth token: snake case, and no envelope."""

    access_token: str
    expires_in: int


def decoded(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """An answer, or a part of one. Single values that no decoder takes are set aside. Raises BadAnswer."""
    found = _read(body, kind)
    if isinstance(found, Exception):
        raise BadAnswer(
            f"Connecteam's answer about {what} is not as its contract says: {found}",
            next_step="try again later; if it stays, the API has changed and connecteam-sync needs an upgrade",
        ) from found
    return found


def _read(body: bytes | msgspec.Raw, kind: type[T]) -> T | Exception:
    """What the bytes say, as they are or else with odd values set aside; or why they cannot be read."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        why: Exception = error
    tidy = tidied(body)
    if tidy == bytes(body):
        return why
    try:
        return msgspec.json.decode(tidy, type=kind)
    except UNREADABLE as error:
        return error


def token(body: bytes) -> Token:
    """A new token. Raises BadAnswer."""
    said = _read(body, Token)
    if isinstance(said, Exception):
        raise BadAnswer("Connecteam's token cannot be read", next_step="try again later") from said
    return said


def error_text(body: bytes) -> str:
    """The words of any of the five shapes of errors, as far as a line holds."""
    said = members(body)
    reason = said.get("error") or said.get("detail") or "no reason given"
    return (reason if isinstance(reason, str) else msgspec.json.encode(reason).decode())[:200]


def data(body: bytes, kind: type[T], what: str) -> tuple[T, Paging | None]:
    """The data of an answer, and where its page ends, if it has pages. Raises BadAnswer."""
    envelope = decoded(body, Envelope, what)
    return decoded(envelope.data, kind, what), envelope.paging


def user(raw: msgspec.Raw) -> User | InvalidRecord:
    """One user of the list."""
    said = _read(raw, _User)
    if isinstance(said, Exception):
        return unreadable("user", raw, said)
    return User(
        id=said.user_id,
        first_name=_clipped(said.first_name) or "",
        last_name=_clipped(said.last_name) or "",
        email=_clipped(said.email),
        is_archived=bool(said.is_archived),
        phone=phone_marks(said.phone_number) if isinstance(said.phone_number, str) else None,
    )


def time_clock(raw: msgspec.Raw) -> TimeClock:
    """One time clock of the list. Raises BadAnswer where it has no id: a list without it would pass for all of them.

    Its name is for people: one that cannot be read is no reason to leave its shifts out.
    """
    said = _read(raw, TimeClock)
    if not isinstance(said, Exception):
        return msgspec.structs.replace(said, name=_clipped(said.name) or f"time clock {said.id}")
    record = members(raw)
    plain = {"id": record.get("id"), "isArchived": record.get("isArchived") is True}
    try:
        return msgspec.convert(plain | {"name": f"time clock {record.get('id')}"}, TimeClock)
    except msgspec.ValidationError:
        why = unreadable("time clock", raw, said).problem
        raise BadAnswer(
            f"a time clock of Connecteam's list cannot be read: {why}", next_step="try again later"
        ) from said


def day_totals(raw: msgspec.Raw) -> Iterable[tuple[int, TimesheetDay]]:
    """The days of one person of a timesheet; what of it cannot be read is left out, and no total of it vouches."""
    person = _read(raw, TimesheetUser)
    if isinstance(person, Exception):
        return
    for record in person.daily_records:
        day = _read(record, TimesheetDay)
        if not isinstance(day, Exception):
            yield person.user_id, day


@lru_cache(maxsize=4096)
def _clipped(text: str | None) -> str | None:
    """Text as our tables can keep it: PostgreSQL takes no NUL, no column more than its width; empty is none.

    Remembered, since zones and jobs are few and stand in every record: each is one object then.
    """
    return (text or "").replace("\0", "")[:WIDTH] or None


class SnapshotBuilder:
    """What an answer of time activities says, gathered person by person."""

    def __init__(self, time_clock_id: int) -> None:
        self.time_clock_id = time_clock_id
        self.listed: set[int] = set()
        self.shifts: dict[str, Shift] = {}
        self.breaks: dict[str, Break] = {}
        self.invalid_records: list[InvalidRecord] = []
        self._contested: set[str] = set()

    def read(self, answer: msgspec.Raw, what: str) -> None:
        """The data of an answer. Raises BadAnswer where it is no list of people."""
        try:
            everybody = msgspec.json.decode(answer, type=_Everybody)
        except UNREADABLE:
            # Some record is not as it should be: one by one, so that it harms only itself.
            for raw in decoded(answer, Activities, what).time_activities_by_users:
                self._add_invalid_person(raw)
            return
        for person in everybody.time_activities_by_users:
            self.listed.add(person.user_id)
            for said in person.shifts:
                self._add_shift(person.user_id, said)
            for said in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
                self._add_break(person.user_id, said)

    def _add_invalid_person(self, raw: msgspec.Raw) -> None:
        """One person and what they clocked."""
        person = _read(raw, _InvalidPerson)
        if isinstance(person, Exception):
            self._add_nobody(unreadable("user", raw, person), members(raw))
            return
        self.listed.add(person.user_id)
        for item in person.shifts:
            if said := self._activity("shift", person.user_id, item):
                self._add_shift(person.user_id, said)
        for item in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
            if said := self._activity("break", person.user_id, item):
                self._add_break(person.user_id, said)

    def _add_nobody(self, lost: InvalidRecord, record: Mapping[str, object]) -> None:
        """A person who cannot be told, or whose lists cannot: nobody is listed by it, no shift of its gone."""
        shifts = record.get("shifts")
        found = [item for item in shifts if isinstance(item, dict)] if isinstance(shifts, list) else []
        self.invalid_records += [
            about("shift", lost.problem, user_id=lost.user_id, record=item, value=record.get("userId"))
            for item in found
        ] or [lost]

    def _activity(self, kind: str, user_id: int, raw: msgspec.Raw) -> _Activity | None:
        """The record, where it can be read; else a doubt about it."""
        said = _read(raw, _Activity)
        if not isinstance(said, Exception):
            return said
        self.invalid_records.append(unreadable(kind, raw, said, user_id=user_id))
        return None

    def _add_shift(self, user_id: int, said: _Activity) -> None:
        problem = flaw_of_id(said.id) or _flaw_of_times(said)
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
        type_id = said.manual_break_id or ""
        problem = flaw_of_id(said.id) or _flaw_of_times(said) or flaw_of_id(type_id, "its kind of break")
        if problem:
            self._object("break", user_id, said, problem)
            return
        start, end = said.start, said.end
        self.breaks[said.id] = Break(
            said.id,
            user_id,
            self.time_clock_id,
            type_id,
            start.timestamp,
            _clipped(start.timezone),
            end.timestamp if end else None,
            _clipped(end.timezone) if end else None,
            bool(said.is_auto_clock_out),
            said.created_at,
            said.modified_at,
        )

    def _object(self, kind: str, user_id: int, said: _Activity, problem: str) -> None:
        record = {"id": said.id, "start": {"timestamp": said.start.timestamp}}
        if said.end is not None:
            record["end"] = {"timestamp": said.end.timestamp}
        self.invalid_records.append(about(kind, problem, user_id=user_id, record=record, value=said.id))


class People(msgspec.Struct, frozen=True):
    """Every user of the account, archived ones too, and doubts about single records."""

    users: tuple[User, ...]
    invalid_records: tuple[InvalidRecord, ...] = ()


class ActivitiesResponse:
    """What a time clock answered for the days `asked`, as bytes. `digest` names them: equal bytes, equal digests.

    It is read once, and keeps the bytes no longer than that: there are megabytes of them.
    """

    def __init__(self, time_clock_id: int, asked: Window, said: msgspec.Raw) -> None:
        self.time_clock_id, self.asked = time_clock_id, asked
        self._said: msgspec.Raw | None = said
        self.digest = hashlib.sha256(said).hexdigest()

    def read(self, people: People) -> Snapshot:
        """What the bytes say; see `Connecteam.look`. Raises BadAnswer where they are no list of people."""
        said, self._said = self._said, None
        if said is None:
            msg = "an answer is read once"
            raise TypeError(msg)
        look = SnapshotBuilder(self.time_clock_id)
        look.read(said, f"time clock {self.time_clock_id}")
        return Snapshot(
            time_clock_id=self.time_clock_id,
            first=self.asked.first,
            last=self.asked.last,
            users=people.users,
            listed=frozenset(look.listed),
            shifts=tuple(look.shifts[key] for key in sorted(look.shifts)),
            breaks=tuple(look.breaks[key] for key in sorted(look.breaks)),
            invalid_records=(*people.invalid_records, *look.invalid_records),
        )


def _flaw_of_times(said: _Activity) -> str:
    return flaw_of_times(said.start.timestamp, said.end.timestamp if said.end else None)
