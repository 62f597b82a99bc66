"""A database user with the rights of the how-to does the daily work; where one is lacking, `doctor` says which."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings as Configuration
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from connecteam_sync.store.tables.privileges import NEEDED
from support.scenario import FIRST, LAST, World

HOW_TO = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text()
HOST, OURS = ("clock_times", "employees"), re.compile(r"^connecteam_sync_")


class Daily:
    """A user of the server who owns nothing, and the library under their name."""

    def __init__(self, world: World, database: str) -> None:
        self.world, self._url = world, make_url(database)
        self.name = f"daily_{uuid.uuid4().hex[:8]}"
        self.is_postgresql = self._url.get_backend_name() == "postgresql"
        self.who = self.name if self.is_postgresql else f"'{self.name}'@'%'"
        word = "PASSWORD" if self.is_postgresql else "IDENTIFIED BY"
        self.run(f"CREATE USER {self.who} {word} 'daily'")
        settings = Configuration(
            timezone=world.company.timezone,
            database_url=self._url.set(username=self.name, password="daily").render_as_string(hide_password=False),
            base_url=world.sandbox.url,
            employees="create",
            max_deletes=10_000,
        )
        self.mirror = ConnecteamSync(world.sandbox.key, settings=settings)

    def run(self, *statements: str) -> None:
        """Statements of the administrator."""
        engine = create_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def grant(self) -> None:
        """What the how-to says, for PostgreSQL word by word."""
        if self.is_postgresql:
            granted = re.findall(r"^    (GRANT .* TO payroll);$", HOW_TO, re.MULTILINE)
            assert len(granted) == 2
            self.run(*(statement.replace("payroll", self.name) for statement in granted))
        else:
            self.run(
                *(
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {self._url.database}.{table} TO {self.who}"
                    for table in self.tables()
                )
            )

    def grant_the_least(self) -> None:
        """What `doctor` tries, and nothing else."""
        prefix = "" if self.is_postgresql else f"{self._url.database}."
        needed = {f"connecteam_sync_{kind}": words for kind, words in NEEDED.items()}
        needed |= {"clock_times": ("SELECT", "INSERT", "UPDATE", "DELETE"), "employees": ("SELECT", "INSERT", "UPDATE")}
        needed["connecteam_sync_version"] = ("SELECT",)
        self.run(*(f"GRANT {', '.join(words)} ON {prefix}{table} TO {self.who}" for table, words in needed.items()))
        if self.is_postgresql:
            self.run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {self.who}")

    def tables(self) -> list[str]:
        """Ours and the host's two."""
        with self.world.mirror.store.connection() as connection:
            schema = "current_schema()" if self.is_postgresql else "database()"
            found = connection.execute(
                text(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}")
            ).scalars()
            return [name for name in found if name in HOST or OURS.match(name)]

    def rights(self) -> tuple[str, str]:
        """What `doctor` says of them: state, and what is lacking."""
        [check] = [check for check in self.mirror.doctor() if check.name == "rights"]
        return check.state, f"{check.detail} {check.cure}"

    def drop(self) -> None:
        """The user goes."""
        self.mirror.close()
        self.run(*([f"DROP OWNED BY {self.name}"] if self.is_postgresql else ()), f"DROP USER {self.who}")


