"""`/doorbells`: whether the bells work, each delivery, and having one looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from connecteam_sync.core.bells import Bell, Reliability
from connecteam_sync.core.facts import BellFacts
from connecteam_sync.core.roles import Role
from connecteam_sync.present.bells_text import doorbell_json
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.due import Due
from connecteam_sync.web.pages.doorbells import PAGE, answer, doorbell, doorbells
from support.operated import MOST_STATEMENTS, Operated, act, done, operated, page

ODD = '"><script>alert(1)</script>/../?x=%2e#y'
"""A key that only a hostile sender would choose: printable, and everything that an address or a page could misread."""


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a time clock that is visited, without any delivery."""
    with operated(initialised, monkeypatch) as made:
        store = made.mirror.store
        store.columns()
        with store.own_rows("visiting") as connection:
            Due(store.dialect, store.own).enrol(connection, {7: "Warehouse"}, cadence=300)
        yield made


def ring(console: Operated, *keys: str, clock: int = 7, times: int = 1) -> None:
    """Deliver some, each so many times."""
    store = console.mirror.store
    bells = [
        Bell(key=key, use="look", kind="shift", event="clock_in", time_clock_id=clock, activity_id="a", user_id=3)
        for key in keys
    ]
    for _ in range(times):
        with store.own_rows("ringing") as connection:
            Bells(store.dialect, store.own).record(connection, bells, settle_seconds=10)


@pytest.mark.parametrize(
    ("bells", "look", "sentence"),
    [
        (None, "unknown", "No doorbells are expected"),
        (BellFacts(), "ok", "The doorbells work: none came in the last day"),
        (
            BellFacts(lags=(12.4, 95.0)),
            "ok",
            "The doorbells work: 12 seconds from a bell to the end of its look, 95 seconds at most for 95 of 100",
        ),
        (
            BellFacts(reliability={7: Reliability(judged=40, lost=6), 8: Reliability(judged=40)}),
            "warn",
            "Losing: 6 of the last 80 changes came without a doorbell",
        ),
        (
            BellFacts(
                reliability={7: Reliability(judged=40, lost=6), 8: Reliability(judged=5, lost=5, silent_since=9)}
            ),
            "bad",
            "Silent: the last changes of 1 time clock came without a doorbell",
        ),
    ],
)
def test_the_answer(bells: BellFacts | None, look: str, sentence: str) -> None:
    """The worst thing first, in one sentence."""
    assert answer(bells) == (look, sentence)


def test_deliveries_are_listed_as_the_command_lists_them(console: Operated) -> None:
    """Newest first, with what came of each, and how often they came again."""
    ring(console, "first", times=3)
    ring(console, "second")
    with console.by("viewer") as jo:
        text = page(jo, "/doorbells")
        said = jo.get("/doorbells.json").json()
    assert said == {"schema": 1, "doorbells": [doorbell_json(bell) for bell in console.mirror.doorbells()]}
    assert [bell["key"] for bell in said["doorbells"]] == ["second", "first"]
    assert "waits for a look" in text
    assert "2 deliveries that came again, of the last 2 doorbells" in text.replace("Repeated 2", "2")
    assert console.mirror.doorbell_repeats() == (2, 2)
    assert "2 deliveries, 1 waiting" in text
    with console.by("viewer") as jo:
        assert "2 deliveries, 1 waiting" in page(jo, "/health")
    bells = (console.mirror.status().bells, console.mirror.status(doorbell_counts=False).bells)
    assert [bell and bell.counts for bell in bells] == [{"waiting": 1, "joined": 1}, None]


