"""The working day on the page: its table, that of runs by how many people changed, and their goals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from measure import DayFound, RunFound
from summary import NAMES, Summary
from tables import digits, number, table
from working_day import BELLS, PRODUCT

_DLT = ("dlt delete-insert", "dlt upsert")
_DAY = """\
A company lives a day, and the service looks every five minutes at today and the 14 days before it (`cadence_seconds`
is 300, with one time clock), as its peers do beside it. CPU seconds are those of the program: not of the sandbox, nor
of the database's server. *At rest* is the part that the service spent between its visits, once in five seconds, in case
something rang. Bytes written are those that the process wrote (SQLite), or the growth of the server's log. Runs are
seconds of an ordinary visit; from a change in Connecteam to its row are seconds of the company's day. The rows of these
days are compared with the company.

**≈**: what was lived stands for the rest of the day. The service lived parts spread over the day, each after it had
caught up. A peer lived as many visits as the table says, each with everything that had happened since the one before,
from a table that was right. Looks at older days and the nightly proof are in the product's day; peers have none.
"""
_RUNS = """\
A visit in which nobody's shifts changed, one in which 1 % of the people (one person at least) had a shift of these 15
days corrected, and the one after it. Medians; × is by nobody's.
"""


def days(summary: Summary) -> str:
    """The first table of the page."""
    if not summary.record.days:
        return "## The working day\n\nNot in this run.\n"
    rows = [
        _row(found, summary.day(kind, people, PRODUCT))
        for kind in summary.databases
        for people in summary.people
        for found in summary.record.days
        if (found.database, found.people) == (kind, people)
    ]
    head = (
        "database",
        "people",
        "",
        "lived",
        "CPU s a day",
        "× ours",
        "of it at rest",
        "round trips",
        "statements",
        "MB sent",
        "MB written",
        "API calls",
        "run p50, s",
        "p95",
        "change to row p50, s",
        "p95",
        "result",
    )
    return f"## The working day\n\n{_DAY}\n{table(head, rows)}"


def _row(found: DayFound, mine: DayFound | None) -> list[str]:
    about = "≈ " if found.estimate else ""

    def told(value: float | None) -> str:
        return "–" if value is None else about + number(value)

    def megabytes(value: int | None) -> str:
        return "–" if value is None else about + digits(value / 1e6)

    return [
        NAMES[found.database],
        f"{found.people:,}",
        found.subject,
        found.sample if not found.why else found.why,
        about + digits(found.cpu),
        "–" if mine is None else f"{digits(found.cpu / mine.cpu)} ×",
        about + digits(found.cpu_at_rest) if found.cpu_at_rest else "–",
        told(found.trips),
        told(found.statements),
        megabytes(found.sent),
        megabytes(found.written),
        told(found.calls),
        digits(found.run_p50),
        digits(found.run_p95),
        number(found.lag_p50),
        number(found.lag_p95),
        f"**WRONG**: {found.verdict}" if found.verdict not in {"", "right"} else found.verdict or "–",
    ]


def runs(summary: Summary) -> str:
    """What a visit costs, by how many people changed."""
    rows = []
    for kind in summary.databases:
        for people in summary.people:
            kinds = [summary.run(kind, people, scenario) for scenario in ("nobody", "some", "after")]
            if all(kinds):
                rows.append(_run_row(kind, people, [found for found in kinds if found]))
    if not rows:
        return ""
    head = ["database", "people", "nobody: CPU ms", "wall", "1 %: CPU ms", "×", "wall", "after: CPU ms", "×", "wall"]
    return f"### A visit, by how many people changed\n\n{_RUNS}\n{table([*head, 'statements', 'round trips'], rows)}"


def _run_row(kind: str, people: int, found: list[RunFound]) -> list[str]:
    base = median(found[0].cpu)
    cells = [NAMES[kind], f"{people:,}"]
    for one in found:
        cpu, wall = median(one.cpu), median(one.seconds)
        cells += [digits(cpu * 1000)]
        cells += [f"{digits(cpu / base)} ×"] if one is not found[0] else []
        cells += [digits(wall * 1000)]
    cells.append(" / ".join(number(one.statements) for one in found))
    cells.append(" / ".join(number(one.trips) for one in found) if found[0].trips is not None else "–")
    return cells


def many_clocks(summary: Summary) -> str:
    """A run over many time clocks."""
    rows = [
        [
            NAMES[one.database],
            number(one.looks),
            number(one.statements),
            digits(one.statements / one.looks),
            number(one.trips),
            digits(one.cpu * 1000 / one.looks),
        ]
        for one in summary.record.clocks
    ]
    if not rows:
        return ""
    head = ("database", "time clocks", "statements", "each", "round trips", "CPU ms each")
    return f"## Many time clocks\n\nA `sync` in which nothing changed, one look a time clock.\n\n{table(head, rows)}"


# -- goals -------------------------------------------------------------------------------------------------------------

Goals = Iterator[tuple[str, str, float | None, float, str, str]]
"""Goal, where, what was found, the limit, its unit, a note."""


def day_goals(summary: Summary) -> Goals:
    """The goals about the working day."""
    for kind in summary.databases if summary.record.days else ():
        for people in summary.people:
            yield from _one_day(summary, kind, people, f"{NAMES[kind]}, {people:,} people")


def _one_day(summary: Summary, kind: str, people: int, where: str) -> Goals:
    mine = summary.day(kind, people, PRODUCT)
    if mine is None:
        return
    theirs = [found for name in _DLT if (found := summary.day(kind, people, name))]
    best = min(theirs, key=lambda found: found.cpu, default=None)
    ratio = mine.cpu / best.cpu if best else None
    note = f"{digits(mine.cpu)} s against {digits(best.cpu)} s of {best.subject}" if best else ""
    if best is not None and mine.cpu_at_rest:
        note += f"; without what it does at rest {digits((mine.cpu - mine.cpu_at_rest) / best.cpu)} ×"
    yield "a day: at most 1/20 of the CPU of dlt's", where, ratio, 0.05, "×", note
    for found in (mine, summary.day(kind, people, BELLS)):
        if found is not None:
            words = "calls of a visit: one" + (", with webhooks" if found.subject == BELLS else "")
            yield words, where, found.calls_a_visit, 1, " a visit", ""
    nobody, some, after = (summary.run(kind, people, name) for name in ("nobody", "some", "after"))
    if nobody and some and after:
        base = median(nobody.cpu)
        wall = median(some.seconds) / median(nobody.seconds)
        note = f"{digits(wall)} × in wall time; the run after it {digits(median(after.cpu) / base)} ×"
        yield "1 % of the people changed: at most 2 × the CPU of nobody", where, median(some.cpu) / base, 2, "×", note
        first = summary.run(kind, summary.people[0], "nobody")
        if kind != "sqlite" and first and people != first.people:
            more = (nobody.trips or 0) - (first.trips or 0)
            note = f"{first.trips} and {nobody.trips}"
            where = f"{NAMES[kind]}, {people:,} people against {first.people}"
            yield "nobody changed: no more round trips", where, more, 0, " more", note


def clock_goals(summary: Summary, each: Callable[[str], tuple[int, int]]) -> Goals:
    """The goals about many time clocks; `each` are the statements a look and once that a database may take."""
    for one in summary.record.clocks:
        where = f"{NAMES[one.database]}, {one.looks} looks"
        a_look, once = each(one.database)
        yield (
            f"many time clocks, nothing changed: at most {a_look} statements a look and {once}",
            where,
            one.statements,
            a_look * one.looks + once,
            " statements",
            "",
        )
    for kind in summary.databases:
        few, many = summary.clocks(kind)
        if few and many:
            found = (many.cpu / many.looks) / (few.cpu / few.looks)
            where = f"{NAMES[kind]}, {many.looks} looks against {few.looks}"
            yield "many time clocks: a look costs no more among many (CPU)", where, found, 1.25, "×", ""
            if few.trips is not None and many.trips is not None:
                each_more = (many.trips - few.trips) / (many.looks - few.looks)
                note = f"{few.trips} and {many.trips}, connections included"
                yield "many time clocks: at most 3 round trips for each more", where, each_more, 3, " trips", note
