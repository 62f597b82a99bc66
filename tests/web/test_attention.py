"""`/attention`: what waits for a person, why, what helps; oddities; acknowledging."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from connecteam_sync.core.attention import SHOWN, HeldGroup
from connecteam_sync.core.change import Hold, HoldReason
from connecteam_sync.core.holds import HoldGroup, grouped
from connecteam_sync.core.text import hours, many
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.web.pages.attention import cure_of
from support.scenario import FIRST, LAST
from support.staff import HOSTILE, MOST_STATEMENTS, Staff, counted, day_before, inspected

JSON = {"accept": "application/json"}


@pytest.fixture
def staff(initialised: str) -> Iterator[Staff]:
    """A mirror of a company of whom all count for an employee but three, one of them with a name of markup."""
    company = Company(120)
    worked = {shift.user_id for shift in company.shifts(FIRST, LAST)}
    others = sorted(worked)[:3]
    company.people[others[0]].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, initialised)
        for user in company.people:
            if user not in others:
                made.hire(user)
        made.sync()
        yield made
        made.mirror.close()


def test_the_page_says_how_much_waits_of_how_many(staff: Staff) -> None:
    """The heading is the answer, in records, people and hours; each person has the command's cure, and a button."""
    standing = staff.mirror.holds()
    groups = grouped(one.hold for one in standing)
    page = staff.shown("/attention")
    added = sum(one.hold.minutes for one in standing)
    assert f"{len(standing)} records of 3 people wait: {hours(added, signed=True)} h</h1>" in page
    assert len(groups) == 3
    for group in groups:
        step = group.next_step(staff.window.zone)
        assert step is not None
        assert step in unescape(page)
        assert f'<a class="button" href="/map?user={group.user_id}">' in page
        assert f"{many(len(group.holds), 'shift')}: {hours(group.minutes, signed=True)} h" in page
    assert "the Connecteam user is mapped to no employee" in page


def test_whoever_is_mapped_by_now_waits_for_a_look(staff: Staff) -> None:
    """The hold stands until then, and its cure is no longer to map them."""
    user = next(one.hold.user_id for one in staff.mirror.holds() if one.hold.user_id is not None)
    employee = staff.hire(None, "Ida Moss")
    staff.mirror.map_employee(user, employee)
    page = staff.shown("/attention")
    assert f"Connecteam user {user} is mapped to employee {employee} by now" in page
    assert f'href="/map?user={user}"' not in page
    assert page.count('href="/plan?from=2025-12-') == 1
    assert page.count('href="/map?user=') == 2
    hold = next(one.id for one in staff.mirror.holds() if one.hold.user_id == user)
    assert "Plan</a>" in staff.shown(f"/attention/{hold}")


def test_without_holds_it_says_so(initialised: str) -> None:
    """And what would be here."""
    with Sandbox(Company(0)) as sandbox:
        staff = Staff(sandbox, initialised)
        page = staff.shown("/attention")
        staff.mirror.close()
    assert "Nothing needs a person</h1>" in page
    assert "Nothing is held." in page
    assert "Nothing odd." in page


def test_the_json_is_what_the_commands_answer(staff: Staff) -> None:
    """`holds` and `anomalies` together."""
    at = day_before(staff.mirror, 1)
    user = max(staff.company.people)
    for begin, end in (("08:00", "12:00"), ("10:00", "14:00")):
        start = staff.company.at(at, begin)
        staff.company.add(user, start, staff.company.at(at, end), created_at=start)
    staff.sync(staff.mirror.window(at, at))
    told = staff.answered("/attention.json")
    holds, odd = staff.command("holds"), staff.command("anomalies")
    assert told["holds"] == holds["holds"]
    assert [one["kind"] for one in told["anomalies"]].count("overlap") == 1
    for one in (*told["anomalies"], *odd["anomalies"]):
        # Another minute may have begun in between.
        one["minutes"] = 0 if one["kind"] == "open_too_long" else one["minutes"]
    names = ("window", "anomalies", "unreadable_times")
    assert {name: odd[name] for name in names} == {name: told[name] for name in names}
    assert set(told) == {"schema", "holds", *names}
    page = staff.shown("/attention")
    assert ">overlap</td>" in page
    assert f'/people/{staff.employee(user)}/{at}">' in page
    assert "2:00 h both" in page


def test_an_oddity_of_last_week_is_there_when_asked_for(staff: Staff) -> None:
    """The page looks through a few days; more of them on request, as far as the command."""
    at, user = day_before(staff.mirror, 7), max(staff.company.people)
    start = staff.company.at(at, "06:00")
    staff.company.add(user, start, start + 17 * 3600, created_at=start)
    staff.sync(staff.mirror.window(at, at))
    assert ">long_shift</td>" not in staff.shown("/attention")
    assert ">long_shift</td>" in staff.shown("/attention?days=14")
    assert ">long_shift</td>" in staff.shown("/attention?days=1000")


