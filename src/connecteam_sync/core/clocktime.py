"""What the database holds: rows of `clock_times`, and what we remember about each shift."""

from __future__ import annotations

from datetime import date

import msgspec

from connecteam_sync.core.shift import Break, Shift

CONNECTEAM = "connecteam"
"""The `source` of the rows this program owns. Rows with any other source are never written."""


class ClockTime(msgspec.Struct, frozen=True, gc=False):
    """One row of `clock_times` in canonical form: instants in epoch seconds, minutes whole and elapsed.

    `id` is None only in the image of a row that has yet to be inserted. A negative `employee_id` stands for an
    employee that this very plan creates: the Connecteam user id with its sign changed (see `provisional_employee`).
    """

    id: int | None
    employee_id: int
    clock_in: int
    clock_out: int | None
    total_minutes: int | None
    is_active: bool
    source: str = CONNECTEAM

    @property
    def key(self) -> tuple[int, int]:
        """What the unique key of the table spans: (employee, clock-in)."""
        return (self.employee_id, self.clock_in)

    @property
    def is_ours(self) -> bool:
        """Whether this program may write the row."""
        return self.source == CONNECTEAM


def elapsed_minutes(clock_in: int, clock_out: int | None) -> int | None:
    """Whole elapsed minutes, rounded down; None while the shift is open. From instants, so DST nights are right."""
    return None if clock_out is None else (clock_out - clock_in) // 60


def clock_time_of(employee_id: int, clock_in: int, clock_out: int | None, *, id: int | None = None) -> ClockTime:  # noqa: A002 - the column's name
    """The one canonical row for a shift of these instants: minutes and flag follow from the times."""
    return ClockTime(
        id=id,
        employee_id=employee_id,
        clock_in=clock_in,
        clock_out=clock_out,
        total_minutes=elapsed_minutes(clock_in, clock_out),
        is_active=clock_out is None,
    )


def corrections(row: ClockTime, after: ClockTime) -> list[str]:
    """What is corrected in a row, in the words of the person who reads the journal."""
    said: list[str] = []
    if row.employee_id != after.employee_id:
        said.append("moved to another employee")
    if row.clock_in != after.clock_in:
        said.append("clock-in corrected")
    if row.clock_out is None and after.clock_out is not None:
        said.append("clocked out")
    elif row.clock_out is not None and after.clock_out is None:
        said.append("re-opened")
    elif row.clock_out != after.clock_out:
        said.append("clock-out corrected")
    return said


def provisional_employee(user_id: int) -> int:
    """The stand-in employee id of a Connecteam user whose `employees` row this plan creates."""
    return -user_id


class Applied(msgspec.Struct, frozen=True, gc=False):
    """The values we last wrote for a shift: tells an edit made in the table behind our back from one made upstream."""

    employee_id: int
    clock_in: int
    clock_out: int | None


class Mirror(msgspec.Struct, frozen=True, gc=False):
    """What we remember of one shift Connecteam has shown us: a row of `connecteam_shifts`.

    `clock_time_id` is None while the shift is held (no row was written for it). In a plan it may also be None beside
    an `applied`: the row is about to be created and its id is not known yet.
    """

    shift: Shift
    clock_time_id: int | None = None
    applied: Applied | None = None
    is_gone: bool = False


class Employee(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the host's `employees` table; `connecteam_user_id` is compared as text."""

    id: int
    name: str | None = None
    email: str | None = None
    connecteam_user_id: str | None = None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the database holds that matters to one (time clock, window), read under the lock.

    `rows`: every row, of any source, whose clock-in lies in the padded window; every row linked to a shift of
    `mirrors`; every row on the exact clock-in of a shift of the snapshot. `mirrors`: every shift of this clock whose
    start lies in the padded window, whose row does, or whose id the snapshot names, whatever its clock; of other
    clocks also those starting in the padded window.
    """

    rows: tuple[ClockTime, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    breaks: tuple[Break, ...] = ()
    """Remembered breaks of this clock starting in the padded window or named by the snapshot, not found gone."""
    employees: dict[int, int] = {}
    """Connecteam user id -> employee id, for every mapped user."""
    names: dict[int, str] = {}
    """Employee id -> name, for the people mentioned."""
    known_users: frozenset[int] = frozenset()
    """Users of the account that an earlier run saw and that were not archived then."""
    locked_days: frozenset[date] = frozenset()
