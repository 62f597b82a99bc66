"""What Connecteam said when it was asked which time clocks a user is on: the newest answer of each, and when."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from connecteam_sync.core.change import left_out_of
from connecteam_sync.store.mirror.people import assignments_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind

_COLUMNS: Mapping[str, Kind] = {"user_id": "int", "asked_at": "int", "time_clocks": "text"}


def held_though_assigned(session: Session) -> dict[int, list[int]]:
    """By time clock, the users assigned to it whom its answer leaves out, and of whom rows are held."""
    own = session.own
    held, told = session.fetch(
        Query(
            f"SELECT DISTINCT user_id, detail FROM {own.holds} WHERE resolved_run IS NULL"
            " AND reason = 'user_not_listed' AND user_id IS NOT NULL"
        ),
        Query(f"SELECT user_id, time_clocks FROM {own.assignments} WHERE time_clocks IS NOT NULL"),
    )
    clocks = assignments_of(told)
    # A hold may be of another time clock than the one that left its person out.
    pairs = {(clock, int(user)) for user, detail in held if (clock := left_out_of(detail)) is not None}
    found: dict[int, list[int]] = {}
    for clock, user in sorted(pairs):
        if clock in (clocks.get(user) or ()):
            found.setdefault(clock, []).append(user)
    return found


def write_assignments(session: Session, told: Mapping[int, frozenset[int] | None], now: int) -> None:
    """Remember answers, in the transaction of a run."""
    upsert = session.dialect.upsert(session.own.assignments, _COLUMNS, "user_id", keep=frozenset({"user_id"}))
    session.later_set(
        upsert,
        (
            {
                "user_id": user,
                "asked_at": now,
                "time_clocks": None if clocks is None else msgspec.json.encode(sorted(clocks)).decode(),
            }
            for user, clocks in told.items()
        ),
    )
