"""`/runs/N/undo`: what taking a run back would do, and taking it back."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connecteam_sync.core.foreseen import ForeseenUndo
from connecteam_sync.core.text import hours
from connecteam_sync.errors import UndoRefused
from connecteam_sync.present import json_shapes
from connecteam_sync.present.text import days_of
from connecteam_sync.web.acting import acting
from connecteam_sync.web.page import Ask, Moved, Page, Place, number_of
from connecteam_sync.web.pages.plan import SHOWN, by_day


def preview(ask: Ask) -> Page:
    """What an undo would do to rows and hours, and why it would be refused. Raises NotFound."""
    return _page(ask, ask.client.foreseen_undo(number_of(ask.params["number"], "run")))


def _page(ask: Ask, found: ForeseenUndo, refusal: UndoRefused | None = None) -> Page:
    zone = ZoneInfo(found.run.window.timezone)
    changes = [change for change in found.changes if change.kind != "link"]
    names = dict(ask.client.names())
    refused = refusal.message if refusal is not None else found.refused
    rows = frozenset(refusal.rows if refusal is not None else found.rows)
    return Page(
        template="undo.html",
        members={
            "run": found.run,
            "days": days_of(found.run),
            "found": found,
            "sums": sums(found),
            "count": len(changes),
            "by_day": by_day(changes[:SHOWN], zone, names),
            "shown": min(SHOWN, len(changes)),
            "refused": refused,
            "next": refusal.next_step if refusal is not None else found.next_step,
            "in_the_way": by_day([change for change in changes if change.image.id in rows][:SHOWN], zone, names),
        },
        json=refusal.members if refusal is not None else None,
        status=200 if refusal is None else 409,
    )


def sums(found: ForeseenUndo) -> str:
    """`2 made again, 1 changed back, 3 removed, -8:15 hours`: what is confirmed by taking it back."""
    counts = found.counts
    parts = (("create", "made again"), ("update", "changed back"), ("delete", "removed"))
    return ", ".join(
        [
            *(f"{counts.get(kind, 0):,} {word}" for kind, word in parts),
            f"{hours(found.minutes, signed=True)} hours",
        ]
    )


def undo(ask: Ask) -> Page | Moved:
    """Take a run back: its exact inverse as a new run. Raises NotFound, LockHeld."""
    number = number_of(ask.params["number"], "run")
    try:
        with acting(ask, "undo", f"run {number}") as client:
            run = client.undo(number)
    except UndoRefused as error:
        return _page(ask, ask.client.foreseen_undo(number), error)
    return Moved(to=f"/runs/{run.id}", json=json_shapes.run(run))


PLACES = (
    Place(path="/runs/{number}/undo", handler=preview),
    Place(path="/runs/{number}/undo", handler=undo, ability="operate", is_action=True),
)
