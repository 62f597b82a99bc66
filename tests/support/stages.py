"""Stages of a company and its mirror in a folder, for tests of the command: each is a database and what led to it.

A stage is made by a function that is given the command and says what the words of a test may stand for (`{plan}`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from connecteam_sync.sandbox import Sandbox
from support import receivers
from support.certified import key_in

DAYS = ("--from", "2025-12-01", "--to", "2025-12-11")
DATABASE = "connecteam-sync.db"


class Answer(Protocol):
    """What a process left behind."""

    code: int

    @property
    def json(self) -> dict[str, Any]:
        """The object on stdout."""


class Command(Protocol):
    """The command in a folder of its own, against a sandbox."""

    folder: Path
    sandbox: Sandbox

    def __call__(self, *words: str, **environment: str | None) -> Answer:
        """Run it with these words."""


Words = Mapping[str, str]
Stage = Callable[[Command], Words]


def sql(run: Command, statement: str, *values: object) -> list[Any]:
    """A statement of another program."""
    with sqlite3.connect(run.folder / DATABASE) as connection:
        found = connection.execute(statement, values).fetchall()
    connection.close()
    return found


def must(run: Command, *words: str, code: int = 0) -> Answer:
    """A step that leads to the stage."""
    answer = run(*words)
    assert answer.code == code, answer
    return answer


# -- stages ------------------------------------------------------------------------------------------------------------


def nothing(_: Command) -> Words:
    """No table at all, and a file that is no plan."""
    return {
        "plan": "plan.json",
        "hold": "1",
        "user": "1",
        "employee": "1",
        "clock": "1",
        "correction": "1",
        "gone": "1",
        "held": "1",
    }


def initialised(run: Command) -> Words:
    """Empty tables."""
    must(run, "init")
    return {}


def mirrored(run: Command) -> Words:
    """Everything is in the table, and Connecteam says nothing else."""
    must(run, "init")
    must(run, "sync", *DAYS)
    employee, user = sql(run, "SELECT id, connecteam_user_id FROM employees ORDER BY id LIMIT 1")[0]
    return {"user": str(user), "employee": str(employee), "cursor": run("changes", "--json").json["last"]}


def closed_period(run: Command) -> Words:
    """The days are a closed pay period."""
    words = mirrored(run)
    must(run, "periods", "close", f"{DAYS[1]}..{DAYS[3]}")
    return words


def exported(run: Command) -> Words:
    """The days are a closed pay period that was exported."""
    words = closed_period(run)
    must(run, "export", f"{DAYS[1]}..{DAYS[3]}", "--format", "csv", "--out", "hours.csv")
    return words


def corrected(run: Command) -> Words:
    """The days are a closed pay period, and a shift of theirs began later than it says: `{correction}` waits."""
    words = closed_period(run)
    shift = run.sandbox.company.shifts()[0]
    run.sandbox.company.edit(shift.id, start=shift.start + 900)
    must(run, "sync", *DAYS, code=3)
    return {**words, "correction": str(run("corrections", "--json").json["corrections"][0]["id"])}


def taken_back(run: Command) -> Words:
    """The same, but Connecteam says what it said before: `{correction}` was cancelled."""
    words = corrected(run)
    shift = run.sandbox.company.activities[run("corrections", "--json").json["corrections"][0]["shift_id"]]
    run.sandbox.company.edit(shift.id, start=shift.start - 900)
    must(run, "sync", *DAYS)
    return words


def edited(run: Command) -> Words:
    """A shift begins a quarter of an hour later; a plan that says so is saved as `{plan}`."""
    words = mirrored(run)
    shift = run.sandbox.company.shifts()[0]
    run.sandbox.company.edit(shift.id, start=shift.start + 900)
    must(run, "plan", *DAYS, "--out", "plan.json")
    return {**words, "plan": "plan.json"}


def overtaken(run: Command) -> Words:
    """A plan was saved, and its change was made since, and another one to the same row: run 3."""
    words = edited(run)
    must(run, "sync", *DAYS)
    (name,) = sql(run, "SELECT shift_id FROM connecteam_sync_changes WHERE run_id = 2")[0]
    shift = run.sandbox.company.activities[name]
    run.sandbox.company.edit(name, start=shift.start + 900)
    must(run, "sync", *DAYS)
    return words


def doubled(run: Command) -> Words:
    """A shift stands twice in Connecteam, which no run has seen; a plan that says so is saved."""
    words = mirrored(run)
    company = run.sandbox.company
    company.duplicate(company.shifts(date(2025, 12, 2), date(2025, 12, 2))[0].id)
    must(run, "plan", *DAYS, "--out", "plan.json")
    return {**words, "plan": "plan.json"}


def held(run: Command) -> Words:
    """That shift is held."""
    words = doubled(run)
    must(run, "sync", *DAYS, code=3)
    (hold,) = run("holds", "--json").json["holds"]
    return {**words, "hold": str(hold["id"])}


def emptied(run: Command) -> Words:
    """Forty of sixty shifts are gone from Connecteam; a plan that would delete them is saved."""
    words = mirrored(run)
    for shift in run.sandbox.company.shifts()[:40]:
        run.sandbox.company.delete(shift.id)
    must(run, "plan", *DAYS, "--out", "plan.json")
    return {**words, "plan": "plan.json"}


def unfollowed(run: Command) -> Words:
    """The journal lost the entry that a follower read last."""
    words = mirrored(run)
    sql(run, "DELETE FROM connecteam_sync_changes WHERE id > 20")
    return words


def vouched(run: Command) -> Words:
    """Somebody gave their word for a time clock, and visits are paused."""
    words = mirrored(run)
    clock = max(run.sandbox.company.clocks)
    must(run, "clocks", "vouch", str(clock), "--reason", "sold")
    return {**words, "clock": str(clock)}


def strangers(run: Command) -> Words:
    """The host's employees: two of one user, and one of another name than a second user has."""
    users = sorted(run.sandbox.company.people)
    sql(
        run,
        "CREATE TABLE employees (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(191), email VARCHAR(191),"
        " connecteam_user_id INTEGER)",
    )
    must(run, "init")
    sql(run, "INSERT INTO employees (name, connecteam_user_id) VALUES ('Twin', ?), ('Twin', ?)", users[0], users[0])
    sql(run, "INSERT INTO employees (name) VALUES ('Somebody')")
    must(run, "sync", *DAYS, code=3)
    return {"twin": str(users[0]), "user": str(users[1]), "employee": "3"}


