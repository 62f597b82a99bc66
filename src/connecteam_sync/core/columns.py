"""The one list of mirrored columns of `clock_times`, and how each follows from a shift.

Code that compares, corrects, reads, writes, journals, restores or documents rows uses this list. docs/notes.md says how
to add a column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, clock_time_of, elapsed_minutes
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift

if TYPE_CHECKING:
    from connecteam_sync.core.derived import Derived

ColumnKind = Literal["key", "person", "moment", "minutes", "flag", "word", "text", "stamp"]
"""The content of a column: the row's key, an employee's key, an instant, minutes, true or false, a word that is never
missing, text or NULL; or a stamp: the moment at which a row was written, which is never read.
"""


class MirroredColumn(NamedTuple):
    """One column. `field` is its field of ClockTime, its key in the configuration, and its name by default."""

    field: str
    kind: ColumnKind
    means: str
    """Its meaning, for docs/reference.md."""
    in_key: bool = False
    """Whether it is part of the unique key."""
    may_be_empty: bool = False
    """Whether NULL is a valid value."""
    may_lack: bool = False
    """Whether a table may lack it; then it is neither read nor written."""
    of_times: Callable[[int, int | None], object] | None = None
    """Its value from the two instants of a shift, if it follows from them."""
    of_shift: Callable[[Shift, Derived], object] | None = None
    """Its value from other values of a shift, if it follows from those."""
    is_optional: bool = False
    """Whether it is mirrored only where the configuration names a column for it, which the table must have then."""
    is_label: bool = False
    """Whether it only names something: where a day is closed, the row keeps the name that was paid by."""
    ends_with_shift: bool = False
    """Whether it is NULL while the shift is open, so that clocking out is no correction of it."""
    word: str = ""
    """Its name in sentences with its old and new value."""
    correction: str | Callable[[Any, Any], str] = ""
    """The journal's words for a correction of it; empty if that follows from another column."""


def _clocked_out(before: int | None, after: int | None) -> str:
    if before is None:
        return "clocked out"
    return "re-opened" if after is None else "clock-out corrected"


def _filled_or(corrected: str, filled: str) -> Callable[[object, object], str]:
    return lambda before, _: filled if before is None else corrected


COLUMNS = (
    MirroredColumn("id", "key", "the key of the row, drawn by the database or given by us"),
    MirroredColumn(
        "employee_id",
        "person",
        "the employee whose shift it is",
        in_key=True,
        correction="moved to another employee",
    ),
    MirroredColumn(
        "clock_in",
        "moment",
        "when the shift began",
        in_key=True,
        of_times=lambda start, _: start,
        word="clock-in",
        correction="clock-in corrected",
    ),
    MirroredColumn(
        "clock_out",
        "moment",
        "when it ended; NULL while it is open",
        may_be_empty=True,
        of_times=lambda _, end: end,
        word="clock-out",
        correction=_clocked_out,
    ),
    MirroredColumn(
        "total_minutes",
        "minutes",
        "whole elapsed minutes, rounded down; NULL while it is open",
        may_be_empty=True,
        of_times=elapsed_minutes,
    ),
    MirroredColumn("is_active", "flag", "true exactly while it is open", of_times=lambda _, end: end is None),
    MirroredColumn("source", "word", "`connecteam` in every row that is ours", of_times=lambda _, __: CONNECTEAM),
    MirroredColumn(
        "job",
        "text",
        "the name of its job, as Connecteam lists it; NULL without a job, or while its name is not known",
        may_be_empty=True,
        is_optional=True,
        is_label=True,
        of_shift=lambda shift, derived: derived.job(shift),
        word="job",
        correction=_filled_or("job corrected", "job filled in"),
    ),
    MirroredColumn(
        "break_minutes",
        "minutes",
        "whole minutes that unpaid breaks take of it; NULL while it is open",
        may_be_empty=True,
        is_optional=True,
        ends_with_shift=True,
        of_shift=lambda shift, derived: derived.break_minutes(shift),
        word="break minutes",
        correction=_filled_or("breaks corrected", "breaks filled in"),
    ),
    MirroredColumn(
        "net_minutes",
        "minutes",
        "`total_minutes` without those of unpaid breaks; NULL while it is open",
        may_be_empty=True,
        is_optional=True,
        ends_with_shift=True,
        of_shift=lambda shift, derived: derived.net_minutes(shift),
        word="net minutes",
        correction=lambda before, _: "net minutes filled in" if before is None else "",
    ),
    MirroredColumn("created_at", "stamp", "when we made the row", may_lack=True),
    MirroredColumn("updated_at", "stamp", "when we last changed a value of it", may_lack=True),
)
"""In the order of the fields of ClockTime; the stamps come last."""
ROW = tuple(column for column in COLUMNS if column.kind != "stamp")
"""The columns that are read: the fields of ClockTime."""
CANONICAL = tuple(column.field for column in ROW if column.kind != "key")
"""The fields that are compared and written."""
STAMPS = tuple(column.field for column in COLUMNS if column.kind == "stamp")
OPTIONAL = frozenset(column.field for column in COLUMNS if column.is_optional)
"""The fields that are mirrored only where the configuration names a column."""
BREAK_COLUMNS = frozenset({"break_minutes", "net_minutes"})
"""Those of them that follow from breaks."""
MAY_LACK = frozenset(column.field for column in COLUMNS if column.may_lack) | OPTIONAL
SHIFT_COLUMNS = tuple((column.field, column.of_shift) for column in COLUMNS if column.of_shift is not None)
"""The fields that a row takes from its shift in addition to person and times, and how they follow."""


