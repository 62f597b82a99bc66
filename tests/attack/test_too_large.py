"""A row that is larger than the server lets travel is held by itself; everything else is written, and comes back."""

from __future__ import annotations

from typing import Any

import pytest
from test_named import raw

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import servers
from support.scenario import World

MEGABYTE = 1 << 20


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
@pytest.mark.parametrize(("packet", "note"), [(1, 20), (16, 20), (1, 0.6)], ids=["1 MB", "16 MB", "0.6 of 1 MB"])
def test_a_row_that_is_too_large_is_held_by_itself(kind: str, packet: int, note: float) -> None:
    """Corrected, deleted and linked again: each is held with the reason, and its row stays as it is."""
    server = getattr(servers, kind)(f"--max-allowed-packet={packet * MEGABYTE}")
    with Sandbox(Company(40), SandboxSettings(minute_limit=10**6)) as sandbox:
        url = server.database(f"large_{packet}_{note * 10:.0f}")
        world = World(sandbox, url, max_deletes_of_person=40)
        world.sync()
        mine = [shift for shift in world.company.shifts() if shift.end is not None][:6]
        with world.mirror.store.reading() as session:
            found = session.read("SELECT id AS shift, clock_time_id FROM connecteam_sync_shifts")
        row_of = {row["shift"]: row["clock_time_id"] for row in found}
        large = [row_of[shift.id] for shift in mine[:3]]
        limit = "SET GLOBAL max_allowed_packet = {}"
        raw(url, "ALTER TABLE clock_times ADD COLUMN note LONGTEXT", limit.format(64 * MEGABYTE))
        keys = ", ".join(map(str, large))
        raw(url, f"UPDATE clock_times SET note = repeat('\"x', {int(note * MEGABYTE) // 2}) WHERE id IN ({keys})")
        raw(url, limit.format(packet * MEGABYTE))
        # The link of the third is forgotten: it is to be linked again.
        forgotten = "UPDATE connecteam_sync_shifts SET clock_time_id = NULL, applied_employee_id = NULL"
        raw(url, f"{forgotten} WHERE id = '{mine[2].id}'")
        world.mirror.close()
        world = World(sandbox, url, max_deletes_of_person=40)

        def table() -> list[Any]:
            told = "id, employee_id, clock_in, clock_out, total_minutes, length(note) AS length"
            with world.mirror.store.reading() as session:
                return session.read(f"SELECT {told} FROM clock_times ORDER BY id")

        before = table()
        world.company.edit(mine[0].id, end=mine[0].start + 7 * 60)
        world.company.delete(mine[1].id)
        world.company.edit(mine[3].id, end=mine[3].start + 7 * 60)
        world.company.delete(mine[4].id)
        done = world.sync()
        assert done.exit_code == 3, [slice_.error for slice_ in done.slices]
        # To the other time clocks the third is a row without a shift as long as it is not linked.
        refused = [hold for hold in done.holds if hold.reason == "refused_by_database"]
        assert [hold.clock_time_id for hold in refused] == large
        assert {(hold.reason, hold.clock_time_id) for hold in done.holds if hold not in refused} <= {
            ("orphan", large[2])
        }
        assert all("max_allowed_packet" in hold.detail for hold in refused)
        assert (done.counts.updated, done.counts.deleted) == (1, 1)
        assert [row for row in table() if row["id"] in large] == [row for row in before if row["id"] in large]
        assert done.id
        world.mirror.undo(done.id)
        assert table() == before
        world.mirror.close()
