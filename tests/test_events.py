"""What a run tells while it works: typed events, true when they come, with the numbers of its receipt, about nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from starlette.responses import Response

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core import events
from connecteam_sync.core.change import Counts
from connecteam_sync.core.events import (
    CallFailed,
    ChangesWritten,
    Event,
    HoldsOpened,
    HoldsResolved,
    RunBegan,
    RunEnded,
    SliceAgain,
    SliceBegan,
    SliceDone,
    SliceFailed,
    SliceRefused,
    StepBegan,
    Waiting,
    Working,
)
from connecteam_sync.core.window import Window
from connecteam_sync.errors import NotFound, NotInitialised
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED, WAREHOUSE
from connecteam_sync.sandbox.faults import NAMES
from support.scenario import World

T = TypeVar("T", bound=Event)
NAME, EMAIL, PHONE, NOTE = "Zebulon Quick", "zebulon@quick.example", "+15550100777", "left early, ill"
PLACE = 41.8819731
DAY = Window(date(2025, 12, 1), date(2025, 12, 1), "UTC")


class Watched(World):
    """A world that keeps every event of its mirror."""

    seen: list[Event]

    def begin(self) -> None:
        """Watch from now on."""
        self.seen = []
        settings = self.mirror.settings
        self.mirror.close()
        self.mirror = ConnecteamSync(self.sandbox.key, settings=settings, on_event=self.seen.append)

    def of(self, kind: type[T]) -> list[T]:
        """The events of a kind, in order."""
        return [event for event in self.seen if isinstance(event, kind)]


@pytest.fixture
def world(database: str) -> Iterator[Watched]:
    """A small company whose two time clocks are in use."""
    company = Company(12)
    del company.clocks[CLOSED]
    with Sandbox(company, SandboxSettings(minute_limit=10**6, day_limit=10**6)) as sandbox:
        made = Watched(sandbox, database, max_deletes=3, max_deletes_share=0.0)
        made.begin()
        yield made
        made.mirror.close()


def test_a_run_is_told_from_its_begin_to_its_end(world: Watched) -> None:
    """Each slice between its begin and its end; the sums are those of the receipt on record, costs included."""
    run = world.sync()
    kinds = [event.name for event in world.seen if not isinstance(event, HoldsOpened)]
    slices = ["slice_began", "changes_written", "slice_done"]
    assert kinds == ["run_began", "step_began", *slices, *slices, "run_ended"]
    (began,), (ended,) = world.of(RunBegan), world.of(RunEnded)
    assert (began.kind, began.window, began.slices) == ("sync", world.window, 2)
    recorded, entries = world.mirror.show(run.id or 0)
    assert ended.run == recorded.id
    assert (ended.status, ended.exit_code, ended.errors) == (recorded.status, recorded.exit_code, 0)
    assert (ended.counts, ended.slices) == (recorded.counts, 2)
    assert (ended.statements, ended.http_calls) == (recorded.statements, recorded.http_calls) == (run.statements, 6)
    assert sum(event.created for event in world.of(ChangesWritten)) == len(entries) == run.counts.created > 0
    assert [event.counts for event in world.of(SliceDone)] == [one.counts for one in run.slices]
    assert [event.time_clock_id for event in world.of(SliceBegan)] == [one.time_clock_id for one in run.slices]
    assert [event.ends_days for event in world.of(SliceDone)] == [False, True]
    assert world.of(StepBegan) == [StepBegan(step="mirroring", slices=2, days=11)]


def test_each_run_counts_its_own_costs(world: Watched) -> None:
    """The same client makes three runs: the second and third say nothing of the ones before."""
    costs = [(run.statements, run.http_calls) for run in (world.sync(), world.sync(), world.sync())]
    assert [calls for _, calls in costs] == [6, 4, 4]  # the types of breaks once
    assert sum(statements for statements, _ in costs) <= world.mirror.statements
    assert [(ended.statements, ended.http_calls) for ended in world.of(RunEnded)] == costs


def test_nothing_changed_is_nothing_written(world: Watched) -> None:
    """No event says that anything was written, opened or resolved."""
    world.sync()
    world.sync()
    world.seen.clear()
    run = world.sync()
    assert run.status == "nothing"
    assert {event.name for event in world.seen} == {"run_began", "step_began", "slice_began", "slice_done", "run_ended"}


def test_what_an_event_says_is_committed(world: Watched) -> None:
    """Whoever hears that rows were written finds them, with another connection."""
    found: list[tuple[int, int]] = []
    other = world.mirror_of(world.sandbox, world.mirror.settings.database_url)

    def look(event: Event) -> None:
        if isinstance(event, ChangesWritten):
            with other.store.reading() as session:
                many = session.read("SELECT count(*) AS many FROM clock_times")[0]["many"]
            found.append((event.created, int(many)))

    with ConnecteamSync(world.sandbox.key, settings=world.mirror.settings, on_event=look) as mirror:
        mirror.sync(world.window)
    other.close()
    assert [many for _, many in found] == [found[0][0], found[0][0] + found[1][0]]


def test_holds_are_told_when_they_open_and_when_they_go(world: Watched) -> None:
    """By reason, as often as there are any; not in the runs between."""
    world.sync()
    (copy,) = world.company.duplicate(world.company.shifts(clock=WAREHOUSE)[2].id)
    world.seen.clear()
    run = world.sync()
    (opened,) = world.of(HoldsOpened)
    assert (opened.run, opened.reason, opened.count) == (run.id, "duplicate_clock_in", 1)
    world.seen.clear()
    world.sync()
    assert not world.of(HoldsOpened)
    world.company.delete(copy.id)
    run = world.sync()
    (resolved,) = world.of(HoldsResolved)
    assert (resolved.run, resolved.reason, resolved.count) == (run.id, "duplicate_clock_in", 1)


def test_a_refusal_is_told_and_nothing_written(world: Watched) -> None:
    """With the fingerprint that lets it through, and how many deletes it stopped."""
    world.sync()
    for shift in world.company.shifts(clock=WAREHOUSE):
        world.company.delete(shift.id)
    world.seen.clear()
    run = world.sync()
    refused = next(one for one in run.slices if one.status == "refused")
    told = world.of(SliceRefused)
    assert refused.fingerprint in {event.fingerprint for event in told}
    assert max(event.stopped for event in told) == len(refused.stopped) > 3
    assert not world.of(ChangesWritten)
    assert ("refused", "warning") in {(event.status, event.level) for event in world.of(SliceDone)}
    (ended,) = world.of(RunEnded)
    assert (ended.status, ended.exit_code, ended.level) == ("refused", 4, "warning")


def test_a_slice_that_fails_is_told_by_the_kind_of_error(world: Watched) -> None:
    """The other one is done."""
    world.sandbox.faults.add("bad_key", path="time-activities")
    run = world.sync()
    (failed,) = world.of(SliceFailed)
    assert (failed.error, failed.exit_code, failed.retryable, failed.ends_run) == ("rejected", 1, False, False)
    assert len(world.of(SliceDone)) == 1
    assert [event.errors for event in world.of(RunEnded)] == [run.errors] == [1]


def test_a_run_that_cannot_have_the_lock_ends_with_its_first_slice(world: Watched) -> None:
    """The slice says that it ends the run, which has no number."""
    settings = msgspec.structs.replace(world.mirror.settings, lock_wait=1)
    other = world.mirror_of(world.sandbox, settings.database_url)
    seen: list[Event] = []
    with (
        other.store.writing(),
        ConnecteamSync(world.sandbox.key, settings=settings, on_event=seen.append) as mirror,
    ):
        run = mirror.sync(world.window)
    other.close()
    (failed,) = (event for event in seen if isinstance(event, SliceFailed))
    assert (failed.error, failed.retryable, failed.ends_run) == ("lock_held", True, True)
    assert isinstance(seen[-1], RunEnded)
    assert (seen[-1].run, seen[-1].exit_code, seen[-1].retryable) == (run.id, 6, True)


def test_another_run_in_between_is_told(world: Watched) -> None:
    """A slice that is looked at again says why."""
    other = world.mirror_of(world.sandbox, world.mirror.settings.database_url)
    seen: list[Event] = []

    def meanwhile(event: Event) -> None:
        seen.append(event)
        if isinstance(event, SliceBegan) and len(seen) < 5:
            other.sync(world.window)
            world.work(7, "08:00", "12:00")

    with ConnecteamSync(world.sandbox.key, settings=world.mirror.settings, on_event=meanwhile) as mirror:
        run = mirror.sync(world.window)
    other.close()
    again = [event for event in seen if isinstance(event, SliceAgain)]
    assert again
    assert {(event.why, event.time_clock_id) for event in again} == {("another_run", run.slices[0].time_clock_id)}


def test_a_wait_is_told_with_its_seconds(world: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is no slice's failure."""
    too_many = NAMES["too_many"]

    def slow_down() -> Response:
        response = too_many()
        response.headers["retry-after"] = "1"
        return response

    monkeypatch.setitem(NAMES, "too_many", slow_down)
    world.sandbox.faults.add("too_many", path="time-activities")
    run = world.sync()
    assert run.errors == 0
    assert [(event.seconds, event.why) for event in world.of(Waiting)] == [(1.0, "Connecteam asked us to slow down")]


