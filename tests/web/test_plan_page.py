"""`/plan`: what would happen, the guards, applying and discarding; stale plans, two people at once, roles."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from sqlalchemy import text as sql

from connecteam_sync.core.roles import Role
from connecteam_sync.present import json_shapes
from connecteam_sync.present.text import plan_text
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.console import plans
from connecteam_sync.store.service.bells import Bells
from support.operated import HOSTILE, JSON, Operated, act, done, ended, operated, page, shown

DAYS = {"from_": "2025-12-01", "to": "2025-12-11"}


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over an empty company."""
    with operated(initialised, monkeypatch) as made:
        yield made


def made_plan(somebody: httpx.Client, **more: str) -> str:
    """The address of a plan of eleven days, made by form."""
    answer = act(somebody, "/plan", **DAYS, **more)
    assert answer.status_code == 303, answer.text
    place: str = answer.headers["location"]
    assert place.startswith("/plan/")
    return place


def test_a_plan_is_that_of_the_command(console: Operated) -> None:
    """The same text, the same numbers and the same JSON; making it writes no row."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator") as ana:
        place = made_plan(ana)
        assert console.world.table() == []
        wanted = console.mirror.plan(console.world.window)
        said = ana.get(f"{place}.json").json()
        text = page(ana, place)
        for line in plan_text(wanted, console.mirror.names()):
            assert " ".join(line.split()) in text
    assert said == {"schema": 1, **json_shapes.plan(wanted)}
    assert "1 new, 0 corrected, 0 deleted, +8:00 hours" in text


def test_who_is_held_is_named_as_the_command_names_them(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if nobody has written anything of them yet."""
    with operated(initialised, monkeypatch, employees="match") as console:
        console.world.work(2, "08:00", "16:00")
        wanted = console.mirror.plan(console.world.window)
        with console.by("operator") as ana:
            place = made_plan(ana)
            said = page(ana, place)
        assert len(wanted.holds) == 1
        for line in plan_text(wanted, console.mirror.names()):
            assert " ".join(line.split()) in said
        kept = console.mirror.kept_plan(place.removeprefix("/plan/")).plan
        assert kept is not None
        users = [user for one in kept.plans for user in one.snapshot.users]
        assert {(user.id, user.email) for user in users} == {(console.world.user, None)}


def test_a_plan_is_applied_as_it_is_shown(console: Operated) -> None:
    """It becomes a run, where the page leads; it is applied once."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator") as ana:
        place = made_plan(ana)
        answer = act(ana, f"{place}/apply")
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs/1")
        assert [row["total_minutes"] for row in console.world.table()] == [480]
        again = ana.post(f"{place}/apply", headers=JSON)
        assert again.status_code == 409
        assert "was applied by run 1" in again.json()["message"]
        assert "Applied as run 1" in page(ana, place)
    run, _ = console.mirror.show(1)
    assert run.kind == "apply"


def test_a_run_without_an_end_is_no_plan_that_was_applied(console: Operated) -> None:
    """As SIGKILL leaves it: the plan, the list of plans and the run say so, and what to do."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator") as ana:
        place = made_plan(ana)
        act(ana, f"{place}/apply")
        assert "run 1 applied it." in page(ana, place)
        for path in (place, "/plan", "/runs/1"):
            assert "no end on record" not in page(ana, path)
        store = console.mirror.store
        with store.own_rows("as a kill leaves it") as connection:
            connection.execute(sql(f"UPDATE {store.own.runs} SET finished_at = NULL"))
        text = page(ana, place)
        assert "Not applied to the end as run 1" in text
        assert "Run 1 has no end on record: it still writes, or it was stopped between two slices." in text
        assert "Make a fresh plan of the same days" in text
        assert "▲ not applied to the end , run 1" in page(ana, "/plan")
        assert "Run 1: not finished, 1 change, +8:00 h" in page(ana, "/runs/1")
        assert "Next: once nobody runs it any more, plan the same days , which has the rest." in page(ana, "/runs/1")
        again = ana.post(f"{place}/apply", headers=JSON)
        assert again.status_code == 409
        assert "was applied by run 1, which has no end on record" in again.json()["message"]


