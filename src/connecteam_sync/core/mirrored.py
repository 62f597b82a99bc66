"""What the mirror holds of some days: shifts, people and hours, to be shown before anything is done to them."""

from __future__ import annotations

import msgspec


class Mirrored(msgspec.Struct, frozen=True, kw_only=True):
    """The shifts of some days that Connecteam has, as they were last seen; minutes are whole.

    `open` are those nobody has clocked out of, `waiting` those without a row (they are held), with `waiting_minutes`.
    `minutes` are of closed shifts with a row.
    """

    shifts: int = 0
    people: int = 0
    minutes: int = 0
    open: int = 0
    waiting: int = 0
    waiting_minutes: int = 0
