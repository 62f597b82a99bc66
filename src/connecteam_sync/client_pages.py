"""What the console's pages read: the part of the library for people who look. Connecteam is never asked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecteam_sync.config import Settings
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine.decide import now
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.glance import Glance
    from connecteam_sync.core.mirrored import Mirrored


class Pages:
    """Reading for pages. Every method raises what `Store` raises."""

    settings: Settings
    store: Store

    def glance(self) -> Glance:
        """How today is: who is on the clock, the hours, what was changed, and which of the last days are proven."""
        from connecteam_sync.store.pages.glance import glance  # noqa: PLC0415 - not needed at start

        zone = self.settings.timezone
        at = now()
        self.store.columns()  # says so where there are no tables of ours
        with self.store.connection() as connection:
            return glance(self.store, connection, local_day(at, ZoneInfo(zone)), zone, at)

    def mirrored(self, window: Window) -> Mirrored:
        """What the mirror holds of the days of a window, by the shifts as Connecteam last reported them."""
        from connecteam_sync.store.pages.mirrored import mirrored_query  # noqa: PLC0415 - not needed at start
        from connecteam_sync.store.sql.pipeline import fetch  # noqa: PLC0415 - same

        self.store.columns()  # says so where there are no tables of ours
        with self.store.connection() as connection:
            [rows] = fetch(connection, [mirrored_query(self.store, window)])
        found: Mirrored = rows[0]
        return found

    def note_act(self) -> None:
        """Leave the entry of `audit` now: for an act of a person (`acting`) that writes nothing of its own."""
        with self.store.own_rows("noting who did what"):
            return
