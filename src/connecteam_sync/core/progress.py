"""The progress of a long job."""

from __future__ import annotations

import msgspec


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The present step and how far it is: reported before each slice, and once more after the last.

    `done` of `total` slices are done, `failed` of them failed, and with them `days_done` of `days` local days; a day is
    done when every time clock's slice is. `shifts` were seen and `changes` made (or planned) so far. `calls_left` is
    the API's budget for the rest of its day, None if that is not known. Steps without slices have a `total` of 0.
    """

    step: str
    detail: str = ""
    done: int = 0
    total: int = 0
    failed: int = 0
    days_done: int = 0
    days: int = 0
    shifts: int = 0
    changes: int = 0
    calls_left: int | None = None
