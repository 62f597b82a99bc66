"""Exports of closed pay periods: a file, its manifest, and an entry of the ledger; all of them, or none.

One transaction holds the lock of the one writer, reads the lines, adds the entry, marks the corrections, and puts the
file, which is on the disk under a temporary name by then, in its place as its last act before the commit. So:

- Whatever fails before that leaves no entry and no file.
- Where the commit fails, the file is taken back. If nobody can tell whether the commit reached the database, the ledger
  is asked; if it cannot be, the file stays, and the message says so.
- A process that is killed between the two leaves a file without an entry, never an entry without a file. The same
  command finds the very same content there, and adds the entry.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from connecteam_sync.core.as_of import AsOfName
from connecteam_sync.core.exports import OF_HOURS, Export, Exported, manifest
from connecteam_sync.core.layouts.systems import note_of
from connecteam_sync.core.payroll_settings import LayoutSettings
from connecteam_sync.core.periods import Period
from connecteam_sync.core.text import called, many, named
from connecteam_sync.core.window import Window
from connecteam_sync.engine.as_of import moment_named
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.export_content import Content, carried_by, content_of
from connecteam_sync.engine.export_file import FileToPlace
from connecteam_sync.engine.export_formats import Chosen, chosen, encoded
from connecteam_sync.engine.operator import acting_name, operator_text
from connecteam_sync.engine.periods import PayPeriods
from connecteam_sync.errors import (
    ConfigurationError,
    ConnecteamSyncError,
    DatabaseError,
    DatabaseUnavailable,
    ExportRefused,
)
from connecteam_sync.store.payroll import exports, purges
from connecteam_sync.store.session import Session
from connecteam_sync.version import __version__


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked to be exported, checked as far as it can be without the database."""

    period: str
    choice: Chosen
    again: str | None
    is_draft: bool
    without_blocked: bool
    as_of: AsOfName | None
    by: str


class Exports:
    """The exports of one database; `periods` knows how a pay period is named, `layouts` what payroll systems want."""

    def __init__(self, context: Context, periods: PayPeriods, layouts: LayoutSettings) -> None:
        self._store, self._periods, self._layouts = context.store, periods, layouts
        self._timezone = context.timezone

    def listed(self, *, period: str | Window | None, after: int = 0, limit: int | None = None) -> tuple[Export, ...]:
        """The ledger by number; of one period only if one is named. Raises WindowError."""
        with self._store.reading("reading the ledger of exports") as session:
            window = self._periods.named_in(session, period).window if isinstance(period, str) else period
            return exports.ledger(session, window, after=after, limit=limit)

    def export(
        self,
        period: str,
        format: str,  # noqa: A002 - the word that people use
        out: str | Path,
        *,
        again: str | None,
        draft: bool,
        without_blocked: bool,
        as_of: str | None,
        by: str | None,
    ) -> Exported:
        """Write a file of a closed period, and note it in the ledger. See `client_payroll.Payroll.export`.

        Raises ExportRefused, WindowError, ConfigurationError for a file that cannot be written and a format that lacks
        something, DatabaseUnavailable.
        """
        if as_of is not None and not draft:
            raise ConfigurationError(
                "an export is of the table as it is; nothing was exported",
                next_step="add --draft, or leave out --as-of",
            )
        moment = moment_named(as_of, self._timezone)
        choice = chosen(format, self._layouts, self._store.host.employees)
        asked = _asked(period, choice, again, draft=draft, without_blocked=without_blocked, as_of=moment, by=by)
        file = FileToPlace(out, what="export")
        beside = FileToPlace(f"{file.path}.manifest.json", what="manifest of the export", replaces=True)
        try:
            return self._draft(asked, file, beside) if draft else self._recorded(asked, file, beside)
        finally:
            file.discard()
            beside.discard()

    def _draft(self, asked: Asked, file: FileToPlace, beside: FileToPlace) -> Exported:
        with self._store.reading("reading a pay period") as session:
            window = self._periods.named_in(session, asked.period).window
            purges.require_kept(session, window, "is not exported")
            content = content_of(
                session,
                window,
                asked.choice,
                without_blocked=asked.without_blocked,
                is_draft=True,
                as_of=asked.as_of,
            )
        file.write(encoded(content, asked.choice, is_draft=True))
        done = _exported(content, asked, file, None)
        beside.write([_manifest(done)])
        file.place()
        try:
            beside.place()
        except ConfigurationError:
            file.take_back()
            raise
        return done

    def _recorded(self, asked: Asked, file: FileToPlace, beside: FileToPlace) -> Exported:
        done = None
        try:
            with self._store.writing("exporting a pay period") as session:
                period = self._periods.named_in(session, asked.period)
                purges.require_kept(session, period.window, "is not exported")
                earlier = _earlier(session, period, asked)
                content = content_of(
                    session, period.window, asked.choice, without_blocked=asked.without_blocked, is_draft=False
                )
                _require_no_blocked(content, asked, earlier)
                file.write(encoded(content, asked.choice, is_draft=False))
                done = _exported(content, asked, file, earlier)
                number = exports.add(session, done.export, carried_by(content, asked.choice))
                done = msgspec.structs.replace(done, export=msgspec.structs.replace(done.export, number=number))
                beside.write([_manifest(done)])
                file.place()
        except (ConnecteamSyncError, KeyboardInterrupt) as error:
            # The commit may have reached the database all the same, also if a person stopped the command just then.
            if done is None or not self._is_in_ledger(done.export, file):
                file.take_back()
                raise
            if isinstance(error, KeyboardInterrupt):
                raise
        try:
            beside.place()
        except ConfigurationError:
            # The entry stands and the file is there: the ledger has everything that the manifest would say.
            return msgspec.structs.replace(done, manifest=None)
        return done

    def _is_in_ledger(self, export: Export, file: FileToPlace) -> bool:
        """Whether an entry was committed. Raises DatabaseUnavailable if nobody can tell: then the file stays."""
        try:
            with self._store.reading("looking for the entry of an export") as session:
                newest = exports.newest_of(session, export.window)
                if newest is None:
                    return False
                found, _ = exports.one(session, newest)
        except DatabaseError as error:
            raise DatabaseUnavailable(
                f"the database was lost while the export was noted, and nobody can tell whether it is: {file.path}, if"
                " it is there, must not be paid by yet",
                next_step="connecteam-sync exports says whether the ledger has it; if not, run the same command again",
            ) from error
        return (found.number, found.file_hash, found.at) == (export.number, export.file_hash, export.at)


