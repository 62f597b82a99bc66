"""Pay periods: how people name them, and what is on record of each. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

import msgspec

from connecteam_sync.core.period_check import Checked
from connecteam_sync.core.window import EARLIEST, LATEST, MAX_WINDOW_DAYS, Window

PeriodState = Literal["open", "review", "closed"]
PeriodEventKind = Literal["check", "open", "review", "close", "reopen"]
"""`check` is a checklist that was made; the others give a period its state."""
_NAMED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?", re.ASCII)


class PeriodEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person did to a period, at `at` (epoch seconds); `reason` is empty where none was wanted.

    `anyway`: it was closed with obstacles. `checked` is the checklist of then; None of a reopening.
    """

    number: int
    window: Window
    kind: PeriodEventKind
    at: int
    by: str
    reason: str = ""
    anyway: bool = False
    checked: Checked | None = None


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A pay period and its state. `event` is what gave it this state; None of one that nobody has touched yet.

    `is_scheduled`: the schedule of now has exactly these days. `overlaps` are other periods on record that share days
    with it, since the schedule was another one then: they stay as they are, and it cannot be closed beside them.
    """

    window: Window
    state: PeriodState = "open"
    is_scheduled: bool = False
    event: PeriodEvent | None = None
    overlaps: tuple[Window, ...] = ()

    @property
    def name(self) -> str:
        """How a command names it: by its first day if the schedule or the record knows it, else by both days."""
        is_known = self.is_scheduled or self.event is not None
        return self.window.first.isoformat() if is_known else spelled(self.window)


class PeriodReport(msgspec.Struct, frozen=True, kw_only=True):
    """A period as it is now, and its checklist: what `check`, `review`, `close` and `reopen` answer with.

    `newly`: this call gave it its state. `checked` is None of a reopening. `not_recorded` says why a checklist is not
    on record: it is valid all the same.
    """

    period: Period
    newly: bool = False
    checked: Checked | None = None
    not_recorded: str | None = None

    @property
    def exit_code(self) -> int:
        """0 if it is closed, has the state asked for, or nothing stands in the way; else 4."""
        is_well = self.newly or self.period.state == "closed" or self.checked is None or self.checked.is_well
        return 0 if is_well else 4


PAID_WITHIN = timedelta(days=7)
"""After its last day a period is being paid for so long, unless it is closed before."""


def is_being_paid(periods: Iterable[Period], today: date) -> bool:
    """Whether somebody may be paying by one of these periods now: it has ended lately, and is not closed."""
    return any(one.state != "closed" and today - PAID_WITHIN <= one.window.last < today for one in periods)


# -- names -------------------------------------------------------------------------------------------------------------


def parsed(text: str) -> tuple[date, date | None]:
    """The days that `FIRST` or `FIRST..LAST` names; None for a last day that is not named.

    Raises ValueError, with a sentence, for anything else.
    """
    found = _NAMED.fullmatch(text)
    if found is None:
        msg = f"{text[:60]!r} names no pay period"
        raise ValueError(msg)
    try:
        first, last = (None if day is None else date.fromisoformat(day) for day in found.groups())
    except ValueError as error:
        msg = f"{text[:60]!r} names a day that no calendar has"
        raise ValueError(msg) from error
    if first is None:
        raise AssertionError(text)
    if not (first >= EARLIEST and (last or first) <= LATEST):
        msg = f"{text} is out of reach: days from {EARLIEST} to {LATEST}"
        raise ValueError(msg)
    if last is not None and last < first:
        msg = f"{text} ends before it begins"
        raise ValueError(msg)
    if last is not None and (last - first).days >= MAX_WINDOW_DAYS:
        msg = f"{text} has more than {MAX_WINDOW_DAYS} days"
        raise ValueError(msg)
    return first, last


def spelled(window: Window) -> str:
    """A period by both its days, `2025-12-01..2025-12-14`, also one of a single day."""
    return f"{window.first}..{window.last}"


def share_days(one: Window, other: Window) -> bool:
    """Whether two periods have a calendar day in common, in whichever zones they are."""
    return one.first <= other.last and other.first <= one.last


def overlapping(window: Window, stored: Iterable[Window]) -> tuple[Window, ...]:
    """Those of the periods on record that share days with another one, by day; the same one is none of them."""
    return tuple(sorted(other for other in stored if other != window and share_days(window, other)))