def test_a_reason_that_is_none_is_refused(staff: Staff) -> None:
    """With the closed list."""
    with staff.console() as site:
        answer = site.ask("/attention?kind=%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status_code == 422
    assert "unmapped_user" in inspected(answer.text)


def test_a_company_without_mappings_is_shown_in_pages(initialised: str) -> None:
    """More people than a page has: each is on exactly one, and the sums are of all."""
    company = Company(0, people=SHOWN + 20)
    with Sandbox(company) as sandbox:
        staff = Staff(sandbox, initialised)
        for user in company.people:
            company.people[user].first_name = f"{HOSTILE} {user}"
            staff.work(2, "08:00", "16:00", user=user)
        staff.sync()
        first = staff.shown("/attention")
        assert f"{SHOWN + 20} records of {SHOWN + 20} people wait: +{(SHOWN + 20) * 8}:00 h</h1>" in first
        seen: list[str] = []
        path = "/attention?kind=unmapped_user"
        pages = 0
        while path:
            page = staff.shown(path)
            seen += re.findall(r'href="/map\?user=(\d+)"', page)
            found = re.search(r'href="(/attention\?kind=[^"]+)" rel="next"', page)
            path = unescape(found[1]) if found else ""
            pages += 1
        staff.mirror.close()
    assert pages == 2
    assert sorted(seen) == sorted(str(user) for user in company.people)


def test_a_page_costs_few_statements(staff: Staff) -> None:
    """However much is held: at most eight with the one that finds who asks."""
    with counted(staff.mirror) as sent:
        staff.mirror.attention()
        staff.mirror.anomalies(staff.window)
    assert 5 <= len(sent) < MOST_STATEMENTS
    hold = staff.mirror.holds()[0]
    with counted(staff.mirror) as sent:
        staff.mirror.hold(hold.id)
    assert 3 <= len(sent) < MOST_STATEMENTS


# -- one hold ----------------------------------------------------------------------------------------------------------


def test_a_hold_has_a_page_with_those_beside_it(staff: Staff) -> None:
    """Of the same person for the same reason, with their sum."""
    group = max(grouped(one.hold for one in staff.mirror.holds()), key=lambda one: len(one.holds))
    assert len(group.holds) > 1
    mine = [one for one in staff.mirror.holds() if one.hold.user_id == group.user_id]
    page = staff.shown(f"/attention/{mine[-1].id}")
    assert f"{many(len(mine), 'shift')}: {hours(group.minutes, signed=True)} h</h1>" in page
    assert {int(number) for number in re.findall(r'<td data-label="hold"><a href="/attention/(\d+)">', page)} == {
        one.id for one in mine
    }
    told = staff.answered(f"/attention/{mine[-1].id}.json")["holds"]
    assert told == [one for one in staff.command("holds")["holds"] if one["id"] == mine[-1].id]


def test_a_hold_that_does_not_stand(staff: Staff) -> None:
    """Is not found, as by the command."""
    with staff.console() as site:
        assert site.ask("/attention/999999").status_code == 404
        assert site.ask("/attention/none").status_code == 422
        assert site.ask("/attention/99999999999999999999").status_code == 422


def test_an_operator_acknowledges(staff: Staff) -> None:
    """One hold: who, when and why are kept, and it waits no longer; taking that back lets it wait again."""
    first, *others = staff.mirror.holds()
    with staff.console() as site, site.signed_in("operator", "Ola") as ola:
        answer = ola.post(f"/attention/{first.id}", data={"reason": HOSTILE})
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/attention/{first.id}"
        page = inspected(ola.get(f"/attention/{first.id}").text)
        assert "acknowledged</span> by Ola" in page
        listed = inspected(ola.get("/attention").text)
        assert f"{len(others)} records of" in listed
        assert "Acknowledged, until anything about them changes" in listed
        known = {one.id: one.acknowledged for one in staff.mirror.holds() if one.acknowledged is not None}
        assert {number: (one.by, one.reason) for number, one in known.items()} == {
            first.id: ("Ola", known[first.id].reason)
        }
        assert "alert(1)" in known[first.id].reason
        back = ola.post(f"/attention/{first.id}/unack", headers=JSON)
        assert [one["acknowledged"] for one in back.json()["holds"]] == [None]
    assert [one.id for one in staff.mirror.holds() if one.acknowledged is not None] == []
    acts = [(act.by, act.action, act.subject) for act in staff.mirror.audit()]
    assert acts == [("Ola", "unacknowledge", f"hold {first.id}"), ("Ola", "acknowledge", f"hold {first.id}")]


def test_those_that_were_shown_are_acknowledged_together(staff: Staff) -> None:
    """With `all`: the holds of the form, and no others that came meanwhile."""
    by_user: dict[int | None, list[int]] = {}
    for one in staff.mirror.holds():
        by_user.setdefault(one.hold.user_id, []).append(one.id)
    ids = max(by_user.values(), key=len)
    assert len(ids) > 1
    with staff.console() as site, site.signed_in("operator") as operator:
        alone = operator.post(
            f"/attention/{ids[0]}", data={"reason": "one", "ids": ",".join(map(str, ids))}, headers=JSON
        )
        assert [one["id"] for one in alone.json()["holds"]] == [ids[0]]
        beside = operator.get(f"/attention/{ids[1]}").text
        assert {
            int(number) for number in re.findall(r'<td data-label="hold"><a href="/attention/(\d+)">', beside)
        } == set(ids[1:])
        every = operator.post(
            f"/attention/{ids[0]}", data={"reason": "all", "all": "yes", "ids": ",".join(map(str, ids))}, headers=JSON
        )
        assert sorted(one["id"] for one in every.json()["holds"]) == sorted(ids)
        too_many = ",".join(str(number) for number in range(1, SHOWN + 2))
        assert (
            operator.post(f"/attention/{ids[0]}", data={"reason": "no", "all": "yes", "ids": too_many}).status_code
            == 422
        )
        wrong = operator.post(f"/attention/{ids[0]}", data={"reason": "no", "all": "yes", "ids": "1;2"})
        assert wrong.status_code == 422
    reasons = {one.id: one.acknowledged.reason for one in staff.mirror.holds() if one.acknowledged is not None}
    assert reasons == {ids[0]: "one", **dict.fromkeys(ids[1:], "all")}


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_a_role_that_may_not_acknowledge(staff: Staff, role: str) -> None:
    """Is refused, sees the command in place of the form, and nothing is written."""
    hold = staff.mirror.holds()[0]
    with staff.console() as site, site.signed_in(role) as person:  # type: ignore[arg-type]
        assert person.post(f"/attention/{hold.id}", data={"reason": "please"}).status_code == 403
        assert person.post(f"/attention/{hold.id}/unack").status_code == 403
        page = person.get(f"/attention/{hold.id}").text
    assert "<form" not in page.split("<main", 1)[1]
    assert f"connecteam-sync holds ack {hold.id} --reason WHY" in page
    assert staff.mirror.audit() == ()
    assert [one.id for one in staff.mirror.holds() if one.acknowledged is not None] == []


def test_an_acknowledgement_needs_a_reason(staff: Staff) -> None:
    """And to look never acts."""
    hold = staff.mirror.holds()[0]
    with staff.console() as site, site.signed_in("operator") as operator:
        assert operator.post(f"/attention/{hold.id}", data={"reason": "  "}).status_code == 422
        assert operator.get(f"/attention/{hold.id}?reason=please&all=yes").status_code == 200
        assert operator.get(f"/attention/{hold.id}/unack").status_code in {404, 405}
        assert operator.post("/attention/999999", data={"reason": "gone"}).status_code == 404
    assert [one.id for one in staff.mirror.holds() if one.acknowledged is not None] == []


# -- cures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "address", "command"),
    [
        ("unmapped_user", "/map?user=7", "employees map 7 EMPLOYEE"),
        ("possible_double", "/map?user=7", "employees create 7"),
        ("ambiguous_employee", "/map?user=7", "employees map 7 EMPLOYEE"),
        ("no_connecteam_user", "/map", "employees map USER 3"),
        ("window_edge", "/plan?from=2025-12-02&to=2025-12-02", "sync --from 2025-12-02 --to 2025-12-02"),
        ("orphan", "", "resync --from 2025-12-02 --to 2025-12-02"),
        ("locked_day", "/corrections?period=2025-12-02..2025-12-02", ""),
        ("manual_row", "", ""),
    ],
)
def test_a_cure_is_a_page_or_a_command(staff: Staff, reason: HoldReason, address: str, command: str) -> None:
    """A page of ours if there is one, and what the command's list says."""
    hold = Hold(reason=reason, subject="x", detail="why", user_id=7, employee_id=3, instant=staff.at(2, "08:00"))
    group = HoldGroup(reason=reason, employee_id=3, user_id=7, holds=(hold,))
    held = HeldGroup(group=group, number=1, count=1, shifts=1, since=0, added=0, kept=0, is_acknowledged=False)
    found = cure_of(held, staff.window.zone)
    assert found.address == address
    assert command in found.command
    assert bool(command) == bool(found.command)


def test_the_cure_of_hours_of_a_closed_day_of_somebody_new(staff: Staff) -> None:
    """Nobody can decide a correction that there is not: the user is mapped first."""
    hold = Hold(reason="locked_day", subject="x", detail="why", user_id=7, instant=staff.at(2, "08:00"))
    group = HoldGroup(reason="locked_day", employee_id=None, user_id=7, holds=(hold,))
    held = HeldGroup(group=group, number=1, count=1, shifts=1, since=0, added=0, kept=0, is_acknowledged=False)
    found = cure_of(held, staff.window.zone)
    assert found.address == "/map?user=7"
    assert "employees create 7, then connecteam-sync sync --from 2025-12-02" in found.command
