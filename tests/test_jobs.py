"""The names of jobs: read with a verification where one is not known, never forgotten, shown everywhere."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from connecteam_sync.api import jobs as wire_jobs
from connecteam_sync.api.wire import Paging
from connecteam_sync.core.job_names import JobNames, NamedJob
from connecteam_sync.errors import BadAnswer
from connecteam_sync.present import hours_text, timesheet_html, timesheet_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import JOB, Job
from support.scenario import World

P = "2025-12-01..2025-12-07"
PACKING, NIGHT, OLD, NOWHERE = "job-packing", "job-packing-night", "job-old", "job-nowhere"


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company with a job, one with a sub job, and one that was deleted."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        for job in (
            Job(PACKING, "Packing", "PACK"),
            Job(NIGHT, "Night", "", PACKING),
            Job(OLD, "Old", is_deleted=True),
        ):
            made.company.jobs[job.id] = job
        yield made
        made.mirror.close()


def worked(world: World, day: int, job: str, sub_job: str | None = None) -> str:
    """Eight hours in a job; the id of the shift."""
    shift = world.work(day, "08:00", "16:00")
    shift.job_id, shift.sub_job_id = job, sub_job
    return shift.id


def known(world: World) -> dict[str, tuple[object, ...]]:
    """Our table: parent, name, deleted, listed."""
    return {
        row["id"]: (row["parent_id"], row["name"], row["is_deleted"], row["is_listed"])
        for row in world.table("connecteam_sync_jobs")
    }


def calls(world: World) -> int:
    """The requests for jobs that a verification makes: by how many it needs more than the one right after it."""
    spent = []
    for _ in range(2):
        before = world.sandbox.calls
        assert world.mirror.verify(world.window).exit_code == 0
        spent.append(world.sandbox.calls - before)
    return spent[0] - spent[1]


def names(world: World) -> dict[str, str]:
    """What hours by job call each job."""
    found = world.mirror.payroll.hours(world.window, by="job")
    return {line.job or "": line.job_name or "" for line in found.lines}


def test_names_are_read_where_a_job_is_not_known_and_never_forgotten(world: World) -> None:
    """Deleted ones and sub jobs too; one call a day; what is renamed is known by its new name a day later."""
    world.sync()
    assert calls(world) == 0  # nobody works in any
    worked(world, 2, PACKING, NIGHT)
    worked(world, 3, OLD)
    worked(world, 4, NOWHERE)
    world.sync()
    assert known(world) == {}
    assert names(world) == {PACKING: PACKING, OLD: OLD, NOWHERE: NOWHERE}
    assert calls(world) == 1
    listed = {
        JOB: (None, "Picking", 0, 1),
        PACKING: (None, "Packing", 0, 1),
        NIGHT: (PACKING, "Night", 0, 1),
        OLD: (None, "Old", 1, 1),
    }
    assert known(world) == listed | {NOWHERE: (None, "", 0, 0)}
    assert names(world) == {PACKING: "Packing", OLD: "Old", NOWHERE: NOWHERE}
    world.company.jobs[PACKING].title = "Packing 2"
    del world.company.jobs[OLD]
    assert calls(world) == 0  # known, and not a day old: the one that nobody lists as well
    world.execute("UPDATE connecteam_sync_jobs SET seen_at = seen_at - 86400")
    assert calls(world) == 1
    assert known(world)[PACKING] == (None, "Packing 2", 0, 1)
    assert known(world)[OLD] == (None, "Old", 1, 0)
    new = world.company.jobs["new"] = Job("new", "Loading")
    worked(world, 5, new.id)
    del world.company.jobs[JOB]
    world.sync()
    assert calls(world) == 1  # what is known is fresh, and the new one is not in it
    assert names(world)["new"] == "Loading"
    assert known(world)[JOB] == (None, "Picking", 0, 0)  # nobody works in it


@pytest.mark.parametrize("fault", ["scope", "server_error"])
def test_names_that_cannot_be_read_keep_nobody_from_a_proof(world: World, fault: str) -> None:
    """The receipt says why; a key that may not read them is asked again tomorrow, everything else at once."""
    worked(world, 2, PACKING)
    world.sync()
    world.sandbox.faults.add(fault, path="/jobs/", times=50)
    assert world.mirror.verify(world.window, totals=False).exit_code == 0
    assert (known(world), world.sandbox.faults.served) == ({}, [])  # without timesheets nothing else is read either
    found = world.mirror.verify(world.window)
    assert (found.exit_code, found.not_recorded) == (0, None)
    run, _ = world.mirror.show(found.run or 0)
    assert any("the names of jobs were not read" in (part.note or "") for part in run.slices)
    assert names(world) == {PACKING: PACKING}
    world.sandbox.faults.clear()
    assert calls(world) == (0 if fault == "scope" else 1)
    assert names(world) == {PACKING: PACKING if fault == "scope" else "Packing"}


def test_names_on_every_paper(world: World, tmp_path: Path) -> None:
    """Hours by job, timesheets and the long CSV: by name, with the id in JSON; a sub job behind its job."""
    world.company.jobs[PACKING].title = "=Packing\n<b>"
    worked(world, 2, PACKING, NIGHT)
    worked(world, 3, NOWHERE)
    world.sync()
    world.mirror.verify(world.window)
    payroll = world.mirror.payroll
    found = payroll.hours(world.window, by="job")
    assert any(line.strip().startswith("job =Packing <b>") for line in hours_text.hours_lines(found))
    assert [(one["job"], one["job_name"]) for one in hours_text.hours_json(found)["lines"]] == [
        (PACKING, "=Packing\n<b>"),
        (NOWHERE, NOWHERE),
    ]
    [heading, first, second] = list(csv.reader(hours_text.csv_lines(found)))
    assert (heading[:2], first[:2], second[:2]) == (
        ["job", "job_name"],
        [PACKING, "'=Packing <b>"],
        [NOWHERE, NOWHERE],
    )
    [sheet] = payroll.timesheets(P)
    assert [(shift.job, shift.job_name) for shift in sheet.shifts] == [
        (PACKING, "=Packing\n<b> / Night"),
        (NOWHERE, NOWHERE),
    ]
    assert any("job =Packing <b> / Night" in line for line in timesheet_text.timesheet_lines(sheet))
    assert "job =Packing &lt;b&gt; / Night" in timesheet_html.page(sheet)
    days = timesheet_text.timesheet_json(sheet)["weeks"][0]["days"]
    assert [day["shifts"][0]["job_name"] for day in days] == ["=Packing\n<b> / Night", NOWHERE]
    payroll.export(P, "csv", tmp_path / "long.csv", draft=True)
    with (tmp_path / "long.csv").open(encoding="utf-8", newline="") as opened:
        assert [record["job"] for record in csv.DictReader(opened)] == ["'=Packing\n<b> / Night", NOWHERE]


def test_what_a_job_is_called() -> None:
    """Its name behind that of the job it lies in, whichever of both ids a shift has; an id where no name is known."""
    jobs = JobNames({"a": NamedJob("A"), "b": NamedJob("B", "a"), "c": NamedJob(" ", "gone"), "d": NamedJob("D", "d")})
    assert [jobs.of("a"), jobs.of("a", "b"), jobs.of("b"), jobs.of("b", "b"), jobs.of(None, "b")] == [
        "A",
        *["A / B"] * 4,
    ]
    assert [jobs.of("c"), jobs.of("x", "y"), jobs.of(None), jobs.of(""), jobs.of("d")] == [
        "gone / c",
        "x / y",
        "",
        "",
        "D",
    ]


# -- the list ----------------------------------------------------------------------------------------------------------


def page(*ids: str, total: int | None = None) -> tuple[wire_jobs.Jobs, Paging | None]:
    """A page of jobs with these ids."""
    raw = [msgspec.Raw(msgspec.json.encode({"jobId": key, "title": key})) for key in ids]
    return wire_jobs.Jobs(raw), None if total is None else Paging(total)


def test_a_list_of_several_pages() -> None:
    """Until the total, or the first page that is not full; one that repeats itself ends, an endless one is refused."""
    full = [f"{number:04}" for number in range(wire_jobs.PAGE)]
    asked: list[int] = []

    def two(at: int) -> tuple[wire_jobs.Jobs, Paging | None]:
        asked.append(at)
        return page(*full) if at == 0 else page("last")

    assert [job.id for job in wire_jobs.every(two)] == [*full, "last"]
    assert asked == [0, wire_jobs.PAGE]
    short = {0: page("a", total=3), 1: page("b", "c", total=3)}
    assert [job.id for job in wire_jobs.every(lambda at: short[at])] == ["a", "b", "c"]
    assert [job.id for job in wire_jobs.every(lambda _: page("a", total=9))] == ["a"]
    with pytest.raises(BadAnswer, match="list of jobs does not end"):
        wire_jobs.every(lambda at: page(f"{at:06}", total=1_000_000))


def test_odd_jobs_are_left_out_and_the_living_one_counts() -> None:
    """What cannot be read, or has no id, is shown by its id; of two with one id the one that is not deleted counts."""
    records: list[object] = [
        {"jobId": "a", "title": "old", "isDeleted": True},
        {"jobId": "a", "title": None, "isDeleted": None},
        {"jobId": 5, "title": "number"},
        {"jobId": "\0", "title": "nothing"},
        {"jobId": "b", "title": "x" * 9_000, "subJobs": [{"jobId": "c", "title": "in it"}, "odd"], "parentId": "b"},
        None,
    ]
    raw = [msgspec.Raw(msgspec.json.encode(record)) for record in records]
    found = wire_jobs.every(lambda _: (wire_jobs.Jobs(raw), None))
    assert [(job.id, job.parent_id, job.name[:6], job.is_deleted) for job in found] == [
        ("a", None, "", False),
        ("b", None, "xxxxxx", False),
        ("c", "b", "in it", False),
    ]
    assert len(found[1].name) < 300


def test_the_sandbox_lists_jobs_as_the_contract_says(world: World) -> None:
    """Pages of jobs with their sub jobs, the filters, deleted ones unless they are not wanted, sorted by title."""

    def listed(**query: str | int) -> list[str]:
        answer = httpx2.get(f"{world.sandbox.url}/jobs/v1/jobs", params=query, headers={"x-api-key": world.sandbox.key})
        return [job["jobId"] for job in answer.json()["data"]["jobs"]]

    assert listed(sort="title") == [OLD, PACKING, JOB]
    assert listed(sort="title", order="desc", limit=1, offset=1) == [PACKING]
    assert listed(sort="title", includeDeleted="false") == [PACKING, JOB]
    assert listed(jobNames="Night") == listed(jobCodes="PACK") == listed(jobIds=PACKING) == [PACKING]
    assert listed(jobIds=NIGHT) == listed(jobNames="night") == listed(instanceIds=1) == []
