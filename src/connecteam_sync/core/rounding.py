"""Rounding of hours for payroll systems, by a named rule, with what it adds or takes. Pure, in whole numbers."""

from __future__ import annotations

from connecteam_sync.core.payroll_settings import RoundingRule

HUNDREDTH = 36
"""Seconds of a hundredth of an hour."""
_FAVOUR = "favour"


def rounded(minutes: int, rule: RoundingRule) -> int:
    """The minutes of one line of hours by the rule: the nearest step, half a step up; or always up (`favour_…`).

    Up is in the employee's favour, also where minutes are taken back: -7 becomes 0 by `nearest_15`, -8 becomes -15.
    """
    kind, _, size = rule.partition("_")
    step = int(size or 1)
    if kind == _FAVOUR:
        return -(-minutes // step) * step
    return (2 * minutes + step) // (2 * step) * step


def hundredths(minutes: int, rule: RoundingRule) -> int:
    """Minutes as hundredths of an hour: the nearest one, half up; always up where the rule is in the employee's favour.

    One or two minutes of three are no whole hundredth, so this adds or takes 24 seconds at most.
    """
    if rule.startswith(_FAVOUR):
        return -(-5 * minutes // 3)
    return (10 * minutes + 3) // 6


def decimal(count: int) -> str:
    """Hundredths as a decimal number with two places: `37.50`, `-0.25`."""
    return f"{'-' if count < 0 else ''}{abs(count) // 100}.{abs(count) % 100:02}"
