"""`/periods`: which pay periods are closed, the checklist of one with three counts, closing and opening it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.roles import Role
from connecteam_sync.web.pages.periods import period, periods
from support.certified import key_in
from support.operated import HOSTILE, JSON, MOST_STATEMENTS, Operated, act, done, ended, operated, page, shown

P = "2025-12-01..2025-12-07"


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a company of one shift, which is in the table; weekly pay periods."""
    schedule = PaySchedule(schedule="weekly", anchor=date(2025, 12, 1))
    with operated(initialised, monkeypatch, pay_schedule=schedule) as made:
        made.world.work(2, "08:00", "16:00")
        made.world.sync()
        yield made


def test_a_period_is_checked_closed_and_opened(console: Operated) -> None:
    """Looking asks nobody; each act is on record, by form and by JSON as the command says it."""
    calls = console.sandbox.calls
    with console.by("payroll", "Pia") as pia:
        assert "No pay period is closed" in page(pia, "/periods")
        assert "No checklist yet" in page(pia, f"/periods/{P}")
        assert console.sandbox.calls == calls
        answer = act(pia, f"/periods/{P}/check")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/periods/{P}")
        text = page(pia, f"/periods/{P}")
        assert "Nothing stands in the way" in text
        assert "Three counts of 1 person" in text
        assert "8:00 8:00 8:00" in text
        said = done(pia, "/periods/2025-12-01/close")
        assert (said["period"]["state"], said["period"]["by"], said["newly"]) == ("closed", "Pia", True)
        assert "1 pay period is closed" in page(pia, "/periods")
        shown_json = pia.get(f"/periods/{P}.json").json()
        assert [total["minutes_table"] for total in shown_json["totals"]] == [480]
        assert act(pia, f"/periods/{P}/reopen").status_code == 422
        assert act(pia, f"/periods/{P}/reopen", reason="Ana's night").status_code == 303
        text = page(pia, f"/periods/{P}")
        assert "reopen by Pia: Ana's night" in text
        assert f"{P} is open" in text
    assert [entry.action for entry in console.mirror.audit()] == [
        "open a pay period",
        "close a pay period",
        "check of a pay period",
    ]


def test_what_stands_in_the_way_is_shown_with_its_cure(console: Operated) -> None:
    """409 with the checklist; closed anyway only with a reason. What is refused leaves no entry of the audit."""
    console.world.work(3, "08:00", None)
    console.world.sync()
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, f"/periods/{P}/close")
        assert answer.status_code == 409
        text = shown(answer)
        assert "is not right yet, so it was not closed: open_shift 1" in text
        assert "Next: enter the clock-out in Connecteam" in text
        said = pia.post(f"/periods/{P}/close", headers=JSON)
        assert (said.status_code, said.json()["error"]) == (409, "period_refused")
        assert [one["name"] for one in said.json()["obstacles"]] == ["open_shift"]
        assert console.mirror.audit() == ()
        assert act(pia, f"/periods/{P}/close", anyway="yes").status_code == 422
        assert done(pia, f"/periods/{P}/close", anyway="yes", reason=HOSTILE)["period"]["anyway"] is True
        assert "(with obstacles)" in page(pia, "/periods")
        assert "alert(1)" in page(pia, f"/periods/{P}")


def test_a_long_period_is_looked_at_in_the_background(console: Operated) -> None:
    """What it came to stands on the page of the work."""
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, "/periods/2025-10-01..2025-11-30/close")
        assert (answer.status_code, answer.headers["location"]) == (303, "/in-hand")
        over = ended(pia)
        assert (over["state"], over["message"]) == ("done", "2025-10-01..2025-11-30: closed, 0 obstacles")


def test_two_persons_review_and_close(console: Operated) -> None:
    """The state in between is seen by everybody."""
    with console.by("payroll", "Pia") as pia, console.by("viewer") as jo:
        assert act(pia, f"/periods/{P}/review").status_code == 303
        assert f"{P} is in review" in page(jo, f"/periods/{P}")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_is_not_of_payroll_closes_nothing(console: Operated, role: Role) -> None:
    """The page shows the command instead."""
    with console.by(role) as jo:
        for action in ("check", "review", "close", "reopen"):
            assert act(jo, f"/periods/{P}/{action}", reason="x").status_code == 403
        text = page(jo, f"/periods/{P}")
        assert f"connecteam-sync periods check {P}" in text
        assert "then close" not in text
    assert console.mirror.payroll.period(P).event is None


