"""`/map`: whose shifts wait, who they might be, what a mapping releases, and making it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx2 as httpx
import pytest

from connecteam_sync.core.attention import SHOWN
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.text import hours, many
from connecteam_sync.present.people_text import move_text
from connecteam_sync.sandbox import Company, Sandbox
from support.keyed_host import TEXT, Host
from support.staff import HOSTILE, MOST_STATEMENTS, Staff, counted, inspected

JSON = {"accept": "application/json"}


@pytest.fixture
def staff(initialised: str) -> Iterator[Staff]:
    """A mirror of a company of five: two wait, one of them for an employee of the same name."""
    company = Company(0, people=5)
    first, second, *others = sorted(company.people)
    company.people[first].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, initialised)
        for user in others:
            made.hire(user)
        made.hire(None, f"{company.people[second].first_name} {company.people[second].last_name}")
        made.work(2, "08:00", "16:00", user=first)
        for day in (2, 3):
            made.work(day, "08:00", "15:45", user=second)
        made.sync()
        yield made
        made.mirror.close()


@pytest.fixture
def users(staff: Staff) -> tuple[int, int]:
    """The user with a name of markup, and the one with a suggestion."""
    first, second, *_ = sorted(staff.company.people)
    return first, second


def _waiting(staff: Staff) -> list[int]:
    return [person.user_id for person in staff.mirror.employees(unmapped=True)]


def test_the_page_says_who_waits_and_who_they_might_be(staff: Staff, users: tuple[int, int]) -> None:
    """Most held hours first; a suggestion has its evidence and leads to what a mapping releases."""
    page = staff.shown("/map")
    assert "2 Connecteam users count for no employee: 3 shifts, +23:30 h held</h1>" in page
    assert [int(user) for user in re.findall(r'<td[^>]*><a href="/map\?user=(\d+)">', page)] == [users[1], users[0]]
    [suggestion] = staff.mirror.suggestions()
    assert f"/map?user={users[1]}&amp;employee={suggestion.move.employee_id}" in page
    assert "(name)" in page
    assert "no suggestion" in page
    assert staff.answered("/map.json") == staff.command("employees", "--unmapped")


def test_where_everybody_is_mapped_it_says_so(staff: Staff, users: tuple[int, int]) -> None:
    """And what would be here."""
    for user in users:
        staff.mirror.map_employee(user, staff.hire(None, "Somebody"))
    page = staff.shown("/map")
    assert "Nobody&#39;s shifts wait</h1>" in page
    assert "Every Connecteam user counts for an employee." in page


def test_who_chooses_an_employee_searches_for_one(staff: Staff, users: tuple[int, int]) -> None:
    """By name or id; those without a user come first."""
    nobody = staff.hire(None, "Zoë Ōta")
    page = staff.shown(f"/map?user={users[0]}")
    assert "counts for nobody</h1>" in page
    chosen = re.findall(rf'/map\?user={users[0]}&amp;employee=(\d+)"', page)
    assert str(nobody) in chosen[:2]
    found = staff.shown(f"/map?user={users[0]}&q=ota%20zoe")
    assert re.findall(rf'/map\?user={users[0]}&amp;employee=(\d+)"', found) == [str(nobody)]
    assert "No employee matches." in staff.shown(f"/map?user={users[0]}&q=quxx")
    with staff.console() as site:
        assert site.ask("/map?user=12345").status_code == 404
        assert site.ask(f"/map?user={users[0]}&employee=999").status_code == 404
        assert site.ask("/map?user=me").status_code == 422


def test_the_preview_is_the_commands_text(staff: Staff, users: tuple[int, int]) -> None:
    """Line by line; its button repeats counts and hours. To look writes nothing."""
    [suggestion] = staff.mirror.suggestions()
    employee = suggestion.move.employee_id
    with staff.console() as site, site.signed_in("operator") as operator:
        page = inspected(operator.get(f"/map?user={users[1]}&employee={employee}&yes=yes").text)
        told = operator.get(f"/map.json?user={users[1]}").json()
    for line in move_text(staff.mirror.mapping(users[1], employee)):
        assert line.strip() in unescape(page)
    assert "<button>Map: 2 shifts, 15:30 h</button>" in page
    assert sorted(_waiting(staff)) == sorted(users)
    assert [one["user_id"] for one in told["employees"]] == list(users)


def _post(staff: Staff, role: str, data: dict[str, object], **more: object) -> httpx.Response:
    with staff.console() as site, site.signed_in(role) as person:  # type: ignore[arg-type]
        answer: httpx.Response = person.post("/map", data=data, **more)  # type: ignore[arg-type]
        return answer


def test_an_operator_maps(staff: Staff, users: tuple[int, int]) -> None:
    """The page then says what is next, and the hours follow with the sync that it names."""
    [suggestion] = staff.mirror.suggestions()
    move = staff.mirror.mapping(users[1], suggestion.move.employee_id)
    with staff.console() as site, site.signed_in("operator") as operator:
        answer = operator.post("/map", data={"user": users[1], "employee": move.employee_id, "yes": "yes"})
        assert answer.status_code == 303
        page = inspected(operator.get(answer.headers["location"]).text)
    assert "connecteam-sync sync --from 2025-12-02 --to 2025-12-03" in page
    assert "/plan?from=2025-12-02&amp;to=2025-12-03" in page
    assert _waiting(staff) == [users[0]]
    assert staff.employee(users[1]) == move.employee_id
    [act] = staff.mirror.audit()
    assert (act.by, act.action, act.trigger) == ("Operator", "map", "person")
    assert act.subject == f"Connecteam user {users[1]} -> employee {move.employee_id}"
    assert act.detail.endswith(": 2 shifts, 15:30 h")
    staff.sync()
    assert sum(row["total_minutes"] for row in staff.table()) == move.minutes


def test_as_json_it_answers_what_the_command_does(staff: Staff, users: tuple[int, int]) -> None:
    """Where the names agree and nothing changes hands, nobody has to agree beforehand, as by the command."""
    [suggestion] = staff.mirror.suggestions()
    employee = suggestion.move.employee_id
    answer = _post(staff, "operator", {"user": users[1], "employee": employee}, headers=JSON)
    assert answer.status_code == 200
    staff.mirror.unmap_employee(users[1])
    assert answer.json() == staff.command("employees", "map", str(users[1]), str(employee))


def test_differing_names_need_a_yes(staff: Staff, users: tuple[int, int]) -> None:
    """Else it is refused with the command's words, shown once more with its effect, and nothing is written."""
    employee = staff.hire(None, "Somebody Else")
    data: dict[str, object] = {"user": users[0], "employee": employee}
    page = _post(staff, "operator", data)
    assert page.status_code == 409
    assert "the names differ" in inspected(page.text)
    assert "<button>Map: 1 shift, 8:00 h</button>" in page.text
    refused = _post(staff, "operator", {**data, "yes": "no"}, headers=JSON)
    assert refused.status_code == 409
    assert refused.json()["error"] == "mapping_refused"
    assert refused.json()["names_differ"] is True
    assert f"connecteam-sync employees map {users[0]} {employee} --yes" in refused.json()["next_step"]
    assert sorted(_waiting(staff)) == sorted(users)
    assert staff.mirror.audit() == ()
    assert _post(staff, "admin", {**data, "yes": "yes"}).status_code == 303
    assert _waiting(staff) == [users[1]]


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_a_role_that_may_not_map(staff: Staff, users: tuple[int, int], role: str) -> None:
    """Is refused, sees the command in place of the button, and nothing is written."""
    [suggestion] = staff.mirror.suggestions()
    employee: RowId = suggestion.move.employee_id
    assert _post(staff, role, {"user": users[1], "employee": employee, "yes": "yes"}).status_code == 403
    with staff.console() as site, site.signed_in(role) as person:  # type: ignore[arg-type]
        page = person.get(f"/map?user={users[1]}&employee={employee}").text
    assert "<form" not in page.split("<main", 1)[1]
    assert f"connecteam-sync employees map {users[1]} {employee} --yes" in page
    assert sorted(_waiting(staff)) == sorted(users)


