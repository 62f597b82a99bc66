"""The planner's rules (docs/design.md), each as a sentence. Times are local Chicago times of December 2025."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.core.change import Change, Policy, SlicePlan
from connecteam_sync.core.clocktime import AppliedValues, ClockTime, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.order import steps
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import InvalidRecord, Shift, Snapshot, User
from connecteam_sync.core.window import Window, locked_day

CHICAGO = "America/Chicago"
WINDOW = Window(date(2025, 12, 1), date(2025, 12, 11), CHICAGO)
CLOCK, ANA, BEN = 7, 101, 102
EMPLOYEES = {ANA: 1, BEN: 2}


def at(text: str) -> int:
    """An instant from `day hour:minute` in December 2025, local."""
    day, clock = text.split()
    moment = datetime.fromisoformat(f"2025-12-{int(day):02}T{clock}").replace(tzinfo=ZoneInfo(CHICAGO))
    return int(moment.timestamp())


def shift(name: str, start: str, end: str | None = None, user: int = ANA, **more: Any) -> Shift:  # noqa: ANN401 - any field
    """A shift as Connecteam says it."""
    return Shift(id=name, user_id=user, time_clock_id=CLOCK, start=at(start), end=at(end) if end else None, **more)


def said(*shifts: Shift, listed: set[int] | None = None, invalid_records: tuple[InvalidRecord, ...] = ()) -> Snapshot:
    """A complete look naming Ana and Ben unless told otherwise."""
    users = tuple(User(id=u, first_name=f"Person {u}", last_name="") for u in (ANA, BEN))
    padded = WINDOW.padded()
    return Snapshot(
        time_clock_id=CLOCK,
        first=padded.first,
        last=padded.last,
        users=users,
        listed=frozenset({ANA, BEN} if listed is None else listed),
        shifts=shifts,
        invalid_records=invalid_records,
    )


def after_sync(*shifts: Shift) -> StoredState:
    """The database once these shifts were applied: rows 1, 2, … in their order."""
    rows, mirrors = [], []
    for number, item in enumerate(shifts, start=1):
        row = clock_time_of(EMPLOYEES[item.user_id], item.start, item.end, id=number)
        rows.append(row)
        applied = AppliedValues(employee_id=row.employee_id, clock_in=row.clock_in, clock_out=row.clock_out)
        mirrors.append(TrackedShift(shift=item, clock_time_id=number, applied=applied))
    return StoredState(rows=tuple(rows), mirrors=tuple(mirrors), employees=EMPLOYEES)


def decide(
    snapshot: Snapshot,
    stored: StoredState,
    *,
    evidence: RunEvidence | None = None,
    **policy: Any,  # noqa: ANN401 - any policy
) -> SlicePlan:
    """The plan of the eleven days."""
    return plan(WINDOW, snapshot, stored, Policy(**policy), evidence)


def kinds(decision: SlicePlan) -> list[str]:
    """What it does, as words."""
    return [change.kind for change in decision.changes]


def reasons(decision: SlicePlan) -> list[str]:
    """What it holds, as words."""
    return [hold.reason for hold in decision.holds]


MORNING = shift("a", "2 08:00", "2 12:00")


@pytest.mark.parametrize("afternoon", ["2 14:00", "2 13:00", "2 12:04"])
def test_two_shifts_of_a_day_are_two_rows(afternoon: str) -> None:
    """Six hours after the first, five hours, or four minutes after its end: distance decides nothing (rule 1)."""
    decision = decide(said(MORNING, shift("b", afternoon, "2 18:00")), after_sync(MORNING))
    assert kinds(decision) == ["create"]
    assert decision.counts.unchanged == 1


def test_an_unchanged_window_plans_nothing_at_all() -> None:
    """The second run finds nothing to write, in the table or in the memory (rule 13)."""
    decision = decide(said(MORNING), after_sync(MORNING))
    assert not decision.changes
    assert not decision.holds
    assert not decision.mirrors


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (shift("a", "2 08:00"), shift("a", "2 08:00", "2 17:00"), "clocked out"),
        (shift("a", "2 08:00", "2 17:00"), shift("a", "2 08:15", "2 17:00"), "clock-in corrected"),
        (shift("a", "2 08:00", "2 17:00"), shift("a", "2 14:00", "2 17:00"), "clock-in corrected"),
        (shift("a", "2 08:00", "2 17:00"), shift("a", "2 08:00", "2 16:30"), "clock-out corrected"),
        (shift("a", "2 08:00", "2 17:00"), shift("a", "2 08:00", "2 17:30"), "clock-out corrected"),
        (shift("a", "2 08:00", "2 17:00"), shift("a", "2 08:00"), "re-opened"),
        (shift("a", "2 08:00", "2 17:00"), shift("a", "2 08:00", "2 17:00", BEN), "moved to another employee"),
        (shift("a", "1 00:10", "1 06:00"), shift("a", "1 23:50", "2 06:00"), "clock-in corrected, clock-out corrected"),
    ],
)
def test_a_correction_updates_the_same_row(before: Shift, now: Shift, why: str) -> None:
    """Whatever moved, the row keeps its primary key and gets exactly what Connecteam says (rule 4)."""
    decision = decide(said(now), after_sync(before))
    (change,) = decision.changes
    assert (change.kind, change.why) == ("update", why)
    assert change.after == clock_time_of(EMPLOYEES[now.user_id], now.start, now.end, id=1)


def test_a_shift_that_moves_out_of_the_window_keeps_its_row() -> None:
    """A clock-in corrected to before midnight of the first day is seen in the padding and followed."""
    before, now = shift("a", "1 00:10", "1 06:00"), msgspec.structs.replace(shift("a", "1 00:10", "1 06:00"))
    now = msgspec.structs.replace(now, start=now.start - 1200)
    assert kinds(decide(said(now), after_sync(before))) == ["update"]


def test_a_shift_of_the_padding_belongs_to_another_window() -> None:
    """A night shift that began the evening before the first day is not this window's."""
    night = msgspec.structs.replace(shift("a", "1 06:00"), start=at("1 00:00") - 7200)
    assert decide(said(night), StoredState(employees=EMPLOYEES)).counts.total_shifts == 0


