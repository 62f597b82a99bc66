"""How the mirror is, as one screen and as JSON; alerts that were told, and receivers that were tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from connecteam_sync.core.alerts import Alert
from connecteam_sync.core.facts import BellFacts
from connecteam_sync.core.proofs import days_to_prove
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.text import hours, many
from connecteam_sync.core.window import local_day, local_time
from connecteam_sync.present.json_shapes import instant

_STATES = {"well": "well", "needs_a_person": "needs a person", "not_well": "NOT WELL"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_BY_VISITS = "changes are found by the regular visits"
_HOOKS_OFF = f"off, {_BY_VISITS}: set CONNECTEAM_SYNC_WEBHOOK_SECRET and register webhooks"
_HOOKS_UNREGISTERED = f"none has come yet, {_BY_VISITS}: connecteam-sync webhooks register --url https://…"


def status_json(status: MirrorStatus) -> dict[str, Any]:
    """The members of `status --json`."""
    return {
        "state": status.state,
        "mirror_age_seconds": status.mirror_age_seconds,
        "proven_through": status.proven_through.isoformat() if status.proven_through else None,
        "held": status.held,
        "anomalies": status.anomalies,
        "refused": status.refused,
        "calls_left": status.calls_left,
        "calls_share": status.calls_share,
        "webhooks": webhooks_state(status.bells),
        "problems": [
            {
                "name": problem.name,
                "since": instant(problem.since),
                "message": problem.message,
                "next_step": problem.next_step,
            }
            for problem in status.problems
        ],
        "exit_code": status.exit_code,
    }


def status_text(status: MirrorStatus, zone: ZoneInfo, *, versions: str, has_secret: bool) -> list[str]:
    """One screen: the state first, then what it is made of, then what is to be done. `has_secret`: of webhooks."""
    lines = [f"{_STATES[status.state]}, {_moment(status.at, zone)}", ""]
    if status.answers:
        lines += [
            f"  looked at   {_looked(status, zone)}",
            f"  held        {_held(status)}",
            f"  refused     {many(status.refused, 'time clock') if status.refused else 'nothing'}",
            f"  proof       {_proof(status, zone)}",
            f"  anomalies   {_anomalies(status.anomalies_by_kind)}",
            f"  doorbells   {doorbells_text(status.bells, has_secret=has_secret)}",
            f"  calls       {calls_text(status)}",
        ]
    lines.append(f"  versions    {versions}")
    for problem in status.problems:
        lines += [
            "",
            f"{problem.name} since {_moment(problem.since, zone)}: {problem.message}",
            f"  means: {problem.means}",
            f"  next:  {problem.next_step}",
        ]
    return lines


def _looked(status: MirrorStatus, zone: ZoneInfo) -> str:
    age = status.mirror_age_seconds
    tail = f"; {many(status.paused, 'time clock')} paused, connecteam-sync resume goes on" if status.paused else ""
    if age is None:
        return f"never{tail}"
    clocks = f" ({many(status.clocks, 'time clock')})" if status.clocks else ""
    return f"{ago(age)} ago, at {_moment(status.at - age, zone)}{clocks}{tail}"


def ago(seconds: int) -> str:
    """`40 seconds`, `3 minutes`, `5 hours`, `2 days`."""
    if seconds < 2 * _MINUTE:
        return many(seconds, "second")
    if seconds < 2 * _HOUR:
        return many(seconds // _MINUTE, "minute")
    return many(seconds // _HOUR, "hour") if seconds < 2 * _DAY else many(seconds // _DAY, "day")


def _held(status: MirrorStatus) -> str:
    if not status.held:
        return "nothing waits for a person"
    reasons = ", ".join(f"{count} {reason}" for reason, count in status.held_by_reason.items())
    wait = "waits" if status.held == 1 else "wait"
    return f"{many(status.held, 'hold')} {wait} for a person, {hours(status.held_minutes)} hours: {reasons}"


def webhooks_state(bells: BellFacts | None) -> str | None:
    """`silent`, `losing` or `well`; None if no doorbells are expected."""
    if bells is None:
        return None
    return "silent" if bells.silent else "losing" if bells.losing else "well"


def doorbells_text(bells: BellFacts | None, *, has_secret: bool) -> str:
    """Whether webhooks work: how many came and wait, how many are missing, how long a look takes."""
    if bells is None:
        return _HOOKS_UNREGISTERED if has_secret else _HOOKS_OFF
    lag = f"; {ago(round(bells.lags[0]))} from a bell to its look" if bells.lags else ""
    counts, (lost, judged) = bells.counts or {}, bells.lost
    missing = f"; {lost:,} of the last {many(judged, 'change')} came without one" if judged else ""
    deliveries = many(sum(counts.values()), "delivery", "deliveries")
    return f"{webhooks_state(bells)}: {deliveries}, {counts.get('waiting', 0):,} waiting{missing}{lag}"


def _proof(status: MirrorStatus, zone: ZoneInfo) -> str:
    if status.proven_through:
        return f"every day through {status.proven_through} is proven"
    first, _ = days_to_prove(local_day(status.at, zone))
    verify = f"connecteam-sync verify --from {first} --to yesterday"
    return f"not every day since {first} is proven yet: serve does it at night, {verify} at once"


def _anomalies(kinds: Mapping[str, int]) -> str:
    if not sum(kinds.values()):
        return "none in the last days"
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def calls_text(status: MirrorStatus) -> str:
    """How many calls are left today, and what share of the day's they take."""
    left = "not known how many are left today" if status.calls_left is None else f"{status.calls_left:,} left today"
    if status.calls_share is None:
        return left
    cost = "at this cadence" if status.is_visited else "in the last 24 hours"
    return f"{left}; {cost} {status.calls_share * 100:.0f} % of the day's {status.day_calls:,} calls"


