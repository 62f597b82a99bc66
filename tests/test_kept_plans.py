"""Plans that are kept for people: as they were made, applied once, removed when they are old; on every database."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import event

from connecteam_sync.core.console import KeptPlan
from connecteam_sync.core.run import Run
from connecteam_sync.errors import ConfigurationError, NotFound, StalePlan
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.console import plans
from connecteam_sync.store.sql.pipeline import PACKET
from connecteam_sync.store.sql.quoting import run as run_sql
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A small company, nothing of which is mirrored yet."""
    with Sandbox(Company(12), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def test_a_kept_plan_is_applied_as_it_was_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was in it, packed or not; then it is known which run did it."""
    monkeypatch.setattr(plans, "_LONGEST", 100)
    plan = world.mirror.plan(world.window)
    kept = world.mirror.keep_plan(plan, "ana")
    assert kept.plan is not None
    assert (kept.state, kept.made_by, kept.run) == ("open", "ana", None)
    assert kept.plan.changes == plan.changes
    assert world.mirror.kept_plan(kept.fingerprint) == kept
    assert world.mirror.kept_plans() == (msgspec.structs.replace(kept, plan=None),)
    with world.mirror.acting("ben", "apply", kept.fingerprint):
        done = world.mirror.apply_kept_plan(kept.fingerprint)
    assert (done.kind, done.status, done.counts.created, done.asked_by) == (
        "apply",
        "applied",
        len(plan.changes),
        "ben",
    )
    after = world.mirror.kept_plan(kept.fingerprint)
    assert (after.state, after.run) == ("applied", done.id)
    assert [(one.by, one.run) for one in world.mirror.audit()] == [("ben", done.id)]
    with pytest.raises(StalePlan, match=f"applied by run {done.id}"):
        world.mirror.apply_kept_plan(kept.fingerprint)
    with pytest.raises(StalePlan):
        world.mirror.discard_plan(kept.fingerprint)


def test_two_who_apply_one_plan_at_once(world: World, initialised: str) -> None:
    """One of them does, and the other is refused: every change is made once."""
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    begin, done, errors = threading.Barrier(2), [], []

    def applies() -> None:
        with World.mirror_of(world.sandbox, initialised, lock_wait=20) as mirror:
            begin.wait()
            try:
                done.append(mirror.apply_kept_plan(kept.fingerprint))
            except StalePlan as error:
                errors.append(error)

    threads = [threading.Thread(target=applies) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) + len(errors) == 2
    [winner] = [run for run in done if run.status == "applied"]
    for loser in done:
        assert loser is winner or {one.error_name for one in loser.slices if one.error} == {"stale_plan"}
    after = world.mirror.kept_plan(kept.fingerprint)
    assert (after.state, after.run) == ("applied", winner.id)


def test_a_plan_that_another_run_took_meanwhile_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at it and the first row: the slice is rolled back, and the receipt says why."""
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    require_open = plans.require_open

    def meanwhile(plan: KeptPlan) -> None:
        require_open(plan)
        with world.mirror.store.own_rows("applying it elsewhere") as connection:
            run_sql(connection, f"UPDATE {world.mirror.store.own.kept_plans} SET state = 'applied', run_id = 99")

    monkeypatch.setattr(plans, "require_open", meanwhile)
    refused: Run = world.mirror.apply_kept_plan(kept.fingerprint)
    assert (refused.status, refused.exit_code, refused.counts.created) == ("refused", 4, 0)
    assert refused.slices[0].error_name == "stale_plan"
    assert world.mirror.kept_plan(kept.fingerprint).run == 99
    assert world.mirror.changes() == ()


def test_what_somebody_applied_meanwhile_is_not_discarded(world: World) -> None:
    """Between the look at it and the word: it stays on record as applied, by its run."""
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    done = world.mirror.apply_kept_plan(kept.fingerprint)
    store = world.mirror.store
    with pytest.raises(StalePlan), store.own_rows("discarding a plan") as connection:
        plans.discard(connection, store.own, kept.fingerprint)
    after = world.mirror.kept_plan(kept.fingerprint)
    assert (after.state, after.run) == ("applied", done.id)


def test_what_no_longer_fits_stays_open(world: World) -> None:
    """Nothing of it was applied; the rows that moved are named, and somebody may discard it."""
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    world.sync()
    refused = world.mirror.apply_kept_plan(kept.fingerprint)
    assert refused.slices[0].error_name == "stale_plan"
    assert world.mirror.kept_plan(kept.fingerprint).state == "open"
    world.mirror.discard_plan(kept.fingerprint)
    assert world.mirror.kept_plan(kept.fingerprint).state == "discarded"
    with pytest.raises(StalePlan, match="discarded"):
        world.mirror.apply_kept_plan(kept.fingerprint)


def test_a_plan_with_nothing_to_do_is_done_too(world: World) -> None:
    """And the same plan, kept again, is open again."""
    world.sync()
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    done = world.mirror.apply_kept_plan(kept.fingerprint)
    assert done.status == "nothing"
    assert world.mirror.kept_plan(kept.fingerprint).state == "applied"
    again = world.mirror.keep_plan(world.mirror.plan(world.window), "ben")
    assert (again.fingerprint, again.state, again.made_by, again.run) == (kept.fingerprint, "open", "ben", None)


def test_a_run_that_was_killed_between_two_slices_is_not_done(world: World) -> None:
    """The first slice is committed, so the plan cannot be applied again; a fresh one has the rest, and ends."""
    world.work(2, "08:00", "16:00", clock=WAREHOUSE)
    world.work(3, "08:00", "16:00", clock=OFFICE)
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    assert len({plan.time_clock_id for plan in kept.plan.plans if plan.changes} if kept.plan else ()) == 2
    inserts: list[str] = []

    def dies(_: object, __: object, statement: str, *___: object) -> None:
        if re.match(r"INSERT INTO \W?clock_times\W", statement):
            inserts.append(statement)
            if len(inserts) > 1:
                raise KeyboardInterrupt  # as SIGKILL: nothing of ours catches it

    event.listen(world.mirror.store._engine, "before_cursor_execute", dies)
    with pytest.raises(KeyboardInterrupt):
        world.mirror.apply_kept_plan(kept.fingerprint)
    event.remove(world.mirror.store._engine, "before_cursor_execute", dies)
    after = world.mirror.kept_plan(kept.fingerprint)
    assert (after.state, after.is_unfinished) == ("applied", True)
    assert [one.is_unfinished for one in world.mirror.kept_plans()] == [True]
    written = len(world.table())
    assert 0 < written < len(kept.plan.changes if kept.plan else ())
    with pytest.raises(StalePlan, match=f"applied by run {after.run}, which has no end on record"):
        world.mirror.apply_kept_plan(kept.fingerprint)
    rest = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    assert world.mirror.apply_kept_plan(rest.fingerprint).counts.created == len(world.table()) - written
    found = world.mirror.kept_plan(rest.fingerprint)
    assert (found.state, found.is_unfinished) == ("applied", False)


def test_a_plan_above_the_servers_packet_is_refused_before_anything_is_sent(world: World) -> None:
    """With what it has and what the server takes; one that fits once it is packed is kept."""
    store = world.mirror.store

    def keeps(name: str, content: bytes, packet: int) -> None:
        with store.own_rows("keeping") as connection:
            before = connection.info.get(PACKET, 64 << 20)
            connection.info[PACKET] = packet
            try:
                plans.keep(connection, store.dialect, store.own, fingerprint=name, text=content, by="ana", now=1)
            finally:
                connection.info[PACKET] = before

    keeps("a", b"{}", 1 << 20)
    with pytest.raises(ConfigurationError, match=r"it has 0\.1 MB, .* at most 0\.1 MB at once") as refused:
        keeps("b", os.urandom(100_000).hex().encode(), 100_000)
    assert "plan fewer days at a time" in (refused.value.next_step or "")
    assert [one.fingerprint for one in world.mirror.kept_plans()] == ["a"]
    keeps("c", b'{"a":0}' * 20_000, 100_000)
    with store.reading() as session:
        assert plans.find(session.connection, store.own, "c")[1] == b'{"a":0}' * 20_000


def test_only_new_plans_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """None older than 30 days, and of the rest the newest."""
    monkeypatch.setattr(plans, "KEPT_PLANS", 3)
    store = world.mirror.store

    def keeps(name: str, at: int) -> None:
        with store.own_rows("keeping") as connection:
            plans.keep(connection, store.dialect, store.own, fingerprint=name, text=b"{}", by="ana", now=at)

    month = plans.KEPT_SECONDS
    for name, at in (("a", 0), ("b", 1), ("c", 2), ("d", 3)):
        keeps(name, at)
    assert [one.fingerprint for one in world.mirror.kept_plans()] == ["d", "c", "b"]
    keeps("e", month + 2)
    assert [one.fingerprint for one in world.mirror.kept_plans()] == ["e", "d", "c"]
    assert [one.fingerprint for one in world.mirror.kept_plans(limit=1)] == ["e"]


def test_what_is_not_there_or_was_altered(world: World) -> None:
    """Said with what to do next; nothing is applied."""
    for act in (world.mirror.kept_plan, world.mirror.discard_plan, world.mirror.apply_kept_plan):
        with pytest.raises(NotFound, match="no plan 'nope'"):
            act("nope")
    kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
    with world.mirror.store.own_rows("altering it") as connection:
        run_sql(connection, f"UPDATE {world.mirror.store.own.kept_plans} SET plan = '{{}}'")
    with pytest.raises(ConfigurationError, match="not as it was kept"):
        world.mirror.apply_kept_plan(kept.fingerprint)
    assert world.mirror.runs() == ()
