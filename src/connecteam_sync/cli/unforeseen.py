"""Unexpected errors: one line, and the details, without secrets, in a file that only its owner can read."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from connecteam_sync.cli.known_secrets import known_secrets
from connecteam_sync.cli.opened import OPENED
from connecteam_sync.cli.streams import escaped, is_json_wanted
from connecteam_sync.core.events import Unforeseen
from connecteam_sync.core.redaction import secret_forms, without
from connecteam_sync.core.text import one_line
from connecteam_sync.version import __version__

EXIT = 1


def report_unforeseen(error: Exception, *, json_written: bool) -> int:
    """Report what failed, what was written and where the details are; returns the exit code.

    With `--json` the failure is an object, unless the command has already written its one (`json_written`).
    """
    _log(error)
    members = failure(error)
    if is_json_wanted() and not json_written:
        from connecteam_sync.present.json_shapes import SCHEMA, encoded

        sys.stdout.write(escaped(encoded({"schema": SCHEMA, **members}), sys.stdout) + "\n")
    sys.stderr.write(f"{members['message']}; {members['next_step']}\n")
    return EXIT


def failure(error: Exception) -> dict[str, Any]:
    """What failed, for programs; the details are written to a file."""
    kind = type(error).__name__
    description = f"{kind}: {one_line(without_secrets(str(error)), 300)}" if str(error) else kind
    written = _written()
    message = f"something failed that nobody foresaw ({description}); {written}"
    step = f"details, without secrets: {_details(error)}; please report it with them"
    said = {"error": "unforeseen", "message": message, "next_step": step}
    return {"status": "failed", **said, "exit_code": EXIT, "retryable": False}


def _log(error: Exception) -> None:
    """Log the type and the place of the error, not its message, which may contain names."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    event = Unforeseen(error=type(error).__name__, where=where)
    logging.getLogger("connecteam_sync").error(event.name, extra={"connecteam_event": event})


def _written() -> str:
    """Whether the command had committed anything: every part of a run commits as a whole, with its receipt."""
    if not any(mirror.store.commits for mirror in OPENED):
        return "nothing was written"
    return "what was written until then is whole, and on record: connecteam-sync runs"


def _details(error: Exception) -> str:
    """Write the traceback to a new file; returns its path, or why there is none."""
    trace = "".join(traceback.format_exception(error))
    words = [word.split("=", 1)[0] if word.startswith("--") else word for word in sys.argv[1:]]
    head = f"connecteam-sync {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n{' '.join(words)}\n\n"
    try:
        # mkstemp makes a new file with mode 0600 in the folder of this system for temporary files.
        number, path = tempfile.mkstemp(prefix="connecteam-sync-failure-", suffix=".txt")
        with os.fdopen(number, "w", encoding="utf-8", errors="replace") as file:
            file.write(without_secrets(head + trace))
    except OSError as failed:
        return f"none, since no file could be written ({failed.strerror})"
    return path


def without_secrets(text: str) -> str:
    """The text without any secret of the configuration, however it is encoded."""
    return without(text, (form for secret in known_secrets() for form in secret_forms(secret)))
