"""How long records are kept: the part of the library that purges, holds back and erases, as `client.retention`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connecteam_sync.config import Settings
from connecteam_sync.core.retention import Erasure, LegalHold, Purge, RetentionCheck
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.one_thread import InUse, one_thread

if TYPE_CHECKING:
    from connecteam_sync.engine.retention import Retention


@one_thread
class Retentions:
    """What of a database has to be kept, and what may go. One thread at a time, as the client that it belongs to.

    Days are local days of the business's time zone, given as `FIRST..LAST`, at most 366 of them. `by` is the person who
    acts, by default the user of the operating system. Connecteam is never asked. Every method raises what `Store`
    raises.
    """

    _context: Context
    _settings: Settings
    _in_use: InUse

    def check(self, *, counted: bool = True) -> RetentionCheck:
        """How long records have to be kept, which days may be purged, and which were; legal holds that stand, and
        rights that the database user lacks for any of it (a run needs none of these).

        With `counted=False`, in a few statements: without what a purge of these days would take, and without rights.
        """
        return self._retention.check(counted=counted)

    def foreseen(self, days: str, *, with_rows: bool = False) -> Purge:
        """What a purge of these days would remove and leave; nothing is written.

        Raises RetentionRefused as `purge`, WindowError for what names no days.
        """
        return self._retention.foreseen(days, with_rows=with_rows)

    def purge(self, days: str, *, confirm: str, with_rows: bool = False, by: str | None = None) -> Purge:
        """Purge days: it cannot be taken back. Their journal entries, tracked shifts, breaks, holds and receipts go;
        `with_rows` also the rows of ours on days of closed pay periods that lie wholly in them, but no row that other
        tables' rows point at. Whoever is on a legal hold keeps everything.

        From the beginning on the days are closed for good: no run looks at them, writes or corrects them, and nothing
        opens them. A purge that was broken off goes on when it is called again with the same days. Its entry has counts
        only.

        Raises NotConfirmed unless `confirm` repeats the days (`2021-01-01..2021-12-31`); RetentionRefused for days that
        have to be kept, for days with corrections that wait, or if a purge of other days was broken off; WindowError,
        LockHeld; DatabaseError, before anything is written, if the database user lacks a right for it.
        """
        self._context.belonging.check_stored()
        return self._retention.purge(days, confirm=confirm, with_rows=with_rows, by=by)

    def legal_holds(self) -> tuple[LegalHold, ...]:
        """Every legal hold on record, by number; those that were released, too."""
        return self._retention.legal_holds()

    def hold(self, employee: int | str, *, reason: str, by: str | None = None) -> LegalHold:
        """Put an employee on a legal hold: no purge removes anything of theirs, and they cannot be erased.

        The employee is given by id, name or part of a name. Raises NotFound; ConfigurationError without a reason, or if
        several could be meant.
        """
        return self._retention.hold(employee, reason=reason, by=by)

    def release(self, employee: int | str, *, reason: str, by: str | None = None) -> tuple[LegalHold, ...]:
        """Release every legal hold of an employee. They stay on record, with who released them and why.

        Raises NotFound; ConfigurationError without a reason, or if several could be meant.
        """
        return self._retention.release(employee, reason=reason, by=by)

    def erase(self, employee: int | str, *, confirm: str, by: str | None = None) -> Erasure:
        """Blank an employee's name, e-mail address and phone number in our tables: users, holds, receipts, and the
        employees that runs made or renamed. Plans kept in the console, and the files of `keep_inputs` on this machine,
        that name them are removed. It cannot be taken back. Ids and hours stay, and so does the host's table of
        employees.

        Raises NotConfirmed unless `confirm` is their id or their whole name; RetentionRefused if anything of theirs is
        of a day that has to be kept, or they are on a legal hold; NotFound; ConfigurationError if several could be
        meant; DatabaseError, before anything is written, if the database user lacks a right for it.
        """
        self._context.belonging.check_stored()
        return self._retention.erase(employee, confirm=confirm, by=by)

    @property
    def _retention(self) -> Retention:
        from connecteam_sync.engine.retention import Retention

        return Retention(self._context, self._settings.retention_years, self._settings.state_folder)


def retention_of(context: Context, settings: Settings, in_use: InUse) -> Retentions:
    """The retention of a client's database, used by the same thread as the client."""
    made = Retentions()
    made._context, made._settings, made._in_use = context, settings, in_use  # noqa: SLF001 - no part of its face
    return made
