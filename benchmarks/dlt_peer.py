"""dlt: a resource of shifts merged into its own table `dlt_clock_times` next to the host's tables.

`delete_insert` merges by the slice a shift was told in, so that shifts deleted upstream go; with the shift's id as a
primary key next to it, a second load of 100,000 rows had not finished on PostgreSQL when it was stopped after 100 s.
`upsert` merges by the shift's id, all that strategy takes. dlt cannot add its columns to a table that has rows,
so the rows entered by hand are loaded into its table first (not timed). PostgreSQL is loaded by COPY from CSV.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import answers
import dlt
import drivers
import msgspec
from dlt.destinations import postgres, sqlalchemy
from job import Job, Timer, main
from sqlalchemy import URL

TABLE = "dlt_clock_times"
Strategy = Literal["delete-insert", "upsert"]
_COLUMNS: dict[str, Any] = {
    "clock_in": {"data_type": "timestamp"},
    "clock_out": {"data_type": "timestamp", "nullable": True},
    "total_minutes": {"data_type": "bigint", "nullable": True},
}


def delete_insert(job: Job, timer: Timer) -> dict[str, Any]:
    """The default strategy."""
    return _merge(job, timer, "delete-insert")


def upsert(job: Job, timer: Timer) -> dict[str, Any]:
    """PostgreSQL only: the other destination does not have it."""
    return _merge(job, timer, "upsert")


def _merge(job: Job, timer: Timer, strategy: Strategy) -> dict[str, Any]:
    employees = employees_of(job.kind, job.where)

    def rows() -> Iterator[list[dict[str, Any]]]:
        for (first, _), slice_ in zip(job.manifest.windows, answers.slices(job.port, job.manifest), strict=True):
            yield told(slice_, employees, str(first))

    with timer.running():
        pipeline = pipeline_of(job.kind, job.where, job.scratch)
    if pipeline.first_run:
        pipeline.run(_by_hand(job), table_name=TABLE, write_disposition="append", columns=_COLUMNS)
    with timer.running():
        load(pipeline, job.kind, rows, strategy)
    return {}


def load(
    pipeline: dlt.Pipeline, kind: str, rows: Callable[[], Iterator[list[dict[str, Any]]]], strategy: Strategy
) -> None:
    """Merge rows into dlt's table."""
    resource = dlt.resource(
        rows,
        name=TABLE,
        primary_key="id" if strategy == "upsert" else None,
        merge_key="slice" if strategy == "delete-insert" else None,
        write_disposition={"disposition": "merge", "strategy": strategy},
        columns=_COLUMNS,
    )
    options: dict[str, Any] = {"loader_file_format": "csv"} if kind == "postgresql" else {}
    pipeline.run(resource, **options).raise_on_failed_jobs()


def pipeline_of(kind: str, where: URL, scratch: str) -> dlt.Pipeline:
    """A pipeline into a database, whose own files are in `scratch`."""
    if kind == "postgresql":
        # dlt demands a password, also of a server that asks for none.
        trusted = where.set(drivername="postgresql", password=where.password or "none")
        destination: Any = postgres(trusted.render_as_string(hide_password=False))
        dataset = "public"
    else:
        driver = "sqlite" if kind == "sqlite" else "mysql+mysqldb"
        destination = sqlalchemy(where.set(drivername=driver).render_as_string(hide_password=False))
        dataset = "main" if kind == "sqlite" else str(where.database)
    name = Path(str(where.database)).stem
    return dlt.pipeline(
        pipeline_name=f"bench_{name}",
        pipelines_dir=str(Path(scratch) / "dlt"),
        destination=destination,
        dataset_name=dataset,
    )


def employees_of(kind: str, where: URL) -> dict[int, int]:
    """The employees of Connecteam's users."""
    connection = drivers.connect(kind, where)
    cursor = connection.cursor()
    cursor.execute("SELECT connecteam_user_id, id FROM employees")
    found = {int(user): key for user, key in cursor.fetchall()}
    connection.close()
    return found


def told(shifts: Iterable[answers.Row], employees: dict[int, int], slice_: str) -> list[dict[str, Any]]:
    """Shifts of a slice as dlt is given them."""
    return [
        _row(row.id, employees[row.user], row.clock_in, row.clock_out, row.minutes, "connecteam", slice_)
        for row in shifts
    ]


def _row(
    key: str, employee: int, begin: int, end: int | None, minutes: int | None, source: str, told: str
) -> dict[str, Any]:
    return {
        "id": key,
        "employee_id": employee,
        "clock_in": datetime.fromtimestamp(begin, UTC),
        "clock_out": None if end is None else datetime.fromtimestamp(end, UTC),
        "total_minutes": minutes,
        "is_active": end is None,
        "source": source,
        "slice": told,
    }


def _by_hand(job: Job) -> list[dict[str, Any]]:
    rows = msgspec.json.decode((Path(job.folder) / "manual.json").read_bytes())
    return [
        _row(f"manual-{n}", employee, begin, end, minutes, "manual", "manual")
        for n, (employee, begin, end, minutes) in enumerate(rows)
    ]


if __name__ == "__main__":
    main({"delete_insert": delete_insert, "upsert": upsert})
