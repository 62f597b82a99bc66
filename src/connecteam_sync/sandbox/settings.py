"""What nobody outside Connecteam knows for sure: both answers, as settings. The mirror must be right under each."""

from __future__ import annotations

from typing import Literal

import msgspec

KEY = "sandbox-key"
"""The invented key the sandbox accepts where it is not told another."""


class SandboxSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How this Connecteam behaves; the comments name the open questions of docs/connecteam-api.md (API, section 20)."""

    timezone: str = "America/Chicago"
    dates_in: Literal["business", "utc"] = "business"
    """In which zone the two dates of a request are read (question 1)."""
    selects_by: Literal["start", "overlap", "end"] = "start"
    """What puts a shift into the days asked for (question 1)."""
    lists_unassigned: bool = True
    """Whether people taken off a clock, or archived, are still in its answer (question 3)."""
    resumes_with: Literal["new_id", "same_id"] = "new_id"
    """Whether work after a break is a new shift or the old one re-opened (question 6)."""
    open_end: Literal["absent", "null"] = "absent"
    """How an open shift says that it has no end."""
    max_days: int = 92
    """The longest range of time activities in one request (question 2)."""
    minute_limit: int = 100
    day_limit: int = 10_000
    unpaid_break_minutes: int = 0
    """Minutes the timesheet deducts from every shift of six hours or more: automatic breaks exist only there."""
    lock_days_enabled: bool = True
    paging_in: Literal["envelope", "data", "nowhere"] = "envelope"
    """Where an answer in pages says how many there are."""
    limit_headers: Literal["once", "doubled", "two_lines", "garbage"] = "once"
    """How the headers of its limits come; of two readings the second is the true one, and the worse."""
    clock_ahead: int = 0
    """Seconds by which its clock is ahead of this machine's; the clocks of servers are not always right."""
