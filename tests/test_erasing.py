"""Erasing a person: name and address go from our tables, for good; hours and the host's own table stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from connecteam_sync.engine.kept_inputs import _texts
from connecteam_sync.errors import ConfigurationError, DatabaseError, NotConfirmed, NotFound, RetentionRefused
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.store.history.erasing import erased_of
from connecteam_sync.store.history.receipt_text import receipt_of, text_of
from support.long_ago import LongAgo, long_ago

NAME, EMAIL = "Zenobia Quill", "zenobia@example.com"
OURS = (
    *("users", "slices", "holds", "changes", "corrections", "erasures", "purges", "periods", "period_events"),
    *("lock_events", "legal_holds", "exports", "audit", "runs", "shifts", "timesheets"),
)


@pytest.fixture
def world(initialised: str) -> Iterator[LongAgo]:
    """Zenobia worked years ago, twice at one instant, and runs have held and told that."""
    with long_ago(initialised) as made:
        person = made.company.people[made.other]
        person.first_name, person.last_name, person.email = "Zenobia", "Quill", EMAIL
        shift = next(one for one in made.company.shifts() if one.user_id == made.other)
        made.company.duplicate(shift.id)
        made.looked()
        yield made


def texts(world: LongAgo) -> str:
    """Every text in our tables."""
    with world.mirror.store.reading() as session:
        found = [[*row.values()] for kind in OURS for row in session.read(f"SELECT * FROM connecteam_sync_{kind}")]
    return json.dumps(found, default=str, ensure_ascii=False)


def test_name_and_address_go_and_never_come_back(world: LongAgo) -> None:
    """From users, holds and receipts; the runs to come store none of it again, whatever Connecteam says."""
    someone, rows = world.employee(world.other), world.table()
    assert NAME in texts(world)
    assert EMAIL in texts(world)
    before = {row["user_id"]: row for row in users(world)}
    hosts = world.table("employees")
    done = world.mirror.retention.erase(NAME.lower(), confirm=str(someone), by="Pia")
    assert (done.employee_id, done.by, done.users, done.number) == (someone, "Pia", 1, 1)
    assert (done.receipts > 0, done.holds > 0) == (True, True)
    known = {row["user_id"]: row["phone"] for row in users(world)}
    assert before[world.other]["phone"]
    assert known == {user: None if user == world.other else row["phone"] for user, row in before.items()}
    told = [hold for run in world.mirror.runs() for one in run.slices for hold in one.holds]
    assert {hold.detail for hold in told if hold.user_id == world.other} == {"(erased)"}
    for _ in range(2):
        assert (NAME in texts(world), EMAIL in texts(world), "Zenobia" in texts(world)) == (False, False, False)
        run = world.looked()
        world.sync()
    assert not any("renamed" in (one.note or "") for one in run.slices)
    assert (world.table(), world.table("employees")) == (rows, hosts)
    after = {row["user_id"]: row for row in users(world)}
    assert after[world.other]["employee_id"] == before[world.other]["employee_id"]
    assert after[world.user] == before[world.user]
    assert [one.hold.detail for one in world.mirror.holds()] != []


def users(world: LongAgo) -> list[dict[str, object]]:
    """What is stored of each user."""
    with world.mirror.store.reading() as session:
        return [dict(row) for row in session.read("SELECT * FROM connecteam_sync_users")]


def test_the_whole_name_or_the_id_has_to_be_repeated(world: LongAgo) -> None:
    """A part is not enough, and of several nobody is taken."""
    retention, before = world.mirror.retention, texts(world)
    with pytest.raises(NotConfirmed, match="neither the name nor the id"):
        retention.erase(NAME, confirm="Zenobia")
    with pytest.raises(NotFound):
        retention.erase("Nobody", confirm="1")
    with pytest.raises(ConfigurationError, match="could be meant"):
        retention.erase("e", confirm="1")
    assert texts(world) == before


def test_inside_the_floor_nobody_is_erased(world: LongAgo) -> None:
    """Nor on a legal hold; each says why and what comes next."""
    busy, someone = world.employee(world.user), world.employee(world.other)
    retention = world.mirror.retention
    with pytest.raises(RetentionRefused, match="worked on 2025-12-02: payroll records are kept for 3 years"):
        retention.erase(busy, confirm=str(busy))
    retention.hold(someone, reason="a lawsuit")
    with pytest.raises(RetentionRefused, match="legal hold") as found:
        retention.erase(someone, confirm=str(someone))
    assert f"hold release {someone}" in found.value.next_step
    retention.release(someone, reason="settled")
    at = date(2025, 12, 3)
    world.company.add(world.other, world.company.at(at, "08:00"), world.company.at(at, "12:00"), clock=WAREHOUSE)
    world.sync()
    with pytest.raises(RetentionRefused, match="2025-12-03"):
        retention.erase(someone, confirm=str(someone))


def test_whose_hours_a_row_once_said_is_not_erased_inside_the_floor(world: LongAgo) -> None:
    """The journal has it, though a run has given the row back to the person whose shift it is."""
    busy, someone = world.employee(world.user), world.employee(world.other)
    world.execute("UPDATE clock_times SET employee_id = :e WHERE clock_in > '2025-01-01'", e=someone)
    world.sync()
    assert [row["employee_id"] for row in world.table() if str(row["clock_in"]) > "2025"] == [busy]
    with pytest.raises(RetentionRefused, match="2025-12-02"):
        world.mirror.retention.erase(someone, confirm=str(someone))


def told_everywhere(world: LongAgo, folder: Path) -> None:
    """A closed period of theirs, locked days, an export, a correction and a legal hold, each of which names them."""
    payroll, said = world.mirror.payroll, f"{NAME.upper()} agreed"
    shift = next(one for one in world.company.shifts() if one.user_id == world.other)
    world.execute("UPDATE clock_times SET total_minutes = 7 WHERE employee_id = :e", e=world.employee(world.other))
    world.mirror.lock(date(2021, 3, 10), date(2021, 3, 10), reason=said, anyway=True)
    payroll.close("2021-03-01..2021-03-09", anyway=said)
    payroll.export("2021-03-01..2021-03-09", "csv", folder / "1.csv", without_blocked=True)
    payroll.export("2021-03-01..2021-03-09", "csv", folder / "2.csv", without_blocked=True, again=said)
    world.company.edit(shift.id, end=(shift.end or 0) + 600)
    world.looked()
    payroll.dismiss_corrections([one.number for one in payroll.corrections(state="pending")], reason=said)
    world.mirror.retention.hold(NAME, reason=said)
    world.mirror.retention.release(NAME, reason=said)
    world.mirror.acknowledge_holds([one.id for one in world.mirror.holds()], by="Pia", reason=said)


def test_checklists_and_reasons_keep_no_name(world: LongAgo, tmp_path: Path) -> None:
    """What was wrong when days were closed is told without the person, and so is why somebody closed them."""
    told_everywhere(world, tmp_path)
    someone = world.employee(world.other)
    kinds = ("period_events", "lock_events", "exports", "corrections", "legal_holds", "holds")
    for kind in kinds:
        assert NAME.casefold() in json.dumps(world.table(f"connecteam_sync_{kind}"), default=str).casefold(), kind
    before = world.mirror.payroll.newest_check("2021-03-01..2021-03-09")
    world.mirror.retention.erase(someone, confirm=str(someone), by="Pia")
    assert NAME.casefold() not in texts(world).casefold()
    after = world.mirror.payroll.newest_check("2021-03-01..2021-03-09")
    assert before is not None
    assert after is not None
    assert after.reason == "(erased) agreed"
    assert before.checked is not None
    assert after.checked is not None
    names = {one.employee_id: one.name for one in after.checked.totals}
    assert names == {one.employee_id: one.name for one in before.checked.totals} | {someone: "(erased)"}
    assert [one.count for one in after.checked.obstacles] == [one.count for one in before.checked.obstacles]
    [wrong] = [event.verified.wrong for event in world.mirror.lock_history() if event.verified is not None]
    assert any("(erased): " in one for one in wrong)


def test_a_former_name_goes_too(world: LongAgo) -> None:
    """Of somebody who was renamed more than once; whoever else has been renamed keeps the names."""
    person, friend = world.company.people[world.other], world.company.people[world.user]
    for last, of_friend in (("Quill-Ash", "Berg"), ("Ash", "Fjord")):
        person.last_name, friend.last_name = last, of_friend
        world.sync()
    assert all(name in texts(world) for name in (NAME, "Zenobia Quill-Ash", "Zenobia Ash", "Berg", "Fjord"))
    someone = world.employee(world.other)
    world.mirror.retention.erase(someone, confirm=str(someone))
    assert "Zenobia" not in texts(world)
    assert "renamed in Connecteam: Ana Berg -> Ana Fjord" in texts(world)


def test_a_former_name_that_only_notes_tell(world: LongAgo) -> None:
    """As where the host's table is not written; a long name is cut in sentences."""
    person = world.company.people[world.other]
    person.last_name = "Quill-" + "x" * 70
    world.sync()
    person.last_name = "Ash"
    world.sync()
    world.execute("UPDATE connecteam_sync_slices SET employees = NULL")
    assert "Quill-xxx" in texts(world)
    someone = world.employee(world.other)
    world.mirror.retention.erase(someone, confirm=str(someone))
    assert "Zenobia" not in texts(world)


