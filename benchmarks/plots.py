"""The plots of docs/performance.md: a day's cost against people, cost against shifts, and against network delay."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import working_day
from lives import COLD, PEERS, STEADY
from matplotlib.figure import Figure
from measure import DELAYS
from summary import NAMES, PRODUCT, Summary

mpl.rcParams.update({"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 8})
_PEERS = [subject.name for subject in PEERS]
_COLOURS = {name: f"C{number + 1}" for number, name in enumerate(_PEERS)}
_DAY = (
    (PRODUCT, "C0", "-"),
    (working_day.BELLS, "C0", "--"),
    *((peer.name, _COLOURS.get(peer.name, "C9"), "-") for peer in working_day.PEERS),
)
Points = list[tuple[float, float, bool]]
"""x, seconds, whether it is an estimate."""


def draw(summary: Summary, folder: Path) -> list[str]:
    """Draw what there is; the files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if len(summary.sizes) > 1:
        for scenario, name in ((STEADY, "size-nothing.svg"), (COLD, "size-cold.svg")):
            made.append(name)
            _save(_against_size(summary, scenario), folder / name)
    if len(summary.people) > 1:
        made.append("people.svg")
        _save(_against_people(summary), folder / "people.svg")
    servers = [kind for kind in summary.databases if kind != "sqlite"]
    if any(m.delay_ms for m in summary.results):
        made.append("delay.svg")
        _save(_against_delay(summary, servers), folder / "delay.svg")
    return made


def _save(figure: Figure, file: Path) -> None:
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(file, metadata={"Date": None})


def _against_people(summary: Summary) -> Figure:
    """A panel for each database: CPU seconds of a working day, the product without and with webhooks, and the peers."""
    figure = Figure(figsize=(2.6 * len(summary.databases), 3.2))
    panels = figure.subplots(1, len(summary.databases), sharey=True, squeeze=False)[0]
    for panel, kind in zip(panels, summary.databases, strict=True):
        for subject, colour, style in _DAY:
            found = [day for people in summary.people if (day := summary.day(kind, people, subject))]
            width = 2.2 if subject == PRODUCT else 1
            _line(panel, [(day.people, day.cpu, day.estimate) for day in found], subject, colour, style, width=width)
        panel.set(title=NAMES[kind], xscale="log", yscale="log", xlabel="people")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("CPU seconds of a day")
    _legend(figure, panels)
    return figure


def _against_size(summary: Summary, scenario: str) -> Figure:
    """A panel for each database: the floor, the product as a call, the peers."""
    figure = Figure(figsize=(2.6 * len(summary.databases), 3.2))
    panels = figure.subplots(1, len(summary.databases), sharey=True, squeeze=False)[0]
    for panel, kind in zip(panels, summary.databases, strict=True):
        floors = [(size, summary.floor_of(kind, size, scenario)) for size in summary.sizes]
        _line(panel, [(x, y, False) for x, y in floors if y], "floor", "black", "--")
        _line(panel, _by_size(summary, kind, PRODUCT, scenario), PRODUCT, "C0", "-", width=2.2)
        for peer in _PEERS:
            _line(panel, _by_size(summary, kind, peer, scenario), peer, _COLOURS[peer], "-")
        panel.set(title=NAMES[kind], xscale="log", yscale="log", xlabel="shifts")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel(f"seconds, {scenario}")
    _legend(figure, panels)
    return figure


def _by_size(summary: Summary, kind: str, subject: str, scenario: str) -> Points:
    if subject == PRODUCT:
        found = [(size, summary.own(kind, size, scenario)) for size in summary.sizes]
    else:
        found = [(size, summary.seconds(kind, size, subject, scenario, how="call")) for size in summary.sizes]
    return [(size, seconds.value, seconds.is_estimate) for size, seconds in found if seconds]


def _against_delay(summary: Summary, servers: list[str]) -> Figure:
    """A panel for each server: whole processes, 500 shifts cold."""
    figure = Figure(figsize=(3 * len(servers), 3.4))
    panels = figure.subplots(1, len(servers), sharey=True, squeeze=False)[0]
    for panel, kind in zip(panels, servers, strict=True):
        for subject, colour in ((PRODUCT, "C0"), *_COLOURS.items()):
            points: Points = []
            for delay in DELAYS:
                found = summary.seconds(kind, 500, subject, COLD, relay=True, delay=delay, whole=True)
                if found:
                    points.append((delay, found.value, found.is_estimate))
            _line(panel, points, subject, colour, "-", width=2.2 if subject == PRODUCT else 1)
        panel.set(title=NAMES[kind], yscale="log", xlabel="ms a round trip")
        panel.set_xscale("symlog", linthresh=1)
        panel.set_xlim(-0.2, 80)
        panel.set_xticks(DELAYS, [str(delay) for delay in DELAYS])
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("seconds, 500 shifts, cold")
    _legend(figure, panels)
    return figure


def _line(panel: mpl.axes.Axes, points: Points, label: str, colour: str, style: str, *, width: float = 1) -> None:
    """Measured points are full, estimates hollow."""
    if not points:
        return
    panel.plot([p[0] for p in points], [p[1] for p in points], style, color=colour, label=label, linewidth=width)
    for full in (True, False):
        chosen = [p for p in points if p[2] != full]
        panel.plot(
            [p[0] for p in chosen],
            [p[1] for p in chosen],
            "o",
            color=colour,
            fillstyle="full" if full else "none",
            ms=4,
        )


def _legend(figure: Figure, panels: Iterable[mpl.axes.Axes]) -> None:
    found = {
        label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(found.values(), found.keys(), loc="lower center", ncols=4, frameon=False, fontsize=7)
