"""The check of our views: there, and as this version makes them for the tables that are configured."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from connecteam_sync.core.run import Check
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables.views import Views

_CURE = "connecteam-sync init --views"


def views_made(session: Session, zone: ZoneInfo) -> Iterator[Check]:
    """Nothing where no views were asked for."""
    views = Views(session.dialect, session.host, session.own, zone.key)
    noted = views.noted(session.connection)
    if noted is None:
        return
    absent = views.absent(session.connection)
    if absent:
        yield Check(name="views", state="warning", detail=f"not there: {', '.join(absent)}", cure=_CURE)
    elif noted.digest != views.digest:
        detail = "our views are of an older version, or of other names, columns, keys or another time zone"
        yield Check(name="views", state="warning", detail=detail, cure=_CURE)
    else:
        yield Check(name="views", state="ok", detail=f"{len(views.queries)} views are as this version makes them")
