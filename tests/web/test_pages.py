"""The overview and the runs, over real HTTP: they say what the command says, and what was done to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2 as httpx
import msgspec
import pytest
import time_machine

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.change import Counts, Minutes
from connecteam_sync.core.glance import TodaysShift, on_the_clock, written
from connecteam_sync.core.proofs import ProvenDay
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.window import Window, each_day
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.web.pages import overview, runs
from support.console_site import Commands, ConsoleSite, console_of

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 11)
DAYS = ("--from", str(FIRST), "--to", str(LAST))
HOSTILE = "<script>alert(1)</script>\u202e'\"&"
ZONE = ZoneInfo("America/Chicago")


@dataclass
class Mirrored:
    """A company, its mirror with some runs, and its console."""

    company: Company
    settings: Settings
    commands: Commands
    site: ConsoleSite
    corrected: str

    def get(self, path: str) -> httpx.Response:
        """A page, asked for on this machine."""
        return self.site.ask(path)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    """One sync, a correction of a quarter of an hour, nothing twice, an undo, a verification that differs."""
    company = Company(200, people=30)
    company.people[min(company.people)].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        database = tmp_path_factory.mktemp("pages") / "mirror.db"
        settings = Settings(timezone=company.timezone, database_url=f"sqlite:///{database}", base_url=sandbox.url)
        commands = Commands(sandbox.key, settings)
        commands.run("init")
        commands.run("sync", *DAYS)
        shift = next(
            shift for shift in company.shifts(FIRST, LAST) if shift.user_id == min(company.people) and shift.end
        )
        company.edit(shift.id, start=shift.start + 900)
        commands.run("sync", *DAYS)
        commands.run("sync", *DAYS)
        commands.run("sync", *DAYS)
        commands.run("undo", "2")
        commands.run("verify", *DAYS, codes=(5,))
        with console_of(settings) as site:
            yield Mirrored(company, settings, commands, site, shift.id)


def words(page: httpx.Response) -> str:
    """The text of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


def test_programs_get_what_the_command_says(mirrored: Mirrored) -> None:
    """`/index.json`, `/runs.json` and `/runs/N.json`, member by member."""
    said = json.loads(mirrored.commands.run("status", "--json", codes=(0, 1, 3)))
    page = mirrored.get("/index.json").json()
    moving = {"mirror_age_seconds", "problems"}
    assert {name: page[name] for name in page.keys() - moving} == {name: said[name] for name in said.keys() - moving}
    assert [one["name"] for one in page["problems"]] == [one["name"] for one in said["problems"]]
    assert mirrored.get("/runs.json").json() == json.loads(mirrored.commands.run("runs", "--limit", "50", "--json"))
    assert mirrored.get("/runs/2.json").json() == json.loads(mirrored.commands.run("show", "2", "--json"))
    assert mirrored.site.ask("/runs/2", accept="application/json").json()["run"] == 2


def test_the_overview_answers_first(mirrored: Mirrored) -> None:
    """Its heading is the answer, and the facts of the head are those of `status`."""
    page = mirrored.get("/")
    heading = re.search(r"<h1[^>]*>([^<]*)</h1>", page.text)
    assert heading is not None
    assert heading[1].startswith("Equal to Connecteam as of ")
    assert heading[1].endswith("; not proven yet")
    said = json.loads(mirrored.commands.run("status", "--json", codes=(0, 1, 3)))
    assert said["problems"] == []
    assert "Times are those of America/Chicago" in page.text
    assert "Nobody is clocked in." in words(page)


def test_a_correction_shows_what_moved(mirrored: Mirrored) -> None:
    """The old and the new clock-in, the clock-out once, and by how much: in the zone, next to the reason."""
    page = mirrored.get("/runs/2")
    shift = mirrored.company.activities[mirrored.corrected]
    before, after = (f"{datetime.fromtimestamp(at, ZONE):%H:%M}" for at in (shift.start - 900, shift.start))
    assert f"<del>{before}</del>" in page.text
    assert f"<ins>{after}</ins>" in page.text
    assert page.text.count("<ins>") == 1, "only what moved is marked"
    assert '<span class="less">-0:15</span>' in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "Undone by" in page.text
    assert re.search(r'id="entry-\d+"', page.text)


