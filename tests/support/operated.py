"""A company, its mirror, and the console over it, with the key by which actions may ask the sandbox."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest
from sqlalchemy import event

from connecteam_sync.core.roles import Role
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.web.page import Ask, Moved, Page, Visitor
from connecteam_sync.web.work import Works
from support.console_site import ConsoleSite, console_of
from support.scenario import World

JSON = {"accept": "application/json"}
MOST_STATEMENTS = 7
"""Eight for each page, one of which asks who may sign in."""
HOSTILE = "<script>alert(1)</script> \u202e'\"&<img src=x onerror=alert(2)>"
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


class Operated:
    """A console over the mirror of an empty company, asked by people of each role."""

    def __init__(self, world: World, site: ConsoleSite) -> None:
        self.world, self.site = world, site
        self.mirror, self.company, self.sandbox = world.mirror, world.company, world.sandbox

    @contextmanager
    def by(self, role: Role, name: str | None = None) -> Iterator[httpx.Client]:
        """Somebody of this role."""
        with self.site.signed_in(role, name) as somebody:
            yield somebody

    def asked(self, handler: Callable[[Ask], Page | Moved], **more: Any) -> Page:  # noqa: ANN401 - any field of Ask
        """What a page shows to a viewer, as its handler gives it."""
        answer = self._asked(handler, self.mirror.status(anomalies=False), more)
        assert isinstance(answer, Page)
        return answer

    def statements_of(self, handler: Callable[[Ask], Page | Moved], **more: Any) -> int:  # noqa: ANN401 - any field of Ask
        """The statements that a page needs, besides who asks and the head of every page."""
        status, sent = self.mirror.status(anomalies=False), list[str]()

        def noted(_: object, __: object, statement: str, *___: object) -> None:
            if statement != "BEGIN":  # SQLite's own
                sent.append(statement)

        engine = self.mirror.store._engine
        event.listen(engine, "before_cursor_execute", noted)
        try:
            self._asked(handler, status, more)
        finally:
            event.remove(engine, "before_cursor_execute", noted)
        return len(sent)

    def _asked(
        self, handler: Callable[[Ask], Page | Moved], status: MirrorStatus, more: dict[str, Any]
    ) -> Page | Moved:
        known: dict[str, Any] = {
            "client": self.mirror,
            "visitor": Visitor(name="Viv", role="viewer", how="session"),
            "zone": ZoneInfo(self.mirror.settings.timezone),
            "path": "/",
            "now": round(time.time()),
            "work": Works(self.mirror.settings),
            "status": lambda: status,
        }
        return handler(Ask(**{**known, **more}))


@contextmanager
def operated(
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    people: int | None = None,
    **settings: Any,  # noqa: ANN401 - any setting
) -> Iterator[Operated]:
    """The console over an initialised database and the mirror of so many people, until the end of the block."""
    with Sandbox(Company(0, people=people), SandboxSettings(minute_limit=100_000)) as sandbox:
        monkeypatch.setenv("CONNECTEAM_SYNC_API_KEY", sandbox.key)
        world = World(sandbox, database, **settings)
        with console_of(world.mirror.settings) as site:
            yield Operated(world, site)
        world.mirror.close()


def act(client: httpx.Client, path: str, **fields: str | list[str]) -> httpx.Response:
    """An action by form, whose redirect is not followed; `from_` stands for `from`."""
    return client.post(path, data={name.rstrip("_"): value for name, value in fields.items()})


def done(client: httpx.Client, path: str, **fields: str | list[str]) -> dict[str, Any]:
    """An action by a program; its answer."""
    answer = client.post(path, data={name.rstrip("_"): value for name, value in fields.items()}, headers=JSON)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def page(client: httpx.Client, path: str) -> str:
    """A page as its text, which nothing from outside has turned into markup."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return shown(answer)


def shown(answer: httpx.Response) -> str:
    """The text of a page, without tags, each run of blanks as one."""
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "\u202e" not in answer.text
    return " ".join(html.unescape(_TAGS.sub(" ", answer.text)).split())


def ended(client: httpx.Client, *, seconds: float = 60) -> dict[str, Any]:
    """The long work of the console, once it is over."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        work: dict[str, Any] = client.get("/in-hand.json").json()["work"]
        if work["ended_at"] is not None:
            return work
        time.sleep(0.05)
    raise AssertionError(work)
