"""The database server itself is killed while a run writes: nothing is half there afterwards, the next run finishes.

Needs the server's own programs, to start one that may be killed; says so where they are not.
"""

from __future__ import annotations

import pytest
from sqlalchemy import event

from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import invariants
from support.killable_servers import KINDS, Server, started
from support.scenario import FIRST, LAST, World


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_server_killed_in_mid_transaction(kind: str) -> None:
    """At several points of the writing transaction, its commit included."""
    with started(kind) as (server, database), Sandbox(Company(40), SandboxSettings(minute_limit=10**9)) as sandbox:
        _kill_and_go_on(server, sandbox, database)


def _kill_and_go_on(server: Server, sandbox: Sandbox, database: str) -> None:
    world = World(sandbox, database, max_deletes=99)
    world.sync()
    shifts = [shift for shift in world.company.shifts() if shift.end is not None]
    for number, moment in enumerate(
        ["UPDATE", "INSERT INTO connecteam_sync_changes", "INSERT INTO connecteam_sync_slices", "commit"]
    ):
        world.company.edit(shifts[number].id, end=shifts[number].start + 60 * (number + 1))
        before, truth = world.table(), world.company.truth(FIRST, LAST)
        killed = _kill_at(world, server, moment)
        try:
            said = str(world.sync().exit_code)
        except ConnecteamSyncError as error:
            said = error.next_step
        assert killed
        assert said not in {"", "0"}
        world.mirror.close()
        server.start()
        world = World(sandbox, database, max_deletes=99)
        assert world.table() == before or world.rows() == truth, f"half a run came through at {moment}"
        invariants.journal_gives(world.table("connecteam_sync_changes"), world.table())
        assert world.sync().exit_code == 0
        assert world.rows() == truth
    world.mirror.close()


def _kill_at(world: World, server: Server, moment: str) -> list[str]:
    """Arrange that the server is killed before a statement of the writing transaction, or as its commit is sent."""
    killed: list[str] = []

    def kill() -> None:
        if not killed:
            killed.append(moment)
            server.kill()

    def watch(connection: object, _cursor: object, statement: str, *_: object) -> None:
        # PostgreSQL takes new rows by COPY.
        sql = statement.replace("COPY ", "INSERT INTO ", 1) if statement.startswith("COPY") else statement
        if sql.startswith("INSERT INTO connecteam_sync_slices"):
            connection.info["wrote"] = True  # type: ignore[attr-defined] # SQLAlchemy's own
        if sql.startswith(moment) and ("clock_times" in sql or "sync_" in sql):
            kill()

    engine = world.mirror.store._engine
    event.listen(engine, "before_cursor_execute", watch)
    if moment == "commit":
        event.listen(engine, "commit", lambda connection: kill() if connection.info.get("wrote") else None)
    return killed
