"""The stored state: rows of `clock_times`, and the remembered values of each shift."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Break, Shift, User
from connecteam_sync.core.window import LockedDay

CONNECTEAM = "connecteam"
"""The `source` of the rows this program owns. Rows with any other source are never written."""


class ClockTime(msgspec.Struct, frozen=True, gc=False):
    """One row of `clock_times` in canonical form: instants in epoch seconds, minutes whole and elapsed.

    `id` is None only in the image of a row that has yet to be inserted. A negative `employee_id` stands for an
    employee that this very plan creates: the Connecteam user id with its sign changed (`keys.provisional_employee`).
    Minutes with a fraction were written by another program: they are read as they are, and never equal the right ones.
    `job`, `break_minutes` and `net_minutes` are None in a table for which no column is named for them.
    """

    id: RowId | None
    employee_id: RowId
    clock_in: int
    clock_out: int | None
    total_minutes: int | float | None
    is_active: bool
    source: str = CONNECTEAM
    job: str | None = None
    break_minutes: int | float | None = None
    net_minutes: int | float | None = None

    @property
    def entered_by(self) -> str:
        """The row's source, for a hold; with a remark if it differs from ours only in case or blanks."""
        near = self.source.strip().casefold() == CONNECTEAM and not self.is_ours
        return f"{self.source!r}{f' (which is not {CONNECTEAM!r} to the letter)' if near else ''}"

    @property
    def minutes(self) -> int:
        """Whole minutes, for sums; none while the shift is open."""
        return int(self.total_minutes or 0)

    @property
    def key(self) -> tuple[RowId, int]:
        """The table's unique key: (employee, clock-in)."""
        return (self.employee_id, self.clock_in)

    @property
    def is_ours(self) -> bool:
        """Whether this program may write the row."""
        return self.source == CONNECTEAM


def elapsed_minutes(clock_in: int, clock_out: int | None) -> int | None:
    """Whole elapsed minutes, rounded down; None while the shift is open. From instants, so DST nights are right.

    From clock-in to clock-out, unpaid breaks included: payroll has to deduct them.
    """
    return None if clock_out is None else (clock_out - clock_in) // 60


def clock_time_of(employee_id: RowId, clock_in: int, clock_out: int | None, *, id: RowId | None = None) -> ClockTime:  # noqa: A002 - the column's name
    """The canonical row for a shift with these instants: minutes and flag follow from the times."""
    return ClockTime(
        id=id,
        employee_id=employee_id,
        clock_in=clock_in,
        clock_out=clock_out,
        total_minutes=elapsed_minutes(clock_in, clock_out),
        is_active=clock_out is None,
    )


class AppliedValues(msgspec.Struct, frozen=True, gc=False):
    """The values we last wrote for a shift: they tell an edit made in the table from one made in Connecteam."""

    employee_id: RowId
    clock_in: int
    clock_out: int | None


class TrackedShift(msgspec.Struct, frozen=True, gc=False):
    """One shift as remembered: a row of our `shifts`.

    `clock_time_id` is None while the shift is held (no row was written for it). In a plan it may also be None while
    `applied` is set: the row is about to be created and its id is not known yet. `former_clock_time_id` is the row it
    had until that was deleted: a shift that returns gets the same id again.
    """

    shift: Shift
    clock_time_id: RowId | None = None
    applied: AppliedValues | None = None
    is_gone: bool = False
    former_clock_time_id: RowId | None = None


class Employee(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the host's `employees` table; `connecteam_user_id` is compared as text.

    `phone` are marks of the number (`people.phone_marks`), never the number itself.
    """

    id: RowId
    name: str | None = None
    email: str | None = None
    connecteam_user_id: str | None = None
    phone: str | None = None


class Child(msgspec.Struct, frozen=True, gc=False):
    """Rows of another table, or of `clock_times` itself, that point at one row of `clock_times`.

    `count` is None if that table cannot be read: then the row is treated as having some. `fields` are the fields they
    point at; `follows`: if one of these is corrected, the database corrects them too.
    """

    table: str
    count: int | None
    fields: frozenset[str] = frozenset({"id"})
    follows: bool = True


class StoredState(msgspec.Struct, frozen=True, kw_only=True):
    """The stored state that matters to one (time clock, window), read under the lock.

    `rows`: every row, of any source, whose clock-in lies in the padded window; every row linked to a shift of
    `mirrors`; every row on the exact clock-in of a shift of the snapshot. `mirrors`: every shift of this clock whose
    start lies in the padded window, whose row does, or whose id the snapshot names, of any clock; of other
    clocks also those starting in the padded window.
    """

    rows: tuple[ClockTime, ...] = ()
    mirrors: tuple[TrackedShift, ...] = ()
    breaks: tuple[Break, ...] = ()
    """Remembered breaks of this clock starting in the padded window or named by the snapshot, not found gone."""
    employees: Mapping[int, RowId] = {}
    """Connecteam user id -> employee id, for every mapped user."""
    ambiguous: Mapping[int, tuple[RowId, ...]] = {}
    """Connecteam user id -> the employees that all carry it: their shifts are held, and no row moves."""
    users_of: dict[RowId, frozenset[int]] = {}
    """Employee id -> every user mapped to them, ambiguous ones too; other employees have no Connecteam user."""
    names: dict[RowId, str] = {}
    """Employee id -> name, for the people mentioned."""
    people: tuple[Employee, ...] = ()
    """All employees of the host's table, by id: a user without an employee might be one of them."""
    users: dict[int, User] = {}
    """Every user that an earlier run has seen, with the values of then."""
    known_users: frozenset[int] = frozenset()
    """Users of the account that an earlier run saw and that were not archived then."""
    locked: tuple[LockedDay, ...] = ()
    """Every day that payroll has closed."""
    refused: dict[str, str] = {}
    """Writes that the host's table refuses, with the database's message, by subject: `shift:<id>` or `row:<id>` of a
    change, `user:<id>` of a person to be created. Tried in this transaction or, if held, by the run before."""
    refused_before: dict[str, str] = {}
    """Writes that the last run held as refused, in the same form: not tried again yet, and likely to be refused."""
    lacks: frozenset[str] = frozenset()
    """Fields of a row that the host's table has no column for."""
    optional: frozenset[str] = frozenset()
    """Optional fields of a row that are mirrored: a column is named for each. What follows is read for them only."""
    job_names: Mapping[tuple[str | None, str | None], str] = {}
    """(job, sub job) -> the name, for the jobs of these shifts of which it is known."""
    break_types: Mapping[tuple[int, str], bool] = {}
    """(time clock, type) -> whether such a break is paid, where that is known."""
    breaks_around: tuple[Break, ...] = ()
    """Remembered breaks of this clock that start within a week of the padded window, before it or after."""
    skipped_shifts: int = 0
    """Shifts of the window of people who are skipped of the answer and of this, since nothing of theirs changed."""
    skipped_minutes: int = 0
    """The minutes of their rows."""
    children: dict[RowId, tuple[Child, ...]] = {}
    """Row id -> the rows that point at it; read only for rows whose delete or change of key is planned."""
