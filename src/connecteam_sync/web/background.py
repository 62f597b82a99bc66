"""Actions that take long: begun by a request, done in the background, in the name of whoever began them."""

from __future__ import annotations

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.present.json_shapes import Json, instant
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.page import Ask, Moved
from connecteam_sync.web.work import Ended, Unit, Work

AT_ONCE = 31
"""Days that are looked at while the request waits: one slice of each time clock."""


def begun(ask: Ask, unit: Unit, *, action: str, subject: str, detail: str = "") -> Moved:
    """Begin an action in the background. Raises LockHeld if something else is in hand."""

    def in_their_name(client: ConnecteamSync) -> Ended:
        with acting(ask, action, subject, detail, client=client):
            return unit(client)

    work = ask.work.begin(in_their_name, by=who(ask), what=f"{action} {subject}")
    return Moved(to="/in-hand", json={"work": work_json(work)})


def work_json(work: Work) -> Json:
    """Long work for programs."""
    return {
        "number": work.number,
        "what": work.what,
        "by": work.by,
        "state": work.state,
        "began_at": instant(work.began_at),
        "ended_at": instant(work.ended_at),
        "step": work.step,
        "detail": work.detail,
        "share": work.share,
        "progress": work.line,
        "calls_left": work.calls_left,
        "message": work.message,
        "next_step": work.next_step,
        "wrong": list(work.wrong),
        "to": work.to,
    }
