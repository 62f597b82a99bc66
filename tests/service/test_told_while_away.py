"""Who is told what and when: while the database is away, in quiet hours, and where a receiver takes only a part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from test_serve import wait_for
from test_status_told import BAD, looks, names

from connecteam_sync.alerts.away import Absences
from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.alerts.telling import Teller
from connecteam_sync.config import Settings
from connecteam_sync.core.alerts import trial
from connecteam_sync.core.looks import LooksOf, looks_of
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.service import telling
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.looked import Counted
from connecteam_sync.service.telling import Telling
from connecteam_sync.store.service.looks import Looks
from connecteam_sync.store.sql.pipeline import send
from support.receivers import SECRET, Hook, mail_server, web_server
from support.scenario import World
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook of this machine."""
    with web_server() as made:
        yield made


@pytest.fixture
def world(initialised: str, tmp_path: Path) -> Iterator[World]:
    """A mirror whose process remembers in a folder that looks failed."""
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**6)) as sandbox:
        made = World(sandbox, initialised, state_dir=str(tmp_path / "state"))
        with closing(made.mirror):
            yield made


def teller(world: World, hook: Hook, said: list[str] | None = None, **values: Any) -> Teller:  # noqa: ANN401 - any
    """Somebody who tells the hook; `values` are settings of receivers."""
    ahead = values.pop("ahead", lambda: 0)
    environ = {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET, **values.pop("environ", {})}
    settings = Settings(timezone="America/Chicago", alerts_webhook_url=hook.url, **values)
    note = (said if said is not None else []).append
    return Teller(world.mirror, receivers_of(settings, environ), note=note, ahead=ahead)


# -- while the database is away ----------------------------------------------------------------------------------------


def test_an_absence_began_with_its_first_failure(tmp_path: Path) -> None:
    """The next process knows since when, and who was told so far; an answer ends it."""
    absences = Absences(tmp_path, "mirror")
    absences.count(100, "the server is away")
    assert absences.count(400, "the server is starting").since == 100
    absences.told(("email",), at=400, all_of_them=False)
    absences.told(("webhook",), at=430, all_of_them=True)
    known = Absences(tmp_path, "mirror").now
    assert (known.bad, known.since, known.message) == (2, 100, "the server is starting")
    assert known.told == ("email", "webhook")
    absences.end()
    assert Absences(tmp_path, "mirror").now.since == 0


def test_each_receiver_is_told_once_that_the_database_is_away(world: World, hook: Hook) -> None:
    """One that took it is not told again when another one takes it at last."""
    with mail_server() as box:
        environ = {"CONNECTEAM_SYNC_SMTP_URL": f"smtp://127.0.0.1:{box.port}"}
        later = [0]
        told = teller(world, hook, environ=environ, alerts_email_to="ann@example.org", ahead=lambda: later[0])
        box.refuses = True
        told.away("the server is away")
        assert (len(hook.told), len(box.letters)) == (0, 0)
        told.away("the server is away")
        assert (len(hook.told), len(box.letters)) == (1, 0)
        box.refuses = False
        for _ in range(3):
            later[0] += 3600
            told.away("the server is away")
        assert (len(hook.told), len(box.letters)) == (1, 1)


def test_who_was_told_at_the_first_failure_is_told_of_the_end_after_three_good_looks(
    initialised: str, tmp_path: Path, hook: Hook
) -> None:
    """As of any trouble, although one failure alone is none."""
    (tmp_path / "file").touch()
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**6)) as sandbox:
        world = World(sandbox, initialised, state_dir=str(tmp_path / "file" / "state"))
        with closing(world.mirror):
            told = teller(world, hook)
            told.tell(looks(1))
            told.away("the server is away")
            assert hook.told == [("mirror_stale", "trouble")]
            found = [(names(told.tell(looks(1))), len(hook.told)) for _ in range(3)]
            assert found == [(["mirror_stale"], 1), (["mirror_stale"], 1), ([], 2)]


# -- a person is at the table of alerts ------------------------------------------------------------------------------


