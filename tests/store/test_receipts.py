"""Receipts as they are kept: what is written comes back, however much a look held."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.core.change import Counts, Hold
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.window import Window
from connecteam_sync.store.history.receipt_text import LONGEST, receipt_of, text_of
from connecteam_sync.store.history.runs import begin_run, record_slice, run
from connecteam_sync.store.store import Store

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 24), "America/Chicago")
MANY = 60_000
"""Shifts of a first look at a company of which nobody is mapped: 27 MB of JSON, more than the packet of a server."""


def _receipt(held: int, *, error_name: str | None = None) -> Slice:
    holds = tuple(
        Hold(
            reason="unmapped_user",
            subject=f"shift:{n:024x}",
            detail=f"Connecteam user {8_000_000 + n} counts for no employee: 9:00-17:00 on Tue 2 Dec, 8:00 h, ünïcode",
            shift_id=f"{n:024x}",
            user_id=8_000_000 + n,
            instant=WINDOW.start_utc + n,
            minutes=480,
        )
        for n in range(held)
    )
    return Slice(
        time_clock_id=7,
        window=WINDOW,
        status="refused" if error_name else "nothing",
        counts=Counts(total_shifts=held, held=held),
        holds=holds,
        error="stopped" if error_name else None,
        error_name=error_name,
    )


def test_a_receipt_with_more_holds_than_a_packet_takes_is_kept_whole(store: Store) -> None:
    """As the server is set up by default; it was "gone away", and nothing of the look was kept."""
    wanted = _receipt(MANY)
    text = text_of(wanted)
    assert len(text) < 16 << 20 < MANY * 300
    with store.writing("a test") as session:
        fresh = Run(id=None, kind="sync", window=WINDOW, slices=(), version="0", host="h", started_at=1)
        number = begin_run(session, fresh)
        record_slice(session, number.value, wanted)
    with store.reading() as session:
        kept = run(session, number.value)
    assert kept.slices == (wanted,)
    assert (kept.counts.held, len(kept.holds)) == (MANY, MANY)


def test_a_run_without_a_slice_is_a_run(store: Store) -> None:
    """It was killed before its first look ended; and of several slices each is there once, in order."""
    with store.writing("a test") as session:
        numbers = []
        for slices in ((), (_receipt(1), _receipt(2), _receipt(3))):
            fresh = Run(id=None, kind="sync", window=WINDOW, slices=(), version="0", host="h", started_at=1)
            numbers.append(begin_run(session, fresh).value)
            for slice_ in slices:
                record_slice(session, numbers[-1], slice_)
    with store.reading() as session:
        nothing, three = (run(session, number) for number in numbers)
    assert (nothing.id, nothing.slices, nothing.finished_at) == (numbers[0], (), None)
    assert [one.counts.held for one in three.slices] == [1, 2, 3]


@pytest.mark.parametrize("held", [0, 1, 2000, 4000])
def test_only_long_ones_are_packed_and_each_comes_back(held: int) -> None:
    """An ordinary receipt can be read by anybody who looks into the table."""
    wanted = _receipt(held, error_name="guard_refused")
    text = text_of(wanted)
    assert receipt_of(text) == wanted
    assert text.startswith('{"packed":') is (held >= 4000)
    assert '"guard_refused"' in text  # what the totals of the metrics look for
    assert len(text) <= LONGEST
