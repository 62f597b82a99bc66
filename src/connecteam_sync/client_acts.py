"""What people do by the console: the part of the library that notes who did what, in the commit of what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.config import Settings
from connecteam_sync.core.run import Asked
from connecteam_sync.core.text import one_line
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import operator_text
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.console import AuditEntry, KeptPlan
    from connecteam_sync.core.run import Plan, Run

_LONGEST_ACTION, _LONGEST = 64, 1000


class Acts:
    """Acts of people, on record, and plans that are kept for them. Every method raises what `Store` raises."""

    settings: Settings
    store: Store

    @property
    def _context(self) -> Context:
        """What use cases work with: the client makes it."""
        raise NotImplementedError  # `ConnecteamSync` has it; this class is a part of it and is never made alone

    def acting(self, by: str, action: str, subject: str, detail: str = "") -> AbstractContextManager[None]:
        """What is called within is done by a person: the first transaction that writes leaves an entry of `audit`, in
        the same commit and with the run that it begins; runs have the trigger `person`.

        What is refused or fails before it writes leaves no entry. Texts become one line, and are cut at 1,000
        characters (`action`: 64). Entering raises ConfigurationError without a name.
        """
        return _acting(self.store, by, action, subject, detail)

    def audit(self, before: int | None = None, limit: int = 50) -> tuple[AuditEntry, ...]:
        """Who did what, newest first: at most `limit` entries, of those with a smaller number than `before`."""
        from connecteam_sync.store.console.audit import entries

        self.store.columns()  # says so if there are no tables of ours
        with self.store.reading("reading who did what") as session:
            return entries(session.connection, self.store.own, before=before, limit=limit)

    # -- plans that are kept -----------------------------------------------------------------------------------------

    def keep_plan(self, plan: Plan, by: str) -> KeptPlan:
        """Keep a plan, as `apply` needs it, until somebody applies or discards it: the newest 100, for 30 days.

        The same plan again is the same one, and open again. Raises ConfigurationError for one that the database does
        not take at once.
        """
        from connecteam_sync.engine.saved_plan import fingerprint_of, text_of
        from connecteam_sync.store.console import plans

        who, text = operator_text("by", by), text_of(plan)
        fingerprint = fingerprint_of(text)
        self.store.columns()  # says so if there are no tables of ours
        with self.store.own_rows("keeping a plan") as connection:
            plans.keep(
                connection, self.store.dialect, self.store.own, fingerprint=fingerprint, text=text, by=who, now=now()
            )
        return self.kept_plan(fingerprint)

    def kept_plan(self, fingerprint: str) -> KeptPlan:
        """A kept plan with what is in it. Raises NotFound, ConfigurationError if it was made by another version."""
        found, plan = self._kept_plan(fingerprint)
        return msgspec.structs.replace(found, plan=plan)

    def _kept_plan(self, fingerprint: str) -> tuple[KeptPlan, Plan]:
        from connecteam_sync.engine.saved_plan import kept_plan_of
        from connecteam_sync.store.console import plans

        self.store.columns()  # says so if there are no tables of ours
        with self.store.reading("reading a kept plan") as session:
            found, text = plans.find(session.connection, self.store.own, fingerprint)
        return found, kept_plan_of(text, fingerprint, timezone=self.settings.timezone)

    def kept_plans(self, limit: int = 50) -> tuple[KeptPlan, ...]:
        """Kept plans, newest first, without what is in them."""
        from connecteam_sync.store.console import plans

        self.store.columns()  # says so if there are no tables of ours
        with self.store.reading("reading the kept plans") as session:
            return plans.kept(session.connection, self.store.own, limit=limit)

    def discard_plan(self, fingerprint: str) -> None:
        """Let nobody apply it any more. Raises NotFound, StalePlan if it was applied or discarded."""
        from connecteam_sync.store.console import plans

        self.store.columns()  # says so if there are no tables of ours
        with self.store.own_rows("discarding a plan") as connection:
            found, _ = plans.find(connection, self.store.own, fingerprint)
            plans.require_open(found)
            plans.discard(connection, self.store.own, fingerprint)

    def apply_kept_plan(self, fingerprint: str, *, accept: Iterable[str] = ()) -> Run:
        """`apply` of a kept plan, which is applied with the first row that is written; then no other run can apply it.

        Raises NotFound, and StalePlan if it was applied or discarded. Of two at once one applies it, and the other is
        refused. Where guards or moved rows refuse all of it, it stays open.
        """
        from connecteam_sync.engine.run import run as run_slices
        from connecteam_sync.store.console import plans

        kept, plan = self._kept_plan(fingerprint)
        plans.require_open(kept)
        done = run_slices(self._context, "apply", [plan.window], wanted=plan, accept=accept, kept=fingerprint)
        if done.status == "nothing" and done.id is not None:
            with self.store.writing("noting that a plan is done") as session:
                plans.take(session, fingerprint, done.id)
        return done


@contextmanager
def _acting(store: Store, by: str, action: str, subject: str, detail: str) -> Iterator[None]:
    from connecteam_sync.store.console.audit import Act

    who, outer = operator_text("by", by), (store.asked, store.act)
    store.asked = Asked("person", who)
    store.act = Act(
        at=now(),
        by=who,
        action=one_line(action, _LONGEST_ACTION),
        subject=one_line(subject, _LONGEST),
        detail=one_line(detail, _LONGEST),
    )
    try:
        yield
    finally:
        store.asked, store.act = outer