def test_a_replaced_id_inherits_the_row() -> None:
    """Connecteam approves a geofence exception: old id gone, new id with the same clock-in, same key (rule 2)."""
    new = shift("b", "2 08:00", "2 12:30")
    decision = decide(said(new), after_sync(MORNING))
    (change,) = decision.changes
    assert (change.kind, change.image.id, change.shift_id) == ("update", 1, "b")
    assert {m.shift.id: (m.clock_time_id, m.is_gone) for m in decision.mirrors} == {"a": (None, True), "b": (1, False)}


def test_an_unlinked_row_of_ours_is_adopted_by_exact_clock_in_only() -> None:
    """A row without an id, on exactly the clock-in, is linked; one a second away is an orphan."""
    exact = StoredState(rows=(clock_time_of(1, at("2 08:00"), at("2 12:00"), id=5),), employees=EMPLOYEES)
    near = StoredState(rows=(clock_time_of(1, at("2 08:00") + 1, at("2 12:00"), id=5),), employees=EMPLOYEES)
    assert kinds(decide(said(MORNING), exact)) == ["link"]
    assert (kinds(decide(said(MORNING), near)), reasons(decide(said(MORNING), near))) == (["create"], ["orphan"])


def test_a_manual_row_is_never_written() -> None:
    """A shift that needs a hand-entered row's key is held (rule 3)."""
    manual = ClockTime(
        id=9, employee_id=1, clock_in=at("2 08:00"), clock_out=None, total_minutes=None, is_active=True, source="manual"
    )
    decision = decide(said(MORNING), StoredState(rows=(manual,), employees=EMPLOYEES))
    assert not decision.changes
    assert reasons(decision) == ["manual_row"]


def test_a_manual_row_that_says_the_same_is_no_row_of_ours() -> None:
    """It stands where the shift's row would stand, so the shift is held: nobody takes a hand-entered row over."""
    by_hand = clock_time_of(1, MORNING.start, MORNING.end, id=5)
    stored = StoredState(rows=(msgspec.structs.replace(by_hand, source="manual"),), employees=EMPLOYEES)
    decision = decide(said(MORNING), stored)
    assert (kinds(decision), reasons(decision)) == ([], ["manual_row"])
    assert decision.mirrors[0].clock_time_id is None


def test_a_shift_gone_that_ran_past_the_days_asked_for_is_held() -> None:
    """Where the API selects by the end, its absence says nothing; one that ends inside is deleted."""
    _, edge = WINDOW.surely_covered
    inside, past = (
        shift("in", "11 08:00", "11 12:00"),
        msgspec.structs.replace(shift("past", "11 20:00"), end=edge),
    )
    decision = decide(said(MORNING), after_sync(MORNING, inside, past))
    assert [change.shift_id for change in decision.changes] == ["in"]
    assert reasons(decision) == ["window_edge"]
    early = msgspec.structs.replace(past, end=edge - 1)
    assert kinds(decide(said(MORNING), after_sync(MORNING, early))) == ["delete"]


