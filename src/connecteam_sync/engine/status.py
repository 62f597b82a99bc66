"""Facts about the mirror as they are on record, with the day and the settings that they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.facts import Facts
from connecteam_sync.core.proofs import days_to_prove, proven_through
from connecteam_sync.core.window import PADDING_DAYS, local_day
from connecteam_sync.engine.decide import now
from connecteam_sync.store.service.facts import facts_of, facts_query
from connecteam_sync.store.service.proofs import last_proven_query, proven_of, proven_queries
from connecteam_sync.store.sql.pipeline import Query, Rows, fetch
from connecteam_sync.store.store import Store

_EVERY = 300


class FactsReading:
    """One reading of the facts: `queries` to be sent, alone or with others, and `facts` of their rows.

    `cadence` is the configured one; `ahead` is by how many seconds a simulation is ahead of the database's clock. The
    number of statements is constant. Without `counts_doorbells` those that are kept are not counted. Connecteam is not
    asked.
    """

    def __init__(
        self,
        store: Store,
        *,
        timezone: str,
        cadence: int | None,
        slice_days: int,
        ahead: int = 0,
        counts_doorbells: bool = True,
    ) -> None:
        dialect, own = store.dialect, store.own
        self._today = local_day(now(), ZoneInfo(timezone))
        self._days = days_to_prove(self._today)
        self._cadence = cadence or _EVERY
        self._slice_days = slice_days - 2 * PADDING_DAYS
        self._counts_doorbells = counts_doorbells
        self.queries: tuple[Query, ...] = (
            *proven_queries(own, timezone, *self._days),
            facts_query(
                dialect,
                own,
                last_proven=last_proven_query(own, timezone, self._days[1]),
                ahead=ahead,
                counts_doorbells=counts_doorbells,
            ),
        )

    def facts(self, fetched: Sequence[Rows]) -> Facts:
        """The facts of the rows of `queries`."""
        days, written, others = fetched
        facts = facts_of(
            others,
            today=self._today,
            cadence=self._cadence,
            slice_days=self._slice_days,
            counts_doorbells=self._counts_doorbells,
        )
        return msgspec.structs.replace(
            facts, proven_through=proven_through(proven_of((days, written), *self._days), self._today)
        )

    def read(self, connection: Connection) -> Facts:
        """The facts, read by themselves."""
        return self.facts(fetch(connection, self.queries))


def database_is_away(facts_at: int, *, timezone: str, message: str, since: int | None = None) -> Facts:
    """All that can be said while the database does not answer."""
    return Facts(
        now=facts_at, today=local_day(facts_at, ZoneInfo(timezone)), database_error=message, database_since=since
    )


def with_anomalies(facts: Facts, counts: dict[str, int]) -> Facts:
    """The same facts, with the anomalies of the last days by kind."""
    return msgspec.structs.replace(facts, anomalies=counts)
