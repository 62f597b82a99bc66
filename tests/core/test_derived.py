"""What a row takes from its shift beside its times: known names and minutes of breaks, in the pure planner."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from connecteam_sync.core.breaks import Breaks
from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import AppliedValues, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.columns import OPTIONAL
from connecteam_sync.core.decision_inputs import DecisionInputs
from connecteam_sync.core.derived import Derived, breaks_that_count, names_of
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.job_names import JobNames, NamedJob
from connecteam_sync.core.plan import plan
from connecteam_sync.core.pseudonyms import Pseudonyms, without_texts
from connecteam_sync.core.shift import Break, Shift, Snapshot, User
from connecteam_sync.core.window import Window, locked_day, start_of_day

WINDOW = Window(date(2025, 12, 2), date(2025, 12, 3), "America/Chicago")
BEGAN = start_of_day(WINDOW.first, WINDOW.zone)
HOUR = 3600
SHIFT = Shift("s1", 7, 1, BEGAN + 8 * HOUR, end=BEGAN + 16 * HOUR, job_id="j", sub_job_id="k")
JOBS = JobNames(
    {"j": NamedJob("Packing"), "k": NamedJob("Night", "j"), "blank": NamedJob(" "), "in": NamedJob("In", "?")}
)
UNPAID = {(1, "meal"): False, (1, "rest"): True}


def pause(key: str, begin: float, end: float | None, kind: str = "meal") -> Break:
    """A break, in hours of the first day."""
    last = None if end is None else BEGAN + round(end * HOUR)
    return Break(key, 7, 1, kind, BEGAN + round(begin * HOUR), end=last)


@pytest.mark.parametrize(
    ("job", "sub_job", "name"),
    [
        ("j", None, "Packing"),
        ("j", "k", "Packing / Night"),
        (None, "k", "Packing / Night"),
        (None, None, None),
        ("", None, None),
        ("nobody", None, None),
        ("blank", None, None),
        ("j", "nobody", None),
        ("nobody", "k", None),
        (None, "in", None),
    ],
)
def test_a_name_is_known_where_each_of_its_jobs_is(job: str | None, sub_job: str | None, name: str | None) -> None:
    """Else there is none: a name with an id in it is no name."""
    shift = msgspec.structs.replace(SHIFT, job_id=job, sub_job_id=sub_job)
    names = names_of([shift], JOBS, longest=191)
    assert Derived(names).job(shift) == name
    assert len(names) == (name is not None)


def test_a_long_name_is_cut_without_a_blank_at_its_end() -> None:
    """The column has no room for more; one without a width has."""
    assert names_of([SHIFT], JOBS, longest=8) == {("j", "k"): "Packing"}
    assert names_of([SHIFT], JOBS, longest=None) == {("j", "k"): "Packing / Night"}


def test_names_come_in_one_order() -> None:
    """By job and sub job, those without a job first: the same answer is the same to the letter, whatever its order."""
    jobs = JobNames({name: NamedJob(name) for name in "Ajk"})
    pairs = [(None, "k"), ("A", None), ("j", None), ("j", "A"), ("j", "k"), ("k", None)]
    shifts = [msgspec.structs.replace(SHIFT, job_id=job, sub_job_id=sub_job) for job, sub_job in pairs]
    for order in (shifts, shifts[::-1], shifts[2:] + shifts[:2]):
        assert list(names_of(order, jobs, longest=None)) == pairs


def test_without_any_break_the_whole_shift_counts() -> None:
    """As where breaks are not mirrored."""
    assert (Derived().break_minutes(SHIFT), Derived().net_minutes(SHIFT)) == (0, 480)
    longer = msgspec.structs.replace(SHIFT, end=BEGAN + 16 * HOUR + 59)
    assert (Derived().break_minutes(longer), Derived().net_minutes(longer)) == (0, 480)


def test_the_newest_word_on_a_break_counts() -> None:
    """What the plan remembers again comes before what is remembered; what it finds gone counts no more."""
    old = (pause("b1", 12, 13), pause("b2", 14, 15), pause("b3", 15, 15.5, "rest"), pause("b4", 15, 15.25, "odd"))
    count = breaks_that_count(old, [pause("b1", 12, 12.5)], ("b2",), UNPAID)
    derived = Derived(None, count)
    assert (derived.break_minutes(SHIFT), derived.net_minutes(SHIFT)) == (30, 450)
    other = msgspec.structs.replace(SHIFT, time_clock_id=2)
    assert (derived.break_minutes(other), derived.net_minutes(other)) == (0, 480)
    is_open = msgspec.structs.replace(SHIFT, end=None)
    assert (derived.break_minutes(is_open), derived.net_minutes(is_open)) == (None, None)
    whole = Derived(None, Breaks({(7, 1): [pause("b", -1, None)]}, UNPAID))
    assert (whole.break_minutes(SHIFT), whole.net_minutes(SHIFT)) == (480, 0)


def decided(stored: StoredState, *breaks: Break, shift: Shift = SHIFT) -> SlicePlan:
    """The plan of one answer."""
    padded = WINDOW.padded()
    people = (User(id=7, first_name="Ana", last_name="Ruiz"),)
    snapshot = Snapshot(
        time_clock_id=1,
        first=padded.first,
        last=padded.last,
        users=people,
        listed=frozenset({7}),
        shifts=(shift,),
        breaks=breaks,
    )
    return plan(WINDOW, snapshot, stored, Policy())


NAMED = StoredState(
    employees={7: 3},
    optional=OPTIONAL,
    job_names={("j", "k"): "Packing / Night"},
    break_types=UNPAID,
    breaks_around=(pause("far", -100, 9),),
)


def test_the_planner_takes_what_is_handed_in() -> None:
    """Each column by itself; none that is not named; a break from far before, too."""

    def made(**stored: object) -> tuple[object, ...]:
        (change,) = decided(msgspec.structs.replace(NAMED, **stored), pause("b", 12, 12.5)).changes
        return (change.image.job, change.image.break_minutes, change.image.net_minutes)

    assert made() == ("Packing / Night", 90, 390)
    assert made(breaks_around=()) == ("Packing / Night", 30, 450)
    assert made(optional=frozenset({"job"})) == ("Packing / Night", None, None)
    assert made(optional=frozenset({"net_minutes"})) == (None, None, 390)
    assert made(optional=frozenset()) == (None, None, None)


def test_a_break_around_the_days_is_remembered() -> None:
    """One within a shift of the days, of the same person: whatever columns are mirrored, files and papers count it."""
    night = msgspec.structs.replace(SHIFT, start=BEGAN + 46 * HOUR, end=BEGAN + 54 * HOUR)
    found = (pause("in", 50, 50.5), pause("out", 54, 54.5), msgspec.structs.replace(pause("other", 50, 51), user_id=8))
    for optional in (OPTIONAL, frozenset[str]()):
        stored = msgspec.structs.replace(NAMED, optional=optional, breaks_around=())
        assert [one.id for one in decided(stored, *found, shift=night).breaks] == ["in"]
        stored = msgspec.structs.replace(stored, breaks=found[:2])
        assert decided(stored, found[1], shift=night).breaks == ()
        assert decided(stored, shift=night).breaks_gone == ("in",)


def test_a_report_has_what_was_handed_in_under_invented_names() -> None:
    """It is planned again to the same decision, and says nothing of the jobs."""
    found = decided(NAMED, pause("b", 12, 12.5))
    stored = msgspec.structs.replace(NAMED, breaks=(pause("b", 12, 12.5),))
    inputs = DecisionInputs.of(WINDOW, found.snapshot, stored, Policy(), RunEvidence(), now=0, decision=found)
    again = msgspec.json.decode(msgspec.json.encode(inputs), type=DecisionInputs)
    assert again == inputs
    assert again.planned().changes == found.changes
    invented = Pseudonyms([inputs], frozenset()).of(inputs)
    (change,) = invented.planned().changes
    assert (change.image.job, change.image.break_minutes, change.image.net_minutes) == ("job 1", 90, 390)
    assert invented.decided is not None
    assert without_texts(invented.planned().changes) == without_texts(invented.decided.changes)
    assert "Packing" not in msgspec.json.encode(invented).decode()


def with_written(*, locked: bool = False, **changed: Any) -> StoredState:  # noqa: ANN401 - fields of a row
    """The shift with its row as it is right, but for this."""
    row = clock_time_of(3, SHIFT.start, SHIFT.end, id=5)
    right = msgspec.structs.replace(row, job="Packing / Night", break_minutes=60, net_minutes=420)
    applied = AppliedValues(employee_id=3, clock_in=row.clock_in, clock_out=row.clock_out)
    return msgspec.structs.replace(
        NAMED,
        rows=(msgspec.structs.replace(right, **changed),),
        mirrors=(TrackedShift(SHIFT, clock_time_id=5, applied=applied),),
        locked=(locked_day(WINDOW.first, WINDOW.timezone),) if locked else (),
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"job": "Old name"}, "job corrected"),
        ({"job": None}, "job filled in"),
        ({"break_minutes": 10, "net_minutes": 470}, "breaks corrected"),
        ({"break_minutes": None, "net_minutes": None}, "breaks filled in, net minutes filled in"),
        ({"source": "manual", "job": "theirs", "break_minutes": 7}, None),
    ],
    ids=str,
)
def test_a_row_with_another_name_or_other_breaks_is_corrected(changed: dict[str, Any], why: str | None) -> None:
    """Hours entered by hand are compared by person and times alone."""
    found = decided(with_written(**changed))
    assert [change.why for change in found.changes] == ([why] if why else [])
    assert found.holds == ()


@pytest.mark.parametrize(
    ("changed", "is_held"),
    [
        ({}, False),
        ({"job": "The name that was paid by"}, False),
        ({"break_minutes": None, "net_minutes": None}, False),
        ({"break_minutes": 10, "net_minutes": 470}, True),
        ({"total_minutes": 1}, True),
        ({"source": "manual", "break_minutes": 10}, False),
    ],
    ids=str,
)
def test_on_a_closed_day_a_name_and_a_column_that_is_newer_are_no_difference(
    changed: dict[str, Any], *, is_held: bool
) -> None:
    """Minutes that were written before it was closed are one."""
    found = decided(with_written(locked=True, **changed))
    assert [hold.reason for hold in found.holds] == (["locked_day"] if is_held else [])
    assert found.changes == ()
