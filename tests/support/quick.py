"""The tests that `make test` leaves out: long suites, and on each server those that run on another server.

`make test-all` leaves out some of the latter, too; `make test-every` nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

import pytest

LONG = (
    "tests/attack/test_kill.py",
    "tests/fleet/test_matrix.py",
    "tests/fleet/test_model.py",
    "tests/fleet/test_serve_accounts.py",
    "tests/attack/test_kill_payroll.py",
    "tests/attack/test_machine.py",
    "tests/attack/test_machine_of_purges.py",
    "tests/attack/test_histories_on_databases.py",
    "tests/attack/test_server_killed.py",
    "tests/attack/test_slow_lines.py",
    "tests/attack/test_packets.py",
    "tests/attack/test_too_large.py",
    "tests/attack/test_zones_apart.py",
    "tests/attack/test_time_independence.py",
    "tests/attack/test_many_at_once.py",
    "tests/attack/test_adopt_broken_off.py",
    "tests/attack/test_bell_kills.py",
    "tests/attack/test_fuzz_runs.py",
    "tests/attack/test_faults.py::test_every_trouble_on_a_retry",
    "tests/attack/test_cures.py::test_a_port_where_nobody_speaks_is_given_up",
    "tests/core/test_determinism.py",
    "tests/core/test_histories.py::test_histories",
    "tests/core/test_plan_random.py::test_the_table_is_what",
    "tests/core/test_zones.py::test_every_zone",
    "tests/service/test_clock.py",
    "tests/service/test_nightly_proof.py",
    "tests/service/test_older_days.py",
    "tests/service/test_receivers.py::test_who_took_a_letter",
    "tests/service/test_serve.py",
    "tests/store/test_folding.py::test_the_statements_are_the_same",
    "tests/test_certificates.py::test_every_byte_of_the_json",
    "tests/test_changes.py::test_the_command_lists",
    "tests/test_choices.py",
    "tests/test_connections.py",
    "tests/test_contract.py::test_a_cell",
    "tests/test_day.py::test_a_day_with_kills",
    "tests/test_day.py::test_with_webhooks",
    "tests/test_dumps.py",
    "tests/test_evening_told.py",
    "tests/test_hostile_words.py",
    "tests/test_hours_command.py",
    "tests/test_mutation.py::test_verdicts",
    "tests/test_output.py::test_every_kind_of_output_may_be_lost",
    "tests/test_poolers.py",
    "tests/test_quarter.py",
    "tests/test_recipes.py",
    "tests/test_recipes.py::test_the_build_steps_of_the_image",
    "tests/test_retention_command.py",
    "tests/test_round_trips.py::test_memory_grows",
    "tests/test_round_trips.py::test_round_trips_of_a_process",
    "tests/test_sandbox_contract.py",
    "tests/test_servers.py",
    "tests/test_support_bundle.py::test_a_bundle_is_made_where_nothing_answers",
    "tests/test_tutorial.py::test_each_line_of_the_tutorial",
    "tests/test_webhooks.py::test_a_company_is_mirrored",
    "tests/web/test_browser",
    "tests/web/test_demo.py",
    "tests/web/test_operating.py",
    "tests/web/test_six_questions.py",
    "tests/test_webhooks.py::test_the_receiver_and_the_clock",
)
"""Files and tests that take long: processes, servers and networks of their own, many lives."""
EVERYWHERE = ("tests/golden/test_golden.py", "tests/store/test_store.py", "tests/test_round_trips.py")
"""Tests that run on every server. Other tests run on SQLite, and every sixteenth one also on one server, in turns."""
IN_TURNS = (
    "tests/service/",
    "tests/web/",
    "tests/test_",
    "tests/attack/",
    "tests/store/test_names",
    "tests/store/test_links.py",
    "tests/store/test_places.py",
)
"""Tests that are about the service, the command or what Connecteam sends: they run on SQLite and on one server each."""
ABOUT_SERVERS = (
    "tests/test_connections.py",
    "tests/test_servers.py",
    "tests/test_poolers.py",
    "tests/test_dumps.py",
    "tests/attack/test_database_faults.py",
    "tests/attack/test_host_tables.py",
    "tests/attack/test_keys.py",
    "tests/attack/test_odd_rows.py",
    "tests/attack/test_refused_tables.py",
    "tests/attack/test_rights.py",
    "tests/attack/test_server_killed.py",
    "tests/attack/test_spelled_otherwise.py",
    "tests/attack/test_too_large.py",
    "tests/attack/test_two_at_once.py",
    "tests/attack/test_unread_times.py",
)
"""Tests of such names that are about the servers themselves."""
ON_SQLITE = (
    "tests/golden/test_golden.py::test_whatever_the_api_does",
    "tests/test_locking.py::test_where_connecteam_cannot_be_reached",
    "tests/attack/test_other_looks.py::test_a_word_for_a_time_clock",
    "tests/attack/test_other_looks.py::test_totals_that_cannot_be_read",
    "tests/service/",
    "tests/web/",
    "tests/store/test_upgrades.py",
    "tests/test_support_bundle.py",
)
"""Tests that wait while requests are repeated, and others whose servers are left to `make test-all`."""
SIXTHS = (
    "tests/attack/test_cures.py",
    "tests/attack/test_damaged.py",
    "tests/attack/test_faults.py",
    "tests/attack/test_fuzz.py",
    "tests/attack/test_odd_records.py",
    "tests/attack/test_padding.py",
    "tests/attack/test_random_life.py",
    "tests/attack/test_rings.py",
    "tests/attack/test_rows_of_then.py",
    "tests/conditions/",
    "tests/service/test_status_told.py::test_a_broken_receiver",
    "tests/store/test_upgrades.py::test_a_kept_version",
    "tests/test_certificates",
    "tests/test_contract.py",
    "tests/test_export_layouts.py",
    "tests/test_exports.py",
    "tests/test_output.py",
    "tests/test_periods",
    "tests/test_quarter.py",
    "tests/test_sandbox_faults.py",
    "tests/web/test_corrections_page.py",
    "tests/web/test_periods_page.py",
    "tests/web/test_routes.py",
)
"""Tests of which a sixth of the cases run, the same sixth each time."""


LONGEST = ("tests/service/test_clock.py::test_what_a_day_costs[30]",)
"""Tests that run for minutes, of which a smaller one of the same kind is in `make test-all`."""
A_THIRD_OF = ("tests/test_hostile_words.py",)


def are_left_to_others(items: Sequence[pytest.Item], servers: tuple[str, ...]) -> list[pytest.Item]:
    """What `make test-all` leaves to `make test-every`: each test that is there keeps a server that it can run on."""
    able: dict[str, list[str]] = {}
    for item in items:
        if (database := _database(item)) in servers:
            able.setdefault(item.nodeid.replace(database, ""), []).append(database)
    return [item for item in items if _is_left_to_others(item, able)]


def _is_left_to_others(item: pytest.Item, able: Mapping[str, Sequence[str]]) -> bool:
    node, database = item.nodeid, _database(item)
    if node in LONGEST or (node.startswith(A_THIRD_OF) and "[" in node and crc32(node.encode()) % 3):
        return True
    if database is None or not node.startswith(IN_TURNS) or node.startswith((*EVERYWHERE, *ABOUT_SERVERS)):
        return False
    alike = node.replace(database, "")
    turns = sorted(able.get(alike, ()))
    return database in turns and database != turns[crc32(alike.encode()) % len(turns)]


def long_ones_last(items: Sequence[pytest.Item], servers: tuple[str, ...], workers: int) -> list[pytest.Item]:
    """The tests in an order in which each worker comes last to what `make test` leaves out.

    A worker begins with its own share of the list, one piece after the other: each piece has its share of both kinds.
    """
    kinds: tuple[list[pytest.Item], ...] = ([], [])
    for item in items:
        kinds[is_left_out(item, servers)].append(item)
    bounds = [[len(kind) * number // workers for number in range(workers + 1)] for kind in kinds]
    return [
        item
        for number in range(workers)
        for kind, bound in zip(kinds, bounds, strict=True)
        for item in kind[bound[number] : bound[number + 1]]
    ]


def _database(item: pytest.Item) -> str | None:
    """The database that a test runs on, if there is one for each."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    database = parameters.get("database")
    return database if isinstance(database, str) else None


def is_left_out(item: pytest.Item, servers: tuple[str, ...]) -> bool:
    """Whether a test runs in `make test-all` only."""
    node = item.nodeid
    if node.startswith(LONG):
        return True
    if node.startswith(SIXTHS) and "[" in node and crc32(node.encode()) % 6:
        return True
    database = _database(item)
    if node.startswith(ON_SQLITE):
        return database in servers
    if node.startswith(EVERYWHERE) or database not in servers:
        return False
    turn = crc32(node.replace(database, "").encode()) % (16 * len(servers))
    return turn >= len(servers) or database != servers[turn]
