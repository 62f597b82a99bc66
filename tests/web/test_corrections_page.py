"""`/corrections`: what closed days keep from being written, with its signed hours; accepting and dismissing it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.core.corrections import SHOWN_CORRECTIONS
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.roles import Role
from connecteam_sync.web.pages.corrections import MOST_AT_ONCE, corrections
from connecteam_sync.web.pages.periods import period
from support.console_site import Commands
from support.operated import HOSTILE, JSON, MOST_STATEMENTS, Operated, act, done, operated, page, shown

P, NEXT = "2025-12-01..2025-12-07", "2025-12-08..2025-12-14"


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a closed week with a shift from 8 to 16, of which Connecteam says 16:30 by now; weekly periods."""
    schedule = PaySchedule(schedule="weekly", anchor=date(2025, 12, 1))
    with operated(initialised, monkeypatch, pay_schedule=schedule) as made:
        shift = made.world.work(2, "08:00", "16:00")
        made.world.sync()
        made.mirror.payroll.close(P, by="Pia")
        made.company.edit(shift.id, end=shift.start + 8 * 3600 + 30 * 60)
        made.world.sync()
        yield made


def states(console: Operated) -> list[str]:
    """The state of every correction, by number."""
    return [one.state for one in console.mirror.payroll.corrections()]


def late(console: Operated, count: int) -> None:
    """More shifts on the closed days, of so many quarters of an hour."""
    for number in range(count):
        day, quarter = divmod(number, 24)
        console.world.work(3 + day, f"{quarter:02}:00", f"{quarter:02}:15")
    console.world.sync()


def test_one_that_waits_is_shown_with_its_hours(console: Operated) -> None:
    """Person, day, times before and after, cause, when it was seen; the next open period stands in the field."""
    with console.by("payroll", "Pia") as pia:
        answer = pia.get("/corrections")
        text = page(pia, "/corrections")
    assert "1 correction waits: +0:30 h" in text
    assert "Tue 2 Dec 2025 1" in text
    assert "08:00-16:00 → 08:00-16:30 +0:30 8:00 → 8:30 changed: clock-out corrected" in text
    assert "▲ pending" in text
    [row] = console.world.table()
    assert f'href="/people/{row["employee_id"]}/2025-12-02"' in answer.text
    assert 'name="into" value="2025-12-08"' in answer.text


def test_it_is_accepted_into_a_period_that_is_open(console: Operated) -> None:
    """303 to the same filter; who and when, on record in the commit of the decision."""
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, "/corrections/accept?state=pending", id="1", into="2025-12-08")
        assert (answer.status_code, answer.headers["location"]) == (303, "/corrections?state=pending")
        text = page(pia, "/corrections")
        assert "No correction waits" in text
        assert f"● accepted into {NEXT} by Pia" in text
        assert "No such correction." in page(pia, "/corrections?state=pending")
    [entry] = console.mirror.audit()
    assert (entry.by, entry.action) == ("Pia", "accept corrections")
    assert (entry.subject, entry.detail) == ("correction 1", "into 2025-12-08")


def test_several_are_decided_at_once(console: Operated) -> None:
    """What is ticked, and nothing else; a decision may be made again."""
    late(console, 2)
    with console.by("admin", "Ada") as ada:
        said = done(ada, "/corrections/dismiss", id=["1", "3"], reason=HOSTILE)
        assert [(one["id"], one["state"], one["decided_by"]) for one in said["corrections"]] == [
            (1, "dismissed", "Ada"),
            (3, "dismissed", "Ada"),
        ]
        assert states(console) == ["dismissed", "pending", "dismissed"]
        assert "alert(1)" in page(ada, "/corrections")
        done(ada, "/corrections/accept", id=["1", "2"], into=NEXT)
    assert states(console) == ["accepted", "accepted", "dismissed"]
    assert [entry.subject for entry in console.mirror.audit()] == ["corrections 1, 2", "corrections 1, 3"]


def test_what_somebody_else_decided_meanwhile_is_not_overwritten(console: Operated) -> None:
    """Pia's page is from before Ada accepted it: 409 that names Ada and the period, and Ada's decision stands."""
    late(console, 1)
    with console.by("payroll", "Pia") as pia, console.by("admin", "Ada") as ada:
        stale = {f"seen-{number}": hidden(pia.get("/corrections").text, number) for number in (1, 2)}
        done(ada, "/corrections/accept", id="1", into=NEXT)
        answer = act(pia, "/corrections/dismiss", id=["1", "2"], reason="not worked", **stale)
        assert answer.status_code == 409
        text = shown(answer)
        assert f"correction 1 was accepted into {NEXT} by Ada in the meantime, so nothing was decided" in text
        assert states(console) == ["accepted", "pending"]
        fresh = {"seen-1": hidden(answer.text, 1)}
        assert fresh["seen-1"] != stale["seen-1"]
        done(pia, "/corrections/dismiss", id="1", reason="not worked", **fresh)
        said = ada.post("/corrections/accept", data={"id": "1", "into": NEXT, **fresh}, headers=JSON)
        assert (said.status_code, said.json()["error"]) == (409, "correction_refused")
        assert "correction 1 was dismissed by Pia in the meantime" in said.json()["message"]
    assert states(console) == ["dismissed", "pending"]


