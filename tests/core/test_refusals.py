"""What a refusal says, word for word, what names it, and the command that lets through exactly that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import pytest
from test_guards import deletes, row
from test_plan import ANA, BEN, CHICAGO, EMPLOYEES, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.change import Change, Policy, Refusal
from connecteam_sync.core.clocktime import StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.guards import (
    accept_all_command,
    accept_command,
    accept_options,
    days_at_stake,
    doubled_hours,
    empty_answer,
    let_through,
    refusals,
    rows_of_listed,
    too_many_deletes,
    too_many_orphans,
    users_gone,
)
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import InvalidRecord, User
from connecteam_sync.core.window import Window

DAY = date(2025, 12, 1)
LINKING = "connecteam-sync adopt --apply --link-minutes"


def refused(name: str = "f", *days: int, lacks_seconds: bool = False) -> Refusal:
    """A refusal that stopped deletes on these days of December."""
    stopped = [msgspec.structs.replace(deletes(1)[0], days=(date(2025, 12, day), date(2025, 12, 31))) for day in days]
    return Refusal(
        guard="too_many_deletes", message="m", fingerprint=name, stopped=tuple(stopped), lacks_seconds=lacks_seconds
    )


def without_shift(changes: Iterable[Change]) -> list[Change]:
    """Of rows without a shift."""
    return [msgspec.structs.replace(change, shift_id=None) for change in changes]


# -- what they say -----------------------------------------------------------------------------------------------------


def test_too_many_deletes_are_told_with_people_days_and_the_limit() -> None:
    """The share counts whole rows, rounded down."""
    two_people = deletes(4)
    image = msgspec.structs.replace(two_people[3].image, employee_id=2)
    two_people[3] = msgspec.structs.replace(two_people[3], before=image, days=(date(2025, 12, 4), date(2025, 12, 9)))
    refusal = too_many_deletes(two_people, 39, Policy())
    assert refusal is not None
    assert refusal.message == (
        "4 of 39 rows, of 2 people from 2025-12-01 to 2025-12-04, would be deleted;"
        " without a person's word at most 3 may be"
    )
    assert (refusal.guard, refusal.stopped, refusal.lacks_seconds) == ("too_many_deletes", tuple(two_people), False)
    assert too_many_deletes(two_people, 40, Policy()) is None
    many = too_many_deletes(deletes(1001), 10_009, Policy())
    assert many is not None
    assert many.message.startswith("1,001 of 10,009 rows, of 1 person on 2025-12-01, would be deleted;")
    assert many.message.endswith("at most 1,000 may be")
    [alone] = deletes(1)
    one = too_many_deletes([alone], 1, Policy(max_deletes=0))
    assert one is not None
    assert one.message.startswith("1 of 1 row, of 1 person on 2025-12-01, would be deleted;")


def test_too_many_rows_without_a_shift_are_told_beside_the_others() -> None:
    """Rows of every time clock; at the very limit nothing is refused."""
    orphans, others = without_shift(deletes(3)), deletes(2)
    refusal = too_many_orphans([*orphans, *others], 49, Policy())
    assert refusal is not None
    assert refusal.message == (
        "3 rows without a shift, of 1 person on 2025-12-01, would be deleted beside 2 others, of 49 rows of every time"
        " clock; without a person's word at most 4 may be"
    )
    assert (refusal.guard, refusal.stopped) == ("too_many_deletes", tuple(orphans))
    assert too_many_orphans([*orphans, *others], 50, Policy()) is None
    alone = too_many_orphans(without_shift(deletes(1)), 1, Policy(max_deletes=0))
    assert alone is not None
    assert alone.message == (
        "1 row without a shift, of 1 person on 2025-12-01, would be deleted, of 1 row of every time clock;"
        " without a person's word at most 0 may be"
    )


def test_rows_without_a_shift_have_one_name_whatever_goes_beside_them() -> None:
    """They belong to no time clock; as deletes of shifts the same rows have another name."""
    orphans = without_shift(deletes(4))
    one, beside = too_many_orphans(orphans, 5, Policy()), too_many_orphans([*orphans, *deletes(2)], 5, Policy())
    linked = too_many_deletes(orphans, 5, Policy())
    assert one is not None
    assert beside is not None
    assert linked is not None
    assert one.fingerprint == beside.fingerprint != linked.fingerprint


def test_an_answer_with_records_that_cannot_be_believed_is_told_as_such() -> None:
    """Only shifts among them count; and a single row is told in the singular."""
    held = [TrackedShift(shift("a", "2 08:00", "2 12:00"), clock_time_id=4)]
    bad = [InvalidRecord(kind=kind, problem="p", value="v") for kind in ("shift", "shift", "break")]
    plain, odd = (empty_answer(WINDOW, said(invalid_records=tuple(records)), held) for records in ((), bad))
    assert plain is not None
    assert odd is not None
    told = "and the table holds 1 row of 1 person on 2025-12-02"
    assert plain.message == f"Connecteam's answer has no shift at all, {told}"
    assert odd.message == f"Connecteam's answer has no shift that can be believed (2 cannot), {told}"
    assert (plain.guard, plain.stopped) == ("empty_answer", ())
    assert empty_answer(WINDOW, said(shift("x", "2 08:00")), held) is None
    names = {
        refusal.fingerprint
        for refusal in (
            plain,
            empty_answer(WINDOW, said(), [msgspec.structs.replace(held[0], clock_time_id=5)]),
            empty_answer(WINDOW, said(), [TrackedShift(shift("a", "2 08:01", "2 12:00"), clock_time_id=4)]),
            empty_answer(WINDOW, msgspec.structs.replace(said(), time_clock_id=8), held),
        )
        if refusal is not None
    }
    assert len(names) == 4


def test_people_gone_are_told_by_name_and_where() -> None:
    """More than the share, and more than one."""
    names = {1: User(id=1, first_name="Ida", last_name="Moss")}
    refusal = users_gone(frozenset({1, 2}), frozenset(), Policy(), where="the answer", names=names)
    assert refusal is not None
    assert refusal.message == "2 of 2 known people are missing from the answer: Ida Moss and user 2"
    known = frozenset(range(1000, 4000))
    many = users_gone(known, frozenset(), Policy(), where="a list", names={})
    assert many is not None
    assert many.message.startswith("3,000 of 3,000 known people are missing from a list: user 1000, user 1001,")
    assert many.message.endswith(" and 2,995 more")
    assert users_gone(known, frozenset(), Policy(max_users_gone_share=1.0), where="a list", names={}) is None


def created(employee: int, minutes: int, number: int = 50, seconds: int = 0) -> Change:
    """A new row of so many minutes."""
    begin = row(number).clock_in + seconds
    image = clock_time_of(employee, begin, begin + minutes * 60)
    return Change(kind="create", before=None, after=image, shift_id=f"n{number}", user_id=1, days=(DAY, DAY), why="")


def test_doubled_hours_are_refused_from_four_fifths_on_for_most_of_the_people() -> None:
    """Of each person's hours, all rows together; those who get nothing new count for the people."""
    had = [row(person, person, hours=5) for person in (1, 2, 3)]
    bound = [created(1, 240), created(2, 120, 50), created(2, 120, 51)]
    refusal = doubled_hours(bound, had, 7)
    assert refusal is not None
    assert refusal.guard == "doubled_hours"
    assert refusal.message == (
        "2 of 3 people with rows of ours that match no shift would get as many hours again: the rows may be the same"
        " shifts at other times (a time zone? times that were rounded?)"
    )
    assert (refusal.lacks_seconds, refusal.stopped) == (False, ())
    assert doubled_hours([created(1, 240), created(2, 239)], had, 7) is None
    assert doubled_hours([created(1, 240), created(2, 240)], [*had, row(9, 3)], 7) is not None
    assert doubled_hours([created(1, 240), created(2, 240)], [*had, row(9, 2)], 7) is None
    still_open = [msgspec.structs.replace(one, clock_out=None, total_minutes=None) for one in had]
    assert doubled_hours([created(1, 0), created(2, 0), created(3, 0)], still_open, 7) is None


