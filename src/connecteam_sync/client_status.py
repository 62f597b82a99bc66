"""How the mirror is, and what was told of it: the part of the library for monitors. Connecteam is never asked."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecteam_sync.client_history import Records
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.errors import DatabaseError

if TYPE_CHECKING:
    from connecteam_sync.core.alerts import Alert
    from connecteam_sync.core.status import MirrorStatus


class Statuses(Records):
    """The state of a mirror. Every method raises what `Store` raises."""

    @property
    def _context(self) -> Context:
        """What use cases work with: the client makes it."""
        raise NotImplementedError  # `ConnecteamSync` has it; this class is a part of it and is never made alone

    def status(self, *, anomalies: bool = True, doorbell_counts: bool = True) -> MirrorStatus:
        """How the mirror is, from what is on record. Without `anomalies` no row of the table is read; without
        `doorbell_counts` the doorbells that are kept are not counted.

        A database that does not answer is a status, too: `not_well`.
        """
        from connecteam_sync.core.status import status_of
        from connecteam_sync.engine.status import FactsReading, database_is_away, with_anomalies

        s = self.settings
        try:
            self.store.columns()  # says so where there are no tables of ours
            kinds = self._anomaly_counts() if anomalies else {}
            with self.store.connection() as connection:
                facts = FactsReading(
                    self.store,
                    timezone=s.timezone,
                    cadence=s.cadence_seconds,
                    slice_days=s.slice_days,
                    counts_doorbells=doorbell_counts,
                ).read(connection)
        except DatabaseError as error:
            return status_of(database_is_away(now(), timezone=s.timezone, message=error.message))
        return status_of(with_anomalies(facts, kinds))

    def _anomaly_counts(self) -> dict[str, int]:
        """The anomalies of the days of an ordinary look, by kind."""
        today = local_day(now(), ZoneInfo(self.settings.timezone))
        days = Window(today - timedelta(days=self.settings.lookback_days), today, self.settings.timezone)
        return dict(Counter(str(found.kind) for found in self.anomalies(days)[0]))

    @property
    def archived_clocks(self) -> frozenset[int]:
        """The time clocks that were archived when Connecteam last listed them to this client, but for those that are
        configured. No call is made.
        """
        return self._context.choosing.archived() - {*self.settings.time_clocks}

    def alerts(self) -> tuple[Alert, ...]:
        """What is wrong since when, what was, and who was told; by name."""
        from connecteam_sync.core.alerts import shown
        from connecteam_sync.store.service.alerts import AlertRows
        from connecteam_sync.store.sql.pipeline import fetch

        self.store.columns()  # says so where there are no tables of ours
        with self.store.connection() as connection:
            [rows] = fetch(connection, [AlertRows(self.store.dialect, self.store.own).all()])
        return tuple(map(shown, rows))
