"""The sections `[payroll]` and `[retention]` of the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec

from connecteam_sync.config_names import require_known
from connecteam_sync.core.layouts.shape import Key
from connecteam_sync.core.layouts.systems import LAYOUTS
from connecteam_sync.core.pay_schedule import LAST_ANCHOR, is_anchor_of_halves
from connecteam_sync.core.payroll_settings import ROUNDING_RULES, LayoutSettings, PaySchedule, TimeStampSettings
from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.core.window import EARLIEST, LATEST, MAX_WINDOW_DAYS
from connecteam_sync.errors import ConfigurationError

_MOST_MINUTES = {"automatic_break_minutes": 240, "timesheet_rounding_minutes": 60}
_ELSEWHERE = frozenset({"timezone", "time_zone", "zone", "start_of_day", "day_start", "day_starts_at"})
"""What other programs let one choose for payroll; here the calendar days of the business's time zone are the days."""
_CERTIFICATE_KEY = "certificate_key"
_SYSTEMS: Mapping[str, Mapping[str, Key]] = {name: layout.keys for name, layout in LAYOUTS.items() if layout.keys}
"""The sections of payroll systems, and the keys of each."""
_LEAST_YEARS, _MOST_YEARS = 3, 100
"""Payroll records are kept for three years at least: 29 CFR 516.5. A company may keep them longer."""
Rules = TypeVar("Rules", TimesheetRules, PaySchedule, TimeStampSettings)


def payroll_rules(value: object, place: str) -> dict[str, Any]:
    """The settings of a section by their names: what time clocks do to timesheets, when pay periods begin and end, what
    layouts of payroll systems want, the file of the key that signs certificates, and who stamps them, if that is named.

    Raises ConfigurationError with the key, its place and the cure.
    """
    where = f"{place}, [payroll]"
    if not isinstance(value, dict):
        raise ConfigurationError(f"{place}: payroll must be a section", next_step="write [payroll]")
    for name in value:
        _require_ours(name, where)
    rules = _converted(
        value,
        TimesheetRules,
        where,
        'minutes are whole numbers, and days are words: timesheet_off_days = ["saturday", "sunday"]',
    )
    for name, most in _MOST_MINUTES.items():
        minutes = getattr(rules, name)
        if minutes is not None and not 1 <= minutes <= most:
            raise ConfigurationError(f"{where}: {name} is {minutes}", next_step=f"use a number from 1 to {most}")
    schedule = _converted(
        value,
        PaySchedule,
        where,
        'schedule is weekly, biweekly, semimonthly, monthly or days; anchor is a day: anchor = "2025-12-01";'
        ' workweek_start = "sunday"; two_persons = true;'
        " overtime_preview is flsa or california",
    )
    _require_usable(schedule, where)
    _require_day_start(value, schedule, where)
    return {
        "payroll": rules,
        "pay_schedule": schedule,
        "layouts": _layouts(value, place),
        "certificate_key": _key_file(value.get(_CERTIFICATE_KEY), where),
        "time_stamps": _time_stamps(value, where),
    }


