"""What facts mean: one state for monitors, and each problem with its cure."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from connecteam_sync.core.facts import Calls, Facts, Waiting
from connecteam_sync.core.looks import BadLook, Looked, bad_look
from connecteam_sync.core.problems import MEANS, PROBLEM_NAMES
from connecteam_sync.core.status import MirrorStatus, status_of

NOW = 1_900_000_000
TODAY = date(2030, 3, 17)
DAY = 86_400
KEY = BadLook(name="rejected", message="Connecteam does not accept the credentials (HTTP 403): Invalid API key")


def clock(number: int = 1, **values: Any) -> Looked:  # noqa: ANN401 - any field
    """A time clock that was looked at a minute ago."""
    known: dict[str, Any] = {"first_look": NOW - DAY, "last_look": NOW - 60, "last_good": NOW - 60, "fresh": NOW - 60}
    return Looked(time_clock_id=number, **{**known, **values})


def judged(*clocks: Looked, **facts: Any) -> MirrorStatus:  # noqa: ANN401 - any field
    """The judgement on time clocks and facts."""
    return status_of(Facts(now=NOW, today=TODAY, clocks=clocks or (clock(),), **facts))


def names(status: MirrorStatus) -> list[str]:
    """The problems by name."""
    return [problem.name for problem in status.problems]


def test_all_is_well() -> None:
    """0, nothing to do."""
    found = judged(clock(), clock(2, fresh=NOW - 100))
    assert (found.state, found.exit_code, found.problems) == ("well", 0, ())
    assert found.mirror_age_seconds == 100


def test_the_age_is_that_of_the_active_clock_longest_without_a_good_look() -> None:
    """A paused one counts for nothing; a look at other days than today does not make a clock fresh."""
    old = clock(2, fresh=NOW - 700, last_good=NOW - 5)
    assert judged(clock(), old).mirror_age_seconds == 700
    assert judged(clock(), msgspec.structs.replace(old, mode="paused")).mirror_age_seconds == 60
    assert judged(clock(fresh=None, last_good=NOW - 5)).mirror_age_seconds == 5
    everything = judged(clock(mode="paused"), msgspec.structs.replace(old, mode="paused"))
    assert (everything.mirror_age_seconds, everything.clocks, everything.paused) == (700, 0, 2)
    never: dict[str, Any] = {"fresh": None, "last_good": None, "first_look": NOW - 800}
    assert judged(clock(**never)).mirror_age_seconds is None
    assert judged(clock(), clock(2, **never)).mirror_age_seconds == 800


def test_a_look_in_the_future_says_nothing_of_now() -> None:
    """The clock of the database was set back: the mirror may be as old as that."""
    assert judged(clock(fresh=NOW + 30)).state == "well"
    assert judged(clock(fresh=NOW + 30)).mirror_age_seconds == 30
    assert names(judged(clock(fresh=NOW + 900))) == []
    found = judged(clock(fresh=NOW + 7200), clock(2))
    assert (found.state, found.mirror_age_seconds, names(found)) == ("not_well", 7200, ["mirror_stale"])
    assert (found.problems[0].since, "120 minutes ahead" in found.problems[0].message) == (NOW, True)


@pytest.mark.parametrize(
    ("cadence", "limit"), [(60, 900), (300, 900), (301, 903), (1800, 5400)], ids=["short", "usual", "longer", "long"]
)
def test_a_mirror_is_stale_above_fifteen_minutes_and_three_visits(cadence: int, limit: int) -> None:
    """At the limit it is not, a second later it is."""
    assert names(judged(clock(fresh=NOW - limit, cadence=cadence, mode="active"))) == []
    stale = judged(clock(fresh=NOW - limit - 1, cadence=cadence, mode="active"))
    assert (names(stale), stale.state, stale.exit_code) == (["mirror_stale"], "not_well", 1)
    assert stale.problems[0].since == NOW - limit - 1
    assert names(judged(clock(fresh=NOW - limit - 1), cadence=cadence)) == ["mirror_stale"]


def test_trouble_is_named_by_its_cause() -> None:
    """The key, a guard, anything else; one bad look alone is none yet, and a clock in trouble is not well."""
    assert judged(clock(bad=1, bad_since=NOW - 9, error=KEY)).state == "well"
    since = NOW - 500
    for error, name in (
        (KEY, "key_bad"),
        (bad_look("guard_refused", "Ida Moss would lose 4 rows"), "guard_refused"),
        (bad_look("bad_answer", "no JSON"), "mirror_stale"),
    ):
        found = judged(clock(bad=2, bad_since=since, trouble_since=since, error=error, name="Warehouse"), clock(2))
        assert (names(found), found.state) == ([name], "not_well")
        assert found.problems[0].since == since
        assert found.problems[0].is_counted
        assert "Moss" not in f"{error.message}{found.problems[0].message}"
    assert found.problems[0].message == "time clock 1 (Warehouse) could not be looked at: no JSON"
    assert judged(clock(bad=1, error=bad_look("guard_refused", "x"))).refused == 1


def test_a_key_that_stopped_the_service_is_bad_at_once() -> None:
    """Nothing looks any more, so there will be no second bad look."""
    stopped = judged(clock(bad=1, error=KEY, mode="refused"))
    assert names(stopped) == ["key_bad"]
    assert stopped.problems[0].next_step.endswith("connecteam-sync resume)")
    by_cron = judged(clock(bad=2, trouble_since=NOW, error=KEY))
    assert by_cron.problems[0].next_step.endswith("connecteam-sync doctor")


def test_holds_wait_for_a_person_and_anomalies_do_not() -> None:
    """By what they are: people without an employee, closed days, old ones, others."""
    several = tuple(
        Waiting(reason=reason, count=2, minutes=90, since=NOW - age)
        for reason, age in (
            ("unmapped_user", 10),
            ("locked_day", 20),
            ("manual_row", 4 * DAY),
            ("possible_double", 30),
        )
    )
    found = judged(waiting=several, anomalies={"overlap": 3})
    assert names(found) == ["unmapped", "held_old", "held", "changed_after_close"]
    # Once all are mapped, `employees --unmapped` has nobody, and the hours still wait for a sync of their days.
    assert found.problems[0].next_step.startswith("connecteam-sync holds --kind unmapped_user")
    assert (found.state, found.exit_code, found.held, found.held_minutes) == ("needs_a_person", 3, 8, 360)
    assert (
        found.problems[1].message == "2 manual_row: 3:00 hours wait for a person" or "1:30" in found.problems[1].message
    )
    alone = judged(anomalies={"overlap": 3, "long_day": 1})
    assert (alone.state, alone.anomalies) == ("well", 4)


def test_holds_are_old_after_three_days() -> None:
    """Not before."""
    for age, name in ((3 * DAY, "held"), (3 * DAY + 1, "held_old")):
        held = Waiting(reason="manual_row", count=1, minutes=5, since=NOW - age)
        assert names(judged(waiting=(held,))) == [name]


def test_a_proof_is_stale_after_three_days() -> None:
    """What was never proven says nothing: without the service nobody promised to."""
    assert names(judged(proven_through=date(2030, 3, 14))) == []
    assert names(judged(proven_through=date(2030, 3, 13))) == ["proof_stale"]
    assert judged(proven_through=date(2030, 3, 13)).state == "needs_a_person"


def test_a_proof_goes_on_being_stale_after_weeks() -> None:
    """Where the first of the days to prove is not proven, the newest that ever was decides."""
    assert names(judged(last_proven=date(2030, 3, 14))) == []
    [problem] = judged(last_proven=date(2030, 3, 13)).problems
    assert problem.next_step == "connecteam-sync verify --from 2030-03-14 --to yesterday"
    [problem] = judged(last_proven=date(2029, 12, 24)).problems
    assert (problem.name, problem.message) == ("proof_stale", "nothing after 2029-12-24 is proven")
    assert problem.next_step == "connecteam-sync verify --from 2030-02-01 --to yesterday"


def test_the_share_of_the_calls_at_this_cadence() -> None:
    """Two clocks every five minutes, people and lists hourly, older days: a share of what there is."""
    calls = Calls(left=9000, limit=10_000, reserved=1000, at=NOW)
    found = judged(visited=(300, 300), calls=calls)
    assert found.calls_left == 9000
    assert found.calls_share == pytest.approx((2 * 288 + 48 + 2 * 2 + 1) / 10_000, abs=0.0003)
    assert judged(spent=500).calls_share == 0.05
    assert names(found) == []


def test_a_budget_is_low_before_the_visits_have_to_wait() -> None:
    """What is left above the reserve, against what the rest of the day needs; of yesterday nothing is known."""
    at_noon = NOW - NOW % DAY + DAY // 2
    for left, expected in ((1400, []), (1200, ["budget_low"]), (1000, ["budget_low"])):
        calls = Calls(left=left, limit=10_000, reserved=1000, at=at_noon)
        facts = Facts(now=at_noon, today=TODAY, clocks=(clock(fresh=at_noon),), visited=(300, 300), calls=calls)
        assert names(status_of(facts)) == expected
        later = msgspec.structs.replace(facts, now=at_noon + DAY, clocks=(clock(fresh=at_noon + DAY),))
        assert names(status_of(later)) == []
        assert status_of(later).calls_left is None
    assert names(judged(spent=9000, calls=Calls(left=1001, limit=10_000, reserved=1000, at=NOW))) == []
    assert names(judged(calls=Calls(left=1000, limit=10_000, reserved=1000, at=NOW))) == ["budget_low"]


def test_how_long_a_time_clock_has_been_due() -> None:
    """The longest of those that are visited: nobody is late for one that was stopped."""
    late, later = clock(mode="active", next_due=NOW - 30), clock(2, mode="active", next_due=NOW - 500)
    stopped = clock(3, mode="refused", next_due=NOW - 9000)
    assert judged(late, later, clock(4)).due_seconds == 500
    assert judged(late, stopped, clock(4, mode="paused", next_due=NOW - 9000)).due_seconds == 30
    assert judged(clock(mode="active", next_due=NOW + 30)).due_seconds == 0


def test_nothing_was_ever_looked_at() -> None:
    """A person has to begin; it is no failure yet."""
    found = status_of(Facts(now=NOW, today=TODAY))
    assert (found.state, names(found), found.mirror_age_seconds) == ("needs_a_person", ["mirror_stale"], None)
    assert found.problems[0].next_step == "connecteam-sync sync"


def test_a_database_that_does_not_answer_is_not_well() -> None:
    """And nothing else is said of it."""
    found = status_of(Facts(now=NOW, today=TODAY, database_error="the server is away", database_since=NOW - 60))
    assert (found.state, names(found), found.problems[0].since) == ("not_well", ["mirror_stale"], NOW - 60)


def test_each_problem_says_what_it_means_for_pay() -> None:
    """None is left out."""
    assert set(MEANS) == set(PROBLEM_NAMES)
