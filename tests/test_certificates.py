"""Certificates of closed periods: what they say is the table, stock programs check them, differences are named."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.certificate_chain import AllowedKey
from connecteam_sync.core.certificates import decoded, encoded
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.window import Window
from connecteam_sync.engine.certificate_pack import Pack
from connecteam_sync.engine.ssh_signatures import refusal, signing_key
from connecteam_sync.errors import CertificateRefused, ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.store.payroll import certificates
from support.certified import (
    FILES,
    FIRST,
    LAST,
    MANY,
    certified_folder,
    certified_world,
    certify,
    close,
    commands_of,
    execute,
    found,
    key,
    notes,
    payload_of,
    shell,
    stock,
)
from support.scenario import World

__all__ = ["certified_folder", "certified_world", "key"]
NEXT = LAST + timedelta(days=1)


# -- what stock programs say -------------------------------------------------------------------------------------------


def test_stock_ssh_keygen_says_good(certified_folder: Path) -> None:
    """With the files of the certified_folder, and nothing else."""
    assert {file.name for file in certified_folder.iterdir()} == FILES
    assert stock(certified_folder) is None
    assert "incorrect signature" in str(stock(certified_folder, content=b"{}\n"))


def test_all_that_verify_txt_says_is_so(certified_world: World, certified_folder: Path) -> None:
    """Each of its commands, typed as it stands there: ssh-keygen, openssl, the rows, one person, all people."""
    said = (certified_folder / "VERIFY.txt").read_text()
    payload, commands = payload_of(certified_folder), commands_of(said)
    kept = certified_world.mirror.payroll.certificates()[0]
    assert kept.hash in said
    assert kept.key in said
    by_ssh = shell(commands[1].partition("It says")[0], certified_folder)
    assert kept.key in by_ssh.stdout, by_ssh
    by_openssl = shell(commands[2], certified_folder)
    assert "Signature Verified Successfully" in by_openssl.stdout, by_openssl
    assert payload["rows_csv"]["sha256"] in shell("sha256sum rows.csv", certified_folder).stdout
    person = next(one for one in payload["people"] if one["shifts"] > 1)
    command = commands[4].partition("The hash")[0].replace("ID,", f"{person['employee_id']},")
    assert person["root"] in shell(command, certified_folder).stdout
    assert payload["root"] in shell(commands[5], certified_folder).stdout
    # An altered byte is noticed by openssl, too.
    altered = (certified_folder / "certificate.json").read_bytes().replace(b'"minutes": ', b'"minutes":  ', 1)
    (certified_folder / "certificate.json").write_bytes(altered)
    assert "Signature Verified Successfully" not in shell(commands[2], certified_folder).stdout


def test_every_byte_of_the_json_counts(tmp_path: Path, key: Path) -> None:
    """One bit of each byte is turned, and ssh-keygen says no each time."""
    with Sandbox(Company(0), MANY) as sandbox:
        small = World(sandbox, f"sqlite:///{tmp_path}/small.db", certificate_key=str(key))
        small.work(2, "08:00", "16:00")
        small.sync()
        close(small.mirror)
        certify(small.mirror, tmp_path / "c")
        small.mirror.close()
    content = (tmp_path / "c" / "certificate.json").read_bytes()
    signature = (tmp_path / "c" / "certificate.json.sig").read_text()
    keys = [AllowedKey(public=signing_key(str(key)).public)]

    def holds(place: int) -> bool:
        flipped = bytes([*content[:place], content[place] ^ 1, *content[place + 1 :]])
        return refusal(flipped, signature, keys, at=2_000_000_000) is None

    with ThreadPoolExecutor(4) as pool:
        assert [place for place, good in enumerate(pool.map(holds, range(len(content)))) if good] == []
    assert refusal(content, signature, keys, at=2_000_000_000) is None


def test_every_byte_of_the_signature_counts(certified_world: World, certified_folder: Path) -> None:
    """Ours compares it with the one on record, so that even a line break of it is noticed."""
    file = certified_folder / "certificate.json.sig"
    signature = file.read_bytes()
    unnoticed = []
    for place in range(len(signature)):
        file.write_bytes(bytes([*signature[:place], signature[place] ^ 1, *signature[place + 1 :]]))
        if found(certified_world, certified_folder)[:1] != ["signature"]:
            unnoticed.append(place)
    assert unnoticed == []
    file.write_bytes(signature)
    assert found(certified_world, certified_folder) == []


# -- what it says ------------------------------------------------------------------------------------------------------


def test_what_it_lists_is_the_table(certified_world: World, certified_folder: Path) -> None:
    """Each row of the period, of any source; shifts, minutes and people add up."""
    payload = payload_of(certified_folder)
    rows = certified_world.table()
    lines = (certified_folder / "rows.csv").read_text().splitlines()[1:]
    assert sorted(int(line.split(",")[1]) for line in lines) == sorted(row["id"] for row in rows)
    assert payload["totals"] == {
        "people": len({row["employee_id"] for row in rows}),
        "shifts": len(rows),
        "minutes": sum(row["total_minutes"] or 0 for row in rows),
    }
    assert sum(one["minutes"] for one in payload["people"]) == payload["totals"]["minutes"]
    shifts = {line.split(",")[-1] for line in lines}
    assert shifts == {shift.id for shift in certified_world.company.shifts(FIRST, LAST)}


def test_it_is_readable_and_has_one_form(certified_folder: Path) -> None:
    """Sorted keys, whole numbers and words only; the same values are the same bytes."""
    content = (certified_folder / "certificate.json").read_bytes()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            assert list(value) == sorted(value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        else:
            assert type(value) in {int, str}, value

    walk(json.loads(content))
    assert encoded(decoded(content)) == content
    assert content.decode().count("\n") > 50
    with pytest.raises(ValueError, match="not written as ours is"):
        decoded(content.replace(b"\n", b"\r\n"))


def test_no_name_of_a_person_is_in_it(certified_world: World, certified_folder: Path) -> None:
    """Nor that of whoever closed or certified it; only its owner can read it."""
    everything = b"".join(file.read_bytes() for file in certified_folder.iterdir()).decode()
    names = {person.last_name for person in certified_world.company.people.values()} | {"Pia", "Payer"}
    assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", everything)] == []
    assert certified_folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in certified_folder.iterdir()} == {0o600}


def test_it_says_whose_it_is_and_how_it_came_to_be(certified_world: World, certified_folder: Path) -> None:
    """Account, period, looks, journal, tool, and what it does not prove."""
    payload = payload_of(certified_folder)
    account = certified_world.mirror.account()
    assert account is not None
    assert payload["account"]["company_id"] == account.company_id
    assert payload["period"]["first"] == "2025-12-01"
    assert payload["period"]["timezone"] == "America/Chicago"
    assert payload["period"]["anyway"] == "no"
    clocks = payload["time_clocks"]
    assert {one["time_clock_id"] for one in clocks} == set(account.time_clocks)
    for one in clocks:
        days = [(look["first"], look["last"]) for look in one["looks"]]
        assert days == [("2025-12-01", "2025-12-14")]
        assert all(look["at"].endswith("Z") and look["status"] in {"applied", "nothing"} for look in one["looks"])
    entries = certified_world.mirror.changes(limit=10_000)
    assert f"{payload['journal']['number']}-{payload['journal']['hash'][:6]}" == entries[-1].cursor
    assert "It does not prove that the punches are true" in " ".join(payload["statement"])
    assert payload["chain"] == {"breaks": [], "position": 1}


def test_looks_say_what_they_were_made_of(certified_world: World, tmp_path: Path) -> None:
    """The newest look at each day, and the newest of which a hash of all its inputs is kept."""
    days = certified_world.mirror.window(FIRST, LAST)
    runs = [certified_world.sync(days).id for _ in range(2)]
    certify(certified_world.mirror, tmp_path / "c")
    clocks = payload_of(tmp_path / "c")["time_clocks"]
    assert clocks
    for one in clocks:
        assert one["looks"][-1]["run"] == runs[-1]
        assert [re.fullmatch("[0-9a-f]{32,64}", look["inputs_hash"]) is None for look in one["looks"][:-1]] == [False]


def test_how_it_was_closed_is_part_of_it(certified_world: World, tmp_path: Path) -> None:
    """Passed-over obstacles, and the verdict on each person, are those that the closing recorded."""
    employee = certified_world.table()[0]["employee_id"]
    minutes = sum(int(row["total_minutes"]) for row in certified_world.table() if row["employee_id"] == employee)
    checked = {
        "at": 1,
        "obstacles": [{"name": "open_shift", "count": 2, "message": "of Ida Moss", "next_step": "x"}],
        "totals": [
            {
                "employee_id": employee,
                "minutes_table": minutes,
                "minutes_activities": 7,
                "minutes_timesheet": None,
                "verdict": "rounding",
            },
            {
                "employee_id": 4711,
                "minutes_table": 0,
                "minutes_activities": 0,
                "minutes_timesheet": 5,
                "verdict": "different",
            },
        ],
    }
    close(certified_world.mirror, anyway=1, reason="said Ida Moss", checked=json.dumps(checked))
    certify(certified_world.mirror, tmp_path / "c")
    payload = payload_of(tmp_path / "c")
    assert payload["period"]["anyway"] == "yes"
    assert payload["period"]["obstacles"] == [{"count": 2, "name": "open_shift"}]
    people = {one["employee_id"]: one for one in payload["people"]}
    assert people[employee]["verdict"] == "rounding"
    assert people[employee]["minutes_activities"] == 7
    assert "minutes_timesheet" not in people[employee]
    assert (people[4711]["shifts"], people[4711]["minutes_timesheet"]) == (0, 5)
    assert {one["verdict"] for one in payload["people"]} == {"rounding", "different", "not recorded"}
    assert "Moss" not in (tmp_path / "c" / "certificate.json").read_text()
    assert found(certified_world, tmp_path / "c", table=True) == []


def test_what_a_real_closing_counted_is_in_it(tmp_path: Path, key: Path) -> None:
    """The three counts of each person as `close` recorded them, and the workweek; a Window names the period, too."""
    with Sandbox(Company(30), MANY) as sandbox:
        schedule = PaySchedule(workweek_start="sunday")
        url = f"sqlite:///{tmp_path}/real.db"
        world = World(sandbox, url, certificate_key=str(key), pay_schedule=schedule)
        days = world.mirror.window(FIRST, LAST)
        world.sync(days)
        done = world.mirror.payroll.close(days, by="Pia Payer", anyway="a trial")
        assert done.checked is not None
        world.mirror.payroll.certify(days, out=tmp_path / "real")
        assert found(world, tmp_path / "real", table=True) == []
        world.mirror.close()
    payload = payload_of(tmp_path / "real")
    assert payload["period"]["workweek_start"] == "sunday"
    assert [one["name"] for one in payload["period"]["obstacles"]] == [one.name for one in done.checked.obstacles]
    counted = {one.employee_id: one for one in done.checked.totals}
    assert counted
    for one in payload["people"]:
        theirs = counted[one["employee_id"]]
        assert (one["minutes"], one["verdict"]) == (theirs.minutes_table, theirs.verdict)
        assert one["minutes_activities"] == theirs.minutes_activities


def test_holds_and_corrections_are_listed(certified_world: World, tmp_path: Path) -> None:
    """A held shift of the period; a correction of one of its days, and one that was accepted into it."""
    shift = certified_world.company.shifts(FIRST, LAST)[0]
    certified_world.company.duplicate(shift.id)
    certified_world.sync(certified_world.mirror.window(FIRST, LAST))
    columns = (
        "subject, employee_id, time_clock_id, shift_id, day, timezone, kind, minutes_before, minutes_after,"
        " delta_minutes, content, seen_at, run_id, cause, state, effective_first_day, effective_last_day"
    )
    for day, state, into, zone in (
        ("2025-12-03", "pending", "NULL, NULL", "America/Chicago"),
        ("2025-11-20", "accepted", "'2025-12-01', '2025-12-14'", "America/Chicago"),
        ("2025-11-20", "pending", "NULL, NULL", "America/Chicago"),
        ("2025-12-04", "cancelled", "NULL, NULL", "America/Chicago"),
        ("2025-11-21", "accepted", "'2025-12-01', '2025-12-14'", "Europe/Berlin"),
    ):
        execute(
            certified_world,
            f"INSERT INTO connecteam_sync_corrections ({columns}) VALUES ('shift:s', 1, 5, 's', '{day}',"
            f" '{zone}', 'changed', 480, 495, 15, '{{}}', 1, 1, 'edited by Ida Moss', '{state}', {into})",
        )
    certify(certified_world.mirror, tmp_path / "c")
    payload = payload_of(tmp_path / "c")
    assert [(one["day"], one["state"], one["delta_minutes"]) for one in payload["corrections"]] == [
        ("2025-12-03", "pending", 15),
        ("2025-11-20", "accepted", 15),
        ("2025-11-21", "accepted", 15),
    ]
    assert payload["corrections"][1]["effective_period"] == "2025-12-01..2025-12-14"
    [held] = payload["holds"]
    assert held["reason"] == "duplicate_clock_in"
    first, last = (date.fromisoformat(held[name]) for name in ("first", "last"))
    with certified_world.mirror.store.reading() as session:
        days = (first - timedelta(days=1), first, last, last + timedelta(days=1))
        of_days = [certificates.holds(session, Window(day, day, "America/Chicago")) for day in days]
    assert [len(one) for one in of_days] == [0, 1, 1, 0]
    assert found(certified_world, tmp_path / "c", table=True) == []
    assert not [note for note in notes(certified_world, tmp_path / "c") if "corrections" in note]
    execute(
        certified_world,
        "UPDATE connecteam_sync_corrections SET state = 'dismissed', effective_first_day = NULL,"
        " effective_last_day = NULL WHERE day = '2025-11-20' AND state = 'accepted'",
    )
    assert (
        "other corrections are accepted into the period by now: certified were 2 (+0:30 h), there are 1 (+0:15 h)"
        in notes(certified_world, tmp_path / "c")
    )


def test_a_closed_period_of_the_zone_before(certified_world: World, tmp_path: Path) -> None:
    """The business moved: the period keeps its days, and is certified as it was closed."""
    certified_world.sync()
    moved = msgspec.structs.replace(certified_world.mirror.settings, timezone="Asia/Tokyo")
    with ConnecteamSync(certified_world.sandbox.key, settings=moved) as other:
        other.accept_account(other.proposed_account(["timezone"]), by="Pia")
        certify(other, tmp_path / "c")
        assert payload_of(tmp_path / "c")["period"]["timezone"] == "America/Chicago"
        checked = other.payroll.verify_certificate(tmp_path / "c" / "certificate.json", table=True)
        assert checked.differences == ()


# -- only of a closed period -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["open", "review", None])
def test_a_period_that_is_not_closed_is_refused(certified_world: World, tmp_path: Path, state: str | None) -> None:
    """Open again, in review, or never touched: exit code 4, what to do, and nothing is written."""
    if state is not None:
        close(certified_world.mirror, state=state)
    first = FIRST if state is not None else NEXT
    with pytest.raises(CertificateRefused, match="is not closed") as error:
        certify(certified_world.mirror, tmp_path / "c", first)
    assert error.value.exit_code == 4
    assert "periods close" in error.value.next_step
    assert not (tmp_path / "c").exists()
    assert certified_world.mirror.payroll.certificates() == ()


def test_another_last_day_is_another_period(certified_world: World, tmp_path: Path) -> None:
    """Who names both days gets what they mean, or nothing."""
    with pytest.raises(CertificateRefused, match=r"is 2025-12-01\.\.2025-12-14, and not 2025-12-01\.\.2025-12-13"):
        certified_world.mirror.payroll.certify(f"{FIRST}..{LAST - timedelta(days=1)}", out=tmp_path / "c")
    assert certified_world.mirror.payroll.certify(f"{FIRST}..{LAST}", out=tmp_path / "c").number == 1


@pytest.mark.parametrize("there", ["full", "file", "link", "nowhere/c", ""])
def test_the_folder_has_to_be_new_or_empty(certified_world: World, tmp_path: Path, there: str) -> None:
    """Nothing is overwritten, no link is followed, and nothing is on record of what could not be written."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")
    (tmp_path / "file").write_text("keep")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(ConfigurationError) as error:
        certify(certified_world.mirror, tmp_path / there if there else Path("/"))
    assert error.value.next_step
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    assert certified_world.mirror.payroll.certificates() == ()
    certify(certified_world.mirror, tmp_path / "empty")
    assert {file.name for file in (tmp_path / "empty").iterdir()} == FILES


