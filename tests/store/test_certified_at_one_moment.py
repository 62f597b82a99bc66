"""Certificates on each database: what is listed is of one moment, and is there again row by row."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.payroll import certificates
from connecteam_sync.store.store import Store
from support.certified import FIRST, LAST, certify, close, key_in, stock
from support.keyed_host import TEXT, UUID, Host
from support.refusing_tables import kind_of
from support.scenario import World

MANY = SandboxSettings(minute_limit=10**9)


def elsewhere(database: str, statement: str) -> None:
    """What another program commits meanwhile."""
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_all_that_is_read_is_of_one_moment(initialised: str) -> None:
    """What others commit meanwhile is not seen; by the next transaction of the same session it is, statement by
    statement.
    """
    store = Store(initialised, lock_wait=1)
    elsewhere(initialised, "INSERT INTO employees (name) VALUES ('Ana')")
    for _ in range(2):  # a new connection, and one that was used before
        with store.reading_at_one_moment("reading") as session:
            before = [person.name for person in session.employees()]
            if not store.dialect.is_file:  # a file's readers keep its writers out
                elsewhere(initialised, "INSERT INTO employees (name) VALUES ('Ben')")
            assert [person.name for person in session.employees()] == before
        with store.reading() as session:
            then = len(session.employees())
            if not store.dialect.is_file:
                assert then == len(before) + 1
                elsewhere(initialised, "INSERT INTO employees (name) VALUES ('Cem')")
                assert len(session.employees()) == then + 1
        with store.writing() as session:
            session.connection.execute(text("INSERT INTO employees (name) VALUES ('Dia')"))
    store.close()


def test_certified_and_compared(initialised: str, tmp_path: Path) -> None:
    """Stock ssh-keygen says good, the table row by row agrees; one altered row is named."""
    with Sandbox(Company(30), MANY) as sandbox:
        world = World(sandbox, initialised, certificate_key=str(key_in(tmp_path)))
        world.sync(world.mirror.window(FIRST, LAST))
        close(world.mirror)
        made = certify(world.mirror, tmp_path / "c")
        payroll = world.mirror.payroll
        assert stock(tmp_path / "c") is None
        file = tmp_path / "c" / "certificate.json"
        checked = payroll.verify_certificate(file, table=True)
        assert (checked.differences, checked.rows) == ((), 30)
        with world.mirror.store.reading() as session:
            assert certificates.payload(session, made.number) == file.read_bytes()
        assert set(payroll.compare_certificates().values()) <= {None}
        key = world.table()[7]["id"]
        elsewhere(initialised, f"UPDATE clock_times SET total_minutes = total_minutes - 1 WHERE id = {key}")
        (one,) = payroll.verify_certificate(file, table=True).differences
        assert (one.what, one.clock_time_id) == ("changed", key)
        assert certify(world.mirror, tmp_path / "c2").previous == made.hash
        assert [one.number for one in payroll.certificates()] == [2, 1]
        world.mirror.close()


@pytest.mark.parametrize("kinds", [UUID, TEXT], ids=["uuid", "text"])
def test_keys_of_the_host_that_are_no_numbers(database: str, tmp_path: Path, kinds: dict[str, str]) -> None:
    """They stand in the certificate as the table has them, and come back from its rows as the same keys."""
    with Sandbox(Company(0, people=3), MANY) as sandbox:
        host = Host.of(sandbox, database, kind_of_keys(database, kinds), kinds, certificate_key=str(key_in(tmp_path)))
        host.work(2, "08:00", "16:00")
        host.work(3, "08:00", "16:00")
        host.sync()
        close(host.mirror)
        certify(host.mirror, tmp_path / "c")
        file = tmp_path / "c" / "certificate.json"
        checked = host.mirror.payroll.verify_certificate(file, table=True)
        assert (checked.differences, checked.rows) == ((), 2)
        key = host.row_at(host.at(3, "08:00"))
        host.execute("UPDATE clock_times SET total_minutes = 5 WHERE id = :key", key=key)
        (one,) = host.mirror.payroll.verify_certificate(file, table=True).differences
        assert (one.clock_time_id, one.employee_id) == (key, host.staff[0])
        host.mirror.close()


def kind_of_keys(database: str, kinds: dict[str, str]) -> str:
    """The name of a kind of database in the tables of `keyed_host`."""
    kind = kind_of(database)
    return kind if kind in kinds else "mysql"


def test_days_of_other_periods_are_not_in_it(initialised: str, tmp_path: Path) -> None:
    """A night shift belongs to the day of its clock-in; the first second of the next day does not belong."""
    with Sandbox(Company(0), MANY) as sandbox:
        world = World(sandbox, initialised, certificate_key=str(key_in(tmp_path)))
        for day, begin, end in ((1, "00:00", "01:00"), (14, "23:59", "26:00"), (15, "00:00", "01:00")):
            world.work(day, begin, end)
        world.sync(world.mirror.window(FIRST - timedelta(days=1), LAST + timedelta(days=1)))
        close(world.mirror)
        certify(world.mirror, tmp_path / "c")
        lines = (tmp_path / "c" / "rows.csv").read_text().splitlines()[1:]
        assert [line.split(",")[2] for line in lines] == ["2025-12-01T06:00:00Z", "2025-12-15T05:59:00Z"]
        world.mirror.close()