def test_an_unmapped_person_is_held_and_remembered_then_written() -> None:
    """The shift waits in the memory; once the mapping exists the next run writes it (rule 8)."""
    decision = decide(said(MORNING), StoredState())
    assert (kinds(decision), reasons(decision)) == ([], ["unmapped_user"])
    assert [hold.employee_id for hold in decision.holds] == [None]
    assert [m.shift for m in decision.mirrors] == [MORNING]
    assert kinds(decide(said(MORNING), StoredState(mirrors=decision.mirrors, employees=EMPLOYEES))) == ["create"]


def test_create_mode_makes_the_employee_with_the_shift() -> None:
    """A new person costs nobody a mapping: the row and the employee come in one plan."""
    decision = decide(said(MORNING), StoredState(), employees="create")
    assert [(n.user_id, n.name) for n in decision.new_employees] == [(ANA, f"Person {ANA}")]
    assert decision.changes[0].image.employee_id == -ANA


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_exact_duplicates_get_one_row_and_one_hold(order: tuple[str, str]) -> None:
    """The shift created first gets the row, whatever the order of the answer or of the ids (rule 5)."""
    created = {"a": 2, "b": 1}
    twins = [shift(name, "2 08:00", "2 12:00", created_at=created[name]) for name in order]
    decision = decide(said(*twins), StoredState(employees=EMPLOYEES))
    assert [change.shift_id for change in decision.changes] == ["b"]
    assert [(hold.reason, hold.shift_id) for hold in decision.holds] == [("duplicate_clock_in", "a")]


def test_a_shift_that_is_gone_from_a_listed_user_is_deleted() -> None:
    """The user is named without the shift: that is evidence (rule 6)."""
    kept = shift("k", "3 08:00", "3 12:00")
    assert kinds(decide(said(kept), after_sync(MORNING, kept))) == ["delete"]


def test_a_shift_that_comes_back_is_remembered_as_living() -> None:
    """It was gone while its day was closed, so its row stood; now it is there again, exactly as it was."""
    work = shift("a", "2 08:00", "2 12:00")
    stored = after_sync(work)
    gone = tuple(msgspec.structs.replace(mirror, is_gone=True) for mirror in stored.mirrors)
    decision = decide(said(work), msgspec.structs.replace(stored, mirrors=gone))
    assert (decision.changes, decision.mirrors) == ((), stored.mirrors)


def test_a_user_who_is_not_listed_proves_nothing() -> None:
    """The rows of a person who vanished from the answer stay, visibly."""
    other = shift("k", "3 08:00", "3 12:00", BEN)
    decision = decide(said(other, listed={BEN}), after_sync(MORNING, other))
    assert (kinds(decision), reasons(decision)) == ([], ["user_not_listed"])


def test_an_impossible_record_blocks_deletes_of_its_user_only() -> None:
    """Ana's record cannot be believed: her rows stay; Ben's deleted shift goes (rule 10)."""
    bens, kept = shift("b", "2 09:00", "2 12:00", BEN), shift("k", "3 09:00", "3 12:00", BEN)
    invalid_record = InvalidRecord(kind="shift", problem="end before start", value="…", user_id=ANA, activity_id="x")
    decision = decide(said(kept, invalid_records=(invalid_record,)), after_sync(MORNING, bens, kept))
    assert [change.shift_id for change in decision.changes] == ["b"]
    assert reasons(decision) == ["impossible_record", "impossible_record"]


def test_nothing_on_a_locked_day_changes() -> None:
    """The difference is held with its minutes, also where only the row's old day is locked."""
    stored = msgspec.structs.replace(after_sync(MORNING), locked=(locked_day(date(2025, 12, 2), CHICAGO),))
    decision = decide(said(shift("a", "3 08:00", "3 12:30")), stored)
    assert not decision.changes
    assert [(hold.reason, hold.minutes) for hold in decision.holds] == [("locked_day", 30)]


@pytest.mark.parametrize(("choice", "expected"), [("restore", (["update"], [])), ("keep", ([], ["local_edit"]))])
def test_an_edit_behind_our_back_is_drift(choice: str, expected: tuple[list[str], list[str]]) -> None:
    """Restored by default, held where the configuration says keep (rule 11)."""
    stored = after_sync(MORNING)
    edited = msgspec.structs.replace(stored.rows[0], clock_out=at("2 11:00"), total_minutes=180)
    decision = decide(said(MORNING), msgspec.structs.replace(stored, rows=(edited,)), local_edits=choice)
    assert (kinds(decision), reasons(decision)) == expected


def test_an_answer_without_any_shift_is_refused() -> None:
    """Upstream silence is never data."""
    assert [r.guard for r in decide(said(), after_sync(MORNING)).refusals] == ["empty_answer"]


