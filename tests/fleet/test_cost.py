"""What turns cost an account in calls, and the control database in turns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from connecteam_sync.api.deadline import Transport
from connecteam_sync.config import load_settings
from connecteam_sync.core.fleet import Priority
from connecteam_sync.service.clock import Clock
from connecteam_sync.service.turns import IDLE, TurnRunner
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from support.fleet_accounts import Fleet, fleet

PLACES = 2


class Turning:
    """A process that does turns of one account, of two places."""

    def __init__(self, one: Fleet, control: ControlDatabase) -> None:
        self.one, self.control = one, control
        self.runner = TurnRunner(
            control,
            lambda name: load_settings(one.config, one.environment, account=name),
            stop=threading.Event(),
            tell=lambda _: None,
            holder="here",
        )
        with control.writing("enrolling") as connection:
            Turns(control.dialect).enrol(connection, {"north": PLACES})

    def turn_of(self, slot: int) -> int:
        """The account's turn in a place; in how many seconds it has the next there."""
        with self.control.writing("giving out") as connection:
            turns = Turns(self.control.dialect)
            turns.call(connection, "north", seconds=0, priority=Priority.CADENCE)
            given = {turn.slot: turn for turn in turns.claim(connection, PLACES, seconds=60)}
        assert self.runner.run("north", slot, str(given.pop(slot).lease_token))
        with self.control.writing("looking") as connection:
            for other in given.values():
                turns.release(connection, other)
            now = int(connection.exec_driver_sql(f"SELECT {self.control.dialect.epoch_now}").scalar_one())
            return next(turn.next_due for turn in turns.all(connection) if turn.slot == slot) - now

    def due(self, when: str) -> None:
        """A time clock is due at another time."""
        with self.one.mirror("north") as mirror, mirror.store.own_rows("changing when it is due") as connection:
            table = mirror.store.own.clocks
            first = f"(SELECT min(time_clock_id) FROM {table})"
            connection.exec_driver_sql(f"UPDATE {table} SET next_due = {when} WHERE time_clock_id = {first}")


@contextmanager
def turning(folder: Path) -> Iterator[Turning]:
    """One account in a process of its own memory, with a cadence of half a minute."""
    with fleet(folder, "north") as one:
        control = ControlDatabase(f"sqlite:///{folder}/control.db")
        control.init()
        made = Turning(one, control)
        yield made
        made.runner.close()
        control.close()


def test_places_of_an_account_share_its_lists_in_a_process(tmp_path: Path) -> None:
    """What the first one fetched the second does not ask for: a visit is one call."""
    with turning(tmp_path) as here:
        here.turn_of(0)
        paths = here.one.sandbox.handlers.paths
        for slot in (0, 0, 1):
            here.due("0")
            paths.clear()
            here.turn_of(slot)
        assert [path.rpartition("/")[2] for path in paths] == ["time-activities"]


def test_what_is_due_next_is_for_the_first_place(tmp_path: Path) -> None:
    """The second one looks half a minute later whether the first suffices."""
    with turning(tmp_path) as here:
        here.turn_of(0)
        here.turn_of(1)
        here.due("next_due - 20")
        assert here.turn_of(0) <= IDLE / 2
        assert here.turn_of(1) >= IDLE - 1


def test_what_can_wait_is_not_asked_for_after_each_visit(tmp_path: Path) -> None:
    """Where nothing was found, there is nothing for a while: a turn asks only what is due, and when the next is."""
    with fleet(tmp_path, "north") as one, one.mirror("north") as mirror:
        clock = Clock(mirror, stop=threading.Event())
        while not clock.turn():
            pass
        before = mirror.statements
        assert clock.turn() > 0
        assert mirror.statements - before == 5


def test_an_account_at_rest_keeps_no_pages_of_its_file(tmp_path: Path) -> None:
    """The last thing that a turn does with its connection, which then lies unused."""
    with turning(tmp_path) as here:
        here.turn_of(0)
        [kept] = here.runner._open.values()
        said: list[str] = []
        event.listen(kept.client.store._engine, "before_cursor_execute", lambda _c, _k, text, *_: said.append(text))
        here.turn_of(0)
        assert said[-1] == "PRAGMA shrink_memory"


def test_what_a_visit_found_is_noted_by_the_next_turn_where_the_database_went_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection comes about once all is mirrored: the client is kept, with what is still to be noted."""
    with turning(tmp_path) as here:
        here.turn_of(0)
        [kept] = here.runner._open.values()
        engine = kept.client.store._engine
        real, away, before = engine.connect, {"is": False}, here.one.looked("north")

        def connect() -> Any:  # noqa: ANN401 - SQLAlchemy's connection
            if away["is"]:
                raise OperationalError("SELECT 1", {}, OSError("no such disk"), connection_invalidated=True)
            return real()

        def statement(*words: Any) -> None:  # noqa: ANN401 - the library's own
            away["is"] = away["is"] or words[2].startswith("UPDATE connecteam_sync_runs SET finished_at")

        here.due("0")
        monkeypatch.setattr(engine, "connect", connect)
        event.listen(engine, "before_cursor_execute", statement)
        here.turn_of(0)
        event.remove(engine, "before_cursor_execute", statement)
        assert away["is"]
        assert here.one.looked("north") == before
        away["is"] = False
        assert list(here.runner._open.values()) == [kept]
        here.turn_of(0)
        with here.one.mirror("north") as mirror:
            assert max(one.successes for one in mirror.schedules()) == before + 1


def test_clients_share_the_certificates_that_they_trust() -> None:
    """A megabyte for a process, and not for each account; who trusts everybody has others."""
    one, other, trusting = (Transport(verify=verify, left=lambda: 1.0) for verify in (True, True, False))
    assert one._pool._ssl_context is other._pool._ssl_context
    assert trusting._pool._ssl_context is not one._pool._ssl_context
