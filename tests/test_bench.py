"""The benchmark itself: a day lived in parts, peers beside it, a run that is stopped and goes on, and its page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import beside
import machine
import msgspec
import page
import pytest
import working_day
from day_peers import spread
from lived_day import sample
from measure import Bench, DayFound, Measured
from progress import OtherMachine, Progress, unfinished

ROOT = Path(__file__).parent.parent
TIMES = "\N{MULTIPLICATION SIGN}"
ABOUT = {"date": "2026-11-29 00:00 UTC", "processor": "one", "source": "a"}


def asked(module: str, **job: object) -> dict[str, Any]:
    """What a process of the benchmark answers to a job."""
    command = [sys.executable, f"benchmarks/{module}.py", json.dumps(job)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(("number", "seconds"), [(6, 600), (4, 120)])
def test_parts_stand_for_all_of_the_day(number: int, seconds: int) -> None:
    """Spread over it, without one that goes beyond it."""
    parts = sample(number, seconds)
    assert sum(part.seconds * part.weight for part in parts) == pytest.approx(86_400)
    assert all(part.hour >= 0 and part.hour * 3600 + part.seconds <= 86_400 for part in parts)


def test_a_day_lived_in_parts_is_right_and_counts_for_all_of_it(tmp_path: Path) -> None:
    """Two visits in each of two parts; what was not lived is caught up with, and not counted."""
    url = f"sqlite:///{tmp_path}/day.db"
    found = asked("live_day", people=12, kind="sqlite", url=url, parts=2, seconds=600, runs=2)
    # On a busy machine looks take long, and one fewer falls into a part.
    assert found["counted"] in {3, 4}
    assert found["visits"] == 72 * found["counted"]
    assert (found["unequal"], found["compared"], found["calls_a_visit"]) == (0, 2, 1)
    # Each visit, the hourly lists with one page of people, and looks at older days with their proof.
    assert 48 <= found["day"]["calls"] - found["visits"] <= 48 + 40
    assert {name: len(costs) for name, costs in found["runs"].items()} == {"nobody": 2, "some": 2, "after": 2}


def test_a_peer_lives_the_days_visits_and_is_judged() -> None:
    """Option A takes each change but not a deletion; the last visit is among those that it lives."""
    with Bench("", patience=45, wanted={"sqlite"}) as bench:
        answers = working_day.Answers(bench, 12)
        try:
            working_day.peer_day(bench, 12, "sqlite", working_day.Peer("option A"), lambda: answers)
        finally:
            answers.close()
        (found,) = bench.days
    assert found.counted == len(answers.manifest.at) - 1
    assert (found.visits, found.verdict) == (288, "right")
    assert found.lag_p50 is not None
    assert 0 < found.lag_p50 <= 300 + found.run_p50


def test_a_peer_that_would_take_too_long_is_reckoned() -> None:
    """In proportion to the people, and marked so; nothing is run."""
    with Bench("", patience=45, wanted={"sqlite"}) as bench:
        bench.days.append(day(people=500, run_p50=6.0, cpu=100.0))

        def nobody() -> working_day.Answers:
            raise AssertionError

        working_day.peer_day(bench, 5_000, "sqlite", working_day.Peer("option A"), nobody)
        found = bench.days[-1]
    assert (found.cpu, found.run_p50, found.estimate) == (1000.0, 60.0, True)
    assert "500" in found.why


@pytest.mark.parametrize(("most", "wanted", "found"), [(6, 3, [2, 4, 6]), (5, 9, [1, 2, 3, 4, 5]), (23, 2, [12, 23])])
def test_visits_are_spread_up_to_the_last(most: int, wanted: int, found: list[int]) -> None:
    """The table is judged after the last one."""
    assert spread(most, wanted) == found


def day(**more: Any) -> DayFound:  # noqa: ANN401 - fields of it
    """A day of option A."""
    fields: dict[str, Any] = {
        "people": 45,
        "database": "sqlite",
        "subject": "option A",
        "sample": "whole",
        "counted": 288,
        "visits": 288,
        "cpu": 1.0,
        "run_p50": 0.1,
        "run_p95": 0.2,
        "run_cpu_p50": 0.1,
    }
    return DayFound(**(fields | more))


def test_a_run_that_was_stopped_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    """What a part had found when it was broken off is not there when it is done again."""
    results = tmp_path / "bench.json"
    with Bench("", patience=1, wanted={"sqlite"}) as bench:
        progress = Progress(bench, dict(ABOUT), results)
        progress.part("first", lambda: bench.days.append(day(people=1)))

        def stopped() -> None:
            bench.days.append(day(people=2))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            progress.part("second", stopped)
    with Bench("", patience=1, wanted={"sqlite"}) as bench:
        progress = Progress(bench, ABOUT | {"date": "2026-11-29 01:00 UTC"}, results)
        progress.part("first", lambda: pytest.fail("it was done"))
        progress.part("second", lambda: bench.days.append(day(people=3)))
        assert not results.exists()
        progress.finish()
    record = msgspec.json.decode(results.read_bytes(), type=machine.Record)
    assert [found.people for found in record.days] == [1, 3]
    assert (record.done, record.about["date"]) == (["first", "second"], ABOUT["date"])
    assert not unfinished(results).exists()


def test_a_peer_that_fails_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    """Its error is on record; starting again does not try it again. An error of ours ends the run."""
    with Bench("", patience=1, wanted={"sqlite"}) as bench:
        progress = Progress(bench, dict(ABOUT), tmp_path / "bench.json")

        def fails() -> None:
            raise RuntimeError("first line\nthe reason")

        progress.part_of_a_peer("a peer", fails)
        progress.part_of_a_peer("a peer", lambda: pytest.fail("it was tried"))
        assert progress.record.failed == ["a peer: the reason"]
        with pytest.raises(RuntimeError):
            progress.part("ours", fails)
        assert progress.record.done == ["a peer"]


@pytest.mark.parametrize("other", [{"processor": "two"}, {"source": "b"}, {"mysql": "9"}])
def test_no_run_goes_on_with_what_another_machine_or_code_began(tmp_path: Path, other: dict[str, str]) -> None:
    """It says what differs, and leaves the file alone."""
    results = tmp_path / "bench.json"
    with Bench("", patience=1, wanted={"sqlite"}) as bench:
        Progress(bench, dict(ABOUT), results).part("first", lambda: None)
        before = unfinished(results).read_bytes()
        with pytest.raises(OtherMachine, match=next(iter(other))):
            Progress(bench, ABOUT | other, results)
    assert unfinished(results).read_bytes() == before


def test_the_page_begins_with_the_working_day_and_marks_what_was_reckoned(tmp_path: Path) -> None:
    """Wrong rows are named, and a memory that grows misses its goal."""
    record = machine.Record(about=dict(ABOUT), sizes=[], requests={}, results=[])
    record.days = [day(subject="connecteam-sync"), day(cpu=42.0, estimate=True, verdict="20 rows wrong")]
    record.days.append(day(subject="dlt delete-insert", cpu=10.0))
    with Bench("", patience=1, wanted={"sqlite"}) as bench:
        for millions, peak in ((1, 50.0), (5, 90.0)):
            bench.note(
                Measured(
                    database="sqlite",
                    shifts=beside.YEAR,
                    subject="connecteam-sync",
                    scenario=beside.busy_beside(millions),
                    how="process",
                    seconds=1,
                    peak_mib=peak,
                )
            )
        record.results = bench.results
    results = tmp_path / "bench.json"
    results.write_bytes(msgspec.json.encode(record))
    page.write(results, tmp_path)
    text = (tmp_path / "performance.md").read_text()
    assert text.index("## The working day") < text.index("## Goals") < text.index("## Machine")
    assert f"| SQLite | 45 | option A | whole | ≈ 42 | 42 {TIMES} |" in text
    assert "**WRONG**: 20 rows wrong" in text
    assert f"at most 1/20 of the CPU of dlt's | SQLite, 45 people | 0.1 {TIMES} | **missed** |" in text
    assert f"flat | SQLite, a year of 100,000 beside 1 and 5 million | 1.8 {TIMES} | **missed**" in text
