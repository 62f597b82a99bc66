"""A configuration that was corrected while it is worked by: the next turn is done by what it says then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecteam_sync.config import load_settings
from connecteam_sync.service.turns import TurnRunner
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from support.fleet_accounts import Fleet, fleet


class Runner:
    """The turns of one account, done by one process that keeps its connections."""

    def __init__(self, one: Fleet) -> None:
        self.control = ControlDatabase(f"sqlite:///{one.folder}/control.db")
        self.control.init()
        with self.control.writing("enrolling") as connection:
            Turns(self.control.dialect).enrol(connection, {"north": 1})
        self.runner = TurnRunner(
            self.control,
            lambda name: load_settings(one.config, one.environment, account=name),
            stop=threading.Event(),
            tell=lambda _: None,
            holder="here",
        )

    def turn(self) -> None:
        """The next one, at once."""
        with self.control.writing("giving out") as connection:
            turns = Turns(self.control.dialect)
            turns.resume(connection, "north")
            (turn,) = turns.claim(connection, 1, seconds=60)
        assert self.runner.run(turn.account, turn.slot, str(turn.lease_token))


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Fleet]:
    """An account."""
    with fleet(tmp_path, "north") as found:
        yield found


@pytest.fixture
def runner(one: Fleet) -> Iterator[Runner]:
    """What does its turns."""
    made = Runner(one)
    yield made
    made.runner.close()
    made.control.close()


def test_a_key_that_was_corrected_is_asked_with_after_resume(one: Fleet, runner: Runner) -> None:
    """Whoever does the turn began with the old one, and is not started again."""
    key = one.folder / "north.key"
    good = key.read_text()
    with one.mirror("north") as mirror:
        mirror.sync()
    key.write_text("sandbox-of-nobody")
    runner.turn()
    assert one.looked("north") == 0
    key.write_text(good)
    with one.mirror("north") as mirror:
        mirror.resume_visits()
    runner.turn()
    with one.mirror("north") as mirror:
        assert {clock.state for clock in mirror.schedules()} == {"active"}
        assert all(clock.successes for clock in mirror.schedules())


@pytest.mark.parametrize("is_folder", [False, True])
def test_another_database_is_written_to_from_the_next_turn_on(one: Fleet, runner: Runner, is_folder: bool) -> None:  # noqa: FBT001
    """Whether the account is a section of the file or a file of its own."""
    place = one.config
    if is_folder:
        shared, _, own = one.config.read_text().partition("[accounts.north]\n")
        place = one.folder / "accounts" / "north.toml"
        place.parent.mkdir()
        place.write_text(own)
        one.config.write_text(f'accounts = "accounts"\n{shared}')
    runner.turn()
    place.write_text(place.read_text().replace("/north.db", "/another.db"))
    with one.mirror("north") as mirror:
        mirror.init()
    assert one.looked("north") == 0
    runner.turn()
    assert one.looked("north") == 1
