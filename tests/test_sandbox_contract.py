"""The sandbox against the publisher's contract (generated requests) and against what live accounts were seen to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import LUNCH, WAREHOUSE

CONTRACT = Path(__file__).parent.parent.parent / "shared" / "connecteam-openapi.json"
SERVED = (
    "/me",
    "/users/v1/users",
    "/jobs/v1/jobs",
    "/time-clock/v1/time-clocks",
    "/time-clock/v1/time-clocks/{timeClockId}/time-activities",
    "/time-clock/v1/time-clocks/{timeClockId}/time-activities/{timeActivityId}",
    "/time-clock/v1/time-clocks/{timeClockId}/manual-breaks",
    "/time-clock/v1/time-clocks/{timeClockId}/manual-breaks/clock-out",
    "/time-clock/v1/time-clocks/{timeClockId}/manual-breaks/{manualBreakId}/clock-in",
    "/time-clock/v1/time-clocks/{timeClockId}/clock-in",
    "/time-clock/v1/time-clocks/{timeClockId}/clock-out",
    "/time-clock/v1/time-clocks/{timeClockId}/timesheet",
    "/time-clock/v1/time-clocks/{timeClockId}/users/{userId}/lock-days",
    "/time-clock/v1/time-clocks/{timeClockId}/shift-attachments",
    "/time-clock/v1/time-clocks/{timeClockId}/geofences",
    "/time-clock/v1/time-clocks/{timeClockId}/geofences/{fenceId}",
    "/pay-rates/v1/pay-rates",
    "/settings/v1/webhooks",
    "/settings/v1/webhooks/{webhookId}",
)
WRITTEN = {"/users/v1/users", "/jobs/v1/jobs"}
"""Paths of which the sandbox serves the reading only."""


KNOWN = {
    "timeClockId": WAREHOUSE,
    "startDate": "2025-12-01",
    "endDate": "2025-12-11",
    "manualBreakId": LUNCH,
    "fenceId": "fence-gate",
    "webhookId": 1,
}
"""Parameters that must exist for an answer to be more than an error."""


def people_known(body: Any, user: int) -> Any:  # noqa: ANN401 - any JSON
    """The body with every person replaced by one the sandbox has."""
    if isinstance(body, dict):
        return {key: user if key == "userId" else people_known(value, user) for key, value in body.items()}
    return [people_known(value, user) for value in body] if isinstance(body, list) else body


def contract() -> dict[str, Any]:
    """The publisher's document, of the paths the sandbox serves; ids and days that exist."""
    document: dict[str, Any] = json.loads(CONTRACT.read_text())
    document["paths"] = {path: document["paths"][path] for path in SERVED}
    document.pop("webhooks", None)
    for path in WRITTEN:
        document["paths"][path] = {"get": document["paths"][path]["get"]}
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in KNOWN:
                    parameter["schema"] = {"enum": [KNOWN[parameter["name"]]]}
    return document


