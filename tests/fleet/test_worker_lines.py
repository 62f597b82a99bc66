"""What a worker prints about an account names it."""

from __future__ import annotations

import logging
from pathlib import Path

from connecteam_sync.core.events import CallFailed
from connecteam_sync.engine.events import log
from connecteam_sync.worker.lines import OfAccount
from support.fleet_accounts import announced, fleet, until, virtual_host

FAILED = CallFailed(call="sync", error="rejected", exit_code=5, retryable=False)
SAID = "call_failed call=sync error=rejected exit_code=5 retryable=False"


class _Kept(logging.Handler):
    """Keeps what it would print."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """One more."""
        self.lines.append(record.getMessage())


def test_an_event_is_of_the_account_in_hand() -> None:
    """And of none between two turns, also after one that failed; records of others stay as they are."""
    logger, lines, kept = logging.getLogger("connecteam_sync"), OfAccount(), _Kept()
    logger.addFilter(lines)
    logger.addHandler(kept)
    try:
        with lines.about("north"):
            log(FAILED)
            logger.error("another %s", "record")
        log(FAILED)
    finally:
        logger.removeHandler(kept)
        logger.removeFilter(lines)
    assert kept.lines == [f"account north: {SAID}", "another record", SAID]


def test_a_worker_names_the_account_in_every_line_about_one(tmp_path: Path) -> None:
    """A key that is refused: what Celery prints of it says whose it is, as what we print does."""
    with virtual_host() as broker, fleet(tmp_path, "north", "south", CONNECTEAM_SYNC_EXECUTOR="celery") as two:
        two.environment["CONNECTEAM_SYNC_BROKER_URL"] = broker
        (two.folder / "north.key").write_text("of-nobody")
        with two.process("serve", "--json", "--port", "0") as serve, two.process("worker", "--json") as worker:
            announced(serve)
            announced(worker)
            until(lambda: two.looked("south") and "call_failed" in told(two.folder), two)
        about = [line for line in told(two.folder).splitlines() if "call_failed" in line or "no time clock" in line]
        assert all("account north: " in line for line in about), about
        (where,) = [line for line in told(two.folder).splitlines() if "turns are looked for" in line]
        assert f"in {two.folder}/connecteam-sync-control.db, as CONNECTEAM_SYNC_CONTROL_DATABASE_URL is not" in where


def told(folder: Path) -> str:
    """What the worker has printed for people."""
    return "\n".join(file.read_text() for file in folder.glob("worker-*.err"))
