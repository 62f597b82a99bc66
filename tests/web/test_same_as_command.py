"""A page and its command never disagree: plan, runs and status, by the command as a process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.console_site import Commands
from support.operated import Operated, act, operated, page

DAYS = {"from": "2025-12-01", "to": "2025-12-11"}
WINDOW = ("--from", "2025-12-01", "--to", "2025-12-11")
OF_THE_MOMENT = {"mirror_age_seconds", "since"}
"""What a second changes."""


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a mirror with a run that wrote and one that corrected; one more correction, a new shift and a
    deleted one wait, and somebody is held.
    """
    file = f"sqlite:///{tmp_path / 'mirror.db'}"
    with operated(file, monkeypatch, max_deletes=5) as made:
        first, gone, _ = [made.world.work(day, "08:00", "16:00") for day in (2, 3, 4)]
        made.world.sync()
        made.company.edit(first.id, start=first.start + 900)
        made.world.sync()
        made.company.edit(first.id, start=first.start + 1800)
        made.company.delete(gone.id)
        made.world.work(5, "09:00", "18:00")
        yield made


def _told(console: Operated, *words: str, codes: tuple[int, ...] = (0, 3)) -> dict[str, Any]:
    said = Commands(console.sandbox.key, console.mirror.settings).run(*words, "--json", codes=codes)
    found: dict[str, Any] = json.loads(said)
    return found


def _still(value: object) -> object:
    """Without what a second changes."""
    if isinstance(value, dict):
        return {name: _still(one) for name, one in value.items() if name not in OF_THE_MOMENT}
    return [_still(one) for one in value] if isinstance(value, list) else value


def _figures(text: str) -> list[str]:
    """The large figures of a page."""
    return [re.sub("<[^>]+>", "", one) for one in re.findall(r'class="figure">(.*?)</p>', text)]


def test_a_plan_has_the_numbers_of_the_command(console: Operated) -> None:
    """The JSON whole, and on the page the figures, the sentence and the button that repeats them."""
    wanted = _told(console, "plan", *WINDOW)
    counts = wanted["counts"]
    assert (counts["created"], counts["updated"], counts["deleted"]) == (1, 1, 1), "each kind is there to compare"
    with console.by("operator") as ana:
        place = act(ana, "/plan", **DAYS).headers["location"]
        said = ana.get(f"{place}.json").json()
        shown = ana.get(place).text
        text = page(ana, place)
    assert said == wanted
    moved = wanted["minutes"]["after"] - wanted["minutes"]["before"]
    signed = f"{'+' if moved >= 0 else '-'}{abs(moved) // 60}:{abs(moved) % 60:02}"
    assert _figures(shown) == [signed, "3", str(counts["held"])]
    sums = f"1 new, 1 corrected, 1 deleted, {signed} hours"
    assert text.count(sums) >= 2, "the answer, and the button"
    assert f"{counts['unchanged']} unchanged, of 1 person" in text


def test_runs_and_each_of_them_are_those_of_the_command(console: Operated) -> None:
    """`runs --json` and `show N --json`; the figures of the page are theirs."""
    wanted = _told(console, "runs", "--limit", "50")
    with console.by("viewer") as viv:
        assert viv.get("/runs.json").json() == wanted
        for run in wanted["runs"]:
            said = _told(console, "show", str(run["run"]))
            assert viv.get(f"/runs/{run['run']}.json").json() == said
            counts, figures = said["counts"], _figures(viv.get(f"/runs/{run['run']}").text)
            assert figures[1] == str(counts["created"] + counts["updated"] + counts["deleted"])
            assert figures[2:] == [str(counts["held"]), str(said["http_calls"])]


def test_the_list_of_runs_says_which_was_the_last_that_wrote(console: Operated) -> None:
    """After runs with nothing to do, that is what people look for."""
    console.world.sync()
    console.world.sync()
    console.world.sync()
    with console.by("viewer") as viv:
        text = page(viv, "/runs")
        assert "The last run: nothing to do" in text
        assert "The last that wrote: run 3" in text
        assert "3 changes, +0:30 h" in text
        assert page(viv, "/runs/3").count("Run 3: done, 3 changes, +0:30 h") == 1
        assert "The last that wrote" not in page(viv, "/runs?kind=sync")


def test_the_overview_is_the_status_of_the_command(console: Operated) -> None:
    """`status --json` but for how long ago things were; the page says its state and what is held."""
    wanted = _told(console, "status", codes=(0, 1, 3))
    with console.by("viewer") as viv:
        assert _still(viv.get("/index.json").json()) == _still(wanted)
        shown = viv.get("/").text
    assert _figures(shown)[3] == str(wanted["held"])
    for problem in wanted["problems"]:
        assert problem["next_step"] in page_text(shown)


def page_text(shown: str) -> str:
    """A page without its markup."""
    return re.sub("<[^>]+>", "", shown)
