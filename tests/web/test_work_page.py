"""`/in-hand`: what takes long goes on in the background, shows how far it is, can be stopped; one thing at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.roles import Role
from connecteam_sync.errors import LockHeld, NotFound
from connecteam_sync.web.pages.work import sentence, work
from connecteam_sync.web.work import Ended, Work, Works
from support.operated import JSON, MOST_STATEMENTS, Operated, act, done, ended, operated, page

MONTHS = {"from_": "2025-10-01", "to": "2025-12-11"}


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over an empty company."""
    with operated(initialised, monkeypatch) as made:
        yield made


@contextmanager
def in_the_middle(console: Operated, call: int = 3) -> Iterator[threading.Event]:
    """The answer to a call about shifts waits until the event that is given is set."""
    met, goes_on = threading.Event(), threading.Event()
    seen = iter(range(1, 1000))

    def wait(body: bytes) -> bytes:
        if next(seen) == call:
            met.set()
            assert goes_on.wait(30)
        return body

    console.sandbox.faults.rewrite(wait, path="/time-activities", times=1000)
    goes_on.met = met  # type: ignore[attr-defined]
    try:
        yield goes_on
    finally:
        goes_on.set()


def met(event: threading.Event) -> None:
    """Wait until the work is in the middle."""
    waiting: threading.Event = event.met  # type: ignore[attr-defined]
    assert waiting.wait(30)


def test_a_sync_of_months_shows_how_far_it_is(console: Operated) -> None:
    """Its step, share and time left; a note stands on the pages of whoever began it, and of nobody else."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator", "Ana") as ana, console.by("operator", "Ben") as ben, in_the_middle(console) as event:
        answer = act(ana, "/in-hand/sync", **MONTHS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/in-hand")
        met(event)
        text = page(ana, "/in-hand")
        assert "sync 2025-10-01..2025-12-11 goes on" in text
        assert "mirroring: time clock" in text or "days," in text
        assert "Stop after the slice in hand" in text
        assert 'data-refresh="3"' in ana.get("/in-hand").text
        known = ana.get("/in-hand.json").json()["work"]
        assert 0 < known["share"] < 1
        assert f'<progress max="100" value="{round(known["share"] * 100)}"' in ana.get("/in-hand").text
        assert known["progress"] in text
        assert "left" in known["progress"]
        assert "In hand: sync 2025-10-01..2025-12-11" in page(ana, "/runs")
        assert "In hand" not in page(ben, "/runs")
        event.set()
        over = ended(ana)
        assert (over["state"], over["to"], over["by"]) == ("done", "/runs/1", "Ana")
        assert "1 new" in over["message"]
        text = page(ana, "/in-hand")
        assert "is done" in text
        assert "See what came of it" in text
        assert "In hand" not in page(ana, "/runs")
    assert len(console.world.table()) == 1
    entry = console.mirror.audit()[0]
    assert (entry.by, entry.action, entry.subject, entry.run) == ("Ana", "sync", "2025-10-01..2025-12-11", 1)


def test_one_thing_at_a_time(console: Operated) -> None:
    """423, in the words of what is in hand, for whoever comes second."""
    with console.by("operator", "Ana") as ana, console.by("admin", "Ben") as ben, in_the_middle(console) as event:
        act(ana, "/in-hand/verify", **MONTHS)
        met(event)
        for path in ("/in-hand/verify", "/in-hand/sync", "/in-hand/resync", "/plan"):
            answer = ben.post(path, data={"from": "2025-10-01", "to": "2025-12-11"}, headers=JSON)
            assert answer.status_code == 423
            assert answer.json()["message"] == (
                "verify 2025-10-01..2025-12-11, which Ana began, is in hand: one thing at a time"
            )
        assert "Begin" not in page(ben, "/in-hand").replace("Begun", "")
        event.set()
        assert ended(ana)["what"] == "verify 2025-10-01..2025-12-11"


def test_it_is_stopped_between_two_slices(console: Operated) -> None:
    """What is done stays: the same again goes on from there. Anybody who may operate stops it."""
    early = console.company.at(console.world.window.first.replace(month=10), "08:00")
    console.company.add(console.world.user, early, early + 3600, created_at=early)
    console.world.work(10, "08:00", "16:00")
    with console.by("operator", "Ana") as ana, console.by("operator", "Ben") as ben, in_the_middle(console, 4) as event:
        act(ana, "/in-hand/sync", **MONTHS)
        met(event)
        said = done(ben, "/in-hand/stop")["work"]
        assert (said["state"], said["by"]) == ("stopping", "Ana")
        assert "ends after the slice in hand" in page(ana, "/in-hand")
        event.set()
        over = ended(ana)
        assert over["state"] == "stopped"
        assert "what was done stays" in over["message"]
        assert act(ben, "/in-hand/stop").status_code == 404
        written = console.world.table()
        assert len(written) == 1
        console.sandbox.faults.clear()
        act(ana, "/in-hand/sync", **MONTHS)
        assert ended(ana)["state"] == "done"
    assert len(console.world.table()) == 2
    assert console.world.table()[0] == written[0]
    assert [(entry.by, entry.action) for entry in console.mirror.audit()][1] == ("Ben", "stop")


def test_a_verify_ends_with_its_receipt(console: Operated) -> None:
    """Differences are no success, and nothing but the receipt is written."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator") as ana:
        text = page(ana, "/in-hand?kind=verify&from=2025-12-01&to=2025-12-11")
        assert "verify 2025-12-01..2025-12-11 (America/Chicago), 11 days" in text
        assert act(ana, "/in-hand/verify", from_="2025-12-01", to="2025-12-11").status_code == 303
        over = ended(ana)
    assert (over["state"], over["to"]) == ("failed", "/runs/1")
    assert over["message"] == "Connecteam has 1 shift; 1 difference"
    assert console.mirror.show(1)[0].kind == "verify"
    assert console.world.table() == []


