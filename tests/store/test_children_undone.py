"""Undo where rows of other tables point at ours, or rows are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from test_children_written import by_hand, change

from connecteam_sync.core.change import Change, SlicePlan, fingerprint
from connecteam_sync.errors import ConfigurationError, NotOurs, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.host_with_children import Host, naming


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


# -- undo --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL", "NO ACTION"])
def test_undo_of_rows_that_got_children_since_is_refused(host: Host, rule: str) -> None:
    """Naming tables, counts and rows; nothing is written. Once they are gone it goes through."""
    host.child(rule)
    host.child("CASCADE", "breaks")
    shifts = [host.work(day, "08:00", "12:00") for day in (3, 4, 5)]
    run = host.sync()
    one, two = host.row_of(shifts[0].start), host.row_of(shifts[1].start)
    host.point(one, "line 1")
    host.point(one, "line 2")
    host.point(two, "line 1", "breaks")
    before, lines = host.everything(), (host.lines(), host.lines("breaks"))
    said = f"2 rows of payslips point at row {one}; 1 row of breaks points at row {two}$"
    with pytest.raises(UndoRefused, match=said) as refused:
        host.mirror.undo(run.id or 0)
    assert (refused.value.exit_code, refused.value.rows) == (4, (one, two))
    assert host.everything() == before
    assert (host.lines(), host.lines("breaks")) == lines
    host.execute("DELETE FROM payslips")
    host.execute("DELETE FROM breaks")
    assert host.mirror.undo(run.id or 0).counts.deleted == len(before[0])
    assert not host.table()


def test_undo_counts_configured_children_and_rows_of_the_same_table(host: Host, database: str) -> None:
    """Without a declared key as with one, and where it is a row by hand that points at ours."""
    host.child("")
    shift = host.work(3, "08:00", "12:00")
    run = host.sync()
    host.point(host.row_of(shift.start))
    named = naming(host, database, "payslips.clock_time_id")
    with pytest.raises(UndoRefused, match="1 row of payslips points at row"):
        named.mirror.undo(run.id or 0)
    named.mirror.close()


def test_undo_of_a_correction_off_a_key_that_is_pointed_at_is_refused(host: Host) -> None:
    """The row would stay, and the approval of its clock-in would have nothing to point at."""
    moment = {"sqlite": "TEXT", "mysql": "DATETIME", "postgresql": "TIMESTAMP"}[host.family]
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.company.edit(shift.id, start=shift.start + 60)
    run = host.sync()
    host.ddl(
        f"CREATE TABLE approvals (line VARCHAR(40) NOT NULL PRIMARY KEY, who {host.number}, at {moment},"
        " FOREIGN KEY (who, at) REFERENCES clock_times (employee_id, clock_in) ON UPDATE SET NULL)"
    )
    row = host.row_of(shift.start)
    host.execute("INSERT INTO approvals SELECT 'a', employee_id, clock_in FROM clock_times WHERE id = :id", id=row)
    lines = host.lines("approvals")
    with pytest.raises(UndoRefused, match=f"1 row of approvals points at row {row}"):
        host.mirror.undo(run.id or 0)
    assert host.lines("approvals") == lines


def test_undo_leaves_a_person_whom_other_tables_name(host: Host) -> None:
    """The run created the employee; a contract was written since. The hours go, the person stays."""
    shift = host.work(3, "08:00", "12:00")
    run = host.sync()
    host.ddl(
        f"CREATE TABLE contracts (line VARCHAR(20) NOT NULL PRIMARY KEY, who {host.number},"
        " FOREIGN KEY (who) REFERENCES employees (id) ON DELETE CASCADE)"
    )
    with host.mirror.store.reading() as session:
        who = next(row.employee_id for row in session.rows_of_all() if row.clock_in == shift.start)
    host.execute("INSERT INTO contracts VALUES ('a', :who)", who=who)
    lines = host.lines("contracts")
    host.mirror.undo(run.id or 0)
    assert not host.table()
    assert [row["id"] for row in host.table("employees")] == [who]
    assert host.lines("contracts") == lines


def _with(plan: SlicePlan, planted: Change) -> SlicePlan:
    """A plan as somebody who knows its fingerprint would edit it."""
    changes = (*plan.changes, planted)
    name = fingerprint(plan.time_clock_id, plan.window, changes, plan.new_employees)
    return msgspec.structs.replace(plan, changes=changes, fingerprint=name)


@pytest.mark.parametrize("damage", ["delete", "update"])
def test_a_saved_plan_edited_to_write_a_manual_row_is_refused(host: Host, tmp_path: Path, damage: str) -> None:
    """`apply FILE` with a change put into the file by hand: nothing is written, the row by hand least of all."""
    host.work(2, "08:00", "12:00")
    host.sync()
    row = by_hand(host)
    host.work(4, "08:00", "12:00")
    proposal = host.mirror.plan(host.window)
    longer = msgspec.structs.replace(row, clock_out=row.clock_in + 7200, total_minutes=120)
    planted = change(damage, row, None if damage == "delete" else longer, host)
    plans = tuple(_with(plan, planted) for plan in proposal.plans)
    file = tmp_path / "plan.json"
    edited = msgspec.structs.replace(proposal, plans=plans)
    host.mirror.save_plan(edited, file)
    before = host.table()
    with pytest.raises(ConfigurationError, match=f"row {row.id} is not ours"):
        host.mirror.read_plan(file)
    # Nor by a program that reads no file.
    assert host.mirror.apply(edited).exit_code == 4
    assert host.table() == before


def test_undo_never_writes_a_row_of_another_source(host: Host) -> None:
    """A journal that somebody wrote into says that the run created a row which is a person's."""
    host.work(3, "08:00", "12:00")
    run = host.sync()
    by_hand(host)
    host.execute(
        "UPDATE connecteam_sync_changes SET change_json = replace(change_json, 'connecteam', 'manual'),"
        " row_after = replace(row_after, 'connecteam', 'manual')"
    )
    host.execute("UPDATE clock_times SET source = 'manual'")
    before = host.everything()
    with pytest.raises((NotOurs, UndoRefused)):
        host.mirror.undo(run.id or 0)
    assert host.everything() == before
