"""Answers that are almost right, and what headers say: the client against the sandbox."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from connecteam_sync.api import wire
from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import ApiKey
from connecteam_sync.api.lenient_json import odd_text, tidied
from connecteam_sync.api.limits import Limits, numbers
from connecteam_sync.core.window import Window
from connecteam_sync.errors import BadAnswer, BudgetSpent, Unavailable
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.sandbox.faults import ODDITIES
from support.scenario import World

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 11), "America/Chicago")
START = 1764684120


@contextmanager
def asked(
    company: Company | None = None,
    settings: SandboxSettings | None = None,
    **options: Any,  # noqa: ANN401 - any option
) -> Iterator[tuple[Sandbox, Connecteam]]:
    """A sandbox and a client of it that does not wait long."""
    chosen = {"first_wait": 0.01, "total_seconds": 3, "request_timeout": 2} | options
    with (
        Sandbox(company or Company(0), settings) as sandbox,
        Connecteam(ApiKey(sandbox.key), base_url=sandbox.url, **chosen) as client,
    ):
        yield sandbox, client


# -- odd values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oddity", sorted(ODDITIES))
def test_an_odd_value_nobody_reads_changes_nothing(oddity: str) -> None:
    """In each record of each list: users, time clocks, time activities and timesheet say what they say without it."""
    company = Company(40)
    with asked(company) as (sandbox, client):
        people = client.users()
        plain = (client.time_clocks(), people, client.fetch_snapshot(WAREHOUSE, WINDOW, people))
        totals = client.timesheet(WAREHOUSE, WINDOW)
        sandbox.faults.add(oddity, times=4)
        odd_people = client.users()
        assert (client.time_clocks(), odd_people, client.fetch_snapshot(WAREHOUSE, WINDOW, people)) == (
            plain[0],
            people,
            plain[2],
        )
        assert client.timesheet(WAREHOUSE, WINDOW) == totals
        assert sandbox.faults.served == [oddity] * 4
        assert len(plain[2].shifts) > 20
        assert not plain[2].invalid_records


ODD_SHIFTS = {
    rb'"id":"x\ud83d"': r'its id is "x\ud83d", which has a broken character in it',
    b'"id":NaN': "its id is NaN, which is not text",
    b'"id":"bad","start":{"timestamp":NaN}': "its start is NaN, which is not a whole number of seconds",
    b'"id":"bad","start":{"timestamp":1e400}': "its start is 1e400, which is not a whole number of seconds",
    b'"id":"bad","start":-Infinity': "its start is -Infinity, which is not a time",
    b'"id":"bad","end":Infinity': "its end is Infinity, which is not a time",
    b'"id":"bad","jobId":"J\xff"': 'its job is "J\N{REPLACEMENT CHARACTER}", which has a broken character in it',
    b'"id":"bad","createdAt":%b' % (b"9" * 5000): "the time it was made is 9999999999",
}


@pytest.mark.parametrize(("odd", "problem"), ODD_SHIFTS.items(), ids=[str(n) for n in range(len(ODD_SHIFTS))])
def test_an_odd_value_that_is_read_spoils_its_own_record_only(odd: bytes, problem: str) -> None:
    """The shift is doubted, the value quoted; its person is listed, and every other record is used."""
    company = Company(0)
    user = min(company.people)
    good, bad = company.add(user, START - 50_000, START - 40_000), company.add(user, START, START + 60)
    whole = b'"id":"%b"' % bad.id.encode()

    def spoilt(body: bytes) -> bytes:
        """The members behind replace those that are there already: the last one counts."""
        name = b"start" if b'"start"' in odd else b"end" if b'"end"' in odd else b""
        where = body.index(whole)
        record_end = body.index(b"}", body.index(b'"shiftAttachments"', where))
        tail = odd.partition(b",")[2]
        changed = body[:where] + odd.partition(b",")[0] + body[where + len(whole) : record_end]
        assert not name or tail
        return changed + (b"," + tail if tail else b"") + body[record_end:]

    with asked(company) as (sandbox, client):
        people = client.users()
        sandbox.faults.rewrite(spoilt, path="time-activities")
        look = client.fetch_snapshot(WAREHOUSE, WINDOW, people)
        assert sandbox.faults.served == ["rewritten"]
    assert [shift.id for shift in look.shifts] == [good.id]
    (invalid_record,) = look.invalid_records
    assert invalid_record.problem.startswith(problem)
    assert (invalid_record.user_id, user in look.listed) == (user, True)
    assert "Invented Way" not in invalid_record.problem + invalid_record.value


@pytest.mark.parametrize(
    "value", [b"%d" % 2**63, b"1" + b"0" * 30, b"true", b"1.5", b'"12"', b"-1", b"0", b"null", b"NaN"]
)
def test_a_person_who_cannot_be_told_is_listed_as_nobody(value: bytes) -> None:
    """Each of their shifts is doubted by its id, so that none of them passes for gone; all others are used."""
    company = Company(0)
    first, second = sorted(company.people)[:2]
    lost, good = company.add(first, START, START + 60), company.add(second, START, START + 60)
    with asked(company) as (sandbox, client):
        people = client.users()
        sandbox.faults.rewrite(
            lambda body: body.replace(b'"userId":%d,' % first, b'"userId":%b,' % value), path="time-activities"
        )
        look = client.fetch_snapshot(WAREHOUSE, WINDOW, people)
        assert sandbox.faults.served == ["rewritten"]
    assert [shift.id for shift in look.shifts] == [good.id]
    assert (first in look.listed, second in look.listed) == (False, True)
    (invalid_record,) = look.invalid_records
    assert (invalid_record.activity_id, invalid_record.user_id, invalid_record.start) == (lost.id, None, START)
    assert invalid_record.problem.startswith("the number of its user is")


def test_odd_users_and_clocks_do_not_cost_the_others() -> None:
    """A user whose name breaks off is doubted; a clock keeps its id, by which it is looked at."""
    company = Company(0)
    user = company.people[min(company.people)]
    with asked(company) as (sandbox, client):
        name = b'"firstName":"%b"' % user.first_name.encode()
        sandbox.faults.rewrite(lambda body: body.replace(name, rb'"firstName":"A\ud83d"', 1), path="/users")
        people = client.users()
        assert len(people.users) == len(company.people) - 1
        assert [(invalid_record.kind, invalid_record.user_id) for invalid_record in people.invalid_records] == [
            ("user", user.id)
        ]
        assert people.invalid_records[0].problem == r'the first name is "A\ud83d", which has a broken character in it'
        clocks = client.time_clocks()
        sandbox.faults.rewrite(
            lambda body: body.replace(b'"name":"Warehouse"', rb'"name":"\udc00"'), path="time-clocks"
        )
        assert [clock.id for clock in client.time_clocks()] == [clock.id for clock in clocks]
        sandbox.faults.rewrite(lambda body: body.replace(b'"id":%d' % WAREHOUSE, b'"id":true'), path="time-clocks")
        with pytest.raises(BadAnswer, match="its id is true"):
            client.time_clocks()
        assert sandbox.faults.served == ["rewritten"] * 3


def test_odd_days_of_a_timesheet_are_left_out() -> None:
    """A total that is NaN vouches for nothing; null is none; every other day is as before."""
    company = Company(40)
    with asked(company) as (sandbox, client):
        plain = client.timesheet(WAREHOUSE, WINDOW)

        def rewritten(body: bytes) -> bytes:
            return body.replace(b'"dailyTotalWorkHours":', b'"dailyTotalWorkHours":NaN,"x":', 1)

        sandbox.faults.rewrite(rewritten, path="timesheet")
        assert client.timesheet(WAREHOUSE, WINDOW) == plain[1:]
        assert sandbox.faults.served == ["rewritten"]


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"data":', b'{"data":{"users":[]}', b"[1", b'{"a":"x', b'{"a":Nan}', b'{"a":01}', b"nothing", b'{"a":NaN'],
)
def test_what_is_no_json_stays_no_json(body: bytes) -> None:
    """Nothing that is cut off or broken becomes an answer by being tidied."""
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(tidied(body))


def test_what_is_set_aside_and_what_is_not() -> None:
    """Whole pairs, escaped backslashes, words in strings and long numbers stay; names of members are told apart."""
    good = rb'{"a":"\ud83d\ude00 NaN \\ud83d Infinity","n":[1e300,123456789012345678901234567890,-0.5]}'
    assert tidied(good) == good
    odd = msgspec.json.decode(tidied(rb'{"\ud83d":1,"b":"\ude00","c":[NaN,{"d":-Infinity}],"e":"\x"}'))
    assert odd_text(odd["b"]) == r'"\ude00"'
    assert [odd_text(odd["c"][0]), odd_text(odd["c"][1]["d"])] == ["NaN", "-Infinity"]
    assert odd_text(odd["e"]) == r'"\x"'
    assert len(odd) == 4
    assert [odd_text(each) for each in msgspec.json.decode(tidied(b"[1e999,-1E999]"))] == ["1e999", "-1E999"]


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paging_in", "calls"), [("envelope", 4), ("data", 4), ("nowhere", 4)])
def test_a_list_without_end_is_ended(paging_in: Any, calls: int) -> None:  # noqa: ANN401 - a choice of the settings
    """Always the same full page: as soon as nobody new comes, or more than there are."""
    with asked(Company(0, people=1203), SandboxSettings(paging_in=paging_in)) as (sandbox, client):
        sandbox.faults.add("endless_list", path="/users", times=50)
        with pytest.raises(BadAnswer, match="does not end: of 1000 listed 500 are different"):
            client.users()
        assert (sandbox.calls, len(sandbox.faults.served)) == (calls, calls)


def test_more_users_than_there_are_is_no_list() -> None:
    """A list that goes on past its own total is read once more, for it may have changed, and then not believed."""
    ids = itertools.count(10**9)

    def invented(_body: bytes) -> bytes:
        people = [{"userId": next(ids), "firstName": "A", "lastName": "B"} for _ in range(500)]
        return msgspec.json.encode({"data": {"users": people}, "paging": {"offset": 0, "total": 600}})

    with asked() as (sandbox, client):
        sandbox.faults.rewrite(invented, path="/users", times=10**6)
        with pytest.raises(BadAnswer, match="says it has 600 users and listed 1000 or more"):
            client.users()
        assert sandbox.calls == 4


@pytest.mark.parametrize("paging_in", ["data", "nowhere"])
def test_the_total_may_stand_in_the_data_or_nowhere(paging_in: Any) -> None:  # noqa: ANN401 - a choice of the settings
    """Every page is read either way; a total in the data counts like any other."""
    with asked(Company(0, people=1203), SandboxSettings(paging_in=paging_in)) as (sandbox, client):
        assert len(client.users().users) == 1203
        assert sandbox.calls == 3
        sandbox.faults.add("skipped_page", path="/users")
        if paging_in == "data":
            assert len(client.users().users) == 1203


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", ["once", "doubled", "two_lines"])
def test_the_worst_reading_of_a_header_is_obeyed(headers: Any) -> None:  # noqa: ANN401 - a choice of the settings
    """The reserve of the day is kept, and the minute's last call is known, however often the headers come."""
    with asked(settings=SandboxSettings(day_limit=20, limit_headers=headers), day_reserve_share=0.5) as (
        sandbox,
        client,
    ):
        for _ in range(10):
            client.company()
        assert client.day_calls_left == 10
        with pytest.raises(BudgetSpent, match="10 of the account's 20 calls"):
            client.company()
        assert sandbox.calls == 10
    with asked(
        settings=SandboxSettings(minute_limit=1, limit_headers=headers, clock_ahead=30 - int(time.time()) % 60)
    ) as (
        sandbox,
        client,
    ):
        client.company()
        with pytest.raises(Unavailable, match="minute"):
            client.company()
        assert sandbox.calls == 1


