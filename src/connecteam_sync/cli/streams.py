"""Where a command writes: whatever cannot be written is lost without breaking the command, and is told once.

A full disk, a pipe that nobody reads any more or a terminal of another alphabet says nothing about the table. Nothing
is imported here that a start does not load anyway.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any, BinaryIO, TextIO

_LOWEST = 2
"""The highest number of the three streams that every process has."""


class Sink(io.RawIOBase):
    """Bytes to a file by its number. One that takes them no more is written to no more; `lost` says why."""

    def __init__(self, number: int | None, lost: str = "") -> None:
        super().__init__()
        self._number, self.lost = number, lost

    def writable(self) -> bool:
        """It is written to and never read."""
        return True

    def fileno(self) -> int:
        """The file's number. Raises OSError where the stream was closed from the start."""
        if self._number is None:
            raise io.UnsupportedOperation(self.lost)
        return self._number

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._number is not None and os.isatty(self._number)

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever has bytes
        """All of it, or none that matters: never fails."""
        left = memoryview(data).cast("B")
        while left and not self.lost and self._number is not None:
            try:
                left = left[os.write(self._number, left) :]
            except BlockingIOError:
                select.select([], [self._number], [])
            except OSError as error:
                self.lost = os.strerror(error.errno) if error.errno else str(error)
        return len(data)


class Streams:
    """The process's stdout and stderr, made such that writing to them never fails."""

    answered = False
    """Whether a machine has its one object."""

    def __init__(self) -> None:
        # Lest a database's file gets the number of a stream that was closed, and is written to in its place.
        while (number := os.open(os.devnull, os.O_RDWR)) <= _LOWEST:
            pass
        os.close(number)
        self._before = (sys.stdin, sys.stdout, sys.stderr)
        Streams.answered = False
        if sys.stdin is None:
            sys.stdin = io.StringIO()
        self._out = sys.stdout = _safe(sys.stdout)
        self._err = sys.stderr = _safe(sys.stderr)

    def end(self) -> None:
        """Whatever still waits to be written; a line on stderr where the answer was lost."""
        self._out.flush()
        lost = _lost(self._out)
        if lost:
            self._err.write(
                f"the answer could not be written: {lost}; the exit code tells what was done, and what was written to"
                " the database is on record: connecteam-sync runs\n"
            )
        self._err.flush()
        sys.stdin, sys.stdout, sys.stderr = self._before


def _lost(stream: TextIO) -> str:
    """Why what was written to a stream is lost; empty where it is not."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, Sink) else ""


def _buffered(sink: Sink) -> BinaryIO:
    raw: Any = sink
    buffered: BinaryIO = io.BufferedWriter(raw)
    return buffered


def _safe(stream: TextIO | None) -> TextIO:
    """The same stream over a sink; characters that its alphabet lacks are replaced."""
    if stream is None:
        return io.TextIOWrapper(_buffered(Sink(None, "it was closed")), encoding="utf-8", errors="replace")
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # a program that calls us has put something else in its place
        return stream
    stream.flush()
    # Where nothing is to be held back (PYTHONUNBUFFERED), a line still is: the buffer below would keep it to the end.
    write_through = getattr(stream, "write_through", False)
    return io.TextIOWrapper(
        _buffered(Sink(number)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=write_through or getattr(stream, "line_buffering", False),
        write_through=write_through,
    )


def is_json_wanted() -> bool:
    """Whether the words of this command ask for JSON, in whatever place: also where they cannot be read as a whole."""
    return any(word.partition("=")[0] == "--json" for word in sys.argv[1:])


def escaped(text: str, stream: TextIO) -> str:
    """JSON that the stream's alphabet can write: what it lacks is escaped, so that nothing of it is lost."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return "".join(c if c.isascii() else _unicode(c.encode("utf-16-be", "surrogatepass")) for c in text)
    return text


def _unicode(units: bytes) -> str:
    """A character as JSON escapes it, and in two parts where it is beyond the first plane."""
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
