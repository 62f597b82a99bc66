"""Connecteam's responses, decoded from bytes into the types of the core.

The envelope must be as documented, or the whole response is refused; a single record that is not becomes an
InvalidRecord. Unknown members are ignored; absent and null mean the same (API, sections 1 and 7.4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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


class Envelope(msgspec.Struct):
    """`{"data": …}`; the rest is not needed."""

    data: msgspec.Raw
    paging: Paging | None = None


class Paging(msgspec.Struct):
    """Paging of a list; `total` only if the endpoint counts."""

    total: int | None = None


class Company(msgspec.Struct, frozen=True):
    """The company that the credentials belong to. `id` is opaque, and never shared by two companies."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=WIDTH)] = msgspec.field(name="companyId")
    name: str = msgspec.field(name="companyName")

    def __post_init__(self) -> None:
        if not self.id.isprintable():
            msg = "the company's id is not printable"
            raise ValueError(msg)
        msgspec.structs.force_setattr(self, "name", clipped(self.name) or "")


class TimeClock(msgspec.Struct, frozen=True, rename="camel"):
    """A time clock. The API does not give its zone and its settings."""

    id: Key
    name: str
    is_archived: bool = False


class TimeClocks(msgspec.Struct, rename="camel"):
    """Every time clock, each still to be decoded."""

    time_clocks: list[msgspec.Raw]


class Users(msgspec.Struct):
    """A page of users, each still to be decoded; `paging` is here or in the envelope."""

    users: list[msgspec.Raw]
    paging: Paging | None = None


class Activities(msgspec.Struct, rename="camel"):
    """Every person of a time clock, each still to be decoded."""

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
    """The same person, with records still to be decoded: used if some record of the response is invalid."""

    user_id: Key
    shifts: list[msgspec.Raw]
    manual_breaks: list[msgspec.Raw] | None = None
    manualbreaks: list[msgspec.Raw] | None = None


class PersonRaw(msgspec.Struct, rename="camel", gc=False):
    """A person whose records are still to be decoded, in two spellings of breaks."""

    user_id: Key
    shifts: msgspec.Raw
    manual_breaks: msgspec.Raw = msgspec.Raw(b"null")
    manualbreaks: msgspec.Raw = msgspec.Raw(b"null")


class PeopleRaw(msgspec.Struct, rename="camel"):
    """Every person of a time clock, each with their records still to be decoded."""

    time_activities_by_users: list[PersonRaw]


class _DecodedActivities(msgspec.Struct, rename="camel"):
    """Every person of a time clock, decoded at once."""

    time_activities_by_users: list[_Person]


class _User(msgspec.Struct, rename="camel"):
    user_id: Key
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    is_archived: bool | None = None
    phone_number: object = None
    """Text; anything else is ignored and does not make the user invalid."""


class Token(msgspec.Struct):
    """An OAuth token: snake case, and no envelope."""

    access_token: str
    expires_in: int


