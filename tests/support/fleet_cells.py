"""Cells of the fleet's failure matrix in which a process of ours is killed, or sleeps, at a named moment."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import msgspec

from support.fleet_accounts import announced
from support.fleet_matrix import LEASE, SLACK, Site

TAKEN = {"take:after", "reserve:after", "look:before", "look:after", "write:before", "write:after"}
TAKEN |= {"note:before", "note:after", "finish:before"}
"""The moments at which a worker has a turn in hand that nobody knows to have ended."""
OF_A_WORKER = (*sorted(TAKEN), "take:before", "finish:after", "ack:before")
OF_A_CHILD = ("write:after", "take:after", "look:after", "finish:before", "finish:after")
OF_SERVE = ("publish:after", "claim:before", "claim:after", "publish:before")
OF_THREADS = ("look:after", "take:after", "note:before", "note:after", "finish:before")


class Cell(msgspec.Struct, frozen=True):
    """What happens, and in which circumstances (`fleet_matrix.site`)."""

    act: Callable[[Site], None]
    circumstances: Mapping[str, Any] = {}


def killed(role: str, moment: str, how: str = "kill", nth: int = 1, within: int = LEASE + SLACK) -> Callable[..., None]:
    """A process is killed at its moment; another one of its kind takes up what it had, without any doorbell."""

    def act(here: Site) -> None:
        is_lost = role == "worker" and moment in TAKEN
        with ExitStack() as stack:
            armed = here.at(f"{moment}:{how}:{nth}")
            announced(stack.enter_context(here.worker(**(armed if role == "worker" else {}))))
            stack.enter_context(here.doomed(**armed) if role == "serve" else here.serve())
            here.wait(here.acted)
            since, held = here.acted() or 0.0, here.held()
            here.tally.kills += 1
            if how != "kill-child":
                stack.enter_context(here.serve() if role == "serve" else here.worker())
            here.comes_back(since, held, within)
            here.wait(lambda: here.lost() == is_lost, within)
            bell(here)
            here.settle()
        assert here.lost() == is_lost

    return act


def bell(here: Site) -> None:
    """Whatever happened before: what is worked now is there soon after its doorbell."""
    if not any(here.addresses.values()):
        return
    began = time.time()
    here.work_everywhere()
    here.returns(began, LEASE + SLACK)


def of_threads(moment: str) -> Callable[..., None]:
    """`serve` that does the work itself is killed, and started again."""

    def act(here: Site) -> None:
        with here.doomed("--threads", "2", **here.at(f"{moment}:kill:1")) as hurt:
            here.wait(here.acted)
            hurt.wait()
            since, held = here.acted() or 0.0, here.held()
            here.tally.kills += 1
        with here.serve("--threads", "2"):
            here.comes_back(since, held, LEASE + SLACK)
            here.wait(here.lost, LEASE + SLACK)
            bell(here)
            here.settle()
        assert 1 <= here.lost() <= 2

    return act


def late_in_a_turn(here: Site) -> None:
    """The first look takes some seconds, so that the turn's lease is renewed; the second one is killed. The lease of
    its time clock ends later than the turn's, and whoever takes the turn up waits for it no longer than for that.
    """
    here.companies[here.fleet.names[0]].faults.add("unavailable", path="/time-activities", times=3)
    killed("worker", "look:after", nth=5)(here)


def sleeps(moment: str) -> Callable[..., None]:
    """A worker sleeps with an answer in hand until its lease has run out; meanwhile the company corrects its shifts,
    and another worker sees that. Awake again, the sleeper writes nothing of what it knew.
    """

    def act(here: Site) -> None:
        with here.worker("--concurrency", "1", **here.at(f"{moment}:stop:1")) as sleeper:
            me = announced(sleeper)["id"]
            with here.serve():
                here.wait(here.acted)
                since, held = here.acted() or 0.0, here.held()
                here.tally.kills += 1
                here.correct_everywhere()
                with here.worker():
                    here.comes_back(since, held, LEASE + SLACK)
                    here.wait(lambda: here.lost() == 1)
                    here.work_everywhere()
                    here.returns(time.time(), LEASE + SLACK)
                woken, runs = time.time(), here.applied()
                os.killpg(sleeper.pid, signal.SIGCONT)
                # Only the sleeper is there now. Once it has done a new turn, it has left the old one behind.
                here.wait(lambda: any(turn.holder == me and (turn.done_at or 0) >= woken for turn in here.turns()))
                assert here.all_right(), here.told()
                assert here.applied() == runs
                bell(here)
                here.settle()
        assert here.lost() == 1

    return act


def dispatcher_sleeps(here: Site) -> None:
    """It sleeps with turns that it has claimed; another one gives them out. Awake again, it publishes what is no longer
    its own, and nobody works for that. Not in its first claim, beside which it reads the accounts' files: asleep, it
    would keep those locked.
    """
    with here.worker() as worker, here.serve(**here.at("claim:after:stop:4")) as sleeper:
        announced(worker)
        here.wait(here.acted)
        since = here.acted() or 0.0
        here.tally.kills += 1
        with here.serve():
            here.comes_back(since, here.held(), LEASE + SLACK)
            os.killpg(sleeper.pid, signal.SIGCONT)
            here.wait(lambda: here.fewest_visits() >= 2)
            here.require_steady()
            bell(here)
            here.settle()
    assert here.lost() == 0


def two_dispatchers(here: Site) -> None:
    """Both give out turns, to two workers: every look comes when it is due, and none comes twice."""
    with here.serve(), here.serve(), here.worker(), here.worker():
        here.wait(lambda: here.fewest_visits() >= 3, 120)
        here.require_steady()
        bell(here)
        here.settle()
    assert here.lost() == 0


KILLS = {
    **{f"worker killed, {one}": Cell(killed("worker", one)) for one in OF_A_WORKER},
    **{f"worker's process killed, {one}": Cell(killed("worker", one, "kill-child")) for one in OF_A_CHILD},
    **{f"dispatcher killed, {one}": Cell(killed("serve", one)) for one in OF_SERVE},
    **{f"serve by threads killed, {one}": Cell(of_threads(one), {"celery": False}) for one in OF_THREADS},
    "worker killed late in a turn": Cell(late_in_a_turn, {"accounts": 1}),
    "worker killed, a lease of 60 s": Cell(killed("worker", "look:after", within=60 + SLACK), {"lease": None}),
    "worker asleep, look:after": Cell(sleeps("look:after")),
    "worker asleep, take:after": Cell(sleeps("take:after")),
    "worker asleep, write:after": Cell(sleeps("write:after")),
    "dispatcher asleep, claim:after": Cell(dispatcher_sleeps),
    "two dispatchers": Cell(two_dispatchers, {"accounts": 4}),
}
