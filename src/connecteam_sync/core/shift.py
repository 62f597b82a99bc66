"""What Connecteam said: shifts, breaks, users, and one complete look at them.

Instants are whole epoch seconds UTC. The time zone of a punch says where it happened, never when.

There may be a hundred thousand of them at once: `gc=False`, since none can be part of a cycle, spares the collector.
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
    def name(self) -> str:
        """First and last name as people write them; never empty."""
        return f"{self.first_name} {self.last_name}".strip() or f"Connecteam user {self.id}"


class InvalidRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record of an otherwise complete answer that cannot be believed, with the offending value quoted.

    It blocks deletes for its user and nothing else. `activity_id` and `user_id` are None where the record does not
    tell; `start` and `end` are None unless the record has a believable one. `value` and `problem` never hold notes,
    addresses or coordinates. Where the user cannot be told, no delete needs to be blocked next to those of its shifts:
    whoever is listed has a readable element of their own, and of whoever is not listed nothing is proven.
    """

    kind: str
    """`shift`, `break` or `user`."""
    problem: str
    """What is odd, as a sentence about "it", the value quoted; who and when are in the other members."""
    value: str
    user_id: int | None = None
    activity_id: str | None = None
    start: int | None = None
    end: int | None = None
    digest: str = ""
    """A name of the record where its id is none."""
    meant: int | None = None
    """Its start in epoch seconds, where it says one in milliseconds: for a person who looks for the record."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One complete answer of one time clock for the local days `first..last` (padding included), unfiltered.

    `listed` are the users the answer names, also those without any activity: being listed without a shift is evidence
    that there is none; not being listed is evidence of nothing. `users` is the whole account (all statuses).
    """

    time_clock_id: int
    first: date
    last: date
    users: tuple[User, ...]
    listed: frozenset[int]
    shifts: tuple[Shift, ...]
    breaks: tuple[Break, ...] = ()
    # Saved plans of before have it under this name.
    invalid_records: tuple[InvalidRecord, ...] = msgspec.field(default=(), name="doubts")
