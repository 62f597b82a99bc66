"""Pay periods: the part of the library that checks, closes and certifies them, as `client.payroll`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connecteam_sync.client_certificates import Certificates, named
from connecteam_sync.config import Settings
from connecteam_sync.core.corrections import Correction, CorrectionsPage, CorrectionState
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.periods import Period, PeriodEvent, PeriodReport
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.one_thread import InUse, one_thread

if TYPE_CHECKING:
    from connecteam_sync.core.exports import Export, Exported
    from connecteam_sync.core.hours import Hours, HoursBy
    from connecteam_sync.core.timesheet import Timesheet
    from connecteam_sync.engine.corrections import Corrections
    from connecteam_sync.engine.export import Exports
    from connecteam_sync.engine.periods import PayPeriods
    from connecteam_sync.engine.timesheets import Timesheets


@one_thread
class Payroll(Certificates):
    """The pay periods of a database. One thread at a time, as the client that it belongs to.

    A period is given as people name it, by its first day (`2025-12-01`) or by both (`2025-12-01..2025-12-14`), or as a
    Window. Days are local days of the business's time zone. `by` is the person who acts, by default the user of the
    operating system. Every method raises what `Store` raises, and WindowError for what names no period.
    """

    _context: Context
    _settings: Settings
    _in_use: InUse

    def periods(self) -> tuple[Period, ...]:
        """Every period on record, the present one of the schedule and the six before it; newest first."""
        return self._periods.listed()

    def period(self, period: str | Window) -> Period:
        """One period and its state."""
        return self._periods.named(named(period))

    def history(self, period: str | Window) -> tuple[PeriodEvent, ...]:
        """Who gave a period which state, when and why; newest first, without checklists."""
        return self._periods.history(named(period))

    def newest_check(self, period: str | Window) -> PeriodEvent | None:
        """The newest checklist of a period that is on record; None if nobody made one. Connecteam is not asked."""
        return self._periods.newest_check(named(period))

    def check(self, period: str | Window, *, by: str | None = None) -> PeriodReport:
        """What stands in the way of closing a period, each with its cure; and everybody's minutes in three counts.

        The checklist is kept; of the table nothing is written. The days are verified, on record, unless a verification
        came after the last change of a row of theirs: then only Connecteam's timesheet is read. Raises PeriodRefused if
        another period on record has some of its days, UpstreamError, RowMoved.
        """
        self._context.belonging.check_stored()
        return self._periods.check(named(period), by=by)

    def review(self, period: str | Window, *, by: str | None = None) -> PeriodReport:
        """Note that a person has looked at a period and its checklist, whatever is in it: the first of two persons.

        Raises PeriodRefused if it is closed, or another period on record has some of its days; UpstreamError, RowMoved.
        """
        self._context.belonging.check_stored()
        return self._periods.review(named(period), by=by)

    def close(self, period: str | Window, *, by: str | None = None, anyway: str | None = None) -> PeriodReport:
        """Close a period after its checklist: no run changes its days. One that is closed already stays as it is.

        Raises PeriodRefused, with the checklist, if anything stands in the way; with a reason to close it `anyway`,
        which is kept with the obstacles, only if a second person has to review it ([payroll] two_persons) or another
        period on record has some of its days. Raises WindowError for a period that has not begun, UpstreamError if
        Connecteam has to be asked and cannot be, RowMoved if others keep writing its rows.
        """
        self._context.belonging.check_stored()
        return self._periods.close(named(period), by=by, anyway=anyway)

    def reopen(self, period: str | Window, *, reason: str, by: str | None = None) -> PeriodReport:
        """Open a period again that is closed or reviewed; the reason is kept. The next look writes its days.

        Raises PeriodRefused if it is open, ConfigurationError without a reason.
        """
        self._context.belonging.check_stored()
        return self._periods.reopen(named(period), reason=reason, by=by)

    def corrections(
        self,
        *,
        period: str | Window | None = None,
        state: CorrectionState | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> tuple[Correction, ...]:
        """What would have changed on closed days, by number; of one period (about its days, or accepted into it), or of
        one state. At most `limit` with a larger number than `after`; without a limit all of them.
        """
        name = None if period is None else named(period)
        return self._corrections.listed(period=name, state=state, after=after, limit=limit)

    def corrections_page(
        self,
        *,
        period: str | Window | None = None,
        state: CorrectionState | None = None,
        after: int = 0,
        before: int | None = None,
    ) -> CorrectionsPage:
        """A part of what `corrections` lists: at most 30 that wait, with a larger number than `after`, and 30 others
        with a smaller one than `before`; how many wait, and the open period that comes next.
        """
        name = None if period is None else named(period)
        return self._corrections.page(period=name, state=state, after=after, before=before)

    def accept_corrections(
        self,
        numbers: Iterable[int],
        *,
        into: str | Window,
        by: str | None = None,
        seen: Mapping[int, str] | None = None,
    ) -> tuple[Correction, ...]:
        """Accept corrections into a pay period, whose exports carry them: their signed minutes are paid with it.

        What is accepted or dismissed may be decided again until an export has carried it. Raises CorrectionRefused for
        a period that is closed or was exported (the next open one is named), and for a correction that an export has
        carried, that was cancelled, or of which `seen` (the `decision` that the person looked at, by number) is not
        what stands there by now; NotFound. All are accepted, or none.
        """
        return self._corrections.accept(tuple(numbers), into=named(into), by=by, seen=seen or {})

    def dismiss_corrections(
        self,
        numbers: Iterable[int],
        *,
        reason: str,
        by: str | None = None,
        seen: Mapping[int, str] | None = None,
    ) -> tuple[Correction, ...]:
        """Dismiss corrections: nobody is paid for them, and the reason is kept.

        Raises CorrectionRefused as `accept_corrections`, ConfigurationError without a reason, NotFound.
        """
        return self._corrections.dismiss(tuple(numbers), reason=reason, by=by, seen=seen or {})

    def export(
        self,
        period: str | Window,
        format: str,  # noqa: A002 - the word that people use
        out: str | Path,
        *,
        again: str | None = None,
        draft: bool = False,
        without_blocked: bool = False,
        as_of: int | str | None = None,
        by: str | None = None,
    ) -> Exported:
        """Write a closed period's hours, and the corrections accepted into it, to a new file, and a manifest beside it
        (`OUT.manifest.json`); the ledger gets its entry. All of them, or none. `format` is `csv`, `xlsx`, `parquet`, or
        the layout of a payroll system (`adp`, `paychex`, `gusto`, `quickbooks`, `paylocity`; `ukg` is a template).

        A second export of a period, in whatever format, wants the reason (`again`), and takes the place of the one
        before it in the ledger. A `draft` is of a period in any state; it is in no ledger, marks no correction, and
        each of its lines says draft; with `as_of` (see `hours`) it has the rows of an earlier moment, and the
        corrections accepted by then. Raises ExportRefused for a period that is not closed or was exported, and for
        people whose hours are not settled: an open shift, a hold that waits, a break of an unknown type; or whom the
        layout cannot take: without a number, with negative hours. With `without_blocked` these are left out and listed.
        Raises ConfigurationError, with the reason, for a file that cannot be written or is there already with another
        content, a package that is not installed, and keys that the layout needs.
        """
        self._context.belonging.check_stored()
        return self._exports.export(
            named(period),
            format,
            out,
            again=again,
            draft=draft,
            without_blocked=without_blocked,
            as_of=_text(as_of),
            by=by,
        )

    def exports(
        self, *, period: str | Window | None = None, after: int = 0, limit: int | None = None
    ) -> tuple[Export, ...]:
        """The ledger of exports by number; of one period only if one is given. At most `limit` with a larger number
        than `after`; without a limit all of them.
        """
        return self._exports.listed(period=period, after=after, limit=limit)

    def hours(
        self,
        window: Window,
        *,
        by: str | Sequence[HoursBy] = "person",
        person: int | str | None = None,
        as_of: int | str | None = None,
    ) -> Hours:
        """The hours of the rows that begin in a window, of any source: gross minutes, those that unpaid breaks take,
        and net ones; divided `by` person, day, week (the company's workweek) and job, or some of them (`person,day`).

        `person` is one employee, by id, name or part of a name; case and accents do not matter. What is held is in no
        row: `left_out` says how much that is. Connecteam is not asked.

        `as_of` asks for the rows of an earlier moment: as a run left them (its number), or at an ISO moment with its
        offset, or when a local day was over. Rows of other sources, and rows that no run knew by then, are as they are
        now, and are counted in `not_journaled_rows`; breaks, names and jobs are those of now. Raises NotFound,
        ConfigurationError for what `by` and `as_of` do not know.
        """
        return self._timesheets.hours(window, by, person=person, as_of=_text(as_of))

    def timesheet(self, employee: int | str, period: str | Window, *, as_of: int | str | None = None) -> Timesheet:
        """One employee's timesheet of a period in any state: days with in, out and breaks, minutes, workweeks, edits
        with old and new times, corrections, and what the newest certificate of the period says.

        The employee is given by id, name or part of a name, `as_of` as in `hours`. Raises NotFound, ConfigurationError.
        """
        return self._timesheets.of(employee, named(period), as_of=_text(as_of))

    def timesheets(self, period: str | Window, *, as_of: int | str | None = None) -> tuple[Timesheet, ...]:
        """The timesheets of everybody who has rows, edits, corrections or a certified row in a period, by id."""
        return self._timesheets.of_everybody(named(period), as_of=_text(as_of))

    def save_timesheets(
        self, sheets: Iterable[tuple[RowId, str]], out: str | Path, *, kind: str, is_folder: bool = False
    ) -> tuple[Path, ...]:
        """Write timesheets as they are to be read (employee and text) to a file, in the place of an older one; or, as
        `is_folder`, to a folder that is new or empty, each as `timesheet-EMPLOYEE.KIND`: all of them, or none. Only
        their owner can read them. Raises ConfigurationError, with the reason, where they cannot be written.
        """
        from connecteam_sync.engine.paper_files import save

        return save(sheets, out, kind=kind, is_folder=is_folder)

    @property
    def _timesheets(self) -> Timesheets:
        from connecteam_sync.engine.timesheets import Timesheets

        return Timesheets(self._context, self._periods, self._settings.pay_schedule)

    @property
    def _exports(self) -> Exports:
        from connecteam_sync.engine.export import Exports

        return Exports(self._context, self._periods, self._settings.layouts)

    @property
    def _corrections(self) -> Corrections:
        from connecteam_sync.engine.corrections import Corrections

        return Corrections(self._context, self._periods, self._settings.pay_schedule)

    @property
    def _periods(self) -> PayPeriods:
        from connecteam_sync.engine.period_check import PeriodChecker
        from connecteam_sync.engine.periods import PayPeriods

        checker = PeriodChecker(self._context, self._settings.payroll, self._settings.pay_schedule)
        return PayPeriods(self._context, checker, self._settings.pay_schedule)


def _text(as_of: int | str | None) -> str | None:
    return None if as_of is None else str(as_of)


def payroll_of(context: Context, settings: Settings, in_use: InUse) -> Payroll:
    """The pay periods of a client, used by the same thread as the client."""
    made = Payroll()
    made._context, made._settings, made._in_use = context, settings, in_use  # noqa: SLF001 - no part of its face
    return made
