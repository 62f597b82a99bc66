"""Holds grouped by person and reason, each group with its next step."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from shlex import quote
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Hold, HoldReason
from connecteam_sync.core.keys import RowId, provisional_user
from connecteam_sync.core.window import MAX_WINDOW_DAYS, later, local_day

REASON_TEXTS: dict[HoldReason, str] = {
    "unmapped_user": "the Connecteam user is mapped to no employee",
    "manual_row": "a row entered by hand has the clock-in, and is never written",
    "duplicate_clock_in": "another shift of the same person has the same clock-in",
    "user_not_listed": "they are no longer on the time clock; the hours are kept",
    "orphan": "no shift in Connecteam is known for these rows; they are kept",
    "locked_day": "payroll has closed the day; what Connecteam says by now is not written",
    "impossible_record": "a record in Connecteam cannot be believed; nothing is deleted because of it",
    "local_edit": "somebody edited the rows in the table; the edit is kept",
    "window_edge": "the shifts are on another day by now, or ran past the days asked for; the hours are kept",
    "child_row": "rows of other tables point at these rows; they stay as they are until those point elsewhere",
    "ambiguous_employee": "several employees carry the Connecteam user: whose hours are they?",
    "clock_not_looked_at": "a time clock that may have the shifts was not looked at; the hours are kept",
    "refused_by_database": "your table refuses to take them",
    "possible_double": "the new user may be somebody who is in your table already",
    "deletes_guarded": "all rows of one person would go; they wait for a person's word",
    "no_connecteam_user": "no Connecteam user counts for this person; the rows are kept",
    "same_minute": "a row of ours without a shift begins in the same minute: the hours would stand there twice",
    "old_rows_stay": "rows of theirs without a shift stay: beside them the hours would stand there twice",
}
"""The sentence for a group of holds whose own sentences differ."""
NEED_A_MAPPING: frozenset[HoldReason] = frozenset({"unmapped_user", "possible_double"})
"""Reasons cured by a mapping: their detail may name the employee, but not the days to sync after it."""
_MAPPED = "is mapped to employee {} by now: the next look at these days ends the hold"
_IS_MAPPED = re.compile(rf"Connecteam user \d+ {_MAPPED.format('.+')}")
_QUOTED = r"[\w@%+=:,./-]+|'[^']+'"
"""A number or a text as `shlex.quote` writes it, but for one with an apostrophe in it."""
_BY_USER = re.compile(r"Connecteam user (\d+)[ (]")
"""The beginning of a row's hold that is really about a user."""


def lacks_employee(hold: Hold) -> bool:
    """Whether it is about hours of a closed day of somebody who is no employee yet: no correction says them."""
    is_nobody = hold.employee_id is None or provisional_user(hold.employee_id) is not None
    return hold.reason == "locked_day" and is_nobody and hold.user_id is not None


def moves_no_hours(hold: Hold) -> bool:
    """Whether it is known to be about other values of a closed day's row than its times and hours, as minutes of
    breaks: no correction says them.
    """
    if hold.change is None or hold.change.before is None or hold.change.after is None:
        return False
    images = (hold.change.before, hold.change.after)
    was, now = ((image.key, image.clock_out, image.minutes) for image in images)
    return was == now


def as_mapped(hold: Hold, employee: RowId) -> Hold:
    """A hold of a user without an employee who has one since it was found."""
    return msgspec.structs.replace(hold, detail=f"Connecteam user {hold.user_id} {_MAPPED.format(employee)}")


class HoldGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The holds of one person for one reason, in the order they were given; the person may be unknown."""

    reason: HoldReason
    employee_id: RowId | None
    user_id: int | None
    holds: tuple[Hold, ...]

    @property
    def minutes(self) -> int:
        """By how many minutes the table's total would change."""
        return sum(hold.minutes for hold in self.holds)

    @property
    def detail(self) -> str:
        """Their common sentence; the sentence of the reason if they differ."""
        details = {hold.detail for hold in self.holds}
        return details.pop() if len(details) == 1 else REASON_TEXTS[self.reason]

    @property
    def lacks_employee(self) -> bool:
        """Whether they are hours of a closed day of somebody who is no employee yet."""
        return any(map(lacks_employee, self.holds))

    def days(self, zone: ZoneInfo) -> tuple[date, date] | None:
        """First and last local day; None if no hold has an instant."""
        instants = [hold.instant for hold in self.holds if hold.instant is not None]
        return (local_day(min(instants), zone), local_day(max(instants), zone)) if instants else None

    def next_step(self, zone: ZoneInfo) -> str | None:
        """The command that helps, and a sync of their days if it writes no hours itself; None if a person has to look
        at each hold.
        """
        days = self.days(zone)
        window = ""
        if days is not None:
            window = f" --from {days[0]} --to {min(days[1], later(days[0], MAX_WINDOW_DAYS - 1))}"
        user = self._user()
        mapping = f"employees map {user} {self._suggested(user)}" if user is not None else "employees --unmapped"
        # Mapping writes no hours: the next look at their days does, and a default sync may not go back that far.
        after = f", then connecteam-sync sync{window}" if window else ""
        if user is not None:
            is_new = self.reason in NEED_A_MAPPING or self.lacks_employee
            mapping += f", or for a new person connecteam-sync employees create {user}" if is_new else ""
            mapping += after
        if window and _IS_MAPPED.fullmatch(self.detail):
            mapping = f"sync{window}"
        commands: dict[HoldReason, str] = {
            "unmapped_user": mapping,
            "ambiguous_employee": mapping,
            "possible_double": mapping,
            "no_connecteam_user": f"employees map USER {quote(str(self.employee_id))}{after}",
            "orphan": f"resync{window}",
            "window_edge": f"sync{window}",
            "same_minute": f"adopt{window}",
        }
        command = mapping if self.lacks_employee else commands.get(self.reason)
        return f"connecteam-sync {command}" if command is not None else None

    def show_command(self) -> str:
        """The command that lists each of them, once they are on record."""
        person = f" --employee {quote(str(self.employee_id))}" if self.employee_id is not None else " --all"
        return f"connecteam-sync holds{person} --kind {self.reason}"

    def _user(self) -> int | None:
        """The user they are about: holds on rows without a shift have none, but their sentence may begin with one."""
        begin = _BY_USER.match(self.holds[0].detail)
        return self.user_id if self.user_id is not None or begin is None else int(begin[1])

    def _suggested(self, user: int) -> str:
        """The employee that the end of the sentence suggests for the user; a placeholder if it suggests none."""
        # The end of the sentence has no name in it, so a person's name cannot fake a key there.
        created = f"(; a new person: connecteam-sync employees create {user})?"
        found = re.search(rf": connecteam-sync employees map {user} ({_QUOTED}){created}$", self.detail)
        return found[1] if found else "EMPLOYEE"


def grouped(holds: Iterable[Hold]) -> tuple[HoldGroup, ...]:
    """Holds by person and reason, in the order of the first of each; one without a person is a group of its own."""
    found: dict[tuple[object, ...], list[Hold]] = {}
    for hold in holds:
        person = hold.employee_id if hold.employee_id is not None else hold.user_id
        kind = "employee" if hold.employee_id is not None else "user" if person is not None else hold.subject
        found.setdefault((hold.reason, kind, person), []).append(hold)
    return tuple(
        HoldGroup(
            reason=several[0].reason,
            employee_id=several[0].employee_id,
            user_id=next((hold.user_id for hold in several if hold.user_id is not None), None),
            holds=tuple(several),
        )
        for several in found.values()
    )
