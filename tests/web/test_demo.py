"""`demo --serve`: a company at work, a story to look at, and an address that works once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest


def before(day: str, weeks: int) -> str:
    """The day so many weeks before a day."""
    return (date.fromisoformat(day) - timedelta(weeks=weeks)).isoformat()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """The demo as a process, in an environment that is configured for a real company."""
    folder = tmp_path_factory.mktemp("demo")
    real = {
        "CONNECTEAM_SYNC_API_KEY": "real-key-of-a-company",
        "CONNECTEAM_SYNC_DATABASE_URL": f"sqlite:///{folder / 'real.db'}",
        "CONNECTEAM_SYNC_WEBHOOK_SECRET": "real-secret",
    }
    command = [sys.executable, "-m", "connecteam_sync", "demo", "--serve", "--port", "0", "--json"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=folder, env=os.environ | real, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process
        process.kill()
    assert not (folder / "real.db").exists(), "a real database was opened"


def test_the_address_works_once(demo: tuple[dict[str, Any], subprocess.Popen[str]]) -> None:
    """It shows a form with a button; what the button sends signs in one browser, and no second one."""
    said, _ = demo
    address = urlsplit(said["sign_in"])
    word = address.query.removeprefix("once=")
    with httpx.Client(base_url=said["url"], trust_env=False, verify=False, timeout=30) as browser:
        assert browser.get("/").status_code == 303
        form = browser.get(f"{address.path}?{address.query}")
        assert form.status_code == 200
        assert f'name="once" value="{word}"' in form.text
        assert browser.get("/").status_code == 303, "looking signs nobody in"
        wrong = browser.post("/sign-in", data={"once": word[:-1]})
        assert wrong.status_code == 401
        assert browser.post("/sign-in", data={"once": word}).status_code == 303
        page = browser.get("/")
        assert "Demo operator (admin)" in page.text
        assert "2 unmapped_user" in page.text
        assert "set CONNECTEAM_SYNC_WEBHOOK_SECRET" in browser.get("/health").text, (
            "no secret of a real company is known"
        )
        runs = browser.get("/runs.json").json()["runs"]
        assert [run["status"] for run in runs if run["status"] == "refused"], "a guard has refused"
        corrected = next(run for run in reversed(runs) if run["counts"]["updated"])
        assert "0:15" in browser.get(f"/runs/{corrected['run']}").text
        waiting = browser.get("/corrections.json").json()["corrections"]
        assert [(one["state"], one["delta_minutes"]) for one in waiting] == [("pending", 30)]
        periods = browser.get("/periods.json").json()["periods"]
        assert [one["last"] for one in periods if one["state"] == "closed"] == [before(periods[0]["last"], weeks=2)]
    with httpx.Client(base_url=said["url"], trust_env=False, verify=False, timeout=30) as other:
        assert other.post("/sign-in", data={"once": word}).status_code == 401


def test_it_ends_at_once(demo: tuple[dict[str, Any], subprocess.Popen[str]]) -> None:
    """With 0, and without leaving anything."""
    _, process = demo
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
