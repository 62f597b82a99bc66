"""Undo leaves closed days alone, whatever closes them."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from connecteam_sync.core.change import Change
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import CLOSED_BY, Locks
from connecteam_sync.core.people import mapped
from connecteam_sync.core.text import day_name
from connecteam_sync.core.window import LockSource
from connecteam_sync.errors import UndoRefused
from connecteam_sync.store.session import Session

_UPSTREAM = "open the day in Connecteam, then connecteam-sync verify --from {first} --to {last} reads that"
_OF_SOME = "open the day if payroll agrees: connecteam-sync locks lists it"
_CURES: Mapping[LockSource, str] = {
    "own": "unlock the day if payroll agrees: connecteam-sync unlock --from {first} --to {last}",
    "period": "reopen its pay period if payroll agrees: connecteam-sync periods lists them",
    "connecteam_lock": _UPSTREAM,
    "connecteam_approval": _UPSTREAM,
    "purged": "a purge cannot be taken back, and nothing is written to its days any more",
}


def require_unlocked(session: Session, changes: list[Change], zone: ZoneInfo) -> None:
    """Raises UndoRefused if a day is closed on which a row began or will begin; the day of its end is not checked."""
    written = [change for change in changes if change.kind != "link"]
    images = [image for change in written for image in (change.before, change.after) if image is not None]
    closed = session.locked_around(zone.key, [image.clock_in for image in images])
    locks = Locks(closed)
    users = _users(session) if any(day.user_id for day in closed) else {}
    held = {day for change in written for day in locks.blocking(change, users, clock=None)}
    if held:
        days = sorted(held, key=lambda day: (day.day, day.source))
        first, last = days[0].day, max(day.day for day in days)
        cure = _CURES[days[0].source]
        if days[0].user_id or days[0].time_clock_id:
            cure = {"own": _OF_SOME}.get(days[0].source, cure)
        raise UndoRefused(
            f"{day_name(first)} {CLOSED_BY[days[0].source]}, and the run changed rows on it",
            next_step=cure.format(first=first, last=last),
        )


def _users(session: Session) -> Mapping[RowId, frozenset[int]]:
    """The Connecteam users of each employee."""
    own = {user: employee for user, (_, _, employee) in session.known_users().items()}
    return mapped(session.employees(), own).users_of