def _moment(at: int, zone: ZoneInfo) -> str:
    return f"{local_time(at, zone):%Y-%m-%d %H:%M %Z}"


# -- alerts ------------------------------------------------------------------------------------------------------------


def alert_json(alert: Alert) -> dict[str, Any]:
    """One alert."""
    return {
        "name": alert.name,
        "state": alert.state,
        "since": instant(alert.since),
        "message": alert.message,
        "next_step": alert.next_step,
        "told": {name: instant(at) for name, at in alert.told.items()},
        "failed": dict(alert.failed),
    }


def alerts_json(alerts: Iterable[Alert], receivers: Iterable[str]) -> dict[str, Any]:
    """The members of `alerts --json`."""
    return {"alerts": [alert_json(one) for one in alerts], "receivers": list(receivers)}


def trial_json(results: Mapping[str, str | None]) -> dict[str, Any]:
    """The members of `alerts test --json`: `results` are why a receiver did not take it, or None, by name."""
    return {
        "receivers": [{"name": name, "taken": error is None, "error": error} for name, error in results.items()],
        "exit_code": int(any(error is not None for error in results.values())),
    }


def alerts_text(alerts: Iterable[Alert], receivers: Iterable[str], zone: ZoneInfo) -> list[str]:
    """A line for each problem that there ever was, trouble first, and who is told."""
    names = ", ".join(receivers) or "none but commands: see alerts_email_to and alerts_webhook_url in the reference"
    lines = []
    for alert in sorted(alerts, key=lambda one: (one.state != "trouble", one.name)):
        if alert.state == "trouble":
            lines += [f"{alert.name} since {_moment(alert.since, zone)}: {alert.message}", f"  next: {alert.next_step}"]
        else:
            lines.append(f"{alert.name} is over since {_moment(alert.since, zone)}")
        lines += [f"  told: {name} at {_moment(at, zone)}" for name, at in alert.told.items()]
        lines += [f"  not taken by {name}: {why}" for name, why in alert.failed.items()]
        if alert.state == "trouble" and not alert.told:
            lines.append("  told: nobody yet")
    return [*(lines or ["there never was anything to tell"]), f"receivers: {names}"]
