"""Every page in a real browser: without violations, in the dark, at 320 px, without script, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.web.pages import NAVIGATION
from support.browser import CHROMIUM, browser, seat
from support.console_site import Commands, ConsoleSite, console_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: there is no chromium: apt-get install chromium")
HOSTILE = "<script>alert(1)</script> \u202e'\"&<img src=x onerror=alert(2)>"
FIRST, LAST = date(2025, 12, 1), date(2025, 12, 11)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox's company, one of whose people has a name of markup."""
    company = Company()
    company.people[min(company.people)].first_name = HOSTILE
    with Sandbox(company) as made:
        yield made


@pytest.fixture(scope="module")
def site(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """The console of a mirror of that company, with a run that wrote, one that was taken back, and a verification."""
    made = sandbox.company
    folder: Path = tmp_path_factory.mktemp("console")
    settings = Settings(timezone=made.timezone, database_url=f"sqlite:///{folder / 'mirror.db'}", base_url=sandbox.url)
    mirror = Commands(sandbox.key, settings)
    days = ("--from", str(FIRST), "--to", str(LAST))
    mirror.run("init")
    mirror.run("sync", *days)
    shift = next(shift for shift in made.shifts(FIRST, LAST) if shift.end is not None)
    made.edit(shift.id, start=shift.start + 900)
    mirror.run("sync", *days)
    mirror.run("undo", "2")
    mirror.run("verify", *days, codes=(5,))
    with console_of(settings) as opened:
        yield opened


PAGES = [address for address, _ in NAVIGATION]
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 700}},
}


@pytest.mark.parametrize("view", ["light", "dark", "narrow"])
@pytest.mark.parametrize("path", [*PAGES, "/runs/1", "/runs/2"])
def test_nothing_is_wrong_with_a_page(chromium: Browser, site: ConsoleSite, path: str, view: str) -> None:
    """axe-core finds no violation, its policy refuses nothing, and nothing is cut off."""
    with site.signed_in("admin", "Ada") as ada, seat(chromium, site.url, **VIEWS[view]) as person:
        _share(person.context, site, ada.cookies["connecteam_sync_session"])
        page = person.go(path)
        assert page.locator("h1").count() == 1
        assert person.violations() == []
        assert person.troubles == []
        assert not person.is_wider_than_its_window()


def test_signing_in_and_out_by_keyboard(chromium: Browser, site: ConsoleSite) -> None:
    """Tab, type, Enter; the first stop of the keyboard leads to the content."""
    with site.signed_in("viewer", "Kay"), seat(chromium, site.url) as person:
        secret = site.new_secret("Kay")
        page = person.go("/runs")
        assert page.url.endswith("/sign-in?next=%2Fruns")
        page.keyboard.type("kay")
        page.keyboard.press("Tab")
        page.keyboard.type(secret)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/runs")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.get_by_role("button", name="Sign out").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/sign-in")
        assert person.troubles == []


def test_without_script(chromium: Browser, site: ConsoleSite) -> None:
    """Signing in, going to a run and back."""
    with site.signed_in("viewer", "Kay"), seat(chromium, site.url, java_script_enabled=False) as person:
        person.sign_in("Kay", site.new_secret("Kay"))
        person.page.get_by_role("link", name="Runs", exact=True).click()
        person.page.get_by_role("link", name="2", exact=True).first.click()
        assert person.page.get_by_role("heading", level=1).inner_text().startswith("Run 2")


def test_a_page_is_loaded_again_unless_somebody_is_busy(chromium: Browser, site: ConsoleSite) -> None:
    """With what was filtered; not while something is unfolded."""
    with site.signed_in("viewer", "Kay") as kay, seat(chromium, site.url) as person:
        _share(person.context, site, kay.cookies["connecteam_sync_session"])
        person.page.clock.install()
        page = person.go("/runs?kind=sync")
        page.evaluate("window.isTheSame = true")
        page.clock.fast_forward(31_000)
        page.wait_for_function("window.isTheSame === undefined")
        assert page.url.endswith("/runs?kind=sync")
        page = person.go("/")
        page.evaluate("window.isTheSame = true")
        page.locator("summary").first.click()
        page.evaluate("document.activeElement.blur()")
        page.clock.fast_forward(31_000)
        assert page.evaluate("window.isTheSame") is True


def _share(context: BrowserContext, site: ConsoleSite, token: str) -> None:
    context.add_cookies([{"name": "connecteam_sync_session", "value": token, "url": site.url}])
