"""The real client against the sandbox, over HTTP: a look is complete, or it is an error."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgspec
import pytest
import time_machine

from connecteam_sync.api import wire
from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import ApiKey, ClientCredentials, require_host
from connecteam_sync.core.shift import User
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.errors import (
    BadAnswer,
    BudgetSpent,
    ConfigurationError,
    ConnecteamSyncError,
    Rejected,
    Unavailable,
)
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 11), "America/Chicago")


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """A sandbox nobody alters; its calls of a minute are without limit."""
    with Sandbox(settings=SandboxSettings(minute_limit=100_000)) as sandbox:
        yield sandbox


@contextmanager
def client_of(sandbox: Sandbox, **options: Any) -> Iterator[Connecteam]:  # noqa: ANN401 - any option
    """A client that does not wait long."""
    chosen = {"first_wait": 0.01, "total_seconds": 3, "request_timeout": 2} | options
    with Connecteam(ApiKey(sandbox.key), base_url=sandbox.url, **chosen) as client:
        yield client


def test_a_look_is_everything_of_the_padded_window(shared: Sandbox) -> None:
    """Every shift of the clock by id, everybody listed, people without shifts too."""
    with client_of(shared) as client:
        people = client.users()
        looks = [client.fetch_snapshot(clock, WINDOW, people) for clock in (WAREHOUSE, OFFICE)]
        assert client.http_calls == 3
    found = {(s.id, s.user_id, s.start, s.end) for look in looks for s in look.shifts}
    assert found == {(a.id, a.user_id, a.start, a.end) for a in shared.company.shifts()}
    assert len(people.users) == 45
    assert (looks[0].first, looks[0].last) == (date(2025, 11, 29), date(2025, 12, 13))
    assert looks[0].listed | looks[1].listed == set(shared.company.people)
    assert sum(len(look.breaks) for look in looks) == len(shared.company.activities) - 585
    assert not looks[0].invalid_records


def test_users_are_paged_with_every_status(shared: Sandbox) -> None:
    """More than one page, archived people included: the API's defaults would give ten active ones."""
    company = Company(0, people=1203)
    company.archive(min(company.people))
    with Sandbox(company) as sandbox, client_of(sandbox) as client:
        users = client.users().users
        assert sandbox.calls == 3
    assert len(users) == 1203
    assert sum(user.is_archived for user in users) == 1
    assert shared.calls >= 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("html_200", BadAnswer),
        ("html_as_json", BadAnswer),
        ("truncated", BadAnswer),
        ("empty_body", BadAnswer),
        ("no_envelope", BadAnswer),
        ("null_data", BadAnswer),
        ("wrong_list", BadAnswer),
        ("wrong_type", BadAnswer),
        ("oversized", BadAnswer),
        ("redirect", Rejected),
        ("bad_key", Rejected),
        ("no_key", Rejected),
        ("scope", Rejected),
        ("domain_error", Rejected),
        ("model_error", Rejected),
        ("validation_422", Rejected),
        ("dropped", Unavailable),
        ("server_error", Unavailable),
        ("bad_gateway", Unavailable),
        ("unavailable", Unavailable),
        ("too_many", Unavailable),
        ("too_many_for_long", Unavailable),
    ],
)
def test_trouble_is_an_error_and_never_an_empty_answer(
    shared: Sandbox, fault: str, error: type[ConnecteamSyncError]
) -> None:
    """Whatever comes instead of a complete answer: an error with its own exit code and a next step."""
    with client_of(shared, max_body_bytes=2_000_000) as client:
        people = client.users()
        shared.faults.add(fault, path="time-activities", times=99)
        try:
            with pytest.raises(error) as raised:
                client.fetch_snapshot(WAREHOUSE, WINDOW, people)
        finally:
            shared.faults.clear()
    assert type(raised.value).exit_code == (1 if error is Rejected else 75)
    assert raised.value.next_step
    assert shared.key not in str(raised.value)


@pytest.mark.parametrize("fault", ["dropped", "server_error", "bad_gateway", "unavailable", "too_many"])
def test_a_passing_trouble_is_retried(shared: Sandbox, fault: str) -> None:
    """Once is no trouble: reads are asked again, and the answer is the whole answer."""
    with client_of(shared) as client:
        shared.faults.add(fault, path="/users", times=2)
        assert len(client.users().users) == 45
        assert client.http_calls == 3


def test_what_cannot_be_cured_is_not_retried(shared: Sandbox) -> None:
    """A bad key is asked for once."""
    with client_of(shared) as client:
        shared.faults.add("bad_key", path="/me", times=9)
        with pytest.raises(Rejected, match="Invalid API key"):
            client.company()
        shared.faults.clear()
        assert client.http_calls == 1