def _host(run: Command) -> list[int]:
    """Tables of the host without a unique key; its employees' users."""
    users = sorted(run.sandbox.company.people)
    sql(
        run,
        "CREATE TABLE employees (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(191), email VARCHAR(191),"
        " connecteam_user_id INTEGER)",
    )
    sql(
        run,
        "CREATE TABLE clock_times (id INTEGER PRIMARY KEY AUTOINCREMENT, employee_id INTEGER NOT NULL,"
        " clock_in DATETIME NOT NULL, clock_out DATETIME, total_minutes INTEGER, is_active BOOLEAN NOT NULL,"
        " source VARCHAR(50) NOT NULL)",
    )
    for user in users:
        sql(run, "INSERT INTO employees (name, connecteam_user_id) VALUES (?, ?)", f"P{user}", user)
    must(run, "init")
    return users


def _put(run: Command, source: str) -> None:
    sql(
        run,
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " VALUES (1, '2025-12-02 14:00:00', '2025-12-02 15:00:00', 60, 0, ?)",
        source,
    )


def to_adopt(run: Command) -> Words:
    """A row of the host stands twice."""
    _host(run)
    for _ in range(2):
        _put(run, "connecteam")
    return {}


def adopted(run: Command) -> Words:
    """It was taken over."""
    to_adopt(run)
    must(run, "adopt", "--apply")
    return {}


def by_hand(run: Command) -> Words:
    """A row of ours and one entered by hand stand on the same clock-in."""
    _host(run)
    for source in ("connecteam", "manual"):
        _put(run, source)
    return {}


def closed(run: Command) -> Words:
    """A pay period is closed, and there is a key for certificates, and a next one."""
    words = mirrored(run)
    for name in ("key", "new"):
        key_in(run.folder, name)
    (run.folder / "connecteam-sync.toml").write_text('[payroll]\ncertificate_key = "key"\n')
    must(run, "periods", "close", "2025-12-01..2025-12-11")
    return words


def certified(run: Command) -> Words:
    """It is certified."""
    words = closed(run)
    must(run, "certify", "2025-12-01", "--out", "proof")
    return words


def rekeyed(run: Command) -> Words:
    """It is, and since then another key is configured."""
    words = certified(run)
    (run.folder / "connecteam-sync.toml").write_text('[payroll]\ncertificate_key = "new"\n')
    return words


def tampered(run: Command) -> Words:
    """It is, and since then somebody altered a row."""
    words = certified(run)
    sql(run, "UPDATE clock_times SET total_minutes = total_minutes + 15 WHERE id = 7")
    return words