def test_the_name_goes_from_errors_and_from_what_to_do_about_them(world: LongAgo) -> None:
    """A database may repeat what it was given in the error of a look."""
    with world.mirror.store.writing() as session:
        found = session.read("SELECT id, receipt FROM connecteam_sync_slices ORDER BY id")[-1]
        told = {"error": f"the database refused '{NAME}'", "next_step": f"ask {NAME}"}
        receipt = text_of(msgspec.structs.replace(receipt_of(found["receipt"]), **told))
        session.connection.execute(
            text("UPDATE connecteam_sync_slices SET receipt = :receipt WHERE id = :id"),
            {"receipt": receipt, "id": found["id"]},
        )
    assert f"ask {NAME}" in texts(world)
    someone = world.employee(world.other)
    world.mirror.retention.erase(someone, confirm=str(someone))
    assert "the database refused '(erased)'" in texts(world)
    assert "ask (erased)" in texts(world)
    assert NAME not in texts(world)


def test_former_names_of_holds_and_checklists_and_former_addresses(world: LongAgo) -> None:
    """Whatever of a person still says the name says it of every other text."""
    world.mirror.payroll.close("2021-03-01..2021-03-09", anyway="x")
    person, someone = world.company.people[world.other], world.employee(world.other)
    world.execute("DELETE FROM connecteam_sync_slices")
    person.last_name = "Ash"
    world.sync()
    world.execute("UPDATE connecteam_sync_slices SET employees = NULL")
    for email in ("ash@example.com", "ash@example.org"):
        person.email = email
        world.sync()
    world.execute(
        "UPDATE connecteam_sync_holds SET detail = :detail WHERE user_id = :user",
        detail=f"Connecteam user {world.other} (Zenobia (Z) Doe) is mapped to no employee",
        user=world.other,
    )
    friend = world.employee(world.user)
    world.mirror.retention.hold(friend, reason=f"as {NAME}, Zenobia (Z) Doe, {EMAIL} and ash@example.com")
    world.execute("UPDATE connecteam_sync_slices SET receipt = replace(receipt, 'renamed in', 'renamed by')")
    world.mirror.retention.erase(someone, confirm=str(someone))
    assert world.mirror.retention.legal_holds()[0].reason == "as (erased), (erased), (erased) and (erased)"


