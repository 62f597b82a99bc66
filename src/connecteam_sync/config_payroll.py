"""The section `[payroll]` of the configuration."""

from __future__ import annotations

import msgspec

from connecteam_sync.config_names import require_known
from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.errors import ConfigurationError

_MOST_MINUTES = {"automatic_break_minutes": 240, "timesheet_rounding_minutes": 60}


def payroll_rules(value: object, place: str) -> TimesheetRules:
    """The rules of a section. Raises ConfigurationError with the key, its place and the cure."""
    where = f"{place}, [payroll]"
    if not isinstance(value, dict):
        raise ConfigurationError(f"{place}: payroll must be a section", next_step="write [payroll]")
    for name in value:
        require_known(name, TimesheetRules.__struct_fields__, where)
    try:
        rules = msgspec.convert(value, TimesheetRules)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{where}: {error}",
            next_step='minutes are whole numbers, and days are words: timesheet_off_days = ["saturday", "sunday"]',
        ) from error
    for name, most in _MOST_MINUTES.items():
        minutes = getattr(rules, name)
        if minutes is not None and not 1 <= minutes <= most:
            raise ConfigurationError(f"{where}: {name} is {minutes}", next_step=f"use a number from 1 to {most}")
    return rules
