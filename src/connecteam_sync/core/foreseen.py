"""What an undo would do, before anybody does it."""

from __future__ import annotations

from collections import Counter

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Run


class ForeseenUndo(msgspec.Struct, frozen=True, kw_only=True):
    """The changes that an undo of `run` would write, one for each row, and why it would be `refused` (None: it would
    not, as far as that shows before it is tried), with the `rows` that are in the way.
    """

    run: Run
    changes: tuple[Change, ...]
    refused: str | None = None
    next_step: str = ""
    rows: tuple[RowId, ...] = ()

    @property
    def minutes(self) -> int:
        """By how many minutes the hours would move."""
        return sum(change.minutes for change in self.changes)

    @property
    def people(self) -> int:
        """How many employees have such a row."""
        return len({change.image.employee_id for change in self.changes})

    @property
    def counts(self) -> dict[str, int]:
        """How many rows would be made again, changed back, removed and unlinked: by the kind of change."""
        return dict(Counter(change.kind for change in self.changes))
