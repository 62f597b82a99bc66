"""The guards, each at its very bound (rule 7)."""

from __future__ import annotations

from datetime import date

import msgspec
from test_plan import BEN, WINDOW, after_sync, decide, kinds, reasons, said, shift

from connecteam_sync.core.change import Change, Policy
from connecteam_sync.core.clocktime import ClockTime, TrackedShift, clock_time_of
from connecteam_sync.core.guards import (
    accept_all_command,
    accept_command,
    days_at_stake,
    doubled_hours,
    empty_answer,
    too_many_deletes,
    too_many_orphans,
    users_gone,
)
from connecteam_sync.core.shift import Shift, Snapshot, User
from connecteam_sync.core.text import named
from connecteam_sync.core.window import Window


def test_a_share_of_the_people_may_be_gone_and_no_more() -> None:
    """Three of ten are thirty per cent; the fourth is a sign that the list has changed, not the company."""
    known = frozenset(range(10))
    names = {n: User(id=n, first_name=name, last_name="") for n, name in ((1, "Ida"), (2, "Jo"), (3, "Kai"))}
    assert users_gone(known, known - {1, 2, 3}, Policy(), where="the answer", names=names) is None
    refusal = users_gone(known, known - {1, 2, 3, 4}, Policy(), where="the answer", names=names)
    assert refusal is not None
    said = "4 of 10 known people are missing from the answer: Ida, Jo, Kai and user 4"
    assert (refusal.guard, refusal.message) == ("users_gone", said)


def test_one_person_may_always_be_gone() -> None:
    """However small the company; two of two are refused."""
    assert users_gone(frozenset({1, 2}), frozenset({2}), Policy(), where="the answer", names={}) is None
    assert users_gone(frozenset({1, 2}), frozenset(), Policy(), where="the answer", names={}) is not None


def test_many_names_end_in_a_number() -> None:
    """Five are told, and how many more; six are told outright, which is no longer."""
    assert named(["Jo"]) == "Jo"
    assert named("abcdef") == "a, b, c, d, e and f"
    assert named("gabcdef") == "a, b, c, d, e and 2 more"
    assert named(["Jo\nok   everything", "Ida"]) == "Ida and Jo ok everything"


def test_an_answer_without_any_shift_is_told_with_the_rows_it_is_about() -> None:
    """How many, of how many people, on which local days: 03:00 UTC is the evening before in Chicago."""
    window = Window(date(2025, 12, 1), date(2025, 12, 11), "America/Chicago")
    held = [
        TrackedShift(Shift(id=f"s{n}", user_id=user, time_clock_id=7, start=start, end=start + 60), clock_time_id=n)
        for n, (user, start) in enumerate(((1, 1_764_644_400), (1, 1_764_900_000), (2, 1_764_900_000)))
    ]
    nothing = Snapshot(
        time_clock_id=7, first=window.first, last=window.last, users=(), listed=frozenset({1, 2}), shifts=()
    )
    assert empty_answer(window, nothing, []) is None
    refusal = empty_answer(window, nothing, held)
    assert refusal is not None
    assert "no shift at all, and the table holds 3 rows of 2 people from 2025-12-01 to 2025-12-04" in refusal.message


def test_who_is_gone_and_from_where_names_a_refusal() -> None:
    """What was accepted of some people says nothing of others, of another time clock, or of another list."""
    known = frozenset(range(10))
    said = [
        users_gone(known, known - gone, Policy(), where=where, names={}, clock=clock)
        for gone, where, clock in (
            ({1, 2, 3, 4}, "a", 7),
            ({1, 2, 3, 5}, "a", 7),
            ({1, 2, 3, 4}, "a", 8),
            ({1, 2, 3, 4}, "b", 7),
        )
    ]
    assert len({refusal.fingerprint for refusal in said if refusal is not None}) == len(said)


def row(number: int, employee: int = 1, *, hours: int = 4) -> ClockTime:
    """A row of so many hours."""
    start = 1_764_600_000 + number * 86_400
    return clock_time_of(employee, start, start + hours * 3600, id=number)