def _key_file(value: object, where: str) -> str | None:
    """The file of the key; the key itself does not belong into a file of settings."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ConfigurationError(
            f"{where}: {_CERTIFICATE_KEY} is no name of a file",
            next_step=f'name the file of the key: {_CERTIFICATE_KEY} = "/etc/connecteam-sync/certificate_key"',
        )
    return value.strip()


def _time_stamps(value: Mapping[str, object], where: str) -> TimeStampSettings:
    """Both keys, or neither of them: a time stamp that cannot be checked is none."""
    form = 'write time_stamp_url = "https://…" and time_stamp_ca = "/etc/connecteam-sync/authority.pem"'
    found = _converted(value, TimeStampSettings, where, form)
    url, authority = found.time_stamp_url, found.time_stamp_ca
    if url is None and authority is None:
        return found
    if url is None or authority is None or not authority.strip():
        raise ConfigurationError(
            f"{where}: {'time_stamp_url' if url is None else 'time_stamp_ca'} is missing: a time stamp is asked for at"
            " the one, and checked by the other",
            next_step=f"{form}; or take both away",
        )
    if re.fullmatch(r"https?://[^/\s@?#]+(/[^\s@]*)?", url) is None:
        raise ConfigurationError(
            f"{where}: time_stamp_url is no address of a time stamp authority, without a user and a password",
            next_step=form,
        )
    return found


def _require_ours(name: str, where: str) -> None:
    if name in _ELSEWHERE:
        raise ConfigurationError(
            f"{where}: {name} cannot be set: pay periods are calendar days of the business's time zone, from midnight",
            next_step="take it away; the zone is the key timezone at the top of the file",
        )
    kinds = (TimesheetRules, PaySchedule, TimeStampSettings)
    known = (*(name for kind in kinds for name in kind.__struct_fields__), _CERTIFICATE_KEY)
    require_known(name, (*known, "rounding", "jobs", *_SYSTEMS), where)


def _layouts(value: Mapping[str, object], place: str) -> LayoutSettings:
    rounding = value.get("rounding", "none")
    rule = next((one for one in ROUNDING_RULES if one == rounding), None)
    if rule is None:
        raise ConfigurationError(
            f"{place}, [payroll]: rounding is {str(rounding)[:60]!r}",
            next_step=f"use one of: {', '.join(ROUNDING_RULES)}",
        )
    systems = {name: _texts(value[name], f"{place}, [payroll.{name}]") for name in _SYSTEMS if name in value}
    for name, given in systems.items():
        for key, text in given.items():
            where = f"{place}, [payroll.{name}]"
            require_known(key, tuple(_SYSTEMS[name]), where)
            form, example, _ = _SYSTEMS[name][key]
            if re.fullmatch(form, text) is None:
                raise ConfigurationError(
                    f"{where}: {key} is {text[:60]!r}, which that payroll system does not take",
                    next_step=f'write it like {key} = "{example}"',
                )
    jobs = _texts(value["jobs"], f"{place}, [payroll.jobs]") if "jobs" in value else {}
    return LayoutSettings(rounding=rule, jobs=jobs, systems=systems)


def _texts(value: object, where: str) -> dict[str, str]:
    """A section of texts in quotes, none of them empty."""
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} must be a section", next_step="write it as one, with a key on each line")
    for key, text in value.items():
        if not isinstance(text, str) or not text.strip():
            raise ConfigurationError(f"{where}: {key} must be text", next_step=f'write it in quotes: {key} = "…"')
    return {key: text.strip() for key, text in value.items()}


def _converted(value: Mapping[str, object], kind: type[Rules], where: str, form: str) -> Rules:
    """The keys of one kind. Raises ConfigurationError, with the form that they have."""
    own = {name: given for name, given in value.items() if name in kind.__struct_fields__}
    try:
        return msgspec.convert(own, kind)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}: {error}", next_step=form) from error


def _require_usable(schedule: PaySchedule, where: str) -> None:
    """Raises ConfigurationError for a schedule that leaves open which days belong together."""
    kind, anchor, days = schedule.schedule, schedule.anchor, schedule.period_days
    if kind is None and (anchor is not None or days is not None):
        raise ConfigurationError(
            f"{where}: {'anchor' if anchor is not None else 'period_days'} is set, but no schedule",
            next_step='set schedule = "biweekly" (or weekly, semimonthly, monthly, days), or take it away',
        )
    if kind != "days" and days is not None:
        raise ConfigurationError(
            f"{where}: period_days does not go with schedule = {kind!r}",
            next_step='take it away, or set schedule = "days"',
        )
    if kind == "days" and (days is None or not 1 <= days <= MAX_WINDOW_DAYS):
        raise ConfigurationError(
            f"{where}: schedule is days, and period_days is {'missing' if days is None else days}",
            next_step=f"set period_days to a number from 1 to {MAX_WINDOW_DAYS}",
        )
    if kind in {"biweekly", "days"} and anchor is None:
        raise ConfigurationError(
            f"{where}: anchor is missing: nothing says on which day a period begins",
            next_step='set it to the first day of any period: anchor = "2025-12-01"',
        )
    if kind == "weekly" and anchor is None and schedule.workweek_start is None:
        raise ConfigurationError(
            f"{where}: nothing says on which day a week begins",
            next_step='set workweek_start = "sunday" (or another weekday), or anchor to the first day of any period',
        )
    if anchor is not None:
        _require_anchor(anchor, schedule, where)


def _require_day_start(value: Mapping[str, object], schedule: PaySchedule, where: str) -> None:
    """Raises ConfigurationError for workdays of a preview that nobody sees, or that begin at no time of day."""
    if "overtime_day_start" not in value:
        return
    if schedule.overtime_preview is None:
        raise ConfigurationError(
            f"{where}: overtime_day_start is set, but no overtime_preview",
            next_step='set overtime_preview = "flsa" (or california), or take it away',
        )
    if re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", schedule.overtime_day_start) is None:
        raise ConfigurationError(
            f"{where}: overtime_day_start is {schedule.overtime_day_start[:60]!r}",
            next_step='write the time at which a workday begins: overtime_day_start = "04:00"',
        )


def _require_anchor(anchor: date, schedule: PaySchedule, where: str) -> None:
    if not EARLIEST <= anchor <= LATEST:
        raise ConfigurationError(
            f"{where}: anchor is {anchor}, which is out of reach", next_step=f"use a day from {EARLIEST} to {LATEST}"
        )
    if schedule.schedule == "monthly" and anchor.day > LAST_ANCHOR:
        raise ConfigurationError(
            f"{where}: anchor is {anchor}, and not every month has a day {anchor.day}",
            next_step=f"monthly periods begin on one of the days 1 to {LAST_ANCHOR}",
        )
    if schedule.schedule == "semimonthly" and not is_anchor_of_halves(anchor):
        raise ConfigurationError(
            f"{where}: anchor is {anchor}, and no period can begin 15 days later or earlier in every month",
            next_step="semimonthly periods begin on two days 15 apart: anchor on one of the days 1 to 13, or 16 to 28",
        )


def retention_years(value: object, place: str) -> int:
    """For how many years records are kept. Raises ConfigurationError for less than the law wants."""
    where = f"{place}, [retention]"
    if not isinstance(value, dict):
        raise ConfigurationError(f"{place}: retention must be a section", next_step="write [retention]")
    for name in value:
        require_known(name, ("years",), where)
    years = value.get("years", _LEAST_YEARS)
    if isinstance(years, bool) or not isinstance(years, int) or not _LEAST_YEARS <= years <= _MOST_YEARS:
        raise ConfigurationError(
            f"{where}: years is {str(years)[:60]!r}: payroll records have to be kept for {_LEAST_YEARS} years at least",
            next_step=f"use a whole number from {_LEAST_YEARS} to {_MOST_YEARS}",
        )
    return years
