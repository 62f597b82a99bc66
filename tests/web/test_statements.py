"""Every page over a mirror with something on each: how many statements it sends, and how large it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx
import pytest
from sqlalchemy import Engine, event
from test_doorbells_page import ring
from test_plan_page import made_plan

from connecteam_sync.web.pages import PLACES
from support.operated import Operated, act, operated
from support.staff import LARGEST_PAGE

MOST, MOST_COMPRESSED, HEAD, DAY = 8, 15_000, 3, "2025-12-02"
"""Eight, with the one that asks who may sign in. The head's facts are asked for once in five seconds for all pages."""
PAPER = 15
"""A timesheet has what several pages have: rows, breaks, edits, corrections, holds, and the certificate."""


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """Somebody's day, whose shift was corrected; somebody who counts for nobody; a doorbell and a closed day."""
    with operated(initialised, monkeypatch, employees="match") as made:
        world = made.world
        waits = next(user for user in world.company.people if user != world.user)
        world.execute(
            "INSERT INTO employees (name, connecteam_user_id) VALUES ('Ida', :user), ('Jo', NULL)", user=str(world.user)
        )
        for day in (2, 3):
            world.work(day, "08:00", "16:00")
            world.work(day, "09:00", "17:00", user=waits)
        world.mirror.sync(world.window)
        world.work(4, "08:00", "12:00")
        ring(made, "a-bell")
        yield made


def paths(console: Operated, somebody: httpx.Client) -> dict[str, str]:
    """For the path of each place an address at which it has something to show."""
    mirror = console.mirror
    [ida] = {row["employee_id"] for row in console.world.table()}
    held = mirror.holds()[0]
    user, jo = held.hold.user_id, max(row["id"] for row in console.world.table("employees"))
    plan = made_plan(somebody)
    closed = act(somebody, "/locks", from_="2025-12-05", to="2025-12-05", reason="payroll")
    assert closed.status_code == 303, closed.text
    console.world.work(5, "08:00", "12:00")
    mirror.sync(console.world.window)
    [correction] = mirror.payroll.corrections()
    mirror.retention.hold(ida, reason="case 4711", by="Pia")
    assert act(somebody, f"/periods/{DAY}..{DAY}/check").status_code == 303
    return {
        "/": "/",
        "/attention": "/attention?days=14",
        "/attention/{id}": f"/attention/{held.id}",
        "/runs": "/runs",
        "/runs/{number}": "/runs/1",
        "/runs/{number}/undo": "/runs/1/undo",
        "/people": "/people?q=i",
        "/people/{employee}": f"/people/{ida}?month=2025-12",
        "/people/{employee}/timesheet": f"/people/{ida}/timesheet?period={DAY}..{DAY}",
        "/people/{employee}/{day}": f"/people/{ida}/{DAY}",
        "/map": f"/map?user={user}&employee={jo}",
        "/plan": "/plan",
        "/plan/{fingerprint}": plan,
        "/locks": f"/locks?from={DAY}&to={DAY}&do=lock&all=1",
        "/periods": "/periods",
        "/periods/{period}": f"/periods/{DAY}..{DAY}",
        "/corrections": f"/corrections?period={correction.day}..{correction.day}",
        "/retention": "/retention",
        "/clocks": "/clocks",
        "/doorbells": "/doorbells?clock=7",
        "/doorbells/{key:path}": "/doorbells/a-bell",
        "/in-hand": f"/in-hand?kind=sync&from={DAY}",
        "/health": "/health",
        "/audit": "/audit?before=99",
    }


@contextmanager
def sent() -> Iterator[list[str]]:
    """The statements of every engine meanwhile."""
    found: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if statement != "BEGIN":  # SQLite's own
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_no_page_sends_more_than_eight_statements(console: Operated) -> None:
    """Every page there is, and its other forms that have nothing more to read; each is small, too."""
    with console.by("admin") as ana:
        known = paths(console, ana)
        assert set(known) == {place.path for place in PLACES if not place.is_action}
        ana.get("/health")  # the head's facts are known now, and clocks stand still
        for path in [*known.values(), "/attention", "/attention?kind=unmapped_user", "/map", "/runs?kind=verify"]:
            with sent() as found:
                answer = ana.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert 1 <= len(found) <= (PAPER if "/timesheet" in path else MOST), (path, found)
            assert len(answer.content) <= LARGEST_PAGE
            assert int(answer.headers["content-length"]) <= MOST_COMPRESSED


def test_the_heads_facts_are_read_once_for_all_pages(console: Operated) -> None:
    """In one round trip with a number of statements that does not grow; then five seconds not at all."""
    with console.by("viewer") as viewer:
        viewer.get("/audit")
        with sent() as few:
            viewer.get("/audit")
        console.site.clock.now += 5.1
        with sent() as many:
            viewer.get("/audit")
        with sent() as again:
            viewer.get("/audit")
    assert len(few) == len(again) == 2
    assert len(many) - len(few) <= HEAD
    assert len([one for one in many if re.search(r"\bconnecteam_sync_looks\b", one)]) == 1
    assert not [one for one in many if re.search(r"GROUP BY state\b", one)], "kept doorbells are counted"
