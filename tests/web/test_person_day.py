"""`/people/E/DAY`: why these hours? The strip, its table, rows, breaks, the journal, holds and locks of one day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape

import pytest

from connecteam_sync.core.persons import hours_of_day
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox
from support.staff import HOSTILE, MOST_STATEMENTS, Staff, counted, inspected

DAY = date(2025, 12, 2)


@pytest.fixture
def staff(initialised: str) -> Iterator[Staff]:
    """A mirror of a company of three, the first with a name of markup."""
    company = Company(0, people=3)
    company.people[min(company.people)].first_name = HOSTILE
    with Sandbox(company) as sandbox:
        made = Staff(sandbox, initialised)
        for user in sorted(company.people):
            made.hire(user)
        yield made
        made.mirror.close()


def _address(staff: Staff, day: date = DAY, user: int | None = None) -> str:
    return f"/people/{staff.employee(user or staff.user)}/{day}"


def _said(page: str) -> list[tuple[str, ...]]:
    """The lines of the table beside the strip: source, what, times, hours."""
    part = page.split('id="sources"', 1)[1].split("</section>", 1)[0]
    return [
        tuple(unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row))
        for row in part.split("<tr>")[2:]
    ]


def test_the_page_says_why_the_hours_are_so(staff: Staff) -> None:
    """Connecteam, breaks and the table side by side; each change leads to its entry on the run's page."""
    shift = staff.work(2, "08:00", "16:00")
    staff.company.take_break(staff.user, staff.at(2, "12:00"), staff.at(2, "12:30"))
    staff.company.take_break(staff.user, staff.at(1, "23:00"), staff.at(2, "00:00"))
    staff.sync()
    staff.company.edit(shift.id, start=staff.at(2, "08:15"))
    staff.sync()
    row = staff.table()[0]["id"]
    page = staff.shown(_address(staff))
    assert ": 7:45 h on Tue 2 Dec 2025</h1>" in page
    assert 'class="answer ok"' in page
    assert "1 row in the table, 1 shift in Connecteam: they agree." in page
    assert "This day has" not in page
    said = _said(page)
    assert said[0] == ("Connecteam", f"shift {shift.id}", "08:15-16:00", "7:45")
    assert said[1][0] == "Connecteam"
    assert said[1][1].startswith("unpaid break: ")
    assert said[1][2:] == ("12:00-12:30", "0:30")
    assert said[2] == ("table", f"row {row}, source connecteam", "08:15-16:00", "7:45")
    assert len(said) == 3
    assert "<del>08:00</del>" in page
    assert "<ins>08:15</ins>" in page
    assert "+0:00" not in page
    assert '<span class="less">-0:15</span>' in page
    assert "Connecteam: 2025-12-02 08:15-16:00 on time clock" in page
    assert "Timesheet: not verified yet." in page
    links = re.findall(r'href="(/runs/\d+)#(entry-\d+)"', page)
    assert [run for run, _ in links] == ["/runs/2", "/runs/1", "/runs/2"], "the last correction is named first"
    for run, entry in links:
        assert f'id="{entry}"' in staff.shown(run)


def test_the_json_is_the_commands_history(staff: Staff) -> None:
    """Of that day, rows of other days left out."""
    for day in (1, 2, 3):
        staff.work(day, "20:00", "28:00")
    staff.sync()
    address = _address(staff)
    told = staff.answered(f"{address}.json")
    assert told == staff.command("history", address.split("/")[2], "--day", str(DAY))
    assert [row["clock_in"] for row in told["rows"]] == ["2025-12-03T02:00:00Z"]


def test_a_night_reaches_into_the_next_day(staff: Staff) -> None:
    """It is drawn on both, and counts for the one on which it begins."""
    staff.work(1, "22:00", "30:00")
    staff.sync()
    page = staff.shown(_address(staff))
    assert ": 0:00 h on Tue 2 Dec 2025</h1>" in page
    assert "0 rows in the table, 0 shifts in Connecteam: they agree." in page
    assert [(line[0], line[3]) for line in _said(page)] == [("Connecteam", "8:00"), ("table", "8:00")]
    assert len(re.findall(r'class="span shift"', page)) == 2
    assert "No row now, and none is on record to have been there." in page
    third = staff.shown(_address(staff, date(2025, 12, 3)))
    assert "span shift" not in third
    assert "No source has anything of this day." in third
    assert ">no shift</text>" in third
    assert ">no row</text>" in third