def _asked(
    period: str,
    choice: Chosen,
    again: str | None,
    *,
    draft: bool,
    without_blocked: bool,
    as_of: AsOfName | None,
    by: str | None,
) -> Asked:
    if draft and again is not None:
        raise ConfigurationError(
            "a draft is in no ledger, so it repeats nothing", next_step="leave out --again, or --draft"
        )
    return Asked(
        period=period,
        choice=choice,
        again=None if again is None else operator_text("reason", again),
        is_draft=draft,
        without_blocked=without_blocked,
        as_of=as_of,
        by=acting_name(by),
    )


# -- rules -------------------------------------------------------------------------------------------------------------


def _earlier(session: Session, period: Period, asked: Asked) -> Export | None:
    """The export that this one replaces. Raises ExportRefused for a period that may not be exported so."""
    if period.state != "closed":
        raise ExportRefused(
            f"{period.window} is not closed ({period.state}), so its hours may still change; nothing was exported",
            next_step=f"connecteam-sync periods close {period.name}; to look at it before: --draft",
        )
    newest = exports.newest_of(session, period.window)
    if newest is None:
        if asked.again is not None:
            raise ExportRefused(
                f"{period.window} was never exported, so there is nothing to repeat; nothing was exported",
                next_step="see that the period is the right one (connecteam-sync exports), and leave out --again",
            )
        return None
    found, _ = exports.one(session, newest)
    if asked.again is None:
        raise ExportRefused(
            f"{period.window} was exported already: {found.file_name} by {called(found.by)}, with"
            f" {many(found.lines, 'line')} (export {found.number}); nothing was exported",
            next_step="pay by that file; where another has to take its place: --again REASON",
        )
    return found


def _require_no_blocked(content: Content, asked: Asked, earlier: Export | None) -> None:
    """Raises ExportRefused for people whose hours are not settled and who are not to be left out, or cannot be."""
    if not content.blocked:
        return
    who = named([one.name for one in content.blocked])
    if not asked.without_blocked:
        first, layout = content.blocked[0], asked.choice.layout
        if "open_shift" in first.reasons:
            # No run ends it any more: its clock-out is a correction, and whoever is left out has no other hours either.
            cure = f"enter the clock-out in Connecteam; then periods reopen {content.window.first} --reason R, sync,"
            cure = f"{cure} periods close {content.window.first}, and the same again"
        else:
            cure = "cure each (connecteam-sync holds lists what is held)"
        is_of_hours = layout is None or not {*first.reasons}.isdisjoint(OF_HOURS)
        raise ExportRefused(
            f"the hours of {who} in {content.window} are not settled: {first.detail}; nothing was exported"
            if is_of_hours
            else f"the hours of {who} in {content.window} cannot be written: {first.detail}; nothing was exported",
            blocked=content.blocked,
            next_step=f"{cure}; to leave these people out: --without blocked"
            if is_of_hours
            else "cure each (numbers are read from the column of payroll_id); to leave these people out:"
            " --without blocked",
        )
    carried = set() if earlier is None else set(earlier.corrections)
    missing = sorted(carried - set(content.corrections))
    if missing:
        raise ExportRefused(
            f"{who} cannot be left out: correction {', '.join(map(str, missing))} was carried by export"
            f" {earlier.number if earlier else ''} of this period, and counts; nothing was exported",
            blocked=content.blocked,
            next_step="cure what blocks them first (connecteam-sync holds lists what is held)",
        )


# -- writing -----------------------------------------------------------------------------------------------------------


def _exported(content: Content, asked: Asked, file: FileToPlace, earlier: Export | None) -> Exported:
    """What was written, without the number that the ledger gives it."""
    layout = asked.choice.layout
    frame = asked.choice.frame(content.window, is_draft=asked.is_draft)
    export = Export(
        number=0,
        window=content.window,
        format=asked.choice.format,
        at=now(),
        by=asked.by,
        file_name=file.path.name,
        file_hash=file.hash,
        lines=len(content.lines),
        minutes=sum(line.minutes for line in content.lines),
        people=content.people,
        corrections=content.corrections,
        left_out=content.left_out,
        rounding="none" if layout is None else asked.choice.settings.rounding,
        residue_seconds=content.residue_seconds,
        replaces=None if earlier is None else earlier.number,
        reason=asked.again or "",
    )
    return Exported(
        export=export,
        path=str(file.path),
        manifest=f"{file.path}.manifest.json",
        break_minutes=sum(line.break_minutes for line in content.lines),
        blocked=content.blocked,
        replaced=earlier,
        as_of=content.as_of,
        totals=content.totals,
        note="" if layout is None else note_of(layout, frame),
    )


def _manifest(done: Exported) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest(done, __version__)), indent=2) + b"\n"
