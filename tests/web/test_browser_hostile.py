"""Hostile names on every page in a real browser: nothing executes or is cut off, at 320 px, zoomed, printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Dialog

from connecteam_sync.core.deliveries import read_bell
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.due import Due
from connecteam_sync.web.pages import PLACES
from support.browser import CHROMIUM, Seat, browser, seat
from support.console_site import ConsoleSite
from support.staff import Staff

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: there is no chromium: apt-get install chromium")
NAMES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title></textarea></script><svg onload=alert(1)>",
    '" autofocus onfocus="alert(1)" x="',
    "' onmouseover='alert(1)' style='position:fixed;inset:0",
    "<!-- <a href=javascript:alert(1)>see</a>",
    "{{ 7*7 }}{% raw %}${7*7}<%= 7*7 %>#{7*7}",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202egnirts\u2066 \u200f \u200b\ufeff",
    "bell\x07 esc\x1b[31m line\u2028two\nthree\ttab\x85",
    "W" * 200,
    "two words of " + "m" * 90 + " " + "i" * 90,
    "Z\u0335\u0336\u0337\u0321" * 30,
    "👩‍👩‍👧‍👦🏴‍☠️ \U0001d510\U0001d51e\U0001d52f 中村さくら مريم",
    "%00%2F..%2F..%2Fetc &amp;lt;b&amp;gt;",
)
IDS = (
    *(name.replace(" ", "") for name in NAMES[:9] if name.isascii()),
    "../../sign-out",
    "a/../../b?x#y",
    "%2e%2e%2fb%00",
    "javascript:alert(1)",
    "x/replay",
    "i" * 128,
)
"""Ids of deliveries that their sender chose: printable, without blanks."""
VIEWS: dict[str, dict[str, Any]] = {
    "narrow": {"viewport": {"width": 320, "height": 700}},
    "zoomed": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
    "printed": {"viewport": {"width": 718, "height": 1000}},
    "without script": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}
"""A window zoomed to 200 % is one of half the points; A4 without its margins has 718."""
CUT = """() => [...document.querySelectorAll('main *, header, footer')].filter(one => {
  const style = getComputedStyle(one);
  return style.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1;
}).map(one => one.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    """A company in which everybody and everything is named so: half of the people wait for a mapping."""
    company = Company(0, people=len(NAMES))
    for user, name in zip(sorted(company.people), NAMES, strict=True):
        company.people[user].first_name, company.people[user].last_name = name, name
    for clock in company.clocks.values():
        clock.name = NAMES[0] + NAMES[11]
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'mirror.db'}")
        made.mirror.init()
        users = sorted(company.people)
        for number, user in enumerate(users):
            made.work(2 + number % 3, "08:00", "16:00", user=user)
            made.work(11, "08:00", None, user=user)
            if number % 2:
                made.hire(user)
            else:
                made.hire(None, NAMES[number] + " " + NAMES[number])
        store = made.mirror.store
        store.columns()
        with store.own_rows("visiting") as connection:
            Due(store.dialect, store.own).enrol(connection, {7: NAMES[3], 8: NAMES[11]}, cadence=300)
            bells = [read_bell(json.dumps(_delivery(one)).encode()) for one in IDS]
            Bells(store.dialect, store.own).record(connection, bells, settle_seconds=10)
        made.sync()
        made.lock(made.window.first, by=NAMES[5][:64], reason=NAMES[4])
        for number, hold in enumerate(made.mirror.holds()[: len(NAMES) // 2]):
            made.mirror.acknowledge_holds([hold.id], by=NAMES[number][:64], reason=NAMES[-number])
        with made.mirror.acting(by=NAMES[1], action="pause", subject=NAMES[2], detail=NAMES[11]):
            made.mirror.pause_visits(8, by=NAMES[1][:64], reason=NAMES[2])
        made.company.edit(next(iter(company.activities)), start=made.at(2, "08:15"))
        made.work(1, "08:00", "16:00", user=users[1])
        made.mirror.keep_plan(made.mirror.plan(made.window), by=NAMES[0])
        made.sync()
        yield made
        made.mirror.close()


def _delivery(chosen: str) -> dict[str, Any]:
    """A delivery all of whose texts are a sender's choice."""
    about = {"timeActivityId": chosen, "timeActivity": {"id": chosen}, "userId": 1, "timeClockId": 7}
    return {"requestId": chosen, "eventType": "clock_in", "activityType": "shift", **about}


@pytest.fixture(scope="module")
def site(staff: Staff) -> Iterator[ConsoleSite]:
    """Its console."""
    with staff.console() as opened:
        yield opened


def _paths(staff: Staff) -> list[str]:
    """Every page, and of those about a person one for each name."""
    people = staff.mirror.employees()
    waiting = [one.user_id for one in people if one.employee_id is None]
    mapped = [one.employee_id for one in people if one.employee_id is not None]
    holds = {(one.hold.reason, one.hold.user_id): one.id for one in staff.mirror.holds()}
    [plan] = staff.mirror.kept_plans(5)
    [correction] = staff.mirror.payroll.corrections()
    if correction.state == "pending":
        staff.mirror.payroll.dismiss_corrections([correction.number], reason=NAMES[4], by=NAMES[5][:64])
    if not staff.mirror.retention.legal_holds():
        for number, employee in enumerate(mapped[:5]):
            staff.mirror.retention.hold(employee, reason=NAMES[number], by=NAMES[-number][:64])
    days = "2025-12-01..2025-12-07"
    staff.mirror.payroll.check(days)
    pages = [
        "/",
        "/attention",
        "/runs",
        "/people",
        "/map",
        "/plan",
        "/locks?all=yes",
        "/periods",
        f"/periods/{days}",
        "/corrections",
        "/retention",
        "/clocks",
        "/doorbells",
    ]
    pages += ["/in-hand", "/health", "/audit", "/runs/1", "/runs/2", "/runs/2/undo", f"/plan/{plan.fingerprint}"]
    pages += [f"/attention/{number}" for number in holds.values()]
    pages += [f"/map?user={user}" for user in waiting] + [f"/map?user={waiting[0]}&employee={mapped[0]}"]
    for employee in mapped:
        pages += [f"/people/{employee}?month=2025-12", f"/people/{employee}/2025-12-02"]
        pages += [f"/people/{employee}/timesheet?period={days}"]
    pages += [f"/doorbells/{quote(one, safe='')}" for one in IDS]
    return [*pages, "/people?q=%3Cscript%3E", "/runs/999999", "/attention?kind=%3Cscript%3Ealert(1)%3C/script%3E"]


@contextmanager
def _seated(chromium: Browser, site: ConsoleSite, view: str) -> Iterator[tuple[Seat, list[str]]]:
    """An admin in a browser, and what a dialog of a page said."""
    with site.signed_in("admin", "Ada") as ada, seat(chromium, site.url, **VIEWS[view]) as person:
        token = ada.cookies["connecteam_sync_session"]
        person.context.add_cookies([{"name": "connecteam_sync_session", "value": token, "url": site.url}])
        said: list[str] = []

        def heard(dialog: Dialog) -> None:
            said.append(dialog.message)
            dialog.dismiss()

        person.page.on("dialog", heard)
        if view == "printed":
            person.page.emulate_media(media="print")
        yield person, said


def test_every_page_is_visited(staff: Staff) -> None:
    """A new page is one of these, too."""
    paths = [path.partition("?")[0] for path in _paths(staff)]
    for place in PLACES:
        if not place.is_action:
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", place.path))
            assert any(pattern.fullmatch(path) for path in paths), place.path


@pytest.mark.parametrize("view", VIEWS)
def test_a_name_does_nothing_on_any_page(chromium: Browser, staff: Staff, site: ConsoleSite, view: str) -> None:
    """No dialog, no element or attribute of a name, no violation of the policy; no page is wider than its window, and
    on paper nothing is left out.
    """
    with _seated(chromium, site, view) as (person, said):
        for path in _paths(staff):
            page = person.go(path)
            # A refusal is a page, too; the browser itself notes its status.
            assert [trouble for trouble in person.troubles if "status of 4" not in trouble] == [], path
            assert said == [], path
            for made in ("main script", "main img", "[onerror]", "[onload]", "[onfocus]", "[onmouseover]", "[style]"):
                assert page.locator(made).count() == 0, (path, made)
            assert page.locator("h1").count() == 1, path
            if view != "without script":
                assert not person.is_wider_than_its_window(), path
            if view == "printed":
                assert page.evaluate(CUT) == [], path
                assert page.locator("details:not([open]):not(.screen)").evaluate_all(
                    "all => all.every(one => one.lastElementChild.getClientRects().length > 0)"
                ), path


def test_a_name_is_shown_as_it_is(chromium: Browser, site: ConsoleSite) -> None:
    """Markup as markup, a template as its text, without what turns or hides characters."""
    with _seated(chromium, site, "narrow") as (person, _):
        people = person.go("/people").inner_text("main")
        waiting = person.go("/map").inner_text("main")
    shown = f"{people}\n{waiting}"
    for name in (*NAMES[:9], "中村さくら مريم"):
        assert name in shown, name
    assert not set("\u202e\u2066\u200f\u200b\ufeff\x07\x1b\u2028\x85") & set(shown)


def test_a_link_leads_to_the_doorbell_that_it_names(chromium: Browser, site: ConsoleSite) -> None:
    """Whatever its key looks like to a browser, or to the console: what is shown there is that key."""
    with _seated(chromium, site, "zoomed") as (person, _):
        links = person.go("/doorbells").locator("main td a").evaluate_all("all => all.map(one => one.pathname)")
        shown = {person.go(link).locator("main td code").first.inner_text() for link in links}
    assert shown == set(IDS)
