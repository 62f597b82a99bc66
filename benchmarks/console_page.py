"""What the first page of the console takes from a warm process, opened over HTTP by somebody who has signed in."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from connecteam_sync.config import Settings
from support.console_site import console_of

_WARM, _TIMES, _HEAD = 5, 40, 6
"""Openings that load code, those that are timed; seconds after which what the pages share is read anew."""


class Job(msgspec.Struct, kw_only=True):
    """A database that was mirrored into, and the upstream's port."""

    url: str
    port: int
    zone: str


def opened(job: Job) -> list[float]:
    """The seconds of each opening."""
    settings = Settings(timezone=job.zone, database_url=job.url, base_url=f"http://127.0.0.1:{job.port}")
    taken = []
    with console_of(settings) as site, site.signed_in("operator") as asking:
        for _ in range(_WARM + _TIMES):
            site.clock.now += _HEAD
            began = time.perf_counter()
            asking.get("/").raise_for_status()
            taken.append(time.perf_counter() - began)
    return taken[_WARM:]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        found = opened(msgspec.json.decode(sys.argv[1], type=Job))
    print(msgspec.json.encode({"seconds": found}).decode())
