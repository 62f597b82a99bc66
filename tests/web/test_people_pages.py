"""`/people` and `/people/E`: everybody with the hours of the month, and one person's month."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape

import pytest

from connecteam_sync.core.text import hours
from connecteam_sync.core.window import later
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.store.pages.persons import PAGE
from support.keyed_host import ddl
from support.scenario import World
from support.staff import HOSTILE, MOST_STATEMENTS, Staff, counted, inspected


@pytest.fixture
def staff(initialised: str) -> Iterator[Staff]:
    """A mirror of a company of four; the last counts for no employee."""
    company = Company(0, people=4)
    first, *_ = sorted(company.people)
    company.people[first].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, initialised)
        for user in sorted(company.people)[:-1]:
            made.hire(user)
        yield made
        made.mirror.close()


def _names(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<tr><td[^>]*><a href="/people/[^"]+">([^<]*)</a>', page)]


def test_everybody_has_the_hours_of_this_month(staff: Staff) -> None:
    """By name; hours are of shifts that have a row, open ones are counted, and what is held of them waits."""
    today = staff.mirror.today()
    first, second, third, unmapped = sorted(staff.company.people)
    month_ago = later(today.replace(day=1), -1)
    for day, begin, end in ((today.replace(day=1), "00:00", "00:45"), (month_ago, "20:00", "21:00")):
        staff.company.add(second, staff.company.at(day, begin), staff.company.at(day, end))
    staff.company.add(third, staff.company.at(today, "00:00"))
    staff.company.add(unmapped, staff.company.at(today, "00:00"), staff.company.at(today, "00:10"))
    staff.sync(staff.mirror.window(month_ago, today))
    page = staff.shown("/people")
    assert "<h1>3 people</h1>" in page
    folded = sorted(_names(page), key=str.casefold)
    assert _names(page) == folded
    employee = staff.employee(second)
    line = next(row for row in page.split("<tr>") if f'href="/people/{employee}"' in row)
    assert 'class="num">0:45</td>' in line
    assert 'class="num">1</td>' in line
    opened = next(row for row in page.split("<tr>") if f'href="/people/{staff.employee(third)}"' in row)
    assert "(1 open)" in opened
    assert f'href="/people/{staff.employee(first)}"' in page


def test_a_search_finds_by_name_part_and_id(staff: Staff) -> None:
    """Case and accents do not matter; a user without an employee is named, too."""
    staff.sync()
    zoe = staff.hire(None, "Zoë Ōta")
    assert _names(staff.shown("/people?q=OTA")) == ["Zoë Ōta"]
    assert _names(staff.shown(f"/people?q={zoe}")) == ["Zoë Ōta"]
    user = sorted(staff.company.people)[1]
    found = staff.shown(f"/people?q={user}")
    assert re.findall(r'href="/people/(\d+)"', found) == [str(staff.employee(user))]
    person = staff.company.people[max(staff.company.people)]
    page = staff.shown(f"/people?q={person.first_name}%20{person.last_name}")
    assert f'/map?user={person.id}">' in page
    assert "Nobody of 4 people matches." in staff.shown("/people?q=quxx")
    assert "Nobody of 4 people matches." in staff.shown("/people?q=%25%25%25")


def test_an_empty_table_of_people_says_how_they_come(initialised: str) -> None:
    """By the host, or by a sync that may."""
    with Sandbox(Company(0)) as sandbox:
        staff = Staff(sandbox, initialised)
        assert "Your table of employees is empty." in staff.shown("/people")
        staff.mirror.close()


def test_many_people_are_shown_in_pages(staff: Staff) -> None:
    """Each of them on exactly one, in the order of the names, also those with the same name."""
    for number in range(PAGE * 2):
        staff.hire(None, f"{HOSTILE} {number % 3}")
    seen: list[str] = []
    path, pages = "/people", 0
    while path:
        page = staff.shown(path)
        seen += re.findall(r'<tr><td[^>]*><a href="/people/(\d+)"', page)
        found = re.search(r'href="(/people\?[^"]+)" rel="next"', page)
        path, pages = unescape(found[1]) if found else "", pages + 1
    assert pages == 3
    assert len(seen) == PAGE * 2 + 3
    assert len(set(seen)) == len(seen)


def test_a_month_has_the_hours_of_each_day(staff: Staff) -> None:
    """Of the rows of the table; by hand is said, what is held waits, and a closed day is locked."""
    user = min(staff.company.people)
    staff.work(1, "08:00", "16:00", user=user)
    staff.work(2, "22:00", "30:30", user=user)
    staff.work(3, "08:00", None, user=user)
    staff.sync()
    employee = staff.employee(user)
    staff.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source) VALUES"
        f" ({employee}, '2025-12-04 15:00:00', '2025-12-04 17:00:00', 120, {_false(staff)}, 'manual')"
    )
    staff.lock(date(2025, 12, 5))
    held = staff.work(5, "08:00", "09:15", user=user)
    staff.sync()
    page = staff.shown(f"/people/{employee}?month=2025-12")
    assert f": {hours(480 + 510 + 120)} h in December 2025</h1>" in page
    assert "rows on 4 days, 1 row still open" in page
    assert "2:00 h of it by hand or without a shift" in page
    assert "1:15 h wait without a row" in page
    days = {
        day: cell for cell in page.split("<td>") for day in re.findall(rf'href="/people/{employee}/([\d-]+)"', cell)
    }
    assert list(days) == [f"2025-12-{number:02}" for number in range(1, 32)]
    assert "<strong>8:00</strong>" in days["2025-12-01"]
    assert "<strong>8:30</strong>" in days["2025-12-02"]
    assert "open</span>" in days["2025-12-03"]
    assert "2:00 by hand" in days["2025-12-04"]
    assert "locked" in days["2025-12-05"]
    assert "1:15 held" in days["2025-12-05"]
    assert "no hours" in days["2025-12-06"]
    assert "1 hold waits for a person" in page
    line = next(row for row in staff.shown("/people").split("<tr>") if f'href="/people/{employee}"' in row)
    assert line.split("<td")[-1].startswith(' data-label="held" class="num"><span class="state warn">')
    assert held.id in staff.shown(f"/people/{employee}/2025-12-05")


def _false(staff: World) -> str:
    return "false" if staff.mirror.store.dialect.engine.name == "postgresql" else "0"


def test_the_months_beside_it_are_one_step_away(staff: Staff) -> None:
    """Over the turn of a year, and not beyond the calendar."""
    employee = staff.hire(None, "Ida Moss")
    page = staff.shown(f"/people/{employee}?month=2025-12")
    assert f'href="/people/{employee}?month=2025-11" rel="prev"' in page
    assert f'href="/people/{employee}?month=2026-01" rel="next"' in page
    assert "No row begins in this month." in page
    assert "No Connecteam user counts for this person" in page
    january = staff.shown(f"/people/{employee}?month=2026-01").split("<tbody>")[1].split("</tr>")
    assert [week.count('<td class="outside">') for week in january[:5]] == [3, 0, 0, 0, 1]
    assert 'rel="prev"' not in staff.shown(f"/people/{employee}?month=1971-01")
    assert 'rel="next"' not in staff.shown(f"/people/{employee}?month=2199-12")
    with staff.console() as site:
        for month in ("2025", "2025-13", "2025-12-01", "9999-12", "%00", "0001-01"):
            assert site.ask(f"/people/{employee}?month={month}").status_code == 422
        assert site.ask("/people/999999").status_code == 404


def test_a_month_of_now_marks_today(staff: Staff) -> None:
    """Without a month it is this one."""
    employee, today = staff.hire(None, "Ida Moss"), staff.mirror.today()
    page = staff.shown(f"/people/{employee}")
    assert f'href="/people/{employee}/{today}" aria-current="date"' in page
    assert f"{today:%B} {today.year}</h1>" in page


def test_the_json_of_a_person_is_their_history(staff: Staff) -> None:
    """That of the command."""
    user = sorted(staff.company.people)[1]
    staff.work(1, "08:00", "16:00", user=user)
    staff.sync()
    employee = staff.employee(user)
    assert staff.answered(f"/people/{employee}.json") == staff.command("history", str(employee))


def test_the_pages_cost_few_statements(staff: Staff) -> None:
    """At most eight with the one that finds who asks."""
    staff.sync()
    employee = staff.employee(min(staff.company.people))
    for look in (staff.mirror.people, lambda: staff.mirror.person_month(employee, date(2025, 12, 1))):
        with counted(staff.mirror) as sent:
            look()
        assert 4 <= len(sent) < MOST_STATEMENTS


def test_keys_of_text_lead_to_their_pages(database: str) -> None:
    """Whatever characters they have: slashes, dots, percent signs, accents."""
    keys = ["a/b", "..", "x.json", "100%", "%2F", "é ü", "a?b#c", "E-7"]
    with Sandbox(Company(0, people=2)) as sandbox:
        charset = " CHARACTER SET utf8mb4" if database.startswith("mysql") else ""
        when = "TIMESTAMP(0)" if database.startswith("postgresql") else "DATETIME"
        flag = "BOOLEAN" if database.startswith("postgresql") else "SMALLINT"
        key = f"VARCHAR(60){charset}"
        ddl(
            database,
            f"CREATE TABLE employees (id {key} PRIMARY KEY, name VARCHAR(191), connecteam_user_id VARCHAR(32))",
            f"CREATE TABLE clock_times (id {key} PRIMARY KEY, employee_id {key} NOT NULL, clock_in {when} NOT NULL,"
            f" clock_out {when}, total_minutes INTEGER, is_active {flag} NOT NULL, source VARCHAR(32) NOT NULL)",
        )
        world = World(sandbox, database, employees="match")
        for number, text in enumerate(keys):
            world.execute("INSERT INTO employees (id, name) VALUES (:id, :name)", id=text, name=f"Person {number}")
        with Staff.console(world) as site:  # type: ignore[arg-type]
            page = inspected(site.ask("/people").text)
            addresses = re.findall(r'<tr><td[^>]*><a href="([^"]+)"', page)
            assert len(addresses) == len(keys)
            for number, address in enumerate(addresses):
                month = site.ask(f"{unescape(address)}?month=2025-12")
                assert f"Person {number}: 0:00 h" in month.text, keys[number]
                day = re.search(r'href="(/people/[^"]+/2025-12-01)"', month.text)
                assert day is not None
                assert f"Person {number}: 0:00 h on" in site.ask(unescape(day[1])).text
                assert site.ask(f"{unescape(day[1])}.json").json()["employee"]["employee_id"] == keys[number]
        world.mirror.close()