def test_an_open_shift_is_open(staff: Staff) -> None:
    """It has no hours yet."""
    staff.work(2, "08:00", None)
    staff.sync()
    page = staff.shown(_address(staff))
    assert [line[3] for line in _said(page)] == ["open", "open"]
    assert 'class="span shift open"' in page


@pytest.mark.parametrize(("day", "length"), [(date(2025, 11, 2), 25), (date(2026, 3, 8), 23)])
def test_days_on_which_the_clocks_change(staff: Staff, day: date, length: int) -> None:
    """Have their true length: a shift from midnight to midnight fills all of it."""
    window = Window(day, day, "America/Chicago")
    assert window.end_utc - window.start_utc == length * 3600
    staff.company.add(staff.user, window.start_utc, window.end_utc, created_at=window.start_utc)
    staff.sync(window)
    page = staff.shown(_address(staff, day))
    assert f"This day has {length} hours." in page
    assert f"{length}:00 h on" in page
    drawn = [(float(x), float(width)) for x, width in re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', page)]
    assert len(drawn) == 2
    assert len(set(drawn)) == 1
    marks = hours_of_day(day, window.zone)
    shares = [share for share, _ in marks]
    assert [name for _, name in marks] == ["00", "03", "06", "09", "12", "15", "18", "21", "24"]
    assert shares == sorted(shares)
    # 03:00 is two or four hours after midnight.
    assert shares[1] * length == pytest.approx(length - 21)


def test_a_row_by_hand_is_told_from_ours(staff: Staff) -> None:
    """In the sentence and in the strip."""
    staff.work(2, "08:00", "12:00")
    staff.sync()
    no = "false" if staff.mirror.store.dialect.engine.name == "postgresql" else "0"
    staff.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source) VALUES"
        f" ({staff.employee(staff.user)}, '2025-12-02 20:00:00', '2025-12-02 22:00:00', 120, {no}, 'manual')"
    )
    page = staff.shown(_address(staff))
    assert ": 6:00 h on" in page
    assert "2 rows in the table (4:00 + 2:00), 1 shift in Connecteam: they agree; 2:00 h by hand" in page
    assert 'class="span hand"' in page
    assert "source manual (by hand: never written)" in page


def test_a_held_correction_and_its_lock_are_told(staff: Staff) -> None:
    """With how to release it; an acknowledged hold waits no longer."""
    shift = staff.work(2, "08:00", "16:00")
    staff.sync()
    staff.lock(DAY, by="Pat", reason=HOSTILE)
    staff.company.edit(shift.id, end=staff.at(2, "17:00"))
    staff.sync()
    page = staff.shown(_address(staff))
    assert 'class="answer warn"' in page
    assert "Connecteam says 9:00 h, the table has 8:00 h of it" in page
    assert "locked</span> by Pat" in page
    assert f"connecteam-sync unlock --from {DAY} --to {DAY} --reason WHY" in page
    [held] = staff.mirror.holds()
    assert f'<a href="/attention/{held.id}">hold {held.id}</a>' in page
    assert "waits</span>" in page
    staff.mirror.acknowledge_holds([held.id], by="Ola", reason="paid next month")
    known = staff.shown(_address(staff))
    assert "acknowledged</span> by Ola: paid next month" in known
    assert "waits</span>" not in known


def test_what_became_of_a_row_stays_on_record(staff: Staff) -> None:
    """Deleted, and given to somebody else: on the day of who had it, too."""
    first, second, third = sorted(staff.company.people)
    staff.work(2, "08:00", "12:00", user=first)
    given = staff.work(2, "13:00", "17:00", user=first)
    staff.work(2, "08:00", "12:00", user=second)
    staff.sync()
    before = _address(staff, user=first)
    staff.company.delete(given.id)
    staff.sync()
    page = staff.shown(before)
    assert "was deleted by run 2" in page
    assert "1 row in the table, 1 shift in Connecteam: they agree" in page
    assert ": 4:00 h on" in page
    hers = staff.employee(third)
    staff.mirror.map_employee(second, hers)
    staff.sync()
    with staff.mirror.store.reading() as session:
        old = next(one.id for one in session.employees() if one.connecteam_user_id == str(second))
    theirs = staff.shown(f"/people/{old}/{DAY}")
    assert f"was given to employee {hers} by run 3" in theirs
    assert staff.answered(f"/people/{old}/{DAY}.json") == staff.command("history", str(old), "--day", str(DAY))
    assert ": 4:00 h on" in staff.shown(f"/people/{hers}/{DAY}")


