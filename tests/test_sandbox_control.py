"""The control address of the sandbox: what happens in the company is made to happen from outside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE

DAY = date(2025, 12, 2)
USER, OTHER = 8_000_000, 8_000_037
Does = Callable[..., Any]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A company without shifts."""
    with Sandbox(Company(0, people=3)) as served:
        yield served


@pytest.fixture
def does(sandbox: Sandbox) -> Iterator[Does]:
    """Do an act, which must succeed."""
    with httpx2.Client(headers={"x-api-key": sandbox.key}, trust_env=False, base_url=sandbox.url) as client:

        def act(name: str, /, **fields: object) -> Any:  # noqa: ANN401 - any JSON
            response = client.post(f"/sandbox/{name}", json=fields)
            assert response.status_code == 200, response.text
            return response.json()

        yield act


def refused(sandbox: Sandbox, act: str, /, **fields: object) -> tuple[int, str]:
    """Status and error of an act that must not succeed."""
    response = httpx2.post(
        f"{sandbox.url}/sandbox/{act}", json=fields, headers={"x-api-key": sandbox.key}, trust_env=False
    )
    return response.status_code, str(response.json()["error"])


def test_a_shift_from_its_beginning_to_its_deletion(sandbox: Sandbox, does: Does) -> None:
    """Named by id, or by person and minute; times are epoch seconds or local."""
    company = sandbox.company
    made = does("clock-in", user="ana álvarez", at="2025-12-02 08:00")
    assert (made["start"], made["end"], made["clock"]) == (company.at(DAY, "08:00"), None, WAREHOUSE)
    shift = company.activities[made["id"]]
    does("clock-out", user=USER, at=company.at(DAY, "12:00"))
    assert shift.end == company.at(DAY, "12:00")
    shift.start += 29
    does("edit", user=USER, begun="2025-12-02 08:00", start="2025-12-02T13:30:00+00:00", end="2025-12-02 12:30")
    assert (shift.start, shift.end) == (company.at(DAY, "07:30"), company.at(DAY, "12:30"))
    assert shift.modified_at
    does("reopen", id=shift.id)
    assert company.activities[shift.id].end is None
    does("clock-out", id=shift.id, at="2025-12-02 13:00", auto=True)
    assert shift.is_auto_clock_out
    does("spoil", id=shift.id, members={"end": None})
    assert shift.spoiled == {"end": None}
    does("delete", id=shift.id)
    assert not company.activities


def test_additions(sandbox: Sandbox, does: Does) -> None:
    """A whole shift, a break, copies and another id."""
    company = sandbox.company
    added = does("add", user=USER, start="2025-12-02 08:00", end="2025-12-02 09:00", clock=OFFICE)
    assert company.activities[added["id"]].clock_id == OFFICE
    assert company.activities[added["id"]].created_at > company.at(DAY, "23:00"), "added long after"
    pause = does("add", user=USER, kind="manual_break", start="2025-12-02 08:15", end="2025-12-02 08:30")
    assert (pause["kind"], company.activities[pause["id"]].break_type is None) == ("manual_break", False)
    assert len(does("duplicate", id=added["id"], times=2)) == 2
    new = does("replace-id", id=added["id"], end="2025-12-02 10:00")
    assert new["id"] != added["id"]
    assert added["id"] not in company.activities
    assert company.activities[new["id"]].end == company.at(DAY, "10:00")


def test_people(sandbox: Sandbox, does: Does) -> None:
    """Taken off their clocks, put on one, archived; a day of theirs is locked and unlocked."""
    company = sandbox.company
    assert does("unassign", user=USER)["clocks"] == []
    assert refused(sandbox, "clock-in", user=USER)[0] == 400
    assert does("assign", user=USER, clock=OFFICE)["clocks"] == [OFFICE]
    assert does("archive", user=USER)["archived"]
    assert company.people[USER].is_archived
    does("lock", user=OTHER, day="2025-12-02")
    assert company.locked == {(WAREHOUSE, OTHER, DAY)}
    does("lock", user=OTHER, day="2025-12-02", locked=False)
    assert not company.locked
    for act, marks, name in (
        ("submit", company.submitted, "submitted"),
        ("approve", company.approved, "approved"),
    ):
        does(act, user=OTHER, day="2025-12-02")
        assert marks == {(WAREHOUSE, OTHER, DAY)}
        does(act, user=OTHER, day="2025-12-02", **{name: False})
        assert not marks
    off = does("time-off", user=OTHER, first="2025-12-02", last="2025-12-03")
    assert (off["kind"], off["end"]) == ("time_off", company.at(date(2025, 12, 4), "00:00"))


