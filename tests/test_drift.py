"""What Connecteam begins to send is noticed and told once: new members of answers, and events that nobody described."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.alerts.telling import Teller
from connecteam_sync.api.members import MOST, SAMPLE, unknown_members
from connecteam_sync.core.bells import OTHER_EVENTS, SHIFT_EVENTS, USER_EVENTS, is_unknown_event
from connecteam_sync.core.deliveries import read_bell
from connecteam_sync.core.facts import Facts, NewMember
from connecteam_sync.core.looks import LooksOf
from connecteam_sync.core.status import status_of
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.sandbox.subscriptions import NEWER_EVENTS
from connecteam_sync.service.looked import Counted
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.drift import MOST as KEPT
from support.scenario import FIRST, LAST, World


def activities(**shift: object) -> bytes:
    """An answer with one shift that has these members too."""
    start = {"timestamp": 1_767_600_000, "timezone": "America/Chicago"}
    one = {"id": "a", "start": start, "employeeNote": '"overtime": {"x"', **shift}
    person = {"userId": 7, "shifts": [one], "manualBreaks": [], "timeOffs": None}
    return json.dumps({"requestId": "r", "data": {"timeActivitiesByUsers": [person]}}).encode()


PATH = "/time-clock/v1/time-clocks/4/time-activities"
SHIFTS = "time-activities: timeActivitiesByUsers.shifts"


@pytest.mark.parametrize(
    ("more", "new"),
    [
        ({}, set()),
        ({"end": None, "jobId": {"anything": 1}, "shiftAttachments": 5}, set()),
        ({"overtime": {"rule": 1, "more": 2}}, {f"{SHIFTS}.overtime"}),
        ({"end": {"timestamp": 1, "altitude": 3}}, {f"{SHIFTS}.end.altitude"}),
        ({"shiftAttachments": [{"shiftAttachmentId": "x"}, {"signed": 1}]}, {f"{SHIFTS}.shiftAttachments.signed"}),
        ({"Ana Óg +1 555 0100": 1, "a" * 65: 1, "'; --": 1}, {f"{SHIFTS}.?"}),
        ({f"n{number}": 1 for number in range(MOST + 5)}, {f"{SHIFTS}.n{number}" for number in range(MOST)}),
    ],
    ids=["none", "values", "object", "inner", "list", "hostile", "many"],
)
def test_a_new_member_is_named_and_no_value(more: dict[str, object], new: set[str]) -> None:
    """Where it stands; what is in it is part of it. A name that is no word is not repeated."""
    assert unknown_members(PATH, activities(**more)) == new


def test_what_may_be_anything_is_not_looked_into() -> None:
    """Values of custom fields; an answer of which nothing is read; what is no JSON, or breaks off."""
    field = {"customFieldId": 1, "name": "Site", "type": "dropdown", "value": [{"id": 3, "what": "ever"}]}
    page = {
        "data": {"users": [{"userId": 1, "customFields": [field]}], "paging": {"total": 1}},
        "paging": {"offset": 1},
    }
    assert unknown_members("/users/v1/users", json.dumps(page).encode()) == frozenset()
    assert unknown_members("/oauth/v1/token", b'{"new": 1}') == frozenset()
    for body in (b"", b"null", b"[", b'"text"', b'{"data": {"timeActivitiesByUsers": [{"new"', b"\xff"):
        assert unknown_members(PATH, body) == frozenset()
    assert unknown_members(PATH, b'{"warnings": [], "data": {}}') == {"time-activities: warnings"}


def test_the_first_of_a_long_list_are_looked_at() -> None:
    """A large answer costs no more than a part of it."""
    users = [{"userId": number} for number in range(1, SAMPLE + 2)]
    body = json.dumps({"data": {"users": [*users[:-1], {"userId": 99, "late": 1}]}}).encode()
    assert unknown_members("/users/v1/users", body) == frozenset()
    body = json.dumps({"data": {"users": [*users[: SAMPLE - 1], {"userId": 99, "late": 1}]}}).encode()
    assert unknown_members("/users/v1/users", body) == {"users: users.late"}


def test_every_event_that_is_described_is_known() -> None:
    """17 of activities and 7 of people are in the contract; 12 are newer (API, section 16)."""
    known = SHIFT_EVENTS | USER_EVENTS | OTHER_EVENTS
    assert len(known) == 17 + 7 + 12
    assert set(NEWER_EVENTS) <= known
    assert not any(map(is_unknown_event, (*known, None)))
    assert is_unknown_event("shift_swapped")


def test_what_is_new_is_told_for_seven_days() -> None:
    """The oldest first, and since it was first seen."""
    now = 1_800_000_000
    new = (NewMember("b", now - 7 * 86_400), NewMember("old", now - 7 * 86_400 - 1), NewMember("a", now))
    found = status_of(Facts(now=now, today=FIRST, new_members=new))
    [problem] = [one for one in found.problems if one.name == "schema_drift"]
    assert (problem.since, problem.message.rpartition(": ")[2]) == (now - 7 * 86_400, "b, and 1 more")
    assert status_of(Facts(now=now, today=FIRST, new_members=new[1:2])).problems == found.problems[:1]


# -- through runs, on every database -----------------------------------------------------------------------------------


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A mirror of a small company."""
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**6)) as sandbox:
        made = World(sandbox, initialised)
        with closing(made.mirror):
            yield made