def test_doubled_hours_are_named_by_clock_and_new_rows() -> None:
    """New rows of people without such rows are no part of it."""
    had = [row(person, person, hours=5) for person in (1, 2, 3)]
    two = [created(1, 300), created(2, 300)]
    same, stranger, other, clock = (
        doubled_hours(creates, had, number)
        for creates, number in ((two[::-1], 7), ([*two, created(4, 300)], 7), ([*two, created(3, 1)], 7), (two, 8))
    )
    first = doubled_hours(two, had, 7)
    assert None not in (first, same, stranger, other, clock)
    names = [refusal.fingerprint for refusal in (first, same, stranger, other, clock) if refusal is not None]
    assert names[0] == names[1] == names[2]
    assert len(set(names)) == 3


def test_rows_that_lack_only_their_seconds_are_linked_instead() -> None:
    """The refusal says so, and so does its command."""
    had = [msgspec.structs.replace(row(person, person)) for person in (1, 2, 3)]
    had = [clock_time_of(one.employee_id, at("2 08:00"), at("2 12:00"), id=one.id) for one in had]
    new = [
        msgspec.structs.replace(
            created(person, 240), after=clock_time_of(person, at("2 08:00") + 41, at("2 12:00") + 7)
        )
        for person in (1, 2)
    ]
    refusal = doubled_hours(new, had, 7)
    assert refusal is not None
    assert refusal.lacks_seconds
    assert refusal.message.endswith(
        "the rows may be the same shifts at other times; 2 rows of yours agree with a shift but for the seconds:"
        " connecteam-sync adopt shows and links them"
    )


