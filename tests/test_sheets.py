"""Timesheets as text, JSON, pages and files: escaped, private, whole."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connecteam_sync.core.hours import Hours
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import timesheet_html, timesheet_text
from connecteam_sync.sandbox.company import WAREHOUSE
from support.scenario import World
from test_hours import P, manual, world

__all__ = ["world"]


def test_a_page_is_escaped(world: World) -> None:
    """Names, reasons and sources from outside are text; no script, nothing from elsewhere."""
    hostile = '<script>alert(1)</script>"&\u202e'
    world.company.people[world.user].first_name = hostile
    world.work(2, "08:00", "16:00")
    world.sync()
    manual(world, 3, "<img src=x>")
    [sheet] = world.mirror.payroll.timesheets(P)
    page = timesheet_html.page(sheet)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;" in page
    assert "source &lt;img src=x&gt;" in page
    assert not any(odd in page for odd in ("<script", "<img", "\u202e", "http:", "https:", "url(", "@import", "style="))
    assert page.count("<table") == page.count("</table>") == 1


def test_papers_are_written_whole_and_privately(world: World, tmp_path: Path) -> None:
    """One file in the place of an older one; a folder for all of them, which has to be new or empty."""
    payroll = world.mirror.payroll
    out = tmp_path / "paper.txt"
    out.write_text("older")
    assert payroll.save_timesheets([(1, "new")], out, kind="txt") == (out,)
    assert (out.read_text(), stat.S_IMODE(out.stat().st_mode)) == ("new", 0o600)
    folder = tmp_path / "all"
    keys: tuple[int | str, ...] = (1, "../../up", "a/b", "A/b", ".", "é" * 200, "half \ud800", "")
    papers = [(key, f"of {number}") for number, key in enumerate(keys)]
    written = payroll.save_timesheets(papers, folder, kind="html", is_folder=True)
    assert [path.read_text() for path in written] == [text for _, text in papers]
    assert sorted(folder.iterdir()) == sorted(written)
    assert all(path.parent == folder and path.name.startswith("timesheet-") for path in written)
    assert len({path.name.casefold() for path in written}) == len(keys)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(ConfigurationError, match="is not empty: timesheets are written into a folder of its own"):
        payroll.save_timesheets(papers, folder, kind="html", is_folder=True)
    with pytest.raises(ConfigurationError, match="the timesheet cannot be written"):
        payroll.save_timesheets([(1, "x")], tmp_path / "no" / "x", kind="txt")


def test_text_and_json_have_the_same_hours(world: World) -> None:
    """Gross, unpaid breaks and net, named which is which."""
    world.work(2, "08:00", "16:30")
    world.company.take_break(world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE)
    world.sync()
    [sheet] = world.mirror.payroll.timesheets(P)
    lines = timesheet_text.timesheet_lines(sheet)
    assert any("8:30 gross -  0:30 unpaid breaks =   8:00 net" in line for line in lines)
    shape = timesheet_text.timesheet_json(sheet)
    [shift] = shape["weeks"][0]["days"][0]["shifts"]
    assert (shift["gross_minutes"], shift["break_minutes"], shift["net_minutes"]) == (510, 30, 480)
    assert (shift["clock_in"], shift["clock_in_local"]) == ("2025-12-02T14:00:00Z", "2025-12-02T08:00:00-06:00")
    assert shape["weeks"][0]["first"] == "2025-11-30"
    page = timesheet_html.page(sheet)
    assert all(f'<td class="num">{text}</td>' in page for text in ("8:30", "0:30", "8:00"))


def test_nothing_at_all(world: World) -> None:
    """No row is no error."""
    found: Hours = world.mirror.payroll.hours(world.window)
    assert (found.lines, found.total.rows, found.left_out) == ((), 0, ())
    assert world.mirror.payroll.timesheets(P) == ()
    assert timesheet_text.many_timesheets(()) == ["nobody has anything on these days"]
