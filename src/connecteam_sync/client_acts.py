"""What people do by the console: the part of the library that notes who did what, in the commit of what was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from connecteam_sync.core.run import Asked
from connecteam_sync.core.text import one_line
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import operator_text
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.console import AuditEntry

_LONGEST_ACTION, _LONGEST = 64, 1000


class Acts:
    """Acts of people, on record. Every method raises what `Store` raises."""

    store: Store

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
