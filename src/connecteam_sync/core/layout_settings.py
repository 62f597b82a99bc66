"""What a company chooses for the layouts of payroll systems: rounding, codes of jobs, what each system wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

RoundingRule = Literal["none", "nearest_1", "nearest_5", "nearest_6", "nearest_15", "favour_5", "favour_6", "favour_15"]
ROUNDING_RULES: tuple[RoundingRule, ...] = get_args(RoundingRule)


class LayoutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of `[payroll]` that only layouts of payroll systems have a use for.

    `rounding` is the rule by which each line of hours is rounded. `jobs` are the payroll system's codes by the id of
    the job in Connecteam; where there are none, a person has one sum. `systems` are the keys of `[payroll.adp]` and the
    like by the name of the format.
    """

    rounding: RoundingRule = "none"
    jobs: Mapping[str, str] = {}
    systems: Mapping[str, Mapping[str, str]] = {}
