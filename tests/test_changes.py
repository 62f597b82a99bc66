"""What changed in the table since a day, and a person's history of some days: as lists, for spreadsheets, in parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from connecteam_sync.cli import history
from connecteam_sync.core.change import Change
from connecteam_sync.core.change_lines import COLUMNS, changes_csv, lines_of
from connecteam_sync.core.run import Entry
from connecteam_sync.errors import ConfigurationError, FeedReset, NotFound, WindowError
from connecteam_sync.present.history_text import change_lines
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.long_ago import DAYS, LongAgo, long_ago
from support.scenario import World
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]
TUESDAY, WEDNESDAY = date(2025, 12, 2), date(2025, 12, 3)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def sheet(world: World, since: date | None = None, until: date | None = None) -> list[dict[str, str]]:
    """The changes since a day, as a spreadsheet reads them."""
    zone = world.window.zone
    entries = world.mirror.changes(since=since, until=until)
    text = "".join(changes_csv(lines_of(entries, world.mirror.names(), zone), zone))
    return list(csv.DictReader(io.StringIO(text)))


def test_what_changed_since_a_day_is_listed_by_when_it_was_written(world: World) -> None:
    """From the day's first second in the business's zone to the last one of the day that ends it."""
    shift = world.work(2, "08:00", "16:00")
    # Midnight of Chicago is six in the morning of UTC.
    moments = [datetime(2025, 12, 4, 5, 59, 59, tzinfo=UTC) + timedelta(seconds=step) for step in (0, 1)]
    moments += [datetime(2025, 12, 5, 5, 59, 59, tzinfo=UTC) + timedelta(seconds=step) for step in (0, 1)]
    for number, moment in enumerate(moments):
        with time_machine.travel(moment, tick=False):
            world.company.edit(shift.id, end=world.at(2, "16:00") + 600 * number)
            world.sync()
    fourth, fifth = date(2025, 12, 4), date(2025, 12, 5)
    every = [line["delta_minutes"] for line in sheet(world)]
    assert every == ["480", "10", "10", "10"]
    assert [line["run"] for line in sheet(world, since=fourth)] == ["2", "3", "4"]
    assert [line["run"] for line in sheet(world, since=fourth, until=fourth)] == ["2", "3"]
    assert [line["run"] for line in sheet(world, since=fifth)] == ["4"]
    assert [line["run"] for line in sheet(world, until=date(2025, 12, 3))] == ["1"]
    assert sheet(world, since=date(2025, 12, 6)) == []


def test_a_line_has_the_times_and_minutes_old_and_new(world: World) -> None:
    """Local times with their offset; an open shift has no minutes; who, when, which run and why."""
    shift = world.work(2, "08:00", None)
    world.sync()
    world.work(5, "08:00", "09:00")
    world.company.edit(shift.id, end=world.at(2, "16:30"))
    world.sync()
    world.company.delete(shift.id)
    world.sync()
    added, changed, removed = (line for line in sheet(world) if line["shift_id"] == shift.id)
    assert tuple(added) == COLUMNS
    assert [line["what"] for line in (added, changed, removed)] == ["added", "changed", "removed"]
    assert (added["minutes_before"], added["minutes_after"], added["delta_minutes"]) == ("", "", "0")
    assert (changed["clock_in_before"], changed["clock_out_before"]) == ("2025-12-02T08:00:00-06:00", "")
    assert changed["clock_out_after"] == "2025-12-02T16:30:00-06:00"
    assert (changed["minutes_after"], changed["delta_minutes"], changed["day"]) == ("510", "510", "2025-12-02")
    assert (removed["minutes_before"], removed["minutes_after"], removed["delta_minutes"]) == ("510", "", "-510")
    assert (removed["clock_in_after"], removed["shift_id"], removed["run"]) == ("", shift.id, "3")
    assert removed["why"]
    assert sum(int(line["delta_minutes"]) for line in sheet(world)) == 60


def test_a_row_that_moves_is_two_lines(world: World) -> None:
    """To another day or another person: removed there, added here, so that the minutes of each add up."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.company.edit(shift.id, start=world.at(3, "08:00"), end=world.at(3, "15:00"))
    world.sync()
    assert [(line["day"], line["what"], line["delta_minutes"]) for line in sheet(world)] == [
        ("2025-12-02", "added", "480"),
        ("2025-12-02", "removed", "-480"),
        ("2025-12-03", "added", "420"),
    ]
    said = list(
        change_lines(lines_of(world.mirror.changes(), world.mirror.names(), world.window.zone), world.window.zone)
    )
    assert [line.split("  ")[0] for line in said] == ["Tue 2 Dec 2025", "Tue 2 Dec 2025", "Wed 3 Dec 2025"]
    assert "-8:00 h" in said[1]


def test_names_cannot_act_in_a_spreadsheet_or_a_terminal(world: World) -> None:
    """A formula, a line break, an escape of a terminal."""
    person = world.company.people[world.user]
    person.first_name, person.last_name = "=1+1", "\x1b[2J\nx"
    world.work(2, "08:00", "16:00")
    world.sync()
    [line] = sheet(world)
    assert line["name"].startswith("'=1+1")
    assert line["name"].isprintable()


