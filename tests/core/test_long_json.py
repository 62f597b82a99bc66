"""Large values as JSON in chunks: the same text as at once, whatever is in it."""

from __future__ import annotations

import hashlib
import zlib
from datetime import date
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.core import long_json
from connecteam_sync.core.change import Change, Policy, fingerprint
from connecteam_sync.core.clocktime import StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.decision_inputs import DecisionInputs
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.long_json import array_in_chunks, in_chunks
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.engine.kept_inputs import KeptInputs, KeptSlice, packed

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 27), "Europe/Berlin")


def inputs(shifts: int) -> DecisionInputs:
    """A look at so many shifts of nine people, decided."""
    start = WINDOW.start_utc
    found = tuple(
        Shift(f'"{n:05}:0é', n % 9 + 1, 7, start + 60 * n, None, start + 60 * n + 50, "UTC", created_at=n)
        for n in range(shifts)
    )
    padded = WINDOW.padded()
    snapshot = Snapshot(
        time_clock_id=7,
        first=padded.first,
        last=padded.last,
        users=(),
        listed=frozenset(range(1, 10)),
        shifts=found,
    )
    stored = StoredState(employees={user: user for user in range(1, 10)}, mirrors=(TrackedShift(found[0]),))
    decided = plan(WINDOW, snapshot, stored, Policy())
    assert len(decided.changes) == shifts
    return DecisionInputs.of(WINDOW, snapshot, stored, Policy(), RunEvidence(), now=1, decision=decided)


def look(shifts: int) -> KeptSlice:
    """The same as it is kept."""
    return KeptSlice(time_clock_id=7, status="applied", error_name=None, inputs=inputs(shifts))


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 9, 2_000])
def test_the_pieces_are_the_text(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many items are in a chunk, also if one or none is left over; what is short stays in one."""
    monkeypatch.setattr(long_json, "AT_ONCE", at_once)
    value = look(7)
    chunks = list(in_chunks(value))
    assert b"".join(chunks) == msgspec.json.encode(value)
    assert (len(chunks) == 1) == (at_once >= 9)
    for items in ([], [1], ["a", "b"], [*"abcdefgh"]):
        assert b"".join(array_in_chunks(items)) == msgspec.json.encode(items)


@pytest.mark.parametrize("shifts", [1, 11, 40])
def test_a_look_is_kept_as_one_text(shifts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the file is the length, and the JSON of the look compressed: of one chunk, and of many."""
    monkeypatch.setattr(long_json, "AT_ONCE", 10)
    part = b"".join(packed(look(shifts)))
    assert int.from_bytes(part[:8], "big") == len(part) - 8
    assert zlib.decompress(part[8:]) == msgspec.json.encode(look(shifts))


def test_a_look_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a part of it: what is there stays readable, and a smaller look that fits is kept."""
    small, large = look(2), look(60)
    size = len(b"".join(packed(small)))
    assert packed(small, room=size)
    assert not packed(small, room=size - 1)
    monkeypatch.setattr("connecteam_sync.engine.kept_inputs.LARGEST_RUN", 2 * size + 40)
    kept = KeptInputs(tmp_path / "inputs", last=3)
    assert [kept.add(4, 9, each) for each in (small, large, small, small)] == ["", "TooLarge", "", "TooLarge"]
    assert [len(each.inputs.snapshot.shifts) for each in kept.of_run(4, 9)] == [2, 2]


def test_a_fingerprint_is_the_hash_of_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved plans and accepted refusals of earlier versions have it: it must not depend on the chunks."""
    monkeypatch.setattr(long_json, "AT_ONCE", 3)
    monkeypatch.setattr("connecteam_sync.core.change._AT_ONCE", 2)
    days = (date(2025, 12, 1), date(2025, 12, 1))
    changes = tuple(
        Change(
            kind="create",
            before=None,
            after=clock_time_of(1, n, n + 60),
            shift_id=str(n),
            user_id=1,
            days=days,
            why="new shift",
        )
        for n in range(8)
    )
    for some in (changes, changes[:3], changes[:2], ()):
        text = msgspec.json.encode((7, WINDOW, some, ()))
        assert fingerprint(7, WINDOW, some, ()) == hashlib.sha256(text).hexdigest()[:16]
