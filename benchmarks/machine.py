"""The machine and the versions a run is about, and the file its results are kept in."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from databases import driver_of
from measure import Bench, ClocksFound, DayFound, Measured, RunFound
from sqlalchemy import create_engine, make_url, text

_PACKAGES = (
    "connecteam-sync",
    "SQLAlchemy",
    "msgspec",
    "httpx2",
    "mysqlclient",
    "PyMySQL",
    "psycopg",
    "dlt",
    "mysql-connector-python",
)


class Record(msgspec.Struct, kw_only=True):
    """Everything a run found. `requests` are the slices and the pages of users of each size.

    `done` are the parts that are finished, with their `seconds`; `absent` is what could not be measured, and why, and
    `failed` which peers ended with an error.
    """

    about: dict[str, str]
    sizes: list[int]
    requests: dict[str, tuple[int, int]]
    results: list[Measured]
    days: list[DayFound] = []
    runs: list[RunFound] = []
    clocks: list[ClocksFound] = []
    done: list[str] = []
    seconds: dict[str, float] = {}
    absent: list[str] = []
    failed: list[str] = []


def processor_name() -> str:
    """The machine's processor, and how many cores of it there are."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return f"{model[1] if model else platform.processor()}, {os.cpu_count()} cores"


def describe(bench: Bench) -> dict[str, str]:
    """Machine, Python, servers, packages, each a name and its value."""
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    about = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor_name(),
        "memory": f"{int(memory[1]) / 1024 / 1024:.0f} GiB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "load at the start": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        "bare interpreter": f"{bench.bare_kib / 1024:.1f} MiB at its peak",
    }
    for kind, server in bench.servers.items():
        if server:
            engine = create_engine(make_url(server).set(drivername=driver_of(kind)))
            with engine.connect() as connection:
                about[kind] = str(connection.execute(text("SELECT version()")).scalar()).split(" on ")[0]
            engine.dispose()
        else:
            with create_engine("sqlite://").connect() as connection:
                about[kind] = str(connection.execute(text("SELECT sqlite_version()")).scalar())
    for package in _PACKAGES:
        try:
            about[package] = version(package)
        except PackageNotFoundError:
            about[package] = "NOT INSTALLED"
    return about
