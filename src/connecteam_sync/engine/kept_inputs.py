"""The inputs of the last runs' decisions, kept in files that only their owner can read.

A file for each run, `run-N.inputs`: a part for each look, each with its length in front, written as soon as the look is
committed. They have names, since the decision depends on them, but neither coordinates nor notes: those are not read.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Self

import msgspec

from connecteam_sync.core.decision_inputs import DecisionInputs
from connecteam_sync.core.long_json import in_chunks
from connecteam_sync.core.run import Slice, Status
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.store import Store
from connecteam_sync.version import PLANNER_VERSION, __version__

LARGEST_RUN = 64 << 20
"""Bytes of a run's file: further looks of it are not kept."""
LARGEST_PART = 256 << 20
"""Bytes of a part, unpacked."""
_LENGTH = 8
_NAME = re.compile(r"run-([0-9]{1,19})\.inputs")
_LEVEL = 1
"""The compression that takes the least time; the parts shrink to about a tenth."""


class KeptSlice(msgspec.Struct, frozen=True, kw_only=True):
    """One look: how it ended, and what was decided of. `started_at` (epoch seconds) tells runs of one number apart."""

    time_clock_id: int | None
    status: Status
    error_name: str | None
    inputs: DecisionInputs
    started_at: int = 0
    version: str = __version__
    planner_version: str = str(PLANNER_VERSION)

    @classmethod
    def of(cls, receipt: Slice, inputs: DecisionInputs) -> Self:
        """The look of a receipt."""
        return cls(
            time_clock_id=receipt.time_clock_id, status=receipt.status, error_name=receipt.error_name, inputs=inputs
        )


class KeptInputs:
    """The files of one database's runs in `folder`, which is made when it is first needed; the `last` runs are kept."""

    def __init__(self, folder: Path, *, last: int) -> None:
        self.folder, self._last = folder, last

    def add(self, run: int, started_at: int, look: KeptSlice) -> str:
        """Keep one look of a run. Returns the kind of error if it could not be kept; empty if it was."""
        look = msgspec.structs.replace(look, started_at=started_at)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self.folder / f"run-{run}.inputs"
            if self._is_of_another(file, started_at):
                file.unlink()
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(file, flags, 0o600), "ab") as opened:
                there = opened.tell()
                part = packed(look, room=LARGEST_RUN - there)
                if not part:
                    return "TooLarge"
                opened.writelines(part)
            if not there:
                self._forget()
        except OSError as error:
            return type(error).__name__
        return ""

    def of_run(self, run: int, started_at: int) -> tuple[KeptSlice, ...]:
        """The looks of a run that are kept; none if they are gone, or of another run of that number.

        Raises ConfigurationError if the file cannot be read.
        """
        file = self.folder / f"run-{run}.inputs"
        try:
            looks = tuple(_parts(file))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, zlib.error) as error:
            raise ConfigurationError(
                f"the inputs of run {run} cannot be read: {error}", next_step="leave --run out: it looks afresh"
            ) from error
        return tuple(look for look in looks if look.started_at == started_at)

    def runs(self) -> tuple[int, ...]:
        """The runs whose inputs are kept, by number."""
        try:
            names = [file.name for file in self.folder.iterdir()]
        except OSError:
            return ()
        return tuple(sorted(int(found[1]) for name in names if (found := _NAME.fullmatch(name))))

    def forget(self, names: Callable[[str], bool]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Remove the files that name somebody, and those that nobody can read; those removed, and those that cannot be.

        Without these runs `support-bundle` looks afresh.
        """
        removed, left = list[Path](), list[Path]()
        for run in self.runs():
            file = self.folder / f"run-{run}.inputs"
            try:
                if _is_in(file, names):
                    file.unlink(missing_ok=True)
                    removed.append(file)
            except FileNotFoundError:
                continue  # a run forgot it meanwhile
            except OSError:
                left.append(file)
        return tuple(removed), tuple(left)

    @staticmethod
    def _is_of_another(file: Path, started_at: int) -> bool:
        """Whether a file is of a run of a database that has begun again since, and counts its runs from one."""
        try:
            first = next(_parts(file), None)
        except (ValueError, zlib.error):
            return True
        except FileNotFoundError:
            return False
        return first is None or first.started_at != started_at

    def _forget(self) -> None:
        """Remove the files of all but the last runs: by age, since a database that begins again counts from one."""
        files = [self.folder / f"run-{run}.inputs" for run in self.runs()]
        aged = sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))
        for file in aged[: -self._last]:
            file.unlink(missing_ok=True)


def folder_of(state_dir: Path, store: Store) -> Path:
    """The folder of a database: several may share one `state_dir`. Its name tells nothing of the database."""
    url = store.url
    place = str(store.files[0].resolve()) if store.files else f"{url.host}:{url.port}/{url.database}"
    identity = f"{url.get_backend_name()} {place} {store.names}"
    return state_dir / "inputs" / hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:16]


def packed(look: KeptSlice, *, room: int = LARGEST_RUN) -> list[bytes]:
    """A part, in chunks: its length, and its JSON compressed. Empty if it is larger than `room`."""
    left, chunks = room - _LENGTH, [b""]
    for chunk in _compressed(in_chunks(look)):
        left -= len(chunk)
        if left < 0:
            return []
        chunks.append(chunk)
    chunks[0] = sum(map(len, chunks)).to_bytes(_LENGTH, "big")
    return chunks


def _compressed(chunks: Iterator[bytes | bytearray]) -> Iterator[bytes]:
    """The chunks of a text compressed. If there are several, one is compressed while the next one is made: that takes
    about as long, and needs no lock of the interpreter.
    """
    packing = zlib.compressobj(_LEVEL)
    first, second = next(chunks), next(chunks, None)
    if second is None:
        yield packing.compress(first) + packing.flush()
        return
    with ThreadPoolExecutor(max_workers=1) as beside:
        under_way = beside.submit(packing.compress, first)
        for chunk in chain((second,), chunks):
            done = under_way.result()
            under_way = beside.submit(packing.compress, chunk)
            yield done
        yield under_way.result()
    yield packing.flush()


def _is_in(file: Path, names: Callable[[str], bool]) -> bool:
    """Whether a file names somebody; of one that cannot be understood nobody can say that it does not."""
    try:
        return any(names(text.decode()) for text in _texts(file))
    except (ValueError, zlib.error):
        return True


def _parts(file: Path) -> Iterator[KeptSlice]:
    """The parts of a file. Raises ValueError as `_texts`."""
    return (msgspec.json.decode(text, type=KeptSlice) for text in _texts(file))


def _texts(file: Path) -> Iterator[bytes]:
    """The JSON of each part. A last one that is cut off, by a killed process, is left out. Raises ValueError."""
    with file.open("rb") as opened:
        while len(head := opened.read(_LENGTH)) == _LENGTH:
            length = int.from_bytes(head, "big")
            part = opened.read(min(length, LARGEST_RUN))
            if len(part) < length:
                return
            unpacking = zlib.decompressobj()
            text = unpacking.decompress(part, LARGEST_PART)
            if not unpacking.eof:
                raise ValueError("a part is longer than any that was written")
            yield text
