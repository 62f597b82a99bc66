"""The streams a command writes to: output that cannot be written is dropped and reported once, and the command goes on.

A full disk, a closed pipe or a terminal with another encoding must not interrupt work on the table. This module imports
only what every start loads anyway.
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
    """Writes bytes to a file descriptor. After the first failure nothing more is written; `lost` has the reason."""

    def __init__(self, number: int | None, lost: str = "") -> None:
        super().__init__()
        self._number, self.lost = number, lost

    def writable(self) -> bool:
        """Always: it is only written to."""
        return True

    def fileno(self) -> int:
        """The file descriptor. Raises OSError if the stream was closed from the start."""
        if self._number is None:
            raise io.UnsupportedOperation(self.lost)
        return self._number

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._number is not None and os.isatty(self._number)

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever has bytes
        """Write all of it, or drop what cannot be written; never fails."""
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
    """The process's stdout and stderr, wrapped so that writing to them never fails."""

    json_written = False
    """Whether the one JSON object of this command has been written."""

    def __init__(self) -> None:
        # If a standard stream was closed, a database's file could get its descriptor and would receive our output.
        while (number := os.open(os.devnull, os.O_RDWR)) <= _LOWEST:
            pass
        os.close(number)
        self._before = (sys.stdin, sys.stdout, sys.stderr)
        Streams.json_written = False
        if sys.stdin is None:
            sys.stdin = io.StringIO()
        self._out = sys.stdout = _safe(sys.stdout)
        self._err = sys.stderr = _safe(sys.stderr)

    def end(self) -> None:
        """Flush both streams; if the answer was lost, say so on stderr."""
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
    """Why output to a stream was lost; empty if it was not."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, Sink) else ""


def _buffered(sink: Sink) -> BinaryIO:
    raw: Any = sink
    buffered: BinaryIO = io.BufferedWriter(raw)
    return buffered


def _safe(stream: TextIO | None) -> TextIO:
    """The same stream over a sink; characters that its encoding lacks are replaced."""
    if stream is None:
        return io.TextIOWrapper(_buffered(Sink(None, "it was closed")), encoding="utf-8", errors="replace")
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # the calling program has replaced it
        return stream
    stream.flush()
    # With PYTHONUNBUFFERED the stream still has to flush each line, or the buffer below would keep it until the end.
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
    """JSON that the stream's encoding can write: characters that it lacks are escaped, so none is lost."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return "".join(c if c.isascii() else _unicode(c.encode("utf-16-be", "surrogatepass")) for c in text)
    return text


def _unicode(units: bytes) -> str:
    """A character in UTF-16 as JSON escapes it: a surrogate pair beyond the first plane."""
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