@pytest.fixture
def daily(initialised: str) -> Iterator[Daily]:
    """A company, tables made by an administrator, a daily user without any right yet."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, initialised)
        user = Daily(world, initialised)
        yield user
        user.drop()
        world.mirror.close()


SERVERS = pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)


@SERVERS
@pytest.mark.parametrize("granted", ["grant", "grant_the_least"])
def test_the_rights_of_the_how_to_are_enough(daily: Daily, granted: str) -> None:
    """For every command of an ordinary day; and so are those that `doctor` tries."""
    getattr(daily, granted)()
    mirror, company = daily.mirror, daily.world.company
    assert daily.rights()[0] == "ok"
    window = mirror.window(FIRST, LAST)
    first = mirror.sync(window)
    assert (first.status, first.counts.created) == ("applied", first.counts.total_shifts)
    mirror.lock(FIRST, FIRST, reason="payroll", anyway=True)
    mirror.unlock(FIRST, FIRST)
    company.delete(company.shifts()[3].id)
    company.edit(company.shifts()[5].id, end=company.shifts()[5].start + 61)
    mirror.map_employee(min(company.people), 1)
    mirror.unmap_employee(min(company.people))
    second = mirror.sync(window)
    assert (second.status, second.counts.deleted) == ("applied", 1)
    assert mirror.verify(window).differences == 0
    assert second.id is not None
    assert mirror.undo(second.id).status == "applied"
    assert mirror.sync(window).counts.deleted == 1
    assert mirror.sync(window).status == "nothing"


@SERVERS
def test_a_user_who_may_only_read_still_gets_a_proof(daily: Daily) -> None:
    """It is not on record, and says so; nothing else is different."""
    daily.world.sync()
    database = "" if daily.is_postgresql else f"{daily.world.mirror.store._engine.url.database}."
    daily.run(*(f"GRANT SELECT ON {database}{table} TO {daily.who}" for table in daily.tables()))
    found = daily.mirror.verify(daily.mirror.window(FIRST, LAST))
    assert (found.exit_code, found.differences, found.run) == (0, 0, None)
    assert "denied" in (found.not_recorded or "")
    assert daily.mirror.runs(kind="verify") == ()


@SERVERS
@pytest.mark.parametrize(
    "lacking", ["connecteam_sync_changes", "connecteam_sync_shifts", "connecteam_sync_guard", "clock_times"]
)
def test_doctor_names_the_table_whose_rights_are_lacking(daily: Daily, lacking: str) -> None:
    """Of ours as of yours, before a run finds out."""
    daily.grant()
    database = "" if daily.is_postgresql else f"{daily.world.mirror.store._engine.url.database}."
    word = "UPDATE" if lacking == "connecteam_sync_guard" else "INSERT"
    daily.run(f"REVOKE {word} ON {database}{lacking} FROM {daily.who}")
    state, said = daily.rights()
    assert state == "failed"
    assert f"{word} on {lacking}" in said


@SERVERS
@pytest.mark.parametrize(("word", "without"), [("SELECT", "created_at"), ("INSERT", "id"), ("UPDATE", "created_at")])
def test_doctor_names_a_right_on_some_columns_only(daily: Daily, word: str, without: str) -> None:
    """A row is kept whole and is brought back whole: a run would end at the column that was left out."""
    daily.grant()
    place = ("" if daily.is_postgresql else f"{daily.world.mirror.store._engine.url.database}.") + "clock_times"
    with daily.world.mirror.store.reading() as session:
        columns = ", ".join(name for name in session.columns.clock_times if name != without)
    daily.run(f"REVOKE {word} ON {place} FROM {daily.who}", f"GRANT {word} ({columns}) ON {place} TO {daily.who}")
    state, said = daily.rights()
    assert state == "failed"
    assert f"{word} on clock_times" in said


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_doctor_names_the_sequences_of_postgresql(daily: Daily) -> None:
    """Without USAGE on them no row of ours gets its key."""
    daily.grant()
    daily.run(f"REVOKE USAGE ON ALL SEQUENCES IN SCHEMA public FROM {daily.who}")
    state, said = daily.rights()
    assert state == "failed"
    assert re.search(r"USAGE of the sequence on .*\bconnecteam_sync_runs\b", said)
    assert "GRANT USAGE ON ALL SEQUENCES" in said


@SERVERS
@pytest.mark.parametrize("has_host", [True, False])
def test_doctor_lists_every_right_to_a_user_without_any(daily: Daily, *, has_host: bool) -> None:
    """Before `init`, or before anybody granted anything: the cure is no `doctor`, and nothing is told twice."""
    prefix = "" if daily.is_postgresql else f"{daily.world.mirror.store._engine.url.database}."
    rights = "SELECT, INSERT, UPDATE, DELETE" if has_host else "SELECT"
    daily.run(*(f"GRANT {rights} ON {prefix}{table} TO {daily.who}" for table in HOST))
    checks = daily.mirror.doctor()
    failed = [check for check in checks if check.state == "failed"]
    assert [check.name for check in failed] == ["rights"]
    assert "SELECT on connecteam_sync_users" in failed[0].detail
    assert ("INSERT on clock_times" in failed[0].detail) is not has_host
    assert "connecteam-sync init, with a user that may create them; then GRANT " in failed[0].cure
    assert "GRANT SELECT on these tables" in failed[0].cure
    assert "connecteam-sync doctor" not in failed[0].cure


@SERVERS
def test_a_right_on_people_alone_speaks_of_that_alone(daily: Daily) -> None:
    """Our tables are made, and nobody is sent to `init`."""
    daily.grant()
    prefix = "" if daily.is_postgresql else f"{daily.world.mirror.store._engine.url.database}."
    daily.run(f"REVOKE SELECT ON {prefix}employees FROM {daily.who}")
    failed = [check for check in daily.mirror.doctor() if check.state == "failed"]
    assert [check.name for check in failed] == ["rights"]
    assert "SELECT on employees" in failed[0].detail
    assert "connecteam-sync init" not in failed[0].cure
    assert failed[0].cure.startswith("GRANT SELECT")


def payslips(daily: Daily) -> tuple[ConnecteamSync, Window]:
    """A configured child table of which one row points at a row whose shift is gone; the library as the daily user."""
    daily.grant()
    daily.world.sync()
    gone = daily.world.company.shifts()[3]
    daily.world.execute("CREATE TABLE payslips (id BIGINT PRIMARY KEY, clock_time_id BIGINT)")
    daily.world.execute(
        "INSERT INTO payslips SELECT 1, clock_time_id FROM connecteam_sync_shifts WHERE id = :id", id=gone.id
    )
    daily.world.company.delete(gone.id)
    names = ClockTimesNames(child_tables=("payslips.clock_time_id",))
    settings = msgspec.structs.replace(daily.mirror.settings, tables=HostTables(clock_times=names))
    mirror = ConnecteamSync(daily.world.sandbox.key, settings=settings)
    return mirror, mirror.window(FIRST, LAST)


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_a_child_table_without_a_right_is_told_once_with_both_cures(daily: Daily) -> None:
    """These servers show no table on which the user has no right: either cure may be the one, and no run begins."""
    mirror, window = payslips(daily)
    before = daily.world.everything()
    with mirror:
        failed = [check for check in mirror.doctor() if check.state == "failed"]
        with pytest.raises(ConfigurationError, match="payslips"):
            mirror.sync(window)
    assert [check.name for check in failed] == ["tables"]
    assert "correct child_tables" in failed[0].cure
    assert "or GRANT SELECT on payslips" in failed[0].cure
    assert daily.world.everything() == before


@pytest.mark.parametrize(
    ("database", "hides"),
    [
        ("mariadb", "GRANT INSERT ON {payslips} TO {who}"),
        ("mysql", "GRANT INSERT ON {payslips} TO {who}"),
        ("postgresql", "GRANT INSERT ON {payslips} TO {who}"),
        ("postgresql", "ALTER TABLE {payslips} ENABLE ROW LEVEL SECURITY"),
    ],
    indirect=["database"],
)
def test_a_child_table_that_is_not_shown_keeps_every_row(daily: Daily, hides: str) -> None:
    """Configured only, and seen but not read, or read without its rows: `doctor` names it, and no row goes."""
    mirror, window = payslips(daily)
    place = "payslips" if daily.is_postgresql else f"{daily.world.mirror.store._engine.url.database}.payslips"
    sees = f"GRANT SELECT ON {place} TO {daily.who}"
    daily.run(hides.format(payslips=place, who=daily.who), *([sees] if "SECURITY" in hides else []))

    def told() -> tuple[str, str]:
        return next((check.state, check.cure) for check in mirror.doctor() if check.name == "child tables")

    with mirror:
        state, cure = told()
        assert (state, "GRANT SELECT on payslips" in cure) == ("warning", True)
        run = mirror.sync(window)
        assert (run.exit_code, run.counts.deleted, [hold.reason for hold in run.holds]) == (3, 0, ["child_row"])
        daily.run(*(["ALTER TABLE payslips DISABLE ROW LEVEL SECURITY"] if "SECURITY" in hides else [sees]))
        assert told() == ("ok", "")
        assert "1 row of payslips points at" in mirror.sync(window).holds[0].detail
