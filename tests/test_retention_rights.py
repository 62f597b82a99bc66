"""A user of daily runs who may not remove the journal: what a purge and an erasure need besides, and how it is said."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from connecteam_sync.errors import DatabaseError
from connecteam_sync.store.tables.privileges import NEEDED
from connecteam_sync.store.tables.retention_rights import NEEDED_FOR
from support.long_ago import DAYS, OURS, LongAgo, long_ago

SERVERS = pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)


class Least:
    """A database user with the rights that runs need, who may look at everything; the library under their name."""

    def __init__(self, world: LongAgo, database: str) -> None:
        self._url, self.name = make_url(database), f"least_{uuid.uuid4().hex[:8]}"
        self._is_postgresql = self._url.get_backend_name() == "postgresql"
        self._who = self.name if self._is_postgresql else f"'{self.name}'@'%'"
        self.run(f"CREATE USER {self._who} {'PASSWORD' if self._is_postgresql else 'IDENTIFIED BY'} 'least'")
        own = {f"connecteam_sync_{kind}": words for kind, words in NEEDED.items()}
        own |= {"clock_times": ("SELECT", "INSERT", "UPDATE", "DELETE"), "employees": ("SELECT", "INSERT", "UPDATE")}
        own["connecteam_sync_version"] = ("SELECT",)
        place = "" if self._is_postgresql else f"{self._url.database}."
        for table in ("legal_holds", "kept_plans"):
            own[f"connecteam_sync_{table}"] = ("SELECT",)
        self.run(*(f"GRANT {', '.join(words)} ON {place}{table} TO {self._who}" for table, words in own.items()))
        if self._is_postgresql:
            kinds = ("purges", "erasures", "legal_holds")
            self.run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {self._who}")
            self.run(*(f"REVOKE USAGE ON SEQUENCE connecteam_sync_{kind}_id_seq FROM {self._who}" for kind in kinds))
        url = self._url.set(username=self.name, password="least").render_as_string(hide_password=False)
        self.mirror = world.mirror_of(world.sandbox, url)

    def run(self, *statements: str) -> None:
        """Statements of the administrator."""
        engine = create_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def revoke(self, kind: str) -> None:
        """They may not even look at a table of ours."""
        place = "" if self._is_postgresql else f"{self._url.database}."
        self.run(f"REVOKE SELECT ON {place}connecteam_sync_{kind} FROM {self._who}")

    def granted(self) -> None:
        """What `retention check` says is granted."""
        found = self.mirror.retention.check().missing
        self.run(*(part for one in found for part in one.grant.split("; ")))

    def drop(self) -> None:
        """The user goes."""
        self.mirror.close()
        self.run(*([f"DROP OWNED BY {self.name}"] if self._is_postgresql else ()), f"DROP USER {self._who}")


@pytest.fixture
def world(initialised: str) -> Iterator[LongAgo]:
    """Two people who worked years ago, and one who still does."""
    with long_ago(initialised) as made:
        yield made


@pytest.fixture
def least(world: LongAgo, initialised: str) -> Iterator[Least]:
    """Somebody who may do what runs do, to the byte."""
    made = Least(world, initialised)
    yield made
    made.drop()


@SERVERS
def test_what_is_lacking_is_refused_before_anything_is_written(world: LongAgo, least: Least) -> None:
    """In the database's words, with the statement of the administrator; runs go on as ever."""
    before, table, purges = world.counts(), world.table(), world.table("connecteam_sync_purges")
    with pytest.raises(
        DatabaseError, match=r"may not purge, .*the database said: .*denied.*; nothing was purged"
    ) as told:
        least.mirror.retention.purge(DAYS, confirm=DAYS, by="Pia")
    assert "DELETE" in told.value.next_step
    assert told.value.exit_code == 1
    someone = str(world.employee(world.other))
    with pytest.raises(DatabaseError, match=r"may not erase anybody, .*denied.*; nothing was erased"):
        least.mirror.retention.erase(someone, confirm=someone, by="Pia")
    with pytest.raises(DatabaseError, match=r"may not note legal holds, .*denied.*; nobody was put"):
        least.mirror.retention.hold(someone, reason="a lawsuit", by="Pia")
    assert (world.counts(), world.table(), world.table("connecteam_sync_purges")) == (before, table, purges)
    assert [check.state for check in least.mirror.doctor() if check.name == "rights"] == ["ok"]
    assert least.mirror.sync().exit_code == 0


@SERVERS
def test_what_the_check_names_is_what_is_needed(world: LongAgo, least: Least) -> None:
    """Each table with the acts that need it; granted word by word it is enough, for rows, holds and names, too."""
    found = {one.table: one for one in least.mirror.retention.check().missing}
    assert found["connecteam_sync_changes"].rights == ("DELETE",)
    assert found["connecteam_sync_changes"].acts == ("purge",)
    assert found["connecteam_sync_slices"].rights == ("DELETE", "UPDATE")
    assert found["connecteam_sync_slices"].acts == ("purge", "erase")
    assert "connecteam_sync_users" not in found
    assert least.mirror.retention.check(counted=False).missing == ()
    least.granted()
    assert least.mirror.retention.check().missing == ()
    mine, other = world.employee(world.user), world.employee(world.other)
    least.mirror.retention.hold(mine, reason="a lawsuit", by="Pia")
    least.mirror.retention.release(mine, reason="settled", by="Pia")
    done = least.mirror.retention.purge(DAYS, confirm=DAYS, with_rows=True, by="Pia")
    assert (done.state, done.counts.entries, done.counts.shifts) == ("done", 4, 4)
    assert least.mirror.retention.erase(other, confirm=str(other), by="Pia").users == 1


@SERVERS
def test_who_may_not_even_look_is_told_the_same(least: Least) -> None:
    """With every statement of the administrator at once."""
    least.revoke("legal_holds")
    with pytest.raises(
        DatabaseError, match=r"may not look at what is kept, and lacks SELECT.* on connecteam_sync_legal_holds"
    ) as told:
        least.mirror.retention.check()
    assert "GRANT SELECT" in told.value.next_step
    assert "connecteam_sync_changes" in told.value.next_step


@SERVERS
def test_a_user_who_may_all_lacks_nothing(world: LongAgo) -> None:
    """Nor does the check write anything."""
    before = world.counts()
    assert world.mirror.retention.check().missing == ()
    assert world.counts() == before


def test_a_file_has_no_rights_on_single_tables(world: LongAgo) -> None:
    """Nothing is tried there, and nothing lacks."""
    assert world.mirror.retention.check().missing == ()
    assert set(OURS) <= set(NEEDED_FOR["purge"])