def hidden(text: str, number: int) -> str:
    """What a page says was decided of a correction when it was made."""
    [found] = re.findall(rf'name="seen-{number}" value="([^"]*)"', text)
    return str(found)


def test_a_period_that_is_settled_is_refused(console: Operated) -> None:
    """409 in the words of the command; what was ticked stays ticked, and nothing is on record."""
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, "/corrections/accept", id="1", into="2025-12-01")
        assert answer.status_code == 409
        text = shown(answer)
        assert f"{P} is closed: what it pays is settled" in text
        assert "Next: the next open period is 2025-12-08: --into 2025-12-08" in text
        assert 'name="id" value="1" checked' in answer.text
        said = pia.post("/corrections/accept", data={"id": "1", "into": "2025-12-01"}, headers=JSON)
        assert (said.status_code, said.json()["error"]) == (409, "correction_refused")
    assert states(console) == ["pending"]
    assert console.mirror.audit() == ()


def test_one_that_an_export_carried_stays(console: Operated) -> None:
    """It has no tick any more, and whoever names it is refused."""
    with console.by("payroll", "Pia") as pia:
        done(pia, "/corrections/accept", id="1", into=NEXT)
        with console.mirror.store.writing("exporting") as session:
            session.connection.execute(session.tables.corrections.update().values(export_id=1))
        assert 'name="id"' not in pia.get("/corrections").text
        answer = act(pia, "/corrections/dismiss", id="1", reason="not worked")
        assert answer.status_code == 409
        assert "correction 1 was exported (export 1), so it stays as it is" in shown(answer)
    assert states(console) == ["accepted"]


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("accept", {"into": NEXT}, 422),
        ("accept", {"id": "1"}, 422),
        ("accept", {"id": "1", "into": "soon"}, 422),
        ("accept", {"id": "one", "into": NEXT}, 422),
        ("accept", {"id": ["1"] * (MOST_AT_ONCE + 1), "into": NEXT}, 422),
        ("dismiss", {"id": "1", "reason": " "}, 422),
        ("dismiss", {"reason": "why"}, 422),
        ("dismiss", {"id": ["1", "99"], "reason": "why"}, 404),
    ],
)
def test_a_form_that_lacks_something_decides_nothing(
    console: Operated, action: str, fields: dict[str, str | list[str]], status: int
) -> None:
    """Nor does one of which a part is wrong."""
    with console.by("payroll") as pia:
        assert act(pia, f"/corrections/{action}", **fields).status_code == status
    assert states(console) == ["pending"]
    assert console.mirror.audit() == ()


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_is_not_of_payroll_decides_nothing(console: Operated, role: Role) -> None:
    """The page shows the command instead."""
    with console.by(role) as jo:
        for action in ("accept", "dismiss"):
            assert act(jo, f"/corrections/{action}", id="1", into=NEXT, reason="x").status_code == 403
        answer = jo.get("/corrections")
        assert "connecteam-sync corrections accept ID --into PERIOD" in shown(answer)
        assert 'name="id"' not in answer.text
    assert states(console) == ["pending"]


def test_page_and_command_never_disagree(console: Operated) -> None:
    """The JSON of each filter is that of the command with the same options."""
    late(console, 2)
    with console.by("payroll", "Pia") as pia:
        done(pia, "/corrections/accept", id="2", into=NEXT)
        commands = Commands(console.sandbox.key, console.mirror.settings)
        for query in ({}, {"state": "pending"}, {"period": NEXT}, {"period": P, "state": "accepted"}):
            words = [word for name, value in query.items() for word in (f"--{name}", value)]
            wanted = json.loads(commands.run("corrections", *words, "--json"))
            assert wanted["corrections"], "each has something to compare"
            assert pia.get("/corrections.json", params=query).json() == wanted
            text = pia.get("/corrections", params=query).text
            numbers = {one["id"] for one in wanted["corrections"]}
            assert {int(found) for found in re.findall(r'id="correction-(\d+)"', text)} == numbers
        assert pia.get("/corrections", params={"state": HOSTILE}).status_code == 422
        assert pia.get("/corrections", params={"period": HOSTILE}).status_code == 422


