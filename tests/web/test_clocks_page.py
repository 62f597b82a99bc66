"""`/clocks`: when each time clock is looked at and why so, and pausing and resuming them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.core.cadence import ClockSchedule
from connecteam_sync.core.roles import Role
from connecteam_sync.store.service.due import Due, LookError, Outcome
from connecteam_sync.web.pages.clocks import answer, clocks, line_of
from support.operated import HOSTILE, MOST_STATEMENTS, Operated, act, done, operated, page

NOW = 1_767_628_800


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over two time clocks that a service visits."""
    with operated(initialised, monkeypatch) as made:
        store = made.mirror.store
        store.columns()
        with store.own_rows("visiting") as connection:
            Due(store.dialect, store.own).enrol(connection, {7: "Warehouse", 8: HOSTILE}, cadence=300)
        yield made


def one(**more: object) -> ClockSchedule:
    """A time clock that is looked at every five minutes, a minute ago the last time."""
    known: dict[str, object] = {"time_clock_id": 7, "name": "Warehouse", "state": "active", "cadence": 300}
    return ClockSchedule(**{**known, "next_due": NOW + 240, "last_good": NOW - 60, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("visited", "state", "sentence"),
    [
        ([], "unknown", "No time clock is visited yet"),
        ([one()], "ok", "Every time clock is fresh: the oldest look is 60 seconds old"),
        ([one(), one(last_good=NOW - 240)], "ok", "Every time clock is fresh: the oldest look is 4 minutes old"),
        ([one(), one(last_good=None)], "unknown", "Looking: 1 of 2 time clocks is not looked at yet"),
        ([one(), one(state="paused")], "warn", "1 of 2 time clocks is paused"),
        ([one(state="refused"), one(failures=3)], "bad", "1 of 2 time clocks is not looked at: the key is refused"),
        ([one(failures=3), one(state="paused")], "bad", "1 of 2 time clocks is not readable: the last look failed"),
        ([one(next_due=NOW - 301)], "bad", "Nobody looks: a look has been due for 5 minutes"),
        ([one(next_due=NOW - 300)], "ok", "Every time clock is fresh: the oldest look is 60 seconds old"),
        (
            [one(next_due=NOW - 1800, cadence=1800)],
            "ok",
            "Every time clock is fresh: the oldest look is 60 seconds old",
        ),
        ([one(next_due=NOW - 9000, state="paused")], "warn", "1 of 1 time clock is paused"),
    ],
)
def test_the_answer(visited: list[ClockSchedule], state: str, sentence: str) -> None:
    """The worst thing first, in one sentence."""
    assert answer(visited, NOW)[:2] == (state, sentence)


def test_what_a_guard_stopped_could_be_read() -> None:
    """It is told as such, before what could not be read, and leads to the plan."""
    stopped, other = one(failures=1), one(time_clock_id=8, failures=1)
    said = answer([stopped, other], NOW, {7})
    assert said == ("bad", "1 of 2 time clocks is not up to date: a guard stopped the last look", "/plan")
    assert line_of(stopped, NOW, {7}).word == "stopped by a guard"
    assert line_of(other, NOW, {7}).word == "1 look failed in a row"
    assert answer([other], NOW, {7})[2] == "connecteam-sync doctor"


def test_each_time_clock_has_one_state() -> None:
    """And says how often it is looked at, and why."""
    assert line_of(one(why="night", cadence=900), NOW).every == "every 15 minutes: it is night"
    assert line_of(one(), NOW).word == "on time"
    assert line_of(one(failures=2), NOW).word == "2 looks failed in a row"
    assert line_of(one(next_due=NOW - 301), NOW).word == "due for 5 minutes"
    assert line_of(one(state="paused", failures=2), NOW).word == "paused"


def test_pause_and_resume_one(console: Operated) -> None:
    """By form and by JSON, with the reason; the page says who, when and why."""
    with console.by("operator", "Ana") as ana:
        answered = act(ana, "/clocks/7/pause", reason="stock taking")
        assert (answered.status_code, answered.headers["location"]) == (303, "/clocks")
        states = {clock.time_clock_id: clock for clock in console.mirror.schedules()}
        assert (states[7].state, states[7].paused_by, states[7].paused_reason) == ("paused", "Ana", "stock taking")
        assert states[8].state == "active"
        text = page(ana, "/clocks")
        assert "1 of 2 time clocks is paused" in text
        assert "by Ana" in text
        assert "stock taking" in text
        act(ana, "/clocks/8/pause", reason="stock taking")
        assert done(ana, "/clocks/7/resume") == {"schema": 1, "resumed": [7]}
        assert [clock.state for clock in console.mirror.schedules()] == ["active", "paused"]


def test_pause_and_resume_all(console: Operated) -> None:
    """As the command does without a time clock."""
    with console.by("operator") as ana:
        assert done(ana, "/clocks/pause", reason="move") == {"schema": 1, "paused": [7, 8]}
        assert "2 of 2 time clocks are paused" in page(ana, "/clocks")
        assert act(ana, "/clocks/resume").status_code == 303
    assert {clock.state for clock in console.mirror.schedules()} == {"active"}


def test_a_pause_needs_a_reason_and_a_clock(console: Operated) -> None:
    """422 without a reason, 404 for a time clock that is not visited; nothing is paused."""
    with console.by("operator") as ana:
        for fields in ({}, {"reason": "  "}, {"reason": "x" * 1001}):
            assert act(ana, "/clocks/7/pause", **fields).status_code == 422
        for clock in ("9", "99999999999999999999"):
            assert act(ana, f"/clocks/{clock}/pause", reason="why").status_code in {404, 422}
        assert act(ana, "/clocks/x/pause", reason="why").status_code == 422
    assert {clock.state for clock in console.mirror.schedules()} == {"active"}


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_who_may_only_look_pauses_nothing(console: Operated, role: Role) -> None:
    """Neither one nor all; the page has no such button."""
    with console.by(role) as jo:
        for path in ("/clocks/7/pause", "/clocks/pause", "/clocks/7/resume", "/clocks/resume"):
            assert act(jo, path, reason="why").status_code == 403
        assert "Pause" not in page(jo, "/clocks")
    assert {clock.state for clock in console.mirror.schedules()} == {"active"}


def test_the_page_shows_failures_and_hostile_names(console: Operated) -> None:
    """What the error said is text, whatever is in it; and the JSON is what `clocks --json` says of visits."""
    store = console.mirror.store
    due = Due(store.dialect, store.own)
    with store.own_rows("failing") as connection:
        claimed = due.claim(connection, seconds=60)
        assert claimed is not None
        wrong = LookError(name="bad_answer", message=f"the answer was {HOSTILE}")
        due.finish(connection, claimed, Outcome(waits=30, cadence=300, error=wrong))
    with console.by("viewer") as jo:
        text = page(jo, "/clocks")
        assert "1 look failed in a row" in text
        assert "alert(1)" in text
        said = jo.get("/clocks.json").json()["time_clocks"]
    assert [(clock["id"], clock["visits"]["failures"]) for clock in said] in ([(7, 1), (8, 0)], [(7, 0), (8, 1)])


def test_no_clock_is_visited_yet(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says what would be here, and how to get it."""
    with operated(initialised, monkeypatch) as console, console.by("viewer") as jo:
        text = page(jo, "/clocks")
    assert "No time clock is visited yet" in text
    assert "connecteam-sync serve visits each of them" in text


def test_few_statements(console: Operated) -> None:
    """However many there are."""
    assert console.statements_of(clocks) <= MOST_STATEMENTS