def test_a_server_that_says_nothing_is_given_up(shared: Sandbox) -> None:
    """A request has a time limit, and all tries together too."""
    with client_of(shared, request_timeout=0.1, total_seconds=0.5) as client:
        shared.faults.add("slow", path="/me", times=99)
        with pytest.raises(Unavailable):
            client.company()
        shared.faults.clear()


def test_nobody_listed_is_no_answer(shared: Sandbox) -> None:
    """An account has users; a list without any is not believed."""
    with client_of(shared) as client:
        shared.faults.add("no_one", path="/users")
        with pytest.raises(BadAnswer):
            client.users()


def test_a_reserve_of_the_day_is_kept_for_others(shared: Sandbox) -> None:
    """Once the headers show the reserve is reached, nothing more is asked."""
    with client_of(shared) as client:
        shared.faults.add("budget_spent", path="/me")
        client.company()
        with pytest.raises(BudgetSpent):
            client.company()
        assert client.http_calls == 1


@pytest.mark.parametrize("hours", [0, -5, 5])
def test_the_minute_limit_is_waited_for_or_named(hours: int) -> None:
    """The last call of a minute is followed by a wait; one that is longer than our time is an error.

    The minute is Connecteam's: where its clock is hours away from ours, the wait is as long as it is.
    """
    # In the middle of a minute of its own, whatever the time is here.
    settings = SandboxSettings(minute_limit=2, clock_ahead=hours * 3600 + 30 - int(time.time()) % 60)
    with Sandbox(Company(0), settings) as sandbox, client_of(sandbox, total_seconds=0.5) as client:
        client.company()
        client.company()
        with pytest.raises(Unavailable, match="minute"):
            client.company()
        assert sandbox.calls == 2
        with time_machine.travel(time.time() + 45, tick=True):
            client.company()


@pytest.mark.parametrize(
    "date_header",
    ["soon", "Mon, 01 Jan 99999 10:00:00 GMT", f"Mon, 01 Jan {'9' * 20} 10:00:00 GMT", ""],
)
def test_headers_that_say_nothing_are_passed_over(date_header: str) -> None:
    """A moment that is none and a number without end: the answer counts, and nothing is made of them."""
    head = f"HTTP/1.1 200 OK\r\ndate: {date_header}\r\nx-ratelimit-minute-remaining: {'9' * 5000}\r\n"
    body = '{"data":{"companyName":"x","companyId":"1"}}'
    said = f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with Connecteam(ApiKey("sandbox-key"), base_url=f"http://127.0.0.1:{server.getsockname()[1]}") as client:
            assert client.company() == wire.Company(id="1", name="x")
            assert client.server_clock_skew is None
        thread.join()


def test_oauth_client_credentials(shared: Sandbox) -> None:
    """A token is asked for once; a revoked one is renewed; a wrong secret cannot be cured by waiting."""
    good = ClientCredentials(shared.client_id, shared.client_secret)
    with Connecteam(good, base_url=shared.url) as client:
        assert client.company() == client.company() == wire.Company(id=shared.company.id, name=shared.company.name)
        assert client.http_calls == 3
        shared.faults.add("no_key", path="/me")
        assert client.company().name == shared.company.name
        assert client.http_calls == 6
    bad = ClientCredentials(shared.client_id, "wrong")
    with Connecteam(bad, base_url=shared.url) as client, pytest.raises(Rejected):
        client.company()
    assert "sandbox-secret" not in repr(good)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"id": ""}, "its id is empty"),
        ({"id": ...}, "its id is missing"),
        ({"id": 7}, "its id is 7, which is not text"),
        ({"id": "s1 "}, "its id is 's1 ', which begins or ends with a blank"),
        ({"id": "a\u200bb"}, "which has a character that is not printable"),
        ({"id": "é" * 192}, "which has 192 characters, and at most 191 fit"),
        ({"start": None}, "its start is null, which is not a time"),
        ({"start": ...}, "its start is missing"),
        ({"start": {"timestamp": 1764684120000, "timezone": "x"}}, "its times look like milliseconds (1764684120000)"),
        ({"start": {"timestamp": 1764684000.5}}, "its start is 1764684000.5, which is not a whole number of seconds"),
        ({"start": {"timestamp": "1764684120"}}, "its start is '1764684120', which is not a whole number of seconds"),
        ({"start": {"timestamp": -5}}, "its start is -5, which is no time between 1970 and 2286"),
        ({"end": {"timestamp": 10**30}}, f"its end is {10**30}, which is larger than a database can hold"),
        ({"end": {"timestamp": 1764500000}}, "its end lies before its start"),
        ({"createdAt": 2**63}, f"the time it was made is {2**63}, which is larger than a database can hold"),
        ({"isAutoClockOut": "no"}, "its mark of an automatic clock-out is 'no', which is not yes or no"),
        ({"jobId": {"deep": 1}}, "its job is an object, which is not text"),
    ],
)
def test_one_bad_record_is_a_doubt_about_that_record(members: dict[str, Any], problem: str) -> None:
    """The rest of the answer stands; the person is listed; the value is quoted, notes and places are not."""
    company = Company(0)
    user = min(company.people)
    good = company.add(user, 1764700000, 1764710000)
    bad = company.add(user, 1764684120, 1764690000)
    company.spoil(bad.id, **members, employeeNote="private words")
    with Sandbox(company) as sandbox, client_of(sandbox) as client:
        look = client.fetch_snapshot(WAREHOUSE, WINDOW, client.users())
    assert [shift.id for shift in look.shifts] == [good.id]
    (invalid_record,) = look.invalid_records
    assert invalid_record.problem.endswith(problem)
    assert invalid_record.user_id == user
    assert user in look.listed
    assert "private" not in invalid_record.value + invalid_record.problem
    assert "Invented Way" not in invalid_record.value + invalid_record.problem


