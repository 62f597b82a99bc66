"""Retention: what may go and what has to stay, purges of old days, legal holds, and the erasure of a person.

A purge goes on where it was broken off, and its days are closed from its beginning on: nobody sees half of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import msgspec

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.name_search import matching
from connecteam_sync.core.people import mapped
from connecteam_sync.core.retention import (
    ACT_TEXTS,
    Erasure,
    LegalHold,
    MissingRight,
    Purge,
    PurgeCounts,
    RetentionAct,
    RetentionCheck,
    floor_of,
    parts_of,
)
from connecteam_sync.core.text import called, day_name, many
from connecteam_sync.core.window import MAX_WINDOW_DAYS, Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.kept_inputs import KeptInputs, folder_of
from connecteam_sync.engine.operator import acting_name, operator_text
from connecteam_sync.engine.periods import named_days
from connecteam_sync.errors import (
    ConfigurationError,
    DatabaseError,
    NotConfirmed,
    NotFound,
    RetentionRefused,
    WindowError,
)
from connecteam_sync.store.console import plans
from connecteam_sync.store.history import erasing
from connecteam_sync.store.payroll import purges, purging
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables import retention_rights

_CHECK = "connecteam-sync retention check"
_LAW = "payroll records are kept for {} ([retention] years; the law wants three at least)"


class Retention:
    """The retention of one database, by the business's days: nothing goes within so many `years`.

    `state_folder` has the files of `keep_inputs`; None if there are none on this machine.
    """

    def __init__(self, context: Context, years: int, state_folder: Path | None) -> None:
        self._context, self._store, self._years = context, context.store, years
        self._state_folder = state_folder
        self._timezone = context.timezone

    @property
    def floor(self) -> date:
        """The first day that has to be kept."""
        return floor_of(self._context.choosing.today(), self._years)

    def check(self, *, counted: bool) -> RetentionCheck:
        """What has to be kept, what may go, and what is on record; nothing is written. Only if it is `counted` what
        would go is counted, and the rights of the database user are tried: both take many statements.
        """
        floor = self.floor
        missing = retention_rights.missing(self._store) if counted else ()
        if any("SELECT" in one.rights for one in missing):
            first = tuple(sorted(missing, key=lambda one: "SELECT" not in one.rights))
            raise _lacking("look at what is kept", first, "nothing was looked at")
        with self._store.reading("looking at what is kept") as session:
            every, kept = purges.purges(session), purges.legal_holds(session)
            found = purging.oldest_day(session, self._timezone)
            oldest = None if found is None else date.fromisoformat(found)
            due, foreseen, waiting = None, None, 0
            if oldest is not None and oldest < floor:
                last = min(floor - timedelta(days=1), oldest + timedelta(days=MAX_WINDOW_DAYS - 1))
                due = Window(oldest, last, self._timezone)
                waiting = purging.waiting(session, due)
                foreseen = self._foreseen(session, due, with_rows=False) if counted else None
        return RetentionCheck(
            years=self._years,
            floor=floor,
            oldest=oldest,
            due=due,
            foreseen=foreseen,
            waiting=waiting,
            purges=every,
            legal_holds=kept,
            missing=missing,
        )

    def _require_rights(self, act: RetentionAct, so: str) -> None:
        """Raises DatabaseError, before anything is written, if the database user may not do all of an act."""
        missing = retention_rights.missing(self._store, act)
        if missing:
            raise _lacking(ACT_TEXTS[act], missing, so)

    # -- purging -------------------------------------------------------------------------------------------------------

    def foreseen(self, days: str, *, with_rows: bool) -> Purge:
        """What a purge of these days would remove, or is still to remove. Nothing is written.

        Raises RetentionRefused for days that have to be kept or wait for a decision, WindowError.
        """
        window = self._window(days)
        with self._store.reading("looking at what would go") as session:
            self._require_allowed(session, window, with_rows=with_rows)
            return self._foreseen(session, window, with_rows=with_rows)

    def purge(self, days: str, *, confirm: str, with_rows: bool, by: str | None) -> Purge:
        """Purge these days for good. See `client_retention.Retentions.purge`.

        Raises NotConfirmed unless `confirm` repeats them, RetentionRefused, WindowError, LockHeld.
        """
        who, window = acting_name(by), self._window(days)
        if confirm.strip() != f"{window.first}..{window.last}":
            raise NotConfirmed(
                f"{confirm[:60]!r} does not repeat the days {window.first}..{window.last}; nothing was purged",
                next_step=f"a purge cannot be taken back: --confirm {window.first}..{window.last}",
            )
        self._require_rights("purge", "nothing was purged")
        purge = self._begun(window, who, with_rows=with_rows)
        with self._store.reading("counting what goes") as session:
            parts = parts_of(window, purging.shifts_in(session, window))
        for part in parts:
            purge = self._days_removed(purge, part)
        purge = self._receipts_removed(purge)
        with self._store.writing("ending a purge") as session:
            purging.remove_empty_runs(session, window)
            return purges.advance(session, purge, done_at=now())

    def _begun(self, window: Window, who: str, *, with_rows: bool) -> Purge:
        """The purge on record: a new one, or the one of these days that was broken off."""
        with self._store.writing("beginning a purge") as session:
            broken_off = self._require_allowed(session, window, with_rows=with_rows)
            purging.forget_inputs(session, window)
            if broken_off is not None:
                return broken_off
            fresh = Purge(
                window=window, with_rows=with_rows, state="begun", counts=PurgeCounts(), begun_at=now(), by=who
            )
            return purges.begin(session, fresh)

    def _days_removed(self, purge: Purge, part: Window) -> Purge:
        """A part of the days removed, in a transaction of its own that also counts it."""
        with self._store.writing(f"purging {part}") as session:
            kept = purging.kept_people(session)
            going = purging.going(session, purge.window, part, kept, with_rows=purge.with_rows)
            if not going.counts.total:
                return purge
            purging.remove(session, purge.window, part, kept, going, now=now())
            entries = purge.entries
            if going.entries:
                known = (*(entries or ()), *going.entries)
                entries = (min(known), max(known))
            return purges.advance(
                session, msgspec.structs.replace(purge, counts=purge.counts.plus(going.counts), entries=entries)
            )

    def _receipts_removed(self, purge: Purge) -> Purge:
        while True:
            with self._store.writing("purging receipts") as session:
                found = purging.receipts(session, purge.window, purging.kept_people(session), after=0)
                if not found:
                    return purge
                purging.remove_receipts(session, found)
                counts = purge.counts.plus(PurgeCounts(receipts=len(found)))
                purge = purges.advance(session, msgspec.structs.replace(purge, counts=counts))

    def _window(self, days: str) -> Window:
        first, last = named_days(days)
        if last is None:
            raise WindowError(f"{first} names one day alone", next_step=f"name the first and the last: {first}..LAST")
        return Window(first, last, self._timezone)

    def _require_allowed(self, session: Session, window: Window, *, with_rows: bool) -> Purge | None:
        """The purge of just these days that was broken off, if there is one. Raises RetentionRefused."""
        if window.last >= self.floor:
            law = _LAW.format(many(self._years, "year"))
            raise RetentionRefused(
                f"{window.first}..{window.last} is not purged: {law}, so {day_name(self.floor)} and later days stay",
                next_step=f"purge up to {self.floor - timedelta(days=1)}; {_CHECK}",
            )
        for one in purges.purges(session):
            if one.state == "begun" and (one.window != window or one.with_rows != with_rows):
                rows = " --rows" if one.with_rows else ""
                raise RetentionRefused(
                    f"the purge of {one.name} was broken off; nothing else is purged before it is done",
                    next_step=f"connecteam-sync retention purge {one.name}{rows} --confirm {one.name}",
                )
            if one.state == "begun":
                return one
        waiting = purging.waiting(session, window)
        if waiting:
            raise RetentionRefused(
                f"{many(waiting, 'correction')} of {window.first}..{window.last} to be decided: nothing is purged",
                next_step="connecteam-sync corrections --state pending lists them: accept or dismiss each",
            )
        return None

    @staticmethod
    def _foreseen(session: Session, window: Window, *, with_rows: bool) -> Purge:
        kept = purging.kept_people(session)
        parts = parts_of(window, purging.shifts_in(session, window))
        counts, stays = purging.sum_of(
            purging.going(session, window, part, kept, with_rows=with_rows) for part in parts
        )
        receipts, after = 0, 0
        while found := purging.receipts(session, window, kept, after=after):
            receipts, after = receipts + len(found), found[-1]
        counts = msgspec.structs.replace(counts, receipts=receipts)
        return Purge(window=window, with_rows=with_rows, state="foreseen", counts=counts, stays=stays)

    # -- legal holds ---------------------------------------------------------------------------------------------------

    def legal_holds(self) -> tuple[LegalHold, ...]:
        """Every legal hold on record, by number."""
        with self._store.reading("reading legal holds") as session:
            return purges.legal_holds(session, every=True)

    def hold(self, employee: int | str, *, reason: str, by: str | None) -> LegalHold:
        """Put a person on a legal hold. Raises NotFound, ConfigurationError without a reason."""
        why, who = operator_text("reason", reason), acting_name(by)
        self._require_rights("hold", "nobody was put on a legal hold")
        with self._store.writing("adding a legal hold") as session:
            person = self._person(session, employee)
            purges.hold(session, person.id, by=who, reason=why, now=now())
            return purges.legal_holds(session)[-1]

    def release(self, employee: int | str, *, reason: str, by: str | None) -> tuple[LegalHold, ...]:
        """Release every legal hold of a person. Raises NotFound, ConfigurationError without a reason."""
        why, who = operator_text("reason", reason), acting_name(by)
        self._require_rights("hold", "no legal hold was released")
        with self._store.writing("releasing a legal hold") as session:
            person = self._person(session, employee)
            numbers = {one.number for one in purges.legal_holds(session) if one.employee_id == person.id}
            if not numbers:
                raise NotFound(
                    f"{_called(person)} is on no legal hold", next_step=f"{_CHECK} lists the legal holds that stand"
                )
            purges.release(session, numbers, by=who, reason=why, now=now())
            return tuple(one for one in purges.legal_holds(session, every=True) if one.number in numbers)

    # -- erasing -------------------------------------------------------------------------------------------------------

    def erase(self, employee: int | str, *, confirm: str, by: str | None) -> Erasure:
        """Blank a person in our tables. See `client_retention.Retentions.erase`.

        Raises NotConfirmed, RetentionRefused inside the floor or on a legal hold, NotFound, ConfigurationError.
        """
        who = acting_name(by)
        self._require_rights("erase", "nothing was erased")
        with self._store.reading("looking for whom to erase") as session:
            person = self._person(session, employee)
            if confirm.strip() not in {str(person.id), (person.name or "").strip()} - {""}:
                raise NotConfirmed(
                    f"{confirm[:60]!r} is neither the name nor the id of the employee; nothing was erased",
                    next_step=f"an erasure cannot be taken back: --confirm {person.id}",
                )
            known = session.known_users()
            users = mapped(session.employees(), {user: to for user, (_, _, to) in known.items()}).users_of
            mine = users.get(person.id, frozenset())
            self._require_erasable(session, person, sorted(mine))
            stored = [known[user][0] for user in mine if user in known]
            named = [text for user in stored if not user.is_erased for text in (user.name, user.email)]
            names = erasing.former_names(session, person.id, mine, [*named, person.name, person.email])
            erased = erasing.erased_of(person.id, mine, names)
        counts = [self._blanked(erased)]
        # The users last: whoever begins again after a break still knows what the person was called. What runs have
        # written meanwhile comes after them.
        with self._store.writing("erasing a person") as session:
            self._require_erasable(session, person, sorted(mine))
            erasing.blank_users(session, [user.id for user in stored])
        counts.append(self._blanked(erased))
        with self._store.own_rows("removing kept plans") as connection:
            kept = plans.forget(connection, self._store.own, erased.is_in)
        # Last of all: a run that looked before may have written its file meanwhile.
        files, left = self._inputs_forgotten(erased)
        with self._store.writing("noting an erasure") as session:
            done = Erasure(
                number=0,
                employee_id=person.id,
                at=now(),
                by=who,
                users=len(stored),
                receipts=sum(one["receipts"] for one in counts),
                holds=sum(one["holds"] for one in counts),
                plans=kept,
                files=len(files),
                files_left=tuple(map(str, left)),
            )
            return purges.record_erasure(session, done)

    def _blanked(self, who: erasing.Erased) -> dict[str, int]:
        """How many records of each kind named a person; a few at a time, in transactions of their own."""
        counts: dict[str, int] = {}
        for what, blank in erasing.BLANKED.items():
            after: int | None = 0
            while after is not None:
                with self._store.writing(f"erasing a person from {what}") as session:
                    count, after = blank(session, who, after=after)
                counts[what] = counts.get(what, 0) + count
        return counts

    def _inputs_forgotten(self, who: erasing.Erased) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The files of `keep_inputs` that were removed, also where none is kept any more; and those that cannot be."""
        if self._state_folder is None:
            return (), ()
        return KeptInputs(folder_of(self._state_folder, self._store), last=0).forget(who.is_in)

    def _require_erasable(self, session: Session, person: Employee, users: Sequence[int]) -> None:
        held = [one for one in purges.legal_holds(session) if one.employee_id == person.id]
        if held:
            raise RetentionRefused(
                f"{_called(person)} is on a legal hold ({called(held[0].reason)}): nothing was erased",
                next_step=f"when it is over: connecteam-sync retention hold release {person.id} --reason R",
            )
        today = self._context.choosing.today()
        newest = purging.newest_day(session, person.id, users, Window(today, today, self._timezone))
        if newest is not None and newest >= self.floor.isoformat():
            law = _LAW.format(many(self._years, "year"))
            raise RetentionRefused(
                f"{_called(person)} worked on {newest}: {law}; nothing was erased",
                next_step=f"it can be done {many(self._years, 'year')} after the last day of theirs",
            )

    @staticmethod
    def _person(session: Session, employee: int | str) -> Employee:
        """The employee with this id, name or part of a name. Raises NotFound; ConfigurationError for several."""
        found = matching(session.employees(), employee)
        if len(found) == 1:
            return found[0]
        if not found:
            raise NotFound(f"there is no employee {str(employee)[:60]!r}", next_step="connecteam-sync employees")
        several = ", ".join(f"{one.id} {called(one.name or '')}".rstrip() for one in found[:12])
        raise ConfigurationError(
            f"{len(found)} employees could be meant by {str(employee)[:60]!r}: {several}",
            next_step="name one by the id",
        )


def _lacking(what: str, missing: tuple[MissingRight, ...], so: str) -> DatabaseError:
    """The error of a database user who may not do `what`, with all that its administrator has to grant."""
    first, others = missing[0], len(missing) - 1
    more = f" and rights on {many(others, 'more table')}" if others else ""
    return DatabaseError(
        f"the database user may not {what}, and lacks {' and '.join(first.rights)} on {first.table}{more}: the database"
        f" said: {first.words}; {so}",
        next_step=f"have its administrator run: {'; '.join(one.grant for one in missing)}",
    )


def _called(person: Employee) -> str:
    return f"{called(person.name or '')} (employee {person.id})".strip()
