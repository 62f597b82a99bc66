"""`/retention`: how long records are kept, what is due and what stands in the way, what was purged, legal holds."""

from __future__ import annotations

from connecteam_sync.core.text import many
from connecteam_sync.present.retention_text import check_json, counts_text
from connecteam_sync.web.page import Ask, Page, Place

_SHOWN = 50
"""Purges and legal holds that the page shows, the newest; the JSON has all of them."""


def retention(ask: Ask) -> Page:
    """What is on record of retention; what would go is not counted here, since that takes many statements."""
    found = ask.client.retention.check(counted=False)
    due, broken_off = found.due, found.broken_off
    days = "" if due is None else f"{due.first}..{due.last}"
    return Page(
        template="retention.html",
        members={
            "found": found,
            "sentence": f"{days} may be purged" if due is not None else "Nothing is old enough to be purged",
            "kept_for": many(found.years, "year"),
            "days": days,
            "broken_off": broken_off,
            "rows": " --rows" if broken_off is not None and broken_off.with_rows else "",
            "purges": [(one, counts_text(one.counts)) for one in found.purges[:_SHOWN]],
            "older": len(found.purges) - _SHOWN,
            "holds": found.legal_holds[-_SHOWN:][::-1],
            "older_holds": len(found.legal_holds) - _SHOWN,
        },
        json=check_json(found),
    )


PLACES = (Place(path="/retention", handler=retention, forms=("json",)),)