def shift_columns(
    lacks: frozenset[str], optional: frozenset[str], derived: Derived
) -> tuple[tuple[str, Callable[[Shift], object]], ...]:
    """The same for a table that `lacks` columns for some fields, and has those for `optional` ones."""

    def bound(value_of: Callable[[Shift, Derived], object]) -> Callable[[Shift], object]:
        return lambda shift: value_of(shift, derived)

    return tuple(
        (field, bound(value_of))
        for field, value_of in SHIFT_COLUMNS
        if (field in optional if field in OPTIONAL else field not in lacks)
    )


def of_kind(*kinds: ColumnKind) -> tuple[str, ...]:
    """The fields of these kinds, in the order of the list."""
    return tuple(column.field for column in COLUMNS if column.kind in kinds)


def row_of(
    shift: Shift,
    employee_id: RowId,
    *,
    id: RowId | None = None,  # noqa: A002 - the column's name
    of_shift: Sequence[tuple[str, Callable[[Shift], object]]] = (),
) -> ClockTime:
    """The one row that is right for a shift of this employee; `of_shift` are the `shift_columns` of the table."""
    row = clock_time_of(employee_id, shift.start, shift.end, id=id)
    return msgspec.structs.replace(row, **{field: value_of(shift) for field, value_of in of_shift}) if of_shift else row


def with_rest(right: ClockTime, row: ClockTime) -> ClockTime:
    """The row `right`, with the other fields that `row` has from its shift."""
    return msgspec.structs.replace(right, **{field: getattr(row, field) for field, _ in SHIFT_COLUMNS})


def as_closed(right: ClockTime, row: ClockTime) -> ClockTime:
    """The row `right` where its day is closed: with what is no difference there as `row` has it.

    That is a name, and minutes that nobody wrote before the day was closed: their column is newer.
    """
    is_over = row.clock_out is not None
    kept = {
        column.field: before
        for column in ROW
        if column.is_optional and (column.is_label or (is_over and getattr(row, column.field) is None))
        for before in (getattr(row, column.field),)
    }
    return msgspec.structs.replace(right, **kept)


def with_times(row: ClockTime, employee_id: RowId, clock_in: int, clock_out: int | None) -> ClockTime:
    """The right row for this person and these times; other fields from its shift stay as they are."""
    return with_rest(clock_time_of(employee_id, clock_in, clock_out, id=row.id), row)


def corrections(row: ClockTime, after: ClockTime) -> list[str]:
    """The corrections of a row, in the words of the journal."""
    texts: list[str] = []
    for column in ROW:
        before, now = getattr(row, column.field), getattr(after, column.field)
        if not column.correction or before == now or (column.ends_with_shift and row.is_active != after.is_active):
            continue
        texts.append(column.correction if isinstance(column.correction, str) else column.correction(before, now))
    return list(filter(None, texts))
