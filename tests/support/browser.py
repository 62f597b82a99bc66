"""A real browser, Debian's Chromium; tests of pages are skipped, and it is said, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a screen, until the end of the block."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield opened
        finally:
            opened.close()


@cache
def _axe() -> str:
    """axe-core, which a package for Playwright brings."""
    return (files("axe_playwright_python") / "axe.min.js").read_text()


class Seat:
    """Somebody in front of a browser at a console. `troubles` are errors of pages, and what their policy refused."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.troubles: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(message.text)

    def go(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(f"{self.url}{path}", wait_until="load")
        return self.page

    def sign_in(self, name: str, secret: str) -> None:
        """By the form."""
        self.go("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Secret").fill(secret)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")

    def violations(self) -> list[str]:
        """What axe-core finds on the page that is open: rules and the elements that break them."""
        self.page.evaluate(_axe())
        found = self.page.evaluate("axe.run()")["violations"]
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]

    def is_wider_than_its_window(self) -> bool:
        """Whether the page has to be scrolled sideways."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        return wide


@contextmanager
def seat(opened: Browser, url: str, **options: Any) -> Iterator[Seat]:  # noqa: ANN401 - of Playwright's contexts
    """A browser of somebody who was never here."""
    context = opened.new_context(**options)
    try:
        yield Seat(context, url)
    finally:
        context.close()
