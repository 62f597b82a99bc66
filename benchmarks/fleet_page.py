"""The page of the fleet's figures, and its plot: what a visit costs against how many time clocks there are."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fleet_figures import Figures

FOLDER = Path(__file__).parent.parent / "docs" / "performance"
GOAL = 1000 / 60
"""Milliseconds of the program's processor that a visit with nothing to do may take."""
_CADENCE = 300
"""Seconds between two visits in the plot."""
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 560, 320, 56, 20, 20, 44
_SERIES = (("program (worker and serve)", "#1f77b4"), ("with broker and control database", "#ff7f0e"))


def write_page(kept: Sequence[Figures]) -> None:
    """Write the page and its plot."""
    found = sorted(kept, key=lambda one: (one.size.all_clocks, one.size.workers, one.warm))
    (FOLDER / "fleet.svg").write_text(_plot([one for one in found if one.size.cadence == _CADENCE]))
    (FOLDER / "fleet.md").write_text(_page(found))


def _milliseconds(one: Figures, *more: str) -> float:
    """Milliseconds of the processor for each visit: of the program, and of these servers."""
    return 1000 * (one.ours + sum(one.cpu.get(name, 0.0) for name in more)) / max(1, one.visits)


def _page(found: Sequence[Figures]) -> str:
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    head = (
        "time clocks|accounts|visited every, s|processes|had worked, s|measured, s|visits a second"
        "|CPU of the program, ms a visit"
        "|visits a second and core|worker|serve|PostgreSQL|RabbitMQ|companies"
        "|control database: statements a visit|transactions a visit"
        "|turns a visit|calls a visit|calls of the busiest account, carried on for a day|age p50, p95, most, s"
        "|memory of a process, PSS and RSS, MiB|rows wrong|load|processor"
    )
    lines = [
        "<!-- Made by benchmarks/fleet.py. -->",
        "# A fleet that grows",
        "",
        "`serve` and a worker of two processes or more, RabbitMQ, the control database on PostgreSQL, an SQLite file",
        "for each account, and companies that answer from memory, all on one machine with two processors. Each account",
        "has 50 time clocks with 20 people each; nothing changes. CPU is in seconds of the processor while it was",
        "measured; PostgreSQL and RabbitMQ are those of the machine, with whatever else they did. Until a process",
        "has seen every time clock once it opens clients, asks for lists and looks through answers: a fleet that had",
        "worked for less than some intervals was measured while it did. The load is that of the machine: above two,",
        "others worked at the same time, and the caches were theirs, too. The plot is of visits every five minutes.",
        "How to read it is in [fleet.md](../fleet.md#capacity).",
        "",
        f"| {' | '.join(head.split('|'))} |",
        f"|{'---|' * len(head.split('|'))}",
        *map(_line, found),
        "",
        f"Measured {day}, Python {platform.python_version()}.",
        "",
        "![CPU for each visit against time clocks](fleet.svg)",
    ]
    return "\n".join(lines) + "\n"


def _line(one: Figures) -> str:
    cells = (
        f"{one.size.all_clocks:,}",
        one.size.accounts,
        one.size.cadence,
        one.size.workers,
        f"{one.warm:.0f}",
        f"{one.seconds:.0f}",
        f"{one.visits / one.seconds:.1f}",
        f"{_milliseconds(one):.0f}",
        f"{one.visits_a_core:.0f}",
        *(f"{one.cpu.get(name, 0.0):.1f}" for name in ("worker", "serve", "PostgreSQL", "RabbitMQ", "companies")),
        f"{one.each('control statements'):.1f}",
        f"{one.each('control transactions'):.1f}",
        f"{one.turns / max(1, one.visits):.2f}",
        f"{sum(one.calls.values()) / max(1, one.visits):.2f}",
        f"{one.most_calls:,}",
        f"{one.age(0.5)}, {one.age(0.95)}, {one.age(1)}" if any(one.ages) else "not sampled",
        f"{one.pss:.0f}, {one.rss:.0f}",
        one.wrong,
        f"{one.load:.1f}",
        one.processor or "not kept",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _plot(found: Sequence[Figures]) -> str:
    clocks = [one.size.all_clocks for one in found]
    lines = [
        [_milliseconds(one) for one in found],
        [_milliseconds(one, "PostgreSQL", "RabbitMQ") for one in found],
    ]
    most = max(GOAL, *(value for line in lines for value in line)) * 1.1
    low, high = math.log(min(clocks)), math.log(max(clocks))

    def x(value: float) -> float:
        return round(_LEFT + (math.log(value) - low) / max(high - low, 1e-9) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value / most * (_HEIGHT - _TOP - _BOTTOM), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"',
        '  font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="14">CPU for each visit, ms</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">time clocks</text>',
    ]
    step = 10 ** math.floor(math.log10(most)) / 2
    for tick in (step * number for number in range(math.floor(most / step) + 1)):
        parts.append(_stroke([(_LEFT, y(tick)), (_WIDTH - _RIGHT, y(tick))], "#ddd"))
        parts.append(f'<text x="{_LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    parts += [
        f'<text x="{x(value)}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{value:,}</text>' for value in clocks
    ]
    parts.append(_stroke([(_LEFT, y(GOAL)), (_WIDTH - _RIGHT, y(GOAL))], "#888", dashed=True))
    parts.append(
        f'<text x="{_WIDTH - _RIGHT}" y="{y(GOAL) - 4}" text-anchor="end" fill="#555">60 a second and core</text>'
    )
    for place, ((name, colour), line) in enumerate(zip(_SERIES, lines, strict=True)):
        points = [(x(many), y(value)) for many, value in zip(clocks, line, strict=True)]
        parts.append(_stroke(points, colour))
        parts += [f'<circle cx="{across}" cy="{down}" r="3" fill="{colour}"/>' for across, down in points]
        parts.append(f'<text x="{_LEFT + 8 + 200 * place}" y="{_HEIGHT - 8}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _stroke(points: Iterable[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    said = " ".join(f"{across},{down}" for across, down in points)
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<polyline points="{said}" fill="none" stroke="{colour}"{dashes}/>'
