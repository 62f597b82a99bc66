"""The pages about people in a real browser: without violations, in the dark, at 320 px; mapping by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, Locator

from connecteam_sync.sandbox import Company, Sandbox
from support.browser import CHROMIUM, browser, seat
from support.console_site import ConsoleSite
from support.staff import HOSTILE, Staff

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: there is no chromium: apt-get install chromium")
DAY = date(2025, 12, 2)
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 700}},
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    """A company of whom two wait, one of them for an employee of the same name; a day with a lock, a hold, a break and
    a row by hand.
    """
    company = Company(0, people=5)
    first, second, third, *others = sorted(company.people)
    company.people[first].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, f"sqlite:///{tmp_path_factory.mktemp('people') / 'mirror.db'}")
        made.mirror.init()
        for user in (third, *others):
            made.hire(user)
        made.hire(None, f"{company.people[second].first_name} {company.people[second].last_name}")
        for user in (first, second):
            made.work(2, "08:00", "16:00", user=user)
        shift = made.work(2, "06:00", "12:00", user=third)
        company.take_break(third, made.at(2, "09:00"), made.at(2, "09:30"))
        made.sync()
        made.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            f" VALUES ({made.employee(third)}, '2025-12-02 20:00:00', '2025-12-02 22:00:00', 120, 0, 'manual')"
        )
        made.mirror.verify(made.window)
        made.lock(DAY, by="Pat", reason=HOSTILE)
        company.edit(shift.id, end=made.at(2, "13:15"))
        made.sync()
        yield made
        made.mirror.close()


@pytest.fixture(scope="module")
def site(staff: Staff) -> Iterator[ConsoleSite]:
    """Its console."""
    with staff.console() as opened:
        yield opened


def _paths(staff: Staff) -> list[str]:
    """Every page about people, with something on it."""
    first, second, third, *_ = sorted(staff.company.people)
    hold = next(one.id for one in staff.mirror.holds() if one.hold.reason == "locked_day")
    employee = staff.employee(third)
    [suggestion] = staff.mirror.suggestions()
    return [
        "/attention",
        f"/attention/{hold}",
        "/people",
        f"/people/{employee}?month=2025-12",
        f"/people/{employee}/{DAY}",
        "/map",
        f"/map?user={first}",
        f"/map?user={second}&employee={suggestion.move.employee_id}",
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wrong_with_the_pages(chromium: Browser, staff: Staff, site: ConsoleSite, view: str) -> None:
    """axe-core finds no violation, the policy refuses nothing, and nothing is wider than the window."""
    with site.signed_in("operator", "Ola"), seat(chromium, site.url, **VIEWS[view]) as person:
        person.sign_in("Ola", site.new_secret("Ola"))
        for path in _paths(staff):
            page = person.go(path)
            assert page.locator("h1").count() == 1, path
            assert person.violations() == [], path
            assert person.troubles == [], path
            assert not person.is_wider_than_its_window(), path


def test_a_strip_is_drawn_to_scale(chromium: Browser, staff: Staff, site: ConsoleSite) -> None:
    """The stylesheet changes no length: a quarter past one is seven and a quarter hours after six."""
    with site.signed_in("viewer", "Vi"), seat(chromium, site.url) as person:
        person.sign_in("Vi", site.new_secret("Vi"))
        page = person.go(_paths(staff)[4])
        ticks = [box["x"] for box in map(_box, page.locator("svg.day line.tick").all())]
        shift, row, *_ = [_box(span) for span in page.locator("svg.day rect.span.shift").all()]
        hour = (ticks[-1] - ticks[0]) / 24
    assert shift["width"] / hour == pytest.approx(7.25, abs=0.1)
    assert row["width"] / hour == pytest.approx(6, abs=0.1)
    assert (shift["x"] - ticks[0]) / hour == pytest.approx(6, abs=0.1)


def _box(element: Locator) -> FloatRect:
    found = element.bounding_box()
    assert found is not None
    return found


def test_who_waits_is_mapped_by_keyboard_and_without_script(chromium: Browser, staff: Staff, site: ConsoleSite) -> None:
    """From the list over what it releases to the end; taken back, for the tests beside it."""
    [suggestion] = staff.mirror.suggestions()
    user = suggestion.move.user_id
    with site.signed_in("operator", "Kay"), seat(chromium, site.url, java_script_enabled=False) as person:
        person.sign_in("Kay", site.new_secret("Kay"))
        person.page.get_by_role("link", name="Map", exact=True).click()
        person.page.get_by_role("link", name=f"{suggestion.move.employee_id} ").first.press("Enter")
        person.page.get_by_role("button", name="Map: 1 shift, 8:00 h").press("Enter")
        person.page.wait_for_url(f"{site.url}/map?user={user}&employee={suggestion.move.employee_id}")
        assert "already counts for employee" in person.page.inner_text("main")
    assert staff.employee(user) == suggestion.move.employee_id
    staff.mirror.unmap_employee(user)
