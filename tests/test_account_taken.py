"""Another account, zone or region is taken on a word; time clocks are vouched for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from connecteam_sync.api.credentials import HOSTS
from connecteam_sync.core.account import Account
from connecteam_sync.core.text import one_line
from connecteam_sync.errors import ConfigurationError, NotConfirmed, NotFound
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE
from connecteam_sync.store.mirror.account import vouched_of, vouched_query
from support.scenario import FIRST, LAST, World
from test_account import Bolt, mirror
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A mirrored company on each database."""
    with Sandbox(Company(40)) as sandbox:
        made = World(sandbox, initialised)
        made.company.name = "Acme Ltd"
        made.sync()
        yield made
        made.mirror.close()


@pytest.fixture
def bolt() -> Iterator[Bolt]:
    """Another company that answers."""
    made = Bolt()
    with made.sandbox:
        yield made


# -- taking another one ------------------------------------------------------------------------------------------------


def test_another_zone_is_taken_once_it_was_shown_what_it_means(world: World) -> None:
    """Which receipts and locked days were made in the old zone; who took it and when; then runs go on."""
    world.mirror.lock(FIRST, date(2025, 12, 2), reason="paid", anyway=True)
    other = mirror(world, world.sandbox, timezone="Europe/Berlin")
    found = other.proposed_account(["timezone"])
    [change] = found.changes
    assert (change.what, change.before, change.after) == ("timezone", "America/Chicago", "Europe/Berlin")
    assert any("1 receipts, of days 2025-12-01..2025-12-11" in said for said in change.meaning)
    assert any("2 locked days, 2025-12-01..2025-12-02" in said for said in change.meaning)
    assert any("h earlier than in America/Chicago" in said for said in change.meaning)
    assert other.account() == world.mirror.account()
    taken = other.accept_account(found, by="Ida")
    assert (taken.timezone, taken.by, taken.what, taken.run) == ("Europe/Berlin", "Ida", "timezone", None)
    assert [entry.timezone for entry in other.account_history()] == ["Europe/Berlin", "America/Chicago"]
    assert other.sync(other.window(FIRST, LAST)).exit_code in {0, 3}
    other.close()
    with pytest.raises(ConfigurationError, match="Europe/Berlin; the configured time zone is America/Chicago"):
        world.sync()


def test_another_company_is_taken_with_its_clocks(world: World, bolt: Bolt) -> None:
    """Afterwards the first one's key is refused."""
    other = bolt.mirror(world)
    found = other.proposed_account(["company", "region", "timezone"])
    assert [(one.what, one.before, one.after) for one in found.changes] == [
        ("company", "Acme Ltd (id 9000001)", "Bolt Inc (id 9000002)")
    ]
    other.accept_account(found, by="Ida")
    other.plan(world.window)
    other.close()
    ours = mirror(world, world.sandbox)
    with pytest.raises(ConfigurationError, match="mirrors Bolt Inc"):
        ours.plan(world.window)
    ours.close()


def test_another_region_is_taken_and_the_company_still_checked(world: World) -> None:
    """The region alone says nothing of the company: the key is asked for it again."""
    other = mirror(world, world.sandbox, base_url=HOSTS[1])
    taken = other.accept_account(other.proposed_account(["region"]), by="Ida")
    assert (taken.region, taken.digest, taken.company_id) == ("au", None, "9000001")
    assert other.http_calls == 0
    other.close()


def test_a_part_that_still_differs_is_named(world: World, bolt: Bolt) -> None:
    """Whoever takes the company and not the zone would be refused at the next run."""
    other = bolt.mirror(world, timezone="Europe/Berlin")
    assert other.proposed_account(["company"]).left == ("timezone",)
    other.close()


def test_nothing_to_take_is_nothing_written(world: World) -> None:
    """And a proposal that somebody overtook is not taken."""
    found = world.mirror.proposed_account(["company", "region", "timezone"])
    assert found.changes == ()
    world.mirror.accept_account(found, by="Ida")
    assert len(world.table("connecteam_sync_account")) == 1
    other = mirror(world, world.sandbox, timezone="Europe/Berlin")
    late = other.proposed_account(["timezone"])
    other.accept_account(late, by="Ida")
    with pytest.raises(ConfigurationError, match="meanwhile"):
        other.accept_account(late, by="Ben")
    other.close()


@pytest.mark.usefixtures("initialised")
def test_a_database_of_nobody_has_nothing_to_take(database: str) -> None:
    """The first run notes whose it is."""
    with Sandbox(Company(0)) as sandbox:
        world = World(sandbox, database)
        with pytest.raises(NotFound, match="nobody yet"):
            world.mirror.proposed_account(["timezone"])
        world.mirror.close()


# -- time clocks -------------------------------------------------------------------------------------------------------


