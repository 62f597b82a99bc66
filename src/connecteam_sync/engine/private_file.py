"""A file that only its owner can read, written as a whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from connecteam_sync.errors import ConfigurationError


def write_private(path: str | Path, content: bytes, *, what: str) -> None:
    """Write a file atomically, in the place of an older one. `what` it is, for the message of a ConfigurationError.

    A symbolic link is not followed, and only an ordinary file is replaced.
    """
    file = Path(path)
    try:
        mode = file.lstat().st_mode if os.path.lexists(file) else None
        if mode is not None and not stat.S_ISREG(mode):
            kind = "a symbolic link, which is not followed" if stat.S_ISLNK(mode) else "no ordinary file"
            raise ConfigurationError(
                f"the {what} cannot be written to {file}: it is {kind}", next_step="choose another path"
            )
        number, made = tempfile.mkstemp(prefix=f".{file.name[:100]}.", dir=file.parent)
        try:
            with os.fdopen(number, "wb") as opened:
                opened.write(content)
            Path(made).replace(file)
        except OSError:
            Path(made).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(
            f"the {what} cannot be written to {file}: {why}", next_step="choose another path"
        ) from error
