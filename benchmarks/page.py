"""docs/performance.md, from the results of a run. Prose is in docs/performance-notes.md, which the page links to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import day_page
import msgspec
from beside import YEAR, busy_beside
from goals import LARGE, MILLION, goals
from lives import COLD, CONSOLE, DAY, INCREMENTAL, STEADY
from machine import Record
from measure import DELAYS
from summary import NAMES, PRODUCT, SCENARIOS, Seconds, Summary
from tables import digits, number, table

DOCS = Path(__file__).parent.parent / "docs"
_MADE = "<!-- Made by `make bench` (benchmarks/page.py); write prose into performance-notes.md instead. -->"
_INTRO = """\
# How fast it is, and against what

Everything here was measured by `make bench` in one run, on the machine named at the end; no number is of another run,
and nothing is written in by hand. [How it is measured](../benchmarks/README.md), what each column means and what is
not measured; [what was found on the way](performance-notes.md), with profiles and figures of other runs. A number with
**≈** was not run but reckoned: from parts of it, in proportion from a smaller size, or from its round trips.
"""


def write(results: Path, docs: Path = DOCS) -> None:
    """Write the page and its plots."""
    record = msgspec.json.decode(results.read_bytes(), type=Record)
    summary = Summary(record)
    pictures = _pictures(summary, docs / "performance")
    parts = [
        _MADE,
        _INTRO,
        day_page.days(summary),
        day_page.runs(summary),
        _goals(summary),
        *(f"![{name.removesuffix('.svg')}](performance/{name})\n" for name in pictures),
        _floors(summary),
        *_tables(summary),
        _delays(summary),
        day_page.many_clocks(summary),
        _memory(summary),
        _starting(summary),
        _machine(record),
    ]
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "performance.md").write_text("\n".join(part for part in parts if part), encoding="utf-8")


def _pictures(summary: Summary, folder: Path) -> list[str]:
    """The plots' names; none without the package that draws them, which is said."""
    try:
        import plots  # noqa: PLC0415 - the page can be made without
    except ModuleNotFoundError as error:
        print(f"NOT DRAWN: the plots, for want of {error.name}", file=sys.stderr)
        return []
    return plots.draw(summary, folder)


def _s(found: Seconds | None) -> str:
    """Seconds, to three digits."""
    if found is None:
        return "–"
    return f"{'≈ ' if found.is_estimate else ''}{digits(found.value)} s"


def _times(value: float | None, by: float | None) -> str:
    return "–" if value is None or not by else f"{digits(value / by)} ×"


def _goals(summary: Summary) -> str:
    rows = []
    for goal in goals(summary):
        found = "–" if goal.found is None else f"{digits(goal.found)}{' ' if goal.unit == '×' else ''}{goal.unit}"
        rows.append((goal.goal, goal.where, found, goal.verdict, goal.note))
    left = [f"{size:,}" for size in (LARGE, MILLION) if size not in summary.sizes]
    rest = f"\nNot in this run, and so their goals: {' and '.join(left)} shifts.\n" if left else ""
    return (
        "## Goals\n\nThe product's seconds are those of a library call unless the goal says whole process; so are those"
        " of its peers.\n\n" + table(("goal", "where", "found", "", "note"), rows) + rest
    )


def _floors(summary: Summary) -> str:
    parts = ("fetch", "decode", "read", "compare", "write_clock_times", "write_all")
    rows = []
    for shifts in summary.sizes:
        for kind in summary.databases:
            seconds = [_s(summary.seconds(kind, shifts, "floor", part)) for part in parts]
            size = max((m.size_bytes or 0 for m in summary.measured(kind, shifts, "floor", "decode")), default=0)
            count = max((m.rows or 0 for m in summary.measured(kind, shifts, "floor", "write_all")), default=0)
            rows.append((NAMES[kind], f"{shifts:,}", f"{size / 1e6:.1f} MB", *seconds, f"{count:,}"))
    head = ("database", "shifts", "answers", "fetch", "decode", "read", "compare", "write clock_times", "write all")
    return "## The floor\n\n" + table((*head, "rows of all"), rows)


def _tables(summary: Summary) -> Iterator[str]:
    for kind in summary.databases:
        yield f"## {NAMES[kind]}\n"
        for shifts in summary.sizes:
            if summary.subjects(kind, shifts):
                yield f"### {shifts:,} shifts\n\n{_one(summary, kind, shifts)}"