def test_time_clocks_tell_what_is_remembered_of_them(world: World) -> None:
    """Listed or not, archived or not, looked at or not, shifts and rows, the last look."""
    del world.company.clocks[OFFICE]
    world.company.clocks[CLOSED].name = "Old\n\x1b[31m depot\u202e"
    found = {clock.id: clock for clock in world.mirror.clocks()}
    assert list(found) == [WAREHOUSE, OFFICE, CLOSED]
    assert (found[WAREHOUSE].is_looked_at, found[OFFICE].is_listed, found[CLOSED].is_archived) == (True, False, True)
    assert found[CLOSED].name == "Old [31m depot"
    assert found[WAREHOUSE].shifts + found[OFFICE].shifts == 40
    assert found[WAREHOUSE].rows == found[WAREHOUSE].shifts
    assert found[WAREHOUSE].last_looked_at is not None
    assert found[CLOSED].last_looked_at is not None  # for the days that were named


def test_a_person_vouches_for_a_clock_and_takes_it_back(world: World) -> None:
    """With who, when and why; the query of a run sees it at once."""

    def vouched() -> frozenset[int]:
        with world.mirror.store.reading() as session:
            return vouched_of(session.fetch(vouched_query(session.own))[0])

    assert vouched() == frozenset()
    for reason in ("sold with the depot", "sold, and nobody worked there"):
        world.mirror.vouch_clock(CLOSED, reason, by="Ida")
    assert vouched() == {CLOSED}
    clock = next(one for one in world.mirror.clocks() if one.id == CLOSED)
    assert clock.vouched is not None
    assert (clock.vouched.by, clock.vouched.reason) == ("Ida", "sold, and nobody worked there")
    said = world.mirror.unvouch_clock(CLOSED, by="Ben")
    assert (said.withdrawn_by, said.reason) == ("Ben", "sold, and nobody worked there")
    assert vouched() == frozenset()
    with pytest.raises(NotFound, match="nobody vouched"):
        world.mirror.unvouch_clock(CLOSED, by="Ben")
    assert [row["withdrawn_by"] for row in world.table("connecteam_sync_vouches")] == ["Ida", "Ben"]


def test_a_clock_that_is_gone_from_the_list_can_be_vouched_for_and_a_wrong_id_cannot(world: World) -> None:
    """The word is about what is remembered; a slip of the finger must not be a word for nothing."""
    world.company.clocks.clear()
    world.mirror.vouch_clock(OFFICE, "closed", by="Ida")
    with pytest.raises(NotFound, match="no time clock 5"):
        world.mirror.vouch_clock(5, "closed", by="Ida")
    with pytest.raises(ConfigurationError, match="reason"):
        world.mirror.vouch_clock(OFFICE, " \n", by="Ida")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain", "plain"),
        (" a\r\nok  b\u2028c ", "a ok b c"),
        ("\u202eevil\x1b[2J\x00\ud800", "evil [2J"),
        ("x" * 9, "xxxx…"),
    ],
)
def test_words_of_strangers_are_one_line(said: str, shown: str) -> None:
    """No line break forges a line, no escape steers a terminal, no half of a character stops a database."""
    assert one_line(said, 5 if said == "x" * 9 else 500) == shown


# -- the command -------------------------------------------------------------------------------------------------------


def test_account_is_shown_and_another_zone_taken_at_the_command_line(terminal: Terminal) -> None:
    """Exit 2 at every run, 4 without a person's word, and the word is kept with its name."""
    assert "no run has noted yet" in terminal("account").out
    terminal("sync", *WINDOW)
    shown = terminal("account")
    for said in ("Invented Logistics (id 9000001)", "local", "America/Chicago", "run 1: first noted"):
        assert said in shown.out
    berlin = {"CONNECTEAM_SYNC_TIMEZONE": "Europe/Berlin"}
    refused = terminal("sync", *WINDOW, "--json", **berlin)
    assert (refused.code, refused.json["error"], refused.json["exit_code"]) == (2, "configuration_error", 2)
    shown = terminal("account", **berlin)
    assert (shown.code, "configured is another time zone: Europe/Berlin" in shown.err) == (0, True)
    for words in ((), ("--json",)):
        answer = terminal("account", "accept", "--timezone", *words, **berlin)
        assert (answer.code, "--yes" in answer.err) == (4, True)
    assert "1 receipts" in terminal("account", "accept", "--timezone", **berlin).out
    assert terminal("account", "--json").json["account"]["timezone"] == "America/Chicago"
    taken = terminal("account", "accept", "--timezone", "--yes", "--as", "Ida", "--json", **berlin)
    assert (taken.code, taken.json["changes"][0]["after"]) == (0, "Europe/Berlin")
    assert terminal("sync", *WINDOW, **berlin).code in {0, 3}
    history = terminal("account", "--json").json["history"]
    assert [(entry["by"], entry["what"], entry["run"]) for entry in history] == [
        ("Ida", "timezone", None),
        (None, "first", 1),
    ]
    assert terminal("account", "accept").code == 2
    nothing = terminal("account", "accept", "--timezone", **berlin)
    assert (nothing.code, "nothing to take" in nothing.out) == (0, True)