def test_an_erasure_that_was_broken_off_is_done_again(world: LongAgo, tmp_path: Path) -> None:
    """The host has blanked its table: what the person was called is known until all else is blanked."""
    if not world.mirror.store.dialect.is_file:
        pytest.skip("a trigger of SQLite breaks it off")
    told_everywhere(world, tmp_path)
    someone = world.employee(world.other)
    world.execute("UPDATE employees SET name = 'Somebody', email = NULL WHERE id = :id", id=someone)
    world.execute(
        "CREATE TRIGGER broken BEFORE UPDATE ON connecteam_sync_legal_holds BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    with pytest.raises(DatabaseError, match="full"):
        world.mirror.retention.erase(someone, confirm=str(someone))
    assert NAME.casefold() in texts(world).casefold()
    world.execute("DROP TRIGGER broken")
    world.mirror.retention.erase(someone, confirm=str(someone))
    assert NAME.casefold() not in texts(world).casefold()


def test_the_address_that_connecteam_has_goes_too(world: LongAgo) -> None:
    """Where the host's table has another one, and from what is about somebody else."""
    someone = world.employee(world.other)
    world.execute("UPDATE employees SET email = 'quill@example.org' WHERE id = :id", id=someone)
    world.execute(
        "UPDATE connecteam_sync_holds SET user_id = NULL, employee_id = NULL, detail = :detail",
        detail=f"ask {EMAIL} or quill@example.org",
    )
    world.mirror.retention.erase(someone, confirm=str(someone))
    assert {row["detail"] for row in world.table("connecteam_sync_holds")} == {"ask (erased) or (erased)"}


def test_kept_plans_and_files_of_inputs_go_with_the_name(initialised: str, tmp_path: Path) -> None:
    """Those that name the person, whatever became of them, and a file that nobody can read; of others they stay."""
    with long_ago(initialised, state_dir=str(tmp_path)) as world:
        person = world.company.people[world.other]
        person.first_name, person.last_name, person.email = "Zenobia", 'Qui"ll', EMAIL
        world.worked(date(2021, 3, 3), "08:00", "12:00", user=world.other)
        world.looked()
        old = world.worked(date(2021, 3, 4), "08:00", "12:00", user=world.other)
        named = world.mirror.keep_plan(world.mirror.plan(world.old), "ana")
        world.company.delete(old.id)
        world.work(3, "08:00", "16:00")
        kept = world.mirror.keep_plan(world.mirror.plan(world.window), "ana")
        [folder] = (tmp_path / "inputs").iterdir()
        files = {file.name for file in folder.iterdir()}
        assert files
        assert any(b"Zenobia" in text for file in folder.iterdir() for text in _texts(file))
        (folder / "run-900.inputs").write_bytes(b"\0\0\0\0\0\0\0\4junk")
        strange = {"notes.txt", "run-901.inputs"}
        (folder / "notes.txt").write_text("Zenobia")
        (folder / "run-901.inputs").mkdir()  # nothing of ours, and no file that could be removed
        someone = str(world.employee(world.other))
        done = world.mirror.retention.erase(someone, confirm=someone, by="Pia")
        assert [one.fingerprint for one in world.mirror.kept_plans()] == [kept.fingerprint]
        with pytest.raises(NotFound):
            world.mirror.kept_plan(named.fingerprint)
        left = {file.name for file in folder.iterdir()}
        assert strange <= left
        assert not any(
            b"Zenobia" in text or EMAIL.encode() in text for name in left - strange for text in _texts(folder / name)
        )
        assert (done.plans, done.files) == (1, len(files | {"run-900.inputs"}) - len(left - strange))
        assert done.files_left == (str(folder / "run-901.inputs"),)
        assert json.loads(world.table("connecteam_sync_erasures")[0]["counts"])["plans"] == 1
        world.execute("UPDATE employees SET name = 'Somebody' WHERE id = :id", id=int(someone))  # the host's own
        world.worked(date(2021, 3, 6), "08:00", "12:00", user=world.other)
        world.looked()
        world.sync()
        assert {file.name for file in folder.iterdir()} > left
        assert not any(
            b"Zenobia" in text for file in folder.glob("run-*.inputs") if file.is_file() for text in _texts(file)
        )


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ('{"user_id":4711,"x":1}', True),
        ('{"user_id":47110}', False),
        ('{"id":"shift-4711"}', False),
        ('{"at":4711.5}', False),
        ('{"names":[[17,"Zenobia Qui\\"ll"]]}', True),
        ('{"detail":"zenobia qui\\"ll waits"}', True),
        ('{"detail":"Zenobia Quill"}', False),
        ("{}", False),
    ],
)
def test_who_is_named_in_a_text(text: str, *, is_in: bool) -> None:
    """By a whole number that is the id of a user, or by the name as JSON has it."""
    assert erased_of(17, {4711}, ['Zenobia Qui"ll']).is_in(text) is is_in
    assert erased_of(17, (), []).is_in(text) is False


def test_nothing_of_a_name_is_left_in_a_text() -> None:
    """Where one name begins another, the longer one goes; in any case, and not within a longer word."""
    who = erased_of(17, (), ["Ann", "Ann Lee", None, " "])
    assert who.without("ANN LEE waits, as ann and Anna do") == "(erased) waits, as (erased) and Anna do"
    assert who.without(None) is None
    assert erased_of(17, (), ["y" * 80]).without(f"{'y' * 59}… waits") == "(erased) waits"
    assert erased_of(17, (), []).without("Ann") == "Ann"