def test_only_people_of_the_time_clock_get_new_rows_from_it() -> None:
    """Rows of others are in nobody's way; a user without an employee is nobody."""
    stored = StoredState(employees=EMPLOYEES)
    rows = [row(1, 1), row(2, 2), row(3, 3)]
    assert rows_of_listed(rows, stored, said(listed={ANA, 999})) == (rows[0],)
    assert rows_of_listed(rows, stored, said(listed={ANA, BEN})) == tuple(rows[:2])
    assert rows_of_listed(rows, stored, said(listed=set())) == ()


# -- all of them together ----------------------------------------------------------------------------------------------


def guards_of(*, stored: StoredState | None = None, listed: set[int] | None = None, **more: Any) -> list[str]:  # noqa: ANN401
    """Which guards refuse a look, of which nothing else is odd."""
    fields: dict[str, Any] = {"rows": 5, "rows_of_all": 5, "deletes": ()}
    answer = said(shift("x", "9 08:00", "9 09:00"), listed=listed)
    known = StoredState(employees=EMPLOYEES) if stored is None else stored
    found = refusals(WINDOW, answer, known, Policy(), **{**fields, **more})
    return [f"{one.guard}{' of orphans' if 'without a shift' in one.message else ''}" for one in found]


def test_deletes_of_shifts_and_of_other_rows_have_guards_of_their_own() -> None:
    """The former by the rows of the time clock, the latter by those of every clock, with all that go."""
    linked, orphans = deletes(4), without_shift(deletes(4))
    assert guards_of(deletes=linked) == ["too_many_deletes"]
    assert guards_of(deletes=orphans) == ["too_many_deletes of orphans"]
    assert guards_of(deletes=[*linked, *orphans]) == ["too_many_deletes", "too_many_deletes of orphans"]
    assert guards_of(deletes=linked, rows=40) == []
    assert guards_of(deletes=orphans, rows_of_all=40) == []
    assert guards_of(deletes=[*linked[:3], *orphans[:3]], rows_of_all=59) == ["too_many_deletes of orphans"]
    assert guards_of() == []


