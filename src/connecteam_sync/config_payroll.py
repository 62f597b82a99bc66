"""The section `[payroll]` of the configuration."""

from __future__ import annotations

import msgspec

from connecteam_sync.config_names import require_known
from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.errors import ConfigurationError

_MOST_MINUTES = {"automatic_break_minutes": 240, "timesheet_rounding_minutes": 60}


_CERTIFICATE_KEY = "certificate_key"


def payroll_rules(value: object, place: str) -> tuple[TimesheetRules, str | None]:
    """The rules of a section, and the file of the key that signs certificates, if one is named.

    Raises ConfigurationError with the key, its place and the cure.
    """
    where = f"{place}, [payroll]"
    if not isinstance(value, dict):
        raise ConfigurationError(f"{place}: payroll must be a section", next_step="write [payroll]")
    for name in value:
        require_known(name, (*TimesheetRules.__struct_fields__, _CERTIFICATE_KEY), where)
    key = _key_file(value.get(_CERTIFICATE_KEY), where)
    value = {name: given for name, given in value.items() if name != _CERTIFICATE_KEY}
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
    return rules, key


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