def test_faults_count_from_now_and_acts_are_no_calls(sandbox: Sandbox, does: Does) -> None:
    """The control address meets no fault and is not in the count."""

    def me() -> int:
        return httpx2.get(f"{sandbox.url}/me", headers={"x-api-key": sandbox.key}, trust_env=False).status_code

    assert me() == 200
    does("fault", name="unavailable", call=2)
    does("settings")
    assert [me() for _ in range(3)] == [200, 503, 200]
    assert sandbox.calls == 4
    does("fault", name="unavailable")
    does("clear-faults")
    assert me() == 200
    assert refused(sandbox, "fault", name="x")[1].startswith("there is no fault 'x'")


def test_time_and_settings(sandbox: Sandbox, does: Does) -> None:
    """The company's time goes on from where it was set; of the settings only what is named changes."""
    at = sandbox.company.at(DAY, "08:00")
    does("time", now="2025-12-02 08:00", speed=0)
    assert does("clock-in", user=USER)["start"] == at
    does("time", speed=3600)
    time.sleep(0.01)
    assert at < sandbox.company.time.now() < at + 3600 * 600
    does("settings", selects_by="overlap")
    changed = does("settings", max_days=7)
    assert (changed["selects_by"], sandbox.settings.selects_by, sandbox.settings.max_days) == ("overlap", "overlap", 7)
    assert refused(sandbox, "settings", timezone="Mars/Olympus")[1] == "there is no time zone 'Mars/Olympus'"
    assert refused(sandbox, "settings", max_days="x")[0] == 400


@pytest.mark.parametrize(
    ("act", "fields", "says"),
    [
        ("edit", {}, "name the activity"),
        ("edit", {"id": "none"}, "no activities"),
        ("clock-out", {"user": USER}, "no activities"),
        ("delete", {"user": USER, "begun": "soon"}, "'soon' is no time"),
        ("delete", {"user": "Nobody", "begun": 0}, "no people"),
        ("add", {"user": USER, "start": 10, "end": 9}, "the end lies before the start"),
        ("add", {"user": USER, "start": 10, "clock": 1}, "there is no time clock 1"),
        ("add", {"user": USER, "start": -1}, "-1 is no time"),
        ("add", {"user": USER, "start": 10, "ende": 11}, "unknown field"),
        ("time", {"speed": -1}, "`float` >= 0"),
        ("time", {"now": "9998-01-01"}, "more than ten years"),
        ("time-off", {"user": USER, "first": "2025-12-02", "last": "2025-12-01"}, "before the first"),
        ("time-off", {"user": USER, "first": "2025-12-02", "last": "9999-12-31"}, "too far ahead"),
    ],
)
def test_acts_that_cannot_be_done(sandbox: Sandbox, act: str, fields: dict[str, object], says: str) -> None:
    """400 with what was wrong; nothing happens."""
    status, error = refused(sandbox, act, **fields)
    assert status == 400
    assert says in error
    assert not sandbox.company.activities


def test_without_the_key_nothing_happens(sandbox: Sandbox) -> None:
    """Neither reading nor acting."""
    for key, expected in (({}, 401), ({"x-api-key": "wrong"}, 403)):
        asked = [httpx2.get(sandbox.url + path, headers=key) for path in ("/sandbox", "/sandbox/activities")]
        asked.append(httpx2.post(f"{sandbox.url}/sandbox/unassign", json={"user": USER}, headers=key))
        assert {response.status_code for response in asked} == {expected}
    assert sandbox.company.people[USER].clocks


def test_what_there_is(sandbox: Sandbox, does: Does) -> None:
    """The acts with their fields, the people, and the activities between two instants."""
    does("clock-in", user=USER, at="2025-12-02 08:00")

    def get(path: str, **query: str) -> httpx2.Response:
        headers = {"x-api-key": sandbox.key}
        return httpx2.get(f"{sandbox.url}/sandbox{path}", params=query, headers=headers, trust_env=False)

    state = get("").json()
    assert state["acts"]["clock-in"] == ["user", "at", "clock"]
    assert state["people"][0] == {"user": USER, "name": "Ana Álvarez", "clocks": [WAREHOUSE]}
    assert (state["activities"], state["calls"]) == (1, 0)
    assert len(get("/activities", **{"from": "2025-12-02", "to": "2025-12-03"}).json()["activities"]) == 1
    assert get("/activities", to="2025-12-02").json()["activities"] == []
    assert get("/activities", to="x").status_code == 400
    assert refused(sandbox, "dance")[0] == 404


def test_the_page_has_every_act_with_its_fields(sandbox: Sandbox) -> None:
    """And no other."""
    page = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text()
    rows = re.findall(
        r"^\| `([a-z-]+)` \|(.*?)\| .* \|$", page.partition("| act |")[2].partition("\n\n")[0], re.MULTILINE
    )
    shown = {act: set(re.findall(r"`(\w+)`", fields)) for act, fields in rows if act != "settings"}
    headers = {"x-api-key": sandbox.key}
    acts = httpx2.get(f"{sandbox.url}/sandbox", headers=headers, trust_env=False).json()["acts"]
    assert shown == {act: set(fields) for act, fields in acts.items() if act != "settings"}
    assert "settings" in acts
