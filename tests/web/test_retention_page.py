"""`/retention`: what is due and what stands in the way, what was purged, and the command that does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.errors import DatabaseError
from connecteam_sync.store.payroll import purging
from connecteam_sync.web.pages.retention import retention
from support.console_site import ConsoleSite, console_of
from support.long_ago import DAYS, LongAgo, long_ago
from support.operated import HOSTILE, MOST_STATEMENTS, Operated, page

DUE = "2021-03-02..2022-03-02"


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LongAgo, ConsoleSite]]:
    """The console of a company with shifts of years ago."""
    with long_ago(initialised) as world:
        monkeypatch.setenv("CONNECTEAM_SYNC_API_KEY", world.sandbox.key)
        with console_of(world.mirror.settings) as site:
            yield world, site


def test_what_is_due_and_how_it_is_purged(console: tuple[LongAgo, ConsoleSite]) -> None:
    """The days, the floor and the commands; as JSON what the command answers, without what would go."""
    world, site = console
    with site.signed_in("viewer") as jo:
        text = page(jo, "/retention")
        assert f"{DUE} may be purged" in text
        assert "Records are kept for 3 years" in text
        assert f"connecteam-sync retention purge {DUE} --confirm {DUE}" in text
        assert "Nobody is on a legal hold." in text
        assert "Nothing was ever purged." in text
        assert "to be decided" not in text
        assert "broken off" not in text
        found = jo.get("/retention.json").json()
        assert (found["due"]["first"], found["due"]["last"]) == tuple(DUE.split(".."))
        assert (found["foreseen"], found["missing_rights"], found["waiting"]) == (None, [], 0)
        assert jo.post("/retention", headers={"sec-fetch-site": "same-origin"}).status_code == 405
    assert world.mirror.retention.check().foreseen is not None


def test_what_was_purged_and_who_is_on_a_legal_hold(console: tuple[LongAgo, ConsoleSite]) -> None:
    """By whom, what went, and why; what people typed is text."""
    world, site = console
    someone = world.employee(world.user)
    world.mirror.retention.hold(someone, reason=HOSTILE, by=HOSTILE[:64])
    world.purged()
    with site.signed_in("viewer") as jo:
        text = page(jo, "/retention")
        assert "2 journal entries, 2 tracked shifts" in text
        assert "Mon 1 Mar 2021 to Sun 14 Mar 2021" in text
        assert "alert(1)" in text
        assert f"connecteam-sync retention hold release {someone} --reason WHY" in text
        world.mirror.retention.release(someone, reason="settled", by="Pia")
        world.purged()
        assert "Nothing is old enough to be purged" in page(jo, "/retention")


def test_what_stands_in_the_way(console: tuple[LongAgo, ConsoleSite], monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrections that wait, with the way to them; and a purge that was broken off, with the command that goes on."""
    world, site = console
    first, last = DAYS.split("..")
    world.lock(world.old.first, world.old.last)
    [edited, *_] = [one for one in world.company.shifts() if one.start < world.old.end_utc]
    world.company.edit(edited.id, end=(edited.end or 0) + 1800)
    world.looked()
    with site.signed_in("viewer") as jo:
        text = page(jo, "/retention")
        assert "1 correction of these days to be decided" in text
        assert jo.get("/retention.json").json()["waiting"] == 1
        [correction] = world.mirror.payroll.corrections()
        world.mirror.payroll.dismiss_corrections([correction.number], reason="no", by="Pia")
        assert "to be decided" not in page(jo, "/retention")

        def broken(*_: object, **__: object) -> None:
            raise DatabaseError("lost")

        with monkeypatch.context() as patched:
            patched.setattr(purging, "remove_empty_runs", broken)
            with pytest.raises(DatabaseError):
                world.purged(with_rows=True)
        text = page(jo, "/retention")
        assert f"The purge of {first}..{last} was broken off" in text
        assert f"connecteam-sync retention purge {DAYS} --rows --confirm {DAYS}" in text


def test_few_statements(console: tuple[LongAgo, ConsoleSite]) -> None:
    """However much is on record."""
    world, site = console
    world.mirror.retention.hold(world.employee(world.user), reason="case", by="Pia")
    assert Operated(world, site).statements_of(retention) <= MOST_STATEMENTS
