"""The mirror is operated in a real browser: guards, a stale plan, undo, pause, locks and long work, without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from connecteam_sync.store.service.due import Due
from support.browser import CHROMIUM, Seat, browser, seat
from support.operated import HOSTILE, Operated, ended, operated

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: there is no chromium: apt-get install chromium")
VIEWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "narrow": {"viewport": {"width": 320, "height": 700}, "color_scheme": "dark"},
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with browser() as opened:
        yield opened


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a company whose first person has a name of markup, with guards that let one row go."""
    file = f"sqlite:///{tmp_path / 'mirror.db'}"
    with operated(file, monkeypatch, max_deletes=1, max_deletes_share=0.0) as made:
        made.company.people[made.world.user].first_name = HOSTILE
        store = made.mirror.store
        store.columns()
        with store.own_rows("visiting") as connection:
            Due(store.dialect, store.own).enrol(connection, {7: "Warehouse", 8: HOSTILE}, cadence=300)
        yield made


def looked_at(person: Seat, view: dict[str, Any]) -> None:
    """Nothing is wrong with the page that is open, and nothing is cut off; axe needs script."""
    if view.get("java_script_enabled", True):
        assert person.violations() == []
        assert not person.is_wider_than_its_window()
    assert person.page.locator("h1").count() == 1
    # A refusal is a page, too; the browser itself notes its status.
    assert [trouble for trouble in person.troubles if "status of 4" not in trouble] == []


@pytest.mark.parametrize("view", VIEWS)
def test_an_operator_at_work(chromium: Browser, console: Operated, view: str) -> None:
    """From a plan that guards stop to taking it back; every page on the way is as it should be."""
    shifts = [console.world.work(day, "08:00", "16:00") for day in (2, 3, 4)]
    console.world.work(5, "08:00", "16:00", user=sorted(console.company.people)[1])
    console.world.sync()
    for shift in shifts:
        console.company.delete(shift.id)
    with console.by("admin", "Ada") as ada, seat(chromium, console.site.url, **VIEWS[view]) as person:
        token = ada.cookies["connecteam_sync_session"]
        person.context.add_cookies([{"name": "connecteam_sync_session", "value": token, "url": console.site.url}])
        page = person.go("/plan")
        looked_at(person, VIEWS[view])
        page.get_by_label("From").fill("2025-12-01")
        page.get_by_label("To", exact=True).fill("2025-12-11")
        page.get_by_role("button", name="Plan it").click()
        page.wait_for_url("**/plan/*")
        looked_at(person, VIEWS[view])
        page.get_by_role("button", name="Apply:").click()
        page.get_by_role("heading", name="Not applied").wait_for()
        looked_at(person, VIEWS[view])
        page.get_by_label("All that was stopped is right").check()
        page.get_by_role("button", name="Apply:").click()
        page.wait_for_url("**/runs/*")
        assert len(console.world.table()) == 1
        page.get_by_role("link", name="Take it back").click()
        looked_at(person, VIEWS[view])
        page.get_by_role("button", name="Take it back: 3 made again").click()
        page.wait_for_url("**/runs/*")
        assert len(console.world.table()) == 4
        page = person.go("/runs/3/undo")
        looked_at(person, VIEWS[view])


@pytest.mark.parametrize("view", VIEWS)
def test_payroll_and_the_machine(chromium: Browser, console: Operated, view: str) -> None:
    """Pausing, closing days that are not right yet, asking doctor, and what is on record of all that."""
    console.world.work(2, "08:00", "16:00")
    with console.by("admin", "Ada") as ada, seat(chromium, console.site.url, **VIEWS[view]) as person:
        token = ada.cookies["connecteam_sync_session"]
        person.context.add_cookies([{"name": "connecteam_sync_session", "value": token, "url": console.site.url}])
        page = person.go("/clocks")
        page.get_by_text("Pause…").first.click()
        page.get_by_label("Why").first.fill("stock taking")
        page.get_by_role("button", name="Pause", exact=True).first.click()
        page.get_by_text("1 of 2 time clocks is paused").first.wait_for()
        looked_at(person, VIEWS[view])
        page = person.go("/locks?from=2025-12-02&to=2025-12-03&reason=payroll")
        looked_at(person, VIEWS[view])
        page.get_by_role("button", name="Look, then close").click()
        page.get_by_text("is not right yet").wait_for()
        looked_at(person, VIEWS[view])
        page.get_by_label("Also if a row is open").check()
        page.get_by_role("button", name="Look, then close").click()
        page.wait_for_url("**/locks")
        looked_at(person, VIEWS[view])
        page = person.go("/health")
        page.get_by_role("button", name="Ask doctor").click()
        page.get_by_text("Asked by Ada").wait_for()
        looked_at(person, VIEWS[view])
        page = person.go("/audit")
        looked_at(person, VIEWS[view])
        assert [entry.action for entry in console.mirror.audit()] == ["doctor", "lock", "pause"]


