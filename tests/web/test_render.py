"""Values as pages show them: escaped, on one line, in one zone; tables for spreadsheets; charts."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.web import render
from connecteam_sync.web.charts import Bar, Lane, Span, day_lanes, strip
from connecteam_sync.web.page import number_of

HOSTILE = "<script>alert(1)</script>\u202e\n'\"&"
NOW = 1_764_684_000
"""2 December 2025, 08:00 in Chicago."""


def shown(text: str, **members: Any) -> str:  # noqa: ANN401 - anything a page shows
    """What a template makes of members."""
    made = render._environment().from_string(text)
    return made.render({"zone": ZoneInfo("America/Chicago"), "now": NOW, **members})


def test_whatever_comes_from_outside_is_text() -> None:
    """On one line, without marks that turn the direction of writing."""
    assert shown("{{ name }}", name=HOSTILE) == "&lt;script&gt;alert(1)&lt;/script&gt; &#39;&#34;&amp;"
    assert shown('<p title="{{ name }}">', name='" onclick="x') == '<p title="&#34; onclick=&#34;x">'


def test_a_member_that_is_missing_is_an_error() -> None:
    """And no empty place on a page about pay."""
    with pytest.raises(UndefinedError):
        shown("{{ hours }}")


def test_times_are_in_the_zone_that_the_page_names() -> None:
    """With the zone's short name, and how long ago."""
    assert shown("{{ at|moment }}", at=NOW - 180) == (
        '<time datetime="2025-12-02T13:57:00Z">Tue 2 Dec 2025 07:57 CST</time> <span class="ago">3 minutes ago</span>'
    )
    assert shown("{{ at|time }}", at=NOW) == '<time datetime="2025-12-02T14:00:00Z">08:00</time>'
    assert ">Mon 1 Dec 23:59<" in shown("{{ at|time }}", at=NOW - 8 * 3600 - 60)
    assert shown("{{ at|ago }}", at=NOW + 7200) == "in 2 hours"
    assert shown("{{ at|moment }}{{ at|time }}", at=None) == ""
    assert shown("{{ day|day }}", day=date(2025, 12, 2)) == "Tue 2 Dec 2025"


def test_hours_have_their_sign() -> None:
    """And its colour."""
    assert shown("{{ m|signed }}", m=15) == '<span class="more">+0:15</span>'
    assert shown("{{ m|signed }}", m=-465) == '<span class="less">-7:45</span>'
    assert shown("{{ m|signed }}", m=0) == '<span class="same">+0:00</span>'


def test_a_spreadsheet_computes_nothing() -> None:
    """What it would take for a formula is text; numbers stay numbers."""
    rows: list[list[object]] = [["=1+1", "@x", "-2", "\t=1", "plain", 'a "b", c'], [None, -5, 3, "+1", "a\nb", HOSTILE]]
    text = render.csv_text(("a", "b"), rows)
    first, second = text.split("\r\n")[1:3]
    assert first == '\'=1+1,\'@x,\'-2,\'=1,plain,"a ""b"", c"'
    assert second.startswith(",-5,3,'+1,a b,")
    assert "\u202e" not in text


def test_our_files_carry_their_version() -> None:
    """So that a browser keeps them until they change; and they are as small as was promised."""
    assert len(render.static_file("console.css")[0]) <= 12_000
    assert len(render.static_file("console.js")[0]) <= 4_000
    assert shown("{{ asset('console.css') }}") == f"/static/console.css?v={render.static_file('console.css')[1]}"


def test_a_strip_says_what_it_shows() -> None:
    """A shape for each state, and its words; names stay names."""
    drawn = strip([Bar(label=HOSTILE, state="ok", text="a"), Bar(label="b", state="bad", text="differs")], title="days")
    assert "<title>b: differs</title>" in drawn
    assert "<script>" not in drawn
    assert drawn.count('class="bar ok"') == drawn.count('class="bar bad"') == 1
    assert 'width="40"' in drawn
    assert strip([], title="none").startswith("<svg")


def test_lanes_of_a_day() -> None:
    """What is open is drawn as open; what reaches out of the day ends at its edge."""
    spans = (Span(start=-0.5, end=0.25, text="night"), Span(start=0.5, end=2.0, text="late", is_open=True))
    drawn = day_lanes([Lane(name=HOSTILE, spans=spans)], [(0.0, "0"), (0.5, "12")], title="a day")
    assert 'x="110.0"' in drawn
    assert 'width="210.0"' in drawn
    assert 'x="530.0" y="24" width="420.0" height="22" rx="3" class="span shift open"' in drawn
    assert "<script>" not in drawn


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "1.5", "1e3", "٣", "9223372036854775808", "9" * 5000, "0" * 19 + "1" * 30, "0" * 5000, " 1", "x"],
)
def test_what_is_no_number(text: str) -> None:
    """Of the address or a form."""
    with pytest.raises(ConfigurationError):
        number_of(text, "run", least=0 if len(text) > 1 else 1)


def test_what_is_one() -> None:
    """Up to what a database can hold."""
    assert number_of("12", "run") == 12
    assert number_of("9223372036854775807", "run") == 2**63 - 1
