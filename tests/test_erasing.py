"""Erasing a person: name and address go from our tables, for good; hours and the host's own table stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.errors import ConfigurationError, NotConfirmed, NotFound, RetentionRefused
from connecteam_sync.sandbox.company import WAREHOUSE
from support.long_ago import LongAgo, long_ago

NAME, EMAIL = "Zenobia Quill", "zenobia@example.com"
OURS = ("users", "slices", "holds", "changes", "corrections", "erasures", "purges")


@pytest.fixture
def world(initialised: str) -> Iterator[LongAgo]:
    """Zenobia worked years ago, twice at one instant, and runs have held and told that."""
    with long_ago(initialised) as made:
        person = made.company.people[made.other]
        person.first_name, person.last_name, person.email = "Zenobia", "Quill", EMAIL
        shift = next(one for one in made.company.shifts() if one.user_id == made.other)
        made.company.duplicate(shift.id)
        made.looked()
        yield made


def texts(world: LongAgo) -> str:
    """Every text in our tables."""
    with world.mirror.store.reading() as session:
        found = [[*row.values()] for kind in OURS for row in session.read(f"SELECT * FROM connecteam_sync_{kind}")]
    return json.dumps(found, default=str, ensure_ascii=False)


def test_name_and_address_go_and_never_come_back(world: LongAgo) -> None:
    """From users, holds and receipts; the runs to come store none of it again, whatever Connecteam says."""
    someone, rows = world.employee(world.other), world.table()
    assert NAME in texts(world)
    assert EMAIL in texts(world)
    before = {row["user_id"]: row for row in users(world)}
    hosts = world.table("employees")
    done = world.mirror.retention.erase(NAME.lower(), confirm=str(someone), by="Pia")
    assert (done.employee_id, done.by, done.users, done.number) == (someone, "Pia", 1, 1)
    assert (done.receipts > 0, done.holds > 0) == (True, True)
    told = [hold for run in world.mirror.runs() for one in run.slices for hold in one.holds]
    assert {hold.detail for hold in told if hold.user_id == world.other} == {"(erased)"}
    for _ in range(2):
        assert (NAME in texts(world), EMAIL in texts(world), "Zenobia" in texts(world)) == (False, False, False)
        run = world.looked()
        world.sync()
    assert not any("renamed" in (one.note or "") for one in run.slices)
    assert (world.table(), world.table("employees")) == (rows, hosts)
    after = {row["user_id"]: row for row in users(world)}
    assert after[world.other]["employee_id"] == before[world.other]["employee_id"]
    assert after[world.user] == before[world.user]
    assert [one.hold.detail for one in world.mirror.holds()] != []


def users(world: LongAgo) -> list[dict[str, object]]:
    """What is stored of each user."""
    with world.mirror.store.reading() as session:
        return [dict(row) for row in session.read("SELECT * FROM connecteam_sync_users")]


def test_the_whole_name_or_the_id_has_to_be_repeated(world: LongAgo) -> None:
    """A part is not enough, and of several nobody is taken."""
    retention, before = world.mirror.retention, texts(world)
    with pytest.raises(NotConfirmed, match="neither the name nor the id"):
        retention.erase(NAME, confirm="Zenobia")
    with pytest.raises(NotFound):
        retention.erase("Nobody", confirm="1")
    with pytest.raises(ConfigurationError, match="could be meant"):
        retention.erase("e", confirm="1")
    assert texts(world) == before


def test_inside_the_floor_nobody_is_erased(world: LongAgo) -> None:
    """Nor on a legal hold; each says why and what comes next."""
    busy, someone = world.employee(world.user), world.employee(world.other)
    retention = world.mirror.retention
    with pytest.raises(RetentionRefused, match="worked on 2025-12-02: payroll records are kept for 3 years"):
        retention.erase(busy, confirm=str(busy))
    retention.hold(someone, reason="a lawsuit")
    with pytest.raises(RetentionRefused, match="legal hold") as found:
        retention.erase(someone, confirm=str(someone))
    assert f"hold release {someone}" in found.value.next_step
    retention.release(someone, reason="settled")
    at = date(2025, 12, 3)
    world.company.add(world.other, world.company.at(at, "08:00"), world.company.at(at, "12:00"), clock=WAREHOUSE)
    world.sync()
    with pytest.raises(RetentionRefused, match="2025-12-03"):
        retention.erase(someone, confirm=str(someone))