def test_a_form_that_is_not_complete(staff: Staff, users: tuple[int, int]) -> None:
    """Is refused, and nothing is written."""
    for data in (
        {"user": users[0]},
        {"employee": 1},
        {"user": "x", "employee": 1},
        {"user": users[0], "employee": " "},
    ):
        assert _post(staff, "operator", {**data, "yes": "yes"}).status_code == 422
    assert _post(staff, "operator", {"user": users[0], "employee": "none", "yes": "yes"}).status_code == 404
    assert sorted(_waiting(staff)) == sorted(users)


def test_many_who_wait_are_shown_in_pages(initialised: str) -> None:
    """Each of them on exactly one, with the sums of all on each."""
    company = Company(0, people=SHOWN + 5)
    with Sandbox(company) as sandbox:
        staff = Staff(sandbox, initialised)
        for user in company.people:
            company.people[user].last_name = HOSTILE
            staff.work(2, "08:00", "16:00", user=user)
        staff.sync()
        seen: list[str] = []
        path = "/map"
        while path:
            page = staff.shown(path)
            assert f"{many(SHOWN + 5, 'Connecteam user')} count for no employee" in page
            assert f"{hours((SHOWN + 5) * 480, signed=True)} h held" in page
            seen += re.findall(r'<td[^>]*><a href="/map\?user=(\d+)">', page)
            found = re.search(r'href="(/map\?after=\d+)" rel="next"', page)
            path = found[1] if found else ""
        staff.mirror.close()
    assert seen == [str(user) for user in sorted(company.people)]


def test_the_pages_cost_few_statements(staff: Staff, users: tuple[int, int]) -> None:
    """At most eight with the one that finds who asks."""
    [suggestion] = staff.mirror.suggestions()
    for look in (
        staff.mirror.waiting_users,
        lambda: staff.mirror.candidates(users[0]),
        lambda: staff.mirror.mapping(users[1], suggestion.move.employee_id),
    ):
        with counted(staff.mirror) as sent:
            look()
        assert 2 <= len(sent) < MOST_STATEMENTS


def test_employees_with_keys_of_text(database: str) -> None:
    """Are chosen and mapped by them."""
    with Sandbox(Company(0, people=3)) as sandbox:
        host = Host.of(sandbox, database, "sqlite", dict.fromkeys(TEXT, "VARCHAR(60)"))
        user = max(host.company.people)
        host.work(2, "08:00", "16:00", user=user)
        host.sync()
        with Staff.console(host) as site, site.signed_in("operator") as operator:  # type: ignore[arg-type]
            page = inspected(operator.get(f"/map?user={user}&employee={host.staff[-1]}").text)
            assert f"-&gt; employee {host.staff[-1]}" in page
            data = {"user": user, "employee": host.staff[-1], "yes": "yes"}
            assert operator.post("/map", data=data).status_code == 303
        assert [person.employee_id for person in host.mirror.employees() if person.user_id == user] == [host.staff[-1]]
        host.mirror.close()