OPERATIONS = (
    [(path, method) for path, operations in contract()["paths"].items() for method in operations]
    if CONTRACT.exists()
    else []
)
HAVING = pytest.mark.skipif(
    not CONTRACT.exists(), reason="NOT TESTED: the publisher's contract is not beside the checkout"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A small company with everything in it."""
    company = Company(60)
    company.take_break(min(company.people), company.shifts()[0].start, None, clock=WAREHOUSE)
    company.take_time_off(min(company.people), date(2025, 12, 4), date(2025, 12, 5))
    with Sandbox(company, SandboxSettings(minute_limit=1_000_000, day_limit=1_000_000)) as served:
        caller = Caller(served)
        registered(caller)
        caller.close()
        yield served


def registered(call: Caller, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """A webhook of the warehouse, as it is shown."""
    body: dict[str, Any] = {
        "name": "ours",
        "url": "https://example.org/hooks",
        "featureType": "time_activity",
        "secretKey": "hush",
    }
    body |= {"eventTypes": ["clock_in", "admin_edit"], "entityId": str(WAREHOUSE)} | changed
    answer = call("POST", "/settings/v1/webhooks", json={k: v for k, v in body.items() if v is not None})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()["data"]
    return shown


@HAVING
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_generated_requests_get_answers_of_the_contract(sandbox: Sandbox, path: str, method: str) -> None:
    """Whatever the contract allows to be asked: no server error, and every 200 has the promised shape."""
    schema = schemathesis.openapi.from_dict(contract())
    answered: list[int] = []

    @settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=schema[path][method.upper()].as_strategy())
    def ask(case: Any) -> None:  # noqa: ANN401 - schemathesis' own
        case.body = people_known(case.body, min(sandbox.company.people))
        response = case.call(base_url=sandbox.url, headers={"X-API-KEY": sandbox.key})
        answered.append(response.status_code)
        checks = [not_a_server_error]
        if response.status_code == httpx2.codes.OK:
            checks += [content_type_conformance, response_schema_conformance]
        case.validate_response(response, checks=checks)

    ask()
    assert answered
    if method == "get":
        assert httpx2.codes.OK in answered


# -- what live accounts were seen to do (the sections are those of the API facts) --------------------------------------


class Caller:
    """Requests with the right key, or another."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.clock = f"{sandbox.url}/time-clock/v1/time-clocks/{WAREHOUSE}"
        self._http = httpx2.Client(headers={"x-api-key": sandbox.key}, trust_env=False)

    def __call__(self, method: str, path: str, **more: Any) -> httpx2.Response:  # noqa: ANN401 - any of httpx2's
        """The answer to a request; a path without a slash is below the clock."""
        url = f"{self.sandbox.url}{path}" if path.startswith("/") else f"{self.clock}/{path}"
        return self._http.request(method, url, **more)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


@pytest.fixture
def call() -> Iterator[Caller]:
    """A caller of an empty company's sandbox."""
    with Sandbox(Company(0), SandboxSettings()) as sandbox:
        caller = Caller(sandbox)
        yield caller
        caller.close()


DAYS = {"startDate": "2025-12-01", "endDate": "2025-12-11"}


def punch(call: Caller, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """The body of one shift to be made."""
    start = {"timestamp": 1764684000, "timezone": "America/Chicago"}
    end = {"timestamp": 1764690000, "timezone": "America/Chicago"}
    user = min(call.sandbox.company.people)
    return {"timeActivities": [{"userId": user, "shifts": [{"start": start, "end": end, **more}]}]}


def test_an_unknown_path_leads_to_the_marketing_site(call: Caller) -> None:
    """302 without rate-limit headers, not 404 (API, section 1)."""
    for path in ("/", "/nowhere", "/time-clock/v2/time-clocks"):
        answer = call("GET", path)
        assert answer.status_code == 302
        assert not any(name.startswith("x-ratelimit") for name in answer.headers)


def test_keys(call: Caller) -> None:
    """No key is 401, a wrong one 403 with a plain text in `detail` (API, section 2.1)."""
    bare = httpx2.get(f"{call.sandbox.url}/me", trust_env=False)
    assert (bare.status_code, bare.json()["details"]) == (401, None)
    wrong = call("GET", "/me", headers={"x-api-key": "wrong"})
    assert (wrong.status_code, wrong.json()) == (403, {"detail": "Invalid API key"})
    assert not any(name.startswith("x-ratelimit") for name in wrong.headers)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/users/v1/users", {"limit": 501}),
        ("/users/v1/users", {"userStatus": "inactive"}),
        ("/users/v1/users", {"offset": -1}),
        ("time-activities", {"startDate": "2025-12-01"}),
        ("time-activities", {"startDate": "2025-12-02", "endDate": "2025-12-01"}),
        ("time-activities", {"startDate": "2025-01-01", "endDate": "2025-12-01"}),
        ("timesheet", {"startDate": "2025-12-01", "endDate": "2026-01-31"}),
    ],
)
def test_queries_that_cannot_be_read(call: Caller, path: str, query: dict[str, Any]) -> None:
    """400 with error code 1003 (API, sections 5 and 7.2)."""
    answer = call("GET", path, params=query)
    assert (answer.status_code, answer.json()["details"]["error_code"]) == (400, 1003)


def test_bodies_that_cannot_be_read(call: Caller) -> None:
    """400 with error code 1002 (API, section 5)."""
    answer = call("POST", "time-activities", json={"timeActivities": [{"userId": "x"}]})
    assert (answer.status_code, answer.json()["details"]["error_code"]) == (400, 1002)


def test_an_unknown_clock_is_a_400(call: Caller) -> None:
    """Not a 404 (API, section 5)."""
    answer = call("GET", "/time-clock/v1/time-clocks/1/time-activities", params=DAYS)
    assert (answer.status_code, answer.json()["error"]) == (400, "time clock id doesn't exist")


