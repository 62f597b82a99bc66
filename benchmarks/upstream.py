"""A Connecteam that only hands out bytes made beforehand, from memory, in its own process.

    python upstream.py FOLDER

serves FOLDER/before on one port of the loopback and FOLDER/after on another, and prints the two ports. It parses no
more of a request than its line, so its cost is the kernel's copying; `bench.py` measures that cost as `fetch`. Any key
is accepted. A request nobody prepared an answer for is a 404, so a benchmark of the wrong thing fails.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from company import CLOCK, PAGE

_OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
_ABSENT = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_FILES = {
    "/me": "me.json",
    "/time-clock/v1/time-clocks": "clocks.json",
    f"/time-clock/v1/time-clocks/{CLOCK}/manual-breaks": "breaks.json",
}
_ACTIVITIES = f"/time-clock/v1/time-clocks/{CLOCK}/time-activities"


class Upstream:
    """Answers of one state of the company, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self._answers = {file.name: self._answer(file.read_bytes()) for file in folder.iterdir()}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def _answer(body: bytes) -> bytes:
        return _OK.format(len(body)).encode() + body

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Requests of one connection, one after the other, until it closes."""
        waiting = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in waiting:
                    try:
                        slice_ = connection.recv(65536)
                    except ConnectionError:
                        return
                    if not slice_:
                        return
                    waiting += slice_
                head, _, waiting = waiting.partition(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                try:
                    connection.sendall(self._answers.get(file_of(target), _ABSENT))
                except ConnectionError:
                    return


def file_of(target: str) -> str:
    """The file that answers a request; parameters that only narrow or sort are ignored, as nothing here needs them."""
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    if parts.path == _ACTIVITIES:
        return f"activities-{query['startDate'][0]}-{query['endDate'][0]}.json"
    if parts.path == "/users/v1/users" and query.get("limit") == [str(PAGE)]:
        return f"users-{query.get('offset', ['0'])[0]}.json"
    return _FILES.get(parts.path, "nothing")


if __name__ == "__main__":
    before, after = (Upstream(Path(sys.argv[1]) / name) for name in ("before", "after"))
    print(before.port, after.port, flush=True)
    sys.stdin.read()  # until the benchmark closes it
