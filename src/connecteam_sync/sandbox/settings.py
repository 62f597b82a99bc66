"""Open questions about Connecteam as settings of the sandbox: the mirror must be right with every value."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

KEY = "sandbox-key"
"""The invented key that the sandbox accepts by default."""


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class SandboxSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the sandbox behaves; the questions are those of docs/connecteam-api.md (API, section 20)."""

    timezone: str = "America/Chicago"
    dates_in: Literal["business", "utc"] = "business"
    """The zone in which the two dates of a request are read (question 1)."""
    selects_by: Literal["start", "overlap", "end"] = "start"
    """Which shifts belong to the requested days: by start, end or overlap (question 1)."""
    lists_unassigned: bool = True
    """Whether people taken off a clock, or archived, are still in its response (question 3)."""
    resumes_with: Literal["new_id", "same_id"] = "new_id"
    """Whether work after a break is a new shift or the old one re-opened (question 6)."""
    open_end: Literal["absent", "null"] = "absent"
    """How the JSON of an open shift shows that it has no end."""
    max_days: int = 92
    """The longest range of time activities in one request (question 2)."""
    minute_limit: int = 100
    day_limit: int = 10_000
    unpaid_break_minutes: int = 0
    """Minutes the timesheet deducts from every shift of six hours or more: automatic breaks exist only there."""
    lock_days_enabled: bool = True
    paging_in: Literal["envelope", "data", "nowhere"] = "envelope"
    """The place of the paging member, with the total, in a paged response."""
    limit_headers: Literal["once", "doubled", "two_lines", "garbage"] = "once"
    """The form of the rate-limit headers; if there are two values, the second is the true one."""
    clock_ahead: int = 0
    """Seconds by which the server's clock is ahead of this machine's."""
    webhook_loss: Share = 0.0
    """The share of events that are never sent."""
    webhook_repeats: Share = 0.0
    """The share of events that are sent twice, with the same `requestId`."""
    webhook_reorder: Share = 0.0
    """The share of events that later ones may overtake."""
    webhook_spread: Seconds = 2.0
    """How much later, at most, a repeated or overtaken event comes."""
    webhook_delay: Seconds = 0.0
    """How long after it happened an event is sent."""
    webhook_retry_seconds: Seconds = 60.0
    """How long after a failure a delivery is tried again."""
    webhook_timeout: Seconds = 30.0
    """How long a delivery may take."""
    webhook_seed: int = 7
    """The same seed has the same trouble with the same events."""
