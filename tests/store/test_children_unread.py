"""Tables of the host that cannot be read, and how pointers are told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url, text
from test_children import naming_only

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings as Configuration
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.mirror.child_rows import children_of, pointers_at_ours
from support.databases import run_statement
from support.host_with_children import Host


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with three people."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as running:
        yield running


@pytest.fixture
def host(sandbox: Sandbox, initialised: str) -> Iterator[Host]:
    """A mirror of it, and a shift that stays: an answer without any would be refused."""
    made = Host(sandbox, initialised)
    made.stays = made.work(9, "08:00", "12:00", user=max(made.company.people))
    yield made
    made.mirror.close()


# -- tables that cannot be read ----------------------------------------------------------------------------------------


class Daily:
    """A user of the server who may do the daily work and nothing else."""

    def __init__(self, host: Host, database: str, *tables: str) -> None:
        self.host, self.url = host, make_url(database)
        self.name = f"daily_{uuid.uuid4().hex[:8]}"
        self.who = self.name if host.family == "postgresql" else f"'{self.name}'@'%'"
        word = "PASSWORD" if host.family == "postgresql" else "IDENTIFIED BY"
        self.run(f"CREATE USER {self.who} {word} 'daily'")
        with host.mirror.store.connection() as connection:
            schema = "current_schema()" if host.family == "postgresql" else "database()"
            found = connection.execute(
                text(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}")
            ).scalars()
            names = [name for name in found if name.startswith("connecteam_sync_")]
        prefix = "" if host.family == "postgresql" else f"{self.url.database}."
        for name in (*names, "clock_times", "employees", *tables):
            self.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {prefix}{name} TO {self.who}")
        if host.family == "postgresql":
            self.run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {self.name}")
        settings = Configuration(
            timezone=host.company.timezone,
            database_url=self.url.set(username=self.name, password="daily").render_as_string(hide_password=False),
            base_url=host.sandbox.url,
            employees="create",
        )
        self.mirror = ConnecteamSync(host.sandbox.key, settings=settings)

    def run(self, statement: str) -> None:
        """A statement of the administrator."""
        run_statement(self.url, statement)

    def check(self) -> tuple[str, str]:
        """What `doctor` says of child tables: state and sentence."""
        [check] = [check for check in self.mirror.doctor() if check.name == "child tables"]
        return check.state, f"{check.detail} {check.cure}"

    def drop(self) -> None:
        """The user goes."""
        self.mirror.close()
        if self.host.family == "postgresql":
            self.run(f"DROP OWNED BY {self.name}")
        self.run(f"DROP USER {self.who}")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["no right", "a policy"])
def test_a_table_that_cannot_be_read_holds_every_delete(host: Host, database: str, how: str) -> None:
    """A cascade asks nobody's rights and no policy: where nobody can count, nothing is deleted."""
    host.child("CASCADE")
    pointed, free = host.work(3, "08:00", "12:00"), host.work(4, "08:00", "12:00")
    host.sync()
    host.point(host.row_of(pointed.start))
    if how == "a policy":
        host.ddl("ALTER TABLE payslips ENABLE ROW LEVEL SECURITY")
    daily = Daily(host, database, *(["payslips"] if how == "a policy" else []))
    try:
        host.company.delete(pointed.id)
        host.company.delete(free.id)
        fresh = host.work(5, "08:00", "12:00")
        run = daily.mirror.sync(host.window)
        assert (run.exit_code, run.counts.deleted, run.counts.created) == (3, 0, 1)
        assert len(host.held()) == 2
        assert all("may not read payslips" in detail for detail in host.held())
        assert len(host.lines()) == 1
        assert host.row_of(fresh.start)
        state, said = daily.check()
        assert state == "warning"
        assert "GRANT SELECT on payslips" in said
        if how == "no right":
            daily.run(f"GRANT SELECT ON payslips TO {daily.name}")
            # A process of its own asks again; so does this one where doctor has looked.
            assert daily.check()[0] == "ok"
            assert daily.mirror.sync(host.window).counts.deleted == 1
    finally:
        daily.drop()


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_a_right_on_a_table_that_does_not_let_it_be_read(host: Host, database: str) -> None:
    """MySQL shows the key to whoever has any right on the table."""
    host.child("CASCADE")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.point(host.row_of(shift.start))
    daily = Daily(host, database)
    try:
        # It sees no key of a table on which it has no right: doctor says that it cannot know.
        state, said = daily.check()
        assert state == "warning"
        assert "child_tables = []" in said
        daily.run(f"GRANT UPDATE ON {daily.url.database}.payslips TO {daily.who}")
        assert "payslips cannot be read" in daily.check()[1]
        host.company.delete(shift.id)
        assert daily.mirror.sync(host.window).exit_code == 3
        assert "may not read payslips" in host.held()[0]
        # The right to read is all that it takes to count, also where the rules of the key are not shown.
        daily.run(f"GRANT SELECT ON {daily.url.database}.payslips TO {daily.who}")
        assert "cannot be read" not in daily.check()[1]
        assert daily.mirror.sync(host.window).exit_code == 3
        assert host.held()[0].startswith("1 row of payslips points at")
        assert len(host.lines()) == 1
    finally:
        daily.drop()


def test_doctor_lists_the_tables_that_point_here(host: Host, database: str) -> None:
    """With their rules, and those that are only configured; whoever has looked is not asked again."""
    host.child("CASCADE")
    host.child("SET NULL", "breaks")
    host.child("", "approvals")
    named = naming_only(host, database, "approvals.clock_time_id")
    [check] = [check for check in named.doctor() if check.name == "child tables"]
    assert check.state == "ok"
    assert check.detail == (
        "breaks.clock_time_id (ON DELETE SET NULL), payslips.clock_time_id (ON DELETE CASCADE),"
        " approvals.clock_time_id (configured): rows with children are never deleted"
    )
    named.close()


def test_pointers_are_told_with_their_rules(host: Host) -> None:
    """What `doctor` lists."""
    host.child("CASCADE")
    host.child("SET NULL", "breaks")
    with host.mirror.store.reading() as session:
        found = pointers_at_ours(session, fresh=True)
        assert children_of(session, []) == {}
    assert [(p.place, p.on_delete) for p in found] == [
        ("breaks.clock_time_id", "SET NULL"),
        ("payslips.clock_time_id", "CASCADE"),
    ]
