"""An answer by person: who is listed, whose part is the same, and what makes it be decoded as a whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from connecteam_sync.api.by_person import AnswerByPerson, by_person
from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.window import Window

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 3), "America/Chicago")
NOBODY = People(())


def activity(name: str, start: int = 1_764_600_000, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """A shift, or a break, as Connecteam sends it."""
    zone = "America/Chicago"
    times = {"start": {"timestamp": start, "timezone": zone}, "end": {"timestamp": start + 3600, "timezone": zone}}
    return {"id": name, **times, **more}


def person(user: object, *shifts: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """A person as Connecteam sends them."""
    return {"userId": user, "shifts": [*shifts], **more}


def answer(*people: object) -> ActivitiesResponse:
    """The answer with these people."""
    return ActivitiesResponse(7, WINDOW, msgspec.Raw(msgspec.json.encode({"timeActivitiesByUsers": people})))


def cut(*people: object) -> AnswerByPerson:
    """The answer by person."""
    found = by_person(answer(*people))
    assert found is not None
    return found


def test_some_people_are_decoded_and_all_are_listed() -> None:
    """The shifts and breaks of the others are not there; who is listed is evidence, decoded or not."""
    lunch = activity("l", manualBreakId="lunch")
    parts = cut(person(1, activity("a")), person(2, activity("b"), manualBreaks=[lunch]), person(3))
    some = parts.snapshot(NOBODY, [2])
    assert some is not None
    assert ([one.id for one in some.shifts], [one.id for one in some.breaks]) == (["b"], ["l"])
    assert some.listed == parts.listed == {1, 2, 3}
    whole = answer(person(2, activity("b"), manualBreaks=[lunch])).read(NOBODY)
    assert (some.shifts, some.breaks, some.first, some.last) == (whole.shifts, whole.breaks, whole.first, whole.last)


def test_the_digest_of_a_person_is_of_what_is_read() -> None:
    """Another shift, another break in either spelling, the same letters in another member; not what nobody reads."""
    one, two = activity("a"), activity("b")
    others = [
        person(1, two),
        person(1, one, two),
        person(1, one, manualBreaks=[two]),
        person(1, one, manualbreaks=[two]),
        person(1, manualBreaks=[one]),
        person(1),
    ]
    digests = [cut(each).digests[1] for each in (person(1, one), *others)]
    assert len(set(digests)) == len(digests)
    assert cut(person(1, one, timeOffs=[two])).digests == cut(person(1, one)).digests
    assert cut(person(2), person(1, one)).digests[1] == digests[0]


def test_a_person_who_stands_twice_has_both_parts() -> None:
    """In the digest and when they are decoded."""
    parts = cut(person(1, activity("a")), person(2), person(1, activity("b")))
    found = parts.snapshot(NOBODY, [1])
    assert found is not None
    assert [one.id for one in found.shifts] == ["a", "b"]
    assert parts.digests[1] not in {cut(person(1, activity(name))).digests[1] for name in "ab"}


@pytest.mark.parametrize(
    "odd",
    [
        person("x"),
        person(None),
        person(2**63),
        {"userId": 2},
        {"shifts": []},
        17,
    ],
)
def test_an_answer_with_somebody_who_cannot_be_told_is_not_cut(odd: object) -> None:
    """It is decoded as a whole, record by record."""
    response = answer(person(1, activity("a")), odd)
    assert by_person(response) is None
    assert [one.id for one in response.read(NOBODY).shifts] == ["a"]


@pytest.mark.parametrize(
    "odd",
    [
        activity("b") | {"start": "soon"},
        activity("b", end={"timestamp": 1}),
        activity(" "),
        {"id": "b"},
    ],
)
def test_a_record_that_cannot_be_believed_has_everybody_decoded(odd: dict[str, Any]) -> None:
    """Where it is among those who are to be decoded; the answer can still be read as a whole."""
    response = answer(person(1, activity("a")), person(2, odd))
    parts = by_person(response)
    assert parts is not None
    assert parts.snapshot(NOBODY, [2]) is None
    assert parts.snapshot(NOBODY, [1]) is not None
    assert len(response.read(NOBODY).invalid_records) == 1


def test_an_answer_is_cut_while_it_has_its_bytes() -> None:
    """Not after it was read; what was forgotten keeps its digests."""
    response = answer(person(1, activity("a")))
    parts = by_person(response)
    assert parts is not None
    digests = dict(parts.digests)
    parts.forget()
    assert parts.listed == {1}
    assert parts.digests == digests
    response.read(NOBODY)
    assert by_person(response) is None
