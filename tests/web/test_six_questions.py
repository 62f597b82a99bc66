"""The six questions that docs/console.md answers, each asked in the demo in a real browser: with no more clicks than
the page says, and without script.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from support.browser import CHROMIUM, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: there is no chromium: apt-get install chromium")
TABLE = Path(__file__).parents[2] / "docs" / "console.md"


class Clerk:
    """Somebody who clicks; `clicks` counts links and buttons since the overview."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url, self.clicks = page, url, 0

    def home(self) -> None:
        """Back to where everybody begins."""
        self.page.goto(f"{self.url}/")
        self.clicks = 0

    def click(self, what: Locator) -> None:
        """One click."""
        self.clicks += 1
        what.first.click()
        self.page.wait_for_load_state("load")

    def link(self, name: str | re.Pattern[str]) -> None:
        """A click on a link."""
        self.click(self.page.get_by_role("link", name=name, exact=isinstance(name, str)))

    def button(self, name: str) -> None:
        """A click on a button."""
        self.click(self.page.get_by_role("button", name=name))

    @property
    def answer(self) -> str:
        """What the eye finds first."""
        return self.page.locator("h1").inner_text()


@pytest.fixture(scope="module")
def clerk() -> Iterator[Clerk]:
    """A clerk at the console of the demo, who has signed in with its address."""
    command = [sys.executable, "-m", "connecteam_sync", "demo", "--serve", "--port", "0", "--json"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["sign_in"]
        with browser() as chromium:
            page = chromium.new_context(java_script_enabled=False).new_page()
            page.goto(address)
            page.get_by_role("button", name="Go on").click()
            yield Clerk(page, address.partition("/sign-in")[0])
        process.terminate()


def _who_is_clocked_in(clerk: Clerk) -> None:
    figure = clerk.page.locator(".figure").first.inner_text()
    rows = clerk.page.get_by_role("region", name="Who is clocked in").locator("tbody tr")
    assert rows.count() == int(figure) > 0


def _why_maria_has_seven_forty_five(clerk: Clerk) -> None:
    clerk.link("People")
    clerk.link(re.compile("^Maria "))
    clerk.click(clerk.page.locator(".month a", has_text="7:45").filter(has_not_text="locked"))
    assert re.fullmatch(r"Maria \S+: 7:45 h on Tue \d+ \w+ \d{4}", clerk.answer)
    lead = clerk.page.locator(".lead").inner_text()
    assert "1 row in the table, 1 shift in Connecteam: they agree. Last changed by run 2" in lead
    assert "clock-in corrected, -0:15" in lead


def _what_changed(clerk: Clerk) -> None:
    clerk.link("Runs")
    clerk.click(clerk.page.locator(".lead a").last)
    assert clerk.answer == "Run 2: done, 1 change, -0:15 h"


def _who_is_unmapped(clerk: Clerk) -> None:
    clerk.link("Map")
    assert clerk.answer == "1 Connecteam user counts for no employee: 2 shifts, +17:00 h held"
    assert "Noor Adler" in clerk.page.locator("main").inner_text()


def _is_the_first_half_right(clerk: Clerk) -> None:
    assert re.search(r"proven through \w{3} \d+ \w+ \d{4}", clerk.answer)
    assert "14 proven" in clerk.page.get_by_role("region", name="Are the last 14 days right?").inner_text()


def _take_it_back(clerk: Clerk) -> None:
    clerk.link("Runs")
    clerk.click(clerk.page.locator(".lead a").last)
    clerk.link("Take it back…")
    assert "1 changed back" in clerk.answer
    clerk.button("Take it back: ")
    assert re.fullmatch(r"Run \d+: done, 1 change, \+0:15 h", clerk.answer)


QUESTIONS: tuple[Callable[[Clerk], None], ...] = (
    _who_is_clocked_in,
    _why_maria_has_seven_forty_five,
    _what_changed,
    _who_is_unmapped,
    _is_the_first_half_right,
    _take_it_back,
)


def test_the_six_questions_take_the_clicks_that_the_page_says(clerk: Clerk) -> None:
    """Of the table in docs/console.md, the number in the last column, in this order."""
    section = TABLE.read_text().partition("## Six questions")[2].partition("\n## ")[0]
    said = [int(number) for number in re.findall(r"\| (\d+) \|$", section, re.MULTILINE)]
    counted = []
    for question in QUESTIONS:
        clerk.home()
        question(clerk)
        counted.append(clerk.clicks)
    assert counted == said
