"""Whose data a database holds: a Connecteam company, its region, the business time zone, its time clocks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from connecteam_sync.core.cadence import ClockSchedule

Region = Literal["global", "au", "local"]
"""Which Connecteam: the usual host, the Australian one, or a simulated one on this machine."""
Part = Literal["company", "region", "timezone"]
KnownBy = Literal["company", "time_clocks"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account as remembered in entry `number`; `at` in epoch seconds.

    `run` is the run that noted it, else `by` is the person who accepted it, and `what` names the parts. `known_by` is
    how the key was recognised: by its company, or, if it may not read that, by its time clocks. `salt` and `digest`
    recognise a key that was checked before, without revealing it.
    """

    number: int = 0
    at: int = 0
    run: int | None = None
    by: str | None = None
    what: str = "first"
    company_id: str | None = None
    company_name: str | None = None
    region: str | None = None
    timezone: str | None = None
    time_clocks: frozenset[int] = frozenset()
    known_by: KnownBy | None = None
    salt: str | None = None
    digest: str | None = None

    @property
    def company(self) -> str:
        """The company in words."""
        return company_words(self.company_id, self.company_name, self.time_clocks)


def company_words(company_id: str | None, name: str | None, time_clocks: frozenset[int]) -> str:
    """`Acme Ltd (id 17)`, or the company's time clocks if its id is not known."""
    if company_id is not None:
        return f"{name or 'a company'} (id {company_id})"
    shown = ", ".join(map(str, sorted(time_clocks)))
    return f"the company with {'time clock' if len(time_clocks) == 1 else 'time clocks'} {shown or 'not known yet'}"


class ZoneUse(msgspec.Struct, frozen=True, kw_only=True):
    """How much uses a time zone: runs and locked days, and the first and last days they cover."""

    timezone: str
    runs: int = 0
    first: date | None = None
    last: date | None = None
    locked_days: int = 0
    first_locked: date | None = None
    last_locked: date | None = None


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the account before and after, and the consequences, a sentence each."""

    what: Part
    before: str
    after: str
    meaning: tuple[str, ...] = ()


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """The changes that `account accept` takes over. `left` are the parts that still differ and were not named."""

    account: Account
    changes: tuple[AccountChange, ...]
    zones: tuple[ZoneUse, ...] = ()
    left: tuple[Part, ...] = ()


class Vouch(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word that a time clock which cannot be read holds none of the shifts in question."""

    time_clock_id: int
    at: int
    by: str
    reason: str
    withdrawn_at: int | None = None
    withdrawn_by: str | None = None


class ClockReport(msgspec.Struct, frozen=True, kw_only=True):
    """A time clock, from Connecteam's list and from the database.

    `is_listed`: Connecteam's list has it. `is_looked_at`: every run looks at it. `shifts` counts those remembered
    and not gone, `rows` those of them with a row. `last_looked_at` is when a run last had its complete answer.
    """

    id: int
    name: str
    is_archived: bool
    is_listed: bool
    is_looked_at: bool
    shifts: int = 0
    rows: int = 0
    last_looked_at: int | None = None
    vouched: Vouch | None = None
    schedule: ClockSchedule | None = None
    """When the service visits it; None if it never did."""
