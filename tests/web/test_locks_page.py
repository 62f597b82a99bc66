"""`/locks`: which days are closed and what was verified; closing and opening them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.core.roles import Role
from connecteam_sync.web.pages.locks import locks
from support.operated import HOSTILE, JSON, MOST_STATEMENTS, Operated, act, done, ended, operated, page, shown

DAYS = {"from_": "2025-12-02", "to": "2025-12-03"}
REASON = "first half of December"


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a company of one shift, which is in the table."""
    with operated(initialised, monkeypatch) as made:
        made.world.work(2, "08:00", "16:00")
        made.world.sync()
        yield made


def test_closing_repeats_what_it_closes(console: Operated) -> None:
    """The days, the shifts and the hours, before anything is asked or written."""
    calls = console.sandbox.calls
    with console.by("payroll") as pia:
        text = page(pia, "/locks?from=2025-12-02&to=2025-12-03&reason=payroll")
        assert "Close 2025-12-02..2025-12-03 (America/Chicago)?" in text
        assert "2 days of 2 would be closed: 1 shift of 1 person, 8:00 hours of closed ones, 0 open, 0 without" in text
        assert "Look, then close 2 days, 8:00 hours" in text
        assert console.mirror.locks() == ()
    assert console.sandbox.calls == calls


def test_days_are_closed_and_opened(console: Operated) -> None:
    """With who, when and why, and what the look before found; by form and by JSON as the command says it."""
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, "/locks", **DAYS, reason=REASON)
        assert (answer.status_code, answer.headers["location"]) == (303, "/locks")
        text = page(pia, "/locks")
        assert "2 days are closed" in text
        assert "Tue 2 Dec 2025 to Wed 3 Dec 2025" in text
        assert "Pia" in text
        assert REASON in text
        assert "all was right; 1 shift, 8:00 hours" in text
        [closed] = pia.get("/locks.json").json()["locks"]
        assert (closed["by"], closed["first"], closed["last"]) == ("Pia", "2025-12-02", "2025-12-03")
        text = page(pia, "/locks?do=unlock&from=2025-12-02&to=2025-12-05")
        assert "Open 2025-12-02..2025-12-05 (America/Chicago)?" in text
        assert "2 days of 4 would be open again" in text
        said = done(pia, "/locks/unlock", **DAYS, reason="a mistake")
        assert (said["unlocked"], said["by"], said["reason"]) == (2, "Pia", "a mistake")
        assert "No day is closed" in page(pia, "/locks")
        text = page(pia, "/locks?all=yes")
        assert "unlocked" in text
        assert "a mistake" in text
    assert [(entry.by, entry.action) for entry in console.mirror.audit()] == [("Pia", "unlock"), ("Pia", "lock")]


def test_what_is_not_right_is_not_closed(console: Operated) -> None:
    """409 with each thing that is wrong, as the command says it; with `anyway` it is closed, and that is kept."""
    console.world.work(3, "08:00", "12:00")
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, "/locks", **DAYS, reason=REASON)
        assert answer.status_code == 409
        text = shown(answer)
        assert "is not right yet, so nothing was locked: 1 difference" in text
        assert "Wed 3 Dec 2025 08:00" in text
        assert "Look, then close" in text
        said = pia.post("/locks", data={"from": "2025-12-02", "to": "2025-12-03", "reason": REASON}, headers=JSON)
        assert said.status_code == 409
        assert said.json()["error"] == "lock_refused"
        assert (said.json()["locked"], said.json()["verified"]["differences"]) == (0, 1)
        assert console.mirror.locks() == ()
        assert console.mirror.audit() == ()
        assert done(pia, "/locks", **DAYS, reason=REASON, anyway="yes")["locked"] == 2
        assert "closed anyway: 1 difference" in page(pia, "/locks")


def test_a_long_window_is_closed_in_the_background(console: Operated) -> None:
    """After a look at all of it; what is wrong stands on the page of the work."""
    with console.by("payroll", "Pia") as pia, console.by("operator") as ana:
        answer = act(pia, "/locks", from_="2025-10-01", to="2025-12-03", reason=REASON)
        assert (answer.status_code, answer.headers["location"]) == (303, "/in-hand")
        assert ended(pia)["state"] == "done"
        assert "64 days are closed" in page(pia, "/locks")
        console.world.work(5, "08:00", "12:00")
        act(pia, "/locks", from_="2025-10-01", to="2025-12-05", reason=REASON)
        over = ended(ana)
        assert over["state"] == "failed"
        assert len(over["wrong"]) == 1
        assert "Fri 5 Dec 2025" in page(ana, "/in-hand")
        assert "64 days are closed" in page(pia, "/locks")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_is_not_of_payroll_closes_nothing(console: Operated, role: Role) -> None:
    """Nor opens; the page shows the command instead."""
    with console.by("payroll") as pia, console.by(role) as jo:
        assert act(jo, "/locks", **DAYS, reason=REASON).status_code == 403
        assert console.mirror.locks() == ()
        act(pia, "/locks", **DAYS, reason=REASON)
        assert act(jo, "/locks/unlock", **DAYS).status_code == 403
        assert len(console.mirror.locks()) == 1
        text = page(jo, "/locks")
        assert "connecteam-sync unlock --from 2025-12-02 --to 2025-12-03" in text
        assert "Open again" not in text


@pytest.mark.parametrize(
    "fields",
    [
        {"from": "2025-12-02", "to": "2025-12-03"},
        {"from": "2025-12-02", "reason": "why"},
        {"from": "2025-12-03", "to": "2025-12-02", "reason": "why"},
        {"from": "tomorrow", "to": "2099-01-01", "reason": "why"},
        {"from": "2025-12-02", "to": "2025-12-03", "reason": "x" * 1001},
        {"from": "2030-01-01", "to": "2030-01-02", "reason": "why"},
    ],
)
def test_what_cannot_be_closed(console: Operated, fields: dict[str, str]) -> None:
    """422 in the words of the command."""
    with console.by("payroll") as pia:
        answer = pia.post("/locks", data=fields)
        assert answer.status_code == 422
        shown(answer)
    assert console.mirror.locks() == ()


def test_hostile_reasons_stay_text(console: Operated) -> None:
    """In the table and in the form."""
    with console.by("payroll", "Pia <b>") as pia:
        act(pia, "/locks", **DAYS, reason=HOSTILE)
        assert "alert(1)" in page(pia, "/locks")
        assert "Pia <b>" in page(pia, "/locks")
        answer = pia.get("/locks", params={"from": "2025-12-02", "to": "2025-12-03", "reason": HOSTILE})
        shown(answer)


def test_few_statements(console: Operated) -> None:
    """With a window and with every event."""
    query = {"from": "2025-12-02", "to": "2025-12-03", "all": "yes"}
    assert console.statements_of(locks, query=query) <= MOST_STATEMENTS
