"""The order of writes (rule 12): what moves onto the key of another row waits for it, and rings go by way of 1970."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.order import StepWrite, steps, units

DAY = (date(2025, 12, 2), date(2025, 12, 2))
MIDNIGHT = 1_764_655_200
"""2 December 2025 in Chicago."""


def row(key: int, begin: float, end: float | None, employee: int = 1) -> ClockTime:
    """A row in hours after midnight."""
    until = None if end is None else MIDNIGHT + int(end * 3600)
    return clock_time_of(employee, MIDNIGHT + int(begin * 3600), until, id=key)


def change(kind: ChangeKind, before: ClockTime | None, after: ClockTime | None) -> Change:
    """One write of a plan."""
    return Change(kind=kind, before=before, after=after, shift_id=None, user_id=None, days=DAY, why="")


def moved(key: int, begin: float, to: float, *, hours: float | None = 2, employee: int = 1) -> Change:
    """A correction of a clock-in; the shift lasts as long as before, or is open."""
    old, new = (row(key, at, None if hours is None else at + hours, employee) for at in (begin, to))
    return change("update", old, new)


def ids(some: tuple[Change, ...]) -> list[int | str | None]:
    """The rows of changes."""
    return [each.image.id for each in some]


GONE = change("delete", row(1, 6, 7), None)
LENGTHENED = change("update", row(2, 20, 21), row(2, 20, 22))
NEW = change("create", None, msgspec.structs.replace(row(0, 10, 12), id=None))
LINKED = change("link", row(3, 23, 24), row(3, 23, 24))
CHAIN = (moved(11, 8, 10), moved(12, 10, 12), moved(13, 12, 14))
SWAP = (moved(21, 8, 12, employee=2), moved(22, 12, 8, employee=2))
RING = (moved(31, 8, 10, employee=3), moved(32, 10, 12, employee=3), moved(33, 12, 8, employee=3))


def test_each_write_comes_when_its_key_is_free() -> None:
    """Deletes, then moves from the free end of a chain, then what keeps its key, then creates; a link is no write."""
    found = steps([NEW, LINKED, LENGTHENED, *CHAIN, GONE])
    assert [[each.change for each in step] for step in found] == [
        [GONE],
        [CHAIN[2]],
        [CHAIN[1]],
        [CHAIN[0]],
        [LENGTHENED],
        [NEW],
    ]
    assert all(each.parked is each.from_parked is None for step in found for each in step)


@pytest.mark.parametrize("ring", [SWAP, RING])
def test_the_first_of_a_ring_is_parked_until_the_others_have_moved(ring: tuple[Change, ...]) -> None:
    """Its last write expects the row where it was parked; the others move from their own places."""
    parked, *between, last = steps(ring)
    [aside] = parked
    assert (aside.change, aside.from_parked) == (ring[0], None)
    assert between == [(StepWrite(change=each),) for each in ring[:0:-1]]
    assert last == (StepWrite(change=ring[0], from_parked=aside.parked),)


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [(2, 120), (0, 1), (None, 1)],
    ids=["as long as it was", "a minute if it had no length", "a minute if it is open"],
)
def test_a_parked_row_is_a_valid_row_of_another_time(hours: float | None, minutes: int) -> None:
    """Closed, with minutes that agree with its times, in the first days of 1970, and still of the same person."""
    swap = (moved(21, 8, 12, hours=hours, employee=2), moved(22, 12, 8, hours=hours, employee=2))
    aside = steps(swap)[0][0].parked
    assert aside is not None
    assert aside == clock_time_of(2, aside.clock_in, aside.clock_in + minutes * 60, id=21)
    assert aside.clock_in == 86_400


def test_a_row_is_parked_as_it_was() -> None:
    """Of the person and the length before its change: what it is to become comes with its last write."""
    old, new = row(1, 8, 10), row(1, 8, 13, employee=2)
    away = change("update", row(2, 8, 9, employee=2), row(2, 8, 9))
    aside = steps([change("update", old, new), away])[0][0].parked
    assert aside is not None
    assert (aside.employee_id, aside.total_minutes) == (1, 120)


def test_rows_parked_in_one_transaction_do_not_overlap() -> None:
    """A host may forbid overlaps of a person: each is parked a minute after the end of the one before."""
    again = (moved(23, 14, 18, employee=2), moved(24, 18, 14, employee=2))
    first, second = [each.parked for step in steps([*SWAP, *again]) for each in step if each.parked is not None]
    assert first.clock_out is not None
    assert second.clock_in == first.clock_out + 60


def test_the_smallest_units_are_single_changes_and_whole_rings() -> None:
    """So that a refused row holds up nobody else: only rows that exchange their clock-ins go together, all or none."""
    found = units([NEW, LINKED, LENGTHENED, *CHAIN, *SWAP, *RING, GONE])
    assert found[0] == (GONE,)
    assert found[-2:] == ((LENGTHENED,), (NEW,))
    of_chain = [ids(unit) for unit in found if unit[0].image.employee_id == 1 and unit[0] in CHAIN]
    assert of_chain == [[13], [12], [11]]
    rings = [unit for unit in found if len(unit) > 1]
    assert sorted(sorted(map(str, ids(unit))) for unit in rings) == [["21", "22"], ["31", "32", "33"]]
    assert len(found) == 3 + 3 + 2


def test_a_unit_is_in_no_other_unit() -> None:
    """Each change is tried once, and each ring begins with the change from which it is walked."""
    found = units([*RING, *SWAP])
    assert sorted(found, key=len) == [SWAP, RING]
    assert units([LENGTHENED]) == ((LENGTHENED,),)
    assert units([LINKED]) == ()
