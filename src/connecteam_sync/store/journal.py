"""The journal: what every run did to every row, whole rows before and after. Append-only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime, Mirror
from connecteam_sync.store.dialect import Kind
from connecteam_sync.store.session import Session

JOURNAL: dict[str, Kind] = {
    "run_id": "int",
    "at": "int",
    "kind": "text",
    "clock_time_id": "int",
    "shift_id": "text",
    "employee_id": "int",
    "previous_employee_id": "int",
    "first_day": "text",
    "last_day": "text",
    "why": "text",
    "change_json": "text",
    "row_before": "text",
    "row_after": "text",
    "memory_before": "text",
}


class Images(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What an entry says of its change beside its other columns: the canonical row before and after, and its user."""

    before: ClockTime | None = None
    after: ClockTime | None = None
    user_id: int | None = None


def change_of(entry: Mapping[str, Any]) -> Change:
    """The change of a journal entry."""
    images = msgspec.json.decode(entry["change_json"], type=Images)
    return Change(
        kind=entry["kind"],
        before=images.before,
        after=images.after,
        shift_id=entry["shift_id"],
        user_id=images.user_id,
        days=(date.fromisoformat(entry["first_day"]), date.fromisoformat(entry["last_day"])),
        why=entry["why"],
    )


def write_journal(
    session: Session,
    changes: Iterable[Change],
    before: Mapping[int, tuple[ClockTime, str]],
    after: Mapping[int, tuple[ClockTime, str]],
    remembered: Callable[[Change], Mapping[str, Mirror | None]],
    *,
    run: int,
    now: int,
) -> None:
    """An entry for every change, whole rows before and after; `remembered` tells what was known of its shifts."""
    encode = msgspec.json.Encoder().encode
    days: dict[date, str] = {}

    def entries() -> Iterator[tuple[object, ...]]:
        """The values of each entry, in the order of JOURNAL; one at a time, since they are long."""
        for change in changes:
            key = change.image.id
            if key is not None:
                first, last = change.days
                yield (
                    run,
                    now,
                    change.kind,
                    key,
                    change.shift_id,
                    change.image.employee_id,
                    change.before.employee_id if change.before else None,
                    days.get(first) or days.setdefault(first, first.isoformat()),
                    days.get(last) or days.setdefault(last, last.isoformat()),
                    change.why,
                    encode(Images(change.before, change.after, change.user_id)).decode(),
                    before[key][1] if change.before else None,
                    after[key][1] if change.after else None,
                    encode(remembered(change)).decode(),
                )

    session.insert_many("sync_changes", JOURNAL, entries())
