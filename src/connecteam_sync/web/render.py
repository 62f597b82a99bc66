"""Templates: everything from outside is escaped, times are in one zone that the page names, hours are `7:45`."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from connecteam_sync.core.text import called, day_name, hours, many, of_account, one_line
from connecteam_sync.core.window import local_day, local_time
from connecteam_sync.present.json_shapes import instant
from connecteam_sync.present.status_text import ago
from connecteam_sync.web.addresses import person_address

STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_SHORT = 300
"""Characters of a sentence in a list."""
_ADDRESS = re.compile(r'\b(href|action|formaction)="/(?!static/|sign-in"|sign-out"|accounts["?])')
"""The address of a page, in an attribute: not of a file, nor of what all consoles of a process have together."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rendered(template: str, members: Mapping[str, Any], *, prefix: str = "", account: str | None = None) -> str:
    """A page as HTML; `prefix` stands before the path of each page that it leads to, `""` or `/accounts/NAME`, and its
    commands are about this `account`.

    Raises jinja2's UndefinedError if a member is missing.
    """
    text = of_account(_environment().get_template(template).render(members), account)
    # Quotes from outside are escaped, so that only an attribute of a template is one.
    return _ADDRESS.sub(rf'\1="{prefix}/', text) if prefix else text


@cache
def static_file(name: str) -> tuple[bytes, str]:
    """A file of ours, and the version that its address carries."""
    content = (files("connecteam_sync.web") / "static" / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def csv_text(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as CSV. What a spreadsheet would take for a formula is shown as text."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(header)
    table.writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    shown = one_line(value)
    return f"'{shown}" if shown.startswith(_FORMULA) or value.startswith(_FORMULA) else shown


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("connecteam_sync.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "ago": _ago,
        "called": called,
        "day": _day,
        "hours": hours,
        "many": many,
        "moment": _moment,
        "of_account": of_account,
        "shorter": _shorter,
        "signed": _signed,
        "time": _time,
    }
    made.globals["person_page"] = person_address
    made.globals["asset"] = lambda name: f"/static/{name}?v={static_file(name)[1]}"
    return made


def _one_line(value: object) -> object:
    """Names cannot turn the direction of writing, nor hide characters."""
    return one_line(value, 10_000) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _zone(context: Context) -> ZoneInfo:
    zone: ZoneInfo = context["zone"]
    return zone


@pass_context
def _moment(context: Context, at: int | None, *, relative: bool = True) -> Markup:
    """`Tue 2 Dec 2025 14:02 CST`, and how long ago that is."""
    if at is None:
        return Markup("")
    local = local_time(at, _zone(context))
    text = f"{local:%a} {local.day} {local:%b %Y} {local:%H:%M} {local:%Z}"
    shown = Markup('<time datetime="{}">{}</time>').format(instant(at) or "", text)
    return shown + Markup(' <span class="ago">{}</span>').format(_ago(context, at)) if relative else shown


@pass_context
def _time(context: Context, at: int | None) -> Markup:
    """`14:02`, with its date where that is another day than today."""
    if at is None:
        return Markup("")
    zone = _zone(context)
    local = local_time(at, zone)
    is_today = local.date() == local_day(context["now"], zone)
    text = f"{local:%H:%M}" if is_today else f"{local:%a} {local.day} {local:%b} {local:%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(instant(at) or "", text)


@pass_context
def _ago(context: Context, at: int) -> str:
    seconds = context["now"] - at
    return f"{ago(seconds)} ago" if seconds >= 0 else f"in {ago(-seconds)}"


def _shorter(text: str | None) -> str:
    return one_line(text, _SHORT)


def _day(day: date) -> str:
    return day_name(day)


def _signed(minutes: int) -> Markup:
    """`+0:15` in the colour of its sign."""
    kind = "more" if minutes > 0 else "less" if minutes < 0 else "same"
    return Markup('<span class="{}">{}</span>').format(kind, escape(hours(minutes, signed=True)))
