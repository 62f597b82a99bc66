"""`/`: is the table right, now? The state of the mirror, who is on the clock, what changed today."""

from __future__ import annotations

from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

from connecteam_sync.core.glance import Glance
from connecteam_sync.core.proofs import ProvenDay
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.text import day_name, many
from connecteam_sync.core.window import local_day, local_time
from connecteam_sync.present.status_text import status_json
from connecteam_sync.web.charts import Bar, strip
from connecteam_sync.web.page import Ask, Page, Place

_WORDS = {
    "well": "Equal to Connecteam as of {at}; {proof}",
    "needs_a_person": "A person is needed; last look at {at}, {proof}",
    "not_well": "Not well; last good look at {at}, {proof}",
}


def overview(ask: Ask) -> Page:
    """The state of the mirror in one sentence, today, and what needs a person."""
    # The header's, a few seconds old at most: read once for all who look. Programs get what the command says now.
    status = ask.status() if ask.wanted == "html" else ask.client.status()
    if ask.wanted == "json":
        return Page(template="overview.html", json=status_json(status))
    if not status.answers:
        return Page(
            template="overview.html",
            members={"status": status, "sentence": sentence_of(status, ask.zone)},
            json=status_json(status),
        )
    glance = ask.client.glance()
    return Page(
        template="overview.html",
        members={
            "status": status,
            "sentence": sentence_of(status, ask.zone, differing=sum(_differs(known) for _, known in glance.days)),
            "glance": glance,
            "clocks": status.looked,
            "fresh": strip([bar_of(day, known) for day, known in glance.days], title="the last 14 days"),
            "known": known_of(glance),
            "summary": _summary(glance),
            "today": local_day(status.at, ask.zone),
        },
        json=status_json(status),
    )


def sentence_of(status: MirrorStatus, zone: ZoneInfo, *, differing: int = 0) -> str:
    """`Equal to Connecteam as of 14:02 CST; proven through Mon 24 Nov 2025`."""
    if not status.answers:
        return "The database does not answer"
    if status.mirror_age_seconds is None:
        return "Nothing was looked at yet"
    proof = f"proven through {day_name(status.proven_through)}" if status.proven_through else "not proven yet"
    looked = local_time(status.at - status.mirror_age_seconds, zone)
    at = (
        f"{looked:%H:%M %Z}"
        if looked.date() == local_day(status.at, zone)
        else f"{looked:%a} {looked.day} {looked:%b %H:%M %Z}"
    )
    if differing and status.state == "well":
        return f"Not equal on {many(differing, 'day')}, as a verification found; last look at {at}, {proof}"
    return _WORDS[status.state].format(at=at, proof=proof)


def _differs(known: ProvenDay | None) -> bool:
    return known is not None and not known.is_proven and not known.is_changed


def bar_of(day: date, known: ProvenDay | None) -> Bar:
    """What is known of a day, as a shape."""
    if known is None:
        return Bar(label=str(day), state="unknown", text="not verified yet")
    if known.is_changed:
        return Bar(label=str(day), state="warn", text="changed since it was verified")
    return Bar(
        label=str(day), state="ok" if known.is_proven else "bad", text="proven" if known.is_proven else "differs"
    )


def known_of(glance: Glance) -> str:
    """`12 proven, 2 not verified yet`, of which days: the strip in words."""
    said = Counter(bar_of(day, known).text for day, known in glance.days)
    first, last = glance.days[0][0], glance.days[-1][0]
    return (
        f"{day_name(first)} to {day_name(last)}: {', '.join(f'{count} {word}' for word, count in said.most_common())}"
    )


def _summary(glance: Glance) -> str:
    """What was written today; `0 changes` says what was looked at."""
    counts = glance.changes
    total = counts.created + counts.updated + counts.deleted
    if not total:
        return "0 changes since midnight"
    parts = [
        f"{count:,} {word}"
        for count, word in ((counts.created, "new"), (counts.updated, "corrected"), (counts.deleted, "deleted"))
        if count
    ]
    return f"{many(total, 'change')} in {many(glance.changed_in, 'run')}: {', '.join(parts)}"


PLACES = (Place(path="/", handler=overview, forms=("json",)),)