def test_what_fails_says_so(console: Operated) -> None:
    """With the words of the command; the next thing can be begun."""
    console.sandbox.faults.add("bad_key", times=100)
    with console.by("operator") as ana:
        act(ana, "/in-hand/sync", **MONTHS)
        over = ended(ana)
        assert over["state"] == "failed"
        assert over["message"]
        console.sandbox.faults.clear()
        assert act(ana, "/in-hand/verify", **MONTHS).status_code == 303
        assert ended(ana)["number"] == over["number"] + 1


def test_a_sync_repeats_what_is_there_before_it_begins(console: Operated) -> None:
    """Days, shifts and hours; GET begins nothing."""
    console.world.work(2, "08:00", "16:00")
    console.world.sync()
    with console.by("operator") as ana:
        text = page(ana, "/in-hand?kind=resync&from=2025-12-01&to=2025-12-11")
        assert "the mirror has 1 shift of 1 person there, 8:00 hours of closed ones, 0 without a row" in text
        assert "Resync 11 days, 8:00 hours" in text
        assert ana.get("/in-hand.json").json() == {"schema": 1, "work": None}
        assert ana.get("/in-hand?kind=nonsense").status_code == 422
        assert ana.get("/in-hand?kind=sync&from=2025-12-11&to=2025-12-01").status_code == 422
    assert len(console.mirror.runs()) == 1


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_who_may_only_look_begins_and_stops_nothing(console: Operated, role: Role) -> None:
    """Not even what somebody else began."""
    with console.by("operator") as ana, console.by(role, "Jo") as jo, in_the_middle(console) as event:
        for path in ("/in-hand/verify", "/in-hand/sync", "/in-hand/resync", "/in-hand/stop"):
            assert act(jo, path, **MONTHS).status_code == 403
        assert ana.get("/in-hand.json").json()["work"] is None
        act(ana, "/in-hand/verify", **MONTHS)
        met(event)
        assert act(jo, "/in-hand/stop").status_code == 403
        assert "Stop" not in page(jo, "/in-hand")
        assert ana.get("/in-hand.json").json()["work"]["state"] == "running"
        event.set()
        assert ended(ana)["state"] in {"done", "failed"}


