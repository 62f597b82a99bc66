"""What a company chooses for payroll: when its pay periods begin and end, and what layouts of exports want. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.timesheets import Weekday

PayScheduleKind = Literal["weekly", "biweekly", "semimonthly", "monthly", "days"]
OvertimeRule = Literal["flsa", "california"]
RoundingRule = Literal["none", "nearest_1", "nearest_5", "nearest_6", "nearest_15", "favour_5", "favour_6", "favour_15"]
ROUNDING_RULES: tuple[RoundingRule, ...] = get_args(RoundingRule)


class PaySchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When pay periods begin and end, and who closes them: keys of `[payroll]`.

    `anchor` is the first day of some period. `period_days` belongs to the schedule `days`. `workweek_start` is the
    first day of the company's workweek. `two_persons`: one reviews a period, another closes it.

    `overtime_preview` is the rule by which hours and timesheets show a preview of overtime, which nobody is paid by;
    `overtime_day_start` the local time (HH:MM) at which its workdays begin, if not at midnight.
    """

    schedule: PayScheduleKind | None = None
    """None: every period is named by both its days."""
    anchor: date | None = None
    period_days: int | None = None
    workweek_start: Weekday | None = None
    two_persons: bool = False
    overtime_preview: OvertimeRule | None = None
    overtime_day_start: str = "00:00"


class TimeStampSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who says when certificates were signed (RFC 3161): keys of `[payroll]`, both or none.

    `time_stamp_url` is the address of the authority, `time_stamp_ca` a PEM file with its root certificate.
    """

    time_stamp_url: str | None = None
    time_stamp_ca: str | None = None


class LayoutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of `[payroll]` that only layouts of payroll systems have a use for.

    `rounding` is the rule by which each line of hours is rounded. `jobs` are the payroll system's codes by the id of
    the job in Connecteam; where there are none, a person has one sum. `systems` are the keys of `[payroll.adp]` and the
    like by the name of the format.
    """

    rounding: RoundingRule = "none"
    jobs: Mapping[str, str] = {}
    systems: Mapping[str, Mapping[str, str]] = {}