def test_the_list_folds_what_found_nothing(mirrored: Mirrored) -> None:
    """Two runs with nothing to do are one line; the one that was taken back says by which."""
    page = mirrored.get("/runs")
    assert "2 runs that found everything right" in words(page)
    assert re.search(r'<a href="/runs/3">3</a> to <a href="/runs/4">4</a>', page.text)
    assert 'undone by <a href="/runs/5">5</a>' in page.text
    assert "undo of 2" in page.text
    only = mirrored.get("/runs?kind=verify")
    assert 'href="/runs/6"' in only.text
    assert 'href="/runs/1"' not in only.text
    assert mirrored.get("/runs?kind=<b>").status_code == 422
    csv = mirrored.get("/runs.csv")
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.splitlines()[0] == "run,started_at,kind,status,days,new,corrected,deleted,held,minutes_moved"
    assert len(csv.text.splitlines()) == 7


def test_a_long_run_is_shown_in_parts(mirrored: Mirrored) -> None:
    """Each change once, a page after the other, none larger than was promised."""
    seen: list[str] = []
    path: str | None = "/runs/1"
    while path is not None:
        page = mirrored.get(path)
        assert len(page.content) <= 60_000
        found = re.findall(r'id="entry-(\d+)"', page.text)
        assert len(found) <= runs.CHANGES
        seen += found
        further = re.search(r'href="(/runs/1\?after=\d+)#changes"', page.text)
        path = further[1] if further else None
    entries = mirrored.get("/runs/1.json").json()["changes"]
    assert len(entries) > 0
    assert sorted(map(int, seen)) == sorted(entry["entry"] for entry in entries)


def test_runs_go_on_where_a_page_ends(mirrored: Mirrored) -> None:
    """By the number of the last one."""
    page = mirrored.get("/runs?before=3")
    assert 'href="/runs/2"' in page.text
    assert 'href="/runs/3"' not in page.text
    assert mirrored.get("/runs?before=x").status_code == 422


def test_a_run_as_a_table(mirrored: Mirrored) -> None:
    """A line for each change, for a spreadsheet."""
    lines = mirrored.get("/runs/2.csv").text.splitlines()
    assert lines[0] == "entry,day,employee_id,employee,kind,before,after,minutes,why"
    assert len(lines) == 2
    assert ",corrected," in lines[1]
    assert ",'-0:15," in lines[1]


# -- by themselves -----------------------------------------------------------------------------------------------------


def run_of(*statuses: str, **more: Any) -> Run:  # noqa: ANN401 - any member
    """A run with such slices."""
    window = Window(FIRST, LAST, "America/Chicago")
    slices = tuple(Slice(time_clock_id=1, window=window, status=status) for status in statuses)  # type: ignore[arg-type]
    values = {"id": 1, "kind": "sync", "version": "1", "host": "h", "started_at": 1, "finished_at": 2, **more}
    return Run(window=window, slices=slices, **values)


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        (("applied", "nothing"), "done"),
        (("nothing",), "nothing to do"),
        (("applied", "failed"), "partial"),
        (("nothing", "refused"), "partial"),
        (("failed", "refused"), "failed"),
        (("refused",), "refused"),
        (("exact",), "exact"),
        (("differs",), "differs"),
    ],
)
def test_a_run_has_one_state(statuses: tuple[str, ...], word: str) -> None:
    """A mix of good and bad is partial."""
    assert runs.state_of(run_of(*statuses))[1] == word


def test_a_run_that_was_killed_at_once() -> None:
    """Is not finished, and not well done."""
    assert runs.state_of(run_of(finished_at=None))[1] == "not finished"


def test_only_neighbours_are_folded() -> None:
    """What wrote something stands between them, and one alone stays what it is."""
    listed = [run_of("nothing"), run_of("applied"), run_of("nothing"), run_of("nothing", kind="resync")]
    assert [len(line.folded) for line in runs.lines_of(listed)] == [0, 0, 0, 0]
    assert [len(line.folded) for line in runs.lines_of([run_of("applied"), run_of("applied")])] == [0, 0]
    assert [len(line.folded) for line in runs.lines_of([run_of("nothing")] * 3)] == [3]


def test_days_are_what_is_known_of_them() -> None:
    """Not verified is not wrong; changed since is not proven."""
    proven = ProvenDay(day=FIRST, proven_at=1, run=1, exit_code=3)
    assert overview.bar_of(FIRST, None).state == "unknown"
    assert overview.bar_of(FIRST, proven).state == "ok"
    assert overview.bar_of(FIRST, msgspec.structs.replace(proven, is_changed=True)).state == "warn"
    assert overview.bar_of(FIRST, msgspec.structs.replace(proven, exit_code=5)).state == "bad"


