"""How fast doorbells are answered, and how long it takes from one to its row, on each database that answers.

    .venv/bin/python benchmarks/doorbells.py --seconds 20
    .venv/bin/python benchmarks/doorbells.py --rows 1000000

`serve` runs as a process, and this one delivers over real HTTP. The servers are those of the tests. With `--rows` the
tables have as many shifts of earlier years, with their rows.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from earlier import fill
from sqlalchemy import make_url

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.databases import run_statement

SECRET, SETTLE = "a-secret-of-the-benchmark", 10
PER_SECOND, AT_ONCE, PUNCHES = 50, 500, 12


@contextmanager
def serving(environment: dict[str, str], *words: str) -> Iterator[dict[str, Any]]:
    """`serve` as a process; the first line that it prints."""
    command = [sys.executable, "-m", "connecteam_sync", "serve", "--json", "--port", "0", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(10)


def ring(url: str, clock: int, seconds: list[float], statuses: list[int]) -> None:
    """Deliver one, and note how long the answer took."""
    at = urlsplit(url)
    body = json.dumps(
        {
            "requestId": str(uuid.uuid4()),
            "activityType": "shift",
            "eventType": "clock_in",
            "timeClockId": clock,
            "userId": 1,
        }
    )
    began = time.perf_counter()
    line = http.client.HTTPConnection(str(at.hostname), at.port, timeout=30)
    line.request("POST", at.path, body, {"x-webhook-secret": SECRET, "content-type": "application/json"})
    statuses.append(line.getresponse().status)
    seconds.append(time.perf_counter() - began)
    line.close()


def delivered(url: str, clocks: list[int], number: int, per_second: float | None) -> tuple[list[float], float]:
    """Seconds of each answer, sorted, and of all together; every one must be 204."""
    seconds: list[float] = []
    statuses: list[int] = []
    began, threads = time.perf_counter(), []
    for count in range(number):
        thread = threading.Thread(target=ring, args=(url, clocks[count % len(clocks)], seconds, statuses))
        if per_second:
            time.sleep(max(0.0, began + count / per_second - time.perf_counter()))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    assert statuses == [204] * number, {status: statuses.count(status) for status in statuses}
    return sorted(seconds), time.perf_counter() - began


def share(values: list[float], of: float) -> float:
    """A percentile of sorted values."""
    return values[min(len(values) - 1, int(of * len(values)))]


def measure(database: str, seconds: int, rows: int) -> str:
    """A line of figures."""
    company = Company(0)
    with Sandbox(company, SandboxSettings(minute_limit=10**6, day_limit=10**6)) as sandbox:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTEAM_SYNC_")} | {
            "CONNECTEAM_SYNC_DATABASE_URL": database,
            "CONNECTEAM_SYNC_BASE_URL": sandbox.url,
            "CONNECTEAM_SYNC_API_KEY": sandbox.key,
            "CONNECTEAM_SYNC_TIMEZONE": "America/Chicago",
            "CONNECTEAM_SYNC_WEBHOOK_SECRET": SECRET,
            "CONNECTEAM_SYNC_OLDER_DAYS": "0",
            "CONNECTEAM_SYNC_CADENCE_SECONDS": "3600",
        }
        settings = Settings(
            timezone="America/Chicago", database_url=database, base_url=sandbox.url, employees="create", older_days=0
        )
        os.environ["CONNECTEAM_SYNC_WEBHOOK_SECRET"] = SECRET
        with ConnecteamSync(sandbox.key, settings=settings) as mirror:
            mirror.init()
            mirror.sync()
            fill(mirror, rows)
            with serving(environment) as first:
                time.sleep(10)
                clocks = sorted(mirror.mirrored_clocks())
                paced, _ = delivered(first["hooks_url"], clocks, PER_SECOND * seconds, PER_SECOND)
                burst, whole = delivered(first["hooks_url"], clocks, AT_ONCE, None)
                time.sleep(2 * SETTLE)
                mirror.register_webhooks(first["url"])
                lags: list[float] = []
                now = int(time.time())
                for number in range(PUNCHES):
                    shift = company.add(sorted(company.people)[number % 40], now - 7200 - number, None, created_at=now)
                    began = time.time()
                    while not is_there(mirror, shift.id):
                        time.sleep(0.1)
                    lags.append(time.time() - began)
            kept = sum(mirror.doorbell_counts().values())
            assert kept >= PER_SECOND * seconds + AT_ONCE + PUNCHES
    return (
        f"answer at {PER_SECOND}/s p50 {share(paced, 0.5) * 1000:.0f} ms, p99 {share(paced, 0.99) * 1000:.0f} ms;"
        f" {AT_ONCE} at once {whole:.1f} s, the last answer {burst[-1]:.1f} s;"
        f" bell to row p50 {share(sorted(lags), 0.5):.1f} s, p95 {share(sorted(lags), 0.95):.1f} s"
    )


def is_there(mirror: ConnecteamSync, shift: str) -> bool:
    """Whether a shift has a row."""
    with mirror.store.own_rows("looking") as connection:
        query = f"SELECT 1 FROM {mirror.store.own.shifts} WHERE id = '{shift}' AND clock_time_id IS NOT NULL"
        return connection.exec_driver_sql(query).first() is not None


def main() -> None:
    """A line for each database."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--seconds", type=int, default=20, help="how long deliveries come at an even pace")
    options.add_argument("--rows", type=int, default=0, help="shifts of earlier years in the tables")
    given = options.parse_args()
    load = os.getloadavg()[0]
    print(f"load of the machine before: {load:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder:
        print(f"sqlite: {measure(f'sqlite:///{folder}/bells.db', given.seconds, given.rows)}", flush=True)
    for name, server in SERVERS.items():
        if name in ABSENT:
            print(f"{name}: does not answer")
            continue
        scratch = f"cs_bench_{uuid.uuid4().hex[:12]}"
        run_statement(make_url(server), f"CREATE DATABASE {scratch}")
        try:
            url = make_url(server).set(database=scratch).render_as_string(hide_password=False)
            print(f"{name}: {measure(url, given.seconds, given.rows)}", flush=True)
        finally:
            run_statement(make_url(server), f"DROP DATABASE {scratch}")


if __name__ == "__main__":
    main()
