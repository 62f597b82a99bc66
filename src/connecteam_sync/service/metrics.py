"""Metrics for Prometheus, made of what is on record: they survive a restart, and no person is in a label.

Counters are added up in a row of `service` from the receipts since the last time, so that a receipt that is folded or
removed later still counts, and no scrape reads all of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.anomalies import ANOMALY_KINDS
from connecteam_sync.core.bells import BELL_STATES
from connecteam_sync.core.cadence import DAY
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.core.facts import BellFacts
from connecteam_sync.core.run import RUN_KINDS
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.store.service.totals import CHANGE_KINDS, STATUSES, Totals, totals_of

PREFIX = "connecteam_sync_"
ANOMALIES_SECONDS = 300
"""Anomalies are counted from the rows of the last days, so not at every scrape."""
"""Gauge, counters and their labels are there from the start, so that no rule waits for the first of them."""


class Metrics:
    """The metrics of one client, for one thread at a time."""

    def __init__(self, client: ConnecteamSync) -> None:
        self._client = client
        self._anomalies: Mapping[str, int] = {}
        self._anomalies_at = -math.inf

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """The page and its content type, in the form that `accept` asks for. Raises ConnecteamSyncError."""
        is_due = time.monotonic() - self._anomalies_at > ANOMALIES_SECONDS
        status = self._client.status(anomalies=is_due)
        if is_due and status.answers:
            self._anomalies, self._anomalies_at = status.anomalies_by_kind, time.monotonic()
        totals = totals_of(self._client.store)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Page(families(status, totals, self._anomalies)))
        try:
            encoder, content_type = choose_encoder(accept)
        except (ValueError, TypeError):  # it names a version that is none
            encoder, content_type = choose_encoder("")
        return encoder(registry), content_type


class _Page(Collector):
    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = tuple(found)

    def collect(self) -> Iterable[Metric]:
        """Every metric, once."""
        return self._found


def families(status: MirrorStatus, totals: Totals, anomalies: Mapping[str, int]) -> Iterator[Metric]:
    """Every metric that there is, the unknown ones as NaN."""
    yield from _gauges(status, anomalies)
    yield from _counters(totals, (status.bells and status.bells.counts) or {})


def _gauges(status: MirrorStatus, anomalies: Mapping[str, int]) -> Iterator[Metric]:
    age = math.inf if status.mirror_age_seconds is None else status.mirror_age_seconds
    yield _gauge("mirror_age_seconds", "Seconds since the time clock longest without a good look had one.", age)
    proven = status.proven_through
    at = datetime(proven.year, proven.month, proven.day, tzinfo=UTC).timestamp() + DAY if proven else 0
    yield _gauge("proven_through_timestamp", "End of the last proven day, in epoch seconds; 0: none is proven.", at)
    held = GaugeMetricFamily(f"{PREFIX}held", "Holds that wait for a person.", labels=["reason"])
    for reason in HOLD_REASONS:
        held.add_metric([reason], status.held_by_reason.get(reason, 0))
    yield held
    yield _gauge("held_minutes", "Minutes of the holds that wait for a person.", status.held_minutes)
    left = math.nan if status.calls_left is None else status.calls_left
    yield _gauge("api_day_remaining", "Calls that the account has left for this UTC day.", left)
    bells = status.bells or BellFacts()
    yield _gauge("doorbells_lost_ratio", "Share of the last changes that no bell announced.", bells.lost_share)
    lag = GaugeMetricFamily(
        f"{PREFIX}doorbell_lag_seconds", "From a bell to the end of its look, last day.", labels=["quantile"]
    )
    for quantile, seconds in zip(("0.5", "0.95"), bells.lags or (math.nan, math.nan), strict=True):
        lag.add_metric([quantile], seconds)
    yield lag
    yield _gauge("due_seconds_max", "Seconds for which a time clock has been due, the longest.", status.due_seconds)
    odd = GaugeMetricFamily(f"{PREFIX}anomalies", "Oddities in the rows of the last days.", labels=["kind"])
    for kind in ANOMALY_KINDS:
        odd.add_metric([kind], anomalies.get(kind, 0))
    yield odd


def _counters(totals: Totals, counts: Mapping[str, int]) -> Iterator[Metric]:
    runs = CounterMetricFamily(f"{PREFIX}runs", "Runs by kind and status.", labels=["kind", "status"])
    seconds = SummaryMetricFamily(f"{PREFIX}run_seconds", "How long runs took.", labels=["kind"])
    for kind in RUN_KINDS:
        for state in STATUSES:
            runs.add_metric([kind, state], totals.runs.get(f"{kind} {state}", 0))
        seconds.add_metric([kind], count_value=totals.run_count.get(kind, 0), sum_value=totals.run_seconds.get(kind, 0))
    yield runs
    yield seconds
    changes = CounterMetricFamily(f"{PREFIX}changes", "Changes written, by kind.", labels=["kind"])
    for change in CHANGE_KINDS:
        changes.add_metric([change], totals.changes.get(change, 0))
    yield changes
    yield _counter("guard_refusals", "Looks that a guard refused.", totals.guard_refusals)
    yield _counter("api_calls", "Calls of Connecteam by runs.", totals.http_calls)
    bells = CounterMetricFamily(f"{PREFIX}doorbells", "Bells by what became of them.", labels=["state"])
    for bell in BELL_STATES:
        bells.add_metric([bell], counts.get(bell, 0))
    yield bells
    yield SummaryMetricFamily(f"{PREFIX}page_seconds", "How long pages took.", count_value=0, sum_value=0)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}{name}", help_, value=value)


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}{name}", help_, value=value)
