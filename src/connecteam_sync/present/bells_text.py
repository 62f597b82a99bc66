"""Webhooks and their deliveries, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from connecteam_sync.core.bells import Doorbell
from connecteam_sync.core.text import many, stamp
from connecteam_sync.core.webhooks import Webhook
from connecteam_sync.present.json_shapes import Json, instant

_FOUND = {"change": "the look found a change", "held": "what it is about is held", "nothing": "the look found nothing"}
_STATES = {
    "waiting": "waits for a look",
    "joined": "waits for the look of an earlier one",
    "heard": "looked at",
    "ignored": "of no use here",
    "unreadable": "not readable",
}


def came_of(bell: Doorbell) -> str:
    """What came of a delivery: what its look found, else what it waits for."""
    return _FOUND[bell.found] if bell.found is not None else _STATES[bell.state]


def doorbell_lines(bells: Iterable[Doorbell], zone: ZoneInfo) -> list[str]:
    """A line for each delivery: when, of what, what came of it, and its key."""
    lines = []
    for bell in bells:
        clock = f"time clock {bell.time_clock_id}" if bell.time_clock_id is not None else ""
        came = came_of(bell)
        if bell.run is not None:
            came += f" (run {bell.run})"
        again = f"delivered {bell.deliveries} times" if bell.deliveries > 1 else ""
        parts = (bell.event_type or bell.kind or "unknown", clock, came, again, bell.key)
        lines.append(f"{stamp(bell.received_at, zone)}  {'; '.join(part for part in parts if part)}")
    return lines or ["no doorbell"]


def webhook_lines(webhooks: Iterable[Webhook]) -> list[str]:
    """A line for each webhook: number, of what, how many events, where to, and whether it is this database's."""
    lines = []
    for one in webhooks:
        of = f"time clock {one.time_clock_id}" if one.time_clock_id is not None else one.feature
        whose = "of this database" if one.is_ours else "of another program"
        off = "; switched off" if one.is_disabled else ""
        lines.append(f"{one.id}  {of}: {many(len(one.events), 'event')} to {one.url}; {whose}{off}")
    return lines or ["no webhook"]


def doorbell_json(bell: Doorbell) -> Json:
    """A delivery."""
    return {
        "key": bell.key,
        "state": bell.state,
        "activity_type": bell.kind,
        "event_type": bell.event_type,
        "time_clock_id": bell.time_clock_id,
        "activity_id": bell.activity_id,
        "user_id": bell.user_id,
        "event_at": instant(bell.event_at),
        "received_at": instant(bell.received_at),
        "deliveries": bell.deliveries,
        "proved_by": bell.fitted,
        "heard_at": instant(bell.heard_at),
        "run": bell.run,
        "found": bell.found,
    }


def webhook_json(webhook: Webhook) -> Json:
    """A registered webhook."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "feature": webhook.feature,
        "time_clock_id": webhook.time_clock_id,
        "url": webhook.url,
        "events": list(webhook.events),
        "is_disabled": webhook.is_disabled,
        "is_ours": webhook.is_ours,
    }
