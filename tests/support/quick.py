"""The tests that `make test` leaves out: long suites, and on each server those that run on another server."""

from __future__ import annotations

from zlib import crc32

import pytest

LONG = (
    "tests/attack/test_kill.py",
    "tests/attack/test_machine.py::test_a_machine_of_lives",
    "tests/attack/test_histories_on_databases.py",
    "tests/attack/test_server_killed.py",
    "tests/attack/test_slow_lines.py",
    "tests/attack/test_packets.py",
    "tests/attack/test_too_large.py",
    "tests/attack/test_zones_apart.py",
    "tests/attack/test_time_independence.py",
    "tests/attack/test_many_at_once.py",
    "tests/attack/test_adopt_broken_off.py::test_a_kill_at_any_statement_of_adopt_and_of_its_undo",
    "tests/attack/test_adopt_broken_off.py::test_a_killed_adoption_is_resumed",
    "tests/attack/test_cures.py::test_a_port_where_nobody_speaks_is_given_up",
    "tests/core/test_determinism.py",
    "tests/core/test_histories.py::test_histories",
    "tests/service/test_clock.py::test_what_a_day_costs",
    "tests/service/test_clock.py::test_the_budget_slows_the_clock_before_the_reserve_is_touched",
    "tests/test_connections.py",
    "tests/test_dumps.py",
    "tests/test_poolers.py",
    "tests/test_round_trips.py::test_memory_grows",
    "tests/test_round_trips.py::test_round_trips_of_a_process",
    "tests/test_servers.py",
)
"""Files and tests that take long: processes, servers and networks of their own, many lives."""
EVERYWHERE = ("tests/golden/test_golden", "tests/store/test_store.py", "tests/test_round_trips.py")
"""Tests that run on every server. Other tests run on SQLite, and every second one also on one server, taking turns."""
THIRDS = (
    "tests/attack/test_faults.py",
    "tests/attack/test_fuzz.py",
    "tests/conditions/",
    "tests/test_hostile_words.py",
)
"""Tests of which a third of the cases run, the same third each time."""


def is_left_out(item: pytest.Item, servers: tuple[str, ...]) -> bool:
    """Whether a test runs in `make test-all` only."""
    node = item.nodeid
    if node.startswith(LONG):
        return True
    if node.startswith(THIRDS) and "[" in node and crc32(node.encode()) % 3:
        return True
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    database = parameters.get("database")
    if node.startswith(EVERYWHERE) or database not in servers:
        return False
    turn = crc32(node.replace(database, "").encode()) % (2 * len(servers))
    return turn >= len(servers) or database != servers[turn]