def test_headers_that_are_garbage_say_nothing() -> None:
    """No limit is made of them, and no error."""
    with asked(settings=SandboxSettings(day_limit=2, limit_headers="garbage")) as (_, client):
        client.company()
        assert client.day_calls_left is None
        client.company()
        assert client.http_calls == 2


@pytest.mark.parametrize("text", ["10000, 12", "12,10000", "x, 12, 10000", "12", " 12 ,"])
def test_readings_of_a_header(text: str) -> None:
    """What is a number among them counts; the fewest calls left, the latest renewal, the largest reserve."""
    limits = Limits()
    names = {
        "x-ratelimit-day-remaining": text,
        "x-ratelimit-day-reset": "9999999999, 5",
        "x-ratelimit-day-limit": "100",
    }
    limits.note(httpx2.Headers(names))
    assert limits.day is not None
    assert (limits.day.left, limits.day.until) == (12, 9999999999)
    assert numbers(["-1", "1" * 40, "٣", "", "1.5", "7"]) == [0, 7]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("retry-after", "3, 10")], 10),
        ([("retry-after", "10"), ("retry-after", "3")], 10),
        ([("retry-after", "-5")], 0),
        ([("retry-after", "soon")], None),
        ([], None),
    ],
)
def test_the_longest_time_to_stay_away_is_obeyed(headers: list[tuple[str, str]], seconds: int | None) -> None:
    """However often it is said; what lies in the past is no wait, and what is no number says nothing."""
    assert Limits().stay_away(httpx2.Headers(headers), is_too_many=False) == seconds