def test_users_come_in_pages_of_ten_active_ones(call: Caller) -> None:
    """The defaults that truncate without a sign (API, section 4)."""
    call.sandbox.company.archive(min(call.sandbox.company.people))
    first = call("GET", "/users/v1/users").json()
    assert (len(first["data"]["users"]), first["paging"]["total"]) == (10, 44)
    everyone = call("GET", "/users/v1/users", params={"limit": 500, "userStatus": "all"}).json()
    assert len(everyone["data"]["users"]) == 45


def test_the_list_of_activities(call: Caller) -> None:
    """Everybody is listed; an open shift has no end; a comma-joined filter matches nobody (API, sections 1 and 7.4)."""
    company = call.sandbox.company
    user = min(company.people)
    company.add(user, company.at(date(2025, 12, 2), "08:00"))
    listed = call("GET", "time-activities", params=DAYS).json()["data"]["timeActivitiesByUsers"]
    assert len(listed) == sum(WAREHOUSE in person.clocks for person in company.people.values())
    assert [len(person["shifts"]) for person in listed][:2] == [1, 0]
    assert "end" not in listed[0]["shifts"][0]
    joined = call("GET", "time-activities", params={**DAYS, "userIds": f"{user},{user + 37}"}).json()
    assert joined["data"]["timeActivitiesByUsers"] == []
    sheet = call("GET", "timesheet", params=DAYS).json()["data"]["users"]
    assert [person["userId"] for person in sheet] == [user]


def test_posts_are_not_idempotent_and_edits_keep_the_id(call: Caller) -> None:
    """Two identical shifts; a correction moves `modifiedAt`; a deletion leaves no trace (API, sections 7.6 and 9)."""
    made = [call("POST", "time-activities", json=punch(call)).json()["data"]["timeActivitiesByUsers"] for _ in range(2)]
    ids = [answer[0]["shifts"][0]["id"] for answer in made]
    assert len(set(ids)) == 2
    user = made[0][0]["userId"]
    moved = {"id": ids[0], "start": {"timestamp": 1764684600, "timezone": "America/Chicago"}}
    edited = call("PUT", "time-activities", json={"timeActivities": [{"userId": user, "shifts": [moved]}]})
    shift = edited.json()["data"]["timeActivitiesByUsers"][0]["shifts"][0]
    assert (shift["id"], shift["start"]["timestamp"], shift["end"]["timestamp"]) == (ids[0], 1764684600, 1764690000)
    assert shift["modifiedAt"]
    assert [call("DELETE", f"time-activities/{ids[0]}").status_code for _ in range(2)] == [200, 404]


def test_locked_days_refuse_writes(call: Caller) -> None:
    """400 HAS_LOCKED_DAYS; a future day cannot be locked (API, section 9.5)."""
    made = call("POST", "time-activities", json=punch(call)).json()["data"]["timeActivitiesByUsers"][0]
    user = made["userId"]
    assert call("PUT", f"users/{user}/lock-days", json={"dates": ["2025-12-02"]}).status_code == 200
    refused = call("DELETE", f"time-activities/{made['shifts'][0]['id']}")
    assert (refused.status_code, refused.json()["error"].split(":")[0]) == (400, "HAS_LOCKED_DAYS")
    assert call("POST", "time-activities", json=punch(call)).status_code == 400
    assert call("PUT", f"users/{user}/lock-days", json={"dates": ["2999-01-01"]}).status_code == 400


@pytest.mark.parametrize("resumes_with", ["new_id", "same_id"])
def test_live_punches_and_breaks(call: Caller, resumes_with: Any) -> None:  # noqa: ANN401 - one of two words
    """In once, break, back to work under a new or the old id, out (API, section 9.4)."""
    call.sandbox.settings.resumes_with = resumes_with
    company = call.sandbox.company
    body: dict[str, Any] = {"userId": min(company.people)}
    began = call("POST", "clock-in", json=body).json()["data"]["shift"]
    assert call("POST", "clock-in", json=body).status_code == 400
    company.activities[began["id"]].start -= 600
    broke = call("POST", f"manual-breaks/{LUNCH}/clock-in", json=body).json()["data"]
    assert (broke["isSwitchFromShift"], broke["closedShift"]["id"]) == (True, began["id"])
    company.activities[broke["id"]].start -= 60
    company.activities[began["id"]].end = company.activities[broke["id"]].start
    back = call("POST", "manual-breaks/clock-out", json=body).json()["data"]["resumedShift"]
    assert (back["id"] == began["id"]) == (resumes_with == "same_id")
    company.activities[back["id"]].start -= 30
    assert "end" in call("POST", "clock-out", json=body).json()["data"]["shift"]