def test_a_plan_that_the_database_does_not_take_is_not_kept(console: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The true reason, and what to do."""
    console.world.work(2, "08:00", "16:00")
    monkeypatch.setattr(plans, "_AROUND", 64 << 20)
    with console.by("operator") as ana:
        answer = ana.post("/plan", data={"from": DAYS["from_"], "to": DAYS["to"]}, headers=JSON)
    assert answer.status_code == 422
    assert "the plan cannot be kept" in answer.json()["message"]
    assert "plan fewer days at a time" in answer.json()["next_step"]
    assert console.mirror.kept_plans() == ()


def test_the_head_of_a_page_is_of_after_the_action(console: Operated) -> None:
    """It is read every few seconds otherwise, and here no time passes at all."""
    with console.by("operator", "Ana") as ana:
        assert "doorbells off" in page(ana, "/runs")
        store = console.mirror.store
        with store.own_rows("expecting doorbells") as connection:
            Bells(store.dialect, store.own).expect(connection)
        assert "doorbells off" in page(ana, "/runs")
        assert done(ana, "/clocks/resume") == {"schema": 1, "resumed": []}
        assert "doorbells off" not in page(ana, "/runs")


def test_the_table_is_right_already(console: Operated) -> None:
    """A plan without changes says what was looked at, and can be applied."""
    console.world.work(2, "08:00", "16:00")
    console.world.sync()
    with console.by("operator") as ana:
        place = made_plan(ana)
        text = page(ana, place)
        assert "Nothing would change" in text
        assert "Connecteam has 1 shift on these days, and the table agrees" in text
        assert act(ana, f"{place}/apply").status_code == 303
    assert console.mirror.show(2)[0].status == "nothing"


def test_a_stale_plan_names_the_rows_that_moved(console: Operated) -> None:
    """Nothing of it is written, and a fresh plan of the same days is offered."""
    shift = console.world.work(2, "08:00", "16:00")
    console.world.work(3, "08:00", "16:00")
    console.world.sync()
    row = next(row for row in console.world.table() if row["total_minutes"] == 480)
    console.company.edit(shift.id, end=console.world.at(2, "17:00"))
    with console.by("operator") as ana:
        place = made_plan(ana)
        console.company.edit(shift.id, end=console.world.at(2, "18:00"))
        before = console.world.table()
        answer = ana.post(f"{place}/apply")
        assert answer.status_code == 409
        text = shown(answer)
        assert "Not applied" in text
        assert f"rows {row['id']}" in text
        assert "The rows that moved since, as they were planned Tue 2 Dec 2025 +1:00" in text
        assert "Make a fresh plan of the same days" in text
        assert console.world.table() == before
        said = ana.post(f"{place}/apply", headers=JSON)
        assert said.status_code == 409
        [error] = said.json()["errors"]
        assert (error["error"], error["rows"]) == ("stale_plan", [row["id"]])
        # The plan still waits, and the fresh one fits.
        fresh = act(ana, "/plan", **DAYS).headers["location"]
        assert "+2:00 hours" in page(ana, fresh)
        assert act(ana, f"{fresh}/apply").status_code == 303
    assert sorted(row["total_minutes"] for row in console.world.table()) == [480, 600]


def test_guards_stop_until_their_fingerprints_are_accepted(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """412 with what was stopped; every one has to be accepted, and one that is of something else does not help."""
    with operated(initialised, monkeypatch, max_deletes=1, max_deletes_share=0.0) as console:
        console.company.people[console.world.user].clocks = {WAREHOUSE, OFFICE}
        other = sorted(console.company.people)[1]
        shifts = [console.world.work(day, "08:00", "16:00") for day in (2, 3, 4)]
        shifts += [console.world.work(day, "08:00", "10:00", clock=OFFICE) for day in (8, 9)]
        console.world.work(5, "08:00", "16:00", user=other)
        console.world.work(10, "08:00", "10:00", clock=OFFICE)
        console.world.sync()
        for shift in shifts:
            console.company.delete(shift.id)
        with console.by("operator") as ana:
            place = made_plan(ana)
            said = page(ana, place)
            assert said.count("too_many_deletes") == 2
            assert "guards stop 5 rows, 28:00 hours" in said
            plan = console.mirror.plan(console.world.window)
            stopped = sorted({refusal.fingerprint for one in plan.plans for refusal in one.refusals})
            assert len(stopped) == 2
            assert all(f'value="{fingerprint}"' in ana.get(place).text for fingerprint in stopped)
            for accepted in ((), ("0" * 16,), (stopped[0],), (stopped[1],)):
                answer = ana.post(f"{place}/apply", data={"accept": list(accepted)})
                assert answer.status_code == 412
                assert "Not applied" in shown(answer)
                assert answer.text.count("checked") == len({*accepted} & {*stopped})
                assert len(console.world.table()) == 7
            refused = ana.post(f"{place}/apply", headers=JSON)
            assert refused.status_code == 412
            assert refused.json()["errors"][0]["error"] == "guard_refused"
            answer = ana.post(f"{place}/apply", data={"accept": [*stopped, "f" * 16]})
            assert answer.status_code == 303, answer.text
        assert len(console.world.table()) == 2


def test_two_people_apply_one_plan_at_once(console: Operated) -> None:
    """One of them does, the other is told that it was done."""
    console.world.work(2, "08:00", "16:00")
    console.world.work(3, "08:00", "16:00")
    with console.by("operator", "Ana") as ana, console.by("admin", "Ben") as ben:
        place = made_plan(ana)
        at_once = threading.Barrier(2)
        found: list[int] = []

        def applies(who: httpx.Client) -> None:
            at_once.wait()
            found.append(act(who, f"{place}/apply").status_code)

        threads = [threading.Thread(target=applies, args=(who,)) for who in (ana, ben)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [303, 409]
    assert [row["total_minutes"] for row in console.world.table()] == [480, 480]


def test_a_plan_is_discarded(console: Operated) -> None:
    """It can be looked at, and cannot be applied any more."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator") as ana:
        place = made_plan(ana)
        assert place in ana.get("/plan").text
        assert act(ana, f"{place}/discard").headers["location"] == "/plan"
        assert act(ana, f"{place}/apply").status_code == 409
        assert act(ana, f"{place}/discard").status_code == 409
        text = page(ana, place)
        assert "Discarded" in text
        assert "Apply it" not in text
        assert console.world.table() == []


