"""Jobs and their names, sub jobs and deleted ones too, decoded as the rest of Connecteam's responses is (`wire`).

An activity names its job by id alone, and may name one that was deleted since (API, section 11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from connecteam_sync.api.wire import Paging, clipped, read
from connecteam_sync.errors import BadAnswer

PAGE = 500
"""Jobs on one page, the most the API gives."""
_MOST_PAGES = 200


class Jobs(msgspec.Struct):
    """A page of jobs, each still to be decoded."""

    jobs: list[msgspec.Raw]
    paging: Paging | None = None


class Job(msgspec.Struct, frozen=True):
    """A job; `parent_id` is that of the job that a sub job lies in."""

    id: str
    parent_id: str | None = None
    name: str = ""
    code: str = ""
    is_deleted: bool = False


class _Job(msgspec.Struct, rename="camel"):
    job_id: str
    title: str | None = None
    code: str | None = None
    is_deleted: bool | None = None
    parent_id: str | None = None
    sub_jobs: list[msgspec.Raw] | None = None


def query(offset: int) -> dict[str, str | int]:
    """What a page is asked for by. No instance is named: where jobs are not unified, time clocks have none."""
    return {"limit": PAGE, "offset": offset, "sort": "title", "order": "asc", "includeDeleted": "true"}


def every(page: Callable[[int], tuple[Jobs, Paging | None]]) -> tuple[Job, ...]:
    """All jobs by id, page by page from an offset. Whether `total` counts sub jobs is not known, so it is a hint only.

    Raises BadAnswer for a list that does not end.
    """
    found: dict[str, Job] = {}
    offset = 0
    for _ in range(_MOST_PAGES):
        listed, outer = page(offset)
        totals = [paging.total for paging in (listed.paging, outer) if paging and paging.total is not None]
        before = len(found)
        for job in decoded_jobs(listed.jobs):
            # A job that is listed twice is deleted only if both say so.
            if job.id not in found or found[job.id].is_deleted:
                found[job.id] = job
        offset += len(listed.jobs)
        is_last = offset >= totals[0] if totals else len(listed.jobs) < PAGE
        if is_last or len(found) == before:
            return tuple(found[key] for key in sorted(found))
    raise BadAnswer(f"Connecteam's list of jobs does not end: of {offset} listed {len(found)} are different")


def decoded_jobs(raw: Iterable[msgspec.Raw]) -> Iterator[Job]:
    """Jobs and the sub jobs in them. One that cannot be read is left out: it is shown by its id."""
    waiting: list[tuple[msgspec.Raw, str | None]] = [(record, None) for record in raw]
    while waiting:
        record, above = waiting.pop(0)
        job = read(record, _Job)
        if isinstance(job, Exception) or not (known := clipped(job.job_id)):
            continue
        parent = clipped(job.parent_id) or above
        yield Job(
            id=known,
            parent_id=None if parent == known else parent,
            name=clipped(job.title) or "",
            code=clipped(job.code) or "",
            is_deleted=bool(job.is_deleted),
        )
        waiting += [(inner, known) for inner in job.sub_jobs or ()]
