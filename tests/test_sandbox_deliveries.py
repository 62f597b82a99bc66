"""Webhooks of the sandbox come as those of Connecteam: each event, the literal secret; late, twice, never, mixed up."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from connecteam_sync.sandbox.subscriptions import EVENTS, NEWER_EVENTS, TIME_ACTIVITY_EVENTS, USER_EVENTS

CONTRACT = Path(__file__).parent.parent.parent / "shared" / "connecteam-openapi.json"
USER = 8_000_000
DAY = date(2025, 12, 2)


class Receiver:
    """Somebody who is told: what came, with its headers; answers with the statuses it was given, then with 204."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 512

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def wait(self, count: int) -> list[dict[str, Any]]:
        """The bodies that came, at least so many."""
        until = time.monotonic() + 20
        while len(self.came) < count and time.monotonic() < until:
            time.sleep(0.01)
        return [body for _, body in self.came]

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who is told."""
    told = Receiver()
    yield told
    told.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A company of three."""
    with Sandbox(Company(0, people=3), SandboxSettings(webhook_spread=0.3, webhook_retry_seconds=0.05)) as served:
        yield served


def ask(sandbox: Sandbox, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
    """What is answered to a request that must succeed."""
    headers = {"x-api-key": sandbox.key}
    response = httpx2.request(method, sandbox.url + path, json=body, headers=headers, trust_env=False)
    assert response.status_code == 200, response.text
    return response.json()


def register(sandbox: Sandbox, url: str, feature: str = "time_activity", **more: object) -> None:
    """Register a webhook for every event of a feature."""
    body = {"name": "ours", "url": url, "featureType": feature, "eventTypes": sorted(EVENTS[feature])}
    entity = {"entityId": str(WAREHOUSE)} if feature == "time_activity" else {}
    ask(sandbox, "POST", "/settings/v1/webhooks", body | entity | more)


def shift(sandbox: Sandbox) -> Activity:
    """A shift of four hours, made before anybody is told of anything."""
    company = sandbox.company
    return company.add(USER, company.at(DAY, "08:00"), company.at(DAY, "12:00"), clock=WAREHOUSE)


def finished(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The deliveries, once none is on its way."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        shown: list[dict[str, Any]] = ask(sandbox, "GET", "/sandbox/deliveries")["deliveries"]
        if all(one["state"] != "waiting" for one in shown):
            return shown
        time.sleep(0.01)
    raise AssertionError(shown)


def schema_of(event: str) -> dict[str, Any]:
    """The publisher's schema of an event's body."""
    document = json.loads(CONTRACT.read_text())
    schemas = document["components"]["schemas"]
    if event in USER_EVENTS:
        name = "UsersChangedWebhookResponse" if event in {"user_created", "user_updated"} else "UserIdWebhookResponse"
    else:
        found = {one.get("properties", {}).get("eventType", {}).get("default"): name for name, one in schemas.items()}
        name = found[event]
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


@pytest.mark.parametrize("event", [*TIME_ACTIVITY_EVENTS, *USER_EVENTS])
@pytest.mark.skipif(not CONTRACT.exists(), reason="NOT TESTED: the publisher's contract is not beside the checkout")
def test_every_event_has_the_body_of_the_contract(sandbox: Sandbox, receiver: Receiver, event: str) -> None:
    """Of all 17 events of activities and 7 of people, delivered to the URL."""
    made = shift(sandbox)
    register(sandbox, receiver.url, "users" if event in USER_EVENTS else "time_activity")
    ask(
        sandbox,
        "POST",
        "/sandbox/event",
        {"event": event} | ({"user": USER} if event in USER_EVENTS else {"id": made.id}),
    )
    (body,) = receiver.wait(1)
    jsonschema_rs.validate(schema_of(event), body)
    assert body["eventType"] == event
    if event in USER_EVENTS:
        assert body["data"][0]["userId"] == USER


@pytest.mark.parametrize(
    "event", ["admin_delete", "auto_approved_delete_request", "admin_declined_request", "admin_edit"]
)
def test_deleted_and_declined_come_as_ids(sandbox: Sandbox, receiver: Receiver, event: str) -> None:
    """Without the activity; other events have it whole."""
    made = shift(sandbox)
    register(sandbox, receiver.url)
    ask(sandbox, "POST", "/sandbox/event", {"event": event, "id": made.id})
    (body,) = receiver.wait(1)
    if event == "admin_edit":
        assert (body["timeActivity"]["id"], "timeActivityId" in body) == (made.id, False)
    else:
        assert (body["timeActivityId"], "timeActivity" in body) == (made.id, False)


def test_what_happens_is_told(sandbox: Sandbox, receiver: Receiver) -> None:
    """Each change by its own event, of shifts, breaks, days and people; other time clocks are not told of."""
    register(sandbox, receiver.url)
    register(sandbox, receiver.url, "users")
    company = sandbox.company
    begun = company.add(USER, company.at(DAY, "08:00"), clock=WAREHOUSE)
    company.clock_out(begun.id, company.at(DAY, "12:00"))
    company.edit(begun.id, end=company.at(DAY, "12:30"), event="auto_approved_edit_request")
    company.take_break(USER, company.at(DAY, "09:00"), company.at(DAY, "09:30"), clock=WAREHOUSE)
    new = company.replace_id(begun.id)
    company.delete(new.id)
    company.add(USER, company.at(DAY, "13:00"), company.at(DAY, "14:00"), clock=4_100_002)
    company.mark("locked", (WAREHOUSE, USER, DAY))
    company.mark("locked", (WAREHOUSE, USER, DAY))
    company.mark("approved", (WAREHOUSE, USER, DAY))
    company.archive(USER)
    bodies = receiver.wait(9)
    assert Counter((body["activityType"], body["eventType"]) for body in bodies) == Counter(
        [
            ("shift", "clock_in"),
            ("shift", "clock_out"),
            ("shift", "auto_approved_edit_request"),
            ("manual_break", "admin_add"),
            ("shift", "admin_approved_clock_out_outside_geo_fence_request"),
            ("shift", "admin_delete"),
            ("timesheet_period", "admin_day_locked"),
            ("timesheet_period", "user_timesheet_approved"),
            ("User", "user_archived"),
        ]
    )
    by_event = {body["eventType"]: body for body in bodies}
    assert "end" not in by_event["clock_in"]["timeActivity"], "as it was when it happened"
    assert by_event["user_archived"]["data"] == [{"userId": USER}]
    assert "evnetTimestamp" in by_event["clock_in"]
    assert "evnetTimestamp" not in by_event["admin_day_locked"]
    unproven = {body["eventType"] for headers, body in receiver.came if "x-sandbox-unproven" in headers}
    assert unproven == {"admin_day_locked", "user_timesheet_approved"} <= set(NEWER_EVENTS)


def test_writes_of_the_api_are_told(sandbox: Sandbox, receiver: Receiver) -> None:
    """With all that was written: a POST, a PUT, a clock-in and what follows."""
    register(sandbox, receiver.url)
    clock = f"/time-clock/v1/time-clocks/{WAREHOUSE}"
    start = {"timestamp": sandbox.company.at(DAY, "08:00"), "timezone": "America/Chicago"}
    item = {"userId": USER, "shifts": [{"start": start, "employeeNote": "Bus"}]}
    made = ask(sandbox, "POST", f"{clock}/time-activities", {"timeActivities": [item]})
    name = made["data"]["timeActivitiesByUsers"][0]["shifts"][0]["id"]
    edit = {"userId": USER, "shifts": [{"id": name, "managerNote": "Ja"}]}
    ask(sandbox, "PUT", f"{clock}/time-activities", {"timeActivities": [edit]})
    ask(sandbox, "DELETE", f"{clock}/time-activities/{name}")
    ask(sandbox, "POST", f"{clock}/clock-in", {"userId": USER, "schedulerShiftId": "p1"})
    bodies = {body["eventType"]: body for body in receiver.wait(4)}
    assert bodies["admin_add"]["timeActivity"]["employeeNote"] == "Bus"
    assert bodies["admin_edit"]["timeActivity"]["managerNote"] == "Ja"
    assert bodies["admin_delete"]["timeActivityId"] == name
    assert bodies["clock_in"]["timeActivity"]["schedulerShiftId"] == "p1"


def test_the_secret_is_sent_as_it_is(sandbox: Sandbox, receiver: Receiver) -> None:
    """Literally, in `X-Webhook-Secret`, with letters of any alphabet; without a secret there is no header."""
    register(sandbox, receiver.url, secretKey="geheim-ß")
    register(sandbox, receiver.url)
    shift(sandbox)
    receiver.wait(2)
    secrets = [headers.get("x-webhook-secret") for headers, _ in receiver.came]
    assert sorted(secrets, key=str) == [None, "geheim-ß".encode().decode("latin-1")]
    assert {headers["user-agent"] for headers, _ in receiver.came} == {"connecteam"}


@pytest.mark.parametrize(
    ("statuses", "tries", "state"),
    [([], 1, "delivered"), ([503, 302], 3, "delivered"), ([500, 401, 503, 500], 3, "given_up")],
)
def test_a_delivery_is_tried_three_times(
    sandbox: Sandbox, receiver: Receiver, statuses: list[int], tries: int, state: str
) -> None:
    """With the same id; then the event is lost."""
    register(sandbox, receiver.url)
    receiver.statuses = list(statuses)
    shift(sandbox)
    (found,) = finished(sandbox)
    assert (found["tries"], found["state"]) == (tries, state)
    assert {body["requestId"] for body in receiver.wait(tries)} == {found["requestId"]}
    assert len(receiver.came) == tries


def test_nobody_there(sandbox: Sandbox, receiver: Receiver) -> None:
    """A URL that nobody listens on is tried as often; one of another machine never."""
    url = receiver.url.rpartition(":")[0] + ":1/hooks"
    register(sandbox, url)
    register(sandbox, "https://example.org/hooks")
    shift(sandbox)
    assert [(one["state"], one["tries"]) for one in finished(sandbox)] == [("given_up", 3), ("elsewhere", 0)]


def test_loss_repeats_and_disorder(sandbox: Sandbox, receiver: Receiver) -> None:
    """As often as the settings say; whoever is registered no longer hears nothing more."""
    register(sandbox, receiver.url)
    ask(sandbox, "POST", "/sandbox/settings", {"webhook_loss": 0.2, "webhook_repeats": 0.3, "webhook_reorder": 0.5})
    for _ in range(200):
        shift(sandbox)
    deliveries = finished(sandbox)
    states = Counter(one["state"] for one in deliveries)
    assert states.keys() == {"delivered", "lost"}, states
    lost = states["lost"]
    assert 20 <= lost <= 60
    bodies = receiver.wait(len(deliveries) - lost)
    heard = Counter(body["requestId"] for body in bodies)
    assert len(heard) == 200 - lost
    assert set(heard.values()) == {1, 2}
    assert 20 <= sum(count == 2 for count in heard.values()) <= 80
    assert {one["requestId"] for one in deliveries if one["state"] == "delivered"} == heard.keys()
    ask(sandbox, "PUT", "/settings/v1/webhooks/1", {"isDisabled": True})
    shift(sandbox)
    assert len(finished(sandbox)) == len(deliveries)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_disorder(sandbox: Sandbox, receiver: Receiver, share: float) -> None:
    """Events that happen one after the other come in another order only where the settings say so."""
    register(sandbox, receiver.url)
    ask(sandbox, "POST", "/sandbox/settings", {"webhook_reorder": share, "webhook_spread": 1.5})
    for _ in range(6):
        shift(sandbox)
        time.sleep(0.1 if share else 0.6)  # a busy machine delivers late by itself
    came = [body["requestId"] for body in receiver.wait(6)]
    happened = [one["requestId"] for one in finished(sandbox)]
    assert sorted(came) == sorted(happened)
    assert (came == happened) == (share == 0)


def test_a_delay(sandbox: Sandbox, receiver: Receiver) -> None:
    """An event is sent that much after it happened, and says what was true then."""
    register(sandbox, receiver.url)
    sandbox.settings.webhook_delay = 0.4
    began = time.monotonic()
    made = shift(sandbox)
    sandbox.company.delete(made.id)
    receiver.wait(2)
    assert time.monotonic() - began >= 0.4
    assert {body["eventType"] for _, body in receiver.came} == {"admin_add", "admin_delete"}


def test_the_same_seed_has_the_same_trouble() -> None:
    """So that a failure can be looked at again."""

    def states() -> list[str]:
        settings = SandboxSettings(webhook_loss=0.5, webhook_seed=11)
        with Sandbox(Company(0, people=3), settings) as sandbox:
            register(sandbox, "http://127.0.0.1:1/")
            for _ in range(30):
                shift(sandbox)
            return ["lost" if one["state"] == "lost" else "sent" for one in _shown(sandbox)]

    assert states() == states()
    assert len(set(states())) == 2


def _shown(sandbox: Sandbox) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = ask(sandbox, "GET", "/sandbox/deliveries")["deliveries"]
    return shown


def test_events_that_nobody_knows(sandbox: Sandbox) -> None:
    """Are refused, and nothing happens; so are events without their person or activity."""
    made = shift(sandbox)
    for act, fields in (
        ("event", {"event": "dance", "id": made.id}),
        ("event", {"event": "user_archived"}),
        ("event", {"event": "clock_in", "user": USER}),
        ("edit", {"id": made.id, "end": "2025-12-02 13:00", "event": "dance"}),
        ("delete", {"id": made.id, "event": "user_archived"}),
    ):
        headers = {"x-api-key": sandbox.key}
        response = httpx2.post(f"{sandbox.url}/sandbox/{act}", json=fields, headers=headers, trust_env=False)
        assert response.status_code == 400
    assert sandbox.company.activities[made.id].end == sandbox.company.at(DAY, "12:00")
