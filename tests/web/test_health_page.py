"""`/health`: problems, who was told, workers, budget, versions; doctor and a test alert by a button. And `/audit`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from connecteam_sync.core.cadence import ClockSchedule
from connecteam_sync.core.problems import Problem
from connecteam_sync.core.roles import Role
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.version import __version__
from connecteam_sync.web.pages.audit import PAGE, audit
from connecteam_sync.web.pages.health import answer, health, workers
from support.console_site import console_of
from support.operated import HOSTILE, MOST_STATEMENTS, Operated, act, done, operated, page, shown
from support.receivers import SECRET, web_server

NOW = 1_767_628_800


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over an empty company."""
    with operated(initialised, monkeypatch) as made:
        yield made


def _problem(number: int) -> Problem:
    return Problem(name="unmapped", since=NOW, message=f"problem {number}", next_step="do this")


def test_the_answer() -> None:
    """The first problem, and how many more there are."""
    status = MirrorStatus(state="well", at=NOW)
    assert answer(status) == "All is well"
    status = msgspec.structs.replace(status, problems=(_problem(1),))
    assert answer(status) == "problem 1"
    status = msgspec.structs.replace(status, problems=(_problem(1), _problem(2), _problem(3)))
    assert answer(status) == "problem 1, and 2 more problems"


def test_who_looks() -> None:
    """As far as the database knows: time clocks, those in hand, and how late the latest is."""
    status = MirrorStatus(state="well", at=NOW)
    clock = ClockSchedule(time_clock_id=7, name="W", state="active", next_due=NOW, cadence=300)
    held = msgspec.structs.replace(clock, held_until=NOW + 1)
    gone = msgspec.structs.replace(clock, held_until=NOW)
    assert workers(status, [], NOW).startswith("no service visits time clocks")
    assert workers(status, [clock, held, gone], NOW) == "3 time clocks visited, 1 looked at right now"
    late = msgspec.structs.replace(status, due_seconds=600)
    assert workers(late, [clock], NOW).endswith("; a look has been due for 10 minutes")


def test_the_page_shows_the_machine(console: Operated) -> None:
    """Version, database, calls, doorbells; it asks Connecteam nothing, and its JSON is that of `alerts`."""
    calls = console.sandbox.calls
    with console.by("viewer") as jo:
        text = page(jo, "/health")
        assert f"connecteam-sync {__version__}" in text
        assert console.mirror.store.name in text
        assert "not known how many are left today" in text
        assert "Nobody has asked since the console began" in text
        assert "Nobody is told" in text
        assert "Ask doctor" not in text
        assert jo.get("/health.json").json() == {"schema": 1, "alerts": [], "receivers": []}
    assert console.sandbox.calls == calls


def test_doctor_is_asked_by_a_button_alone(console: Operated) -> None:
    """It calls Connecteam; what it found stays on the page, with who asked and when."""
    calls = console.sandbox.calls
    with console.by("operator", "Ana") as ana, console.by("viewer") as jo:
        answered = act(ana, "/health/doctor")
        assert (answered.status_code, answered.headers["location"]) == (303, "/health#doctor")
        assert console.sandbox.calls > calls
        calls = console.sandbox.calls
        text = page(jo, "/health")
        assert "Asked by Ana" in text
        checks = console.mirror.doctor()
        assert len(checks) > 5
        assert all(" ".join(check.detail.split()) in text for check in checks if check.name != "clock skew")
        said = done(ana, "/health/doctor")
        assert [check["name"] for check in said["checks"]] == [check.name for check in checks]
    assert [(entry.by, entry.action) for entry in console.mirror.audit()] == [("Ana", "doctor")] * 2


def test_a_test_alert_is_sent(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To every receiver, as `alerts test` does; whether it was taken stays on the page."""
    monkeypatch.setenv("CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET", SECRET)
    with (
        web_server() as hook,
        operated(initialised, monkeypatch, alerts_webhook_url=hook.url) as console,
        console.by("operator", "Ana") as ana,
    ):
        assert "Send a test alert" in page(ana, "/health")
        said = done(ana, "/health/test-alert")
        assert said == {"schema": 1, "receivers": [{"name": "webhook", "taken": True, "error": None}], "exit_code": 0}
        assert len(hook.told) == 1
        text = page(ana, "/health")
        assert "Sent by Ana" in text
        assert "webhook: ● taken" in text
        hook.answer = 500
        assert act(ana, "/health/test-alert").status_code == 303
        assert "webhook: ✖ the receiver answered 500" in page(ana, "/health")
        assert [entry.action for entry in console.mirror.audit()] == ["alerts test"] * 2


def test_nobody_is_told(console: Operated) -> None:
    """A test alert says how that changes."""
    with console.by("operator") as ana:
        answered = act(ana, "/health/test-alert")
        assert answered.status_code == 422
        assert "nobody is told of alerts" in shown(answered)
    assert console.mirror.audit() == ()


def test_receivers_that_cannot_be_used(console: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stands all the same, and says what is wrong with them."""
    monkeypatch.setenv("CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET", SECRET)
    with console_of(console.mirror.settings) as site, site.signed_in("viewer") as jo:
        assert "alerts by webhook need both" in page(jo, "/health")


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_who_may_only_look_asks_nobody(console: Operated, role: Role) -> None:
    """Neither doctor nor receivers."""
    calls = console.sandbox.calls
    with console.by(role) as jo:
        for path in ("/health/doctor", "/health/test-alert"):
            assert act(jo, path).status_code == 403
    assert console.sandbox.calls == calls
    assert console.mirror.audit() == ()


def test_who_did_what(console: Operated) -> None:
    """Newest first, with a cursor, as JSON and as a table; nobody has done anything at first."""
    with console.by("operator", "Ana <b>") as ana:
        assert "Nobody has done anything here yet" in page(ana, "/audit")
        for number in range(PAGE + 2):
            with console.mirror.acting("Ana", "pause", f"time clock {number}", HOSTILE):
                console.mirror.note_act()
        text = page(ana, "/audit")
        assert f"time clock {PAGE + 1}" in text
        assert "time clock 1 " not in text
        assert "alert(1)" in text
        said = ana.get("/audit.json").json()["audit"]
        assert len(said) == PAGE
        assert (said[0]["by"], said[0]["subject"]) == ("Ana", f"time clock {PAGE + 1}")
        assert f"/audit?before={said[-1]['number']}" in ana.get("/audit").text
        rest = ana.get(f"/audit.json?before={said[-1]['number']}").json()["audit"]
        assert [entry["subject"] for entry in rest] == ["time clock 1", "time clock 0"]
        assert ana.get("/audit.csv").text.startswith("number,at,by,trigger,action,subject,detail,run\r\n")
        assert ana.get("/audit?before=x").status_code == 422


def test_few_statements(console: Operated) -> None:
    """However much there is."""
    assert console.statements_of(health) <= MOST_STATEMENTS
    assert console.statements_of(audit, query={"before": "9"}) <= MOST_STATEMENTS