def deletes(count: int) -> list[Change]:
    """So many rows that would go."""
    day = date(2025, 12, 1)
    return [
        Change(kind="delete", before=row(n), after=None, shift_id=f"s{n}", user_id=1, days=(day, day), why="")
        for n in range(count)
    ]


def test_deletes_up_to_the_larger_of_number_and_share() -> None:
    """Three, or a tenth of the rows."""
    assert too_many_deletes(deletes(3), 5, Policy()) is None
    assert too_many_deletes(deletes(4), 5, Policy()) is not None
    assert too_many_deletes(deletes(10), 100, Policy()) is None
    assert too_many_deletes(deletes(11), 100, Policy()) is not None


def test_a_refusal_says_what_it_stopped_and_is_named_by_that_alone() -> None:
    """The same rows have the same name, in any order; another row more has another one."""
    one, again, more = (too_many_deletes(d, 5, Policy()) for d in (deletes(4), deletes(4)[::-1], deletes(5)))
    assert one is not None
    assert again is not None
    assert more is not None
    assert (one.fingerprint, len(one.stopped)) == (again.fingerprint, 4)
    assert one.fingerprint != more.fingerprint
    assert "4 of 5 rows, of 1 person on 2025-12-01" in one.message
    elsewhere = too_many_deletes(deletes(4), 5, Policy(), clock=8)
    others = too_many_deletes(
        [
            msgspec.structs.replace(d, before=msgspec.structs.replace(d.image, id=9 + n))
            for n, d in enumerate(deletes(4))
        ],
        5,
        Policy(),
    )
    assert elsewhere is not None
    assert others is not None
    assert len({one.fingerprint, elsewhere.fingerprint, others.fingerprint}) == 3


def test_one_person_may_lose_all_of_three_rows_and_not_of_four() -> None:
    """Rows by hand, and those around the window, do not count as left; a word for one person is none for another."""
    days = (2, 3, 4, 5)
    mine = [shift(f"a{day}", f"{day} 08:00", f"{day} 12:00") for day in days]
    theirs = [shift(f"b{day}", f"{day} 08:00", f"{day} 12:00", user=BEN) for day in days]
    after, another = shift("late", "12 08:00", "12 12:00"), shift("x", "9 08:00", "9 12:00", user=BEN)
    stays = said(another, after)
    assert kinds(decide(stays, after_sync(*mine[1:], another, after))) == ["delete"] * 3
    stored = after_sync(*mine, another, after)
    by_hand = msgspec.structs.replace(stored.rows[0], id=99, clock_in=stored.rows[0].clock_in + 18_000, source="manual")
    stored = msgspec.structs.replace(stored, rows=(*stored.rows, by_hand))
    decision = decide(stays, stored, max_deletes=20)
    assert (kinds(decision), reasons(decision)) == ([], ["deletes_guarded"] * 4)
    both = decide(said(after), after_sync(*mine, *theirs, after), max_deletes=20)
    assert reasons(both) == ["deletes_guarded"] * 8
    word = next(hold.detail for hold in both.holds if hold.employee_id == 1).split("--accept ")[1]
    decision = decide(said(after), after_sync(*mine, *theirs, after), max_deletes=20, accepted=frozenset({word}))
    assert {change.image.employee_id for change in decision.changes} == {1}
    assert {hold.employee_id for hold in decision.holds} == {2}


def test_rows_without_a_shift_count_beside_the_others_and_are_named_alone() -> None:
    """Two of shifts and two of none, of ten rows: one more than may go, though neither is by itself."""
    found = [msgspec.structs.replace(c, shift_id=None) if n < 2 else c for n, c in enumerate(deletes(4))]
    assert too_many_orphans(found, 40, Policy()) is None
    assert too_many_orphans(deletes(4), 10, Policy()) is None
    refusal = too_many_orphans(found, 10, Policy())
    assert refusal is not None
    assert refusal.stopped == tuple(found[:2])
    assert "2 rows without a shift, of 1 person on 2025-12-01, would be deleted beside 2 others, of 10 rows" in (
        refusal.message
    )