def test_more_deletes_than_the_guard_lets_through_are_refused() -> None:
    """Four of five rows gone is a sign that the answer changed, not the company; three are let through."""
    five = [shift(f"s{n}", f"{n} 08:00", f"{n} 12:00") for n in range(2, 7)]
    assert [r.guard for r in decide(said(five[0]), after_sync(*five)).refusals] == ["too_many_deletes"]
    assert not decide(said(*five[:2]), after_sync(*five)).refusals


def test_swapped_clock_ins_keep_both_primary_keys() -> None:
    """Two corrected clock-ins that change places go through a parked row, never through delete and insert (rule 12)."""
    a, b = shift("a", "2 08:00", "2 09:00"), shift("b", "2 10:00", "2 11:00")
    now = (msgspec.structs.replace(a, start=b.start, end=b.end), msgspec.structs.replace(b, start=a.start, end=a.end))
    stored = after_sync(a, b)
    decision = decide(said(*now), stored)
    table = replay(stored, decision.changes)
    assert {row_id: key[1] for row_id, key in table.items()} == {1: b.start, 2: a.start}


def test_a_change_whose_key_is_kept_is_held_with_all_that_wait_for_it() -> None:
    """A locked row keeps its key, so the shift that moves onto it waits, and so does the one behind that."""
    one, two, three = (shift(n, f"{d} 08:00", f"{d} 09:00") for n, d in (("a", 2), ("b", 3), ("c", 4)))
    stored = msgspec.structs.replace(after_sync(one, two, three), locked=(locked_day(date(2025, 12, 2), CHICAGO),))
    moved = (
        shift("a", "5 08:00", "5 09:00"),
        shift("b", "2 08:00", "2 09:00"),
        shift("c", "3 08:00", "3 09:00"),
    )
    decision = decide(said(*moved), stored)
    assert not decision.changes
    assert sorted(reasons(decision)) == ["duplicate_clock_in", "locked_day", "locked_day"]


def replay(stored: StoredState, changes: tuple[Change, ...]) -> dict[RowId, tuple[RowId, int]]:
    """Execute the ordered steps on (id -> key), failing where any write meets a taken key."""
    table = {row.id: row.key for row in stored.rows if row.id is not None}
    for step in steps(changes):
        before = set(table.values())
        for move in step:
            row_id, image = move.change.image.id, move.change.after
            assert row_id is not None
            if image is None:
                del table[row_id]
                continue
            key = (move.parked or image).key
            assert key == table.get(row_id) or key not in before, "a step moved a row onto a key somebody still holds"
            table[row_id] = key
    assert len(set(table.values())) == len(table)
    return table


def test_a_row_that_keeps_its_key_is_corrected_beside_its_double() -> None:
    """A table without a unique key holds a clock-in twice: one row is the shift's, the other is in nobody's way."""
    item = shift("a", "2 08:00", "2 17:00")
    rows = tuple(clock_time_of(1, item.start, at("2 16:00"), id=number) for number in (1, 2))
    decision = decide(said(item), StoredState(rows=rows, employees=EMPLOYEES), orphans="ignore")
    assert [(change.kind, change.image.id) for change in decision.changes] == [("update", 1)]
    assert not decision.holds


def test_of_several_gone_shifts_the_one_whose_row_has_the_key_is_replaced() -> None:
    """Whatever order they are stored in: its row stays as it is, and the other's goes."""
    stored = after_sync(MORNING, msgspec.structs.replace(MORNING, id="b"))
    moved = msgspec.structs.replace(stored.rows[0], clock_in=at("2 07:00"))
    for mirrors in (stored.mirrors, stored.mirrors[::-1]):
        decision = decide(
            said(msgspec.structs.replace(MORNING, id="n")),
            msgspec.structs.replace(stored, rows=(moved, stored.rows[1]), mirrors=mirrors),
        )
        found = sorted((c.kind, c.shift_id, c.image.id) for c in decision.changes)
        assert found == [("delete", "a", 1), ("link", "n", 2)]


def test_a_row_edited_to_what_another_shift_becomes_is_not_taken_for_its_row() -> None:
    """The other shift has a row as it was applied: that one is corrected, and this one goes with its shift."""
    other = shift("b", "3 08:00", "3 12:00")
    now = msgspec.structs.replace(other, start=at("4 08:00"), end=at("4 12:00"))
    stored = after_sync(MORNING, other)
    edited = msgspec.structs.replace(stored.rows[0], clock_in=now.start, clock_out=now.end)
    decision = decide(said(now), msgspec.structs.replace(stored, rows=(edited, stored.rows[1])))
    found = sorted((c.kind, c.shift_id, c.image.id) for c in decision.changes)
    assert found == [("delete", "a", 1), ("update", "b", 2)]
