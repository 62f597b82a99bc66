"""A refused record harms only itself: what the host's tables refuse is found by trying, and left out of the plan.

A plan is written as a whole. If the database refuses that, it is tried again inside savepoints that are rolled back:
all of it, its halves, their halves, until each refused change is known. The plan is then made again without these, so
changes that waited for one of them are decided properly. If only the order was wrong (a second unique key of the host,
an EXCLUDE), the order that was accepted is kept. A change that the last run held as refused is tried by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.change import Change, NewEmployee, SlicePlan, subject_of
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.keys import RowId, provisional_user
from connecteam_sync.core.order import units
from connecteam_sync.errors import RecordRefused, RowMoved
from connecteam_sync.store.mirror.apply import may_not_go_back, with_employee
from connecteam_sync.store.mirror.clock_times import (
    altered,
    check_now,
    read_back,
    require_ours,
    require_unmoved,
    write_steps,
)
from connecteam_sync.store.mirror.employees import make_employees
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql import causes
from connecteam_sync.store.sql.causes import Cause
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows

T = TypeVar("T")
REASON = "refused_by_database"
ROUNDS = 5
"""How often a plan is made again without refused changes, if each new plan has changes that were not tried yet."""
TRIES = 500
"""Tries in one trial; changes not separated by then are held together, and the next run goes on."""
_TRIAL, _TRY = "connecteam_sync_trial", "connecteam_sync_try"


class AcceptedPlan(NamedTuple):
    """A plan that the database accepts, the state it was made on, and the accepted order (None: nothing was tried)."""

    plan: SlicePlan
    stored: StoredState
    order: Mapping[Change, int] | None


def accepted_plan(
    session: Session, stored: StoredState, decide: Callable[[StoredState], SlicePlan], *, troubled: bool, now: int
) -> AcceptedPlan:
    """The plan without the changes that the host's tables refuse.

    Nothing is tried, and no statement sent, unless `troubled` (the plan was refused a moment ago) or the plan has a
    change that the last run held as refused. Must be called before anything is written in the transaction. Raises
    RecordRefused if no single record is at fault, RowMoved if rows changed meanwhile.
    """
    stored = msgspec.structs.replace(stored, refused_before=_last_refused(session))
    plan = decide(stored)
    suspects = {row["subject"] for row in session.holds if row["reason"] == REASON}
    if not troubled and not suspects & {subject_of(change) for change in plan.changes}:
        return AcceptedPlan(plan, stored, None)
    for _ in range(ROUNDS):
        trial = _Trial(session, suspects, now)
        refused = trial.of(plan)
        if not refused:
            return AcceptedPlan(plan, stored, trial.order)
        stored = msgspec.structs.replace(stored, refused={**stored.refused, **refused})
        tried, plan = plan, decide(stored)
        if _subjects(plan) & refused.keys():
            break  # a planner that ignores `refused`, as the legacy one
        if {*plan.changes, *plan.new_employees} <= {*tried.changes, *tried.new_employees}:
            return AcceptedPlan(plan, stored, trial.order)
    raise causes.refused(
        "trying what is refused", trial.first or Cause("what is left out brings up what is refused, again and again")
    )


def as_last_tried(session: Session, stored: StoredState) -> StoredState:
    """The same state, with what the last run held as refused: for a plan that is only shown."""
    known = _last_refused(session)
    return msgspec.structs.replace(stored, refused=known) if known else stored


def _last_refused(session: Session) -> dict[str, str]:
    return {row["subject"]: _words_of(row["detail"]) for row in session.holds if row["reason"] == REASON}


def _words_of(detail: str) -> str:
    """The database's own words in the detail of a hold."""
    return detail.partition(_DETAIL_PREFIX)[2] or detail


_DETAIL_PREFIX = "your table refuses it: "


def _subjects(plan: SlicePlan) -> set[str]:
    return {subject_of(change) for change in plan.changes} | {_person(new) for new in plan.new_employees}


def _person(new: NewEmployee) -> str:
    return f"user:{new.user_id}"