def test_a_row_that_changed_hands_and_day_at_once_is_found_on_either(staff: Staff) -> None:
    """However far it moved."""
    _, second, third = sorted(staff.company.people)
    shift = staff.work(10, "08:00", "12:00", user=second)
    staff.sync()
    old, hers = staff.employee(second), staff.employee(third)
    staff.mirror.map_employee(second, hers)
    staff.company.edit(shift.id, start=staff.at(2, "08:00"), end=staff.at(2, "12:00"))
    staff.sync()
    assert f"was given to employee {hers} by run 2" in staff.shown(f"/people/{old}/2025-12-10")
    assert ": 4:00 h on" in staff.shown(f"/people/{hers}/{DAY}")


def test_the_days_beside_it_are_one_step_away(staff: Staff) -> None:
    """Over the turn of a month, and not beyond the calendar."""
    staff.sync()
    employee = staff.employee(staff.user)
    page = staff.shown(f"/people/{employee}/2025-12-01")
    assert f'href="/people/{employee}/2025-11-30" rel="prev"' in page
    assert f'href="/people/{employee}/2025-12-02" rel="next"' in page
    assert f'href="/people/{employee}?month=2025-12"' in page
    assert 'rel="prev"' not in staff.shown(f"/people/{employee}/1971-01-01")
    assert 'rel="next"' not in staff.shown(f"/people/{employee}/2199-12-31")
    with staff.console() as site:
        for day in ("2025-02-30", "today", "20251201", "1970-12-31", "9999-12-31", "%2e%2e", "2025-W49-2"):
            assert site.ask(f"/people/{employee}/{day}").status_code == 422, day
        assert site.ask("/people/999999/2025-12-01").status_code == 404
        assert site.ask(f"/people/999999/{DAY}.json").status_code == 404


def test_a_day_of_many_changes_is_small(staff: Staff) -> None:
    """The newest of them are shown, and where the others are."""
    staff.work(2, "08:00", "16:00")
    staff.sync()
    columns = ", ".join(name for name in staff.table("connecteam_sync_changes")[0] if name not in {"id", "why"})
    for number in range(61):
        staff.execute(
            f"INSERT INTO connecteam_sync_changes ({columns}, why) SELECT {columns}, :why"
            " FROM connecteam_sync_changes WHERE id = 1",
            why=f"{HOSTILE} {number} " + "long " * 100,
        )
    page = staff.shown(_address(staff))
    assert "The newest 60; 2 earlier changes" in page
    assert len(re.findall(r"#entry-\d+", page)) == 60
    assert " 60 long" in page
    assert " 0 long" not in page


def test_a_day_costs_few_statements(staff: Staff) -> None:
    """At most eight with the one that finds who asks."""
    staff.work(2, "08:00", "16:00")
    staff.sync()
    employee = staff.employee(staff.user)
    with counted(staff.mirror) as sent:
        staff.mirror.person_day(employee, DAY)
    assert 6 <= len(sent) < MOST_STATEMENTS
    with counted(staff.mirror) as sent:
        staff.mirror.history(employee, DAY)
    assert 5 <= len(sent) < MOST_STATEMENTS


def test_connecteams_own_total_is_beside_it(staff: Staff) -> None:
    """As the last verification read it, with when that was."""
    staff.work(2, "08:00", "16:00")
    staff.sync()
    run = staff.mirror.verify(staff.window).run
    columns = "user_id, day, time_clock_id, minutes, run_id, seen_at"
    staff.execute(
        f"INSERT INTO connecteam_sync_timesheets ({columns}, timezone)"
        f" SELECT {columns}, 'Asia/Tokyo' FROM connecteam_sync_timesheets WHERE day = '{DAY}'"
    )
    page = staff.shown(_address(staff))
    assert f'<a href="/runs/{run}">run {run}</a> read it' in page
    assert "Connecteam's own total of the day is 8:00 h" in page
    assert next(line for line in _said(page) if line[0] == "timesheet")[3] == "8:00"
    assert 'class="span sheet"' in page
    assert "not verified yet" not in page


def test_names_are_no_markup(staff: Staff) -> None:
    """On any of the pages of a day."""
    staff.work(2, "08:00", "16:00")
    staff.sync()
    assert "alert(1)" in inspected(staff.shown(_address(staff)))
