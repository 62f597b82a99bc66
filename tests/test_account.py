"""Whose data is this? Another company, region or zone over the same database is refused until told (rule 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import HOSTS, ApiKey
from connecteam_sync.api.wire import ActivitiesResponse
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.window import Window
from connecteam_sync.engine.account import fingerprint, region_of
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Clock
from connecteam_sync.store.tables.own import OwnNames
from support.scenario import FIRST, LAST, World

OURS = ("clock_times", "employees", *map(OwnNames().name, ("runs", "slices", "account", "holds", "locked_days")))
BOLT = ("sandbox-bolt", "9000002", "Bolt Inc")


class Bolt:
    """Another company: the same clock and user ids, so that no guard has anything to say, and another id and name."""

    def __init__(self, *, key: str = BOLT[0]) -> None:
        self.company = Company(0)
        self.company.id, self.company.name = BOLT[1:]
        self.sandbox = Sandbox(self.company, key=key)

    def mirror(self, world: World, **settings: Any) -> ConnecteamSync:  # noqa: ANN401 - any setting
        """Its key over the database of another company."""
        return mirror(world, self.sandbox, **settings)


def mirror(world: World, sandbox: Sandbox, **settings: Any) -> ConnecteamSync:  # noqa: ANN401 - any setting
    """The library over the database of `world`, configured otherwise."""
    url = world.mirror.settings.database_url
    chosen: dict[str, Any] = {
        "timezone": world.company.timezone,
        "base_url": sandbox.url,
        "employees": "create",
        "total_seconds": 30,
        **settings,
    }
    return ConnecteamSync(sandbox.key, settings=Settings(database_url=url, **chosen))


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


def state(world: World) -> list[Any]:
    """Every table that a run could write to."""
    with world.mirror.store.reading() as session:
        return [session.read(f"SELECT * FROM {name} ORDER BY 1") for name in OURS]


VERBS: dict[str, Callable[[ConnecteamSync], object]] = {
    "sync": lambda m: m.sync(m.window(FIRST, LAST)),
    "default sync": lambda m: m.sync(),
    "resync": lambda m: m.resync(m.window(FIRST, LAST)),
    "plan": lambda m: m.plan(m.window(FIRST, LAST)),
    "verify": lambda m: m.verify(m.window(FIRST, LAST)),
    "compare": lambda m: m.compare(m.window(FIRST, LAST)),
    "sync a day": lambda m: m.sync_shifts_for_date(FIRST),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_key_of_another_company_is_refused_naming_both(world: World, bolt: Bolt, verb: str) -> None:
    """Exit 2; nothing but /me was asked, nothing at all was written."""
    before = state(world)
    other = bolt.mirror(world)
    with pytest.raises(ConfigurationError) as caught:
        VERBS[verb](other)
    other.close()
    assert caught.value.exit_code == 2
    assert "mirrors Acme Ltd (id 9000001); the key is of Bolt Inc (id 9000002)" in caught.value.message
    assert "account accept --company" in caught.value.next_step
    assert bolt.sandbox.handlers.paths == ["/me"]
    assert state(world) == before


def test_a_saved_plan_of_ours_is_not_applied_with_their_key(world: World, bolt: Bolt) -> None:
    """`apply` looks again, and it would look at another company."""
    proposal = world.mirror.plan(world.window)
    before = state(world)
    other = bolt.mirror(world)
    with pytest.raises(ConfigurationError, match="Bolt Inc"):
        other.apply(proposal)
    other.close()
    assert state(world) == before


def test_another_region_is_refused_without_asking_anybody(world: World) -> None:
    """A database of a sandbox, and the base URL of a real host: the host would not even be called."""
    before = state(world)
    for host, region in zip(HOSTS, ("global", "au"), strict=True):
        other = mirror(world, world.sandbox, base_url=host)
        with pytest.raises(ConfigurationError, match=f"region local; the base URL is of region {region}") as caught:
            other.sync(world.window)
        assert other.http_calls == 0
        other.close()
        assert caught.value.exit_code == 2
    assert state(world) == before


def test_regions_are_known_by_their_hosts() -> None:
    """Any URL of this machine is one region, whatever its port."""
    regions = [region_of(url) for url in (*HOSTS, f"{HOSTS[0]}/", "http://127.0.0.1:1", "http://[::1]:2")]
    assert regions == ["global", "au", "global", "local", "local"]


@pytest.mark.parametrize("verb", [*VERBS, "lock", "unlock", "adopt"])
def test_another_time_zone_is_refused_without_asking_anybody(world: World, verb: str) -> None:
    """Days would mean other hours: also those that `lock` closes and that an adoption journals."""
    verbs: dict[str, Callable[[ConnecteamSync], object]] = {
        **VERBS,
        "lock": lambda m: m.lock(FIRST, FIRST, reason="paid"),
        "unlock": lambda m: m.unlock(FIRST, FIRST),
        "adopt": lambda m: m.adopt(),
    }
    before = state(world)
    other = mirror(world, world.sandbox, timezone="Europe/Berlin")
    with pytest.raises(
        ConfigurationError, match="America/Chicago; the configured time zone is Europe/Berlin"
    ) as caught:
        verbs[verb](other)
    assert other.http_calls == 0
    other.close()
    assert (caught.value.exit_code, "accept --timezone" in caught.value.next_step) == (2, True)
    assert state(world) == before


def test_the_company_is_asked_for_once_for_each_key(world: World) -> None:
    """The first run made one call more, and one for the types of breaks; later ones, also of another process, make
    those of before.
    """
    first = world.mirror.runs()[-1]
    assert first.http_calls == 1 + 1 + 1 + 3 + 1
    later = mirror(world, world.sandbox)
    assert later.sync(world.window).http_calls == 1 + 1 + 3
    later.close()
    assert world.sandbox.handlers.paths.count("/me") == 1
    world.sandbox.handlers.key = "sandbox-second-key"
    world.sandbox.key = "sandbox-second-key"
    for calls in (6, 5):
        another = mirror(world, world.sandbox)
        assert another.sync(world.window).http_calls == calls
        another.close()


def test_a_key_is_remembered_by_a_digest_that_does_not_give_it_away(world: World) -> None:
    """Salted, slow, and of nothing but who asks whom."""
    [row] = world.table("connecteam_sync_account")
    assert world.sandbox.key not in str(row)
    salt = bytes.fromhex(row["key_salt"])
    assert len(salt) == 16
    clients = [
        Connecteam(ApiKey(key), base_url=url)
        for key, url in (("k", "http://127.0.0.1:1"), ("l", "http://127.0.0.1:1"), ("k", "http://127.0.0.1:2"))
    ]
    assert len({fingerprint(client, salt) for client in clients}) == 3
    assert fingerprint(clients[0], salt) != fingerprint(clients[0], b"another salt 123")
    for client in clients:
        client.close()


def test_what_is_remembered_is_told(world: World) -> None:
    """Company, region, zone, every time clock that is listed, archived ones too, and since which run."""
    found = world.mirror.account()
    assert found is not None
    assert (found.company, found.region, found.timezone) == ("Acme Ltd (id 9000001)", "local", "America/Chicago")
    assert found.time_clocks == {WAREHOUSE, OFFICE, CLOSED}
    assert (found.run, found.known_by) == (1, "company")
    assert len(world.mirror.account_history()) == 1


@pytest.mark.usefixtures("initialised")
def test_plan_verify_and_doctor_note_nothing(database: str) -> None:
    """The account is noted with the first thing a run writes, and by nobody who only looks."""
    with Sandbox(Company(10)) as sandbox:
        world = World(sandbox, database)
        world.mirror.plan(world.window)
        world.mirror.verify(world.window)
        world.mirror.doctor()
        assert world.mirror.account() is None
        world.sync()
        assert world.mirror.account() is not None
        world.mirror.close()


def test_a_sandbox_on_another_port_is_the_same_company(world: World) -> None:
    """The key is asked for its company again, and a new clock of it is remembered."""
    world.company.clocks[7] = Clock(7, "Annex")
    with Sandbox(world.company) as again:
        moved = mirror(world, again)
        assert moved.sync(world.window).exit_code == 0
        assert again.handlers.paths[0] == "/me"
        account = moved.account()
        moved.close()
    assert account is not None
    assert 7 in account.time_clocks
    assert len(world.table("connecteam_sync_account")) == 1


def test_a_renamed_company_is_the_same(world: World) -> None:
    """Its id counts; a new name is noted with the next new key."""
    world.company.name = "Acme Worldwide"
    with Sandbox(world.company) as again:
        moved = mirror(world, again)
        moved.sync(world.window)
        account = moved.account()
        moved.close()
    assert account is not None
    assert account.company == "Acme Worldwide (id 9000001)"


# -- a key that may not read /me ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("initialised")
def test_time_clocks_stand_in_for_a_company_that_cannot_be_read(database: str, bolt: Bolt) -> None:
    """Said once, with the first receipt; a key with none of its clocks is refused, one with a common clock is not."""
    with Sandbox(Company(20)) as sandbox:
        sandbox.faults.add("scope", path="/me", times=999)
        world = World(sandbox, database)
        notes = [[slice_.note for slice_ in world.sync().slices if slice_.note] for _ in range(2)]
        assert [len(said) for said in notes] == [1, 0]
        assert "may not read which company" in str(notes[0][0])
        account = world.mirror.account()
        assert account is not None
        assert (account.company_id, account.known_by) == (None, "time_clocks")
        before = state(world)
        bolt.company.clocks = {99: Clock(99, "Elsewhere")}
        other = bolt.mirror(world)
        with pytest.raises(ConfigurationError, match=r"time clocks 4100001, 4100002, 4100003.*Bolt Inc"):
            other.sync(world.window)
        bolt.sandbox.faults.add("scope", path="/me", times=999)
        with pytest.raises(ConfigurationError, match="the company with time clock 99") as caught:
            other.sync(world.window)
        assert caught.value.exit_code == 2
        assert state(world) == before
        other.close()
        sandbox.faults.clear()
        with Sandbox(world.company) as readable:
            ours = mirror(world, readable)
            assert ours.sync(world.window).exit_code == 0
            account = ours.account()
            ours.close()
        assert account is not None
        assert account.company_id == "9000001"
        world.mirror.close()


def test_a_key_that_is_none_is_not_taken_for_one_without_a_scope(world: World) -> None:
    """Both are a 403 at /me; the list of time clocks tells them apart. The failure is a receipt, as ever."""
    other = ConnecteamSync(
        "sandbox-wrong",
        settings=Settings(
            timezone=world.company.timezone,
            database_url=world.mirror.settings.database_url,
            base_url=world.sandbox.url,
        ),
    )
    run = other.sync(world.window)
    other.close()
    assert (run.status, run.exit_code) == ("failed", 1)
    with Sandbox(world.company) as again:
        again.faults.add("bad_key", path="/me")
        other = mirror(world, again)
        assert other.sync(world.window).exit_code == 1
        other.close()
        assert again.handlers.paths == ["/me"]
    assert world.mirror.account() == world.mirror.account_history()[0]


# -- a database older than this ----------------------------------------------------------------------------------------


def as_before(world: World) -> None:
    """The database as a version without an account left it."""
    world.execute("DROP TABLE connecteam_sync_account")
    world.execute("DROP TABLE connecteam_sync_vouches")
    world.execute("UPDATE connecteam_sync_version SET version_num = '0010'")
    world.mirror.close()


def test_a_database_of_before_knows_its_zone_and_its_clocks(world: World, bolt: Bolt) -> None:
    """Upgraded, it refuses another zone and a key with none of its clocks, and learns its company from the next run."""
    as_before(world)
    fresh = mirror(world, world.sandbox)
    fresh.init()
    account = fresh.account()
    assert account is not None
    assert (account.timezone, account.company_id, account.run) == ("America/Chicago", None, 1)
    assert account.time_clocks == {WAREHOUSE, OFFICE, CLOSED}
    zone = mirror(world, world.sandbox, timezone="Asia/Tokyo")
    bolt.company.clocks = {99: Clock(99, "Elsewhere")}
    other = bolt.mirror(world)
    for wrong in (zone, other):
        with pytest.raises(ConfigurationError):
            wrong.sync(world.window)
        wrong.close()
    assert fresh.sync(world.window).exit_code == 0
    account = fresh.account()
    fresh.close()
    assert account is not None
    assert (account.company, account.run) == ("Acme Ltd (id 9000001)", 1)


def test_init_of_a_fresh_database_notes_nothing(store: Any) -> None:  # noqa: ANN401 - a Store
    """There is no run to know it from."""
    with store.reading() as session:
        assert session.read("SELECT * FROM connecteam_sync_account") == []


# -- two at once -------------------------------------------------------------------------------------------------------


def test_of_two_first_runs_at_once_the_second_is_refused(database: str, bolt: Bolt) -> None:
    """Both saw a database of nobody; under the lock the second sees whose it is by now, and writes no row."""
    with Sandbox(Company(20)) as sandbox:
        world = World(sandbox, database)
        bolt.company.add(min(bolt.company.people), bolt.company.at(FIRST, "08:00"), bolt.company.at(FIRST, "09:00"))
        other = bolt.mirror(world)
        client = other._client()
        ask = client.fetch_activities

        def late(time_clock_id: int, window: Window) -> ActivitiesResponse:
            if world.mirror.account() is None:
                world.sync()
            return ask(time_clock_id, window)

        client.fetch_activities = late  # type: ignore[method-assign]
        run = other.sync(world.window)
        other.close()
        assert run.exit_code == 2
        assert "the key is of Bolt Inc" in str(run.slices[0].error)
        assert world.rows() == world.company.truth(FIRST, LAST)
        account = world.mirror.account()
        assert account is not None
        assert account.company_id == "9000001"
        world.mirror.close()