def test_whoever_began_it_stops_it(console: Operated) -> None:
    """Payroll does not operate, and closes months; nobody stops what they have not seen."""
    with console.by("payroll", "Pat") as pat, console.by("operator") as ana, in_the_middle(console, 1) as event:
        assert act(pat, "/locks", **MONTHS, reason="payroll").status_code == 303
        met(event)
        assert "Stop after the slice in hand" in page(pat, "/in-hand")
        assert '<input type="hidden" name="number" value="1">' in pat.get("/in-hand").text
        assert act(ana, "/in-hand/stop", number="2").status_code == 404
        assert ana.get("/in-hand.json").json()["work"]["state"] == "running"
        assert done(pat, "/in-hand/stop", number="1")["work"]["state"] == "stopping"
        event.set()
        assert ended(pat)["state"] == "stopped"
        assert act(pat, "/in-hand/sync", **MONTHS).status_code == 403
    assert console.mirror.locked_days() == ()
    assert [(one.by, one.action) for one in console.mirror.audit()] == [("Pat", "stop")]


def test_the_console_ends_what_is_in_hand(console: Operated) -> None:
    """Within seconds, and between two slices."""
    works = Works(console.mirror.settings)
    began = threading.Event()

    def unit(client: ConnecteamSync) -> Ended:
        began.set()
        client.sync(console.mirror.window(console.world.window.first.replace(month=10), console.world.window.last))
        return Ended(message="whole")

    with in_the_middle(console) as event:
        works.begin(unit, by="Ana", what="sync")
        met(event)
        threading.Timer(0.2, event.set).start()
        began_to_end = time.monotonic()
        works.end()
        assert time.monotonic() - began_to_end < 5
    assert works.last is not None
    assert works.last.state == "stopped"


def test_an_unforeseen_error_is_told_without_its_words(console: Operated) -> None:
    """It may hold names; and other work can be begun after it."""
    works = Works(console.mirror.settings)

    def broken(_: ConnecteamSync) -> Ended:
        raise ZeroDivisionError("Ana Álvarez")

    works.begin(broken, by="Ana", what="nonsense")
    assert _over(works).message == "unforeseen error ZeroDivisionError"
    works.begin(lambda _: Ended(message="well"), by="Ana", what="more")
    over = _over(works)
    assert (over.number, over.state, over.message) == (2, "done", "well")
    with pytest.raises(NotFound):
        works.stop()


def test_only_one_begins_of_many_at_once(console: Operated) -> None:
    """Whoever is second is refused, also at the same instant."""
    works, goes_on = Works(console.mirror.settings), threading.Event()
    found: list[str] = []

    def unit(_: ConnecteamSync) -> Ended:
        assert goes_on.wait(30)
        return Ended(message="done")

    def begins(number: int) -> None:
        try:
            works.begin(unit, by=str(number), what="it")
            found.append("began")
        except LockHeld as error:
            found.append(error.next_step)

    threads = [threading.Thread(target=begins, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    goes_on.set()
    assert sorted(found) == ["began", *["wait until it is done, or stop it: /in-hand"] * 7]
    assert _over(works).state == "done"


def _over(works: Works) -> Work:
    ends = time.monotonic() + 30
    while works.in_hand is not None:
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert works.last is not None
    return works.last


def test_words_and_statements(console: Operated) -> None:
    """Of the states; and the page reads nothing if nothing is asked."""
    known = Work(number=1, by="Ana", what="verify", began_at=0)
    assert sentence(None) == "Nothing is in hand"
    assert sentence(known) == "verify goes on"
    assert console.statements_of(work) == 0
    assert console.statements_of(work, query={"kind": "sync", "from": "2025-12-01"}) <= MOST_STATEMENTS
