"""Who did what: an entry in the very commit of what was done, or neither of them; on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import ActivitiesResponse
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError, DatabaseError, NotFound
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.console import audit
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A small company."""
    with Sandbox(Company(12), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def told(world: World) -> list[tuple[str, str, str, str, int | None]]:
    """The entries, oldest first."""
    return [(one.by, one.action, one.subject, one.detail, one.run) for one in reversed(world.mirror.audit())]


def test_each_act_leaves_one_entry_with_its_run(world: World) -> None:
    """A sync of several transactions, its undo, a lock, a mapping, a pause, a person of the console: one each."""
    mirror = world.mirror
    with mirror.acting("ana", "sync", "2025-12-01", "60 changes"):
        made = world.sync()
    assert (made.trigger, made.asked_by) == ("person", "ana")
    with mirror.acting("ben", "undo", "run 1"):
        undone = mirror.undo(made.id or 0)
    with mirror.acting("ana", "verify", "december"):
        proof = mirror.verify(world.window)
    with mirror.acting("eve", "lock", "1 December"):
        world.lock(world.window.first)
    with mirror.acting("eve", "add", "Zoe"):
        mirror.add_console_user("Zoe", "viewer")
    assert told(world) == [
        ("ana", "sync", "2025-12-01", "60 changes", made.id),
        ("ben", "undo", "run 1", "", undone.id),
        ("ana", "verify", "december", "", proof.run),
        ("eve", "lock", "1 December", "", None),
        ("eve", "add", "Zoe", "", None),
    ]
    assert {one.trigger for one in mirror.audit()} == {"person"}
    assert all(abs(one.at - made.started_at) < 600 for one in mirror.audit())


def test_outside_of_acts_nothing_is_noted_or_sent(world: World) -> None:
    """Not before it, and not after it; and as many statements as before."""
    world.sync()
    world.sync()
    before = world.sync()
    with world.mirror.acting("ana", "nothing", ""):
        pass
    after = world.sync()
    assert (after.statements, after.trigger, after.asked_by) == (before.statements, None, None)
    assert told(world) == []


def test_what_is_refused_before_it_writes_leaves_nothing(world: World) -> None:
    """An unknown run, an unknown person: neither of them is done by anybody."""
    acts: list[Callable[[], object]] = [
        lambda: world.mirror.undo(99),
        lambda: world.mirror.remove_console_user("Zoe"),
        lambda: world.mirror.map_employee(99, 99),
    ]
    for act in acts:
        with pytest.raises(NotFound), world.mirror.acting("ana", "act", ""):
            act()
    assert told(world) == []


@pytest.mark.usefixtures("few_tries")
def test_a_failure_on_record_has_its_entry(world: World) -> None:
    """A run that fails records it, and so who asked for it."""
    world.sandbox.faults.add("unavailable", path="time-activities", times=100)
    with world.mirror.acting("ana", "sync", ""):
        failed = world.sync()
    assert failed.status == "failed"
    assert told(world) == [("ana", "sync", "", "", failed.id)]


def test_a_look_that_is_made_again_has_one_entry_with_its_run(world: World) -> None:
    """The rows are not as they are remembered: the transaction that found it wrote nothing, and notes nothing."""
    world.sync()
    world.sync()
    world.execute("UPDATE clock_times SET total_minutes = 1 WHERE id = 1")
    with world.mirror.acting("ana", "sync", ""):
        again = world.sync()
    assert told(world) == [("ana", "sync", "", "", again.id)]


def test_who_comes_second_has_one_entry_with_their_run(
    world: World, initialised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run has written since the look at a plan's days: what is refused then is on record as a run."""
    world.sync()
    world.work(2, "01:00", "02:00")
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")

    ask = Connecteam.fetch_activities

    def meanwhile(self: Connecteam, clock: int, window: Window) -> ActivitiesResponse:
        found = ask(self, clock, window)
        monkeypatch.setattr(Connecteam, "fetch_activities", ask)
        with World.mirror_of(world.sandbox, initialised, lock_wait=20) as other:
            other.sync([world.window])
        return found

    monkeypatch.setattr(Connecteam, "fetch_activities", meanwhile)
    with world.mirror.acting("ana", "apply", ""):
        refused = world.mirror.apply_kept_plan(kept.fingerprint)
    assert refused.status == "refused"
    assert told(world) == [("ana", "apply", "", "", refused.id)]


def test_neither_is_there_without_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction fails after the entry was added: rows, receipt and entry are all gone; the next try has both."""
    note = audit.Act.note

    def failing(self: audit.Act, connection: Connection, *given: object) -> None:
        note(self, connection, *given)  # type: ignore[arg-type] # passed on unchanged
        connection.exec_driver_sql("SELECT no_such_column FROM no_such_table")

    acts: list[Callable[[], object]] = [
        world.sync,
        lambda: world.mirror.lock(world.window.first, world.window.first, reason="x", anyway=True),
        lambda: world.mirror.add_console_user("Zoe", "viewer"),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(audit.Act, "note", failing)
        for act in acts:
            with world.mirror.acting("ana", "act", ""):
                _fails(act)
    assert told(world) == []
    assert (world.mirror.runs(), world.mirror.locked_days(), world.mirror.console_users()) == ((), (), ())
    for act in acts:
        with world.mirror.acting("ana", "act", ""):
            act()
    assert len(told(world)) == len(acts)


def _fails(act: Callable[[], object]) -> None:
    """By raising, or with a run that failed and is not on record."""
    try:
        made = act()
    except DatabaseError:
        return
    assert isinstance(made, Run)
    assert (made.status, made.id) == ("failed", None)


def test_a_transaction_that_is_tried_again_notes_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt is rolled back with its entry; the second one has its own."""
    note, attempts = audit.Act.note, []

    def failing(self: audit.Act, connection: Connection, *given: object) -> None:
        note(self, connection, *given)  # type: ignore[arg-type] # passed on unchanged
        attempts.append(1)
        if len(attempts) == 1:
            connection.exec_driver_sql("SELECT no_such_column FROM no_such_table")

    monkeypatch.setattr(audit.Act, "note", failing)
    with world.mirror.acting("ana", "add", "Zoe"):
        with pytest.raises(DatabaseError, match=r"no such|doesn't exist|does not exist"):
            world.mirror.add_console_user("Zoe", "viewer")
        world.mirror.add_console_user("Zoe", "viewer")
        world.mirror.add_console_user("Ben", "viewer")
    assert told(world) == [("ana", "add", "Zoe", "", None)]


def test_entries_are_read_by_number(world: World) -> None:
    """Newest first, and then those before the last one that was seen."""
    for number in range(5):
        with world.mirror.acting("ana", "add", str(number)):
            world.mirror.add_console_user(f"user {number}", "viewer")
    newest = world.mirror.audit(limit=2)
    assert [one.subject for one in newest] == ["4", "3"]
    assert [one.subject for one in world.mirror.audit(newest[-1].number, limit=2)] == ["2", "1"]
    assert [one.subject for one in world.mirror.audit(newest[-1].number)] == ["2", "1", "0"]


def test_hostile_texts_are_one_line_and_fit(world: World) -> None:
    """Whatever a form brings; a name has to be there."""
    with world.mirror.acting("a\nna", "x" * 300, "one\ttwo\x1b[31m\n", "d" * 5000):
        world.mirror.add_console_user("Zoe", "viewer")
    [entry] = world.mirror.audit()
    assert all(text.isprintable() for text in (entry.by, entry.action, entry.subject, entry.detail))
    assert (len(entry.action), len(entry.detail)) == (64, 1000)
    with pytest.raises(ConfigurationError), world.mirror.acting(" ", "add", ""):
        pass
    assert world.mirror.store.act is None