def test_people_with_rows_of_these_days_are_missed_in_the_answer() -> None:
    """Not those of other days, of another time clock, or without a row; and those of the account in its list."""
    two = [shift("a", "2 08:00", "2 12:00"), shift("b", "2 08:00", "2 12:00", user=BEN)]
    stored = after_sync(*two)
    assert guards_of(stored=stored, listed=set()) == ["users_gone"]
    assert guards_of(stored=stored, listed={ANA}) == []
    first = after_sync(*[msgspec.structs.replace(one, start=WINDOW.start_utc) for one in two])
    assert guards_of(stored=first, listed=set()) == ["users_gone"]
    after = after_sync(*[msgspec.structs.replace(one, start=WINDOW.end_utc, end=WINDOW.end_utc + 60) for one in two])
    assert guards_of(stored=after, listed=set()) == []
    elsewhere = after_sync(*[msgspec.structs.replace(one, time_clock_id=8) for one in two])
    assert guards_of(stored=elsewhere, listed=set()) == []
    bare = tuple(msgspec.structs.replace(one, clock_time_id=None) for one in stored.mirrors)
    assert guards_of(stored=msgspec.structs.replace(stored, mirrors=bare), listed=set()) == []
    known = StoredState(employees=EMPLOYEES, known_users=frozenset({ANA, BEN, 1, 2}))
    assert guards_of(stored=known) == ["users_gone"]
    assert guards_of(stored=msgspec.structs.replace(known, known_users=frozenset({ANA, BEN, 1}))) == []


def test_names_of_people_gone_are_those_of_now_or_of_before() -> None:
    """Somebody who is in neither list has a number."""
    two = [shift("a", "2 08:00", "2 12:00"), shift("b", "2 08:00", "2 12:00", user=BEN)]
    was = {ANA: User(id=ANA, first_name="Old", last_name=""), 5: User(id=5, first_name="Gone", last_name="")}
    stored = msgspec.structs.replace(after_sync(*two), users=was, known_users=frozenset({5, 6}))
    answer = said(shift("x", "9 08:00"), listed=set())
    first, second = refusals(WINDOW, answer, stored, Policy(), rows=5, rows_of_all=5, deletes=())
    assert first.message == ("2 of 2 known people are missing from the time clock's answer: Person 101 and Person 102")
    assert second.message == "2 of 2 known people are missing from Connecteam's list of users: Gone and user 6"


def test_hours_are_doubled_only_where_old_rows_stay() -> None:
    """Those that go at the end of the run double nothing, unless a guard may stop that; nor do new rows that wait."""
    employees = {1: 1, 2: 2, 3: 3}
    stored = StoredState(employees=employees)
    old = [row(person, person) for person in (1, 2, 3)]
    new = [created(person, 240) for person in (1, 2, 3)]
    of: dict[str, Any] = {"stored": stored, "listed": {1, 2, 3}, "unlinked": old}
    assert guards_of(changes=new, **of) == ["doubled_hours"]
    assert guards_of(changes=new, orphans_go=True, **of) == []
    more = [*old, row(4, 1)]
    assert guards_of(changes=new, orphans_go=True, **{**of, "unlinked": more}) == ["doubled_hours"]
    assert guards_of(changes=new, orphans_go=True, rows_of_all=40, **{**of, "unlinked": more}) == []
    assert guards_of(changes=new, **{**of, "listed": {1, 2}}) == []
    assert guards_of(deferred=new, **of) == []
    assert guards_of(changes=new[:1], deferred=new[1:], **of) == []
    assert guards_of(changes=new[:2], deferred=new[2:], **of) == ["doubled_hours"]
    by_minute = [clock_time_of(one, at("2 08:00"), at("2 12:00"), id=one) for one in (1, 2, 3)]
    exact = [
        msgspec.structs.replace(one, after=clock_time_of(one.image.employee_id, at("2 08:00") + 41, at("2 12:00") + 7))
        for one in new
    ]
    assert guards_of(deferred=exact, **{**of, "unlinked": by_minute}) == ["doubled_hours"]
    corrected = [msgspec.structs.replace(one, kind="update") for one in new]
    assert guards_of(changes=corrected, **of) == []