def test_the_sentence_is_never_better_than_the_state() -> None:
    """Nothing looked at, a database that is away, a person needed: each says so."""
    at = 1_764_684_000
    well = MirrorStatus(state="well", at=at, mirror_age_seconds=120, proven_through=date(2025, 12, 1))
    assert overview.sentence_of(well, ZONE) == "Equal to Connecteam as of 07:58 CST; proven through Mon 1 Dec 2025"
    old = msgspec.structs.replace(well, state="not_well", mirror_age_seconds=86_400, proven_through=None)
    assert overview.sentence_of(old, ZONE) == "Not well; last good look at Mon 1 Dec 08:00 CST, not proven yet"
    differing = overview.sentence_of(well, ZONE, differing=2)
    assert differing.startswith("Not equal on 2 days, as a verification found; last look at 07:58 CST")
    never = msgspec.structs.replace(well, mirror_age_seconds=None)
    assert overview.sentence_of(never, ZONE) == "Nothing was looked at yet"
    assert overview.sentence_of(msgspec.structs.replace(well, answers=False), ZONE) == "The database does not answer"


def test_sums_of_receipts() -> None:
    """Each slice counts what it wrote itself."""
    window = Window(FIRST, LAST, "America/Chicago")
    slices = [
        Slice(
            time_clock_id=clock,
            window=window,
            status="applied",
            counts=Counts(total_shifts=9, created=2, updated=1, deleted=clock),
            minutes=Minutes(before=1000, after=1000 + 10 * clock),
        )
        for clock in (1, 2)
    ]
    counts, moved = written(slices)
    assert (counts.created, counts.updated, counts.deleted, moved) == (4, 2, 3, 30)


def test_the_longest_on_the_clock_come_first() -> None:
    """In whatever order a database gives them."""
    shifts = [
        TodaysShift(user_id=number, name=name, employee_id=None, time_clock_id=1, start=start, end=end)
        for number, name, start, end in (
            (1, "Jo", 50, None),
            (2, "Ida", 20, None),
            (3, "Kay", 10, 40),
            (4, "Al", 50, None),
        )
    ]
    assert [one.name for one in on_the_clock(shifts)] == ["Ida", "Al", "Jo"]


def test_the_glance_is_of_today(initialised: str) -> None:
    """Open shifts of the last week, hours since midnight, what runs wrote since; on each database."""
    company = Company(0, people=3)
    company.time.set(company.at(date(2030, 1, 11), "15:00"), 0)
    ida, jo, kay = sorted(company.people)
    day = date(2030, 1, 11)
    company.add(ida, company.at(day, "08:00"), company.at(day, "12:30"))
    company.add(jo, company.at(day, "14:00"))
    company.add(kay, company.at(date(2030, 1, 10), "22:00"))
    gone = company.add(ida, company.at(day, "13:00"), company.at(day, "14:00"))
    company.add(jo, company.at(date(2030, 1, 2), "08:00"), company.at(date(2030, 1, 2), "16:00"))
    with Sandbox(company) as sandbox, time_machine.travel(company.at(day, "15:00"), tick=False):
        settings = Settings(
            timezone=company.timezone, database_url=initialised, base_url=sandbox.url, employees="create"
        )
        with ConnecteamSync(sandbox.key, settings=settings) as mirror:
            window = mirror.window(date(2030, 1, 1), day)
            mirror.sync(window)
            company.delete(gone.id)
            mirror.sync(window)
            found = mirror.glance()
            before = mirror.statements
            mirror.glance()
            assert mirror.statements - before <= 5, "SQLite begins with one"
    assert [(one.user_id, one.since) for one in found.on_the_clock] == [
        (kay, company.at(date(2030, 1, 10), "22:00")),
        (jo, company.at(day, "14:00")),
    ]
    assert (found.shifts, found.minutes, found.open_minutes) == (2, 270, 60)
    assert (found.changes.created, found.changes.deleted, found.changed_in) == (5, 1, 2)
    assert found.moved == 270 + 480
    assert [day for day, _ in found.days] == list(each_day(date(2029, 12, 28), date(2030, 1, 10)))
    assert all(known is None for _, known in found.days)
