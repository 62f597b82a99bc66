"""Texts about triggers, and the latest time of a row that is tried on them."""

from __future__ import annotations

from connecteam_sync.store.session import Session

LATEST = 4_102_444_800
"""Epoch seconds of the year 2100: there are no times of ours beyond it, or before 1970, and a month later may not be a
valid time.
"""
CURE = "drop the trigger, or let it leave rows alone whose source is 'connecteam'"


def triggers_text(session: Session) -> str:
    """The triggers of the table, for a sentence."""
    known = session.columns.definition.triggers
    if not known:
        return "no trigger of it is known"
    return f"its {'trigger is' if len(known) == 1 else 'triggers are'} {', '.join(known)}"
