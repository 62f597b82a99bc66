"""dlt: a resource of shifts merged into its own table `dlt_clock_times` next to the host's tables.

`delete_insert` merges by the slice a shift was told in, so that shifts deleted upstream go; with the shift's id as a
primary key next to it, a second load of 100,000 rows had not finished on PostgreSQL when it was stopped after 100 s.
`upsert` merges by the shift's id, all that strategy takes. dlt cannot add its columns to a table that has rows,
so the rows entered by hand are loaded into its table first (not timed). PostgreSQL is loaded by COPY from CSV.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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

TABLE = "dlt_clock_times"
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


def _merge(job: Job, timer: Timer, strategy: Literal["delete-insert", "upsert"]) -> dict[str, Any]:
    employees = _employees(job)

    def rows() -> Iterator[list[dict[str, Any]]]:
        for (first, _), slice_ in zip(job.manifest.windows, answers.slices(job.port, job.manifest), strict=True):
            yield [
                _row(row.id, employees[row.user], row.clock_in, row.clock_out, row.minutes, "connecteam", str(first))
                for row in slice_
            ]

    resource = dlt.resource(
        rows,
        name=TABLE,
        primary_key="id" if strategy == "upsert" else None,
        merge_key="slice" if strategy == "delete-insert" else None,
        write_disposition={"disposition": "merge", "strategy": strategy},
        columns=_COLUMNS,
    )
    with timer.running():
        pipeline = _pipeline(job)
    if pipeline.first_run:
        pipeline.run(_by_hand(job), table_name=TABLE, write_disposition="append", columns=_COLUMNS)
    options: dict[str, Any] = {"loader_file_format": "csv"} if job.kind == "postgresql" else {}
    with timer.running():
        pipeline.run(resource, **options).raise_on_failed_jobs()
    return {}


def _pipeline(job: Job) -> dlt.Pipeline:
    where = job.where
    if job.kind == "postgresql":
        # dlt demands a password, also of a server that asks for none.
        trusted = where.set(drivername="postgresql", password=where.password or "none")
        destination: Any = postgres(trusted.render_as_string(hide_password=False))
        dataset = "public"
    else:
        driver = "sqlite" if job.kind == "sqlite" else "mysql+mysqldb"
        destination = sqlalchemy(where.set(drivername=driver).render_as_string(hide_password=False))
        dataset = "main" if job.kind == "sqlite" else str(where.database)
    name = Path(str(where.database)).stem
    return dlt.pipeline(
        pipeline_name=f"bench_{name}",
        pipelines_dir=str(Path(job.scratch) / "dlt"),
        destination=destination,
        dataset_name=dataset,
    )


def _employees(job: Job) -> dict[int, int]:
    connection = drivers.connect(job.kind, job.where)
    cursor = connection.cursor()
    cursor.execute("SELECT connecteam_user_id, id FROM employees")
    found = {int(user): key for user, key in cursor.fetchall()}
    connection.close()
    return found


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
