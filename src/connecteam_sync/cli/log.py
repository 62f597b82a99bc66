"""The command's log: events in a file or on stderr. Imported only if the configuration asks for it."""

from __future__ import annotations

import logging
import sys
from logging.handlers import WatchedFileHandler

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


def begin_log(settings: Settings) -> None:
    """Log every event from now on. Raises ConfigurationError if the file cannot be written."""
    if settings.log == "off":
        raise ConfigurationError(
            "log_file is set, and log is off", next_step="set log to text or json, or remove log_file"
        )
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if settings.log_file is not None:
        try:
            handler = _LogFile(settings.log_file, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the log file {settings.log_file} cannot be written: {error}",
                next_step="correct log_file, or the rights of its folder",
            ) from error
    handler.setFormatter(LogFormatter(settings.log, secrets=known_secrets()))
    logger = logging.getLogger("connecteam_sync")
    for old in [other for other in logger.handlers if not isinstance(other, logging.NullHandler)]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
