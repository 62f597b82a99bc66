"""The floor: what decoding, reading and writing cost by themselves, with nothing decided; and comparing.

Each task is a process of its own; the database's part and the decoding are timed, connecting and imports are not.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import answers
import drivers
from job import Job, Timer, main

_HOST = {"employees"}
_PINGS = 100
_MIRROR = "connecteam_sync_shifts"


def fetch(job: Job, timer: Timer) -> dict[str, Any]:
    """Every body over HTTP, thrown away: what the loopback and the upstream cost."""
    client = answers.Client(job.port)
    with timer.running():
        client.people(job.manifest)
        size = sum(len(body) for body in client.bodies(job.manifest))
    return {"bytes": size}


def decode(job: Job, timer: Timer) -> dict[str, Any]:
    """Every body into typed values, one after the other, each forgotten when the next comes."""
    records = size = 0
    for name in answers.files(job.manifest):
        body = (Path(job.folder) / "before" / name).read_bytes()
        size += len(body)
        with timer.running():
            found = answers.DECODE(body)
        records += sum(len(person.shifts) for person in found.data.time_activities_by_users)
        with timer.running():
            del found
    return {"records": records, "bytes": size}


def ping(job: Job, timer: Timer) -> dict[str, Any]:
    """Seconds of one round trip to the database and back, the mean of many."""
    connection = drivers.connect(job.kind, job.where)
    cursor = connection.cursor()
    for _ in range(_PINGS):
        with timer.running():
            cursor.execute("SELECT 1")
        cursor.fetchall()
    connection.close()
    timer.seconds /= _PINGS
    return {}


def read(job: Job, timer: Timer) -> dict[str, Any]:
    """Every row of clock_times and of the mirror of shifts, all columns a comparison needs, times as integers."""
    begin, end = drivers.epoch(job.kind, "clock_in"), drivers.epoch(job.kind, "clock_out")
    options = {"cursor_factory": _binary_cursor()} if job.kind == "postgresql" else {}
    connection = drivers.connect(job.kind, job.where, **options)
    cursor = connection.cursor()
    rows = 0
    for statement in (
        f"SELECT id, employee_id, {begin}, {end}, total_minutes, is_active, source FROM clock_times",
        f"SELECT {_columns(job.kind, cursor, _MIRROR)} FROM {_MIRROR}",
    ):
        with timer.running():
            if job.kind == "postgresql":
                cursor.execute(statement, binary=True)
            else:
                cursor.execute(statement)
            rows += len(cursor.fetchall())
    connection.close()
    return {"rows": rows}


def compare(job: Job, timer: Timer) -> dict[str, Any]:
    """Each decoded shift with its two rows, as plain tuples; decoding and reading are floors of their own.

    Equal is what people, times, zones, jobs and minutes say; more than one in a hundred that differ would mean that the
    wrong things are compared.
    """
    gc.disable()
    mirrored, rows, users = _read_to_compare(job)
    alike = different = 0
    with timer.running():
        by_id = {row[0]: row[1:] for row in mirrored}
        by_key = {row[0]: row[1:] for row in rows}
    for name in answers.files(job.manifest):
        found = answers.DECODE((Path(job.folder) / "before" / name).read_bytes())
        with timer.running():
            for person in found.data.time_activities_by_users:
                user = person.user_id
                employee = users.get(user)
                for shift in person.shifts:
                    row = by_id.get(shift.id)
                    if row is None:  # of the days of padding
                        continue
                    start, end = shift.start, shift.end
                    at, until = start.timestamp, None if end is None else end.timestamp
                    zone = None if end is None else end.timezone
                    told = (user, at, start.timezone, until, zone, shift.job_id, shift.created_at, shift.modified_at)
                    minutes = None if until is None else (until - at) // 60
                    if row[:-1] == told and by_key.get(row[-1]) == (employee, at, until, minutes):
                        alike += 1
                    else:
                        different += 1
    assert different * 100 <= alike, (alike, different)
    return {"rows": alike, "different": different}


def _read_to_compare(job: Job) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], dict[int, int]]:
    """The mirror's rows, those of clock_times, and the employees of users."""
    begin, end = drivers.epoch(job.kind, "clock_in"), drivers.epoch(job.kind, "clock_out")
    connection = drivers.connect(job.kind, job.where)
    cursor = connection.cursor()
    cursor.execute(
        "SELECT id, user_id, start_at, start_timezone, end_at, end_timezone, job_id, upstream_created_at,"
        f" upstream_modified_at, clock_time_id FROM {_MIRROR}"
    )
    mirrored = list(cursor.fetchall())
    cursor.execute(f"SELECT id, employee_id, {begin}, {end}, total_minutes FROM clock_times")
    rows = list(cursor.fetchall())
    cursor.execute("SELECT connecteam_user_id, id FROM employees")
    users = {int(user): key for user, key in cursor.fetchall()}
    connection.close()
    return mirrored, rows, users


