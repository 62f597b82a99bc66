"""Statements go by bytes: a server that takes little at once gets no more, of however many rows or long notes."""

from __future__ import annotations

from typing import Any

import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import servers
from support.scenario import World

MEGABYTE = 1 << 20
PLENTY = SandboxSettings(minute_limit=10**9, day_limit=10**9)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
@pytest.mark.parametrize(
    ("packet", "shifts", "note"),
    [(MEGABYTE, 3000, 30), (MEGABYTE, 150, 20_000), (16 * MEGABYTE, 900, 20_000)],
    ids=["3,000 rows", "long notes", "long notes at 16 MB"],
)
def test_no_packet_is_larger_than_the_server_takes(kind: str, packet: int, shifts: int, note: int) -> None:
    """A load, a correction of every row, and its undo to the byte."""
    server = getattr(servers, kind)(f"--max-allowed-packet={packet}")
    with Sandbox(Company(shifts), PLENTY) as sandbox:
        url = server.database("packets")
        world = World(sandbox, url, max_deletes=10**6, max_deletes_share=1, max_deletes_of_person=10**6)

        def table() -> list[Any]:
            told = "id, employee_id, clock_in, clock_out, total_minutes, sha2(note, 256) AS note"
            with world.mirror.store.reading() as session:
                return session.read(f"SELECT {told} FROM clock_times ORDER BY id")

        assert world.sync().status == "applied"
        world.execute("ALTER TABLE clock_times ADD COLUMN note LONGTEXT")
        world.execute(f"UPDATE clock_times SET note = concat(repeat('\"é', {note // 3}), id)")
        before = table()
        for shift in world.company.shifts():
            if shift.end is not None:
                world.company.edit(shift.id, end=shift.start + 420)
        corrected = world.sync()
        assert corrected.status == "applied", [slice_.error for slice_ in corrected.slices]
        assert corrected.counts.updated > shifts * 0.9
        assert corrected.id
        world.mirror.undo(corrected.id)
        assert table() == before
        world.mirror.close()
