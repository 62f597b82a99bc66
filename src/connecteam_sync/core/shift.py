"""Connecteam's data: shifts, breaks, users, and the snapshot that has them.

Instants are whole epoch seconds UTC. The time zone of a punch is only the place where it happened.

There may be a hundred thousand objects at once: none can be part of a cycle, so `gc=False` spares the collector.
"""

from __future__ import annotations

from datetime import date

import msgspec


class Shift(msgspec.Struct, frozen=True, gc=False):
    """One time activity of type shift. `end` is None while the person is still clocked in.

    The id is opaque, case-sensitive and the only identity a shift has: the source accepts exact duplicates and
    overlaps, so neither the person nor any instant identifies it.
    """

    id: str
    user_id: int
    time_clock_id: int
    start: int
    start_timezone: str | None = None
    end: int | None = None
    end_timezone: str | None = None
    job_id: str | None = None
    sub_job_id: str | None = None
    scheduler_shift_id: str | None = None
    is_auto_clock_out: bool = False
    created_at: int | None = None
    modified_at: int | None = None


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """A shift's times in epoch seconds; `clock_out` is None while it is open."""

    clock_in: int
    clock_out: int | None


class Break(msgspec.Struct, frozen=True, gc=False):
    """One manual break. Whether it is paid is a property of its type (`break_type_id`), not of the break."""

    id: str
    user_id: int
    time_clock_id: int
    break_type_id: str
    start: int
    start_timezone: str | None = None
    end: int | None = None
    end_timezone: str | None = None
    is_auto_clock_out: bool = False
    created_at: int | None = None
    modified_at: int | None = None


ERASED = "(erased)"
"""The stored first name of a user who was erased, for good: nothing of what Connecteam calls them is stored again."""


class User(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One Connecteam account, archived or not. Names and e-mail addresses are not unique.

    `phone` are marks of the number (`people.phone_marks`), never the number itself.
    """

    id: int
    first_name: str
    last_name: str
    email: str | None = None
    is_archived: bool = False
    phone: str | None = None

    @property
    def is_erased(self) -> bool:
        """Whether these are the values stored of somebody who was erased."""
        return self.first_name == ERASED and not self.last_name

    @property
    def erased(self) -> User:
        """The same account without anything that names the person."""
        return msgspec.structs.replace(self, first_name=ERASED, last_name="", email=None, phone=None)

    @property
    def name(self) -> str:
        """First and last name as people write them; never empty."""
        return f"{self.first_name} {self.last_name}".strip() or f"Connecteam user {self.id}"


class InvalidRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record of an otherwise complete answer that cannot be believed, with the offending value quoted.

    It blocks deletes for its user and nothing else. `activity_id` and `user_id` are None if the record has none;
    `start` and `end` are None unless the record has a believable one. `value` and `problem` never have notes, addresses
    or coordinates in them. If the user is unknown, no other delete needs to be blocked: every listed user has a
    readable element of their own, and for users who are not listed nothing is proven.
    """

    kind: str
    """`shift`, `break` or `user`."""
    problem: str
    """The problem as a sentence about "it", with the value quoted; user and times are in the other members."""
    value: str
    user_id: int | None = None
    activity_id: str | None = None
    start: int | None = None
    end: int | None = None
    digest: str = ""
    """A short hash that identifies a record without a usable id."""
    meant: int | None = None
    """Its start in epoch seconds if the record has it in milliseconds: for a person who looks for the record."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One complete answer of one time clock for the local days `first..last` (padding included), unfiltered.

    `listed` are the users in the answer, also those without any activity: a listed user without a shift is evidence
    that there is none; a user who is not listed is evidence of nothing. `users` is the whole account (all statuses).
    """

    time_clock_id: int
    first: date
    last: date
    users: tuple[User, ...]
    listed: frozenset[int]
    shifts: tuple[Shift, ...]
    breaks: tuple[Break, ...] = ()
    # Older saved plans have it under this name.
    invalid_records: tuple[InvalidRecord, ...] = msgspec.field(default=(), name="doubts")