def test_a_word_still_fits_after_an_upgrade() -> None:
    """It is a hash of guard, time clock and rows, spelled out here, since people keep such words."""

    def word(*parts: object) -> str:
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()[:16]

    rows = [[change.image.id, 1, change.image.clock_in] for change in deletes(4)]
    held = [TrackedShift(shift("a", "2 08:00", "2 12:00"), clock_time_id=4)]
    old, new = [row(who, who) for who in (1, 2, 3)], [created(who, 240) for who in (1, 2, 3)]
    found = (
        too_many_deletes(deletes(4), 5, Policy(), 7),
        too_many_orphans(without_shift(deletes(4)), 5, Policy()),
        empty_answer(WINDOW, said(), held),
        users_gone(frozenset({1, 2}), frozenset(), Policy(), where="the answer", names={}, clock=7),
        doubled_hours(new, old, 7),
    )
    assert [one.fingerprint for one in found if one is not None] == [
        word("too_many_deletes", 7, rows),
        word("too_many_orphans", 0, rows),
        word("empty_answer", 7, [[4, ANA, at("2 08:00")]]),
        word("users_gone the answer", 7, [[1], [2]]),
        word("doubled_hours", 7, [[who, new[0].image.clock_in] for who in (1, 2, 3)]),
    ]


def test_a_look_names_what_it_stopped_by_its_time_clock() -> None:
    """As each guard does by itself, so that a word for one time clock lets nothing through on another."""
    two = [shift("a", "2 08:00", "2 12:00"), shift("b", "2 08:00", "2 12:00", user=BEN)]
    stored, linked, orphans = after_sync(*two), deletes(4), without_shift(deletes(4))
    found = refusals(
        WINDOW, said(shift("x", "9 08:00"), listed=set()), stored, Policy(), rows=5, rows_of_all=5, deletes=linked
    )
    where = "the time clock's answer"
    expected = (
        too_many_deletes(linked, 5, Policy(), 7),
        users_gone(frozenset({ANA, BEN}), frozenset(), Policy(), where=where, names={}, clock=7),
    )
    assert [one.fingerprint for one in found] == [one.fingerprint for one in expected if one is not None]
    nothing = refusals(WINDOW, said(), stored, Policy(), rows=5, rows_of_all=5, deletes=orphans)
    of_all = (too_many_orphans(orphans, 5, Policy()), empty_answer(WINDOW, said(), stored.mirrors))
    assert [one.fingerprint for one in nothing] == [one.fingerprint for one in of_all if one is not None]
    old, new = [row(who, who) for who in (1, 2, 3)], [created(who, 240) for who in (1, 2, 3)]
    known, answer = StoredState(employees={1: 1, 2: 2, 3: 3}), said(shift("x", "9 08:00"), listed={1, 2, 3})
    for changes, deferred in ((new, []), (new[:2], new[2:])):
        [doubled] = refusals(
            WINDOW,
            answer,
            known,
            Policy(),
            rows=5,
            rows_of_all=5,
            deletes=(),
            changes=changes,
            deferred=deferred,
            unlinked=old,
        )
        by_itself = doubled_hours(changes, old, 7)
        assert by_itself is not None
        assert doubled.fingerprint == by_itself.fingerprint


# -- how they are let through ------------------------------------------------------------------------------------------


