"""Records that cannot be right, through a whole run into every database: each harms only itself, today and tomorrow."""

from __future__ import annotations

import json
import os
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import Activity
from support.assertion_counts import replay, tell
from support.scenario import FIRST, LAST, World

ROUNDS = int(os.environ.get("CONNECTEAM_SYNC_ODD_ROUNDS", "12"))
"""Answers with something odd in them, for each list and database."""
RAW = "raw-"
TOKENS = [
    b"NaN",
    b"-Infinity",
    b"1e400",
    rb'"x\ud83d"',
    b'"\xff"',
    b"[" * 3000 + b"]" * 3000,
    b'"two\nlines"',
    b'"\x00"',
]
ODD: list[Any] = [
    *(f"{RAW}{number}" for number in range(len(TOKENS))),
    *(None, True, False, 0, -1, 1, 2**63 - 1, 2**63, 10**30, -(10**30), 1.5, 1764684000.5, 1764684000000),
    *("", " ", "s1 ", " s1", "\0", "a\0b", "a\u200bb", "\u202ex", "é" * 400, "x" * 191, "x" * 186, "\U0001f600" * 191),
    *([], {}, [[]], {"id": {}}, "12", "null"),
]


@contextmanager
def world_of(database: str, shifts: int = 0, **settings: Any) -> Iterator[World]:  # noqa: ANN401 - any setting
    """A mirrored company."""
    with Sandbox(Company(shifts), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        world = World(sandbox, database, max_deletes=10**6, total_seconds=30, **settings)
        try:
            yield world
        finally:
            world.mirror.close()


def test_a_record_without_a_time_names_the_row_of_its_shift_wherever_that_is(initialised: str) -> None:
    """Moved to other days and spoiled at once: the look that shows it knows its row by the id, and says the day."""
    with world_of(initialised, slice_days=5) as world:
        shift, other = world.work(2, "08:00", "12:00"), world.work(10, "08:00", "12:00")
        world.sync()
        [row] = [one["clock_time_id"] for one in world.table("connecteam_sync_shifts") if one["id"] == shift.id]
        world.company.edit(shift.id, start=other.start + 86_400, end=other.start + 90_000)
        shift.spoiled = {"start": {"timestamp": "soon", "timezone": world.company.timezone}}
        late = world.mirror.window(date(2025, 12, 9), LAST)
        for _ in range(2):
            run = world.sync(late)
            [hold] = [standing.hold for standing in world.mirror.holds("impossible_record")]
            assert (hold.shift_id, hold.clock_time_id) == (shift.id, row)
            assert hold.detail.endswith(f"; row {row} of this shift is on 2025-12-02")
            assert hold in run.holds
        for window in (late, world.window):
            world.sync(window)
            before = world.everything()
            world.sync(window)
            assert world.everything() == before
        shift.spoiled = {}
        world.sync()
        assert not world.mirror.holds("impossible_record")
        assert world.rows() == world.company.truth(FIRST, LAST)


def test_a_look_wherever_the_row_is_resolves_no_hold_that_it_does_not_show(initialised: str) -> None:
    """Its day is closed, so that it stays, and the record is as odd as before."""
    with world_of(initialised) as world:
        shift, other = world.work(2, "08:00", "12:00"), world.work(10, "08:00", "12:00")
        world.work(3, "08:00", "12:00")
        world.sync()
        world.lock(date(2025, 12, 2))
        world.company.edit(shift.id, start=other.start + 86_400, end=other.start + 90_000)
        shift.spoiled = {"start": {"timestamp": "soon", "timezone": world.company.timezone}}
        world.sync(world.mirror.window(date(2025, 12, 9), LAST))
        [hold] = world.mirror.holds("impossible_record")
        world.sync(world.mirror.window(FIRST, date(2025, 12, 5)))
        assert world.mirror.holds("impossible_record") == (hold,)


def unchanged(world: World) -> Run:
    """A run that ends well, and after it one with nothing to do."""
    run = world.sync()
    assert run.exit_code in {0, 3}, run
    again = world.sync()
    assert again.status == "nothing", again
    assert again.exit_code == run.exit_code
    return run


def stored_ids(world: World) -> set[str]:
    """The ids that have a row."""
    return {shift["id"] for shift in world.table("connecteam_sync_shifts") if shift["clock_time_id"] is not None}


def at_hour(world: World, number: int, identity: str) -> Activity:
    """A shift of an hour, at an instant of its own, under an id of our choice."""
    made = world.work(2 + number // 20, f"{number % 20:02}:00", f"{number % 20:02}:50")
    world.company.activities.pop(made.id)
    made.id = identity
    world.company.activities[identity] = made
    return made


# -- ids ---------------------------------------------------------------------------------------------------------------

PLAIN = [
    "s1",
    "S1",
    "straße",
    "strasse",
    unicodedata.normalize("NFC", "café"),
    unicodedata.normalize("NFD", "café"),
    "cafe",
    "\u0131",
    "i",
    "I",
    "a" * 185,
    "a" * 186,
    "a" * 191,
    "a" * 190 + "b",
    "\U0001f600" * 191,
    "\U0001f600" * 190 + "\U0001f601",
]
"""Ids that every database takes, and takes for different ones."""
FLAWED = ["s1 ", " s1", "s1\t", "s\u200b1", "s1\0", "a" * 192, "a" * 300, "a" * 300 + "b", " ", "\u202es1"]
"""Ids that some database does not keep as they are."""


def test_every_id_is_itself_in_every_database(database: str) -> None:
    """Case, accents, composition, length tell ids apart; one that some database would change is held, and quoted."""
    with world_of(database) as world:
        for number, identity in enumerate(PLAIN + FLAWED):
            at_hour(world, number, identity)
        run = unchanged(world)
        assert run.counts.created == len(PLAIN)
        assert stored_ids(world) == set(PLAIN)
        holds = [standing.hold for standing in world.mirror.holds("impossible_record")]
        assert len(holds) == len({hold.subject for hold in holds}) == len(FLAWED)
        assert all(hold.detail.startswith("a shift cannot be believed: its id is ") for hold in holds)
        assert all(hold.instant is not None for hold in holds)
        # Deletes of their person wait; once they are gone the rest goes on, one by one.
        world.company.delete("s1")
        world.company.delete("a" * 191)
        unchanged(world)
        assert stored_ids(world) == set(PLAIN)
        for identity in FLAWED:
            world.company.delete(identity)
        assert unchanged(world).counts.deleted == 2
        assert stored_ids(world) == set(PLAIN) - {"s1", "a" * 191}
        assert not world.mirror.holds()


@pytest.mark.usefixtures("initialised")
def test_a_hold_of_a_long_id_fits_its_column(database: str) -> None:
    """An id may be as long as its column, and the subject of its hold has a word before it; no two share one."""
    long = ["a" * length for length in range(184, 192)] + ["a" * 190 + last for last in "bcd"]
    with world_of(database, employees="match") as world:
        for number, identity in enumerate(long):
            at_hour(world, number, identity)
        assert unchanged(world).exit_code == 3
        holds = [standing.hold for standing in world.mirror.holds("unmapped_user")]
        assert {hold.shift_id for hold in holds} == set(long)
        assert len({hold.subject for hold in holds}) == len(long)
        assert max(len(hold.subject) for hold in holds) <= 191


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("kind", ["a\0b", "\0", "", "x" * 192, "lunch ", "a\u200bb", 7, None])
def test_an_odd_kind_of_break_harms_only_its_break(database: str, kind: Any) -> None:  # noqa: ANN401 - any JSON
    """The break is held, its shift and all other breaks are kept."""
    with world_of(database) as world:
        shift = world.work(2, "08:00", "16:00")
        good = world.company.take_break(world.user, shift.start + 3600, shift.start + 5400)
        bad = world.company.take_break(world.user, shift.start + 7200, shift.start + 9000)
        world.company.spoil(bad.id, manualBreakId=kind)
        assert unchanged(world).exit_code == 3
        assert [item["id"] for item in world.table("connecteam_sync_breaks")] == [good.id]
        assert world.rows() == world.company.truth(FIRST, LAST)
        (standing,) = world.mirror.holds()
        assert standing.hold.detail.startswith("a break cannot be believed: its kind of break is ")


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("value", [2**63, 10**30, True, 1.5, "12", -1, 0, None])
def test_a_person_nobody_can_tell_harms_nobody(database: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Their shifts are held and keep their rows; others' deletes and corrections go through."""
    with world_of(database) as world:
        first, second = sorted(world.company.people)[:2]
        lost, kept = world.work(2, "08:00", "12:00", user=first), world.work(3, "08:00", "12:00", user=second)
        gone = world.work(4, "08:00", "12:00", user=second)
        world.sync()
        before = world.table()
        world.company.delete(gone.id)
        world.company.edit(kept.id, end=kept.start + 60)
        spoilt: Callable[[bytes], bytes] = lambda body: body.replace(  # noqa: E731 - a change of bytes
            b'"userId":%d,' % first, b'"userId":%b,' % json.dumps(value).encode()
        )
        world.sandbox.faults.rewrite(spoilt, path="time-activities", times=99)
        run = unchanged(world)
        assert (run.counts.deleted, run.counts.updated, run.exit_code) == (1, 1, 3)
        assert "rewritten" in world.sandbox.faults.served
        assert {row["id"] for row in before} - {row["id"] for row in world.table()} == {before[2]["id"]}
        assert lost.id in stored_ids(world)
        assert {hold.hold.reason for hold in world.mirror.holds()} == {"impossible_record", "user_not_listed"}
        world.sandbox.faults.clear()
        assert unchanged(world).exit_code == 0
        assert world.rows() == world.company.truth(FIRST, LAST)


# -- anything ----------------------------------------------------------------------------------------------------------


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Where anything stands in a person's element."""
    if at:
        yield at
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*at, key))


class Spoiler:
    """Puts one odd value at one place of the answers, always the same while it is asked for."""

    def __init__(self, people: str, user: int, place: int, value: Any, *, removed: bool) -> None:  # noqa: ANN401 - any
        self.people, self.user, self.place, self.value, self.removed = people, user, place, value, removed
        self.path: tuple[Any, ...] = ()

    def __call__(self, body: bytes) -> bytes:
        """The answer with it."""
        answer = json.loads(body)
        for person in answer["data"][self.people]:
            if person["userId"] == self.user:
                found = list(places(person))
                self.path = found[self.place % len(found)]
                spot = person
                for key in self.path[:-1]:
                    spot = spot[key]
                if self.removed and isinstance(spot, dict):
                    del spot[self.path[-1]]
                else:
                    spot[self.path[-1]] = self.value
        changed = json.dumps(answer).encode()
        for number, token in enumerate(TOKENS):
            changed = changed.replace(b'"%b%d"' % (RAW.encode(), number), token)
        return changed


def of_others(world: World, user: int) -> set[tuple[int, int, int | None, int | None]]:
    """The truth about everybody else."""
    return {row for row in world.company.truth(FIRST, LAST) if row[0] != user}


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize(("people", "path"), [("timeActivitiesByUsers", "time-activities"), ("users", "/users/")])
def test_anything_odd_anywhere_in_any_database(
    database: str, people: str, path: str, request: pytest.FixtureRequest
) -> None:
    """In one person's element: the run ends well, everybody else's hours are there, the next run has nothing to do.

    Once it is mended, the table is exact.
    """
    chance = random.Random(request.node.name)  # noqa: S311 - repeatable
    reach: Counter[str] = Counter()
    with world_of(database, shifts=60) as world, replay(f"make test PYTEST='{request.node.nodeid} -n0'"):
        users = sorted({shift.user_id for shift in world.company.shifts()})
        world.sync()
        for number in range(ROUNDS):
            spoiler = Spoiler(
                people, chance.choice(users), chance.randrange(10**6), chance.choice(ODD), removed=number % 5 == 4
            )
            shift = chance.choice([s for s in world.company.shifts() if s.user_id != spoiler.user and s.end])
            world.company.edit(shift.id, end=shift.start + 60 * (number + 2))
            world.sandbox.faults.rewrite(spoiler, path=path, times=10**6)
            said = f"round {number}: {spoiler.user} {spoiler.path} {spoiler.value!r} {spoiler.removed}"
            run = world.sync()
            said = f"{said} {spoiler.path}: {run}"
            assert run.exit_code in {0, 3}, said
            assert of_others(world, spoiler.user) <= world.rows(), said
            assert world.sync().status == "nothing", said
            reach["held" if run.exit_code else "used as it is"] += 1
            world.sandbox.faults.clear()
            world.sync()
            assert world.rows() == world.company.truth(FIRST, LAST), said
            assert not world.mirror.holds(), said
        assert len(world.sandbox.faults.served) >= 2 * ROUNDS
    tell(database.partition(":")[0], reach)
    assert reach["held"] + reach["used as it is"] == ROUNDS
    assert reach["held"]