@pytest.mark.parametrize("ends", [(1, 2, 2), (1, 2, 1, 2), (1, 2, 3), (1, 1, 2, 2)])
def test_an_id_with_several_contents_is_believed_in_none(ends: tuple[int, ...]) -> None:
    """However often it stands there, and in whatever order."""
    items = [{"id": "a", "start": {"timestamp": 1000}, "end": {"timestamp": 1000 + end}} for end in ends]
    look = wire.SnapshotBuilder(WAREHOUSE)
    people = [{"userId": 1, "shifts": items}]
    look.read(msgspec.Raw(msgspec.json.encode({"timeActivitiesByUsers": people})), "the clock")
    assert not look.shifts
    assert {invalid_record.activity_id for invalid_record in look.invalid_records} == {"a"}


def test_unknown_members_and_values_are_ignored() -> None:
    """The publisher adds members at any time; enumerations grow."""
    company = Company(0)
    item = company.add(min(company.people), 1764684120)
    company.spoil(item.id, brandNew={"a": [1]}, end=None, jobId=None, source={"type": "telepathy"})
    with Sandbox(company) as sandbox, client_of(sandbox) as client:
        look = client.fetch_snapshot(WAREHOUSE, WINDOW, client.users())
    assert look.shifts[0].end is None
    assert not look.invalid_records


def test_the_timesheet_is_read_as_minutes(shared: Sandbox) -> None:
    """Totals by person and day, in whole minutes, without breaks."""
    with client_of(shared) as client:
        totals = client.timesheet(OFFICE, WINDOW)
        breaks = client.fetch_snapshot(OFFICE, WINDOW, client.users()).breaks
    paused: dict[tuple[int, date], int] = {}
    for pause in breaks:
        key = (pause.user_id, local_day(pause.start, WINDOW.zone))
        paused[key] = paused.get(key, 0) + (pause.end or pause.start) - pause.start
    assert any(key in paused for key in ((t.user_id, t.day) for t in totals))
    worked: dict[tuple[int, date], int] = {}
    for item in shared.company.shifts(clock=OFFICE):
        key = (item.user_id, local_day(item.start, WINDOW.zone))
        worked[key] = worked.get(key, 0) + ((item.end or item.start) - item.start)
    assert {(t.user_id, t.day) for t in totals} == set(worked)
    for key in worked:
        worked[key] -= paused.get(key, 0)
    assert all(abs(t.minutes - worked[t.user_id, t.day] / 60) <= 1 for t in totals)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.connecteam.com",
        "https://example.com",
        "https://api.connecteam.com.evil.example",
        "ftp://127.0.0.1",
        "",
    ],
)
def test_the_key_goes_to_connecteam_or_this_machine_only(url: str) -> None:
    """Any other host is a configuration error before anything is sent."""
    with pytest.raises(ConfigurationError):
        require_host(url)


def test_the_two_hosts_and_loopback_are_accepted() -> None:
    """The Australian host and IPv6 too."""
    for url in (
        "https://api.connecteam.com/",
        "https://api-au.connecteam.com",
        "http://127.0.0.1:80",
        "http://[::1]:1",
    ):
        assert require_host(url) == url.rstrip("/")


def test_the_sandbox_refuses_a_real_key_and_other_machines() -> None:
    """It is for this machine, with invented keys."""
    with pytest.raises(ConfigurationError):
        Sandbox(key="3f6c1a9e")
    with pytest.raises(ConfigurationError):
        Sandbox(host="0.0.0.0")  # noqa: S104 - that it is refused is the point


def test_names_are_kept_as_a_column_can_hold_them() -> None:
    """No NUL, which PostgreSQL refuses, and no more than a column is wide: one such name would stop every run."""
    raw = msgspec.Raw(b'{"userId": 1, "firstName": "A\\u0000na", "lastName": "' + b"x" * 400 + b'"}')
    user = wire.user(raw)
    assert isinstance(user, User)
    assert (user.first_name, set(user.last_name)) == ("Ana", {"x"})
    assert len(user.last_name) < 256
