"""Databases as every version of our tables left them: kept as text, loaded into each database, and written.

`python tests/kept_dumps.py` writes the dump of the version that the program makes now: before a new migration is added.
A dump is invented: a few shifts of a small company, mirrored, corrected, locked and held, and a row of each table.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import uuid
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, make_url, text

from conftest import SERVERS
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import LUNCH, WAREHOUSE, Activity
from connecteam_sync.sandbox.settings import SandboxSettings as Behaviour
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.own import KINDS
from connecteam_sync.store.tables.ownership import OLD_KINDS, OLD_VERSION, old_name
from connecteam_sync.store.tables.schema import VERSION
from support.databases import run_statement
from support.scenario import World

FOLDER = Path(__file__).parent / "dumps"
VERSIONS = tuple(sorted(path.name for path in FOLDER.iterdir())) if FOLDER.is_dir() else ()
PREFIX = "connecteam_sync_"
SERVER_KEPT = ("row_digest", "touched_at")
"""What the server fills in by itself."""
DAY = date(2025, 12, 1)


# -- loading -----------------------------------------------------------------------------------------------------------


def family_of(connection: Connection | Engine) -> str:
    """The family of a database: MariaDB reads what MySQL does."""
    return {"mariadb": "mysql"}.get(connection.dialect.name, connection.dialect.name)


def engine_of(database: str) -> Engine:
    """A database by itself, each statement committed, in which a backslash is a backslash."""
    engine = create_engine(database_url(database), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    if family_of(engine) == "mysql":

        @event.listens_for(engine, "connect")
        def plain(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own connection
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")

    return engine


def statements_of(script: str) -> list[str]:
    """The statements of a file: each ends with a semicolon at the end of its line."""
    found = []
    for statement in script.split(";\n"):
        lines = [line for line in statement.splitlines() if line.strip() and not line.startswith("--")]
        if lines:
            found.append("\n".join(lines))
    return found


def run_script(connection: Connection, script: str) -> None:
    """Every statement of a script."""
    for statement in statements_of(script):
        connection.exec_driver_sql(statement)


def load(connection: Connection, version: str, data: str | None = None) -> None:
    """Make an empty database what this version left; `data` are other rows than those that are kept."""
    run_script(connection, (FOLDER / version / f"{family_of(connection)}.sql").read_text())
    run_script(connection, data or (FOLDER / version / "data.sql").read_text())
    if family_of(connection) != "postgresql":
        return
    for table in inspect(connection).get_table_names():
        if connection.scalar(
            text(
                "SELECT pg_get_serial_sequence(c, 'id') FROM (SELECT CAST(:t AS text)) x (c)"
                " WHERE EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = :t"
                " AND column_name = 'id')"
            ),
            {"t": table},
        ):
            newest = f"(SELECT coalesce(max(id), 0) + 1 FROM {table})"
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {newest}, false)"))


def empty(connection: Connection) -> None:
    """Drop every table."""
    family = family_of(connection)
    if family == "postgresql":
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        return
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f"DROP TABLE {table}")


# -- what is there -----------------------------------------------------------------------------------------------------

_CATALOGUES = {
    "mysql": (
        (
            "SELECT table_name, column_name, column_type, is_nullable, column_default, extra, generation_expression,"
            " collation_name FROM information_schema.columns WHERE table_schema = database()"
        ),
        (
            "SELECT table_name, index_name, non_unique, seq_in_index, column_name, sub_part"
            " FROM information_schema.statistics WHERE table_schema = database()"
        ),
        "SELECT table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = database()",
    ),
    "postgresql": (
        (
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,"
            " pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid"
            " AND d.adnum = a.attnum WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0"
            " AND NOT a.attisdropped"
        ),
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        (
            "SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
            " WHERE c.connamespace = 'public'::regnamespace AND c.contype <> 'n'"
        ),
        (
            "SELECT c.relname, s.relname, pg_get_serial_sequence(c.relname, 'id') FROM pg_class c JOIN pg_depend d"
            " ON d.refobjid = c.oid JOIN pg_class s ON s.oid = d.objid WHERE s.relkind = 'S'"
        ),
    ),
    "sqlite": (
        (
            'SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden FROM sqlite_master m'
            " JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'"
        ),
        (
            'SELECT m.name, i.name, i."unique", i.origin, x.seqno, x.name FROM sqlite_master m'
            " JOIN pragma_index_list(m.name) i JOIN pragma_index_xinfo(i.name) x WHERE m.type = 'table' AND x.key"
        ),
        "SELECT name, instr(sql, 'AUTOINCREMENT') > 0 FROM sqlite_master WHERE type = 'table'",
    ),
}


def catalogue(connection: Connection) -> set[tuple[object, ...]]:
    """Columns with types and defaults, indexes and keys of our tables, whatever the order of columns is."""
    found = {
        (number, *(part.decode() if isinstance(part, bytes) else part for part in row))
        for number, asked in enumerate(_CATALOGUES[family_of(connection)])
        for row in connection.execute(text(asked))
    }
    return {_alike(row) for row in found if str(row[1]).startswith(PREFIX)}


def _alike(row: tuple[object, ...]) -> tuple[object, ...]:
    """Migration 0010 leaves a default behind on MySQL and MariaDB, which no statement of ours needs."""
    if row[1:3] == (f"{PREFIX}locked_days", "timezone") and row[5] in {"", "''"}:
        return (*row[:5], None, *row[6:])
    return row


def rows_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Every row of a table, without what the server fills in by itself."""
    found = [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
    return sorted(({name: row[name] for name in row if name not in SERVER_KEPT} for row in found), key=repr)


def name_in(version: str, kind: str) -> str:
    """What a table of ours was called in a version."""
    return old_name(kind) if version <= OLD_VERSION and kind in OLD_KINDS else PREFIX + kind


def data_of(connection: Connection, version: str) -> dict[str, list[dict[str, Any]]]:
    """What is in our tables, by kind, under the names of a version."""
    there = set(inspect(connection).get_table_names())
    kinds = OLD_KINDS if version <= OLD_VERSION else KINDS
    return {
        kind: rows_of(connection, name_in(version, kind))
        for kind in kinds
        if kind != "version" and name_in(version, kind) in there
    }


# -- the life that a dump is of ----------------------------------------------------------------------------------------


def company(*, is_later: bool) -> Company:
    """Three people and their shifts, at first or as they were in the end. Nothing of it is drawn."""
    made = Company(0, people=3)
    made.clocks = {WAREHOUSE: made.clocks[WAREHOUSE]}
    first, second, third = sorted(made.people)

    def add(name: str, user: int, day: int, begin: str, end: str, **more: Any) -> None:  # noqa: ANN401 - any field
        at = date(2025, 12, day)
        start, stop = made.at(at, begin), made.at(at, end)
        more = {"kind": "shift", "job_id": "job-1", **more}
        made.activities[name] = Activity(
            id=name, user_id=user, clock_id=WAREHOUSE, start=start, end=stop, timezone=made.timezone, created_at=start,
            **more,
        )  # fmt: skip

    for user in (first, second, third):
        made.people[user].clocks = {WAREHOUSE}
    add("kept-1", first, 1, "08:00", "16:35" if is_later else "16:30")
    add("kept-2", second, 1, "09:00", "17:00")
    add("kept-3", first, 2, "08:00", "17:15" if is_later else "16:30")
    if not is_later:
        add("kept-4", second, 2, "09:00", "17:00")
    add("kept-5", third, 3, "22:00", "30:00")
    add("kept-break", first, 2, "12:00", "12:30", kind="manual_break", break_type=LUNCH, job_id=None)
    return made


_BY_HAND = """
INSERT INTO connecteam_sync_adoptions (run_id, had_key, indexes, backup_table, backup_rows, backup_checksum)
  VALUES (1, 0, '[]', NULL, 0, 'c0ffee');
INSERT INTO connecteam_sync_references (run_id, table_name, column_name, row_key, from_id, to_id)
  VALUES (1, 'payslip_lines', 'clock_time_id', '[7]', 901, 902);
INSERT INTO connecteam_sync_vouches (time_clock_id, at, actor, reason)
  VALUES (4100003, 1764900000, 'Ana', 'the old depot is empty');
INSERT INTO connecteam_sync_clocks (time_clock_id, name, state, cadence, next_due, days_wanted, lease_until, failures,
  successes, paused_at, paused_by, paused_reason)
  VALUES (4100001, 'Warehouse', 'paused', 300, 1764600000, '[["2025-12-01","2025-12-02"]]', 0, 0, 3, 1764590000, 'ann',
  'stocktaking');
INSERT INTO connecteam_sync_days (day, timezone, first_instant, last_instant)
  VALUES ('2025-12-01', 'America/Chicago', 1764568800, 1764655199);
INSERT INTO connecteam_sync_break_types (time_clock_id, id, name, is_paid, minutes, is_listed, seen_at)
  VALUES (4100001, 'kept-type', 'Lunch', 0, 30, 1, 1764600000);
INSERT INTO connecteam_sync_service (name, value, at) VALUES ('kept', 'by a service', 1764600000);
INSERT INTO connecteam_sync_doorbells (bell_key, number, state, kind, event_type, time_clock_id, activity_id, user_id,
  event_at, received_at, deliveries, fitted, looks, heard_at, run_id, found)
  VALUES ('kept-bell', 1, 'heard', 'shift', 'clock_in', 4100001, 'shift-1', 101, 1764600000, 1764600001, 2, 'secret', 1,
  1764600012, 1, 'change');
INSERT INTO connecteam_sync_announced (change_id, time_clock_id, shift_id, kind, at, is_announced)
  VALUES (1, 4100001, 'shift-1', 'create', 1764600012, 1);
INSERT INTO connecteam_sync_looks (time_clock_id, first_look, last_look, last_good, fresh, looks, bad, good, bad_since,
  trouble_since, error)
  VALUES (4100001, 1764600000, 1764600600, 1764600300, 1764600300, 3, 1, 0, 1764600600, NULL, '{"name":"unavailable"}');
INSERT INTO connecteam_sync_alerts (name, state, number, began_at, changed_at, is_counted, good, looks, message,
  next_step, told)
  VALUES ('mirror_stale', 'well', 1, 1764600000, 1764603600, 1, 3, 7, 'no good look', 'connecteam-sync doctor', '{}');
INSERT INTO connecteam_sync_proofs (day, timezone, proven_at, run_id, exit_code, seen_change)
  VALUES ('2025-11-30', 'America/Chicago', 1764600000, 1, 0, 1);
INSERT INTO connecteam_sync_quiet_looks (time_clock_id, day, timezone, first_at, last_at, looks, http_calls, newest_run,
  newest_receipt)
  VALUES (4100001, '2025-11-01', 'America/Chicago', 1761970000, 1762050000, 280, 280, 1, '{}');
INSERT INTO connecteam_sync_assignments (user_id, asked_at, time_clocks) VALUES (101, 1764600000, '[4100001]');
INSERT INTO connecteam_sync_console_users (name_key, name, role, secret_hash, made_at, changed_at, generation)
  VALUES ('ana', 'Ana', 'operator', '$argon2id$kept', 1764600000, 1764600000, 1);
INSERT INTO connecteam_sync_audit (at, by_whom, trigger_kind, action, subject, detail, run_id)
  VALUES (1764600000, 'Ana', 'person', 'sync', '2025-12-01', '', 1);
INSERT INTO connecteam_sync_kept_plans (fingerprint, made_at, made_by, state, run_id, plan)
  VALUES ('kept-plan', 1764600000, 'Ana', 'applied', 1, '{}');
INSERT INTO connecteam_sync_timesheets (user_id, day, timezone, time_clock_id, minutes, run_id, seen_at)
  VALUES (101, '2025-12-01', 'America/Chicago', 4100001, 480, 1, 1764600000);
UPDATE connecteam_sync_runs SET asked_by = 'Ana', trigger_kind = 'person' WHERE id = 1;
INSERT INTO connecteam_sync_periods (first_day, timezone, last_day, state, changed_at, event_id)
  VALUES ('2025-11-17', 'America/Chicago', '2025-11-30', 'closed', 1764600000, 1);
INSERT INTO connecteam_sync_period_events (first_day, last_day, timezone, kind, at, actor, reason, anyway, checked)
  VALUES ('2025-11-17', '2025-11-30', 'America/Chicago', 'close', 1764600000, 'Ana', 'paid', 0, '{}');
INSERT INTO connecteam_sync_person_locks (day, timezone, source, time_clock_id, user_id, locked_at, event_id)
  VALUES ('2025-11-30', 'America/Chicago', 'connecteam_lock', 4100001, 101, 1764600000, 1);
INSERT INTO connecteam_sync_corrections (employee_id, user_id, time_clock_id, subject, shift_id, clock_time_id, day,
  timezone, kind, minutes_before, minutes_after, delta_minutes, content, seen_at, run_id, cause, state)
  VALUES (1, 101, 4100001, 'shift:kept-9', 'kept-9', 901, '2025-11-30', 'America/Chicago', 'changed', 480, 510, 30,
  '{}', 1764600000, 1, 'clock-out corrected', 'pending');
INSERT INTO connecteam_sync_exports (first_day, last_day, timezone, format, at, actor, file_name, file_hash, file_lines,
  minutes, corrections, reason)
  VALUES ('2025-11-17', '2025-11-30', 'America/Chicago', 'csv', 1764600000, 'Ana', 'hours.csv', 'c0ffee', 3, 1440, '[]',
  '');
INSERT INTO connecteam_sync_certificates (first_day, last_day, timezone, at, actor, payload, payload_hash, signature,
  public_key)
  VALUES ('2025-11-17', '2025-11-30', 'America/Chicago', 1764600000, 'Ana', '{}', 'c0ffee', 'signed',
  'ssh-ed25519 key');
INSERT INTO connecteam_sync_jobs (id, parent_id, name, code, is_deleted, is_listed, seen_at)
  VALUES ('kept-job', NULL, 'Picking', 'PICK', 0, 1, 1795837612);
INSERT INTO connecteam_sync_purges (first_day, last_day, timezone, with_rows, state, begun_at, done_at, actor, counts,
  first_entry, last_entry)
  VALUES ('2021-01-01', '2021-12-31', 'America/Chicago', 1, 'done', 1764600000, 1764600060, 'Ana', '{"entries":3}',
  1, 3);
INSERT INTO connecteam_sync_legal_holds (employee_id, at, actor, reason, released_at, released_by, released_reason)
  VALUES (1, 1764600000, 'Ana', 'a lawsuit', 1764603600, 'Ben', 'settled');
INSERT INTO connecteam_sync_erasures (employee_id, at, actor, counts)
  VALUES (2, 1764600000, 'Ana', '{"users":1,"receipts":2,"holds":0}');
"""
"""What only `adopt`, a service, the console and `init --views` write, and a word for a time clock that is no more."""


def live(database: str) -> None:
    """Mirror the company, correct it, close a day, hold what changed on it, and acknowledge that."""
    with Sandbox(company(is_later=False), Behaviour(minute_limit=1_000_000)) as before:
        world = World(before, database)
        assert world.sync().status == "applied"
        before.company.activities = company(is_later=True).activities
        world.lock(DAY)
        assert (world.sync().counts.updated, world.reasons()) == (1, ["locked_day"])
        world.mirror.acknowledge_holds([hold.id for hold in world.mirror.holds()], by="Ana", reason="told payroll")
        for _ in range(2):
            assert world.sync().status == "nothing"
        world.mirror.close()
    with engine_of(database).connect() as connection:
        run_script(connection, _BY_HAND)


# -- keeping -----------------------------------------------------------------------------------------------------------


def schema_script(connection: Connection) -> str:
    """The statements that make every table as it is."""
    family = family_of(connection)
    if family == "sqlite":
        asked = (
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY type DESC, name"
        )
        made = [str(row[0]) for row in connection.execute(text(asked))]
    elif family == "mysql":
        names = sorted(inspect(connection).get_table_names())
        made = [str(connection.execute(text(f"SHOW CREATE TABLE {name}")).one()[1]) for name in names]
        made = [_for_both(one) for one in made]
    else:
        url = connection.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        said = subprocess.run(  # noqa: S603 - the database's own program
            ["pg_dump", "--schema-only", "--no-owner", "--no-privileges", url],  # noqa: S607 - same
            capture_output=True, check=True, text=True, timeout=60,
        ).stdout  # fmt: skip
        odd = ("SET ", "SELECT ", "\\")
        made = [one for one in statements_of(said) if not one.startswith(odd)]
        made = [re.sub(r"^\\.*\n", "", one, flags=re.MULTILINE) for one in made]
    lines = (re.sub(r"\n\s+", "\n  ", re.sub(r" *\n\)", "\n)", one.strip())) for one in made)
    return "".join(f"{one};\n" for one in lines)


def _for_both(statement: str) -> str:
    """What MySQL says of a table of its own, for MariaDB to read as well."""
    for odd in (r" AUTO_INCREMENT=\d+", r" COLLATE[ =]utf8mb4_0900_ai_ci"):
        statement = re.sub(odd, "", statement)
    return statement.replace("/*!80023 INVISIBLE */", "/*!80023 INVISIBLE */ /*M!100303 INVISIBLE */")


def literal(value: object) -> str:
    """A value as every database reads it."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value).upper()
    return "'" + str(value).replace("'", "''") + "'"


def insert(table: str, row: dict[str, Any]) -> str:
    """A row as a statement."""
    return f"INSERT INTO {table} ({', '.join(row)})\n  VALUES ({', '.join(map(literal, row.values()))});\n"


def data_script(connection: Connection, version: str, lived: Connection) -> str:
    """The rows of a life, those of their columns that the tables of this version have; `lived` is on SQLite."""
    look, parts = inspect(connection), []
    for table, kind in [("employees", ""), ("clock_times", ""), *((name_in(version, kind), kind) for kind in KINDS)]:
        if not look.has_table(table):
            continue
        columns = [column["name"] for column in look.get_columns(table) if column["name"] not in SERVER_KEPT]
        if kind == "version":
            parts.append(insert(table, {"version_num": version}))
            continue
        for row in rows_of(lived, PREFIX + kind if kind else table):
            if table == "clock_times":
                row["is_active"] = bool(row["is_active"])
            parts.append(insert(table, {name: row[name] for name in columns}))
    return "".join(parts)


def keep(version: str, connection: Connection, lived: Connection) -> None:
    """Write the dump of a database that has the tables of a version."""
    folder = FOLDER / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{family_of(connection)}.sql").write_text(schema_script(connection))
    if family_of(connection) == "sqlite":
        (folder / "data.sql").write_text(data_script(connection, version, lived))


def main() -> None:
    """Keep what the program makes now, on SQLite, MySQL and PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"sqlite:///{folder}/lived.db"
        live(file)
        with engine_of(file).connect() as lived:
            keep(VERSION, lived, lived)
            for name in ("mysql", "postgresql"):
                server, scratch = make_url(SERVERS[name]), f"cs_kept_{os.getpid()}_{uuid.uuid4().hex[:6]}"
                run_statement(server, f"CREATE DATABASE {scratch}")
                try:
                    url = server.set(database=scratch).render_as_string(hide_password=False)
                    store = Store(url)
                    store.init()
                    store.close()
                    with engine_of(url).connect() as connection:
                        keep(VERSION, connection, lived)
                finally:
                    run_statement(server, f"DROP DATABASE {scratch}")


if __name__ == "__main__":
    main()