def test_every_kind_of_run_is_told(world: Watched) -> None:
    """Whatever is recorded as a run ends with an event that has its number."""
    run = world.sync()
    proof = world.mirror.verify(world.window)
    undone = world.mirror.undo(run.id or 0)
    adopted = world.mirror.adopt()
    # What a person has to look at is a warning in a log.
    differs = world.mirror.verify(world.window)
    assert [event.level for event in world.of(RunEnded)] == ["info"] * (len(world.of(RunEnded)) - 1) + ["warning"]
    assert [(event.kind, event.run) for event in world.of(RunEnded)] == [
        ("sync", run.id),
        ("verify", proof.run),
        ("undo", undone.id),
        *([("adopt", adopted.id)] if adopted.id is not None else []),
        ("verify", differs.run),
    ]
    recorded = {one.id: one for one in world.mirror.runs()}
    for event in world.of(RunEnded):
        assert event.counts == recorded[event.run].counts
        assert event.statements == recorded[event.run].statements


def test_adopting_says_in_words_what_it_does(world: Watched) -> None:
    """It has no slices."""
    world.mirror.survey(world.window)
    assert [event.what for event in world.of(Working)] == ["looking at the table", "comparing with Connecteam"]


def test_an_error_of_a_method_is_an_event_too(world: Watched, tmp_path: Path) -> None:
    """Once, by the method that was called, and by the kind of error alone."""
    with pytest.raises(NotFound):
        world.mirror.show(999)
    assert world.seen == [CallFailed(call="show", error="not_found", exit_code=2, retryable=False)]
    settings = msgspec.structs.replace(world.mirror.settings, database_url=f"sqlite:///{tmp_path}/nothing.db")
    seen: list[Event] = []
    with (
        ConnecteamSync(world.sandbox.key, settings=settings, on_event=seen.append) as mirror,
        pytest.raises(NotInitialised),
    ):
        mirror.sync_shifts_for_date("2025-12-03")
    assert seen == [CallFailed(call="sync_shifts_for_date", error="not_initialised", exit_code=2, retryable=False)]