@pytest.mark.parametrize("view", [*VIEWS, "without script"])
def test_corrections_are_decided(chromium: Browser, console: Operated, view: str) -> None:
    """By ticks and two buttons. Enter in a field decides nothing: it could press the wrong one."""
    options = VIEWS.get(view, {"java_script_enabled": False})
    shifts = [console.world.work(day, "08:00", "16:00") for day in (2, 3, 4)]
    console.world.sync()
    payroll = console.mirror.payroll
    payroll.close("2025-12-01..2025-12-04", by="Pia")
    for shift in shifts:
        console.company.edit(shift.id, end=shift.start + 9 * 3600)
    console.world.sync()
    with console.by("payroll", "Pia") as pia, seat(chromium, console.site.url, **options) as person:
        token = pia.cookies["connecteam_sync_session"]
        person.context.add_cookies([{"name": "connecteam_sync_session", "value": token, "url": console.site.url}])
        page = person.go("/corrections")
        looked_at(person, options)
        page.get_by_label("2", exact=True).check()
        page.get_by_label("Why nobody is paid for it").fill(HOSTILE)
        page.keyboard.press("Enter")
        page.get_by_label("The open pay period that pays it").fill("2025-12-01..2025-12-04")
        page.keyboard.press("Enter")
        assert [one.state for one in payroll.corrections()] == ["pending"] * 3
        page.get_by_role("button", name="Accept what is ticked").click()
        page.get_by_text("what it pays is settled").wait_for()
        looked_at(person, options)
        assert page.get_by_label("2", exact=True).is_checked()
        page.get_by_role("button", name="Dismiss what is ticked").click()
        page.get_by_text("2 corrections wait: +2:00 h").first.wait_for()
        page.get_by_label("1", exact=True).check()
        page.get_by_label("3", exact=True).check()
        page.get_by_label("The open pay period that pays it").fill("2025-12-05..2025-12-11")
        page.get_by_role("button", name="Accept what is ticked").click()
        page.get_by_text("No correction waits").first.wait_for()
        looked_at(person, options)
        assert [one.state for one in payroll.corrections()] == ["accepted", "dismissed", "accepted"]


def test_long_work_without_script(chromium: Browser, console: Operated) -> None:
    """Its page shows how it ended, and leads to what came of it."""
    console.world.work(2, "08:00", "16:00")
    with (
        console.by("operator", "Ana") as ana,
        seat(chromium, console.site.url, java_script_enabled=False) as person,
    ):
        token = ana.cookies["connecteam_sync_session"]
        person.context.add_cookies([{"name": "connecteam_sync_session", "value": token, "url": console.site.url}])
        page = person.go("/in-hand")
        page.get_by_label("What").select_option("sync")
        page.get_by_label("from").fill("2025-10-01")
        page.get_by_label("to", exact=True).fill("2025-12-11")
        page.get_by_role("button", name="Show what that is").click()
        page.get_by_role("button", name="Sync 72 days").click()
        assert ended(ana)["state"] == "done"
        page = person.go("/in-hand")
        assert "is done" in page.locator("h1").inner_text()
        page.get_by_role("link", name="See what came of it").click()
        assert page.locator("h1").inner_text().startswith("Run 1")
        assert person.troubles == []
    assert len(console.world.table()) == 1
