"""Connecteam's own totals of each person's day, decoded as the rest of its responses is (`wire`; API, section 12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import msgspec

from connecteam_sync.api.wire import Key, read

_Hours = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Timesheet(msgspec.Struct):
    """Totals by person, each still to be decoded; people without entries are left out."""

    users: list[msgspec.Raw]


class DayTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Connecteam's own total of a person's day: whole minutes, after its rounding and automatic breaks.

    `shift_ids` are the shifts that the day lists; None if the answer does not tell, as of the two flags.
    """

    user_id: int
    day: date
    minutes: int
    shift_ids: frozenset[str] | None
    is_locked: bool | None
    is_approved: bool | None


class _User(msgspec.Struct, rename="camel"):
    user_id: Key
    daily_records: list[msgspec.Raw]


class _Record(msgspec.Struct, rename="camel"):
    time_activity_id: str


class _Day(msgspec.Struct, rename="camel"):
    """Decimal hours of one day; its records are decoded apart, since they decide nothing by themselves."""

    date: date
    daily_total_work_hours: _Hours | None = None
    is_locked: bool | None = None
    is_approved: bool | None = None
    records: msgspec.Raw = msgspec.Raw(b"null")


def day_totals(sheet: Timesheet) -> Iterator[DayTotal]:
    """The days of everybody. People and days that cannot be read are left out: they have no total to compare."""
    for raw in sheet.users:
        person = read(raw, _User)
        if isinstance(person, Exception):
            continue
        for record in person.daily_records:
            day = read(record, _Day)
            if not isinstance(day, Exception):
                yield DayTotal(
                    user_id=person.user_id,
                    day=day.date,
                    minutes=round((day.daily_total_work_hours or 0) * 60),
                    shift_ids=_shift_ids(day.records),
                    is_locked=day.is_locked,
                    is_approved=day.is_approved,
                )


def _shift_ids(raw: msgspec.Raw) -> frozenset[str] | None:
    """The ids of a day's records; None if there are none, or anything that cannot be read."""
    records = read(raw, list[_Record])
    if isinstance(records, Exception):
        return None
    return frozenset(record.time_activity_id for record in records)