def test_nothing_personal_is_in_any_event(world: Watched) -> None:
    """No name, address, number, note or place, whatever happens to people's shifts."""
    person = world.company.people[world.user]
    person.first_name, person.last_name = NAME.split()
    person.email, person.phone = EMAIL, PHONE
    shift = world.work(3, "05:00", "06:00")
    world.company.spoil(
        shift.id,
        employeeNote=NOTE,
        managerNote=NOTE,
        start={"timestamp": shift.start, "timezone": "America/Chicago", "locationData": {"latitude": PLACE}},
    )
    world.company.duplicate(shift.id)
    world.sync()
    assert person.first_name in str(world.table("employees"))
    world.sandbox.faults.add("domain_error", path="time-activities")
    world.sync()
    for one in world.company.shifts(clock=WAREHOUSE):
        world.company.delete(one.id)
    world.sync()
    world.mirror.verify(world.window)
    world.mirror.survey(world.window)
    assert len({event.name for event in world.seen}) > 8
    said = msgspec.json.encode(world.seen).decode()
    names = {part for one in world.company.people.values() for part in (one.first_name, one.last_name, one.email)}
    for secret in (*names, *NAME.split(), EMAIL, PHONE, NOTE, str(PLACE), world.sandbox.key):
        assert not secret or secret not in said, secret


def test_events_have_a_name_a_level_and_a_form_that_is_read_back() -> None:
    """As JSON, with their kind in `event`."""
    kinds = Event.__subclasses__()
    assert {kind.__name__ for kind in kinds} == {
        name for name in vars(events) if isinstance(vars(events)[name], type) and issubclass(vars(events)[name], Event)
    } - {"Event"}
    event = ChangesWritten(run=1, time_clock_id=2, window=DAY, created=1, updated=0, deleted=0, linked=0)
    said = msgspec.json.encode(event)
    assert msgspec.json.decode(said)["event"] == event.name == "changes_written"
    assert msgspec.json.decode(said, type=ChangesWritten) == event
    done = SliceDone(step="looking", time_clock_id=2, window=DAY, status="planned", counts=Counts(), seconds=0.1)
    assert (event.level, done.level) == ("info", "info")