class _Trial:
    """Trying the writes of one plan, to find what the database refuses; all of it is rolled back."""

    def __init__(self, session: Session, suspects: set[str], now: int) -> None:
        self._session, self._suspects, self._now = session, suspects, now
        self._made: dict[int, RowId] = {}
        self._images: dict[RowId, rows.Image] = {}
        self._tries = 0
        self._altered = False
        self._not_taken = Cause(f"it takes the write and does not do it: a trigger, or a rule{_trigger_names(session)}")
        self.order: dict[Change, int] = {}
        """The accepted order: the number of the batch that each change was written in."""
        self.first: Cause | None = None
        """Why the first refused change was refused."""

    def of(self, plan: SlicePlan) -> dict[str, str]:
        """Why changes are refused, by subject."""
        require_ours(plan.changes)
        _savepoint(self._session, _TRIAL)
        people = {_person(new): cause for new, cause in self._people(plan.new_employees)}
        whole, unread = self._readable([c for c in plan.changes if c.before is not None and self._is_assigned(c)])
        changes = [c for c in plan.changes if c.kind != "link" and (c in whole or c.before is None)]
        refused = people | unread | self._changes([c for c in changes if self._is_assigned(c)])
        _take_back(self._session, _TRIAL)
        return refused

    def _is_assigned(self, change: Change) -> bool:
        """Whether the employee of a change exists or could be made."""
        user = None if change.after is None else provisional_user(change.after.employee_id)
        return user is None or user in self._made

    def _people(self, people: Sequence[NewEmployee]) -> list[tuple[NewEmployee, str]]:
        failed: list[tuple[NewEmployee, Cause]] = []

        def make(some: Sequence[NewEmployee]) -> None:
            self._made |= make_employees(self._session, some)

        self._halve(people, make, lambda _: None, failed)
        return [(new, cause.message) for new, cause in failed]

    def _changes(self, changes: Sequence[Change]) -> dict[str, str]:
        """Try until nothing more is accepted: a change may have waited for another."""
        left = list(units(changes))
        suspected = [unit for unit in left if self._is_suspected(unit)]
        batches = [[unit for unit in left if unit not in suspected], *([unit] for unit in suspected)]
        while True:
            failed: list[tuple[tuple[Change, ...], Cause]] = []
            for batch in batches:
                self._halve(batch, self._write, self._taken, failed)
            if not failed or len(failed) == len(left):
                break
            left = [unit for unit, _ in failed]
            batches = [left]
        return self._culprits(failed, alone=not self.order)

    def _readable(self, changes: Sequence[Change]) -> tuple[set[Change], dict[str, str]]:
        """The changes of rows that are as planned and that undo could restore; and causes of the others, by subject."""
        from connecteam_sync.store.history.restorable import lossy_columns, lossy_queries, require_restorable  # noqa: PLC0415 - rare

        session, whole = self._session, set[Change]()
        failed: list[tuple[Change, Cause]] = []

        def read(some: Sequence[Change]) -> None:
            keys = [c.before.id for c in some if c.before is not None and c.before.id is not None]
            try:
                images = session.images(keys, lock=True)
                require_restorable(
                    session, lossy_columns(session.fetch(*lossy_queries(session, altered(some)))), images
                )
            except RecordRefused as error:
                raise _Unwritten(Cause(error.words)) from None
            require_unmoved(some, images)
            self._images |= images

        self._halve(changes, read, whole.update, failed)
        return whole, {subject_of(change): cause.message for change, cause in failed}

    def _is_suspected(self, unit: Iterable[Change]) -> bool:
        """Whether the last run held any of these changes as refused."""
        return not self._suspects.isdisjoint(map(subject_of, unit))

    def _culprits(self, failed: list[tuple[tuple[Change, ...], Cause]], *, alone: bool) -> dict[str, str]:
        """Causes by subject, without changes refused only since a row stays on their key: the planner handles those."""
        own = [(unit, cause) for unit, cause in failed if cause is not _KEY_TAKEN]
        if failed and not own:
            raise causes.clock_in_taken("trying the rows one by one")
        is_known = any(self._is_suspected(unit) for unit, _ in failed)
        if alone and self._altered and len(failed) > 1 and not is_known:
            # The table alters every write: no record is at fault, and holding them all would hide that. Not so if the
            # last run held one of them as refused: it told that one from accepted writes, and these are of that kind.
            raise causes.refused("writing the rows", own[0][1])
        return {subject_of(change): cause.message for unit, cause in own for change in unit}

    def _halve(
        self,
        items: Sequence[T],
        write: Callable[[Sequence[T]], None],
        taken: Callable[[Sequence[T]], None],
        failed: list[tuple[T, Cause]],
    ) -> None:
        """Write all items that can be written; those refused by themselves are appended to `failed`."""
        if not items:
            return
        cause = self._try(lambda: write(items))
        if cause is None:
            taken(items)
        elif len(items) == 1 or self._tries >= TRIES:
            self.first = self.first or cause
            failed += [(item, cause) for item in items]
        else:
            middle = len(items) // 2
            self._halve(items[:middle], write, taken, failed)
            self._halve(items[middle:], write, taken, failed)

    def _try(self, write: Callable[[], None]) -> Cause | None:
        """Write within a savepoint. If that is refused, roll all of it back and return the cause."""
        self._tries += 1
        _savepoint(self._session, _TRY)
        try:
            write()
        except DBAPIError as error:
            cause = causes.refusal(error)
            if cause is None:
                raise
        except RecordRefused as error:
            cause, self._altered = Cause(error.words), True
        except _Unwritten as unwritten:
            cause = unwritten.cause
            self._altered = self._altered or cause is self._not_taken
        else:
            self._session.later(Query(f"RELEASE SAVEPOINT {_TRY}"))
            return None
        _take_back(self._session, _TRY)
        return cause

    def _write(self, batch: Sequence[tuple[Change, ...]]) -> None:
        session, names = self._session, self._session.host.clock_times
        changes = tuple(with_employee(change, self._made) for unit in batch for change in unit)
        try:
            write_steps(session, changes, now=self._now)
            check_now(session)
            session.flush()
            written, _ = read_back(session, changes)
            if may_not_go_back(session):
                self._require_way_back(written)
        except DBAPIError as error:
            if causes.is_clock_in_taken(error, names, session.columns.clock_in_keys):
                raise _Unwritten(_KEY_TAKEN) from error
            raise
        except RowMoved:
            session.forget()
            if len(changes) == 1:
                # The row is locked: if it is unchanged, the table itself prevents the write.
                require_unmoved(changes, session.images(c.before.id for c in changes if c.before and c.before.id))
            raise _Unwritten(self._not_taken) from None

    def _require_way_back(self, changes: Sequence[Change]) -> None:
        from connecteam_sync.store.mirror.trial_undo import require_way_back  # noqa: PLC0415 - rare

        try:
            require_way_back(self._session, changes, self._images)
        except RecordRefused as error:
            raise _Unwritten(Cause(error.words)) from None

    def _taken(self, batch: Iterable[Iterable[Change]]) -> None:
        part = len(set(self.order.values()))
        self.order |= {change: part for unit in batch for change in unit}


def _trigger_names(session: Session) -> str:
    """The triggers of the table as a note in parentheses; empty if none is known."""
    known = session.columns.definition.triggers
    return f" ({', '.join(known)})" if known else ""


class _Unwritten(Exception):  # noqa: N818 - says what happened
    """A tried write is not in the table."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.words)
        self.cause = cause


_KEY_TAKEN = Cause("another row has that employee and clock-in")


def _savepoint(session: Session, name: str) -> None:
    session.later(Query(f"SAVEPOINT {name}"))


def _take_back(session: Session, name: str) -> None:
    """Roll back to the savepoint and release it."""
    session.forget()
    session.later(Query(f"ROLLBACK TO SAVEPOINT {name}"))
    session.later(Query(f"RELEASE SAVEPOINT {name}"))
    session.flush()