def _binary_cursor() -> Any:  # noqa: ANN401 - a class of the driver
    import psycopg  # noqa: PLC0415 - see drivers

    return psycopg.Cursor


def write_clock_times(job: Job, timer: Timer) -> dict[str, Any]:
    """The rows of clock_times in bulk into an empty table with the same key and indexes."""
    return _write(job, timer, {"clock_times"})


def write_all(job: Job, timer: Timer) -> dict[str, Any]:
    """The rows of every table the product wrote, in bulk into empty tables with the same keys and indexes."""
    return _write(job, timer, None)


def _write(job: Job, timer: Timer, wanted: set[str] | None) -> dict[str, Any]:
    """Rows are read beforehand; what is timed begins with rows in memory and ends with the commit."""
    from sqlalchemy import make_url  # noqa: PLC0415 - as the drivers

    source = drivers.connect(job.kind, job.where, **_text_times(job.kind))
    target = drivers.connect(job.kind, make_url(job.blank))
    rows = 0
    for table in _tables(job.kind, target) if wanted is None else wanted:
        found, columns = _rows(job.kind, source, table)
        rows += len(found)
        if found:
            with timer.running():
                _load(job, target, table, found, columns)
    with timer.running():
        target.commit()
    source.close()
    target.close()
    return {"rows": rows}


def _tables(kind: str, target: Any) -> list[str]:  # noqa: ANN401
    """The tables that are empty where the product has not run yet."""
    listing = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }.get(kind, "SHOW TABLES")
    cursor = target.cursor()
    cursor.execute(listing)
    names = [row[0] for row in cursor.fetchall() if row[0] not in _HOST]
    empty = []
    for name in names:
        cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")
        if cursor.fetchone() is None:
            empty.append(name)
    target.commit()
    return sorted(empty)


def _text_times(kind: str) -> dict[str, Any]:
    """MySQL's times as the text LOAD DATA takes: turning them into datetimes and back is nobody's floor."""
    if kind in {"sqlite", "postgresql"}:
        return {}
    return {"conv": dict.fromkeys((1, 2, 3, 8, 9), int)} if drivers.HAS_MYSQLCLIENT else {}


def _columns(kind: str, cursor: Any, table: str) -> str:  # noqa: ANN401
    """Every column of a table that a client writes; MySQL's may have some that the server computes."""
    if kind in {"sqlite", "postgresql"}:
        return "*"
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = %s"
        " AND coalesce(generation_expression, '') = '' ORDER BY ordinal_position",
        (table,),
    )
    # Some drivers give the catalogue's names as bytes.
    return ", ".join(name.decode() if isinstance(name, bytes) else str(name) for (name,) in cursor.fetchall())


def _rows(kind: str, source: Any, table: str) -> tuple[list[tuple[Any, ...]], list[str]]:  # noqa: ANN401
    cursor = source.cursor()
    cursor.execute(f"SELECT {_columns(kind, cursor, table)} FROM {table}")
    return list(cursor.fetchall()), [column[0] for column in cursor.description]


def _load(job: Job, target: Any, table: str, rows: list[tuple[Any, ...]], columns: list[str]) -> None:  # noqa: ANN401
    names = ", ".join(columns)
    cursor = target.cursor()
    if job.kind == "sqlite":
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
    elif job.kind == "postgresql":
        types = _types(target, table, columns)
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    else:
        file = Path(job.scratch) / f"{table}.tsv"
        file.write_text("".join(map(_line, rows)), encoding="utf-8")
        cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} CHARACTER SET utf8mb4 ({names})")
        file.unlink()


def _types(target: Any, table: str, columns: list[str]) -> list[str]:  # noqa: ANN401
    cursor = target.execute(
        "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = %s", (table,)
    )
    types = dict(cursor.fetchall())
    return [types[column] for column in columns]


def _line(row: tuple[Any, ...]) -> str:
    """A row as LOAD DATA reads it."""
    return "\t".join([_field(value) for value in row]) + "\n"


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    text = value.decode() if isinstance(value, bytes) else str(value)
    return text.replace("\\", "\\\\") if "\\" in text else text


if __name__ == "__main__":
    main(
        {
            "fetch": fetch,
            "decode": decode,
            "compare": compare,
            "ping": ping,
            "read": read,
            "write_clock_times": write_clock_times,
            "write_all": write_all,
        }
    )