def _one(summary: Summary, kind: str, shifts: int) -> str:
    """A row for everybody: seconds, ratio to the floor and to the product's call, and what it took."""
    mine = {scenario: summary.own(kind, shifts, scenario) for scenario in SCENARIOS}
    rows = []
    wrong: list[str] = []
    for subject, how in summary.subjects(kind, shifts):
        cells = [f"{subject}, {how}"]
        for scenario in SCENARIOS:
            found = summary.seconds(kind, shifts, subject, scenario, how=how)
            value, call = found.value if found else None, mine[scenario]
            floor = _times(value, summary.floor_of(kind, shifts, scenario))
            cells += [_s(found), f"{floor} / {_times(value, call.value if call else None)}"]
        cells.append(" / ".join(number(summary.statements(kind, shifts, subject, scenario)) for scenario in SCENARIOS))
        if kind != "sqlite":
            cells.append(" / ".join(number(summary.trips(kind, shifts, subject, scenario)) for scenario in SCENARIOS))
        said = summary.verdict(kind, shifts, subject)
        if said not in {"", "right"}:
            wrong.append(f"- {subject}, {how}: {said}.")
            said = "**WRONG**"
        cells += [number(summary.peak(kind, shifts, subject, how)), said or "–"]
        rows.append(cells)
    ratio = "× floor / × ours"
    head = ["", COLD, ratio, STEADY, ratio, INCREMENTAL, ratio, "statements"]
    head += ["peak MiB", "result"] if kind == "sqlite" else ["round trips", "peak MiB", "result"]
    warm = []
    for how in ("process", "call"):
        first = summary.first_after_change(kind, shifts, how)
        if first:
            warm.append(f"{how} {_s(first)}")
    note = f"Nothing changed, the first time after a change: {', '.join(warm)}.\n" if warm else ""
    return "\n".join((table(head, rows), *wrong, *([""] if wrong else []), note))


def _delays(summary: Summary) -> str:
    """500 shifts at every delay, whole processes."""
    rows = []
    for kind in summary.databases:
        names = dict.fromkeys(m.subject for m in summary.results if m.database == kind and m.delay_ms and m.shifts)
        for subject in names:
            for scenario in SCENARIOS:
                found = [
                    summary.seconds(kind, 500, subject, scenario, relay=True, delay=delay, whole=True)
                    for delay in DELAYS
                ]
                trips = summary.trips(kind, 500, subject, scenario)
                if any(found):
                    rows.append((NAMES[kind], subject, scenario, number(trips), *map(_s, found)))
    if not rows:
        return ""
    pings = []
    for kind in summary.databases:
        direct = summary.seconds(kind, 0, "ping", "ping")
        through = [summary.seconds(kind, 0, "ping", "ping", relay=True, delay=delay) for delay in DELAYS]
        if direct:
            cells = [f"{ping.value * 1000:.2f} ms" if ping else "–" for ping in (direct, *through)]
            pings.append((NAMES[kind], *cells))
    head = ["database", "", "", "round trips", *(f"{delay} ms" for delay in DELAYS)]
    return (
        "## A network between program and database\n\n500 shifts, whole processes, through the relay.\n\n"
        + table(head, rows)
        + "\nOne round trip (`SELECT 1`), directly and through the relay: what the relay itself costs.\n\n"
        + table(["", "directly", *(f"{delay} ms" for delay in DELAYS)], pings)
    )


def _starting(summary: Summary) -> str:
    rows = []
    for scenario in ("bare interpreter", "--version"):
        found = summary.seconds("none", 0, PRODUCT, scenario)
        rows.append((scenario, "", _s(found), f"{found.low:.3f} to {found.high:.3f}" if found else "–"))
    for kind in summary.databases:
        found = summary.seconds(kind, 500, PRODUCT, DAY)
        if found:
            span = f"{found.low:.3f} to {found.high:.3f}"
            rows.append(("`sync --day`, an unchanged ordinary day", NAMES[kind], _s(found), span))
        page = summary.seconds(kind, 500, PRODUCT, CONSOLE)
        if page:
            span = f"{page.low:.3f} to {page.high:.3f}"
            rows.append(("a page of the console, from a warm process", NAMES[kind], _s(page), span))
    return "## Starting\n\n" + table(("whole process, but for the page", "database", "median", "from, to"), rows)


def _memory(summary: Summary) -> str:
    """A year of shifts looked at, beside more and more of earlier years."""
    rows = [
        (NAMES[kind], f"{millions} million", f"{m.seconds:.1f} s", digits(m.peak_mib or 0))
        for kind in summary.databases
        for millions in (1, 5)
        for m in summary.measured(kind, YEAR, PRODUCT, busy_beside(millions))
    ]
    if not rows:
        return ""
    head = ("database", "shifts of earlier years", "the run", "peak MiB above the interpreter")
    words = f"The year of {YEAR:,} shifts is looked at after a busy hour, so that each slice is decided."
    return f"## Memory beside millions of rows\n\n{words}\n\n{table(head, rows)}"


def _machine(record: Record) -> str:
    minutes = f"{sum(record.seconds.values()) / 60:.0f} minutes in {len(record.done)} parts"
    about = table(("", ""), [*record.about.items(), ("measured in", minutes)])
    absent = "".join(f"- Not measured: {words}.\n" for words in record.absent)
    absent += "".join(f"- Failed: {words}\n" for words in record.failed)
    return f"## Machine and versions\n\n{about}" + (f"\n{absent}" if absent else "")