def test_a_history_of_some_days_comes_in_parts(world: World) -> None:
    """Rows, changes and holds of the days from first to last; a cursor goes on behind the last change."""
    shift = world.work(2, "08:00", "16:00")
    world.work(3, "08:00", "16:00")
    world.work(5, "08:00", "16:00")
    world.sync()
    world.company.edit(shift.id, end=world.at(2, "17:00"))
    world.sync()
    name = world.mirror.names()[1]
    found = world.mirror.history(name.upper(), TUESDAY, WEDNESDAY)
    assert ([row.minutes for row in found.rows], len(found.changes), found.has_more) == ([540, 480], 3, False)
    first = world.mirror.history(name, TUESDAY, WEDNESDAY, limit=2)
    assert (len(first.changes), first.has_more) == (2, True)
    rest = world.mirror.history(name, TUESDAY, WEDNESDAY, after=first.changes[-1].cursor, limit=2)
    assert ([one.number for one in (*first.changes, *rest.changes)], rest.has_more) == (
        [one.number for one in found.changes],
        False,
    )
    assert len(world.mirror.history(name).changes) == 4
    with pytest.raises(WindowError):
        world.mirror.history(name, WEDNESDAY, TUESDAY)
    with pytest.raises(NotFound):
        world.mirror.history("Nobody", TUESDAY)
    with pytest.raises(FeedReset):
        world.mirror.history(name, after="1-ffffff")
    with pytest.raises(ConfigurationError):
        world.mirror.history(name, after="odd")


def test_purged_days_are_named(initialised: str) -> None:
    """In a history that has some of them, and by the client."""
    with long_ago(initialised) as world:
        assert isinstance(world, LongAgo)
        someone = world.employee(world.user)
        world.purged()
        assert [f"{one.first}..{one.last}" for one in world.mirror.history(someone).purged] == [DAYS]
        assert [f"{one.first}..{one.last}" for one in world.mirror.history(someone, date(2021, 3, 14)).purged] == [DAYS]
        assert world.mirror.history(someone, date(2021, 3, 15)).purged == ()
        assert [f"{one.first}..{one.last}" for one in world.mirror.purged(date(2021, 3, 1), date(2021, 3, 1))] == [DAYS]
        assert world.mirror.purged(date(2021, 3, 15)) == ()


def test_the_command_lists_and_prints_tables(terminal: Terminal) -> None:
    """All of a table at once, or as much as was asked for and how to go on; one form only."""
    assert terminal("sync", *WINDOW).code == 0
    whole = terminal("changes", "--since", "2025-12-01", "--csv")
    assert (whole.code, whole.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(whole.out)))
    assert len(rows) == 60
    part = terminal("changes", "--since", "2025-12-01", "--csv", "--limit", "40")
    assert len(list(csv.DictReader(io.StringIO(part.out)))) == 40
    cursor = part.err.split()[-1]
    assert part.err.startswith("next: connecteam-sync changes --since 2025-12-01 --csv --after 40-")
    rest = terminal("changes", "--since", "2025-12-01", "--csv", "--after", cursor)
    assert len(list(csv.DictReader(io.StringIO(rest.out)))) == 20
    said = terminal("changes", "--since", "today", "--limit", "1")
    assert "added" in said.out
    assert "run 1" in said.out
    assert terminal("changes", "--until", "2025-12-01", "--json").json["changes"] == []
    assert "nothing changed" in terminal("changes", "--until", "2025-12-01").err
    for words, why in (
        (("changes", "--csv", "--json"), "--csv and --json"),
        (("changes", "--since", "2025-12-02", "--until", "2025-12-01"), "is before"),
        (("changes", "--since", "soon"), "no day"),
        (("history", "1", "2025-12-01", "--day", "2025-12-01"), "named twice"),
        (("history", "1", "2025-12-02..2025-12-01"), "end before they begin"),
    ):
        answer = terminal(*words)
        assert (answer.code, why in answer.err) == (2, True), answer


def test_the_command_tells_a_history_of_some_days(terminal: Terminal) -> None:
    """As text, as JSON, as a table; a part of it says how to go on."""
    assert terminal("sync", *WINDOW).code == 0
    shift = terminal.sandbox.company.shifts()[0]
    person = terminal.sandbox.company.people[shift.user_id]
    name = f"{person.first_name} {person.last_name}"
    every = [one for one in terminal.sandbox.company.shifts() if one.user_id == shift.user_id]
    answer = terminal("history", name, "2025-12-01..2025-12-11", "--csv")
    assert len(list(csv.DictReader(io.StringIO(answer.out)))) == len(every)
    found = terminal("history", name, "2025-12-01..2025-12-11", "--json").json
    assert (len(found["rows"]), found["has_more"], found["purged"]) == (len(every), False, [])
    part = terminal("history", name, "--limit", "1")
    assert "--after" in part.err
    assert "another program removed" not in part.out
    day = datetime.fromtimestamp(shift.start, UTC).date()
    assert terminal("history", name, day.isoformat()).out == terminal("history", name, "--day", day.isoformat()).out


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_every_page_of_the_command_is_read_once(count: int) -> None:
    """Until one is not full; the first one may be empty, and is there for the heading."""
    asked: list[str] = []

    def page(cursor: str, size: int) -> tuple[Entry, ...]:
        asked.append(cursor)
        numbers = range(int(cursor) + 1, min(int(cursor) + size, count) + 1)
        change = Change(kind="link", before=None, after=None, shift_id=None, user_id=None, days=(TUESDAY,) * 2, why="")
        return tuple(Entry(number=n, cursor=str(n), run=1, at=0, change=change) for n in numbers)

    found = [entry.number for some in history._pages(page, "0") for entry in some]
    assert found == list(range(1, count + 1))
    assert len(asked) == count // 1000 + 1
