"""The product as a library call, through its client: from making the object to closing it, imports not included."""

from __future__ import annotations

from typing import Any

from company import ZONE
from job import Job, Timer, main

from connecteam_sync import ConnecteamSync


def sync(job: Job, timer: Timer) -> dict[str, Any]:
    """One sync of the whole window."""
    manifest = job.manifest
    with (
        timer.running(),
        ConnecteamSync("bench", database_url=job.url, timezone=ZONE, base_url=f"http://127.0.0.1:{job.port}") as mirror,
    ):
        run = mirror.sync(mirror.window(manifest.first, manifest.last))
        statements, calls = mirror.statements, mirror.http_calls
    assert run.status in {"applied", "nothing"}, run.errors
    return {"statements": statements, "http_calls": calls, "status": run.status}


if __name__ == "__main__":
    main({"sync": sync})
