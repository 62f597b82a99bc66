"""The bodies of the acts of the control address: their fields."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

Who = int | str
"""A person: the id, or the whole name in any case."""
When = int | str
"""Epoch seconds, or an ISO time; without an offset it is the company's local one."""


class Act(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of an act; these are its fields."""


class OfActivity(Act, kw_only=True):
    """Names an activity: by id, or by person and start to the minute."""

    id: str | None = None
    user: Who | None = None
    begun: When | None = None


class Add(Act, kw_only=True):
    """A shift or a break is added; open without `end`."""

    event: str | None = None

    user: Who
    start: When
    end: When | None = None
    clock: int | None = None
    kind: Literal["shift", "manual_break"] = "shift"


class ClockIn(Act, kw_only=True):
    """A person clocks in, by default now."""

    user: Who
    at: When | None = None
    clock: int | None = None


class ClockOut(OfActivity, kw_only=True):
    """An open shift ends, by default now; a person alone names their open shift."""

    at: When | None = None
    auto: bool = False
    event: str | None = None


class Edit(OfActivity, kw_only=True):
    """An activity is corrected; its id stays."""

    start: When | None = None
    end: When | None = None
    event: str = "admin_edit"


class Delete(OfActivity, kw_only=True):
    """An activity is deleted."""

    event: str = "admin_delete"


class Announce(OfActivity, kw_only=True):
    """Webhooks tell of an event of an activity or a person; nothing changes."""

    event: str


class Duplicate(OfActivity, kw_only=True):
    """Identical shifts with other ids are added."""

    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class ReplaceId(OfActivity, kw_only=True):
    """A shift is deleted and made again under another id."""

    end: When | None = None
    event: str = "admin_approved_clock_out_outside_geo_fence_request"


class Spoil(OfActivity, kw_only=True):
    """Members of a record's JSON are overridden."""

    members: dict[str, Any]


class OfPerson(Act, kw_only=True):
    """Names a person."""

    user: Who


class Assign(OfPerson, kw_only=True):
    """A person is put on a time clock."""

    clock: int


class Lock(OfPerson, kw_only=True):
    """A person's day is locked, or unlocked."""

    day: date
    clock: int | None = None
    locked: bool = True


class Submit(OfPerson, kw_only=True):
    """A person's day is submitted, or no longer."""

    day: date
    clock: int | None = None
    submitted: bool = True


class Approve(OfPerson, kw_only=True):
    """A person's day is approved, or opened again."""

    day: date
    clock: int | None = None
    approved: bool = True


class TimeOff(OfPerson, kw_only=True):
    """A person gets days off."""

    first: date
    last: date
    clock: int | None = None


class Fault(Act, kw_only=True):
    """A fault is ordered, for that call from now on (1 is the next; none: any)."""

    name: str
    call: Annotated[int, msgspec.Meta(ge=1)] | None = None
    path: str = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1


class SetTime(Act, kw_only=True):
    """The company's time goes on from there, that many times as fast as this machine's."""

    now: When | None = None
    speed: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] | None = None