def test_many_are_shown_a_page_at_a_time(console: Operated) -> None:
    """Each on exactly one page, those that wait oldest first, the others newest first."""
    late(console, 2 * SHOWN_CORRECTIONS + 1)
    every = {one.number for one in console.mirror.payroll.corrections()}
    seen: list[int] = []
    cursor: int | None = 0
    while cursor is not None:
        part = console.mirror.payroll.corrections_page(after=cursor)
        assert (part.count, part.decided) == (len(every), ())
        seen += [one.number for one in part.waiting]
        assert min(seen[-len(part.waiting) :]) > cursor, "else it never ends"
        cursor = part.next_after
    assert seen == sorted(every)
    with console.by("payroll", "Pia") as pia:
        assert f"/corrections?state=pending&amp;after={SHOWN_CORRECTIONS}" in pia.get("/corrections").text
        done(pia, "/corrections/dismiss", id=[str(number) for number in every], reason="a trial")
        older = every - set(range(max(every) - SHOWN_CORRECTIONS + 1, max(every) + 1))
        assert f"/corrections?before={max(older) + 1}" in pia.get("/corrections").text
        text = pia.get(f"/corrections?before={max(older) + 1}").text
        assert f'id="correction-{max(older)}"' in text
        assert f'id="correction-{max(older) + 1}"' not in text


def test_nothing_to_decide(console: Operated) -> None:
    """Without a correction the page says what would be here."""
    with console.mirror.store.writing("forgetting") as session:
        session.connection.execute(session.tables.corrections.delete())
    with console.by("viewer") as jo:
        text = page(jo, "/corrections")
    assert "No correction waits" in text
    assert "would be here, with its signed hours" in text


def test_ways_to_it(console: Operated) -> None:
    """From the obstacle of a period, the period, the hold of the closed day, and the head of every page."""
    with console.by("payroll", "Pia") as pia:
        assert act(pia, f"/periods/{NEXT}/check").status_code == 303
        text = pia.get(f"/periods/{NEXT}").text
        assert '<a href="/corrections?state=pending">Decide them here</a>' in text
        assert f'<a href="/corrections?period={NEXT}">its corrections</a>' in text
        assert 'href="/corrections?period=2025-12-02..2025-12-02">Decide its corrections' in pia.get("/attention").text
        assert '<a href="/corrections" aria-current="page">Corrections</a>' in pia.get("/corrections").text


def test_the_period_that_is_suggested(console: Operated) -> None:
    """The one after every closed one, whatever was left open before."""
    payroll = console.mirror.payroll
    assert payroll.corrections_page().into == "2025-12-08"
    payroll.close("2025-12-15..2025-12-21", by="Pia", anyway="a trial")
    assert payroll.corrections_page().into == "2025-12-22"


def test_the_period_of_today_is_suggested_where_none_was_closed(
    initialised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days that were locked by hand have corrections, too."""
    schedule = PaySchedule(schedule="days", anchor=date(2025, 12, 1), period_days=1)
    with operated(initialised, monkeypatch, pay_schedule=schedule) as made:
        assert made.mirror.payroll.corrections_page().into == made.mirror.today().isoformat()


def test_without_a_schedule_one_on_record_is_suggested(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is open, and comes after every closed one; else none, and the field is empty."""
    with operated(initialised, monkeypatch) as made, made.by("payroll", "Pia") as pia:
        payroll = made.mirror.payroll
        payroll.close("2025-12-05..2025-12-07", by="Pia", anyway="a trial")
        assert payroll.corrections_page().into is None
        assert page(pia, "/corrections")
        for days in ("2025-12-01..2025-12-04", "2025-12-08..2025-12-09", "2025-12-10..2025-12-11"):
            payroll.review(days, by="Pia")
        assert payroll.corrections_page().into == "2025-12-08"


def test_a_part_of_a_period_is_another_one(console: Operated) -> None:
    """What was accepted into a week was not accepted into its first two days."""
    payroll = console.mirror.payroll
    payroll.accept_corrections([1], into=NEXT, by="Pia")
    assert payroll.corrections(period="2025-12-08..2025-12-09") == ()
    assert len(payroll.corrections(period=NEXT)) == 1


def test_few_statements(console: Operated) -> None:
    """Of the list, of that of a period, and of a period with its exports and certificates."""
    assert console.statements_of(corrections) <= MOST_STATEMENTS
    assert console.statements_of(corrections, query={"period": P, "state": "pending"}) <= MOST_STATEMENTS
    assert console.statements_of(period, params={"period": P}) <= MOST_STATEMENTS