def test_hours_that_would_come_a_second_time() -> None:
    """Three people with rows of no shift: two who would get as many hours again are refused, one is not."""

    def creates(*people: int, hours: int = 4) -> list[Change]:
        day = date(2025, 12, 1)
        rows = [msgspec.structs.replace(row(50 + p, p, hours=hours), id=None) for p in people]
        return [
            Change(
                kind="create", before=None, after=r, shift_id=f"n{r.employee_id}", user_id=1, days=(day, day), why=""
            )
            for r in rows
        ]

    had = [row(person, person, hours=5) for person in (1, 2, 3)]
    assert doubled_hours(creates(1), had, 7) is None
    assert doubled_hours(creates(1, 2, hours=3), had, 7) is None
    assert doubled_hours(creates(1, 2), had, 7) is not None
    assert doubled_hours(creates(1, 2), had[:2], 7) is None
    assert doubled_hours(creates(1, 2), [*had, row(4, 4)], 7) is None, "half of them"
    assert doubled_hours(creates(4, 5, 6), had, 7) is None


def test_what_has_no_row_is_nothing_that_an_answer_could_take() -> None:
    """Rows deleted by hand, and shifts that never got one: an empty answer that lists nobody is refused for none."""
    stored = after_sync(shift("a", "2 08:00", "2 12:00"), shift("b", "2 08:00", "2 12:00", user=BEN))
    assert {refusal.guard for refusal in decide(said(listed=set()), stored).refusals} == {"empty_answer", "users_gone"}
    lost = msgspec.structs.replace(stored, rows=())
    assert {refusal.guard for refusal in decide(said(listed=set()), lost).refusals} == {"users_gone"}
    mirrors = tuple(msgspec.structs.replace(mirror, clock_time_id=None) for mirror in stored.mirrors)
    assert decide(said(listed=set()), msgspec.structs.replace(lost, mirrors=mirrors)).refusals == ()
    around = after_sync(shift("a", "12 08:00", "12 12:00"), shift("b", "12 00:00", "12 08:00", user=BEN))
    assert decide(said(listed=set()), around).refusals == ()


def test_a_refused_night_is_looked_at_on_the_day_it_began() -> None:
    """The command names the days on which the rows that were stopped begin: a night ends on another one."""
    nights = [shift("a", "2 22:00", "3 06:00"), shift("b", "4 22:00", "5 06:00", user=BEN)]
    decision = decide(said(shift("x", "9 08:00", "9 12:00")), after_sync(*nights), max_deletes=1, max_deletes_share=0.0)
    assert [refusal.guard for refusal in decision.refusals] == ["too_many_deletes"]
    days = "--from 2025-12-02 --to 2025-12-04"
    assert days_at_stake(WINDOW, decision.refusals) == days
    word = decision.refusals[0].fingerprint
    assert accept_command(WINDOW, decision.refusals, resync=False) == f"connecteam-sync sync {days} --accept {word}"
    assert accept_command(WINDOW, decision.refusals, resync=True) == f"connecteam-sync resync {days} --accept {word}"
    listless = decide(said(listed=set()), after_sync(*nights), max_deletes=1)
    assert days_at_stake(WINDOW, listless.refusals) == "--from 2025-12-01 --to 2025-12-11"


def test_rows_of_several_people_and_days_are_told_in_the_plural() -> None:
    """By the days on which they begin."""
    found = [msgspec.structs.replace(change, shift_id=None) for change in deletes(4)]
    image = msgspec.structs.replace(found[3].image, employee_id=2)
    found[3] = msgspec.structs.replace(found[3], before=image, days=(date(2025, 12, 4), date(2025, 12, 9)))
    refusal = too_many_orphans(found, 9, Policy())
    assert refusal is not None
    assert refusal.message.startswith(
        "4 rows without a shift, of 2 people from 2025-12-01 to 2025-12-04, would be deleted"
    )


def test_the_one_command_of_a_resync_is_a_resync() -> None:
    """Also where all that was stopped is of one slice."""
    refusal = too_many_deletes(deletes(4), 5, Policy())
    assert refusal is not None
    command = accept_all_command([(WINDOW, [refusal])], WINDOW, resync=True)
    assert command == f"connecteam-sync resync --from 2025-12-01 --to 2025-12-01 --accept {refusal.fingerprint}"