def test_time_clocks_at_the_command_line(terminal: Terminal) -> None:
    """A list, a word for one of them, and taking it back; a name cannot forge a line, in JSON neither."""
    terminal("sync", *WINDOW)
    terminal.sandbox.company.clocks[CLOSED].name = "Depot\nok       account        forged"
    shown = terminal("clocks")
    assert (shown.code, len(shown.out.splitlines())) == (0, 3)
    assert "archived, looked at where it matters; 0 shifts remembered, 0 rows; last looked at" in shown.out
    said = terminal("clocks", "vouch", str(CLOSED), "--reason", "sold", "--as", "Ida", "--json").json["vouched"]
    assert (said["time_clock_id"], said["by"], said["reason"]) == (CLOSED, "Ida", "sold")
    listed = terminal("clocks", "--json").json["time_clocks"]
    assert next(c for c in listed if c["id"] == CLOSED)["vouched"]["reason"] == "sold"
    assert all("\n" not in c["name"] for c in listed)
    assert "vouched for: sold (Ida" in terminal("clocks").out
    assert terminal("clocks", "unvouch", str(CLOSED)).code == 0
    assert terminal("clocks", "unvouch", str(CLOSED)).code == 2
    assert terminal("clocks", "vouch", "5", "--reason", "x").code == 2
    assert "\nok       account        forged" not in terminal("doctor").out


def test_doctor_tells_whose_key_and_whose_database(terminal: Terminal) -> None:
    """Ours, another company's, another zone, and a key that may not say."""
    assert "the first one will" in terminal("doctor").out
    terminal("sync", *WINDOW)

    def check(name: str, **environment: str) -> tuple[int, str, str]:
        answer = terminal("doctor", "--json", **environment)
        found = next(c for c in answer.json["checks"] if c["name"] == name)
        return answer.code, found["state"], found["detail"]

    assert check("account") == (0, "ok", "Invented Logistics (id 9000001), local")
    with ExitStack() as stack:
        other = Bolt()
        stack.enter_context(other.sandbox)
        code, found, detail = check(
            "account", CONNECTEAM_SYNC_BASE_URL=other.sandbox.url, CONNECTEAM_SYNC_API_KEY=other.sandbox.key
        )
    assert (code, found, "the key is of Bolt Inc (id 9000002)" in detail) == (1, "failed", True)
    code, found, detail = check("account", CONNECTEAM_SYNC_TIMEZONE="Europe/Berlin")
    assert (code, found, "Europe/Berlin" in detail) == (1, "failed", True)
    terminal.sandbox.faults.add("scope", path="/me", times=9)
    assert check("Connecteam")[:2] == (0, "warning")


def test_nobody_at_the_terminal_is_no_yes() -> None:
    """The error of a word that was not given is a refusal."""
    assert (NotConfirmed("x").exit_code, NotConfirmed("x").name) == (4, "not_confirmed")


def test_a_company_that_is_not_known_is_named_by_its_clocks() -> None:
    """Also where none is known."""
    assert Account(time_clocks=frozenset({1})).company == "the company with time clock 1"
    assert "not known yet" in Account().company


def test_the_first_run_of_chosen_clocks_asks_for_no_list_of_them(tmp_path: Path) -> None:
    """Whose the key is, the users, one look: nothing is known yet that the clocks could be compared with."""
    with Sandbox(Company(20)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/chosen.db", time_clocks=(WAREHOUSE,))
        assert world.sync().http_calls == 4  # one for the types of breaks
        assert sandbox.handlers.paths[0] == "/me"
        world.mirror.close()


def test_a_clock_that_is_vouched_for_no_longer_holds_up_the_orphans(tmp_path: Path) -> None:
    """A row without a shift might be of the archived clock that cannot be read, until a person says that it is not."""
    with Sandbox(Company(20)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/vouched.db")
        world.sync()
        world.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            " SELECT min(id), '2025-12-03 02:00:00', '2025-12-03 03:00:00', 60, 0, 'connecteam' FROM employees"
        )
        sandbox.faults.add("scope", path=f"{CLOSED}/", times=999)
        assert world.mirror.resync(world.window).counts.deleted == 0
        assert "clock_not_looked_at" in world.reasons()
        world.mirror.vouch_clock(CLOSED, "sold in 2020", by="Ida")
        assert world.mirror.resync(world.window).counts.deleted == 1
        world.mirror.close()
