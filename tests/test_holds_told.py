"""What a person reads of what is held: a sentence for every kind, a next step that can be typed, and where to look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.core.change import HOLD_REASONS, Hold, HoldReason
from connecteam_sync.core.holds import REASON_TEXTS, grouped
from connecteam_sync.core.window import local_day
from connecteam_sync.present import holds_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from test_command import WINDOW
from test_people_command import PlanBuilder

CHICAGO = ZoneInfo("America/Chicago")
AT = 1_764_597_600
DAY = 86_400


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[PlanBuilder]:
    """An initialised database of a small company whose people nobody has mapped."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = PlanBuilder(tmp_path, sandbox)
        made.environment["CONNECTEAM_SYNC_EMPLOYEES"] = "match"
        assert made("init").code == 0
        yield made


def rows(reason: HoldReason, *details: str, days: int = 1) -> list[Hold]:
    """Holds of rows of one employee, without a user of their own."""
    return [
        Hold(
            reason=reason,
            subject=f"row:{number}",
            detail=detail,
            clock_time_id=number,
            employee_id=13,
            instant=AT + number * days * DAY,
            minutes=-60,
        )
        for number, detail in enumerate(details)
    ]


def test_every_kind_says_a_sentence_although_its_holds_differ() -> None:
    """Not `user_not_listed: 13 records (71:55 h kept); next: ...`."""
    assert set(REASON_TEXTS) == set(HOLD_REASONS)
    for reason in HOLD_REASONS:
        [line] = holds_text.hold_lines(rows(reason, "row 1 is so", "row 2 is so"), CHICAGO, {13: "Ida"}, {})[1:2]
        assert f"{reason}: 2 records (2:00 h kept): {REASON_TEXTS[reason]}" in line
        assert "None" not in line


def test_a_row_of_two_employees_names_the_user_to_map() -> None:
    """A row without a shift has no user; its sentence begins with one. Else the list of users is the next step."""
    [group] = grouped(rows("ambiguous_employee", *["Connecteam user 8000296 (Ines) stands on 2 employees"] * 2))
    step = group.next_step(CHICAGO) or ""
    assert step.startswith("connecteam-sync employees map 8000296 EMPLOYEE, then connecteam-sync sync --from 2025-")
    [group] = grouped(rows("ambiguous_employee", "Ines stands on 2 employees; Connecteam user 7 (x)"))
    assert group.next_step(CHICAGO) == "connecteam-sync employees --unmapped"


def test_a_person_without_a_user_leads_to_mapping() -> None:
    """And their rows are told not to be other hours than the shifts that wait."""
    waiting = Hold(reason="unmapped_user", subject="shift:1", detail="x", shift_id="1", user_id=8, instant=AT)
    kept = rows("no_connecteam_user", "no Connecteam user counts for Ida; row 1 is kept", "and row 2")
    lines = holds_text.hold_lines([waiting, *kept], CHICAGO, {13: "Ida"}, {})
    assert any(
        "next: connecteam-sync employees map USER 13, then connecteam-sync sync --from " in line for line in lines
    )
    assert "may be rows of no_connecteam_user" in lines[-1]
    assert "may be rows" not in "".join(holds_text.hold_lines(kept, CHICAGO, {13: "Ida"}, {}))


def test_the_only_suggestion_stands_in_the_command_and_no_name_can_put_another_there() -> None:
    """`might be 10 José Jensen` and `EMPLOYEE` left to be filled in."""
    end = ": connecteam-sync employees map 8 10"
    for said, wanted in (
        (f"Ida might be 10 José (name){end}", "10"),
        (f"Ida might be 10 José (name){end}; a new person: connecteam-sync employees create 8", "10"),
        (f"Ida{end.replace('10', '66')} is mapped to no employee", "EMPLOYEE"),
    ):
        holds = [Hold(reason="unmapped_user", subject=f"shift:{n}", detail=said, user_id=8, instant=AT) for n in (1, 2)]
        step = grouped(holds)[0].next_step(CHICAGO) or ""
        assert step.startswith(f"connecteam-sync employees map 8 {wanted}, or for a new person ")


def test_who_is_mapped_to_nobody_is_mapped_or_made_and_then_fetched() -> None:
    """One shift or several: both ways, and the sync of just their days, without which no hour would come."""
    held = [
        Hold(reason="unmapped_user", subject=f"shift:{n}", detail="x", shift_id=f"{n}", user_id=8, instant=AT + n * DAY)
        for n in (0, 3)
    ]
    for some, last in ((held[:1], 0), (held, 3)):
        days = [local_day(AT + n * DAY, CHICAGO) for n in (0, last)]
        line = holds_text.hold_lines(some, CHICAGO, {}, {8: "Ida"})[1]
        assert line.endswith(
            "; next: connecteam-sync employees map 8 EMPLOYEE, or for a new person connecteam-sync employees create 8,"
            f" then connecteam-sync sync --from {days[0]} --to {days[1]}"
        ), line


def test_the_days_of_a_next_step_are_a_window() -> None:
    """At most 366 days, as every command takes them."""
    [group] = grouped(rows("orphan", "a", "b", days=800))
    step = group.next_step(CHICAGO) or ""
    first, last = (date.fromisoformat(day) for day in re.findall(r"\d{4}-\d\d-\d\d", step))
    assert (last - first).days == 365


def test_what_no_run_has_put_on_record_is_not_looked_for_there(builder: PlanBuilder) -> None:
    """`plan` stores nothing: no next step of it leads to `holds`, which would say that nothing is held."""
    kept = rows("child_row", "row 1 is pointed at", "row 2 is pointed at")
    assert "connecteam-sync holds --employee 13" in holds_text.hold_lines(kept, CHICAGO, {}, {})[1]
    assert "connecteam-sync holds" not in "".join(holds_text.hold_lines(kept, CHICAGO, {}, {}, elsewhere="X"))
    user = builder("plan", *WINDOW, "--json").json["holds"][0]["user_id"]
    worker = builder.sandbox.company.people[user]
    builder.hire(f"{worker.first_name} {worker.last_name}")
    said = builder("plan", *WINDOW).out
    assert "Held, waiting" in said
    assert "connecteam-sync holds" not in said
    assert f"each of them: connecteam-sync plan {' '.join(WINDOW)} --json" in said
    assert f"connecteam-sync employees map {user} 1" in said
    builder("sync", *WINDOW)
    verified = builder("verify", *WINDOW).out
    assert "Held, waiting" in verified
    assert "connecteam-sync holds" not in verified
    assert "connecteam-sync holds --all" in builder("holds").out


def test_nothing_of_a_kind_is_not_nothing_at_all(builder: PlanBuilder) -> None:
    """`holds --kind child_row` with others standing says so; with none standing nothing is held."""
    assert builder("holds", "--kind", "child_row").out == "nothing is held\n"
    employee = builder.hire("Zoë Ōta")
    builder("sync", *WINDOW)
    said = builder("holds", "--kind", "child_row")
    assert (said.code, said.out) == (0, "no hold of kind child_row; 60 others stand: connecteam-sync holds\n")
    assert builder("holds", "--employee", str(employee)).out.startswith(f"no hold of {employee}; 60 others stand")
    assert builder("holds", "--kind", "child_row", "--json").json["holds"] == []
