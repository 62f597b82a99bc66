"""The ledger of exports: what was written of a pay period, when, by whom, and with which corrections."""

from __future__ import annotations

from sqlalchemy import func, select

from connecteam_sync.core.window import Window
from connecteam_sync.store.session import Session


def newest_of(session: Session, window: Window) -> int | None:
    """The number of the newest export of a period; None if it was never exported."""
    exports = session.tables.exports
    wanted = select(func.max(exports.c.id)).where(
        exports.c.first_day == window.first.isoformat(),
        exports.c.last_day == window.last.isoformat(),
        exports.c.timezone == window.timezone,
    )
    found = session.connection.execute(wanted).scalar()
    return None if found is None else int(found)
