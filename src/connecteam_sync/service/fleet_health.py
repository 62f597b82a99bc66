"""Health and metrics of a fleet: `/livez`, `/readyz` and `/metrics`. Scale on `due_seconds_max`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.web import refusal
from connecteam_sync.store.control.budgets import Budgets
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from connecteam_sync.store.control.workers import Workers

_NO_STORE = {"cache-control": "no-store"}
_PREFIX = "connecteam_sync_"


class FleetHealth:
    """Whether the dispatcher lives, and whether the control database answers."""

    def __init__(self, control: ControlDatabase, *, is_alive: Callable[[], bool]) -> None:
        self._control, self._is_alive = control, is_alive

    def routes(self) -> list[BaseRoute]:
        """`/livez` and `/readyz`."""
        return [Route("/livez", self._livez), Route("/readyz", self._readyz)]

    def metrics_routes(self) -> list[BaseRoute]:
        """`/metrics`."""
        return [Route("/metrics", self._metrics)]

    def _livez(self, _: Request) -> Response:
        if not self._is_alive():
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "a thread of the service has ended")
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    def _readyz(self, _: Request) -> Response:
        try:
            with self._control.writing("looking whether it answers") as connection:
                Turns(self._control.dialect).waiting(connection)
        except ConnecteamSyncError:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the control database does not answer")
        return JSONResponse({"schema": 1, "status": "ready"}, headers=_NO_STORE)

    def _metrics(self, _: Request) -> Response:
        try:
            with self._control.writing("reading the metrics") as connection:
                dialect = self._control.dialect
                waiting = Turns(dialect).waiting(connection)
                turns = Turns(dialect).all(connection)
                workers = Workers(dialect).all(connection)
                left = Budgets(dialect).left(connection)
                aside = Turns(dialect).aside(connection)
        except ConnecteamSyncError as error:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.message)
        lines = [
            *_metric(
                "due_seconds_max", "gauge", "How long the longest turn has waited to begin", [("", waiting.seconds)]
            ),
            *_metric("turns_due", "gauge", "Turns that are due and not given out", [("", waiting.due)]),
            *_metric("turns_given_out", "gauge", "Turns that are given out or in hand", [("", waiting.given_out)]),
            *_metric("leases_lost_total", "counter", "Turns whose worker did not come back", [("", waiting.lost)]),
            *_metric("workers", "gauge", "Workers that give signs", [("", sum(one.is_alive for one in workers))]),
            *_metric("accounts_put_aside", "gauge", "Accounts that are left alone for now", [("", len(aside))]),
            *_metric("turns_done_total", "counter", "Turns done", _sums((t.account, t.done) for t in turns)),
            *_metric(
                "account_failures",
                "gauge",
                "Turns of an account that failed, in a row",
                _most((t.account, t.failures) for t in turns),
            ),
            *_metric(
                "account_calls_left",
                "gauge",
                "Calls of today that an account has left",
                [(f'{{account="{name}"}}', calls) for name, (calls, _) in left.items()],
            ),
        ]
        return PlainTextResponse("\n".join(lines) + "\n", headers=_NO_STORE, media_type="text/plain; version=0.0.4")


def _metric(name: str, kind: str, help_: str, values: Iterable[tuple[str, int]]) -> list[str]:
    """The lines of one metric. Names of accounts are of small letters, digits, - and _ (`config_accounts`)."""
    full = f"{_PREFIX}{name}"
    return [f"# HELP {full} {help_}", f"# TYPE {full} {kind}", *(f"{full}{labels} {value}" for labels, value in values)]


def _sums(pairs: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for name, value in pairs:
        found[name] = found.get(name, 0) + value
    return [(f'{{account="{name}"}}', value) for name, value in found.items()]


def _most(pairs: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for name, value in pairs:
        found[name] = max(found.get(name, 0), value)
    return [(f'{{account="{name}"}}', value) for name, value in found.items()]