def test_the_limit_of_a_minute(call: Caller) -> None:
    """429 with the headers that tell until when (API, section 3)."""
    call.sandbox.settings.minute_limit = 3
    answers = [call("GET", "/me") for _ in range(5)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert answers[0].headers["x-ratelimit-minute-remaining"] == "2"
    assert answers[-1].headers["x-ratelimit-minute-remaining"] == "0"


def test_what_a_post_says_is_kept(call: Caller) -> None:
    """Job, sub-job and notes of a shift, changed in part by PUT; the planned shift of a clock-in (API, section 9)."""
    said = {"jobId": "job-1", "subJobId": "job-2", "employeeNote": "late bus", "managerNote": "fine"}
    made = call("POST", "time-activities", json=punch(call, **said)).json()["data"]["timeActivitiesByUsers"][0]
    assert said.items() <= made["shifts"][0].items()
    user, edit = made["userId"], {"id": made["shifts"][0]["id"], "managerNote": "", "subJobId": "job-3"}
    call("PUT", "time-activities", json={"timeActivities": [{"userId": user, "shifts": [edit]}]})
    listed = call("GET", "time-activities", params=DAYS).json()["data"]["timeActivitiesByUsers"][0]["shifts"][0]
    assert (said | {"managerNote": "", "subJobId": "job-3"}).items() <= listed.items()
    assert listed["end"]["timestamp"] == 1764690000
    began = call("POST", "clock-in", json={"userId": user, "schedulerShiftId": "planned-1"}).json()["data"]["shift"]
    assert began["schedulerShiftId"] == "planned-1"


def test_time_off_is_listed_and_cannot_be_deleted(call: Caller) -> None:
    """404 TIME_ACTIVITY_NOT_FOUND (API, section 9); its requests by overlap, unproven (API, section 21)."""
    company = call.sandbox.company
    user = min(company.people)
    off = company.take_time_off(user, date(2025, 12, 4), date(2025, 12, 5))
    listed = call("GET", "time-activities", params=DAYS).json()["data"]["timeActivitiesByUsers"][0]
    assert [listed["shifts"], listed["manualBreaks"]] == [[], []]
    assert listed["timeOffs"][0]["duration"] == {"value": 2, "units": "days"}
    refused = call("DELETE", f"time-activities/{off.id}")
    assert (refused.status_code, refused.json()["error"].split(":")[0]) == (404, "TIME_ACTIVITY_NOT_FOUND")
    for first, last, count in (("03", "04", 1), ("05", "09", 1), ("02", "03", 0), ("06", "09", 0)):
        days = {"startDate": f"2025-12-{first}", "endDate": f"2025-12-{last}"}
        answer = call("GET", "/time-off/v1/requests", params=days)
        assert answer.headers["x-sandbox-unproven"] == "true"
        assert len(answer.json()["data"]["requests"]) == count
    assert call("GET", "/time-off/v1/requests", params={**DAYS, "status": "pending"}).json()["data"]["requests"] == []
    assert call("GET", "/time-off/v1/policy-types").json()["data"]["policyTypes"][0]["name"] == "Holiday"


def test_approved_days_refuse_writes(call: Caller) -> None:
    """As locked ones do; they cannot be unlocked (API, section 9.5). The timesheet shows the marks."""
    made = call("POST", "time-activities", json=punch(call)).json()["data"]["timeActivitiesByUsers"][0]
    day = (WAREHOUSE, made["userId"], date(2025, 12, 2))
    call.sandbox.company.approved.add(day)
    call.sandbox.company.submitted.add(day)
    assert call("DELETE", f"time-activities/{made['shifts'][0]['id']}").status_code == 400
    unlocked = call("PUT", f"users/{made['userId']}/lock-days", json={"dates": ["2025-12-02"], "isLocked": False})
    assert (unlocked.status_code, unlocked.json()["error"].split(":")[0]) == (409, "DAYS_IN_APPROVED_PERIOD")
    record = call("GET", "timesheet", params=DAYS).json()["data"]["users"][0]["dailyRecords"][0]
    assert (record["isApproved"], record["isSubmitted"], record["isLocked"]) == (True, True, False)


def test_assignments(call: Caller) -> None:
    """The time clocks of a person, also of none; unproven (API, section 21)."""
    user = min(call.sandbox.company.people)
    path = f"/users/v1/users/{user}/assignments"
    answer = call("GET", path, params={"assetTypes": "timeClock"})
    assert answer.json()["data"] == {"smartGroups": [], "assets": [{"id": WAREHOUSE, "type": "timeClock"}]}
    assert answer.headers["x-sandbox-unproven"] == "true"
    assert call("GET", path, params={"assetTypes": "form"}).json()["data"]["assets"] == []
    call.sandbox.company.unassign(user)
    assert call("GET", path).json()["data"]["assets"] == []
    assert call("GET", "/users/v1/users/1/assignments").status_code == 404


def test_geofences_and_attachments(call: Caller) -> None:
    """Made, shown, deleted; the fields of a punch."""
    place = {"address": "2 Invented Way", "latitude": "41.5", "longitude": "-87.5"}
    made = call("POST", "geofences", json={"geofences": [{"name": "Yard", "location": place}]}).json()["data"]
    fence = made["geofences"][0]["fenceId"]
    assert call("GET", f"geofences/{fence}").json()["data"]["location"] == place
    assert [one["name"] for one in call("GET", "geofences").json()["data"]["geofences"]] == ["Gate", "Yard"]
    assert call("DELETE", f"geofences/{fence}").status_code == 200
    assert call("GET", f"geofences/{fence}").status_code == 404
    too_small = {"name": "Yard", "location": place, "fenceSize": 74}
    assert call("POST", "geofences", json={"geofences": [too_small]}).status_code == 400
    types = [field["type"] for field in call("GET", "shift-attachments").json()["data"]["shiftAttachments"]]
    assert types == ["freeText", "number", "dropdownList"]


def test_pay_rates_come_in_pages(call: Caller) -> None:
    """One hourly rate each; a hundred by default (API, section 4)."""
    everyone = sorted(call.sandbox.company.people)
    page = call("GET", "/pay-rates/v1/pay-rates", params={**DAYS, "limit": 10, "offset": 40}).json()
    assert [one["userId"] for one in page["data"]["payRatesByUsers"]] == everyone[40:]
    assert page["paging"] == {"offset": 45, "total": 45}
    one = call("GET", "/pay-rates/v1/pay-rates", params={**DAYS, "userIds": [everyone[3]]}).json()["data"]
    assert one["payRatesByUsers"][0]["payRate"]["rateType"] == "hourly"
    assert not call("GET", "/pay-rates/v1/pay-rates", params={**DAYS, "rateType": "yearly"}).json()["data"][
        "payRatesByUsers"
    ]
    assert call("GET", "/pay-rates/v1/pay-rates", params={**DAYS, "rateType": "daily"}).status_code == 400


def test_webhooks_are_registered(call: Caller) -> None:
    """Shown without their secret, changed in part, deleted (API, section 16)."""
    one = registered(call)
    assert (one["retryLimit"], one["isDisabled"], one["entityId"]) == (3, False, str(WAREHOUSE))
    assert "secretKey" not in one
    path = f"/settings/v1/webhooks/{one['id']}"
    changed = call("PUT", path, json={"isDisabled": True, "name": None}).json()["data"]
    assert changed == one | {"isDisabled": True}
    assert call("GET", path).json()["data"] == changed
    people = registered(call, featureType="users", eventTypes=["user_archived"], entityId=None)
    listed = call("GET", "/settings/v1/webhooks", params={"featureType": "users"}).json()
    assert listed["data"]["webhooks"] == [people | {"origin": "organic"}]
    assert listed["paging"] == {"offset": 1, "total": 1}
    assert call("GET", "/settings/v1/webhooks", params={"limit": 1}).json()["paging"]["total"] == 2
    assert call("GET", "/settings/v1/webhooks", params={"limit": 101}).status_code == 400
    assert call("DELETE", path).json()["data"] == {}
    assert call("GET", path).status_code == 404
    assert registered(call, entityId=None, objectId=WAREHOUSE, url="http://127.0.0.1:9/x")["objectId"] == WAREHOUSE


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "http://example.org/hooks"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "https://"},
        {"url": "https://[x"},
        {"featureType": "dances"},
        {"eventTypes": ["clocked_in"]},
        {"eventTypes": []},
        {"entityId": "1"},
        {"featureType": "users"},
    ],
)
def test_webhooks_that_cannot_be_registered(call: Caller, changed: dict[str, Any]) -> None:
    """400 with error code 1002; what is registered stays as it was."""
    one = registered(call)
    answer = call("PUT", f"/settings/v1/webhooks/{one['id']}", json=changed)
    assert (answer.status_code, answer.json()["details"]["error_code"]) == (400, 1002)
    assert call("GET", f"/settings/v1/webhooks/{one['id']}").json()["data"] == one