def test_of_a_minute_that_is_spent_only_a_429_speaks() -> None:
    """Another failure that tells when the minute is over does not ask to wait until then."""
    headers = httpx2.Headers({"x-ratelimit-minute-reset": f"{int(time.time()) + 20}, {int(time.time()) + 40}"})
    assert 38 < (Limits().stay_away(headers, is_too_many=True) or 0) <= 40
    assert Limits().stay_away(headers, is_too_many=False) is None


def test_what_an_answer_does_not_say_stays_as_it_was() -> None:
    """An answer without the day's calls does not give them back."""
    limits = Limits()
    limits.note(httpx2.Headers({"x-ratelimit-day-remaining": "3", "x-ratelimit-minute-remaining": "2"}))
    limits.note(httpx2.Headers({}))
    assert limits.day is not None
    assert limits.minute is not None
    assert (limits.day.left, limits.minute.left) == (3, 2)


def test_nothing_left_is_obeyed_without_a_moment_of_renewal() -> None:
    """A 200 that says 0 and not until when: until the minute, or the day, is over."""
    limits = Limits()
    limits.note(httpx2.Headers({"x-ratelimit-minute-remaining": "0", "x-ratelimit-day-remaining": "-3"}))
    assert limits.minute is not None
    assert limits.day is not None
    assert 0 < limits.minute.until - time.time() <= 60
    assert limits.day.left == 0
    assert limits.day.until % 86_400 == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("too_many_untold", "is asked too often (HTTP 429): Too many requests"),
        ("too_many_for_long", "is asked too often (HTTP 429): Too many requests; it asks to wait 3600 s"),
        ("unavailable", "has trouble (HTTP 503): maintenance"),
        ("server_error", "has trouble (HTTP 500): no reason given"),
    ],
)
def test_what_connecteam_said_last_is_what_is_told(fault: str, said: str) -> None:
    """However the retries ended: its status, its words, and how long it asks to wait; never that time ran out."""
    with asked(total_seconds=0.6, first_wait=0.1, request_timeout=0.2) as (sandbox, client):
        sandbox.faults.add(fault, times=3)
        sandbox.faults.add("slow", times=99)
        with pytest.raises(Unavailable) as raised:
            client.company()
        assert said in raised.value.message
        assert raised.value.exit_code == 75
        assert sandbox.faults.served[0] == fault


