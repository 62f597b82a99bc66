"""Random lives of a company, with people at the table too: the mirror ends exact, or holds what it may not write."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.random_life import Life
from support.scenario import FIRST, LAST, World


def explained(world: World) -> set[tuple[int, int]]:
    """(user, clock-in) of every shift that is held, and the keys of manual rows."""
    held = {(h.hold.user_id or 0, h.hold.instant or 0) for h in world.mirror.holds()}
    with world.mirror.store.reading() as session:
        users = {e.id: int(e.connecteam_user_id or 0) for e in session.employees()}
        manual = {(users[row.employee_id], row.clock_in) for row in session.rows_of_all() if not row.is_ours}
    return held | manual


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("seed", range(3))
def test_a_random_life_ends_exact(database: str, seed: int) -> None:
    """Whatever happened, in whatever order it was looked at: exact but for what is held, and then still."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database, max_deletes=100_000, max_users_gone_share=1.0)
        sandbox.settings.selects_by = ("start", "overlap", "end")[seed % 3]
        life = Life(world, seed)
        for round_ in range(14):
            for _ in range(life.chance.randrange(1, 7)):
                life.step()
            if round_ % 4 == 3:
                life.meddle()
            life.sync()
        manual = [row for row in world.table() if row["source"] == "manual"]
        for _ in range(3):
            accepted: list[str] = []
            run = world.sync()
            accepted = [str(slice_.fingerprint) for slice_ in run.slices if slice_.status == "refused"]
            if accepted:
                run = world.sync(accept=accepted)
            assert run.exit_code in {0, 3}, run
        known = explained(world)
        keys = {(user, start) for user, start, _, _ in world.rows() ^ world.company.truth(FIRST, LAST)}
        assert keys <= known
        before = world.everything()
        assert world.sync().status == "nothing"
        assert world.everything() == before
        assert [row for row in world.table() if row["source"] == "manual"] == manual
        assert world.mirror.verify(world.window).exit_code in {0, 3}
        world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_undoing_every_run_backwards_ends_where_it_began(database: str) -> None:
    """Runs taken back last to first, none refused, give back the first state to the last byte."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database, max_deletes=100_000, max_users_gone_share=1.0)
        life = Life(world, 11)
        states = [world.table()]
        numbers: list[int] = []
        for _ in range(8):
            for _ in range(5):
                life.step()
            run = world.sync()
            assert run.exit_code in {0, 3, 4}
            if run.status == "applied" and run.id:
                numbers.append(run.id)
                states.append(world.table())
        assert len(numbers) > 4
        for number in reversed(numbers):
            assert world.table() == states.pop()
            world.mirror.undo(number)
        assert world.table() == states[0] == []
        with pytest.raises(UndoRefused):
            world.mirror.undo(numbers[0])
        assert date(2025, 12, 1) == FIRST
        world.mirror.close()