def test_words_that_name_no_period(console: Operated) -> None:
    """422 in the words of the command; one that shares days with another says so and offers nothing."""
    with console.by("payroll") as pia:
        assert act(pia, "/periods/soon/close").status_code == 422
        assert pia.get("/periods/2025-12-03").status_code == 422
        assert act(pia, f"/periods/{P}/close").status_code == 303
        text = page(pia, "/periods/2025-12-07..2025-12-09")
        assert f"It shares days with {P}, which stays as it is" in text
        assert "then close" not in text
        assert act(pia, "/periods/2025-12-07..2025-12-09/close").status_code == 409


def test_what_was_certified_and_exported(initialised: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of this period only: number, when, by whom, which export counts; and the commands that make the next one."""
    key = str(key_in(tmp_path / "keys"))
    with operated(initialised, monkeypatch, certificate_key=key) as made, made.by("viewer") as jo:
        made.world.work(2, "08:00", "16:00")
        made.world.sync()
        payroll, other = made.mirror.payroll, "2025-12-08..2025-12-09"
        assert "Certificates and exports" not in page(jo, f"/periods/{P}")
        payroll.close(P, by="Pia")
        text = page(jo, f"/periods/{P}")
        assert "Neither certified nor exported." in text
        assert f"connecteam-sync certify {P} --out FOLDER connecteam-sync export {P} --format csv --out FILE" in text
        assert "--again" not in text
        payroll.certify(P, out=tmp_path / "pack", by="Cy")
        payroll.export(P, "csv", tmp_path / "first.csv", by="Ex")
        payroll.export(P, "csv", tmp_path / "second.csv", again="lost", by=HOSTILE)
        payroll.close(other, by="Pia", anyway="a trial")
        assert "opened again" not in page(jo, f"/periods/{P}")
        made.world.execute("UPDATE connecteam_sync_exports SET at = at - 60")
        payroll.reopen(P, reason="a mistake", by=HOSTILE)
        payroll.close(P, by="Pia", anyway="a trial")
        text = page(jo, f"/periods/{P}")
        assert text.count("of before its period was opened again") == 1
        assert re.search(r"second.csv, 1 line, 8:00 hours. ▲ of before its period .* by .*alert\(1\)", text)
        assert re.search(r"Certificate 1, \S+ .*? by Cy Export 2 \(csv\), .* by .*alert\(1\)", text)
        assert re.search(r"Export 1 \(csv\), .*? by Ex: first.csv, 1 line, 8:00 hours; export 2 counts instead", text)
        assert "--out FILE --again REASON" in text
        assert "Neither certified nor exported." in page(jo, f"/periods/{other}")


def test_few_statements(console: Operated) -> None:
    """Of the list and of one period with its checklist."""
    console.mirror.payroll.check(P)
    assert console.statements_of(periods) <= MOST_STATEMENTS
    assert console.statements_of(period, params={"period": P}) <= MOST_STATEMENTS


def test_many_people_are_shown_in_parts(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody once over the parts, first who has held hours; each part within what a page may have."""
    with operated(initialised, monkeypatch, people=250) as made, made.by("viewer") as jo:
        users = sorted(made.company.people)
        for number, user in enumerate(users):
            made.world.work(2, "08:00", "16:00", user=user)
            if number == 249:
                made.world.work(2, "08:00", "15:00", user=user)
        made.world.sync()
        made.mirror.payroll.check(P)
        found, address = list[str](), f"/periods/{P}"
        while address:
            answer = jo.get(address)
            assert len(answer.content) < 60_000
            found += re.findall(r'data-label="who"><a href="/people/([^"]+)"', answer.text)
            following = re.search(r'href="([^"]+)#counts" rel="next"', answer.text)
            address = following[1] if following else ""
        employees = {one.user_id: str(one.employee_id) for one in made.mirror.employees()}
        assert sorted(found) == sorted(employees.values())
        assert found[0] == employees[users[249]]
        assert "201 to 250 of 250" in page(jo, f"/periods/{P}?after=200")
        assert jo.get(f"/periods/{P}?after=x").status_code == 422
        assert "No checklist" not in page(jo, f"/periods/{P}?after=9999")