# -- timesheet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "calls"), [(45, 1), (46, 2), (86, 2), (90, 2), (91, 3)])
def test_the_timesheet_is_asked_for_in_slices_of_its_own(days: int, calls: int) -> None:
    """It gives at most 45 days; a window of any length is whole, and no day comes twice."""
    company = Company(0)
    user = min(company.people)
    first = date(2025, 9, 1)
    for number in range(days):
        begin = company.at(date.fromordinal(first.toordinal() + number), "08:00")
        company.add(user, begin, begin + 3600)
    with asked(company) as (sandbox, client):
        last = date.fromordinal(first.toordinal() + days - 1)
        totals = client.timesheet(WAREHOUSE, Window(first, last, company.timezone))
        assert [total.minutes for total in totals] == [60] * days
        assert len({total.day for total in totals}) == days
        assert sandbox.calls == client.http_calls == calls


def test_long_slices_do_not_make_verify_fail(tmp_path: Path) -> None:
    """A request of 90 days is one look, and two timesheets: the table is exact, and is said to be."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**6)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/long.db", slice_days=90)
        first = date(2025, 9, 1)
        for number in range(0, 86, 5):
            begin = sandbox.company.at(date.fromordinal(first.toordinal() + number), "08:00")
            sandbox.company.add(world.user, begin, begin + 3600)
        window = world.mirror.window(first, date.fromordinal(first.toordinal() + 85))
        assert world.sync(window).counts.created == 18
        proof = world.mirror.verify(window)
        assert (proof.exit_code, proof.plan.failures, proof.totals) == (0, (), ())
        asked = Counter(path for path in sandbox.handlers.paths if "timesheet" in path)
        assert set(asked.values()) == {2}
        world.mirror.close()


def test_a_company_needs_an_id() -> None:
    """The database is told to whom it belongs by it."""
    with pytest.raises(BadAnswer):
        wire.data(b'{"data":{"companyName":"x","companyId":"a\\u0000"}}', wire.Company, "the company")
    with pytest.raises(BadAnswer):
        wire.data(b'{"data":{"companyName":"x","companyId":""}}', wire.Company, "the company")
