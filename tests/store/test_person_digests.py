"""Digests by person: of whose rows and memory they are, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connecteam_sync.store.mirror.person_digests import (
    PersonDigests,
    UnchangedPeople,
    UnchangedPerson,
    unchanged_people_of,
)

Rows = list[Sequence[object]]
SMALL: Rows = [[3, "people"], [3, "users"], [0, None]]


def digests(
    shifts: Sequence[Sequence[object]] = (),
    breaks: Sequence[Sequence[object]] = (),
    *rows: Sequence[Sequence[object]],
    small: Rows = SMALL,
) -> PersonDigests:
    """What a database answers with."""
    return PersonDigests([small, shifts, breaks, *rows])


WHOLE = digests([[101, 2, "s"]], [[101, 1, "b"]], [[1, 2, "r"]])


@pytest.mark.parametrize(
    "other",
    [
        digests([[101, 2, "S"]], [[101, 1, "b"]], [[1, 2, "r"]]),
        digests([[101, 3, "s"]], [[101, 1, "b"]], [[1, 2, "r"]]),
        digests([[101, 2, "s"]], [[101, 1, "B"]], [[1, 2, "r"]]),
        digests([[101, 2, "s"]], [[101, 1, "b"]], [[1, 2, "R"]]),
        digests([[101, 2, "s"]], [[101, 1, "b"]], [[1, 2, "r"]], [[1, 1, "more"]]),
        digests([[101, 2, "s"]], [], [[1, 2, "r"]]),
        digests([], [[101, 1, "b"]], [[1, 2, "r"]]),
        digests([[101, 2, "s"]], [[101, 1, "b"]], []),
    ],
)
def test_whatever_differs_of_a_person_is_another_digest(other: PersonDigests) -> None:
    """Tracked shifts, breaks and rows, also where there are none, and rows in two parts."""
    assert WHOLE.of(101, 1) != other.of(101, 1)
    assert not WHOLE.equals(other)


def test_people_are_told_apart_and_all_is_equal_to_itself() -> None:
    """What belongs to others changes nobody's digest."""
    more = digests([[101, 2, "s"], [102, 1, "t"]], [[101, 1, "b"]], [[1, 2, "r"], [2, 1, "q"]])
    assert WHOLE.of(101, 1) == more.of(101, 1)
    assert more.of(102, 2) not in {b"", more.of(101, 1)}
    assert set(more.employees) == {1, 2}
    assert more.users == {101, 102}
    assert WHOLE.equals(digests([[101, 2, "s"]], [[101, 1, "b"]], [[1, 2, "r"]]))
    assert not WHOLE.equals(
        digests([[101, 2, "s"]], [[101, 1, "b"]], [[1, 2, "r"]], small=[SMALL[0], [4, "x"], SMALL[2]])
    )
    assert WHOLE.of(103, None) == WHOLE.of(104, None) != b""


def test_what_a_server_may_have_cut_equals_nothing() -> None:
    """Not even itself; the others are known all the same."""
    cut = digests([[101, 2, None], [102, 1, "t"]], [], [[1, 2, "r"], [2, 1, "q"], [3, 1, None]])
    assert cut.of(101, 1) == b""
    assert cut.of(103, 3) == b""
    assert cut.of(102, 2) != b""
    assert not cut.equals(cut)
    assert digests([], [], [[1, 1, None]], [[1, 1, "x"]]).of(101, 1) == b""
    unknown = digests(small=[*SMALL[:2], [3, None]])
    assert unknown.tables is None
    assert not unknown.equals(unknown)


def test_what_is_kept_is_read_again() -> None:
    """With keys that are numbers or text, and somebody without an employee; what another version wrote is nobody."""
    people = (
        UnchangedPerson(101, 1, 2, 480, b"answer", b"stored", (5, 7)),
        UnchangedPerson(102, "0b5e", 0, 0, b"", b"x"),
        UnchangedPerson(103, None, 0, 0, b"y", b"z"),
    )
    kept = UnchangedPeople("base", "tables", people)
    assert unchanged_people_of(kept.text) == kept
    assert people[0].sums.unremembered == (5, 7)
    for text in (None, "", "{}", '["base"]', '["base", "tables", [[101]]]'):
        assert unchanged_people_of(text) is None
