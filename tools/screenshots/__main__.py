"""Takes the pictures of docs/console.md; with `--all FOLDER` those of every page in every view."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from connecteam_sync.web.pages import NAVIGATION
from screenshots.png import with_palette

PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures"
_LARGEST = 60_000
"""Bytes of a picture in the documents."""
_VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 700}},
    "zoomed": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
    "printed": {"viewport": {"width": 794, "height": 1123}},
}
"""A window zoomed to 200 % is one of half the points; paper is A4 at 96 points an inch."""
_SHOWN = {"overview": 820, "day": 960, "run": 640, "attention": 700, "period": 760, "corrections": 640}
"""The pictures of docs/console.md, and how much of the page each shows."""


@contextmanager
def _demo() -> Iterator[str]:
    """The demo, until the end of the block: the address that signs in once."""
    command = [sys.executable, "-m", "connecteam_sync", "demo", "--serve", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603 - our own command
        try:
            yield json.loads(process.stdout.readline() if process.stdout else "")["sign_in"]
        finally:
            process.send_signal(signal.SIGINT)


class _Story:
    """The pages of the demo with something on them, by their names."""

    def __init__(self, page: Page, url: str) -> None:
        self._page, self._url = page, url
        runs = self._json("/runs.json")["runs"]
        corrected = max(run["run"] for run in runs if run["counts"]["updated"] and run["kind"] == "sync")
        refused = min(run["run"] for run in runs if run["status"] == "refused")
        who, day = self._corrected(corrected)
        new = self._json("/map.json")["employees"][0]["user_id"]
        hold = self._json("/attention.json")["holds"][0]["id"]
        paid = next(one["first"] for one in self._json("/periods.json")["periods"] if one["state"] == "closed")
        self.pages: dict[str, str] = {
            "run": f"/runs/{corrected}",
            "refused": f"/runs/{refused}",
            "undo": f"/runs/{corrected}/undo",
            "day": f"{who}/{day}",
            "month": f"{who}?month={day[:7]}",
            "map-user": f"/map?user={new}",
            "hold": f"/attention/{hold}",
            "period": f"/periods/{paid}",
            "search": "/people?q=maria",
            "empty-search": "/people?q=nobody-of-this-name",
            "not-there": "/runs/999999",
        }
        named = {"/": "overview"}
        self.pages |= {named.get(path, path.strip("/")): path for path, _ in NAVIGATION}

    def _json(self, path: str) -> Any:  # noqa: ANN401 - an answer
        return self._page.request.get(f"{self._url}{path}").json()

    def _corrected(self, run: int) -> tuple[str, str]:
        change = next(one for one in self._json(f"/runs/{run}.json")["changes"] if one["kind"] == "update")
        return f"/people/{change['employee_id']}", change["first_day"]

    def plan(self) -> None:
        """A plan of the days of which a guard has stopped a part."""
        self._page.goto(f"{self._url}/plan")
        self._page.get_by_role("button", name="Plan it").click()
        self._page.wait_for_url(re.compile("/plan/[0-9a-f]+"))
        self.pages["kept-plan"] = self._page.url.removeprefix(self._url)


def _sign_in(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(re.compile("/$"))
    return page


def _picture(page: Page, **options: Any) -> bytes:  # noqa: ANN401 - of Playwright's
    return with_palette(page.screenshot(animations="disabled", **options))


def main() -> int:
    """Write the pictures."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--all", type=Path, metavar="FOLDER")
    folder: Path | None = read.parse_args().all
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.exit("there is no chromium: apt-get install chromium")
    with _demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        url = address.partition("/sign-in")[0]
        first = browser.new_context(**_VIEWS["light"])
        page = _sign_in(first, address)
        story = _Story(page, url)
        story.plan()
        if folder is None:
            large = _documents(page, url, story)
        else:
            large = []
            _every(browser, first, url, story, folder)
        browser.close()
    for name in large:
        sys.stderr.write(f"{name} is larger than {_LARGEST:,} bytes\n")
    return 1 if large else 0


def _documents(page: Page, url: str, story: _Story) -> list[str]:
    PICTURES.mkdir(exist_ok=True)
    large = []
    for name, height in _SHOWN.items():
        page.set_viewport_size({"width": 1100, "height": height})
        page.goto(f"{url}{story.pages[name]}")
        made = _picture(page)
        (PICTURES / f"console-{name}.png").write_bytes(made)
        if len(made) > _LARGEST:
            large.append(name)
        sys.stdout.write(f"docs/pictures/console-{name}.png: {len(made):,} bytes\n")
    return large


def _every(browser: Any, first: BrowserContext, url: str, story: _Story, folder: Path) -> None:  # noqa: ANN401 - Playwright's
    folder.mkdir(parents=True, exist_ok=True)
    for view, options in _VIEWS.items():
        context = browser.new_context(**options)
        context.add_cookies(first.cookies())
        page = context.new_page()
        if view == "printed":
            page.emulate_media(media="print")
        for name, path in story.pages.items():
            page.goto(f"{url}{path}")
            (folder / f"{name}-{view}.png").write_bytes(page.screenshot(animations="disabled", full_page=True))
            if view == "printed":
                page.pdf(path=folder / f"{name}.pdf", format="A4")
        context.close()
        sys.stdout.write(f"{len(story.pages)} pages {view}: {folder}\n")


if __name__ == "__main__":
    sys.exit(main())