def told(world: World) -> list[tuple[str, str]]:
    """What a look tells of new members: message and next step."""
    status = Teller(world.mirror, receivers_of(world.mirror.settings, {}), note=lambda _: None).tell(
        LooksOf(good=frozenset({WAREHOUSE}), fresh=frozenset({WAREHOUSE}))
    )
    assert status is not None
    return [(one.message, one.next_step) for one in status.problems if one.name == "schema_drift"]


def test_nothing_of_the_sandbox_is_new(world: World) -> None:
    """Lists, activities, breaks and totals."""
    world.work(2, "08:00", "12:00")
    world.sync()
    world.mirror.verify(Window(FIRST, LAST, world.company.timezone))
    assert world.mirror.take_unknown_members() == frozenset()
    assert told(world) == []


def test_a_new_member_is_told_for_a_week_and_then_known(world: World) -> None:
    """The table is right all the while. Seen again, it is as old as before."""
    world.work(2, "08:00", "12:00").spoiled = {"overtime": {"rule": "Ana's"}}
    assert world.sync().exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    [(message, step)] = told(world)
    assert message == f"Connecteam sends what this version does not know: {SHIFTS}.overtime"
    assert "upgrade" in step
    world.execute("UPDATE connecteam_sync_service SET at = at - 604000 WHERE substr(name, 1, 6) = 'drift:'")
    world.sync()
    assert told(world) == [(message, step)]
    world.execute("UPDATE connecteam_sync_service SET at = at - 1000 WHERE substr(name, 1, 6) = 'drift:'")
    world.sync()
    assert told(world) == []
    world.work(3, "08:00", "12:00").spoiled = {"second": 1, "third": 2}
    world.sync()
    [(message, _)] = told(world)
    assert message.endswith(f"{SHIFTS}.second, and 1 more")


def test_an_answer_that_is_the_same_is_looked_through_once(world: World) -> None:
    """It has nothing new; one that has changed is looked through again."""
    world.work(2, "08:00", "12:00").spoiled = {"overtime": 1}
    found = []
    for hour in ("13:00", None, "15:00"):
        if hour is not None:
            world.work(2, hour, "16:00")
        world.mirror.verify(Window(FIRST, LAST, world.company.timezone), totals=False)
        found.append(world.mirror.take_unknown_members())
    assert found == [{f"{SHIFTS}.overtime"}, frozenset(), {f"{SHIFTS}.overtime"}]


def test_a_visit_of_the_service_notes_it_too(world: World) -> None:
    """In the transaction that counts the visit."""
    world.work(2, "08:00", "12:00").spoiled = {"overtime": 1}
    world.sync()
    counted = Counted(world.mirror, ahead=0)
    for _ in range(2):
        with world.mirror.store.own_rows("a visit") as connection:
            counted.visit(connection, WAREHOUSE, None)
        assert world.mirror.take_unknown_members() == frozenset()
    [problem] = [one for one in world.mirror.status().problems if one.name == "schema_drift"]
    assert problem.message.endswith(f"{SHIFTS}.overtime")
    assert [row["value"] for row in drift(world)] == [f"{SHIFTS}.overtime"]


def drift(world: World) -> list[dict[str, Any]]:
    """What is on record."""
    with world.mirror.store.reading() as session:
        query = "SELECT value, at FROM connecteam_sync_service WHERE substr(name, 1, 6) = 'drift:' ORDER BY value"
        return [dict(row) for row in session.read(query)]


def test_an_event_that_nobody_described_is_told(world: World) -> None:
    """It is `ignored`, as those are that change no hours, of which nothing is told. Whoever has the secret may send
    what they like: so many are kept.
    """
    store = world.mirror.store
    store.columns()

    def ring(*events: str) -> None:
        bells = [read_bell(json.dumps({"requestId": event, "eventType": event}).encode()) for event in events]
        with store.own_rows("a test") as connection:
            Bells(store.dialect, store.own).record(connection, bells, settle_seconds=10)

    ring("clock_in", "user_updated", "admin_day_locked")
    assert drift(world) == []
    ring("clock_in_two", "shift_swapped")
    ring("shift_swapped", "clock_out")
    assert [row["value"] for row in drift(world)] == ["webhook: clock_in_two", "webhook: shift_swapped"]
    [problem] = [one for one in world.mirror.status().problems if one.name == "schema_drift"]
    assert problem.message.endswith("webhook: clock_in_two, and 1 more")
    for begin in range(0, KEPT + 20, 10):
        ring(*(f"event_{begin + number}" for number in range(10)))
    assert len(drift(world)) == KEPT
