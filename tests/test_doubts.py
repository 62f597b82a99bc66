"""What is believed of a record, at its very bounds, and whose a doubt is."""

from __future__ import annotations

import msgspec
import pytest

from connecteam_sync.api.invalid_records import LARGEST, LATEST, about, flaw_of_times, unreadable, user_of


@pytest.mark.parametrize(
    ("start", "end", "flaw"),
    [
        (1, None, ""),
        (LATEST - 1, None, ""),
        (5, 5, ""),
        (5, 4, "its end lies before its start"),
        (0, None, "its start is 0, which is no time between 1970 and 2286"),
        (-1, None, "its start is -1, which is no time between 1970 and 2286"),
        (5, 0, "its end is 0, which is no time between 1970 and 2286"),
        (LATEST, None, f"its times look like milliseconds ({LATEST})"),
        (5, LATEST * 1000 - 1, f"its times look like milliseconds ({LATEST * 1000 - 1})"),
        (LATEST * 1000, None, f"its start is {LATEST * 1000}, which is no time between 1970 and 2286"),
    ],
)
def test_times_that_a_shift_may_have(start: int, end: int | None, flaw: str) -> None:
    """Any second after 1970 and before 2286, and an end that is no earlier than the start."""
    assert flaw_of_times(start, end) == flaw


@pytest.mark.parametrize(("said", "believed"), [(1, 1), (True, None), (0, None), (LATEST, None), ("5", None)])
def test_when_a_doubted_record_was_is_told_where_it_is_a_time(said: object, believed: int | None) -> None:
    """Yes and no are no times, whatever Python counts them for."""
    record = {"id": "s1", "start": {"timestamp": said}, "end": {"timestamp": said}}
    invalid_record = about("shift", "odd", user_id=1, record=record, value=None)
    assert (invalid_record.start, invalid_record.end) == (believed, believed)
    assert type(invalid_record.start) is type(believed)


def test_a_doubt_is_of_the_person_whose_list_the_record_is_in() -> None:
    """Whatever user the record itself names; where no list says it, that one."""
    error = msgspec.ValidationError("Expected `str`, got `int` - at `$.id`")
    record = msgspec.Raw(b'{"id":5,"userId":9}')
    assert unreadable("shift", record, error, user_id=7).user_id == 7
    assert unreadable("shift", record, error).user_id == 9


def test_the_id_of_a_user_is_none_of_an_activity() -> None:
    """A shift of the same id has nothing to do with it."""
    record = {"id": "s1"}
    assert about("user", "odd", user_id=1, record=record, value=None).activity_id is None
    assert about("shift", "odd", user_id=1, record=record, value=None).activity_id == "s1"


def test_two_records_that_differ_in_their_ids_are_two() -> None:
    """Of one person, with the same flaw: each has a hold of its own."""
    first, second = (
        about("shift", "odd", user_id=1, record={"id": name, "start": {"timestamp": 5}}, value=None)
        for name in ("s1", "s2")
    )
    assert first.digest != second.digest


@pytest.mark.parametrize(("said", "user"), [(7, 7), (LARGEST, LARGEST), (LARGEST + 1, None), (0, None), (True, None)])
def test_the_user_of_an_invalid_record_is_a_number_that_a_database_holds(said: object, user: int | None) -> None:
    """Anything else names nobody."""
    found = user_of({"userId": said})
    assert found == user
    assert type(found) is type(user)
