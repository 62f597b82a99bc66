"""What is signed, by values alone: lines, hashes, the tree, the chain, and what differs."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecteam_sync.core.certificate_chain import KeptCertificate, chain_of
from connecteam_sync.core.certificates import CertifiedAccount, KeyPayload, Link, Tool
from connecteam_sync.core.certified_rows import (
    COLUMNS,
    CertifiedRow,
    KeyKinds,
    certified,
    csv_of,
    differing_people,
    differing_rows,
    in_order,
    instant_of,
    moment,
    people_of,
    rows_of_csv,
)
from connecteam_sync.core.clocktime import ClockTime

NINE = 1_764_601_200
"""Mon 1 Dec 2025, 09:00 in Chicago."""
TOOL = Tool(name="t", version="1")


def row(key: int | str = 1, employee: int | str = 7, minutes: float | None = 480, **values: object) -> CertifiedRow:
    """A row of eight hours."""
    out = None if minutes is None else NINE + 28_800
    made = ClockTime(key, employee, NINE, out, minutes, minutes is None)
    return certified(msgspec.structs.replace(made, **values), key, "s-1")


def test_a_line_and_its_hash() -> None:
    """As docs/reference.md has the rule: anybody makes the same of them."""
    assert row().line == "7,1,2025-12-01T15:00:00Z,2025-12-01T23:00:00Z,480,connecteam,0"
    assert row(minutes=None).line == "7,1,2025-12-01T15:00:00Z,,,connecteam,1"
    assert row(source='by hand, "Ida"\n=1+1').line.split(",")[5] == "by hand%2C %22Ida%22%0A%3D1%2B1"
    assert row(minutes=12.5).line.split(",")[4] == "12.5"
    assert row(clock_out=10**15).line.split(",")[3] == "1000000000000000"
    two = in_order([row(2, clock_in=NINE + 60), row(1)])
    hashes = [sha256(f"{one.line}\n".encode()).hexdigest() for one in two]
    assert people_of(two)[7].root == sha256(f"{hashes[0]}\n{hashes[1]}\n".encode()).hexdigest()
    assert (people_of(two)[7].shifts, people_of(two)[7].minutes) == (2, 960)
    assert csv_of(two).decode().splitlines() == [",".join(COLUMNS), *(f"{one.line},s-1" for one in two)]


TEXTS = st.text(min_size=1, max_size=12)
KEYS = st.one_of(st.just(True), st.just(False))


@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 2**31), st.text(max_size=12), st.none() | TEXTS), max_size=6),
    KEYS,
)
def test_whatever_text_a_host_has_comes_back(rows: list[tuple[str, str, int, str, str | None]], as_text: bool) -> None:  # noqa: FBT001 - drawn
    """Line breaks, commas, quotes, formulas, halves of nothing: a line is a row, and a row is itself again."""
    made = {}
    for number, (key, employee, at, source, shift) in enumerate(rows):
        ids: tuple[int | str, int | str] = (key, employee) if as_text else (number, number % 3)
        made[ids[0]] = certified(ClockTime(ids[0], ids[1], at, at + 60, 1, False, source), ids[0], shift)
    every = in_order(made.values())
    content = csv_of(every)
    assert content.count(b"\n") == len(every) + 1
    assert rows_of_csv(content, KeyKinds.of(every)) == every
    assert list(differing_rows(every, reversed(every))) == []
    assert not any(cell[:1] in "=+@" for line in content.decode().splitlines() for cell in line.split(",") if cell)


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n", csv_of([row()])[:-1], csv_of([row()]) + b"1,2\n", csv_of([row()]).replace(b"\n7,1", b"\n7,x")],
)
def test_what_is_no_list_of_rows(content: bytes) -> None:
    """It is refused, and nothing of it is compared."""
    with pytest.raises(ValueError, match=r"\w"):
        rows_of_csv(content, KeyKinds())


def test_every_part_of_a_row_counts() -> None:
    """Person, times, minutes, source, flag: each is a difference, and another root."""
    others = [
        row(employee=8),
        row(clock_in=NINE + 1),
        row(clock_out=NINE + 28_801),
        row(minutes=481),
        row(source="manual"),
        row(is_active=True),
    ]
    for other in others:
        (one,) = differing_rows([row()], [other])
        assert (one.what, one.clock_time_id) == ("changed", 1)
        assert list(differing_people(people_of([row()]), people_of([other])))
    assert [one.what for one in differing_rows([row(1)], [row(2)])] == ["missing", "additional"]


def test_people_are_told_where_rows_are_not_known() -> None:
    """Fewer, more, other rows; who has the same is not named."""
    then = people_of(in_order([row(1, 7), row(2, 8), row(3, 9)]))
    now = people_of(in_order([row(1, 7), row(2, 8, 479), row(4, 10)]))
    assert [(one.employee_id, one.what) for one in differing_people(then, now)] == [
        (8, "changed"),
        (9, "missing"),
        (10, "additional"),
    ]


def test_moments() -> None:
    """UTC to the second, and back."""
    assert moment(NINE) == "2025-12-01T15:00:00Z"
    assert instant_of(moment(NINE)) == NINE
    assert instant_of("soon") == 0


@pytest.mark.parametrize(
    ("mine", "theirs", "is_other"),
    [
        (("17", "global", (1,)), ("17", "global", (2,)), False),
        (("17", "global", (1,)), ("18", "global", (1,)), True),
        (("17", "global", (1,)), ("17", "au", (1,)), True),
        ((None, "global", (1, 2)), ("17", "global", (2, 3)), False),
        ((None, "global", (1, 2)), ("17", "global", (3,)), True),
        ((None, None, (1,)), (None, "global", ()), False),
    ],
)
def test_whose_it_is(
    mine: tuple[str | None, str | None, tuple[int, ...]],
    theirs: tuple[str | None, str | None, tuple[int, ...]],
    is_other: bool,  # noqa: FBT001 - parametrized
) -> None:
    """By company and region; without the company's id by the time clocks."""
    one, other = (CertifiedAccount(company_id=c, region=r, time_clocks=t) for c, r, t in (mine, theirs))
    assert (one.is_other(other) is not None) is is_other
    assert (other.is_other(one) is not None) is is_other


