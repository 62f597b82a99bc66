"""The ledger of exports: what was written of a pay period, when, by whom, and what it replaces. Pure."""

from __future__ import annotations

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

    The unpaid minutes of breaks are kept where there were any, of a row by its shift, with employee and day, and of a
    correction by its number: a later correction of that shift is told against them.
    """

    corrections: tuple[int, ...] = ()
    left_out: tuple[RowId, ...] = ()
    people: int = 0
    shift_breaks: dict[str, tuple[int, RowId, date]] = {}
    correction_breaks: dict[int, int] = {}
    rounding: RoundingRule = "none"
    residue_seconds: int = 0


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
    `replaced_by` the one after it. Of a period the one that nothing replaces counts.
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

    @property
    def is_draft(self) -> bool:
        """Whether it is a look only, which nobody is paid by."""
        return self.number == 0


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