def write_and_fail(place: Path) -> None:
    """The files are at their place, and then something goes wrong."""
    with Pack(place) as pack:
        pack.write({"a": b"1", "b": b"2"})
        assert not place.exists() or not list(place.iterdir())
        pack.place()
        assert sorted(file.name for file in place.iterdir()) == ["a", "b"]
        raise RuntimeError("not committed")


def test_a_folder_whose_record_failed_is_taken_back(tmp_path: Path) -> None:
    """All files are there at once, or none; an empty folder is an empty folder again."""
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new"):
        with pytest.raises(RuntimeError, match="not committed"):
            write_and_fail(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert list((tmp_path / "empty").iterdir()) == []


# -- the table ---------------------------------------------------------------------------------------------------------


def test_a_changed_row_is_named(certified_world: World, certified_folder: Path) -> None:
    """The person, the row, the shift, and what is another one now: a year later, in a table that went on."""
    certified_world.work(20, "08:00", "16:00")
    certified_world.sync(certified_world.mirror.window(FIRST, date(2025, 12, 20)))
    row = certified_world.table()[3]
    execute(certified_world, "UPDATE clock_times SET total_minutes = total_minutes + 15 WHERE id = :id", id=row["id"])
    checked = certified_world.mirror.payroll.verify_certificate(certified_folder / "certificate.json", table=True)
    (one,) = checked.differences
    assert (one.what, one.clock_time_id, one.employee_id) == ("changed", row["id"], row["employee_id"])
    assert one.shift_id in certified_world.company.activities
    assert one.detail == f"minutes {row['total_minutes']} -> {row['total_minutes'] + 15}"
    assert checked.exit_code == 5
    assert stock(certified_folder) is None


def test_missing_and_additional_rows_are_named(certified_world: World, certified_folder: Path) -> None:
    """A deleted one, one by hand; one that goes to another person; one that leaves the period."""
    gone, given, moved, *_ = certified_world.table()
    others = {row["employee_id"] for row in certified_world.table()} - {given["employee_id"]}
    execute(certified_world, "DELETE FROM clock_times WHERE id = :id", id=gone["id"])
    execute(certified_world, "UPDATE clock_times SET employee_id = :to WHERE id = :id", to=max(others), id=given["id"])
    execute(certified_world, "UPDATE clock_times SET clock_in = '2026-01-05 10:00:00' WHERE id = :id", id=moved["id"])
    execute(
        certified_world,
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " VALUES (1, '2025-12-05 03:00:00', '2025-12-05 04:00:00', 60, 0, 'by hand, \"Ida\"')",
    )
    checked = certified_world.mirror.payroll.verify_certificate(certified_folder / "certificate.json", table=True)
    told = {one.clock_time_id: one for one in checked.differences}
    assert {key: one.what for key, one in told.items()} == {
        gone["id"]: "missing",
        given["id"]: "changed",
        moved["id"]: "missing",
        max(row["id"] for row in certified_world.table()): "additional",
    }
    assert told[given["id"]].detail == f"employee_id {given['employee_id']} -> {max(others)}"
    assert told[given["id"]].employee_id == given["employee_id"]


def test_without_its_rows_the_people_are_named(certified_world: World, certified_folder: Path) -> None:
    """By the roots that are signed; rows that were altered are worth no comparison."""
    row = certified_world.table()[0]
    execute(certified_world, "UPDATE clock_times SET total_minutes = 1 WHERE id = :id", id=row["id"])
    rows = certified_folder / "rows.csv"
    rows.write_bytes(rows.read_bytes().replace(b",connecteam,0,", b",connecteam,1,", 1))
    assert found(certified_world, certified_folder) == ["rows.csv"]
    assert found(certified_world, certified_folder, table=True) == ["rows.csv", "changed"]
    rows.unlink()
    checked = certified_world.mirror.payroll.verify_certificate(certified_folder / "certificate.json", table=True)
    (one,) = checked.differences
    assert (one.what, one.employee_id, one.clock_time_id) == ("changed", row["employee_id"], None)
    assert "no rows.csv" in notes(certified_world, certified_folder)


def test_another_shift_of_the_same_row_is_no_difference(certified_world: World, certified_folder: Path) -> None:
    """Connecteam may replace a shift by another one: what was paid by is the row."""
    execute(certified_world, "UPDATE connecteam_sync_shifts SET id = 'renewed' WHERE clock_time_id = 1")
    assert found(certified_world, certified_folder, table=True) == []
