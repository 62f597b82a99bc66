"""Cells of the fleet's failure matrix in which something around it fails: broker, databases, clocks, keys, limits."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx2

from connecteam_sync.sandbox import SandboxSettings
from connecteam_sync.store.control.schema import BUDGETS
from support.bell_site import SECRET
from support.fleet_accounts import announced, rabbit
from support.fleet_cells import Cell, bell
from support.fleet_matrix import LEASE, SLACK, Site

RECONNECT = 20
"""Seconds within which whoever lost the broker or a database tries again."""
BELLS, A_SECOND = 1000, 200
FEW_CALLS = SandboxSettings(minute_limit=10**6, day_limit=60)
A_NARROW_MINUTE = SandboxSettings(minute_limit=40, day_limit=10_000)


def _host(here: Site) -> str:
    return str(here.broker).rpartition("/")[2]


def connections_closed(here: Site) -> None:
    """The broker closes every connection, three times, while there is work."""
    with here.serve(), here.worker() as worker:
        announced(worker)
        here.wait(here.is_visited)
        for _ in range(3):
            since = time.time()
            rabbit("close_all_connections", "--vhost", _host(here), "a test")
            here.tally.kills += 1
            here.work_everywhere()
            here.returns(since, LEASE + SLACK + RECONNECT)
        here.settle()


def broker_made_anew(here: Site) -> None:
    """Everything that the broker had is gone: queues, messages, and for some seconds the virtual host itself."""
    with here.serve(), here.worker() as worker:
        announced(worker)
        here.wait(here.is_visited)
        rabbit("delete_vhost", _host(here))
        here.tally.kills += 1
        here.work_everywhere()
        time.sleep(5)
        rabbit("add_vhost", _host(here))
        rabbit("set_permissions", "-p", _host(here), "guest", ".*", ".*", ".*")
        here.returns(time.time(), LEASE + SLACK + RECONNECT)
        bell(here)
        here.settle()


def lines_silent(here: Site) -> None:
    """Every line to the broker falls silent, and none breaks, as where a machine between is gone: new ones are good."""
    line = here.line
    assert line is not None
    with here.serve(), here.worker() as worker:
        announced(worker)
        here.wait(here.is_visited)
        since = time.time()
        assert line.fall_silent() >= 4
        here.tally.kills += 1
        here.work_everywhere()
        # A worker notices by two heartbeats, of ten seconds each, and takes leave of what does not answer.
        here.returns(since, LEASE + SLACK + 3 * RECONNECT)
        bell(here)
        here.settle()


def control_killed(kind: str) -> Callable[[Site], None]:
    """The control database's server is killed and comes back; doorbells that it could not take come again."""

    def act(here: Site) -> None:
        server = here.server
        assert server is not None
        with here.serve(), here.worker() as worker:
            announced(worker)
            here.wait(here.is_visited)
            server.kill()
            here.tally.kills += 1
            here.work_everywhere(rings=False)
            assert here.rung(here.fleet.names[0]) == 503
            server.start()
            since = time.time()
            here.wait(lambda: all(here.rung(name) == 204 for name in here.fleet.names))
            # A look that the loss broke off is tried again after half a minute.
            here.returns(since, LEASE + SLACK + 2 * RECONNECT)
            bell(here)
            here.settle(may_have_failed=True)

    act.__name__ = kind
    return act


