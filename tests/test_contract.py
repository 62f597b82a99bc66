"""The contract by table: every command with every exit code it can give, as text and as JSON, by a process of its own.

A cell is a command, a code and how it comes to it. Whoever adds a command or a code is told by name which cells lack:
each is either produced here or impossible, with the reason, and what can be tried of a reason is tried.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connecteam_sync.core.run import SEVERITY
from reference_page import named, rows, sections
from support import account_cells, certificate_cells, stages
from support.cells import Cell, Staged, Usual
from support.payroll_cells import PAYROLL, PAYROLL_CELLS
from support.stages import (
    away,
    bad_key,
    deaf_receiver,
    elsewhere,
    elsewhere_meanwhile,
    fine,
    no_database,
    no_key,
    other_prefix,
    receiver,
    secret,
    secret_and_away,
    secret_and_bad_key,
    secret_and_writing,
    writing,
)
from test_command import Terminal
from test_reference import COMMANDS as TREE

GROUPS = {"connecteam-sync"}
"""What stands above the commands; without one it shows the version or the help."""
COMMANDS = sorted(set(TREE) - GROUPS)
CODES = [int(cells[0]) for cells in rows(sections()["exit-codes"])]
DAYS = " ".join(stages.DAYS)
DAY = "--from 2025-12-01 --to 2025-12-01"


USUAL: dict[str, Usual] = {
    "init": Usual("", stages.nothing, "next: connecteam-sync doctor", {"done.1": "created table employees"}),
    "doctor": Usual("", stages.mirrored, "next: connecteam-sync plan", {"ok": True}),
    "plan": Usual(DAYS, stages.edited, f"next: connecteam-sync sync {DAYS}", {"counts.updated": 1}),
    "apply": Usual("{plan}", stages.edited, "undo 2", {"counts.updated": 1, "counts.unchanged": 59, "kind": "apply"}),
    "sync": Usual(DAYS, stages.edited, "undo 2", {"counts.updated": 1, "counts.unchanged": 59, "run": 2}),
    "resync": Usual(DAYS, stages.edited, "undo 2", {"counts.updated": 1, "status": "applied", "kind": "resync"}),
    "verify": Usual(DAYS, stages.mirrored, "0 differences", {"differences": 0, "shifts": 60, "run": 2}),
    "adopt": Usual("--apply", stages.to_adopt, "unique key", {"kind": "adopt", "counts.deleted": 1}),
    "compare": Usual("--from 2025-12-02 --to 2025-12-03", stages.mirrored, "11 shifts", {"shifts": 11, "harms": []}),
    "undo": Usual("1", stages.mirrored, "Hours: -296:11; 29 people", {"counts.deleted": 60, "minutes.after": 0}),
    "runs": Usual("", stages.mirrored, "sync    applied", {"runs.0.counts.created": 60}),
    "show": Usual("1", stages.mirrored, "run 1: sync 2025-12-01..2025-12-11", {"changes.0.kind": "create"}),
    "history": Usual("{employee}", stages.mirrored, "run 1", {"changes.0.run": 1}),
    "anomalies": Usual(DAYS, stages.mirrored, "2025-12-01..2025-12-11", {"window.first": "2025-12-01"}),
    "changes": Usual("--limit 1", stages.mirrored, "next: connecteam-sync changes --after 1", {"changes.0.run": 1}),
    "holds": Usual("", stages.held, "duplicate_clock_in", {"holds.0.reason": "duplicate_clock_in"}),
    "holds ack": Usual("{hold} --reason known", stages.held, "acknowledged", {"holds.0.acknowledged.reason": "known"}),
    "holds unack": Usual("{hold}", stages.held, "duplicate_clock_in", {"holds.0.acknowledged": None}),
    "employees": Usual("", stages.strangers, "several employees carry this user: 1 Twin; 2 Twin", {}),
    "employees map": Usual("{user} {employee} --yes", stages.strangers, "next: connecteam-sync sync --from", {}),
    "employees create": Usual("{user}", stages.strangers, "take it back: connecteam-sync undo", {"run": 2}),
    "employees unmap": Usual("{user}", stages.mirrored, "counts for employee {employee}", {"unmapped": True}),
    "account": Usual("", stages.mirrored, "America/Chicago", {"account.timezone": "America/Chicago"}),
    "account accept": Usual("--company --yes", stages.mirrored, "nothing to take", {"changes": []}),
    "clocks": Usual("", stages.mirrored, "looked at by every run", {"time_clocks.0.is_listed": True}),
    "clocks vouch": Usual("{clock} --reason x", stages.vouched, "clocks unvouch {clock}", {"vouched.reason": "x"}),
    "clocks unvouch": Usual("{clock}", stages.vouched, "no longer vouched for", {"withdrawn.reason": "sold"}),
    "lock": Usual(f"{DAY} --reason pay", stages.mirrored, "1 day newly", {"locked": 1, "verified.differences": 0}),
    "unlock": Usual(DAY, stages.mirrored, "0 days newly", {"unlocked": 0}),
    "locks": Usual("", stages.mirrored, "no day is locked", {"locks": []}),
    **PAYROLL,
    "pause": Usual("--reason x", stages.mirrored, "paused", {}),
    "resume": Usual("", stages.mirrored, "resumed", {}),
    "demo": Usual("", stages.nothing, "next: connecteam-sync sandbox", {"ok": True}),
    "status": Usual("", stages.mirrored, "nothing waits for a person", {"state": "well"}),
    "alerts": Usual("", stages.mirrored, "receivers: none but commands", {"alerts": []}),
    "doorbells": Usual("", stages.rings, "b-1", {"doorbells.0.key": "b-1"}),
    "doorbells replay": Usual("b-1", stages.rings, "", {"doorbells.0.state": "waiting"}),
    "webhooks": Usual("", stages.mirrored, "next: connecteam-sync webhooks register", {"webhooks": []}),
    "webhooks list": Usual("", stages.mirrored, "next: connecteam-sync webhooks register", {"webhooks": []}),
    "webhooks remove": Usual("", stages.mirrored, "0 webhooks removed", {"removed": []}),
    "console": Usual("", stages.signs_in, "Ana  viewer, since", {"users.0.role": "viewer"}),
    "console user": Usual("", stages.signs_in, "Ana  viewer, since", {"users.0.role": "viewer"}),
    "console user list": Usual("", stages.signs_in, "Ana  viewer, since", {"users.0.role": "viewer"}),
    "console user add": Usual("Ben --role payroll", stages.signs_in, "Ben (payroll) signs in", {"role": "payroll"}),
    "console user role": Usual("ana --role admin", stages.signs_in, "admin", {"role": "admin"}),
    "console user secret": Usual("Ana", stages.signs_in, "Ana (viewer) signs in", {"role": "viewer"}),
    "console user remove": Usual("Ana", stages.signs_in, "may not sign in any more", {"removed": "Ana"}),
    "support-bundle": Usual("--run 1 --yes --output b.gz", stages.mirrored, "b.gz written", {"run": 1}),
    "support-bundle replay": Usual("{bundle}", stages.bundled, "60 new", {"same": True}),
}
USUAL |= {name: Usual(*each) for name, each in certificate_cells.USUAL.items()}
NO_TABLES = {"init", "doctor", "demo", "sandbox", "serve", "support-bundle", "support-bundle replay"}
"""Need no tables, or have cells of their own."""
ASKS = {"plan", "apply", "sync", "resync", "verify", "compare", "clocks", "account accept", "lock"}
ASKS |= {"webhooks", "webhooks list", "webhooks remove", "periods check", "periods review", "periods close"}
"""Ask Connecteam before they can end with 0."""
READS = certificate_cells.READS | {"runs", "show", "history", "anomalies", "changes", "holds", "employees", "account"}
READS |= {"retention", "retention check", "retention hold", "retention hold list"}
READS |= {"status", "alerts", "doorbells", "support-bundle replay", "console", "console user", "console user list"}
READS |= {"hours", "timesheet"}
"""Ask nobody and write nothing."""
WRITES = set(USUAL) - READS - {"doctor", "plan", "verify", "compare", "account accept", "clocks", "demo"}
WRITES -= {"support-bundle", "periods check"}
"""Write, so that another writer is in their way."""


def usual(command: str, code: int, trouble: Callable[[Any], Any], error: str, said: str = "") -> Cell:
    """A command that would end with 0, but for a trouble."""
    return Cell(command, code, USUAL[command].words, USUAL[command].stage, trouble, said, error)


NEED_NONE = {"doctor", "demo", "status", "support-bundle", "support-bundle replay"}
"""Need no database, or have cells of their own for one that is away."""
CELLS = [
    *(Cell(name, 0, each.words, each.stage, fine, each.said, "", each.finds) for name, each in USUAL.items()),
    *(usual(name, 1, no_database, "database_unavailable") for name in sorted(set(USUAL) - NEED_NONE)),
    Cell("status", 1, "", stages.mirrored, no_database, "does not answer", "", {"state": "not_well"}),
    Cell("status", 3, "", stages.held, fine, "duplicate_clock_in", "", {"state": "needs_a_person"}),
    Cell("alerts test", 0, "", stages.mirrored, receiver, "webhook", ""),
    Cell("alerts test", 1, "", stages.mirrored, deaf_receiver, "webhook", ""),
    Cell("alerts test", 2, "", stages.mirrored, fine, "nobody is told", "configuration_error"),
    *(
        cell
        for name, words in (
            ("webhooks register", "--url https://hours.example.com"),
            ("webhooks rotate", ""),
        )
        for cell in (
            Cell(name, 0, words, stages.mirrored, secret, "", ""),
            Cell(name, 1, words, stages.mirrored, secret_and_bad_key, "", "rejected"),
            Cell(name, 2, words, stages.mirrored, fine, "there is no secret", "configuration_error"),
            Cell(name, 6, words, stages.mirrored, secret_and_writing, "", "lock_held"),
            Cell(name, 75, words, stages.mirrored, secret_and_away, "", "unavailable"),
        )
    ),
    Cell("doorbells replay", 2, "no-such-key", stages.rings, fine, "connecteam-sync doorbells", "not_found"),
    Cell("console user add", 2, "Ana --role king", stages.signs_in, fine, "viewer, operator", "configuration_error"),
    Cell("console user add", 2, "ANA --role admin", stages.signs_in, fine, "secret NAME", "configuration_error"),
    Cell("console user secret", 2, "Zoe", stages.signs_in, fine, "console user list", "not_found"),
    Cell("support-bundle", 4, "--run 1 --output b.gz", stages.mirrored, fine, "--yes", "not_confirmed"),
    Cell("support-bundle replay", 2, "nowhere.gz", stages.mirrored, fine, "nowhere.gz", "configuration_error"),
    *(usual(name, 1, bad_key, "rejected") for name in sorted(ASKS)),
    Cell("doctor", 1, "", stages.mirrored, bad_key, "connecteam", "", {"ok": False}),
    Cell("demo", 1, "--keep {folder}/full", stages.nothing, fine, "", "database_error"),
    *(
        Cell(name, 2, USUAL[name].words, stages.nothing, fine, "next: run `connecteam-sync init`", "not_initialised")
        for name in sorted(set(USUAL) - NO_TABLES - {"apply"})
    ),
    *(Cell(name, 2, "--no-such-option", stages.nothing, fine, "no-such-option", "usage_error") for name in COMMANDS),
    Cell("init", 2, "", stages.initialised, other_prefix, "--from-prefix connecteam_sync_", "configuration_error"),
    Cell("apply", 2, "{plan}", stages.nothing, fine, "cannot be read", "configuration_error"),
    Cell("demo", 2, "--keep nowhere", stages.nothing, fine, "there is no folder", "configuration_error"),
    Cell("sandbox", 2, "--port {taken}", stages.nothing, fine, "is in use", "configuration_error"),
    Cell("serve", 2, "--port 0", stages.nothing, fine, "init", "not_initialised"),
    Cell("serve", 2, "--port 0", stages.mirrored, no_key, "no API key", "configuration_error"),
    Cell("adopt", 2, "--link-minutes", stages.mirrored, fine, "--apply, --from and --to", "configuration_error"),
    # Something is held that nobody has acknowledged.
    *(
        Cell(name, 3, words, stages.doubled, fine, "duplicate_clock_in", "", {"holds.0.reason": "duplicate_clock_in"})
        for name, words in (
            ("plan", f"{DAYS} --exit-code"),
            ("apply", "{plan}"),
            ("sync", DAYS),
            ("resync", DAYS),
            ("verify", f"{DAYS} --no-totals"),
        )
    ),
    Cell("adopt", 3, "--apply", stages.by_hand, fine, "manual_row", "doubles_held", {"holds.0.reason": "manual_row"}),
    # Refused.
    *(
        Cell(name, 4, words, stages.emptied, fine, "--accept", "guard_refused", {"counts.deleted": 0})
        for name, words in (("apply", "{plan}"), ("sync", DAYS), ("resync", DAYS))
    ),
    Cell("apply", 4, "{plan}", stages.overtaken, fine, "connecteam-sync plan", "stale_plan", {"counts.updated": 0}),
    Cell("undo", 4, "2", stages.overtaken, fine, "", "undo_refused"),
    Cell("changes", 4, "--after {cursor}", stages.unfollowed, fine, "changes --after", "feed_reset"),
    Cell("employees map", 4, "{user} {employee}", stages.strangers, fine, "--yes", "mapping_refused"),
    Cell("employees create", 4, "{twin}", stages.strangers, fine, "", "mapping_refused"),
    Cell("account accept", 4, "--timezone", stages.mirrored, elsewhere, "--yes", "not_confirmed"),
    Cell("lock", 4, f"{DAYS} --reason pay", stages.edited, fine, "--anyway", "lock_refused", {"locked": 0}),
    Cell("adopt", 4, "--undo", stages.mirrored, fine, "no adoption", "undo_refused"),
    *PAYROLL_CELLS,
    *account_cells.CELLS,
    # A difference.
    Cell("plan", 5, f"{DAYS} --exit-code", stages.edited, fine, f"sync {DAYS}", "", {"counts.updated": 1}),
    Cell("verify", 5, DAYS, stages.edited, fine, f"next: connecteam-sync sync {DAYS}", "", {"differences": 1}),
    *(Cell(*cell[:4], fine, *cell[4:]) for cell in certificate_cells.CELLS),
    # Somebody is in the way.
    *(usual(name, 6, writing, "lock_held") for name in sorted(WRITES - {"init"})),
    Cell("init", 6, "", stages.initialised, writing, "", "lock_held"),
    Cell("account accept", 6, "--timezone --yes", stages.mirrored, elsewhere_meanwhile, "", "lock_held"),
    # Connecteam is away.
    *(usual(name, 75, away, "unavailable") for name in sorted(ASKS)),
    Cell("clocks vouch", 75, "5 --reason x", stages.mirrored, away, "", "unavailable"),
    Cell("clocks vouch", 1, "5 --reason x", stages.mirrored, bad_key, "", "rejected"),
    Cell("adopt", 75, f"--apply --link-minutes {DAYS}", stages.to_adopt, away, "", "unavailable"),
]
IMPOSSIBLE: list[tuple[set[int], str, set[str]]] = [
    ({3}, "decides about no shift", set(COMMANDS) - {"plan", "apply", "sync", "resync", "verify", "adopt", "status"}),
    ({5}, "compares nothing, or writes what differs", set(COMMANDS) - certificate_cells.COMPARES),
    (
        {4},
        "has no rule that wants a person's word",
        {
            *READS - {"changes"},
            "init",
            "doctor",
            "plan",
            "verify",
            "compare",
            "clocks",
            "clocks vouch",
            "clocks unvouch",
            "unlock",
            *("alerts test", "doorbells replay", "webhooks", "webhooks list", "webhooks register", "webhooks rotate"),
            "webhooks remove",
            *(f"console user {word}" for word in ("add", "role", "secret", "remove")),
        }
        | {"retention hold add", "retention hold release"}
        | {"holds ack", "holds unack", "employees unmap", "pause", "resume", "serve", "sandbox", "demo"},
    ),
    ({6}, "waits for no writer", {*READS, "periods check", "doctor", "plan", "verify", "compare", "clocks"}),
    ({6, 75}, "has a database and a Connecteam of its own", {"demo", "sandbox"}),
    ({0}, "goes on until it is interrupted, which is 130", {"sandbox"}),
    ({1}, "has no database, and asks nobody", {"sandbox"}),
    ({1, 6, 75}, "tells of the trouble and tries again until it is stopped", {"serve"}),
    ({1}, "asks no database", {"support-bundle replay", "support-bundle"}),
    ({75}, "asks nobody", {*READS, *WRITES} - ASKS - {"adopt", "clocks vouch"}),
    ({75}, "has the trouble among its findings", {"doctor", "support-bundle"}),
    ({6}, "writes no row", {"support-bundle", "alerts test"}),
    ({4, 6, 75}, "has the trouble of an account among its findings", account_cells.NAMES),
    ({1}, "asks no account whether it is well", account_cells.NAMES - {"accounts check"}),
    ({0, 1}, "goes on until it is stopped, and needs a broker: tests/fleet", {"worker"}),
    ({4, 6, 75}, "has a control database, and neither a mirror nor Connecteam", account_cells.FLEET),
    ({75}, "speaks to receivers of alerts, and to nobody else", {"alerts test"}),
]
RETRYABLE = {named(cells[0])[0] for cells in rows(sections()["errors"]) if len(cells) > 4 and cells[4] == "yes"}
RECEIPTS = {
    *("connecteam_sync_runs", "connecteam_sync_slices", "connecteam_sync_inputs"),
    *("connecteam_sync_looks", "connecteam_sync_alerts", "connecteam_sync_service"),
    *("connecteam_sync_proofs", "connecteam_sync_timesheets", "connecteam_sync_period_events", "connecteam_sync_jobs"),
}
"""Written of a refused run, too: the receipt, what the slices that were not refused had to look at, that there was a
look, and the calls that are left; of a pay period that is not closed its verification with the names of jobs, and
a checklist that was asked for.
"""
TEXT_ALONE = {("support-bundle", 4)}
"""With --json a bundle is only listed unless --yes says more, so that nobody is asked."""
INTERRUPTED = [
    ("serve", "--port 0 --metrics-port 0", stages.mirrored, signal.SIGTERM, 0),
    ("serve", "--port 0 --metrics-port 0", stages.mirrored, signal.SIGINT, 0),
    ("sandbox", "--port 0", stages.nothing, signal.SIGINT, 130),
]
"""Go on until they are told to end, and with which code they do."""


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[stages.Stage], Staged]]:
    """Stages by what makes them."""
    made: dict[stages.Stage, Staged] = {}

    def of(make: stages.Stage) -> Staged:
        if make not in made:
            made[make] = Staged(tmp_path_factory.mktemp(make.__name__), make)
        return made[make]

    yield of
    for each in made.values():
        each.sandbox.__exit__(None, None, None)


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def name_of(cell: Cell) -> str:
    """For a person who reads which failed."""
    return f"{cell.command} {cell.code} {cell.trouble.__name__} {cell.stage.__name__}"


def found_at(value: Any, path: str) -> object:  # noqa: ANN401 - any JSON
    """What stands at `runs.0.counts` of an answer."""
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_a_cell(cell: Cell, staged: Callable[[stages.Stage], Staged], taken: int) -> None:
    """The code, what a person reads, what a program finds; the two say the same, and how to go on.

    What is refused has changed no row of the host or of ours, its receipt left out; a mistake has sent no request.
    """
    stage = staged(cell.stage)
    stage.words["taken"] = str(taken)
    before, calls = tables(stage.again()), stage.sandbox.calls
    told = stage(cell)
    assert told.code == cell.code, told
    assert cell.code not in {2, 4, 6} or tables(stage.run) == before
    assert cell.code != 2 or stage.sandbox.calls == calls
    assert cell.said.format(**stage.words) in told.out + told.err, told
    if (cell.command, cell.code) in TEXT_ALONE:
        return
    answered = stage(cell, "--json")
    assert answered.code == cell.code, answered
    found = answered.json
    assert answered.out.count("\n") == 1
    assert found.get("exit_code", cell.code) == cell.code
    for path, value in cell.finds.items():
        assert found_at(found, path) == value, (path, found)
    errors = [found, *found.get("errors", [])] if "error" not in found else [found]
    assert cell.error in {error.get("error", "") for error in errors}, found
    for error in errors:
        if "error" in error:
            assert error["message"] in told.out + told.err
            # Of a command line that cannot be read the parser says the same in its own words.
            assert error["next_step"] in told.out + told.err or cell.error == "usage_error"
            assert error["next_step"], error
            assert error["retryable"] is (cell.error in RETRYABLE)


@pytest.mark.parametrize(
    ("command", "words", "stage", "number", "code"),
    INTERRUPTED,
    ids=lambda value: getattr(value, "__name__", str(value)),
)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_goes_on_until_it_is_told(
    command: str,
    words: str,
    stage: stages.Stage,
    number: int,
    code: int,
    *,
    as_json: bool,
    staged: Callable[[stages.Stage], Staged],
) -> None:
    """It says that it is there, and ends when it is told to."""
    run = staged(stage).again()
    line = [sys.executable, "-m", "connecteam_sync", command, *words.split(), *(["--json"] if as_json else [])]
    with subprocess.Popen(  # noqa: S603 - our own command
        line, cwd=run.folder, env=os.environ | run.environment, stdout=-1, stderr=-1, text=True
    ) as served:
        assert served.stdout is not None
        said = served.stdout.readline()
        served.send_signal(number)
        served.communicate(timeout=20)
    assert served.returncode == code
    assert json.loads(said)["schema"] == 1 if as_json else said.strip()


def test_every_cell_is_produced_or_impossible() -> None:
    """No command without each code of the page, none that is both, and no reason for a cell that is no more."""
    produced = {(cell.command, cell.code) for cell in CELLS} | {
        (command, 0) for command, *_, code in INTERRUPTED if code == 0
    }
    impossible = {(command, code) for codes, _, commands in IMPOSSIBLE for code in codes for command in commands}
    every = {(command, code) for command in COMMANDS for code in CODES}
    assert sorted(CODES) == sorted(SEVERITY)
    assert every - produced - impossible == set()
    assert produced & impossible == set()
    assert (produced | impossible) <= every


def commands_of(reason: str) -> list[str]:
    """Those for which a code is impossible for this reason."""
    return sorted({command for _, why, commands in IMPOSSIBLE for command in commands if why == reason})


@pytest.mark.parametrize("command", commands_of("asks nobody"))
def test_what_asks_nobody(command: str, staged: Callable[[stages.Stage], Staged]) -> None:
    """Ends with 0 while Connecteam is away, and sends no request."""
    cell = usual(command, 0, away, "")
    stage = staged(cell.stage)
    before = stage.sandbox.calls
    assert stage(cell).code == 0
    assert stage.sandbox.calls == before


@pytest.mark.parametrize("command", commands_of("waits for no writer"))
def test_what_waits_for_no_writer(command: str, staged: Callable[[stages.Stage], Staged]) -> None:
    """Ends with 0 while another program writes."""
    cell = usual(command, 0, writing, "")
    assert staged(cell.stage)(cell).code == 0


def tables(run: Terminal) -> dict[str, list[Any]]:
    """Every row of every table, but for receipts."""
    names = stages.sql(run, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {name: stages.sql(run, f'SELECT * FROM "{name}"') for (name,) in names if name not in RECEIPTS}
