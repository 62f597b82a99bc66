"""A file that is written beside its place, and put there once everything else is ready; taken back if that fails."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from connecteam_sync.errors import ConfigurationError


class FileToPlace:
    """A new file at a path. What is there already is never overwritten, unless it may be (`replaces`).

    Raises ConfigurationError, with the system's own reason, where it cannot be written.
    """

    def __init__(self, path: str | Path, *, what: str, replaces: bool = False) -> None:
        self.path, self._what, self._replaces = Path(path), what, replaces
        self._temporary: Path | None = None
        self._is_placed = False
        self.hash = ""
        try:
            why = self._in_the_way()
        except (OSError, ValueError) as error:
            raise self._failed(_reason(error)) from error
        if why:
            raise self._failed(why)

    def _in_the_way(self) -> str:
        """Why nothing can be written there at all; empty if nothing is seen to be in the way."""
        if not self.path.name or self.path.is_dir():
            return "it is a folder"
        if not self.path.parent.is_dir():
            return f"there is no folder {self.path.parent}"
        is_odd = os.path.lexists(self.path) and not stat.S_ISREG(self.path.lstat().st_mode)
        return "it is there, and is no ordinary file" if is_odd else ""

    def write(self, content: Iterable[bytes]) -> None:
        """Write everything to a temporary file in the same folder, down to the disk; `hash` is its SHA-256."""
        digest = hashlib.sha256()
        try:
            number, made = tempfile.mkstemp(prefix=f".{self.path.name[:100]}.", dir=self.path.parent)
            self._temporary = Path(made)
            with os.fdopen(number, "wb") as opened:
                for part in content:
                    digest.update(part)
                    opened.write(part)
                opened.flush()
                os.fsync(opened.fileno())
        except (OSError, ValueError) as error:
            self.discard()
            raise self._failed(_reason(error)) from error
        self.hash = digest.hexdigest()

    def place(self) -> None:
        """Give the file its name. One that is there with the very same content stays as it is."""
        if self._temporary is None:
            raise AssertionError(self.path)
        try:
            if os.path.lexists(self.path) and not self._replaces:
                if self._hash_there() != self.hash:
                    raise self._failed("it is there already, with another content, and is not overwritten")
                self.discard()
                return
            self._temporary.replace(self.path)
            self._temporary, self._is_placed = None, not self._replaces
            _sync_folder(self.path.parent)
        except OSError as error:
            raise self._failed(_reason(error)) from error

    def discard(self) -> None:
        """Remove the temporary file, if there is one."""
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def take_back(self) -> None:
        """Remove what was placed, and the temporary file; a file that was there before stays."""
        self.discard()
        if self._is_placed:
            self.path.unlink(missing_ok=True)
            self._is_placed = False

    def _hash_there(self) -> str:
        with self.path.open("rb") as opened:
            digest = hashlib.sha256()
            while part := opened.read(1 << 20):
                digest.update(part)
        return digest.hexdigest()

    def _failed(self, why: str) -> ConfigurationError:
        failed = ConfigurationError(
            f"the {self._what} cannot be written to {self.path}: {why}; nothing was exported",
            next_step="name another file, or cure that, and run the command again",
        )
        failed.is_of_file = True
        return failed


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _sync_folder(folder: Path) -> None:
    """Have the disk know the new name before the ledger does; where a folder cannot be opened, the system does it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