# -- troubles ----------------------------------------------------------------------------------------------------------


def rings(run: Command) -> Words:
    """A webhook delivered something, and a look followed."""
    words = mirrored(run)
    [(clock,)] = sql(run, "SELECT max(time_clock_id) FROM connecteam_sync_shifts")
    sql(
        run,
        "INSERT INTO connecteam_sync_doorbells (bell_key, number, state, event_type, time_clock_id, received_at,"
        " deliveries, fitted, looks) SELECT 'b-1', 1, 'heard', 'clock_in', ?, 1764600000, 1, 'secret', 1",
        clock,
    )
    sql(
        run,
        "INSERT INTO connecteam_sync_clocks (time_clock_id, name, state, cadence, next_due, days_wanted, lease_until,"
        " failures, successes) VALUES (?, 'Warehouse', 'active', 300, 0, '[]', 0, 0, 0)",
        clock,
    )
    return words


def signs_in(run: Command) -> Words:
    """A person may sign in to the console."""
    words = initialised(run)
    must(run, "console", "user", "add", "Ana", "--role", "viewer")
    return words


def bundled(run: Command) -> Words:
    """A support bundle of the first run."""
    words = mirrored(run)
    must(run, "support-bundle", "--run", "1", "--yes", "--output", "bundle.json.gz")
    return {**words, "bundle": str(run.folder / "bundle.json.gz")}


@contextmanager
def fine(_: Command) -> Iterator[Words]:
    """No trouble."""
    yield {}


@contextmanager
def away(run: Command) -> Iterator[Words]:
    """Connecteam answers nobody."""
    run.sandbox.faults.add("unavailable", times=10**6)
    try:
        yield {}
    finally:
        run.sandbox.faults.clear()


@contextmanager
def bad_key(run: Command) -> Iterator[Words]:
    """Connecteam knows no such key."""
    run.sandbox.faults.add("bad_key", times=10**6)
    try:
        yield {}
    finally:
        run.sandbox.faults.clear()


@contextmanager
def writing(run: Command) -> Iterator[Words]:
    """Another program writes, and does not end."""
    other = sqlite3.connect(run.folder / DATABASE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield {}
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def no_database(_: Command) -> Iterator[Words]:
    """Nobody answers at the address of the database."""
    yield {"CONNECTEAM_SYNC_DATABASE_URL": "mysql://nobody@127.0.0.1:9/x"}


@contextmanager
def elsewhere(_: Command) -> Iterator[Words]:
    """Another time zone is configured."""
    yield {"CONNECTEAM_SYNC_TIMEZONE": "Europe/Berlin"}


@contextmanager
def elsewhere_meanwhile(run: Command) -> Iterator[Words]:
    """Another time zone is configured, and another program writes."""
    with elsewhere(run) as given, writing(run):
        yield given


@contextmanager
def other_prefix(_: Command) -> Iterator[Words]:
    """Our tables are configured to have other names than they have."""
    yield {"CONNECTEAM_SYNC_TABLE_PREFIX": "other_"}


@contextmanager
def no_key(_: Command) -> Iterator[dict[str, str | None]]:
    """Nobody has said which key to use."""
    yield {"CONNECTEAM_SYNC_API_KEY": None}


SECRET = {"CONNECTEAM_SYNC_WEBHOOK_SECRET": "a-secret-of-webhooks"}


@contextmanager
def secret(_: Command) -> Iterator[Words]:
    """There is a secret for webhooks."""
    yield SECRET


@contextmanager
def secret_and_bad_key(run: Command) -> Iterator[Words]:
    """There is one, and Connecteam knows no such key."""
    with bad_key(run):
        yield SECRET


@contextmanager
def secret_and_away(run: Command) -> Iterator[Words]:
    """There is one, and Connecteam answers nobody."""
    with away(run):
        yield SECRET


@contextmanager
def secret_and_writing(run: Command) -> Iterator[Words]:
    """There is one, and another program writes."""
    with writing(run):
        yield SECRET


@contextmanager
def receiver(_: Command) -> Iterator[Words]:
    """Somebody takes the alerts."""
    with receivers.web_server() as hook:
        yield {
            "CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url,
            "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": receivers.SECRET,
        }


@contextmanager
def deaf_receiver(_: Command) -> Iterator[Words]:
    """Nobody answers where alerts are to go."""
    yield {
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": "http://127.0.0.1:9/",
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": receivers.SECRET,
    }
