"""Metrics in a file, for Prometheus' textfile collector: replaced as a whole, so that nobody reads half of one."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError

INSTALL = "pip install 'connecteam-sync[service]'"


def is_there() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("prometheus_client") is not None


def require_extra(option: str) -> None:
    """Raises ConfigurationError if metrics are asked for and the extra is missing."""
    if not is_there():
        raise ConfigurationError(f"{option} needs the package prometheus-client", next_step=INSTALL)


def require_place(file: Path) -> None:
    """Raises ConfigurationError if the extra is missing, or if nothing can ever be written there."""
    require_extra("--metrics-file")
    try:
        is_possible = bool(file.name) and file.parent.is_dir() and (not file.exists() or file.is_file())
    except (OSError, ValueError):
        is_possible = False
    if not is_possible or file.is_symlink() or not os.access(file.parent, os.W_OK):
        raise ConfigurationError(
            f"the metrics cannot be written to {str(file)[:200]!r}",
            next_step="name a file, such as /var/lib/node_exporter/connecteam_sync.prom, in a folder that is there",
        )


def write(client: ConnecteamSync, file: Path) -> str:
    """Replace the file; why that was not possible, or an empty text. It is readable for everybody."""
    from connecteam_sync.service.metrics import Metrics  # noqa: PLC0415 - an extra

    try:
        page, _ = Metrics(client).text()
    except ConnecteamSyncError as error:
        return f"the metrics were not written: {error.message}"
    return replaced(file, page)


def replaced(file: Path, page: bytes) -> str:
    """Replace a file as a whole; why that was not possible, or an empty text."""
    try:
        number, path = tempfile.mkstemp(prefix=f".{file.name[:100]}.", dir=file.parent)
        try:
            with os.fdopen(number, "wb") as made:
                made.write(page)
            Path(path).chmod(0o644)
            Path(path).replace(file)
        except OSError:
            Path(path).unlink(missing_ok=True)
            raise
    except OSError as error:
        return f"the metrics were not written: {error.strerror}"
    return ""
