"""Adopt a table of 1,000,000 rows while another process writes: how long it takes, and how long a writer waits at most.

    python benchmarks/adopt_key.py mysql+pymysql://root@127.0.0.1:3306 postgresql+psycopg://postgres@127.0.0.1/postgres

Each URL is a server; a scratch database is made on it and dropped. ROWS=10000 makes it small.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import uuid
from multiprocessing.synchronize import Event

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.progress import Progress

ROWS = int(os.environ.get("ROWS", "1000000"))
DOUBLES = 500
KEYS = {"postgresql": "BIGSERIAL PRIMARY KEY"}


def write(url: str, stop: Event, results: multiprocessing.Queue[tuple[int, int, list[tuple[float, float]]]]) -> None:
    """Insert and update one row at a time as fast as it goes; (start, seconds) of every transaction."""
    engine = create_engine(url)
    insert = text(
        "INSERT INTO clock_times (employee_id, clock_in, is_active, source) VALUES (:e, :i, :a, 'connecteam')"
    )
    update = text("UPDATE clock_times SET total_minutes = 1 WHERE id = :id")
    times: list[tuple[float, float]] = []
    number = refused = 0
    with engine.connect() as connection:
        while not stop.is_set():
            number += 1
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_800_000_000 + number))
            began = time.perf_counter()
            try:
                with connection.begin():
                    connection.execute(insert, {"e": 1, "i": moment, "a": True})
                    connection.execute(update, {"id": number % ROWS + 1})
            except DBAPIError:
                refused += 1
            times.append((began, time.perf_counter() - began))
    engine.dispose()
    results.put((number, refused, times))


def fill(url: str) -> None:
    """The host's tables: ROWS rows without a key, DOUBLES of them twice."""
    engine = create_engine(url)
    kind = engine.dialect.name
    key = KEYS.get(kind, "BIGINT AUTO_INCREMENT PRIMARY KEY")
    moment = "TIMESTAMP" if kind == "postgresql" else "DATETIME"
    plus = (
        "timestamp '2020-01-01' + n * interval '1 minute'"
        if kind == "postgresql"
        else "'2020-01-01' + INTERVAL n MINUTE"
    )
    digits = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(10))
    powers = len(str(ROWS - 1))
    joined = ", ".join(f"({digits}) d{p}" for p in range(powers))
    number = " + ".join(f"d{p}.n * {10**p}" for p in range(powers))
    with engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE employees (id {key}, name VARCHAR(80), email TEXT, connecteam_user_id VARCHAR(9))")
        )
        connection.execute(
            text(
                f"CREATE TABLE clock_times (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL,"
                f" clock_out {moment}, total_minutes INT, is_active BOOLEAN NOT NULL, source VARCHAR(20) NOT NULL,"
                f" created_at {moment}, updated_at {moment})"
            )
        )
        connection.execute(
            text(
                "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                f" SELECT q.n % 500 + 2, {plus}, {plus}, 0, {'false' if kind == 'postgresql' else '0'}, 'connecteam'"
                f" FROM (SELECT {number} AS n FROM {joined}) q WHERE q.n < {ROWS}"
            )
        )
        connection.execute(
            text(
                "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                f" SELECT employee_id, clock_in, clock_out, 0, is_active, source FROM clock_times WHERE id <= {DOUBLES}"
            )
        )
    engine.dispose()


def measure(server: str) -> str:
    """One line of the table."""
    scratch = f"bench_{uuid.uuid4().hex[:8]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {scratch}"))
    url = make_url(server).set(database=scratch).render_as_string(hide_password=False)
    try:
        fill(url)
        steps: list[tuple[float, str]] = []

        def note(progress: Progress) -> None:
            steps.append((time.perf_counter(), progress.step))

        mirror = ConnecteamSync("unused", settings=Settings(timezone="UTC", database_url=url), on_progress=note)
        mirror.init()
        stop: Event = multiprocessing.Event()
        results: multiprocessing.Queue[tuple[int, int, list[tuple[float, float]]]] = multiprocessing.Queue()
        writer = multiprocessing.Process(target=write, args=(url, stop, results))
        writer.start()
        time.sleep(3)
        began = time.perf_counter()
        run = mirror.adopt()
        ended = time.perf_counter()
        time.sleep(1)
        stop.set()
        number, refused, times = results.get()
        writer.join()
        assert run.exit_code == 0, [slice_.error for slice_ in run.slices]
        assert run.counts.deleted == DOUBLES
        key = next(at for at, step in steps if step == "adding the unique key")
        done = next(at for at, step in steps if step == "proving it" and at > key)
        before = max(spent for at, spent in times if at + spent < began)
        during = [(spent, at - began) for at, spent in times if at + spent >= began and at <= ended]
        longest, at = max(during)
        with mirror.store.connection() as connection:
            name = "mariadb" if getattr(connection.dialect, "is_mariadb", False) else connection.dialect.name
        mirror.close()
        return (
            f"| {name} | {ended - began:.1f} s | {done - key:.1f} s | {longest * 1000:.0f} ms (at {at:.1f} s) |"
            f" {before * 1000:.0f} ms | {number:,} | {refused} |"
        )
    finally:
        with admin.connect() as connection:
            force = " WITH (FORCE)" if "postgresql" in server else ""
            connection.execute(text(f"DROP DATABASE {scratch}{force}"))
        admin.dispose()


if __name__ == "__main__":
    print(f"{ROWS:,} rows, {DOUBLES} doubles, one writer as fast as it goes")
    print("| database | adopt | the key alone | longest wait of the writer | before | transactions | refused |")
    print("|---|---|---|---|---|---|---|")
    for wanted in sys.argv[1:]:
        print(measure(wanted), flush=True)
