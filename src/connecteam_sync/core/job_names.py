"""What a job is called: its name with that of the job it lies in, or its id where no name is known. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class NamedJob(NamedTuple):
    """A job's own name, and the id of the job that it lies in."""

    name: str
    parent_id: str | None = None


class JobNames:
    """The names of jobs by id. Two jobs may have one name: what counts is always the id."""

    def __init__(self, jobs: Mapping[str, NamedJob] | None = None) -> None:
        self._jobs = jobs or {}

    def of(self, job: str | None, sub_job: str | None = None) -> str:
        """`Picking`, or `Picking / Night` of a sub job; an id where a name is not known; empty without a job."""
        if not job or not sub_job or sub_job == job:
            return self._one(sub_job or job or "")
        return f"{self._one(job)} / {self._own(sub_job)}"

    def known(self, job: str | None, sub_job: str | None = None) -> str | None:
        """The same, only if the name of each of its jobs is known; None without a job."""
        used = {one for one in (job, sub_job) if one}
        used |= {known.parent_id for one in used if (known := self._jobs.get(one)) is not None and known.parent_id}
        return self.of(job, sub_job) if used and all(map(self.has, used)) else None

    def has(self, job: str) -> bool:
        """Whether the name of a job is known."""
        known = self._jobs.get(job)
        return known is not None and bool(known.name.strip())

    def _one(self, job: str) -> str:
        """A job by one id: a shift may name a sub job alone."""
        known = self._jobs.get(job)
        if known is None or not known.parent_id or known.parent_id == job:
            return self._own(job)
        return f"{self._own(known.parent_id)} / {self._own(job)}"

    def _own(self, job: str) -> str:
        return self._jobs[job].name if self.has(job) else job