def clock_wrong(role: str, seconds: int) -> Callable[[Site], None]:
    """A process whose clock is two hours off does the same work as the others, and spoils nobody's count of calls."""

    def act(here: Site) -> None:
        wrong = {"FLEET_CLOCK": str(seconds)}
        with (
            here.serve(**(wrong if role == "serve" else {})),
            here.worker(**(wrong if role == "worker" else {})),
            here.worker(),
        ):
            here.wait(here.is_visited)
            for _ in range(3):
                bell(here)
            midnight = -(-here.now() // 86_400) * 86_400
            with here.control.writing("looking at the budgets") as connection:
                ends = connection.execute(BUDGETS.select()).mappings().all()
            assert {abs(int(one["day_ends"]) - midnight) <= 5 for one in ends} == {True}, ends
            here.settle()
        assert here.lost() == 0

    return act


def key_revoked(here: Site) -> None:
    """Its account alone stops and is told; its neighbours go on; with the key back and `resume` it goes on, too."""
    name = here.fleet.names[1]
    hurt = here.companies[name]
    with here.serve(), here.worker() as worker:
        announced(worker)
        here.wait(here.is_visited)
        key, hurt.key = hurt.key, "sandbox-another"
        here.tally.kills += 1
        here.work_everywhere()
        here.wait(lambda: f"account {name}" in here.told() and "no time clock is visited" in here.told())
        here.wait(lambda: here.all_right(but=name))
        before = len(hurt.paths)
        for _ in range(3):
            here.work(here.fleet.names[0])
            here.work(here.fleet.names[2])
            here.returns(time.time(), LEASE + SLACK, but=name)
        assert len(hurt.paths) == before
        hurt.key = key
        assert "error" not in here.fleet.command("resume", "--account", name)
        here.wait(lambda: here.is_right(name))
        bell(here)
        here.settle(may_have_failed=True)


def too_many(here: Site) -> None:
    """Connecteam refuses one call after the other, and has a narrow minute: everything is right once it is over."""
    storm = here.companies[here.fleet.names[0]]
    with here.serve(), here.worker("--concurrency", "2") as worker:
        announced(worker)
        here.wait(here.is_visited)
        storm.faults.add("too_many_untold", times=25)
        for _ in range(15):
            here.work_everywhere()
            time.sleep(1)
        here.wait(lambda: here.all_right(but=here.fleet.names[0]), 150)
        storm.faults.clear()
        here.wait(here.all_right, 150)
        for handlers in here.companies.values():
            assert handlers.faults.served.count("too_many") == 0
        here.settle(may_have_failed=True)
    assert storm.faults.served.count("too_many_untold") >= 5


def the_day_is_spent(here: Site) -> None:
    """Doorbells without end, and sixty calls a day: two workers take what the reserve leaves them, and no more."""
    with here.serve(), here.worker("--concurrency", "2") as worker, here.worker("--concurrency", "2"):
        announced(worker)
        here.wait(here.is_visited)

        def is_spent() -> bool:
            here.work_everywhere()
            return "that reserve is for others" in here.told()

        here.wait(is_spent, 120)
        for _ in range(5):
            here.work_everywhere()
            time.sleep(1)
        here.settle(is_right=False, may_have_failed=True)


def bells(here: Site) -> None:
    """Two hundred doorbells a second are rung, for five seconds: each is answered, and each shift is in its table."""
    with here.serve(), here.worker() as worker:
        announced(worker)
        here.wait(here.is_visited)
        began, numbers, taken, refused = time.time(), itertools.count(), list[float](), list[int]()

        def deliver() -> None:
            with httpx2.Client(trust_env=False, verify=False, timeout=30) as client:
                while (number := next(numbers)) < BELLS:
                    name = here.fleet.names[number % len(here.fleet.names)]
                    body = here.shift_of(name, here.clocks(name)[number // 3 % 2])
                    time.sleep(max(0.0, began + number / A_SECOND - time.time()))
                    sent = time.time()
                    while client.post(here.addresses[name], json=body, headers=_SIGNED).status_code != 204:
                        refused.append(number)
                        time.sleep(0.5)
                    taken.append(time.time() - sent)

        threads = [threading.Thread(target=deliver) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.time() - began
        assert len(taken) == BELLS
        slow = sorted(taken)[int(0.95 * BELLS)]
        here.tally.note = f"{BELLS / took:.0f} bells a second, p95 {1000 * slow:.0f} ms, {len(refused)} came again"
        here.wait(here.all_right, 120)
        here.settle()


_SIGNED = [(b"x-webhook-secret", SECRET.encode())]


def several_workers(many: int) -> Callable[[Site], None]:
    """Every account is due at once, and so many workers do it; what they take of the processor is reckoned."""

    def act(here: Site) -> None:
        with ExitStack() as stack:
            workers = [stack.enter_context(here.worker()) for _ in range(many)]
            for worker in workers:
                announced(worker)
            before = sum(here.processor(worker) for worker in workers)
            stack.enter_context(here.serve())
            began = time.time()
            here.wait(here.all_right, 120)
            took = time.time() - began
            spent = sum(here.processor(worker) for worker in workers) - before
            turns = sum(turn.done for turn in here.turns())
            here.tally.note = f"{took:.1f} s, {1000 * spent / max(1, turns):.0f} ms of the processor for a first turn"
            bell(here)
            here.settle()
        assert here.lost() == 0

    return act


TROUBLES = {
    "broker closes connections": Cell(connections_closed),
    "broker made anew": Cell(broker_made_anew),
    "lines to the broker fall silent": Cell(lines_silent, {"line": True}),
    "control database killed, postgresql": Cell(control_killed("postgresql"), {"server": "postgresql"}),
    "control database killed, mariadb": Cell(control_killed("mariadb"), {"server": "mariadb"}),
    "worker's clock two hours ahead": Cell(clock_wrong("worker", 7200)),
    "worker's clock two hours behind": Cell(clock_wrong("worker", -7200)),
    "dispatcher's clock two hours ahead": Cell(clock_wrong("serve", 7200)),
    "dispatcher's clock two hours behind": Cell(clock_wrong("serve", -7200)),
    "a key revoked": Cell(key_revoked),
    "a storm of 429": Cell(too_many, {"settings": A_NARROW_MINUTE}),
    "the day's calls are spent": Cell(the_day_is_spent, {"settings": FEW_CALLS}),
    "200 bells a second": Cell(bells),
    **{f"{many} workers": Cell(several_workers(many), {"accounts": 16}) for many in (1, 2, 4)},
}
