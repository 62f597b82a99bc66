"""Charts as SVG, drawn by the server; each stands next to the table of what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from markupsafe import Markup

State = Literal["ok", "warn", "bad", "unknown"]
_SHAPES: dict[State, Markup] = {
    "ok": Markup('<rect x="{}" y="2" width="14" height="20" rx="3" class="bar ok"/>'),
    "warn": Markup('<path d="M{} 22 l7 -20 l7 20 z" class="bar warn"/>'),
    "bad": Markup('<path d="M{} 2 l14 20 m0 -20 l-14 20" class="bar bad"/>'),
    "unknown": Markup('<rect x="{}" y="9" width="14" height="6" rx="3" class="bar unknown"/>'),
}
_STEP = 20


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One day or one thing of a strip: its state as a shape and a colour, and in words."""

    label: str
    state: State
    text: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a day's lane: `start` and `end` as shares of the day, 0 to 1."""

    start: float
    end: float
    text: str
    kind: str = "shift"
    is_open: bool = False


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One of the lanes of a day: what one source says of it; `note` stands in a lane without spans."""

    name: str
    spans: tuple[Span, ...]
    note: str = ""


def strip(bars: Sequence[Bar], *, title: str) -> Markup:
    """A row of shapes, oldest first; each has its label and its words as a tooltip."""
    width = max(1, len(bars)) * _STEP
    drawn = Markup("").join(
        Markup("<g><title>{}: {}</title>{}</g>").format(
            bar.label, bar.text, _SHAPES[bar.state].format(2 + number * _STEP)
        )
        for number, bar in enumerate(bars)
    )
    return Markup(
        '<svg class="strip" viewBox="0 0 {} 24" width="{}" height="24" role="img" aria-label="{}">{}</svg>'
    ).format(width, width, title, drawn)


def day_lanes(lanes: Sequence[Lane], hours: Sequence[tuple[float, str]], *, title: str) -> Markup:
    """The lanes of one day under a scale of its hours, which are shares of the day with their names.

    A day of 23 or 25 hours has that many: the scale is made of instants.
    """
    width, left, height = 960, 110, 34
    room = width - left - 10
    marks = Markup("").join(
        Markup(
            '<line x1="{0}" x2="{0}" y1="18" y2="{1}" class="tick"/><text x="{0}" y="12" class="hour">{2}</text>'
        ).format(round(left + share * room, 1), 20 + height * len(lanes), name)
        for share, name in hours
    )
    rows = Markup("").join(
        Markup('<text x="4" y="{}" class="lane">{}</text>').format(20 + height * number + 20, lane.name)
        + Markup("").join(_span(span, left, room, 20 + height * number) for span in lane.spans)
        + (Markup("") if lane.spans else _note(lane.note, left, 20 + height * number))
        for number, lane in enumerate(lanes)
    )
    tall = 24 + height * len(lanes)
    return Markup('<svg class="day" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        width, tall, title, marks, rows
    )


def _note(note: str, left: int, top: int) -> Markup:
    return Markup('<text x="{}" y="{}" class="note">{}</text>').format(left + 4, top + 20, note)


def _span(span: Span, left: int, room: int, top: int) -> Markup:
    begins, ends = max(0.0, span.start), min(1.0, max(span.end, span.start))
    wide = max(2.0, (ends - begins) * room)
    kind = f"{span.kind} open" if span.is_open else span.kind
    return Markup('<rect x="{}" y="{}" width="{}" height="22" rx="3" class="span {}"><title>{}</title></rect>').format(
        round(left + begins * room, 1), top + 4, round(wide, 1), kind, span.text
    )
