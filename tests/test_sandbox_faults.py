"""Every trouble of the sandbox changes what a caller receives, as its name says, at the call it was ordered for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.sandbox.faults import CHANGES, KNOWN, NAMES, ODDITIES, PAGES

LOOK = f"/time-clock/v1/time-clocks/{WAREHOUSE}/time-activities?startDate=2025-12-01&endDate=2025-12-11"
PATIENT = {"slow", "dripping"}
"""Take longer than a test waits: `tests/attack/test_faults.py` waits for them."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(60, people=9), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as served:
        yield served


def asked(sandbox: Sandbox, path: str = LOOK) -> bytes:
    """Status and body of an answer, as they come."""
    headers = {"x-api-key": sandbox.key}
    with (
        httpx2.Client(trust_env=False, timeout=5, headers=headers) as client,
        client.stream("GET", sandbox.url + path) as got,
    ):
        return str((got.status_code, got.headers.get("content-type"))).encode() + b"".join(got.iter_raw())


def data(sandbox: Sandbox, path: str = LOOK) -> Any:  # noqa: ANN401 - any JSON
    """What stands under `data` of an answer."""
    return json.loads(asked(sandbox, path).partition(b")")[2])["data"]


def shifts(answer: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """Every shift of an answer."""
    return [shift for person in answer["timeActivitiesByUsers"] for shift in person["shifts"]]


def starts(answer: Any) -> list[int]:  # noqa: ANN401 - any JSON
    """Every start of an answer."""
    return [shift["start"]["timestamp"] for shift in shifts(answer)]


def test_times_in_milliseconds(sandbox: Sandbox) -> None:
    """Each a thousand times what it was."""
    plain = starts(data(sandbox))
    sandbox.faults.add("milliseconds")
    assert plain
    assert starts(data(sandbox)) == [1000 * start for start in plain]


def test_half_of_the_people(sandbox: Sandbox) -> None:
    """Every other one, of a look and of the list of users."""
    for path, name in ((LOOK, "timeActivitiesByUsers"), ("/users/v1/users", "users")):
        plain = data(sandbox, path)[name]
        sandbox.faults.add("half_of_the_people")
        assert len(plain) > 1
        assert data(sandbox, path)[name] == plain[::2]


def test_records_twice(sandbox: Sandbox) -> None:
    """Each person twice, and each of their shifts twice."""
    plain = Counter(shift["id"] for shift in shifts(data(sandbox)))
    sandbox.faults.add("duplicate_records")
    assert Counter(shift["id"] for shift in shifts(data(sandbox))) == {name: 4 * count for name, count in plain.items()}


def test_two_versions_of_a_record(sandbox: Sandbox) -> None:
    """The same id twice, saying two things."""
    sandbox.faults.add("two_versions")
    said: dict[str, set[bool]] = {}
    for shift in shifts(data(sandbox)):
        said.setdefault(shift["id"], set()).add(shift["isAutoClockOut"])
    assert said
    assert all(versions == {True, False} for versions in said.values())


def test_no_shifts_and_other_names(sandbox: Sandbox) -> None:
    """People without any shift; members under names that nobody knows."""
    sandbox.faults.add("no_shifts")
    answer = data(sandbox)
    assert answer["timeActivitiesByUsers"]
    assert not shifts(answer)
    sandbox.faults.add("renamed_members")
    assert all("startTime" in shift and "start" not in shift for shift in shifts(data(sandbox)))


@pytest.mark.parametrize("fault", sorted(KNOWN - PATIENT - {"dropped"}))
def test_each_changes_what_is_received(sandbox: Sandbox, fault: str) -> None:
    """Once, at the call it was ordered for, and nothing before and after; and it is noted as served."""
    # The list of users is the one that comes in pages.
    path = "/users/v1/users?limit=4&offset=4" if fault in PAGES else LOOK
    plain = _body(asked(sandbox, path))
    sandbox.faults.add(fault, call=sandbox.calls + 2)
    assert _body(asked(sandbox, path)) == plain
    assert not sandbox.faults.served
    met = asked(sandbox, path)
    if fault == "budget_spent":
        assert b"companyName" in met
    assert _body(met) != plain
    assert fault in sandbox.faults.served or fault in PAGES
    assert _body(asked(sandbox, path)) == plain


def test_a_path_and_a_number_of_times(sandbox: Sandbox) -> None:
    """Only on the path that it was ordered for, and only as often."""
    sandbox.faults.add("unavailable", path="/users", times=2)
    assert asked(sandbox).startswith(b"(200")
    assert [asked(sandbox, "/users/v1/users")[:4] for _ in range(3)] == [b"(503", b"(503", b"(200"]


def test_a_line_that_breaks(sandbox: Sandbox) -> None:
    """More was promised than came."""
    sandbox.faults.add("dropped")
    with pytest.raises(httpx2.RemoteProtocolError):
        asked(sandbox)


def test_every_trouble_is_of_one_kind() -> None:
    """So that the test above covers each."""
    kinds = [set(NAMES), set(CHANGES), set(ODDITIES), set(PAGES)]
    assert sum(map(len, kinds)) == len(KNOWN)


def _body(answer: bytes) -> bytes:
    """Without the id of the request, which is another each time."""
    head, mark, rest = answer.partition(b'"requestId":"')
    return head + mark + rest[36:] if mark else answer
