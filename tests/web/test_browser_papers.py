"""Timesheets in a real browser: the page of the console and the file for print, on A4 and on Letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from connecteam_sync.present.timesheet_html import page as html_page
from connecteam_sync.sandbox import Company, Sandbox
from support.browser import CHROMIUM, browser, seat
from support.staff import HOSTILE, Staff

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: there is no chromium: apt-get install chromium")
PERIOD = "2025-12-01..2025-12-11"
SIZES = {"A4": (595, 842), "Letter": (612, 792)}
"""Points."""
_ROUNDED = 1.5
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
    """Somebody with markup for a name: forty shifts with breaks, an edit, a correction, and an hour by hand."""
    company = Company(0, people=2)
    user = min(company.people)
    company.people[user].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, f"sqlite:///{tmp_path_factory.mktemp('papers') / 'mirror.db'}")
        made.mirror.init()
        made.hire(user)
        shifts = [made.work(day, f"{h}:00", f"{h + 3}:30", user=user) for day in range(1, 11) for h in (5, 9, 13, 18)]
        for day in range(1, 11):
            company.take_break(user, made.at(day, "10:00"), made.at(day, "10:30"))
        made.sync()
        company.edit(shifts[0].id, end=made.at(1, "8:45"))
        made.sync()
        made.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            " VALUES (:who, '2025-12-11 20:00:00', '2025-12-11 21:00:00', 60, 0, '<img src=x>')",
            who=made.employee(user),
        )
        made.mirror.payroll.close(PERIOD, anyway="x")
        company.edit(shifts[1].id, end=made.at(1, "12:15"))
        made.sync()
        yield made
        made.mirror.close()


def file_of(staff: Staff, folder: Path) -> Path:
    """The file that `timesheet --html --out` writes."""
    file = folder / "sheet.html"
    [sheet] = staff.mirror.payroll.timesheets(PERIOD)
    assert (len(sheet.shifts), len(sheet.edits), len(sheet.corrections)) == (41, 1, 1)
    file.write_text(html_page(sheet), encoding="utf-8")
    return file


def pages(pdf: bytes) -> list[str]:
    """The kind of paper that each page of a PDF has."""
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", pdf)

    def kind(wide: float, high: float) -> str:
        # Browsers round a size to whole pixels first.
        near = (
            name for name, size in SIZES.items() if abs(size[0] - wide) < _ROUNDED and abs(size[1] - high) < _ROUNDED
        )
        return next(near, f"{wide} by {high}")

    return [kind(float(wide), float(high)) for wide, high in boxes]


@pytest.mark.parametrize("size", SIZES)
def test_the_file_is_printed(chromium: Browser, staff: Staff, tmp_path: Path, size: str) -> None:
    """Several pages of that size; nothing is cut at the side, and the head of the table is on each of them."""
    file = file_of(staff, tmp_path)
    with seat(chromium, file.as_uri(), viewport={"width": 1000, "height": 900}) as person:
        shown = person.go("")
        found = pages(shown.pdf(format=size))
        shown.emulate_media(media="print")
        inside = SIZES[size][0] / 72 - 24 / 25.4
        shown.set_viewport_size({"width": round(inside * 96), "height": 900})
        assert not person.is_wider_than_its_window()
        assert shown.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
        wide = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
        assert (shown.evaluate(wide), person.troubles) == (0, [])
    assert set(found) == {size}
    assert 2 <= len(found) <= 6


@pytest.mark.parametrize("view", VIEWS)
def test_the_file_has_no_violations(chromium: Browser, staff: Staff, tmp_path: Path, view: str) -> None:
    """By axe-core, on a screen of each kind."""
    with seat(chromium, file_of(staff, tmp_path).as_uri(), **VIEWS[view]) as person:
        person.go("")
        assert person.violations() == []
        assert not person.is_wider_than_its_window()
        assert person.troubles == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_of_the_console(chromium: Browser, staff: Staff, view: str) -> None:
    """It has the same paper; another period is chosen in its form; it prints as the file does."""
    with staff.console() as site, seat(chromium, site.url, **VIEWS[view]) as person:
        person.sign_in(f"Viewer {view}", staff.mirror.add_console_user(f"Viewer {view}", "viewer"))
        employee = staff.employee(staff.user)
        shown = person.go(f"/people/{employee}/timesheet?period={PERIOD}")
        [sheet] = staff.mirror.payroll.timesheets(PERIOD)
        rows = sum(body.count("<tr") for body in re.findall(r"<tbody>.*?</tbody>", html_page(sheet), re.DOTALL))
        assert shown.locator(".paper tbody tr").count() == rows > len(sheet.shifts)
        assert person.violations() == []
        assert not person.is_wider_than_its_window()
        assert set(pages(shown.pdf(format="A4"))) == {"A4"}
        shown.get_by_label("Period").fill("2025-12-01..2025-12-01")
        shown.get_by_label("As of").fill("1")
        shown.get_by_role("button", name="Show").click()
        shown.get_by_text("As of run 1").wait_for()
        assert shown.get_by_text("Tue 2 Dec 2025").count() == 0
        assert person.troubles == []


def test_what_is_no_period_is_said(staff: Staff) -> None:
    """And what is no moment; with the next step."""
    with staff.console() as site, site.signed_in("viewer", "Vera") as vera:
        address = f"/people/{staff.employee(staff.user)}/timesheet"
        for query in ("period=soon", f"period={PERIOD}&as_of=soon"):
            answer = vera.get(f"{address}?{query}")
            assert (answer.status_code, "Next:" in answer.text) == (422, True), answer.text
        assert vera.get("/people/999/timesheet").status_code == 404
        found = vera.get(f"{address}.json?period={PERIOD}&as_of=1").json()
        assert (found["timesheet"]["as_of"]["run"], found["files"]) == (1, [])
