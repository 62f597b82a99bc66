"""The ledger of exports: what was written of a pay period, when, by whom, and what it replaces. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.payroll_settings import RoundingRule
from connecteam_sync.core.window import Window

ExportFormat = Literal["csv", "xlsx", "parquet", "adp", "paychex", "gusto", "quickbooks", "paylocity", "ukg"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
BlockedReason = Literal[
    "open_shift",
    "hold",
    "break_type_unknown",
    "no_payroll_id",
    "payroll_id_refused",
    "payroll_id_shared",
    "name_refused",
    "job_unknown",
    "negative_hours",
    "hours_refused",
]
OF_HOURS: frozenset[BlockedReason] = frozenset({"open_shift", "hold", "break_type_unknown"})
"""The reasons that are about the hours; the others are those of a payroll system's layout that cannot take somebody."""


_KINDS: Mapping[ExportFormat, str] = {"xlsx": "xlsx", "parquet": "parquet", "quickbooks": "iif"}


def file_name(format: str, window: Window, *, is_draft: bool, company_code: str = "") -> str:  # noqa: A002
    """What a file of an export is called where nobody has named it: `hours-2025-12-01-to-2025-12-07.csv`. ADP takes
    only a name with the code of the company, which a draft is not given.
    """
    known: ExportFormat = next((one for one in EXPORT_FORMATS if one == format), "csv")
    if known == "adp" and company_code and not is_draft:
        return f"PR{company_code.upper().ljust(3, '_')}EPI.csv"
    name = "hours" if known in {"csv", "xlsx", "parquet"} else known
    days = f"{window.first}-to-{window.last}"
    return f"{'draft-' if is_draft else ''}{name}-{days}.{_KINDS.get(known, 'csv')}"


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose hours of a period are not settled, so that they stop its export.

    `employee_id` is None of a Connecteam user who counts for no employee, and of what is about nobody known.
    """

    employee_id: RowId | None
    user_id: int | None
    name: str
    reasons: tuple[BlockedReason, ...]
    detail: str

    @property
    def members(self) -> dict[str, object]:
        """The members of its JSON."""
        return {
            "employee_id": self.employee_id,
            "user_id": self.user_id,
            "name": self.name,
            "reasons": list(self.reasons),
            "detail": self.detail,
        }


class Carried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an export carried, as the ledger keeps it: numbers of corrections, and the employees who were left out.

    The unpaid minutes of breaks are kept where there were any, of a row by its id as text, with employee and day, and
    of a correction by its number: a later correction of that row is told against them. So are the job of a correction,
    and what it was called, for when its day is purged. A row keeps its id where
    Connecteam replaces its shift by another one; older entries have the breaks of rows by shift (`shift_breaks`).
    """

    corrections: tuple[int, ...] = ()
    left_out: tuple[RowId, ...] = ()
    people: int = 0
    row_breaks: dict[str, tuple[int, RowId, date]] = {}
    shift_breaks: dict[str, tuple[int, RowId, date]] = {}
    correction_breaks: dict[int, int] = {}
    correction_jobs: dict[int, tuple[str, str]] = {}
    rounding: RoundingRule = "none"
    residue_seconds: int = 0

    def breaks_of(self, clock_time_id: RowId | None, shift_id: str | None, employee: RowId, day: date) -> int:
        """The unpaid minutes that it took off the row of a shift, if that is of this person and day."""
        found = self.row_breaks.get(str(clock_time_id)) or self.shift_breaks.get(shift_id or "")
        return found[0] if found is not None and found[1:] == (employee, day) else 0


class ExportTotal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sums of one person in an export. `seconds_written` are the hours that the file has, to the second."""

    employee_id: RowId
    name: str
    minutes: int
    break_minutes: int
    seconds_written: int

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.minutes - self.break_minutes

    @property
    def residue_seconds(self) -> int:
        """What rounding added to the net minutes, or took (below zero)."""
        return self.seconds_written - 60 * self.net_minutes

    @property
    def members(self) -> dict[str, object]:
        """The members of its JSON, without the name."""
        return {
            "employee_id": self.employee_id,
            "minutes": self.minutes,
            "break_minutes": self.break_minutes,
            "net_minutes": self.net_minutes,
            "seconds_written": self.seconds_written,
            "residue_seconds": self.residue_seconds,
        }


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the ledger: one file of a closed period, written at `at` (epoch seconds) by `by`.

    `number` is 0 of a draft, which is in no ledger. `lines` are those of hours and corrections, without the heading;
    `minutes` their sum, breaks included. `rounding` is the rule of a payroll system's layout, `residue_seconds` what it
    added to the net minutes, or took. `replaces` is the export before it of the same period, whose file counts no more;
    `replaced_by` the one after it. Of a period the one that nothing replaces counts. `reopened_at` is when the period
    was last opened again after it, by `reopened_by`: its hours may have changed since, and the file is of before.
    """

    number: int
    window: Window
    format: ExportFormat
    at: int
    by: str
    file_name: str
    file_hash: str
    lines: int
    minutes: int
    people: int
    corrections: tuple[int, ...] = ()
    left_out: tuple[RowId, ...] = ()
    rounding: RoundingRule = "none"
    residue_seconds: int = 0
    replaces: int | None = None
    replaced_by: int | None = None
    reason: str = ""
    reopened_at: int | None = None
    reopened_by: str | None = None

    @property
    def is_draft(self) -> bool:
        """Whether it is a look only, which nobody is paid by."""
        return self.number == 0

    @property
    def is_of_before(self) -> bool:
        """Whether it counts, and its period was opened since: nobody knows whether the file still has its hours."""
        return self.replaced_by is None and self.reopened_at is not None


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What `export` answers with: the entry, where its file and the manifest beside it are, and who is blocked.

    `blocked` are left out of an export, and are in a draft. `manifest` is None if it could not be put beside the file:
    the ledger has the same. `totals` are the sums of each person, and `note` what to know before a payroll system
    imports the file. `as_of` is the moment of a draft's rows; None: of now.
    """

    export: Export
    path: str
    manifest: str | None
    break_minutes: int
    blocked: tuple[Blocked, ...] = ()
    replaced: Export | None = None
    as_of: AsOf | None = None
    totals: tuple[ExportTotal, ...] = ()
    note: str = ""

    @property
    def net_minutes(self) -> int:
        """The minutes of all lines without unpaid breaks."""
        return self.export.minutes - self.break_minutes


def manifest(done: Exported, version: str) -> dict[str, object]:
    """What the manifest beside a file says of it. Employees are named by their ids only."""
    export = done.export
    return {
        "schema": 1,
        "export": export.number or None,
        "draft": export.is_draft,
        "period": {
            "first": export.window.first.isoformat(),
            "last": export.window.last.isoformat(),
            "timezone": export.window.timezone,
        },
        "format": export.format,
        "file": export.file_name,
        "sha256": export.file_hash,
        "lines": export.lines,
        "minutes": export.minutes,
        "break_minutes": done.break_minutes,
        "net_minutes": done.net_minutes,
        "people": export.people,
        "corrections": export.corrections,
        "left_out": export.left_out,
        "rounding": export.rounding,
        "residue_seconds": export.residue_seconds,
        "totals": [one.members for one in done.totals],
        "note": done.note,
        "replaces": export.replaces,
        "reason": export.reason,
        "by": export.by,
        "at": datetime.fromtimestamp(export.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "as_of": None if done.as_of is None else done.as_of.members,
        "version": version,
    }