# -- the chain ---------------------------------------------------------------------------------------------------------


def kept(
    number: int, previous: str | None, key: str = "A", *, at: int = 0, first: str = "2025-12-01"
) -> KeptCertificate:
    """A certificate on record, by an hour each."""
    return KeptCertificate(
        number=number,
        first=first,
        last=first,
        timezone="UTC",
        at=at or number * 3600,
        by="Pia",
        payload_hash=f"h{number}",
        signature="",
        public_key=key,
        previous_hash=previous,
        mismatch=None,
    )


def of_key(old: str, new: str, reason: str | None = None) -> KeyPayload:
    """What is signed of a key."""
    return KeyPayload(
        account=CertifiedAccount(time_clocks=()),
        certified_at="",
        chain=Link(position=2, previous="h1", breaks=()),
        new_key=new,
        old_key=old,
        reason=reason,
        tool=TOOL,
    )


def test_a_chain_that_holds() -> None:
    """Two keys, the second certified by the first; the first is over when the second begins."""
    every = [kept(1, None), kept(2, "h1", first=""), kept(3, "h2", "B")]
    chain = chain_of(every, {2: of_key("A", "B")})
    assert chain.faults == ()
    assert [(one.public, one.since, one.until) for one in chain.keys] == [("A", None, 7200), ("B", 7200, None)]
    assert (chain.key, chain.next_link) == ("B", Link(position=4, previous="h3", breaks=()))
    assert chain_of([], {}).next_link == Link(position=1, breaks=())
    assert chain.place_of("h2") == (2, every[1])
    assert chain.place_of("h9") is None


def test_a_lost_key_is_a_break() -> None:
    """Signed by the new key alone, with the reason, for every later certificate to tell."""
    every = [kept(1, None), kept(2, "h1", "B", first=""), kept(3, "h2", "B")]
    chain = chain_of(every, {2: of_key("A", "B", "stolen")})
    assert chain.faults == ()
    (item,) = chain.next_link.breaks
    assert (item.position, item.reason, item.at) == (2, "stolen", "1970-01-01T02:00:00Z")


@pytest.mark.parametrize(
    ("every", "payloads", "said"),
    [
        ([kept(1, "x")], {}, "does not name"),
        ([kept(1, None), kept(2, None)], {}, "does not name"),
        ([kept(1, None), kept(2, "h1", at=1)], {}, "older"),
        ([kept(1, None), kept(2, "h1", "B")], {}, "no certificate names"),
        ([kept(1, None), kept(2, "h1", first="")], {}, "another key than the one in use"),
        ([kept(1, None), kept(2, "h1", first="")], {2: of_key("C", "B")}, "another key than the one in use"),
        ([kept(1, None), kept(2, "h1", "B", first="")], {2: of_key("A", "B")}, "by another one than it says"),
        ([kept(1, None), kept(2, "h1", "A", first="")], {2: of_key("A", "B", "x")}, "by another one than it says"),
        ([kept(1, None), kept(2, "h1", first=""), kept(3, "h2", "A")], {2: of_key("A", "B")}, "no certificate names"),
        ([kept(1, None, first="")], {1: of_key("A", "B")}, "another key than the one in use"),
    ],
)
def test_chains_that_do_not_hold(every: list[KeptCertificate], payloads: dict[int, KeyPayload], said: str) -> None:
    """Each fault is told in a sentence."""
    assert said in "; ".join(chain_of(every, payloads).faults)
