"""A table at other times: `resync` takes its rows and writes the shifts in one commit a person, by one word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import make_url
from test_damaged import fill, host_tables

from connecteam_sync.core.clocktime import clock_time_of
from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.store import Store
from support.databases import run_statement
from support.scenario import FIRST, LAST, World

PEOPLE = 6
HOUR, DAY = 3600, 86_400
EVERYBODY = PEOPLE
Alter = Callable[[int], int]
KINDS: dict[str, Alter] = {
    "an hour late": lambda instant: instant + HOUR,
    "in local time": lambda instant: instant - 6 * HOUR,
    "a day late": lambda instant: instant + DAY + HOUR,
    "a day early": lambda instant: instant - DAY + 2 * HOUR,
    "rounded": lambda instant: round(instant / 900) * 900,
}


class Old(World):
    """A host's own table, six people on two time clocks, and nobody who clocks in on the full minute."""

    def __init__(self, sandbox: Sandbox, database: str, **settings: Any) -> None:  # noqa: ANN401 - any setting
        users = sorted(sandbox.company.people)
        self.employees, self.database = host_tables(database, users), database
        super().__init__(sandbox, database, **{"employees": "match", "max_deletes": 3, "total_seconds": 30, **settings})
        self.people = users
        for number, user in enumerate(users):
            clock = OFFICE if number % 2 else WAREHOUSE
            self.company.people[user].clocks = {clock}
            for day in (2, 3, 4, 5, 6, 8, 9):
                begin = self.at(day, "08:00") + 41 + number * 600
                self.company.add(user, begin, begin + 4 * HOUR + 30, clock=clock, created_at=begin)

    def old_rows(self, alter: Alter, people: int = EVERYBODY) -> list[dict[str, Any]]:
        """What another program wrote of the first so many people, at other times."""
        chosen = self.people[:people]
        shifts = [shift for shift in self.company.activities.values() if shift.user_id in chosen]
        fill(self, [clock_time_of(self.employees[s.user_id], alter(s.start), alter(s.end or 0)) for s in shifts])
        return self.table()

    def words(self, run: Run) -> list[str]:
        """The fingerprints that the next step of a run names, and those of its holds."""
        said = [run.next_step or "", *(hold.detail for hold in run.holds)]
        found = [part.split()[0].rstrip(";,.") for text in said for part in text.split("--accept ")[1:]]
        return list(dict.fromkeys(found))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with six people."""
    with Sandbox(Company(0, people=PEOPLE), SandboxSettings(minute_limit=1_000_000)) as running:
        yield running


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[Counter[int]]:
    """The minutes of each employee as they stand after every transaction of the product, in order."""
    found: list[Counter[int]] = []
    writing = Store.writing

    @contextmanager
    def watched(self: Store, *given: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401 - as it is called
        with writing(self, *given, **named) as session:
            yield session
        found.append(hours(self))

    monkeypatch.setattr(Store, "writing", watched)
    return found


def hours(store: Store) -> Counter[int]:
    """Minutes of ours by employee."""
    sums: Counter[int] = Counter()
    with store.reading() as session:
        for row in session.rows_of_all():
            sums[int(row.employee_id)] += row.minutes if row.is_ours else 0
    return sums


def nobody_twice(commits: list[Counter[int]], *ends: Counter[int], holes: bool = False) -> None:
    """At no commit has anybody more hours than before or after, nor (but where `holes` are told of) fewer."""
    assert commits
    for seen in commits:
        for person in {employee for end in ends for employee in end}:
            most, least = (choose(end[person] for end in ends) for choose in (max, min))
            assert seen[person] <= most * 1.1, (person, seen, ends)
            assert holes or seen[person] >= least * 0.9, (person, seen, ends)


@pytest.mark.parametrize(("kind", "people"), [*((k, EVERYBODY) for k in KINDS), ("an hour late", 2), ("rounded", 1)])
def test_one_word_replaces_a_table_at_other_times(
    sandbox: Sandbox, database: str, commits: list[Counter[int]], kind: str, people: int
) -> None:
    """Refused, nothing of these people written; accepted, exact; then quiet, proved, and undone to the byte."""
    world = Old(sandbox, database)
    before = world.old_rows(KINDS[kind], people)
    truth, old = world.company.truth(FIRST, LAST), hours(world.mirror.store)
    mine = {world.employees[user] for user in world.people[:people]}
    commits.clear()
    refused = world.mirror.resync(world.window)
    assert refused.exit_code == 4
    assert [row for row in world.table() if row["employee_id"] in mine] == before
    assert "old_rows_stay" in {hold.reason for hold in refused.holds}
    words = world.words(refused)
    assert len(words) == 1, (words, refused)
    run = world.mirror.resync(world.window, accept=words)
    assert (run.exit_code, world.rows()) == (0, truth), [(h.reason, h.detail) for h in run.holds]
    after = hours(world.mirror.store)
    nobody_twice(commits, Counter({e: old[e] for e in mine}), Counter({e: after[e] for e in mine}))
    assert world.mirror.resync(world.window).status == "nothing"
    assert world.mirror.verify(world.window).differences == 0
    assert world.mirror.holds() == ()
    world.mirror.undo(run.id or 0)
    if refused.counts.created:
        world.mirror.undo(refused.id or 0)
    assert world.table() == before
    world.mirror.close()


@pytest.mark.parametrize("kind", ["an hour late", "a day late", "a day early"])
def test_slices_are_each_replaced_at_once(
    sandbox: Sandbox, database: str, commits: list[Counter[int]], kind: str
) -> None:
    """Rows that stand in the next slice of four days: all words in one command, the first alone doubles nothing."""
    world = Old(sandbox, database, slice_days=8)
    before = world.old_rows(KINDS[kind])
    old = hours(world.mirror.store)
    commits.clear()
    refused = world.mirror.resync(world.window)
    new = {tuple(row.values()) for row in world.table()} - {tuple(row.values()) for row in before}
    assert (refused.exit_code, new) == (4, set()), refused
    assert world.table() == before
    words = world.words(refused)
    assert refused.next_step == (
        "connecteam-sync resync --from 2025-12-01 --to 2025-12-11 " + " ".join(f"--accept {word}" for word in words)
    )
    assert len(words) > 1
    runs = [world.mirror.resync(world.window, accept=words[:1])]
    assert runs[0].exit_code == 4
    runs.append(world.mirror.resync(world.window, accept=words))
    while runs[-1].exit_code == 4 and len(runs) < len(words) + 2:
        runs.append(world.mirror.resync(world.window, accept=world.words(runs[-1])))
    assert (runs[-1].exit_code, world.rows()) == (0, world.company.truth(FIRST, LAST)), runs[-1]
    # A row at the edge of a slice may go a commit before its shift comes: for that long it is nowhere, never twice.
    nobody_twice(commits, old, hours(world.mirror.store), holes=True)
    assert world.mirror.resync(world.window).status == "nothing"
    assert world.mirror.verify(world.window).differences == 0
    for run in reversed(runs):
        if run.status == "applied" or run.counts.created:
            world.mirror.undo(run.id or 0)
    assert world.table() == before
    world.mirror.close()


def test_a_single_shift_over_the_edge_of_a_slice_is_never_there_twice(
    sandbox: Sandbox, database: str, commits: list[Counter[int]]
) -> None:
    """All that a person has: the shift in the first slice, its row in the second, and the other way round."""
    world = Old(sandbox, database, slice_days=8, max_deletes=50)
    world.company.activities.clear()
    for number, user in enumerate(world.people[:4]):
        # From half past ten to two in the night that the slices share, Chicago time.
        begin = world.at(4, "22:30") + 41 if number % 2 else world.at(5, "00:30") + 41
        world.company.add(user, begin, begin + 4 * HOUR, clock=min(world.company.people[user].clocks), created_at=begin)
        row = begin + 3 * HOUR if number % 2 else begin - 3 * HOUR
        fill(world, [clock_time_of(world.employees[user], row, row + 4 * HOUR)])
    for user in world.people[4:]:
        for day in (2, 6, 9):
            world.work(day, "08:00", "12:00", user=user, clock=min(world.company.people[user].clocks))
    before, old = world.table(), hours(world.mirror.store)
    commits.clear()
    run = world.mirror.resync(world.window)
    assert (run.exit_code, world.rows()) == (0, world.company.truth(FIRST, LAST)), [
        (h.reason, h.detail) for h in run.holds
    ]
    nobody_twice(commits, old, hours(world.mirror.store), holes=True)
    assert world.mirror.resync(world.window).status == "nothing"
    world.mirror.undo(run.id or 0)
    assert world.table() == before
    world.mirror.close()


def test_one_person_among_many_has_a_word_of_their_own(
    sandbox: Sandbox, database: str, commits: list[Counter[int]]
) -> None:
    """Their rows are few next to those of all: held, old and new, under one name; the rest goes on."""
    world = Old(sandbox, database, max_deletes=50)
    world.old_rows(KINDS["an hour late"], 1)
    before, old = world.table(), hours(world.mirror.store)
    mine = world.employees[world.people[0]]
    commits.clear()
    run = world.mirror.resync(world.window)
    assert run.exit_code == 3
    assert Counter(hold.reason for hold in run.holds) == {"deletes_guarded": 7, "old_rows_stay": 7}
    assert [row for row in world.table() if row["employee_id"] == mine] == before
    assert run.counts.created == 7 * (PEOPLE - 1)
    (word,) = world.words(run)
    done = world.mirror.resync(world.window, accept=[word])
    assert (done.exit_code, world.rows()) == (0, world.company.truth(FIRST, LAST))
    nobody_twice(commits, Counter({mine: old[mine]}))
    world.mirror.close()


def invalid(world: Old) -> None:
    """A record of the first person cannot be believed."""
    shift = next(s for s in world.company.activities.values() if s.user_id == world.people[0])
    world.company.add(shift.user_id, shift.start + 9 * HOUR, shift.start + 8 * HOUR, clock=shift.clock_id, created_at=1)


def pointed_at(world: Old) -> None:
    """Rows of another table point at all of theirs."""
    table = (
        "CREATE TABLE payslips (row_id BIGINT NOT NULL PRIMARY KEY, FOREIGN KEY (row_id) REFERENCES clock_times (id))"
    )
    run_statement(make_url(world.database), table.replace("BIGINT", "INTEGER") if "sqlite" in world.database else table)
    for row in world.table():
        if row["employee_id"] == world.employees[world.people[0]]:
            world.execute("INSERT INTO payslips (row_id) VALUES (:row)", row=row["id"])


@pytest.mark.parametrize("why", [invalid, pointed_at])
def test_where_old_rows_cannot_go_new_ones_do_not_come(
    sandbox: Sandbox, database: str, commits: list[Counter[int]], why: Callable[[Old], None]
) -> None:
    """Whatever keeps them, and whatever was accepted: both are held, and come to their right once that is over."""
    world = Old(sandbox, database, max_deletes_of_person=50)
    world.old_rows(KINDS["an hour late"], 2)
    why(world)
    old, mine = hours(world.mirror.store), world.employees[world.people[0]]
    commits.clear()
    run = world.mirror.resync(world.window)
    run = world.mirror.resync(world.window, accept=world.words(run))
    held = Counter(hold.reason for hold in run.holds if hold.employee_id == mine)
    assert (run.exit_code, held["old_rows_stay"]) == (3, 7), run.holds
    assert hours(world.mirror.store)[mine] == old[mine]
    nobody_twice(commits, Counter({mine: old[mine]}))
    assert {row[0] for row in world.rows() ^ world.company.truth(FIRST, LAST)} == {world.people[0]}
    world.mirror.close()
