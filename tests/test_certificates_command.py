"""Certificates by the command: what it says, what it answers to programs, and how it ends; and the alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings, load_settings
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import stages
from support.certified import FILES, FIRST, LAST, close, key_in, stock
from support.clock_site import MORNING, site_of
from support.scenario import World
from test_command import Terminal, terminal

__all__ = ["terminal"]
WINDOW = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())


@pytest.fixture
def payroll(terminal: Terminal) -> Terminal:
    """A mirrored and closed period, and a key in the environment."""
    assert terminal("sync", *WINDOW).code == 0
    terminal.environment["CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE"] = str(key_in(terminal.folder))
    file = terminal.folder / "connecteam-sync.db"
    mirror = ConnecteamSync(settings=Settings(timezone="America/Chicago", database_url=f"sqlite:///{file}"))
    close(mirror)
    mirror.close()
    return terminal


def test_the_evening(payroll: Terminal) -> None:
    """Certified, listed, checked with and without the table; one row altered, which the second check names."""
    made = payroll("certify", "2025-12-01", "--out", "proof", "--as", "Pia")
    assert made.code == 0, made
    assert "2025-12-01..2025-12-14 (America/Chicago), key SHA256:" in made.out
    assert "certificate verify proof/certificate.json --table" in made.err
    folder = payroll.folder / "proof"
    assert {file.name for file in folder.iterdir()} == FILES
    assert stock(folder) is None
    assert "1  2" in payroll("certificates").out
    verify = ("certificate", "verify", "proof/certificate.json")
    plain = payroll(*verify)
    assert (plain.code, "signature and chain: good" in plain.out) == (0, True)
    whole = payroll(*verify, "--table")
    assert (whole.code, "table: as certified (60 rows" in whole.out) == (0, True)
    stages.sql(payroll, "UPDATE clock_times SET total_minutes = total_minutes + 15 WHERE id = 7")
    altered = payroll(*verify, "--table")
    assert altered.code == 5
    assert "changed: employee" in altered.out
    assert "row 7, shift" in altered.out
    answer = payroll(*verify, "--table", "--json").json
    assert answer["exit_code"] == 5
    (one,) = answer["differences"]
    assert {"employee_id", "shift_id", "clock_time_id", "what"} <= set(one)
    assert (one["clock_time_id"], one["what"]) == (7, "changed")
    assert payroll(*verify, "--json").json["differences"] == []
    file = folder / "certificate.json"
    file.write_bytes(file.read_bytes().replace(b"1", b"2", 1))
    wrong = payroll(*verify)
    assert (wrong.code, "signature" in wrong.out) == (5, True)


def test_a_period_that_is_open_ends_with_4(payroll: Terminal) -> None:
    """And the next step is said; nothing is made."""
    done = payroll("certify", "2025-12-15", "--out", "proof")
    assert (done.code, "periods close 2025-12-15" in done.err) == (4, True)
    assert not (payroll.folder / "proof").exists()
    assert payroll("certify", "2025-12-01..2025-12-13", "--out", "proof").code == 4
    assert payroll("certify", "soon", "--out", "proof").code == 2
    assert payroll("certify", "2025-12-01..2025-12-14", "--out", "proof").code == 0


def test_keys_by_the_command(payroll: Terminal) -> None:
    """A new key is certified by the old one, or begins anew with a reason; the list says so."""
    key = payroll.environment["CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE"]
    assert payroll("certify", "2025-12-01", "--out", "c1").code == 0
    assert payroll("certificate", "rotate-key").code == 2
    payroll.environment["CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE"] = str(key_in(payroll.folder, "new"))
    refused = payroll("certify", "2025-12-01", "--out", "c2")
    assert (refused.code, "rotate-key --old" in refused.err) == (4, True)
    rotated = payroll("certificate", "rotate-key", "--old", key, "--json").json["certificate"]
    assert rotated["period"] is None
    assert rotated["new_key"].startswith("SHA256:")
    payroll.environment["CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE"] = str(key_in(payroll.folder, "newest"))
    assert payroll("certificate", "rotate-key", "--lost", "burnt").code == 0
    assert payroll("certify", "2025-12-01", "--out", "c2").code == 0
    said = payroll("certificate", "verify", "c2/certificate.json", "--table")
    assert (said.code, "the key was lost (burnt)" in said.out) == (0, True)
    listed = payroll("certificate", "--json").json["certificates"]
    assert [one["period"] is None for one in listed] == [False, True, True, False]


def test_where_the_key_is_named(tmp_path: Path) -> None:
    """In the section of payroll, or the environment, which wins; never the key itself."""
    file = tmp_path / "x.toml"
    file.write_text('timezone = "UTC"\n[payroll]\ncertificate_key = "/etc/key"\nautomatic_break_minutes = 30\n')
    settings = load_settings(file, {})
    assert (settings.certificate_key, settings.payroll.automatic_break_minutes) == ("/etc/key", 30)
    named = {"CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE": "/run/key"}
    assert load_settings(file, named).certificate_key == "/run/key"
    for value in ('""', "7", '"""-----BEGIN\\nkey"""'):
        file.write_text(f'timezone = "UTC"\n[payroll]\ncertificate_key = {value}\n')
        with pytest.raises(ConfigurationError, match="certificate_key is no name of a file"):
            load_settings(file, {})
    with pytest.raises(ConfigurationError, match="CERTIFICATE_KEY"):
        load_settings(None, {"CONNECTEAM_SYNC_TIMEZONE": "UTC", "CONNECTEAM_SYNC_CERTIFICATE_KEY": "x"})


# -- the alert ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def certified(initialised: str, tmp_path: Path) -> Iterator[World]:
    """A certified period, shortly after its end."""
    with (
        time_machine.travel("2025-12-20 12:00:00Z", tick=True),
        Sandbox(Company(30), SandboxSettings(minute_limit=10**9)) as sandbox,
    ):
        world = World(sandbox, initialised, certificate_key=str(key_in(tmp_path)))
        world.sync(world.mirror.window(FIRST, LAST))
        close(world.mirror)
        world.mirror.payroll.certify(FIRST.isoformat(), out=tmp_path / "c")
        yield world
        world.mirror.close()


def problem(world: World) -> str | None:
    """What status says of certificates."""
    told = {one.name: one for one in world.mirror.status().problems}
    return told["certificate_mismatch"].message if "certificate_mismatch" in told else None


def test_a_mismatch_is_a_problem_until_it_is_mended(certified: World, tmp_path: Path) -> None:
    """It begins and ends by the comparison; how long it lasts is known; certifying again ends it, too."""
    payroll = certified.mirror.payroll
    payroll.compare_certificates()
    assert problem(certified) is None
    row = certified.table()[0]
    certified.execute("UPDATE clock_times SET total_minutes = total_minutes + 1 WHERE id = :id", id=row["id"])
    assert problem(certified) is None
    (found,) = payroll.compare_certificates().values()
    assert found is not None
    assert (found.people, found.employees) == (1, (row["employee_id"],))
    assert problem(certified) == "rows of 1 person are not what was certified of 2025-12-01..2025-12-14"
    assert certified.mirror.status().state == "not_well"
    (listed,) = payroll.certificates()
    assert listed.mismatch == found
    with time_machine.travel("2025-12-21 12:00:00Z", tick=True):
        assert payroll.compare_certificates() == {1: found}
    certified.execute("UPDATE clock_times SET total_minutes = total_minutes - 1 WHERE id = :id", id=row["id"])
    assert payroll.compare_certificates() == {1: None}
    assert problem(certified) is None
    certified.execute("DELETE FROM clock_times WHERE id = :id", id=row["id"])
    payroll.compare_certificates()
    assert problem(certified) is not None
    payroll.certify(FIRST.isoformat(), out=tmp_path / "again")
    assert problem(certified) is None
    assert payroll.compare_certificates() == {2: None}


def test_a_payload_that_was_altered_on_record_is_a_mismatch(certified: World) -> None:
    """It is no certificate any more: said so, and nobody is named."""
    certified.execute("UPDATE connecteam_sync_certificates SET payload = '{}'")
    (found,) = certified.mirror.payroll.compare_certificates().values()
    assert found is not None
    assert found.people == 0
    assert problem(certified) == "the certificate of 2025-12-01..2025-12-14 on record is not what was signed"


def test_old_periods_are_not_compared(certified: World) -> None:
    """Three months back; whoever doubts an older one has `certificate verify`."""
    with time_machine.travel("2026-03-16 12:00:00Z", tick=True):
        assert set(certified.mirror.payroll.compare_certificates()) == {1}
    with time_machine.travel("2026-03-18 12:00:00Z", tick=True):
        assert certified.mirror.payroll.compare_certificates() == {}


def test_the_service_compares_each_night(initialised: str, tmp_path: Path) -> None:
    """At the end of the nightly proof; the alert is there in the morning."""
    with site_of(initialised, cadence_seconds=1800, certificate_key=str(key_in(tmp_path))) as site:
        last = MORNING.date() - timedelta(days=1)
        first = last - timedelta(days=13)
        start = site.company.at(first, "08:00")
        shift = site.company.add(min(site.company.people), start, start + 3600, created_at=start)
        site.live(3600)
        close(site.mirror, first, last)
        site.mirror.payroll.certify(first.isoformat(), out=tmp_path / "c")
        with site.mirror.store.own_rows("tampering") as connection:
            connection.exec_driver_sql("UPDATE clock_times SET source = 'manual'")
        site.travel.move_to(MORNING + timedelta(hours=27))
        site.live(3600)
        assert shift.id in site.company.activities
        names = [one.name for one in site.mirror.status(anomalies=False).problems]
        assert "certificate_mismatch" in names
