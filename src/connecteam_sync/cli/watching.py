"""What goes with a run of the mirror: its looks are counted, people are told, and its metrics are written to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connecteam_sync.cli.output import Report
from connecteam_sync.core.run import Run
from connecteam_sync.errors import (
    ConfigurationError,
    ConnecteamSyncError,
    DatabaseUnavailable,
    NotInitialised,
    WindowError,
)

if TYPE_CHECKING:
    from connecteam_sync.alerts.telling import Teller
    from connecteam_sync.client import ConnecteamSync

MetricsFile = Annotated[
    Optional[Path],
    typer.Option("--metrics-file", metavar="FILE", help="Write metrics there for Prometheus' textfile collector."),
]
OnTrouble = Annotated[
    Optional[str],
    typer.Option("--on-trouble", metavar="COMMAND", help="Run this when trouble begins, and when it ends."),
]


class Watch:
    """The looks of one command."""

    def __init__(self, mirror: ConnecteamSync, teller: Teller) -> None:
        self._mirror, self._teller = mirror, teller

    def looked(self, run: Run, *, is_every: bool) -> Run:
        """Count a run as a look, and tell; `is_every`: of all time clocks that are mirrored. Raises nothing."""
        from connecteam_sync.core.looks import looks_of

        self._teller.tell(
            looks_of([run], today=self._mirror.today(), is_every=is_every, without=self._mirror.archived_clocks)
        )
        return run

    def failed(self, error: ConnecteamSyncError) -> None:
        """Count an error as a look that failed, and tell. Raises nothing."""
        from connecteam_sync.core.looks import LooksOf, bad_look

        if isinstance(error, NotInitialised | WindowError):
            return
        if isinstance(error, DatabaseUnavailable):
            self._teller.away(error.message)
        elif isinstance(error, ConfigurationError):
            self._teller.tell()  # nothing was looked at, so that by now the mirror may be stale
        else:
            self._teller.tell(LooksOf(failed=bad_look(error.name, error.message)))


@contextmanager
def watched(mirror: ConnecteamSync, report: Report, *, on_trouble: str | None, metrics: Path | None) -> Iterator[Watch]:
    """Around a look. What is configured is checked before it; an error of it is counted and told, and goes on."""
    from connecteam_sync.alerts.receivers import receivers_of
    from connecteam_sync.alerts.telling import Teller

    receivers = receivers_of(mirror.settings, command=on_trouble)
    with measured(mirror, report, metrics):
        watch = Watch(mirror, Teller(mirror, receivers, note=report.note))
        try:
            yield watch
        except ConnecteamSyncError as error:
            watch.failed(error)
            raise


@contextmanager
def measured(mirror: ConnecteamSync, report: Report, file: Path | None) -> Iterator[None]:
    """Around a run: the metrics are written whatever becomes of it. A file that can never be written is refused first.

    Raises ConfigurationError before anything runs, also if the extra is missing.
    """
    if file is None:
        yield
        return
    from connecteam_sync.service.metrics_file import require_place, write

    require_place(file)
    try:
        yield
    finally:
        problem = write(mirror, file)
        report.note(problem)
