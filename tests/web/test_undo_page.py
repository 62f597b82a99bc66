"""`/runs/N/undo`: what taking a run back would do, why it would be refused, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.core.roles import Role
from connecteam_sync.web.pages.undo import preview
from support.operated import JSON, MOST_STATEMENTS, Operated, act, operated, page, shown


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a company of one shift, which run 1 has written."""
    with operated(initialised, monkeypatch) as made:
        made.world.work(2, "08:00", "16:00")
        made.world.sync()
        yield made


def test_the_preview_says_what_would_be_done(console: Operated) -> None:
    """Rows, days and hours; looking at it changes nothing, and locks nothing."""
    with console.by("operator") as ana:
        assert '<a class="button second" href="/runs/1/undo">' in ana.get("/runs/1").text
        text = page(ana, "/runs/1/undo")
        assert "Take run 1 back? 0 made again, 0 changed back, 1 removed, -8:00 hours" in text
        assert "Tue 2 Dec 2025 -8:00" in text
        assert len(console.world.table()) == 1
        assert len(console.mirror.runs()) == 1


def test_a_run_is_taken_back(console: Operated) -> None:
    """As a new run of the person, to which the page leads; the preview of the first says so then."""
    with console.by("operator", "Ana") as ana:
        answer = act(ana, "/runs/1/undo")
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs/2")
        assert console.world.table() == []
        text = page(ana, "/runs/1/undo")
        assert "Run 1 cannot be taken back: run 1 was undone by run 2 already" in text
        assert "to bring its changes back, undo run 2" in text
        assert "Take it back" not in page(ana, "/runs/1")
        assert "Take run 2 back? 1 made again, 0 changed back, 0 removed, +8:00 hours" in page(ana, "/runs/2/undo")
    entry = console.mirror.audit()[0]
    assert (entry.by, entry.action, entry.subject, entry.run) == ("Ana", "undo", "run 1", 2)


def test_a_correction_is_changed_back(console: Operated) -> None:
    """The preview shows the hours as they would move."""
    [shift] = console.company.shifts(console.world.window.first, console.world.window.last)
    console.company.edit(shift.id, end=console.world.at(2, "17:30"))
    console.world.sync()
    with console.by("admin") as ida:
        assert "0 made again, 1 changed back, 0 removed, -1:30 hours" in page(ida, "/runs/2/undo")


def test_it_is_refused_with_the_rows(console: Operated) -> None:
    """Since a later run changed a row: the preview says so before, and the action with 409; nothing is written."""
    [shift] = console.company.shifts(console.world.window.first, console.world.window.last)
    [row] = console.world.table()
    console.company.edit(shift.id, end=console.world.at(2, "17:00"))
    console.world.sync()
    before = console.world.everything()
    with console.by("operator") as ana:
        text = page(ana, "/runs/1/undo")
        assert f"Run 1 cannot be taken back: 1 row of run 1 changed since, by run 2: rows {row['id']}" in text
        assert "undo run 2 first" in text
        assert "The rows in the way Tue 2 Dec 2025" in text
        assert "Take it back:" not in text
        answer = act(ana, "/runs/1/undo")
        assert answer.status_code == 409
        assert "The rows in the way" in shown(answer)
        said = ana.post("/runs/1/undo", headers=JSON)
        assert said.status_code == 409
        assert (said.json()["error"], said.json()["rows"]) == ("undo_refused", [row["id"]])
    assert console.world.everything() == before


def test_a_closed_day_stays(console: Operated) -> None:
    """The preview says it, with the command that opens it."""
    console.world.lock(console.world.window.first.replace(day=2))
    with console.by("operator") as ana:
        text = page(ana, "/runs/1/undo")
        assert "is locked for payroll, and the run changed rows on it" in text
        assert act(ana, "/runs/1/undo").status_code == 409
    assert len(console.world.table()) == 1


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_who_may_only_look_takes_nothing_back(console: Operated, role: Role) -> None:
    """The preview is there, without its button."""
    with console.by(role) as jo:
        assert act(jo, "/runs/1/undo").status_code == 403
        text = page(jo, "/runs/1/undo")
        assert "Take run 1 back?" in text
        assert "Take it back:" not in text
        assert "Take it back" not in page(jo, "/runs/1")
    assert len(console.world.table()) == 1


def test_a_verification_and_a_run_that_is_not_there(console: Operated) -> None:
    """Neither can be taken back."""
    console.mirror.verify(console.world.window)
    with console.by("operator") as ana:
        assert "run 2 was a proof" in page(ana, "/runs/2/undo")
        assert act(ana, "/runs/2/undo").status_code == 409
        for number in ("99", "0", "x", "9" * 30):
            assert ana.get(f"/runs/{number}/undo").status_code in {404, 422}
            assert act(ana, f"/runs/{number}/undo").status_code in {404, 422}


def test_few_statements(console: Operated) -> None:
    """However many rows there are."""
    console.mirror.foreseen_undo(1)
    assert console.statements_of(preview, params={"number": "1"}) <= MOST_STATEMENTS


def test_rows_that_others_point_at_are_named_before(console: Operated) -> None:
    """As the action would say it; once they are gone the button is there."""
    [row] = console.world.table()
    console.world.execute(
        "CREATE TABLE payslips (clock_time_id BIGINT, FOREIGN KEY (clock_time_id) REFERENCES clock_times(id))"
    )
    console.world.execute("INSERT INTO payslips VALUES (:row)", row=row["id"])
    with console.by("operator") as ana:
        text = page(ana, "/runs/1/undo")
        assert f"1 row of payslips points at row {row['id']}" in text
        assert "The rows in the way Tue 2 Dec 2025" in text
        assert "Take it back:" not in text
        assert act(ana, "/runs/1/undo").status_code == 409
        console.world.execute("DELETE FROM payslips")
        assert "Take it back:" in page(ana, "/runs/1/undo")


def test_a_row_that_was_linked_again_is_named_before(console: Operated) -> None:
    """By a later run, though no row differs: the preview says by which."""
    [row] = console.world.table()
    console.world.work(3, "08:00", "16:00")
    console.world.sync()
    shifts = console.mirror.store.own.shifts
    console.world.execute(
        f"UPDATE {shifts} SET clock_time_id = NULL, changed_in_run = 2 WHERE clock_time_id = :row", row=row["id"]
    )
    console.world.execute(f"UPDATE {shifts} SET clock_time_id = :row WHERE clock_time_id <> :row", row=row["id"])
    with console.by("operator") as ana:
        text = page(ana, "/runs/1/undo")
        assert "Run 1 cannot be taken back: rows or shifts of run 1 were linked again since, by run 2" in text
        assert act(ana, "/runs/1/undo").status_code == 409
