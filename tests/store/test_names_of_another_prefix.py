"""Another prefix or schema than before: told, completed, and never taken for a fresh start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import msgspec
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from test_names import Opening, break_off, names_of, old_script, ran

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import ConfigurationError, NotInitialised
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.settings import SandboxSettings as Behaviour
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables import repair
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.ownership import Former
from support.scenario import FIRST, World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(60), Behaviour(minute_limit=1_000_000)) as served:
        yield served


@pytest.fixture
def plain(database: str) -> Iterator[Connection]:
    """The database by itself, each statement committed."""
    engine = create_engine(database_url(database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def opening(database: str) -> Iterator[Opening]:
    """Opens the database, and closes all of it in the end."""
    with ExitStack() as stack:

        def opened(own: OwnNames | None = None) -> Store:
            return stack.enter_context(closing(Store(database, own=own)))

        yield opened


def test_another_prefix_is_no_fresh_start(sandbox: Sandbox, database: str, opening: Opening) -> None:
    """Journal and locked days would seem to be lost: `init` is told what becomes of them, and renames them if asked."""
    world = World(sandbox, database)
    world.sync()
    world.lock(FIRST)
    world.mirror.close()
    other = opening(OwnNames(prefix="other_"))
    with pytest.raises(ConfigurationError, match="connecteam_sync_shifts") as raised:
        other.init()
    assert raised.value.exit_code == 2
    assert "--from-prefix connecteam_sync_" in raised.value.next_step
    with pytest.raises(ConfigurationError, match="no tables of ours under the prefix 'nobody_'"):
        other.init(Former("nobody_"))
    done = other.init(Former("connecteam_sync_"))
    assert "renamed connecteam_sync_changes to other_changes" in done
    assert not [said for said in done if "put back" in said]
    assert other.init(Former("connecteam_sync_")) == other.init() == ()
    with closing(ConnecteamSync(sandbox.key, settings=settings_of(world, OwnNames(prefix="other_")))) as mirror:
        assert mirror.locked_days() == (FIRST,)
        assert mirror.sync(world.window).status == "nothing"
        assert all(check.state != "failed" for check in mirror.doctor())
    with pytest.raises(NotInitialised), opening().reading():
        pass


def settings_of(world: World, own: OwnNames) -> Settings:
    """The same, under other names."""
    return msgspec.structs.replace(world.mirror.settings, own=own)


@pytest.mark.parametrize("moment", [1, 6, 13, 19])
def test_another_prefix_is_completed_where_it_broke_off(store: Store, opening: Opening, moment: int) -> None:
    """Whatever was renamed already, the rest follows."""
    own = OwnNames(prefix="other_")
    broken = opening(own)
    break_off(broken, moment)
    with pytest.raises(KeyboardInterrupt):
        broken.init(Former("connecteam_sync_"))
    broken.close()
    fresh = opening(own)
    fresh.init(Former("connecteam_sync_"))
    assert fresh.init() == ()
    with fresh.reading() as session:
        assert not repair.faults(session.connection, session.dialect, session.own.names)
    assert store.names != own


def test_tables_of_an_old_installation_are_no_spare_parts(opening: Opening, plain: Connection) -> None:
    """One under a prefix lacks a table; another's, of an old version, is not taken in its place."""
    ours = opening(OwnNames(prefix="b_"))
    ours.init()
    ran(plain, old_script(plain))
    ran(plain, "DROP TABLE b_holds")
    assert ours.init() == ("table b_holds is missing: put back",)
    assert {"sync_holds", "connecteam_shifts"} <= names_of(plain)


def test_both_prefixes_at_once_are_refused(store: Store, opening: Opening) -> None:
    """Nobody can say which of the two is meant."""
    other = opening(OwnNames(prefix="other_"))
    other.init(Former(beside=True))
    with pytest.raises(ConfigurationError, match="both prefixes"):
        other.init(Former("connecteam_sync_"))
    assert store.init() == ()


def test_two_installations_in_one_database(sandbox: Sandbox, database: str) -> None:
    """Each with tables of its own: neither sees what the other did."""
    one = World(sandbox, database)
    with closing(Store(database, own=OwnNames(prefix="second_"))) as store:
        store.init(Former(beside=True))
    two = World(sandbox, database, own=OwnNames(prefix="second_"))
    assert one.sync().status == "applied"
    assert two.mirror.runs() == ()
    assert two.sync().counts.linked == one.mirror.show(1)[0].counts.created
    one.mirror.close()
    two.mirror.close()


def test_a_version_table_that_says_something_else_is_not_ours(opening: Opening, plain: Connection) -> None:
    """Another program's Alembic, say."""
    ran(plain, "CREATE TABLE connecteam_sync_version (version_num VARCHAR(32))")
    ran(plain, "INSERT INTO connecteam_sync_version (version_num) VALUES ('3f2a9c')")
    with pytest.raises(ConfigurationError, match="connecteam_sync_version"):
        opening().init()
    with pytest.raises(DBAPIError):
        plain.execute(text("SELECT 1 FROM connecteam_sync_runs"))