def test_they_are_filtered_and_paged(console: Operated) -> None:
    """By state and time clock; the cursor is a key, and keeps the filter."""
    ring(console, *(f"key-{number:03}" for number in range(PAGE + 5)))
    with console.by("viewer") as jo:
        first = jo.get("/doorbells.json").json()["doorbells"]
        assert len(first) == PAGE
        assert f"/doorbells?after={first[-1]['key']}" in jo.get("/doorbells").text
        rest = jo.get(f"/doorbells.json?after={first[-1]['key']}").json()["doorbells"]
        assert len(rest) == 5
        assert {bell["key"] for bell in first} & {bell["key"] for bell in rest} == set()
        joined = jo.get("/doorbells?state=joined&clock=7").text
        assert "state=joined&amp;clock=7" in joined
        assert len(jo.get("/doorbells.json?state=waiting").json()["doorbells"]) == 1
        assert jo.get("/doorbells.json?clock=8").json()["doorbells"] == []
        assert "No delivery is like that" in page(jo, "/doorbells?clock=8")
        for wrong in ("state=nonsense", "clock=x", "clock=0", "after=%E2%80%AE", f"after={'k' * 200}"):
            assert jo.get(f"/doorbells?{wrong}").status_code == 422, wrong
        assert jo.get("/doorbells?after=unknown").status_code == 404


def test_one_is_looked_at_again(console: Operated) -> None:
    """It rings as if it had just come; who asked for it is on record."""
    ring(console, "a", "b")
    assert console.mirror.doorbell("b").state == "joined"
    with console.by("operator", "Ana") as ana:
        answered = act(ana, "/doorbells/b/replay")
        assert (answered.status_code, answered.headers["location"]) == (303, "/doorbells/b")
        assert console.mirror.doorbell("b").state == "waiting"
        assert "clock_in: ▲ waits for a look" in page(ana, "/doorbells/b")
        assert done(ana, "/doorbells/b/replay")["doorbells"][0]["key"] == "b"
        assert act(ana, "/doorbells/c/replay").status_code == 404
    entry = console.mirror.audit()[-1]
    assert (entry.by, entry.action, entry.subject) == ("Ana", "doorbells replay", "doorbell b")


def test_one_of_an_unknown_clock_is_not(console: Operated) -> None:
    """In the words of the command; it stays as it was."""
    ring(console, "a", clock=9)
    with console.by("operator") as ana:
        answered = act(ana, "/doorbells/a/replay")
        assert answered.status_code == 422
        assert "it is of no time clock that is visited" in answered.text
    assert console.mirror.doorbell("a").state == "ignored"
    assert console.mirror.audit() == ()


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_who_may_only_look_replays_nothing(console: Operated, role: Role) -> None:
    """And has no button for it."""
    ring(console, "a", "b")
    with console.by(role) as jo:
        assert act(jo, "/doorbells/b/replay").status_code == 403
        assert "Have it looked at again" not in page(jo, "/doorbells/b")
    assert console.mirror.doorbell("b").state == "joined"


def test_an_odd_key_is_a_key(console: Operated) -> None:
    """It has a page, an address and an action like every other."""
    ring(console, ODD)
    with console.by("operator") as ana:
        assert quote(ODD, safe="") in ana.get("/doorbells").text
        assert ODD in page(ana, f"/doorbells/{quote(ODD, safe='')}")
        assert act(ana, f"/doorbells/{quote(ODD, safe='')}/replay").status_code == 303
        assert ana.get(f"/doorbells/{quote(ODD, safe='')}.json").json()["doorbells"][0]["key"] == ODD


def test_no_delivery_yet(console: Operated) -> None:
    """The page says what would be here, and how to get it."""
    with console.by("viewer") as jo:
        text = page(jo, "/doorbells")
        assert "No doorbells are expected" in text
        assert "connecteam-sync webhooks register --url" in text
        assert jo.get("/doorbells/nothing").status_code == 404
        assert jo.get("/doorbells/nothing.json").json()["error"] == "not_found"


def test_few_statements(console: Operated) -> None:
    """However many deliveries there are."""
    ring(console, "a", times=2)
    assert console.statements_of(doorbells, query={"after": "a", "clock": "7"}) <= MOST_STATEMENTS
    assert console.statements_of(doorbell, params={"key": "a"}) <= MOST_STATEMENTS
