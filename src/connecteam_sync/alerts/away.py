"""Looks that failed while the database was away: counted in a file of `state_dir`, or by this process alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from connecteam_sync.core.alerts import retry_in
from connecteam_sync.core.looks import BAD_LOOKS, BadLook

_LARGEST = 10_000


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a row the database did not answer, since when (epoch seconds), and who was told.

    `attempts` to tell the others failed, the next is due at `next_try`.
    """

    bad: int = 0
    since: int = 0
    message: str = ""
    told: tuple[str, ...] = ()
    attempts: int = 0
    next_try: int = 0

    @property
    def is_trouble(self) -> bool:
        """Whether it is enough to be told."""
        return self.bad >= BAD_LOOKS

    @property
    def error(self) -> BadLook:
        """As it is kept with the looks."""
        return BadLook(name="database_unavailable", message=self.message)


class Absences:
    """What is remembered of one mirror, by the name of its database.

    Without a folder only this process remembers; a file that cannot be written counts as none. `is_remembered`: whether
    the next process will know. Where it will not, the first failure is trouble.
    """

    def __init__(self, folder: Path | None, mirror: str) -> None:
        digest = hashlib.sha256(mirror.encode(errors="replace")).hexdigest()[:12]
        self._file = folder / f"looks-{digest}.json" if folder is not None else None
        self._now = self._read()
        self.is_remembered = self._file is not None

    @property
    def now(self) -> Absence:
        """What is remembered."""
        return self._now

    def count(self, at: int, message: str) -> Absence:
        """One more failure."""
        known = self._now
        self._write(msgspec.structs.replace(known, bad=known.bad + 1, since=known.since or at, message=message))
        return self._now

    def told(self, channels: tuple[str, ...], *, at: int, all_of_them: bool) -> None:
        """These were told; if not all of them could be, the others are tried again later and later."""
        known = self._now
        told = tuple(dict.fromkeys((*known.told, *channels)))
        if not all_of_them:
            later = at + retry_in(known.attempts)
            known = msgspec.structs.replace(known, attempts=known.attempts + 1, next_try=later)
        self._write(msgspec.structs.replace(known, told=told))

    def end(self) -> None:
        """The database answered, and knows now what was remembered."""
        self._now = Absence()
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)

    def _read(self) -> Absence:
        if self._file is None:
            return Absence()
        try:
            with self._file.open("rb") as file:
                return msgspec.json.decode(file.read(_LARGEST), type=Absence)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Absence()

    def _write(self, absence: Absence) -> None:
        self._now = absence
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            number, path = tempfile.mkstemp(prefix=".looks-", dir=self._file.parent)
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(absence))
            Path(path).replace(self._file)
        except OSError:
            self.is_remembered = False