def test_a_long_plan_goes_on_in_the_background(console: Operated) -> None:
    """Forty days are planned while the page waits for nothing, and are applied the same way."""
    console.world.work(2, "08:00", "16:00")
    console.company.add(
        console.world.user, console.company.at(console.world.window.first.replace(month=11), "08:00"),
        console.company.at(console.world.window.first.replace(month=11), "12:00"),
    )  # fmt: skip
    with console.by("operator") as ana:
        answer = act(ana, "/plan", from_="2025-11-01", to="2025-12-10")
        assert (answer.status_code, answer.headers["location"]) == (303, "/in-hand")
        work = ended(ana)
        assert (work["state"], work["what"], work["by"]) == ("done", "plan 2025-11-01..2025-12-10", "Operator")
        assert work["message"] == "2 new, 0 corrected, 0 deleted, +12:00 hours"
        assert work["to"].startswith("/plan/")
        assert "+12:00 hours" in page(ana, work["to"])
        answer = act(ana, f"{work['to']}/apply")
        assert (answer.status_code, answer.headers["location"]) == (303, "/in-hand")
        work = ended(ana)
        assert (work["state"], work["to"]) == ("done", "/runs/1")
        assert "2 new" in work["message"]
    assert len(console.world.table()) == 2


def test_resync_is_planned_as_such(console: Operated) -> None:
    """A row of ours without a shift goes, which a plan of a sync does not do; the page says which of the two it is."""
    console.world.work(2, "08:00", "16:00")
    console.world.sync()
    with console.mirror.store.writing("a row without a shift") as session:
        columns = "total_minutes, is_active, source, created_at, updated_at"
        values = "60, is_active, source, created_at, updated_at"
        session.connection.execute(
            sql(
                f"INSERT INTO clock_times (employee_id, clock_in, clock_out, {columns})"
                f" SELECT employee_id, '2025-12-09 14:00:00', '2025-12-09 15:00:00', {values} FROM clock_times"
            )
        )
    with console.by("operator") as ana:
        assert "0 deleted" in page(ana, made_plan(ana))
        place = made_plan(ana, resync="yes")
        shown_ = page(ana, place)
        assert "Resync of 2025-12-01..2025-12-11" in shown_
        assert "0 new, 0 corrected, 1 deleted, -1:00 hours" in shown_
        assert act(ana, f"{place}/apply").status_code == 303
    assert len(console.world.table()) == 1