def decoded(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """A response, or a part of one, with odd values set aside if need be. Raises BadAnswer."""
    payload = read(body, kind)
    if isinstance(payload, Exception):
        raise BadAnswer(
            f"Connecteam's answer about {what} is not as its contract says: {payload}",
            next_step="try again later; if it stays, the API has changed and connecteam-sync needs an upgrade",
        ) from payload
    return payload


def read(body: bytes | msgspec.Raw, kind: type[T]) -> T | Exception:
    """The decoded bytes, with odd values set aside if need be; or the error that says why they cannot be read."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        first_error: Exception = error
    tidy = tidied(body)
    if tidy == bytes(body):
        return first_error
    try:
        return msgspec.json.decode(tidy, type=kind)
    except UNREADABLE as error:
        return error


def token(body: bytes) -> Token:
    """A new token. Raises BadAnswer."""
    payload = read(body, Token)
    if isinstance(payload, Exception):
        raise BadAnswer("Connecteam's token cannot be read", next_step="try again later") from payload
    return payload


def error_text(body: bytes) -> str:
    """The message of an error response, in any of its five shapes, cut to one line."""
    payload = members(body)
    reason = payload.get("error") or payload.get("detail") or "no reason given"
    return (reason if isinstance(reason, str) else msgspec.json.encode(reason).decode())[:200]


def data(body: bytes, kind: type[T], what: str) -> tuple[T, Paging | None]:
    """The data of a response, and its paging if it has any. Raises BadAnswer."""
    envelope = decoded(body, Envelope, what)
    return decoded(envelope.data, kind, what), envelope.paging


def user(raw: msgspec.Raw) -> User | InvalidRecord:
    """One user of the list."""
    record = read(raw, _User)
    if isinstance(record, Exception):
        return unreadable("user", raw, record)
    return User(
        id=record.user_id,
        first_name=clipped(record.first_name) or "",
        last_name=clipped(record.last_name) or "",
        email=clipped(record.email),
        is_archived=bool(record.is_archived),
        phone=phone_marks(record.phone_number) if isinstance(record.phone_number, str) else None,
    )


def time_clock(raw: msgspec.Raw) -> TimeClock:
    """One time clock of the list. Raises BadAnswer if it has no id: a list without it would look complete.

    The name is only shown to people: if it cannot be read, the shifts are mirrored all the same.
    """
    clock = read(raw, TimeClock)
    if not isinstance(clock, Exception):
        return msgspec.structs.replace(clock, name=clipped(clock.name) or f"time clock {clock.id}")
    record = members(raw)
    plain = {"id": record.get("id"), "isArchived": record.get("isArchived") is True}
    try:
        return msgspec.convert(plain | {"name": f"time clock {record.get('id')}"}, TimeClock)
    except msgspec.ValidationError:
        problem = unreadable("time clock", raw, clock).problem
        raise BadAnswer(
            f"a time clock of Connecteam's list cannot be read: {problem}", next_step="try again later"
        ) from clock


@lru_cache(maxsize=4096)
def clipped(text: str | None) -> str | None:
    """Text as our tables can keep it: without NUL (PostgreSQL takes none), cut to the column's width; None if empty.

    Cached, since zones and jobs are few and are in every record: each is one object then.
    """
    return (text or "").replace("\0", "")[:WIDTH] or None


class SnapshotBuilder:
    """The shifts, breaks and invalid records of a response, gathered person by person."""

    def __init__(self, time_clock_id: int) -> None:
        self.time_clock_id = time_clock_id
        self.listed: set[int] = set()
        self.shifts: dict[str, Shift] = {}
        self.breaks: dict[str, Break] = {}
        self.invalid_records: list[InvalidRecord] = []
        self._contested: set[str] = set()

    def read(self, payload: msgspec.Raw, what: str) -> None:
        """Add the data of a response. Raises BadAnswer if it is no list of people."""
        try:
            activities = msgspec.json.decode(payload, type=_DecodedActivities)
        except UNREADABLE:
            # Some record is invalid: decode each by itself, so that the others can be used.
            for raw in decoded(payload, Activities, what).time_activities_by_users:
                self._add_invalid_person(raw)
            return
        for person in activities.time_activities_by_users:
            self._add_person(person)

    def read_person(self, person: PersonRaw) -> bool:
        """Add one person; whether they could be read."""
        try:
            shifts = msgspec.json.decode(person.shifts, type=list[_Activity])
            breaks = [
                msgspec.json.decode(raw, type=list[_Activity] | None)
                for raw in (person.manual_breaks, person.manualbreaks)
            ]
        except UNREADABLE:
            return False
        self._add_person(_Person(person.user_id, shifts, *breaks))
        return True

    def _add_person(self, person: _Person) -> None:
        self.listed.add(person.user_id)
        for activity in person.shifts:
            self._add_shift(person.user_id, activity)
        for activity in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
            self._add_break(person.user_id, activity)

    def _add_invalid_person(self, raw: msgspec.Raw) -> None:
        """One person with their shifts and breaks, record by record."""
        person = read(raw, _InvalidPerson)
        if isinstance(person, Exception):
            self._add_unreadable_person(unreadable("user", raw, person), members(raw))
            return
        self.listed.add(person.user_id)
        for item in person.shifts:
            if activity := self._activity("shift", person.user_id, item):
                self._add_shift(person.user_id, activity)
        for item in (*(person.manual_breaks or ()), *(person.manualbreaks or ())):
            if activity := self._activity("break", person.user_id, item):
                self._add_break(person.user_id, activity)

    def _add_unreadable_person(self, lost: InvalidRecord, record: Mapping[str, object]) -> None:
        """A person without a readable id or lists. They do not count as listed, and none of their shifts as gone."""
        shifts = record.get("shifts")
        records = [item for item in shifts if isinstance(item, dict)] if isinstance(shifts, list) else []
        self.invalid_records += [
            about("shift", lost.problem, user_id=lost.user_id, record=item, value=record.get("userId"))
            for item in records
        ] or [lost]

    def _activity(self, kind: str, user_id: int, raw: msgspec.Raw) -> _Activity | None:
        """The record; None, and an invalid record added, if it cannot be read."""
        activity = read(raw, _Activity)
        if not isinstance(activity, Exception):
            return activity
        self.invalid_records.append(unreadable(kind, raw, activity, user_id=user_id))
        return None

    def _add_shift(self, user_id: int, activity: _Activity) -> None:
        problem = flaw_of_id(activity.id) or _flaw_of_times(activity)
        if problem:
            self._add_invalid("shift", user_id, activity, problem)
            return
        start, end = activity.start, activity.end
        shift = Shift(
            activity.id,
            user_id,
            self.time_clock_id,
            start.timestamp,
            clipped(start.timezone),
            end.timestamp if end else None,
            clipped(end.timezone) if end else None,
            clipped(activity.job_id),
            clipped(activity.sub_job_id),
            clipped(activity.scheduler_shift_id),
            bool(activity.is_auto_clock_out),
            activity.created_at,
            activity.modified_at,
        )
        if activity.id in self._contested or self.shifts.setdefault(activity.id, shift) != shift:
            # There is no telling which of them is right: neither is used.
            self.shifts.pop(activity.id, None)
            self._contested.add(activity.id)
            self._add_invalid(
                "shift", user_id, activity, "the same id stands twice in one answer, with different contents"
            )

    def _add_break(self, user_id: int, activity: _Activity) -> None:
        type_id = activity.manual_break_id or ""
        problem = flaw_of_id(activity.id) or _flaw_of_times(activity) or flaw_of_id(type_id, "its kind of break")
        if problem:
            self._add_invalid("break", user_id, activity, problem)
            return
        start, end = activity.start, activity.end
        self.breaks[activity.id] = Break(
            activity.id,
            user_id,
            self.time_clock_id,
            type_id,
            start.timestamp,
            clipped(start.timezone),
            end.timestamp if end else None,
            clipped(end.timezone) if end else None,
            bool(activity.is_auto_clock_out),
            activity.created_at,
            activity.modified_at,
        )

    def _add_invalid(self, kind: str, user_id: int, activity: _Activity, problem: str) -> None:
        record = {"id": activity.id, "start": {"timestamp": activity.start.timestamp}}
        if activity.end is not None:
            record["end"] = {"timestamp": activity.end.timestamp}
        self.invalid_records.append(about(kind, problem, user_id=user_id, record=record, value=activity.id))


class People(msgspec.Struct, frozen=True):
    """Every user of the account, archived ones too, and the records that are invalid."""

    users: tuple[User, ...]
    invalid_records: tuple[InvalidRecord, ...] = ()


class ActivitiesResponse:
    """The response of a time clock for the days of `window`, as bytes. Equal bytes have equal digests.

    It can be read once and drops the bytes then: there are megabytes of them. `payload` are the bytes, until then.
    """

    def __init__(self, time_clock_id: int, window: Window, payload: msgspec.Raw) -> None:
        self.time_clock_id, self.window = time_clock_id, window
        self.payload: msgspec.Raw | None = payload
        self.digest = hashlib.sha256(payload).hexdigest()

    def read(self, people: People) -> Snapshot:
        """The decoded snapshot; see `Connecteam.fetch_snapshot`. Raises BadAnswer if it is no list of people."""
        payload, self.payload = self.payload, None
        if payload is None:
            msg = "an answer is read once"
            raise TypeError(msg)
        builder = SnapshotBuilder(self.time_clock_id)
        builder.read(payload, f"time clock {self.time_clock_id}")
        return self.snapshot(builder, people)

    def snapshot(self, builder: SnapshotBuilder, people: People) -> Snapshot:
        """What a builder has gathered of this response."""
        return Snapshot(
            time_clock_id=self.time_clock_id,
            first=self.window.first,
            last=self.window.last,
            users=people.users,
            listed=frozenset(builder.listed),
            shifts=tuple(builder.shifts[key] for key in sorted(builder.shifts)),
            breaks=tuple(builder.breaks[key] for key in sorted(builder.breaks)),
            invalid_records=(*people.invalid_records, *builder.invalid_records),
        )


def _flaw_of_times(activity: _Activity) -> str:
    return flaw_of_times(activity.start.timestamp, activity.end.timestamp if activity.end else None)