def test_a_word_lets_through_exactly_what_it_names() -> None:
    """All of it together: one row more or less is another name; of another time clock, too."""
    linked, orphans = deletes(3), without_shift(deletes(5)[3:])
    every = [*linked, *orphans]

    def rows(accepted: Iterable[Refusal | None], clock: int = 7) -> set[RowId]:
        names = frozenset(one.fingerprint for one in accepted if one is not None)
        return let_through(every, clock, Policy(accepted=names))

    tight = Policy(max_deletes=0, max_deletes_share=0.0)
    of_linked, of_orphans = too_many_deletes(linked, 9, tight, 7), too_many_orphans(every, 9, tight)
    assert rows([of_linked]) == {change.image.id or 0 for change in linked}
    assert rows([of_orphans]) == {3, 4}
    assert rows([of_linked, of_orphans]) == {0, 1, 2, 3, 4}
    assert rows([of_linked], clock=8) == set()
    assert rows([too_many_deletes(linked[:2], 9, tight, 7)]) == set()
    assert rows([]) == set()


@pytest.mark.parametrize(
    ("refused_now", "days"),
    [
        ([refused("f", 4)], "--from 2025-12-04 --to 2025-12-04"),
        ([refused("f", 4, 2), refused("g", 9)], "--from 2025-12-02 --to 2025-12-09"),
        ([refused("f", 4), refused("g")], "--from 2025-12-01 --to 2025-12-11"),
        ([refused("f")], "--from 2025-12-01 --to 2025-12-11"),
        ([], "--from 2025-12-01 --to 2025-12-11"),
    ],
)
def test_the_days_at_stake_are_those_of_the_rows_that_were_stopped(refused_now: list[Refusal], days: str) -> None:
    """The whole window if some guard stopped no rows by name."""
    assert days_at_stake(WINDOW, refused_now) == days


def test_words_are_given_once_and_those_from_before_come_first() -> None:
    """Sorted, so that the same command is the same to the letter."""
    two = [refused("b"), refused("a"), refused("b")]
    assert accept_options(two) == "--accept b --accept a"
    assert accept_options(two, ["z", "a"]) == "--accept a --accept z --accept b"
    assert accept_command(WINDOW, [refused("f", 4)], resync=True, accepted=["e"]) == (
        "connecteam-sync resync --from 2025-12-04 --to 2025-12-04 --accept e --accept f"
    )


def test_one_command_lets_through_what_was_stopped_in_several_slices() -> None:
    """It names the days that were asked for, since others would make other slices; of one slice the days at stake."""
    later = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
    asked = Window(date(2025, 12, 1), date(2025, 12, 22), CHICAGO)
    both = [(WINDOW, [refused("f", 4)]), (later, [refused("g", 14)])]
    assert accept_all_command([], asked, resync=False) is None
    assert accept_all_command(both, asked, resync=False) == (
        "connecteam-sync sync --from 2025-12-01 --to 2025-12-22 --accept f --accept g"
    )
    assert accept_all_command(both, None, resync=True) == "connecteam-sync resync --accept f --accept g"
    one = [(WINDOW, [refused("f", 4)]), (WINDOW, [refused("g", 6)])]
    assert accept_all_command(one, asked, resync=False) == (
        "connecteam-sync sync --from 2025-12-04 --to 2025-12-06 --accept f --accept g"
    )
    assert accept_all_command(one, asked, resync=False, accepted=["z", "e"]) == (
        "connecteam-sync sync --from 2025-12-01 --to 2025-12-22 --accept e --accept z --accept f --accept g"
    )


def test_rows_without_seconds_are_linked_on_all_the_days_of_their_slices() -> None:
    """Accepting the new rows would count each hour twice, so no command offers that."""
    later = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
    seconds = refused("f", lacks_seconds=True)
    assert accept_command(WINDOW, [refused("g"), seconds], resync=False) == (
        f"{LINKING} --from 2025-12-01 --to 2025-12-11"
    )
    stopped = [(later, [refused("g")]), (WINDOW, [seconds])]
    assert accept_all_command(stopped, None, resync=False) == f"{LINKING} --from 2025-12-01 --to 2025-12-22"
