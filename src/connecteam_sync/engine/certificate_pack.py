"""The folder of a certificate, or of everybody's timesheets: all of its files at once, or none of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from connecteam_sync.errors import ConfigurationError

CERTIFICATE, SIGNATURE, SIGNERS = "certificate.json", "certificate.json.sig", "allowed_signers"
STAMP = ".tsr"
"""What is behind the name of a signature in that of its time stamp."""
ROWS, HOW_TO_VERIFY = "rows.csv", "VERIFY.txt"
_ANOTHER = "name a folder that does not exist yet, or is empty"


class Pack:
    """A folder that is filled beside its place and moved there by `place`. Left with an error, it is as it was before.

    Only its owner can read it: it has the hours of everybody. Every method raises ConfigurationError if the folder
    cannot be written.
    """

    def __init__(self, out: str | Path, *, what: str = "a certificate is") -> None:
        """`what` is written, for messages. Raises ConfigurationError unless the folder is new or empty, and no symbolic
        link.
        """
        self._out, self._what = Path(out), what
        self._beside: Path | None = None
        self._is_placed = False
        try:
            self._was_there = os.path.lexists(self._out)
            if self._out.is_symlink() or (self._was_there and not self._out.is_dir()):
                raise ConfigurationError(f"{self._out} is no folder, or a symbolic link to one", next_step=_ANOTHER)
            if self._was_there and any(self._out.iterdir()):
                raise ConfigurationError(
                    f"the folder {self._out} is not empty: {self._what} written into a folder of its own",
                    next_step=_ANOTHER,
                )
            if not self._out.name or not self._out.absolute().parent.is_dir():
                raise ConfigurationError(
                    f"the folder above {self._out} does not exist", next_step="create it, or name another one"
                )
        except (OSError, ValueError) as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError | ValueError) -> ConfigurationError:
        why = error.strerror if isinstance(error, OSError) else str(error)
        failed = ConfigurationError(
            f"{self._what} not written to {self._out}: {why}",
            next_step="name another folder, or cure that, and run the command again",
        )
        failed.is_of_file = True
        return failed

    def __enter__(self) -> Self:
        return self

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write the files next to their place, in the place of those written before."""
        try:
            if self._beside is None:
                self._beside = Path(tempfile.mkdtemp(prefix=f".{self._out.name[:100]}.", dir=self._out.parent))
            for name, content in files.items():
                self._write(self._beside / name, content)
        except (OSError, ValueError) as error:
            raise self._failed(error) from error

    @staticmethod
    def _write(file: Path, content: bytes) -> None:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())

    def place(self) -> None:
        """Move all of it to its place: the files are there at once."""
        if self._beside is None:
            return
        try:
            if self._was_there:
                self._out.rmdir()
            self._beside.rename(self._out)
        except OSError as error:
            if self._was_there and not self._out.exists():
                self._out.mkdir()
            raise self._failed(error) from error
        self._is_placed = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_placed and kind is not None:
            # What was to be noted of it was not: nobody may take it for a certificate.
            shutil.rmtree(self._out, ignore_errors=True)
            if self._was_there:
                self._out.mkdir(mode=0o700)
        elif self._beside is not None and not self._is_placed:
            shutil.rmtree(self._beside, ignore_errors=True)
