"""Rows with children, and rows that are not ours: asked only where it matters, and never written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from connecteam_sync.core.change import Change, SlicePlan
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.errors import NotOurs, RowMoved
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror.apply import apply
from connecteam_sync.store.mirror.clock_times import write_steps
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


# -- asked only where it matters, and under the locks ------------------------------------------------------------------


def test_nothing_is_asked_where_nothing_is_deleted(host: Host) -> None:
    """An untroubled slice costs no statement more for the tables that point here."""
    shift = host.work(3, "08:00", "12:00")
    for _ in range(2):  # the first one that knows of earlier ones decides about everybody
        host.sync()
    host.company.edit(shift.id, end=(shift.end or 0) + 60)
    without = host.sync().statements
    host.child("CASCADE")
    host.point(host.row_of(shift.start))
    host.company.edit(shift.id, end=(shift.end or 0) + 120)
    assert host.sync().statements == without


def test_a_table_made_since_is_not_overlooked(host: Host) -> None:
    """The list of tables is kept for the process; before rows go, the catalogue is compared with it again."""
    shifts = [host.work(day, "08:00", "12:00") for day in (3, 4)]
    host.sync()
    host.company.delete(shifts[0].id)
    assert host.sync().counts.deleted == 1
    host.child("CASCADE")
    host.point(host.row_of(shifts[1].start))
    host.company.delete(shifts[1].id)
    assert host.sync().exit_code == 3
    assert len(host.held()) == 1
    assert len(host.lines()) == 1


def planned(host: Host) -> SlicePlan:
    """The only plan of the window."""
    (found,) = [plan for plan in host.mirror.plan(host.window).plans if plan.time_clock_id == WAREHOUSE]
    return found


def write(host: Host, decision: SlicePlan, *changes: Change) -> None:
    """Give a plan with these changes directly to the store, as an error of the planner would."""
    with host.mirror.store.writing() as session:
        stored = session.stored(decision.window, decision.snapshot)
        number = runs.begin_run(session, host.mirror.runs()[0])
        planted = msgspec.structs.replace(decision, changes=changes, mirrors=(), holds=())
        apply(session, planted, stored, run=number, now=1)


def change(kind: Any, before: ClockTime | None, after: ClockTime | None, host: Host) -> Change:  # noqa: ANN401 - a kind
    """A change that no planner of ours would make."""
    days = (host.window.first, host.window.first)
    return Change(kind=kind, before=before, after=after, shift_id=None, user_id=None, days=days, why="planted")


def test_a_child_that_came_after_the_decision_stops_the_delete(host: Host) -> None:
    """Counted again behind the locks of the rows: whoever decided, nothing that has children is deleted."""
    host.child("CASCADE")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    decision = planned(host)
    row = host.row_of(shift.start)
    host.point(row)
    with host.mirror.store.reading() as session:
        image = next(found for found in session.rows_of_all() if found.id == row)
    before, lines = host.table(), host.lines()
    with pytest.raises(RowMoved, match=f"1 row of payslips points at row {row}"):
        write(host, decision, change("delete", image, None, host))
    assert (host.table(), host.lines()) == (before, lines)


# -- rows that are not ours --------------------------------------------------------------------------------------------


def by_hand(host: Host, day: int = 3) -> ClockTime:
    """A row that a person entered."""
    host.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT min(id), :i, :o, 60, :a, 'manual' FROM employees",
        i=f"2025-12-{day:02} 20:00:00",
        o=f"2025-12-{day:02} 21:00:00",
        a=False,
    )
    with host.mirror.store.reading() as session:
        return next(row for row in reversed(session.rows_of_all()) if not row.is_ours)


@pytest.mark.parametrize("kind", ["delete", "update", "link", "create", "taken", "given"])
def test_a_planted_plan_never_writes_a_row_of_another_source(host: Host, kind: str) -> None:
    """Whatever it says the row is: refused with its number, and nothing is written."""
    host.work(2, "08:00", "12:00")
    host.sync()
    decision, row = planned(host), by_hand(host)
    with host.mirror.store.reading() as session:
        ours = next(found for found in session.rows_of_all() if found.is_ours)
    before = host.everything()
    longer = msgspec.structs.replace(row, clock_out=row.clock_in + 7200, total_minutes=120)
    planted = {
        "delete": change("delete", row, None, host),
        "update": change("update", row, longer, host),
        "link": change("link", row, row, host),
        "create": change("create", None, msgspec.structs.replace(longer, id=None, clock_in=row.clock_in + 60), host),
        "taken": change("update", row, msgspec.structs.replace(longer, source="connecteam"), host),
        "given": change("update", ours, msgspec.structs.replace(ours, source="manual"), host),
    }[kind]
    with pytest.raises(NotOurs, match="never written") as refused:
        write(host, decision, planted)
    assert (refused.value.exit_code, refused.value.name) == (4, "not_ours")
    assert refused.value.rows == (planted.image.id,)
    assert host.everything() == before


@pytest.mark.parametrize("kind", ["delete", "update"])
def test_a_plan_that_calls_a_manual_row_ours_is_no_plan_of_this_table(host: Host, kind: str) -> None:
    """The image of the plan says `connecteam`, the row says `manual`."""
    host.work(2, "08:00", "12:00")
    host.sync()
    decision, row = planned(host), by_hand(host)
    before = host.everything()
    lie = msgspec.structs.replace(row, source="connecteam")
    after = None if kind == "delete" else msgspec.structs.replace(lie, clock_out=row.clock_in + 7200, total_minutes=120)
    with pytest.raises(RowMoved):
        write(host, decision, change(kind, lie, after, host))
    assert host.everything() == before


def test_the_statements_themselves_leave_rows_of_another_source_alone(host: Host) -> None:
    """Without any check before them: what is written names a manual row with all of its values, and finds none."""
    host.work(2, "08:00", "12:00")
    host.sync()
    row = by_hand(host)
    longer = msgspec.structs.replace(row, clock_out=row.clock_in + 7200, total_minutes=120)
    before = host.everything()
    for planted in (change("delete", row, None, host), change("update", row, longer, host)):
        with pytest.raises(RowMoved), host.mirror.store.writing() as session:
            write_steps(session, [planted], now=1)
        assert host.everything() == before
