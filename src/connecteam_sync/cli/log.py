"""The command's log: events in a file or on stderr. Imported only if the configuration asks for it."""

from __future__ import annotations

import logging
import stat
import sys
from collections.abc import Iterable
from logging.handlers import WatchedFileHandler
from pathlib import Path

from connecteam_sync.cli.known_secrets import known_secrets
from connecteam_sync.config import Settings
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present.log_lines import LogFormatter


class _LogFile(WatchedFileHandler):
    """A log file that may be moved away meanwhile (logrotate). If it cannot be written, the command goes on."""

    _is_lost = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 - the standard library's signature
        """Report the first failure on stderr."""
        error = sys.exc_info()[1]
        if not self._is_lost:
            self._is_lost = True
            sys.stderr.write(f"the log cannot be written: {error}; the command goes on without it\n")


def begin_log(settings: Settings, files: Iterable[Path]) -> None:
    """Log every event from now on; `files` are those of the database.

    Raises ConfigurationError if the log file cannot be written, or is no file for a log.
    """
    if settings.log == "off":
        raise ConfigurationError(
            "log_file is set, and log is off", next_step="set log to text or json, or remove log_file"
        )
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if settings.log_file is not None:
        try:
            _require_log(Path(settings.log_file), [*files, *([settings.file] if settings.file else [])])
            handler = _LogFile(settings.log_file, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the log file {settings.log_file} cannot be written: {error}",
                next_step="correct log_file, or the rights of its folder",
            ) from error
    handler.setFormatter(LogFormatter(settings.log, secrets=known_secrets()))
    end_log()
    logger = logging.getLogger("connecteam_sync")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def end_log() -> None:
    """Log nothing more: what another account does is not for the log of this one."""
    logger = logging.getLogger("connecteam_sync")
    for old in [other for other in logger.handlers if not isinstance(other, logging.NullHandler)]:
        logger.removeHandler(old)


def _require_log(file: Path, others: Iterable[Path]) -> None:
    """Raises ConfigurationError if it is not an ordinary file, or one of `others`; neither has to be there yet.

    A pipe would be waited for until somebody reads it, and lines of text would destroy a database.
    """
    mode = file.stat().st_mode if file.exists() else stat.S_IFREG
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
        raise ConfigurationError(
            f"log_file {file} is {kinds.get(stat.S_IFMT(mode), 'a device')}, and not a file",
            next_step="name a file; or remove log_file, and the log goes to stderr",
        )
    for other in others:
        if file.resolve() == other.resolve() or (file.exists() and other.exists() and file.samefile(other)):
            raise ConfigurationError(
                f"log_file {file} is a file that this program needs otherwise: {other}",
                next_step="name a file of its own for the log; or remove log_file, and the log goes to stderr",
            )