def test_what_a_person_deletes_while_it_is_told_begins_again(
    world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes on is told once more, under the same id, and what else was on its way is noted."""
    said: list[str] = []
    with mail_server() as box:
        environ = {"CONNECTEAM_SYNC_SMTP_URL": f"smtp://127.0.0.1:{box.port}"}
        told = teller(world, hook, said, environ=environ, alerts_email_to="ann@example.org")
        real = hook.take

        def take(headers: Any, data: bytes) -> int:  # noqa: ANN401 - headers of the library
            """Taken by the receiver, while somebody clears the table."""
            with world.mirror.store.own_rows("a person") as connection:
                connection.exec_driver_sql("DELETE FROM connecteam_sync_alerts WHERE name = 'mirror_stale'")
            return real(headers, data)

        monkeypatch.setattr(hook, "take", take)
        told.tell(looks(bad=1))
        with world.mirror.store.own_rows("noting what is new") as connection:
            send(connection, Looks(world.mirror.store.dialect, world.mirror.store.own).noting_new({"shift.colour"}))
        told.tell(looks(bad=1))
        assert [alert.name for alert in world.mirror.alerts()] == ["schema_drift"]
        monkeypatch.setattr(hook, "take", real)
        for _ in range(2):
            told.tell(looks(bad=1))
        assert sorted(hook.told) == [("mirror_stale", "trouble")] * 2 + [("schema_drift", "trouble")]
        assert (len(set(hook.ids)), len(box.letters), said) == (2, 3, [])


# -- quiet hours -------------------------------------------------------------------------------------------------------


def test_quiet_hours_are_those_of_the_business(world: World, hook: Hook) -> None:
    """Nobody is told from half past eleven to half past twelve in Chicago; what is still so is told then."""
    now = datetime.now(UTC)
    noon = now.astimezone(ZoneInfo("America/Chicago")).replace(hour=12, minute=0) + timedelta(days=1)
    ahead = [round((noon - now).total_seconds())]
    told = teller(world, hook, ahead=lambda: ahead[0], alerts_quiet_hours="11:30-12:30")
    for _ in range(2):
        told.tell(looks(bad=1))
    assert hook.told == []
    ahead[0] += 3600
    told.tell()
    assert hook.told == [("mirror_stale", "trouble")]


# -- commands ----------------------------------------------------------------------------------------------------------


def test_days_that_cannot_be_are_no_look(terminal: Terminal) -> None:
    """Whoever mistypes them is told so; the mirror is as well as before. Nor is a database without our tables away."""
    assert terminal("sync", *WINDOW).code == 0
    for _ in range(2):
        assert terminal("sync", "--from", "2025-12-11", "--to", "2025-12-01").code == 2
    found = terminal("status", "--json").json
    assert (found["state"], found["problems"]) == ("well", [])
    answer = terminal("sync", *WINDOW, CONNECTEAM_SYNC_DATABASE_URL=f"sqlite:///{terminal.folder}/empty.db")
    assert answer.code == 2
    assert "counted" not in answer.err


# -- receivers ---------------------------------------------------------------------------------------------------------


def test_a_letter_that_one_of_several_does_not_get_was_not_taken() -> None:
    """The others have it; that somebody is missing is said."""
    with mail_server() as box:
        box.gone = {"bo@example.org"}
        settings = Settings(timezone="America/Chicago", alerts_email_to="ann@example.org,bo@example.org")
        receivers = receivers_of(settings, {"CONNECTEAM_SYNC_SMTP_URL": f"smtp://127.0.0.1:{box.port}"})
        with pytest.raises(Exception, match=r"refuses 1 of 2 receivers"):
            receivers.every[0].send(trial(1), 5)
        assert box.receivers == [["ann@example.org"]]


def test_a_redirect_is_no_answer(world: World, hook: Hook) -> None:
    """Whoever moved has not taken the message."""
    said: list[str] = []
    hook.answer = 302
    told = teller(world, hook, said)
    for _ in range(2):
        told.tell(looks(bad=1))
    assert said == ["alert mirror_stale was not taken by webhook: the receiver answered 302"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_tells_a_trouble_from_its_end() -> None:
    """Its services colour by that."""
    pytest.importorskip("apprise")
    kinds: list[str] = []

    async def take(request: Request) -> Response:
        kinds.append((await request.json())["type"])
        return Response()

    listener = Listener(Starlette(routes=[Route("/", take, methods=["POST"])]), host="127.0.0.1", port=0)
    listener.start()
    url = f"json://127.0.0.1:{listener.port}/"
    receivers = receivers_of(Settings(timezone="UTC"), {"CONNECTEAM_SYNC_ALERTS_APPRISE_URLS": url})
    message = trial(1)
    for one in (message, type(message)(**{**_fields(message), "state": "well", "ended": 2})):
        receivers.every[0].send(one, 5)
    listener.stop()
    assert kinds == ["failure", "success"]


def _fields(message: Any) -> dict[str, Any]:  # noqa: ANN401 - a struct
    return {name: getattr(message, name) for name in message.__struct_fields__}


# -- the service -------------------------------------------------------------------------------------------------------


def test_a_visit_is_a_look_at_today_and_a_command_for_older_days_is_none(world: World) -> None:
    """Else an hour without any visit would not show, since somebody has mirrored the last month by hand."""
    store = world.mirror.store
    with store.own_rows("counting") as connection:
        Counted(world.mirror, ahead=-2000).visit(connection, 1, None)
        Looks(store.dialect, store.own).note(connection, LooksOf(good=frozenset({1})))
    age = world.mirror.status(anomalies=False).mirror_age_seconds
    assert age is not None
    assert 2000 <= age < 2060


def test_a_time_clock_of_which_any_part_failed_was_not_looked_at(world: World) -> None:
    """Whatever could be read of it; the others were."""
    first = world.sync()
    world.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
    found = looks_of([first, world.sync()], today=world.mirror.today(), without=world.mirror.archived_clocks)
    assert (found.good, set(found.bad)) == (frozenset({OFFICE}), {WAREHOUSE})


def test_what_is_said_of_every_time_clock_ends_with_good_looks_at_one(world: World, hook: Hook) -> None:
    """Before the first one was known."""
    told = teller(world, hook)
    for _ in range(2):
        told.tell(LooksOf(failed=BAD))
    assert [names(told.tell(looks(1))) for _ in range(3)] == [["mirror_stale"], ["mirror_stale"], []]


def test_a_file_that_cannot_be_written_is_said_once(
    initialised: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with each time that it fails."""
    monkeypatch.setattr(telling, "_FILE", 0.0)
    said: list[str] = []
    settings = Settings(timezone="America/Chicago", database_url=initialised)
    place = tmp_path / "none" / "mirror.prom"
    service = Telling(settings, receivers_of(settings, {}), note=said.append, metrics_file=place, every=0.02)
    service.begin()
    wait_for(lambda: bool(said))
    spent = service._client.statements
    wait_for(lambda: service._client.statements > 5 * spent)
    place.parent.mkdir()
    wait_for(place.is_file)
    service.end()
    assert [line for line in said if line] == ["the metrics were not written: No such file or directory"]
