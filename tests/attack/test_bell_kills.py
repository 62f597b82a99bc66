"""Doorbells whose receiver or whose look is killed: what was answered is on record, and what is on record is heard.

KILLS in the environment says how often the receiver is killed; 1,000 take about five minutes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2 as httpx
import pytest
from sqlalchemy import Engine, event

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.deliveries import Secrets, read_bell
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.service.clock import Clock
from connecteam_sync.service.hooks import Hooks
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.due import Due
from connecteam_sync.store.sql.quoting import run
from support.bell_site import SECRET, TOKEN, body_of, ring
from support.forks import FORKS
from support.process_kill import Fuse

KILLS = int(os.environ.get("KILLS", "40"))
PATIENCE = 60


def arm(engine: Engine, at: int) -> None:
    """Kill this process at point number `at`: before or after a statement or a commit of this engine."""
    fuse = Fuse(at)
    event.listen(engine, "before_cursor_execute", fuse.pass_by)
    event.listen(engine, "after_cursor_execute", fuse.pass_by)
    commit: Callable[[Any], None] = engine.dialect.do_commit

    def do_commit(connection: Any) -> None:  # noqa: ANN401 - a driver's own connection
        fuse.pass_by()
        commit(connection)
        fuse.pass_by()

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign,assignment] # the one place that knows the moment after


def _receive(database: str, port: int, at: int) -> None:
    settings = Settings(timezone="America/Chicago", database_url=database, base_url="http://127.0.0.1:9")
    hooks = Hooks(settings, token=TOKEN, secrets=Secrets(SECRET))
    arm(hooks._recorder._store._engine, at)
    Listener(application(hooks.routes()), host="127.0.0.1", port=port).start()
    threading.Event().wait(PATIENCE)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def reachable(port: int) -> bool:
    """Wait until somebody listens at it."""
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return True
        time.sleep(0.01)
    return False


def test_what_was_answered_is_on_record_however_often_the_receiver_is_killed(initialised: str) -> None:
    """Before the insert, within it, and between insert and answer. Connecteam comes again, and it is there once."""
    port, chance = free_port(), random.Random(7)  # noqa: S311 - repeatable
    url = f"http://127.0.0.1:{port}/hooks/connecteam/{TOKEN}"
    answered: list[str] = []
    body, kills, unanswered = body_of(), 0, 0
    while kills < KILLS:
        receiver = FORKS.Process(target=_receive, args=(initialised, port, chance.randint(1, 45)))
        receiver.start()
        try:
            assert reachable(port)
            while receiver.is_alive():
                try:
                    assert ring(url, body).status_code == 204
                except httpx.TransportError:
                    unanswered += 1
                    break
                answered.append(str(body["requestId"]))
                body = body_of()
        finally:
            receiver.kill()
            receiver.join()
        kills += 1
        assert receiver.exitcode == -signal.SIGKILL
    with ConnecteamSync("sandbox-key", settings=Settings(timezone="UTC", database_url=initialised)) as mirror:
        kept: list[str] = []
        after = None
        while found := mirror.doorbells(after=after, limit=1000):
            kept += [bell.key for bell in found]
            after = kept[-1]
    assert unanswered > KILLS // 2
    assert len(kept) == len(set(kept))
    assert set(answered) <= set(kept) <= {*answered, body["requestId"]}


def _look(url: str, database: str, at: int) -> None:
    settings = Settings(
        timezone="America/Chicago",
        database_url=database,
        base_url=url,
        employees="create",
        older_days=0,
        total_seconds=30,
    )
    with ConnecteamSync("sandbox-key", settings=settings, remember_lists=3600) as mirror:
        arm(mirror.store._engine, at)
        clock = Clock(mirror, stop=threading.Event())
        while clock.turn() == 0:
            pass


@pytest.mark.parametrize("first", [1, 2, 3])
def test_what_is_on_record_is_heard_however_often_the_look_is_killed(initialised: str, first: int) -> None:
    """At every third statement and commit of it: each delivery is heard in the end, and each shift has its row."""
    company = Company(0, people=3)
    settings = Settings(timezone="America/Chicago", database_url=initialised, employees="create")
    with (
        Sandbox(company, SandboxSettings(minute_limit=10**6)) as sandbox,
        ConnecteamSync("k", settings=settings) as mirror,
    ):
        store = mirror.store
        store.columns()
        with store.own_rows("enrolling") as connection:
            Due(store.dialect, store.own).enrol(connection, {WAREHOUSE: "Warehouse"}, cadence=3600)
        now, killed = int(time.time()), 0
        for number, at in enumerate(range(first, 120, 9)):
            shift = company.add(min(company.people), now - 3600 * (number + 2), now - 3600 * (number + 2) + 60)
            about = {"id": shift.id, "start": {"timestamp": shift.start}}
            body = json.dumps(body_of("admin_add", WAREHOUSE, timeActivity=about, userId=shift.user_id)).encode()
            with store.own_rows("ringing") as connection:
                Bells(store.dialect, store.own).record(connection, [read_bell(body)], settle_seconds=0)
                run(connection, f"UPDATE {store.own.clocks} SET lease_until = 0")
            looking = FORKS.Process(target=_look, args=(sandbox.url, initialised, at))
            looking.start()
            looking.join(PATIENCE)
            killed += looking.exitcode == -signal.SIGKILL
        assert killed >= 8
        with store.own_rows("its lease has run out") as connection:
            run(connection, f"UPDATE {store.own.clocks} SET lease_until = 0")
        _look(sandbox.url, initialised, 0)
        bells = mirror.doorbells(limit=1000)
        assert len(bells) == len(range(first, 120, 9))
        assert {bell.state for bell in bells} == {"heard"}
        with store.reading() as session:
            assert len(session.rows_of_all()) == len(bells)