@pytest.mark.parametrize("role", ["viewer", "payroll"])
def test_who_may_only_look_plans_nothing(console: Operated, role: Role) -> None:
    """No plan is made, applied or discarded by somebody whose role has no such ability; the page shows no button."""
    console.world.work(2, "08:00", "16:00")
    with console.by("operator") as ana, console.by(role) as jo:
        place = made_plan(ana)
        kept = console.mirror.kept_plans()
        for path in ("/plan", f"{place}/apply", f"{place}/discard"):
            assert act(jo, path, **DAYS).status_code == 403, path
        assert console.mirror.kept_plans() == kept
        assert console.world.table() == []
        assert console.mirror.runs() == ()
        text = page(jo, place)
        assert "+8:00 hours" in text
        assert "Apply" not in text
        assert "Plan it" not in page(jo, "/plan")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"from": "2025-12-11", "to": "2025-12-01"}, 422),
        ({"from": "yesterday", "to": "next week"}, 422),
        ({"to": "2025-12-01"}, 422),
        ({"from": "2025-12-01", "days": "3"}, 422),
        ({"days": "-1"}, 422),
        ({"days": "366"}, 422),
        ({"days": "999999999999"}, 422),
        ({"days": "9" * 400}, 422),
        ({"from": "2020-01-01", "to": "2025-12-01"}, 422),
        ({"from": "<script>alert(1)</script>"}, 422),
    ],
)
def test_a_window_that_is_none(console: Operated, fields: dict[str, str], status: int) -> None:
    """It is refused in the words of the command, and no call is made."""
    calls = console.sandbox.calls
    with console.by("operator") as ana:
        answer = ana.post("/plan", data=fields)
        assert answer.status_code == status
        assert shown(answer)
        assert console.mirror.kept_plans() == ()
    assert console.sandbox.calls == calls


def test_connecteam_is_away(console: Operated) -> None:
    """A plan of which a look failed is shown with its error, and is not kept."""
    console.world.work(2, "08:00", "16:00")
    console.sandbox.faults.add("truncated", path="/time-activities", times=50)
    with console.by("operator") as ana:
        answer = act(ana, "/plan", **DAYS)
        assert answer.status_code == 503
        assert "Not planned: a look failed" in shown(answer)
        assert console.mirror.kept_plans() == ()


@pytest.mark.parametrize("fingerprint", ["nothing", "0" * 64, "..%2f..", "%00", "x" * 900, "<b>"])
def test_a_plan_that_is_not_there(console: Operated, fingerprint: str) -> None:
    """Nothing is made up."""
    with console.by("operator") as ana:
        path = f"/plan/{fingerprint}"
        for answer in (ana.get(path), act(ana, f"{path}/apply"), act(ana, f"{path}/discard")):
            assert answer.status_code == 404
            assert "<b>" not in answer.text


def test_hostile_names_stay_text(console: Operated) -> None:
    """In changes, in holds and in the text of the command."""
    console.company.people[console.world.user].first_name = HOSTILE
    console.world.work(2, "08:00", "16:00")
    with console.by("operator", "Ana <b>") as ana:
        place = made_plan(ana)
        text = page(ana, place)
        assert "alert(1)" in text
        assert "alert(1)" in shown(ana.get("/plan")) or "Ana <b>" in shown(ana.get("/plan"))
        act(ana, f"{place}/apply")
        assert "alert(1)" in page(ana, "/runs/1/undo")
